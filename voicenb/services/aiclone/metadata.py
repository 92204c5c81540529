"""The fields of one's own that AI Clone echoes, and the ledger's mark among them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["DEEPEST", "MOST_BYTES", "checked_metadata", "is_deeper", "marked", "unmarked"]

# Where the ledger's id stands in `metadata`, with as many more underscores as it takes to be no key of the user's.
_TASK_KEY = "voicenb_task"
_OLD_TASK_KEY = "task"
MOST_BYTES = 65_536
DEEPEST = 50  # an answer that echoes it is read up to 64 levels


def marked(metadata: Mapping[str, Any], task: str) -> dict[str, Any]:
    """The user's fields as they are, and the ledger's id beside them."""
    key = _TASK_KEY
    while key in metadata:
        key += "_"
    return {**metadata, key: task}


def unmarked(echoed: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The user's fields of what the service echoes, and the ledger's id."""
    # Exact decimals, as answers are read, are no JSON.
    own: dict[str, Any] = json.loads(json.dumps(dict(echoed), default=float))
    key = max((name for name in own if re.fullmatch(rf"{_TASK_KEY}_*", name)), key=len, default=None)
    if key is None and re.fullmatch("[0-9a-f]{32}", str(own.get(_OLD_TASK_KEY))):
        key = _OLD_TASK_KEY
    carried = None if key is None else own.pop(key)
    return own, carried if isinstance(carried, str) else None


def is_deeper(value: Any, most: int) -> bool:
    """Whether `value` is nested more than `most` deep."""
    level = [value]
    for _ in range(most):
        inner = (
            one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list | tuple)
        )
        level = [each for one in inner for each in one]
    return bool(level)


def checked_metadata(value: Any) -> Any:
    """Fields of one's own as an object, from JSON text where they are text; ValueError for what cannot be echoed."""
    # What stands on a command line is text.
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("allowed is a dict, or a JSON object as text") from None
    return value
