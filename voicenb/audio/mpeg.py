"""MPEG audio: frames, the Xing or Info frame that states a stream's length, and files that were joined."""

from __future__ import annotations

import struct
from typing import NamedTuple

from voicenb.audio.parts import MOST_PARTS, Parts, describe_joined

__all__ = ["find_mpeg_start", "frame_length", "id3_end", "mpeg_layer", "mpeg_pair", "mpeg_parts", "stated_length"]

_MPEG_KBPS = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By version (1; 2 and 2.5) and layer."""


def mpeg_layer(data: bytes, at: int) -> int:
    """The layer, 1 to 3, of the frame at `at`."""
    return 4 - (data[at + 1] >> 1 & 3)


def frame_length(data: bytes, at: int) -> int | None:
    """The length in bytes of the MPEG audio frame that begins at `at`, or None where none does."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, code = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or code == 0 or bitrate in {0, 15} or rate == 3:
        return None
    layer = 4 - code
    hertz = (44100, 48000, 32000)[rate] // {3: 1, 2: 2, 0: 4}[version]
    kbps = _MPEG_KBPS[1 if version == 3 else 2, layer][bitrate]
    if layer == 1:
        return 4 * (12 * kbps * 1000 // hertz + padding)
    return (72 if layer == 3 and version != 3 else 144) * kbps * 1000 // hertz + padding


def mpeg_pair(data: bytes, at: int) -> bool:
    """Whether two frames of one kind follow each other (or one ends the data): a lone sync word is common in PCM."""
    length = frame_length(data, at)
    if length is None:
        return False
    behind = at + length
    return behind == len(data) or (frame_length(data, behind) is not None and _same_kind(data, at, behind))


def _same_kind(data: bytes, first: int, second: int) -> bool:
    """Version, layer and rate are those of a stream."""
    return data[first + 1] & 0xFE == data[second + 1] & 0xFE and data[first + 2] & 0x0C == data[second + 2] & 0x0C


def find_mpeg_start(data: bytes, begin: int, reach: int) -> int | None:
    """Where four frames of one kind follow each other, within `reach` bytes behind `begin`."""
    at = begin
    while (at := data.find(b"\xff", at, begin + reach)) >= 0:
        place, good = at, 0
        while good < 4 and (length := frame_length(data, place)) is not None and _same_kind(data, at, place):
            place, good = place + length, good + 1
        if good == 4:
            return at
        at += 1
    return None


class StatedLength(NamedTuple):
    """What a stream says of its own length: frames and bytes, each None where it does not."""

    frames: int | None
    size: int | None


def stated_length(data: bytes, at: int) -> StatedLength | None:
    """What a Xing or Info frame at `at` says of the stream's length; None where there is no such frame."""
    frame = bytes(data[at : at + 256])
    mark = max(frame.find(b"Xing"), frame.find(b"Info"))
    # Behind the header, a checksum and the side information.
    if frame[:1] != b"\xff" or not 4 <= mark <= 38:
        return None
    flags = int.from_bytes(frame[mark + 4 : mark + 8], "big")
    numbers = [int.from_bytes(frame[mark + 8 + 4 * place : mark + 12 + 4 * place], "big") for place in (0, 1)]
    size = numbers[1 if flags & 1 else 0] if flags & 2 else None
    return StatedLength(numbers[0] if flags & 1 else None, size)


def _with_true_size(data: bytes, at: int) -> bytes:
    """`data` with the size that is there in its Xing or Info frame at `at`.

    libmpg123 writes a warning to the process's own standard error where the two differ by more than one per cent, and a
    notebook shows that in red.
    """
    info = stated_length(data, at)
    there = len(data) - at
    if info is None or info.size is None or abs(info.size - there) <= 0.005 * there:
        return data
    frame = data[at : at + 256]
    mark = max(frame.find(b"Xing"), frame.find(b"Info"))
    place = at + mark + (12 if info.frames is not None else 8)
    return data[:place] + struct.pack(">I", min(there, 2**32 - 1)) + data[place + 4 :]


def _with_length(data: bytes, at: int) -> bytes:
    """`data` from `at` on, behind an Info frame that states its length, where it has none and its bit rate varies.

    Streams end before their length is known, and without it libmpg123 guesses it from the first frame's bit rate: what lies beyond
    would not be read.
    """
    if stated_length(data, at) is not None or mpeg_layer(data, at) != _LAYER_3:
        return data
    frames, rates, place = 0, set[int](), at
    while (length := frame_length(data, place)) is not None and _same_kind(data, at, place):
        rates.add(data[place + 2] >> 4)
        frames, place = frames + 1, place + length
    if len(rates) < 2:
        return data
    first = data[at : at + 4]
    # Without a checksum; behind the header stands the side information, which says nothing here.
    heads = (bytes([first[0], first[1] | 1, index << 4 | first[2] & 0x0C, first[3]]) for index in range(1, 15))
    head = next(head for head in heads if (frame_length(head, 0) or 0) >= _INFO_BYTES)
    side = {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}[
        first[1] >> 3 & 3 == 3, first[3] >> 6 == 3
    ]
    length = frame_length(head, 0) or 0
    said = struct.pack(">4sIII", b"Info", 3, frames, min(length + len(data) - at, 2**32 - 1))
    return (head + bytes(side) + said).ljust(length, b"\0") + data[at:]


_LAYER_3 = 3
_INFO_BYTES = 64


def id3_end(data: bytes) -> int:
    """Where the ID3v2 tags at the beginning end; 0 where there is none."""
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = [octet & 0x7F for octet in data[at + 6 : at + 10]]
        at += 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]) + (10 if data[at + 5] & 0x10 else 0)
    return at


def mpeg_parts(data: bytes) -> Parts:
    """A part for each file that was joined, which an Info frame, a tag or another rate shows."""
    begin = find_mpeg_start(data, id3_end(data), 2**20)
    if begin is None:
        begin = find_mpeg_start(data, 0, 2**20)
    if begin is None:
        return Parts([data], [])
    findings = []
    if begin > id3_end(data) + 4096 or (begin and not id3_end(data)):
        findings.append(f"{begin:,} bytes before its first whole frame are left out")
    pieces, start, at, frames = list[bytes](), begin, begin, 0
    stated = stated_length(data, begin)
    while at < len(data) and len(pieces) < MOST_PARTS:
        length = frame_length(data, at)
        new = at
        if length is None:
            found = find_mpeg_start(data, at, 2**22)
            if found is None:
                break
            joined = b"ID3" in data[at : at + 3] or data[at : at + 3] == b"TAG" or not _same_kind(data, start, found)
            new, length = found, frame_length(data, found) or 4
        else:
            joined = not _same_kind(data, start, at) and mpeg_pair(data, at)
        first = stated_length(data, new) if new != start else None
        # One frame more than Info counts: its own.
        over = stated is not None and stated.frames is not None and frames > stated.frames
        if new != start and (joined or first is not None or over):
            pieces.append(data[start:at])
            start, frames, stated = new, 0, first
        at, frames = new + length, frames + 1
    pieces.append(data[start:])
    pieces = [piece for piece in pieces if len(piece) > 200] or [data]
    if len(pieces) == 1:
        # Untouched where nothing was in the way.
        whole = _with_true_size(data[begin:], 0) if findings else _with_true_size(data, begin)
        return Parts([_with_length(whole, 0 if findings else begin)], findings)
    pieces = [_with_length(_with_true_size(piece, 0), 0) for piece in pieces]
    return Parts(pieces, [*findings, describe_joined(len(pieces), "MPEG files")])
