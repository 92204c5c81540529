"""One engine for all of its tests: what it works out once, it works out once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from voicenb import __version__

pytest.importorskip("hibari")
pytest.importorskip("pyworld")

SPEECH = Path(__file__).parents[3] / "shared" / "speech"
PASSAGE = (
    "The young man asked his mother whether she would like another cup of tea. It is easy to tell the depth of a well."
)


@pytest.fixture(scope="session")
def cache() -> Path:
    """What the engine keeps, over all tests and their sandboxes."""
    return Path(os.environ["TESTS_LEARNED"]) / __version__


@pytest.fixture(scope="session")
def engine(cache):
    """The engine, in this process: its workers have tests of their own."""
    from voicenb.sandbox.engine.synthesis.engine import Engine

    return Engine(cache)


@pytest.fixture(scope="session")
def sample_recordings(engine, tmp_path_factory) -> dict[str, Path]:
    """Recordings of three sample speakers."""
    folder = tmp_path_factory.mktemp("samples")
    for name in ("ada", "bruno", "clara"):
        engine.speaker(name, folder / f"{name}.wav")
    return {name: folder / f"{name}.wav" for name in ("ada", "bruno", "clara")}


@pytest.fixture
def spoken(engine, tmp_path):
    """Speaks, and gives what was answered with the samples and what they measure."""

    def speak(text: str = PASSAGE, suffix: str = ".wav", **how: Any) -> SimpleNamespace:
        return heard(engine.speak(text, tmp_path / f"spoken{suffix}", **how), tmp_path / f"spoken{suffix}")

    return speak


def heard(answer: dict[str, Any], path: Path) -> SimpleNamespace:
    """An answer with its samples, median F0 (Hz), mean voiced envelope (dB, level removed) and loudness (LUFS)."""
    import pyloudnorm
    import soundfile

    from voicenb.sandbox.engine.acoustics.spectrum import NEPER, active, envelopes, pitch

    samples, rate = soundfile.read(path)
    assert rate == 24_000
    assert samples.ndim == 1
    f0 = pitch(samples, lowest=45, highest=800)
    bands = envelopes(samples, f0)
    voiced = (f0 > 0) & active(bands)
    mean = bands[voiced].mean(0) if voiced.any() else bands.mean(0)
    return SimpleNamespace(
        **{name: value for name, value in answer.items() if name != "f0"},
        samples=samples,
        f0=float(np.median(f0[voiced])) if voiced.any() else 0.0,
        spread=float(np.std(np.log2(f0[voiced]) * 12)) if voiced.any() else 0.0,
        voicing=float(voiced.mean()),
        spectrum=NEPER * (mean - mean.mean()),
        loudness=pyloudnorm.Meter(rate).integrated_loudness(samples) if len(samples) > 0.5 * rate else float("-inf"),
    )


def semitones(one: float, other: float) -> float:
    """How far two frequencies lie apart."""
    return 12 * float(np.log2(one / other))


def run(coroutine: Any) -> Any:
    """A coroutine's result, from a loop of its own."""
    return asyncio.run(coroutine)
