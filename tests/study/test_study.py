"""A study is planned without a request, made once whatever ends it, measured, and says what each parameter does."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
from small_studies import TEXTS, charged, forget_measures, study

import voicenb as vn


@pytest.mark.slow
def test_a_plan_sends_nothing_and_says_what_a_run_costs(studio, voice, blank_home, before):
    one = study(voice)
    plan = one.plan()
    assert (plan.cells, plan.done, plan.cached) == (4, 0, 0)
    assert len(charged(blank_home)) == before
    assert studio.history.frame()["study"].isna().all()
    unmade = one.frame()
    assert (str(unmade["cost"].dtype), unmade["cost_exact"].tolist()) == ("float64", [None] * 4)
    one.run(quiet=True)
    frame = one.frame()
    assert plan.prices["soundclone"].amount == sum(frame["cost_exact"])
    # pandas describes and rounds the amounts, which are the exact ones.
    assert "cost" in frame.describe().columns
    assert frame["cost"].tolist() == list(map(float, frame["cost_exact"]))
    assert list(one.frame(["cost_exact", "speed"]).columns) == ["cost_exact", "speed"]
    assert one.frame(["cost_exact"])["cost_exact"].tolist() == frame["cost_exact"].tolist()
    assert "4 cells · 0 made" in repr(plan)
    assert "With one take" in plan._repr_html_()
    assert (one.plan().done, one.plan().prices) == (4, {})


def test_the_same_again_pays_nothing(studio, voice, blank_home, before):
    one = study(voice).run(quiet=True)
    balance = studio.balance().amount
    assert study(voice).run(quiet=True).frame()["task"].tolist() == one.frame()["task"].tolist()
    assert studio.balance().amount == balance
    assert len(charged(blank_home)) == before + 4
    history = studio.history.frame()
    of_study = history[history["study"].notna()]
    assert of_study["cell"].nunique() == 4
    assert {cell.key for cell in one.cells} == set(of_study["cell"])


@pytest.mark.slow
def test_what_is_on_disk_already_is_not_paid_for(voice, blank_home):
    voice.say(TEXTS[0], speed=1.25, quiet=True)
    count = len(charged(blank_home))
    one = study(voice)
    assert one.plan().cached == 1
    one.run(quiet=True)
    assert len(charged(blank_home)) == count + 3
    assert one.frame()["cached"].sum() == 1


def test_an_interrupted_run_goes_on_where_it_stopped(voice, blank_home, before):
    seen = []

    def interrupt(cell):
        seen.append(cell)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt) as caught:
        study(voice, where=interrupt).run(quiet=True)
    assert "go on; the same run()" in caught.value.__notes__[0]
    one = study(voice).run(quiet=True)
    assert (one.frame()["status"] == "completed").all()
    assert len(charged(blank_home)) == before + 4


PROGRAM = """
import sys
import voicenb as vn
studio = vn.connect(home=sys.argv[1])
print("ready", flush=True)
vn.Study(studio.voice("ada"), text=["Hello there.", "We meet at noon."], speed=[0.75, 1, 1.25, 1.5], takes=2, name="killed").run()
"""


@pytest.mark.slow
@pytest.mark.parametrize("tasks", [1, 4, 9])
def test_a_killed_run_pays_nothing_twice(studio, voice, blank_home, before, tasks):
    """It takes long: another process makes the study until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(blank_home)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        while len(list(studio.session.ledger.studies.tasks(_id(studio)))) < tasks:
            assert process.poll() is None or tasks <= 16
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    one = study(voice, speed=[0.75, 1, 1.25, 1.5], takes=2, name="killed").run(quiet=True)
    frame = one.frame()
    # What had left and not been answered is unknown, and is not sent again.
    assert set(frame["status"]) <= {"completed", "unknown"}
    texts = [(row["text"], row["take"]) for row in charged(blank_home)[before:] if "take" in row]
    assert len(texts) == len(set(texts))
    assert len(charged(blank_home)) - before <= 16


def _id(studio):
    record = studio.session.ledger.studies.named("killed")
    return "" if record is None else record.id


@pytest.mark.slow
def test_failures_are_rows_and_are_tried_again(voice, blank_home, studio):
    vn.sandbox.faults("task_failed", route="production", home=blank_home)
    try:
        one = study(voice).run(quiet=True)
    finally:
        vn.sandbox.faults(home=blank_home)
    frame = one.frame()
    assert set(frame["status"]) == {"failed"}
    assert frame["error"].str.contains("could not finish").all()
    assert frame["duration"].isna().all()
    assert one.frame(failures=False).empty
    balance = studio.balance().amount
    again = one.run(quiet=True).frame()
    assert set(again["status"]) == {"completed"}
    assert balance - studio.balance().amount == sum(again["cost_exact"])


