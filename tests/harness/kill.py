"""Kills a program that spends money, at a random moment, and compares what is left with the books.

    python tests/harness/kill.py --runs 200 > benchmarks/kill.md

Each run is one script that submits 100 texts and waits for none. It is ended with SIGKILL at a seeded moment, a second
process resumes and waits for everything, and the ledger is compared with the sandbox's own books:

- lost: a task that was charged, and whose row does not have its id and is not ``unknown``; a row that is missing although
  `submit` had returned; a row that is neither settled nor unknown in the end.
- twice: a text that was charged more than once.
- wrong: a task whose settled cost is not what the books say.
- audio: a completed task whose file is missing, does not have the hash it is called by, or is none of the sandbox's.
"""

from __future__ import annotations

import argparse
import hashlib
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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import voicenb as vn

SUBMIT = """
import sys, voicenb as vn
studio = vn.connect(home=sys.argv[1])
voice = studio.voice("ada")
sys.stdin.readline()
for word in sys.argv[3:]:
    print(voice.submit(f"{sys.argv[2]} {word}.").id, flush=True)
print("all", flush=True)
sys.stdin.readline()
"""

RESUME = """
import sys, voicenb as vn
studio = vn.connect(home=sys.argv[1])
for task in studio.resume():
    try:
        task.wait(300, quiet=True)
    except vn.VoicenbError:
        pass
"""


@dataclass
class Run:
    """One kill and what came of it.

    Attributes:
        number: Which.
        moment: Seconds from the first submission to the kill.
        charges: Charges that the books must show before that, on a machine of any speed; then `moment` is 0.
        returned: How many `submit` calls had returned by then.
        killed: The statuses of the rows right after the kill.
        left: Their statuses in the end.
        charged: How many tasks the books have.
        lost, twice, wrong, audio: What went wrong, in words; empty where nothing did.
    """

    number: int
    moment: float
    charges: int = 0
    returned: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    charged: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    audio: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [*self.lost, *self.twice, *self.wrong, *self.audio]


