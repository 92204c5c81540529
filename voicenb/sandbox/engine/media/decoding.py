"""Any audio file to mono samples at 24 kHz, and samples to a file."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import RATE, FloatArray
from voicenb.sandbox.engine.errors import EngineError

__all__ = ["Recording", "decode"]

LONGEST = 600
"""Seconds of a recording that are looked at."""

_PROGRAM = Path(__file__).with_name("media_program.py")
_PATIENCE = 60.0
_RATES = (1000, 768_000)
_CHANNELS = 64
# Samples of all channels together: 256 MiB.
_MOST = 2**26
# The largest denominator of a change of rate: it is met to 0.00005, a tenth of a cent.
_FINEST = 10_000
# Two channels that have nothing in common keep half of their power in the mean.
_CANCELLED = 0.3


class Recording(NamedTuple):
    """A decoded recording."""

    wave: FloatArray
    """Mono, 24 kHz, at most the first ten minutes."""
    seconds: float
    """Of the whole file."""
    rate: int
    """Hz, the file's own."""
    clipped: float
    """Share of samples at full scale."""


def decode(path: Path) -> Recording:
    """Read a recording.

    Raises:
        EngineError: It is no audio, it is empty, or it needs the `media` extra.
    """
    samples, rate, seconds = _decode_plain(path)
    if not len(samples):
        was_audio = bool(rate)
        try:
            samples, rate, seconds = _decode_container(path)
        except EngineError:
            if not was_audio:
                raise
    if not len(samples):
        raise EngineError("the recording is empty: it holds no sample")
    samples = samples[: int(LONGEST * rate)]
    if not np.isfinite(samples).all():
        raise EngineError("the recording holds samples that are not numbers (NaN or infinite)")
    clipped = float((np.abs(samples) > 0.999).any(axis=1).mean())
    return Recording(_resampled(_mixed(samples), rate), seconds, rate, clipped)


def _decode_plain(path: Path) -> tuple[FloatArray, int, float]:
    """What libsndfile reads; no samples where it cannot, or finds none."""
    import soundfile

    nothing = np.zeros((0, 1), np.float32)
    rate = 0
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            if not (_RATES[0] <= rate <= _RATES[1] and file.channels <= _CHANNELS):
                raise EngineError(
                    f"the recording says {rate} Hz and {file.channels} channels; {_RATES[0]} to {_RATES[1]} Hz and "
                    f"at most {_CHANNELS} channels are read"
                )
            frames = min(int(LONGEST * rate), _MOST // file.channels)
            samples = file.read(frames, dtype="float32", always_2d=True)
            # A header may claim anything; where it gives less than was asked for, that is all there is.
            return samples, rate, (len(samples) if len(samples) < frames else max(len(file), len(samples))) / rate
    except (soundfile.SoundFileError, OSError, ValueError, TypeError, OverflowError):
        return nothing, rate, 0.0


def _decode_container(path: Path) -> tuple[FloatArray, int, float]:
    """What libsndfile cannot read (m4a, aac, video, headers left unfinished) through FFmpeg, in a process of its own."""
    found = importlib.util.find_spec("av")
    if found is None or not found.origin:
        raise EngineError(
            "the recording is not WAV, FLAC, OGG or MP3; m4a, aac and video files need an extra: pip install 'voicenb[media]'"
        )
    packages = Path(found.origin).parents[1]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-P", str(_PROGRAM), str(path), str(LONGEST), str(packages)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        header, _, content = done.stdout.partition(b"\n")
        said = json.loads(header)
    except subprocess.TimeoutExpired:
        raise EngineError(f"the recording cannot be read as audio within {_PATIENCE:.0f} s") from None
    except (OSError, ValueError):
        raise EngineError("the recording cannot be read as audio: its decoder broke down") from None
    if "error" in said:
        raise EngineError(f"the recording cannot be read as audio: {said['error']}")
    channels = said["channels"]
    samples = np.frombuffer(content, "<f4")
    samples = samples[: len(samples) // channels * channels].reshape(-1, channels)
    return samples, said["rate"], len(samples) / said["rate"]


def _mixed(samples: FloatArray) -> FloatArray:
    """The mean of the channels; the loudest one where the others would cancel it (one side inverted) or thin it out."""
    if samples.shape[1] == 1:
        return samples[:, 0]
    mean = samples.mean(1)
    powers = samples.var(0, dtype=np.float64)
    loudest = int(powers.argmax())
    return samples[:, loudest] if mean.var(dtype=np.float64) < _CANCELLED * powers[loudest] else mean


def _resampled(samples: FloatArray, rate: int) -> FloatArray:
    if rate == RATE:
        return samples.astype(np.float64)
    from scipy.signal import resample_poly

    # The filter is twenty times as long as the larger term: 767,999 Hz as it stands would take a gigabyte. Rates that are used are exact.
    ratio = Fraction(RATE, rate).limit_denominator(_FINEST)
    return np.asarray(resample_poly(samples, ratio.numerator, ratio.denominator), np.float64)
