"""A study is extended, taken up by its name, held against another, made again, and read in parts."""

from __future__ import annotations

import asyncio

import numpy as np
import pandas as pd
import pytest
from small_studies import TEXTS, charged, study

import voicenb as vn
from voicenb.audio.codec import decode, encode
from voicenb.display.progress import time_text
from voicenb.study.stages import Stages


@pytest.mark.slow
def test_an_extended_study_makes_only_what_is_new(voice, blank_home, before):
    one = study(voice).run(quiet=True)
    assert one.extend(speed=[1.5], text="The rain has stopped.") is one
    assert len(one) == 9
    assert (one.plan().done, one.plan().cells) == (4, 9)
    frame = one.run(quiet=True).frame(["speed", "text", "status"])
    assert len(charged(blank_home)) == before + 9
    assert (frame["status"] == "completed").all()
    assert vn.studies(blank_home)[["cells", "made"]].to_numpy().tolist() == [[9, 9]]


@pytest.mark.slow
def test_a_notebook_that_extends_is_run_again_from_the_top(voice, blank_home, before):
    for _ in range(2):
        one = study(voice)
        assert len(one) == 4
        one.run(quiet=True).extend(speed=1.5).run(quiet=True)
        assert len(one) == 6
    assert len(charged(blank_home)) == before + 6
    assert len(study(voice, speed=[1, 1.25, 1.5])) == 6


@pytest.mark.parametrize(
    ("options", "call", "match"),
    [
        ({}, {"sped": 2}, "did you mean 'speed'"),
        ({}, {"pitch": 2}, "no factor 'pitch'"),
        ({}, {"speed": 1}, "the level 1 is there twice"),
        ({}, {}, "needs a factor and its new levels"),
        ({"sample": 2}, {"speed": 2}, "a study with sample= cannot be extended"),
        ({"design": "latin", "pitch": [0, 1]}, {"speed": 2}, "design='latin' cannot be extended"),
    ],
)
def test_what_extends_nothing_is_one_clear_error(voice, options, call, match):
    one = study(voice, **options)
    with pytest.raises(vn.InvalidRequest, match=match):
        one.extend(**call)
    assert len(Stages.from_json(one._record.design).extensions) == 0


def test_another_extension_of_what_was_extended_is_an_error_that_says_how_to(voice):
    study(voice).extend(speed=1.5)
    with pytest.raises(vn.InvalidRequest, match=r"was extended by speed: 1\.5 before\. vn\.Study\.open\('tempo'\)"):
        study(voice).extend(speed=2)
    assert [one.speed for one in vn.Study.open("tempo").extend(speed=2).cells][:4] == [1, 1.25, 1.5, 2]


@pytest.mark.slow
def test_a_voice_of_another_service_is_a_level_more(voice, blank_home):
    with vn.connect("aiclone", sandbox=True, home=blank_home) as other:
        sample = vn.Reference(vn.sandbox.sample_speaker("ada", home=blank_home), consent="a sample")
        one = study(voice).run(quiet=True).extend(voice=other.clone(sample, name="ada", quiet=True))
        assert one.design.factor("voice").levels == ("ada", "ada · aiclone")
        assert {cell.service for cell in one.cells} == {"soundclone", "aiclone"}
        frame = one.run(quiet=True).frame(["service", "status"])
    assert frame["service"].tolist() == ["soundclone"] * 4 + ["aiclone"] * 4
    assert (frame["status"] == "completed").all()
    # It is taken up by its name, and each voice at its own service.
    assert vn.Study.open("tempo").plan().done == 8


@pytest.mark.slow
def test_a_study_is_taken_up_by_its_name(voice, blank_home, before):
    study(voice, question="Does speed change the length?").run(quiet=True)
    one = vn.Study.open("tempo")
    assert one.design.question == "Does speed change the length?"
    assert one.effect("speed", on="duration").table["blocks"].tolist() == [2]
    assert one.run(quiet=True) is one
    one.extend(speed=1.5).run(quiet=True)
    assert len(charged(blank_home)) == before + 6
    with pytest.raises(vn.InvalidRequest, match="no study is named 'tempi'; did you mean 'tempo'"):
        vn.Study.open("tempi")


@pytest.mark.slow
def test_where_is_asked_for_again_before_anything_is_sent(voice, blank_home, before):
    study(voice, where=lambda cell: cell.speed == 1).run(quiet=True)
    one = vn.Study.open("tempo")
    assert one.frame()["status"].tolist() == ["completed", "not made"] * 2
    with pytest.raises(
        vn.InvalidRequest, match=r"give it again: vn\.Study\.open\('tempo', where=…\)\. Nothing was sent"
    ):
        one.run(quiet=True)
    with pytest.raises(vn.InvalidRequest, match="was made with where="):
        one.plan()
    assert vn.Study.open("tempo", where=lambda cell: cell.speed == 1).plan().done == 2
    assert len(charged(blank_home)) == before + 2


