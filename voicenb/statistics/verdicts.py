"""What a study may say of one effect: it changes, it does not change, or it cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from voicenb.statistics.blocks import alpha_of, bounds, finite_values
from voicenb.statistics.contrasts import Contrast
from voicenb.statistics.equivalence import Margin, blocks_needed, blocks_to_detect, tost

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Decision", "Verdict", "verdict"]

_POWER = 0.8


class Verdict(StrEnum):
    """The three words. "Not significant" is none of them: it is either "no change" or "cannot tell"."""

    CHANGES = "changes"
    NO_CHANGE = "no change"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Decision:
    """A verdict and what it rests on.

    Attributes:
        verdict: One of the three words.
        within_margin: The effect is shown to be smaller than the margin. With "changes" this says: there is a
            difference, and it is too small to matter.
        p_equivalence: The p-value of the two one-sided tests, which `within_margin` rests on; None without a margin.
        blocks_to_decide: With "cannot tell" the number of blocks in all (those that are there included) at which the
            verdict would fall with a chance of 80 %: for a margin, whether nothing changes or the change is as large as
            the margin; without one, if the change is as large as it was estimated. 100,000 stands for that many or more.
            None with another verdict, or where nothing is known to reckon it from.
    """

    verdict: Verdict
    within_margin: bool
    p_equivalence: float | None
    blocks_to_decide: int | None


def verdict(
    contrast: Contrast,
    p_adjusted: float,
    margin: Margin | None,
    differences: npt.ArrayLike,
    *,
    family: int = 1,
) -> Decision:
    """What may be said of a contrast, at its own level.

    "changes" where the adjusted p-value is below 1 − level; else "no change" where the p-value of `tost` is, which takes a
    margin; else "cannot tell". The equivalence test is the t form, whichever way the interval was made.

    Args:
        contrast: The contrast of these differences.
        p_adjusted: Its p-value, adjusted for the other questions asked with it; NaN where it could not be asked.
        margin: The smallest difference that matters, in the unit of the differences: a number above 0, or
            ``(low, high)`` with 0 between them; None where none is known.
        differences: As given to `contrast`, shape ``(blocks,)``.
        family: The number of questions that the p-value was adjusted for. `blocks_to_decide` is reckoned for the
            strictest of them, so that it does not promise too much.

    Raises:
        ValueError: The differences are not those of the contrast, or the margin or the family is none.
    """
    alpha = alpha_of(contrast.level)
    values, _ = finite_values(differences)
    if len(values) != contrast.blocks:
        raise ValueError(f"the contrast has {contrast.blocks} blocks, and {len(values)} differences were given")
    if family < 1:
        raise ValueError(f"a family has one question at least; given was {family!r}")
    if margin is not None:
        bounds(margin, around_zero=True)
    equivalence = None if margin is None else tost(values, margin)
    within = equivalence is not None and equivalence < alpha
    if p_adjusted < alpha:
        return Decision(Verdict.CHANGES, within, equivalence, None)
    if within:
        return Decision(Verdict.NO_CHANGE, within, equivalence, None)
    return Decision(Verdict.CANNOT_TELL, within, equivalence, _blocks_to_decide(contrast, margin, alpha, family))


def _blocks_to_decide(contrast: Contrast, margin: Margin | None, alpha: float, family: int) -> int | None:
    """See `Decision.blocks_to_decide`."""
    if contrast.blocks < 2:
        return None
    strict = 1 - alpha / family
    if margin is None:
        # An estimate of exactly 0 says nothing of how large the change may be.
        return (
            blocks_to_detect(contrast.sd, contrast.estimate, level=strict, power=_POWER) if contrast.estimate else None
        )
    low, high = bounds(margin, around_zero=True)
    return max(
        blocks_needed(contrast.sd, margin, level=contrast.level, power=_POWER),
        blocks_to_detect(contrast.sd, min(-low, high), level=strict, power=_POWER),
    )
