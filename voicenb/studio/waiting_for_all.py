"""The wait for several tasks at once: one line of progress, every clip in its place, and one error for all that failed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from decimal import Decimal
from functools import partial

from voicenb import services
from voicenb.base import portal
from voicenb.base.arguments import wait_seconds
from voicenb.base.money import plain
from voicenb.display.progress import Progress, time_text
from voicenb.errors import InvalidRequest, Problem, TasksFailed, TaskTimeout, VoicenbError
from voicenb.ledger.records import OPEN
from voicenb.studio.clip import Clip
from voicenb.studio.clips import Clips
from voicenb.studio.task import Task
from voicenb.studio.waiting import progress_mode

__all__ = ["checked_tasks", "outcome_of_all", "wait_for_all", "wait_for_takes"]

_REFRESH_SECONDS = 0.1
# An error names so many tasks, and says how many more there are.
_MOST_NAMED = 5


def checked_tasks(tasks: object) -> list[Task]:
    """The tasks as a list; one task is a list of one.

    Raises:
        InvalidRequest: Something else is among them.
    """
    found: list[object] = (
        list(tasks) if isinstance(tasks, Iterable) and not isinstance(tasks, (str, bytes)) else [tasks]
    )
    for one in found:
        if not isinstance(one, Task):
            raise InvalidRequest(
                "These tasks cannot be waited for.",
                problems=(
                    Problem(
                        "tasks", f"{type(one).__name__} {one!r:.40}", "give tasks, as voice.submit(…) returns them"
                    ),
                ),
            )
    return [one for one in found if isinstance(one, Task)]


async def outcome_of_all(
    tasks: Sequence[Task], timeout: float | None = None, *, ended: Callable[[Task], None] = lambda _: None
) -> Clips:
    """The clips of the tasks in their order, awaited on any asyncio loop.

    Args:
        tasks: The tasks.
        timeout: Seconds for all of them together; None waits as long as it takes.
        ended: Told of each task that has made its clip, or will not.

    Raises:
        TasksFailed: Some made no clip, or the time is over.
    """
    timeout = wait_seconds(timeout)

    async def one(task: Task) -> Clip | VoicenbError:
        try:
            return await task.outcome(timeout)
        except VoicenbError as error:
            return error
        finally:
            ended(task)

    made = await asyncio.gather(*(one(task) for task in tasks))
    for task in tasks:
        task.warn(stacklevel=4)
    clips = Clips(clip for clip in made if isinstance(clip, Clip))
    errors = {task.id: error for task, error in zip(tasks, made, strict=True) if isinstance(error, VoicenbError)}
    if errors:
        raise TasksFailed(_told(tasks, errors, len(clips)), clips=clips, errors=errors)
    return clips


def _told(tasks: Sequence[Task], errors: dict[str, VoicenbError], made: int) -> str:
    """What is said of tasks that made no clip."""
    late = [error for error in errors.values() if isinstance(error, TaskTimeout)]
    named = list({task.id: task for task in tasks if task.id in errors}.values())
    lines = [f"{len(errors)} of {len(tasks)} tasks made no clip{' in time' if len(late) == len(errors) else ''}:"]
    lines += [
        f"  - {task.id[:8]} {' '.join((task.text or '').split())[:40]!r}: {type(errors[task.id]).__name__}: {errors[task.id]}"
        for task in named[:_MOST_NAMED]
    ]
    if len(named) > _MOST_NAMED:
        lines.append(f"  - and {len(named) - _MOST_NAMED} more, in error.errors")
    then = f"The clips of the other {made} are in error.clips, and in studio.history. " if made else ""
    again = "studio.wait(tasks) waits again." if late else ""
    return "\n".join([*lines, (then + again).strip() or "Nothing else was asked for."])


def wait_for_all(tasks: Sequence[Task], timeout: float | None = None, *, quiet: bool = False) -> Clips:
    """Waits for the tasks with one line of progress; the errors are those of `outcome_of_all`.

    Args:
        tasks: The tasks.
        timeout: Seconds for all of them together; None waits as long as it takes.
        quiet: Shows no progress.
    """
    timeout = wait_seconds(timeout)
    line = _Line(tasks)
    future: Future[Clips] = portal.start(partial(outcome_of_all, tasks, timeout, ended=line.ended))
    try:
        with Progress(line.label, mode="none" if quiet else progress_mode()) as shown:
            while not future.done():
                shown.update(line.state(), cost=line.spent(), fraction=line.share())
                with suppress(TimeoutError):
                    future.exception(_REFRESH_SECONDS)
            shown.done(" · ".join(filter(None, (line.summary(), line.spent()))))
    except KeyboardInterrupt as interrupt:
        going = sum(task.status in OPEN for task in tasks)
        interrupt.add_note(
            f"The wait ended, the tasks did not: {going} of {len(tasks)} go on. studio.wait(tasks) waits again, "
            "studio.history has the clips, studio.resume() takes the tasks up in another kernel."
        )
        raise
    finally:
        future.cancel()
    return future.result()


def wait_for_takes(tasks: Sequence[Task], timeout: float | None = None, *, quiet: bool = False) -> Clips:
    """As `wait_for_all`; one take alone is waited for as any task is, and its error is its own."""
    if len(tasks) == 1:
        return Clips([tasks[0].wait(timeout, quiet=quiet)])
    return wait_for_all(tasks, timeout, quiet=quiet)


class _Line:
    """What the line of progress says. Tasks end on the background loop; the line is read by the thread that waits."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._begun = time.monotonic()
        self._there = sum(task.status not in OPEN for task in tasks)
        self._ended: list[Task] = []
        self._costs: dict[str, tuple[str, str, Decimal]] = {}
        voices = {task.speaker for task in tasks}
        doing = "cloning" if all(task.kind == "preview" for task in tasks) and tasks else "speaking"
        self.label = f"{doing} as {next(iter(voices))}" if len(voices) == 1 and None not in voices else doing

    def ended(self, task: Task) -> None:
        if (cost := task.cost) is not None:
            self._costs[task.id] = task.service, task.unit, cost
        self._ended.append(task)

    def share(self) -> float | None:
        return len(self._ended) / len(self._tasks) if self._tasks else None

    def state(self) -> str:
        done, count = len(self._ended), len(self._tasks)
        said = f"{done} of {count} clips"
        # What was there before the wait began says nothing of how long one takes.
        made = done - self._there
        if made > 0 and done < count:
            left = (time.monotonic() - self._begun) / made * (count - done)
            said += f" · about {time_text(left)} left"
        return said

    def summary(self) -> str:
        clips = sum(task.status == "completed" for task in self._ended)
        failed = len(self._ended) - clips
        return f"{clips} of {len(self._tasks)} clips" + (f" · {failed} without" if failed else "")

    def spent(self) -> str:
        """What the tasks that have ended cost: each service's own unit, never added."""
        sums: dict[tuple[str, str], Decimal] = {}
        for service, unit, cost in list(self._costs.values()):
            sums[service, unit] = sums.get((service, unit), Decimal(0)) + cost
        several = len({service for service, _ in sums}) > 1
        return ", ".join(
            f"{services.get(service).profile.label} {plain(amount)} {unit}" if several else f"{plain(amount)} {unit}"
            for (service, unit), amount in sums.items()
        )
