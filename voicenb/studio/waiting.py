"""The wait for a task: one line of progress, until the background loop has finished."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from voicenb.base import portal
from voicenb.base.money import plain
from voicenb.display.progress import Progress, ProgressMode, time_text

__all__ = ["WaitedTask", "progress_mode", "show_progress", "wait_with_progress"]

T = TypeVar("T")

_REFRESH_SECONDS = 0.1


class WaitedTask(Protocol):
    """A `Task`, as far as a wait shows it."""

    @property
    def status(self) -> str:
        """Its status in the ledger."""

    @property
    def estimate(self) -> Decimal | None:
        """The price before it was sent, in `unit`, where it is known."""

    @property
    def cost(self) -> Decimal | None:
        """What it was charged, in `unit`, once that is known."""

    @property
    def expected_seconds(self) -> float | None:
        """About how much speech it makes, in seconds, where that is long."""

    @property
    def unit(self) -> str:
        """The service's unit."""

    def charged(self) -> str:
        """What it was charged, in words."""

    def warn(self, *, stacklevel: int = 2) -> None:
        """Warn of its findings, once."""


_mode: ProgressMode | None = None


def show_progress(mode: ProgressMode | None) -> None:
    """How calls that wait show their progress from now on: the shell asks for bars; None finds out by itself."""
    global _mode  # noqa: PLW0603 - one terminal or notebook a process
    _mode = mode


def progress_mode() -> ProgressMode | None:
    """What `show_progress` was told; None where it was not called."""
    return _mode


def wait_with_progress(
    outcome: Coroutine[Any, Any, T], label: str, task: Callable[[], WaitedTask | None], *, quiet: bool = False
) -> T:
    """Runs the coroutine `outcome` on the background loop and shows one quiet line until it ends.

    Args:
        outcome: The coroutine.
        label: What is waited for.
        task: The task that the line speaks of, once there is one.
        quiet: Shows nothing.
    """

    async def run() -> T:
        return await outcome

    future: Future[T] | None = None
    try:
        future = portal.start(run)
        with Progress(label, mode="none" if quiet else _mode) as line:
            while not future.done():
                current = task()
                line.update(_state(current), cost=_cost(current))
                with suppress(TimeoutError):
                    future.exception(_REFRESH_SECONDS)
            error = future.exception()
            line.done(" · ".join(filter(None, (type(error).__name__ if error else "completed", _cost(task())))))
    except KeyboardInterrupt as interrupt:
        current = task()
        if current is not None:
            interrupt.add_note(
                f"The wait ended, the task did not: {current!r}; {current.charged()}. studio.tasks() finds it, "
                "task.wait() waits again, studio.resume() takes it up in another kernel."
            )
        raise
    finally:
        if future is None:
            outcome.close()
        else:
            future.cancel()
    done = future.result()
    if (current := task()) is not None:
        current.warn(stacklevel=4)
    return done


def _state(task: WaitedTask | None) -> str:
    if task is None:
        return "preparing"
    expected = task.expected_seconds
    return task.status if expected is None else f"{task.status} · about {time_text(expected)} of speech"


def _cost(task: WaitedTask | None) -> str:
    if task is None:
        return ""
    if task.cost is not None:
        return f"{plain(task.cost)} {task.unit}"
    return "" if task.estimate is None else f"≈ {plain(task.estimate)} {task.unit}"
