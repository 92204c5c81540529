"""Homes that earlier versions wrote open, verify and are taken up again; `tests/harness/old_home.py` makes such a home."""

from __future__ import annotations

import tarfile
from decimal import Decimal
from pathlib import Path

import pytest

import voicenb as vn

HOMES = sorted((Path(__file__).parent / "homes").glob("*.tar.xz"))


@pytest.fixture(params=HOMES, ids=[path.name.partition(".")[0] for path in HOMES])
def old(request, home):
    with tarfile.open(request.param) as archive:
        archive.extractall(home, filter="data")
    return home


@pytest.mark.slow
def test_the_books_of_an_earlier_version_open_and_go_on(old):
    """Nothing is damaged, nothing is paid again, the open tasks end, and the voices still speak.

    Takes long: a home without caches makes the sandbox's voice anew.
    """
    with vn.connect() as studio:
        before = studio.history.frame()
        assert studio.history.verify().empty
        assert sorted(before["status"]) == ["completed"] * 9 + ["queued"] * 2
        assert set(before["service"]) == {"soundclone", "aiclone", "faseeh"}
        fast = before[before["label"] == "fast"].iloc[0]
        assert (fast["note"], fast["speed"], fast["cost_exact"]) == ("kept", 1.2, Decimal("0.0106"))
        assert [word.text for word in studio.history.clip(fast["id"]).subtitles.words] == ["Hello."]
        balance = studio.balance().amount
        assert balance == Decimal(100) - sum(before[before["service"] == "soundclone"]["cost_exact"])

        resumed = studio.resume()
        assert len(resumed) == 2
        for task in resumed:
            assert task.wait(120, quiet=True).duration > 10
        assert studio.balance().amount == balance
        after = studio.history.frame()
        assert set(after["status"]) == {"completed"}
        assert list(after["id"]) == list(before["id"])
        assert list(after["cost_exact"]) == list(before["cost_exact"])
        assert studio.history.verify().empty

        voice = studio.voice("ada")
        assert voice.consent == "A made-up speaker."
        assert voice.preview is not None
        said = voice.say("Hello.", quiet=True)
        assert said.task.cached
        assert voice.say("Hello from the next version.", quiet=True).duration > 0.5
        assert studio.balance().amount < balance
        assert len(studio.voices()) == 3
    with vn.connect("faseeh", sandbox=True) as faseeh:
        assert faseeh.voice("ada").say("Hello, hello.", quiet=True).duration > 0.3
