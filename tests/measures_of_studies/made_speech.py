"""Sound whose truth is known: vowels, whispers and whole phrases of them."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
import soundfile

VOWELS = {"a": (730, 1090, 2440), "i": (270, 2290, 3010), "u": (300, 870, 2240)}
"""Formants of a man in Hz (Peterson and Barney 1952)."""


def vowel(which="a", seconds=1.0, f0=120.0, rate=16_000, level=0.3):
    """Pulses of one pitch, or of a track of it, through three formants; float32."""
    return _vowel(which, seconds, tuple(np.atleast_1d(f0).tolist()), rate, level).copy()


@lru_cache(maxsize=200)
def _vowel(which, seconds, f0, rate, level):
    count = round(seconds * rate)
    track = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(f0)), f0)
    phase = np.cumsum(track) / rate
    sound = np.zeros(count)
    # No formant reaches beyond 7 kHz, and other rates are to have the same voice.
    for harmonic in range(1, int(min(7000, 0.45 * rate) / track.min())):
        frequency = harmonic * track
        gain = sum(1 / (1 + ((frequency - formant) / 90) ** 2) / (k + 1) for k, formant in enumerate(VOWELS[which]))
        sound += np.where(frequency < 0.45 * rate, gain, 0) * np.sin(2 * np.pi * harmonic * phase)
    return (level * sound / np.abs(sound).max()).astype(np.float32)


def fade(sound, rate, seconds=0.03):
    """The sound with soft ends."""
    length = round(seconds * rate)
    ramp = np.ones(len(sound))
    ramp[:length] = np.linspace(0, 1, length)
    ramp[-length:] = np.linspace(1, 0, length)
    return (sound * ramp).astype(np.float32)


def noise(seconds, rate=16_000, level=1e-4, seed=0):
    return np.random.default_rng(seed).normal(0, level, round(seconds * rate)).astype(np.float32)


def phrase(rate=16_000, f0=(110, 140, 100), gap=0.35, seed=0, level=0.3, which="aiu"):
    """A vowel after another with pauses between them, and weak noise under all and at both ends."""
    parts = [np.zeros(round(0.3 * rate), dtype=np.float32)]
    for one in which:
        glide = np.asarray(f0) * (1 if one == "a" else 1.1)
        parts += [fade(vowel(one, 0.8, glide, rate, level), rate), np.zeros(round(gap * rate), dtype=np.float32)]
    sound = np.concatenate(parts)
    return sound + noise(len(sound) / rate, rate, 1e-4, seed)[: len(sound)]


def wav(sound, rate=16_000):
    """The bytes of a float file, which holds the samples as they are."""
    target = io.BytesIO()
    soundfile.write(target, sound, rate, format="WAV", subtype="FLOAT")
    return target.getvalue()
