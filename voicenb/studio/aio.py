"""The studio's calls as coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from voicenb.base import portal
from voicenb.base.arguments import wait_seconds
from voicenb.base.money import Balance, Price
from voicenb.errors import TasksFailed
from voicenb.services.signatures import CLONED, SPOKEN, takes_parameters
from voicenb.studio.cloning import CloneRequest, clone_price, clone_voice, publish
from voicenb.studio.long_text import LongText
from voicenb.studio.task import Task, list_tasks, resume_tasks
from voicenb.studio.voice import Voice
from voicenb.studio.voices import as_voice, catalogue, find_voice, voice_table
from voicenb.studio.waiting_for_all import checked_tasks, outcome_of_all
from voicenb.tasks.chunks import Chunk
from voicenb.tasks.session import Session

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.studio.clip import Clip
    from voicenb.studio.clips import Clips

__all__ = ["Aio"]


class Aio:
    """The studio's calls as coroutines, for any asyncio loop: ``await studio.aio.say(voice, "…")``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @takes_parameters(CLONED)
    async def clone(
        self,
        source: Any,
        *,
        name: str | None = None,
        text: str | None = None,
        language: str | Sequence[str] | None = None,
        consent: str | None = None,
        preview: Any = None,
        fresh: bool = False,
        timeout: float | None = 600,
        **parameters: Any,
    ) -> Voice:
        """`Studio.clone` as a coroutine."""
        request = CloneRequest(source, name, text, language, consent, fresh, parameters, preview=preview)
        return await portal.await_future(portal.start(clone_voice, self._session, request, timeout))

    @takes_parameters(SPOKEN)
    async def submit(self, voice: Voice | str, text: str, **parameters: Any) -> Task:
        """`Voice.submit` as a coroutine."""
        return await asyncio.to_thread(lambda: as_voice(self._session, voice).submit(text, **parameters))

    @takes_parameters(SPOKEN)
    async def stream(self, voice: Voice | str, text: str, **parameters: Any) -> AsyncIterator[Chunk]:
        """`Voice.stream` for an asynchronous loop: ``async for chunk in studio.aio.stream(voice, "…")``."""
        live = await asyncio.to_thread(lambda: as_voice(self._session, voice).stream(text, **parameters))
        async for chunk in live:
            yield chunk

    async def catalogue(self) -> pd.DataFrame:
        """`Studio.catalogue` as a coroutine."""
        return await asyncio.to_thread(catalogue, self._session)

    @takes_parameters(SPOKEN)
    async def takes(self, voice: Voice | str, text: str, takes: int, **parameters: Any) -> list[Task]:
        """`Voice.takes` as a coroutine."""
        return await asyncio.to_thread(lambda: as_voice(self._session, voice).takes(text, takes, **parameters))

    @overload
    async def say(
        self, voice: Voice | str, text: str, *, takes: None = None, seed: int | None = None, fresh: bool = False,
        split: bool = False, timeout: float | None = 600, **parameters: Any,
    ) -> Clip: ...  # fmt: skip
    @overload
    async def say(
        self, voice: Voice | str, text: str, *, takes: int, seed: int | None = None, fresh: bool = False,
        split: bool = False, timeout: float | None = 600, **parameters: Any,
    ) -> Clips: ...  # fmt: skip
    @takes_parameters(SPOKEN)
    async def say(
        self,
        voice: Voice | str,
        text: str,
        *,
        takes: int | None = None,
        seed: int | None = None,
        fresh: bool = False,
        split: bool = False,
        timeout: float | None = 600,
        **parameters: Any,
    ) -> Clip | Clips:
        """`Voice.say` as a coroutine."""
        chosen = await asyncio.to_thread(as_voice, self._session, voice)
        timeout = wait_seconds(timeout)
        if split:
            long = await asyncio.to_thread(LongText, chosen, text, parameters)
            if len(long.parts) > 1:
                return await long.outcome(takes, seed=seed, fresh=fresh, timeout=timeout)
        if takes is None:
            task = await asyncio.to_thread(lambda: chosen.submit(text, seed=seed, fresh=fresh, **parameters))
            clip = await task.outcome(timeout)
            task.warn()
            return clip
        tasks = await asyncio.to_thread(lambda: chosen.takes(text, takes, seed=seed, fresh=fresh, **parameters))
        try:
            return await outcome_of_all(tasks, timeout)
        except TasksFailed as failed:
            if len(tasks) > 1:
                raise
            # One take alone has an error of its own.
            [error] = failed.errors.values()
        raise error

    async def wait(self, tasks: Iterable[Task], timeout: float | None = None) -> Clips:
        """`Studio.wait` as a coroutine."""
        return await outcome_of_all(await asyncio.to_thread(checked_tasks, tasks), timeout)

    @takes_parameters(SPOKEN)
    async def price(self, voice: Voice | str, text: str, **parameters: Any) -> Price:
        """`Studio.price` as a coroutine."""
        return await asyncio.to_thread(lambda: as_voice(self._session, voice).price(text, **parameters))

    @takes_parameters(CLONED)
    async def clone_price(self, source: Any = None, **parameters: Any) -> Price:
        """`Studio.clone_price` as a coroutine."""
        return await asyncio.to_thread(lambda: clone_price(self._session, source, **parameters))

    async def publish(self, source: Any, *, name: str | None = None) -> str:
        """`Studio.publish` as a coroutine."""
        return await asyncio.to_thread(lambda: publish(self._session, source, name=name))

    async def balance(self) -> Balance:
        """`Studio.balance` as a coroutine."""
        return await asyncio.to_thread(self._session.balance)

    async def voice(self, name: str) -> Voice:
        """`Studio.voice` as a coroutine."""
        return await asyncio.to_thread(find_voice, self._session, name)

    async def voices(self) -> pd.DataFrame:
        """`Studio.voices` as a coroutine."""
        return await asyncio.to_thread(voice_table, self._session)

    async def tasks(self, status: str | Iterable[str] | None = None, *, limit: int | None = None) -> list[Task]:
        """`Studio.tasks` as a coroutine."""
        return await asyncio.to_thread(lambda: list_tasks(self._session, status, limit=limit))

    async def resume(self) -> list[Task]:
        """`Studio.resume` as a coroutine."""
        return await asyncio.to_thread(resume_tasks, self._session)
