"""`Study`: what is varied, in which voices, and what came of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicenb.base.home import home as home_folder
from voicenb.errors import InvalidRequest
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import StudyRecord, now
from voicenb.measures.definition import Measure
from voicenb.measures.registry import measures
from voicenb.study.design import Cell, Cells, Design, Factor
from voicenb.study.effects import AUDIBLE, Effect, effect_of, effects_table
from voicenb.study.plan import Plan, planned
from voicenb.study.results import Results
from voicenb.study.run import Amount, budgets_of, made, newest_tasks, run_cells

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from voicenb.statistics.contrasts import Method
    from voicenb.studio.voice import Voice

__all__ = ["Study", "studies"]


class Study:
    """A question about parameters, and the cells that answer it.

    Args:
        voices: The voice, or several: then they are the factor ``voice``.
        text: The text, or several.
        takes: How often each combination is made, 1 to 100.
        name: The study's name in this home, by which it is taken up again; else one that the design gives it.
        question: What is asked, in words.
        baseline: The level of a factor that the others are held against; else the first one.
        design: ``"grid"``, ``"paired"``, ``"one-at-a-time"`` or ``"latin"``: see `voicenb.study.design.Design`.
        sample: So many of all combinations, balanced.
        where: Says of a `Cell` whether it belongs to the study.
        order: ``"blocks"``, ``"random"`` or ``"given"``.
        seed: What is drawn is drawn from it.
        factors: Parameters of the voices' services, each with its level or its levels.

    Raises:
        InvalidRequest: The factors do not fit, or a study of that name has another design.
    """

    def __init__(
        self,
        voices: Voice | Sequence[Voice],
        *,
        text: str | Sequence[str],
        takes: int = 2,
        name: str | None = None,
        question: str = "",
        baseline: Mapping[str, Any] | None = None,
        design: str = "grid",
        sample: int | None = None,
        where: Callable[[Cell], object] | None = None,
        order: str = "blocks",
        seed: int = 0,
        **factors: Any,
    ) -> None:
        self._voices = _by_level(voices)
        self._where = where
        levels = {"voice": list(self._voices), "text": text} | self._parameters(factors)
        baseline = dict(baseline or {})
        if strange := sorted(set(baseline) - set(levels)):
            raise InvalidRequest(f"baseline: this study has no factor {', '.join(strange)}; it has {', '.join(levels)}")
        self.design = Design(
            tuple(Factor.of(one, given, baseline.get(one)) for one, given in levels.items()),
            takes=takes,
            kind=design,
            sample=sample,
            order=order,
            seed=seed,
            question=question,
            services={level: voice.session.service.profile.id for level, voice in self._voices.items()},
        )
        kept = self.design.to_json() | {"voices": {level: voice.key for level, voice in self._voices.items()}}
        if name is None:
            name = f"study-{hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:8]}"
        self._ledger = next(iter(self._voices.values())).session.ledger
        self._record = self._ledger.studies.add(StudyRecord(id=uuid.uuid4().hex, name=name, design=kept, created=now()))
        self._require_same(kept)
        self._refused: dict[str, str] = {}
        self._results = Results(self.design, self._ledger, self._record.id)
        self.aio = StudyAio(self)

    def _parameters(self, factors: Mapping[str, Any]) -> dict[str, Any]:
        """The factors by voicenb's own names; a name that no service knows is an error."""
        named: dict[str, Any] = {}
        problems: list[Any] = []
        for voice in self._voices.values():
            kind = voice.session.service.request_type("production")
            here, wrong = kind.from_wire(factors)
            named |= here
            problems.append({one.field: one for one in wrong})
        unknown = [problems[0][field] for field in problems[0] if all(field in one for one in problems)]
        if unknown:
            raise InvalidRequest("this study cannot be made", problems=tuple(unknown))
        return {name: given for name, given in named.items() if name not in {"voice", "text"}}

    def _require_same(self, kept: Mapping[str, Any]) -> None:
        there = dict(self._record.design)
        voices = there.pop("voices")
        differences = Design.from_json(there).differences(self.design)
        if voices != kept["voices"]:
            differences.append("its voices are not the same")
        if differences:
            raise InvalidRequest(
                f"there is a study {self.name!r} with another design: {'; '.join(differences)}. Give this one another name."
            )

    @property
    def name(self) -> str:
        """Its name in this home."""
        return self._record.name

    @property
    def cells(self) -> Cells:
        """Every cell, worked out when it is asked for."""
        return self.design.cells

    def __len__(self) -> int:
        return len(self.design)

    def __repr__(self) -> str:
        factors = " × ".join(f"{one.name} {len(one.levels)}" for one in self.design.factors if len(one.levels) > 1)
        return f"<Study {self.name!r}: {factors or 'one cell'}, {self.design.takes} takes, {len(self):,} cells>"

    def plan(self) -> Plan:
        """What `run` would do and cost; nothing is sent."""
        found = newest_tasks(self._ledger.studies.tasks(self._record.id))
        return planned(self.design, self._voices, self._where, lambda key: made(found.get(key)))

    def run(self, *, budget: Amount | Mapping[str, Amount] | None = None, quiet: bool = False) -> Study:
        """Makes every cell that is not made. The same call again goes on where it stopped, and pays nothing twice.

        A cell that fails is a row of `frame`; one that failed without a charge is asked for again by the next run.

        Args:
            budget: What the study may cost in all its runs: one amount, or one for each service by its id.
            quiet: Shows no progress.

        Raises:
            InvalidRequest: The budget does not fit the services.
            BudgetExceeded: It has no room for the next cell.
            KeyboardInterrupt: Tasks under way go on.
        """
        with budgets_of(self._voices, self.name, budget):
            self._refused = run_cells(
                self.design, self._voices, self._record.id, self._where, mode="none" if quiet else None
            )
        return self

    def frame(self, *, degraded: bool = False, failures: bool = True, executor: Executor | None = None) -> pd.DataFrame:
        """One row a cell: its levels, its task, and what was measured of its clip.

        Args:
            degraded: Whether clips that a fallback made are there.
            failures: Whether cells without a clip are there.
            executor: Where clips are measured; None takes threads.
        """
        return self._results.frame(self._refused, degraded=degraded, failures=failures, executor=executor)

    def effect(
        self,
        factor: str,
        *,
        on: str,
        margin: float | str | None = AUDIBLE,
        level: float = 0.95,
        method: Method = "t",
        degraded: bool = False,
    ) -> Effect:
        """What a factor does to a measure, within blocks of the same voice, text and other levels; takes are averaged.

        Args:
            factor: The factor.
            on: The measure's name.
            margin: What counts as no change: ``"audible"`` (the measure's published just-noticeable difference, where it has
                one), a number (a share for measures that multiply), or None.
            level: The interval's level, 0–1.
            method: ``"t"``, or ``"bootstrap"`` from 20 blocks on.
            degraded: Whether clips that a fallback made count.

        Raises:
            InvalidRequest: There is no such factor or measure, or it has one level.
            ValueError: A bootstrap of fewer than 20 blocks.
        """
        chosen = self._measure(on)
        frame = self.frame(degraded=degraded, failures=False)
        return effect_of(
            frame, self.design, self.design.factor(factor), chosen, margin=margin, level=level, method=method
        )

    def effects(self, *, level: float = 0.95, degraded: bool = False) -> pd.DataFrame:
        """What every factor does to every measure: what else a parameter moves is seen here.

        One row for each factor with several levels and each measure: verdict, the largest difference that it rests on with its unit
        and interval, and its p-value after Holm over all measures and levels of the factor. The margin is the audible one.

        Args:
            level: The intervals' level, 0–1.
            degraded: Whether clips that a fallback made count.
        """
        return effects_table(self.frame(degraded=degraded, failures=False), self.design, measures(), level=level)

    def _measure(self, name: str) -> Measure:
        known = measures()
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InvalidRequest(f"no measure is named {name!r}; {hint}there are {', '.join(known)}")
        return known[name]


