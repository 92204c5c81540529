"""Measures many sounds by any executor: a bounded number at a time, again where a worker was lost, in the order in which they end.

The function that crosses is `measure_jobs`, over plain data. What an executor's processes cannot find by themselves, a notebook's
own measures, goes with it where the executor can carry functions.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path
from typing import NamedTuple

from voicenb.errors import InvalidRequest, VoicenbError
from voicenb.measures.definition import Measure
from voicenb.measures.job import Job, Row, measure_jobs
from voicenb.measures.registry import defined_here

__all__ = ["measured"]

# Few sounds are sent one by one, so that each worker has some; of many, a batch costs less to send than to measure.
_BATCH, _PARTS = 16, 64
# What is under way at a time, so that a study of any size takes bounded memory here and with the executor.
_WINDOW, _WINDOW_BYTES = 128, 64 << 20
# A batch may have lost its worker by chance twice; a third time it is taken for the reason.
_TRIES = 3


@dataclass(frozen=True)
class _Batch:
    """Jobs that go together.

    Attributes:
        jobs: With the place that each has among all.
        tries: How often they have been sent.
    """

    jobs: tuple[tuple[int, Job], ...]
    tries: int = 0


class _Sent(NamedTuple):
    batch: _Batch
    size: int


def measured(jobs: Sequence[Job], executor: Executor | None) -> Iterator[list[tuple[int, Row]]]:
    """Measures the jobs; yields the rows as they come, each with the place of its job among `jobs`.

    The rows do not depend on the executor. A batch whose worker was lost is sent again, three times in all; a pool of processes
    that takes nothing more after such a loss is replaced by processes of voicenb's own. What has not begun is cancelled when the
    iteration ends early.

    Args:
        jobs: What is to be measured, by paths.
        executor: Where: paths go to threads and to the processes of `concurrent.futures`, the files' bytes to all others.
            None takes threads of this process, four at most.

    Raises:
        InvalidRequest: The executor is closed, or cannot carry a measure that is defined here.
        VoicenbError: Workers were lost three times.
    """
    if not jobs:
        return
    with ExitStack() as stack:
        if executor is None:
            executor = stack.enter_context(ThreadPoolExecutor(_workers()))
        course = _Course(executor, jobs, stack)
        try:
            yield from course.rows()
        finally:
            for future in course.under_way:
                future.cancel()


class _Course:
    """One measuring of all jobs."""

    def __init__(self, executor: Executor, jobs: Sequence[Job], stack: ExitStack) -> None:
        self._executor, self._stack = executor, stack
        self._own = _carried(executor, jobs)
        self._by_path = isinstance(executor, ThreadPoolExecutor | ProcessPoolExecutor)
        self._waiting = deque(_batches(jobs))
        self._replaced = 0
        self.under_way: dict[Future[tuple[Row, ...]], _Sent] = {}

    def rows(self) -> Iterator[list[tuple[int, Row]]]:
        while self._waiting or self.under_way:
            self._fill()
            ended, _ = wait(self.under_way, return_when=FIRST_COMPLETED)
            for future in ended:
                batch = self.under_way.pop(future).batch
                try:
                    found = future.result()
                # A row tells what went wrong with a sound; what is raised here befell the worker, or the way to it.
                except Exception as error:  # noqa: BLE001
                    self._again(batch, error)
                else:
                    yield [(place, Row(*row)) for (place, _), row in zip(batch.jobs, found, strict=True)]

    def _fill(self) -> None:
        size = sum(sent.size for sent in self.under_way.values())
        while self._waiting and len(self.under_way) < _WINDOW and (size < _WINDOW_BYTES or not self.under_way):
            batch = self._waiting[0]
            jobs, own = [job for _, job in batch.jobs], 0
            if not self._by_path:
                jobs, own = _with_bytes(jobs)
            try:
                future = self._executor.submit(measure_jobs, tuple(jobs), self._own)
            except RuntimeError as error:
                self._replace(error)
                continue
            self._waiting.popleft()
            self.under_way[future] = _Sent(replace(batch, tries=batch.tries + 1), own)
            size += own

    def _again(self, batch: _Batch, error: BaseException) -> None:
        if batch.tries >= _TRIES:
            raise _lost(error, batch) from error
        self._waiting.appendleft(batch)

    def _replace(self, error: RuntimeError) -> None:
        """Takes processes of voicenb's own for an executor that has broken."""
        if not isinstance(error, BrokenExecutor):
            raise InvalidRequest(
                f"executor={self._executor!r} takes nothing ({error}): give one that is open, or none, which takes threads"
            ) from error
        if self._replaced == _TRIES - 1 or not all(map(_found_by_name, self._own)):
            raise _lost(error) from error
        self._replaced += 1
        self._by_path = True
        # Not forked: this process has threads.
        pool = ProcessPoolExecutor(_workers(), mp_context=get_context("spawn"))
        self._executor = self._stack.enter_context(pool)


