"""Makes more voices for `voice.py` out of people's recordings, where there are not enough people.

    python benchmarks/altered.py ../speech altered
    python benchmarks/voice.py --judges judges/bin/python --speech ../speech --people altered

Low voices get formants 13 % higher and 4 semitones more, high ones 12 % lower and 4 semitones less, by WORLD; all of a person's
recordings alike. They stand in for people where it is only asked whether the right voice of many is found.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyworld
import soundfile

LOW = 165.0
"""Hz of median F0 below which a voice counts as low."""


def altered(wave: np.ndarray, rate: int, *, low: bool) -> np.ndarray:
    """The same speech from another vocal tract, at another pitch."""
    ratio, semitones = (1.13, 4) if low else (0.88, -4)
    f0, times = pyworld.dio(wave, rate)
    f0 = pyworld.stonemask(wave, f0, times, rate)
    envelope, noise = pyworld.cheaptrick(wave, f0, times, rate), pyworld.d4c(wave, f0, times, rate)
    bins = np.arange(envelope.shape[1])

    def moved(frames: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(bins / ratio, bins, frame) for frame in frames])

    made = pyworld.synthesize(f0 * 2 ** (semitones / 12), np.exp(moved(np.log(envelope))), moved(noise), rate)
    return made / np.abs(made).max() / 2


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*-reference.*")):
        wave, rate = soundfile.read(path)
        f0, _ = pyworld.dio(wave, rate)
        low = float(np.median(f0[f0 > 0])) < LOW
        for part in source.glob(f"{path.stem.removesuffix('-reference')}-*"):
            wave, rate = soundfile.read(part)
            soundfile.write(target / f"altered-{part.stem}.wav", altered(wave, rate, low=low), rate)


if __name__ == "__main__":
    main()
