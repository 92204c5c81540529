"""The front end of every other language: espeak-ng, from a process of its own, re-pitched and re-timed by WORLD."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import (
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
from voicenb.sandbox.engine.acoustics.vocoder import Clock, revoiced
from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.front_ends.espeak_program import UNKNOWN_VOICE
from voicenb.sandbox.engine.front_ends.japanese import reading
from voicenb.sandbox.engine.prosody.melody import moved
from voicenb.sandbox.engine.prosody.prosody import Prosody
from voicenb.sandbox.engine.prosody.utterance import Register, Utterance, Word

__all__ = ["Espeak", "installed"]

_PROGRAM = Path(__file__).with_name("espeak_program.py")
_PATIENCE = 60
"""Seconds; a breath takes a tenth of one."""
_SPELLS = "en"
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
        sounds, end = _sounds(spoken)
        if not sounds or not spoken.words:
            # Letters that the language has no sound for, such as a lone "é" in Japanese, have one in English.
            read, spoken = None, _spoken(_SPELLS, text)
            sounds, end = _sounds(spoken)
        if not sounds or not spoken.words or end <= 0:
            raise EngineError(f"these words cannot be spoken: {text!r}")
        edges = np.asarray([0.0, *(at for at, _ in sounds if 0 < at < end), end])
        edges = np.maximum.accumulate(edges)
        pausing = np.asarray([False, *(_silent(mnemonic) for at, mnemonic in sounds if 0 < at < end)])
        factors = np.where(pausing, prosody.pause, 1.0) / prosody.rate
        if prosody.variation is not None:
            factors = factors * prosody.variation.durations(len(factors))
        clock = Clock(edges, factors)
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
            within = np.clip(np.searchsorted(edges, np.arange(len(f0)) * FRAME, "right") - 1, 0, len(factors) - 1)
            wanted = moved(f0, prosody, self.register(), target, within)[np.minimum(before, len(f0) - 1)]
            voiced = wanted > 0
            if prosody.whisper:
                wanted = np.zeros_like(wanted)
            wave, f0 = revoiced(spoken.wave, f0, wanted, clock), wanted
        if prosody.tilt:
            gain = prosody.tilt / NEPER * np.log2(np.maximum(frequencies(), 300) / 1000)
            wave = shape(wave, np.repeat(bands_to_bins(gain[None]), len(f0), axis=0))
        marks = [(begin, start) for begin, _, start in spoken.words if start < end]
        if read:
            marks = [(read.written(begin, begin + 1)[0], start) for begin, start in marks]
        pauses = [at for at, mnemonic in spoken.phonemes if _silent(mnemonic)]
        return Utterance(wave, f0, voiced, 0.0, length, _words(text, marks, pauses, end, clock))


def _sounds(spoken: _Spoken) -> tuple[list[tuple[float, str]], float]:
    """The phonemes without the changes of language among them and the silence behind them, and when that begins."""
    end = len(spoken.wave) / RATE
    sounds = [(at, mnemonic) for at, mnemonic in spoken.phonemes if not mnemonic.startswith("(")]
    while sounds and _silent(sounds[-1][1]):
        end = sounds.pop()[0]
    return sounds, end


def _silent(mnemonic: str) -> bool:
    return mnemonic.startswith("_")


_FIGURE = re.compile(r"\d+(?:[.,:/٫٬]\d+)*")


def _words(
    text: str, marks: Iterable[tuple[int, float]], pauses: Sequence[float], end: float, clock: Clock
) -> list[Word]:
    """Each word of the text once, in order, and none before the one before it has ended.

    espeak-ng marks most words, a figure once for each number that it is read as (then at offsets within and behind it), of a
    Chinese word the first character only, and after an elision or in front of a figure nothing. So its marks say when, and the
    text says what: what stands between two of them shares their time.

    Args:
        text: What was spoken, as it is written.
        marks: Offsets in it, with the seconds at which what stands there begins.
        pauses: Seconds at which it is silent.
        end: Seconds at which the speech ends.
        clock: From the seconds of espeak-ng's speech to those of the utterance.
    """
    first = next((at for at, character in enumerate(text) if _is_said(character)), len(text))
    within = {at: found.start() for found in _FIGURE.finditer(text) for at in range(*found.span())}
    # Where a word begins and when; and when the last mark of it is, after which its end is looked for.
    placed, heard = [(first, 0.0)], [-1.0]
    for begin, start in marks:
        there = within.get(begin, begin)
        if there == first and heard == [-1.0]:
            placed, heard = [(first, start)], [start]
        elif placed[-1][0] < there < len(text) and start > max(heard[-1], placed[-1][1]) and _is_said(text[there]):
            placed.append((there, start))
            heard.append(start)
        else:
            heard[-1] = max(heard[-1], start)
    found = []
    for (begin, start), (following, stop), last in zip(placed, [*placed[1:], (len(text), end)], heard, strict=True):
        parts = [
            (begin + one.start() + said[0], begin + one.start() + said[-1] + 1)
            for one in re.finditer(r"\S+", text[begin:following])
            if (said := [at for at, character in enumerate(one.group()) if _is_said(character)])
        ]
        shares = np.cumsum([0, *(high - low for low, high in parts)])
        times = start + (stop - start) * shares / max(shares[-1], 1)
        for (low, high), since, until in zip(parts, times[:-1], times[1:], strict=True):
            quiet = min([until, *(at for at in pauses if max(since, min(last, until)) < at < until)])
            begins, ends = clock.after(np.asarray([since, quiet]))
            found.append(Word(low, high, float(begins), float(ends)))
    return found


def _is_said(character: str) -> bool:
    """Whether it is more than a space, a control or punctuation."""
    return unicodedata.category(character)[0] in "LMNS"


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
