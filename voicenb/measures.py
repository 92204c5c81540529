"""What can be measured of a voice: loudness, peaks, pitch, speech and silence, noise, clipping; numpy alone.

Sound is an array of shape ``(n,)`` (mono) or ``(n, channels)``, full scale ±1; rates are in Hz, times in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, pi, tan
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voicenb.resampling import resample

__all__ = [
    "Spectrogram",
    "VoiceActivity",
    "clipped_share",
    "envelope",
    "f0_track",
    "loudness",
    "loudness_curve",
    "mono",
    "sample_peak",
    "signal_to_noise",
    "spectrogram",
    "true_peak",
    "voice_activity",
]

Floats: TypeAlias = npt.NDArray[np.floating]

# Speech's pitch and most of its energy lie below 8 kHz; more would only cost time.
_ANALYSIS_RATE = 16_000
_HOP = 0.01


def mono(samples: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The mean of the channels, float32 of shape ``(n,)``."""
    sound = np.asarray(samples, dtype=np.float32)
    if sound.ndim not in {1, 2}:
        raise ValueError(f"Sound has the shape (n,) or (n, channels); {sound.shape} was given.")
    return sound if sound.ndim == 1 else np.asarray(sound.mean(axis=1), dtype=np.float32)


def _decibels(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(np.asarray(power, dtype=np.float64)))


# ── Loudness and peaks ──────────────────────────────────────────────────────────────────────────────────────────────


def _k_weighting(frequencies: Floats, rate: int) -> npt.NDArray[np.complex128]:
    """The response of BS.1770's two filters, whose 48 kHz coefficients are restated for any rate.

    The analogue parameters behind the standard's tables are those that libebur128 uses.
    """
    z = np.exp(-2j * pi * frequencies / rate)
    # Below 4 kHz of rate the shelf's corner would lie beyond the Nyquist frequency.
    k = tan(pi * min(1681.974450955533, 0.45 * rate) / rate)
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    damping = k / 0.7071752369554196
    shelf = ((high + band * damping + k * k) + 2 * (k * k - high) * z + (high - band * damping + k * k) * z * z) / (
        (1 + damping + k * k) + 2 * (k * k - 1) * z + (1 - damping + k * k) * z * z
    )
    k = tan(pi * 38.13547087602444 / rate)
    damping = k / 0.5003270373238773
    rumble = (1 - z) ** 2 / (1 + (2 * (k * k - 1) * z + (1 - damping + k * k) * z * z) / (1 + damping + k * k))
    return np.asarray(shelf * rumble)


def _k_weighted(sound: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float32]:
    """One channel through the filters, by overlap-add; their impulse response has died away after 0.25 s."""
    tail = ceil(0.25 * rate)
    size = 1 << (8 * tail - 1).bit_length()
    step = size - tail
    response = _k_weighting(np.fft.rfftfreq(size, 1 / rate), rate)
    result = np.zeros(len(sound) + size, dtype=np.float32)
    for start in range(0, len(sound), step):
        block = np.fft.irfft(np.fft.rfft(sound[start : start + step], size) * response, size)
        result[start : start + size] += block.astype(np.float32)
    return result[: len(sound)]


def _block_powers(samples: npt.ArrayLike, rate: int, window: float, hop: float) -> npt.NDArray[np.float64]:
    """K-weighted mean squares of overlapping blocks, summed over the channels with their weights."""
    sound = np.asarray(samples, dtype=np.float32)
    sound = sound[:, None] if sound.ndim == 1 else sound
    # Left, right, centre count once, the surround channels 1.41 times; a fourth channel of six is the LFE, which does not count.
    weights = [1.0, 1.0, 1.0, 0.0, 1.41, 1.41] if sound.shape[1] == 6 else [1.0, 1.0, 1.0, 1.41, 1.41]
    length, step = max(1, round(window * rate)), max(1, round(hop * rate))
    # Sound shorter than a block is one block of its own length; the standard leaves it open.
    length = min(length, max(1, len(sound)))
    starts = np.arange(0, max(1, len(sound) - length + 1), step)
    powers = np.zeros(len(starts))
    for channel, weight in zip(sound.T, weights, strict=False):
        if weight:
            sums = np.zeros(len(channel) + 1)
            np.cumsum(np.square(_k_weighted(channel, rate), dtype=np.float64), out=sums[1:])
            powers += weight * np.maximum(sums[starts + length] - sums[starts], 0) / length
    return powers


def loudness(samples: npt.ArrayLike, rate: int) -> float:
    """Integrated loudness in LUFS; −inf for silence or no sound at all.

    K-weighting, blocks of 400 ms that overlap by three quarters, the absolute gate at −70 LUFS and the relative one at
    −10 LU. Sound shorter than 400 ms is measured as one block.

    Source: Recommendation ITU-R BS.1770-4, annex 1.
    """
    sound = np.asarray(samples)
    if not len(sound):
        return -inf
    powers = _block_powers(sound, rate, 0.4, 0.1)
    levels = -0.691 + _decibels(powers)
    loud = levels > -70
    if not loud.any():
        return -inf
    gate = -0.691 + _decibels(powers[loud].mean()) - 10
    return float(-0.691 + _decibels(powers[loud & (levels > gate)].mean()))


