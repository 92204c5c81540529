"""A recording prepared for a service: trimmed, cut at a pause, mono, levelled."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voicenb.audio.channels import mixed
from voicenb.audio.resampling import resample
from voicenb.measures import VoiceActivity, loudness, true_peak, voice_activity

__all__ = ["Prepared", "prepare"]

_MOST_RATE = 48_000
_MARGIN = 0.15
"""Silence kept before and after speech in s, so that the first and the last sound keep their attack and their tail."""
_ROOM = 1.0
"""A cut recording stays this many seconds below the longest allowed: the service measures by itself."""
_LOUDNESS, _PEAK = -23.0, -1.0
_FADE = 0.005


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared recording.

    Attributes:
        samples: float32 of shape ``(n,)``.
        rate: In Hz.
        changes: What was done, in words with numbers.
    """

    samples: npt.NDArray[np.float32]
    rate: int
    changes: tuple[str, ...]


def prepare(
    samples: npt.NDArray[np.float32], rate: int, *, shortest: float | None = None, longest: float | None = None
) -> Prepared:
    """Mixes to mono, takes off a constant offset, resamples from above 48 kHz, trims, cuts, and levels.

    The level aims at −23 LUFS (EBU R 128) with a true peak of −1 dBTP at most; a gain changes nothing else about the
    voice. Rates below 48 kHz stay: there is nothing to be gained.

    Args:
        samples: Shape ``(n,)`` or ``(n, channels)``.
        rate: In Hz.
        shortest: Speech has to be longer than this (s), which limits where it may be cut; or None.
        longest: Speech has to be shorter than this (s); or None.
    """
    changes: list[str] = []
    sound = _mixed(samples, changes)
    offset = float(sound.mean())
    if abs(offset) > 1e-3:
        sound = sound - np.float32(offset)
        changes.append(f"a constant offset of {offset:.3f} removed".replace("-", "−"))
    if rate > _MOST_RATE:
        sound = resample(sound, rate, _MOST_RATE)
        changes.append(f"resampled from {rate / 1000:g} to {_MOST_RATE / 1000:g} kHz")
        rate = _MOST_RATE
    activity = voice_activity(sound, rate)
    if activity.span:
        sound = _trimmed(sound, rate, activity, changes, shortest=shortest, longest=longest)
        sound = _levelled(sound, rate, changes)
    return Prepared(np.ascontiguousarray(sound, dtype=np.float32), rate, tuple(changes))


def _mixed(samples: npt.NDArray[np.float32], changes: list[str]) -> npt.NDArray[np.float32]:
    if samples.ndim == 1:
        return samples
    if samples.shape[1] == 1:
        return samples[:, 0]
    sound, taken = mixed(samples)
    if taken is not None:
        changes.append(f"channel {taken + 1} of {samples.shape[1]} taken")
    else:
        changes.append(f"{samples.shape[1]} channels mixed to mono")
    return sound


def _trimmed(
    sound: npt.NDArray[np.float32],
    rate: int,
    activity: VoiceActivity,
    changes: list[str],
    *,
    shortest: float | None,
    longest: float | None,
) -> npt.NDArray[np.float32]:
    duration = len(sound) / rate
    end, cut = activity.end, False
    if longest is not None and activity.span >= longest:
        end, cut = _cut(sound, rate, activity, shortest, longest - _ROOM), True
        changes.append(f"cut from {activity.span:.1f} s to {end - activity.start:.1f} s of speech")
    first, last = max(0.0, activity.start - _MARGIN), min(duration, end + (0.0 if cut else _MARGIN))
    lead, tail = first, 0.0 if cut else duration - last
    if max(lead, tail) < 0.1 and not cut:
        return sound
    ends = [f"{length:.2f} s {place}" for length, place in ((lead, "before"), (tail, "after")) if length >= 0.1]
    if ends:
        changes.append(f"silence trimmed: {' and '.join(ends)} the speech")
    kept = sound[round(first * rate) : round(last * rate)].copy()
    ramp = np.linspace(0, 1, max(1, round(_FADE * rate)), dtype=np.float32)[: len(kept)]
    kept[: len(ramp)] *= ramp
    kept[len(kept) - len(ramp) :] *= ramp[::-1]
    return kept


def _cut(
    sound: npt.NDArray[np.float32], rate: int, activity: VoiceActivity, shortest: float | None, limit: float
) -> float:
    """Where to end, in s: shortly into the last pause that leaves `limit` s of speech or less, else the quietest moment."""
    latest = activity.start + limit
    earliest = activity.start + max(0.5 * limit, (shortest or 0.0) + _ROOM)
    pauses = [pause for pause in activity.pauses if earliest <= pause[0] <= latest]
    if pauses:
        begin, stop = pauses[-1]
        return float(min(begin + min(_MARGIN, (stop - begin) / 2), latest))
    step = max(1, round(0.02 * rate))
    region = sound[round(max(earliest, latest - 5) * rate) : round(latest * rate)]
    count = len(region) // step
    if not count:
        return latest
    powers = (region[: count * step].reshape(count, step).astype(np.float64) ** 2).mean(axis=1)
    return max(earliest, latest - 5) + (int(powers.argmin()) + 0.5) * step / rate


def _levelled(sound: npt.NDArray[np.float32], rate: int, changes: list[str]) -> npt.NDArray[np.float32]:
    level, peak = loudness(sound, rate), true_peak(sound, rate)
    gain = min(_LOUDNESS - level, _PEAK - peak)
    if not math.isfinite(gain) or abs(gain) < 0.5:
        return sound
    held = " (its peaks allow no more)" if gain < _LOUDNESS - level - 0.1 and gain > 0 else ""
    word = "raised" if gain > 0 else "lowered"
    changes.append(f"level {word} by {abs(gain):.1f} dB to {level + gain:.1f} LUFS{held}".replace("-", "−"))
    return sound * np.float32(10 ** (gain / 20))
