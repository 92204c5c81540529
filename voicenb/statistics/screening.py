"""Which listeners of a MUSHRA test are left out after it, and why."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from voicenb.statistics.blocks import Floats
from voicenb.statistics.votes import Codes, coded, scored

__all__ = ["Exclusion", "Rule", "screen"]

Rule = Literal["bs1534", "mpeg"]

_Marks: TypeAlias = npt.NDArray[np.bool_]

_NEARLY_FULL = 90
# Shares of a hundred, so that 3 of 20 are exactly 15 %.
_ITEMS_ALLOWED = 15
_ASSESSORS_ALLOWED = 25


@dataclass(frozen=True)
class Exclusion:
    """Why a listener is left out; one who breaks two rules has two of them.

    Attributes:
        listener: Who it is.
        rule: ``"reference"``: the hidden reference rated below 90 too often. ``"mid anchor"``: the mid-range anchor rated
            above 90 too often. ``"order"``: on some item not reference ≥ mid-range anchor ≥ low-range anchor.
        count: The number of items on which that happened.
        items: The number of items that counted for this listener.
        reason: The same as a sentence.
    """

    listener: Hashable
    rule: Literal["reference", "mid anchor", "order"]
    count: int
    items: int
    reason: str


def screen(
    ratings: Iterable[tuple[Hashable, Hashable, Hashable, float]],
    rule: Rule = "bs1534",
    *,
    reference: Hashable = "reference",
    mid: Hashable | None = "mid",
    low: Hashable | None = "low",
) -> list[Exclusion]:
    """The listeners to be left out by a rule that was fixed before the test, in ascending order.

    Args:
        ratings: Rows of listener, item, condition and rating from 0 to 100; an item is heard once by a listener.
        rule: ``"bs1534"``: who rates the hidden reference below 90 on more than 15 % of the items, or the mid-range anchor
            above 90 on more than 15 %; items whose mid-range anchor is rated above 90 by more than 25 % of the listeners do
            not count for the second. ``"mpeg"``: these, and who does not rate reference ≥ mid-range anchor ≥ low-range
            anchor on each item, as verification tests of MPEG have it.
        reference: The name of the hidden reference among the conditions.
        mid: That of the mid-range (7 kHz) anchor; None where the test has none, which ``"mpeg"`` does not allow.
        low: That of the low-range (3.5 kHz) anchor, which ``"mpeg"`` alone asks for.

    Returns:
        The exclusions; the ratings themselves are left as they are.

    Raises:
        ValueError: There is no rating, one is not from 0 to 100, a condition that the rule needs was not rated, an item was
            rated twice, or the rule is unknown.

    Source: ITU-R BS.1534-3, 2015, section 4.1.2.
    """
    if rule not in {"bs1534", "mpeg"}:
        raise ValueError(f'rule is "bs1534" or "mpeg"; given was {rule!r}')
    rows = list(ratings)
    if not rows:
        raise ValueError("ratings is empty; rows of (listener, item, condition, rating) are needed")
    columns = [[row[at] for row in rows] for at in range(3)]
    listeners, listener = coded("ratings", columns[0])
    items, item = coded("ratings", columns[1])
    names, condition = coded("ratings", columns[2])
    values = scored("ratings", [row[3] for row in rows], len(rows))
    if ((values < 0) | (values > 100)).any():
        raise ValueError(f"ratings lie between 0 and 100; given were {values.min():g} to {values.max():g}")
    cell = np.stack([listener, item, condition])
    if len(np.unique(cell, axis=1).T) < len(rows):
        raise ValueError("ratings has an item twice for a listener; name each time that it is heard an item of its own")

    def rated(name: str, given: Hashable) -> Floats:
        if given not in names:
            raise ValueError(f"{name} is one of the conditions that were rated, {list(names)}; given was {given!r}")
        rows_of = condition == names.index(given)
        return _table(listener[rows_of], item[rows_of], values[rows_of], (len(listeners), len(items)))

    found: list[Exclusion] = []
    top = rated("reference", reference)
    found += _too_often(listeners, "reference", top < _NEARLY_FULL, ~np.isnan(top), "the hidden reference below 90")
    if rule == "mpeg" or mid is not None:
        anchor = rated("mid", mid)
        there, above = ~np.isnan(anchor), anchor > _NEARLY_FULL
        # Where many hear no difference, the item is not impaired by the anchor.
        there &= 100 * above.sum(axis=0) <= _ASSESSORS_ALLOWED * there.sum(axis=0)
        found += _too_often(listeners, "mid anchor", above & there, there, "the mid-range anchor above 90")
        if rule == "mpeg":
            bottom = rated("low", low)
            found += _out_of_order(listeners, top, anchor, bottom)
    return sorted(found, key=lambda one: listeners.index(one.listener))


def _table(listener: Codes, item: Codes, values: Floats, shape: tuple[int, int]) -> Floats:
    """One condition's ratings by listener and item; NaN where there is none."""
    table = np.full(shape, np.nan)
    table[listener, item] = values
    return table


def _too_often(
    listeners: tuple[Hashable, ...], rule: Literal["reference", "mid anchor"], wrong: _Marks, there: _Marks, what: str
) -> list[Exclusion]:
    """Who did what on more than 15 % of the items that count."""
    counts, items = wrong.sum(axis=1), there.sum(axis=1)
    return [
        Exclusion(
            listeners[at],
            rule,
            int(counts[at]),
            int(items[at]),
            f"Rated {what} on {counts[at]} of {items[at]} items; {_ITEMS_ALLOWED} % are allowed.",
        )
        for at in np.flatnonzero(100 * counts > _ITEMS_ALLOWED * items)
    ]


def _out_of_order(listeners: tuple[Hashable, ...], top: Floats, anchor: Floats, bottom: Floats) -> list[Exclusion]:
    """Who did not rate reference, mid-range and low-range anchor in this order; equal ratings are in order."""
    wrong = (top < anchor) | (anchor < bottom) | (top < bottom)
    rated = (~np.isnan(np.stack([top, anchor, bottom]))).sum(axis=0)
    items = (rated >= 2).sum(axis=1)
    counts = wrong.sum(axis=1)
    return [
        Exclusion(
            listeners[at],
            "order",
            int(counts[at]),
            int(items[at]),
            "Did not rate the hidden reference at least as high as the mid-range anchor, and that as the low-range anchor,"
            f" on {counts[at]} of {items[at]} items; none is allowed.",
        )
        for at in np.flatnonzero(counts)
    ]
