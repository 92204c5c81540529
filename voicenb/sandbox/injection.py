"""Faults on demand: what goes wrong between a client and a service, at the wire, when it is asked for.

A fault has a kind, the calls that it strikes, and how often: a rate, a number to let pass first, a number of strikes, a
seed. Faults are set through ``POST /sandbox/faults`` and end with the sandbox. One request meets at most one of them: the
first in the list that strikes. The same seed over the same sequence of requests strikes the same ones.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import socket
import struct
import sys
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from voicenb.sandbox.fields import BadFieldError, Fields, RuleError, integer, number, string
from voicenb.sandbox.voice import VoiceError
from voicenb.sandbox.wire import BAD_PARAMETERS, drain, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from voicenb.sandbox.app import Sandbox
    from voicenb.sandbox.bookkeeping import Task
    from voicenb.sandbox.twin import Twin

    Perform = Callable[[Task], Awaitable[None]]

__all__ = ["CALLS", "KINDS", "BreakableProtocol", "Fault", "Faults", "Kind"]

_log = logging.getLogger("voicenb.sandbox")

_BREAK = "voicenb.break"
_MOST_SECONDS = 3600.0
_ELSEWHERE = "localhost"

CALLS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "upload": ("POST", ("*/files/upload", "/sandbox/uploads")),
    "preview": ("POST", ("*/soundCloning/clones", "*/voices/preview")),
    "voice": ("POST", ("*/voices/clone",)),
    "production": ("POST", ("*/soundCloning/audios", "*/voice/clone", "*/text-to-speech/*")),
    "query": ("GET", ("*/v1/audios/*", "*/v2/tasks/*")),
    "download": ("GET", ("/files/results/*",)),
    "balance": ("GET", ("*/user/balance", "*/key/balance")),
    "prices": ("GET", ("*/model/catalog", "*/models")),
}
"""The calls that a fault's ``route`` may name: the method, and the paths of every service."""

_SUBMISSIONS = ("preview", "voice", "production")


@dataclass(frozen=True)
class Kind:
    """What one kind of fault does.

    Attributes:
        line: What happens, in a line.
        calls: The calls that it can strike; all where empty.
    """

    line: str
    calls: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "delay": Kind("the request is handled `seconds` (2) later"),
    "timeout": Kind("the request is handled, and never answered"),
    "reset_before": Kind("the connection is reset before the request is handled"),
    "reset_after": Kind("the request is handled, and the connection reset instead of the answer"),
    "rate_limit": Kind("429 with Retry-After of `seconds` (1); the request is not handled"),
    "server_error": Kind("HTTP `status` (503) with a page of HTML, as a gateway sends; the request is not handled"),
    "server_error_after": Kind("the request is handled, and HTTP `status` (503) with a page of HTML is the answer"),
    "garbage": Kind("the request is handled, and its answer is cut off and closed as if it were whole"),
    "string_code": Kind("the code of the answer's envelope is a string instead of a number, or the other way round"),
    "null_field": Kind("fields that the answer leaves out are there, as null"),
    "slow_body": Kind("the answer's body comes in pieces over `seconds` (2)"),
    "truncated": Kind("the connection ends in the middle of the answer's body"),
    "wrong_type": Kind("the answer's content type is text/html"),
    "redirect": Kind("HTTP `status` (307) to another host; the request is not handled"),
    "lost_task": Kind("the service does not know the task any more", ("query",)),
    "task_failed": Kind("the task is accepted, fails, and is refunded", ("preview", "production")),
    "stuck": Kind("the task is processing for ever", ("query",)),
    "expired_url": Kind("the result's address has expired", ("download",)),
    "insufficient_balance": Kind("the account is empty from then on", _SUBMISSIONS),
}
"""Every kind of fault."""

# Fields that an answer may leave out, by what else it has.
_OPTIONAL: Sequence[tuple[str, tuple[str, ...]]] = (
    ("object", ("modelId", "audioUrl", "subtitleFile", "error")),
    ("task_id", ("audioUrl", "format", "degraded", "providerUsed", "completed_at", "error", "progress")),
    ("voice_id", ("description", "gender", "age", "dialect", "sample_url", "avatar_url")),
    ("available", ("currency",)),
    ("mime_type", ("expires",)),
)


