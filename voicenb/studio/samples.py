"""`(samples, rate)` as the caller has it, as a WAV file of full scale ±1."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from voicenb.audio.codec import encode
from voicenb.audio.sound import RATES, AudioError
from voicenb.errors import BadReference

__all__ = ["as_wav", "checked_samples"]


def checked_samples(first: Any, second: Any) -> tuple[npt.NDArray[Any], float]:
    """Return samples of shape ``(n,)`` or ``(n, channels)`` and their rate in Hz, which come in either order.

    Raises:
        BadReference: They are no numbers, have another shape, or the rate is none.
    """
    try:
        samples, rate = (second, first) if np.ndim(first) == 0 and np.ndim(second) else (first, second)
        sound = np.asarray(samples)
        if sound.dtype.kind == "O" and None not in sound.tolist():
            # Python's own numbers beyond 64 bits, Decimal, and lists of arrays.
            sound = sound.astype(np.float64)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise BadReference(f"(samples, rate) needs an array of numbers: {error}.") from None
    low, high = RATES
    if (
        np.ndim(rate)
        or isinstance(rate, bool)
        or not isinstance(rate, int | float | np.number)
        or not low <= rate <= high
    ):
        raise BadReference(f"(samples, rate) needs a rate between {low:,} and {high:,} Hz; {rate!r:.40} was given.")
    if sound.dtype.kind not in "iuf" or sound.ndim not in {1, 2} or not sound.size:
        raise BadReference(
            "(samples, rate) needs numbers of the shape (n,) or (n, channels); "
            f"{sound.dtype} of the shape {sound.shape} was given."
        )
    if sound.ndim == 2 and sound.shape[0] <= 8 < sound.shape[1]:
        raise BadReference(f"The samples' shape is {sound.shape}; (n, channels) is needed: give samples.T.")
    return sound, float(rate)


def as_wav(sound: npt.NDArray[Any], rate: float) -> tuple[bytes, str]:
    """Return numbers as a WAV file, and what was done to them in words, which is empty for most.

    Raises:
        BadReference: None of them is a number, or the file cannot be written.
    """
    scaled, bits, change = _to_full_scale(sound)
    try:
        return encode(scaled, round(rate), "wav", bits=bits), change
    except AudioError as error:
        raise BadReference(f"(samples, rate): {error}.") from None


def _to_full_scale(sound: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], int, str]:
    """Numbers as samples of full scale ±1, the bits that they need, and what was done to them in words."""
    if sound.dtype.kind == "u" and sound.dtype.itemsize == 1:
        return (sound.astype(np.float32) / np.float32(128) - np.float32(1)), 16, ""
    values = sound.astype(np.float64)
    good = np.isfinite(values)
    if not good.any():
        raise BadReference("(samples, rate) needs numbers; none of the samples is one (NaN or infinite).")
    lacking = int(good.size - good.sum())
    values[~good] = 0
    changes = [f"{lacking:,} samples that are not numbers made silent"] if lacking else []
    whole = sound.dtype.kind in "iu"
    if sound.dtype.kind == "u" and (sound.dtype.itemsize > 2 or values.min() >= 8192):
        # Unsigned samples lie around the middle of their range, which may be that of 16 bits in a wider type.
        bits = 16 if values.max() < 2.0**16 else 8 * sound.dtype.itemsize
        values -= 2.0 ** (bits - 1)
    peak = float(np.abs(values).max())
    scale, bits = 1.0, 24
    if whole or peak > 16:
        # The smallest usual width that holds them: numbers of 16 bits often come as a list, or in a wider type.
        width = next((bits for bits in (16, 24, 32, 64) if peak <= 2.0 ** (bits - 1)), 0)
        if whole and sound.dtype.itemsize == 1:
            width = 8
        scale, bits = 2.0 ** (width - 1) if width else peak, 16 if width in {8, 16} else 24
        if width != 8 * sound.dtype.itemsize or not whole:
            changes.append(f"taken as whole numbers of {width} bits" if width else f"scaled from a peak of {peak:.3g}")
    elif peak > 1:
        scale = peak / 0.99
        changes.append(f"scaled from a peak of {peak:.3g} to full scale")
    return (values / scale).astype(np.float32), bits, "; ".join(changes)
