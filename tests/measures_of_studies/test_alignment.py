"""Dynamic time warping, against the plain algorithm and by its properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from voicenb.measures import alignment
from voicenb.measures.alignment import align

sequences = st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(0, 10_000))


def drawn(sizes):
    n, m, seed = sizes
    chance = np.random.default_rng(seed)
    return chance.normal(0, 1, (n, 2)), chance.normal(0, 1, (m, 2))


def cost(a, b, path):
    return float(np.linalg.norm(a[path[:, 0]] - b[path[:, 1]], axis=1).sum())


def plain_cost(a, b):
    """The textbook's double loop, without a band."""
    total = np.full((len(a) + 1, len(b) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            best = min(total[i, j], total[i, j + 1], total[i + 1, j])
            total[i + 1, j + 1] = np.linalg.norm(a[i] - b[j]) + best
    return float(total[-1, -1])


@given(sequences)
@settings(max_examples=60, deadline=None)
def test_path_is_the_cheapest(sizes):
    """Short sequences lie whole within the band, and the path costs what the plain algorithm finds."""
    a, b = drawn(sizes)
    assert cost(a, b, align(a, b)) == pytest.approx(plain_cost(a, b), rel=1e-9)


@given(sequences)
@settings(max_examples=60, deadline=None)
def test_path_is_whole_monotonous_and_symmetric(sizes):
    a, b = drawn(sizes)
    path = align(a, b)
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [len(a) - 1, len(b) - 1]
    steps = np.diff(path, axis=0)
    assert ((steps >= 0) & (steps <= 1)).all()
    assert (steps.sum(axis=1) > 0).all()
    assert (align(b, a)[:, ::-1] == path).all()


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_path_stays_in_its_band_whatever_the_lengths(n, m, radius):
    """Very different lengths and narrow bands still have a way through."""
    kept = alignment._LEAST_BAND
    alignment._LEAST_BAND = radius
    try:
        chance = np.random.default_rng(n * m)
        path = align(chance.normal(0, 1, (n, 1)), chance.normal(0, 1, (m, 1)), band=0.0)
    finally:
        alignment._LEAST_BAND = kept
    if n > m:
        n, m, path = m, n, path[:, ::-1]
    away = path[:, 1] - path[:, 0] * ((m - 1) / max(1, n - 1))
    # The least reach that has a way through is a step to either side.
    assert np.abs(away).max() <= max(radius * 1.5, 2 * (n + m) / n) + 2
    assert path[-1].tolist() == [n - 1, m - 1]


def test_memory_is_bounded(monkeypatch):
    """Where a fifth of the length would take too much, the band is narrower, and the steps take what is allowed."""
    monkeypatch.setattr(alignment, "_MOST_CELLS", 400_000)
    made = []
    zeros = np.zeros

    def counted(shape, dtype=float):
        made.append(np.prod(shape))
        return zeros(shape, dtype=dtype)

    monkeypatch.setattr(np, "zeros", counted)
    a = np.random.default_rng(1).normal(0, 1, (1500, 3))
    b = np.repeat(a[::3], 3, axis=0)
    assert len(align(a, b)) >= 1500
    assert max(made) <= 1.1 * 400_000


def test_stretched_sequence_is_found():
    """Each frame twice: every frame meets itself, at no cost."""
    a = np.cumsum(np.random.default_rng(2).normal(0, 1, (200, 4)), axis=0)
    path = align(a, np.repeat(a, 2, axis=0))
    assert (path[:, 0] == path[:, 1] // 2).all()


def test_nothing_has_no_path():
    assert align(np.zeros((0, 3)), np.zeros((4, 3))).shape == (0, 2)
    assert align(np.zeros((4, 3)), np.zeros((0, 3))).shape == (0, 2)
    assert align(np.zeros((1, 3)), np.zeros((1, 3))).tolist() == [[0, 0]]
