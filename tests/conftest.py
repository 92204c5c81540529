"""Fixtures that every test may use. The clean environment is made by the ``conftest.py`` beside pyproject.toml."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from homes import beside, warmed

import voicenb as vn
from voicenb.shell.main import main

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of this test alone, which ``VOICENB_HOME`` names; the sandbox that it gets ends with the test run."""
    folder = warmed(tmp_path / "home")
    monkeypatch.setenv("VOICENB_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True, scope="session")
def _homes():
    """The home that ``VOICENB_HOME`` names for the whole run, and another one, for its sandbox."""
    home = Path(os.environ["VOICENB_HOME"])
    shared = warmed(home.with_name(home.name + "-shared"))
    beside(home, shared)
    return shared


@pytest.fixture(scope="session")
def shared(_homes):
    """A home for `homes.beside`: its sandbox runs until this process ends, for no studio is ever connected to this home itself.

    The test that asks first takes some seconds more: the sandbox starts, and works out once what all sandboxes share.
    """
    vn.sandbox.start(_homes)
    return _homes


@pytest.fixture
def blank_home(tmp_path, shared, monkeypatch):
    """A home of this test alone, which ``VOICENB_HOME`` names, on the sandbox that most tests share."""
    folder = beside(tmp_path / "home", shared)
    monkeypatch.setenv("VOICENB_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def speech():
    """The folder of real recordings, where it lies beside the checkout."""
    folder = ROOT.parent / "shared" / "speech"
    if not folder.is_dir():
        pytest.skip("the real recordings are not beside this checkout")
    return folder


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """A live service is asked for its tasks every 5 to 10 s, as the documents say; the tests' own servers much more often."""
    monkeypatch.setattr("voicenb.tasks.context.TaskContext.poll_seconds", (0.05, 0.1))


class Shell:
    """``voicenb …`` in this process: the exit code, stdout and stderr."""

    def __init__(self, capsys):
        self._capsys = capsys

    def __call__(self, *words, code=0):
        self._capsys.readouterr()
        try:
            self.code = main([str(word) for word in words])
        except SystemExit as end:  # argparse ends so
            self.code = end.code
        self.out, self.err = self._capsys.readouterr()
        assert self.code == code, self.err
        return self

    def json(self, *words, code=0):
        """The one document on stdout."""
        return json.loads(self(*words, "--json", code=code).out)


@pytest.fixture
def shell(capsys):
    return Shell(capsys)
