"""Clips compared by ear: all on one clock, equally loud, word by word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import traitlets

from voicenb.audio.reading import rate_of
from voicenb.audio.sound import AudioError
from voicenb.display.comparison import Grid, Html, Playable, compare_html
from voicenb.display.pages import Pages, paged
from voicenb.errors import InvalidRequest
from voicenb.measures.loudness import COMPARED_AT
from voicenb.panels.page.assets import bundle, styles
from voicenb.panels.players.player import Player, facts, saveable, wire
from voicenb.panels.players.stars import is_starred, star
from voicenb.studio.clips import MOST_SHOWN, clip_grid, flat_clips
from voicenb.studio.task import Task

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip

__all__ = ["ComparePlayer", "compare"]

# Bytes of sound that are encoded in no time.
_LITTLE = 2_000_000
_RATES = (8_000, 48_000)


class ComparePlayer(Player):
    """Plays a grid of clips, of which one is heard at a time.

    All run on one sample clock, and changing from one to another is a crossfade over one render quantum, without a gap. They are
    matched to the same measured loudness, and a change goes on at the same word where words are timed; both can be switched
    off. The page fetches what is heard, and once somebody listens the rest, up to 96 MB; nothing of it is in the
    widget's state.

    Keys: 1 to 9 choose a clip, space plays, the arrows choose within the grid, with shift they go by words, home goes to the
    beginning, L loops (a word, a sentence, all), M and A switch the loudness and the alignment, S stars the clip.

    Of more than 120 clips, and of a study with further factors, one page is seen at a time; lists above the grid choose it.
    """

    _esm = bundle("shared", "download", "saving", "mixer", "kept", "compare")
    _css = styles()
    _arguments = ("match", "align")
    _grid = traitlets.Dict().tag(sync=True)

    _stars: Any = traitlets.List().tag(sync=True)

    match = traitlets.Bool(default_value=True).tag(sync=True)
    """Whether every clip is played at −23 LUFS."""

    align = traitlets.Bool(default_value=True).tag(sync=True)
    """Whether a change of the clip goes on at the same word; else at the same second."""

    def __init__(
        self,
        clips: Sequence[Clip | Playable | None] | Mapping[str, Clip | Playable] | Pages,
        labels: Sequence[str] | None = None,
        rows: Sequence[str] | str | None = None,
        columns: Sequence[str] | str | None = None,
        **options: Any,
    ) -> None:
        """A comparison.

        Args:
            clips: Clips or references, row by row; None leaves a place empty. A mapping's keys are the labels. Or pages.
            labels: A name for each; without any, what differs between the clips is named.
            rows: The rows' names; or the name of a parameter, each value of which gets a row.
            columns: The columns' names, or the name of a parameter.
            **options: `match`, `align`, and ipywidgets' `layout`.

        Raises:
            InvalidRequest: There is nothing to compare, or the numbers do not match.
            TypeError: There is no such option.
        """
        super().__init__(**options)
        self._starred: list[Callable[[], object]] = []
        self._pages = (
            clips if isinstance(clips, Pages) else paged(clip_grid(clips, labels=labels, rows=rows, columns=columns))
        )
        self.show(self._pages.first)

    def show(self, at: Sequence[int]) -> None:
        """Shows another page.

        Args:
            at: The place of a level on each of the lists above the grid, 0 and more.

        Raises:
            InvalidRequest: There is no such page.
        """
        axes = self._pages.axes
        if len(at) != len(axes) or not all(0 <= place < len(axis.levels) for place, axis in zip(at, axes, strict=True)):
            raise InvalidRequest(
                f"there is no page {list(at)!r}; allowed are "
                + (", ".join(f"0 to {len(axis.levels) - 1} for {axis.name}" for axis in axes) or "[] alone")
            )
        self.page = tuple(at)
        """Which page is seen: the place of a level on each list."""
        self.grid = self._pages.grid(self.page)
        """The clips in their places on this page."""
        self._known: dict[int, dict[str, Any]] = {}
        width = len(self.grid.columns)
        cells = [
            label if sound is not None else None
            for label, sound in zip(self.grid.labels, self.grid.sounds, strict=True)
        ]
        notes = self.grid.notes if any(self.grid.notes) else ()
        self._rate = min(max([_RATES[0], *(_rate(sound) for sound in self.clips)]), _RATES[1])
        self._grid = {
            "rows": self.grid.rows,
            "columns": self.grid.columns,
            "cells": [cells[start : start + width] for start in range(0, len(cells), width)],
            "notes": [notes[start : start + width] for start in range(0, len(notes), width)],
            "pages": [
                {"name": axis.name, "levels": axis.levels, "at": place} for axis, place in zip(axes, at, strict=True)
            ],
            "rate": self._rate,
            "target": COMPARED_AT,
        }
        self.show_stars()

    @property
    def clips(self) -> list[Clip | Playable]:
        """The clips of the page that is seen, row by row, without the empty places; key 1 is the first."""
        return [sound for sound in self.grid.sounds if sound is not None]

    # -- stars -------------------------------------------------------------------------------------------------

    def star(self, place: int, *, on: bool = True) -> None:
        """Gives the task of a clip the label "starred", by which the history finds it, or takes it away.

        Args:
            place: The clip's place in the grid that is seen, row by row from 0, empty places counted.
            on: Whether it is starred afterwards.

        Raises:
            LookupError: There is no clip, or the ledger knows nothing of it.
            InvalidRequest: The task has a label of its own, which is not written over.
        """
        task = _task(self._sound(place))
        if task is None:
            raise LookupError("This sound is none of the ledger's, so that there is nothing to label.")
        star([task], on=on)
        self.show_stars()
        for told in self._starred:
            told()

    def on_star(self, told: Callable[[], object]) -> None:
        """Calls `told` after a star was pressed in this player."""
        self._starred.append(told)

    def show_stars(self) -> None:
        """Reads the stars from the ledger's rows again."""
        tasks = [(place, _task(sound)) for place, sound in enumerate(self.grid.sounds)]
        self._stars = [place for place, task in tasks if task is not None and is_starred([task])]

    def _sound(self, place: object) -> Playable:
        sound = self.grid.sounds[place] if isinstance(place, int) and 0 <= place < len(self.grid.sounds) else None
        if sound is None:
            raise LookupError(f"There is no clip at {place!r:.40}.")
        return sound

    def _clip_at(self, place: object) -> Clip:
        return saveable(self._sound(place))

    def _facts_of(self, place: int) -> dict[str, Any]:
        if place not in self._known:
            try:
                sound = self._sound(place)
                self._known[place] = facts(sound) | {"starrable": _task(sound) is not None}
            except AudioError as error:
                self._known[place] = {"error": str(error)}
        return self._known[place]

    def _answer(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
        match question:
            case {"kind": "facts", "ids": list(places)}:
                return {"facts": {str(place): self._facts_of(place) for place in places}}, None
            case {"kind": "audio", "id": place}:
                sound, mime = wire(self._sound(place), self._rate)
                return {"mime": mime, "facts": self._facts_of(place)}, sound
            case {"kind": "star", "id": int(place), "on": bool(on)}:
                self.star(place, on=on)
                return {}, None
            case {"kind": "page", "at": list(at)} if all(type(place) is int for place in at):
                self.show(at)
                return {}, None
        return super()._answer(question)

    def html(self) -> Html:
        """The page that is seen as static HTML, which stays in the notebook and plays without a kernel."""
        return self._still(self.grid)

    def _copy(self) -> Html:
        # A cell ends when its copy is made: a twentieth of a second a clip.
        first = self.grid.beginning(MOST_SHOWN)
        html = self._still(first)
        left = sum(sound is not None for sound in self.grid.sounds) - sum(sound is not None for sound in first.sounds)
        if left:
            html = Html(
                f'{html}<div style="margin:4px 0 0">{left} more clips are in the player; its .html() keeps them all.</div>'
            )
        return html

    def _until_quiet(self) -> None:
        if sum(len(sound.data) for sound in self.clips) > _LITTLE:
            super()._until_quiet()

    def _still(self, grid: Grid) -> Html:
        chosen = [f"{axis.name}: {axis.levels[place]}" for axis, place in zip(self._pages.axes, self.page, strict=True)]
        head = f'<div dir="auto" style="margin:6px 0 0">{escape(" · ".join(chosen))}</div>' if chosen else ""
        return Html(head + compare_html(grid))

    def __repr__(self) -> str:
        grid = self.grid
        return f"<ComparePlayer · {len(self.clips)} clips in {len(grid.rows)} × {len(grid.columns)}>"


def compare(
    clips: Any,
    rows: Sequence[str] | str | None = None,
    columns: Sequence[str] | str | None = None,
    *,
    labels: Sequence[str] | None = None,
    **options: Any,
) -> ComparePlayer:
    """Clips beside each other, in one player.

    Args:
        clips: Clips or references; lists among them are taken apart, as ``[voice.say(…, takes=2), …]`` has them. A mapping's keys
            are the labels. None leaves a place empty.
        rows: The name of a parameter (or ``"voice"``, ``"service"``, ``"text"``), each value of which gets a row: numbers by their
            size, choices in the service's order, and the service's default by its value; or the rows' names.
        columns: The same for columns. Clips that are alike in both are takes, beside each other.
        labels: A name for each clip; without any, what differs between the clips is named.
        **options: As in `ComparePlayer`.

    Raises:
        InvalidRequest: There is nothing to compare, or no clip has such a parameter.
        ImportError: The extra ``lab`` is not installed.
    """
    if isinstance(clips, Mapping):
        flat: Any = {
            f"{name} · {number}" if isinstance(given, (list, tuple)) else name: one
            for name, given in clips.items()
            for number, one in enumerate(given if isinstance(given, (list, tuple)) else [given], 1)
        }
    else:
        flat = list(flat_clips(clips if isinstance(clips, (list, tuple)) or not hasattr(clips, "samples") else [clips]))
    return ComparePlayer(flat, labels=labels, rows=rows, columns=columns, **options)


def _task(sound: object) -> Task | None:
    """The ledger's task behind a sound, where it has one."""
    task = getattr(sound, "task", None)
    return task if isinstance(task, Task) else None


def _rate(sound: Playable) -> int:
    """The file's rate in Hz; 0 for what is no sound."""
    try:
        return rate_of(sound.data)
    except AudioError:
        return 0
