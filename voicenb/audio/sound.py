"""Sound that was read: its samples, how they are collected, and how much of them is allowed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from voicenb.audio.channels import mixed
from voicenb.audio.resampling import resample

__all__ = ["CHANNELS", "MAX_SAMPLES", "MAX_SECONDS", "RATES", "AudioError", "Sound", "Stretch", "UnpackLimit", "join"]

MAX_SAMPLES = 2**27
"""The most samples (all channels together) that are made of a file: 512 MiB of float32, 46 minutes of mono at 48 kHz.

The longest text of any service (10,000 characters at half speed) stays below it; a small file that would unpack into
more is an attack or a mistake.
"""

MAX_SECONDS = 3600
"""The longest sound that is read, in seconds."""

RATES = (1_000, 768_000)
"""The lowest and the highest rate that is read, in Hz."""

CHANNELS = 64
"""The most channels that are read."""

_FIRST_SAMPLES = 2**14


class AudioError(ValueError):
    """Bytes that are not sound, or not sound that can be read here.

    Not of the tree in `voicenb.errors`: whoever reads a file turns it into an error of the tree, a service's answer into
    `ServiceError`, a recording into `BadReference`. Only a `Clip` made by hand of other bytes raises it.

    Attributes:
        missing: The extra that would read it, such as ``"media"``, or None.
    """

    def __init__(self, message: str, *, missing: str | None = None) -> None:
        super().__init__(message)
        self.missing = missing


class Sound(NamedTuple):
    """A file that was read."""

    samples: npt.NDArray[np.float32]
    """Shape ``(n,)`` for one channel, else ``(n, channels)``; full scale ±1, which float files may exceed."""
    rate: int
    """In Hz."""
    form: str
    """The container, a key of `voicenb.audio.containers.MIME`, or ``"audio"`` for one without a suffix of its own."""
    findings: tuple[str, ...]
    """What a listener should know: joined parts, tracks left out, a header that is wrong. Empty for most files."""
    bits: int
    """24 where the samples have more than 16 bits, else 16."""


class Stretch:
    """Samples of one rate and one number of channels, which grow as they come."""

    def __init__(self, rate: int, channels: int) -> None:
        if not 1 <= channels <= CHANNELS:
            raise AudioError(f"its header says {channels:,} channels; 1 to {CHANNELS} are read")
        if not RATES[0] <= rate <= RATES[1]:
            raise AudioError(f"its header says {rate:,} Hz; {RATES[0]:,} to {RATES[1]:,} Hz are read")
        self.rate, self.channels = rate, channels
        self._buffer = np.empty(_FIRST_SAMPLES, dtype=np.float32)
        self._count = 0

    def add(self, block: npt.NDArray[np.float32]) -> None:
        """Append interleaved samples."""
        count = self._count + len(block)
        if count > len(self._buffer):
            # In place, where the system can: twice the memory would be the price of a copy.
            self._buffer.resize(count + count // 4, refcheck=False)
        self._buffer[self._count : count] = block
        self._count = count

    @property
    def samples(self) -> npt.NDArray[np.float32]:
        """Shape ``(n, channels)``; nothing can be added any more."""
        whole = self._count // self.channels * self.channels
        self._buffer.resize(self._count, refcheck=False)
        return self._buffer[:whole].reshape(-1, self.channels)


class UnpackLimit:
    """Counts what a file unpacks into, against `MAX_SAMPLES` and `MAX_SECONDS`."""

    def __init__(self) -> None:
        self._samples = MAX_SAMPLES
        self._seconds = float(MAX_SECONDS)

    def take(self, count: int, rate: int, channels: int) -> None:
        """Count `count` samples of all channels.

        Raises:
            AudioError: There is no room for them.
        """
        self._samples -= count
        self._seconds -= count / channels / rate
        if self._samples < 0:
            raise AudioError(f"it unpacks into more than {MAX_SAMPLES:,} samples, the most that voicenb reads")
        if self._seconds < 0:
            raise AudioError(f"it is longer than {MAX_SECONDS // 60} minutes, the most that voicenb reads")


def join(stretches: list[Stretch], findings: list[str]) -> tuple[npt.NDArray[np.float32], int]:
    """All stretches at the rate of the longest; as mono where their channels differ."""
    kept = [stretch for stretch in stretches if len(stretch.samples)]
    if not kept:
        return np.zeros((0, 1), dtype=np.float32), 0
    if len(kept) == 1:
        return kept[0].samples, kept[0].rate
    rate = max(kept, key=lambda stretch: len(stretch.samples) / stretch.rate).rate
    channels = kept[0].channels
    if any(stretch.channels != channels for stretch in kept):
        findings.append("the number of its channels changes: it is mixed to mono")
        channels = 0
    if rates := sorted({stretch.rate for stretch in kept} - {rate}):
        others = ", ".join(f"{other:,}" for other in rates)
        findings.append(f"its rate changes: the parts at {others} Hz are brought to {rate:,} Hz")
    pieces = []
    length = 0
    for stretch in kept:
        sound = stretch.samples if channels else mixed(stretch.samples)[0][:, None]
        length += sound.size * rate // stretch.rate
        if length > MAX_SAMPLES:
            raise AudioError(f"it unpacks into more than {MAX_SAMPLES:,} samples, the most that voicenb reads")
        pieces.append(resample(sound, stretch.rate, rate) if stretch.rate != rate else sound)
    return np.concatenate(pieces), rate
