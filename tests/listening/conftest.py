"""Sounds that are quick to make: each sample of noise says where it stands."""

import numpy as np
import pytest

from voicenb.audio.codec import encode
from voicenb.studio.clip import Clip


class Said:
    """What a clip shows of its task."""

    def __init__(self, text, **parameters):
        self.id, self.service, self.voice, self.text = "t", "soundclone", "ada", text
        self.cost = self.unit = None
        self.parameters = parameters


def noise(seed, seconds=1.0, rate=16_000, level=0.1):
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(round(seconds * rate))).clip(-1, 1).astype(np.float32)


@pytest.fixture(scope="session")
def clip():
    """Makes a clip of noise that claims to say a text with these parameters."""

    def make(seed, text="Hello.", *, seconds=1.0, rate=16_000, level=0.1, **parameters):
        data = encode(noise(seed, seconds, rate, level), rate, "flac")
        return Clip(data, task=Said(text, **parameters))

    return make


@pytest.fixture(scope="session")
def pairs(clip):
    """Two conditions of four texts."""
    return {
        name: [clip(10 * at + number, f"Text {number}.") for number in range(4)]
        for at, name in enumerate(("one", "other"))
    }


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"
