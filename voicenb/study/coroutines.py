"""The calls of a study that wait, as coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Generic, TypeVar

from voicenb.study.run import Amount

__all__ = ["StudyAio"]

_Study = TypeVar("_Study")


class StudyAio(Generic[_Study]):
    """The study's calls as coroutines.

    Args:
        run: `voicenb.Study.run` of the study.
    """

    def __init__(self, run: Callable[..., _Study]) -> None:
        self._run = run

    async def run(
        self, *, budget: Amount | Mapping[str, Amount] | None = None, executor: Executor | None = None
    ) -> _Study:
        """`Study.run` as a coroutine. Where it is cancelled, no more cells are asked for; what is under way goes on."""
        cancelled = threading.Event()
        try:
            return await asyncio.to_thread(
                self._run, budget=budget, executor=executor, stop=cancelled.is_set, quiet=True
            )
        finally:
            cancelled.set()
