"""Samples as the formats that a request may ask for, by pieces, so that what comes first can be sent first."""

from __future__ import annotations

import io
import struct
from typing import Any

from voicenb.sandbox.twins.pcm import RATE, to_wav

__all__ = ["MEDIA", "Encoder", "encoded"]

MEDIA = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
"""The content type of each format that can be made here."""

_FILES = {"mp3": ("MP3", "MPEG_LAYER_III"), "opus": ("OGG", "OPUS"), "flac": ("FLAC", "PCM_16")}
_ENDLESS = 0xFFFF_FFFF


def encoded(samples: bytes, form: str) -> bytes:
    """Mono 16-bit samples at 24 kHz as a whole file."""
    if form == "wav":
        return to_wav(samples, RATE)
    encoder = Encoder(form)
    begun = encoder.feed(samples)
    return begun + encoder.rest() if form == "pcm" else encoder.whole()


class Encoder:
    """Encodes samples that come in pieces: what is there can be sent.

    Args:
        form: A key of `MEDIA`. A WAV says that it has no end, as streamed ones do; an MP3 says nothing of its length; a FLAC
            comes at its end.
    """

    def __init__(self, form: str) -> None:
        self._form = form
        self._sent = 0
        self._target = io.BytesIO()
        self._file: Any = None

    def feed(self, samples: bytes) -> bytes:
        """The bytes that more samples make."""
        if self._form == "pcm":
            return samples
        if self._form == "wav":
            head = b"" if self._sent else _endless_head()
            self._sent += len(samples)
            return head + samples
        import numpy as np
        import soundfile

        if self._file is None:
            kind, subtype = _FILES[self._form]
            self._file = soundfile.SoundFile(self._target, "w", RATE, 1, subtype, format=kind)
        self._file.write(np.frombuffer(samples, "<i2"))
        return b"" if self._form == "flac" else self._new()

    def rest(self) -> bytes:
        """What is left when all samples were fed."""
        if self._file is None:
            return b""
        self._file.close()
        return self._new()

    def whole(self) -> bytes:
        """The whole file, whose head knows its length; all samples were fed."""
        self._file.close()
        return self._target.getvalue()

    def _new(self) -> bytes:
        whole = self._target.getvalue()
        if self._form == "mp3" and not self._sent and whole:
            # The first frame is left empty until the length is known.
            self._sent = max(0, whole.find(b"\xff", 4))
        new = whole[self._sent :]
        self._sent = len(whole)
        return new


def _endless_head() -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", _ENDLESS, b"WAVE") + form + struct.pack("<4sI", b"data", _ENDLESS)
