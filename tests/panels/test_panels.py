"""The panels without a browser: their buttons are pressed as a kernel would hear of it, on a real sandbox."""

from __future__ import annotations

import asyncio
import html
import io
import json
import re
import zipfile
from decimal import Decimal

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pytest
import soundfile

import voicenb as vn
from voicenb.base.moments import moment_text
from voicenb.base.money import Price
from voicenb.panels import (
    ClonePanel,
    HistoryPanel,
    KeyPanel,
    ReferencePanel,
    SayPanel,
    StudioPanel,
    VoicesPanel,
    presets,
)
from voicenb.panels.page.static_output import StaticOutput
from voicenb.panels.parts.formatting import amount, service_label
from voicenb.panels.parts.style import toned
from voicenb.panels.parts.table import Table
from voicenb.panels.parts.upload import Upload
from voicenb.sandbox import launch


def told(widget):
    """What a line says, without its markup."""
    return widget.value.partition(">")[2].rpartition("</div>")[0]


def parts(widget):
    """The widget and all that is in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def send(upload, name, content, pieces=3):
    """Sends a file as a page does."""
    step = -(-len(content) // pieces)
    for piece in range(pieces):
        about = {"kind": "piece", "upload": name, "name": name, "size": len(content), "piece": piece, "pieces": pieces}
        upload._handle_custom_msg(about, [memoryview(content[piece * step : (piece + 1) * step])])


async def until(condition, seconds=240.0):
    """Lets the loop run until `condition` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for is a widget, not a coroutine
            await asyncio.sleep(0.01)


def say_panel(studio, text, **values):
    panel = SayPanel(studio)
    panel.form.set({"text": text, **values})
    return panel


# -- say -------------------------------------------------------------------------------------------------------


async def test_without_a_voice_the_form_is_whole_and_the_button_says_why(empty):
    """Nothing is hidden from somebody who has just arrived."""
    panel = say_panel(empty, "Hello.")
    await panel.settled()
    assert {"text", "speed", "pitch", "volume", "emotion", "language", "subtitles"} <= set(panel.form.fields)
    assert panel._buttons.go.disabled
    assert told(panel._status) == "There is no voice yet: clone one first."
    panel.close()


async def test_the_button_carries_the_price_that_the_studio_tells(studio, voice):
    """The price follows the text and the takes, before anything is sent."""
    panel = say_panel(studio, "")
    assert told(panel._status) == "Write what is to be said."
    assert panel._buttons.go.disabled
    panel.form.set({"text": "Welcome home, my friend.", "speed": 1.1})
    await panel.settled()
    price = studio.price("ada", "Welcome home, my friend.", speed=1.1)
    assert panel._buttons.go.description == f"Say · {price}"
    panel._takes.value = 3
    await panel.settled()
    assert panel._buttons.go.description == "Say · 0.0372 credits"
    assert "balance" in panel._balance.value
    panel.close()


async def test_a_mistake_turns_the_button_off_and_is_named(studio, voice):
    """The field says what is wrong, the button that something is."""
    panel = say_panel(studio, "One <#200#> two.")
    await panel.settled()
    assert panel._buttons.go.disabled
    assert told(panel._status) == "To mend: text."
    assert "0.01 to 99.99" in panel.form.fields["text"].note.value
    panel.close()


async def test_saying_it_shows_the_clip_and_its_code_says_the_same(studio, voice, panel_home, monkeypatch, capsys):
    """From the button to the clip; the Python that the panel shows gives the very same sound."""
    # A text that no other test of this home says: it would be answered from disk.
    panel = say_panel(studio, "The copper kettle is on the stove.", pitch=2)
    await panel.settled()
    panel._buttons.go.click()
    assert panel.busy
    assert panel._buttons.stop.description == "Cancel"
    await panel.settled()
    assert panel.error is None
    (clip,) = panel.clips
    assert clip.task.parameters["pitch"] == 2
    assert told(panel._status).startswith("Done: ")
    assert "credits charged" in told(panel._status)
    assert panel._buttons.go.description.startswith("Say · ")
    assert len(panel.results.widget.children) == 1
    monkeypatch.setenv("VOICENB_HOME", str(panel_home))
    space = {}
    await asyncio.to_thread(exec, panel.code(), space)
    assert space["clip"].data == clip.data
    panel.say()
    await panel.settled()
    assert told(panel._status).endswith("made before, so nothing was charged")
    panel._fresh.value = True
    await panel.settled()
    assert panel.code().endswith("fresh=True)")
    panel.close()
    assert capsys.readouterr() == ("", "")


async def test_takes_are_compared_and_counted(studio, voice):
    """Several takes come as one comparison."""
    panel = say_panel(studio, "Once more.")
    panel._takes.value = 2
    await panel.settled()
    panel.say()
    await panel.settled()
    assert [clip.task.take for clip in panel.clips] == [2, 1]
    (result,) = panel.results.shown
    assert len(result.player.clips) == 2
    panel.close()


async def test_cancelling_says_whether_it_is_still_charged(studio, voice):
    """The button cancels while it runs; what was accepted is made and charged."""
    panel = say_panel(studio, "A sentence that nobody wants to hear to its end. " * 8)
    await panel.settled()
    panel.say()
    await until(lambda: panel._tasks)
    await panel._cancel()
    await panel.settled()
    assert panel.clips == []
    assert told(panel._status).startswith("Cancelled: ")
    assert "charged" in told(panel._status)
    assert not panel.busy
    panel.close()


async def test_a_cancel_counts_from_the_first_moment_and_not_after_the_last(studio, voice):
    """Before anything is written down it is remembered; when all is done it begins nothing; a second press of the first button is none."""
    text = "Nobody wanted this sentence from the very beginning. " * 8
    panel = say_panel(studio, text)
    await panel.settled()
    panel._buttons.go.click()
    assert panel._tasks == []
    panel._buttons.go.click()
    panel._buttons.stop.click()
    await panel.settled()
    assert panel.clips == []
    assert told(panel._status).startswith("Cancelled: ")
    assert len([task for task in studio.tasks() if task.text == text]) == 1
    before = len(studio.tasks())
    panel._buttons.stop.click()
    await panel.settled()
    assert len(studio.tasks()) == before
    assert not panel.busy
    panel.close()


