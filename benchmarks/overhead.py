"""What voicenb costs next to bare httpx that makes the same calls and keeps nothing.

    python benchmarks/overhead.py [--tasks 60] > benchmarks/overhead.md

Both submit, poll as the sandbox asks, and download; voicenb also checks, prices, writes every step to its ledger (synced
to disk), decodes and stores the audio. *One after another*: pairs in turn, the median time of a task. *At once*: all
submitted together, the time until the last is there, three rounds in turn, the fastest of each. The goal is 1.25.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from schedule import PRICES, Service

import voicenb as vn
from voicenb.tasks.context import TaskContext

API = "/api/open-api/v1"


async def bare(client: httpx.AsyncClient, model: str, text: str) -> bytes:
    """The same calls, without a ledger."""
    answer = await client.post(f"{API}/soundCloning/audios", json={"modelId": model, "contentText": text})
    task = answer.json()["data"]["id"]
    while True:
        await asyncio.sleep(float(answer.headers.get("X-Poll-After", 0.2)))
        answer = await client.get(f"{API}/audios/{task}")
        data = answer.json()["data"]
        if data["status"] == "completed":
            return (await client.get(data["audioUrl"])).content


class Contest:
    """The sandbox, and both ways to it."""

    def __init__(self, home: Path) -> None:
        self.studio = vn.connect(home=home)
        ada = vn.sandbox.sample_speaker("ada", home=home)
        self.voice = self.studio.clone(ada, name="ada", text="Hi.", language="English", quiet=True)
        vn.sandbox.set_balance(1_000_000, home=home)
        self._running = vn.sandbox.start(home)
        self._loop = asyncio.Runner()

    def client(self) -> httpx.AsyncClient:
        key = self._running.key.reveal()
        return httpx.AsyncClient(
            base_url=self._running.services["soundclone"],
            headers={"Authorization": f"Bearer {key}"},
            timeout=120,
            limits=httpx.Limits(max_connections=32),
        )

    def in_turn(self, tasks: int) -> tuple[list[float], list[float]]:
        """Seconds of each task, bare and with voicenb."""
        ours, theirs = [], []
        client = self.client()
        for number in range(tasks):
            text = f"Sentence number {number} of this comparison."
            for kind in ("bare", "voicenb") if number % 2 else ("voicenb", "bare"):
                begun = time.perf_counter()
                if kind == "bare":
                    self._loop.run(bare(client, self.voice.id, text))
                    theirs.append(time.perf_counter() - begun)
                else:
                    self.voice.say(text, fresh=True, quiet=True)
                    ours.append(time.perf_counter() - begun)
        self._loop.run(client.aclose())
        return theirs, ours

    def at_once(self, tasks: int, rounds: int = 3) -> tuple[list[float], list[float]]:
        """Seconds of each round, bare and with voicenb."""
        ours, theirs = [], []
        for number in range(rounds):
            texts = [f"Sentence {one} of round {number}." for one in range(tasks)]

            async def all_of_them(texts: list[str] = texts) -> None:
                async with self.client() as client:
                    await asyncio.gather(*(bare(client, self.voice.id, text) for text in texts))

            begun = time.perf_counter()
            self._loop.run(all_of_them())
            theirs.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            for task in [self.voice.submit(text, fresh=True) for text in texts]:
                task.wait(600, quiet=True)
            ours.append(time.perf_counter() - begun)
        return theirs, ours


def instant(tasks: int) -> tuple[float, float]:
    """Milliseconds a task against a service that takes no processor, bare and with voicenb."""
    service = Service([0.0] * (2 * tasks + 2), 8, refuses=False)
    service.start()
    TaskContext.poll_seconds = (0.01, 0.01)  # as often as this service says, like the bare client
    service.ready.wait()
    ours, theirs = [], []
    with (
        tempfile.TemporaryDirectory() as home,
        vn.connect("soundclone", base_url=service.url, api_key="sk_x", home=Path(home), prices=PRICES) as studio,
        asyncio.Runner() as loop,
    ):
        client = httpx.AsyncClient(base_url=service.url)
        voice = studio.voice("model_1")
        for number in range(tasks):
            begun = time.perf_counter()
            loop.run(bare(client, "model_1", "A sentence."))
            theirs.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            voice.say(f"Sentence {number}.", quiet=True)
            ours.append(time.perf_counter() - begun)
        loop.run(client.aclose())
    return statistics.median(theirs) * 1000, statistics.median(ours) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=60)
    tasks = parser.parse_args().tasks
    with tempfile.TemporaryDirectory() as folder:
        contest = Contest(Path(folder))
        contest.in_turn(4)
        theirs, ours = contest.in_turn(tasks)
        sys.stderr.write("one after another: done\n")
        together, with_us = contest.at_once(tasks)
        contest.studio.close()
    quick, quick_with_us = instant(tasks)
    one, other = statistics.median(theirs), statistics.median(ours)
    first, second = min(together), min(with_us)
    print("# What voicenb costs next to bare httpx\n")
    print(
        "The same calls to the same sandbox: submit, poll as it asks, download. voicenb also checks, prices, writes every step"
    )
    print(
        "to its ledger and syncs it, decodes and stores the audio: `python benchmarks/overhead.py > benchmarks/overhead.md`"
    )
    print(f"({tasks} tasks, CPython {platform.python_version()}, {platform.system()}). The goal is 1.25.\n")
    print("| | bare httpx | voicenb | ratio |")
    print("|---|---|---|---|")
    print(f"| one after another, ms a task (median) | {one * 1000:.0f} | {other * 1000:.0f} | {other / one:.2f} |")
    print(
        f"| {tasks} at once, ms a task (fastest of 3 rounds) | {first / tasks * 1000:.0f} | {second / tasks * 1000:.0f} "
        f"| {second / first:.2f} |"
    )
    print(
        f"| a service that is done after 20 ms, ms a task (median) | {quick:.0f} | {quick_with_us:.0f} | {quick_with_us / quick:.2f} |"
    )
    print("\nThe last line shows what voicenb itself takes: against a voice that works it disappears.")


if __name__ == "__main__":
    main()
