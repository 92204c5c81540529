"""What such servers answer: their forms of an error, what each means, and the sound in a stream of events."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voicenb.errors import (
    AuthenticationError,
    InsufficientBalance,
    InvalidRequest,
    OutcomeUnknown,
    Problem,
    RateLimited,
    ServiceError,
    VoicenbError,
)
from voicenb.services.answers import code_of, lacks_money, object_of, shown_text
from voicenb.services.base import shown
from voicenb.services.events import Events
from voicenb.services.http import IncompleteError, Reply
from voicenb.services.openai.requests import ID, Speech
from voicenb.services.pcm import pcm_form

__all__ = [
    "KEY_VARIABLE",
    "RATE",
    "URL_VARIABLE",
    "Heard",
    "Said",
    "broken",
    "error_of",
    "is_own",
    "said_in",
    "unknown",
]

KEY_VARIABLE, URL_VARIABLE = "OPENAI_API_KEY", "OPENAI_BASE_URL"
RATE = 24_000
"""Hz of bare samples where nothing says it (stated)."""
_GATEWAY_GAVE_UP = frozenset({408, 502, 504, 520, 521, 522, 523, 524})


@dataclass(frozen=True)
class Said:
    """An error in a form that such servers have: its message, its code or type, and the field that it names."""

    message: str
    code: str | None
    field: str | None


def said_in(reply: Reply) -> Said | None:
    """The error that an answer is: OpenAI's form (stated), FastAPI's ``detail``, or those bare; None where it is none of them."""
    body = reply.object()
    if body is None:
        return None
    detail = body.get("detail")
    if isinstance(detail, list):
        problems = [one for one in detail if isinstance(one, dict)]
        places = [
            [str(part) for part in loc if part != "body"] if isinstance(loc := one.get("loc"), list) else []
            for one in problems
        ]
        said = "; ".join(f"{'.'.join(place)}: {one.get('msg')}" for place, one in zip(places, problems, strict=True))
        field = next((place[0] for place in places if place), None)
        return Said(shown_text(said) or "no message", None, shown_text(field, 60))
    if isinstance(detail, str) and detail:
        return Said(shown_text(detail) or "no message", None, None)
    for one in (detail, body.get("error"), body):
        error = object_of(one)
        if error is not None and isinstance(inner := error.get("error"), dict):
            error = inner
        if error is None or not isinstance(error.get("message"), str):
            continue
        marks = [code_of(error.get(name)) for name in ("code", "type", "error")]
        if error is not body or any(marks):
            code = next((mark for mark in marks if mark is not None and not mark.isdigit()), None)
            return Said(
                shown_text(error["message"]) or "no message", shown_text(code, 60), shown_text(error.get("param"), 60)
            )
    inner = detail.get("error") if isinstance(detail, dict) else body.get("error")
    if isinstance(inner, str) and inner and 400 <= reply.status < 500:
        return Said(shown_text(inner) or "no message", None, None)
    return None


def is_own(reply: Reply) -> bool:
    """Whether an answer to a paid request is the server's own word that nothing was made.

    A gateway that gave up says nothing of what the server behind it did, and neither does LiteLLM with a server's error (5xx).
    """
    said = said_in(reply)
    if said is None or reply.status in _GATEWAY_GAVE_UP:
        return False
    return reply.status < 500 or "litellm" not in said.message.lower()


def unknown(said: str, data: bytes = b"") -> OutcomeUnknown:
    """The error for a request that may have been charged, with what came of its answer."""
    unknown = OutcomeUnknown(f"{said}. The request may have been charged, so it is not sent again.", service=ID)
    unknown.data = data
    return unknown


_OWN_FIELDS = frozenset({"model", "input", "voice", "response_format", "speed"})
"""What every such server has; the rest, though OpenAI states some of it, are extensions to others."""


_NO_DATABASE = "no_db_connection"
"""What LiteLLM's proxy says of a key that is not its own, where it has no database of keys (learned)."""