@pytest.mark.slow
async def test_closing_a_panel_stops_its_display_and_not_its_task(studio, voice):
    """What was paid for is finished and kept, whoever looks."""
    panel = say_panel(studio, "This goes on without its panel.")
    await panel.settled()
    panel.say()
    await until(lambda: panel._tasks)
    (task,) = panel._tasks
    panel.close()
    clip = await task
    assert clip.duration > 0.5


async def test_a_refused_request_is_an_error_in_the_panel(studio, voice, capsys):
    """The message stands in the panel, the exception is at hand, and a next step is offered."""
    panel = say_panel(studio, "This cannot be paid for.")
    await panel.settled()
    vn.sandbox.set_balance(0, home=studio.home)
    try:
        panel.say()
        await panel.settled()
    finally:
        vn.sandbox.set_balance(100, home=studio.home)
    assert isinstance(panel.error, vn.InsufficientBalance)
    history = HistoryPanel(studio, live=False)
    await history.settled()
    assert history._table.rows[0]["cells"]["status"]["text"] == "failed"
    # A number that JSON does not have would be a warning in somebody's cell.
    json.dumps(history._table.rows, allow_nan=False)
    history.close()
    assert "voicenb-bad" in panel._problem.value
    assert panel._next.description == "Try again"
    panel._next.click()
    await panel.settled()
    assert len(panel.clips) == 1
    assert panel._problem.value == ""
    panel.close()
    assert capsys.readouterr() == ("", "")


async def test_what_may_have_been_charged_is_not_sent_again_and_is_settled_in_the_history(studio, voice):
    """No button pays a second time; the history asks for the reader's word, and its code says the same."""
    panel = say_panel(studio, "Was this one paid for?")
    await panel.settled()
    before = len(vn.sandbox.books(studio.home))
    vn.sandbox.faults("reset_after", route="production", count=1, home=studio.home)
    panel.say()
    await panel.settled()
    vn.sandbox.faults(home=studio.home)
    assert isinstance(panel.error, vn.OutcomeUnknown)
    assert "voicenb-amber" in panel._problem.value
    assert "voicenb-gone" in panel._next._dom_classes
    assert told(panel._status).endswith("settle it in the history.")
    assert len(vn.sandbox.books(studio.home)) == before + 1
    panel.close()

    history = HistoryPanel(studio, live=False)
    await history.settled()
    row = history._table.rows[0]
    assert (row["cells"]["status"]["text"], row["cells"]["status"]["tone"]) == ("unknown", "amber")
    history._acted("settle", row["id"])
    assert "Was this one paid for?" in history._bars.questions["settle"].value
    compile(history.code(), "code", "exec")
    assert "task.forget(charged=True)" in history.code()
    for text, status in (("Leave it", "unknown"), ("It was charged", "failed")):
        history._acted("settle", row["id"])
        (answer,) = [one for one in parts(history._bars.widget) if getattr(one, "description", "") == text]
        answer.click()
        await history.settled()
        assert history.error is None
        assert history._table.rows[0]["cells"]["status"]["text"] == status
    price = studio.price(voice, "Was this one paid for?", fresh=True)
    assert studio.history.frame(limit=1)["cost_exact"].iloc[0] == price.amount
    history.close()


async def test_a_task_that_could_not_be_followed_is_waited_for_again(studio, voice):
    """It is the service's already, so that nothing is sent a second time."""
    panel = say_panel(studio, "This one is waited for twice.")
    await panel.settled()
    task = await studio.aio.submit(voice, "This one is waited for twice.")
    panel._offer_more(task)
    assert panel._next.description == "Wait again"
    panel._next.click()
    await panel.settled()
    assert panel.clips[0].task.id == task.id
    assert [one.id for one in studio.tasks() if one.text == task.text] == [task.id]
    panel.close()


async def test_without_a_loop_it_works_all_the_same(studio, voice):
    """In a script no loop runs; the work is done on voicenb's own."""

    def press():
        panel = say_panel(studio, "From a thread.")
        panel.say()
        return panel

    panel = await asyncio.to_thread(press)
    await until(lambda: panel.clips)
    panel.close()


async def test_what_was_under_way_is_not_said_after_it_has_failed(studio, voice, ada):
    """In every panel that says so: the error stands alone, and the button is what it was."""
    clone, say = ClonePanel(studio), say_panel(studio, "More than the budget has.")
    clone.reference.take(str(ada))
    clone.form.set({"text": "Nobody can pay for this preview."})
    for panel in (clone.reference, clone, say):
        await panel.settled()
    vn.sandbox.set_balance(0, home=studio.home)
    try:
        clone.clone()
        await clone.settled()
    finally:
        vn.sandbox.set_balance(100, home=studio.home)
    with studio.budget("0.0001"):
        say.say()
        await say.settled()
    assert isinstance(clone.error, vn.InsufficientBalance)
    assert isinstance(say.error, vn.BudgetExceeded)
    for panel in (clone, say):
        assert told(panel._status) == ""
        assert " · " in panel._buttons.go.description
        assert not panel._buttons.go.disabled
        panel.close()

    reference = ReferencePanel(studio)
    reference._start(reference._take_sample("nobody at all", reference._asked))
    await reference.settled()
    assert "nobody at all" in str(reference.error)
    assert told(reference._status) == ""
    reference.close()


# -- presets ---------------------------------------------------------------------------------------------------


async def test_presets_are_kept_found_and_given_away(studio, voice):
    """Parameters survive their panel as a small file, without the text."""
    panel = say_panel(studio, "Not part of it.", speed=0.8, emotion="sad")
    panel._presets.name.value = "slow & sad"
    panel._presets.keep()
    (path,) = (studio.home / "presets" / "soundclone").glob("*.json")
    assert "Not part of it" not in path.read_text("utf-8")
    panel.form.reset()
    assert panel._request() == ("Not part of it.", {})
    panel._presets.chosen.value = ""
    panel._presets.chosen.value = "slow & sad"
    assert panel._request()[1] == {"speed": 0.8, "emotion": "sad"}
    assert presets.read(studio, path.read_bytes()) == ("slow & sad", {"speed": 0.8, "emotion": "sad"})
    panel._presets.remove()
    assert presets.names(studio) == []
    await panel.settled()
    panel.close()