@pytest.mark.slow
def test_two_studies_are_told_apart(voice):
    one = study(voice).run(quiet=True)
    other = study(voice, name="other", speed=[1, 1.5], takes=2, baseline={"speed": 1.5})
    table = one.diff(other).set_index("what")
    assert table.loc["speed"].tolist() == ["1, 1.25", "1, 1.5"]
    assert table.loc["baseline of speed"].tolist() == ["1", "1.5"]
    assert table.loc["takes"].tolist() == [1, 2]
    assert table.loc["cells"].tolist() == [4, 8]
    assert table.loc["cells of both"].tolist() == [2, 2]
    assert table.loc["made"].tolist() == [4, 0]
    assert one.diff(one)["what"].tolist() == ["cells", "cells of both", "made"]


@pytest.mark.slow
def test_drift_makes_the_oldest_cells_again_and_pays_like_any(voice, studio, blank_home, before):
    one = study(voice, takes=2).run(quiet=True)
    balance = studio.balance().amount
    table = one.drift(cells=3, quiet=True).set_index("measure")
    assert len(charged(blank_home)) == before + 8 + 3
    oldest = studio.history.frame().sort_values("created")
    first = oldest[oldest["cell"].notna()].head(3)
    repeated = oldest[oldest["cell"].astype(str).str.endswith("+1")]
    assert set(first["cell"]) == {name.removesuffix("+1") for name in repeated["cell"]}
    assert balance - studio.balance().amount == sum(repeated["cost_exact"])
    # The sandbox speaks as it did.
    assert (table.loc["duration", ["verdict", "cells", "estimate"]] == ["no change", 3, 0]).all()
    assert set(table["verdict"]) <= {"no change", "cannot tell"}
    # They are no cells of the study.
    assert one.frame()["status"].tolist() == ["completed"] * 8
    assert vn.studies(blank_home)["made"].tolist() == [8]
    one.drift(cells=3, quiet=True)
    assert len(charged(blank_home)) == before + 8 + 6


@pytest.mark.slow
def test_an_interrupted_repetition_goes_on(voice, studio, blank_home, before):
    one = study(voice).run(quiet=True)
    price = sum(one.frame()["cost_exact"]) / 4
    with pytest.raises(vn.BudgetExceeded):
        one.drift(cells=3, budget=price * 2, quiet=True)
    made = len(charged(blank_home))
    assert before + 4 < made < before + 7
    one.drift(cells=3, quiet=True)
    assert len(charged(blank_home)) == before + 7


@pytest.mark.slow  # Each clip is spoken twice, and measured.
def test_drift_of_a_changed_voice_is_seen(voice, studio, monkeypatch):
    one = study(voice, speed=[1, 1.25], takes=2).run(quiet=True)
    # A service that speaks slower than it did: the request of a repetition is changed on its way.
    submit = type(voice).submit
    monkeypatch.setattr(
        type(voice), "submit", lambda self, text, **given: submit(self, text, **given | {"speed": given["speed"] * 0.8})
    )
    table = one.drift(cells=8, quiet=True).set_index("measure")
    assert table.loc["duration", "verdict"] == "changes"
    assert table.loc["duration", "estimate"] == pytest.approx(25, abs=1)
    assert table.loc["duration", "now"] > table.loc["duration", "then"]


@pytest.mark.slow
def test_a_level_in_percent_is_refused_before_anything_is_paid(voice, blank_home, before):
    one = study(voice, takes=2).run(quiet=True)
    for ask in (
        lambda: one.drift(cells=3, level=95, quiet=True),
        lambda: one.effects(level=95),
        lambda: one.effect(one.design.factors[-1].name, on="duration", level=95),
    ):
        with pytest.raises(vn.InvalidRequest, match=r"level=95: did you mean 0\.95\?"):
            ask()
    assert len(charged(blank_home)) == before + 8
    with pytest.raises(vn.InvalidRequest, match="diff\\(\\) needs a study"):
        one.diff("another")


def test_nothing_made_is_nothing_repeated(voice, blank_home, before):
    with pytest.raises(vn.InvalidRequest, match="nothing of this study is made yet"):
        study(voice).drift(quiet=True)
    with pytest.raises(vn.InvalidRequest, match="cells=0: allowed is a whole number"):
        study(voice).drift(cells=0, quiet=True)
    assert len(charged(blank_home)) == before


def test_only_what_is_asked_for_is_measured(voice, studio):
    one = study(voice).run(quiet=True)
    frame = one.frame(["speed", "duration"])
    assert list(frame) == ["speed", "duration"]
    kept = studio.session.ledger.studies.measured(one._record.id)
    assert {row.measure for row in kept} == {"duration"}
    pd.testing.assert_frame_equal(one.measure("duration")[["speed", "duration"]], frame)

    @vn.measure(unit="s", version=1)
    def third_of_length(sound):
        return sound.duration / 3

    try:
        assert np.allclose(one.measure(third_of_length)["third_of_length"], frame["duration"] / 3)
    finally:
        from voicenb.measures import registry

        del registry._STATE.measures["third_of_length"]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda one: one.frame(["durations"]), "no column is named 'durations'; did you mean 'duration'"),
        (lambda one: one.frame("duration"), "give a list of columns"),
        (lambda one: one.frame([]), "give a list of columns"),
        (lambda one: one.measure(), "measure\\(\\) needs a measure"),
        (lambda one: one.measure("durations"), "did you mean 'duration'"),
        (lambda one: one.measure(len), r"put @vn\.measure"),
        (lambda one: one.iter_frames(0), "size=0: allowed is a whole number"),
    ],
)
def test_columns_that_are_not_there_are_one_clear_error(voice, call, match):
    with pytest.raises(vn.InvalidRequest, match=match):
        call(study(voice))


