"""Where somebody speaks, and how far that stands above the background."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from voicenb.measures.frames import HOP, at_analysis_rate, autocorrelation_blocks, decibels, frames_of, runs_of

__all__ = ["VoiceActivity", "signal_to_noise", "voice_activity"]


@dataclass(frozen=True)
class VoiceActivity:
    """Where somebody speaks.

    Attributes:
        segments: Start and end of each stretch of speech in seconds, shape ``(k, 2)``, in order.
    """

    segments: npt.NDArray[np.float64]

    @property
    def start(self) -> float:
        """The beginning of the first speech in seconds; 0 where there is none."""
        return float(self.segments[0, 0]) if len(self.segments) else 0.0

    @property
    def end(self) -> float:
        """The end of the last speech in seconds; 0 where there is none."""
        return float(self.segments[-1, 1]) if len(self.segments) else 0.0

    @property
    def span(self) -> float:
        """Seconds from the first to the last speech, the pauses between included."""
        return self.end - self.start

    @property
    def active(self) -> float:
        """Seconds of speech, without the pauses."""
        return float((self.segments[:, 1] - self.segments[:, 0]).sum()) if len(self.segments) else 0.0

    @property
    def pauses(self) -> npt.NDArray[np.float64]:
        """Start and end of the pauses between the stretches of speech in seconds, shape ``(k − 1, 2)``."""
        return np.stack([self.segments[:-1, 1], self.segments[1:, 0]], axis=1)

    def during(self, times: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """Which of the times, in seconds and in any order, lie in speech; the segments' ends count."""
        at = np.searchsorted(self.segments[:, 0], times, side="right") - 1
        return np.asarray((at >= 0) & (times <= self.segments[np.maximum(at, 0), 1])) if len(self.segments) else at >= 0


# Gaps shorter than this are closures of stops and dips within a word, not pauses.
_SHORTEST_PAUSE = 0.2
# Voicing that a stretch of sound needs in order to count as speech; a click fills the frames of some 40 ms.
_LEAST_VOICING = 0.06


def _levels(sound: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float64]:
    """The level of each 10 ms step between 100 Hz and 7.5 kHz in dB; hum and rumble lie below. −inf is digital silence."""
    length = round(0.032 * rate)
    frames = frames_of(sound, length, round(HOP * rate))
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    band = (frequencies >= 100) & (frequencies <= 7500)
    powers = np.empty(len(frames))
    for start in range(0, len(frames), 2048):
        spectrum = np.fft.rfft(frames[start : start + 2048] * window, axis=1)[:, band]
        powers[start : start + 2048] = (np.abs(spectrum) ** 2).sum(axis=1)
    # One-sided spectrum, window power: a full-scale sine in the band reads about −3 dB.
    powers *= 2 / (length * float((window**2).sum()))
    # Rounding of the transform leaves some 10⁻¹³ beside loud sound.
    return decibels(np.where(powers < 1e-12, 0.0, powers))


def voice_activity(samples: npt.ArrayLike, rate: int) -> VoiceActivity:
    """Where somebody speaks, whatever the recording's level and steady background.

    A step of 10 ms is loud when it stands 6 dB above the recording's own floor (the 5th percentile of its levels) and not
    more than 40 dB below its speech (the 95th). A stretch of loud steps counts when the voice sounds in it (periodic
    frames for 60 ms or more), which leaves out clicks, breaths and noise but keeps the consonants at a word's ends. A
    recording without any voicing but with 15 dB between loud and quiet is taken as whispered. Gaps below 0.2 s do not
    divide speech.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
    """
    nothing = VoiceActivity(np.zeros((0, 2)))
    sound, rate = at_analysis_rate(samples, rate)
    if not len(sound):
        return nothing
    duration = len(sound) / rate
    levels = _levels(sound, rate)
    heard = levels[np.isfinite(levels)]
    if not len(heard):
        return nothing
    floor, top = np.percentile(heard, [5, 95])
    threshold = min(max(floor + 6, top - 40), top - 5)
    loud = levels > max(threshold, -80.0)
    # Block by block: of an hour's sound all of it would be half a gigabyte.
    blocks = autocorrelation_blocks(sound, rate, 70.0)
    voiced = np.concatenate([one[:, int(rate / 500) :].max(axis=1) for one, _ in blocks]) > 0.5
    voiced &= loud
    least = round(_LEAST_VOICING / HOP)
    runs = runs_of(loud)
    if not len(runs):
        return nothing
    voicing = np.concatenate([[0], np.cumsum(voiced)])
    if voicing[-1] < max(least, 0.02 * loud.sum()):
        if top - floor < 15:
            return nothing
        kept = runs[runs[:, 1] - runs[:, 0] >= 10]
    else:
        # A burst before a vowel stands a moment apart from it: gaps are closed before the voicing is asked for.
        runs = _joined(runs, round(_SHORTEST_PAUSE / HOP / 2))
        kept = runs[voicing[runs[:, 1]] - voicing[runs[:, 0]] >= least]
    kept = _joined(kept, round(_SHORTEST_PAUSE / HOP))
    # A step's level belongs to the 10 ms around its centre.
    times = np.clip((kept - 0.5) * HOP, 0, duration)
    return VoiceActivity(times[times[:, 1] > times[:, 0]])


def _joined(runs: npt.NDArray[np.int64], gap: int) -> npt.NDArray[np.int64]:
    """The runs with gaps shorter than `gap` steps closed."""
    if len(runs) < 2:
        return runs
    apart = np.flatnonzero(runs[1:, 0] - runs[:-1, 1] >= gap)
    starts = np.concatenate([[0], apart + 1])
    ends = np.concatenate([apart, [len(runs) - 1]])
    return np.stack([runs[starts, 0], runs[ends, 1]], axis=1)


def signal_to_noise(samples: npt.ArrayLike, rate: int, activity: VoiceActivity | None = None) -> float:
    """An estimate of speech above background in dB; NaN without speech, inf where the pauses are digital silence.

    The background is the median level of what sounds 50 ms and more away from speech, which a click or a breath does not
    change; where a recording has less than 0.1 s of that, it is the 2nd percentile of its levels, which holds weak sounds
    too and so gives an estimate on the low side.
    """
    activity = activity or voice_activity(samples, rate)
    sound, rate = at_analysis_rate(samples, rate)
    if not len(activity.segments):
        return float("nan")
    levels = _levels(sound, rate)
    times = np.arange(len(levels)) * HOP
    speech = np.zeros(len(levels), dtype=bool)
    near = np.zeros(len(levels), dtype=bool)
    for start, end in activity.segments:
        speech |= (times >= start) & (times <= end)
        near |= (times >= start - 0.05) & (times <= end + 0.05)
    total = float((10 ** (levels[speech] / 10)).mean())
    quiet = levels[~near]
    background = quiet[np.isfinite(quiet)]
    if len(quiet) >= 10 and not len(background):
        return inf
    if len(background) >= 10:
        noise = float(10 ** (np.median(background) / 10))
    else:
        noise = float(10 ** (np.percentile(levels[np.isfinite(levels)], 2) / 10))
    return float(decibels(max(total - noise, 1e-3 * noise) / noise))