async def test_a_preset_that_was_changed_can_be_chosen_again(studio, voice):
    """The list says a preset's name as long as the form is it; another text is no change of it."""
    panel = say_panel(studio, "One text.", speed=0.8)
    panel._presets.name.value = "slow"
    panel._presets.keep()
    assert panel._presets.chosen.value == "slow"
    panel.form.set({"text": "Another text."})
    assert panel._presets.chosen.value == "slow"
    for undo in (panel.form.reset, lambda: panel.form.set({"pitch": 3})):
        undo()
        assert panel._presets.chosen.value == ""
        panel._presets.chosen.value = "slow"
        assert panel._request() == ("Another text.", {"speed": 0.8})
    panel._presets.remove()
    await panel.settled()
    panel.close()


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a\\b", ".hidden", "x" * 61, " blank", "a\nb"])
def test_a_presets_name_never_leaves_its_folder(studio, name):
    """Names are names, not paths."""
    with pytest.raises(vn.InvalidRequest, match="name"):
        presets.save(studio, name, {"speed": 1.1})


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": "voicenb preset 1", "service": "faseeh", "values": {}}'])
def test_what_is_no_preset_is_refused(studio, text):
    """A file that somebody sends is believed only as far as it is one."""
    with pytest.raises(vn.InvalidRequest, match="preset"):
        presets.read(studio, text)


# -- reference and clone ---------------------------------------------------------------------------------------


async def test_an_upload_is_examined_and_not_kept_in_the_widget(studio, ada):
    """The doctor speaks, and the recording's bytes leave the state that a notebook saves."""
    panel = ReferencePanel(studio)
    send(panel._file, "ada.wav", ada.read_bytes())
    await panel.settled()
    assert panel.error is None
    assert panel.reference.name == "ada"
    state = json.dumps([one.get_state() for one in parts(panel.widget)])  # fails where there are bytes
    assert len(state) < 200_000
    assert told(panel._status) == "The service takes it."
    assert "format" in panel._findings.value
    panel.close()


async def test_a_file_that_is_too_large_says_what_to_do(studio):
    """It would end the notebook's connection; the panel names the ways round, and takes nothing else that a page makes up."""
    panel = ReferencePanel(studio)
    panel._file._handle_custom_msg({"kind": "large", "upload": "a", "name": "talk.wav", "size": 240_000_000}, [])
    assert isinstance(panel.error, vn.InvalidRequest)
    assert "talk.wav has 240.0 MB; at most 100.0 MB" in panel._problem.value
    assert "path or its URL" in panel._problem.value
    for told in ({"kind": "piece"}, {"kind": "large"}, {}, "piece", None):
        panel._file._handle_custom_msg(told, [b""])
    huge = {"kind": "piece", "upload": "b", "name": "x", "size": 10**9, "piece": 0, "pieces": 1}
    panel._file._handle_custom_msg(huge, [b"x"])
    await panel.settled()
    assert panel.reference is None
    panel.close()


async def test_an_emotions_recording_is_uploaded_and_published(panel_home, ada):
    """It gets an address, with which the request is valid and the code does the same."""
    with vn.connect("aiclone", sandbox=True, home=panel_home) as studio:
        voice = await studio.aio.clone(ada, name="moody", consent="nobody's voice")
        panel = SayPanel(studio, voice)
        panel.form.set({"text": "I am so happy."})
        field = panel.form.fields["emotion"]
        field.input.value = "url"
        send(field._upload, "happy.wav", ada.read_bytes())
        await panel.settled()
        assert panel.error is None
        assert field.value.startswith("http://127.0.0.1:")
        code = re.search(r"emotion=(studio.publish\(studio.home / '[\w/]+\.wav', name='happy'\))", panel.code())[1]
        assert (await asyncio.to_thread(eval, code, {"studio": studio})).startswith("http://127.0.0.1:")
        panel.say()
        await panel.settled()
        assert panel.error is None
        assert panel.clips[0].task.record.parameters["emotion"] == field.value
        panel.form.fields["emotion"]._url.value = "https://example.org/other.wav"
        assert "emotion='https://example.org/other.wav'" in panel.code()
        await panel.settled()
        panel.close()


async def test_trimming_and_preparing_are_calls_that_the_code_shows(studio, ada):
    """What the panel did to a recording can be done again by its code."""
    panel = ReferencePanel(studio, str(ada))
    await panel.settled()
    whole = panel.reference.duration
    assert panel._trim.disabled
    panel._wave.end = 18.0
    assert not panel._trim.disabled
    panel.trim()
    await panel.settled()
    assert panel.reference.duration == pytest.approx(18.0, abs=0.01)
    panel._consent.value = "she is nobody"
    panel.prepare()
    await panel.settled()
    space = {}
    await asyncio.to_thread(exec, panel.code(), space)
    assert space["ref"].hash == panel.reference.hash
    assert space["ref"].consent == "she is nobody"
    panel._undo.click()
    await panel.settled()
    assert panel.reference.duration == whole
    panel.close()


