"""Which container a file is, by its bytes, and whether it is whole."""

from __future__ import annotations

from voicenb.audio.mpeg import id3_end, mpeg_layer, mpeg_pair, stated_length

__all__ = ["ASF", "MIME", "W64", "WRITTEN", "describe", "is_whole", "sniff"]

WRITTEN = ("wav", "flac", "mp3", "ogg")
"""The formats that are written."""

MIME = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "aiff": "audio/aiff",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "webm": "audio/webm",
    "mp4": "video/mp4",
    "m4v": "video/x-m4v",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
    "3gp": "video/3gpp",
    "amr": "audio/amr",
    "au": "audio/basic",
    "caf": "audio/x-caf",
    "mp2": "audio/mpeg",
    "rifx": "audio/wav",
    "ts": "video/mp2t",
    "w64": "audio/x-w64",
    "wma": "audio/x-ms-wma",
}
"""The media type of each container that `sniff` knows."""

W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
"""The first bytes of Wave64."""
ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"
"""The first bytes of a Windows Media file."""


def sniff(data: bytes) -> str | None:
    """The container by its first bytes, as a lower-case suffix (a key of `MIME`), or None.

    Headerless PCM, text and everything unknown give None. A suffix is never believed.
    """
    head = bytes(data[:64])
    if head[:4] in {b"RIFF", b"RF64"}:
        return {b"WAVE": "wav", b"AVI ": "avi"}.get(head[8:12])
    for mark, form in (
        (b"fLaC", "flac"), (b"OggS", "ogg"), (b"FLV\x01", "flv"), (b"caff\0\1", "caf"), (b".snd", "au"), (b"dns.", "au"),
        (b"#!AMR", "amr"), (W64, "w64"), (ASF, "wma"),
    ):  # fmt: skip
        if head.startswith(mark):
            return form
    if head[:4] == b"RIFX" and head[8:12] == b"WAVE":
        return "rifx"
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return "aiff"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        known = {b"M4A ": "m4a", b"M4B ": "m4a", b"M4V ": "m4v", b"qt  ": "mov"}
        return "3gp" if brand[:3] in {b"3gp", b"3g2"} else known.get(brand, "mp4")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm" if b"webm" in data[:4096] else "mkv"
    if head[:1] == b"G" and len(data) > 940 and all(data[188 * place] == 0x47 for place in range(5)):
        return "ts"
    start = id3_end(data)
    if start:
        # Encoders pad the tag with zeros now and then.
        found = next((skip for skip in range(4096) if mpeg_pair(data, start + skip)), None)
        return None if found is None else "mp3"
    if mpeg_pair(data, 0):
        return "mp3" if mpeg_layer(data, 0) == 3 else "mp2"
    return "aac" if _is_adts(data) else None


def describe(data: bytes) -> str:
    """What unknown bytes look like, in words."""
    if not data:
        return "an empty file"
    head = bytes(data[:512])
    lowered = head.lstrip().lower()
    if lowered.startswith((b"<!doctype", b"<html")):
        return "an HTML page"
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # The cut after 512 bytes may fall within a character.
        text = head[: error.start].decode() if error.start > len(head) - 4 else ""
    if text and all(character.isprintable() or character.isspace() for character in text):
        return "a text file"
    return "a file with no audio header"


def is_whole(data: bytes) -> bool:
    """Whether a file is as long as its own header says; True where that says nothing.

    Read are the size of a RIFF chunk, and the stream's size in an mp3's Xing or Info frame, to one per cent.
    """
    head = bytes(data[:12])
    if head[:4] == b"RIFF":
        size = int.from_bytes(head[4:8], "little")
        return size in {0, 2**32 - 1} or len(data) >= size + 7
    start = id3_end(data)
    stated = stated_length(data, start)
    return stated is None or stated.size is None or len(data) - start >= 0.99 * stated.size


def _is_adts(data: bytes) -> bool:
    """Whether two AAC frames in ADTS stand at the beginning."""

    def length(at: int) -> int:
        head = data[at : at + 6]
        if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            return 0
        return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5

    first = length(0)
    return first > 7 and (first == len(data) or length(first) > 7)
