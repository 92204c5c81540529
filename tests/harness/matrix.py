"""Every fault against every call of every service: what the client makes of it, written as ``docs/faults.md``.

    python tests/harness/matrix.py > docs/faults.md

Each cell is played on a real sandbox: the fault is set for good, the call is made, what the client says is noted; then
the fault is taken away and the task is followed on. The sandbox's own books say what was charged.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import voicenb as vn
import voicenb.errors
from voicenb.base.money import plain

CALLS = {
    "soundclone": ("upload", "preview", "production", "query", "download", "balance", "prices"),
    "aiclone": ("upload", "preview", "production", "query", "download"),
    "faseeh": ("preview", "voice", "production", "prices"),
    "openai": ("upload", "preview", "production"),
}
"""What each service is asked over HTTP."""

SUBMISSIONS = ("preview", "voice", "production")
SECONDS = {"soundclone": 1.5, "aiclone": 1.5, "faseeh": 4.0, "openai": 4.0}
"""The time limit of a call that is never answered; 60 s elsewhere. The answers of the last two are the sound itself."""
LABELS = {
    "soundclone": "SoundClone",
    "aiclone": "AI Clone Voice Free",
    "faseeh": "Faseeh",
    "openai": "OpenAI-compatible server",
}
PRICES = {"openai": "free"}
"""What nobody else says."""

# What the sandbox's books call a task, where that is another word than the ledger's.
_IN_THE_BOOKS = {
    ("aiclone", "preview"): "clone",
    ("aiclone", "production"): "clone",
    ("faseeh", "production"): "speech",
    ("openai", "preview"): "speech",
    ("openai", "production"): "speech",
}

_HEAD = """# When a service misbehaves

What becomes of each call when something goes wrong, as voicenb's own tests find it: every fault of the sandbox against every
call of each service's twin. The table is made by `python tests/harness/matrix.py > docs/faults.md`, and a test holds it to what
happens.

The fault lasts as long as the call is tried; *then* it is taken away and the task is followed on, with `task.wait()`. *Charged* is
what the sandbox's books say in the end, *cost* is what the ledger says; the two differ only where the task is unknown, whose
estimate stays reserved in every budget. Nothing was sent a second time in any of these.
Audio that ends before its own header says so is fetched twice, and then kept as it came, with a note.

**Who says that nothing was charged:** only the service itself, in its own form. An answer to a paid request is its own word

| service | where it holds a task or a voice | or is an error in this form |
|---|---|---|
| SoundClone | `data.id`, whatever `code` says | `code` and `msg`, the code being 20001, 20002 or -1; with HTTP 200 any other of five digits |
| AI Clone | `task_id`, whatever stands beside it | `error` with a `message` and a `code` or a `type`, for HTTP 5xx both; with HTTP 402 a `message` alone; HTTP 400 or 422 that names a field of the request |
| Faseeh | sound, or `voice_id` | `errorCode` and `errorMessage`, or `code` and `message`, the code having five digits |
| OpenAI-compatible server | sound | `error` with a `message` (OpenAI's form), or `detail` (FastAPI's), whatever the status but for those with which gateways give up (408, 502, 504, 520 to 524) and LiteLLM's 5xx; `message` with a `code` or `type`; a bare text as `error` with HTTP 4xx |

An error that is the service's own word costs nothing, and its message says so; an answer that holds a task is followed, and the
task's end says what it cost. Everything else may have been said by a gateway, a proxy or a firewall, before the service got the
request or after it took it. What that means:

| HTTP status, in a form that is not the service's | the task | why |
|---|---|---|
| 401 | failed, nothing charged | the key is looked at before anything is done, and without a key there is no account to charge |
| 402 with an empty body | failed, nothing charged | it means that the account cannot pay |
| 407 | failed, nothing charged | a proxy asks who is there, and has passed nothing on |
| 411, 413, 414, 431 | failed, nothing charged | turned away by its size or its head, unread |
| 429 | sent again later, nothing charged | a limit is looked at before a request is passed on |
| 307, 308 | failed, nothing charged | by their definition nothing was done, and the request is to be sent elsewhere |
| 300 to 306 | unknown | a request that was acted on is answered so, too |
| 400, 403, 404, 405, 408, 409, 415, 422, 451 and all other 4xx | unknown | firewalls and proxies give them in place of an answer, too, and a gateway that waited in vain gives 408 |
| every 5xx | unknown | a gateway gives up on a service that goes on |
| 2xx with a page, another JSON or nothing | unknown | it was taken by somebody |

