"""Runs the sandbox as a program: lock, port, ready line, signals, lifelines, a bounded end."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
from starlette.middleware import Middleware

from voicenb.sandbox.fault_injection.protocol import BreakableProtocol
from voicenb.sandbox.server.app import Sandbox
from voicenb.sandbox.server.asgi import create_app
from voicenb.sandbox.server.lifelines import hold_lock, lasting_key, read_address, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ALREADY_RUNNING", "run"]

ALREADY_RUNNING = 3
"""The exit code where another sandbox holds the home."""

_PORT_TAKEN = 2
_FIND_SECONDS = 30.0
_GRACEFUL_SECONDS = 1
_LAST_SECONDS = 4.5
"""After so long an end is forced, so that it stays below 5 s whatever hangs."""

_log = logging.getLogger("voicenb.sandbox")


def run(
    home: Path, *, port: int = 0, json_line: bool = False, lifeline: bool = False, balance: int | None = None
) -> int:
    """Serve until told to end.

    Args:
        home: voicenb's home folder; the sandbox's state is in its ``sandbox/``.
        port: The port on 127.0.0.1; 0 lets the system choose.
        json_line: Print one JSON line when listening, and nothing else, on stdout.
        lifeline: End soon after the last lifeline; and where another sandbox holds the home, print its line.
        balance: The balance to start with, in micro-credits, instead of what the books say.

    Returns:
        The exit code: 0, 2 where the port is taken, 3 where another sandbox holds the home.
    """
    root = home / "sandbox"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s")
    _log.setLevel(logging.INFO)
    deadline = time.monotonic() + _FIND_SECONDS
    while True:
        with hold_lock(root / "lock") as held:
            if held:
                return _serve(root, port=port, json_line=json_line, lifeline=lifeline, balance=balance)
        other = read_address(root / "server.json")
        if not lifeline:
            where = other["url"] if other else "an address it has not written yet"
            sys.stderr.write(f"Another sandbox serves this home at {where}; end it first, or give another --home.\n")
            return ALREADY_RUNNING
        if other is not None and _answers(other):
            _announce(other, root, json_line=json_line)
            return 0
        if time.monotonic() > deadline:
            sys.stderr.write(f"Another sandbox holds {root / 'lock'} and does not answer.\n")
            return ALREADY_RUNNING
        # The other one is starting or ending.
        time.sleep(0.05)


def _answers(address: dict[str, Any]) -> bool:
    """Whether a sandbox answers there; a lifeline held for a moment makes it live on until the caller holds its own."""
    parts = urlsplit(str(address.get("url")))
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", "/sandbox/lifeline", headers={"Authorization": f"Bearer {address.get('api_key')}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(address: dict[str, Any], root: Path, *, json_line: bool) -> None:
    if json_line:
        line = json.dumps({name: address[name] for name in ("services", "pid")})
    else:
        line = f"The voicenb sandbox listens at {address['url']}; its key is in {root / 'key'}. Ctrl-C ends it."
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _serve(root: Path, *, port: int, json_line: bool, lifeline: bool, balance: int | None) -> int:
    try:
        listener = _listen(port)
    except OSError as error:
        sys.stderr.write(f"Port {port} of 127.0.0.1 cannot be used ({error.strerror}); give another --port, or none.\n")
        return _PORT_TAKEN
    with listener:
        asyncio.run(_main(root, listener, json_line=json_line, lifeline=lifeline, balance=balance))
    return 0


def _listen(port: int) -> socket.socket:
    # asyncio sends small writes at once (TCP_NODELAY) only where the protocol is named; otherwise each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            # On Windows this option would let another program take the port as well.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
    except BaseException:
        listener.close()
        raise
    return listener


async def _main(root: Path, listener: socket.socket, *, json_line: bool, lifeline: bool, balance: int | None) -> None:
    port = listener.getsockname()[1]
    sandbox = Sandbox(root, key=lasting_key(root / "key"), port=port)
    if balance is not None:
        for service in sandbox.books.accounts():
            sandbox.books.set_balance(service, balance)
    address = root / "server.json"
    server = _Server(sandbox, address, json_line=json_line)
    watcher = asyncio.create_task(_end_with_lifelines(sandbox, server)) if lifeline else None
    with _signals(server):
        try:
            await server.serve(sockets=[listener])
        finally:
            address.unlink(missing_ok=True)
            sandbox.books.close()
            if watcher is not None:
                watcher.cancel()


async def _end_with_lifelines(sandbox: Sandbox, server: _Server) -> None:
    await sandbox.lifelines.over()
    _log.info("the last lifeline is closed")
    server.end()


class _Server(uvicorn.Server):
    """uvicorn with this program's own start and end."""

    def __init__(self, sandbox: Sandbox, address: Path, *, json_line: bool) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(sandbox, middleware=[Middleware(sandbox.faults.middleware)]),
                http=BreakableProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=_GRACEFUL_SECONDS,
            )
        )
        self._sandbox = sandbox
        self._address = address
        self._json_line = json_line

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `_signals`: uvicorn would raise them again before the workers are ended."""
        yield

    def end(self) -> None:
        """Begin to end; a second call does not wait for open requests."""
        if self.should_exit:
            self.force_exit = True
        else:
            self.should_exit = True
            self._sandbox.lifelines.close()
            watchdog = threading.Timer(_LAST_SECONDS, _end_now)
            watchdog.daemon = True
            watchdog.start()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, say so, and only then begin with what takes long."""
        await super().startup(sockets)
        sandbox = self._sandbox
        started = {
            "services": {
                twin.service: {"base_url": sandbox.origin + twin.base_path, "api_key": sandbox.key}
                for twin in sandbox.twins
            },
            "pid": os.getpid(),
            "url": sandbox.origin,
            "api_key": sandbox.key,
            "started": time.time(),
        }
        write_private(self._address, json.dumps(started))
        _announce(started, self._address.parent, json_line=self._json_line)
        _log.info("listening at %s", sandbox.origin)
        sandbox.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody find this server any more, close connections and end the workers at the same time."""
        self._address.unlink(missing_ok=True)
        self._sandbox.lifelines.close()
        await asyncio.gather(super().shutdown(sockets), self._sandbox.stop())
        _log.info("ended")


@contextlib.contextmanager
def _signals(server: _Server) -> Iterator[None]:
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    ours = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: server.end()) for number in ours}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_now() -> None:
    """End this process without waiting for anything; its workers end when their pipes close."""
    os._exit(1)
