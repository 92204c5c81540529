"""Sound that comes in pieces, in any of the usual forms, as samples that can be heard at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from voicenb.audio.codec import decode
from voicenb.audio.mpeg import find_mpeg_start, frame_length
from voicenb.audio.sound import AudioError
from voicenb.services.pcm import Entrance, NotSoundError, Pieces, container_of, is_plausible, wav_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Hearing", "Mp3Pieces"]

_AT_ONCE = 24
"""MP3 frames that are decoded together at least: 0.6 s at 24 kHz."""
_REACH = 65_536
_ENOUGH = 4096
"""Bytes that tell what a stream is: several MP3 frames are in them."""


class Mp3Pieces:
    """Decodes an MP3 stream as it comes, by whole frames.

    Attributes:
        rate: Samples a second, in Hz; 0 until the first were decoded.
        channels: Their number.
    """

    def __init__(self) -> None:
        self.rate = 0
        self.channels = 1
        self._rest = b""
        self._begun = False
        self._frames: list[bytes] = []
        self._done = 0

    def add(self, data: bytes, *, last: bool = False) -> bytes:
        """The samples that can be decoded now, as 16-bit PCM (little endian, channels interleaved).

        Args:
            data: More bytes.
            last: Whether the stream ends with them.

        Raises:
            AudioError: It cannot be decoded.
        """
        self._rest += data
        place = 0
        while True:
            length = frame_length(self._rest, place) if self._begun else None
            if length is None:
                # At the beginning, and behind what is no frame.
                start = find_mpeg_start(self._rest, place, _REACH)
                if start is None:
                    break
                self._begun, place = True, start
            elif place + length > len(self._rest):
                break
            else:
                self._frames.append(self._rest[place : place + length])
                place += length
        self._rest = self._rest[place:]
        fresh = len(self._frames) - self._done
        # The more has to be decoded once more, the more has to be new.
        return self._decoded(fresh) if fresh and (last or fresh >= max(_AT_ONCE, self._done // 4)) else b""

    def _decoded(self, fresh: int) -> bytes:
        """The samples of the last `fresh` frames."""
        sound, self.rate = decode(b"".join(self._frames))
        self.channels = 1 if sound.ndim == 1 else sound.shape[1]
        if self._done:
            sound = sound[-fresh * _samples_in(self._frames[-1]) :]
        # A frame may take bits of those before it: the next decoding begins at one that takes none, and overlaps this one.
        whole = (place for place in range(len(self._frames) - _OVERLAP, 0, -1) if not _bits_before(self._frames[place]))
        self._frames = self._frames[next(whole, 0) :]
        self._done = len(self._frames)
        return _as_pcm(sound)


_OVERLAP = 2


def _bits_before(frame: bytes) -> int:
    """How many bytes of the frames before it a layer-3 frame takes (ISO 11172-3 and 13818-3, ``main_data_begin``)."""
    at = 4 if frame[1] & 1 else 6
    return frame[at] << 1 | frame[at + 1] >> 7 if frame[1] >> 3 & 3 == 3 else frame[at]


def _samples_in(frame: bytes) -> int:
    """Samples a channel of a layer-3 frame."""
    return 1152 if frame[1] >> 3 & 3 == 3 else 576


def _as_pcm(sound: npt.NDArray[np.float32]) -> bytes:
    import numpy as np

    return np.clip(np.rint(sound * 32767), -32768, 32767).astype("<i2").tobytes()


class Hearing:
    """Passes a stream's sound on as it comes: bare samples, WAV and MP3 by pieces, other files whole at their end.

    Args:
        rate: The rate in Hz of bare samples, where nothing says it.
        receive: Gets the samples, as `voicenb.services.base.Streaming` has it.
    """

    def __init__(self, rate: int, receive: Callable[[bytes, int, int], Awaitable[None]]) -> None:
        self._receive = receive
        self._entrance = Entrance(rate)
        self._pieces = Pieces(rate)
        self._head: bytes | None = b""
        # The bytes of what is a file, and what decodes it by pieces; without the first, it is bare samples or WAV.
        self._file: bytearray | None = None
        self._mp3: Mp3Pieces | None = None

    async def add(self, data: bytes, media: str, *, last: bool = False) -> None:
        """Take more bytes.

        Args:
            data: The bytes.
            media: The content type, in lower case.
            last: Whether the stream ends with them.

        Raises:
            NotSoundError: It is text, or nothing that is known; nothing of it was passed on.
        """
        if self._head is not None:
            data = self._head + data
            if len(data) < _ENOUGH and not last:
                self._head = data
                return
            self._head = None
            if container_of(data) not in {None, "wav"}:
                self._file = bytearray()
                # Other files, AAC in its own framing among them, cannot be cut anywhere.
                self._mp3 = Mp3Pieces() if find_mpeg_start(data, 0, _REACH) is not None else None
        if self._file is None:
            samples = self._pieces.add(self._entrance.add(data, media, last=last), media)
            if samples:
                await self._receive(samples, self._pieces.rate, self._pieces.channels)
            return
        self._file += data
        # What cannot be decoded is kept as it came, and what it is shows when it is read.
        with suppress(AudioError):
            if self._mp3 is not None:
                samples = await anyio.to_thread.run_sync(partial(self._mp3.add, data, last=last))
                if samples:
                    await self._receive(samples, self._mp3.rate, self._mp3.channels)
            elif last:
                sound, rate = await anyio.to_thread.run_sync(decode, bytes(self._file))
                await self._receive(_as_pcm(sound), rate, 1 if sound.ndim == 1 else sound.shape[1])

    async def whole(self, media: str) -> bytes:
        """Everything that came, as a file; the stream has ended.

        Raises:
            NotSoundError: It is text, or nothing that is known.
        """
        await self.add(b"", media, last=True)
        if self._file is not None:
            return bytes(self._file)
        pcm = bytes(self._pieces.whole)
        found = wav_of(pcm, self._pieces.rate, self._pieces.channels) if pcm else b""
        if pcm and not self._pieces.named and not is_plausible(pcm):
            raise NotSoundError("it does not sound like 16-bit samples", found)
        return found