Unknown tasks stay reserved in every budget, are not sent again, and what came instead of an answer is on disk where it may be the
result. Faseeh's path for previews is a guess: HTTP 404 and 405 there say that nothing is at it. For calls that cost nothing
(polls, downloads, uploads, lists) every status is an error that says so; polls and downloads are repeated.
`Retry-After` is read as seconds or as a date, up to an hour, with HTTP 429 and 503.

**What is kept:** bytes of a result are on disk before they are understood. Subtitles that are missing, late or unreadable are a finding on a completed
task. A text in place of the audio is fetched three times and the task stays open; audio that breaks off three times is kept as far as
it came; audio that no decoder takes is fetched twice, kept, and the task is failed and counts as charged (completed, with a finding,
where a voice came with it or only an extra is missing). A thousand hostile answers made from seeds
(`benchmarks/hostile_answers.md`) are held against the books of a scripted server.

In the sandbox, `voicenb.sandbox.faults("reset_after", route="production")` asks for one of them, and `voicenb.sandbox.faults()`
ends them all.
"""


@dataclass(frozen=True)
class Cell:
    """One fault against one call.

    Attributes:
        service, fault, call: Which.
        status: The task's status while the fault lasts; "" where there is no task.
        error: The error's class while the fault lasts, or "".
        then: The task's status in the end, or "".
        cost: What the ledger says that it cost; None where that is not known or there is no task.
        reserved: What the ledger holds for it.
        charged: What the books say that it was charged, refunds taken off.
        submissions: How many tasks the books have for it.
    """

    service: str
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
    """One sandbox that answers as one service, and a voice, to play cells on, one after the other."""

    def __init__(self, folder: Path, service: str) -> None:
        self.home = folder
        self.service = service
        self.studio = vn.connect(service, sandbox=True, home=folder, prices=PRICES.get(service))
        self.ada = vn.sandbox.sample_speaker("ada", home=folder)
        self.voice = self.studio.clone(
            self.ada, name="ada", text="Hello there, my friend.", quiet=True, **self._language()
        )
        self._count = 0

    def _language(self) -> dict[str, str]:
        return {"language": "English"} if self.service == "soundclone" else {}

    def play(self, fault: str, call: str) -> Cell:
        self._count += 1
        text = f"One two three, {self._count % 10} {self._count // 10}."
        before = {task.id for task in self.studio.tasks()}
        charged_before = {task["id"] for task in vn.sandbox.books(home=self.home)}
        self.studio.session.http.seconds = self.studio.session.http.long_seconds = (
            SECONDS[self.service] if fault == "timeout" else 30
        )
        settings = {"seconds": 0.05} if fault in {"delay", "slow_body", "rate_limit"} else {}
        # Their previews are made by the same call as everything else.
        same = call == "preview" and self.service in {"aiclone", "openai"}
        route = "production" if fault == "task_failed" or same else call
        vn.sandbox.faults(fault, route=route, home=self.home, **settings)
        error = self._make(fault, call, text)
        kind = {"upload": "preview"}.get(call, call if call in SUBMISSIONS else "production")
        found = [one for one in self.studio.tasks() if one.id not in before and one.kind == kind]
        [task] = found or [None]
        status = "" if task is None else _open_or(task.status)
        vn.sandbox.faults(home=self.home)
        if fault == "insufficient_balance":
            vn.sandbox.set_balance(100_000, home=self.home, service=self.service)
        if task is not None:
            with suppress(vn.VoicenbError):
                task.wait(30, quiet=True)
        entries = [
            one
            for one in self._settled_books()
            if one["id"] not in charged_before and one["kind"] == _IN_THE_BOOKS.get((self.service, kind), kind)
        ]
        return Cell(
            self.service,
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

    def _settled_books(self) -> list[dict]:
        """The books once nothing is under way any more."""
        while True:
            books = vn.sandbox.books(home=self.home)
            if all(one["status"] in {"completed", "failed"} for one in books):
                return books
            time.sleep(0.05)

    def _make(self, fault: str, call: str, text: str) -> str:
        try:
            if call == "balance":
                self.studio.balance()
            elif call == "prices":
                # The catalogue is read once; here it is read anew.
                self.studio.session.prices._published = None
                if self.studio.price(self.voice, text).amount is None:
                    return "price not known"
            elif call in {"upload", "preview", "voice"}:
                self.studio.clone(
                    self.ada, name="again", text=text, fresh=True, timeout=60, quiet=True, **self._language()
                )
            else:
                task = self.voice.submit(text)
                # These are waited for as long as one likes.
                endless = fault == "stuck" or (fault == "rate_limit" and call in {"query", "download"})
                if endless:
                    self._follow_until(task, {"downloading"} if call == "download" else {"queued", "processing"})
                task.wait(0.5 if endless else 60, quiet=True)
        except vn.VoicenbError as error:
            return next(kind.__name__ for kind in type(error).__mro__ if hasattr(vn.errors, kind.__name__))
        return ""

    @staticmethod
    def _follow_until(task: vn.Task, statuses: set[str]) -> None:
        """Waits until a task has come so far, however slow the machine is."""
        for _ in range(100):
            if task.status in statuses:
                return
            with suppress(vn.TaskTimeout):
                task.wait(0.5, quiet=True)
        raise RuntimeError(f"task {task.id} is {task.status} after 50 s")

    def close(self) -> None:
        self.studio.close()


def _decimal(amount: float) -> Decimal:
    return Decimal(str(amount))


def _open_or(status: str) -> str:
    # How far the service got is a matter of moments.
    return "open" if status in {"queued", "processing"} else status


FAULTS = (
    "delay", "timeout", "reset_before", "reset_after", "rate_limit", "server_error", "server_error_after", "garbage",
    "string_code", "null_field", "slow_body", "truncated", "wrong_type", "redirect", "lost_task", "task_failed",
    "stuck", "expired_url", "insufficient_balance",
)  # fmt: skip

# What a fault can strike; those that are not named strike every call.
_STRIKES = {
    "lost_task": ("query",),
    "task_failed": ("production",),
    "stuck": ("query",),
    "expired_url": ("download",),
    "insufficient_balance": SUBMISSIONS,
    # An envelope is what has a code, and what has fields that may be missing.
    "string_code": ("upload", "preview", "production", "query", "balance"),
    "null_field": ("upload", "preview", "voice", "production", "query", "balance"),
}
# Faseeh answers with the sound itself, and so do servers of the speech API, which have no accounts either: no task that could
# fail later, and no fields but a voice's.
_NOT = {
    "soundclone": frozenset[tuple[str, str]](),
    "aiclone": frozenset({("string_code", call) for call in CALLS["aiclone"]}),
    "faseeh": frozenset(
        {("task_failed", "production")}
        | {("string_code", call) for call in CALLS["faseeh"]}
        | {("null_field", "preview"), ("null_field", "production")}
    ),
    "openai": frozenset(
        {
            (fault, call)
            for fault in ("task_failed", "string_code", "null_field", "insufficient_balance")
            for call in CALLS["openai"]
        }
    ),
}


def applicable(service: str) -> list[tuple[str, str]]:
    """Every fault with every call of a service that it can strike."""
    return [
        (fault, call)
        for fault in FAULTS
        for call in CALLS[service]
        if call in _STRIKES.get(fault, CALLS[service]) and (fault, call) not in _NOT[service]
    ]


def some(service: str) -> list[tuple[str, str]]:
    """Every fault against one call of a service at least, and what loses an answer against what is paid for."""
    chosen = {}
    for number, fault in enumerate(FAULTS):
        calls = [call for one, call in applicable(service) if one == fault]
        if calls:
            chosen[fault, calls[number % len(calls)]] = None
    chosen |= dict.fromkeys((fault, "production") for fault in ("timeout", "reset_before", "reset_after", "garbage"))
    return [pair for pair in applicable(service) if pair in chosen]


def cells(folder: Path, wanted: dict[str, list[tuple[str, str]]]) -> list[Cell]:
    """Plays cells, each service's on a sandbox of its own at the same time."""

    def play(service: str) -> list[Cell]:
        bench = Bench(folder / service, service)
        try:
            return [bench.play(*pair) for pair in wanted[service]]
        finally:
            bench.close()

    with ThreadPoolExecutor(len(wanted)) as pool:
        return [one for found in pool.map(play, wanted) for one in found]


def page(found: list[Cell]) -> str:
    """The document."""
    lines = [_HEAD]
    for service in CALLS:
        lines += [
            f"## {LABELS[service]}",
            "",
            "| fault | call | error | status | then | charged | cost |",
            "|---|---|---|---|---|---|---|",
            *(one.row for one in found if one.service == service),
            "",
        ]
    return "\n".join(lines[:-1]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--services", nargs="*", default=list(CALLS), choices=list(CALLS))
    chosen = parser.parse_args().services
    with tempfile.TemporaryDirectory() as temporary:
        sys.stdout.write(page(cells(Path(temporary), {service: applicable(service) for service in chosen})))


if __name__ == "__main__":
    main()
