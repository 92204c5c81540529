"""What the sandbox's routes share about HTTP: answers, keys, bounded bodies, the guard at the door."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = [
    "AUTHENTICATION",
    "BAD_PARAMETERS",
    "OK",
    "SERVER_ERROR",
    "BadBodyError",
    "Guard",
    "TooLargeError",
    "answer",
    "api_key",
    "bearer",
    "bounded",
    "drain",
    "expect",
    "is_loopback",
    "read_json",
    "refusal",
]

OK = 20000
AUTHENTICATION = 20001
BAD_PARAMETERS = 20002
SERVER_ERROR = -1

_JSON_BYTES = 1024 * 1024
"""The largest JSON body. 10,000 characters, each escaped in JSON, take 120 KB."""

_DRAIN_BYTES = 512 * 1024 * 1024
_DRAIN_SECONDS = 10


class BadBodyError(Exception):
    """The request's body is not what the route takes; the message says why."""


class TooLargeError(BadBodyError):
    """The body is larger than the route takes."""


def answer(data: Any, *, poll_after: float | None = None) -> JSONResponse:
    """The envelope of a success; `poll_after` (s) tells a client on loopback when to ask again."""
    headers = None if poll_after is None else {"X-Poll-After": f"{poll_after:.2f}"}
    return JSONResponse({"code": OK, "msg": "ok", "data": data}, headers=headers)


def refusal(code: int, message: str, *, status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    """The envelope of an error. It has no ``data`` (assumed: the description allows no null there)."""
    return JSONResponse({"code": code, "msg": message}, status_code=status, headers=headers)


def bearer(request: Request, key: str) -> bool:
    """Whether the request carries ``Authorization: Bearer`` with `key`; compared in constant time."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), key.encode())


def api_key(request: Request, key: str) -> bool:
    """Whether the request carries ``x-api-key`` with `key`; compared in constant time."""
    return hmac.compare_digest(request.headers.get("x-api-key", "").strip().encode(), key.encode())


def expect(request: Request, kind: str) -> None:
    """Check the body's content type.

    Raises:
        BadBodyError: It is not `kind`.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != kind:
        raise BadBodyError(f"the content type must be {kind}, not {given or 'absent'}")


async def bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body's chunks.

    Raises:
        TooLargeError: More than `limit` bytes came.
    """
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLargeError(f"the body is larger than {limit} bytes")
        yield chunk


async def drain(request: Request) -> None:
    """Read what is left of a refused body and drop it, within bounds.

    A connection closed on unread bytes is reset, and the client never sees why it was refused.
    """
    left = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    return
    except (TimeoutError, ClientDisconnect, RuntimeError):
        # RuntimeError is how Starlette says that the whole body was read before.
        return


async def read_json(request: Request, *, parse_float: Any = None, limit: int = _JSON_BYTES) -> dict[str, Any]:
    """The body as a JSON object.

    Args:
        request: Whose body it is.
        parse_float: As `json.loads` has it.
        limit: The largest body, in bytes.

    Raises:
        BadBodyError: Another content type, too large, not UTF-8, not JSON, or not an object.
    """
    try:
        expect(request, "application/json")
        body = b"".join([chunk async for chunk in bounded(request, limit)])
    except BadBodyError:
        await drain(request)
        raise
    try:
        found = json.loads(body.decode("utf-8"), parse_float=parse_float, parse_constant=_constant)
    except UnicodeDecodeError:
        raise BadBodyError("the body is not UTF-8") from None
    except RecursionError:
        raise BadBodyError("the body is nested too deeply") from None
    except ValueError as error:
        raise BadBodyError(f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadBodyError("the body must be a JSON object")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def is_loopback(host: str | None) -> bool:
    """Whether a URL's host is this machine, by its spelling alone: no name but ``localhost`` is looked up."""
    if host is None:
        return False
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware that refuses what a page from elsewhere could send.

    A Host other than this server's own means a rebound DNS name; an Origin that is not loopback means
    another site's script. Both are answered with 403 before anything else is looked at.
    """

    def __init__(self, app: ASGIApp, *, port: int) -> None:
        self._app = app
        self._hosts = {f"{host}:{port}".encode() for host in ("127.0.0.1", "localhost", "[::1]")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            return
        reason = self._reason(scope)
        if reason is None:
            await self._app(scope, receive, send)
        else:
            await refusal(AUTHENTICATION, reason, status=403)(scope, receive, send)

    def _reason(self, scope: Scope) -> str | None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or hosts[0].strip().lower() not in self._hosts:
            return "the sandbox answers only to its own loopback address"
        for name, value in scope["headers"]:
            if name == b"origin" and not _loopback_origin(value):
                return "the sandbox answers only to pages from this machine"
        return None


def _loopback_origin(value: bytes) -> bool:
    try:
        parts = urlsplit(value.decode("ascii").strip())
        return parts.scheme in {"http", "https"} and is_loopback(parts.hostname)
    except ValueError:
        return False
