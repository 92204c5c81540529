"""The fundamental frequency of a voice."""

from __future__ import annotations

from math import inf

import numpy as np
import numpy.typing as npt

from voicenb.audio.channels import mono
from voicenb.measures.frames import HOP, at_analysis_rate, autocorrelations, runs_of

__all__ = ["f0_track"]

_CANDIDATES = 8


def f0_track(
    samples: npt.ArrayLike, rate: int, *, lowest: float = 60.0, highest: float = 600.0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fundamental frequency every 10 ms: times in seconds and F0 in Hz, NaN where the voice does not sound.

    The autocorrelation method: the strongest periods of each frame are candidates, and the cheapest path through them,
    with a cost for leaps and for changing between voiced and unvoiced, is the track.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        lowest: The lowest F0 looked for, in Hz; a frame is three of its periods long.
        highest: The highest F0 looked for, in Hz.

    Source: P. Boersma, "Accurate short-term analysis of the fundamental frequency …", IFA Proceedings 17 (1993), 97–110;
    the costs are those of its section 4. The second pass follows C. De Looze and D. Hirst, "Detecting changes in key and
    range …", Speech Prosody 2008, with a wider range.
    """
    sound = mono(samples)
    if not len(sound):
        return np.zeros(0), np.zeros(0)
    sound, rate = at_analysis_rate(sound, rate)
    correlation, peaks = autocorrelations(sound, rate, lowest)
    first, last = max(2, int(rate / highest)), correlation.shape[1] - 2
    middle, before, after = (correlation[:, first + d : last + d] for d in (0, -1, 1))
    summit = np.where((middle > before) & (middle >= after) & (middle > 0.2), middle, -inf)
    lags = np.arange(first, last)
    # A slight liking for the higher octave, or each multiple of a period would do as well as the period.
    preference = summit + 0.01 * np.log2(rate / lags / lowest)
    chosen = np.argsort(-preference, axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(summit))[:, None]
    a, b, c = before[rows, chosen], middle[rows, chosen], after[rows, chosen]
    curvature = a - 2 * b + c
    shift = np.where(np.abs(curvature) > 1e-9, 0.5 * (a - c) / np.where(curvature == 0, 1, curvature), 0)
    lag = lags[chosen] + np.clip(shift, -0.5, 0.5)
    height = np.minimum(b - 0.25 * (a - c) * shift, 1.0)
    valid = np.isfinite(summit[rows, chosen])
    octave = np.log2(rate / lag)
    voiced_score = np.where(valid, height + 0.01 * (octave - np.log2(lowest)), -inf)
    # The 90th percentile, not the maximum: one pop would make all speech around it "silent".
    silence = 0.04 * max(float(np.percentile(peaks, 90)), 1e-9)
    unvoiced_score = 0.5 + np.maximum(0.0, 2 - peaks / silence)
    path = _best_path(voiced_score, octave, unvoiced_score)
    found = np.take_along_axis(octave, np.clip(path, 0, None)[:, None], axis=1)[path >= 0, 0]
    if len(found) >= 30:
        # A second look within an octave of the voice's own range leaves out what hum, hiss and music were taken for.
        quarter, three_quarters = np.percentile(found, [25, 75])
        voiced_score[(octave < quarter - 1) | (octave > three_quarters + 1)] = -inf
        path = _best_path(voiced_score, octave, unvoiced_score)
    picked = np.take_along_axis(octave, np.clip(path, 0, None)[:, None], axis=1)[:, 0]
    # No voice sounds for less than 40 ms between two silences; noise does.
    for start, end in runs_of(path >= 0):
        if end - start < 4:
            path[start:end] = -1
    return np.arange(len(path), dtype=np.float64) * HOP, np.where(path >= 0, np.exp2(picked), np.nan).astype(np.float64)


def _best_path(
    voiced: npt.NDArray[np.float64], octave: npt.NDArray[np.float64], unvoiced: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Viterbi over each frame's candidates and silence; −1 stands for unvoiced. Costs per 10 ms step."""
    leap, switch = 0.35, 0.14
    count = voiced.shape[1]
    scores = np.concatenate([voiced, unvoiced[:, None]], axis=1)
    total = scores[0]
    back = np.zeros(scores.shape, dtype=np.int64)
    transition = np.zeros((count + 1, count + 1))
    transition[:count, count] = transition[count, :count] = switch
    for frame in range(1, len(scores)):
        transition[:count, :count] = leap * np.abs(octave[frame - 1][:, None] - octave[frame][None, :])
        arriving = total[:, None] - transition
        back[frame] = arriving.argmax(axis=0)
        total = arriving[back[frame], np.arange(count + 1)] + scores[frame]
    path = np.empty(len(scores), dtype=np.int64)
    state = int(total.argmax())
    for frame in range(len(scores) - 1, -1, -1):
        path[frame] = state
        state = int(back[frame, state])
    return np.where(path == count, -1, path)
