"""Answers that are sent while they are made, and notice when nobody listens any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

__all__ = ["Streamed", "send_whole", "until_gone"]


class Streamed(Response):
    """An answer that a coroutine sends."""

    def __init__(self, answer: Callable[[Receive, Send], Awaitable[None]]) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await self._answer(receive, send)


async def send_whole(answer: Response, send: Send) -> None:
    """Send an answer that is there."""
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body})


async def until_gone(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
