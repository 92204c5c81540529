"""The small form in which a report keeps a clip."""

from __future__ import annotations

from typing import NamedTuple

from voicenb.audio.channels import mono
from voicenb.audio.codec import encode
from voicenb.audio.containers import MIME, sniff
from voicenb.audio.reading import read
from voicenb.audio.resampling import resample
from voicenb.display.html import waveform_png

__all__ = ["BYTES_A_SECOND", "SmallClip", "small_clip"]

BYTES_A_SECOND = 4_000
"""What a second of a clip takes: about 30 kbit/s, which keeps all of speech below 12 kHz."""

_RATE = 24_000
_WAVE = (240, 28)


class SmallClip(NamedTuple):
    """A clip as it is kept.

    Attributes:
        audio: MP3, mono.
        mime: Its media type.
        wave: Its waveform, as PNG.
        duration: In seconds.
    """

    audio: bytes
    mime: str
    wave: bytes
    duration: float


def small_clip(data: bytes) -> SmallClip:
    """The small form of a sound; a small MP3 stays as it is.

    Raises:
        AudioError: It cannot be read.
    """
    sound = read(data)
    samples, rate = mono(sound.samples), sound.rate
    duration = len(samples) / rate
    wave = waveform_png(samples, width=_WAVE[0], height=_WAVE[1])
    room = BYTES_A_SECOND * duration + 2_000
    if sniff(data) == "mp3" and len(data) <= room:
        return SmallClip(data, MIME["mp3"], wave, duration)
    if rate > _RATE:
        samples, rate = resample(samples, rate, _RATE), _RATE
    small = b""
    # Noisy speech takes more at the same quality.
    for quality in (0.2, 0.1, 0.0):
        small = encode(samples, rate, "mp3", quality=quality)
        if len(small) <= room:
            break
    return SmallClip(small, MIME["mp3"], wave, duration)
