"""The engine: a text in a voice, to a file."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.sandbox.engine.convert import Converter
from voicenb.sandbox.engine.english import English
from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.espeak import Espeak, installed
from voicenb.sandbox.engine.languages import ENGLISH, code, runs
from voicenb.sandbox.engine.levels import LOUDNESS, Meter, limited
from voicenb.sandbox.engine.profile import Profile, enrol
from voicenb.sandbox.engine.prosody import Prosody, emotional
from voicenb.sandbox.engine.speakers import SPEAKERS, sample
from voicenb.sandbox.engine.spectrum import RATE
from voicenb.sandbox.engine.text import Breath, breaths, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from voicenb.sandbox.engine.utterance import FrontEnd, Register, Utterance

    Sound = Callable[[Utterance], npt.NDArray[np.float32]]

__all__ = ["Engine"]

_FADE = RATE // 250
"""Samples (4 ms) over which every breath begins and ends."""
_BETWEEN_SENTENCES = 0.35
_BETWEEN_BREATHS = 0.05
"""Seconds at speed 1, on top of the twentieth of a second that a breath keeps at either end."""
_TEACHER = "en-us"
"""espeak-ng's voice that stands for all its languages."""
_IN_MEMORY = 32 << 20
"""Bytes of speech held in memory before a file takes them."""
_TIGHT = 10 ** (-40 / 20)
"""Beside an exact pause, speech begins and ends where it is 40 dB below its loudest."""


@dataclass(frozen=True)
class _Part:
    """A stretch of the result: `silence` samples, then `size` samples of speech."""

    silence: int
    size: int


class Engine:
    """Enrols and speaks. Everything it loads, it loads on first use and keeps; one thread at a time.

    Args:
        cache: Folder for what is worked out once.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._fronts: dict[str, FrontEnd] = {}
        self._converter = lru_cache(maxsize=8)(self._make_converter)

    def enrol(self, source: Path, profile: Path) -> dict[str, Any]:
        """Write the profile of a recording: see `Pool.enrol`."""
        return enrol(source, profile)

    def speaker(self, name: str, target: Path) -> dict[str, Any]:
        """Write a sample speaker's recording: see `Pool.speaker`."""
        if name not in SPEAKERS:
            raise EngineError(f"there is no sample speaker {name!r}; there are {', '.join(SPEAKERS)}")
        speaker = sample(name)
        return self._write(speaker.text, target, speaker.prosody, speaker.register, lambda _: speaker.timbre)

    def speak(
        self,
        text: str,
        target: Path,
        *,
        profile: Path | None = None,
        language: str = "auto",
        speed: float = 1.0,
        pitch: float = 0.0,
        volume: float = 1.0,
        emotion: str | Mapping[str, float] = "neutral",
        describe: str | None = None,
        seed: int = 0,
        stability: float | None = None,
        compact_ms: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> dict[str, Any]:
        """Write a text's speech: see `Pool.speak`."""
        try:
            prosody = emotional(emotion).at(speed=speed, pitch=pitch)
        except KeyError as error:
            raise EngineError(f"there is no emotion {error.args[0]!r}") from None
        register, sound = None, None
        if profile is not None:
            key = (str(profile), profile.stat().st_mtime_ns if profile.exists() else 0)
            register = Profile.load(profile).register
            sound = lambda name: self._converter(name, *key)  # noqa: E731
        return self._write(
            text,
            target,
            prosody,
            register,
            sound,
            language,
            volume=volume,
            seed=seed,
            compact_ms=compact_ms,
            progress=progress,
        )

    def _front(self, language: str) -> FrontEnd:
        if language not in self._fronts:
            self._fronts[language] = English() if language == ENGLISH else Espeak(language)
        return self._fronts[language]

    def _make_converter(self, name: str, path: str, _: int) -> Converter:
        # espeak-ng's languages share their sounds, so its English stands for all of them.
        front = self._front(ENGLISH if name == English.name else _TEACHER)
        return Converter(front, Profile.load(Path(path)), self._cache)

    def _write(
        self,
        text: str,
        target: Path,
        prosody: Prosody,
        register: Register | None,
        sound: Callable[[str], Sound] | None,
        language: str = "English",
        *,
        volume: float = 1.0,
        seed: int = 0,
        compact_ms: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> dict[str, Any]:
        stretches = _routed(text, code(language))
        meter, parts, words, at = Meter(), [], [], 0
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as store:
            for number, breath in enumerate(stretches):
                following = stretches[number + 1] if number + 1 < len(stretches) else None
                front = self._front(breath.language)
                utterance = front.speak(breath.text, prosody, register, _seed(seed, number))
                wave = utterance.wave if sound is None else sound(front.name)(utterance)
                begin, wave = _cropped(utterance, wave, breath, following)
                silence = round(_gap(stretches[number - 1] if number else None, breath, prosody, compact_ms) * RATE)
                at += silence
                words += [
                    _timed(
                        text,
                        breath.begin + word.begin,
                        breath.begin + word.end,
                        *_within(word.start, word.stop, begin, at, len(wave)),
                    )
                    for word in utterance.words
                ]
                store.write(wave.tobytes())
                meter.add(wave)
                parts.append(_Part(silence, len(wave)))
                at += len(wave)
                if progress is not None:
                    progress((number + 1) / len(stretches))
            store.seek(0)
            gain = volume * 10 ** ((LOUDNESS + prosody.level - meter.loudness()) / 20)
            _encode(store, parts, gain, target)
        return {"seconds": at / RATE, "rate": RATE, "words": words, "sentences": _sentences(text, words)}


def _routed(text: str, language: str | None) -> list[Breath]:
    """The text's breaths, each in one language that can be spoken here."""
    found = []
    for breath in breaths(text):
        cut = runs(breath.text, breath.begin, language, text)
        for number, run in enumerate(cut):
            found.append(
                Breath(
                    run.text,
                    run.begin,
                    breath.sentence,
                    last=breath.last and number == len(cut) - 1,
                    silence=0.0 if number else breath.silence,
                    language=run.language,
                )
            )
    if not found:
        raise EngineError("there is nothing to speak: the text holds no letter and no digit")
    foreign = [breath.text for breath in found if breath.language != ENGLISH]
    if foreign and not installed():
        raise EngineError(
            f"the sandbox speaks English only, until an extra adds its other languages: pip install 'voicenb[languages]'. "
            f"These words are not English: {_shortened(' '.join(foreign))}"
        )
    return found


def _shortened(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed % 2**63, number]).generate_state(1)[0])


