"""What an answer of HTTP 300 and above means: for a call that costs nothing, for a paid one, and for a result."""

from __future__ import annotations

from typing import Any

from voicenb.errors import (
    AuthenticationError,
    InsufficientBalance,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    VoicenbError,
)
from voicenb.services.replies import Reply

__all__ = ["raise_for_result", "raise_for_status", "stranger", "unknown"]

_TURNED_AWAY = {
    407: ("a proxy wants to know who asks", "set HTTPS_PROXY with the proxy's user name and password"),
    411: ("a proxy wants to know its length", "ask whoever runs the proxy"),
    413: ("it is too large for the service or for a proxy on the way", "shorten the text or the recording"),
    414: ("its address is too long for a proxy on the way", "check base_url"),
    431: ("its headers are too long for a proxy on the way", "check the key"),
}
"""Statuses that are given only instead of passing a request on: why, and what to do."""

_HINTS = {
    403: " (a firewall or a proxy may have blocked the request or the answer)",
    404: " (base_url may lead elsewhere)",
    405: " (base_url may lead elsewhere)",
    408: " (it took too long on the way)",
    451: " (a firewall or a proxy may have blocked the request or the answer)",
}

_ADVICE = {
    404: "check base_url and that what was asked for is still there",
    405: "check base_url",
    408: "it took too long on the way; try again",
    409: "look whether it is there already",
    415: "give another file",
}


def unknown(service: str, said: str, data: bytes = b"") -> OutcomeUnknown:
    """The error for a request that may have arrived; `data` is what came of its answer."""
    error = OutcomeUnknown(
        f"{said}. It may have been accepted and charged, so it is not sent again; task.reconcile() says what the "
        "service shows of it.",
        service=service,
    )
    error.data = data
    return error


def stranger(service: str, reply: Reply) -> VoicenbError:
    """What an answer to a paid request means that is not in the service's own form: somebody else may have given it.

    A few statuses are given only *instead of* passing a request on (RFC 9110, RFC 6585): who sends them has done nothing
    with it. Everything else may come after the service has taken the request: a gateway that waited in vain, a proxy that
    does not let the answer through, an error page in place of an answer.
    """
    status = reply.status
    said = f"{service} answered HTTP {status} and {reply.excerpt}"
    about: dict[str, Any] = {"status": status, "service": service}
    if status == 401:
        return AuthenticationError(
            f"{said}: the key was refused before anything was done with the request, so nothing was charged. Check the "
            "key and that it belongs to this address.",
            **about,
        )
    if status == 429:
        limited = RateLimited(
            f"{said}: it asks to slow down (HTTP 429). Nothing was charged for this; try again in a while.", **about
        )
        limited.retry_after = reply.seconds("Retry-After")
        return limited
    if status == 402 and not reply.data:
        return InsufficientBalance(
            f"{said}: the account cannot pay. Nothing was charged; top it up, or see studio.price(…).", **about
        )
    if status in {307, 308}:
        return ServiceError(
            f"{service} redirects to {reply.location} (HTTP {status}), where the key is not sent. Nothing was "
            "charged; if that is the service's new address, connect with base_url=….",
            **about,
        )
    if status in _TURNED_AWAY:
        why, then = _TURNED_AWAY[status]
        return ServiceError(
            f"{said}: {why}, so the request was turned away unread and nothing was charged; {then}.", **about
        )
    hint = _HINTS.get(status, "")
    return unknown(service, f"{said}, which is not how {service} itself answers{hint}", reply.data)


def raise_for_status(service: str, reply: Reply) -> None:
    """Raises what an HTTP status alone says of a call that costs nothing, for services that use it.

    Raises:
        AuthenticationError: 401 or 403.
        RateLimited: 429, or 503 with a Retry-After, with its seconds.
        ServiceError: Any other status from 300 up.
    """
    status = reply.status
    about: dict[str, Any] = {"status": status, "service": service}
    wait = reply.seconds("Retry-After")
    if status in {401, 403}:
        raise AuthenticationError(
            f"{service} refuses the key (HTTP {status}). Nothing was charged for this call; check the key and that "
            "it belongs to this address.",
            **about,
        )
    if status == 429 or (status == 503 and wait is not None):
        limited = RateLimited(
            f"{service} asks to slow down (HTTP {status}). Nothing was charged for this; try again in a while.",
            **about,
        )
        limited.retry_after = wait
        raise limited
    if status >= 300:
        then = _TURNED_AWAY[status][1] if status in _TURNED_AWAY else _ADVICE.get(status, "try again later")
        raise ServiceError(
            f"{service} answered HTTP {status} and {reply.excerpt}. Nothing was charged for this call; {then}.",
            **about,
        )


def raise_for_result(service: str, reply: Reply) -> None:
    """Raises what the host of a result says, which is paid for."""
    status = reply.status
    wait = reply.seconds("Retry-After")
    if status == 429 or (status == 503 and wait is not None):
        limited = RateLimited(
            f"the host of {service}'s results asks to wait (HTTP {status}). The task is paid for; its result is "
            "asked for again.",
            status=status,
            service=service,
        )
        limited.retry_after = wait
        raise limited
    raise ServiceError(
        f"the result of {service} could not be downloaded: HTTP {status}. The task is paid for and stays in the "
        "ledger; results are kept for a limited time, so call task.wait() soon: it asks for the address anew.",
        status=status,
        service=service,
    )
