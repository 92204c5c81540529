"""Reference recordings: what kind of file they are, and the voice in them, worked out once for each recording."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from pathlib import Path

    from voicenb.sandbox.engine.workers.loading import Voice
    from voicenb.sandbox.recordings.files import Files

__all__ = ["Enrolled", "RecordingError", "References", "kind_of"]

_CHUNK = 1024 * 1024


class RecordingError(Exception):
    """A recording does not serve; the message is fit for a client."""


@dataclass(frozen=True)
class Enrolled:
    """The voice of a recording.

    Attributes:
        profile: The engine's file, by its bare name among the profiles.
        spoken_seconds: From the first to the last speech, pauses between included.
        f0_range: Semitones from the 10th to the 90th percentile of its F0: how lively the melody is.
    """

    profile: str
    spoken_seconds: float
    f0_range: float


class References:
    """Enrols recordings, each once: the same bytes are the same voice.

    Args:
        files: Where profiles are kept.
        voice: The engine.
        version: The engine's; another version works everything out anew.
    """

    def __init__(self, files: Files, voice: Voice, version: str) -> None:
        self._files = files
        self._voice = voice
        self._version = version
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def enrolled(self, recording: Path) -> Enrolled:
        """The voice of a recording.

        Raises:
            RecordingError: The engine cannot decode it, or there is no voice in it.
            VoiceError: The engine cannot be loaded.
        """
        engine = await self._voice.engine()
        digest = await asyncio.to_thread(_digest, recording, self._version)
        found = self._files.profiles / f"{digest}.json"
        lock = self._locks.setdefault(digest, asyncio.Lock())
        async with lock:
            if not found.is_file():
                profile, notes = self._files.partial("npz"), self._files.partial("json")
                try:
                    try:
                        measured = await engine.enrol(recording, profile)
                    except self._voice.errors as error:
                        raise RecordingError(str(error)) from None
                    name = f"{digest}.npz"
                    enrolled = Enrolled(
                        name,
                        float(measured["spoken_seconds"]),
                        await asyncio.to_thread(_f0_range, profile),
                    )
                    notes.write_text(json.dumps(asdict(enrolled)), encoding="utf-8")
                    self._files.keep(profile, self._files.profiles, name)
                    # The notes come last: where they are, the profile is whole.
                    self._files.keep(notes, self._files.profiles, found.name)
                finally:
                    profile.unlink(missing_ok=True)
                    notes.unlink(missing_ok=True)
        return Enrolled(**json.loads(found.read_text(encoding="utf-8")))

    def path(self, profile: str) -> Path:
        """Where a profile lies."""
        return self._files.profiles / profile


def _digest(recording: Path, version: str) -> str:
    found = hashlib.sha256(version.encode())
    with recording.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()[:32]


def _f0_range(profile: Path) -> float:
    import numpy as np

    with np.load(profile) as arrays:
        _, below, above = arrays["register"]
    return float(12 * (below + above) / np.log(2))


def kind_of(recording: Path) -> str | None:
    """The kind of audio file by its first bytes: wav, mp3, flac, ogg, m4a, aac or webm; None where it is none of them."""
    with recording.open("rb") as file:
        head = file.read(12)
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] == b"ftyp":
        return "m4a"
    marks = {b"ID3": "mp3", b"fLaC": "flac", b"OggS": "ogg", b"\x1a\x45\xdf\xa3": "webm"}
    for mark, kind in marks.items():
        if head.startswith(mark):
            return kind
    # A frame of MPEG audio: eleven bits set, then the layer, which is 0 only in AAC's own framing.
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "mp3" if head[1] & 0x06 else "aac"
    return None
