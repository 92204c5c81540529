"""Where the sound is broken: moments of it are missing, or something was put in that lasts less than a millisecond."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voicenb.measures.frames import decibels, runs_of

__all__ = ["clicks", "dropouts", "dying_levels"]

_BLOCK = 0.001
# A dropout of less is a click; one of more is a pause that begins and ends oddly.
_SHORTEST, _LONGEST = 0.004, 0.6
# dB re the level of speech: what sounds right before or after the gap, and what remains within it.
_EDGE, _REST = -25.0, -45.0
_FALL = 25.0
# A click stands this far above everything 1.5 to 20 ms away, and above a part of the loudest moments of the sound.
_CONTRAST, _LEAST_PART = 3.0, 0.5
_CLICK_BLOCK = 0.0005
_NEAR, _FAR = 3, 40


def block_levels(sound: npt.NDArray[np.float32], rate: int, seconds: float = _BLOCK) -> npt.NDArray[np.float64]:
    """The level of each millisecond in dB re full scale, a rest at the end left out; −inf is digital silence."""
    length = max(1, round(seconds * rate))
    count = len(sound) // length
    blocks = sound[: count * length].reshape(count, length)
    return decibels(np.square(blocks, dtype=np.float64).mean(axis=1))


def constant_runs(sound: npt.NDArray[np.float32], least: int) -> npt.NDArray[np.int64]:
    """Start and end of each run of `least` or more equal samples, shape ``(k, 2)``."""
    runs = runs_of(np.diff(sound) == 0)
    runs[:, 1] += 1
    return runs[runs[:, 1] - runs[:, 0] >= least]


def dropouts(sound: npt.NDArray[np.float32], rate: int, speech_level: float) -> npt.NDArray[np.float64]:
    """Start and end in seconds of gaps of 4 to 600 ms in the midst of sound, shape ``(k, 2)``.

    A gap is a run of equal samples with loud sound right before or right after it; or a stretch 45 dB below speech that
    begins and ends within 3 ms, by 25 dB and more. The closures of stops fall more slowly.

    Args:
        sound: One channel without an offset, shape ``(n,)``.
        rate: Its rate in Hz.
        speech_level: The level of its speech in dB re full scale.
    """
    found = list[tuple[float, float]]()
    edge = max(2, round(0.003 * rate))
    for start, end in constant_runs(sound, max(3, round(_SHORTEST * rate))):
        before, after = sound[max(0, start - edge) : start], sound[end : end + edge]
        inside = start > 0 and end < len(sound) and end - start <= _LONGEST * rate
        if inside and max(_level(before), _level(after)) > speech_level + _EDGE and abs(sound[start]) < 0.1:
            found.append((start / rate, end / rate))
    levels = block_levels(sound, rate)
    block = max(1, round(_BLOCK * rate)) / rate
    low = levels < speech_level + _REST
    for start, end in runs_of(low):
        if not (_SHORTEST <= (end - start) * block <= _LONGEST) or start < 3 or end + 3 > len(levels):
            continue
        rest = max(float(levels[start:end].max()), speech_level - 80)
        before, after = float(levels[start - 3 : start].max()), float(levels[end : end + 3].max())
        if min(before, after) > max(speech_level + _EDGE, rest + _FALL) and not _covered(
            found, start * block, end * block
        ):
            found.append((start * block, end * block))
    return np.array(sorted(found)).reshape(-1, 2)


def _level(sound: npt.NDArray[np.float32]) -> float:
    return float(decibels(np.square(sound, dtype=np.float64).mean())) if len(sound) else -np.inf


def _covered(found: list[tuple[float, float]], start: float, end: float) -> bool:
    return any(first < end and start < last for first, last in found)


def clicks(sound: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float64]:
    """The times in seconds of clicks: less than a millisecond that has nothing like it within 20 ms; shape ``(k,)``.

    Looked for in the second difference, where the slow movements of a voice are small and a jump is large. The pulses of the
    voice come in rows, and the noise of a stop's burst lasts: neither stands alone.

    Args:
        sound: One channel, shape ``(n,)``.
        rate: Its rate in Hz.
    """
    length = max(1, round(_CLICK_BLOCK * rate))
    count = (len(sound) - 2) // length
    if count < 2 * _FAR:
        return np.zeros(0)
    bends = np.abs(np.diff(sound.astype(np.float64), n=2))[: count * length].reshape(count, length)
    peaks = bends.max(axis=1)
    padded = np.pad(peaks, _FAR)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FAR - _NEAR + 1)
    before, after = windows[:count].max(axis=1), windows[_FAR + _NEAR : _FAR + _NEAR + count].max(axis=1)
    around = np.maximum(before, after)
    loudest = float(np.percentile(peaks, 99.5))
    alone = (peaks > _CONTRAST * around) & (peaks > _LEAST_PART * loudest) & (peaks > 1e-3)
    middles = [start + int(peaks[start:end].argmax()) for start, end in runs_of(alone)]
    return (np.array(middles, dtype=np.float64) + 0.5) * length / rate


def dying_levels(sound: npt.NDArray[np.float32], rate: int) -> tuple[float, float]:
    """The level of the last 20 ms before the silence that may end the sound, in dB re full scale, and their end in seconds."""
    differs = np.flatnonzero(np.diff(sound))
    end = int(differs[-1]) + 1 if len(differs) else 0
    return _level(sound[max(0, end - round(0.02 * rate)) : end]), end / rate
