"""Headerless PCM: what its content type says, a WAV around it, and whole samples out of whatever a network cuts."""

from __future__ import annotations

import io
import re
import struct
import wave

__all__ = ["Pieces", "pcm_form", "wav_of"]

_MOST_CHANNELS = 8
_LONGEST_HEADER = 4096


def pcm_form(media: str, rate: int) -> tuple[int, int]:
    """Rate in Hz and channels of raw PCM, from a content type such as ``audio/raw; codec=pcm16; rate=24000; channels=1``.

    Args:
        media: The content type, in lower case.
        rate: What is taken where it does not say.
    """
    said = {
        name: int(value) for name, value in re.findall(r"(rate|channels)\s*=\s*\"?(\d{1,6})", media) if int(value) > 0
    }
    return said.get("rate", rate), min(said.get("channels", 1), _MOST_CHANNELS)


def wav_of(pcm: bytes, rate: int, channels: int) -> bytes:
    """16-bit PCM (little endian, channels interleaved) as a WAV file; a torn last sample is dropped.

    Args:
        pcm: The samples.
        rate: In Hz.
        channels: Their number.
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(pcm[: len(pcm) // (2 * channels) * (2 * channels)])
    return file.getvalue()


class Pieces:
    """Puts a stream's bytes together to whole 16-bit samples.

    Args:
        rate: The rate in Hz, where the content type says none.

    Attributes:
        rate, channels: What the stream is, from its first piece on.
        whole: Every whole sample so far.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.channels = 1
        self.whole = bytearray()
        self._rest = b""
        self._begun = False

    def add(self, data: bytes, media: str) -> bytes:
        """The whole samples that `data` completes."""
        held = self._rest + data
        if not self._begun:
            # A header, where a WAV comes after all, is no sound; a few bytes do not tell yet.
            start = held.find(b"data")
            may_be_wav = held[:4] == b"RIFF"[: len(held)]
            complete = start >= 0 and len(held) >= start + 8
            if may_be_wav and not complete and len(held) < _LONGEST_HEADER:
                self._rest = held
                return b""
            self._begun = True
            self.rate, self.channels = pcm_form(media, self.rate)
            if may_be_wav and complete:
                self.channels, self.rate = struct.unpack_from("<HI", held, 22)
                held = held[start + 8 :]
        frame = 2 * self.channels
        size = len(held) // frame * frame
        self._rest = held[size:]
        self.whole += held[:size]
        return held[:size]
