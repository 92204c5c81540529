"""The clips of a study beside each other: one factor down, one across, and a page for each level of the others."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from typing import Any, Protocol

from voicenb.audio.subtitles import Subtitles
from voicenb.base.arguments import did_you_mean
from voicenb.display.comparison import Grid, axis_text, is_number
from voicenb.display.pages import Axis, Sheets
from voicenb.errors import InvalidRequest
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import OPEN, TaskRecord
from voicenb.studio.clip import Clip
from voicenb.studio.task import changed
from voicenb.study.design import CROSSED, Cell, Design, key_of, places_of

__all__ = ["ClipSource", "LedgerClips", "StudyPages", "parameters_first"]

_TAKE = "take"
_MOST_SEARCHED = 50_000
"""The places that are looked at for a page to begin with: half a second."""


class _MadeBy:
    """What a clip shows of its task, from the ledger alone: no service is connected for it."""

    def __init__(self, record: TaskRecord) -> None:
        self.id, self.service, self.voice, self.text = record.id, record.service, record.voice_name, record.text
        self.cost, self.unit, self.degraded, self.findings = record.cost, record.unit, record.degraded, record.remarks
        self.parameters: dict[str, Any] = changed(record.service, "production", record.parameters)


class ClipSource(Protocol):
    """Where the clips of a study are."""

    @property
    def keys(self) -> Container[str]:
        """The keys of the cells that were asked for."""

    def found(self, key: str) -> tuple[Clip | None, str] | None:
        """The clip of a cell, or why there is none; None where it was not asked for."""


class LedgerClips:
    """The clips of a study that a ledger has.

    Args:
        tasks: The task of each cell, by the cell's key.
        refused: Why a cell was refused before anything was sent, by its key.
        ledger: Where the clips are.
    """

    def __init__(self, tasks: Mapping[str, TaskRecord], refused: Mapping[str, str], ledger: Ledger) -> None:
        self._tasks, self._refused, self._ledger = tasks, refused, ledger
        self.keys: Container[str] = tasks.keys() | refused.keys()

    def found(self, key: str) -> tuple[Clip | None, str] | None:
        """The clip of a cell, or why there is none; None where it was not asked for."""
        record = self._tasks.get(key)
        if record is None:
            return (None, f"refused: {self._refused[key]}") if key in self._refused else None
        if record.status != "completed" or record.file is None:
            said = "under way" if record.status in OPEN else record.status
            return None, f"{said}: {record.error}" if record.error else said
        files = self._ledger.files
        try:
            data = files.read(record.file)
        except OSError as error:
            return None, f"its file is gone ({error.strerror}); studio.history.verify() looks for it"
        subtitles = None
        if record.subtitles:
            with suppress(OSError, ValueError, KeyError, TypeError):
                subtitles = Subtitles.parse(files.path(record.subtitles).read_text("utf-8"), "json")
        return Clip(data, subtitles=subtitles, task=_MadeBy(record), path=files.path(record.file)), ""

    def data(self, key: str) -> bytes | None:
        """The bytes of a cell's clip; None where there is none."""
        record = self._tasks.get(key)
        if record is None or record.status != "completed" or record.file is None:
            return None
        with suppress(OSError):
            return self._ledger.files.read(record.file)
        return None


@dataclass(frozen=True)
class _Choice:
    """The levels of a factor that are compared, by their places in the design; or the takes."""

    name: str
    levels: tuple[Any, ...]

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()

    def heading(self, level: object) -> str:
        """A level as it stands beside a row: text that says what it is by itself stands alone."""
        text = "default" if level is None else axis_text(level)
        return text if isinstance(level, str) else f"{self.name} {text}"


