"""The one background event loop behind both faces.

Everything asynchronous (HTTP, polling, timers) runs there, so a cell, a script, a thread and somebody's own
asyncio loop all work the same way and no loop is ever patched or nested.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from voicenb.base.notebook import find_cell
from voicenb.errors import VoicenbError

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

__all__ = ["allow_asyncio_run", "at_close", "await_future", "call", "start", "wait_until_done"]

T = TypeVar("T")

_CLOSING_SECONDS = 3.0


class _Portal:
    """One loop in one daemon thread."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        ready: Future[BlockingPortal] = Future()
        # Not anyio's start_blocking_portal: its context, when a forked child lets go of it, wants the parent's thread to end.
        threading.Thread(target=_run, args=(ready,), name="voicenb", daemon=True).start()
        self.portal = ready.result()
        self.thread = self.portal.call(threading.get_ident)

    def close(self) -> None:
        if os.getpid() != self.pid:
            return

        async def shut() -> None:
            for closer in reversed(_closers):
                with suppress(Exception):
                    await closer()

        with suppress(Exception):
            self.portal.start_task_soon(shut).result(_CLOSING_SECONDS)
        # Followers still running are cut here; the ledger already says how far each one got.
        with suppress(Exception):
            self.portal.start_task_soon(self.portal.stop, True).result(_CLOSING_SECONDS)


def _run(ready: Future[BlockingPortal]) -> None:
    import anyio
    from anyio.from_thread import BlockingPortal

    async def run() -> None:
        async with BlockingPortal() as portal:
            ready.set_result(portal)
            await portal.sleep_until_stopped()

    anyio.run(run, backend="asyncio")


_lock = threading.Lock()
_current: _Portal | None = None
# What must be closed inside the loop. A forked child has it, too: it may have opened anew what its parent had open.
_closers: list[Callable[[], Awaitable[None]]] = []


def _get() -> _Portal:
    global _current  # noqa: PLW0603 - one portal a process is the point
    with _lock:
        if _current is None or _current.pid != os.getpid():
            # A fork copies the object but not its thread: the child makes its own.
            _current = _Portal()
            atexit.register(_current.close)
        return _current


if hasattr(os, "register_at_fork"):

    def _forked() -> None:
        global _lock  # noqa: PLW0603 - a lock held by another thread during the fork would never be released here
        _lock = threading.Lock()

    os.register_at_fork(after_in_child=_forked)


def start(function: Callable[..., Awaitable[T]], *args: Any) -> Future[T]:
    """Starts ``function(*args)`` on the loop. Cancelling the future cancels the coroutine."""
    current = _get()
    if current.thread == threading.get_ident():

        async def run() -> T:
            return await function(*args)

        # The portal itself is for other threads only.
        return asyncio.run_coroutine_threadsafe(run(), asyncio.get_running_loop())
    # The portal runs it in a copy of this thread's context.
    find_cell()
    return current.portal.start_task_soon(function, *args)


def call(function: Callable[..., Awaitable[T]], *args: Any) -> T:
    """Runs ``function(*args)`` on the loop and waits for it; an interrupt of the wait cancels it."""
    future = start(function, *args)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def await_future(future: Future[T]) -> T:
    """Awaits a future of the loop from any asyncio loop; cancelling this await cancels the coroutine behind it."""
    return await asyncio.wrap_future(future)


async def wait_until_done(future: Future[Any], timeout: float | None) -> bool:
    """Waits on any asyncio loop until a future of the portal's loop has ended, however it did, or time is over.

    Giving up cancels nothing.
    """
    here = asyncio.wrap_future(future)
    # Whoever asks for the result sees an error there; asyncio must not report it a second time as never retrieved.
    here.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait([here], timeout=timeout)
    return future.done()


def at_close(closer: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Registers a coroutine function to run on the loop when the process ends; the answer takes it back."""
    _closers.append(closer)

    def forget() -> None:
        with suppress(ValueError):
            _closers.remove(closer)

    return forget


def allow_asyncio_run() -> None:
    """Lets a reader's own script call ``asyncio.run(…)`` in a cell, where a loop is already running.

    voicenb itself needs no such patch, and makes none unless this is called. The kernel's loop stays patched until it
    restarts.

    Raises:
        VoicenbError: The extra is missing, or the loop (uvloop) cannot be patched.
    """
    try:
        import nest_asyncio2
    except ImportError:
        raise VoicenbError("allow_asyncio_run needs nest-asyncio2: `pip install 'voicenb[lab]'`") from None
    try:
        nest_asyncio2.apply()
    except ValueError as error:
        raise VoicenbError(f"this event loop cannot be patched ({error}); await in the cell instead") from None
