"""A connection that the application can end, as a host that breaks down does."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["BREAK", "BreakableProtocol"]

BREAK = "voicenb.break"


class BreakableProtocol(H11Protocol):
    """uvicorn's protocol, with a way for the application to end the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the way into every request's scope, as an extension of ASGI."""
        super().connection_made(transport)
        app = self.app

        async def breakable(scope: Any, receive: Any, send: Any) -> None:
            ways = {"abort": lambda: _reset(transport), "close": transport.close}
            scope["extensions"] = {**scope.get("extensions", {}), BREAK: ways}
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
