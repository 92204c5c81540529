"""What a test takes and what it can show, before anybody listens."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import ceil, sqrt
from typing import TYPE_CHECKING

from voicenb.listening.design import Design
from voicenb.listening.kinds import KINDS
from voicenb.statistics.binomial import fewest_correct, power, trials_needed
from voicenb.statistics.equivalence import blocks_to_detect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TestPlan", "planned"]

_SHARES = (0.6, 0.7, 0.75, 0.8, 0.9)
_SPREADS = {
    "ab": (0.35, (0.1, 0.2, 0.3), "net preference"),
    "cmos": (1.0, (0.25, 0.5, 1.0), "points"),
    "acr": (0.7, (0.25, 0.5, 1.0), "MOS"),
    "multi": (15.0, (5.0, 10.0, 15.0), "points"),
    "mushra": (15.0, (5.0, 10.0, 15.0), "points"),
}
"""By kind: how much a listener's own mean difference varies between listeners (a standard deviation), and which differences the
plan speaks of. Before anybody has listened these are assumptions, and said to be."""

_WORTH = 0.8


@dataclass(frozen=True)
class TestPlan:
    """What a test takes and can show.

    Attributes:
        kind: The kind's name.
        trials: How many each listener has, repeats and catch trials among them.
        sounds: How many sounds a listener hears, each counted once.
        minutes: What a listener takes, training included.
        table: One row a difference: what it is, the power of this test (ABX, of one listener) or the listeners needed for a
            power of 80 %.
        sentences: What is to be said, the assumptions among it.
        warnings: What should be changed before it begins.
    """

    __test__ = False

    kind: str
    trials: int
    sounds: int
    minutes: float
    table: pd.DataFrame
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        lines = [
            f"{KINDS[self.kind].title}: {self.trials} trials, about {self.minutes:.0f} min a listener",
            *self.sentences,
            *(f"Note: {one}" for one in self.warnings),
        ]
        return "\n".join(lines) + "\n" + self.table.to_string(index=False)

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{escape(one)}</p>" for one in self.sentences)
        noted = "".join(f"<li>{escape(one)}</li>" for one in self.warnings)
        return (
            f"<p><strong>{escape(KINDS[self.kind].title)}</strong>: {self.trials} trials, about {max(self.minutes, 1):.0f} min a listener</p>{said}"
            + (f"<ul>{noted}</ul>" if noted else "")
            + self.table.to_html(index=False, border=0)
        )


def planned(design: Design) -> TestPlan:
    """What a test takes and can show; nobody has to have listened.

    Args:
        design: The test's design.
    """
    kind = KINDS[design.kind]
    seconds = sum(
        kind.heard * len(one.every()) * one.frames / design.rate
        + kind.deciding * max(1, len(one.places) if kind.trial == "all" else 1)
        for one in design.trials
    )
    table, sentences = _abx(len(_told(design))) if design.kind == "abx" else _others(design)
    return TestPlan(
        kind=design.kind,
        trials=len(design.counted),
        sounds=sum(len(one.every()) for one in design.trials),
        minutes=(seconds + (60 if design.headphones else 0)) / 60,
        table=table,
        sentences=(
            *sentences,
            f"Minutes are reckoned with each sound heard {kind.heard:g} times and {kind.deciding:g} s to decide.",
        ),
        warnings=(*design.notes, *_warnings(design)),
    )


def _told(design: Design) -> list[str]:
    return [one.id for one in design.counted if one.role == "trial"]


def _abx(trials: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    import pandas as pd

    fewest = fewest_correct(trials)
    rows = [
        {
            "heard": f"{share:.0%} right",
            "power of one listener": round(power(trials, share), 3),
            "trials for a power of 80 %": trials_needed(share, _WORTH).lasting,
        }
        for share in _SHARES
    ]
    said = (
        f"A listener shows a difference with {fewest} of {trials} right or more (exact binomial, α = .05)."
        if fewest is not None
        else f"{trials} trials cannot show a difference, even if all are right (α = .05); 5 are the fewest."
    )
    return pd.DataFrame(rows), (said, "The number of trials is fixed: there is no score until the last one.")


def _others(design: Design) -> tuple[pd.DataFrame, tuple[str, ...]]:
    import pandas as pd

    between, differences, unit = _SPREADS[design.kind]
    items = max(1, len({one.item for one in design.counted if one.role == "trial"}))
    # One listener's mean over items, each of which scatters as much again.
    sd = between * sqrt(1 + 1 / items)
    rows = [
        {f"difference ({unit})": one, "listeners for a power of 80 %": blocks_to_detect(sd, one, power=_WORTH)}
        for one in differences
    ]
    return pd.DataFrame(rows), (
        f"Assumed: listeners' own differences scatter by {between:g} {unit} (standard deviation), and so do items within a listener.",
    )


def _warnings(design: Design) -> list[str]:
    found = []
    items = len({one.item for one in design.counted if one.role == "trial"})
    systems = len(design.conditions)
    if design.kind == "mushra":
        wanted = max(5, ceil(1.5 * systems))
        if items < wanted:
            found.append(
                f"BS.1534-3 asks for {wanted} items for {systems} conditions; there {'is' if items == 1 else 'are'} {items}."
            )
        longest = max(one.frames for one in design.trials) / design.rate
        if longest > 12:
            found.append(
                f"BS.1534-3 asks for excerpts of about 10 s, at most 12; the longest here has {longest:.0f} s."
            )
    elif design.kind != "abx" and items == 1:
        found.append("There is one item: what is found holds for this text alone.")
    return found
