"""Kills a study while it is made and runs it again, and makes one while the sandbox injects faults; the books say what was paid.

    python tests/harness/study_kill.py --runs 20 --cells 200 > benchmarks/study_kill.md

Each kill is one study in a process of its own, ended with SIGKILL at a seeded moment: after so many of its rows are in the ledger,
and a part of a second more. Then the same study is run to its end in a second process. The sandbox's books are compared with it:

- twice: a cell (text, parameters, take) that was charged more than once.
- lost: a charge that no row of the study has, unless the cell's row says that its fate is unknown; a row that is not settled.
- wrong: a row whose cost is not what the books say.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import voicenb as vn

STUDY = """
import sys, json, voicenb as vn
home, name, options, budget = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), sys.argv[4]
studio = vn.connect(home=home)
one = vn.Study(studio.voice("ada"), name=name, **options)
print("ready", flush=True)
one.run(budget=budget, quiet=True)
print("made", flush=True)
"""
_BUDGET = "100000"


@dataclass
class Run:
    """One study, and what came of it.

    Attributes:
        number: Which.
        cells: How many cells it has.
        rows: Rows in the ledger after which it was killed.
        killed: The statuses of the cells after the kill.
        left: Their statuses in the end.
        charged: How many charges the books have.
        twice, lost, wrong: What went wrong, in words; empty where nothing did.
    """

    number: int
    cells: int
    rows: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    charged: int = 0
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [*self.twice, *self.lost, *self.wrong]


class Range:
    """One home with a voice, for one study after the other."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.studio = vn.connect(home=home)
        ada = vn.Reference(vn.sandbox.sample_speaker("ada", home=home), consent="a sample speaker")
        self.studio.clone(ada, name="ada", text="Hi.", language="English", quiet=True)
        vn.sandbox.set_balance(1_000_000, home=home)

    def kill(self, number: int, options: dict[str, Any], rows: int, more: float) -> Run:
        """Kills a study when it has `rows` rows and `more` seconds have gone by, and runs it again."""
        command = [sys.executable, "-c", STUDY, str(self.home), f"study {number}", json.dumps(options), _BUDGET]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            while len(self._records(number)) < rows and process.poll() is None:
                time.sleep(0.005)
            time.sleep(more)
            os.kill(process.pid, signal.SIGKILL)
        run = Run(number, 0, len(self._records(number)), self._statuses(number))
        subprocess.run(command, check=True, timeout=600, stdout=subprocess.DEVNULL)
        return self.compared(run, options)

    def faulty(self, number: int, options: dict[str, Any], faults: list[dict[str, Any]]) -> Run:
        """Makes a study while things go wrong."""
        one = vn.Study(self.studio.voice("ada"), name=f"study {number}", **options)
        vn.sandbox.faults(*faults, home=self.home)
        try:
            one.run(budget=_BUDGET, quiet=True)
        finally:
            vn.sandbox.faults(home=self.home)
        return self.compared(Run(number, 0), options)

    def again(self, number: int, options: dict[str, Any]) -> Run:
        """Runs a study once more, when all is well."""
        vn.Study(self.studio.voice("ada"), name=f"study {number}", **options).run(budget=_BUDGET, quiet=True)
        return self.compared(Run(number, 0), options)

    def compared(self, run: Run, options: dict[str, Any]) -> Run:
        """The run with what the books say of it."""
        one = vn.Study(self.studio.voice("ada"), name=f"study {run.number}", **options)
        run.cells, run.left = len(one), self._statuses(run.number)
        records = self._records(run.number)
        texts = set(options["text"])
        books = [charge for charge in vn.sandbox.books(home=self.home) if charge["request"].get("text") in texts]
        paid = [charge for charge in books if Decimal(str(charge["charge"])) > Decimal(str(charge["refund"]))]
        run.charged = len(paid)
        asked = Counter(json.dumps(charge["request"], sort_keys=True) for charge in paid)
        run.twice = [request for request, count in asked.items() if count > 1]
        by_remote = {record.remote_id: record for record in records if record.remote_id}
        unknown = sum(record.status == "unknown" for record in records)
        strangers = [charge["id"] for charge in books if charge["id"] not in by_remote]
        if len(strangers) > unknown:
            run.lost.append(f"{len(strangers)} charges have no row, and {unknown} rows are unknown")
        open_rows = [record for record in records if record.status not in {"completed", "failed", "unknown", "planned"}]
        run.lost += [f"{record.id} is {record.status}" for record in open_rows]
        missing = len(one) - sum(run.left.values())
        if missing:
            run.lost.append(f"{missing} cells have no row")
        for charge in books:
            record = by_remote.get(charge["id"])
            net = Decimal(str(charge["charge"])) - Decimal(str(charge["refund"]))
            if record is not None and record.status == "completed" and record.cost != net:
                run.wrong.append(f"{record.id} cost {record.cost}, the books say {net}")
        return run

    def _records(self, number: int) -> list[Any]:
        ledger = self.studio.session.ledger
        record = ledger.studies.named(f"study {number}")
        return [] if record is None else list(ledger.studies.tasks(record.id))

    def _statuses(self, number: int) -> Counter[str]:
        """By cell: of several tasks the one that counts."""
        found: dict[str, str] = {}
        for record in self._records(number):
            if found.get(record.cell) != "completed":
                found[record.cell] = record.status
        return Counter(found.values())


