"""What can be measured of a voice: loudness, peaks, pitch, speech and silence, noise, clipping; numpy alone.

Sound is an array of shape ``(n,)`` (mono) or ``(n, channels)``, full scale ±1; rates are in Hz, times in seconds.
Lives here: one file a kind of measure; `registry.py` has them all by name, `job.py` measures a file for an executor; extras load their packages when they are used. Does not: what is drawn of it (`voicenb.display`). May call: audio, base, errors.
"""

from voicenb.audio.channels import mixed, mono
from voicenb.measures.loudness import clipped_share, loudness, loudness_curve, loudness_range, sample_peak, true_peak
from voicenb.measures.pitch import f0_track
from voicenb.measures.spectrum import Spectrogram, envelope, spectrogram
from voicenb.measures.speech import VoiceActivity, signal_to_noise, voice_activity

__all__ = [
    "Spectrogram",
    "VoiceActivity",
    "clipped_share",
    "envelope",
    "f0_track",
    "loudness",
    "loudness_curve",
    "loudness_range",
    "mixed",
    "mono",
    "sample_peak",
    "signal_to_noise",
    "spectrogram",
    "true_peak",
    "voice_activity",
]
