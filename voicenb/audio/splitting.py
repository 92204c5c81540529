"""A file of any container as the parts that a decoder should get.

A header that a recorder left unfinished, or that says something else than what is there, is written anew; files that were joined
(Ogg links, MPEG files one behind the other, two RIFFs) are taken apart, because libsndfile reads the first of them only.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator

from voicenb.audio.aiff import aiff_parts, au_parts
from voicenb.audio.containers import ASF, W64
from voicenb.audio.mpeg import find_mpeg_start, mpeg_parts
from voicenb.audio.parts import MOST_PARTS, Parts, describe_joined
from voicenb.audio.riff import w64_parts, wav_parts

__all__ = ["split"]


def _ogg_pages(data: bytes) -> Iterator[tuple[int, bool]]:
    """Where each page begins, and whether it is the first of a stream."""
    at = data.find(b"OggS")
    while at >= 0 and at + 27 <= len(data):
        count = data[at + 26]
        size = 27 + count + sum(data[at + 27 : at + 27 + count])
        yield at, bool(data[at + 5] & 2)
        at = data.find(b"OggS", at + size)


def _ogg_parts(data: bytes) -> Parts:
    """A part for each link of a chained file."""
    starts, before = [0], True
    for at, first in _ogg_pages(data):
        # The first pages of streams that run beside each other come together.
        if first and not before and len(starts) < MOST_PARTS:
            starts.append(at)
        before = first
    pieces = [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]
    return Parts(pieces, [describe_joined(len(pieces), "Ogg streams")] if len(pieces) > 1 else [])


def _box_beginnings(data: bytes) -> Iterator[int]:
    """Where a further ``ftyp`` box stands among the outermost boxes of an mp4 file."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if name == b"ftyp" and at:
            yield at
        if size < 8:
            return
        at += size


# Each with so much of what follows that a few bytes within sound are not taken for it.
_BEGINNINGS = {
    "flac": re.compile(rb"fLaC[\x00\x80]\x00\x00\x22"),
    "aiff": re.compile(rb"FORM....AIF[FC](?:COMM|FVER)", re.DOTALL),
    "rf64": re.compile(rb"RF64....WAVEds64", re.DOTALL),
    "caf": re.compile(rb"caff\x00\x01\x00\x00desc\x00{7}\x20"),
    "au": re.compile(rb"\.snd\x00\x00......\x00\x00\x00[\x01-\x1b]\x00...\x00\x00\x00[\x01-\x40]", re.DOTALL),
    "w64": re.compile(re.escape(W64) + rb".{8}wave\xf3\xac\xd3\x11", re.DOTALL),
    "flv": re.compile(rb"FLV\x01[\x01\x04\x05]\x00\x00\x00\x09\x00{4}"),
    "mkv": re.compile(rb"\x1a\x45\xdf\xa3(?=.{4,60}(?:webm|matroska))", re.DOTALL),
    "webm": re.compile(rb"\x1a\x45\xdf\xa3(?=.{4,60}(?:webm|matroska))", re.DOTALL),
    "wma": re.compile(re.escape(ASF)),
    "amr": re.compile(rb"#!AMR(?:-WB)?\n"),
}
_MOST_JOINED = 20
"""More than any recorder leaves; for each a demuxer has to begin anew."""


def _joined(data: bytes, form: str) -> Parts:
    """Files of one container, one behind the other."""
    if form in {"m4a", "mp4", "m4v", "mov", "3gp"}:
        further = _box_beginnings(data)
    elif (mark := _BEGINNINGS.get(form)) is not None:
        further = (found.start() for found in mark.finditer(data, 1))
    else:
        return Parts([data], [])
    starts = [0, *(at for at, _ in zip(further, range(_MOST_JOINED), strict=False))]
    pieces = [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]
    if len(pieces) == 1:
        return Parts(pieces, [])
    if len(pieces) > _MOST_JOINED:
        finding = f"many {form.upper()} files stand one behind the other: the first {_MOST_JOINED} are read"
        return Parts(pieces[:_MOST_JOINED], [finding])
    return Parts(pieces, [describe_joined(len(pieces), f"{form.upper()} files")])


_SPLITTERS: dict[str, Callable[[bytes], Parts]] = {
    "wav": wav_parts, "rifx": wav_parts, "w64": w64_parts, "aiff": aiff_parts, "au": au_parts,
    "ogg": _ogg_parts, "mp3": mpeg_parts, "mp2": mpeg_parts,
}  # fmt: skip


def split(data: bytes, form: str | None) -> Parts:
    """The parts of a file that a decoder should get.

    Args:
        data: The file.
        form: Its container as `sniff` calls it; None looks for MPEG frames that begin later.
    """
    if form is None:
        return mpeg_parts(data) if find_mpeg_start(data, 0, 2**16) is not None else Parts([data], [])
    try:
        joined = _joined(data, "rf64" if data[:4] == b"RF64" else form)
        splitter = _SPLITTERS.get(form)
        return joined if splitter is None or len(joined.pieces) > 1 else splitter(data)
    except (struct.error, IndexError):
        return Parts([data], [])