@pytest.mark.parametrize("came", ["chosen", "recorded", "samples", "path"])
async def test_the_code_names_what_came_through_the_page(studio, ada, tmp_path, came):
    """In another kernel it makes the same: same bytes and name. The file is written when the code is asked for, and once."""
    content = vn.Reference(ada).trim(0, 16 + len(came) / 10).data
    (tmp_path / "mine.wav").write_bytes(content)
    source = {"samples": soundfile.read(tmp_path / "mine.wav"), "path": tmp_path / "mine.wav"}.get(came)
    before = set(studio.home.glob("files/*/*.wav"))
    panel = ReferencePanel(studio, source)
    if came == "chosen":
        send(panel._file, "Jane's voice.wav", content)
    elif came == "recorded":
        about = {"kind": "recording", "recording": "a", "size": len(content), "piece": 0, "pieces": 1}
        panel._recorder._handle_custom_msg(about, [memoryview(content)])
    await panel.settled()
    assert panel.error is None
    assert set(studio.home.glob("files/*/*.wav")) == before, "what is only tried out is not kept"
    panel._code_shown.value = True
    kept = set(studio.home.glob("files/*/*.wav")) - before
    assert len(kept) == (came != "path")
    code = panel.code()
    assert html.unescape(panel._code.value).count(code) == 1
    space = {}
    await asyncio.to_thread(exec, code, space)
    assert (space["ref"].hash, space["ref"].name) == (panel.reference.hash, panel.reference.name or "voice")
    for one in kept:
        one.unlink()
        assert panel.code() == code
        assert one.is_file(), "it was taken away meanwhile"
    panel.close()


async def test_a_recording_with_warnings_is_no_green_light(studio, ada):
    """It would be taken, and is clipped: that is amber, with their number, and what to do is the name of a button."""
    samples, rate = soundfile.read(ada)
    panel = ReferencePanel(studio, (np.clip(samples * 12, -1, 1), rate))
    await panel.settled()
    assert panel._status.value == toned("It would be taken, with 2 warnings.", "amber")
    assert "Prepare lowers it" in panel._findings.value
    assert "ref." not in panel._findings.value
    panel._wave.end = 18.0
    panel.trim()
    await panel.settled()
    assert panel._status.value == toned("0.0 to 18.0 s taken. It would be taken, with 2 warnings.", "amber")
    panel.prepare()
    await panel.settled()
    # The level is mended; what is clipped is not.
    assert "what is clipped stays so" in panel._status.value
    assert "It would be taken, with 1 warning." in panel._status.value
    panel.close()


async def test_a_recording_that_cannot_serve_says_so(studio, tmp_path):
    """A text file, and a file that is not there: the panel says what, and keeps what it had."""
    (tmp_path / "song.wav").write_text("no sound at all", "utf-8")
    panel = ReferencePanel(studio)
    for path in ("song.wav", "nowhere.wav"):
        panel.take(str(tmp_path / path))
        await panel.settled()
        assert isinstance(panel.error, vn.BadReference)
        assert "voicenb-bad" in panel._problem.value
    assert panel.reference is None
    panel.close()


async def test_a_wrong_file_is_named_and_the_recording_before_is_not_cloned_for_it(studio, ada, tmp_path):
    """Whoever chose another recording does not mean the one before, until they say so; a late press is refused."""
    panel = ClonePanel(studio)
    reference, go = panel.reference, panel._buttons.go
    (tmp_path / "song.txt").write_text("no sound at all", "utf-8")
    reference.take(str(ada), name="ada")
    await reference.settled()
    await panel.settled()
    for choose, named in (
        (lambda: send(reference._file, "holiday.jpg", b"\xff\xd8 no sound"), "holiday.jpg"),
        (lambda: reference.take(str(tmp_path / "song.txt")), "song.txt"),
        (
            lambda: reference._file._handle_custom_msg({"kind": "large", "name": "long.wav", "size": 10**9}, []),
            "long.wav",
        ),
    ):
        assert not go.disabled
        assert "voicenb-gone" in reference._kept_button._dom_classes
        before = go.token
        choose()
        await asyncio.sleep(0)
        assert go.disabled, "already while it is read"
        panel.clone()
        assert str(panel.error).startswith("Nothing was sent. ")
        await reference.settled()
        await panel.settled()
        assert named in str(reference.error)
        assert "still here: ada." in told(reference._status)
        assert (go.disabled, go.description) == (True, "Clone")
        assert go.token != before
        assert "keep the one before" in told(panel._status)
        reference._kept_button.click()
        await panel.settled()
        assert reference.error is None
        assert told(reference._status) == "The service takes it."
        assert go.description.startswith("Clone · ")
    panel.close()


async def test_while_somebody_records_nothing_else_is_cloned(studio, ada, panel_home):
    """The recording before is out of question until theirs is thrown away; the recorder knows what the service needs."""
    panel = ClonePanel(studio)
    reference, recorder, go = panel.reference, panel.reference._recorder, panel._buttons.go
    rules = studio.service.reference_rules
    assert recorder.least_seconds == rules.min_seconds
    assert recorder.max_seconds < rules.max_seconds
    reference.take(str(ada))
    await reference.settled()
    await panel.settled()

    def said(**content):
        recorder._handle_custom_msg(content, [])

    said(kind="began", on=False)
    assert not go.disabled, "a page that is drawn changes nothing"
    said(kind="began", on=True)
    assert go.disabled
    assert told(reference._status) == "recording …"
    assert panel.reference.hindrance == "A recording is being made."
    said(kind="began", on=False)
    await panel.settled()
    assert not go.disabled
    assert told(reference._status) == "The service takes it."
    send(reference._file, "holiday.jpg", b"no sound")
    await reference.settled()
    for on in (True, False):
        said(kind="began", on=on)
    assert go.disabled, "what was in doubt is not kept by a recording that was thrown away"
    assert "voicenb-gone" not in reference._kept_button._dom_classes
    said(kind="began", on=True)
    content = ada.read_bytes()
    about = {"kind": "recording", "recording": "a", "size": len(content), "piece": 0, "pieces": 1}
    recorder._handle_custom_msg(about, [memoryview(content)])
    await reference.settled()
    await panel.settled()
    assert reference.reference.name == "recording"
    assert not go.disabled
    panel.close()
    with vn.connect("aiclone", sandbox=True, home=panel_home) as other:
        panel = ReferencePanel(other)
        assert (panel._recorder.least_seconds, panel._recorder.max_seconds) == (0, 300)
        assert panel._recorder.script
        await panel.settled()
        panel.close()


