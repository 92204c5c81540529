"""Workers: warm, replaced when killed, ended with their owner."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest

from tests.engine.conftest import run
from voicenb.sandbox.engine.workers.pool import SPEAKERS, EngineError, Pool


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
def test_samples_are_the_same_in_a_fresh_process(cache, tmp_path):
    """The same request gives the same file from another pool's worker."""

    async def once(name: str) -> str:
        pool = Pool(cache, 1)
        await pool.speaker("ada", tmp_path / "ada.wav")
        await pool.enrol(tmp_path / "ada.wav", tmp_path / "ada.npz")
        await pool.speak("Hello there, my friend.", tmp_path / name, profile=tmp_path / "ada.npz", seed=7)
        await pool.close()
        return digest(tmp_path / name)

    assert run(once("one.wav")) == run(once("two.wav"))


@pytest.mark.slow
def test_job_survives_its_workers_death(cache, tmp_path):
    """A worker killed in mid-job is replaced, and the job is done nevertheless."""

    async def scenario() -> None:
        pool = Pool(cache, 1)
        begun = asyncio.Event()
        job = asyncio.create_task(
            pool.speak("Hello there. " * 100, tmp_path / "long.wav", progress=lambda _: begun.set())
        )
        await begun.wait()
        (worker,) = pool._workers
        os.kill(worker.pid, signal.SIGTERM)
        answer = await job
        assert answer["seconds"] > 60
        assert (tmp_path / "long.wav").exists()
        await pool.close()

    run(scenario())


@pytest.mark.slow
def test_cancelling_ends_the_job(cache, tmp_path):
    """A cancelled job's worker ends, nothing is written, and the pool goes on."""

    async def scenario() -> None:
        pool = Pool(cache, 1)
        begun = asyncio.Event()
        job = asyncio.create_task(
            pool.speak("Hello there. " * 300, tmp_path / "never.wav", progress=lambda _: begun.set())
        )
        await begun.wait()
        (worker,) = pool._workers
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        await worker.end()
        assert not worker.alive
        assert not (tmp_path / "never.wav").exists()
        await pool.speak("Hello.", tmp_path / "next.wav")
        await pool.close()

    run(scenario())


@pytest.mark.slow
def test_closing_ends_workers_and_jobs(cache, tmp_path):
    """close() takes less than 2 s in mid-job; the job and later ones say so."""

    async def scenario() -> None:
        pool = Pool(cache, 2)
        begun = asyncio.Event()
        job = asyncio.create_task(
            pool.speak("Hello there. " * 300, tmp_path / "never.wav", progress=lambda _: begun.set())
        )
        await begun.wait()
        workers = list(pool._workers)
        await asyncio.wait_for(pool.close(), 2)
        assert not any(worker.alive for worker in workers)
        with pytest.raises(EngineError, match="closed"):
            await job
        with pytest.raises(EngineError, match="closed"):
            await pool.speak("Hello.", tmp_path / "late.wav")

    run(scenario())


def test_worker_ends_when_its_input_closes(cache):
    """A worker whose owner is gone exits at once."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "voicenb.sandbox.engine.workers.worker", str(cache)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    worker.stdin.write(json.dumps({"id": 1, "do": "speaker", "name": "ada", "target": os.devnull}).encode() + b"\n")
    worker.stdin.flush()
    worker.stdin.close()
    assert worker.wait(60) == 0
    worker.stdout.close()


@pytest.mark.slow
def test_jobs_run_side_by_side_and_report_progress(cache, tmp_path):
    """Several jobs at once are all done; progress rises to 1."""

    async def scenario() -> None:
        pool = Pool(cache, 2)
        shares: list[float] = []
        answers = await asyncio.gather(*(
            pool.speak("One. Two. Three.", tmp_path / f"{number}.wav", seed=number, progress=shares.append)
            for number in range(3)
        ))  # fmt: skip
        assert len({digest(tmp_path / f"{number}.wav") for number in range(3)}) == 3
        assert all(answer["rate"] == 24_000 for answer in answers)
        assert max(shares) == 1
        await pool.close()

    run(scenario())


@pytest.mark.slow
def test_errors_cross_the_pipe_and_leave_the_worker_warm(cache, tmp_path):
    """An error is raised with its message; the same worker takes the next job."""

    async def scenario() -> None:
        pool = Pool(cache, 1)
        with pytest.raises(EngineError, match="no sample speaker 'zoe'"):
            await pool.speaker("zoe", tmp_path / "zoe.wav")
        before = {worker.pid for worker in pool._workers}
        await pool.speak("Hello.", tmp_path / "next.wav")
        assert {worker.pid for worker in pool._workers} == before
        await pool.close()

    run(scenario())


def test_speakers_are_known_without_a_model():
    """Their names can be listed in a process that loads neither model nor vocoder."""
    code = (
        "import sys; from voicenb.sandbox.engine.workers.pool import SPEAKERS; "
        "assert not {'hibari', 'onnxruntime', 'pyworld', 'scipy'} & set(sys.modules), sys.modules; print(*SPEAKERS)"
    )
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert listed == list(SPEAKERS)
    assert len(listed) >= 4