def loudness_curve(
    samples: npt.ArrayLike, rate: int, *, window: float = 0.4, hop: float = 0.05
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Loudness over time: the blocks' middles in seconds and their levels in LUFS.

    With a window of 0.4 s this is EBU R 128's *momentary* loudness, with 3 s its *short-term* loudness.
    """
    sound = np.asarray(samples)
    if not len(sound):
        return np.zeros(0), np.zeros(0)
    powers = _block_powers(sound, rate, window, hop)
    width = min(window, len(sound) / rate)
    return np.arange(len(powers)) * round(hop * rate) / rate + width / 2, -0.691 + _decibels(powers)


def sample_peak(samples: npt.ArrayLike) -> float:
    """The largest sample in dBFS; −inf for silence."""
    sound = np.asarray(samples, dtype=np.float64)
    return float(2 * _decibels(np.abs(sound).max())) if sound.size else -inf


def true_peak(samples: npt.ArrayLike, rate: int) -> float:
    """The peak between the samples, by four-fold oversampling, in dBTP; −inf for silence.

    Source: Recommendation ITU-R BS.1770-4, annex 2.
    """
    sound = np.asarray(samples, dtype=np.float32)
    if not sound.size:
        return -inf
    return max(sample_peak(sound), sample_peak(resample(sound, rate, 4 * rate)))


def clipped_share(samples: npt.ArrayLike) -> float:
    """The share (0–1) of samples that lie in a flat top: three or more in a row at full scale, or at the sound's own peak.

    The second kind is clipping that was turned down later; it counts from −12 dBFS, below which a coarse quantisation
    makes flat tops of its own.
    """
    sound = np.asarray(samples, dtype=np.float32)
    if not sound.size:
        return 0.0
    channels = sound[:, None] if sound.ndim == 1 else sound
    clipped = 0
    for channel in channels.T:
        level = np.abs(channel)
        peak = float(level.max())
        flat = level >= 0.999
        if 0.25 <= peak < 0.999:
            flat = level >= peak - 2**-16
        # A run of three is where a sample and both its neighbours are flat; spreading that finds the whole run.
        core = flat.copy()
        core[0] = core[-1] = False
        core[1:-1] &= flat[:-2] & flat[2:] & (np.sign(channel[:-2]) == np.sign(channel[2:]))
        run = core.copy()
        run[:-1] |= core[1:]
        run[1:] |= core[:-1]
        clipped += int(run.sum())
    return clipped / sound.size


# ── Pitch ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _frames(sound: npt.NDArray[np.float32], length: int, hop: int) -> npt.NDArray[np.float32]:
    """Views of `length` samples around 0, hop, 2·hop, …; the ends are padded with zeros."""
    count = 1 + len(sound) // hop
    padded = np.pad(sound, (length // 2, length + hop))
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::hop][:count]


def _autocorrelations(
    sound: npt.NDArray[np.float32], rate: int, lowest: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Normalised autocorrelation of each frame up to the lag of `lowest` Hz, and the frames' peaks.

    Dividing by the window's own autocorrelation takes its taper out, so that a perfect period gives 1 at any lag.
    """
    length = 2 * round(1.5 * rate / lowest)
    longest = ceil(rate / lowest) + 2
    size = 1 << (length + longest).bit_length()
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2, size)[: longest + 1]
    frames = _frames(sound, length, round(_HOP * rate))
    result = np.empty((len(frames), longest + 1), dtype=np.float32)
    peaks = np.empty(len(frames), dtype=np.float32)
    for start in range(0, len(frames), 512):
        block = frames[start : start + 512]
        block = block - block.mean(axis=1, keepdims=True)
        peaks[start : start + 512] = np.abs(block).max(axis=1)
        power = np.abs(np.fft.rfft(block * window, size)) ** 2
        correlation = np.fft.irfft(power, size)[:, : longest + 1]
        energy = np.maximum(correlation[:, :1], 1e-12)
        result[start : start + 512] = correlation / energy * (own[0] / own)
    return result, peaks


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
    sound, rate = _analysis(sound, rate)
    correlation, peaks = _autocorrelations(sound, rate, lowest)
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
    for start, end in _runs(path >= 0):
        if end - start < 4:
            path[start:end] = -1
    return np.arange(len(path), dtype=np.float64) * _HOP, np.where(path >= 0, np.exp2(picked), np.nan).astype(
        np.float64
    )


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


# ── Speech, silence, noise ──────────────────────────────────────────────────────────────────────────────────────────


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


