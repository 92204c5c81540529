"""Speech heard while it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import traitlets

from voicenb.audio.sound import AudioError
from voicenb.base import portal
from voicenb.display.comparison import Html
from voicenb.display.html import seconds
from voicenb.errors import VoicenbError
from voicenb.panels.page.assets import bundle, styles
from voicenb.panels.page.static_output import StaticOutput
from voicenb.panels.players.player import Player, still

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip
    from voicenb.studio.stream import Stream

__all__ = ["StreamPlayer"]


class StreamPlayer(Player):
    """Plays a stream as it comes, beginning with its first piece; when it is complete, it can be heard again.

    The pieces go to the page as they arrive, in messages of their own, also while a cell is at work; none becomes part of the widget's
    state. *Stop* ends the sound and nothing else: what was asked for still arrives and is kept. In the notebook stays the
    whole clip as static HTML.

    Keys: space plays and stops, the arrows seek by half a second (with shift by a tenth), home and end go to the ends.

    Attributes:
        stream: What it plays.
    """

    _esm = bundle("shared", "download", "saving", "kept", "stream")
    _css = styles("stream")
    _arguments = ("autoplay",)

    autoplay = traitlets.Bool(default_value=True).tag(sync=True)
    """Whether it begins by itself; False once it has."""

    state = traitlets.Unicode("receiving").tag(sync=True)
    """``receiving``, ``completed`` or ``failed``."""

    problem = traitlets.Unicode().tag(sync=True)
    """Why no more comes, or what is to be said of what came; empty while all is well."""

    forms: Any = traitlets.List().tag(sync=True)
    """The formats that the whole clip can be saved in, once it is there."""

    name = traitlets.Unicode().tag(sync=True)
    """What screen readers call it."""

    def __init__(self, stream: Stream, **options: Any) -> None:
        """A player.

        Args:
            stream: As `voicenb.Voice.stream` gives it; a loop over it and this player do not disturb each other.
            **options: `autoplay`, and ipywidgets' `layout`.

        Raises:
            TypeError: There is no such option.
        """
        self._work: Future[None] | None = None
        super().__init__(**options)
        self.stream = stream
        self._kept: StaticOutput | None = None
        words = " ".join((stream.task.text or "").split())
        self.name = f"Stream: {words[:80]}"
        self._work = portal.start(self._follow)

    async def _follow(self) -> None:
        """Passes every piece on, and says how it ended."""
        live, number, at = self.stream.live, 0, 0
        while await live.piece(number) is not None:
            pieces = live.pieces[number:]
            first, sound = pieces[0], b"".join(pieces)
            self.send({"kind": "sound", "at": at, **_form(first.rate, first.channels)}, [sound])
            number += len(pieces)
            at += len(sound) // (2 * first.channels)
        try:
            await self.stream.task.finished()
        except VoicenbError as error:
            self.problem, self.state = str(error), "failed"
        else:
            self.problem = self.stream.task.findings or ""
            if (clip := await asyncio.to_thread(lambda: self.stream.clip)) is not None:
                self.forms = _forms(clip)
            self.state = "completed"
            await asyncio.to_thread(self._leave)

    @property
    def received(self) -> float:
        """How much has come, in seconds."""
        return sum(piece.duration for piece in self.stream.live.pieces)

    async def finished(self) -> None:
        """Waits until nothing more comes, on any asyncio loop."""
        if self._work is not None:
            await portal.wait_until_done(self._work, None)

    def _leave(self) -> None:
        """Puts the static copy into the cell, where there is one."""
        kept, self._kept = self._kept, None
        if kept is not None and (clip := self.stream.clip) is not None:
            kept.keep(clip._repr_mimebundle_(), where=f"studio.history.clip({self.stream.task.id[:8]!r})")

    def _repr_mimebundle_(self, **options: Any) -> Any:
        self._kept = StaticOutput(self.key)
        if self.state == "completed":
            self._leave()
        shown = self.bare_bundle(**options)
        data = shown[0] if isinstance(shown, tuple) else shown
        if data is not None:
            data["text/plain"] = f"{self.name}. Run this cell to hear it."
        return shown

    def _answer(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
        at = question.get("at")
        if question.get("kind") != "sound" or not isinstance(at, int) or at < 0:
            return super()._answer(question)
        pieces = list(self.stream.live.pieces)
        if not pieces:
            return {"at": at, **_form(24_000, 1)}, b""
        first = pieces[0]
        return {"at": at, **_form(first.rate, first.channels)}, b"".join(pieces)[2 * first.channels * at :]

    def _clip_at(self, _: object) -> Clip:
        if (clip := self.stream.clip) is None:
            raise LookupError("It can be saved once all of it is there.")
        return clip

    def html(self) -> Html:
        """The whole clip as static HTML, once it is there."""
        return still(self.stream.clip)

    def close(self) -> None:
        """Takes the player off the page. The stream goes on, and its clip is kept."""
        if self._work is not None:
            self._work.cancel()
        super().close()

    def __repr__(self) -> str:
        return f"<StreamPlayer · {self.state} · {seconds(self.received)} received>"


def _forms(clip: Clip) -> list[str]:
    """The formats that a clip can be saved in; none for what is no sound."""
    try:
        return list(clip.formats)
    except AudioError:
        return []


def _form(rate: int, channels: int) -> dict[str, int]:
    return {"rate": rate, "channels": channels}
