"""Starts or finds the sandbox of a home, and stays connected to it: the only bridge between client and sandbox.

The sandbox is a program (``python -m voicenb.sandbox``). It ends by itself a few seconds after the last client's
lifeline, an HTTP answer without an end, has closed; so it needs no clean-up and survives no kernel for long.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from voicenb.base import network, portal
from voicenb.base.arguments import did_you_mean
from voicenb.base.home import home as home_folder
from voicenb.base.keys import Secret
from voicenb.base.process import program, try_lock
from voicenb.errors import InvalidRequest, ServiceError, VoicenbError

__all__ = [
    "Sandbox",
    "advance_clock",
    "books",
    "fault_kinds",
    "faults",
    "sample_speaker",
    "set_balance",
    "speakers",
    "start",
]

_START_SECONDS = 60.0
_TRIES = 5
_CALL_SECONDS = 120.0


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox.

    Attributes:
        home: The home folder that it serves.
        pid: Its process id.
        url: Where it listens.
        services: For each service's id, the base URL that replaces the documented one.
    """

    home: Path
    pid: int
    url: str
    services: Mapping[str, str]
    key: Secret = field(repr=False)

    def address(self, service: str) -> str:
        """Return where it answers as `service`.

        Raises:
            InvalidRequest: It has no twin of that service.
        """
        try:
            return self.services[service]
        except KeyError:
            raise InvalidRequest(
                f"the sandbox does not answer as {service!r}; {did_you_mean(service, self.services)}it answers as "
                f"{', '.join(self.services)}"
            ) from None