async def test_every_upload_that_is_refused_is_named(studio, panel_home):
    """A preset, and a recording for an emotion."""
    say = SayPanel(studio)
    send(next(one for one in parts(say.widget) if isinstance(one, Upload)), "mine.json", b"{}")
    assert str(say.error).startswith("mine.json is no preset")
    await say.settled()
    say.close()
    with vn.connect("aiclone", sandbox=True, home=panel_home) as other:
        say = SayPanel(other)
        send(say.form.fields["emotion"]._upload, "happy.txt", b"no sound")
        await say.settled()
        assert str(say.error).startswith("happy.txt: ")
        say.close()


async def test_too_short_a_recording_turns_cloning_off(studio, ada):
    """The clone button names what the doctor found."""
    panel = ClonePanel(studio)
    assert told(panel._status) == "Choose a recording first."
    panel.reference.take(vn.Reference(ada).trim(0, 8.0))
    await panel.reference.settled()
    await panel.settled()
    assert panel._buttons.go.disabled
    assert "speech" in told(panel._status)
    panel.close()


async def test_cloning_makes_a_voice_that_the_other_panels_know(studio, voice, ada):
    """One widget: a voice that is cloned can speak at once, and the history has it."""
    panel = StudioPanel(studio)
    await panel.settled()
    assert panel._tabs.selected_index == 1
    panel.clone.reference.take(str(ada))
    await panel.settled()
    assert panel.clone._buttons.go.description.startswith("Clone · ")
    panel.clone._named.value = "ash"
    panel.clone.form.set({"text": "Hello again."})
    await panel.settled()
    panel.clone._buttons.go.click()
    await panel.settled()
    assert panel.clone.error is None
    assert panel.clone.voice.name == "ash"
    assert panel.say.voice == "ash"
    assert panel.voices._table.rows[0]["label"] == "ash"
    assert panel.history is panel.history, "a tab is made once, when it is first asked for"
    await panel.settled()
    assert panel.history._table.rows[0]["cells"]["text"]["text"] == "Hello again."
    assert panel.history._table.rows[0]["cells"]["status"]["text"] == "completed"
    compile(panel.clone.code(), "code", "exec")
    panel._tabs.selected_index = 1
    assert panel.code() == panel.say.code()
    await panel.settled()
    panel.close()


async def test_after_cloning_the_next_step_is_to_say_something(studio, voice, ada):
    """The main button leads to Say with that voice, also where a newer one has its name; a change takes the offer back."""
    panel = StudioPanel(studio)
    go, speak = panel.clone._buttons.go, panel.clone._speak
    panel.clone.reference.take(str(ada))
    panel.clone._named.value = "twin"
    for text in ("One twin.", "The other.", "One twin."):
        panel.clone.form.set({"text": text})
        await panel.settled()
        assert "voicenb-gone" in speak._dom_classes
        assert "voicenb-primary" in go._dom_classes
        go.click()
        await panel.settled()
        assert panel.clone.error is None
        assert "voicenb-gone" not in speak._dom_classes
        assert "voicenb-primary" not in go._dom_classes
        panel._tabs.selected_index = 0
        speak.click()
        assert panel._tabs.selected_index == 1
        assert studio.voice(panel.say.voice).preview.task.text == text
        assert panel.say._assets.wanted, "the caret goes into the text"
        panel.say._assets.wanted = ""
    await panel.settled()
    panel.close()

    alone = ClonePanel(studio)
    alone._offer_speech(panel.clone.voice)
    assert "voicenb-gone" in alone._speak._dom_classes, "there is nobody to speak"
    await alone.settled()
    alone.close()


async def test_a_new_voice_is_told_of_as_it_is_now(studio, voice, ada):
    """Used once, it is no longer "to be used once before"; under another name it has that; forgotten, nothing leads to it."""
    panel = StudioPanel(studio)
    clone, go = panel.clone, panel.clone._buttons.go
    clone.reference.take(str(ada))
    clone._named.value = "told"
    clone.form.set({"text": "Told of as it is."})
    await panel.settled()
    go.click()
    await panel.settled()
    said = told(clone._status)
    assert said == f"The voice &#x27;told&#x27; is ready; to be used once before {moment_text(clone.voice.expires)}."
    panel._tabs.selected_index = 1
    await studio.aio.say(clone.voice, "Once.")
    studio.voice("told").rename("retold")
    panel._tabs.selected_index = 0
    assert told(clone._status) == "The voice &#x27;retold&#x27; is ready."
    clone._speak.click()
    assert panel.say.voice == "retold"
    clone.voice.forget()
    panel._tabs.selected_index = 0
    assert "ready" not in clone._status.value
    assert "voicenb-gone" in clone._speak._dom_classes
    await panel.settled()
    panel.close()


@pytest.mark.parametrize("service", ["soundclone", "aiclone", "faseeh", "openai"])
async def test_the_code_of_every_panel_runs_and_does_the_same(service, panel_home, ada, monkeypatch):
    """What was cloned and said with buttons is had again by the code, for nothing."""
    monkeypatch.setenv("VOICENB_HOME", str(panel_home))

    async def run(panel):
        await panel.settled()
        assert panel.error is None
        space = {}
        await asyncio.to_thread(exec, panel.code(), space)
        return space

    with vn.connect(service, sandbox=True, home=panel_home) as studio:
        clone = ClonePanel(studio)
        clone.reference.take(str(ada))
        await clone.reference.settled()
        clone.reference._consent.value = "she is nobody"
        clone._named.value = "coded"
        clone.form.set({"text": f"Hello there, my {service}."})
        await clone.settled()
        clone._buttons.go.click()
        await clone.settled()
        spent = sum(task.cost or 0 for task in studio.tasks())
        again = (await run(clone))["voice"]
        assert (again.id, again.consent) == (clone.voice.id, "she is nobody")

        say = SayPanel(studio, clone.voice)
        say.form.set({"text": "Once more for the code.", "speed": 1.1})
        await say.settled()
        say.say()
        await say.settled()
        # Of a server of one's own nobody says what it costs.
        spent += say.clips[0].task.cost or 0
        assert (await run(say))["clip"].data == say.clips[0].data

        voices = VoicesPanel(studio)
        voices._acted("hear", "0")
        assert (await run(voices))["voice"].preview.data == clone.voice.preview.data

        history = HistoryPanel(studio)
        await history.settled()
        assert history._table.rows[0]["cells"]["cost"] | {"title": ""} == {"text": "0", "order": 0, "title": ""}
        history._table.picked = [row["id"] for row in history._table.rows[:2]]
        await run(history)
        assert sum(task.cost or 0 for task in studio.tasks()) == spent
        for panel in (clone, say, voices, history):
            panel.close()


