"""When lifelines are accepted, and until when they keep a server."""

from __future__ import annotations

import asyncio

from voicenb.sandbox.server import lifelines
from voicenb.sandbox.server.lifelines import Lifelines


def opened(lines):
    return asyncio.run(lines.open(None)).status_code


def test_none_is_accepted_once_the_server_is_about_to_end(monkeypatch):
    """Between its end and the end of its listening, a client would be told that it has a server."""
    monkeypatch.setattr(lifelines, "_FIRST_SECONDS", 0.01)
    lines = Lifelines()
    assert opened(lines) == 200
    asyncio.run(lines.over())
    assert opened(lines) == 503


def test_one_that_came_in_the_last_moment_keeps_the_server(monkeypatch):
    """Its time is over and it has a lifeline, both in one step of the loop."""
    monkeypatch.setattr(lifelines, "_FIRST_SECONDS", 0.0)
    monkeypatch.setattr(lifelines, "_GRACE_SECONDS", 0.01)

    async def in_one_step():
        lines = Lifelines()
        with lines.counted():
            over = asyncio.create_task(lines.over())
            await asyncio.sleep(0.05)
            assert not over.done()
        await over
        return lines

    assert opened(asyncio.run(in_one_step())) == 503