@pytest.mark.slow
def test_a_cell_that_no_rule_allows_is_a_row_and_the_others_are_made(voice):
    one = study(voice, speed=[1, 9])
    invalid = one.plan().invalid
    assert (invalid["field"] == "speed").all()
    assert invalid["cell"].tolist() == [1, 3]
    frame = one.run(quiet=True).frame().set_index("cell")
    assert frame["status"].tolist() == ["completed", "refused", "completed", "refused"]
    assert "speed: 9 was given" in frame.loc[1, "error"]


@pytest.mark.slow
def test_where_leaves_cells_out_and_the_plan_says_so(voice, blank_home, before):
    one = study(voice, where=lambda cell: cell.speed == 1)
    assert one.plan().invalid["why"].tolist() == ["left out by where="] * 2
    assert one.run(quiet=True).frame()["status"].tolist() == ["completed", "not made"] * 2
    assert len(charged(blank_home)) == before + 2


@pytest.mark.slow
def test_a_budget_holds_over_all_runs_of_a_study(voice, studio, blank_home, before):
    price = study(voice).plan().prices["soundclone"].amount
    with pytest.raises(vn.BudgetExceeded):
        study(voice).run(budget=price / 2, quiet=True)
    spent = sum(study(voice).frame()["cost_exact"].dropna())
    assert 0 < spent <= price / 2
    with pytest.raises(vn.BudgetExceeded):
        study(voice).run(budget=price / 2, quiet=True)
    frame = study(voice).run(budget={"soundclone": price}, quiet=True).frame()
    assert sum(frame["cost_exact"]) == price
    assert len(charged(blank_home)) == before + 4


@pytest.fixture
def two(voice, blank_home):
    """Voices of two services, whose units differ."""
    with vn.connect("aiclone", sandbox=True, home=blank_home) as other:
        sample = vn.Reference(vn.sandbox.sample_speaker("ada", home=blank_home), consent="a sample")
        yield [voice, other.clone(sample, name="ada", quiet=True)]


@pytest.mark.slow
def test_services_are_priced_and_paid_each_in_its_unit(two):
    one = vn.Study(two, text="Hello there.", speed=[1, 1.2], takes=1)
    assert [cell.service for cell in one.cells] == ["soundclone", "soundclone", "aiclone", "aiclone"]
    assert one.design.factor("voice").levels == ("ada · soundclone", "ada · aiclone")
    with pytest.raises(vn.InvalidRequest, match="each in its own unit; give budget="):
        one.run(budget=5, quiet=True)
    with pytest.raises(vn.InvalidRequest, match="does not use faseeh"):
        one.run(budget={"faseeh": 5}, quiet=True)
    plan = one.plan()
    assert set(plan.prices) == {"soundclone", "aiclone"}
    frame = one.run(budget={"soundclone": 5, "aiclone": 500}, quiet=True).frame()
    assert (frame["status"] == "completed").all()
    for service, price in plan.prices.items():
        assert sum(frame[frame["service"] == service]["cost_exact"]) == price.amount


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"sped": [1]}, "did you mean 'speed'"),
        ({"speed": []}, r"speed=\[\]: a factor needs one level"),
        ({"baseline": {"speed": 3}}, "baseline=3 is no level of speed"),
        ({"baseline": {"pitch": 3}}, "no factor pitch"),
        ({"sample": 99}, "the grid has 4 combinations"),
        ({"takes": 0}, "from 1 to 100"),
    ],
)
def test_what_is_no_study_is_one_clear_error(voice, blank_home, before, options, match):
    with pytest.raises(vn.InvalidRequest, match=match):
        study(voice, **options)
    assert vn.studies(blank_home).empty
    assert len(charged(blank_home)) == before


def test_a_name_belongs_to_one_design(voice, blank_home):
    one = study(voice, question="Does speed change the length?")
    with pytest.raises(vn.InvalidRequest, match=r"another design: .*speed has also 1\.5.*Give this one another name"):
        study(voice, speed=[1, 1.25, 1.5])
    assert study(voice, name=None).name == study(voice, name=None).name != one.name
    table = vn.studies(blank_home)
    assert table["name"].tolist()[-1] == "tempo"
    assert table.set_index("name").loc["tempo", ["question", "cells", "made"]].tolist() == [
        "Does speed change the length?", 4, 0,
    ]  # fmt: skip
    with pytest.raises(vn.InvalidRequest, match="needs a voice"):
        vn.Study([], text="Hello.")


def test_a_wire_name_is_the_same_factor(voice):
    kind = voice.session.service.request_type("production")
    wire = kind.parameters()["subtitles"].wire
    one = vn.Study(voice, text="Hello.", **{wire: [False, "word"]})
    assert one.design.factor("subtitles").levels == (False, "word")