class StudyPages:
    """The pages of a study's comparison.

    Args:
        design: The study's design.
        clips: Where the clips are.
        rows: The factor that goes down, or ``"take"``; None takes the second factor with several levels, parameters first.
        columns: The factor that goes across, or ``"take"``; None takes the first one.
        fixed: Levels of factors, or of ``take``: one, or a list; others have all of them.
        where: Says of a `Cell` whether it belongs to the study; None takes all.

    Raises:
        InvalidRequest: There is no such factor or level, rows and columns are the same, or nothing of it was asked for yet.
    """

    def __init__(
        self,
        design: Design,
        clips: ClipSource,
        *,
        rows: str | None,
        columns: str | None,
        fixed: Mapping[str, Any],
        where: Callable[[Cell], object] | None = None,
    ) -> None:
        self._design, self._clips, self._where = design, clips, where
        every = [_Choice(one.name, one.levels) for one in design.factors]
        every.append(_Choice(_TAKE, tuple(range(1, design.takes + 1))))
        known = {one.name: one for one in every}
        for field, name in (("rows", rows), ("columns", columns), *((name, name) for name in fixed)):
            if name is not None and name not in known:
                hint = did_you_mean(name, known)
                raise InvalidRequest(
                    f"{field}: this study has no factor {name!r}; {hint}it has {', '.join(known)}. Nothing was compared."
                )
        chosen = {name: _Choice(name, _levels(one, fixed)) for name, one in known.items()}
        self._columns, self._rows = _axes(chosen, rows, columns)
        shown = {one.name for one in (self._rows, self._columns) if one is not None}
        self._fixed = {one.name: one.levels[0] for one in chosen.values() if len(one.levels) == 1}
        self._others = [one for one in chosen.values() if one.name not in shown and len(one.levels) > 1]
        self._sheets = Sheets(*(len(one.levels) if one is not None else 1 for one in (self._rows, self._columns)))
        self.axes = (
            *(Axis(one.title, tuple(map(_level_name, one.levels))) for one in self._others),
            *self._sheets.axes,
        )
        self.first = self._first()

    def _first(self) -> tuple[int, ...]:
        """The page of the first cell that was asked for.

        Raises:
            InvalidRequest: There is none.
        """
        rows, columns = (_levels_of(one) for one in (self._rows, self._columns))
        pages = product(*(range(len(axis.levels)) for axis in self.axes[: len(self._others)]))
        places = product(pages, enumerate(rows), enumerate(columns))
        if self._clips.keys:
            for at, (y, row), (x, column) in islice(places, _MOST_SEARCHED):
                if self._key(at, row, column) in self._clips.keys:
                    return (*at, *_sheet_of(self._sheets, y, x))
            if next(places, None) is not None:
                return (0,) * len(self.axes)
        raise InvalidRequest(
            "nothing of this study, or of the levels that were chosen, was asked for yet; study.run() makes its clips, "
            "study.plan() says what they cost"
        )

    def _key(self, at: Sequence[int], row: Any, column: Any) -> str:
        levels, take = self._cell(at, row, column)
        return key_of(levels, take)

    def _cell(self, at: Sequence[int], row: Any, column: Any) -> tuple[dict[str, Any], int]:
        """The levels of a place, in the design's order, and its take."""
        place = dict(self._fixed) | {one.name: one.levels[level] for one, level in zip(self._others, at, strict=False)}
        for one, level in ((self._rows, row), (self._columns, column)):
            if one is not None:
                place[one.name] = level
        take = place.pop(_TAKE)
        return {one.name: place[one.name] for one in self._design.factors}, take

    @cached_property
    def _cells(self) -> dict[str, Cell] | None:
        """The design's cells by their keys, where not every combination is one, or some are left out; else None."""
        if self._where is None and self._design.kind == "grid" and self._design.sample is None:
            return None
        return {cell.key: cell for cell in self._design.cells}

    def grid(self, at: Sequence[int]) -> Grid:
        """The grid of a page: a clip in its place, or why there is none."""
        rows, columns = self._sheets.part(at[len(self._others) :])
        ys, xs = (
            [_levels_of(one)[place] for place in part] for one, part in ((self._rows, rows), (self._columns, columns))
        )
        found = [self._found(self._key(at, row, column)) for row in ys for column in xs]
        return Grid(
            tuple(clip for clip, _ in found),
            tuple(self._rows.heading(level) if self._rows is not None else "" for level in ys),
            tuple(self._columns.heading(level) if self._columns is not None else "" for level in xs),
            ("",) * len(found),
            tuple(note for _, note in found),
        )

    def _found(self, key: str) -> tuple[Clip | None, str]:
        """The clip of a cell, or why there is none."""
        found = self._clips.found(key)
        if found is not None:
            return found
        if self._cells is not None:
            if key not in self._cells:
                return None, "not in this study"
            if self._where is not None and not self._where(self._cells[key]):
                return None, "left out by where="
        return None, "not made"


def _levels(one: _Choice, fixed: Mapping[str, Any]) -> tuple[Any, ...]:
    """The levels of a factor that were chosen: numbers by their size, others as the study has them."""
    chosen = list(one.levels)
    if one.name in fixed:
        chosen = [one.levels[place] for place in sorted(places_of(one.name, fixed[one.name], one.levels))]
    return tuple(sorted(chosen) if all(map(is_number, chosen)) else chosen)


def _axes(
    chosen: Mapping[str, _Choice], rows: str | None, columns: str | None
) -> tuple[_Choice | None, _Choice | None]:
    """What goes across and what goes down.

    Raises:
        InvalidRequest: They are the same.
    """
    if rows is not None and rows == columns:
        raise InvalidRequest(f"rows and columns are both {rows!r}: give two factors, or one of them alone")
    many = parameters_first(name for name, one in chosen.items() if len(one.levels) > 1)
    free = [name for name in many if name not in {rows, columns}]
    if columns is None:
        columns = free.pop(0) if free else None
    if rows is None:
        rows = free.pop(0) if free else None
    return (chosen[columns] if columns is not None else None), (chosen[rows] if rows is not None else None)


def parameters_first(names: Iterable[str]) -> list[str]:
    """Names of factors, and ``"take"``, in the order in which they are compared: parameters before voice, text and take."""
    return sorted(names, key=lambda name: (name == _TAKE, name in CROSSED))


def _levels_of(one: _Choice | None) -> tuple[Any, ...]:
    return one.levels if one is not None else (None,)


def _level_name(level: object) -> str:
    return "default" if level is None else " ".join(axis_text(level).split())


def _sheet_of(sheets: Sheets, row: int, column: int) -> tuple[int, ...]:
    """Which part of the rows and of the columns a place is in."""
    return tuple(
        next(number for number, part in enumerate(of) if place in part)
        for of, place in ((sheets.rows, row), (sheets.columns, column))
        if len(of) > 1
    )
