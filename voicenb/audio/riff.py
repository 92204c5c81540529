"""RIFF, RIFX, RF64 and Wave64: headers that are unfinished or wrong are written anew, and joined files taken apart."""

from __future__ import annotations

import struct

from voicenb.audio.parts import MOST_PARTS, UNKNOWN_SIZES, Parts, describe_joined

__all__ = ["chunks_cover", "w64_parts", "wav_parts"]


def chunks_cover(data: bytes, at: int, order: str) -> bool:
    """Whether well-formed chunks reach from `at` to the end: then an empty one before them is really empty."""
    while at + 8 <= len(data):
        name, size = struct.unpack_from(f"{order}4sI", data, at)
        if not all(32 <= octet < 127 for octet in name):
            return False
        at += 8 + size + size % 2
    return at in {len(data), len(data) + 1}


def wav_parts(data: bytes) -> Parts:
    """Each RIFF, RIFX or RF64 in a row as a RIFF whose sizes are true; the file itself where they are already."""
    pieces, findings, at = list[bytes](), list[str](), 0
    untouched = True
    while data[at : at + 4] in {b"RIFF", b"RIFX", b"RF64"} and data[at + 8 : at + 12] == b"WAVE":
        order = ">" if data[at : at + 4] == b"RIFX" else "<"
        (whole,) = struct.unpack_from(f"{order}I", data, at + 4)
        end = len(data) if whole in UNKNOWN_SIZES or at + 8 + whole > len(data) else at + 8 + whole
        place, form, sound, long = at + 12, b"", None, 0
        while place + 8 <= len(data) and sound is None:
            name, size = struct.unpack_from(f"{order}4sI", data, place)
            body = place + 8
            if name == b"ds64" and size >= 16:
                long = struct.unpack_from("<Q", data, body + 8)[0] if body + 16 <= len(data) else 0
            elif name == b"fmt ":
                form = data[body : body + size]
            elif name == b"data":
                left = len(data) - body
                stated = long if size == 2**32 - 1 and long > 0 else size
                if stated in UNKNOWN_SIZES and (stated or not chunks_cover(data, body, order) or not left):
                    stated = left
                    if left:
                        findings.append("its header does not say how long it is: it is read to its end")
                        untouched = False
                elif stated > left:
                    findings.append(f"its header says {stated:,} bytes of sound, {left:,} are there")
                    stated, untouched = left, False
                sound = (body, stated)
                # The chunk may reach over the end that the RIFF itself states.
                end = max(end, min(len(data), body + stated))
            place = body + size + size % 2
        if sound is None or len(form) < 14:
            break
        body, size = sound
        pieces.append(_riff(form, data[body : body + size], order))
        behind = data.find(b"RIFF", end, end + 4)
        at = behind if behind >= 0 else end
        if len(pieces) >= MOST_PARTS:
            break
    if not pieces or (untouched and len(pieces) == 1 and data[:4] == b"RIFF"):
        return Parts([data], findings)
    if len(pieces) > 1:
        findings.append(describe_joined(len(pieces), "WAV files"))
    return Parts(pieces, list(dict.fromkeys(findings)))


def _riff(form: bytes, sound: bytes, order: str = "<") -> bytes:
    """A RIFF (or RIFX) file of a ``fmt`` chunk's body and sound."""
    kind = b"RIFF" if order == "<" else b"RIFX"
    if len(form) >= 14:
        # Whole frames only: libsndfile refuses a torn one now and then.
        step = struct.unpack_from(f"{order}H", form, 12)[0]
        sound = sound[: len(sound) // step * step] if 0 < step <= len(sound) else sound
    body = b"WAVE" + struct.pack(f"{order}4sI", b"fmt ", len(form)) + form + b"\0" * (len(form) % 2)
    body += struct.pack(f"{order}4sI", b"data", len(sound)) + sound + b"\0" * (len(sound) % 2)
    return struct.pack(f"{order}4sI", kind, len(body)) + body


def w64_parts(data: bytes) -> Parts:
    """A Wave64 as a RIFF whose sizes are true."""
    at, form = 40, b""
    while at + 24 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 16 : at + 24], "little")
        if name == b"fmt ":
            form = data[at + 24 : at + size]
        elif name == b"data":
            left = len(data) - at - 24
            unknown = size <= 24 or size >= 2**62
            findings = ["its header does not say how long it is: it is read to its end"] if unknown and left else []
            if not unknown and size - 24 > left:
                findings = [f"its header says {size - 24:,} bytes of sound, {left:,} are there"]
            sound = data[at + 24 :] if unknown or size - 24 > left else data[at + 24 : at + size]
            return Parts([_riff(form, sound)], findings) if len(form) >= 14 else Parts([data], [])
        if size < 24:
            break
        at += (size + 7) // 8 * 8
    return Parts([data], [])
