"""Right and wrong answers: whether they are more than guesses, or few enough to say that nothing is heard.

A trial has one right answer, as in ABX. The number of trials is fixed before the first one: a listener whose score is
looked at after each of 5 to 25 trials, and who stops at the first p-value below 0.05, is found to hear a difference in
11 of 100 tests of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from voicenb.statistics.blocks import Floats, alpha_of

__all__ = [
    "MOST_TRIALS",
    "Binomial",
    "Similarity",
    "TrialsNeeded",
    "binomial_test",
    "fewest_correct",
    "most_correct_for_similarity",
    "power",
    "similarity_power",
    "similarity_test",
    "trials_needed",
    "wilson",
]

MOST_TRIALS = 100_000
"""The largest answer to "how many trials"; it stands for "this many or more"."""


@dataclass(frozen=True)
class Binomial:
    """Right answers against guessing.

    Attributes:
        correct: The number of right answers.
        trials: The number of answers.
        share: Their ratio (0–1).
        chance: The share of right answers by guessing (0–1).
        p: Exact one-sided p-value (0–1): the chance of so many right answers or more by guessing.
        low: The lower end of the interval of the share (0–1), by Clopper and Pearson.
        high: The upper end.
        level: The interval's level (0–1).
    """

    correct: int
    trials: int
    share: float
    chance: float
    p: float
    low: float
    high: float
    level: float


def binomial_test(correct: int, trials: int, chance: float = 0.5, *, level: float = 0.95) -> Binomial:
    """Whether there are more right answers than guessing gives.

    A large p-value does not say that nothing was heard; `similarity_test` may.

    Args:
        correct: The number of right answers, 0 to `trials`.
        trials: The number of answers, 1 at least, fixed before the first.
        chance: The share of right answers by guessing, above 0 and below 1.
        level: The two-sided level of the interval (0–1). It never holds less than that.

    Raises:
        ValueError: A number is not in its range.

    Source: Clopper & Pearson, Biometrika 26, 1934.
    """
    _check_count(correct, trials)
    _check_share("chance", chance)
    half = alpha_of(level) / 2
    from scipy.special import betaincinv

    low = float(betaincinv(correct, trials - correct + 1, half)) if correct else 0.0
    high = float(betaincinv(correct + 1, trials - correct, 1 - half)) if correct < trials else 1.0
    return Binomial(correct, trials, correct / trials, chance, _at_least(correct, trials, chance), low, high, level)


def wilson(correct: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share: shorter than Clopper and Pearson's, and right on average over shares.

    Args:
        correct: The number of right answers, 0 to `trials`.
        trials: The number of answers, 1 at least.
        level: The level (0–1).

    Returns:
        The lower and the upper end (0–1).

    Raises:
        ValueError: A number is not in its range.

    Source: Wilson, J. American Statistical Association 22, 1927.
    """
    _check_count(correct, trials)
    from scipy.special import ndtri

    z = float(ndtri(1 - alpha_of(level) / 2))
    share, part = correct / trials, z * z / trials
    middle = share + part / 2
    reach = z * sqrt(share * (1 - share) / trials + part / trials / 4)
    low = (middle - reach) / (1 + part) if correct else 0.0
    high = (middle + reach) / (1 + part) if correct < trials else 1.0
    return low, high


def fewest_correct(trials: int, chance: float = 0.5, alpha: float = 0.05) -> int | None:
    """The smallest number of right answers whose p-value is `alpha` or less; None where even all of them are too few.

    Args:
        trials: The number of answers, 1 at least.
        chance: The share of right answers by guessing, above 0 and below 1.
        alpha: The chance of error that is accepted, above 0 and below 1.

    Raises:
        ValueError: A number is not in its range.
    """
    _check_trials(trials)
    _check_share("chance", chance)
    _check_share("alpha", alpha)
    found = int(_fewest(np.array([float(trials)]), chance, alpha)[0])
    return found if found <= trials else None


