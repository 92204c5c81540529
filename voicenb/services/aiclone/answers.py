"""What AI Clone answers: its own form, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from voicenb.errors import (
    AuthenticationError,
    BadReference,
    InsufficientBalance,
    InvalidRequest,
    RateLimited,
    ServiceError,
    VoicenbError,
)
from voicenb.services.aiclone.requests import ID
from voicenb.services.answers import address_of, code_of, field_of, id_of, lacks_money, object_of, shown_text
from voicenb.services.http import Reply

__all__ = [
    "KEY_VARIABLES",
    "code_and_message",
    "is_error",
    "is_own",
    "raise_for",
    "subtitles_url",
    "task_id_of",
    "unwrapped",
]


# What its own program alone can name: fields of the request.
_FIELDS = (
    "text",
    "reference_audio",
    "emotion",
    "emo_vec",
    "omni_options",
    "voice_id",
    "model",
    "instructions",
    "_ratio",
)


def unwrapped(body: dict[str, Any] | None) -> dict[str, Any] | None:
    """An object without the wrapper that some proxies put around it."""
    if body is not None and not {"task_id", "status", "error"} & body.keys():
        return object_of(body.get("data")) or object_of(body.get("task")) or body
    return body


def task_id_of(body: Mapping[str, Any]) -> str | None:
    """The task's id, in any of the forms in which ids come, or None."""
    return id_of(field_of(body, "task_id"))


def is_error(body: Mapping[str, Any]) -> bool:
    """Whether an object is an error in the learned form ``{"error": {code, message, type}}``."""
    error = body.get("error")
    return isinstance(error, dict) and isinstance(error.get("message"), str)


def is_own(reply: Reply) -> bool:
    """Whether an answer to a paid request is the service's own word: a task, or an error as it gives them.

    Errors are ``{"error": {code, message, type}}`` (learned); a server's error (5xx) has all three, any other a `code` or a
    `type`. A message alone is what gateways give, too: it counts with HTTP 402, which means that the account cannot pay, and
    where an error of validation (`error` or `detail`, HTTP 400 or 422) names a field of the request.
    """
    body = unwrapped(reply.object())
    if body is None:
        return False
    if task_id_of(body):
        return True
    if is_error(body):
        error = body["error"]
        marks = (code_of(error.get("code")) is not None, isinstance(error.get("type"), str))
        if all(marks) if reply.status >= 500 else any(marks) or reply.status == 402:
            return True
    said = body.get("error", body.get("detail"))
    return reply.status in {400, 422} and said is not None and any(name in str(said) for name in _FIELDS)


def code_and_message(body: Any) -> tuple[str | None, str]:
    """Code and message of an error, in the learned form ``{"error": {code, message}}`` and the usual others."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        code = error.get("code")
        message = next((error[key] for key in ("message", "detail", "msg", "error") if error.get(key)), code)
        return shown_text(code_of(code), 60), shown_text(message) or "no message"
    return None, shown_text(error) or "no message"


KEY_VARIABLES: tuple[str, ...] = ("AICLONE_API_KEY",)


def raise_for(reply: Reply, body: Any, *, charges: bool) -> NoReturn:
    """Raise the error that an answer is; `charges`: the call was one that costs, and this answer says that it did not."""
    code, message = code_and_message(body)
    status = reply.status
    said = f"aiclone answered: {message.rstrip('.')} (HTTP {status})" + (". Nothing was charged" if charges else "")
    about: dict[str, Any] = {"code": code, "status": status, "service": ID}
    error: VoicenbError
    wait = reply.seconds("Retry-After")
    if status == 402 or lacks_money(code, message):
        error = InsufficientBalance(f"{said}; top up the account, or see studio.price(…).", **about)
    elif status in {401, 403}:
        error = AuthenticationError(
            f"{said}; check the key in {KEY_VARIABLES[0]} and that it belongs to this address.", **about
        )
    elif status == 429 or (status == 503 and wait is not None):
        error = limited = RateLimited(f"{said}; try again in a while.", **about)
        limited.retry_after = wait
    elif status in {400, 422} and "reference_audio" in message and "emotion" not in message:
        error = BadReference(f"{said}; see reference.check(studio).", service=ID)
    elif status in {400, 413, 415, 422}:
        error = InvalidRequest(f"{said}; change what it names and send it again.", service=ID)
    elif status in {404, 410} and not charges:
        error = ServiceError(f"{said}; it may not be there yet, or not any more.", **about)
    else:
        error = ServiceError(f"{said}; try again later.", **about)
    raise error


def subtitles_url(data: Mapping[str, Any], base: str) -> str | None:
    """Where the subtitles are (assumed: the document names no field, so any top-level one of that name is taken)."""
    for name, value in data.items():
        if "subtitle" in str(name).lower() and isinstance(value, str) and "/" in value and "\n" not in value.strip():
            return address_of(value, base)
    return None