def studies(home: str | Path | None = None) -> pd.DataFrame:
    """Every study of a home, the newest first: name, question, cells, made, created.

    Args:
        home: The home folder; else that of `VOICENB_HOME`, or the platform's.
    """
    import pandas as pd

    ledger = Ledger.at(home_folder(home))
    rows = []
    for record in ledger.studies.select():
        design = Design.from_json({name: value for name, value in record.design.items() if name != "voices"})
        tasks = newest_tasks(ledger.studies.tasks(record.id))
        rows.append(
            {
                "name": record.name,
                "question": design.question,
                "cells": len(design),
                "made": sum(one.status == "completed" for one in tasks.values()),
                "created": record.created,
            }
        )
    return pd.DataFrame(rows, columns=["name", "question", "cells", "made", "created"])


class StudyAio:
    """The study's calls as coroutines."""

    def __init__(self, study: Study) -> None:
        self._study = study

    async def run(self, *, budget: Amount | Mapping[str, Amount] | None = None) -> Study:
        """`Study.run` as a coroutine."""
        return await asyncio.to_thread(lambda: self._study.run(budget=budget, quiet=True))


def _by_level(voices: Voice | Sequence[Voice]) -> dict[str, Voice]:
    from voicenb.studio.voice import Voice

    given = [voices] if isinstance(voices, Voice) else list(voices)
    if not given or not all(isinstance(one, Voice) for one in given):
        raise InvalidRequest("a study needs a voice, or a list of voices: vn.Study(voice, text=[…], speed=[…])")
    if len({one.session.ledger.path for one in given}) > 1:
        raise InvalidRequest("the voices of a study belong to one home")
    names = [one.name for one in given]
    return {
        one.name if names.count(one.name) == 1 else f"{one.name} · {one.session.service.profile.id}": one
        for one in given
    }