@pytest.mark.slow
def test_rows_come_in_parts(voice):
    one = study(voice).run(quiet=True)
    whole = one.frame()
    parts = list(one.iter_frames(3))
    assert [len(part) for part in parts] == [3, 1]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


def test_very_many_rows_need_their_columns_named(voice):
    one = study(voice, speed=[round(0.5 + step / 1000, 3) for step in range(1001)], takes=100)
    assert len(one) == 200_200
    with pytest.raises(vn.InvalidRequest, match=r"frame\(\) of 200,200 cells needs columns="):
        one.frame()
    first = next(one.iter_frames(10, columns=["speed", "take", "status"]))
    assert first["status"].tolist() == ["not made"] * 10


@pytest.mark.slow  # 48 clips are spoken.
def test_a_cancelled_run_asks_for_nothing_more(voice, blank_home, before):
    one = study(voice, speed=[0.75, 1, 1.25, 1.5, 1.75, 2], takes=8, text="Hello there.")

    def wait_for_one():
        while len(charged(blank_home)) == before:
            pass

    async def begin():
        running = asyncio.ensure_future(one.aio.run())
        await asyncio.to_thread(wait_for_one)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(begin())
    one.run(quiet=True, stop=lambda: True)
    some = one.plan()
    assert 0 < some.done < 48
    assert one.run(quiet=True).plan().done == 48
    assert len(charged(blank_home)) == before + 48


def test_the_time_left_is_said_as_a_person_says_it():
    assert [time_text(one) for one in (0, 59, 60, 3599, 3600, 7800, 100_000)] == [
        "1 s", "59 s", "1 min", "1 h", "1 h", "2 h 10 min", "27 h",
    ]  # fmt: skip


@pytest.mark.slow
def test_distances_are_taken_to_recordings_of_the_same_words(voice, tmp_path):
    plain = study(voice).run(quiet=True)
    clip = voice.say(TEXTS[0], speed=1.25, quiet=True)
    clip.save(tmp_path / "read.wav")
    one = study(voice, name="target", target={TEXTS[0]: tmp_path / "read.wav"}).run(quiet=True)
    column = "mcd_mfcc13_80mel_dtw"
    assert plain.frame([column])[column].isna().tolist() == [True, False, True, False]
    values = one.frame([column])[column]
    # The recording is the second cell's clip; the other text has none, and no other words are taken for it.
    assert values.isna().tolist() == [False, False, True, True]
    assert values[1] < 0.5 < values[0]
    assert vn.Study.open("target").frame([column])[column].equals(values)
    with pytest.raises(vn.InvalidRequest, match="with other recordings as target="):
        study(voice, name="target")


@pytest.mark.parametrize(
    ("target", "match"),
    [
        ({"Other words.": b""}, "no text of this study is 'Other words.'; a distance needs the same words"),
        ({TEXTS[0]: b"no sound"}, "the recording of 'Hello there.' cannot be read"),
        ("read.wav", "give a recording for each text"),
    ],
)
def test_a_target_that_is_none_is_one_clear_error(voice, blank_home, target, match):
    with pytest.raises(vn.InvalidRequest, match=match):
        study(voice, target=target)
    assert vn.studies(blank_home).empty


@pytest.mark.slow
def test_artefacts_are_told_with_their_place(voice, studio):
    one = study(voice, text="Hello there, my friend. We meet at noon by the river.", speed=1).run(quiet=True)
    assert one.artefacts().empty
    ledger = studio.session.ledger
    samples, rate = decode(ledger.files.path(one.frame(["file"])["file"][0]).read_bytes())
    broken = samples.copy()
    place = int(np.argmax(np.abs(samples)))
    broken[place - rate // 4 : place + rate // 4] = np.clip(40 * broken[place - rate // 4 : place + rate // 4], -1, 1)
    file = ledger.files.store(encode(broken, rate, "flac", bits=24), ".flac")

    def replace():
        with ledger._database.change() as db:
            db.execute("UPDATE tasks SET file = ? WHERE study IS NOT NULL", (file,))

    ledger._database.write(replace).result()
    found = one.artefacts()
    assert "clipping" in found["what"].tolist()
    row = found[found["what"] == "clipping"].iloc[0]
    assert (row["cell"], row["speed"]) == (0, 1)
    assert row["start"] < place / rate < row["end"]
    assert one.measure("artefacts")["artefacts"].tolist() == [len(found)]
