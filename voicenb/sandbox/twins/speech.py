"""Speech as raw samples, sentence after sentence: what comes first can be sent while the next is made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from voicenb.sandbox.twins.pcm import RATE, Resampler, read_wav

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from voicenb.sandbox.engine.workers.loading import Engine, Voice
    from voicenb.sandbox.recordings.files import Files

__all__ = ["Speaking", "read_as_written"]

_GAP_SECONDS = 0.35
_SEEDS = 2**63


def read_as_written(text: str) -> str:
    """The text without the engine's own pause marks, for services that have none; offsets stay."""
    return text.replace("<#", "< ")


class Speaking:
    """A text that is spoken.

    Args:
        files: Where sentences are kept for a moment.
        voice: The engine.
        text: The text; the engine's own pause marks in it are pauses (see `read_as_written`).
        rate: Hz of the samples, a whole number.
        speed: How fast; gaps between sentences follow it.
        seed: The same text, seed and options give the same samples.
        options: More keywords for the engine.
    """

    def __init__(
        self, files: Files, voice: Voice, text: str, *, rate: int, speed: float, seed: int, **options: Any
    ) -> None:
        self._files = files
        self._voice = voice
        self._text = text
        self._rate = rate
        self._seed = seed
        self._options = options | {"speed": speed}
        self._gap = bytes(2 * round(RATE * _GAP_SECONDS / speed))

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """16-bit samples, a piece a sentence; it does not matter for the samples where the pieces end.

        Raises:
            VoiceError: The engine cannot be loaded. What it cannot speak raises one of the voice's errors.
        """
        engine = await self._voice.engine()
        resampler = None if self._rate == RATE else Resampler(self._rate)
        sentences, silences = _sentences(self._text)
        ahead = asyncio.create_task(self._spoken(engine, sentences[0], 0))
        try:
            for number in range(len(sentences)):
                sound = await ahead
                if number + 1 < len(sentences):
                    ahead = asyncio.create_task(self._spoken(engine, sentences[number + 1], number + 1))
                sound = _silence(silences[number]) + (self._gap if number else b"") + sound
                if number + 1 == len(sentences):
                    sound += _silence(silences[-1])
                yield sound if resampler is None else await asyncio.to_thread(resampler.feed, sound)
            if resampler is not None:
                yield await asyncio.to_thread(resampler.rest)
        finally:
            # A sentence that nobody wants any more is soon done; to cancel it would cost its worker.
            await asyncio.gather(ahead, return_exceptions=True)

    async def whole(self) -> bytes:
        """All samples; see `pieces`."""
        return b"".join([piece async for piece in self.pieces()])

    async def _spoken(self, engine: Engine, sentence: str, number: int) -> bytes:
        target = self._files.partial("wav")
        try:
            await engine.speak(sentence, target, seed=(self._seed * 1_000_003 + number) % _SEEDS, **self._options)
            return await asyncio.to_thread(read_wav, target)
        finally:
            target.unlink(missing_ok=True)


def _silence(seconds: float) -> bytes:
    return bytes(2 * round(RATE * seconds))


def _sentences(text: str) -> tuple[list[str], list[float]]:
    """The sentences, and the seconds of the pauses before each of them and after the last."""
    from voicenb.sandbox.engine.text.segmentation import sentences, silences

    found = list(sentences(text))
    if not found:
        # Where there is nothing to speak, the engine says so.
        return [text], [0.0, 0.0]
    edges = [0, *(edge for one in found for edge in (one.begin, one.end)), len(text)]
    paused = [sum(silences(text, edges[i], edges[i + 1])) for i in range(0, len(edges), 2)]
    return [text[one.begin : one.end] for one in found], paused
