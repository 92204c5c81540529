"""How long a page of the history takes, by the number of tasks in the ledger.

    python benchmarks/history.py [--most 1000000] > benchmarks/history.md

A ledger is filled with tasks of a year, most of them completed, of two services and 50 voices; then pages of 100 rows are
asked for as a reader would, through `studio.history.frame` and `studio.tasks`. Each is the median of 21; the frame is
included. The goal is 50 ms at most, whatever the number of tasks.
"""

# ruff: noqa: SLF001 - it fills the ledger behind its back

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import voicenb as vn
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import BILLION, now

COLUMNS = (
    "id", "service", "endpoint", "kind", "status", "voice_name", "text", "characters", "parameters", "request",
    "remote_id", "estimate", "cost", "unit", "rule", "created", "submitted", "completed", "seconds", "file", "held",
)  # fmt: skip
YEAR = 365 * 86_400_000


def fill(home: Path, start: int, end: int) -> None:
    """Rows `start` to `end` of one and the same series."""
    ledger = Ledger.at(home)
    chance = random.Random(start)
    last = round(now().timestamp() * 1000)

    def row(number: int) -> tuple:
        service = "faseeh" if number % 1000 == 7 else "soundclone"
        status = "unknown" if number % 5000 == 3 else "failed" if number % 97 == 5 else "completed"
        created = last - chance.randrange(YEAR)
        parameters = json.dumps({"speed": 1 + number % 10 / 10, "emotion": "happy", "version": "v2"})
        return (
            f"{number:032x}", service, "sandbox", "production", status, f"voice {number % 50}", f"Sentence {number}.", 16,
            parameters, "r" * 64, f"audio_{number}", "0.0133", "0.0133", "credits", "a rule", created, created + 40,
            created + 900, 1.5, f"ab/{number:064x}.mp3", BILLION // 75,
        )  # fmt: skip

    def add() -> None:
        with ledger._database.change() as db:
            places = ", ".join("?" * len(COLUMNS))
            db.executemany(
                f"INSERT INTO tasks ({', '.join(COLUMNS)}) VALUES ({places})", (row(n) for n in range(start, end))
            )

    ledger._database.write(add).result()


def measured(call) -> float:
    """Milliseconds, the median of 21 calls after one."""
    call()
    taken = []
    for _ in range(21):
        begun = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def pages(studio: vn.Studio) -> dict:
    frame = studio.history.frame
    return {
        "the newest": lambda: frame(limit=100),
        "completed": lambda: frame(status="completed", limit=100),
        "failed (1 in 97)": lambda: frame(status="failed", limit=100),
        "failed or unknown": lambda: frame(status=["failed", "unknown"], limit=100),
        "open (none)": lambda: frame(status=["planned", "queued", "processing"], limit=100),
        "faseeh (1 in 1,000)": lambda: frame(service="faseeh", limit=100),
        "faseeh, failed": lambda: frame(service="faseeh", status="failed", limit=100),
        "of 7 days, completed": lambda: frame(since="7d", status="completed", limit=100),
        "studio.tasks('unknown')": lambda: studio.tasks("unknown", limit=100),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--most", type=int, default=1_000_000)
    most = parser.parse_args().most
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= most]
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with vn.connect("soundclone", api_key="sk_none", home=home) as studio:
            studio.endpoint = "sandbox"
            done = 0
            for size in sizes:
                fill(home, done, size)
                done = size
                for name, call in pages(studio).items():
                    found.setdefault(name, []).append(measured(call))
                sys.stderr.write(f"{size:,} rows\n")
            studio.session.ledger.close()
    print("# A page of the history\n")
    print(
        "Milliseconds for a page of 100 rows, the frame included, by the number of tasks in the ledger; the median of 21"
    )
    print(
        f"(CPython {platform.python_version()}, {platform.system()}): `python benchmarks/history.py > benchmarks/history.md`."
    )
    print("The goal is 50 ms, whatever the number.\n")
    print("| page | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for name, taken in found.items():
        print(f"| {name} | " + " | ".join(f"{one:.1f}" for one in taken) + " |")
    print(f"\nThe slowest: {max(max(taken) for taken in found.values()):.1f} ms.")


if __name__ == "__main__":
    main()
