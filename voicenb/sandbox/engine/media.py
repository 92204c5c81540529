"""Any audio file to mono samples at 24 kHz, and samples to a file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.spectrum import RATE, FloatArray

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Recording", "decode"]

LONGEST = 600
"""Seconds of a recording that are looked at."""


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
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate, seconds = file.samplerate, len(file) / file.samplerate
            samples = file.read(int(LONGEST * rate), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError):
        samples, rate = _decode_container(path)
        seconds = len(samples) / rate
    if not len(samples):
        raise EngineError("the recording is empty: it holds no sample")
    if not np.isfinite(samples).all():
        raise EngineError("the recording holds samples that are not numbers (NaN or infinite)")
    clipped = float((np.abs(samples) > 0.999).any(axis=1).mean())
    return Recording(_resampled(samples.mean(1), rate), seconds, rate, clipped)


def _decode_container(path: Path) -> tuple[FloatArray, int]:
    """What libsndfile cannot read (m4a, aac, video) through FFmpeg's libraries."""
    try:
        import av
    except ImportError:
        raise EngineError(
            "the recording is not WAV, FLAC, OGG or MP3; m4a, aac and video files need an extra: pip install 'voicenb[media]'"
        ) from None
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise EngineError("the recording has no sound: the file holds no audio track")
            rate = container.streams.audio[0].rate
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
            parts, total = [], 0
            for frame in container.decode(audio=0):
                for out in resampler.resample(frame):
                    parts.append(out.to_ndarray().reshape(-1))
                    total += len(parts[-1])
                if total >= LONGEST * rate:
                    break
    except (av.FFmpegError, OSError, ValueError) as error:
        raise EngineError(f"the recording cannot be read as audio ({type(error).__name__})") from None
    return np.concatenate([np.zeros(0, np.float32), *parts])[:, None], rate


def _resampled(samples: FloatArray, rate: int) -> FloatArray:
    if rate == RATE:
        return samples.astype(np.float64)
    from scipy.signal import resample_poly

    divisor = math.gcd(rate, RATE)
    return np.asarray(resample_poly(samples.astype(np.float64), RATE // divisor, rate // divisor))
