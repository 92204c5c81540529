"""Many sounds in pages of few: what is chosen stays fixed, and one grid is seen at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from voicenb.display.comparison import Grid

__all__ = ["MOST_ON_A_PAGE", "Axis", "Pages", "Sheets", "paged", "parts"]

MOST_ON_A_PAGE = 120
"""The places that one page has at most."""
_MOST_COLUMNS = 12


class Axis(NamedTuple):
    """One choice among pages.

    Attributes:
        name: What is chosen.
        levels: What there is to choose from.
    """

    name: str
    levels: tuple[str, ...]


@runtime_checkable
class Pages(Protocol):
    """Grids, one for each choice on each axis, made when they are asked for."""

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The choices."""

    @property
    def first(self) -> tuple[int, ...]:
        """The page to begin with: the place of a level on each axis."""

    def grid(self, at: Sequence[int]) -> Grid:
        """The grid of a page; `at` as `first`."""


def parts(count: int, most: int) -> tuple[range, ...]:
    """The numbers below `count` in parts of at most `most`, as even as can be."""
    pieces = max(1, -(-count // most))
    bounds = [count * piece // pieces for piece in range(pieces + 1)]
    return tuple(range(bounds[piece], bounds[piece + 1]) for piece in range(pieces))


class Sheets:
    """The parts of a grid's rows and columns, each small enough for a page.

    Args:
        rows: How many rows there are.
        columns: How many columns there are.
    """

    def __init__(self, rows: int, columns: int) -> None:
        wide = _MOST_COLUMNS if rows > 1 else MOST_ON_A_PAGE
        self.columns = parts(columns, wide)
        self.rows = parts(rows, MOST_ON_A_PAGE // max(1, min(columns, wide)))

    @property
    def axes(self) -> tuple[Axis, ...]:
        """A choice among rows where they are in parts, and one among columns."""
        return tuple(
            Axis(name, tuple(f"{one.start + 1:,}–{one.stop:,} of {one_of[-1].stop:,}" for one in one_of))
            for name, one_of in (("Rows", self.rows), ("Columns", self.columns))
            if len(one_of) > 1
        )

    def part(self, at: Sequence[int]) -> tuple[range, range]:
        """The rows and the columns of a page; `at` has a place for each of `axes`."""
        places = list(at)
        rows = self.rows[places.pop(0)] if len(self.rows) > 1 else self.rows[0]
        return rows, self.columns[places.pop(0)] if len(self.columns) > 1 else self.columns[0]


class _Cut:
    """A whole grid in pages."""

    def __init__(self, whole: Grid) -> None:
        self._whole = whole
        self._sheets = Sheets(len(whole.rows), len(whole.columns))
        self.axes = self._sheets.axes
        self.first = (0,) * len(self.axes)

    def grid(self, at: Sequence[int]) -> Grid:
        """The grid of a page."""
        whole, (rows, columns) = self._whole, self._sheets.part(at)
        places = [row * len(whole.columns) + column for row in rows for column in columns]
        return Grid(
            tuple(whole.sounds[place] for place in places),
            tuple(whole.rows[row] for row in rows),
            tuple(whole.columns[column] for column in columns),
            tuple(whole.labels[place] for place in places),
            tuple(whole.notes[place] for place in places),
        )


def paged(whole: Grid) -> Pages:
    """A grid in pages; one page where it is small."""
    return _Cut(whole)
