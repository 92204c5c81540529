"""A small form of a sound, which a saved notebook keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicenb.audio.channels import mono
from voicenb.audio.codec import encode
from voicenb.audio.containers import MIME
from voicenb.audio.resampling import resample
from voicenb.display.html import MAX_EMBEDDED

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["compact"]

_EMBEDDED_RATE = 24_000
# A waveform's picture and the words around a player, in bytes.
_PICTURE = 4_000


def compact(
    samples: npt.NDArray[np.float32], rate: int, *, data: bytes = b"", form: str | None = None
) -> tuple[bytes | None, str]:
    """A small form of the sound for a saved notebook: bytes and media type; with its picture, an eighth of a 16-bit WAV.

    The received bytes where a browser plays them and they are as small, else mono mp3 of about 30 kbit/s at 24 kHz or
    below, which keeps everything below 12 kHz; None where that would be more than `MAX_EMBEDDED`.
    """
    room = max(len(samples) // 4 - _PICTURE, len(samples) // 5)
    if form in {"mp3", "ogg", "m4a"} and len(data) <= room:
        return (data if len(data) <= MAX_EMBEDDED else None), MIME[form]
    # Silence takes next to nothing, so the estimate is generous: it only saves the work where there is no hope.
    if len(samples) / rate * 1000 * 8 > MAX_EMBEDDED * 2:
        return None, MIME["mp3"]
    sound = mono(samples)
    if rate > _EMBEDDED_RATE:
        sound, rate = resample(sound, rate, _EMBEDDED_RATE), _EMBEDDED_RATE
    # Noisy speech takes more at the same quality: there the next lower one.
    for quality in (0.4, 0.3, 0.2, 0.1):
        small = encode(sound, rate, "mp3", quality=quality)
        if len(small) <= room:
            break
    return (small if len(small) <= MAX_EMBEDDED else None), MIME["mp3"]