def _workers() -> int:
    return min(4, cpu_count() or 1)


def _batches(jobs: Sequence[Job]) -> Iterable[_Batch]:
    size = max(1, min(_BATCH, len(jobs) // _PARTS))
    for start in range(0, len(jobs), size):
        yield _Batch(tuple(enumerate(jobs[start : start + size], start)))


def _with_bytes(jobs: Iterable[Job]) -> tuple[list[Job], int]:
    """The jobs with their files' bytes, and how many these are; a file that several of them need is read and sent once."""
    read: dict[str | None, bytes | None] = {None: None}

    def content(path: str | None) -> bytes | None:
        if path not in read:
            try:
                read[path] = Path(str(path)).read_bytes()
            except OSError:
                # The row will say so, in the words of the one that looks for it.
                read[path] = None
        return read[path]

    complete = [
        job._replace(
            data=job.data or content(job.path), reference_data=job.reference_data or content(job.reference_path)
        )
        for job in jobs
    ]
    return complete, sum(len(data) for data in read.values() if data)


def _carried(executor: Executor, jobs: Iterable[Job]) -> tuple[Measure, ...]:
    """The measures among the jobs' that the executor's processes must be given, for they cannot find them.

    Raises:
        InvalidRequest: It pickles functions by name, and the name says nothing to another process.
    """
    if isinstance(executor, ThreadPoolExecutor):
        return ()
    wanted = {name for job in jobs for name, _ in job.measures}
    own = tuple(one for one in defined_here() if one.name in wanted)
    unseen = [one.name for one in own if not _found_by_name(one)] if isinstance(executor, ProcessPoolExecutor) else []
    if unseen:
        raise InvalidRequest(
            f"{', '.join(unseen)}: defined in this notebook or program, where the processes of a {type(executor).__name__} cannot "
            "find it. Leave executor= out, and it runs here in threads; or give a Dask or loky executor, which carry it; or put it into "
            "a module that the processes can import"
        )
    return own


def _found_by_name(one: Measure) -> bool:
    """Whether another process can import the measure's function."""
    if getattr(one.function, "__module__", None) == "__main__":
        return False
    try:
        pickle.dumps(one)
    # Pickling raises three kinds of errors, by what it stumbles over.
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def _lost(error: BaseException, batch: _Batch | None = None) -> VoicenbError:
    files = [Path(job.path).name if job.path else job.sha256 for _, job in batch.jobs] if batch else []
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    what = (
        f"the executor failed {_TRIES} times at {', '.join(files[:3])}{more}"
        if files
        else "the executor's processes ended, and it takes nothing more"
    )
    return VoicenbError(
        f"{what} ({type(error).__name__}: {error}). What was measured is kept, and nothing was charged: call it again with a new "
        "executor of fewer workers, or with more memory for each; without executor=, threads of this process measure the rest."
    )
