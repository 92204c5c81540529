"""Dynamic time warping: which moments of two utterances of the same text belong together."""

from __future__ import annotations

from math import inf

import numpy as np
import numpy.typing as npt

__all__ = ["align"]

_BAND = 0.2
_LEAST_BAND = 50
# Bytes for the steps; an utterance of ten minutes against another stays within it, in a band of some 5 s.
_MOST_CELLS = 64_000_000
_DIAGONAL, _FIRST, _SECOND = 0, 1, 2


def align(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], *, band: float = _BAND) -> npt.NDArray[np.int64]:
    """The cheapest monotonous path through two sequences, by the Euclidean distance of their frames.

    Steps go one frame on in either sequence or in both, each at the cost of the frame that it reaches. The path stays in a
    Sakoe–Chiba band around the line from the first pair to the last, which bounds memory at 64 MB whatever the lengths.

    Args:
        a: Shape ``(n, d)``.
        b: Shape ``(m, d)``.
        band: Half the band's height as a share of the longer sequence; never less than 50 frames, and less than asked for only
            where the memory would not do.

    Returns:
        The pairs of indices from ``(0, 0)`` to ``(n − 1, m − 1)``, shape ``(k, 2)``; without frames in either, shape ``(0, 2)``.
        ``align(b, a)`` gives the same pairs the other way round.

    Source: H. Sakoe and S. Chiba, "Dynamic programming algorithm optimization for spoken word recognition", IEEE Trans.
    Acoustics, Speech and Signal Processing 26 (1978), 43–49.
    """
    if not len(a) or not len(b):
        return np.zeros((0, 2), dtype=np.int64)
    # Ties are broken in one way only, so that the order of the two does not matter.
    if (len(a), a.tobytes()) > (len(b), b.tobytes()):
        return align(b, a, band=band)[:, ::-1]
    n, m = len(a), len(b)
    most = max(_LEAST_BAND, _MOST_CELLS // (n + m))
    radius = min(max(_LEAST_BAND, round(band * m)), most)
    # Along a line of constant i + j every cell depends on the two lines before alone, so that a line is one operation.
    lows, highs = _band_edges(n, m, radius)
    steps = np.zeros((n + m - 1, int((highs - lows).max()) + 1), dtype=np.uint8)
    # Costs are kept at i + 1, with a border on either side that cannot be entered.
    before, last, current = (np.full(n + 2, inf) for _ in range(3))
    last[1] = float(np.linalg.norm(a[0] - b[0]))
    for line in range(1, n + m - 1):
        low, high = int(lows[line]), int(highs[line])
        here = np.arange(low, high + 1)
        cost = np.sqrt(np.square(a[low : high + 1] - b[line - here]).sum(axis=1))
        diagonal, first, second = before[low : high + 1], last[low : high + 1], last[low + 1 : high + 2]
        step = np.where(first < second, _FIRST, _SECOND).astype(np.uint8)
        cheapest = np.minimum(first, second)
        step[diagonal <= cheapest] = _DIAGONAL
        steps[line, : high - low + 1] = step
        current[low + 1 : high + 2] = cost + np.minimum(diagonal, cheapest)
        # The band only moves on, by a cell a line at most: what lies beyond its two borders is not looked at again.
        current[low] = current[high + 2] = inf
        before, last, current = last, current, before
    i, j = n - 1, m - 1
    pairs = [(i, j)]
    while i or j:
        step_here = int(steps[i + j, i - lows[i + j]])
        i -= step_here != _SECOND
        j -= step_here != _FIRST
        pairs.append((i, j))
    return np.array(pairs[::-1], dtype=np.int64)


def _band_edges(n: int, m: int, radius: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The first and the last index into the shorter sequence on each line ``i + j``, within `radius` of the straight way."""
    line = np.arange(n + m - 1)
    middle = line * ((n - 1) / max(1, n + m - 2))
    # In the direction of i, a line of constant sum meets the band's height at a part that depends on the slope.
    reach = max(1.0, radius * n / (n + m))
    low = np.maximum(np.ceil(middle - reach), np.maximum(0, line - (m - 1)))
    high = np.minimum(np.floor(middle + reach), np.minimum(n - 1, line))
    return low.astype(np.int64), high.astype(np.int64)
