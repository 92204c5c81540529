"""Several channels as one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["mixed", "mono"]

# Below this share of the best channel's power the mean has lost sound: two channels that have nothing in common keep half.
_CANCELLED = 0.3


def mixed(samples: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], int | None]:
    """The sound as one channel, float32 of shape ``(n,)``, and the channel that was taken alone, or None for the mean.

    The mean of the channels, unless they cancel each other in it (one side inverted, a short delay) or most are silent: where
    it has less than 0.3 of the power of the loudest channel, that one is taken.

    Args:
        samples: Shape ``(n,)`` or ``(n, channels)``.
    """
    sound = np.asarray(samples, dtype=np.float32)
    if sound.ndim not in {1, 2}:
        raise ValueError(f"Sound has the shape (n,) or (n, channels); {sound.shape} was given.")
    if sound.ndim == 1:
        return sound, None
    if sound.shape[1] == 1:
        return np.ascontiguousarray(sound[:, 0]), None
    mean = np.empty(len(sound), dtype=np.float32)
    powers, whole = np.zeros(sound.shape[1]), 0.0
    for start in range(0, len(sound), 2**18):
        block = sound[start : start + 2**18].astype(np.float64)
        middle = block.mean(axis=1)
        mean[start : start + 2**18] = middle
        # An offset is no sound: it would hide what was lost.
        powers += block.var(axis=0) * len(block)
        whole += float(middle.var()) * len(block)
    best = int(powers.argmax()) if len(sound) else 0
    if len(sound) and whole < _CANCELLED * powers[best]:
        return np.ascontiguousarray(sound[:, best]), best
    return mean, None


def mono(samples: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The sound as one channel, float32 of shape ``(n,)``: see `mixed`."""
    return mixed(samples)[0]
