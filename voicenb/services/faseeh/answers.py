"""What Faseeh answers: its own form, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from voicenb.errors import (
    AuthenticationError,
    InsufficientBalance,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    VoicenbError,
)
from voicenb.services.answers import code_of, id_of, lacks_money, object_of, shown_text
from voicenb.services.faseeh.requests import ID
from voicenb.services.http import Reply

__all__ = ["KEY_VARIABLES", "code_and_message", "error_of", "is_own", "no_sound", "refusal_in", "unknown"]


def unknown(said: str, data: bytes = b"") -> OutcomeUnknown:
    """The error for a request that may have been charged, with what came of its answer."""
    unknown = OutcomeUnknown(f"{said}. The request may have been charged, so it is not sent again.", service=ID)
    unknown.data = data
    return unknown


def no_sound() -> VoicenbError:
    """The error for an answer that should be sound and is empty."""
    return unknown("faseeh answered with no sound at all")


def code_and_message(body: Mapping[str, Any]) -> tuple[str, str | None]:
    """Code and message of an error."""
    inner = object_of(body.get("error")) or body
    code = code_of(inner.get("errorCode")) or code_of(inner.get("code")) or ""
    message = next((inner[key] for key in ("errorMessage", "message", "error") if inner.get(key)), None)
    return code, shown_text(message)


def is_own(reply: Reply) -> bool:
    """Whether an answer to a paid request is the service's own word: a voice, or an error as it gives them.

    Errors are ``errorCode`` and ``errorMessage``, or ``code`` and ``message``; a code has five digits, of which the first three
    are an HTTP status. Gateways have a message alone, or a code of three digits.
    """
    body = reply.object()
    if body is None:
        return False
    if id_of((object_of(body.get("data")) or body).get("voice_id")):
        return True
    code, message = code_and_message(body)
    return message is not None and _CODE.fullmatch(code) is not None


_CODE = re.compile(r"[4-9]\d{4}")


def refusal_in(data: bytes, status: int = 200) -> VoicenbError | None:
    """The error that an answer is which should be sound and is the service's own word; None where it is none."""
    import httpx

    if data.lstrip()[:1] not in {b"{", b"["} or len(data) > _LONGEST_ERROR:
        return None
    reply = Reply(httpx.Response(status), data)
    if not is_own(reply):
        return None
    return error_of(*code_and_message(reply.object() or {}), reply, None)


_LONGEST_ERROR = 2**20


KEY_VARIABLES: tuple[str, ...] = ("MUNSIT_API_KEY", "FASEEH_API_KEY")


def error_of(code: str, message: str | None, reply: Reply, hint: str | None) -> VoicenbError:
    """The error that an answer stands for; `hint` is what to do where the call itself is not there."""
    status = reply.status
    # The first three digits of a code are the HTTP status that goes with it.
    meant = int(code[:3]) if re.fullmatch(r"\d{5}", code) else status
    message = (message or "no message").rstrip(".")
    said = f"faseeh answered: {message} ({f'code {code}' if code else f'HTTP {status}'}). Nothing was charged"
    about: dict[str, Any] = {"code": code or None, "status": status, "service": ID}
    if meant == 402 or lacks_money(message):
        return InsufficientBalance(f"{said}; top up the account, or see studio.price(…).", **about)
    if meant == 401:
        return AuthenticationError(
            f"{said}; check the key in {' or '.join(KEY_VARIABLES)} and that it belongs to this region.",
            **about,
        )
    if meant == 403:
        return AuthenticationError(f"{said}; the key has no access to this model or voice.", **about)
    wait = reply.seconds("Retry-After")
    if meant == 429 or (503 in {meant, status} and wait is not None):
        limited = RateLimited(f"{said}; too many requests run at once, try again in a while.", **about)
        limited.retry_after = wait
        return limited
    if meant == 404 or (meant == 405 and hint is not None):
        if hint is not None:
            return ServiceError(f"{said}. {hint}", **about)
        return InvalidRequest(
            f"{said}; the voice or the model is not there: studio.catalogue() lists voices.", service=ID
        )
    if 400 <= meant < 500:
        return InvalidRequest(f"{said}; change what it names and send it again.", service=ID)
    return ServiceError(f"{said}; try again later.", **about)
