"""The measures that voicenb has itself."""

from __future__ import annotations

from voicenb.measures.definition import Measure
from voicenb.measures.distance import f0_correlation, mcd
from voicenb.measures.loudness import loudness, loudness_range, true_peak
from voicenb.measures.sound import Sound
from voicenb.measures.speaking import f0_median, f0_range, pause_seconds, pauses, speech_rate
from voicenb.measures.speech import signal_to_noise
from voicenb.measures.timbre import bandwidth, centroid, ltas_distance, tilt

__all__ = ["BUILT_IN"]

_TEMPO = "H. Quené, Journal of Phonetics 35 (2007): 5 % of tempo"
_PITCH = "J. 't Hart, JASA 69 (1981): 1.5 to 2 semitones"
_NOISE = "D. McShefferty et al., Trends in Hearing 19 (2015): 3 dB"
_LEVEL = "1 dB, the usual step of a just audible change of level"


def _compared(sound: Sound) -> Sound:
    # `Measure.value` has seen to it that there is one.
    assert sound.reference is not None
    return sound.reference


BUILT_IN: tuple[Measure, ...] = (
    Measure(
        "duration", "s", 1, lambda sound: sound.duration, "Length of the file, silence included.",
        relative=True, margin=0.05, margin_source=_TEMPO, scale="ratio",
    ),
    Measure(
        "speech_rate", "1/s", 1, lambda sound: speech_rate(sound.text or "", sound.activity),
        "Letters and digits of the text, or CJK characters, per second of speech without pauses.",
        relative=True, needs_text=True, margin=0.05, margin_source=_TEMPO, scale="ratio",
    ),
    Measure(
        "pauses", "", 1, lambda sound: pauses(sound.activity),
        "Count of pauses of 0.2 s or more between the first and the last speech.",
    ),
    Measure(
        "pause_seconds", "s", 1, lambda sound: pause_seconds(sound.activity),
        "Seconds of pauses of 0.2 s or more between the first and the last speech.",
    ),
    Measure(
        "f0_median", "Hz", 1, lambda sound: f0_median(sound.pitch.f0),
        "Median fundamental frequency of the voiced frames, by autocorrelation (Boersma 1993).",
        margin=1.5, margin_source=_PITCH, scale="semitones",
    ),
    Measure(
        "f0_range", "st", 1, lambda sound: f0_range(sound.pitch.f0),
        "Semitones between the 5th and the 95th percentile of the voiced frames' fundamental frequency.",
    ),
    Measure(
        "loudness", "LUFS", 1, lambda sound: loudness(sound.samples, sound.rate),
        "Integrated loudness of one channel by ITU-R BS.1770-4.",
        margin=1.0, margin_source=_LEVEL,
    ),
    Measure(
        "loudness_range", "LU", 1, lambda sound: loudness_range(sound.samples, sound.rate),
        "Loudness range by EBU Tech 3342, for sound of 3 s or more.",
    ),
    Measure(
        "true_peak", "dBTP", 1, lambda sound: true_peak(sound.samples, sound.rate),
        "Peak of the four-fold oversampled sound by ITU-R BS.1770-4.",
    ),
    Measure(
        "centroid", "Hz", 1, lambda sound: centroid(sound.samples, sound.rate, sound.spectrum),
        "Power-weighted mean frequency of speech from 50 Hz to half the rate.", scale="ratio",
    ),
    Measure(
        "tilt", "dB/oct", 1, lambda sound: tilt(sound.samples, sound.rate, sound.spectrum),
        "Slope of the third-octave power density of speech from 100 Hz to 8 kHz or half the rate.",
    ),
    Measure(
        "bandwidth", "Hz", 1, lambda sound: bandwidth(sound.samples, sound.rate, sound.spectrum),
        "Frequency below which 99 % of the energy of speech lies.", scale="ratio",
    ),
    Measure(
        "snr", "dB", 1, lambda sound: signal_to_noise(sound.samples, sound.rate, sound.activity),
        "Power of speech above the median background of the pauses.",
        margin=3.0, margin_source=_NOISE,
    ),
    Measure(
        "ltas_distance", "dB", 1, lambda sound: ltas_distance(sound.ltas, _compared(sound).ltas),
        "Root mean square difference of the third-octave long-term spectra of speech, levels aligned.",
        needs_reference=True,
    ),
    Measure(
        "mcd_mfcc13_80mel_dtw", "dB", 1, lambda sound: mcd(sound.spoken, _compared(sound).spoken, sound.path),
        "Mel-cepstral distance of speech: MFCC 1 to 13 of 80 mel bands, dynamic time warping.",
        needs_reference=True,
    ),
    Measure(
        "f0_correlation", "", 1, lambda sound: f0_correlation(sound.spoken, _compared(sound).spoken, sound.path),
        "Pearson's correlation of log fundamental frequency over the voiced frames that dynamic time warping aligns.",
        needs_reference=True,
    ),
    Measure(
        "artefacts", "", 1, lambda sound: float(len(sound.findings)),
        "Count of places with clipping, a dropout, a repeat, a truncation, a long silence, a click or a DC offset.",
    ),
)  # fmt: skip
"""In the order in which tables show them."""
