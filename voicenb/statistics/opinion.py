"""Mean opinions whose interval holds for other listeners and other clips.

Votes of one listener, and votes for one clip, are alike. An interval that takes them as independent holds the true mean
in half of all tests rather than in 95 of 100.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from voicenb.statistics.blocks import Floats, alpha_of
from voicenb.statistics.crossed import crossed_mean
from voicenb.statistics.votes import Codes, coded, means_by, scored

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["MeanOpinion", "OpinionDifference", "mean_opinion", "opinion_difference"]


@dataclass(frozen=True)
class MeanOpinion:
    """A mean over listeners and clips, both taken as drawn at random. Variances are in the score's unit squared.

    Attributes:
        mean: The mean of the votes.
        low: The lower end of its interval; NaN with fewer than two listeners or two clips. Where all votes are equal, the
            interval has no width, and says nothing of other listeners.
        high: The upper end.
        level: The interval's level (0–1).
        se: The standard error of the mean; NaN where the interval is.
        df: Satterthwaite's degrees of freedom, no whole number as a rule; NaN where the interval is.
        listener: The variance from listener to listener; NaN where it cannot be told from the rest, as with one vote each.
        clip: The variance from clip to clip; NaN as before.
        residual: The variance of what is left: the listener's taste in just this clip, and chance.
        truncated: The names of variances that were estimated below 0 and are given as 0.
        listeners: The number of listeners.
        clips: The number of clips.
        votes: The number of votes; several of a listener for one clip count as their mean.
    """

    mean: float
    low: float
    high: float
    level: float
    se: float
    df: float
    listener: float
    clip: float
    residual: float
    truncated: tuple[str, ...]
    listeners: int
    clips: int
    votes: int


def mean_opinion(
    listeners: npt.ArrayLike, clips: npt.ArrayLike, scores: npt.ArrayLike, level: float = 0.95
) -> MeanOpinion:
    """The mean of opinion scores (as ACR or CMOS) and its interval, from a crossing of listeners and clips.

    Not every listener need have heard every clip; which did is taken to be left to chance.

    Args:
        listeners: Who voted, one name a vote, shape ``(votes,)``.
        clips: For what, one name a vote.
        scores: The votes as numbers.
        level: The interval's level (0–1).

    Raises:
        ValueError: Shapes do not match, there is no vote, a score is not finite, or the level is none.

    Source: Camp, Kenter, Finkelstein & Clark, Interspeech 2023, for the two kinds of chance; Henderson, Biometrics 9,
        1953, method 1, for the variances of incomplete crossings (mean squares where it is complete); Satterthwaite,
        Biometrics Bulletin 2, 1946, and Searle, Casella & McCulloch, Variance Components, 1992, section 5.3, for the degrees
        of freedom.
    """
    alpha = alpha_of(level)
    people, listener = coded("listeners", listeners)
    sounds, clip = coded("clips", clips, len(listener))
    values = scored("scores", scores, len(listener))
    listener, clip, once = _once_each(listener, clip, values, len(sounds))
    found = crossed_mean(listener, clip, once)
    low, high = _ends(found.mean, found.se, found.df, alpha)
    names = tuple(
        name for name, below in zip(("listener", "clip"), (found.first_below, found.second_below), strict=True) if below
    )
    return MeanOpinion(
        found.mean,
        low,
        high,
        level,
        found.se,
        found.df,
        found.first,
        found.second,
        found.residual,
        names,
        len(people),
        len(sounds),
        len(values),
    )


@dataclass(frozen=True)
class OpinionDifference:
    """The mean difference of two systems within listeners and clips.

    Attributes:
        difference: The mean of `a` minus that of `b`, over pairs.
        low: The lower end of its interval; NaN with fewer than two listeners or two clips.
        high: The upper end.
        level: The interval's level (0–1).
        se: The standard error of the difference.
        df: Satterthwaite's degrees of freedom.
        p: Two-sided p-value (0–1) of "no difference on average"; not adjusted for other systems. NaN as the interval.
        listeners: The number of listeners with a pair.
        clips: The number of clips with a pair.
        pairs: The number of pairs: a listener's scores for the same clip of both systems.
        unmatched: The number of votes for either system without a partner, which did not count.
    """

    difference: float
    low: float
    high: float
    level: float
    se: float
    df: float
    p: float
    listeners: int
    clips: int
    pairs: int
    unmatched: int


def opinion_difference(
    listeners: npt.ArrayLike,
    clips: npt.ArrayLike,
    systems: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    a: Hashable,
    b: Hashable,
    level: float = 0.95,
) -> OpinionDifference:
    """Whether one system is rated above another by the same listeners for the same clips.

    Only pairs count, so that neither easy texts nor kind listeners are on one side. The difference is then a mean
    opinion, with a variance from listener to listener and from clip to clip.

    Args:
        listeners: Who voted, one name a vote, shape ``(votes,)``.
        clips: What was said, one name a vote: the same name for the same text of both systems.
        systems: Which system it was, one name a vote.
        scores: The votes as numbers.
        a: The name of one system.
        b: That of the other.
        level: The interval's level (0–1).

    Raises:
        ValueError: As of `mean_opinion`; or `a` or `b` has no vote, both are one, or no listener heard both with one clip.

    Source: As of `mean_opinion`.
    """
    alpha = alpha_of(level)
    listener = coded("listeners", listeners)[1]
    sounds, clip = coded("clips", clips, len(listener))
    names, system = coded("systems", systems, len(listener))
    values = scored("scores", scores, len(listener))
    for name, given in (("a", a), ("b", b)):
        if given not in names:
            raise ValueError(f"{name} is one of {list(names)}; given was {given!r}")
    if a == b:
        raise ValueError(f"a and b are two different systems; given was {a!r} twice")
    sides = []
    for given in (a, b):
        rows = system == names.index(given)
        who, what, once = _once_each(listener[rows], clip[rows], values[rows], len(sounds))
        sides.append((who * len(sounds) + what, once))
    cells, of_a, of_b = np.intersect1d(sides[0][0], sides[1][0], assume_unique=True, return_indices=True)
    if not len(cells):
        raise ValueError(f"no listener has votes for {a!r} and {b!r} with one clip; clips names what both systems said")
    voted = np.isin(system, [names.index(given) for given in (a, b)])
    matched = voted & np.isin(listener * len(sounds) + clip, cells)
    who = np.unique(cells // len(sounds), return_inverse=True)[1].reshape(-1)
    what = np.unique(cells % len(sounds), return_inverse=True)[1].reshape(-1)
    found = crossed_mean(who, what, sides[0][1][of_a] - sides[1][1][of_b])
    low, high = _ends(found.mean, found.se, found.df, alpha)
    return OpinionDifference(
        found.mean,
        low,
        high,
        level,
        found.se,
        found.df,
        _two_sided(found.mean, found.se, found.df),
        int(who.max()) + 1,
        int(what.max()) + 1,
        len(cells),
        int(voted.sum() - matched.sum()),
    )


def _once_each(listener: Codes, clip: Codes, values: Floats, clips: int) -> tuple[Codes, Codes, Floats]:
    """One score per listener and clip: the mean of those that are there."""
    cells, at = np.unique(listener * clips + clip, return_inverse=True)
    return cells // clips, cells % clips, means_by(at.reshape(-1), values, len(cells))


def _ends(mean: float, se: float, df: float, alpha: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    if not se > 0:
        return mean - se, mean + se
    reach = float(stdtrit(df, 1 - alpha / 2)) * se
    return mean - reach, mean + reach


def _two_sided(mean: float, se: float, df: float) -> float:
    from scipy.special import stdtr

    if np.isnan(se):
        return nan
    ratio = abs(mean) / se if se else (inf if mean else 0.0)
    return 2 * float(stdtr(df, -ratio)) if np.isfinite(ratio) else 0.0