class _Lifeline:
    """The open connection that keeps a sandbox running."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.pid = os.getpid()
        self._open: Future[bool] = Future()
        self._held = portal.start(self._hold)

    async def _hold(self) -> None:
        try:
            async with (
                network.sandbox_client(httpx.AsyncClient, timeout=httpx.Timeout(None, connect=2)) as client,
                client.stream("GET", f"{self.sandbox.url}/sandbox/lifeline", headers=_bearer(self.sandbox)) as answer,
            ):
                self._open.set_result(answer.status_code == httpx.codes.OK)
                async for _ in answer.aiter_raw():
                    pass
        except (httpx.HTTPError, asyncio.CancelledError):
            if not self._open.done():
                self._open.set_result(False)

    def connected(self) -> bool:
        """Whether the sandbox took the lifeline."""
        try:
            return self._open.result(5)
        except TimeoutError:
            self.release()
            return False

    @property
    def alive(self) -> bool:
        return self.pid == os.getpid() and self._open.done() and self._open.result() and not self._held.done()

    def release(self) -> None:
        self._held.cancel()


_lifelines: dict[Path, _Lifeline] = {}
_started: list[subprocess.Popen[str]] = []
_studios: Counter[Path] = Counter()
_lock = threading.Lock()


def _in_child() -> None:
    global _lock  # noqa: PLW0603 - a thread of the parent may hold it for ever
    _lock = threading.Lock()
    # They are the parent's children.
    _started.clear()
    _lifelines.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


@atexit.register
def _let_go() -> None:
    # They are meant to outlive this process, so that they end by themselves; subprocess would warn about each.
    for process in _started:
        process.returncode = process.poll() or 0


def start(home: str | os.PathLike[str] | None = None) -> Sandbox:
    """The sandbox of `home`, started where none runs. It runs until the last studio on it is closed, else for as long as
    this process lives.

    Raises:
        VoicenbError: It cannot be started.
    """
    folder = home_folder(home)
    with _lock:
        # Reaps sandboxes that have ended, so that they do not stay as zombies of a long-lived kernel.
        _started[:] = [process for process in _started if process.poll() is None]
        held = _lifelines.get(folder)
        if held is not None and held.alive:
            return held.sandbox
        for attempt in range(_TRIES):
            sandbox = _found(folder) if attempt == 0 else _spawned(folder)
            if sandbox is not None:
                lifeline = _Lifeline(sandbox)
                if lifeline.connected():
                    _lifelines[folder] = lifeline
                    return sandbox
    raise VoicenbError(f"the sandbox does not answer; its log is {_log(folder)}")


def hold(folder: Path) -> None:
    """Counts one more studio that uses the sandbox of `folder`."""
    with _lock:
        _studios[folder] += 1


def let_go(folder: Path) -> None:
    """One studio less: after the last one the sandbox may end. Whatever asks for it again starts it again."""
    with _lock:
        _studios[folder] -= 1
        if _studios[folder] <= 0:
            del _studios[folder]
            held = _lifelines.pop(folder, None)
            if held is not None:
                held.release()


def _log(folder: Path) -> Path:
    return folder / "sandbox" / "sandbox.log"


def _found(folder: Path) -> Sandbox | None:
    """The sandbox that runs for `folder`, by what it wrote down, as long as it holds its lock.

    Without the lock it has ended, and another program may have its port by now: that one must not get the key.
    """
    root = folder / "sandbox"
    try:
        said = json.loads((root / "server.json").read_text("utf-8"))
        return _sandbox(folder, said) if _is_held(root / "lock") else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, httpx.InvalidURL):
        return None


def _is_held(lock: Path) -> bool:
    """Whether another process holds `lock`, as the sandbox does: for the moment of the look it is held here."""
    descriptor = os.open(lock, os.O_RDWR)
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


def _sandbox(folder: Path, said: dict[str, Any]) -> Sandbox:
    services = {name: str(one["base_url"]) for name, one in said["services"].items()}
    first = next(iter(said["services"].values()))
    origin = str(httpx.URL(first["base_url"]).copy_with(path="/")).rstrip("/")
    return Sandbox(folder, int(said["pid"]), origin, services, Secret(str(first["api_key"])))


def _spawned(folder: Path) -> Sandbox | None:
    missing = [name for name in ("starlette", "uvicorn", "hibari") if importlib.util.find_spec(name) is None]
    if missing:
        raise VoicenbError(
            f"the sandbox needs {', '.join(missing)}: install it with `pip install 'voicenb[lab]'`, or connect to a "
            "live service"
        )
    log = _log(folder)
    try:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        log.open("ab").close()
    except OSError as error:
        raise _unwritable(folder, error) from None
    detached: dict[str, Any]
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        # A session of its own: the interrupt meant for a cell must not end the sandbox of its kernel.
        detached = {"start_new_session": True}
    with log.open("ab") as errors:
        process = subprocess.Popen(  # noqa: S603 - this interpreter and this package
            program("voicenb.sandbox", "--json", "--lifeline", "--home", str(folder)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            **detached,
        )
    _started.append(process)
    line = _first_line(process)
    try:
        return _sandbox(folder, json.loads(line))
    except (ValueError, KeyError):
        if process.poll() is None and not line:
            process.kill()
            raise VoicenbError(f"the sandbox did not start within {_START_SECONDS:.0f} s; its log is {log}") from None
        with suppress(OSError):
            tail = log.read_text("utf-8", "replace").strip().splitlines()[-3:]
            raise VoicenbError("the sandbox did not start: " + " / ".join(tail) + f" (its log is {log})") from None
        return None


def _first_line(process: subprocess.Popen[str]) -> str:
    stdout = process.stdout
    assert stdout is not None
    lines: list[str] = []

    def read() -> None:
        with stdout:
            lines.append(stdout.readline())

    # A thread, because a pipe cannot be waited on with a time limit on every platform.
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(_START_SECONDS)
    return lines[0] if lines else ""


def _bearer(sandbox: Sandbox) -> dict[str, str]:
    return {"Authorization": f"Bearer {sandbox.key.reveal()}"}


def _call(method: str, path: str, home: str | os.PathLike[str] | None, **body: Any) -> httpx.Response:
    sandbox = start(home)
    try:
        with network.sandbox_client(httpx.Client, timeout=_CALL_SECONDS) as client:
            answer = client.request(method, sandbox.url + path, headers=_bearer(sandbox), **body)
    except httpx.HTTPError as error:
        raise ServiceError(
            f"the sandbox did not answer ({type(error).__name__}); its log is {_log(sandbox.home)}"
        ) from None
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise InvalidRequest(f"the sandbox has no {path}")
    if answer.status_code != httpx.codes.OK:
        raise ServiceError(
            f"the sandbox answered HTTP {answer.status_code}: {answer.text[:300]}", status=answer.status_code
        )
    return answer


def speakers(home: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """The sample speakers, each with a line about the voice."""
    found: dict[str, str] = _call("GET", "/sandbox/speakers", home).json()
    return found


def sample_speaker(name: str, home: str | os.PathLike[str] | None = None) -> Path:
    """A WAV of a voice that the sandbox made: a reference to play with, and nobody's own voice.

    Args:
        name: One of `speakers`.
        home: The home folder whose sandbox makes it.

    Raises:
        InvalidRequest: There is no speaker of that name.
    """
    if not name.isidentifier():
        raise _no_speaker(name, home)
    folder = home_folder(home) / "speakers"
    try:
        data = _call("GET", f"/sandbox/speakers/{name}", home).content
    except InvalidRequest:
        raise _no_speaker(name, home) from None
    path = folder / f"{name}.wav"
    try:
        folder.mkdir(exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            temporary = path.with_name(f".{name}.{os.getpid()}.{time.monotonic_ns()}.part")
            temporary.write_bytes(data)
            temporary.replace(path)
    except OSError as error:
        raise _unwritable(folder.parent, error) from None
    return path


def _no_speaker(name: str, home: str | os.PathLike[str] | None) -> InvalidRequest:
    known = speakers(home)
    return InvalidRequest(
        f"no sample speaker is named {name!r}; {did_you_mean(name, known)}there are {', '.join(known)}"
    )


def _unwritable(folder: Path, error: OSError) -> VoicenbError:
    return VoicenbError(
        f"the sandbox cannot write to the home {folder} ({error.strerror or error}). Set VOICENB_HOME, or home=, to a folder "
        "that you can write."
    )


def set_balance(
    amount: float | str, home: str | os.PathLike[str] | None = None, *, service: str = "soundclone"
) -> None:
    """Sets the balance of the sandbox's account with `service`, in its own unit.

    Raises:
        InvalidRequest: The sandbox does not answer as that service.
    """
    start(home).address(service)
    _call("POST", "/sandbox/account", home, json={"service": service, "balance": float(amount)})


def advance_clock(seconds: float, home: str | os.PathLike[str] | None = None) -> None:
    """Moves the sandbox's clock forward, to see what expires."""
    _call("POST", "/sandbox/clock", home, json={"advance": seconds})


