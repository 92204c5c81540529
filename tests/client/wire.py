"""A scripted HTTP server on loopback that misbehaves on demand, at the level of the socket."""

import json
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Self


def until(condition, seconds=240):
    """Waits for what another thread or process brings about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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


class Gate:
    """An answer that is given once the gate is open.

    Attributes:
        asked: Set when a request has been read whole.
        open: To be set.
    """

    def __init__(self, reply: bytes) -> None:
        self.asked, self.open = threading.Event(), threading.Event()
        self.reply = reply


@dataclass
class Wire:
    """Answers each path (without its query) with what the script says; a list is used up, its last entry stays."""

    script: dict[str, object] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    url: str = ""
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._connections: set[socket.socket] = set()
        self._serving: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._over = False
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        # Its own last client: a thread that waits for one is woken in no other way on every platform.
        with socket.create_connection(self._listener.getsockname()):
            self._accepting.join()
        self._listener.close()
        # Whatever was accepted is in the set by now, and each thread closes its own.
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._serving:
            thread.join()
        assert not self._connections

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            self._connections.add(connection)
            if self._over:
                self._end(connection)
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._serving.append(thread)
            thread.start()

    def _end(self, connection: socket.socket) -> None:
        connection.close()
        self._connections.discard(connection)

    def paths(self) -> list[str]:
        return [one.path for one in self.seen]

    def _serve(self, connection: socket.socket) -> None:
        try:
            # One client hangs up while it is answered, another while it asks.
            with suppress(OSError, EOFError), connection.makefile("rb") as asked:
                self._answer(connection, asked)
        finally:
            self._end(connection)

    def _answer(self, connection: socket.socket, asked: IO[bytes]) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (line := asked.readline()):
                raise EOFError
            head += line
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        size = int(headers.get("content-length", 0))
        body = asked.read(size)
        if len(body) < size:
            raise EOFError
        path = target.partition("?")[0]
        with self._turn:
            self.seen.append(Seen(method, path, headers, body))
            reply = self.script.get(path, answer({"detail": "not found"}, status=404))
            if isinstance(reply, list):
                reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if isinstance(reply, Gate):
            reply.asked.set()
            reply.open.wait(240)
            reply = reply.reply
        if reply == HANG:
            asked.read()  # until the client has gone
        elif reply != RESET:
            assert isinstance(reply, bytes)
            connection.sendall(reply)
            connection.shutdown(socket.SHUT_WR)
