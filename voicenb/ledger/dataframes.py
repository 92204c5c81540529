"""The ledger's rows as typed DataFrames."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from voicenb.ledger.files import FileStore
from voicenb.ledger.records import STATUSES, TaskRecord, VoiceRecord

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AMOUNTS", "KINDS", "task_frame", "voice_frame", "with_exact", "with_numbers"]

KINDS = ("preview", "voice", "production")
"""The kinds of tasks."""
_TASK_COLUMNS = (
    "id", "remote_id", "service", "endpoint", "kind", "status", "voice", "text", "characters", "take", "cached",
    "estimate", "cost", "refunded", "unit", "created", "submitted", "completed", "seconds", "error", "degraded",
    "provider", "label", "note", "findings", "study", "cell", "file",
)  # fmt: skip
AMOUNTS = ("estimate", "cost", "refunded")
"""The columns that are amounts, in the unit of their row."""
_DETAILS = ("gender", "age", "dialect", "description")
"""Details of a service's voice that tell voices apart."""
_NO_COLUMNS = {"text", "voice", "reference"}
"""Parameters that have columns of another meaning, or none."""


def task_frame(records: list[TaskRecord], files: FileStore) -> pd.DataFrame:
    """The typed frame of `History.frame`, with the paths of `files`."""
    import pandas as pd

    names = sorted({name for record in records for name in record.parameters} - _NO_COLUMNS)
    rows = [
        {
            **{name: _comparable(record.parameters.get(name)) for name in names},
            **{name: getattr(record, name) for name in _TASK_COLUMNS if name not in {"voice", "file"}},
            "findings": record.remarks,
            "voice": record.voice_name,
            "file": str(files.path(record.file)) if record.file else None,
        }
        for record in records
    ]
    frame = pd.DataFrame(rows, columns=[*_TASK_COLUMNS, *names])
    _set_moments(frame, ("created", "submitted", "completed"))
    frame["characters"] = frame["characters"].astype("Int64")
    frame["take"] = frame["take"].astype("Int64")
    frame["seconds"] = frame["seconds"].astype("float64")
    frame["cached"] = frame["cached"].astype("bool")
    frame["degraded"] = frame["degraded"].astype("boolean")
    for name, choices in (("kind", KINDS), ("status", STATUSES)):
        frame[name] = pd.Categorical(frame[name], categories=list(choices))
    for name in ("service", "endpoint", "voice", "unit"):
        frame[name] = frame[name].astype("category")
    for name in AMOUNTS:
        frame[name] = frame[name].astype(object)
    return frame


def with_numbers(frame: pd.DataFrame, names: Sequence[str] = AMOUNTS) -> pd.DataFrame:
    """The frame with its amounts as float64, which pandas describes, rounds and adds up, and the exact ones behind them.

    Args:
        frame: It holds Decimals, and None or NaN where an amount is not known; it is changed.
        names: The columns that are amounts.
    """
    import pandas as pd

    for name in names:
        exact = [one if isinstance(one, Decimal) else None for one in frame[name]]
        frame[f"{name}_exact"] = pd.Series(exact, index=frame.index, dtype=object)
        frame[name] = pd.Series(
            [math.nan if one is None else float(one) for one in exact], index=frame.index, dtype="float64"
        )
    return frame


def with_exact(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of `with_numbers` with the exact amounts under the plain names, for what is written as text."""
    names = {f"{name}_exact": name for name in frame.columns if f"{name}_exact" in frame.columns}
    exact = frame.assign(**{name: frame[full] for full, name in names.items()})
    return exact.drop(columns=list(names))


def _comparable(value: Any) -> Any:
    """A value that rows can be grouped by: objects become their JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict | list) else value


def voice_frame(records: list[VoiceRecord]) -> pd.DataFrame:
    """One row a voice, the newest first."""
    import pandas as pd

    columns = ["name", "service", "endpoint", "state", "id", "created", "expires", "activated", "version", "language",
               "reference", "consent", *_DETAILS]  # fmt: skip
    moment = datetime.now(UTC)
    rows: list[dict[str, Any]] = [
        {
            **{name: getattr(record, name) for name in columns if hasattr(record, name)},
            "state": record.state_at(moment),
            "id": record.remote,
            "reference": record.reference_name or record.reference,
            **{name: _detail_text((record.details or {}).get(name)) for name in _DETAILS},
        }
        for record in records
    ]
    frame = pd.DataFrame(rows, columns=columns)
    _set_moments(frame, ("created", "expires", "activated"))
    for name in ("service", "endpoint", "state", "version"):
        frame[name] = frame[name].astype("category")
    return frame


def _detail_text(value: Any) -> Any:
    """A detail of a voice as text: lists with commas."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    return None if value is None else str(value)


def _set_moments(frame: pd.DataFrame, moments: tuple[str, ...]) -> None:
    import pandas as pd

    for name in moments:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[ms, UTC]")
