"""Plans of a million cells, and a ledger with a hundred thousand tasks of one study.

python benchmarks/study_scale.py > benchmarks/study_scale.md
"""

from __future__ import annotations

import os
import platform
import random
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

import voicenb as vn
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import TaskRecord, now
from voicenb.ledger.studies import Measurement

ROWS = 100_000
ALL = ROWS * 6 // 5
PAGE = 200


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of this thread on a processor, and the answer; the machine may have other work."""
    begun = time.thread_time()
    answer = call()
    return time.thread_time() - begun, answer


def held(call: Callable[[], Any]) -> float:
    """The most memory that Python held during a call, in MB (10^6 bytes)."""
    tracemalloc.start()
    call()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def study(voice: vn.Voice, name: str, **more: Any) -> vn.Study:
    """A million cells: 50 texts × 100 speeds × 25 pitches × 4 emotions × 2 takes."""
    factors = {
        "speed": np.linspace(0.5, 2, 100),
        "pitch": range(-12, 13),
        "emotion": ["neutral", "happy", "sad", "angry"],
    }
    texts = [f"This is text number {number}." for number in range(50)]
    return vn.Study(voice, text=texts, takes=2, name=name, **(factors | more))


def plans(home: Path) -> list[tuple[str, str, str]]:
    """What is asked of a plan, and what was measured."""
    rows = []
    with vn.connect(home=home) as studio:
        speaker = vn.Reference(vn.sandbox.sample_speaker("ada", home=home), consent="a sample speaker")
        voice = studio.clone(speaker, name="ada", text="Hello.", language="English", quiet=True)
        studio.price(voice, "Hello.")
        one = study(voice, "million")
        seconds, plan = timed(one.plan)
        assert (plan.cells, plan.refused) == (1_000_000, 0)
        rows.append(("10⁶ cells planned and priced", "≤ 2 s", f"{seconds:.2f} s"))
        rows.append(("memory of it", "≤ 100 MB", f"{held(one.plan):.0f} MB"))
        seconds, frame = timed(plan.frame)
        rows.append((f"`plan.frame()`, {len(frame):,} requests", "", f"{seconds:.2f} s"))
        numbers = random.Random(0).choices(range(len(one)), k=100_000)
        seconds, _ = timed(lambda: [one.cells[number] for number in numbers])
        rows.append(("`study.cells[i]`", "≤ 5 µs", f"{seconds * 10:.1f} µs"))
        seconds, _ = timed(lambda: [one.cells[number].levels for number in numbers])
        rows.append(("`study.cells[i].levels`", "", f"{seconds * 10:.1f} µs"))
        rows.append(
            (
                "memory of the study, its order with it",
                "≤ 10 MB",
                f"{held(lambda: study(voice, 'million').design.sequence()):.1f} MB",  # noqa: PLW0108 - the study is made, too
            )
        )
        keys = {one.cells[number].key for number in numbers}
        seconds, found = timed(lambda: one.design.numbers_of(keys))
        rows.append((f"{len(found):,} cells that are made found among 10⁶", "", f"{seconds:.1f} s"))
        bad = study(voice, "refused", speed=np.linspace(3, 4, 100))
        seconds, plan = timed(bad.plan)
        assert plan.refused == 1_000_000
        rows.append(("10⁶ cells refused, and counted by rule", "≤ 2 s", f"{seconds:.2f} s"))
        seconds, invalid = timed(lambda: plan.invalid)
        rows.append((f"`plan.invalid`, {len(invalid):,} rows", "", f"{seconds:.2f} s"))
        asked = study(voice, "asked", where=lambda cell: cell.speed < 1)
        seconds, _ = timed(asked.plan)
        rows.append(("10⁶ calls of a `where=` that reads one level", "", f"{seconds:.0f} s"))
    return rows


def tasks(home: Path) -> list[tuple[str, str, str]]:
    """What is asked of the ledger, and what was measured."""
    home.mkdir()
    ledger = Ledger.at(home)
    cells = [random.Random(number).getrandbits(64) for number in range(ALL)]
    moment = now()
    records = [
        TaskRecord(
            id=f"{number:032x}", service="soundclone", endpoint="sandbox", kind="production", status="completed", text="Hello.",
            parameters={"speed": 1.0}, request="", unit="credits", rule="", cost=Decimal(1), created=moment + timedelta(milliseconds=number),
            study="s1" if number % 6 == 5 else "s0", cell=f"{cells[number]:016x}", file=f"{number:064x}.mp3", cache_key=f"{number:064x}",
        )
        for number in range(ALL)
    ]  # fmt: skip

    def write() -> None:
        for future in [ledger.tasks.add(record) for record in records]:
            future.result()

    begun = time.perf_counter()
    write()
    seconds = time.perf_counter() - begun
    rows = [(f"{ALL:,} tasks of two studies written, one by one (by the clock)", "", f"{seconds:.0f} s")]
    slowest, count, after = 0.0, 0, None
    while True:
        seconds, page = timed(lambda after=after: ledger.studies.page("s0", after, PAGE))
        slowest, count = max(slowest, seconds), count + len(page)
        if len(page) < PAGE:
            break
        after = page[-1][0]
    assert count == ROWS
    rows.append((f"a page of {PAGE} of {count:,}, the slowest at any depth", "≤ 20 ms", f"{slowest * 1000:.1f} ms"))
    measured = [
        Measurement(f"{number:064x}.mp3", "", "", name, 1, 1.0)
        for number in range(0, ALL, 3)
        for name in ("duration", "f0_median")
    ]
    ledger.studies.keep(measured).result()
    seconds, found = timed(lambda: sum(1 for _ in ledger.studies.measured("s0")))
    assert found == 2 * sum(number % 6 != 5 for number in range(0, ALL, 3))
    rows.append((f"the {found:,} measurements of one study read", "", f"{seconds:.1f} s"))
    rows.append(("memory of that", "", f"{held(lambda: sum(1 for _ in ledger.studies.measured('s0'))):.1f} MB"))
    ledger.close()
    return rows


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        rows = plans(Path(folder, "plans")) + tasks(Path(folder, "tasks"))
    load = f", load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
    lines = [
        "# Studies at scale",
        "",
        f"CPython {platform.python_version()}, {platform.system()}{load}: `python benchmarks/study_scale.py > benchmarks/study_scale.md`.",
        "Seconds are those of the thread on a processor, for the machine had other work; by the clock they are more.",
        "",
        "| what | asked | measured |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        "A plan asks a service once for each combination that its price and its rules over several parameters tell apart, and once for each",
        "level of the other factors. A `where=` is a call of the user's own function for each cell, and costs what that costs. A study that is",
        "made in part has its cells looked for among all by their keys, which takes the seconds above once in a plan.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
