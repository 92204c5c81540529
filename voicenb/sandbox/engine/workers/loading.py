"""The engine's pool, loaded in the background: the server listens long before the first voice is warm."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Engine", "Voice", "VoiceError"]

_log = logging.getLogger("voicenb.sandbox")

_CLOSE_SECONDS = 2.5


class VoiceError(Exception):
    """The voice cannot do what a task asks; the message is fit for the task's ``error``."""


class Engine(Protocol):
    """What the sandbox asks of `voicenb.sandbox.engine.workers.pool.Pool`."""

    async def enrol(self, source: Path, profile: Path) -> dict[str, Any]:
        """Keep the voice of a recording; gives ``seconds``, ``spoken_seconds``, ``f0`` (Hz), ``warnings``."""

    async def speak(self, text: str, target: Path, **options: Any) -> dict[str, Any]:
        """Speak into a file; gives ``seconds``, ``rate`` (Hz), ``words`` and ``sentences``."""

    async def speaker(self, name: str, target: Path) -> dict[str, Any]:
        """Write a sample speaker's recording."""

    async def close(self) -> None:
        """End the workers."""


class Voice:
    """The engine, from the moment it is asked for.

    Args:
        cache: The engine's folder for what it can make again.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._loading: asyncio.Task[Engine] | None = None
        self._first_words: asyncio.Task[None] | None = None
        self._errors: tuple[type[Exception], ...] = (VoiceError,)
        self.speakers: dict[str, str] = {}

    def warm_up(self) -> asyncio.Task[Engine]:
        """Start loading, once; must be called on the event loop."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
            # Tasks that need the voice see the error; nobody else need await it.
            self._loading.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._loading

    async def _load(self) -> Engine:
        try:
            module = await asyncio.to_thread(_import_pool)
        except ImportError as error:
            _log.exception("the voice cannot be loaded")
            raise VoiceError(
                f"the sandbox's voice is not installed ({error}); install it with: pip install 'voicenb[lab]'"
            ) from None
        self._errors = (VoiceError, module.EngineError)
        self.speakers = dict(module.SPEAKERS)
        pool: Engine = module.Pool(self._cache)
        self._first_words = asyncio.create_task(self._speak_first(pool))
        return pool

    async def _speak_first(self, pool: Engine) -> None:
        """Speak once, so that a worker is up and its models are loaded when the first task comes."""
        try:
            await pool.speak("Ready.", self._cache / "first.wav")
        except self._errors as error:
            _log.warning("the voice does not speak: %s", error)

    async def engine(self) -> Engine:
        """The engine, when it is loaded.

        Raises:
            VoiceError: It cannot be loaded.
        """
        return await asyncio.shield(self.warm_up())

    @property
    def state(self) -> str:
        """``loading``, ``ready``, or ``missing`` where it cannot be loaded."""
        if self._loading is None or not self._loading.done():
            return "loading"
        return "missing" if self._loading.cancelled() or self._loading.exception() else "ready"

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """The exceptions that say, in words fit for a client, what the voice cannot do."""
        return self._errors

    async def close(self) -> None:
        """End the workers, within bounds."""
        if self._loading is None:
            return
        if self._first_words is not None:
            self._first_words.cancel()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await (await self._loading).close()
        except VoiceError:
            return
        except TimeoutError:
            _log.warning("the voice's workers did not end in time")


def _import_pool() -> Any:
    from voicenb.sandbox.engine.workers import pool

    return pool
