"""Voices by name or id: those of the ledger, and those that the service lists."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from voicenb.base import portal
from voicenb.base.arguments import did_you_mean, plain_text
from voicenb.errors import BadReference, InvalidRequest, ServiceError
from voicenb.ledger.dataframes import voice_frame
from voicenb.ledger.records import VoiceRecord, now
from voicenb.services.base import Catalogue, ServiceVoice
from voicenb.studio.voice import Voice
from voicenb.tasks.session import Session

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_voice", "catalogue", "find_voice", "voice_table"]


def find_voice(session: Session, name: str | None = None, *, id: str | None = None) -> Voice:  # noqa: A002 - the service's word
    """Return a voice by name or id; see `Studio.voice`."""
    profile = session.service.profile
    name, id = plain_text("name", name), plain_text("id", id)  # noqa: A001
    if (name is None) == (id is None) or not str(id if name is None else name).strip():
        raise InvalidRequest("a voice is taken up by its name, or by id=: give one of them", service=profile.id)
    exact = name is None
    name = str(id if name is None else name)
    record = session.ledger.voices.named(name, profile.id, session.endpoint)
    if record is not None and (not exact or record.remote == name):
        return Voice(session, record)
    remote: str | None = name
    if exact and profile.cloning != "address":
        pass
    elif hint := _similar_name(session, name):
        raise InvalidRequest(
            f"no voice is named {name!r}; {hint}Where it is the service's own id: studio.voice(id={name!r})",
            service=profile.id,
        )
    elif not session.service.is_voice_id(name):
        remote = _listed_id(session, name)
    elif profile.cloning == "address" and (problem := session.service.check_url(name)) is not None:
        raise BadReference(f"{name} cannot be a voice of {profile.id}: {problem}", service=profile.id)
    if remote is None:
        known = sorted(
            {one.name for one in session.ledger.voices.select(profile.id, session.endpoint) if one.state == "ready"}
        )
        there = f"there are {', '.join(known)}" if known else "there are none yet: studio.clone(…) makes one"
        own = "; studio.catalogue() lists the service's own" if isinstance(session.service, Catalogue) else ""
        raise InvalidRequest(f"no voice is named {name!r}; {did_you_mean(name, known)}{there}{own}", service=profile.id)
    record = VoiceRecord(
        id=uuid.uuid4().hex, name=name, service=profile.id, endpoint=session.endpoint, remote=remote, state="ready",
        created=now(), expires=session.service.ends(remote) if profile.cloning == "address" else None,
    )  # fmt: skip
    session.ledger.voices.add(record).result()
    return Voice(session, record)


def _similar_name(session: Session, name: str) -> str:
    """Return the question whether a voice is meant that `name` may be a slip of, where any text would be taken as an id."""
    if (
        session.service.profile.cloning != "preview"
        or not session.service.is_voice_id(name)
        or name.startswith("model_")
    ):
        return ""
    known = [one.name for one in session.ledger.voices.select(session.service.profile.id, session.endpoint)]
    return did_you_mean(name, known, cutoff=0.75)


def _listed_id(session: Session, name: str) -> str | None:
    """Return the id of a voice in the service's own list: the one with this id, or the only one with this name."""
    if not isinstance(session.service, Catalogue):
        return None
    with suppress(ServiceError):
        session.ready()
        listed = portal.call(session.service.voices)
        named = [one.id for one in listed if one.name.casefold() == name.casefold()]
        return next((one.id for one in listed if one.id == name), named[0] if len(named) == 1 else None)
    return None


def voice_table(session: Session) -> pd.DataFrame:
    """Return every voice in the ledger, of every service, the newest first."""
    return voice_frame(session.ledger.voices.select())


def catalogue(session: Session) -> pd.DataFrame:
    """Return the service's own list of voices; see `Studio.catalogue`."""
    import pandas as pd

    service = session.service
    if not isinstance(service, Catalogue):
        raise InvalidRequest(
            f"{service.profile.id} lists no voices of its own; studio.voices() has those that you made",
            service=service.profile.id,
        )
    session.ready()
    rows = [asdict(one) for one in portal.call(service.voices)]
    frame = pd.DataFrame(rows, columns=[one.name for one in fields(ServiceVoice)])
    for name in ("languages", "dialects"):
        frame[name] = [", ".join(one) for one in frame[name]]
    return frame


def as_voice(session: Session, voice: Voice | str) -> Voice:
    """Return the voice itself, or the one of that name."""
    if isinstance(voice, str):
        return find_voice(session, voice)
    if isinstance(voice, Voice):
        return voice
    raise InvalidRequest(
        f"voice: a voice or its name is needed, and {type(voice).__name__} was given. Nothing was sent."
    )
