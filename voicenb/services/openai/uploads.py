"""How servers take recordings, and the voices that they list (all of it learned)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from voicenb.services.answers import id_of, object_of, shown_text
from voicenb.services.base import ServiceVoice, Upload
from voicenb.services.http import Reply

__all__ = ["HOW", "WAYS", "Way", "listed_in", "made_in", "name_of"]


@dataclass(frozen=True)
class Way:
    """How a kind of server takes recordings (learned).

    Attributes:
        servers: Which are of that kind.
        path: Where they are uploaded; None where each request carries its own.
        file, name, transcript: The fields of the form for the recording, the voice's name and what is said in it.
        fields: More fields of the form.
        from_root: Whether the path is the server's, not the API's.
    """

    servers: str
    path: str | None = None
    file: str = ""
    name: str | None = None
    transcript: str | None = None
    fields: tuple[str, ...] = ()
    from_root: bool = False


WAYS = {
    "voices": Way("vLLM-Omni", "/audio/voices", "audio_sample", "name", "ref_text", ("consent",)),
    "library": Way("Chatterbox TTS API", "/voices", "voice_file", "voice_name"),
    "files": Way("Chatterbox-TTS-Server", "/upload_reference", "files", from_root=True),
    "inline": Way("vLLM-Omni and others that know ref_audio"),
}
HOW = "; ".join(f"{name!r}: {way.servers}" for name, way in WAYS.items())


def name_of(upload: Upload) -> str:
    """A voice's name at the server: the same recording and words are the same voice, however often they are uploaded."""
    mark = hashlib.sha256(upload.data + (upload.transcript or "").encode()).hexdigest()[:10]
    stem = re.sub(r"[^a-z0-9]+", "-", upload.filename.rpartition(".")[0].lower()).strip("-")
    return f"{stem[:40] or 'voice'}-{mark}"


def made_in(reply: Reply) -> str | None:
    """The server's name of the voice that an upload made; None where it says none."""
    body = reply.object() or {}
    made = object_of(body.get("voice")) or body
    files = body.get("uploaded_files")
    return id_of(files[0] if isinstance(files, list) and files else made.get("id") or made.get("name"))


def listed_in(reply: Reply) -> list[ServiceVoice]:
    """The voices in a list: names, or objects with an id or a name (learned)."""
    body = reply.object() or {}
    listed = [body[name] for name in ("voices", "data") if isinstance(body.get(name), list)]
    uploaded = {one.get("name") for one in body.get("uploaded_voices") or () if isinstance(one, dict)}
    found = {}
    for one in listed[0] if listed else ():
        item = one if isinstance(one, dict) else {"id": one}
        voice = id_of(item.get("id")) or id_of(item.get("voice_id")) or id_of(item.get("name"))
        if voice is not None:
            found[voice] = ServiceVoice(
                id=voice,
                name=shown_text(item.get("name"), 100) or voice,
                kind="uploaded" if voice in uploaded else "",
                gender=shown_text(item.get("gender"), 40) or "",
                languages=tuple(filter(None, [shown_text(item.get("language"), 40)])),
            )
    return list(found.values())