# Gaps shorter than this are closures of stops and dips within a word, not pauses.
_SHORTEST_PAUSE = 0.2
# Voicing that a stretch of sound needs in order to count as speech; a click fills the frames of some 40 ms.
_LEAST_VOICING = 0.06


def _runs(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Start and end (exclusive) of each run of True, shape ``(k, 2)``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2).astype(np.int64)


def _levels(sound: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float64]:
    """The level of each 10 ms step between 100 Hz and 7.5 kHz in dB; hum and rumble lie below. −inf is digital silence."""
    length = round(0.032 * rate)
    frames = _frames(sound, length, round(_HOP * rate))
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
    return _decibels(np.where(powers < 1e-12, 0.0, powers))


def _analysis(samples: npt.ArrayLike, rate: int) -> tuple[npt.NDArray[np.float32], int]:
    sound = mono(samples)
    if rate == _ANALYSIS_RATE:
        return sound, rate
    return resample(sound, rate, _ANALYSIS_RATE, crossings=10), _ANALYSIS_RATE


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
    sound, rate = _analysis(samples, rate)
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
    correlation, _ = _autocorrelations(sound, rate, 70.0)
    voiced = correlation[:, int(rate / 500) :].max(axis=1) > 0.5
    voiced &= loud
    least = round(_LEAST_VOICING / _HOP)
    runs = _runs(loud)
    if not len(runs):
        return nothing
    voicing = np.concatenate([[0], np.cumsum(voiced)])
    if voicing[-1] < max(least, 0.02 * loud.sum()):
        if top - floor < 15:
            return nothing
        kept = runs[runs[:, 1] - runs[:, 0] >= 10]
    else:
        # A burst before a vowel stands a moment apart from it: gaps are closed before the voicing is asked for.
        runs = _joined(runs, round(_SHORTEST_PAUSE / _HOP / 2))
        kept = runs[voicing[runs[:, 1]] - voicing[runs[:, 0]] >= least]
    kept = _joined(kept, round(_SHORTEST_PAUSE / _HOP))
    # A step's level belongs to the 10 ms around its centre.
    times = np.clip((kept - 0.5) * _HOP, 0, duration)
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
    sound, rate = _analysis(samples, rate)
    if not len(activity.segments):
        return float("nan")
    levels = _levels(sound, rate)
    times = np.arange(len(levels)) * _HOP
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
    return float(_decibels(max(total - noise, 1e-3 * noise) / noise))


# ── Pictures ────────────────────────────────────────────────────────────────────────────────────────────────────────


def envelope(samples: npt.ArrayLike, count: int) -> npt.NDArray[np.float32]:
    """The largest absolute sample in each of `count` equal stretches, shape ``(count,)``; zeros where there is no sound."""
    sound = np.abs(np.asarray(samples, dtype=np.float32))
    sound = sound if sound.ndim == 1 else sound.max(axis=1)
    if not len(sound):
        return np.zeros(count, dtype=np.float32)
    edges = np.linspace(0, len(sound), count + 1).astype(int)
    return np.maximum.reduceat(sound, np.minimum(edges[:-1], len(sound) - 1))


@dataclass(frozen=True)
class Spectrogram:
    """A short-time spectrum.

    Attributes:
        times: The frames' middles in seconds, shape ``(t,)``.
        frequencies: In Hz, shape ``(f,)``.
        levels: In dB re full scale, shape ``(f, t)``.
    """

    times: npt.NDArray[np.float64]
    frequencies: npt.NDArray[np.float64]
    levels: npt.NDArray[np.float32]


def spectrogram(samples: npt.ArrayLike, rate: int, *, window: float = 0.025, frames: int = 1200) -> Spectrogram:
    """The short-time spectrum of the mean of the channels under a Hann window.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        window: The window's length in seconds; 25 ms shows formants, 5 ms shows the glottal pulses.
        frames: The largest number of frames; the hop is 5 ms, or more for longer sound.
    """
    sound = mono(samples)
    length = max(16, round(window * rate))
    hop = max(round(0.005 * rate), ceil(len(sound) / max(1, frames)), 1)
    size = 1 << (length - 1).bit_length()
    shape = np.hanning(length + 2)[1:-1].astype(np.float32)
    blocks = _frames(sound, length, hop)
    levels = np.empty((size // 2 + 1, len(blocks)), dtype=np.float32)
    for start in range(0, len(blocks), 512):
        power = np.abs(np.fft.rfft(blocks[start : start + 512] * shape, size)) ** 2
        levels[:, start : start + 512] = _decibels(np.maximum(4 * power / float(shape.sum()) ** 2, 1e-14)).T
    return Spectrogram(
        np.arange(len(blocks), dtype=np.float64) * hop / rate,
        np.arange(size // 2 + 1, dtype=np.float64) * (rate / size),
        levels,
    )
