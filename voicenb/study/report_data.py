"""What a report keeps of a study's rows, for JSON, and the rows that it gives back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from math import inf, isfinite, isnan, nan
from typing import TYPE_CHECKING, Any

from voicenb.measures.definition import Measure
from voicenb.study.design import CROSSED, Design, Factor
from voicenb.study.facts import ClipFacts, Facts
from voicenb.study.frames import all_columns
from voicenb.study.report.content import BlindTest, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TEXTS",
    "clips_from",
    "design_from",
    "effects_from",
    "measures_from",
    "measures_json",
    "rows_from",
    "rows_json",
    "test_from",
    "test_json",
]

TEXTS = ("task", "status", "unit", "provider", "error", "service", "not_measured")
"""The columns of text that are kept."""

_MOST_DIGITS = 30
_EFFECTS = ("factor", "measure", "verdict", "level", "estimate", "low", "high", "unit", "p_holm", "margin", "blocks")
_WITHOUT_TASK = ("status", "error", "service", "not_measured")
_CLIP = tuple(ClipFacts.__dataclass_fields__)
_DEFINITION = (
    "unit",
    "version",
    "method",
    "relative",
    "needs_text",
    "needs_reference",
    "margin",
    "margin_source",
    "scale",
)


def rows_json(frame: pd.DataFrame, design: Design, facts: Facts, known: Mapping[str, Measure]) -> dict[str, Any]:
    """Every row, one list a column; levels follow from the cell's number, and no path is kept.

    Args:
        frame: Every cell.
        design: The design.
        facts: Of its clips.
        known: The measures.
    """
    keys = [design.cells[number].key for number in frame["cell"].tolist()]
    about = [facts.clips.get(key) for key in keys]
    kept: dict[str, Any] = {"cell": frame["cell"].tolist(), "key": keys}
    kept |= {name: [_text(one) for one in frame[name]] for name in TEXTS}
    kept["cost"] = [str(one) if isinstance(one, Decimal) else None for one in frame["cost_exact"]]
    kept["seconds"] = [_number(one) for one in frame["seconds"]]
    kept |= {name: [one if isinstance(one, bool) else None for one in frame[name]] for name in ("degraded", "cached")}
    kept |= {f"clip_{name}": [getattr(one, name) if one else None for one in about] for name in _CLIP}
    kept["measures"] = {name: [_number(one) for one in frame[name]] for name in known}
    return kept


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | str | None:
    """A number for JSON, which has neither infinities nor NaN."""
    if value is None or isnan(value := float(value)):
        return None
    return value if isfinite(value) else ("inf" if value > 0 else "-inf")


def rows_from(kept: Mapping[str, Any], design: Design) -> list[dict[str, Any]]:
    """The rows of the frame that `rows_json` kept, by the columns' names; ``file`` is missing.

    Raises:
        KeyError, IndexError, TypeError, ValueError, ArithmeticError: Something else wrote it.
    """
    numbers = [int(one) for one in kept["cell"]]
    columns = {name: kept[name] for name in (*TEXTS, "degraded", "cached", "seconds", "cost")} | kept["measures"]
    if {len(one) for one in columns.values()} != {len(numbers)} or len(set(numbers)) != len(numbers):
        raise ValueError("its columns are of several lengths, or a cell is there twice")
    if numbers and not 0 <= min(numbers) <= max(numbers) < len(design):
        raise ValueError("it has a cell that its design has not")
    if not all(one is None or isinstance(one, str) for name in TEXTS for one in columns[name]):
        raise ValueError("what is text is something else")
    if not all(one is None or isinstance(one, bool) for name in ("degraded", "cached") for one in columns[name]):
        raise ValueError("a switch is neither on nor off")
    rows = []
    for place, number in enumerate(numbers):
        cell = design.cells[number]
        asked = columns["task"][place] is not None
        # A cell that was never asked for has no value in the columns of its task, and others have None there.
        names = columns if asked else _WITHOUT_TASK
        row = {name: columns[name][place] for name in names}
        row |= {name: nan if row[name] is None else float(row[name]) for name in kept["measures"] if name in row}
        if asked:
            row["seconds"] = None if row["seconds"] is None else float(row["seconds"])
            row["cost"] = None if row["cost"] is None else _amount(row["cost"])
            row["file"] = None
        rows.append({"cell": number, **cell.levels, "take": cell.take, **row})
    return rows


def _amount(written: str) -> Decimal:
    """An amount; one of a size that no service charges would be a text of a gigabyte."""
    amount = Decimal(written)
    if not amount.is_finite() or (amount and not -_MOST_DIGITS < amount.adjusted() < _MOST_DIGITS):
        raise ValueError(f"no service charges {written:.40}")
    return amount


def clips_from(kept: Mapping[str, Any]) -> dict[str, ClipFacts]:
    """The facts of the clips that `rows_json` kept, by the cells' keys."""
    columns = [kept[f"clip_{name}"] for name in _CLIP]
    found = zip(kept["key"], *columns, strict=True)
    return {key: ClipFacts(*map(str, about)) for key, *about in found if about[0] is not None}


