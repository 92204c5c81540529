"""Where a task's seed comes from: the request itself, or the header that makes takes of one request differ on purpose."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from voicenb.sandbox.wire.fields import RuleError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.requests import Request

__all__ = ["chosen", "derived", "given"]

_SEED = re.compile(r"[0-9]{1,18}")


def given(request: Request) -> int | None:
    """What the sandbox's own header ``X-Sandbox-Seed`` says; None where it is absent.

    Raises:
        RuleError: It is no integer from 0 to 10^18 - 1.
    """
    header = request.headers.get("x-sandbox-seed")
    if header is None:
        return None
    if not _SEED.fullmatch(header.strip()):
        raise RuleError("X-Sandbox-Seed: must be an integer from 0 to 10^18 - 1")
    return int(header)


def derived(resolved: Mapping[str, Any], *, apart_from: Collection[str]) -> int:
    """A seed from a resolved request; ids and URLs, which differ from run to run, are to be left out."""
    said = json.dumps({name: value for name, value in resolved.items() if name not in apart_from}, sort_keys=True)
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:4], "big")


def chosen(given: int | None, resolved: Mapping[str, Any], *, apart_from: Collection[str]) -> dict[str, int]:
    """The engine's ``seed`` and ``take`` of a request.

    A request without a seed is the plain reading, whatever its seed: readings at other settings then differ by their
    settings alone. A seed that is given is another take, and 0 the plain reading again.

    Args:
        given: The seed that came with the request; None where there was none.
        resolved: The request.
        apart_from: What `derived` leaves out.
    """
    seed = derived(resolved, apart_from=apart_from) if given is None else given
    return {"seed": seed, "take": given or 0}
