"""Clips compared by ear: all on one clock, equally loud, word by word."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from voicenb.audio.sound import AudioError
from voicenb.display.comparison import Grid, Html, Playable, compare_html
from voicenb.panels.page.assets import bundle, styles
from voicenb.panels.players.player import TARGET, Player, facts, wire

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip

__all__ = ["ComparePlayer"]

_RATES = (8_000, 48_000)


class ComparePlayer(Player):
    """Plays a grid of clips, of which one is heard at a time.

    All run on one sample clock, and changing from one to another is a crossfade over one render quantum, without a gap. They are
    matched to the same measured loudness, and a change goes on at the same word where words are timed; both can be switched
    off. The page fetches what is heard, and once somebody listens the rest, up to 96 MB; nothing of it is in the
    widget's state.

    Keys: 1 to 9 choose a clip, space plays, the arrows choose within the grid, with shift they go by words, home goes to the
    beginning, L loops (a word, a sentence, all), M and A switch the loudness and the alignment.
    """

    _esm = bundle("shared", "mixer", "compare")
    _css = styles()
    _arguments = ("match", "align")
    _grid = traitlets.Dict().tag(sync=True)

    match = traitlets.Bool(default_value=True).tag(sync=True)
    """Whether every clip is played at −23 LUFS."""

    align = traitlets.Bool(default_value=True).tag(sync=True)
    """Whether a change of the clip goes on at the same word; else at the same second."""

    def __init__(
        self,
        clips: Sequence[Clip | Playable | None] | Mapping[str, Clip | Playable],
        labels: Sequence[str] | None = None,
        rows: Sequence[str] | str | None = None,
        columns: Sequence[str] | str | None = None,
        **options: Any,
    ) -> None:
        """A comparison.

        Args:
            clips: Clips or references, row by row; None leaves a place empty. A mapping's keys are the labels.
            labels: A name for each; without any, what differs between the clips is named.
            rows: The rows' names; or the name of a parameter, each value of which gets a row.
            columns: The columns' names, or the name of a parameter.
            **options: `match`, `align`, and ipywidgets' `layout`.

        Raises:
            InvalidRequest: There is nothing to compare, or the numbers do not match.
            TypeError: There is no such option.
        """
        super().__init__(**options)
        self.grid = Grid.of(clips, labels=labels, rows=rows, columns=columns)
        """The clips in their places."""
        self._known: dict[int, dict[str, Any]] = {}
        width = len(self.grid.columns)
        cells = [
            label if sound is not None else None
            for label, sound in zip(self.grid.labels, self.grid.sounds, strict=True)
        ]
        rates = [_rate(sound) for sound in self.grid.sounds if sound is not None]
        self._rate = min(max(*rates, _RATES[0]), _RATES[1])
        self._grid = {
            "rows": self.grid.rows,
            "columns": self.grid.columns,
            "cells": [cells[start : start + width] for start in range(0, len(cells), width)],
            "rate": self._rate,
            "target": TARGET,
        }

    @property
    def clips(self) -> list[Clip | Playable]:
        """The clips, row by row, without the empty places; key 1 is the first."""
        return [sound for sound in self.grid.sounds if sound is not None]

    def _sound(self, place: object) -> Playable:
        sound = self.grid.sounds[place] if isinstance(place, int) and 0 <= place < len(self.grid.sounds) else None
        if sound is None:
            raise LookupError(f"There is no clip at {place!r:.40}.")
        return sound

    def _facts_of(self, place: int) -> dict[str, Any]:
        if place not in self._known:
            try:
                self._known[place] = facts(self._sound(place))
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
        return super()._answer(question)

    def html(self) -> Html:
        """The comparison as static HTML, which stays in the notebook and plays without a kernel."""
        return compare_html(self.grid)

    def __repr__(self) -> str:
        grid = self.grid
        return f"<ComparePlayer · {len(self.clips)} clips in {len(grid.rows)} × {len(grid.columns)}>"


def _rate(sound: Playable) -> int:
    """The rate that the file's header states, which takes no decoding; 0 for what is no sound."""
    import soundfile

    try:
        return int(soundfile.info(io.BytesIO(sound.data)).samplerate)
    except soundfile.LibsndfileError:
        try:
            return sound.rate
        except AudioError:
            return 0
