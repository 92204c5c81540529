"""The microphone in a cell."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from voicenb.display.html import seconds
from voicenb.panels.page.assets import bundle, styles
from voicenb.panels.page.chunked_upload import ChunkedUpload
from voicenb.panels.players.player import Player

__all__ = ["Recorder"]

NOTE = "Record your own voice, or that of somebody who has agreed to be cloned."


class Recorder(Player):
    """Records from the microphone; ``Reference(recorder)`` takes what it holds.

    The browser asks for permission. It gives the microphone only to https pages and to localhost; where it cannot be had, the
    widget says why. While it records, a text to read stands there, and how much speech is still missing. The sound is what the microphone hears (no echo or noise is taken out, no level followed),
    mono, at the sound card's own rate, and arrives as a WAV file of 16 bits when the recording ends. It never becomes part of the widget's state, so that no
    notebook saves it. Escape throws a running recording away.
    """

    _esm = bundle("shared", "recorder")
    _css = styles("recorder")
    _arguments = ("note", "max_seconds", "least_seconds", "script", "replay")

    note = traitlets.Unicode(NOTE).tag(sync=True)
    """What stands beside the button about consent."""

    max_seconds = traitlets.Float(300.0, min=1.0, max=900.0).tag(sync=True)
    """The recording ends by itself after so many seconds, 1 to 900."""

    least_seconds = traitlets.Float(0.0, min=0.0).tag(sync=True)
    """How many seconds of speech are needed; what is missing is counted down, pauses left out. 0 counts nothing."""

    script = traitlets.Unicode("").tag(sync=True)
    """A text to read aloud, in English; "" shows none."""

    replay = traitlets.Bool(True).tag(sync=True)
    """Whether the recording can be heard here; False where something else plays it."""

    seconds = traitlets.Float(0.0).tag(sync=True)
    """How long the last recording is; 0 before there is one. ``observe`` it, or use `on_record`."""

    def __init__(self, **options: Any) -> None:
        """A recorder.

        Args:
            **options: `note`, `max_seconds`, `least_seconds`, `script`, `replay`, and ipywidgets' `layout`.

        Raises:
            TypeError: There is no such option.
        """
        super().__init__(**options)
        self.value: bytes = b""
        """The last recording as a WAV file; empty before there is one."""
        self._pieces = ChunkedUpload()
        self._listeners: list[Callable[[Recorder], object]] = []
        self._began: list[Callable[[bool], object]] = []

    def on_record(self, call: Callable[[Recorder], object]) -> None:
        """Calls `call` with the recorder whenever a recording has arrived."""
        self._listeners.append(call)

    def on_begin(self, call: Callable[[bool], object]) -> None:
        """Calls ``call(True)`` when a recording begins, and ``call(False)`` when it was thrown away."""
        self._began.append(call)

    def clear(self) -> None:
        """Forgets the recording."""
        self.value = b""
        self.seconds = 0.0

    def _asked(self, widget: object, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        match content:
            case {
                "kind": "recording",
                "recording": name,
                "piece": int(piece),
                "pieces": int(pieces),
                "size": int(size),
            } if len(buffers) == 1:
                whole = self._pieces.add(name, piece, pieces, size, bytes(buffers[0]))
                if whole is not None:
                    self._recorded(whole)
            case {"kind": "began", "on": bool(on)}:
                for call in self._began:
                    call(on)
            case _:
                super()._asked(widget, content, buffers)

    def _recorded(self, whole: bytes) -> None:
        """Takes a recording; what is no sound is left."""
        import soundfile

        try:
            length = soundfile.info(io.BytesIO(whole)).duration
        except soundfile.LibsndfileError:
            return
        self.value = whole
        # Two recordings of the same length are two recordings: observers are told of both.
        self.set_trait("seconds", 0.0)
        self.seconds = length
        for call in self._listeners:
            call(self)

    def __repr__(self) -> str:
        return f"<Recorder · {seconds(self.seconds)} recorded>" if self.value else "<Recorder · nothing recorded yet>"
