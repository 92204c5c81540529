"""The ASGI application: the twins' routes, the served files, the control routes, and the guard before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from voicenb.sandbox.recordings import files as served_files
from voicenb.sandbox.server.control import Control
from voicenb.sandbox.wire.bodies import SERVER_ERROR, Guard, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from voicenb.sandbox.server.app import Sandbox

__all__ = ["create_app"]


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
