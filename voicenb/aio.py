"""The studio's calls as coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from voicenb import portal
from voicenb.services.base import Balance, Price
from voicenb.streaming import Chunk
from voicenb.tasks import Task
from voicenb.voices import Cloning, Voice

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.audio import Clip
    from voicenb.studio import Studio

__all__ = ["Aio"]


class Aio:
    """The studio's calls as coroutines, for any asyncio loop: ``await studio.aio.say(voice, "…")``."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def clone(
        self,
        source: Any,
        *,
        name: str | None = None,
        text: str | None = None,
        language: str | Sequence[str] | None = None,
        consent: str | None = None,
        fresh: bool = False,
        timeout: float | None = 600,
        **parameters: Any,
    ) -> Voice:
        """`Studio.clone` as a coroutine."""
        wish = Cloning(source, name, text, language, consent, fresh, parameters)
        return await portal.wait_here(portal.start(self._studio._clone, wish, timeout))  # noqa: SLF001

    async def submit(self, voice: Voice | str, text: str, **parameters: Any) -> Task:
        """`Voice.submit` as a coroutine."""
        return await asyncio.to_thread(lambda: self._studio._as_voice(voice).submit(text, **parameters))  # noqa: SLF001

    async def stream(self, voice: Voice | str, text: str, **parameters: Any) -> AsyncIterator[Chunk]:
        """`Voice.stream` for an asynchronous loop: ``async for chunk in studio.aio.stream(voice, "…")``."""
        live = await asyncio.to_thread(lambda: self._studio._as_voice(voice).stream(text, **parameters))  # noqa: SLF001
        async for chunk in live:
            yield chunk

    async def catalogue(self) -> pd.DataFrame:
        """`Studio.catalogue` as a coroutine."""
        return await asyncio.to_thread(self._studio.catalogue)

    async def takes(self, voice: Voice | str, text: str, takes: int, **parameters: Any) -> list[Task]:
        """`Voice.takes` as a coroutine."""
        return await asyncio.to_thread(lambda: self._studio._as_voice(voice).takes(text, takes, **parameters))  # noqa: SLF001

    @overload
    async def say(
        self, voice: Voice | str, text: str, *, takes: None = None, seed: int | None = None, fresh: bool = False,
        timeout: float | None = 600, **parameters: Any,
    ) -> Clip: ...  # fmt: skip
    @overload
    async def say(
        self, voice: Voice | str, text: str, *, takes: int, seed: int | None = None, fresh: bool = False,
        timeout: float | None = 600, **parameters: Any,
    ) -> list[Clip]: ...  # fmt: skip
    async def say(
        self,
        voice: Voice | str,
        text: str,
        *,
        takes: int | None = None,
        seed: int | None = None,
        fresh: bool = False,
        timeout: float | None = 600,
        **parameters: Any,
    ) -> Clip | list[Clip]:
        """`Voice.say` as a coroutine."""
        chosen = await asyncio.to_thread(self._studio._as_voice, voice)  # noqa: SLF001
        if takes is None:
            task = await asyncio.to_thread(lambda: chosen.submit(text, seed=seed, fresh=fresh, **parameters))
            return await task.outcome(timeout)
        tasks = await asyncio.to_thread(lambda: chosen.takes(text, takes, seed=seed, fresh=fresh, **parameters))
        return list(await asyncio.gather(*(task.outcome(timeout) for task in tasks)))

    async def price(self, voice: Voice | str, text: str, **parameters: Any) -> Price:
        """`Studio.price` as a coroutine."""
        return await asyncio.to_thread(lambda: self._studio.price(voice, text, **parameters))

    async def clone_price(self, **parameters: Any) -> Price:
        """`Studio.clone_price` as a coroutine."""
        return await asyncio.to_thread(lambda: self._studio.clone_price(**parameters))

    async def publish(self, source: Any, *, name: str | None = None) -> str:
        """`Studio.publish` as a coroutine."""
        return await asyncio.to_thread(lambda: self._studio.publish(source, name=name))

    async def balance(self) -> Balance:
        """`Studio.balance` as a coroutine."""
        return await asyncio.to_thread(self._studio.balance)

    async def voice(self, name: str) -> Voice:
        """`Studio.voice` as a coroutine."""
        return await asyncio.to_thread(self._studio.voice, name)

    async def voices(self) -> pd.DataFrame:
        """`Studio.voices` as a coroutine."""
        return await asyncio.to_thread(self._studio.voices)

    async def tasks(self, status: str | Iterable[str] | None = None, *, limit: int | None = None) -> list[Task]:
        """`Studio.tasks` as a coroutine."""
        return await asyncio.to_thread(lambda: self._studio.tasks(status, limit=limit))

    async def resume(self) -> list[Task]:
        """`Studio.resume` as a coroutine."""
        return await asyncio.to_thread(self._studio.resume)
