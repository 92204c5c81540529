"""Which clips a report keeps, and where they stand: a factor down, one across, and a page for each level of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from voicenb.audio.sound import AudioError
from voicenb.base.arguments import did_you_mean
from voicenb.base.lines import shortened
from voicenb.base.money import plain
from voicenb.display.comparison import axis_text, is_number
from voicenb.display.html import seconds, size
from voicenb.errors import InvalidRequest
from voicenb.study.clips import BYTES_A_SECOND, small_clip
from voicenb.study.comparing import parameters_first
from voicenb.study.design import Design, Factor
from voicenb.study.report.content import Page, Player

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Heard", "Players", "checked_players", "heard_of"]

Players = Literal["median", "all"] | None

_MOST_COLUMNS, _MOST_PLACES = 8, 120
# A player's tags, its waveform and what stands below it.
_AROUND = 3_500
_WIDTH = 240
_LONGEST_REASON = 160


class Heard(NamedTuple):
    """The clips of a report.

    Attributes:
        pages: Where they stand.
        left_out: Which are not there, and why; "" where all are.
    """

    pages: tuple[Page, ...]
    left_out: str


class _Take(NamedTuple):
    row: Mapping[str, Any]
    key: str


def checked_players(players: object) -> Players:
    """What was given for ``players=``.

    Raises:
        InvalidRequest: It is none of the three.
    """
    if players is None or players in ("median", "all"):
        return players
    hint = did_you_mean(players, ("median", "all"))
    raise InvalidRequest(f'players={players!r}: {hint}allowed are "median", "all", or None')


def heard_of(
    frame: pd.DataFrame,
    design: Design,
    sound: Callable[[str], bytes | None],
    names: Mapping[str, str],
    *,
    players: Players,
    room: int,
) -> Heard:
    """The clips that a report keeps.

    Pages are taken whole, in the design's order, until the room is full; of a first page that is too large, places at even distances.

    Args:
        frame: Every cell, with cell, status, error, seconds, cost, unit and degraded.
        design: The design.
        sound: The bytes of a cell's clip, by its key; None where they are gone.
        names: SHA-256 of each cell's clip, by the cell's key.
        players: ``"median"``: of each combination the take of median duration, the shorter one of two. ``"all"``: every take.
        room: The characters that they may take together.
    """
    if players is None:
        return Heard((), "")
    grid = _Grid(design, frame)
    longest = float(frame["seconds"].max()) if frame["seconds"].notna().any() else 0.0
    pages: list[Page] = []
    total = grid.count(players)
    used = count = 0
    for at in grid.pages():
        chosen = {place: grid.takes(at, place, players) for place in grid.places}
        sizes = {place: sum(map(_estimate, takes)) for place, takes in chosen.items()}
        skipped: set[tuple[int, int]] = set()
        if used + sum(sizes.values()) > room:
            if pages:
                break
            many = [place for place, one in sizes.items() if one]
            fitting = max(1, int(len(many) * room / sum(sizes.values())))
            skipped = set(many) - {many[round(one)] for one in np.linspace(0, len(many) - 1, fitting)}
        places: list[tuple[Player | str, ...]] = []
        for place, takes in chosen.items():
            if place in skipped:
                places.append(("not in this file",))
                continue
            label = grid.name(at, place)
            shown = [
                _player(take, sound(take.key), names.get(take.key, ""), label, longest=longest, takes=design.takes)
                for take in takes
            ]
            used += sum(_length(one) for one in shown if isinstance(one, Player))
            count += sum(isinstance(one, Player) for one in shown)
            places.append(tuple(shown) or (grid.why(at, place),))
        if any(isinstance(one, Player) for place in places for one in place):
            pages.append(grid.page(at, places))
    return Heard(tuple(pages), _left_out(count, total, room, players))


def _left_out(count: int, total: int, room: int, players: Players) -> str:
    kind = "the take of median duration of each combination" if players == "median" else "every take"
    if count >= total:
        return f"In this file: {kind}." if players == "median" else ""
    return (
        f"{count:,} of {total:,} clips are in this file, for all would take more than {size(room)}: of {kind}, whole groups in the "
        "order of the design, and of a group that is too large, places at even distances."
    )


def _seconds(take: _Take) -> float:
    """The duration that the service or the sound told; 0 where nobody did."""
    value = take.row["seconds"]
    return float(value) if value is not None and np.isfinite(value) else 0.0


def _estimate(take: _Take) -> float:
    return (_seconds(take) * BYTES_A_SECOND + 2_000) * 4 / 3 + _AROUND


def _length(player: Player) -> int:
    return (len(player.audio) + len(player.wave)) * 4 // 3 + 1_000


def _player(take: _Take, data: bytes | None, name: str, label: str, *, longest: float, takes: int) -> Player | str:
    if data is None:
        return "its file is gone"
    try:
        small = small_clip(data)
    except AudioError as error:
        return f"it cannot be read: {error}"
    row = take.row
    duration = _seconds(take) or small.duration
    width = max(8, min(_WIDTH, round(_WIDTH * duration / (longest or duration))))
    cost = "" if row["cost_exact"] is None else f"{plain(row['cost_exact'])} {row['unit']}"
    degraded = "degraded" if row["degraded"] is True else ""
    said = f"take {row['take']}" if takes > 1 else ""
    caption = " · ".join(filter(None, (said, seconds(duration), cost, degraded)))
    return Player(", ".join(filter(None, (label, said))), caption, small.audio, small.mime, small.wave, name, width)


class _Grid:
    """The places of a design's combinations."""

    def __init__(self, design: Design, frame: pd.DataFrame) -> None:
        self._design = design
        self._rows = dict(zip(frame["cell"], frame.to_dict("records"), strict=True))
        many = [one.name for one in design.factors if len(one.levels) > 1]
        axes = [design.factor(name) for name in parameters_first(many)[:2]]
        self._columns = axes[0] if axes else None
        self._down = axes[1] if len(axes) > 1 else None
        taken = {one.name for one in axes}
        self._others = [one for one in design.factors if len(one.levels) > 1 and one.name not in taken]
        across = _spaced(self._columns, _MOST_COLUMNS)
        down = _spaced(self._down, _MOST_PLACES // len(across))
        self.places = list(product(down, across))
        self._heads = (_heads(self._down, down), _heads(self._columns, across))

    def pages(self) -> Iterator[tuple[int, ...]]:
        """The level of each other factor, as an index, one page after the other."""
        return product(*(range(len(one.levels)) for one in self._others))

    def count(self, players: Players) -> int:
        """How many clips there are to keep."""
        made = np.asarray(
            [number for number, row in self._rows.items() if row["status"] == "completed"], dtype=np.int64
        )
        if players == "all":
            return len(made)
        blocks, treatments = np.divmod(made, self._design.treatments)
        return len(np.unique(blocks // self._design.takes * self._design.treatments + treatments))

    def takes(self, at: Sequence[int], place: tuple[int, int], players: Players) -> list[_Take]:
        """The takes of a place that are kept."""
        found = [one for one in self._cells(self._indices(at, place)) if one.row["status"] == "completed"]
        if players == "all" or not found:
            return found
        own = [one for one in found if one.row["degraded"] is not True] or found
        own.sort(key=lambda one: (_seconds(one), one.row["take"]))
        return [own[(len(own) - 1) // 2]]

    def _cells(self, indices: Sequence[int]) -> list[_Take]:
        numbers = (self._design.number(indices, take) for take in range(1, self._design.takes + 1))
        return [
            _Take(self._rows[number], self._design.cells[number].key)
            for number in numbers
            if number is not None and number in self._rows
        ]

    def _indices(self, at: Sequence[int], place: tuple[int, int]) -> list[int]:
        levels = dict(zip((one.name for one in self._others), at, strict=True))
        for factor, level in zip((self._down, self._columns), place, strict=True):
            if factor is not None:
                levels[factor.name] = level
        return [levels.get(one.name, 0) for one in self._design.factors]

    def why(self, at: Sequence[int], place: tuple[int, int]) -> str:
        """Why a place has no clip."""
        cells = self._cells(self._indices(at, place))
        if not cells:
            return "not in this study"
        row = cells[0].row
        return f"{row['status']}: {_reason(row['error'])}" if isinstance(row["error"], str) else str(row["status"])

    def name(self, at: Sequence[int], place: tuple[int, int]) -> str:
        """All that a place is, in a line."""
        axes = [_head(one, level) for one, level in zip((self._columns, self._down), place[::-1], strict=True) if one]
        return (
            ", ".join([*axes, *(_head(one, level) for one, level in zip(self._others, at, strict=True))]) or "the clip"
        )

    def page(self, at: Sequence[int], places: list[tuple[Player | str, ...]]) -> Page:
        """The page of these places."""
        title = " · ".join(_head(one, level) for one, level in zip(self._others, at, strict=True))
        return Page(title, *self._heads, tuple(places))


def _reason(error: str) -> str:
    """Why there is no clip, in a line: the fields that break a rule, where an error lists them."""
    lines = error.splitlines()
    fields = [line.strip().removeprefix("- ") for line in lines if line.startswith("  - ")]
    return shortened("; ".join(fields) or error, _LONGEST_REASON)


def _spaced(factor: Factor | None, most: int) -> list[int]:
    """The levels that are shown, as indices: numbers by their size; of too many, some at even distances."""
    if factor is None:
        return [0]
    order = list(range(len(factor.levels)))
    if all(map(is_number, factor.levels)):
        order.sort(key=lambda level: float(factor.levels[level]))
    if len(order) <= most:
        return order
    return [order[round(one)] for one in np.linspace(0, len(order) - 1, most)]


def _heads(factor: Factor | None, levels: Sequence[int]) -> tuple[str, ...]:
    return ("",) if factor is None else tuple(_head(factor, level) for level in levels)


def _head(factor: Factor, level: int) -> str:
    value = factor.levels[level]
    text = "default" if value is None else axis_text(value)
    return text if isinstance(value, str) and factor.name in {"text", "voice"} else f"{factor.name} {text}"
