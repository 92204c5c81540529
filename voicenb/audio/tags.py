"""Notes inside audio files, added without touching the sound: title, comment, software."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["Tag", "tagged"]


@dataclass(frozen=True, slots=True)
class Tag:
    """What a file says of itself.

    Attributes:
        comment: Free text.
        title: A title, or None.
        software: What made the file.
    """

    comment: str
    title: str | None = None
    software: str = "voicenb"


def tagged(data: bytes, form: str, tag: Tag) -> bytes:
    """`data` with the tag in it, where its container takes one without new encoding: wav, flac and mp3.

    Other notes that the file carries stay. Anything else (Ogg, whose pages would all have to be numbered and summed
    anew, and files whose structure is not as it should be) comes back unchanged.

    Args:
        data: The file.
        form: Its container, as `voicenb.audio.containers.sniff` calls it.
        tag: What to write.
    """
    writer = {"wav": _wav, "flac": _flac, "mp3": _mp3}.get(form)
    if writer is None:
        return data
    try:
        return writer(data, tag)
    except (struct.error, IndexError, ValueError):
        return data


def _wav(data: bytes, tag: Tag) -> bytes:
    """RIFF: the notes are a ``LIST`` chunk of kind ``INFO``."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return data
    chunks: list[tuple[bytes, bytes]] = []
    notes: dict[bytes, bytes] = {}
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        # A stream's length was not known when its header was written (0 or 2³²−1): its sound goes on to the end.
        if name == b"data" and (size in {0, 0xFFFFFFFF} or size > len(data) - position - 8):
            size = len(data) - position - 8
        body = data[position + 8 : position + 8 + size]
        if name == b"LIST" and body[:4] == b"INFO":
            notes |= _info(body[4:])
        else:
            chunks.append((name, body))
        position += 8 + size + size % 2
    notes |= {b"ICMT": tag.comment.encode(), b"ISFT": tag.software.encode()}
    if tag.title:
        notes[b"INAM"] = tag.title.encode()
    info = b"INFO" + b"".join(_chunk(name, text + b"\0") for name, text in notes.items())
    body = b"WAVE" + b"".join(_chunk(name, content) for name, content in [*chunks, (b"LIST", info)])
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2)


def _info(body: bytes) -> dict[bytes, bytes]:
    notes = {}
    position = 0
    while position + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, position)
        notes[name] = body[position + 8 : position + 8 + size].rstrip(b"\0")
        position += 8 + size + size % 2
    return notes


def _flac(data: bytes, tag: Tag) -> bytes:
    """FLAC: the notes are a ``VORBIS_COMMENT`` block (type 4).

    Source: https://www.rfc-editor.org/rfc/rfc9639#name-vorbis-comment
    """
    if data[:4] != b"fLaC":
        return data
    blocks: list[tuple[int, bytes]] = []
    vendor, kept = b"voicenb", list[bytes]()
    position, last = 4, False
    while not last:
        head = int.from_bytes(data[position : position + 4], "big")
        last, kind, size = bool(head >> 31), head >> 24 & 0x7F, head & 0xFFFFFF
        body = data[position + 4 : position + 4 + size]
        if len(body) < size:
            return data
        if kind == 4:
            vendor, kept = _vorbis_comments(body)
        else:
            blocks.append((kind, body))
        position += 4 + size
    ours = {"COMMENT": tag.comment, "SOFTWARE": tag.software} | ({"TITLE": tag.title} if tag.title else {})
    kept = [note for note in kept if note.split(b"=")[0].upper().decode("ascii", "replace") not in ours]
    notes = kept + [f"{name}={text}".encode() for name, text in ours.items()]
    body = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(notes))
    body += b"".join(struct.pack("<I", len(note)) + note for note in notes)
    # STREAMINFO has to stay the first block.
    blocks.insert(1, (4, body))
    heads = [((number == len(blocks) - 1) << 31) | kind << 24 | len(body) for number, (kind, body) in enumerate(blocks)]
    meta = b"".join(struct.pack(">I", head) + body for head, (_, body) in zip(heads, blocks, strict=True))
    return b"fLaC" + meta + data[position:]


def _vorbis_comments(body: bytes) -> tuple[bytes, list[bytes]]:
    (length,) = struct.unpack_from("<I", body, 0)
    vendor = body[4 : 4 + length]
    (count,) = struct.unpack_from("<I", body, 4 + length)
    notes = []
    position = 8 + length
    for _ in range(count):
        (size,) = struct.unpack_from("<I", body, position)
        notes.append(body[position + 4 : position + 4 + size])
        position += 4 + size
    return vendor, notes


def _mp3(data: bytes, tag: Tag) -> bytes:
    """MP3: the notes are an ID3v2 tag before the sound.

    Source: https://id3.org/id3v2.3.0 and https://id3.org/id3v2.4.0-structure
    """
    version, frames, sound = 3, b"", data
    if data[:3] == b"ID3":
        end = 10 + _synchsafe(data[6:10]) + (10 if data[5] & 0x10 else 0)
        sound = data[end:]
        # Version 2.2 and the flags (unsynchronisation, an extended header) are too rare to carry over.
        if data[3] in {3, 4} and not data[5] & 0xC0:
            version = data[3]
            frames = _other_frames(data[10 : 10 + _synchsafe(data[6:10])], version, with_title=bool(tag.title))
    comment = (b"\1eng" if not tag.comment.isascii() else b"\0eng") + _id3_text(tag.comment, empty_head=True)
    frames += _id3_frame(b"COMM", comment, version)
    frames += _id3_frame(b"TSSE", _id3_string(tag.software), version)
    if tag.title:
        frames += _id3_frame(b"TIT2", _id3_string(tag.title), version)
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, 0]) + size + frames + sound


def _synchsafe(octets: bytes) -> int:
    return octets[0] << 21 | octets[1] << 14 | octets[2] << 7 | octets[3]


def _other_frames(body: bytes, version: int, *, with_title: bool) -> bytes:
    """The frames that are not about to be written anew."""
    replaced = {b"COMM", b"TSSE"} | ({b"TIT2"} if with_title else set())
    kept = b""
    position = 0
    while position + 10 <= len(body) and body[position]:
        name, raw = body[position : position + 4], body[position + 4 : position + 8]
        size = _synchsafe(raw) if version == 4 else int.from_bytes(raw, "big")
        if name not in replaced:
            kept += body[position : position + 10 + size]
        position += 10 + size
    return kept


def _id3_string(text: str) -> bytes:
    return (b"\0" if text.isascii() else b"\1") + _id3_text(text)


def _id3_text(text: str, *, empty_head: bool = False) -> bytes:
    """ASCII as Latin-1, all else as UTF-16, which both versions know; with the empty description of a comment before it."""
    if text.isascii():
        return b"\0" * empty_head + text.encode("ascii")
    return b"\xff\xfe\0\0" * empty_head + b"\xff\xfe" + text.encode("utf-16-le")


def _id3_frame(name: bytes, body: bytes, version: int) -> bytes:
    size = len(body)
    octets = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) if version == 4 else struct.pack(">I", size)
    return name + octets + b"\0\0" + body
