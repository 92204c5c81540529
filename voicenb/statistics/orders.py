"""In which order each listener hears the conditions, so that neither place nor predecessor favours one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from voicenb.statistics.votes import Codes

__all__ = ["LARGEST_SQUARE", "orders", "williams"]

LARGEST_SQUARE = 12
"""More conditions than this are dealt out at random within bounds: few tests have listeners for all rows of a square."""


def williams(t: int) -> Codes:
    """A Williams design: each condition in each place equally often, and after each other one equally often.

    Args:
        t: The number of conditions, 1 at least.

    Returns:
        One order a row, conditions from 0: t rows, in which each ordered pair is neighbours once, for an even `t`; 2t rows
        and twice for an odd one.

    Raises:
        ValueError: `t` is no whole number from 1.

    Source: Williams, Australian J. of Scientific Research A 2, 1949.
    """
    _check(t=t)
    first = np.zeros(t, dtype=np.int64)
    first[1::2] = np.arange(1, t // 2 + 1)
    first[2::2] = t - np.arange(1, (t + 1) // 2)
    square = (first + np.arange(t)[:, None]) % t
    return np.concatenate([square, square[:, ::-1]]) if t % 2 and t > 1 else square


def orders(t: int, listeners: int, seed: int = 0) -> Codes:
    """An order for each listener.

    Up to 12 conditions the rows of `williams` are dealt out, each as often as another or once more. Above, the rows come
    from squares whose conditions are drawn anew, two rows at a time that put the same conditions early and late:

    - no condition is among the first half of an order more than once more often than among the second, for an even `t`;
      for an odd one, where the middle place is neither, the difference is 1 at most beyond the times it was in the middle;
    - no condition directly follows another one more than once in each t listeners for an even `t`, which is as rarely as
      can be, and more than twice in each t + 1 for an odd one.

    Args:
        t: The number of conditions, 1 at least.
        listeners: How many orders are needed, 1 at least.
        seed: Another seed gives other orders; the same gives the same.

    Returns:
        Conditions from 0, shape ``(listeners, t)``.

    Raises:
        ValueError: A number is no whole number from 1.
    """
    _check(t=t, listeners=listeners)
    random = np.random.default_rng(seed)
    rows: list[npt.NDArray[np.int64]] = []
    while sum(map(len, rows)) < listeners:
        if t <= LARGEST_SQUARE:
            rows.append(random.permutation(williams(t)))
        else:
            rows.append(_drawn(t, random))
    return np.concatenate(rows)[:listeners]


def _drawn(t: int, random: np.random.Generator) -> Codes:
    """The rows of a square with its conditions drawn anew, in twos that are half a turn apart."""
    size = t + t % 2
    square = williams(size)
    half = size // 2
    # Half a turn puts into the first half what was in the second.
    twos = np.stack([square[:half], square[half:]], axis=1)[random.permutation(half)]
    dealt = random.permutation(size)[twos.reshape(size, size)]
    # An odd number has a place more, whose condition is left out.
    return dealt[dealt < t].reshape(size, t)


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1 or number != int(number):
            raise ValueError(f"{name} is a whole number from 1; given was {number!r}")
