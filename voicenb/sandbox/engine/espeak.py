"""The front end of every other language: espeak-ng, from a process of its own, re-pitched and re-timed by WORLD."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.espeak_program import UNKNOWN_VOICE
from voicenb.sandbox.engine.japanese import reading
from voicenb.sandbox.engine.melody import moved
from voicenb.sandbox.engine.prosody import Prosody
from voicenb.sandbox.engine.revoice import Clock, revoiced
from voicenb.sandbox.engine.spectrum import (
    FRAME,
    HOP,
    NEPER,
    RATE,
    FloatArray,
    bands_to_bins,
    frequencies,
    pitch,
    shape,
)
from voicenb.sandbox.engine.utterance import Register, Utterance, Word

__all__ = ["Espeak", "installed"]

_PROGRAM = Path(__file__).with_name("espeak_program.py")
_PATIENCE = 60
"""Seconds; a breath takes a tenth of one."""
_LEAD = 0.03
"""Seconds kept before and after the speech, at speed 1."""


class _Spoken(NamedTuple):
    wave: FloatArray
    words: list[tuple[int, int, float]]
    """Begin, length (characters), start (seconds)."""
    phonemes: list[tuple[float, str]]
    """Start (seconds) and espeak-ng's mnemonic."""


def installed() -> bool:
    """Whether the `languages` extra is there."""
    return find_spec("espeakng_loader") is not None


class Espeak:
    """espeak-ng's voice in one language.

    Args:
        voice: espeak-ng's name of it.
    """

    name = "espeak"

    def __init__(self, voice: str) -> None:
        self._voice = voice

    def register(self) -> Register:
        """The pitch of espeak-ng's default voice, measured over the source sentences."""
        return Register(4.622, 0.116, 0.107)

    def speak(self, text: str, prosody: Prosody, target: Register | None, seed: int) -> Utterance:  # noqa: ARG002
        """See `FrontEnd.speak`. The voice has no noise that a seed would change."""
        read = reading(text) if self._voice == "ja" else None
        spoken = _spoken(self._voice, read.text if read else text)
        end = len(spoken.wave) / RATE
        sounds = [(at, mnemonic) for at, mnemonic in spoken.phonemes if not mnemonic.startswith("(")]
        while sounds and _silent(sounds[-1][1]):
            end = sounds.pop()[0]
        if not sounds or not spoken.words or end <= 0:
            raise EngineError(f"these words cannot be spoken: {text!r}")
        edges = np.asarray([0.0, *(at for at, _ in sounds if 0 < at < end), end])
        edges = np.maximum.accumulate(edges)
        pausing = np.asarray([False, *(_silent(mnemonic) for at, mnemonic in sounds if 0 < at < end)])
        clock = Clock(edges, np.where(pausing, prosody.pause, 1.0) / prosody.rate)
        scale = 1 / prosody.rate
        length = float(clock.after(end)) + _LEAD * scale
        f0 = pitch(spoken.wave)[: len(spoken.wave) // HOP]
        frames = int(np.ceil((length + 0.1) / FRAME))
        if target is None and prosody == Prosody():
            wave = np.pad(spoken.wave, (0, max(0, frames * HOP - len(spoken.wave))))[: frames * HOP].astype(np.float32)
            f0 = np.pad(f0, (0, max(0, frames - len(f0))))[:frames]
            voiced = f0 > 0
        else:
            before = np.round(clock.before(np.arange(frames) * FRAME) / FRAME).astype(int)
            wanted = moved(f0, prosody, self.register(), target)[np.minimum(before, len(f0) - 1)]
            voiced = wanted > 0
            if prosody.whisper:
                wanted = np.zeros_like(wanted)
            wave, f0 = revoiced(spoken.wave, f0, wanted, clock), wanted
        if prosody.tilt:
            gain = prosody.tilt / NEPER * np.log2(np.maximum(frequencies(), 300) / 1000)
            wave = shape(wave, np.repeat(bands_to_bins(gain[None]), len(f0), axis=0))
        words = _words(read.text if read else text, spoken, end, clock)
        if read:
            words = [
                replace(word, begin=begin, end=end)
                for word in words
                for begin, end in [read.written(word.begin, word.end)]
            ]
        return Utterance(wave, f0, voiced, 0.0, length, [word for word in words if word.end > word.begin])


def _silent(mnemonic: str) -> bool:
    return mnemonic.startswith("_")


def _words(text: str, spoken: _Spoken, end: float, clock: Clock) -> list[Word]:
    """Words with their ends: the next word's start, or the pause before it."""
    placed: list[tuple[int, int, float]] = []
    for begin, size, start in spoken.words:
        if size and (not placed or begin > placed[-1][0]) and start < end:
            placed.append((begin, begin + size, start))
    pauses = [at for at, mnemonic in spoken.phonemes if _silent(mnemonic)]
    found = []
    for (begin, stop, start), (next_begin, _, next_start) in pairwise([*placed, (len(text), len(text), end)]):
        # Of a Chinese word espeak-ng marks the first character only.
        last = stop
        while last < next_begin and text[last].isalnum():
            last += 1
        quiet = [at for at in pauses if start < at < next_start]
        low, high = clock.after(np.asarray([start, min([next_start, *quiet])]))
        found.append(Word(begin, min(last, len(text)), float(low), float(high)))
    return found


@lru_cache(maxsize=64)
def _spoken(voice: str, text: str) -> _Spoken:
    from scipy.signal import resample_poly

    done = subprocess.run(  # noqa: S603 - our own program; the text goes to its standard input
        [sys.executable, "-P", str(_PROGRAM), voice],
        input=text.encode("utf-8", "replace"),
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    if done.returncode == UNKNOWN_VOICE:
        raise EngineError(
            f"the installed espeak-ng has no voice {voice!r}; pip install 'voicenb[languages]' brings one that has"
        )
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise EngineError(f"espeak-ng failed on {text!r} ({reason[-1] if reason else f'exit code {done.returncode}'})")
    header, _, samples = done.stdout.partition(b"\n")
    said = json.loads(header)
    rate = said["rate"]
    wave = np.frombuffer(samples, "<i2").astype(np.float64) / 32768
    step = int(np.gcd(rate, RATE))
    return _Spoken(
        np.asarray(resample_poly(wave, RATE // step, rate // step)),
        [(begin, size, at / rate) for begin, size, at in said["words"]],
        [(at / rate, mnemonic) for at, mnemonic in said["phonemes"]],
    )
