"""How levels are put together: all of them, a table of some, and one crossed with the other."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Crossed", "Grid", "Layout", "Table", "balanced_sample", "latin_square"]


_ATTEMPTS = 5
_ROUNDS = 200


@dataclass(frozen=True)
class Grid:
    """All combinations of levels, the last factor's changing fastest.

    Attributes:
        counts: How many levels each factor has.
    """

    counts: tuple[int, ...]

    def __len__(self) -> int:
        return math.prod(self.counts)

    def indices(self, row: int) -> tuple[int, ...]:
        """The levels of one combination."""
        found = []
        for count in reversed(self.counts):
            row, index = divmod(row, count)
            found.append(index)
        return tuple(reversed(found))

    def row(self, indices: Sequence[int]) -> int:
        """The combination of these levels."""
        row = 0
        for count, index in zip(self.counts, indices, strict=True):
            row = row * count + index
        return row

    def column(self, position: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The levels of one factor in many combinations."""
        return rows // math.prod(self.counts[position + 1 :]) % self.counts[position]


class Table:
    """Some combinations, row by row.

    Args:
        rows: Levels of shape ``(combinations, factors)``.
    """

    def __init__(self, rows: NDArray[np.uint16]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def indices(self, row: int) -> tuple[int, ...]:
        """The levels of one combination."""
        return tuple(map(int, self.rows[row]))

    @cached_property
    def _places(self) -> dict[tuple[int, ...], int]:
        return {tuple(levels): row for row, levels in enumerate(self.rows.tolist())}

    def row(self, indices: Sequence[int]) -> int | None:
        """The combination of these levels; None where it is not among them."""
        return self._places.get(tuple(indices))

    def column(self, position: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The levels of one factor in many combinations."""
        found: NDArray[np.int64] = self.rows[rows, position].astype(np.int64)
        return found


class Crossed:
    """Every combination of an outer grid with every one of an inner layout; the outer one's factors come first."""

    def __init__(self, outer: Grid, inner: Grid | Table) -> None:
        self._outer = outer
        self._inner = inner
        self.inner = len(inner)
        self._split = len(outer.counts)

    def __len__(self) -> int:
        return len(self._outer) * self.inner

    def indices(self, outer: int, inner: int) -> tuple[int, ...]:
        """The levels of the combination `inner` in the block `outer`."""
        return self._outer.indices(outer) + self._inner.indices(inner)

    def place(self, indices: Sequence[int]) -> tuple[int, int] | None:
        """The block and the combination in it that have these levels; None where there is none."""
        inner = self._inner.row(indices[self._split :])
        return None if inner is None else (self._outer.row(indices[: self._split]), inner)

    def column(self, position: int, outer: NDArray[np.int64], inner: NDArray[np.int64]) -> NDArray[np.int64]:
        """The levels of one factor in many combinations."""
        if position < self._split:
            return self._outer.column(position, outer)
        return self._inner.column(position - self._split, inner)


Layout = Crossed


def latin_square(counts: Sequence[int], many: Sequence[int], seed: int) -> NDArray[np.uint16]:
    """A Latin square over the three factors `many`, of which each has the same number of levels n; shape ``(n², factors)``.

    The cyclic square, with its rows, columns and symbols in a random order: each two levels of two factors stand together once.
    """
    size = counts[many[0]]
    chance = np.random.default_rng(seed)
    first, second = np.divmod(np.arange(size * size), size)
    rows = np.zeros((size * size, len(counts)), dtype=np.uint16)
    for position, levels in zip(many, (first, second, (first + second) % size), strict=True):
        rows[:, position] = chance.permutation(size)[levels]
    return rows


def balanced_sample(counts: Sequence[int], size: int, seed: int) -> NDArray[np.uint16]:
    """`size` different combinations in which levels and pairs of levels are even; shape ``(size, factors)``.

    The counts of a factor's levels differ by at most 1, those of the pairs of two factors by at most 2. More than half of all
    combinations are what a balanced choice of the others leaves, for in the whole grid everything is even.

    Raises:
        ValueError: No such choice was found.
    """
    total = math.prod(counts)
    if size * 2 > total:
        left_out = (
            {tuple(row) for row in balanced_sample(counts, total - size, seed).tolist()} if size < total else set()
        )
        rows = np.stack(np.unravel_index(np.arange(total), (*counts, 1)), axis=1)[:, : len(counts)]
        return np.asarray([row for row in rows.tolist() if tuple(row) not in left_out], dtype=np.uint16)
    for attempt in range(_ATTEMPTS):
        choice = _Choice(counts, size, random.Random(f"{seed} {attempt}"))  # noqa: S311 - a design
        if choice.improve():
            return np.asarray(choice.rows, dtype=np.uint16).reshape(size, len(counts))
    raise ValueError(f"no {size} of {total} combinations were found in which pairs of levels are even")


class _Choice:
    """Rows whose levels are even in each factor, and which exchanges of levels between two rows make even in all pairs.

    An exchange leaves a factor's counts as they are; it is made where it lowers the sum of the squared counts of pairs, or the
    number of rows that are there twice.
    """

    def __init__(self, counts: Sequence[int], size: int, chance: random.Random) -> None:
        self.counts, self._chance = counts, chance
        columns = []
        for count in counts:
            # The levels that are there once more than the others are drawn, too.
            names = chance.sample(range(count), count)
            column = [names[row % count] for row in range(size)]
            chance.shuffle(column)
            columns.append(column)
        self.rows = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(size)]
        self._copies = Counter(map(tuple, self.rows))
        self._pairs = {
            (a, b): [[0] * counts[b] for _ in range(counts[a])] for a, b in permutations(range(len(counts)), 2)
        }
        for row in self.rows:
            for (a, b), table in self._pairs.items():
                table[row[a]][row[b]] += 1

    def improve(self) -> bool:
        """Exchanges levels until pairs are even and no row is there twice; whether that was reached."""
        movable = [position for position, count in enumerate(self.counts) if count > 1]
        size = len(self.rows)
        for _ in range(_ROUNDS):
            if self._even():
                return True
            for _ in range(size * max(1, len(movable))):
                self._try(self._chance.randrange(size), self._chance.randrange(size), self._chance.choice(movable))
        return self._even()

    def _even(self) -> bool:
        if len(self._copies) < len(self.rows):
            return False
        return all(max(map(max, table)) - min(map(min, table)) <= 2 for (a, b), table in self._pairs.items() if a < b)

    def _try(self, first: int, second: int, b: int) -> None:
        one, other = self.rows[first], self.rows[second]
        x, y = one[b], other[b]
        if x == y:
            return
        change = 0
        for a in range(len(self.counts)):
            if a != b and one[a] != other[a]:
                mine, theirs = self._pairs[a, b][one[a]], self._pairs[a, b][other[a]]
                change += 4 + 2 * (mine[y] + theirs[x] - mine[x] - theirs[y])
        before = (tuple(one), tuple(other))
        after = ((*one[:b], y, *one[b + 1 :]), (*other[:b], x, *other[b + 1 :]))
        copies = self._copies
        doubled = sum(copies[row] > 1 for row in before)
        doubles = sum(copies[row] > 0 for row in after) + (after[0] == after[1])
        if doubles > doubled or (doubles == doubled and change > 0):
            return
        for row in before:
            copies[row] -= 1
            if not copies[row]:
                del copies[row]
        copies.update(after)
        for levels, old, new in ((one, x, y), (other, y, x)):
            for a in range(len(self.counts)):
                if a != b:
                    self._pairs[a, b][levels[a]][old] -= 1
                    self._pairs[a, b][levels[a]][new] += 1
                    self._pairs[b, a][old][levels[a]] -= 1
                    self._pairs[b, a][new][levels[a]] += 1
            levels[b] = new
