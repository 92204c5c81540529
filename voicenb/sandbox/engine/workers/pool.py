"""The engine as the server sees it: coroutines over a few worker processes.

Workers start on first use, stay warm, and are replaced when they die. Nothing of the engine runs in the server's own process.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicenb.base.process import program
from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.text.languages import LANGUAGES
from voicenb.sandbox.engine.timbre.speakers import SPEAKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LANGUAGES", "SPEAKERS", "EngineError", "Pool"]

_ATTEMPTS = 3
"""A job whose worker dies (killed, out of memory) runs again this often in all."""
_LINE = 64 << 20
"""Bytes an answer may have: 10,000 words and their times."""
_GRACE = 1.0
"""Seconds a worker has to end by itself."""


class _DiedError(Exception):
    """The worker ended in mid-job."""


class Pool:
    """Workers that enrol and speak. Made anywhere; used in one event loop.

    Args:
        cache: Folder for what is worked out once; made when missing.
        size: Workers at most; by default one a processor, four at most.
    """

    def __init__(self, cache: Path, size: int | None = None) -> None:
        self._cache = Path(cache).absolute()
        self._free = asyncio.Semaphore(size or max(1, min(os.cpu_count() or 1, 4)))
        self._workers: set[_Worker] = set()
        """All that may still run, those of cancelled jobs too until they have ended."""
        self._idle: list[_Worker] = []
        self._starting: set[asyncio.Task[_Worker]] = set()
        self._closed = False

    async def enrol(self, source: Path, profile: Path) -> dict[str, Any]:
        """Measure a recording's voice and write its profile: statistics and spectral frames, never the recording.

        Args:
            source: Any decodable audio file.
            profile: The `.npz` to write.

        Returns:
            `seconds` of the file, `spoken_seconds` from its first to its last speech (pauses between included), `f0` (the
            median, Hz) and `warnings` (one line each).

        Raises:
            EngineError: It cannot be decoded, or there is no voice in it.
        """
        return await self._run({"do": "enrol", "source": _plain(source), "profile": _plain(profile)})

    async def speak(
        self,
        text: str,
        target: Path,
        *,
        profile: Path | None = None,
        language: str = "auto",
        speed: float = 1,
        pitch: float = 0,
        volume: float = 1,
        emotion: str | Mapping[str, float] = "neutral",
        describe: str | None = None,
        seed: int = 0,
        take: int = 0,
        stability: float | None = None,
        likeness: float = 1,
        compact_ms: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> dict[str, Any]:
        """Speak a text into a file, 24 kHz mono.

        Args:
            text: What is spoken; may carry pauses `<#x#>` of x seconds, which are exact and keep their length at any speed.
            target: The file to write: `.wav` (16-bit PCM) or `.mp3`.
            profile: An enrolled voice; None is the engine's own.
            language: A name of `LANGUAGES`, or `auto`.
            speed: 0.5–2; the length is the plain length divided by it.
            pitch: −12 to 12 semitones; formants stay.
            volume: 0–10, a gain; true peaks stay below −1 dBTP.
            emotion: A name of the presets, or weights by name.
            describe: A voice or manner in words ("elderly male, low pitch, whisper"); unknown words have no effect.
            seed: The same request, seed and take give the same samples.
            take: 0 is the plain reading. Others (1, 2, …) differ from it, and from each other, a little in pace, melody and
                effort; 2k - 1 and 2k are each other's mirror image.
            stability: 0–1; below 1, also readings with different seeds differ in melody and pace, the more the lower; at 1,
                takes do not differ either. None leaves readings plain and takes as they are.
            likeness: 0–1; how much of the profile's timbre is heard, the rest is the front end's own. The pitch is the profile's.
            compact_ms: Longest silence between sentences, in milliseconds.
            progress: Called with the share done, 0–1.

        Returns:
            `seconds`, `rate` (24000), `words` and `sentences`, each a list of `text`, `start` and `end` (seconds), `begin` and
            `end_at` (offsets in the text as given).

        Raises:
            EngineError: What cannot be spoken, and why.
        """
        job = {
            "do": "speak",
            "text": text,
            "target": _plain(target),
            "profile": None if profile is None else _plain(profile),
            "language": language,
            "speed": speed,
            "pitch": pitch,
            "volume": volume,
            "emotion": emotion if isinstance(emotion, str) else dict(emotion),
            "describe": describe,
            "seed": seed,
            "take": take,
            "stability": stability,
            "likeness": likeness,
            "compact_ms": compact_ms,
        }
        return await self._run(job, progress)

    async def speaker(self, name: str, target: Path) -> dict[str, Any]:
        """Write a sample speaker's recording, about twenty seconds, the same each time.

        Returns:
            As `speak`.

        Raises:
            EngineError: `name` is not in `SPEAKERS`.
        """
        return await self._run({"do": "speaker", "name": name, "target": _plain(target)})

    async def close(self) -> None:
        """End all workers, whatever they are doing; what they were doing raises EngineError."""
        self._closed = True
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in list(self._workers)))

    async def _run(self, job: dict[str, Any], progress: Callable[[float], None] | None = None) -> dict[str, Any]:
        async with self._free:
            for _ in range(_ATTEMPTS):
                if self._closed:
                    raise EngineError("the voice engine is closed")
                worker = await self._take()
                try:
                    result = await worker.run(job, progress)
                except _DiedError:
                    await self._drop(worker)
                except EngineError:
                    self._idle.append(worker)
                    raise
                except BaseException:
                    # Cancelled, or `progress` raised: the job must end, and only its worker's end ends it.
                    worker.kill()
                    raise
                else:
                    self._idle.append(worker)
                    return result
        if self._closed:
            raise EngineError("the voice engine was closed before this was done")
        raise EngineError(
            f"the voice engine's worker ended {_ATTEMPTS} times on this job; the machine may be out of memory"
        )

    async def _take(self) -> _Worker:
        self._workers = {worker for worker in self._workers if worker.alive}
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
        # asyncio hangs where the start of a process is cancelled: it goes on, and the worker is kept for other jobs.
        starting = asyncio.create_task(self._start())
        self._starting.add(starting)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(self._spare)
            raise
        finally:
            starting.add_done_callback(self._starting.discard)

    async def _start(self) -> _Worker:
        worker = await _Worker.start(self._cache)
        self._workers.add(worker)
        return worker

    def _spare(self, started: asyncio.Task[_Worker]) -> None:
        if not started.cancelled() and started.exception() is None:
            self._idle.append(started.result())

    async def _drop(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        await worker.end()


class _Worker:
    """One process and its pipe."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._to, self._from = process, process.stdin, process.stdout
        self._numbers = itertools.count()

    @classmethod
    async def start(cls, cache: Path) -> _Worker:
        # One thread each: sentences are short, and workers side by side use the processors better.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        return cls(
            await asyncio.create_subprocess_exec(
                *program("voicenb.sandbox.engine.workers.worker", str(cache)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LINE,
                env=os.environ | threads,
            )
        )

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def run(self, job: dict[str, Any], progress: Callable[[float], None] | None) -> dict[str, Any]:
        number = next(self._numbers)
        try:
            self._to.write(json.dumps({"id": number, **job}).encode() + b"\n")
            await self._to.drain()
            while line := await self._from.readline():
                said = json.loads(line)
                if "result" in said:
                    return dict(said["result"])
                if "error" in said:
                    raise EngineError(said["error"])
                if progress is not None:
                    progress(said["progress"])
        except (ConnectionError, ValueError) as error:  # ValueError: a line cut short
            raise _DiedError from error
        raise _DiedError

    def kill(self) -> None:
        if self.alive:
            self._process.kill()

    async def end(self) -> None:
        if self.alive:
            self._to.close()
            try:
                await asyncio.wait_for(self._process.wait(), _GRACE)
            except TimeoutError:
                self.kill()
        await self._process.wait()


def _plain(path: Path) -> str:
    return str(Path(path).absolute())
