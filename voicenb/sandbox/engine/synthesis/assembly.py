"""Breaths joined to one recording: gaps, fades, word times, level, and the file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from voicenb.sandbox.engine.acoustics.levels import LOUDNESS, Meter, limited
from voicenb.sandbox.engine.acoustics.spectrum import RATE
from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.text.segmentation import sentences, silences

if TYPE_CHECKING:
    import numpy.typing as npt

    from voicenb.sandbox.engine.prosody.prosody import Prosody
    from voicenb.sandbox.engine.prosody.utterance import Utterance
    from voicenb.sandbox.engine.text.segmentation import Breath

__all__ = ["Assembly"]

_FADE = RATE // 250
"""Samples (4 ms) over which every breath begins and ends."""
_BETWEEN_SENTENCES = 0.35
_BETWEEN_BREATHS = 0.05
"""Seconds at speed 1, on top of the twentieth of a second that a breath keeps at either end."""
_IN_MEMORY = 32 << 20
"""Bytes of speech held in memory before a file takes them."""
_TIGHT = 10 ** (-40 / 20)
"""Beside an exact pause, speech begins and ends where it is 40 dB below its loudest."""
_LONGEST = 6 * 3600
"""Seconds. A thousand pauses of 99 s fit into a text, and into no WAV file."""
_KINDS = {".wav": ("WAV", "PCM_16"), ".mp3": ("MP3", "MPEG_LAYER_III")}


class _Part(NamedTuple):
    silence: int
    """Samples before the speech."""
    size: int
    """Samples of speech."""


class Assembly:
    """Takes breaths one after another, then writes them.

    Args:
        text: The whole text, which offsets refer to.
        prosody: Gaps follow its rate and pauses; the level is its.
        compact_ms: Longest gap between sentences; None leaves them.
    """

    def __init__(self, text: str, prosody: Prosody, compact_ms: int | None) -> None:
        self._text, self._prosody, self._compact_ms = text, prosody, compact_ms
        self._meter = Meter()
        self._parts: list[_Part] = []
        self._words: list[dict[str, Any]] = []
        self._at = 0
        self._last: Breath | None = None
        self._store = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def add(
        self, breath: Breath, following: Breath | None, utterance: Utterance, wave: npt.NDArray[np.float32]
    ) -> None:
        """Append a breath.

        Args:
            breath: What was spoken.
            following: What will be.
            utterance: How it was spoken: its bounds and words.
            wave: Its final sound.

        Raises:
            EngineError: The recording becomes too long.
        """
        begin, wave = _cropped(utterance, wave, breath, following)
        silence = round(self._gap(breath) * RATE)
        start = self._at + silence
        whole = len(breath.text)
        for word in utterance.words:
            low, high = (min(max(round(time * RATE) - begin, 0), len(wave)) for time in (word.start, word.stop))
            self._words.append(
                self._timed(
                    breath.begin + word.begin,
                    breath.begin + min(word.end, whole),
                    (start + low) / RATE,
                    (start + high) / RATE,
                )
            )
        self._store.write(wave.tobytes())
        self._meter.add(wave)
        self._parts.append(_Part(silence, len(wave)))
        self._at = start + len(wave)
        self._last = breath
        if self._at > _LONGEST * RATE:
            raise EngineError(
                f"the speech would last longer than {_LONGEST // 3600} hours: shorten the text or its pauses"
            )

    def write(self, target: Path, volume: float) -> dict[str, Any]:
        """Bring everything to its level and write it; the file appears when it is whole.

        Args:
            target: `.wav` or `.mp3`.
            volume: Gain over the standard loudness.

        Returns:
            `seconds`, `rate`, `words` and `sentences`.

        Raises:
            EngineError: The suffix is another one.
        """
        import soundfile

        if target.suffix.lower() not in _KINDS:
            raise EngineError(f"the engine writes .wav and .mp3, not {target.suffix!r}")
        kind, subtype = _KINDS[target.suffix.lower()]
        gain = np.float32(volume * 10 ** ((LOUDNESS + self._prosody.level - self._meter.loudness()) / 20))
        trailing = round(sum(silences(self._text, self._last.begin + len(self._last.text) if self._last else 0)) * RATE)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=target.stem, suffix=".part", dir=target.parent)
        self._store.seek(0)
        try:
            with open(handle, "wb") as raw, soundfile.SoundFile(raw, "w", RATE, 1, subtype, format=kind) as file:  # noqa: PTH123
                for part in [*self._parts, _Part(trailing, 0)]:
                    for done in range(0, part.silence, RATE):
                        file.write(np.zeros(min(RATE, part.silence - done), np.float32))
                    file.write(limited(np.frombuffer(self._store.read(part.size * 4), np.float32) * gain))
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
        return {
            "seconds": (self._at + trailing) / RATE,
            "rate": RATE,
            "words": self._words,
            "sentences": self._sentences(),
        }

    def _gap(self, breath: Breath) -> float:
        """Seconds of silence before a breath."""
        if breath.silence:
            return breath.silence
        if self._last is None:
            return 0.0
        gap = (_BETWEEN_SENTENCES * self._prosody.pause if self._last.last else _BETWEEN_BREATHS) / self._prosody.rate
        return gap if self._compact_ms is None else min(gap, self._compact_ms / 1000)

    def _timed(self, begin: int, end: int, start: float, stop: float) -> dict[str, Any]:
        return {"text": self._text[begin:end], "start": start, "end": stop, "begin": begin, "end_at": end}

    def _sentences(self) -> list[dict[str, Any]]:
        found = []
        for sentence in sentences(self._text):
            inside = [word for word in self._words if sentence.begin <= word["begin"] < sentence.end]
            if inside:
                found.append(self._timed(sentence.begin, sentence.end, inside[0]["start"], inside[-1]["end"]))
        return found


def _cropped(
    utterance: Utterance, wave: npt.NDArray[np.float32], breath: Breath, following: Breath | None
) -> tuple[int, npt.NDArray[np.float32]]:
    """A breath at its planned length, tight beside exact pauses, faded at both ends; and where in the wave it begins."""
    begin = round(utterance.start * RATE)
    size = round(utterance.length * RATE)
    wave = wave[begin : begin + size]
    wave = np.pad(wave, (0, size - len(wave)))
    if breath.silence or (following is not None and following.silence):
        first, last = _edges(wave)
        if following is not None and following.silence:
            wave = wave[:last]
        if breath.silence:
            wave, begin = wave[first:], begin + first
    wave = wave.copy()
    fade = min(_FADE, len(wave) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / max(fade, 1))).astype(np.float32)
    wave[:fade] *= ramp
    wave[len(wave) - fade :] *= ramp[::-1]
    return begin, wave


def _edges(wave: npt.NDArray[np.float32]) -> tuple[int, int]:
    level = np.abs(wave)
    loud = np.flatnonzero(level > level.max() * _TIGHT)
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(wave))
