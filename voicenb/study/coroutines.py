"""The calls of a study that wait, as coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Generic, Protocol, Self, TypeVar

from voicenb.study.run import Amount, Stop

__all__ = ["StudyAio"]


class _Runs(Protocol):
    """A study, as far as it is run."""

    def run(
        self,
        *,
        budget: Amount | Mapping[str, Amount] | None = None,
        executor: Executor | None = None,
        stop: Stop | None = None,
        quiet: bool = False,
    ) -> Self:
        """See `voicenb.Study.run`."""


_Study = TypeVar("_Study", bound=_Runs)


class StudyAio(Generic[_Study]):
    """The study's calls as coroutines."""

    def __init__(self, study: _Study) -> None:
        self._study = study

    async def run(
        self, *, budget: Amount | Mapping[str, Amount] | None = None, executor: Executor | None = None
    ) -> _Study:
        """`Study.run` as a coroutine. Where it is cancelled, no more cells are asked for; what is under way goes on."""
        cancelled = threading.Event()
        try:
            return await asyncio.to_thread(
                lambda: self._study.run(budget=budget, executor=executor, stop=cancelled.is_set, quiet=True)
            )
        finally:
            cancelled.set()
