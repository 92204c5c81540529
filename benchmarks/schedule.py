"""How close 200 tasks come to the ideal schedule.

    python benchmarks/schedule.py [--tasks 200] > benchmarks/schedule.md

A service on loopback performs a fixed number of tasks at a time, each for a known time, in the order in which they came.
It stands on plain sockets and takes next to no processor. The ideal is that schedule with no client at all: every task is
there from the beginning, and its audio is fetched the moment it is done. Measured is the time from the first `submit` to
the last clip on disk. *refuses* answers 429 when all places are taken; *queues* takes everything. The goal is 1.10.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import io
import json
import platform
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import soundfile as sf

import voicenb as vn
from voicenb.tasks.context import TaskContext

API = "/api/open-api/v1"
PRICES = {"sound-cloning-audio": 1, "sound-cloning-voice": "0.01", "sound-cloning-clone": 1}


def sound() -> bytes:
    """A second of tone."""
    file = io.BytesIO()
    sf.write(file, 0.1 * np.sin(np.arange(24_000) * 0.05), 24_000, format="WAV")
    return file.getvalue()


class Service(threading.Thread):
    """SoundClone's production call, with places for so many tasks."""

    def __init__(self, durations: list[float], places: int, *, refuses: bool) -> None:
        super().__init__(daemon=True)
        self.durations = durations
        self.places = [0.0] * places
        self.refuses = refuses
        self.ends: list[float] = []
        self.refused = 0
        self.ready = threading.Event()
        self.audio = sound()
        self.url = ""

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.ready.set()
        await asyncio.Event().wait()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0
                )
                await reader.readexactly(length)
                method, path, _ = head.split(" ", 2)
                writer.write(self._answer(method, path))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, method: str, path: str) -> bytes:
        now = time.monotonic()
        if path == "/a.wav":
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(self.audio), self.audio)
        if path.partition("?")[0].endswith(("/model/catalog", "/user/balance")):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        if method == "POST":
            free = heapq.heappop(self.places)
            if self.refuses and free > now:
                heapq.heappush(self.places, free)
                self.refused += 1
                return b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0.1\r\nContent-Length: 0\r\n\r\n"
            end = max(now, free) + self.durations[len(self.ends)]
            heapq.heappush(self.places, end)
            self.ends.append(end)
            return self._task(len(self.ends) - 1, "queued", now)
        number = int(path.rpartition("_")[2])
        return self._task(number, "completed" if self.ends[number] <= now else "processing", now)

    def _task(self, number: int, status: str, now: float) -> bytes:
        data = {"id": f"audio_{number}", "object": "audio", "created": 1, "model": "soundCloningAudio", "status": status,
                "error": None}  # fmt: skip
        if status == "completed":
            data["audioUrl"] = self.url + "/a.wav"
        body = json.dumps({"code": 20000, "msg": "ok", "data": data}).encode()
        after = min(0.3, max(0.02, self.ends[number] - now))
        return b"HTTP/1.1 200 OK\r\nX-Poll-After: %.3f\r\nContent-Length: %d\r\n\r\n%s" % (after, len(body), body)


def ideal(durations: list[float], places: int) -> float:
    """Seconds until the last of them is done, each begun as soon as a place is free."""
    free = [0.0] * places
    for duration in durations:
        heapq.heapreplace(free, free[0] + duration)
    return max(free)


def measure(durations: list[float], places: int, *, refuses: bool, **settings: int) -> tuple[float, int]:
    """Seconds from the first submission to the last clip, and how many were refused."""
    service = Service(durations, places, refuses=refuses)
    service.start()
    TaskContext.poll_seconds = (0.01, 0.01)  # as often as this service says
    service.ready.wait()
    with (
        tempfile.TemporaryDirectory() as home,
        vn.connect(
            "soundclone", base_url=service.url, api_key="sk_x", home=Path(home), prices=PRICES, **settings
        ) as studio,
    ):
        voice = studio.voice("model_1")
        begun = time.monotonic()
        tasks = [voice.submit(f"Sentence {number}.") for number in range(len(durations))]
        for task in tasks:
            task.wait(600, quiet=True)
        return time.monotonic() - begun, service.refused


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--places", type=int, default=8)
    given = parser.parse_args()
    chance = random.Random(1)
    durations = [chance.uniform(0.4, 1.6) for _ in range(given.tasks)]
    best = ideal(durations, given.places)
    print("# 200 tasks against the ideal schedule\n")
    print(
        f"A service that performs {given.places} tasks of 0.4 to 1.6 s at a time; from the first `submit` to the last clip on disk"
    )
    print(
        f"(CPython {platform.python_version()}, {platform.system()}): `python benchmarks/schedule.py > benchmarks/schedule.md`. The goal is 1.10.\n"
    )
    print("| service | ideal, s | voicenb, s | ratio | refused |\n|---|---|---|---|---|")
    for name, refuses, settings in (
        ("queues", False, {}),
        ("refuses, limit set", True, {"concurrency": given.places}),
        ("refuses, limit learned", True, {}),
    ):
        taken, refused = measure(durations, given.places, refuses=refuses, **settings)
        sys.stderr.write(f"{name}: {taken:.1f} s\n")
        print(f"| {name} | {best:.1f} | {taken:.1f} | {taken / best:.2f} | {refused} |")


if __name__ == "__main__":
    main()
