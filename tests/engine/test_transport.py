"""The map between distributions does what its source says it does."""

from __future__ import annotations

import numpy as np
import pytest

from voicenb.sandbox.engine.timbre.transport import Transport, between


def normal(count: int, size: int, seed: int) -> np.ndarray:
    """Frames whose dimensions depend on each other."""
    dice = np.random.default_rng(seed)
    return dice.normal(size=(count, size)) @ dice.normal(size=(size, size)) + dice.normal(size=size)


def test_moved_frames_are_distributed_as_the_others():
    """Mean and covariance become the target's, but for what is drawn towards 0."""
    source, target = normal(4000, 6, 0), normal(3000, 6, 1)
    every = [np.ones(len(frames), bool) for frames in (source, target)]
    moved = Transport(source, every[0], target, every[1]).moved(source)
    assert np.allclose(moved.mean(0), target.mean(0))
    assert np.allclose(np.cov(moved.T), np.cov(target.T), atol=0.15 * np.cov(target.T).max())


def test_map_moves_frames_least():
    """It is symmetric and positive, which only the map of least movement is; between equals it does nothing."""
    matrix = between(normal(4000, 6, 0), normal(3000, 6, 1))
    assert np.allclose(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > 0
    assert np.allclose(between(normal(500, 6, 0), normal(500, 6, 0)), np.eye(6))


def test_neighbours_decide_how_fast_a_voice_changes():
    """A slow voice moved to a fast one changes faster than by a map of single frames."""
    dice = np.random.default_rng(0)
    fast = dice.normal(size=(4000, 2))
    slow = np.apply_along_axis(np.convolve, 0, dice.normal(size=(4000, 2)), np.ones(5) / np.sqrt(5), "same")
    every = np.ones(4000, bool)

    def pace(reach: int) -> float:
        moved = Transport(slow, every, fast, every, reach).moved(slow)
        return float(np.diff(moved, axis=0).std())

    assert pace(2) > 1.1 * pace(0)


@pytest.mark.parametrize("count", [2, 40])
def test_few_frames_give_a_map_nevertheless(count):
    """Fewer frames than dimensions give finite frames of the target's mean."""
    source, target = normal(2000, 31, 0), normal(count, 31, 1)
    moved = Transport(source, np.ones(2000, bool), target, np.ones(count, bool), 4).moved(source)
    assert np.isfinite(moved).all()
    assert np.allclose(moved.mean(0), target.mean(0), atol=0.1 * np.abs(target).max())
