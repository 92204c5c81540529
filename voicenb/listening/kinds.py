"""The kinds of listening tests: what a trial holds, what may be answered, and what a trial takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest

__all__ = ["KINDS", "Kind", "Scale", "kind_of"]

Label: TypeAlias = tuple[float, str]


@dataclass(frozen=True)
class Scale:
    """What is rated on.

    Attributes:
        low, high: The ends.
        step: From one answer to the next.
        labels: Points of the scale and their words.
    """

    low: float
    high: float
    step: float
    labels: tuple[Label, ...]

    def to_json(self) -> dict[str, Any]:
        """The scale as a page is told."""
        return {"low": self.low, "high": self.high, "step": self.step, "labels": [list(one) for one in self.labels]}


@dataclass(frozen=True)
class Kind:
    """A kind of test.

    Attributes:
        name: As `listen` takes it.
        title: In words.
        question: What is asked unless the test says otherwise.
        trial: ``"pair"`` (two conditions), ``"one"`` (one sound) or ``"all"`` (every condition at once).
        scale: What is rated on; None where a sound is chosen.
        fewest: The fewest conditions.
        heard: How often each sound of a trial is heard, as `plan` reckons.
        deciding: Seconds to decide, as `plan` reckons.
    """

    name: str
    title: str
    question: str
    trial: Literal["pair", "one", "all"]
    scale: Scale | None
    fewest: int
    heard: float
    deciding: float


_QUALITY = ((0, "Bad"), (20, "Poor"), (40, "Fair"), (60, "Good"), (80, "Excellent"))
_CONTINUOUS = Scale(0, 100, 1, _QUALITY)
_ABSOLUTE = Scale(1, 5, 1, ((1, "Bad"), (2, "Poor"), (3, "Fair"), (4, "Good"), (5, "Excellent")))
_COMPARISON = Scale(
    -3,
    3,
    1,
    (
        (-3, "Much worse"), (-2, "Worse"), (-1, "Slightly worse"), (0, "About the same"), (1, "Slightly better"), (2, "Better"),
        (3, "Much better"),
    ),
)  # fmt: skip

KINDS = {
    one.name: one
    for one in (
        Kind("abx", "ABX", "Which one is X?", "pair", None, 2, 2, 3),
        Kind("ab", "Preference (AB)", "Which one do you prefer?", "pair", None, 2, 1.5, 3),
        Kind("acr", "Absolute category rating (ACR)", "How good is this?", "one", _ABSOLUTE, 1, 1.2, 3),
        Kind(
            "cmos", "Comparison category rating (CMOS)", "How good is the second one, beside the first?", "pair",
            _COMPARISON, 2, 1.5, 4,
        ),
        Kind("multi", "Several at once, without a reference", "How good is each?", "all", _CONTINUOUS, 2, 3, 4),
        Kind("mushra", "MUSHRA", "How near is each to the reference?", "all", _CONTINUOUS, 1, 3, 4),
    )
}  # fmt: skip
"""Every kind by its name. The scales' words are those of ITU-T P.800 (ACR, CCR) and ITU-R BS.1534-3."""


def kind_of(name: object) -> Kind:
    """The kind of that name.

    Raises:
        InvalidRequest: There is none.
    """
    if name not in KINDS:
        raise InvalidRequest(f"kind={name!r}: {did_you_mean(name, KINDS)}allowed are {', '.join(KINDS)}")
    return KINDS[str(name)]
