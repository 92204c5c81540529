"""What a study would cost and which of its cells cannot be made, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.base.money import Price, plain
from voicenb.errors import InvalidRequest
from voicenb.study.design import Cell, Design
from voicenb.study.rules import Reason, Rules
from voicenb.study.standing import made

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from voicenb.ledger.records import TaskRecord
    from voicenb.studio.voice import Voice

__all__ = ["MOST_LISTED", "Plan", "belongs", "duration_text", "planned", "request_of"]

MOST_LISTED = 100_000
"""The refused cells that `Plan.invalid` lists."""
_SHOWN = 20
_REMARKS = 5
_TO_PAY, _LEFT_OUT, _DONE, _REFUSED, _CACHED = range(5)
_WHERE = Reason("where", "left out by where=")


def request_of(cell: Cell, *, sandbox: bool) -> dict[str, Any]:
    """The arguments of `Voice.submit` for a cell.

    Args:
        cell: The cell.
        sandbox: Whether the voice speaks in the sandbox, where takes have seeds: those that `Voice.say` gives them.
    """
    levels = cell.levels
    levels.pop("voice")
    return levels | {"take": cell.take, "seed": cell.take - 1 if sandbox and cell.take > 1 else None}


def belongs(where: Callable[[Cell], object] | None, cell: Cell) -> bool:
    """Whether a cell belongs to its study.

    Args:
        where: Says so; None takes all.
        cell: The cell.

    Raises:
        InvalidRequest: `where` raised an exception.
    """
    if where is None:
        return True
    try:
        return bool(where(cell))
    except Exception as error:
        raise InvalidRequest(
            f"where= failed for {cell!r}: {type(error).__name__}: {error}. Nothing was sent for this cell or after it; it gets a cell "
            "and answers whether the cell belongs to the study."
        ) from error


@dataclass(frozen=True)
class Plan:
    """What `Study.run` would do.

    Attributes:
        cells: How many cells the study has.
        done: How many are made already.
        prices: What the others cost, by service; an amount of None where a price is not known.
        cached: How many of these are answered from disk, for nothing.
        refused: How many cells ``where=`` or a rule of a service leaves out.
        seconds: How long the run is expected to take, at the pace of each service's last 200 clips in this home (of several
            services the slowest counts, as they work side by side); None where one has made none yet.
        warnings: What is to be known before paying.
    """

    cells: int
    done: int
    prices: Mapping[str, Price]
    cached: int
    refused: int
    seconds: float | None
    warnings: tuple[str, ...]
    _counts: Mapping[Reason, int] = field(repr=False)
    _design: Design = field(repr=False)
    _rules: Rules = field(repr=False)
    _state: NDArray[np.uint8] = field(repr=False)

    @property
    def refusals(self) -> pd.DataFrame:
        """Why cells are left out, one row a reason: field, why, cells; the most frequent first."""
        import pandas as pd

        rows = sorted(self._counts.items(), key=lambda one: -one[1])
        return pd.DataFrame([(*reason, cells) for reason, cells in rows], columns=["field", "why", "cells"])

    @cached_property
    def invalid(self) -> pd.DataFrame:
        """The cells that are left out: cell, field, why; of more than 100,000 cells the first ones, while `refusals` counts all."""
        import pandas as pd

        numbers = np.flatnonzero((self._state == _LEFT_OUT) | (self._state == _REFUSED))[:MOST_LISTED].astype(np.uint32)
        out = numbers[self._state[numbers] == _LEFT_OUT]
        refused = numbers[self._state[numbers] == _REFUSED]
        rows = [(number, *_WHERE) for number in out.tolist()]
        rows += [(number, *reason) for number, reason in self._rules.reasons(refused)]
        rows.sort(key=lambda row: row[0])
        return pd.DataFrame(rows, columns=["cell", "field", "why"])

    def frame(self) -> pd.DataFrame:
        """What would be paid for, one row a request: every factor, service, price of one take, unit, and cells (its takes)."""
        import pandas as pd

        design = self._design
        numbers: NDArray[Any] = np.flatnonzero(self._state == _TO_PAY)
        block, treatment = np.divmod(numbers, design.treatments)
        _, first, takes = np.unique(
            block // design.takes * design.treatments + treatment, return_index=True, return_counts=True
        )
        numbers = numbers[first].astype(np.uint32)
        columns: dict[str, Any] = {}
        for position, one in enumerate(design.factors):
            levels = np.empty(len(one.levels), dtype=object)
            levels[:] = one.levels
            columns[one.name] = levels[design.column(position, numbers.astype(np.int64))]
        services = [design.services.get(voice, "") for voice in columns["voice"]]
        units = {service: price.unit for service, price in self.prices.items()}
        about = {
            "service": services,
            "price": self._rules.amounts(numbers),
            "unit": [units.get(one) for one in services],
        }
        return pd.DataFrame(columns | about | {"cells": takes})

    @property
    def _facts(self) -> list[str]:
        left = self.cells - self.done - self.cached - self.refused
        facts = [f"{self.cells:,} cells", f"{self.done:,} made", f"{self.cached:,} on disk", f"{left:,} to pay for"]
        for service, price in self.prices.items():
            amount = "price not known" if price.amount is None else f"{plain(price.amount)} {price.unit}"
            facts.append(f"{service}: {amount}")
        if self.seconds is not None and left:
            facts.append(f"about {duration_text(self.seconds)}")
        if self.refused:
            facts.append(f"{self.refused:,} left out")
        return facts

    def __repr__(self) -> str:
        return f"<Plan: {' · '.join(self._facts)}>"

    def _repr_html_(self) -> str:
        lines = [f"<p><b>Plan</b> · {escape(' · '.join(self._facts))}</p>"]
        lines += [f"<p>{escape(one)}</p>" for one in self.warnings]
        if self._counts:
            lines.append(self.refusals.head(_SHOWN).to_html(index=False, border=0))
        return "".join(lines)


def planned(
    design: Design,
    voices: Mapping[str, Voice],
    where: Callable[[Cell], object] | None,
    tasks: Mapping[str, TaskRecord],
) -> Plan:
    """Return the plan of a study; see `Plan`. A service whose prices are not known yet is asked for them.

    Cells are counted, not visited: the time goes with the combinations that prices and rules tell apart, with the cells that are made
    or on disk, and, where there is a `where`, with its calls, one a cell.

    Args:
        design: The design.
        voices: The voice of each level of ``voice``.
        where: Says which cells belong to the study; None takes all.
        tasks: The task of each cell that was asked for, by the cell's key.

    Raises:
        InvalidRequest: `where` raised an exception.
    """
    state = np.full(len(design), _TO_PAY, dtype=np.uint8)
    if where is not None:
        state[[cell.number for cell in design.cells if not belongs(where, cell)]] = _LEFT_OUT
    done = design.numbers_of({key for key, one in tasks.items() if made(one)})
    state[done[state[done] == _TO_PAY]] = _DONE
    left = np.flatnonzero(state == _TO_PAY).astype(np.uint32)
    rules = Rules(design, voices, left)
    refused, counts = rules.refused()
    state[left[refused]] = _REFUSED
    if out := int((state == _LEFT_OUT).sum()):
        counts[_WHERE] = out
    for number in _on_disk(design, voices, rules, state):
        state[number] = _CACHED
    to_pay = np.flatnonzero(state == _TO_PAY).astype(np.uint32)
    prices, cells = _prices(rules, to_pay, design.takes)
    return Plan(
        cells=len(design),
        done=int((state == _DONE).sum()),
        prices=prices,
        cached=int((state == _CACHED).sum()),
        refused=out + int(refused.sum()),
        seconds=_seconds(voices, cells),
        warnings=tuple(_warnings(design, rules, prices, counts, out + int(refused.sum()))),
        _counts=counts,
        _design=design,
        _rules=rules,
        _state=state,
    )


def _prices(rules: Rules, numbers: NDArray[np.uint32], takes: int) -> tuple[dict[str, Price], dict[str, int]]:
    """What cells cost by service, and how many each has."""
    totals: dict[str, Decimal | None] = {}
    units: dict[str, str] = {}
    words: dict[str, str] = {}
    cells: dict[str, int] = {}
    for service, price, count in rules.prices(numbers):
        before = totals.get(service, Decimal(0))
        totals[service] = None if before is None or price.amount is None else before + count * price.amount
        units[service] = price.unit
        if price.amount is None:
            # What says how to set a price that is not known stays.
            words[service] = price.rule
        cells[service] = cells.get(service, 0) + count
    return {
        service: Price(amount, units[service], words.get(service, f"{takes} takes of each cell"))
        for service, amount in totals.items()
    }, cells


def _seconds(voices: Mapping[str, Voice], cells: Mapping[str, int]) -> float | None:
    sessions = {voice.session.service.profile.id: voice.session for voice in voices.values()}
    expected = []
    for service, count in cells.items():
        session = sessions[service]
        pace = session.ledger.studies.pace(service, session.endpoint)
        if pace is None:
            return None
        expected.append(pace * count)
    return max(expected, default=0.0)


def _on_disk(design: Design, voices: Mapping[str, Voice], rules: Rules, state: NDArray[np.uint8]) -> Iterator[int]:
    """The cells to be paid for whose request has been made before: found from the clips, of which there are fewer."""
    text = next(place for place, one in enumerate(design.factors) if one.name == "text")
    texts = set(design.factors[text].levels)
    factor = design.factor("voice")
    sessions = {id(voice.session): voice.session for voice in voices.values()}
    for session in sessions.values():
        service = session.service.profile.id
        known = [one for one in session.ledger.studies.texts(service, session.endpoint) if one[0] in texts]
        here = [place for place, level in enumerate(factor.levels) if voices[level].session is session]
        for voice in here if known else ():
            levels_of = rules.matching(voice)
            seen: set[int] = set()
            for _, take, parameters in known:
                for levels in levels_of(json.loads(parameters)):
                    number = design.number([levels[place] for place in range(len(design.factors))], take)
                    if number is not None and number not in seen and state[number] == _TO_PAY:
                        seen.add(number)
                        if _is_cached(design.cells[number], voices[factor.levels[voice]]):
                            yield number


def _is_cached(cell: Cell, voice: Voice) -> bool:
    request = request_of(cell, sandbox=voice.session.http.sandbox)
    return voice.is_cached(request.pop("text"), **request)


def _warnings(
    design: Design, rules: Rules, prices: Mapping[str, Price], counts: Mapping[Reason, int], refused: int
) -> Iterator[str]:
    if refused == len(design):
        reason = max(counts, key=lambda one: counts[one])
        yield (
            f"No cell is left: all {refused:,} are left out, {counts[reason]:,} of them because of {reason.why.rstrip('.')}. "
            "run() sends nothing."
        )
    elif refused > MOST_LISTED:
        yield f"{refused:,} cells are left out; plan.invalid lists the first {MOST_LISTED:,}, and plan.refusals counts all."
    if design.takes == 1:
        yield "With one take, takes and effects cannot be told apart."
    if unknown := [service for service, price in prices.items() if price.amount is None]:
        yield f"The price of {', '.join(unknown)} is not known, so a budget cannot cover it."
    said = rules.remarks()
    yield from said[:_REMARKS]
    if len(said) > _REMARKS:
        yield f"{len(said) - _REMARKS:,} more remarks of this kind."


def duration_text(seconds: float) -> str:
    """The length of a run, in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
