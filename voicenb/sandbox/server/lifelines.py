"""How a sandbox lives: one a home, behind a lock; found through a small file; kept alive by lifelines.

A client holds a lifeline, a connection on which the server sends a newline now and then. When the client ends,
however it ends, the system closes the connection. A sandbox that was started by a client ends a few seconds after the last
lifeline. This rests on nothing but sockets, so it holds on every platform and after a kill.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from voicenb.base.process import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

__all__ = ["Lifelines", "hold_lock", "lasting_key", "read_address", "write_private"]

_BEAT_SECONDS = 2.0
_FIRST_SECONDS = 30.0
_GRACE_SECONDS = 3.0


def write_private(path: Path, text: str) -> None:
    """Write a small file whole, readable by its owner only."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def lasting_key(path: Path) -> str:
    """The sandbox's API key: made at random once, then kept."""
    try:
        found = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        found = ""
    if not found:
        found = f"sk_{secrets.token_urlsafe(32)}"
        write_private(path, found + "\n")
    return found


def read_address(path: Path) -> dict[str, Any] | None:
    """What ``server.json`` says, or None where there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@contextmanager
def hold_lock(path: Path) -> Iterator[bool]:
    """Try to hold the home's lock; gives whether this process holds it now.

    The operating system releases it when the process ends, however it ends.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield try_lock(descriptor)
    finally:
        os.close(descriptor)


class Lifelines:
    """The open lifelines of this server."""

    def __init__(self) -> None:
        self.count = 0
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()
        self._closing = asyncio.Event()

    def close(self) -> None:
        """The server ends: let go of every lifeline, and accept none."""
        self._closing.set()

    async def over(self) -> None:
        """Wait until the last lifeline has been closed for a while, or none has come for long; from then on none is accepted."""
        patience = _FIRST_SECONDS
        while True:
            try:
                async with asyncio.timeout(patience):
                    await self._some.wait()
            except TimeoutError:
                if not self.count:
                    # At once: whoever got one while the server is still about to end would be left without a server.
                    self.close()
                    return
            await self._none.wait()
            patience = _GRACE_SECONDS

    async def open(self, _request: Request) -> Response:
        """Answer a request for a lifeline."""
        if self._closing.is_set():
            return Response(status_code=503)
        return _Line(self)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count one lifeline while it is open."""
        self.count += 1
        self._some.set()
        self._none.clear()
        try:
            yield
        finally:
            self.count -= 1
            if not self.count:
                self._none.set()
                self._some.clear()

    async def ended(self, receive: Receive) -> bool:
        """Wait for a beat; whether the client or the server let go meanwhile."""
        gone = asyncio.create_task(_gone(receive))
        closing = asyncio.create_task(self._closing.wait())
        done, _ = await asyncio.wait({gone, closing}, timeout=_BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in (gone, closing):
            task.cancel()
        await asyncio.gather(gone, closing, return_exceptions=True)
        return bool(done)


class _Line(Response):
    """An endless body: a newline at once and at every beat."""

    def __init__(self, lines: Lifelines) -> None:
        super().__init__(media_type="text/plain", headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._lines = lines

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        with self._lines.counted():
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while True:
                await send({"type": "http.response.body", "body": b"\n", "more_body": True})
                if await self._lines.ended(receive):
                    break
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