def power(trials: int, share: float, chance: float = 0.5, alpha: float = 0.05) -> float:
    """The chance that a listener with this true share of right answers is found to hear the difference.

    Args:
        trials: The number of answers, 1 at least.
        share: The true share of right answers, 0 to 1.
        chance: The share of right answers by guessing, above 0 and below 1.
        alpha: The chance of error that is accepted, above 0 and below 1.

    Returns:
        The power (0–1); 0 where even all answers right are too few. It does not rise with each trial, for the number of
        right answers that is needed jumps.

    Raises:
        ValueError: A number is not in its range.
    """
    _check_share("share", share, ends=True)
    fewest = fewest_correct(trials, chance, alpha)
    return 0.0 if fewest is None else _at_least(fewest, trials, share)


@dataclass(frozen=True)
class TrialsNeeded:
    """How many trials give a power.

    Attributes:
        first: The smallest number of trials with that power. One trial more may have less.
        lasting: The number of trials from which on the power is never less.
    """

    first: int
    lasting: int


def trials_needed(share: float, power: float = 0.8, chance: float = 0.5, alpha: float = 0.05) -> TrialsNeeded:
    """How many trials it takes to find that a listener with this true share of right answers hears the difference.

    Args:
        share: The true share of right answers, above `chance` and at most 1.
        power: The chance of finding it, above 0 and below 1.
        chance: The share of right answers by guessing, above 0 and below 1.
        alpha: The chance of error that is accepted, above 0 and below 1.

    Returns:
        Both numbers; `MOST_TRIALS` stands for that many or more.

    Raises:
        ValueError: A number is not in its range.
    """
    _check_share("chance", chance)
    _check_share("power", power)
    _check_share("alpha", alpha)
    if not chance < share <= 1:
        raise ValueError(f"share lies above chance ({chance:g}) and is at most 1; given was {share!r}")
    from scipy.special import ndtri

    away = share - chance
    reach = float(ndtri(1 - alpha)) * sqrt(chance * (1 - chance)) + float(ndtri(power)) * sqrt(share * (1 - share))
    about = (max(0.0, reach) / away) ** 2
    if about > 2 * MOST_TRIALS:
        return TrialsNeeded(MOST_TRIALS, MOST_TRIALS)
    # The power rises and falls back by about one answer's chance, which some 1 / away trials more make up for.
    last = min(MOST_TRIALS, ceil(1.2 * about + 20 / away) + 100)
    start = 1 if about < 5000 else int(0.8 * about)
    trials = np.arange(start, last + 1, dtype=np.float64)
    enough = _powers(trials, share, chance, alpha) >= power
    if not enough.any():
        return TrialsNeeded(MOST_TRIALS, MOST_TRIALS)
    short = np.flatnonzero(~enough)
    lasting = int(trials[short[-1]]) + 1 if len(short) else start
    return TrialsNeeded(int(trials[enough.argmax()]), min(MOST_TRIALS, lasting))


@dataclass(frozen=True)
class Similarity:
    """Right answers against hearing.

    Attributes:
        correct: The number of right answers.
        trials: The number of answers.
        p1: The share of right answers (0–1) that was to be ruled out.
        p: Exact p-value (0–1): the chance of so few right answers or fewer from a listener whose true share is `p1`.
            Below 0.05 it is shown that the true share is lower than `p1`.
    """

    correct: int
    trials: int
    p1: float
    p: float


def similarity_test(correct: int, trials: int, p1: float = 0.75, chance: float = 0.5) -> Similarity:
    """Whether the true share of right answers is shown to be below `p1`: "not heard", in so far as that can be shown.

    Args:
        correct: The number of right answers, 0 to `trials`.
        trials: The number of answers, 1 at least.
        p1: The share of right answers that would be too many, above `chance` and below 1. Where guessing gives 0.5, 0.75
            is reached by who hears the difference in half of the trials.
        chance: The share of right answers by guessing, above 0 and below 1.

    Raises:
        ValueError: A number is not in its range.

    Source: ISO 4120, similarity testing; Leventhal, J. Audio Engineering Society 34, 1986, for why p > 0.05 shows nothing.
    """
    _check_count(correct, trials)
    _check_p1(p1, chance)
    return Similarity(correct, trials, p1, _at_most(correct, trials, p1))


