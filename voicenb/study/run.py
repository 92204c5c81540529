"""A study is made: each cell is asked for once, whatever ended the run before."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from voicenb.base.arguments import did_you_mean
from voicenb.base.money import plain
from voicenb.display.progress import Progress, ProgressMode, time_text
from voicenb.errors import BudgetExceeded, InvalidRequest, VoicenbError
from voicenb.ledger.records import FINAL, TaskRecord
from voicenb.studio.task import Task
from voicenb.studio.waiting import progress_mode
from voicenb.study.design import Cell
from voicenb.study.plan import belongs, request_of
from voicenb.study.standing import by_unit, made, newest_tasks
from voicenb.tasks.budget import Budget
from voicenb.tasks.cells import in_cell

if TYPE_CHECKING:
    from voicenb.studio.voice import Voice

__all__ = ["Amount", "Stop", "budgets_of", "run_cells"]

Amount = Decimal | float | str
Stop = Callable[[], bool]
"""Whether no more cells are to be asked for."""

# So many are asked for ahead of the one that is waited for; the services' own limits hold beside it.
_AHEAD = 16
# The pace of fewer tasks says little of those to come.
_PACE = 4


@contextmanager
def budgets_of(voices: Mapping[str, Voice], name: str, budget: Amount | Mapping[str, Amount] | None) -> Iterator[None]:
    """Limits what a study spends while it runs; runs of the same study share the amount.

    Args:
        voices: The voices that speak.
        name: The budget's.
        budget: One amount, or one for each service by its id; None sets no limit.

    Raises:
        InvalidRequest: One amount for services of different units, or a service that the study does not use.
    """
    sessions = {id(voice.session): voice.session for voice in voices.values()}
    profiles = {session.service.profile.id: session.service.profile for session in sessions.values()}
    if budget is None:
        amounts: dict[str, Amount] = {}
    elif isinstance(budget, Mapping):
        amounts = dict(budget)
        if strange := sorted(set(amounts) - set(profiles)):
            hint = did_you_mean(strange[0], profiles)
            raise InvalidRequest(
                f"budget: this study does not use {', '.join(strange)}; {hint}it uses {', '.join(profiles)}"
            )
    elif len(profiles) > 1:
        said = ", ".join(f"{service!r}: … {profile.unit}" for service, profile in profiles.items())
        raise InvalidRequest(
            f"budget={budget!r}: this study pays several services, each in its own unit; give budget={{{said}}}"
        )
    else:
        amounts = dict.fromkeys(profiles, budget)
    with ExitStack() as stack:
        for session in sessions.values():
            profile = session.service.profile
            if profile.id in amounts:
                one = Budget.open(
                    session.ledger,
                    amounts[profile.id],
                    service=profile.id,
                    endpoint=session.endpoint,
                    unit=profile.unit,
                    name=name,
                    active=session.runner.budgets,
                )
                stack.enter_context(one)
        yield


def run_cells(
    cells: Iterable[Cell],
    voices: Mapping[str, Voice],
    study: str,
    *,
    total: int,
    where: Callable[[Cell], object] | None = None,
    key: Callable[[Cell], str] = lambda cell: cell.key,
    fresh: bool = False,
    stop: Stop | None = None,
    mode: ProgressMode | None = None,
) -> dict[str, str]:
    """Makes every cell that is not made, and waits for all.

    Args:
        cells: The cells in the order in which they are to be made.
        voices: The voice of each level of ``voice``.
        study: The study's id in the ledger.
        total: How many cells there are.
        where: Says which cells belong to the study; None takes all.
        key: What the ledger keeps a cell's task by.
        fresh: Whether clips that are on disk already are made and paid again.
        stop: Asked before each cell; True ends the asking, and what is under way is waited for.
        mode: How the progress is shown.

    Returns:
        Why a cell was refused before anything was sent, by the cell's key.

    Raises:
        BudgetExceeded: The budget has no room for the next cell; what was asked for is waited for first.
        KeyboardInterrupt: Nothing more is asked for; what is under way goes on.
    """
    ledger = next(iter(voices.values())).session.ledger
    before = newest_tasks(ledger.studies.tasks(study))
    with Progress("the study", mode=mode or progress_mode()) as line:
        run = _Run(total, study, key, line, fresh=fresh)
        try:
            for cell in cells:
                if stop is not None and stop():
                    break
                if not belongs(where, cell):
                    run.total -= 1
                    continue
                run.take_up(cell, voices[cell.voice], before.get(key(cell)))
            run.wait_for_all()
        except BudgetExceeded:
            run.wait_for_all()
            raise
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                f"{run.done:,} of {run.total:,} cells were done, {len(run.under_way)} are under way and go on; the same "
                "run() goes on where it stopped and pays nothing twice."
            )
            raise
        line.done(run.said())
    return run.refused


class _Run:
    """What is under way and what was seen of a run."""

    def __init__(self, total: int, study: str, key: Callable[[Cell], str], line: Progress, *, fresh: bool) -> None:
        self.total, self.study, self._key, self._line, self._fresh = total, study, key, line, fresh
        self.done = self.failed = 0
        # A task of an earlier run comes with the cell and the voice that it is asked for again with.
        self.under_way: deque[tuple[Task, tuple[Cell, Voice] | None]] = deque()
        self.refused: dict[str, str] = {}
        self.spent: dict[tuple[str, str], Decimal] = {}
        self._started = time.monotonic()
        self._ended = 0

    def take_up(self, cell: Cell, voice: Voice, record: TaskRecord | None) -> None:
        """Goes on with the task of a cell, or asks for it."""
        if made(record):
            self.done += 1
            return
        while len(self.under_way) >= _AHEAD:
            self._wait_for_one()
        runner = voice.session.runner
        if record is not None and record.status not in FINAL:
            task = Task(runner, runner.task(record))
            task.follow()
            self.under_way.append((task, (cell, voice)))
            return
        self._ask_for(cell, voice)

    def _ask_for(self, cell: Cell, voice: Voice) -> None:
        request = request_of(cell, sandbox=voice.session.http.sandbox)
        key = self._key(cell)
        try:
            with in_cell(self.study, key):
                self.under_way.append((voice.submit(request.pop("text"), fresh=self._fresh, **request), None))
        except BudgetExceeded:
            raise
        except VoicenbError as error:
            self.refused[key] = str(error)
            self.failed += 1
        self._show()

    def wait_for_all(self) -> None:
        """Waits for what is under way."""
        while self.under_way:
            self._wait_for_one()

    def _wait_for_one(self) -> None:
        task, otherwise = self.under_way[0]
        # What became of it stands in its row, which the study's frame shows.
        with suppress(VoicenbError):
            task.wait(None, quiet=True)
        self.under_way.popleft()
        if task.status == "planned" and otherwise is not None:
            # A kernel that died before it could send it left it so: nothing was charged.
            self._ask_for(*otherwise)
            return
        self._ended += 1
        if task.status == "completed":
            self.done += 1
        else:
            self.failed += 1
        if task.cost:
            place = task.record.service, task.unit
            self.spent[place] = self.spent.get(place, Decimal(0)) + task.cost
        self._show()

    def said(self) -> str:
        """Cells done and money spent, in words."""
        facts: list[Any] = [f"{self.done:,} of {self.total:,} cells"]
        if self.failed:
            facts.append(f"{self.failed:,} failed")
        facts += [f"{plain(amount)} {unit}" for unit, amount in by_unit(self.spent).items()]
        return " · ".join(facts)

    def _show(self) -> None:
        money = " · ".join(f"{plain(amount)} {unit}" for unit, amount in by_unit(self.spent).items())
        cells = f"{self.done + self.failed:,} of {self.total:,} cells"
        self._line.update(
            " · ".join(filter(None, (cells, self._left()))),
            cost=money,
            fraction=(self.done + self.failed) / max(1, self.total),
        )

    def _left(self) -> str:
        """The time that the cells that are left will take, at the pace of those that this run waited for."""
        if self._ended < _PACE:
            return ""
        left = self.total - self.done - self.failed
        return f"{time_text((time.monotonic() - self._started) / self._ended * left)} left" if left > 0 else ""