@pytest.mark.slow
async def test_a_services_own_voices_are_offered(tmp_path):
    """Whoever has cloned nothing yet can speak with one of them; the code names it."""
    with vn.connect("faseeh", sandbox=True, home=tmp_path) as studio:
        panel = SayPanel(studio)
        assert told(panel._status) == "There is no voice yet: clone one first."
        await panel.settled()
        assert "Owen (en-male-1)" in [name for name, _ in panel._voice.options]
        panel._voice.value = "en-male-1"
        panel.form.set({"text": "Good morning."})
        await panel.settled()
        panel.say()
        await panel.settled()
        assert panel.error is None
        assert panel.clips[0].duration > 0.3
        assert "voice = studio.voice('en-male-1')" in panel.code()
        panel.close()


# -- voices and history ----------------------------------------------------------------------------------------


async def test_voices_are_renamed_heard_and_forgotten(studio, voice, ada):
    """Each button calls what a cell would call; forgetting asks first."""
    await studio.aio.clone(ada, name="eve", text="Hello there.")
    panel = VoicesPanel(studio)
    used = []
    panel.on_use(used.append)
    panel._acted("use", "0")
    assert used == ["eve"]
    panel._acted("hear", "0")
    await panel.settled()
    assert len(panel._player.children) == 1
    panel._acted("rename", "0")
    panel._new_name.value = "Ada <b>"
    panel._rename()
    assert studio.voice("Ada <b>").name == "Ada <b>"
    panel._acted("forget", "0")
    assert "Ada <b>" in {row["label"] for row in panel._table.rows}
    assert "<b>" not in panel._question.value
    panel._forget()
    labels = {row["label"] for row in panel._table.rows}
    assert "ada" in labels
    assert "Ada <b>" not in labels
    panel.close()


async def test_the_history_is_filtered_played_and_compared(studio, voice):
    """The table says what was asked and what it cost; its rows play."""
    clips = await studio.aio.say(voice, "For the history.", takes=2)
    panel = HistoryPanel(studio)
    await panel.settled()
    assert "tasks this week" in told(panel._status)
    panel._filters.find.value = "for the history"
    await panel.settled()
    rows = panel._table.rows
    assert len(rows) == 2
    assert rows[0]["cells"]["cost"]["text"] == f"{clips[0].task.cost:f}".rstrip("0")
    panel._acted("play", rows[0]["id"])
    await panel.settled()
    assert len(panel._player.children) == 1
    assert panel._compare.disabled
    panel._table.picked = [row["id"] for row in rows]
    assert panel._compare.description == "Compare 2"
    panel._compare.click()
    await panel.settled()
    assert len(panel._player.children[0].clips) == 2
    panel._filters.find.value = "no such words"
    await panel.settled()
    assert panel._table.rows == []
    assert panel._table.picked == [row["id"] for row in rows], "picks survive a search"
    assert panel._compare.description == "Compare 2"
    assert panel._table.empty == "Nothing here matches."
    panel.close()


async def test_labels_and_notes_are_kept_with_the_picked_tasks(studio, voice, ada):
    """Also with tasks that have no clip; the code says the same, and they are found and added up by."""
    clip = await studio.aio.say(voice, "To be labelled.")
    panel = HistoryPanel(studio, live=False)
    await panel.settled()
    assert panel._note.disabled
    panel._table.picked = [clip.task.id]
    panel._note.click()
    panel._bars.label.value, panel._bars.remark.value = "pilot <1>", "the one with the cough"
    last = panel.code().splitlines()[-1]
    assert last == f"studio.history.annotate('{clip.task.id[:8]}', label='pilot <1>', note='the one with the cough')"
    panel.annotate()
    await panel.settled()
    assert panel.error is None
    assert studio.history.frame(limit=1)[["label", "note"]].iloc[0].tolist() == ["pilot <1>", "the one with the cough"]
    panel._filters.find.value = "cough"
    await panel.settled()
    (row,) = panel._table.rows
    note = row["cells"]["note"]
    assert (note["text"], note["title"]) == ("pilot <1> · the one with the cough", "pilot <1>\nthe one with the cough")
    panel._books_shown.value = True
    panel._books.by.value = "label"
    assert "pilot &lt;1&gt;" in panel._books._sums.value
    assert "studio.history.spending('label')" in panel.code()
    panel._note.click()
    assert panel._bars.label.value == "pilot <1>"
    panel._bars.label.value = panel._bars.remark.value = ""
    panel.annotate()
    await panel.settled()
    assert studio.history.frame(limit=1)[["label", "note"]].iloc[0].isna().all()
    panel.close()


async def test_the_history_is_written_to_a_file(studio, voice, tmp_path):
    """Filtered as the table is; another suffix is refused in the panel."""
    await studio.aio.say(voice, "For the file.")
    panel = HistoryPanel(studio, live=False)
    panel._filters.only.value = "completed"
    await panel.settled()
    panel._books_shown.value = True
    panel._books.path.value = str(tmp_path / "mine.csv")
    panel._books.save.click()
    assert told(panel._status).startswith("Written: ")
    frame = pd.read_csv(tmp_path / "mine.csv")
    assert set(frame["status"]) == {"completed"}
    assert len(frame) == len(studio.history.frame(status="completed"))
    panel._books.path.value = "mine.docx"
    panel._books.save.click()
    assert isinstance(panel.error, vn.InvalidRequest)
    await panel.settled()
    panel.close()


async def test_what_runs_is_watched_to_its_end(studio, voice):
    """A task that a cell submitted shows its status, and then that it is done."""
    panel = HistoryPanel(studio)
    await panel.settled()
    task = await studio.aio.submit(voice, "Watched from afar.")
    panel.refresh()
    await panel.settled()
    row = next(row for row in panel._table.rows if row["id"] == task.id)
    assert row["cells"]["status"]["text"] == "completed"
    panel.close()


