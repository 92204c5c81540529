"""Frames of one voice moved so that they are distributed as another's: optimal transport between normal distributions.

Of all linear maps that take one distribution's mean and covariance to another's it is the one that moves frames least, so
words stay where they are. Each frame is moved together with what lies before and after it, so that also how a voice
changes in time becomes the other's.

Source: F. Pitié & A. Kokaram, The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer,
CVMP 2007.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import FloatArray

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Transport", "between"]

_SHRINK, _FEW = 0.1, 60
"""How far covariances between dimensions are drawn towards 0, at least, and below how many frames wholly: short recordings
do not tell them all."""
_LEAST = 1e-6
"""Variance below which a direction counts as empty, as a share of the mean."""


class Transport:
    """A map of frames, fitted to examples of both voices.

    Args:
        before: (n, d) consecutive frames of the voice that is moved.
        these: (n,) which of them count.
        after: (m, d) consecutive frames of the voice they are moved to.
        those: (m,) which of them count.
        reach: Frames between a frame and the ones before and after it that move with it; 0 moves each alone.
    """

    def __init__(
        self,
        before: FloatArray,
        these: npt.NDArray[np.bool_],
        after: FloatArray,
        those: npt.NDArray[np.bool_],
        reach: int = 0,
    ) -> None:
        self._reach = reach
        source, target = _with_neighbours(before, reach)[these], _with_neighbours(after, reach)[those]
        size = before.shape[1]
        middle = slice(size, 2 * size) if reach else slice(0, size)
        self._from, self.to = source.mean(0), target.mean(0)[middle]
        self._matrix = between(source, target)[middle]

    def moved(self, frames: FloatArray) -> FloatArray:
        """Consecutive frames, (n, d), in the other voice."""
        return np.asarray((_with_neighbours(frames, self._reach) - self._from) @ self._matrix.T + self.to)

    def corrected(self, made: FloatArray, wanted: FloatArray) -> None:
        """Take what was made of this map's frames, (n, d), and is not yet distributed as wanted, (m, d), into the map."""
        self._matrix = between(made, wanted) @ self._matrix
        self.to = self.to + wanted.mean(0) - made.mean(0)


def _with_neighbours(frames: FloatArray, reach: int) -> FloatArray:
    if not reach:
        return frames
    padded = np.pad(frames, ((reach, reach), (0, 0)), mode="edge")
    return np.concatenate([padded[: len(frames)], frames, padded[2 * reach :]], 1)


def between(source: FloatArray, target: FloatArray) -> FloatArray:
    """The matrix (d, d) that takes the covariance of the one's frames, (n, d), to that of the other's, (m, d)."""
    shrink = min(1.0, max(_SHRINK, _FEW / len(target)))
    one, other = _covariance(source, shrink), _covariance(target, shrink)
    root, inverse = _power(one, 0.5), _power(one, -0.5)
    return np.asarray(inverse @ _power(root @ other @ root, 0.5) @ inverse)


def _covariance(frames: FloatArray, shrink: float) -> FloatArray:
    found = np.cov(frames.T)
    return np.asarray((1 - shrink) * found + shrink * np.diag(np.diag(found)))


def _power(matrix: FloatArray, exponent: float) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, _LEAST * values.mean()) ** exponent) @ vectors.T)