def options(number: int, texts: int, speeds: int, takes: int) -> dict[str, Any]:
    """A study whose texts no other one has, short enough to be spoken quickly."""
    return {
        "text": [f"{_word(number)} {_word(text)}." for text in range(texts)],
        "speed": [1 + place / 100 for place in range(speeds)],
        "takes": takes,
        "seed": number,
    }


def _word(number: int) -> str:
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    first, rest = divmod(number, len(vowels) * len(consonants))
    second, third = divmod(rest, len(consonants))
    return consonants[first % len(consonants)] + vowels[second] + consonants[third]


FAULTS: list[dict[str, Any]] = [
    {"kind": "task_failed", "route": "production", "rate": 0.1, "seed": 1},
    {"kind": "rate_limit", "route": "production", "rate": 0.05, "seed": 2, "seconds": 0.2},
    {"kind": "server_error", "route": "production", "rate": 0.05, "seed": 3},
    {"kind": "reset_before", "route": "production", "rate": 0.03, "seed": 4},
    {"kind": "reset_after", "route": "production", "rate": 0.03, "seed": 5},
    {"kind": "server_error_after", "route": "production", "rate": 0.03, "seed": 6},
    {"kind": "garbage", "route": "query", "rate": 0.03, "seed": 7},
    {"kind": "truncated", "route": "download", "rate": 0.03, "seed": 8},
]


def play(home: Path, runs: int, *, texts: int, speeds: int, takes: int = 2, seed: int = 1) -> list[Run]:
    """`runs` kills at moments that come from `seed`: in all parts of a study."""
    chance = random.Random(seed)
    here = Range(home)
    try:
        found = []
        for number in range(runs):
            rows, more = chance.randint(1, texts * speeds * takes), chance.uniform(0, 0.3) * chance.random()
            found.append(here.kill(number, options(number, texts, speeds, takes), rows, more))
            sys.stderr.write(
                f"{number}: {rows} {dict(found[-1].killed)} -> {dict(found[-1].left)} {found[-1].faults}\n"
            )
        return found
    finally:
        here.studio.close()


def page(kills: list[Run], faulty: Run, again: Run) -> str:
    """The document."""
    killed, left = sum((run.killed for run in kills), Counter()), sum((run.left for run in kills), Counter())
    cells = kills[0].cells
    during = sum(run.killed["completed"] < run.cells for run in kills)
    lines = [
        "# Studies that are killed, and studies that meet faults",
        "",
        f"CPython {platform.python_version()}, {platform.system()}:",
        f"`python tests/harness/study_kill.py --runs {len(kills)} --cells {faulty.cells} > benchmarks/study_kill.md`. A study of {cells} cells is ended with SIGKILL",
        "at a random moment and run again to its end, in another process; then the sandbox's own books are read.",
        "",
        "| | |",
        "|---|---|",
        f"| kills | {len(kills)} |",
        f"| killed before the last cell was made | {during} |",
        f"| cells | {sum(run.cells for run in kills)} |",
        f"| charges in the books | {sum(run.charged for run in kills)} |",
        f"| cells charged twice | {sum(len(run.twice) for run in kills)} |",
        f"| cells or charges lost | {sum(len(run.lost) for run in kills)} |",
        f"| settled at another cost than the books' | {sum(len(run.wrong) for run in kills)} |",
        "",
        "| status of a cell | right after the kill | in the end |",
        "|---|---|---|",
        *(f"| {status} | {killed[status]} | {left[status]} |" for status in sorted({*killed, *left})),
        "",
        "`unknown` ones were killed between sending and the answer: they may have been charged, so they are not sent again, and are rows.",
        "",
        f"## Faults: a study of {faulty.cells} cells",
        "",
        "| | with faults | run again without |",
        "|---|---|---|",
        *(f"| {status} | {faulty.left[status]} | {again.left[status]} |" for status in sorted({*faulty.left, *again.left})),
        f"| cells with a row | {sum(faulty.left.values())} | {sum(again.left.values())} |",
        f"| charges kept, by the books | {faulty.charged} | {again.charged} |",
        f"| charged twice, lost, wrong | {len(faulty.faults)} | {len(again.faults)} |",
        "",
        "Injected: " + ", ".join(f"`{one['kind']}` ({one['route']}, {one['rate']:.0%})" for one in FAULTS) + ".",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--cells", type=int, default=200, help="cells of the study that meets faults; a multiple of 20")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        kills = play(Path(temporary, "kills"), given.runs, texts=5, speeds=3, seed=given.seed)
        here = Range(Path(temporary, "faults"))
        try:
            wanted = options(1000, given.cells // 20, 10, 2)
            faulty = here.faulty(1000, wanted, FAULTS)
            again = here.again(1000, wanted)
        finally:
            here.studio.close()
    sys.stdout.write(page(kills, faulty, again))
    return 1 if any(run.faults for run in [*kills, faulty, again]) else 0


if __name__ == "__main__":
    sys.exit(main())
