"""Made-up listeners, to try a test and its analysis before people are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from voicenb.base.arguments import to_python, whole_number
from voicenb.errors import InvalidRequest
from voicenb.listening.design import LOW, MID, REFERENCE, Design, Trial
from voicenb.listening.kinds import KINDS
from voicenb.listening.votes import TIE

__all__ = ["simulated"]

_MOST = 1_000
# In worths: what MUSHRA adds, how much a spoilt sound loses, how far each judgement scatters, and what cannot be told apart.
_ADDED = {REFERENCE: 4.0, MID: -1.0, LOW: -3.0}
_SPOILT = 4.0
_SCATTER = 0.3
_ALIKE = 0.2
_BEGAN = 1_767_225_600_000
"""The moment that made-up votes bear, 2026-01-01 in ms: the same answers whenever they are made."""


def simulated(
    design: Design, listeners: Any, *, hears: Any, spread: Any, seed: Any
) -> Iterator[tuple[str, int, list[dict[str, Any]]]]:
    """The votes of listeners who are nobody.

    A listener has a worth for each condition: the first one has 0, and each further one `hears` more, with the listener's and the
    item's own deviation of `spread`. Pairs are judged by the difference of worths, ratings are worths on the scale. In ABX a
    listener hears X with the probability `hears`, and else guesses.

    Args:
        design: The test's design.
        listeners: How many, 1–1,000.
        hears: 0–1.
        spread: 0–1.
        seed: What they answer is drawn from it.

    Yields:
        A listener's name, the number of their order, and their votes.

    Raises:
        InvalidRequest: A number is out of its range.
    """
    count = whole_number("listeners", listeners, 1, _MOST) or 1
    for field, value in (("hears", hears), ("spread", spread)):
        found = to_python(value)
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
            raise InvalidRequest(f"{field}={value!r}: allowed is a number from 0 to 1")
    root = whole_number("seed", seed, 0) or 0
    rng = np.random.default_rng(root)
    # By the place in the design, not by that in an order: orders come from the test's secret, and made-up answers from the seed alone.
    numbers = {trial.id: at for at, trial in enumerate(design.trials)}
    conditions = list(design.conditions)
    items = {
        item: spread / 2 * rng.standard_normal(len(conditions))
        for item in dict.fromkeys(one.item for one in design.trials)
    }
    for number in range(count):
        own = spread / 2 * rng.standard_normal(len(conditions))
        worths = {
            item: dict(zip(conditions, hears * np.arange(len(conditions)) + own + deviation, strict=True))
            for item, deviation in items.items()
        }
        listener = _Listener(design, hears, worths)
        place = number % len(design.orders)
        votes = []
        for at, (name, shown) in enumerate(design.orders[place]):
            trial = design.trial(name)
            if trial is None or trial.role == "training":
                continue
            votes.append(
                {
                    "trial": name,
                    "place": at,
                    "sounds": list(shown),
                    "answer": listener.answer(trial, shown, np.random.default_rng((root, number, numbers[name]))),
                    "at": _BEGAN + 1000 * at,
                    "seconds": 1.0,
                    "plays": {one.sound: 1 for one in trial.every()},
                }
            )
        yield f"simulated-{number + 1:03d}", place, votes


@dataclass(frozen=True)
class _Listener:
    """Somebody who is nobody.

    Attributes:
        design: The test's design.
        hears: The chance to hear X, 0–1.
        worths: What each condition is worth to them, by item.
    """

    design: Design
    hears: float
    worths: Mapping[str, Mapping[str, float]]

    def answer(self, trial: Trial, shown: Sequence[str], rng: np.random.Generator) -> Any:
        """What they answer to a trial whose sounds are shown in this order; chance comes from `rng`."""
        kind = KINDS[self.design.kind]
        if trial.same is not None:
            heard = trial.catch is not None or rng.random() < self.hears
            return trial.same if heard or rng.random() < 0.5 else next(one for one in shown if one != trial.same)
        scatter = _SCATTER * rng.standard_normal(len(shown))
        worth = {one: self._worth(trial, one) + float(scatter[_rank(trial, one)]) for one in shown}
        if kind.trial == "pair":
            difference = worth[shown[1]] - worth[shown[0]]
            if kind.scale is not None:
                return int(np.clip(round(difference), kind.scale.low, kind.scale.high))
            if self.design.tie and abs(difference) < _ALIKE:
                return TIE
            return shown[1] if difference > 0 else shown[0]
        if kind.trial == "one":
            return int(np.clip(round(3 + worth[shown[0]]), 1, 5))
        return {one: int(np.clip(round(60 + 10 * value), 0, 100)) for one, value in worth.items()}

    def _worth(self, trial: Trial, sound: str) -> float:
        place = trial.place(sound)
        what = place.condition if place is not None else ""
        base = _ADDED.get(what, self.worths[trial.item].get(what, 0.0))
        return base - (_SPOILT if sound == trial.catch else 0.0)


def _rank(trial: Trial, sound: str) -> int:
    """The place of a sound among those of its trial by what it is; which of two alike comes first says nothing."""
    ordered = sorted(trial.every(), key=lambda one: (one.condition, one.sound))
    return [one.sound for one in ordered].index(sound)
