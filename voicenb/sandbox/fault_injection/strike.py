"""One fault as it happens to one request: a method a kind."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from voicenb.sandbox.fault_injection.protocol import BREAK
from voicenb.sandbox.fault_injection.registry import Fault
from voicenb.sandbox.wire.bodies import BAD_PARAMETERS, drain, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from voicenb.sandbox.twins.context import SandboxContext

__all__ = ["Strike"]

_ELSEWHERE = "localhost"

# Fields that an answer may leave out, by what else it has.
_OPTIONAL: Sequence[tuple[str, tuple[str, ...]]] = (
    ("object", ("modelId", "audioUrl", "subtitleFile", "error")),
    ("task_id", ("audioUrl", "format", "degraded", "providerUsed", "completed_at", "error", "progress")),
    ("voice_id", ("description", "gender", "age", "dialect", "sample_url", "avatar_url")),
    ("available", ("currency",)),
    ("mime_type", ("expires",)),
)


@dataclass
class Strike:
    """One request that a fault strikes."""

    sandbox: SandboxContext
    app: ASGIApp
    fault: Fault
    scope: Scope
    receive: Receive
    send: Send

    async def happen(self) -> None:
        """Does what its kind does."""
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
        self.scope["extensions"][BREAK][how]()
        await self._until_gone()

    async def _until_gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
