"""What goes between a service and the rest of voicenb: its rules for a recording, its answers, its voices, a file for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from voicenb.services.answers import word_of

__all__ = ["RECORDING", "Answer", "Kind", "Reconciliation", "ReferenceRules", "ServiceVoice", "Upload", "status_of"]

Kind = Literal["preview", "voice", "production"]
"""What a task makes: the first clip of a new voice, a voice, or speech in it."""


RECORDING = "recording:"
"""What the address of a voice begins with whose recording goes with each request; a file of the home follows."""


@dataclass(frozen=True, kw_only=True)
class ReferenceRules:
    """What a service takes as a reference.

    Attributes:
        service: The service's id.
        formats: Containers that its clone call takes, as lower-case suffixes without a dot, the preferred one first.
        upload_formats: Containers that its upload takes; empty where it has none.
        min_seconds: The spoken content must be longer than this (exclusive), or None.
        max_seconds: The spoken content must be shorter than this (exclusive), or None.
        max_bytes: The largest file that its upload takes, or None.
        url_rule: The rule for a URL in words, or None where the service takes no URL.
        publish: How a local recording gets a URL, where `upload_formats` is empty.
    """

    service: str
    formats: tuple[str, ...]
    upload_formats: tuple[str, ...] = ()
    min_seconds: float | None = None
    max_seconds: float | None = None
    max_bytes: int | None = None
    url_rule: str | None = None
    publish: str = "publish the file and give its URL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A service's word on a task, in voicenb's vocabulary.

    Attributes:
        status: ``queued``, ``processing``, ``completed``, ``failed`` or ``cancelled``; a word never seen before
            is read as ``processing``, so that polling goes on.
        remote_id: The service's id of the task.
        audio_url: Where the result is, once there is one.
        audio: The result itself, from a service that answers at once.
        subtitles_url: Where the subtitles are, where they were asked for.
        voice: The service's id of a voice that this task made.
        details: What the service says of that voice, by its own names; JSON's types.
        error: The service's message on a failure.
        cost: What the task was charged, where the service says so.
        degraded: Whether a fallback was used instead of what was asked for, where the service says so.
        provider: What made the result, where the service says so.
        created: When the service began to count a new voice's days, by its own clock; None where it does not say.
        model: The model that was used, by the service's word; None where requests name none.
        poll_after: Seconds after which the service wants to be asked again, or None.
        task: The ledger's id that the request carried, where the service echoes it.
        metadata: The user's own fields that it echoes, or None.
    """

    status: str
    remote_id: str | None = None
    audio_url: str | None = None
    audio: bytes | None = None
    subtitles_url: str | None = None
    voice: str | None = None
    details: Mapping[str, Any] | None = None
    error: str | None = None
    cost: Decimal | None = None
    degraded: bool | None = None
    provider: str | None = None
    created: datetime | None = None
    model: str | None = None
    poll_after: float | None = None
    task: str | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a service shows of a request whose fate is not known.

    Attributes:
        said: What was found, in a sentence.
        answer: The service's word on it, where what was found is surely this request's.
    """

    said: str
    answer: Answer | None = None


_WORDS = {
    "queued": "pending queued queueing waiting submitted created accepted scheduled",
    "processing": "processing running started generating in|progress",
    "completed": "completed complete success succeeded successful done finished",
    "failed": "failed fail failure error errored rejected",
    "cancelled": "canceled cancelled aborted",
}


_STATUSES = {word.replace("|", " "): status for status, words in _WORDS.items() for word in words.split()}


def status_of(word: object) -> str:
    """`Answer.status` for a service's own word, in any of the usual spellings; ``processing`` for one never seen before."""
    return _STATUSES.get(word_of(word), "processing")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes with a request.

    Attributes:
        filename: Its name.
        data: Its bytes, read once.
        mime: Its MIME type.
        consent: The speaker's consent, where it is a recording of one and that was given.
        transcript: What is said in it, where that is known.
    """

    filename: str
    data: bytes
    mime: str
    consent: str | None = None
    transcript: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceVoice:
    """A voice in a service's own list: a ready-made one, or one that the account made.

    Attributes:
        id: What the service calls it; `voicenb.Studio.voice` takes it.
        name: Its name for people.
        kind: The service's word for what it is, or "".
        gender, age, description: As the service says, or "".
        languages, dialects: Codes and names, as the service says.
        sample_url: A sample of it, or None.
    """

    id: str
    name: str
    kind: str = ""
    gender: str = ""
    age: str = ""
    description: str = ""
    languages: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    sample_url: str | None = None
