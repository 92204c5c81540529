"""The engine: a text in a voice, to a file."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.front_ends.english import English
from voicenb.sandbox.engine.front_ends.espeak import Espeak, installed
from voicenb.sandbox.engine.prosody.prosody import Prosody, emotional
from voicenb.sandbox.engine.prosody.variation import Variation
from voicenb.sandbox.engine.synthesis.assembly import Assembly
from voicenb.sandbox.engine.text.languages import ENGLISH, code, runs
from voicenb.sandbox.engine.text.segmentation import Breath, breaths
from voicenb.sandbox.engine.timbre.conversion import Converter
from voicenb.sandbox.engine.timbre.descriptions import manner
from voicenb.sandbox.engine.timbre.profile import Profile, enrol
from voicenb.sandbox.engine.timbre.speakers import SPEAKERS, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from voicenb.sandbox.engine.prosody.utterance import FrontEnd, Register, Utterance

__all__ = ["Engine"]

_UNSTABLE = 4
"""Takes differ in full from a stability of 0.75 downwards."""
_TEACHER = "en-us"
"""espeak-ng's voice that stands for all its languages: they share their sounds."""


class _Voice(NamedTuple):
    """What a front end's speech becomes."""

    register: Register | None
    sound: Callable[[str], Callable[[Utterance], npt.NDArray[np.float32]]]
    """By the front end's name."""


_OWN = _Voice(None, lambda _: lambda utterance: utterance.wave)


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
        with Assembly(speaker.text, speaker.prosody, None) as assembly:
            for breath, following in _followed(_routed(speaker.text, ENGLISH)):
                front = self._front(breath.language)
                utterance = front.speak(breath.text, speaker.prosody, speaker.register, _seed(0, breath.begin))
                assembly.add(breath, following, utterance, speaker.timbre(utterance))
            return assembly.write(target, 1.0)

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
        take: int = 0,
        stability: float | None = None,
        likeness: float = 1.0,
        compact_ms: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> dict[str, Any]:
        """Write a text's speech: see `Pool.speak`."""
        try:
            prosody = emotional(emotion)
        except KeyError as error:
            raise EngineError(f"there is no emotion {error.args[0]!r}") from None
        described = manner(describe or "")
        prosody = prosody.blended(described.prosody, 1.0).at(speed=speed, pitch=pitch)
        if profile is not None:
            voice = self._cloned(profile)
        elif described.timbre is not None:
            timbre = described.timbre
            voice = _Voice(described.register, lambda _: timbre)
        else:
            voice = _OWN
        stretches = _routed(text, code(language))
        with Assembly(text, prosody, compact_ms) as assembly:
            for number, (breath, following) in enumerate(_followed(stretches)):
                front = self._front(breath.language)
                number_seed = _seed(seed, breath.begin)
                reading = _varied(prosody, breath.text, take, stability, number_seed)
                utterance = front.speak(_said(breath, following), reading, voice.register, number_seed)
                sound = voice.sound(front.name)(utterance)
                if profile is not None and likeness < 1:
                    # A conversion is a gain without a phase, so the two add up sample by sample.
                    sound = likeness * sound + (1 - likeness) * utterance.wave[: len(sound)]
                assembly.add(breath, following, utterance, sound)
                if progress is not None:
                    progress((number + 1) / len(stretches))
            return assembly.write(target, volume)

    def _cloned(self, profile: Path) -> _Voice:
        register = Profile.load(profile).register
        written = profile.stat().st_mtime_ns
        return _Voice(register, lambda name: self._converter(name, profile, written))

    def _make_converter(self, name: str, profile: Path, _: int) -> Converter:
        front = self._front(ENGLISH if name == English.name else _TEACHER)
        return Converter(front, Profile.load(profile), self._cache)

    def _front(self, language: str) -> FrontEnd:
        if language not in self._fronts:
            self._fronts[language] = English() if language == ENGLISH else Espeak(language)
        return self._fronts[language]


def _seed(seed: int, begin: int) -> int:
    return int(np.random.SeedSequence([seed % 2**63, begin]).generate_state(1)[0])


def _varied(prosody: Prosody, text: str, take: int, stability: float | None, seed: int) -> Prosody:
    """A breath's prosody in one take; where a stability is asked for, it decides by how much."""
    if stability is not None:
        prosody = prosody.varied(1 - stability, np.random.default_rng(seed))
    amount = 1.0 if stability is None else min(1.0, _UNSTABLE * (1 - stability))
    return replace(prosody, variation=Variation(take, text, amount)) if take and amount else prosody


def _said(breath: Breath, following: Breath | None) -> str:
    """A breath's text; before a pause within its sentence with a comma, so that the voice stays up."""
    held = following is not None and following.silence and following.sentence == breath.sentence
    return f"{breath.text}," if held and breath.text[-1].isalnum() else breath.text


def _followed(stretches: list[Breath]) -> list[tuple[Breath, Breath | None]]:
    return list(zip(stretches, [*stretches[1:], None], strict=True))


def _routed(text: str, language: str | None) -> list[Breath]:
    """The text's breaths, each in one language that can be spoken here."""
    found = []
    for breath in breaths(text):
        cut = runs(breath.text, breath.begin, language, text)
        for number, run in enumerate(cut):
            last = breath.last and number == len(cut) - 1
            silence = 0.0 if number else breath.silence
            found.append(
                Breath(run.text, run.begin, breath.sentence, last=last, silence=silence, language=run.language)
            )
    if not found:
        raise EngineError("there is nothing to speak: the text holds no letter and no digit")
    foreign = " ".join(breath.text for breath in found if breath.language != ENGLISH)
    if foreign and not installed():
        raise EngineError(
            "the sandbox speaks English only, until an extra adds its other languages: pip install 'voicenb[languages]'. "
            f"These words are not English: {foreign if len(foreign) <= 120 else foreign[:119] + '…'}"
        )
    return found
