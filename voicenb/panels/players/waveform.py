"""A recording's waveform, with a beginning and an end to drag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from voicenb.audio.sound import AudioError
from voicenb.display.comparison import Html, Playable
from voicenb.display.html import seconds
from voicenb.errors import VoicenbError
from voicenb.panels.page.assets import bundle, styles
from voicenb.panels.players.player import Player, facts, still, wire

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from voicenb.studio.clip import Clip
    from voicenb.studio.reference import Reference

__all__ = ["Waveform"]


class Waveform(Player):
    """Shows a recording, and which part of it is used.

    Drag the ends, or focus one and use the arrows (0.05 s, with shift 1 s), home and end; space plays the part.
    """

    _esm = bundle("shared", "kept", "track", "waveform")
    _css = styles("trim")
    _arguments = ("start", "end")
    _facts = traitlets.Dict().tag(sync=True)

    start = traitlets.Float(0.0).tag(sync=True)
    """Where the used part begins, in seconds from the recording's start."""

    end = traitlets.Float(0.0).tag(sync=True)
    """Where it ends, in seconds; at first the recording's end."""

    def __init__(
        self,
        sound: Reference | Clip | Playable | None = None,
        *,
        start: float = 0.0,
        end: float | None = None,
        **options: Any,
    ) -> None:
        """A waveform.

        Args:
            sound: A reference (fetched, where it is a URL) or a clip; None for an empty one whose `sound` is set later.
            start: Where the used part begins, in seconds.
            end: Where it ends; None for the recording's end.
            **options: ipywidgets' `layout`.

        Raises:
            VoicenbError: It cannot be read.
            TypeError: There is no such option.
        """
        super().__init__(**options)
        self._sound: Reference | Clip | Playable | None = None
        self.sound = sound
        with self.hold_trait_notifications():
            self.end = self.duration if end is None else end
            self.start = start

    @property
    def sound(self) -> Reference | Clip | Playable | None:
        """What is shown; setting it anew takes all of it as used."""
        return self._sound

    @sound.setter
    def sound(self, sound: Reference | Clip | Playable | None) -> None:
        try:
            known = facts(sound) if sound is not None else {}
        except AudioError as error:
            raise VoicenbError(f"The recording cannot be shown: {error}.") from None
        self._sound = sound
        with self.hold_sync(), self.hold_trait_notifications():
            self._facts = known
            self.start, self.end = 0.0, self.duration

    @property
    def duration(self) -> float:
        """The whole recording in seconds; 0 without one."""
        return self._sound.duration if self._sound is not None else 0.0

    @property
    def part(self) -> tuple[npt.NDArray[np.float32], int]:
        """The used samples and their rate, as `Reference` takes them.

        Raises:
            VoicenbError: There is no recording.
        """
        if self._sound is None:
            raise VoicenbError("There is no recording yet: set `sound` first.")
        rate = self._sound.rate
        return self._sound.samples[round(self.start * rate) : round(self.end * rate)], rate

    @traitlets.validate("start", "end")
    def _within(self, proposal: Mapping[str, Any]) -> float:
        """Within the recording, and in order: a part has a tenth of a second at least."""
        value, last = float(proposal["value"]), self.duration
        least = min(0.1, last)
        if proposal["trait"].name == "start":
            return min(max(value, 0.0), max(min(self.end, last) - least, 0.0))
        return max(min(value, last), min(max(self.start, 0.0) + least, last))

    def _answer(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
        if question.get("kind") != "audio" or self._sound is None:
            return super()._answer(question)
        sound, mime = wire(self._sound)
        return {"mime": mime}, sound

    def html(self) -> Html:
        """The recording as static HTML, which stays in the notebook and plays without a kernel."""
        return still(self._sound)

    def __repr__(self) -> str:
        if self._sound is None:
            return "<Waveform · empty>"
        return f"<Waveform · {self.start:.2f}–{self.end:.2f} of {seconds(self.duration)}>"
