"""A real sandbox, a real voice, and studios on them."""

import sqlite3
from contextlib import closing

import pytest
from homes import beside, warmed
from wire import Wire

import voicenb as vn


@pytest.fixture(scope="session")
def home(tmp_path_factory, shared):
    """The home that most tests share, with tests' other processes among them. Its ledger is whole in the end."""
    folder = beside(tmp_path_factory.mktemp("home"), shared)
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
def own(tmp_path):
    """A sandbox of its own, for tests that break it, or count all that is in its books. It starts anew, which takes seconds."""
    with vn.connect(home=warmed(tmp_path / "own")) as one:
        yield one


@pytest.fixture
def blank(tmp_path, shared):
    """A ledger of its own, on the sandbox that most tests share."""
    with vn.connect(home=beside(tmp_path / "blank", shared)) as one:
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
