"""Whose votes are left out, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest
from voicenb.listening.design import LOW, MID, REFERENCE, Design
from voicenb.statistics.screening import screen as screened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Exclusion", "Screen", "excluded_by"]

Screen: TypeAlias = Literal["BS.1534-3", "mpeg", "catch"]

_SCREENS = ("BS.1534-3", "mpeg", "catch")


class Exclusion(NamedTuple):
    """A listener who does not count.

    Attributes:
        listener: Who.
        reason: One sentence, which names the listener and the rule.
    """

    listener: str
    reason: str


def excluded_by(design: Design, votes: pd.DataFrame, screen: Screen | None) -> list[Exclusion]:
    """The listeners whom a rule leaves out.

    Args:
        design: The test's design.
        votes: Everybody's votes.
        screen: The rule, or None for nobody.

    Raises:
        InvalidRequest: There is no such rule, or the test has nothing that it looks at.
    """
    if screen is None:
        return []
    if screen not in _SCREENS:
        raise InvalidRequest(
            f"screen={screen!r}: {did_you_mean(screen, _SCREENS)}allowed are {', '.join(_SCREENS)} and None"
        )
    if screen == "catch":
        return _missed(votes)
    if design.kind != "mushra":
        raise InvalidRequest(f"screen={screen!r} is of MUSHRA tests; a test of kind {design.kind!r} has screen='catch'")
    rated = votes[votes["role"] == "trial"]
    rows = zip(rated["listener"], rated["item"], rated["condition"], rated["score"], strict=True)
    found = screened(rows, "mpeg" if screen == "mpeg" else "bs1534", reference=REFERENCE, mid=MID, low=LOW)
    return [
        Exclusion(str(one.listener), f"{one.listener} {one.reason[0].lower()}{one.reason[1:].rstrip('.')}")
        for one in found
    ]


def _missed(votes: pd.DataFrame) -> list[Exclusion]:
    catches = votes[votes["role"] == "catch"].drop_duplicates(["listener", "trial"])
    if catches.empty:
        raise InvalidRequest("screen='catch': this test has no trial with a spoilt sound; catch= adds some")
    found = []
    for listener, part in catches.groupby("listener", sort=False):
        missed = int((~part["right"].astype(bool)).sum())
        if missed:
            found.append(
                Exclusion(
                    str(listener),
                    f"{listener} missed the spoilt sound in {missed} of {len(part)} catch trials (rule: none)",
                )
            )
    return found
