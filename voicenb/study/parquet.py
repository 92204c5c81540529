"""A study's frame as a Parquet file: types kept, decimals exact, and what the columns are in the file's metadata."""

from __future__ import annotations

import io
from collections.abc import Mapping
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any

from voicenb.errors import VoicenbError
from voicenb.measures.definition import Measure
from voicenb.study.design import Design, level_text
from voicenb.study.facts import Facts
from voicenb.study.report.envelope import FORM, plain_json
from voicenb.study.report_data import measures_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parquet_bytes"]

_TEXT = ("service", "task", "status", "unit", "provider", "error", "not_measured")
_DIGITS, _MOST_PLACES = 38, 30


def parquet_bytes(frame: pd.DataFrame, name: str, design: Design, facts: Facts, known: Mapping[str, Measure]) -> bytes:
    """The file.

    Levels that are all whole numbers, numbers, switches or text are such columns; those of several kinds are text. ``key``, ``sound`` and
    ``request`` (SHA-256) come with each row.

    Args:
        frame: Every cell.
        name: The study's name.
        design: The design.
        facts: Of its clips.
        known: The measures.

    Raises:
        VoicenbError: pyarrow is not installed.
    """
    try:
        arrow, files = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise VoicenbError("A .parquet file needs pyarrow, which is not installed: pip install pyarrow") from error
    keys = [design.cells[number].key for number in frame["cell"].tolist()]
    clips = [facts.clips.get(key) for key in keys]
    columns = {"cell": arrow.array(frame["cell"].tolist(), arrow.int64()), "key": arrow.array(keys)}
    columns |= {one.name: _levels(arrow, frame[one.name].tolist()) for one in design.factors}
    columns["take"] = arrow.array(frame["take"].tolist(), arrow.int32())
    columns |= {
        one: arrow.array([v if isinstance(v, str) else None for v in frame[one]], arrow.string()) for one in _TEXT
    }
    costs = [one if isinstance(one, Decimal) and one.is_finite() else None for one in frame["cost_exact"]]
    columns["cost"] = arrow.array(costs, arrow.decimal128(_DIGITS, _places(costs)))
    for one in ("degraded", "cached"):
        columns[one] = arrow.array([value if isinstance(value, bool) else None for value in frame[one]], arrow.bool_())
    columns["seconds"] = arrow.array(frame["seconds"].astype(float), arrow.float64(), from_pandas=True)
    columns |= {
        one: arrow.array([getattr(clip, one) if clip else None for clip in clips]) for one in ("sound", "request")
    }
    columns |= {one: arrow.array(frame[one].astype(float), arrow.float64(), from_pandas=True) for one in known}
    about = {
        "form": FORM, "name": name, "design": design.to_json(), "facts": facts.to_json(), "measures": measures_json(known),
    }  # fmt: skip
    table = arrow.table(columns).replace_schema_metadata({"voicenb": plain_json(about)})
    target = io.BytesIO()
    files.write_table(table, target, compression="zstd")
    return target.getvalue()


def _places(costs: list[Decimal | None]) -> int:
    """The places behind the point that hold every amount exactly."""
    exponents = [int(one.normalize().as_tuple().exponent) for one in costs if one is not None]
    return min(max([0, *(-one for one in exponents)]), _MOST_PLACES)


def _levels(arrow: Any, values: list[Any]) -> Any:
    """A factor's column, of the kind that all its levels are of."""
    given = [one for one in values if one is not None]
    for kind, own in ((bool, arrow.bool_()), (int, arrow.int64()), (float, arrow.float64()), (str, arrow.string())):
        fits = (int, float) if kind is float else kind
        if all(isinstance(one, fits) and (kind is bool or not isinstance(one, bool)) for one in given):
            return arrow.array([one if one is None or kind is not float else float(one) for one in values], own)
    return arrow.array([None if one is None else level_text(one) for one in values], arrow.string())