def most_correct_for_similarity(trials: int, p1: float = 0.75, alpha: float = 0.05, chance: float = 0.5) -> int | None:
    """The largest number of right answers at which `similarity_test` gives `alpha` or less.

    Arguments as of `similarity_test` and `fewest_correct`.

    Returns:
        The number; None where even no right answer at all would be one too many.

    Raises:
        ValueError: A number is not in its range.
    """
    _check_trials(trials)
    _check_share("alpha", alpha)
    _check_p1(p1, chance)
    # So few right answers are so many wrong ones.
    wrong = int(_fewest(np.array([float(trials)]), 1 - p1, alpha)[0])
    return trials - wrong if wrong <= trials else None


def similarity_power(trials: int, p1: float = 0.75, alpha: float = 0.05, chance: float = 0.5) -> float:
    """The chance that `similarity_test` shows what it is to show, if the listener guesses.

    Arguments as of `most_correct_for_similarity`.

    Returns:
        The power (0–1).

    Raises:
        ValueError: A number is not in its range.
    """
    most = most_correct_for_similarity(trials, p1, alpha, chance)
    return 0.0 if most is None else _at_most(most, trials, chance)


def _at_least(correct: int, trials: int, share: float) -> float:
    """The chance of so many right answers or more."""
    from scipy.special import betainc

    return float(betainc(correct, trials - correct + 1, share)) if correct else 1.0


def _at_most(correct: int, trials: int, share: float) -> float:
    """The chance of so many right answers or fewer."""
    return _at_least(trials - correct, trials, 1 - share)


def _fewest(trials: Floats, chance: float, alpha: float) -> Floats:
    """Per number of trials the fewest right answers that are enough; one more than there are trials where none is."""
    from scipy.special import betainc

    # Halving: `below` is never enough, `enough` always is.
    below, enough = np.zeros_like(trials), trials + 1
    while (wide := enough - below > 1).any():
        middle = np.where(wide, np.floor((below + enough) / 2), 1)
        found = betainc(middle, trials - middle + 1, chance) <= alpha
        below, enough = np.where(wide & ~found, middle, below), np.where(wide & found, middle, enough)
    return enough


def _powers(trials: Floats, share: float, chance: float, alpha: float) -> Floats:
    """`power` per number of trials."""
    from scipy.special import betainc

    fewest = _fewest(trials, chance, alpha)
    there = fewest <= trials
    at = np.where(there, fewest, 1)
    return np.asarray(np.where(there, betainc(at, trials - at + 1, share), 0.0))


def _check_trials(trials: int) -> None:
    if trials < 1 or trials != int(trials):
        raise ValueError(f"trials is a whole number from 1; given was {trials!r}")


def _check_count(correct: int, trials: int) -> None:
    _check_trials(trials)
    if not 0 <= correct <= trials or correct != int(correct):
        raise ValueError(f"correct is a whole number from 0 to trials ({trials}); given was {correct!r}")


def _check_share(name: str, share: float, *, ends: bool = False) -> None:
    if not (0 < share < 1 or (ends and share in {0, 1})):
        rule = "lies between 0 and 1" if ends else "lies above 0 and below 1"
        raise ValueError(f"{name} {rule}; given was {share!r}")


def _check_p1(p1: float, chance: float) -> None:
    _check_share("chance", chance)
    if not chance < p1 < 1:
        raise ValueError(f"p1 lies above chance ({chance:g}) and below 1; given was {p1!r}")
