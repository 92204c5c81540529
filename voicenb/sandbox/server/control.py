"""The sandbox's own routes, below ``/sandbox``: what a service would never let its clients see or set.

They need the key, and answer with HTTP's own status codes.
"""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Route

from voicenb.base.arguments import did_you_mean
from voicenb.sandbox.bookkeeping.money import credits_of, micro_of
from voicenb.sandbox.engine.workers.loading import VoiceError
from voicenb.sandbox.recordings.uploads import receive_upload
from voicenb.sandbox.wire.bodies import (
    AUTHENTICATION,
    BAD_PARAMETERS,
    BadBodyError,
    api_key,
    bearer,
    drain,
    read_json,
    refusal,
)
from voicenb.sandbox.wire.fields import RuleError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from voicenb.sandbox.server.app import Sandbox

    Handler = Callable[[Request], Awaitable[Response]]

__all__ = ["Control"]

_MOST_SECONDS = 10 * 365 * 86_400
"""The furthest that one call may move the clock."""


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """The routes and what they need."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._making = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Every route below ``/sandbox``."""
        return [
            Route("/sandbox/lifeline", self._keyed(self._sandbox.lifelines.open), methods=["GET"]),
            Route("/sandbox/status", self._keyed(self._status), methods=["GET"]),
            Route("/sandbox/speakers", self._keyed(self._speakers), methods=["GET"]),
            Route("/sandbox/speakers/{name}", self._keyed(self._speaker), methods=["GET"]),
            Route("/sandbox/books", self._keyed(self._books), methods=["GET"]),
            Route("/sandbox/account", self._keyed(self._account), methods=["POST"]),
            Route("/sandbox/clock", self._keyed(self._clock), methods=["POST"]),
            Route("/sandbox/settings", self._keyed(self._settings), methods=["GET", "POST"]),
            Route("/sandbox/faults", self._keyed(self._faults), methods=["GET", "POST"]),
            Route("/sandbox/uploads", self._keyed(self._upload), methods=["POST"]),
        ]

    def _keyed(self, handler: Handler) -> Handler:
        async def keyed(request: Request) -> Response:
            if not (bearer(request, self._sandbox.key) or api_key(request, self._sandbox.key)):
                await drain(request)
                return refusal(
                    AUTHENTICATION, "send Authorization: Bearer or x-api-key with the sandbox's key", status=401
                )
            try:
                return await handler(request)
            except _RefusedError as error:
                return refusal(BAD_PARAMETERS, str(error), status=error.status)
            except (BadBodyError, RuleError, ValueError) as error:
                return refusal(BAD_PARAMETERS, str(error), status=400)

        return keyed

    async def _status(self, _request: Request) -> Response:
        sandbox = self._sandbox
        return JSONResponse(
            {
                "version": sandbox.version,
                "pid": os.getpid(),
                "url": sandbox.origin,
                "voice": sandbox.voice.state,
                "workers": sandbox.jobs.runners,
                "lifelines": sandbox.lifelines.count,
                "tasks": sandbox.books.counts(),
                "accounts": self._accounts(),
                "now": sandbox.books.now(),
            }
        )

    async def _lines(self) -> dict[str, str]:
        """The sample speakers' lines by name, once the voice is there."""
        try:
            await self._sandbox.voice.engine()
        except VoiceError as error:
            raise _RefusedError(503, str(error)) from None
        return self._sandbox.voice.speakers

    async def _speakers(self, _request: Request) -> Response:
        lines = await self._lines()
        return JSONResponse(lines)

    async def _speaker(self, request: Request) -> Response:
        lines = await self._lines()
        name = request.path_params["name"]
        if name not in lines:
            hint = did_you_mean(name, lines)
            raise _RefusedError(404, f"no sample speaker is called {name[:40]!r}; {hint}there are {', '.join(lines)}")
        return FileResponse(await self._made(name), media_type="audio/wav", filename=f"{name}.wav")

    async def _made(self, name: str) -> Path:
        """The speaker's recording, made once for each version of voicenb."""
        files = self._sandbox.files
        folder = files.cache / self._sandbox.version / "speakers"
        made = folder / f"{name}.wav"
        async with self._making:
            if not made.is_file():
                folder.mkdir(parents=True, exist_ok=True)
                partial = files.partial("wav")
                engine = await self._sandbox.voice.engine()
                try:
                    await engine.speaker(name, partial)
                except self._sandbox.voice.errors as error:
                    raise _RefusedError(503, str(error)) from None
                files.keep(partial, folder)
                (folder / partial.name).replace(made)
        return made

    async def _books(self, _request: Request) -> Response:
        books = self._sandbox.books
        tasks = [
            {
                "id": task.id,
                "service": task.service,
                "kind": task.kind,
                "status": task.status,
                "created": task.created,
                "finished": task.finished,
                "characters": task.characters,
                "attempts": task.attempts,
                "charge": credits_of(sum(charges.values())),
                "charges": {item: credits_of(amount) for item, amount in charges.items()},
                "refund": credits_of(refund),
                "error": task.error,
                "request": task.request,
            }
            for task, charges, refund in books.statement()
        ]
        return JSONResponse(tasks)

    def _accounts(self) -> dict[str, Any]:
        return {
            service: {"balance": credits_of(account.balance), "used": credits_of(account.used)}
            for service, account in self._sandbox.books.accounts().items()
        }

    async def _account(self, request: Request) -> Response:
        body = await read_json(request, parse_float=Decimal)
        service = body.get("service", "soundclone")
        books = self._sandbox.books
        if not isinstance(service, str) or service not in books.accounts():
            hint = did_you_mean(service, books.accounts())
            raise _RefusedError(404, f"no service {str(service)[:40]!r}; {hint}there are {', '.join(books.accounts())}")
        if "balance" not in body:
            raise _RefusedError(400, "balance: required, in credits")
        books.set_balance(service, micro_of(body["balance"]))
        return JSONResponse({"accounts": self._accounts()})

    async def _clock(self, request: Request) -> Response:
        seconds = (await read_json(request)).get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= _MOST_SECONDS:
            raise _RefusedError(400, f"advance: seconds from 0 to {_MOST_SECONDS}; the clock only moves forward")
        return JSONResponse({"now": self._sandbox.books.advance(float(seconds))})

    async def _settings(self, request: Request) -> Response:
        if request.method == "POST":
            self._sandbox.settings.change(await read_json(request))
        return JSONResponse(self._sandbox.settings.all())

    async def _faults(self, request: Request) -> Response:
        if request.method == "POST":
            self._sandbox.faults.replace(await read_json(request))
        return JSONResponse(self._sandbox.faults.describe())

    async def _upload(self, request: Request) -> Response:
        """A recording gets a URL that every twin takes; three days or restarts do not end it."""
        upload = await receive_upload(request, self._sandbox.files, self._sandbox.books)
        return JSONResponse(
            {
                "url": self._sandbox.upload_url(upload.name),
                "filename": upload.filename,
                "size": upload.size,
                "mime_type": upload.mime,
            }
        )