def faults(
    *kinds: str | Mapping[str, Any], home: str | os.PathLike[str] | None = None, **settings: Any
) -> list[dict[str, Any]]:
    """Lets things go wrong in the sandbox until the next call; without arguments, all is well again.

    Args:
        kinds: Kinds of faults, such as ``"reset_after"`` (`fault_kinds` lists them), or dicts with a ``kind`` and the
            settings of that fault alone. A request meets the first one in this order that strikes.
        home: The home folder whose sandbox it is.
        settings: What holds for each of them: ``route`` (a call: upload, preview, voice, production, query, download,
            balance or prices; or the end of a path, such as ``"audios"``), ``service``, ``rate`` (0 to 1), ``count``
            (at most so many strikes), ``after`` (so many requests pass first), ``seed``, ``seconds``, ``status``.

    Returns:
        The faults as they are set now.

    Raises:
        InvalidRequest: There is no such kind, or a setting is none; nothing was changed.
    """
    wanted = [{"kind": kind, **settings} if isinstance(kind, str) else {**settings, **kind} for kind in kinds]
    if settings and not kinds:
        raise InvalidRequest("faults(…) needs a kind before its settings; voicenb.sandbox.fault_kinds() lists them")
    try:
        said = _call("POST", "/sandbox/faults", home, json={"faults": wanted}).json()
    except ServiceError as error:
        if error.status == httpx.codes.BAD_REQUEST:
            raise InvalidRequest(f"these faults cannot be set, and nothing was changed: {error}") from None
        raise
    found: list[dict[str, Any]] = said["faults"]
    return found


def fault_kinds(home: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """The kinds of faults that `faults` takes, with a line each."""
    said = _call("GET", "/sandbox/faults", home).json()
    return {name: str(kind["what"]) for name, kind in said["kinds"].items()}


def books(home: str | os.PathLike[str] | None = None) -> list[dict[str, Any]]:
    """The sandbox's own books: every task with what it was charged and refunded."""
    found: list[dict[str, Any]] = _call("GET", "/sandbox/books", home).json()
    return found
