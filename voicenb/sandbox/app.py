"""The sandbox put together: its parts, its twins, its routes.

A service's twin is one class (see `voicenb.sandbox.twin`). Adding one is adding it to `Sandbox.twins`.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version as installed
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from voicenb.sandbox import files as served_files
from voicenb.sandbox.aiclone import AIClone
from voicenb.sandbox.bookkeeping import Books
from voicenb.sandbox.control import Control
from voicenb.sandbox.faseeh import Faseeh
from voicenb.sandbox.files import Files
from voicenb.sandbox.injection import Faults
from voicenb.sandbox.jobs import Jobs
from voicenb.sandbox.life import Lifelines
from voicenb.sandbox.references import References
from voicenb.sandbox.settings import Settings
from voicenb.sandbox.soundclone import SoundClone
from voicenb.sandbox.voice import Voice
from voicenb.sandbox.wire import SERVER_ERROR, Guard, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from voicenb.sandbox.bookkeeping import Task
    from voicenb.sandbox.twin import Twin

__all__ = ["Sandbox", "create_app"]

_MOST_RUNNERS = 4
"""As many as the engine has workers at most."""


class Sandbox:
    """Every part of one sandbox; made on the event loop that serves it.

    Args:
        root: The sandbox's own folder below the home.
        key: The API key.
        port: Where it listens.
    """

    def __init__(self, root: Path, *, key: str, port: int) -> None:
        self.key = key
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"
        try:
            self.version = installed("voicenb")
        except PackageNotFoundError:
            self.version = "unknown"
        self.lifelines = Lifelines()
        self.files = Files(root)
        self.books = Books(root / "books.db")
        # What the engine has worked out belongs to its version.
        self.voice = Voice(self.files.cache / self.version)
        self.references = References(self.files, self.voice, self.version)
        self.settings = Settings(self.books)
        self.twins: list[Twin] = [SoundClone(self), AIClone(self), Faseeh(self)]
        for twin in self.twins:
            self.books.open_account(twin.service, twin.first_balance)
        self.faults = Faults(self)
        self.jobs = Jobs(self.books, self.voice, {twin.service: self.faults.performing(twin) for twin in self.twins})

    def start(self) -> None:
        """Warm the voice up in the background and begin with the queue."""
        self.files.purge(self.books)
        self.voice.warm_up()
        self.jobs.start(max(2, min(_MOST_RUNNERS, os.cpu_count() or 1)))

    async def stop(self) -> None:
        """Put running tasks back and end the workers; the books stay open for requests that are still answered."""
        await self.jobs.stop()
        await self.voice.close()

    def upload_url(self, name: str) -> str:
        """Where an uploaded file is served, without a key."""
        return f"{self.origin}/files/uploads/{name}"

    def result_url(self, name: str) -> str:
        """Where a result is served, without a key."""
        return f"{self.origin}/files/results/{name}"

    def twin_of(self, path: str) -> Twin:
        """The twin that answers for a path; the first one for those that are nobody's."""
        return next((twin for twin in self.twins if path.startswith(twin.paths)), self.twins[0])

    def submit(self, **task: Any) -> Task:
        """Charge and queue a task (see `Books.submit`), and let the queue know."""
        queued = self.books.submit(**task)
        self.jobs.wake()
        return queued


def create_app(sandbox: Sandbox, *, middleware: Sequence[Middleware] = ()) -> Starlette:
    """The ASGI application.

    Args:
        sandbox: What it serves.
        middleware: What stands between the guard at the door and the routes.
    """
    routes: list[BaseRoute] = [route for twin in sandbox.twins for route in twin.routes()]
    routes += served_files.routes(sandbox.files, sandbox.books)
    routes += Control(sandbox).routes()

    async def http_error(request: Request, error: Exception) -> Response:
        """An unknown path (404) or method (405)."""
        assert isinstance(error, HTTPException)
        return sandbox.twin_of(request.url.path).problem(error.status_code, error.detail, error.headers)

    async def crash(request: Request, _error: Exception) -> Response:
        """What should never happen; the log has it."""
        if request.url.path.startswith("/sandbox/"):
            return refusal(SERVER_ERROR, "server error", status=500)
        return sandbox.twin_of(request.url.path).problem(500, "server error")

    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, port=sandbox.port), *middleware],
        exception_handlers={HTTPException: http_error, Exception: crash},
    )
    # A path with a slash too many is an unknown path.
    app.router.redirect_slashes = False
    return app
