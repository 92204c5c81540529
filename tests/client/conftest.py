"""A real sandbox, a real voice, and studios on them."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from wire import Wire

import voicenb as vn


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """The home that most tests share, with tests' other processes among them. Its ledger is whole in the end."""
    folder = tmp_path_factory.mktemp("home")
    yield folder
    if (folder / "ledger.db").exists():
        with closing(sqlite3.connect(folder / "ledger.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.fixture(scope="session")
def studio(home):
    with vn.connect(home=home) as one:
        yield one


@pytest.fixture(scope="session")
def ada(home):
    """A sample speaker's recording."""
    return vn.sandbox.sample_speaker("ada", home=home)


@pytest.fixture(scope="session")
def voice(studio, ada):
    return studio.clone(ada, name="ada", text="Hello there.", language="English", consent="nobody's voice", quiet=True)


@pytest.fixture
def own(tmp_path, home, ada):
    """A sandbox of its own, for tests that break it; what the engine computed once is shared."""
    folder = tmp_path / "own"
    shutil.copytree(home / "sandbox" / "cache", folder / "sandbox" / "cache")
    with vn.connect(home=folder) as one:
        yield one


@pytest.fixture
def speech(ada, tmp_path):
    """Makes a WAV with about so many seconds of speech, from the first word to the last."""
    import numpy as np
    import soundfile as sf

    samples, rate = sf.read(ada, dtype="float32")

    def make(seconds):
        length = round(seconds * rate)
        path = tmp_path / f"{seconds:g}s.wav"
        sf.write(path, np.tile(samples, -(-length // len(samples)))[:length], rate)
        return path

    return make


@pytest.fixture
def wire():
    """A server that answers as its script says."""
    with Wire() as running:
        yield running