def test_a_tables_messages_are_believed_only_for_its_rows():
    """A page cannot ask for what is not shown."""
    table = Table([{"key": "name", "label": "Name"}], label="Things", empty="none")
    heard = []
    table.on_act(lambda act, row: heard.append((act, row)))
    table.show([{"id": "a", "label": "A", "cells": {}}])
    for content in ({"act": "play", "id": "b"}, {"act": "play"}, "play", None, {"act": "play", "id": "a"}):
        table._handle_custom_msg(content, [])
    assert heard == [("play", "a")]


# -- all of them -----------------------------------------------------------------------------------------------


async def test_no_key_and_no_sound_is_in_the_state_that_a_notebook_saves(studio, voice):
    """Widget state is text about the panel, small, and without the key."""
    panel = StudioPanel(studio)
    panel.say.form.set({"text": "The kettle is on.", "pitch": 2})
    await panel.settled()
    panel.say.say()
    await panel.settled()
    state = {one.model_id: one.get_state() for one in parts(panel.widget)}
    plain = json.dumps(state, default=lambda value: f"<{type(value).__name__}>")
    assert launch.start(studio.home).key.reveal() not in plain
    assert "data:audio" not in plain
    # Half of it is the style sheet and the scripts, which come once for each panel.
    assert len(plain) < 600_000
    panel.close()


async def test_every_control_has_a_label_and_every_status_line_is_live(studio, voice):
    """What a screen reader needs is not left to the eye."""
    panel = StudioPanel(studio)
    await panel.settled()
    controls = (widgets.Text, widgets.Textarea, widgets.Dropdown, widgets.FloatSlider, widgets.IntSlider, widgets.BoundedIntText,
                widgets.Checkbox, widgets.Button, widgets.ToggleButton, Upload)  # fmt: skip
    for one in parts(panel.widget):
        if isinstance(one, controls):
            assert one.description.strip() or "voicenb-gone" in one._dom_classes, one
    for each in (panel.clone, panel.say, panel.voices, panel.history):
        assert "voicenb-live" in each._status._dom_classes
        assert "voicenb-live" in each._problem._dom_classes
    panel.close()


async def test_a_surprise_in_a_callback_stands_in_the_panel(studio, voice, capsys):
    """In a notebook an exception of a callback is in no cell; here it is in the panel, with its kind."""
    panel = SayPanel(studio)
    panel._on(lambda: 1 / 0)(None)
    assert isinstance(panel.error, ZeroDivisionError)
    assert "ZeroDivisionError" in panel._problem.value
    await panel.settled()
    panel.close()
    assert capsys.readouterr() == ("", "")


def test_outside_a_kernel_nothing_is_kept():
    """A script has no cell to leave results in."""
    StaticOutput("x").keep({"text/html": "<p>", "text/plain": "p"}, where="nowhere")


async def test_displaying_says_what_it_is_where_no_widget_can_be_drawn(studio, voice):
    """The plain form of a panel tells a reader how to get it."""
    panel = SayPanel(studio)
    bundle = panel._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "Say: run this cell to get the panel."
    await panel.settled()
    panel.close()


# -- the key ---------------------------------------------------------------------------------------------------


def test_a_typed_key_is_in_no_trait_and_no_words():
    """It arrives by a message, and only `secret` has it."""
    panel = KeyPanel("soundclone")
    with pytest.raises(vn.AuthenticationError, match="no key was typed"):
        panel.secret  # noqa: B018 - the question is the error
    for wrong in ({"key": ""}, {"key": "two words"}, {"key": "schlüssel"}, {"other": 1}, "sk", None):
        panel._handle_custom_msg(wrong, [])
        assert not panel.has_key
        assert "no key" in panel.said
    panel._handle_custom_msg({"key": " sk_canary_1234 ", "remember": True}, [])
    assert panel.has_key
    assert panel.secret.reveal() == "sk_canary_1234"
    everything = json.dumps(panel.get_state(), default=repr) + repr(panel) + panel.said + repr(panel.secret)
    assert "canary" not in everything
    with vn.connect("soundclone", api_key=panel.secret, base_url="http://127.0.0.1:9") as live:
        assert "canary" not in repr(live)
    panel.close()


async def test_takes_that_cannot_be_are_named_and_nothing_is_sent(studio, voice):
    """The status line says how many may be asked for, the button is off, and a press that brings such a number is refused."""
    panel = SayPanel(studio, "ada")
    panel.form.set({"text": "How many takes?"})
    for typed in (50, "many", 0):
        panel._takes.value = typed
        await panel.settled()
        assert panel._takes.value == typed
        assert "Takes: allowed is a whole number from 1 to 20; given: " in html.unescape(panel._status.value)
        assert panel._buttons.go.disabled
        compile(panel.code(), "code", "exec")
        panel.say()
        await panel.settled()
        assert isinstance(panel.error, vn.InvalidRequest)
    panel._takes.value = "2"
    await panel.settled()
    assert panel._buttons.go.description.startswith("Say · ")
    assert [one for one in studio.tasks() if one.text == "How many takes?"] == []
    panel.close()


async def test_find_and_all_that_is_found_reach_behind_the_newest_page(studio, voice, tmp_path, monkeypatch):
    """Find, pick, label, download, export and code are about every task, not about the rows that happen to be drawn."""
    monkeypatch.setattr("voicenb.panels.history._PAGE", 2)
    for text in ("A far kettle.", "A near kettle.", "Newer one.", "Newer two.", "A third kettle."):
        await studio.aio.say(voice, text)
    panel = HistoryPanel(studio, live=False)
    panel._filters.find.value = "KETTLE."
    await panel.settled()
    found = studio.history.ids(find="kettle.")
    assert (panel._table.matching, len(panel._table.rows)) == (len(found), 2)
    assert "find='KETTLE.'" in panel.code()
    panel._table._handle_custom_msg({"all": True}, [])
    await panel.settled()
    assert panel._table.picked == found
    assert panel._download.description == f"Download {len(found)}"
    panel._filters.find.value = "newer"
    await panel.settled()
    assert panel._table.picked == found, "a search takes no pick back"
    made = await panel._make("csv")
    assert set(pd.read_csv(io.BytesIO(made.content))["id"]) == set(found)
    made = await panel._make("zip")
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert len(archive.namelist()) == len(found) + 1
    panel._table.picked = []
    made = await panel._make("json")
    assert {row["id"] for row in json.loads(made.content)} == set(studio.history.ids(find="newer"))
    panel._books.path.value = str(tmp_path / "found.csv")
    panel._books.save.click()
    assert set(pd.read_csv(tmp_path / "found.csv")["id"]) == set(studio.history.ids(find="newer"))
    panel.close()


