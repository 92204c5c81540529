"""What a study would cost and which of its cells cannot be made, before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from voicenb.base.money import Price, plain
from voicenb.errors import InvalidRequest
from voicenb.study.design import Cell, Design, level_text

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.studio.voice import Voice

__all__ = ["Plan", "planned", "request_of"]

_SHOWN = 20


def request_of(cell: Cell, *, sandbox: bool) -> dict[str, Any]:
    """The arguments of `Voice.submit` for a cell.

    Args:
        cell: The cell.
        sandbox: Whether the voice speaks in the sandbox, where takes have seeds: those that `Voice.say` gives them.
    """
    levels = cell.levels
    levels.pop("voice")
    return levels | {"take": cell.take, "seed": cell.take - 1 if sandbox and cell.take > 1 else None}


@dataclass(frozen=True)
class Plan:
    """What `Study.run` would do.

    Attributes:
        cells: How many cells the study has.
        done: How many are made already.
        prices: What the others cost, by service; an amount of None where a price is not known.
        cached: How many of these are answered from disk, for nothing.
        invalid: The cells that are left out: cell, field, why.
        warnings: What is to be known before paying.
    """

    cells: int
    done: int
    prices: Mapping[str, Price]
    cached: int
    invalid: pd.DataFrame
    warnings: tuple[str, ...]

    @property
    def _facts(self) -> list[str]:
        left = self.cells - self.done - self.cached - self.invalid["cell"].nunique()
        facts = [f"{self.cells:,} cells", f"{self.done:,} made", f"{self.cached:,} on disk", f"{left:,} to pay for"]
        for service, price in self.prices.items():
            amount = "price not known" if price.amount is None else f"{plain(price.amount)} {price.unit}"
            facts.append(f"{service}: {amount}")
        if len(self.invalid):
            facts.append(f"{self.invalid['cell'].nunique():,} left out")
        return facts

    def __repr__(self) -> str:
        return f"<Plan: {' · '.join(self._facts)}>"

    def _repr_html_(self) -> str:
        lines = [f"<p><b>Plan</b> · {escape(' · '.join(self._facts))}</p>"]
        lines += [f"<p>{escape(one)}</p>" for one in self.warnings]
        if len(self.invalid):
            lines.append(self.invalid.head(_SHOWN).to_html(index=False, border=0))
        return "".join(lines)


def planned(
    design: Design,
    voices: Mapping[str, Voice],
    where: Callable[[Cell], object] | None,
    made: Callable[[str], bool],
) -> Plan:
    """Return the plan of a study; see `Plan`.

    Args:
        design: The design.
        voices: The voice of each level of ``voice``.
        where: Says which cells belong to the study; None takes all.
        made: Whether the cell of a key is made already.
    """
    import pandas as pd

    invalid: list[tuple[int, str, str]] = []
    totals: dict[str, Decimal | None] = {}
    about: dict[str, Price] = {}
    known: dict[tuple[Any, ...], Price | InvalidRequest] = {}
    counts: Counter[str] = Counter()
    for cell in design.cells:
        if where is not None and not where(cell):
            invalid.append((cell.number, "where", "left out by where="))
            continue
        if made(cell.key):
            counts["done"] += 1
            continue
        voice = voices[cell.voice]
        request = request_of(cell, sandbox=voice.session.http.sandbox)
        take, seed, text = (request.pop(name) for name in ("take", "seed", "text"))
        same = tuple(level_text(level) for level in cell.levels.values())
        if same not in known:
            try:
                known[same] = voice.price(text, ask=False, **request)
            except InvalidRequest as error:
                known[same] = error
        found = known[same]
        if isinstance(found, InvalidRequest):
            rules = [(one.field, str(one)) for one in found.problems] or [("", str(found))]
            invalid += [(cell.number, name, why) for name, why in rules]
            continue
        if voice.is_cached(text, take=take, seed=seed, **request):
            counts["cached"] += 1
            continue
        service = voice.session.service.profile.id
        before = totals.get(service, Decimal(0))
        if found.amount is None or about.get(service, found).amount is not None:
            # What says how to set a price that is not known stays.
            about[service] = found
        totals[service] = None if before is None or found.amount is None else before + found.amount
    warnings = ["With one take, takes and effects cannot be told apart."] if design.takes == 1 else []
    if unknown := [service for service, amount in totals.items() if amount is None]:
        warnings.append(f"The price of {', '.join(unknown)} is not known, so a budget cannot cover it.")
    prices = {
        service: Price(
            amount, about[service].unit, about[service].rule if amount is None else f"{design.takes} takes of each cell"
        )
        for service, amount in totals.items()
    }
    frame = pd.DataFrame(invalid, columns=["cell", "field", "why"])
    return Plan(len(design), counts["done"], prices, counts["cached"], frame, tuple(warnings))