@dataclass(frozen=True)
class Fault:
    """One fault as it was set.

    Attributes:
        kind: One of `KINDS`.
        route: One of `CALLS`, or the end of a path, in which ``*`` stands for anything; None for every call.
        service: The service whose calls it strikes; None for every one.
        rate: How likely a request is struck, 0 to 1.
        count: How many requests it strikes at most; None for no limit.
        after: How many requests it lets pass first.
        seed: What the draws come from.
        seconds: How long, for kinds that take time.
        status: The HTTP status, for kinds that answer with one.
    """

    kind: str
    route: str | None = None
    service: str | None = None
    rate: float = 1.0
    count: int | None = None
    after: int = 0
    seed: int = 0
    seconds: float | None = None
    status: int | None = None


@dataclass
class _Armed:
    fault: Fault
    chance: random.Random
    seen: int = 0
    struck: int = 0
    # Faults of a task or of a result strike all of its requests or none.
    drawn: dict[str, bool] = field(default_factory=dict)

    def strikes(self, key: str | None) -> bool:
        if key is not None and key in self.drawn:
            return self.drawn[key]
        self.seen += 1
        fault = self.fault
        spent = fault.count is not None and self.struck >= fault.count
        hit = self.seen > fault.after and not spent and self.chance.random() < fault.rate
        self.struck += hit
        if key is not None:
            self.drawn[key] = hit
        return hit


class BreakableProtocol(H11Protocol):
    """uvicorn's protocol, with a way for the application to end the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the way into every request's scope, as an extension of ASGI."""
        super().connection_made(transport)
        app = self.app

        async def breakable(scope: Any, receive: Any, send: Any) -> None:
            ways = {"abort": lambda: _reset(transport), "close": transport.close}
            scope["extensions"] = {**scope.get("extensions", {}), _BREAK: ways}
            await app(scope, receive, send)

        self.app = breakable


def _reset(transport: asyncio.Transport) -> None:
    """End a connection with a reset instead of an orderly close."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Lingering for no time at all is how a socket is told to reset.
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        )
    transport.abort()


class Faults:
    """The faults that are set, and the ASGI middleware that lets them happen.

    Args:
        sandbox: Whose requests they strike.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._armed: list[_Armed] = []

    # Setting them

    def describe(self) -> dict[str, Any]:
        """The kinds with a line each, the calls, and what is set with how often it struck."""
        return {
            "kinds": {name: {"what": kind.line, "calls": list(kind.calls or CALLS)} for name, kind in KINDS.items()},
            "calls": list(CALLS),
            "faults": [asdict(one.fault) | {"seen": one.seen, "struck": one.struck} for one in self._armed],
        }

    def replace(self, body: Mapping[str, Any]) -> None:
        """Set the faults of a request's body, instead of those that were set.

        Raises:
            RuleError: One of them is none; nothing was changed.
        """
        given = body.get("faults")
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise RuleError("faults: must be a list of objects")
        services = [twin.service for twin in self._sandbox.twins]
        read = [_read(one, services, f"faults[{place}].") for place, one in enumerate(given)]
        self._armed = [_Armed(fault, random.Random(fault.seed)) for fault in read]  # noqa: S311  no secret

    # Letting them happen

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """What stands before the routes."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            fault = self._striking(scope)
            if fault is None:
                await app(scope, receive, send)
            else:
                _log.info("fault %s strikes %s %s", fault.kind, scope["method"], scope["path"])
                await _Strike(self._sandbox, app, fault, scope, receive, send).happen()

        return faulty

    def performing(self, twin: Twin) -> Perform:
        """What performs a twin's tasks, unless a fault makes one fail."""

        async def perform(task: Task) -> None:
            call = "preview" if task.kind == "preview" else "production"
            for armed in self._armed:
                fault = armed.fault
                if (
                    fault.kind == "task_failed"
                    and fault.service in {None, twin.service}
                    and fault.route in {None, call}
                    and armed.strikes(task.id)
                ):
                    raise VoiceError("the voice broke off in the middle, as a fault asked it to")
            await twin.perform(task)

        return perform

    def _striking(self, scope: Scope) -> Fault | None:
        if not self._armed or scope["type"] != "http":
            return None
        path, method = scope["path"], scope["method"]
        call = _call(method, path)
        if call is None and path.startswith("/sandbox/"):
            return None
        for armed in self._armed:
            fault = armed.fault
            if (
                fault.kind == "task_failed"
                or (KINDS[fault.kind].calls and call not in KINDS[fault.kind].calls)
                or not _meant(fault.route, call, path)
                or (fault.service is not None and fault.service != self._service(path))
                or (fault.kind == "redirect" and _host(scope) == _ELSEWHERE)
            ):
                continue
            sticky = path if fault.kind in {"lost_task", "stuck", "expired_url"} else None
            if armed.strikes(sticky):
                return fault
        return None

    def _service(self, path: str) -> str | None:
        return next((twin.service for twin in self._sandbox.twins if path.startswith(twin.paths)), None)