def measures_json(known: Mapping[str, Measure]) -> dict[str, Any]:
    """What measures are, without what takes them."""
    return {name: {field: getattr(one, field) for field in _DEFINITION} for name, one in known.items()}


def measures_from(kept: Mapping[str, Any]) -> dict[str, Measure]:
    """The measures that `measures_json` kept; their values are there, and none is taken.

    Raises:
        KeyError, TypeError, InvalidRequest: Something else wrote it.
    """
    found = {}
    for name, one in kept.items():
        if one["scale"] not in {"ratio", "semitones", "difference"}:
            raise ValueError(f"the scale of {name!r:.60} is none")
        margin = None if one["margin"] is None else float(one["margin"])
        words = {field: str(one[field]) for field in ("unit", "method", "margin_source")}
        found[name] = Measure(name, function=_not_here, **(dict(one) | words | {"margin": margin}))
        if margin is not None and not (0 < margin < 1 if found[name].scale == "ratio" else 0 < margin < inf):
            raise ValueError(f"the margin of {name!r:.60} is none")
    return found


def _not_here(_: object) -> float:
    raise NotImplementedError


def design_from(kept: Mapping[str, Any], known: Iterable[str]) -> Design:
    """The design of a report's data, whose factors can be told from the frame's other columns.

    Raises:
        InvalidRequest, KeyError, TypeError, ValueError: Something else wrote it.
    """
    services = {str(voice): str(service) for voice, service in kept["services"].items()}
    design = Design.from_json(dict(kept) | {"services": services})
    others = {*all_columns(Design(()), known), ""}
    names = [one.name for one in design.factors]
    if len(set(names)) < len(names) or others.intersection(names) or not all(isinstance(one, str) for one in names):
        raise ValueError("its factors have no names of their own")
    for one in design.factors:
        if Factor.of(one.name, one.levels, one.levels[one.baseline]) != one or not set(CROSSED) <= set(names):
            raise ValueError(f"its factor {one.name!r:.60} has a level twice, or it lacks voice or text")
    plain = (isinstance(design.question, str), type(design.seed) is int, type(design.takes) is int)
    if not all(plain):
        raise ValueError("its question is no text, or its seed or takes no number")
    if not all(isinstance(one, str) for one in (*design.factor("voice").levels, *design.factor("text").levels)):
        raise ValueError("a voice or a text is no text")
    return design


def effects_from(kept: Any, design: Design) -> list[dict[str, Any]]:
    """The effects of a report that has no rows.

    Raises:
        KeyError, TypeError, ValueError: Something else wrote it.
    """
    found = []
    for one in kept:
        row = {name: one[name] for name in _EFFECTS}
        numbers = {
            name: nan if row[name] is None else float(row[name]) for name in ("estimate", "low", "high", "p_holm")
        }
        words = {name: str(row[name]) for name in ("factor", "measure", "verdict", "unit", "margin")}
        found.append(row | numbers | words | {"blocks": int(row["blocks"])})
        design.factor(words["factor"])
    return found


def test_json(test: BlindTest) -> dict[str, Any]:
    """A blind test as plain data; nothing of a single listener is in it."""
    return asdict(test)


def test_from(kept: Mapping[str, Any]) -> BlindTest:
    """What `test_json` wrote.

    Raises:
        KeyError, TypeError: Something else did.
    """
    table = kept["table"]
    rows = tuple(tuple(map(str, row)) for row in table["rows"])
    return BlindTest(
        str(kept["kind"]), str(kept["question"]), str(kept["sentence"]),
        Table(str(table["caption"]), tuple(map(str, table["columns"])), rows, tuple(map(int, table["numbers"]))),
        str(kept["methods"]), tuple(map(str, kept["excluded"])), int(kept["trials"]), int(kept["listeners"]), str(kept["svg"]),
    )  # fmt: skip