class Range:
    """One home with a voice, for one run after the other."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.studio = vn.connect(home=home)
        ada = vn.sandbox.sample_speaker("ada", home=home)
        self.studio.clone(ada, name="ada", text="Hi.", language="English", quiet=True)
        self.studio.voice("ada").say("Warm.", quiet=True)
        vn.sandbox.set_balance(100_000, home=home)

    def play(self, number: int, tasks: int, moment: float, charges: int) -> Run:
        run = Run(number, moment, charges)
        # A text of its own for each task: what was charged twice shows in the books.
        name = _letters(number)
        returned = self._killed(run, name, tasks)
        rows = self._rows(name)
        run.killed = Counter(row.status for row in rows.values())
        subprocess.run([sys.executable, "-c", RESUME, str(self.home)], check=True, timeout=600)
        self._compare(run, self._rows(name), returned)
        return run

    def _killed(self, run: Run, name: str, tasks: int) -> list[str]:
        command = [sys.executable, "-c", SUBMIT, str(self.home), name, *map(_letters, range(tasks))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            first = process.stdout.readline()
            while len(self._books(name)) < run.charges:
                time.sleep(0.01)
            time.sleep(run.moment)
            os.kill(process.pid, signal.SIGKILL)
            said = [first.strip(), *process.stdout.read().split()]
        run.returned = len(returned := [one for one in said if one and one != "all"])
        return returned

    def _rows(self, name: str) -> dict[str, vn.Task]:
        found = [task.record for task in self.studio.tasks()]
        return {row.id: row for row in found if (row.text or "").startswith(f"{name} ")}

    def _books(self, name: str) -> list[dict]:
        return [
            one for one in vn.sandbox.books(home=self.home) if one["request"].get("text", "").startswith(f"{name} ")
        ]

    def _compare(self, run: Run, rows: dict, returned: list[str]) -> None:
        books = self._books(_letters(run.number))
        run.left = Counter(
            row.status if row.owner or row.status != "planned" else "never sent" for row in rows.values()
        )
        run.charged = len(books)
        run.lost += [f"row {one} is missing" for one in returned if one not in rows]
        run.lost += [
            f"row {row.id} is {row.status}"
            for row in rows.values()
            if row.status not in {"completed", "unknown", "failed"} and not (row.status == "planned" and not row.owner)
        ]
        by_remote = {row.remote_id: row for row in rows.values() if row.remote_id}
        unknown = {row.text for row in rows.values() if row.status == "unknown"}
        run.twice += [text for text, count in Counter(one["request"]["text"] for one in books).items() if count > 1]
        results = {hashlib.sha256(file.read_bytes()).hexdigest() for file in self._results()}
        for one in books:
            row = by_remote.get(one["id"])
            if row is None:
                if one["request"]["text"] not in unknown:
                    run.lost.append(f"{one['id']} was charged and no row has it")
                continue
            net = Decimal(str(one["charge"])) - Decimal(str(one["refund"]))
            if row.cost != net:
                run.wrong.append(f"{row.id} cost {row.cost}, the books say {net}")
        ledger = self.studio.session.ledger
        for row in rows.values():
            if row.status == "completed":
                if not row.file or not ledger.files.is_sound(row.file):
                    run.audio.append(f"{row.id} has no sound file")
                elif Path(row.file).stem not in results:
                    run.audio.append(f"{row.id} has another file than the sandbox made")

    def _results(self) -> list[Path]:
        return list((self.home / "sandbox" / "results").glob("*.mp3"))


def _letters(number: int) -> str:
    """A short word for a number, which the voice says quickly."""
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    word = ""
    for base in (consonants, vowels, consonants, vowels):
        number, place = divmod(number, len(base))
        word += base[place]
        if not number and base is vowels:
            break
    return word


def play(
    folder: Path,
    runs: int,
    *,
    tasks: int = 100,
    seed: int = 1,
    longest: float = 4.0,
    ranges: int = 1,
    log: Path | None = None,
    counted: bool = False,
) -> list[Run]:
    """`runs` kills, each at a moment up to `longest` seconds after the first submission.

    Args:
        folder: Where the homes are made.
        runs: How many.
        tasks: How many a run submits.
        seed: What the moments come from.
        longest: The longest moment, in seconds; most are much shorter.
        ranges: How many homes are at work at a time.
        log: Gets a line of JSON for each run; those that it has already are not played again.
        counted: Lets every second kill wait for a number of charges instead of a time.
    """
    known = _logged(log)
    chance = random.Random(seed)
    moments = [chance.uniform(0, longest) * chance.random() for _ in range(runs)]
    charges = [0] * runs
    if counted:
        for number in range(1, runs, 2):
            moments[number], charges[number] = 0.0, chance.randint(1, tasks)

    def some(first: int) -> list[Run]:
        found = [known[number] for number in range(first, runs, ranges) if number in known]
        here = Range(folder / str(first))
        try:
            for number in range(first, runs, ranges):
                if number in known:
                    continue
                found.append(run := here.play(number, tasks, moments[number], charges[number]))
                if log is not None:
                    with log.open("a") as file:
                        file.write(json.dumps(run.__dict__) + "\n")
            return found
        finally:
            here.studio.close()

    with ThreadPoolExecutor(ranges) as pool:
        return sorted((run for found in pool.map(some, range(ranges)) for run in found), key=lambda run: run.number)


def _logged(log: Path | None) -> dict[int, Run]:
    if log is None or not log.exists():
        return {}
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    runs = [Run(**one | {"killed": Counter(one["killed"]), "left": Counter(one["left"])}) for one in lines]
    return {run.number: run for run in runs}


def page(found: list[Run], tasks: int, seed: int) -> str:
    """The document."""
    killed: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for run in found:
        killed += run.killed
        left += run.left
    total = {name: sum(len(getattr(run, name)) for run in found) for name in ("lost", "twice", "wrong", "audio")}
    during = sum(run.returned < tasks for run in found)
    lines = [
        "# Killed while it spends money",
        "",
        f"A script submits {tasks} texts; it is ended with SIGKILL at a random moment; a new process resumes; the ledger is",
        f"compared with the sandbox's own books (CPython {platform.python_version()}, {platform.system()}):",
        f"`python tests/harness/kill.py --runs {len(found)} --seed {seed} > benchmarks/kill.md`.",
        "",
        "| | |",
        "|---|---|",
        f"| runs | {len(found)} |",
        f"| killed before the last `submit` had returned | {during} |",
        f"| tasks written down | {sum(killed.values())} |",
        f"| tasks charged by the books | {sum(run.charged for run in found)} |",
        f"| lost | {total['lost']} |",
        f"| charged twice | {total['twice']} |",
        f"| settled at another cost than the books' | {total['wrong']} |",
        f"| completed without the right audio | {total['audio']} |",
        "",
        "| status | right after the kill | in the end |",
        "|---|---|---|",
        *(
            f"| {status} | {killed.get(status, 0)} | {left.get(status, 0)} |"
            for status in ("planned", "never sent", "submitting", "unknown", "queued", "processing", "downloading",
                           "failed", "completed")
        ),
        "",
        "`never sent` is a planned task that nobody will send: nothing is reserved for it. `unknown` ones were killed between",
        "sending and the answer; they stay reserved until their owner settles them.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ranges", type=int, default=1, help="homes, each with its own sandbox, at a time")
    parser.add_argument("--log", type=Path, help="a file for what every run found; a second start goes on from there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = play(
            Path(temporary), given.runs, tasks=given.tasks, seed=given.seed, ranges=given.ranges, log=given.log
        )
    sys.stdout.write(page(found, given.tasks, given.seed))
    return 1 if any(run.faults for run in found) else 0


if __name__ == "__main__":
    sys.exit(main())