def _call(method: str, path: str) -> str | None:
    for name, (its_method, patterns) in CALLS.items():
        if method == its_method and any(fnmatchcase(path, pattern) for pattern in patterns):
            return name
    return None


def _meant(route: str | None, call: str | None, path: str) -> bool:
    if route is None:
        return call is not None
    if route in CALLS:
        return route == call
    return fnmatchcase(path, route if route.startswith(("/", "*")) else f"*/{route}")


def _host(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return str(host.decode("latin-1").rpartition(":")[0])


def _read(given: Mapping[str, Any], services: Sequence[str], within: str) -> Fault:
    fields = Fields(given, null_is_absent=True, within=within)

    def one_of(known: Sequence[str]) -> Callable[[Any], str]:
        def read(value: Any) -> str:
            if string(value) not in known:
                raise BadFieldError(f"{value[:40]!r} is none; there are {', '.join(known)}")
            return str(value)

        return read

    kind = fields.take("kind", one_of(list(KINDS)), required=True)
    fault = Fault(
        kind=kind,
        route=fields.take("route", string),
        service=fields.take("service", one_of(services)),
        rate=fields.take("rate", number(lambda x: 0 <= x <= 1, "from 0 to 1"), 1.0),
        count=fields.take("count", integer(0, 10**9)),
        after=fields.take("after", integer(0, 10**9), 0),
        seed=fields.take("seed", integer(-(2**53), 2**53), 0),
        seconds=fields.take("seconds", number(lambda x: 0 <= x <= _MOST_SECONDS, f"from 0 to {_MOST_SECONDS:.0f}")),
        status=fields.take("status", integer(300, 599)),
    )
    own = KINDS[kind].calls if kind in KINDS else ()
    if own and fault.route in CALLS and fault.route not in own:
        fields.note("route", f"{kind} can strike {', '.join(own)}")
    for name in given:
        if name not in Fault.__dataclass_fields__:
            fields.note(name[:40], f"no such field; there are {', '.join(Fault.__dataclass_fields__)}")
    fields.done()
    return fault


@dataclass
class _Strike:
    """One request that a fault strikes."""

    sandbox: Sandbox
    app: ASGIApp
    fault: Fault
    scope: Scope
    receive: Receive
    send: Send

    async def happen(self) -> None:
        await getattr(self, f"_{self.fault.kind}")()

    # What is handled later, or not at all

    async def _delay(self) -> None:
        await asyncio.sleep(self._seconds(2.0))
        await self._pass_on()

    async def _reset_before(self) -> None:
        # Read to its end, so that the client is waiting for the answer, and sees the reset there.
        await drain(Request(self.scope, self.receive))
        await self._break()

    async def _rate_limit(self) -> None:
        await drain(Request(self.scope, self.receive))
        twin = self.sandbox.twin_of(self.scope["path"])
        wait = f"{self._seconds(1.0):g}"
        await self._answer(twin.problem(429, "too many requests", {"Retry-After": wait}))

    async def _server_error(self) -> None:
        await drain(Request(self.scope, self.receive))
        await self._answer(self._gateway_page())

    async def _redirect(self) -> None:
        await drain(Request(self.scope, self.receive))
        address = f"http://{_ELSEWHERE}:{self.sandbox.port}{self.scope['path']}"
        await self._answer(Response(status_code=self.fault.status or 307, headers={"Location": address}))

    # What is handled, and answered otherwise

    async def _timeout(self) -> None:
        await self._handled()
        await self._until_gone()

    async def _reset_after(self) -> None:
        await self._handled()
        await self._break()

    async def _server_error_after(self) -> None:
        await self._handled()
        await self._answer(self._gateway_page())

    async def _garbage(self) -> None:
        start, body = await self._handled()
        await self._replay(start, body[: len(body) * 2 // 3])

    async def _string_code(self) -> None:
        def turned(found: dict[str, Any]) -> None:
            for name in ("code", "errorCode"):
                if isinstance(found.get(name), int):
                    found[name] = str(found[name])
                elif isinstance(found.get(name), str) and re.fullmatch(r"-?\d+", found[name]):
                    found[name] = int(found[name])

        await self._rewritten(turned)

    async def _null_field(self) -> None:
        def with_nulls(found: dict[str, Any]) -> None:
            data = found.get("data")
            for each in (found, data):
                if isinstance(each, dict):
                    for sign, names in _OPTIONAL:
                        if sign in each:
                            each.update({name: None for name in names if name not in each})
            if "code" in found:
                found.setdefault("data", None)

        await self._rewritten(with_nulls)

    async def _stuck(self) -> None:
        def unfinished(found: dict[str, Any]) -> None:
            data = found.get("data")
            for each in (found, data):
                if isinstance(each, dict) and each.get("status") in {"completed", "failed"}:
                    each["status"] = "processing"
                    for name in ("audioUrl", "subtitleFile", "modelId", "completed_at", "format"):
                        each.pop(name, None)

        await self._rewritten(unfinished)

    async def _slow_body(self) -> None:
        start, body = await self._handled()
        await self.send(start)
        pieces = 10
        for place in range(pieces):
            piece = body[len(body) * place // pieces : len(body) * (place + 1) // pieces]
            await self.send({"type": "http.response.body", "body": piece, "more_body": place < pieces - 1})
            if place < pieces - 1:
                await asyncio.sleep(self._seconds(2.0) / (pieces - 1))

    async def _truncated(self) -> None:
        start, body = await self._handled()
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        # An orderly close: a reset would throw away what has not been read yet.
        await self._break("close")

    async def _wrong_type(self) -> None:
        start, body = await self._handled()
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-type"]
        await self._replay({**start, "headers": [*kept, (b"content-type", b"text/html; charset=utf-8")]}, body)

    async def _lost_task(self) -> None:
        lost = self.scope["path"].rpartition("/")[0] + "/lost"
        await self.app({**self.scope, "path": lost, "raw_path": lost.encode()}, self.receive, self.send)

    async def _expired_url(self) -> None:
        await self._answer(refusal(BAD_PARAMETERS, "this URL has expired", status=404))

    async def _insufficient_balance(self) -> None:
        self.sandbox.books.set_balance(self.sandbox.twin_of(self.scope["path"]).service, 0)
        await self._pass_on()

    # What they share

    def _seconds(self, default: float) -> float:
        return default if self.fault.seconds is None else self.fault.seconds

    def _gateway_page(self) -> Response:
        status = self.fault.status or 503
        page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
        return Response(page, status_code=status, media_type="text/html")

    async def _pass_on(self) -> None:
        await self.app(self.scope, self.receive, self.send)

    async def _answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self.send)

    async def _handled(self) -> tuple[Message, bytes]:
        """Have the request handled, and keep its answer back."""
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        await self.app(self.scope, self.receive, keep)
        return start, bytes(body)

    async def _replay(self, start: Message, body: bytes) -> None:
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await self.send({**start, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
        await self.send({"type": "http.response.body", "body": body})

    async def _rewritten(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Answer with the JSON object as `change` leaves it; what is none goes out as it is."""
        start, body = await self._handled()
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if isinstance(found, dict):
            change(found)
            body = json.dumps(found, ensure_ascii=False).encode()
        await self._replay(start, body)

    async def _break(self, how: str = "abort") -> None:
        self.scope["extensions"][_BREAK][how]()
        await self._until_gone()

    async def _until_gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
