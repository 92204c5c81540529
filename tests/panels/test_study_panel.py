"""A study by hand, without a browser: picked on the form's controls, priced as it is picked, run, stopped, gone on with, and seen."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

import voicenb as vn
from voicenb.panels import StudyPanel
from voicenb.panels.parts.page_values import PageOutdated
from voicenb.panels.study_words import many_lines, one_line

from .test_panels import told, until
from .test_presses import page, press

TEXTS = ["It is raining.", "We meet at noon."]


def study(voice, name, **options):
    return vn.Study(voice, **({"text": TEXTS, "speed": [0.8, 1], "takes": 1, "name": name} | options))


def asked(studio, text):
    """The production tasks of a text."""
    return [task for task in studio.tasks() if task.text == text and task.kind == "production"]


async def opened(what):
    panel = what if isinstance(what, StudyPanel) else what.panel()
    await panel.settled()
    return panel


async def test_the_price_changes_as_it_is_picked_and_nothing_is_written(studio, voice, panel_home):
    before = len(vn.studies(panel_home))
    panel = await opened(StudyPanel(voice))
    assert told(panel._status) == "Write the texts, one a line."
    assert panel._buttons.go.disabled
    panel.texts.value = "Nobody says this.\n\n  Nor this, ever. \n"
    await panel.settled()
    plain = panel._buttons.go.description
    panel._add_factor("speed")
    panel.levels["speed"].field.value = 1.3
    press(panel, panel.levels["speed"].add)
    await panel.settled()
    assert panel.levels["speed"].levels == [1.0, 1.3]
    draft = panel.draft()
    cost = draft.plan().prices["soundclone"]
    assert panel._buttons.go.description == f"Run · {cost}"
    assert panel._buttons.go.description != plain
    assert told(panel._status).startswith("8 cells")
    panel._takes.value = 1
    await panel.settled()
    assert told(panel._status).startswith("4 cells")
    assert "With one take" in panel._left_out.value
    assert len(vn.studies(panel_home)) == before
    assert asked(studio, "Nobody says this.") == []
    panel.close()


async def test_a_price_that_cannot_be_had_is_not_asked_for_any_longer(empty):
    """The error stands alone."""
    panel = await opened(StudyPanel(empty.voice(id="model_somebody")))
    with closing(sqlite3.connect(empty.home / "ledger.db")) as spoilt, spoilt:
        spoilt.execute("ALTER TABLE tasks RENAME TO gone")
    panel.texts.value = "Nobody can price this."
    await panel.settled()
    assert panel.error is not None
    assert told(panel._status) == ""
    panel.close()


@pytest.mark.slow  # each clip is spoken and measured by all measures
async def test_it_runs_shows_the_effects_and_its_code_makes_the_same(studio, voice, panel_home):
    panel = await opened(study(voice, "by hand", question="Does it slow down?", baseline={"speed": 1}))
    assert panel.levels["speed"].baseline == 1
    balance = studio.balance().amount
    press(panel, panel._buttons.go)
    await panel.settled()
    assert panel.error is None
    assert told(panel._status).startswith("4 of 4 cells made")
    paid = balance - studio.balance().amount
    assert paid == sum(panel.study.frame(["cost_exact"])["cost_exact"])
    first = panel.results.effects.rows[0]["cells"]
    assert (first["verdict"]["text"], first["factor"]["text"]) == ("changes", "speed")
    (player,) = panel.results._player.children
    assert player.grid.columns == ("speed 0.8", "speed 1")
    panel.results.rows.value = "speed"
    panel.results.columns.value = "text"
    assert panel.results._player.children[0].grid.rows == ("speed 0.8", "speed 1")
    scope = {}
    exec(panel.code(), scope)
    assert scope["study"].frame()["task"].tolist() == panel.study.frame()["task"].tolist()
    assert studio.balance().amount == balance - paid
    panel.close()


@pytest.mark.slow
async def test_other_picks_are_another_study_and_the_same_again_the_same(voice):
    one = study(voice, "picked").run(quiet=True)
    panel = await opened(one)
    assert told(panel._status) == "4 cells · 4 made · nothing is left to make"
    assert panel._buttons.go.disabled
    assert panel.results.effects.rows, "what was made is seen when it is opened"
    speed = panel.levels["speed"]
    speed.field.value = 1.2
    speed.take()
    await panel.settled()
    assert panel.name.value == "picked-2"
    assert told(panel._status).startswith("6 cells · 4 on disk")
    speed._dropped(2, None)
    await panel.settled()
    assert (panel.name.value, panel._name_note.value) == ("picked", "")
    study(voice, "taken", speed=[1, 1.1])
    panel.name.value = "taken"
    await panel.settled()
    assert "there is a study &#x27;taken&#x27; with another design" in panel._name_note.value
    assert panel._buttons.go.disabled
    panel.close()


@pytest.mark.slow  # eight clips are spoken, and measured twice
async def test_cancel_asks_for_no_more_and_run_goes_on(studio, voice, monkeypatch):
    """What is under way goes on; nothing is paid twice."""
    texts = [f"This is sentence number {number} of many." for number in range(8)]
    one = study(voice, "stopped", text=texts, speed=1)
    panel = await opened(one)
    begun, go_on = threading.Event(), threading.Event()
    submit = type(voice).submit

    def held(self, *arguments, **options):
        if begun.is_set():
            go_on.wait(240)
        begun.set()
        return submit(self, *arguments, **options)

    monkeypatch.setattr(type(voice), "submit", held)
    press(panel, panel._buttons.go)
    await until(begun.is_set)
    assert panel.busy
    press(panel, panel._buttons.stop)
    assert told(panel._status) == "stopping: what is under way goes on"
    go_on.set()
    await panel.settled()
    assert told(panel._status).startswith("Stopped · ")
    made = sum(len(asked(studio, text)) for text in texts)
    assert 1 <= made <= 2
    assert panel._buttons.go.description == f"Run · {one.plan().prices['soundclone']}"
    press(panel, panel._buttons.go)
    await panel.settled()
    assert told(panel._status).startswith("8 of 8 cells made")
    assert [len(asked(studio, text)) for text in texts] == [1] * 8
    panel.close()


async def test_a_press_at_another_price_sends_nothing(studio, voice):
    panel = await opened(study(voice, "dear", text=["A price that grows."], speed=1))
    shows = page(panel)
    shows[panel.texts.model_id]["value"] = "A price that grows, and grows.\nAnd another."
    press(panel, panel._buttons.go, shows)
    await panel.settled()
    assert isinstance(panel.error, PageOutdated)
    assert asked(studio, "A price that grows.") == asked(studio, "And another.") == []
    # A press that was made before a level was taken is about another study.
    shows = page(panel)
    panel.levels["speed"].field.value = 1.5
    panel.levels["speed"].take()
    press(panel, panel._buttons.go, shows)
    assert isinstance(panel.error, PageOutdated)
    await panel.settled()
    assert asked(studio, "A price that grows.") == []
    panel.close()


async def test_what_is_wrong_is_said_where_it_is(voice):
    panel = await opened(study(voice, "wrong"))
    speed = panel.levels["speed"]
    press(panel, speed.add)
    assert "1 is a level already" in speed.field.note.value
    speed._judge = lambda value: panel._wrong("speed", 99)
    speed.take()
    assert "voicenb-bad" in speed.field.note.value
    assert "2" in speed.field.note.value
    for _ in range(2):
        speed._dropped(0, None)
    await panel.settled()
    assert told(panel._status) == "Pick a level of speed, or remove it."
    panel._remove("speed")
    await panel.settled()
    assert told(panel._status).startswith("2 cells")
    panel.texts.value = "Twice.\nTwice."
    await panel.settled()
    assert "is there twice" in told(panel._status)
    with pytest.raises(vn.InvalidRequest, match="needs a study, a voice, or a list"):
        StudyPanel("ada")
    panel.close()


async def test_a_level_that_a_rule_refuses_is_left_out_with_its_reason(voice):
    panel = await opened(study(voice, "refused", text=["Faster than is allowed.", "Nine times as fast."], speed=[1, 9]))
    assert "2 left out: soundclone: speed" in panel._left_out.value
    assert told(panel._status).startswith("4 cells · 2 left out")
    panel.close()


@pytest.mark.slow
async def test_services_are_priced_apart(studio, voice, panel_home):
    with vn.connect("aiclone", sandbox=True, home=panel_home) as other:
        sample = vn.Reference(vn.sandbox.sample_speaker("bruno", home=panel_home), consent="a sample")
        theirs = other.clone(sample, name="bruno", quiet=True)
        one = vn.Study([voice, theirs], text="Two services say this.", takes=1, name="two services")
        panel = await opened(one)
        assert panel._buttons.go.description.count(" + ") == 1
        assert "(soundclone)" in panel._buttons.go.description
        assert "(aiclone)" in panel._buttons.go.description
        assert f"aiclone = vn.connect('aiclone', sandbox=True, home={str(panel_home)!r})" in panel.code()
        assert "[soundclone.voice('ada'), aiclone.voice('bruno')]" in panel.code()
        panel.close()


@pytest.mark.parametrize("text", ["One line.", "Two\nlines.", "A \\ and a \\n and\n\\\\n."])
def test_a_text_is_a_line_of_the_panel(text):
    assert "\n" not in one_line(text)
    assert many_lines(one_line(text)) == text


async def test_a_blind_test_and_a_report_are_a_press_away(voice, panel_home, tmp_path, monkeypatch):
    """The same test as the code makes; it goes on where it was, and the page and the report are written where the notebook is."""
    monkeypatch.chdir(tmp_path)
    made = study(voice, "by ear").run(quiet=True)
    panel = await opened(made)
    panel._show.click()
    await panel.settled()
    listening = panel.results.listening
    assert "test = study.listen" not in panel.code()
    assert [value for _, value in listening.factor.options] == ["speed", "text"]
    listening.kind.value = "ab"
    listening.begin.click()
    await panel.settled()
    assert listening.test.id == made.listen("ab", between="speed").id
    assert told(listening._note).startswith("2 trials, about 1 min.")
    [player] = listening._player.children
    assert player.test.id == listening.test.id
    assert "test = study.listen(kind='ab', between='speed')" in panel.code()
    listening.save.click()
    await panel.settled()
    assert (tmp_path / f"{listening.test.name}.html").read_text("utf-8").startswith("<!doctype html>")
    listening.test.simulate(4)
    listening.report.click()
    await panel.settled()
    assert "by ear.html is written" in told(listening._note)
    assert "Simulated listeners" in (tmp_path / "by ear.html").read_text("utf-8")
    assert vn.Study.open("by ear.html").design.factor("speed").levels == (0.8, 1)
    panel.close()
