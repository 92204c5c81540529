"""Where something was put into the sound that lasts less than a third of a millisecond."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voicenb.measures.frames import runs_of

__all__ = ["clicks"]

_FRAME, _CONTEXT = 0.02, 0.06
_WIDEST = 0.0003
_BLOCK = 0.0005
# In blocks: a click is compared with what lies 1.5 to 20 ms away.
_NEAR, _FAR = 3, 40
# The part of the residual's energy that a click must explain; how far it stands above its surroundings; and that times how far
# it stands above the loudest half per cent of the sound.
_EXPLAINED, _CONTRAST, _PROMINENCE = 0.78, 2.0, 7.0
# The residual of 16-bit rounding and of dither stays below.
_LEAST = 1e-3


def clicks(sound: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float64]:
    """The times in seconds of clicks: bumps of a sample to 0.3 ms that were added to a voice; shape ``(k,)``.

    A voice is predicted from its own past. What was added from outside leaves a trace in the error of that prediction whose form
    is known: the predictor itself. A pulse of the glottis or a stop's burst, which the vocal tract rings after, does not.

    Args:
        sound: One channel, shape ``(n,)``.
        rate: Its rate in Hz.

    Source: S. J. Godsill and P. J. W. Rayner, *Digital Audio Restoration* (1998), chapter 5, detection by matched filtering.
    """
    sizes, explained = _matched(sound, rate)
    length = max(1, round(_BLOCK * rate))
    count = len(sound) // length
    if count < 2 * _FAR:
        return np.zeros(0)
    sizes, explained = (
        sizes[: count * length].reshape(count, length),
        explained[: count * length].reshape(count, length),
    )
    peaks = sizes.max(axis=1)
    best = np.where(sizes > 0.7 * peaks[:, None], explained, 0).max(axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(peaks, _FAR), _FAR - _NEAR + 1)
    around = np.maximum(windows[:count].max(axis=1), windows[_FAR + _NEAR : _FAR + _NEAR + count].max(axis=1))
    contrast = peaks / np.maximum(around, 1e-6)
    prominence = peaks / max(float(np.percentile(peaks, 99.5)), 1e-6)
    alone = (best > _EXPLAINED) & (contrast > _CONTRAST) & (contrast * prominence > _PROMINENCE) & (peaks > _LEAST)
    middles = [start + int(peaks[start:end].argmax()) for start, end in runs_of(alone)]
    return (np.array(middles, dtype=np.float64) + 0.5) * length / rate


def _matched(sound: npt.NDArray[np.float32], rate: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For each sample the size of the click that may begin there, and the share of the residual's energy that it explains."""
    order = 2 + min(rate, 32_000) // 2000
    hop, context = max(order, round(_FRAME * rate)), max(3 * order, round(_CONTEXT * rate))
    widest = max(1, round(_WIDEST * rate))
    beyond = order + widest
    margin = max((context - hop) // 2, order)
    padded = np.pad(sound.astype(np.float64), (margin, margin + hop + beyond))
    window = np.hanning(context + 2)[1:-1]
    sizes, explained = np.zeros(len(sound)), np.zeros(len(sound))
    for start in range(0, len(sound), hop):
        predictor = _predictor(padded[start : start + context] * window, order)
        heard = padded[start + margin - order : start + margin + hop + beyond]
        residual = np.convolve(heard, predictor, "valid")
        energy = np.concatenate([[0.0], np.cumsum(residual**2)])
        size, share = np.zeros(hop), np.zeros(hop)
        # The answer to a bump is the sum of the answers to each of its samples.
        single = np.concatenate([[0.0], np.cumsum(np.correlate(residual, predictor, "valid"))])
        for width in range(1, widest + 1):
            trace = np.convolve(predictor, np.ones(width))
            product = (single[width : width + hop] - single[:hop]) ** 2 / float(trace @ trace)
            part = product / np.maximum(energy[len(trace) : len(trace) + hop] - energy[:hop], 1e-20)
            better = part > share
            share[better], size[better] = part[better], product[better]
        here = min(hop, len(sound) - start)
        sizes[start : start + here], explained[start : start + here] = np.sqrt(size[:here]), share[:here]
    return sizes, explained


def _predictor(frame: npt.NDArray[np.float64], order: int) -> npt.NDArray[np.float64]:
    """The filter of linear prediction's error, by the autocorrelation method; shape ``(order + 1,)``."""
    power = np.abs(np.fft.rfft(frame, 2 * len(frame))) ** 2
    correlation = np.fft.irfft(power)[: order + 1]
    # As if there were noise 40 dB down: a silence or a pure tone has a predictor, too.
    correlation[0] = correlation[0] * 1.0001 + 1e-9
    lags = np.abs(np.subtract.outer(np.arange(order), np.arange(order)))
    return np.concatenate([[1.0], -np.linalg.solve(correlation[lags], correlation[1:])])
