"""A scripted HTTP server on loopback that misbehaves on demand, at the level of the socket."""

import asyncio
import json
import threading
import weakref
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def answer(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """A whole HTTP answer; what is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def envelope(data: object = None, *, code: object = 20000, msg: str = "ok") -> bytes:
    return answer({"code": code, "msg": msg} | ({} if data is None else {"data": data}))


API = "/api/open-api/v1"
AUDIOS = f"{API}/soundCloning/audios"
TASK = {
    "id": "audio_1", "object": "audio", "created": 1, "model": "soundCloningAudio", "status": "queued", "error": None,
}  # fmt: skip
"""A SoundClone task as the documents show one."""

RESET = "reset"  # the connection breaks after the whole request was read
HANG = "hang"  # no answer, ever


@dataclass
class Wire:
    """Answers each path (without its query) with what the script says; a list is used up, its last entry stays."""

    script: dict[str, object] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Self:
        ready = threading.Event()

        def run() -> None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
            serving = weakref.WeakSet[asyncio.Task[None]]()
            writers = weakref.WeakSet[asyncio.StreamWriter]()

            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writers.add(writer)
                serving.add(self._loop.create_task(self._serve(reader, writer)))

            server = self._loop.run_until_complete(asyncio.start_server(accept, "127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            ready.set()
            self._loop.run_forever()
            server.close()
            # A connection that was accepted in this moment has to be taken before it can be closed.
            self._turn()
            for task in serving:
                task.cancel()
            # One that had not begun is cancelled without a word to its connection.
            for writer in writers:
                writer.transport.abort()
            self._turn()
            self._loop.close()

        self._thread = threading.Thread(target=run)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _turn(self) -> None:
        """Lets what is due happen, and what follows from it."""
        for _ in range(5):
            self._loop.run_until_complete(asyncio.sleep(0))

    def paths(self) -> list[str]:
        return [one.path for one in self.seen]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = target.partition("?")[0]
        self.seen.append(Seen(method, path, headers, body))
        reply = self.script.get(path, answer({"detail": "not found"}, status=404))
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if reply == HANG:
            await reader.read()  # until the client has gone
        if reply != RESET:
            assert isinstance(reply, bytes)
            writer.write(reply)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
