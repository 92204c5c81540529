"""One study over every service: the same words in each of their voices, in one frame, priced in each one's own unit."""

from __future__ import annotations

from contextlib import ExitStack
from decimal import Decimal

import pytest

import voicenb as vn
from voicenb import services
from voicenb.studio.waiting import show_progress

TEXT = "We meet at the harbour at noon."
# What the user says, where the service does not: per 1,000 characters.
PRICES = {"openai": "0.5"}
LANGUAGE = {"soundclone": {"language": "English"}}


@pytest.fixture
def voices(blank_home):
    sample = vn.Reference(vn.sandbox.sample_speaker("ada", home=blank_home), consent="a sample")
    with ExitStack() as stack:
        studios = {
            name: stack.enter_context(vn.connect(name, sandbox=True, home=blank_home, prices=PRICES.get(name)))
            for name in services.names()
        }
        yield [
            one.clone(
                sample, name=f"ada of {name}", text="Hello there, my friend.", quiet=True, **LANGUAGE.get(name, {})
            )
            for name, one in studios.items()
        ]


@pytest.mark.slow
def test_a_study_over_every_service_is_one_frame_priced_in_each_ones_unit(voices, blank_home):
    study = vn.Study(voices, text=[TEXT], speed=[0.9, 1.1], takes=1, name="services")
    plan = study.plan()
    assert {name: price.unit for name, price in plan.prices.items()} == {
        "soundclone": "credits", "aiclone": "credits", "faseeh": "credits", "openai": "USD",
    }  # fmt: skip
    assert plan.prices["openai"].amount == 2 * len(TEXT) * Decimal(PRICES["openai"]) / 1000
    study.run(quiet=True)
    frame = study.frame()
    assert set(frame["status"]) == {"completed"}
    assert frame.groupby("service")["speed"].apply(sorted).to_dict() == {name: [0.9, 1.1] for name in services.names()}
    for name, price in plan.prices.items():
        assert sum(frame[frame["service"] == name]["cost_exact"]) == price.amount, name
        assert set(frame[frame["service"] == name]["unit"]) == {price.unit}, name
    fast, slow = (frame[frame["speed"] == speed].set_index("service")["duration"] for speed in (1.1, 0.9))
    assert (slow > fast).all()
    kept = {one["service"]: one["characters"] for one in vn.sandbox.books(home=blank_home) if one["kind"] == "speech"}
    assert kept == {"faseeh": len(TEXT), "openai": len(TEXT)}


def test_a_service_whose_price_nobody_says_is_named_before_the_run(blank_home):
    with vn.connect("openai", sandbox=True, home=blank_home) as studio:
        plan = vn.Study(studio.voice("alloy"), text=[TEXT], speed=[0.9, 1.1], takes=1, name="unpriced").plan()
        assert plan.prices["openai"].amount is None
        assert "prices='free'" in plan.prices["openai"].rule


@pytest.mark.slow
def test_every_row_of_the_books_has_a_text(voices, blank_home):
    rows = vn.sandbox.books(home=blank_home)
    assert {row["service"] for row in rows} >= {"soundclone", "faseeh", "openai"}
    assert all(isinstance(row["request"]["text"], str) for row in rows)


@pytest.mark.slow
def test_the_progress_line_keeps_each_service_s_amount_apart(voices, capsys):
    show_progress("bar")
    try:
        vn.Study(voices, text=["A line for every service."], takes=1, name="apart").run()
    finally:
        show_progress(None)
    line = capsys.readouterr().err.rpartition("\r")[2]
    assert "4 of 4 cells" in line
    for name in ("soundclone", "aiclone", "faseeh"):
        assert f" credits ({name})" in line
