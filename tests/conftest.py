"""Fixtures that every test may use. The clean environment is made by the ``conftest.py`` beside pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of this test alone, which ``VOICENB_HOME`` names; the sandbox that it gets ends with the test run."""
    folder = tmp_path / "home"
    monkeypatch.setenv("VOICENB_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def speech():
    """The folder of real recordings, where it lies beside the checkout."""
    folder = ROOT.parent / "shared" / "speech"
    if not folder.is_dir():
        pytest.skip("the real recordings are not beside this checkout")
    return folder