def error_of(said: Said, reply: Reply, request: Speech) -> VoicenbError:
    """The error that the server's word stands for."""
    status = reply.status
    line = f"the server answered: {said.message.rstrip('.')} (HTTP {status}). Nothing was charged"
    about: dict[str, Any] = {"code": said.code, "status": status, "service": ID}
    if status == 402 or lacks_money(said.code, said.message):
        return InsufficientBalance(f"{line}; the account behind the key cannot pay.", **about)
    if status in {401, 403} or said.code == _NO_DATABASE:
        return AuthenticationError(
            f"{line}; check the key: api_key=…, or {KEY_VARIABLE} beside {URL_VARIABLE}.",
            **about,
        )
    wait = reply.seconds("Retry-After")
    if status == 429 or (status == 503 and wait is not None):
        limited = RateLimited(f"{line}; too many requests at once, try again in a while.", **about)
        limited.retry_after = wait
        return limited
    if not 400 <= status < 500:
        return ServiceError(f"{line}; try again later.", **about)
    body = request.wire()
    named = {one.wire: name for name, one in request.parameters().items()}
    extensions = [name for name in body if name not in _OWN_FIELDS]
    named_in = [name for name in extensions if name == said.field or re.search(rf"\b{re.escape(name)}\b", said.message)]
    if status in {400, 404, 422} and named_in:
        field = named_in[0]
        ours = "extra" if field in (request.extra or {}) else named.get(field, "the recording's address")
        return InvalidRequest(
            f"this server does not take {field!r}, an extension, as it was given: {said.message.rstrip('.')} (HTTP {status}); "
            f"leave {ours} out, or change it. Nothing was charged.",
            problems=(Problem(ours, shown(body[field]), "this server does not take it so"),),
            service=ID,
        )
    if status in {404, 405} and said.message.lower().rstrip(".") in {"not found", "method not allowed"}:
        return InvalidRequest(
            f"{line}; nothing is at /audio/speech below base_url, which ends in /v1 on most servers.", service=ID
        )
    return InvalidRequest(
        f"{line}; change what it names and send it again (studio.catalogue() lists voices, where the server does).",
        service=ID,
    )


def broken(how: str, data: bytes) -> VoicenbError:
    """The error of a stream that ended early: what came of it was made."""
    if not data:
        return unknown(how)
    broken = IncompleteError(how, service=ID)
    broken.data = data
    return broken


class Heard:
    """The sound in an event stream.

    Attributes:
        sound: All of it so far.
        media: What it is, as a content type, where an event says it.
        begun: Whether an event came.
        why: What an error event said, for a sentence.
    """

    def __init__(self) -> None:
        self._events = Events()
        self.sound = bytearray()
        self.media = ""
        self.begun = self._ended = self._torn = False
        self.why = ""

    @property
    def done(self) -> bool:
        """Whether the event that ends the sound came, and nothing of it is missing."""
        return self._ended and not self._torn

    def add(self, piece: bytes, *, last: bool = False) -> bytes:
        """The sound that `piece` completes."""
        before = len(self.sound)
        try:
            for event in self._events.add(piece, last=last):
                self._take(event)
        except ValueError:
            # Whatever follows, some of the sound is missing.
            self._torn, self.why = True, ": one of them cannot be read"
        return bytes(self.sound[before:])

    def _take(self, event: Mapping[str, Any]) -> None:
        self.begun = True
        kind = str(event.get("type", ""))
        if (rate := event.get("sample_rate")) is not None:
            # The Chatterbox TTS API says first what its bare samples are.
            rate, channels = pcm_form(f"audio/pcm; rate={rate}; channels={event.get('channels', 1)}", RATE)
            self.media = f"audio/pcm;codec=pcm16;rate={rate};channels={channels}"
        if isinstance(sound := event.get("audio"), str):
            self.sound += base64.b64decode(sound)
        if kind.endswith(".done"):
            self._ended = True
        elif kind.endswith("error") or "error" in event:
            error = object_of(event.get("error")) or event
            self.why = f": {shown_text(error.get('message'), 200) or 'without a reason'}"