def _gap(before: Breath | None, breath: Breath, prosody: Prosody, compact_ms: int | None) -> float:
    """Seconds of silence before a breath."""
    if breath.silence:
        return breath.silence
    if before is None:
        return 0.0
    gap = (_BETWEEN_SENTENCES * prosody.pause if before.last else _BETWEEN_BREATHS) / prosody.rate
    return gap if compact_ms is None else min(gap, compact_ms / 1000)


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
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / max(fade, 1))
    wave[:fade] *= ramp
    wave[len(wave) - fade :] *= ramp[::-1]
    return begin, wave


def _edges(wave: npt.NDArray[np.float32]) -> tuple[int, int]:
    level = np.abs(wave)
    loud = np.flatnonzero(level > level.max() * _TIGHT)
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(wave))


def _within(start: float, stop: float, begin: int, at: int, size: int) -> tuple[float, float]:
    low, high = (min(max(round(time * RATE) - begin, 0), size) for time in (start, stop))
    return (at + low) / RATE, (at + high) / RATE


def _timed(text: str, begin: int, end: int, start: float, stop: float) -> dict[str, Any]:
    return {"text": text[begin:end], "start": start, "end": stop, "begin": begin, "end_at": end}


def _sentences(text: str, words: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for sentence in sentences(text):
        inside = [word for word in words if sentence.begin <= word["begin"] < sentence.end]
        if inside:
            found.append(_timed(text, sentence.begin, sentence.end, inside[0]["start"], inside[-1]["end"]))
    return found


def _encode(store: Any, parts: list[_Part], gain: float, target: Path) -> None:
    """Write the parts at their level, one after another; the file appears when it is whole."""
    import soundfile

    kinds = {".wav": ("WAV", "PCM_16"), ".mp3": ("MP3", "MPEG_LAYER_III")}
    if target.suffix.lower() not in kinds:
        raise EngineError(f"the engine writes .wav and .mp3, not {target.suffix!r}")
    kind, subtype = kinds[target.suffix.lower()]
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=target.stem, suffix=".part", dir=target.parent)
    try:
        with open(handle, "wb") as raw, soundfile.SoundFile(raw, "w", RATE, 1, subtype, format=kind) as file:  # noqa: PTH123
            for part in parts:
                for done in range(0, part.silence, RATE):
                    file.write(np.zeros(min(RATE, part.silence - done), np.float32))
                wave = np.frombuffer(store.read(part.size * 4), np.float32)
                file.write(limited(wave * np.float32(gain)))
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
