"""Every fault against every call: what the client makes of it, written as ``docs/faults.md``.

    python tests/harness/matrix.py > docs/faults.md

Each cell is played on a real sandbox: the fault is set for good, the call is made, what the client says is noted; then
the fault is taken away and the task is followed on. The sandbox's own books say what was charged.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import voicenb as vn
from voicenb.services.base import plain

CALLS = ("upload", "preview", "production", "query", "download", "balance")
SECONDS = 0.6
"""The time limit of a call in the matrix; 60 s elsewhere."""

_HEAD = """# When a service misbehaves

What becomes of each call when something goes wrong, as voicenb's own tests find it: every fault of the sandbox against every
call, with SoundClone's twin. The table is made by `python tests/harness/matrix.py > docs/faults.md`, and a test holds it
to what happens.

The fault lasts as long as the call is tried; *then* it is taken away and the task is followed on, with `task.wait()`. *Charged* is
what the sandbox's books say in the end, *cost* is what the ledger says; the two differ only where the task is unknown, whose
estimate stays reserved in every budget. Nothing was sent a second time in any of these.
Audio that ends before its own header says so is fetched three times, and then kept as it came.

In the sandbox, `voicenb.sandbox.faults("reset_after", route="production")` asks for one of them, and `voicenb.sandbox.faults()`
ends them all.

"""


@dataclass(frozen=True)
class Cell:
    """One fault against one call.

    Attributes:
        fault, call: Which.
        status: The task's status while the fault lasts; "" where there is no task.
        error: The error's class while the fault lasts, or "".
        then: The task's status in the end, or "".
        cost: What the ledger says that it cost; None where that is not known or there is no task.
        reserved: What the ledger holds for it.
        charged: What the books say that it was charged, refunds taken off.
        submissions: How many tasks the books have for it.
    """

    fault: str
    call: str
    status: str
    error: str
    then: str
    cost: Decimal | None
    reserved: Decimal
    charged: Decimal
    submissions: int

    @property
    def row(self) -> str:
        cost = "" if not self.then else "not known" if self.cost is None else plain(self.cost)
        charged = "" if not self.then and not self.charged else plain(self.charged)
        cells = (self.fault, self.call, self.error, self.status, self.then, charged, cost)
        return "| " + " | ".join(one or "–" for one in cells) + " |"


class Bench:
    """One sandbox and a voice, to play cells on, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.studio = vn.connect(home=folder)
        self.studio._http.seconds = self.studio._http.long_seconds = SECONDS * 5
        self.ada = vn.sandbox.sample_speaker("ada", home=folder)
        self.voice = self.studio.clone(self.ada, name="ada", text="Hi.", language="English", quiet=True)
        self.studio._http.seconds = self.studio._http.long_seconds = SECONDS
        self._count = 0

    def play(self, fault: str, call: str) -> Cell:
        self._count += 1
        text = f"One {self._count % 10} two {self._count // 10}."
        before = {task.id for task in self.studio.tasks()}
        charged_before = {task["id"] for task in vn.sandbox.books(home=self.home)}
        settings = {"seconds": 0.05} if fault in {"delay", "slow_body", "rate_limit"} else {}
        route = "production" if fault == "task_failed" else call
        vn.sandbox.faults(fault, route=route, home=self.home, **settings)
        error = self._make(fault, call, text)
        [task] = [task for task in self.studio.tasks() if task.id not in before] or [None]
        status = "" if task is None else _open_or(task.status)
        vn.sandbox.faults(home=self.home)
        if fault == "insufficient_balance":
            vn.sandbox.set_balance(100, home=self.home)
        if task is not None:
            with suppress(vn.VoicenbError):
                task.wait(30, quiet=True)
        entries = [one for one in vn.sandbox.books(home=self.home) if one["id"] not in charged_before]
        return Cell(
            fault,
            call,
            status,
            error,
            "" if task is None else task.status,
            None if task is None else task.cost,
            Decimal(0) if task is None or task.status != "unknown" else task.estimate,
            sum((_decimal(one["charge"]) - _decimal(one["refund"]) for one in entries), Decimal(0)),
            len(entries),
        )

    def _make(self, fault: str, call: str, text: str) -> str:
        try:
            if call == "balance":
                self.studio.balance()
            elif call in {"upload", "preview"}:
                self.studio.clone(
                    self.ada, name="again", text=text, language="English", fresh=True, timeout=15, quiet=True
                )
            else:
                task = self.voice.submit(text)
                # These are waited for as long as one likes.
                endless = fault == "stuck" or (fault == "rate_limit" and call in {"query", "download"})
                task.wait(1.5 if endless else 15, quiet=True)
        except vn.VoicenbError as error:
            return next(kind.__name__ for kind in type(error).__mro__ if not kind.__name__.startswith("_"))
        return ""

    def close(self) -> None:
        self.studio.close()


def _decimal(amount: float) -> Decimal:
    return Decimal(str(amount))


def _open_or(status: str) -> str:
    # How far the service got is a matter of moments.
    return "open" if status in {"queued", "processing"} else status


def applicable() -> list[tuple[str, str]]:
    """Every fault with every call that it can strike; those that a call cannot meet are left out."""
    own = {
        "lost_task": ("query",),
        "task_failed": ("production",),
        "stuck": ("query",),
        "expired_url": ("download",),
        "insufficient_balance": ("preview", "production"),
        # An envelope is what has a code, and what has fields that may be missing.
        "string_code": ("upload", "preview", "production", "query", "balance"),
        "null_field": ("upload", "preview", "production", "query", "balance"),
    }
    kinds = (
        "delay", "timeout", "reset_before", "reset_after", "rate_limit", "server_error", "server_error_after", "garbage",
        "string_code", "null_field", "slow_body", "truncated", "wrong_type", "redirect", "lost_task", "task_failed",
        "stuck", "expired_url", "insufficient_balance",
    )  # fmt: skip
    return [(kind, call) for kind in kinds for call in own.get(kind, CALLS)]


def cells(folder: Path, benches: int = 3) -> list[Cell]:
    """Plays all of them, on several sandboxes at a time."""
    wanted = applicable()

    def play(number: int) -> list[Cell]:
        bench = Bench(folder / str(number))
        try:
            return [bench.play(*pair) for pair in wanted[number::benches]]
        finally:
            bench.close()

    with ThreadPoolExecutor(benches) as pool:
        played = {(one.fault, one.call): one for found in pool.map(play, range(benches)) for one in found}
    return [played[pair] for pair in wanted]


def page(found: list[Cell]) -> str:
    """The document."""
    lines = [
        "| fault | call | error | status | then | charged | cost |",
        "|---|---|---|---|---|---|---|",
        *(one.row for one in found),
    ]
    return _HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.stdout.write(page(cells(Path(temporary))))
