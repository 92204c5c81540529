"""AIFF and AU: headers whose sizes are unknown or too large are made true."""

from __future__ import annotations

import struct

from voicenb.audio.parts import UNKNOWN_SIZES, Parts
from voicenb.audio.riff import chunks_cover

__all__ = ["aiff_parts", "au_parts"]


def aiff_parts(data: bytes) -> Parts:
    """The sizes of FORM and SSND and the frames of COMM, made true where they are unknown or too large."""
    at, common = 12, -1
    while at + 8 <= len(data):
        name, size = struct.unpack_from(">4sI", data, at)
        if name == b"COMM":
            common = at + 8
        elif name == b"SSND" and 0 <= common <= len(data) - 18:
            left = len(data) - at - 8
            (stated,) = struct.unpack_from(">I", data, common + 2)
            if 8 < size <= left and stated:
                return Parts([data], [])
            if size <= 8 and stated == 0 and chunks_cover(data, at + 8 + size, ">"):
                return Parts([data], [])
            channels, bits = struct.unpack_from(">H4xH", data, common)
            step = max(1, channels * ((bits + 7) // 8))
            kept = left if size <= 8 or size > left else size
            frames = max(0, kept - 8) // step
            new = bytearray(data[: at + 8 + kept])
            struct.pack_into(">I", new, 4, len(new) - 8)
            struct.pack_into(">I", new, common + 2, frames)
            struct.pack_into(">I", new, at + 4, kept)
            problem = "does not say how long it is" if size <= 8 or not stated else "says more than is there"
            return Parts([bytes(new)], [f"its header {problem}: it is read to its end"])
        at += 8 + size + size % 2
    return Parts([data], [])


def au_parts(data: bytes) -> Parts:
    """The size in the header, made true where it is unknown or too large."""
    order = ">" if data[:4] == b".snd" else "<"
    if len(data) < 24:
        return Parts([data], [])
    start, size = struct.unpack_from(f"{order}II", data, 4)
    left = len(data) - start
    if start < 24 or left <= 0 or 0 < size <= left:
        return Parts([data], [])
    new = bytearray(data)
    struct.pack_into(f"{order}I", new, 8, left)
    problem = "does not say how long it is" if size in UNKNOWN_SIZES else "says more than is there"
    return Parts([bytes(new)], [f"its header {problem}: it is read to its end"])
