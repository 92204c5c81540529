"""The calls of a study that wait, as coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from voicenb.study.run import Amount
    from voicenb.study.study import Study

__all__ = ["StudyAio"]


class StudyAio:
    """The study's calls as coroutines."""

    def __init__(self, study: Study) -> None:
        self._study = study

    async def run(
        self, *, budget: Amount | Mapping[str, Amount] | None = None, executor: Executor | None = None
    ) -> Study:
        """`Study.run` as a coroutine. Where it is cancelled, no more cells are asked for; what is under way goes on."""
        cancelled = threading.Event()
        try:
            return await asyncio.to_thread(
                lambda: self._study.run(budget=budget, executor=executor, stop=cancelled.is_set, quiet=True)
            )
        finally:
            cancelled.set()
