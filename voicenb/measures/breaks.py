"""Where the sound is broken off: moments of it are missing, or its end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voicenb.measures.frames import decibels, runs_of

__all__ = ["dropouts", "dying_level"]

_BLOCK = 0.001
# A dropout of less is a click; one of more is a pause that begins and ends oddly.
_SHORTEST, _LONGEST = 0.004, 0.6
# dB re the level of speech: what sounds right before silence of equal samples, or right after it, where the sound was cut.
_CUT_OFF, _CUT_ON = -30.0, -27.0
# The same of a gap that holds something: at its louder end, and within it; and how far the sound falls and rises in dB.
_EDGE, _REST, _FALL = -26.0, -45.0, 23.0
# No voice falls so far within 3 ms, whatever comes afterwards.
_STEEP_FALL = 38.0
# A pause of zeros may end in a stop's burst: of gaps that only end abruptly, shorter ones count.
_LONGEST_BEFORE_BURST = 0.13


def _block_levels(sound: npt.NDArray[np.float32], rate: int, seconds: float = _BLOCK) -> npt.NDArray[np.float64]:
    """The level of each millisecond in dB re full scale, a rest at the end left out; −inf is digital silence.

    Without each one's own mean: where a recording has a slight offset, a gap in it has none, or the other way round.
    """
    length = max(2, round(seconds * rate))
    count = len(sound) // length
    return decibels(sound[: count * length].reshape(count, length).astype(np.float64).var(axis=1))


def _constant_runs(sound: npt.NDArray[np.float32], least: int) -> npt.NDArray[np.int64]:
    """Start and end of each run of `least` or more equal samples, shape ``(k, 2)``."""
    runs = runs_of(np.diff(sound) == 0)
    runs[:, 1] += 1
    return runs[runs[:, 1] - runs[:, 0] >= least]


def dropouts(sound: npt.NDArray[np.float32], rate: int, speech_level: float) -> npt.NDArray[np.float64]:
    """Start and end in seconds of gaps of 4 to 600 ms in the midst of sound, shape ``(k, 2)``.

    A gap is a run of equal samples with loud sound right before or right after it; or a stretch 45 dB below speech that
    begins and ends within 3 ms, by 23 dB and more, or begins so by 38 dB. The closures of stops fall more slowly.

    Args:
        sound: One channel without an offset, shape ``(n,)``.
        rate: Its rate in Hz.
        speech_level: The level of its speech in dB re full scale.
    """
    found = list[tuple[float, float]]()
    for start, end in _constant_runs(sound, max(3, round(_SHORTEST * rate))):
        if start == 0 or end == len(sound) or end - start > _LONGEST * rate or abs(sound[start]) > 0.1:
            continue
        off = _cut_level(sound[:start], rate) - speech_level
        on = _cut_level(sound[end:][: round(0.02 * rate)][::-1], rate) - speech_level
        if off > _CUT_OFF or (on > _CUT_ON and end - start <= _LONGEST_BEFORE_BURST * rate):
            found.append((start / rate, end / rate))
    levels = _block_levels(sound, rate)
    length = max(2, round(_BLOCK * rate))
    block = length / rate
    for start, end in runs_of(levels < speech_level + _REST):
        if not (_SHORTEST <= (end - start) * block <= _LONGEST) or start < 3 or end + 3 > len(levels):
            continue
        # The first and the last millisecond may hold a part of what is around.
        rest = max(float(levels[start + 1 : end - 1].max()), speech_level - 80)
        off = _cut_level(sound[: start * length], rate)
        # A cut takes no time: the block that holds it, and the next one. A stop's release takes some milliseconds more.
        on = float(levels[end : end + 2].max())
        # A slow wave that goes on in the gap, as between two pulses of a low voice, is none of the edge's.
        fall = min(off, float(levels[start - 2 : start].max()), on) - rest
        abrupt = fall > _FALL and max(off, on) > speech_level + _EDGE
        then = max(float(levels[start + 1 : start + 4].max()), speech_level - 80)
        steep = off > max(then + _STEEP_FALL, speech_level + _EDGE)
        if (abrupt or steep) and not _covered(found, start * block, end * block):
            found.append((start * block, end * block))
    return np.array(sorted(found)).reshape(-1, 2)


def _cut_level(sound: npt.NDArray[np.float32], rate: int) -> float:
    """The level at the end of a sound that was cut off there, in dB re full scale; −inf where it was dying away, or had not begun.

    A fade of 10 ms and more to silence ends 11 dB and more below what it was in the 10 ms before, and a click stands above that.
    """
    last, before = max(2, round(0.001 * rate)), round(0.01 * rate)
    level = max(_level(sound[-last:]), _level(sound[-2 * last : -last]))
    change = level - _level(sound[-before - last : -last])
    return level if -11 < change < 17 else -np.inf


def _level(sound: npt.NDArray[np.floating]) -> float:
    return float(decibels(np.square(sound, dtype=np.float64).mean())) if len(sound) else -np.inf


def _covered(found: list[tuple[float, float]], start: float, end: float) -> bool:
    return any(first < end and start < last for first, last in found)


def dying_level(sound: npt.NDArray[np.float32], rate: int) -> tuple[float, float]:
    """The level of the last 20 ms before the silence that may end the sound, in dB re full scale, and their end in seconds.

    Without their mean and slope, which no voice has: the rumble of a room below 15 Hz goes on when the voice is over.
    """
    differs = np.flatnonzero(np.diff(sound))
    end = int(differs[-1]) + 1 if len(differs) else 0
    last = sound[max(0, end - round(0.02 * rate)) : end].astype(np.float64)
    if len(last) > 2:
        times = np.linspace(-1, 1, len(last))
        last = last - last.mean() - times * (last @ times) / (times @ times)
    return _level(last), end / rate