async def test_the_history_is_filtered_by_voice_service_kind_label_and_date(studio, voice):
    """The lists offer what there is; a date that is none is named, and nothing is drawn for it."""
    clip = await studio.aio.say(voice, "To be filtered.")
    studio.history.annotate(clip.task.id, label="filtered")
    panel = HistoryPanel(studio, live=False)
    await panel.settled()
    before = len(list(parts(panel.widget)))
    panel._filters.more.value = True
    assert len(list(parts(panel.widget))) > before, "made when first wanted"
    lists, dates = panel._filters._lists, panel._filters._dates
    lists["label"].value = "filtered"
    await panel.settled()
    assert [row["id"] for row in panel._table.rows] == [clip.task.id]
    assert panel._filters.more.description == "Filter · 1"
    lists["kind"].value = "preview"
    await panel.settled()
    assert panel._table.rows == []
    lists["label"].value, lists["voice"].value = "", "ada"
    await panel.settled()
    assert {row["cells"]["parameters"]["text"].split(",")[0] for row in panel._table.rows} == {"preview"}
    assert ("SoundClone", "soundclone") in lists["service"].options
    lists["kind"].value = ""
    dates["until"].value = "1h"
    await panel.settled()
    assert panel._table.rows == []
    dates["until"].value = "soon"
    await panel.settled()
    assert "is no moment" in panel._problem.value
    assert str(panel.error).startswith("until='soon'")
    panel.close()


async def test_what_is_picked_is_deleted_after_a_question(studio, voice):
    """It says how many, what they cost and what stays; another pick takes the question back."""
    clips = [await studio.aio.say(voice, text) for text in ("Delete this.", "Delete that.", "Keep this.")]
    panel = HistoryPanel(studio, live=False)
    await panel.settled()
    assert panel._remove.disabled
    panel._table.picked = [clip.task.id for clip in clips]
    panel._remove.click()
    panel._table.picked = [clip.task.id for clip in clips[:2]]
    assert panel._bars.opened == ""
    panel._remove.click()
    asked = panel._bars.questions["delete"].value
    assert "Delete 2 tasks and 2 of their sounds?" in asked
    assert f"{clips[0].task.cost + clips[1].task.cost:f}".rstrip("0") in asked
    assert "play money" in asked
    assert "studio.history.delete(" in panel.code()
    panel._bars.sure.click()
    await panel.settled()
    assert panel.error is None
    assert told(panel._status) == "Deleted: 2 tasks."
    assert panel._table.picked == []
    left = studio.history.ids()
    assert clips[2].task.id in left
    assert not {clip.task.id for clip in clips[:2]} & set(left)
    panel.close()


async def test_credits_of_services_are_never_added(studio, voice, panel_home):
    """Each service's own amounts stand by its name, and play money is told to be that."""
    await studio.aio.say(voice, "Paid in credits of one service.")
    with vn.connect("faseeh", sandbox=True, home=panel_home) as other:
        await other.aio.say(other.voice("en-male-1"), "Paid in credits of another.")
    panel = HistoryPanel(studio, live=False)
    await panel.settled()
    said = told(panel._status)
    for row in studio.history.spending("service", since="7d").to_dict("records"):
        if row["spent"]:
            assert f"{amount(row['spent_exact'], row['unit'])} of {service_label(row['service'])}" in said
    assert said.count("play money") == 1
    assert {row["cells"]["service"]["text"] for row in panel._table.rows} >= {"SoundClone", service_label("faseeh")}
    assert "service" in studio.history.frame().columns
    panel.close()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [("1", "credits", "1 credit"), ("1.0", "credits", "1 credit"), ("0.5", "credits", "0.5 credits"), ("0", "credits", "0 credits")],
)  # fmt: skip
def test_one_credit_is_no_plural(value, unit, text):
    """In panels, prices and balances alike."""
    assert amount(Decimal(value), unit) == text
    assert str(Price(Decimal(value), unit, "")) == text


def test_missing_words_are_none_and_not_nan(empty):
    """A voice without consent, and sums by a label that nothing has."""
    empty.clone(vn.sandbox.sample_speaker("ada", home=empty.home), name="bare", text="Hello there.", quiet=True)
    panel = VoicesPanel(empty)
    assert panel._table.rows[0]["cells"]["consent"]["text"] == "none noted"
    history = HistoryPanel(empty, live=False)
    history._books.by.value = "label"
    history._books_shown.value = True
    assert "nan" not in history._books._sums.value.lower()
    assert "play money" in history._books._sums.value
    panel.close()
    history.close()


@pytest.mark.slow
def test_use_takes_up_that_voice_and_alone_says_how(empty):
    """The older of two voices of one name by its key; without another panel the Python that speaks in it is shown."""
    for name in ("ada", "bruno"):
        empty.clone(vn.sandbox.sample_speaker(name, home=empty.home), name="twin", text="Hello there.", quiet=True)
    panel = VoicesPanel(empty)
    older = panel._table.rows[1]
    panel._acted("use", older["id"])
    assert panel._code_shown.value
    key = panel._rows[older["id"]]["key"]
    assert f"voice = studio.voice({key!r})" in panel.code()
    assert empty.voice(key).key == key
    panel._acted("use", panel._table.rows[0]["id"])
    assert "voice = studio.voice('twin')" in panel.code()
    panel.close()