@pytest.mark.slow
def test_measures_are_the_same_wherever_they_are_taken(voice, studio, monkeypatch):
    # A test of magics may have left another main module, which spawning looks into.
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    one = study(voice).run(quiet=True)
    threads = one.frame()
    forget_measures(studio)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        processes = one.frame(executor=pool)
    pd.testing.assert_frame_equal(threads, processes)
    pd.testing.assert_frame_equal(threads, one.frame())
    assert threads["mcd_mfcc13_80mel_dtw"].isna().tolist() == [True, False] * 2


@pytest.mark.slow
def test_a_measure_of_ones_own_is_a_column_and_one_that_raises_says_so(voice):
    one = study(voice).run(quiet=True)

    @vn.measure(unit="s", version=1)
    def half_length(sound):
        return sound.duration / 2

    @vn.measure(unit="", version=1)
    def never(sound):
        raise ValueError("not today")

    try:
        frame = one.frame()
        assert np.allclose(frame["half_length"], frame["duration"] / 2)
        assert frame["never"].isna().all()
        assert set(frame["not_measured"]) == {"never: ValueError: not today"}
        assert one.effect("speed", on="half_length").unit == "s"
    finally:
        from voicenb.measures import registry

        del registry._STATE.measures["half_length"], registry._STATE.measures["never"]


@pytest.mark.slow
def test_what_a_parameter_does_and_what_it_does_not(voice):
    """It takes long: twelve cells are made twice each, and measured by every measure."""
    one = study(voice, speed=[0.8, 1, 1.25], pitch=[0, 3], takes=2, baseline={"speed": 1}).run(quiet=True)
    speed = one.effect("speed", on="duration")
    assert speed.verdict == "changes"
    assert speed.table["estimate"].tolist() == pytest.approx([25, -20], abs=0.5)
    assert speed.slope.estimate == pytest.approx(-1, abs=0.01)
    assert "speed on duration: changes; 0.8 is +25 %" in speed.sentence
    pitch = one.effect("pitch", on="f0_median")
    assert (pitch.verdict, pitch.unit) == ("changes", "st")
    assert pitch.table["estimate"][0] == pytest.approx(3, abs=0.3)
    nothing = one.effect("pitch", on="duration")
    assert nothing.verdict == "no change"
    assert "within ±5 %" in nothing.sentence
    assert one.effect("pitch", on="duration", margin=None).verdict == "cannot tell"
    assert speed.variance.shares["speed"] > 0.5
    assert r"\begin{table}" in speed.to_latex()
    shown = speed._repr_html_()
    assert "<table" in shown
    assert "data:image/svg+xml" in shown
    assert len(shown) < 40_000
    assert speed._repr_html_() == shown
    axis = speed.plot().axes[0]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0.8", "1", "1.25"]
    assert axis.get_ylabel() == "duration: difference (%)"
    assert speed.blocks.to_numpy() == pytest.approx(np.tile([25, -20], (4, 1)), abs=0.5)
    assert speed.bounds == pytest.approx((-5, 5))
    table = one.effects().set_index(["factor", "measure"])
    assert table.loc[("speed", "duration"), "verdict"] == "changes"
    assert table.loc[("pitch", "duration"), "verdict"] == "no change"
    assert (table["p_holm"].dropna() <= 1).all()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda one: one.effect("sped", on="duration"), "no factor 'sped'"),
        (lambda one: one.effect("speed", on="durations"), "did you mean 'duration'"),
        (lambda one: one.effect("voice", on="duration"), "voice has one level"),
        (lambda one: one.effect("speed", on="duration", margin=0), "margin=0: allowed are"),
        (lambda one: one.effect("speed", on="duration", margin=2), "a share below 1"),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_clear_error(voice, call, match):
    with pytest.raises(vn.InvalidRequest, match=match):
        call(study(voice))


def test_nothing_made_is_nothing_told(voice):
    effect = study(voice).effect("speed", on="duration")
    assert effect.verdict == "cannot tell"
    assert "no block has two levels" in effect.sentence


@pytest.mark.slow
def test_a_run_as_a_coroutine(voice):
    import asyncio

    one = study(voice)
    assert asyncio.run(one.aio.run(budget=Decimal(5))) is one
    assert (one.frame()["status"] == "completed").all()


@pytest.mark.slow
def test_degraded_clips_are_left_out_unless_asked_for(voice, studio):
    one = study(voice).run(quiet=True)
    database = studio.session.ledger._database

    def degrade():
        with database.change() as db:
            db.execute("UPDATE tasks SET degraded = 1 WHERE cell = ?", (one.cells[1].key,))

    database.write(degrade).result()
    assert one.frame()["cell"].tolist() == [0, 2, 3]
    assert one.frame(degraded=True)["degraded"].tolist()[1] is True
    assert one.effect("speed", on="duration").table["blocks"].tolist() == [1]
    assert one.effect("speed", on="duration", degraded=True).table["blocks"].tolist() == [2]


def test_the_environment_names_the_home(blank_home):
    assert os.environ["VOICENB_HOME"] == str(blank_home)
    assert vn.studies().empty
