"""Presses as a page sends them, in any order, late and twice; consent that is true; and what several takes were charged."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest

import voicenb as vn
from voicenb.panels import ClonePanel, HistoryPanel, ReferencePanel, SayPanel, StudioPanel, VoicesPanel
from voicenb.panels.parts.page_values import PageOutdated, Press

from .test_panels import parts, send, told, until


def say_panel(studio, text):
    """A panel of the one voice that no test clones again."""
    panel = SayPanel(studio, "ada")
    panel.form.set({"text": text})
    return panel


def page(panel):
    """What a page shows of a panel now; each control's attributes, as JSON brings them."""
    wave = getattr(getattr(panel, "reference", None) or panel, "waveform", panel.widget)
    known = {one.model_id: one for one in (*parts(panel.widget), wave)}
    shows = {
        name: {attribute: getattr(known[name], attribute) for attribute in attributes}
        for name, attributes in panel._assets.watched.items()
    }
    return json.loads(json.dumps(shows))


def press(panel, button, shows=None, **told):
    """Sends a press as the panel's helper does; `told` is what is other on the page, by the control's place in the panel."""
    shows = page(panel) if shows is None else shows
    content = {"press": button.model_id, "token": shows[button.model_id]["token"], "shows": shows}
    panel._assets._handle_custom_msg(content | told, [])
    return shows


def named(panel, text):
    """A panel's button by its words."""
    return next(one for one in parts(panel.widget) if isinstance(one, Press) and one.description == text)


def rows(studio, text):
    return [task for task in studio.tasks() if task.text == text and task.kind == "production"]


# -- a press brings what the page shows ---------------------------------------------------------------------------


async def test_a_press_pays_for_what_the_page_shows_and_not_for_what_the_kernel_knows(studio, voice):
    """The kernel has heard of none of it: parameters, takes, and "anew" come with the press."""
    text = "The page knows more than the kernel."
    panel = say_panel(studio, text)
    await panel.settled()
    panel._takes.value = 2
    await panel.settled()
    shows = page(panel)
    panel._takes.value = 1
    await panel.settled()
    fields = panel.form.fields
    shows[fields["pitch"].input.model_id]["value"] = 3
    shows[fields["speed"].input.model_id]["value"] = 1
    emotion = fields["emotion"].input
    shows[emotion.model_id]["index"] = list(emotion._options_labels).index("sad")
    shows[panel._buttons.go.model_id]["token"] = panel._buttons.go.token
    press(panel, panel._buttons.go, shows)
    await panel.settled()
    assert panel.error is None
    assert [task.parameters for task in rows(studio, text)] == [{"pitch": 3, "emotion": "sad"}] * 2
    assert (fields["pitch"].value, emotion.value) == (0, "neutral"), "what the page shows is the page's"
    panel.close()


async def test_a_press_at_the_price_of_before_the_result_is_refused_because_it_is_free(studio, voice):
    """The page still said the amount; what it asked for was made meanwhile. The sentence says so in words."""
    text = "What another cell has said meanwhile."
    panel = say_panel(studio, text)
    await panel.settled()
    shown = panel._buttons.go.description
    voice.say(text, quiet=True)
    press(panel, panel._buttons.go)
    await panel.settled()
    assert isinstance(panel.error, PageOutdated)
    assert f"this has been made before and is free, and the button said {shown.partition(' · ')[2]} when" in str(
        panel.error
    )
    assert len(rows(studio, text)) == 1
    panel.close()


async def test_another_price_than_the_button_said_is_refused(studio, voice):
    """Nothing is sent, the remark is amber and names both, and the button says the right one."""
    text = "What costs more than the page could know."
    panel = say_panel(studio, text)
    await panel.settled()
    shows = page(panel)
    shows[panel.form.fields["text"].input.model_id]["value"] = text * 2
    press(panel, panel._buttons.go, shows)
    await panel.settled()
    assert isinstance(panel.error, PageOutdated)
    assert "voicenb-amber" in panel._problem.value
    assert f"this costs {studio.price(voice, text * 2)}, and the button said {studio.price(voice, text)} when" in str(
        panel.error
    )
    assert rows(studio, text * 2) == rows(studio, text) == []
    press(panel, panel._buttons.go)
    await panel.settled()
    assert panel.error is None
    assert len(rows(studio, text)) == 1
    panel.close()


async def test_a_press_counts_once_however_often_it_arrives(studio, voice):
    """The second of a double press, one that another has overtaken, and a cancel of the work before are none."""
    text = "Only ever once."
    panel = say_panel(studio, text)
    panel._fresh.value = True
    await panel.settled()
    first = press(panel, panel._buttons.go)
    press(panel, panel._buttons.go, first)
    cancel = page(panel)
    await panel.settled()
    press(panel, panel._buttons.go, first)
    await panel.settled()
    assert len(rows(studio, text)) == 1
    press(panel, panel._buttons.go)
    press(panel, panel._buttons.stop, cancel)
    await panel.settled()
    assert len(rows(studio, text)) == 2
    assert told(panel._status).startswith("Done: ")
    panel.close()


async def test_a_press_that_brings_nothing_does_nothing(studio, voice):
    """Before the page is complete, and where parts of it are missing or made up: an amber remark, and no row."""
    text = "This page is not complete."
    panel = say_panel(studio, text)
    await panel.settled()
    panel._buttons.go._handle_custom_msg({"event": "click"}, [])
    assert isinstance(panel.error, PageOutdated)
    whole = page(panel)
    pitch = panel.form.fields["pitch"].input.model_id
    for wrong in (None, {}, {"value": None}, {"value": [1]}):
        shows = whole | {
            pitch: wrong,
            panel._buttons.go.model_id: whole[panel._buttons.go.model_id] | {"token": panel._buttons.go.token},
        }
        press(panel, panel._buttons.go, shows)
        await panel.settled()
        assert isinstance(panel.error, PageOutdated), wrong
        assert "Pitch" in str(panel.error)
    for content in ({}, None, {"press": "x"}, {"press": panel._buttons.go.model_id, "token": 1, "shows": []}):
        panel._assets._handle_custom_msg(content, [])
    press(panel, panel._buttons.go, whole | {panel._buttons.go.model_id: {"description": "Say", "token": "another"}})
    assert "had changed" in str(panel.error)
    await panel.settled()
    assert rows(studio, text) == []
    panel.close()


async def test_a_list_is_read_by_its_words(studio, voice, ada):
    """The page's list of voices is the one that it showed, though the kernel has a longer one by now."""
    await studio.aio.clone(ada, name="zoe", text="Hello there.")
    panel = say_panel(studio, "Who is speaking?")
    panel.refresh("zoe")
    await panel.settled()
    shows = page(panel)
    await studio.aio.clone(ada, name="abe", text="Hello there.")
    panel.refresh("abe")
    await panel.settled()
    shows[panel._buttons.go.model_id]["token"] = panel._buttons.go.token
    press(panel, panel._buttons.go, shows)
    await panel.settled()
    assert [task.voice for task in rows(studio, "Who is speaking?")] == ["zoe"]
    shows = page(panel)
    shows[panel._voice.model_id] = {"index": 0, "_options_labels": ["gone"]}
    press(panel, panel._buttons.go, shows)
    assert "'gone'" in str(panel.error)
    await panel.settled()
    panel.close()


async def test_a_form_that_has_not_followed_is_refused(studio, panel_home, ada):
    """What stands in it belongs to the model, or to the voice, that was chosen before."""
    await studio.aio.clone(ada, name="first version", text="Hello there.", version="v1")
    await studio.aio.clone(ada, name="second version", text="Hello there.", version="v2")
    panel = say_panel(studio, "Of which version?")
    panel.refresh("first version")
    await panel.settled()
    shows = page(panel)
    labels = shows[panel._voice.model_id]["_options_labels"]
    shows[panel._voice.model_id]["index"] = labels.index("second version")
    press(panel, panel._buttons.go, shows)
    assert "had not yet followed the voice 'second version'" in str(panel.error)
    await panel.settled()
    assert rows(studio, "Of which version?") == []
    panel.close()

    with vn.connect("aiclone", sandbox=True, home=panel_home) as other:
        await other.aio.clone(ada, name="followed", consent="nobody's voice")
        panel = SayPanel(other, "followed")
        panel.form.set({"text": "Good morning.", "model": "v2-emotion", "emotion": "random"})
        await panel.settled()
        shows = page(panel)
        model = panel.form.fields["model"].input
        shows[model.model_id]["index"] = list(model._options_labels).index("omni")
        press(panel, panel._buttons.go, shows)
        assert "Emotion was still in sight" in str(panel.error)
        await panel.settled()
        assert rows(other, "Good morning.") == []
        panel.close()


async def test_load_and_try_again_bring_what_the_page_shows(studio, voice, ada, tmp_path):
    """A path that the kernel has not heard of is the one that is loaded; a second try is priced as the first is."""
    (tmp_path / "typed.wav").write_bytes(ada.read_bytes())
    reference = ReferencePanel(studio)
    await reference.settled()
    shows = page(reference)
    shows[reference._address.model_id]["value"] = str(tmp_path / "typed.wav")
    press(reference, reference._load, shows)
    await reference.settled()
    assert reference.reference.name == "typed"
    reference.close()

    text = "A second try."
    panel = say_panel(studio, text)
    panel.refresh("ada")
    await panel.settled()
    vn.sandbox.set_balance(0, home=studio.home)
    try:
        press(panel, panel._buttons.go)
        await panel.settled()
    finally:
        vn.sandbox.set_balance(100, home=studio.home)
    assert panel._next.description == "Try again"
    shows = page(panel)
    shows[panel.form.fields["text"].input.model_id]["value"] = text * 3
    press(panel, panel._next, shows)
    await panel.settled()
    assert isinstance(panel.error, PageOutdated)
    assert rows(studio, text * 3) == []
    shows = page(panel)
    shows[panel.form.fields["pitch"].input.model_id]["value"] = 2
    press(panel, panel._buttons.go, shows)
    await panel.settled()
    assert rows(studio, text)[0].parameters == {"pitch": 2}
    panel.close()


async def test_what_deletes_is_about_what_the_page_asked(studio, voice, ada):
    """A question that has changed on the way is answered by nobody; a row stays its own voice's, whoever comes before it."""
    for name in ("one", "two"):
        await studio.aio.clone(ada, name=name, text="Hello there.")
    panel = VoicesPanel(studio)
    ids = {row["label"]: row["id"] for row in panel._table.rows}
    panel._table._handle_custom_msg({"act": "forget", "id": ids["one"]}, [])
    asked = page(panel)
    panel._table._handle_custom_msg({"act": "forget", "id": ids["two"]}, [])
    press(panel, named(panel, "Forget"), asked)
    assert isinstance(panel.error, PageOutdated)
    assert {"one", "two"} <= {row["label"] for row in panel._table.rows}

    await studio.aio.clone(ada, name="three", text="Hello there.")
    panel.refresh()
    panel._table._handle_custom_msg({"act": "forget", "id": ids["one"]}, [])
    press(panel, named(panel, "Forget"))
    labels = {row["label"] for row in panel._table.rows}
    assert "one" not in labels
    assert {"two", "three"} <= labels
    panel._table._handle_custom_msg({"act": "rename", "id": ids["two"]}, [])
    shows = page(panel)
    shows[panel._new_name.model_id]["value"] = "deux"
    press(panel, named(panel, "Rename"), shows)
    assert studio.voice("deux").name == "deux"
    panel.close()


@pytest.mark.slow
async def test_the_older_of_two_voices_of_one_name_is_used_renamed_and_forgotten(empty):
    """Each row is one voice, also where two have one name, or one id at the service."""
    recording = {name: vn.sandbox.sample_speaker(name, home=empty.home) for name in ("ada", "bruno")}
    for path in recording.values():
        await empty.aio.clone(path, name="twin", text="Hello there.")
    panel = StudioPanel(empty)
    await panel.settled()
    newer, older = panel.voices._table.rows
    panel.voices._acted("use", older["id"])
    await panel.settled()
    chosen = empty.voice(panel.say.voice)
    assert chosen.reference == vn.Reference(recording["ada"]).hash
    panel._tabs.selected_index = 2
    panel._tabs.selected_index = 1
    assert empty.voice(panel.say.voice).key == chosen.key
    panel.voices._acted("forget", older["id"])
    panel.voices._forget()
    (left,) = panel.voices._table.rows
    assert left["id"] == newer["id"]
    await panel.settled()
    panel.close()


async def test_a_settled_charge_and_a_label_are_about_what_the_page_shows(studio, voice):
    """An answer about another task is refused; the picks and the words of the page are the ones that are kept."""
    vn.sandbox.faults("reset_after", route="production", count=2, home=studio.home)
    for text in ("Was it paid, the first?", "Was it paid, the second?"):
        with pytest.raises(vn.OutcomeUnknown):
            await studio.aio.say(voice, text)
    vn.sandbox.faults(home=studio.home)
    panel = HistoryPanel(studio, live=False)
    await panel.settled()
    second, first = panel._table.rows[:2]
    panel._table._handle_custom_msg({"act": "settle", "id": first["id"]}, [])
    asked = page(panel)
    panel._table._handle_custom_msg({"act": "settle", "id": second["id"]}, [])
    press(panel, named(panel, "It was not charged"), asked)
    assert isinstance(panel.error, PageOutdated)
    assert {task.status for task in studio.tasks("unknown")} == {"unknown"}
    press(panel, named(panel, "It was charged"))
    await panel.settled()
    assert [task.id for task in studio.tasks("unknown")] == [first["id"]]
    panel._acted("settle", first["id"])
    panel._settled(False, None)
    await panel.settled()

    panel._table.picked = [second["id"]]
    panel._note.click()
    shows = page(panel)
    shows[panel._table.model_id]["picked"] = [first["id"]]
    shows[panel._bars.label.model_id]["value"] = "mine"
    press(panel, named(panel, "Keep"), shows)
    await panel.settled()
    assert [row["words"][0] for row in panel._table.rows[:2]] == ["", "mine"]
    panel.close()


async def test_presets_are_saved_and_deleted_as_the_page_shows_them(studio, voice):
    """Name and parameters come with the press."""
    panel = say_panel(studio, "Presets.")
    await panel.settled()
    shows = page(panel)
    shows[panel._presets.name.model_id]["value"] = "typed"
    shows[panel.form.fields["pitch"].input.model_id]["value"] = 4
    press(panel, named(panel, "Save"), shows)
    assert vn.panels.presets.load(studio, "typed") == {"pitch": 4}
    panel._presets.name.value = "other"
    panel._presets.keep()
    shows = page(panel)
    shows[panel._presets.chosen.model_id]["index"] = shows[panel._presets.chosen.model_id]["_options_labels"].index(
        "typed"
    )
    press(panel, named(panel, "Delete"), shows)
    assert vn.panels.presets.names(studio) == ["other"]
    vn.panels.presets.delete(studio, "other")
    await panel.settled()
    panel.close()


@pytest.mark.slow
async def test_cloning_takes_the_recording_the_part_and_the_name_of_the_page(studio, voice, ada):
    """What was chosen in the waveform is what is cloned, also by the code; a press on the recording before is refused."""
    panel = ClonePanel(studio)
    panel.reference.take(str(ada))
    await panel.reference.settled()
    await panel.settled()
    late = page(panel)
    panel.reference.take(str(ada), name="again")
    await panel.reference.settled()
    await panel.settled()
    before = len(studio.tasks())
    press(panel, panel._buttons.go, late)
    assert isinstance(panel.error, PageOutdated)
    shows = page(panel)
    shows[panel._named.model_id]["value"] = "of the page"
    shows[panel.reference._consent.model_id]["value"] = "nobody's voice"
    shows[panel.reference._wave.model_id] |= {"start": 1.0, "end": 18.0}
    press(panel, panel._buttons.go, shows)
    await panel.settled()
    assert panel.error is None
    assert len(studio.tasks()) == before + 1
    voice = studio.voice("of the page")
    assert voice.consent == "nobody's voice"
    assert voice.reference == vn.Reference(ada).trim(1.0, 18.0).hash
    panel.reference._wave.start, panel.reference._wave.end = 1.0, 18.0
    assert "ref = ref.trim(1, 18)" in panel.code()
    panel.close()


# -- consent ----------------------------------------------------------------------------------------------------------


async def take(panel, way, ada, tmp_path):
    """Another person's recording, by each way that there is."""
    if way == "sample":
        panel._sample.value = "bruno"
    elif way == "path":
        (tmp_path / "person.wav").write_bytes(ada.read_bytes())
        panel._address.value = str(tmp_path / "person.wav")
        press(panel, panel._load)
    elif way == "microphone":
        panel._recorder.value = ada.read_bytes()
        panel._recorded()
    else:  # chosen or dropped: the same message
        send(panel._file, "person.wav", ada.read_bytes())
    await panel.settled()
    assert panel.error is None


@pytest.mark.parametrize("way", ["sample", "path", "microphone", "file"])
async def test_the_consent_of_a_sample_voice_never_stays_for_another_recording(studio, ada, tmp_path, way):
    """It goes with it, in whichever way the other came, and so does the sample that was chosen."""
    panel = ReferencePanel(studio)
    await panel.settled()
    panel._sample.value = "ada"
    await panel.settled()
    assert panel.consent == "ada is nobody: the sandbox made this voice up"
    await take(panel, way, ada, tmp_path)
    assert panel.consent == ("bruno is nobody: the sandbox made this voice up" if way == "sample" else None)
    assert panel.reference.consent == panel.consent
    assert panel._sample.value == ("bruno" if way == "sample" else "")
    assert "ada is nobody" not in panel.code()
    panel.close()


async def test_what_a_person_wrote_stays_and_a_sample_does_not_write_over_it(studio, ada, tmp_path):
    """Also after the sample's own words were changed by hand; a recording that brings its own consent shows it."""
    panel = ReferencePanel(studio)
    await panel.settled()
    panel._consent.value = "my own voice, for tests"
    await take(panel, "microphone", ada, tmp_path)
    assert panel.reference.consent == "my own voice, for tests"
    await take(panel, "sample", ada, tmp_path)
    assert panel.consent == "my own voice, for tests"
    panel._consent.value = ""
    panel.take(vn.Reference(ada, consent="she has signed it"))
    await panel.settled()
    assert panel.consent == "she has signed it"
    panel.close()


@pytest.mark.slow
async def test_a_sample_that_speaks_late_takes_nothing_from_the_recording_that_came_first(studio, ada, tmp_path):
    """The newest wish is the one that counts, whichever is ready first; a file that cannot serve changes nothing."""
    panel = ReferencePanel(studio)
    await panel.settled()
    panel._sample.value = "dev"
    send(panel._file, "person.wav", ada.read_bytes())
    await panel.settled()
    assert panel.reference.name == "person"
    assert panel.consent is None
    panel._sample.value = "ada"
    await panel.settled()
    send(panel._file, "song.wav", b"no sound at all")
    await panel.settled()
    assert isinstance(panel.error, vn.BadReference)
    assert panel.reference.name == "ada"
    assert panel.reference.consent == "ada is nobody: the sandbox made this voice up"
    panel.close()


async def test_what_was_cloned_before_is_free_and_another_part_is_not(studio, voice, ada):
    """The button says so before it is pressed, and agrees with the studio; another part or text is another voice."""
    panel = ClonePanel(studio)
    go = panel._buttons.go
    panel.reference.take(str(ada))
    panel._named.value = "again"
    panel.form.set({"text": "Cloned only once."})
    await panel.reference.settled()
    await panel.settled()
    paid = go.description
    price = studio.clone_price(ada, text="Cloned only once.")
    assert not price.cached
    assert paid == f"Clone · {price}"
    go.click()
    await panel.settled()
    assert go.description == "Clone · made before · free"
    price = studio.clone_price(ada, name="another name", text="Cloned only once.")
    assert (price.amount, price.cached) == (0, True)
    assert studio.clone_price(ada, text="Cloned only once.", fresh=True).amount > 0
    assert studio.clone_price(text="Cloned only once.").amount > 0
    assert (await studio.aio.clone_price(ada, text="Cloned only once.")).cached
    for change in (
        lambda on: setattr(panel.reference.waveform, "end", 18.0 if on else panel.reference.reference.duration),
        lambda on: panel.form.set({"text": "Cloned only twice." if on else "Cloned only once."}),
    ):
        change(True)
        await panel.settled()
        assert go.description.startswith("Clone · 0.00")
        change(False)
        await panel.settled()
        assert go.description == "Clone · made before · free"
    press(panel, go)
    await panel.settled()
    assert panel.error is None
    assert panel.voice.preview.task.text == "Cloned only once."
    panel.close()


async def test_a_live_service_is_not_paid_without_consent(studio, ada, tmp_path):
    """Asked for in amber before anything is paid, and required where money is real; a setting lifts that."""
    address = "http://127.0.0.1:9"
    with vn.connect("soundclone", api_key="sk_x", base_url=address, home=tmp_path, prices=PRICES) as live:
        live.endpoint = address
        panel = live.panel().clone
        panel.reference.take(str(ada))
        await panel.reference.settled()
        await panel.settled()
        assert panel._buttons.go.disabled
        assert "voicenb-amber" in panel._status.value
        assert "did they agree?" in told(panel._status)
        panel.reference._consent.value = "she has signed it"
        await panel.settled()
        assert not panel._buttons.go.disabled
        shows = page(panel)
        shows[panel.reference._consent.model_id]["value"] = "  "
        press(panel, panel._buttons.go, shows)
        assert isinstance(panel.error, PageOutdated)
        panel.reference._consent.value = ""
        panel.clone()
        await panel.settled()
        assert isinstance(panel.error, PageOutdated)
        assert live.tasks() == []
        panel.close()

        lifted = live.panel(consent="optional").clone
        lifted.reference.take(str(ada))
        await lifted.reference.settled()
        await lifted.settled()
        assert not lifted._buttons.go.disabled
        assert "did they agree?" in told(lifted._status)
        assert "voicenb-amber" in lifted._status.value
        lifted.close()
        with pytest.raises(vn.InvalidRequest, match="required"):
            live.panel(consent="no")


PRICES = {"sound-cloning-clone": "0.2", "sound-cloning-audio": "0.2", "sound-cloning-voice": "0.01"}


async def test_the_sandbox_asks_and_does_not_insist(studio, ada):
    """A recording without consent is asked about in amber; its voice is made all the same, and has none."""
    panel = ClonePanel(studio)
    panel.reference.take(str(ada))
    await panel.reference.settled()
    await panel.settled()
    assert "did they agree?" in told(panel._status)
    assert "voicenb-amber" in panel._status.value
    panel._named.value = "unasked"
    await panel.settled()
    press(panel, panel._buttons.go)
    await panel.settled()
    assert studio.voice("unasked").consent is None
    panel.close()


# -- what several takes were charged ------------------------------------------------------------------------------------


def left(studio):
    return studio.balance().amount


def charged(text):
    """The amount that a status line says was charged."""
    return Decimal(text.split(" credits charged")[0].rpartition(" ")[2])


@pytest.mark.slow
async def test_cancelled_takes_are_counted_and_all_that_was_charged_is_said(studio, voice):
    """How many were made, how many cancelled, and the sum of all; it is what the balance has lost."""
    before = left(studio)
    panel = say_panel(studio, "Eight of these are too many. " * 6)
    panel._takes.value = 8
    panel._fresh.value = True
    await panel.settled()
    press(panel, panel._buttons.go)
    await until(lambda: sum(task.status == "completed" for task in panel._tasks) >= 2)
    press(panel, panel._buttons.stop)
    await panel.settled()
    said = told(panel._status)
    made = len(panel.clips)
    assert said.startswith(f"{made} of 8 takes, ")
    assert f"{8 - made} cancelled" in said or "not sent" in said
    assert "voicenb-amber" in panel._status.value
    assert charged(said) == before - left(studio)
    panel.close()


@pytest.mark.slow
async def test_takes_that_fail_and_a_budget_that_ends_hide_nothing(studio, voice):
    """What was made before is shown, and what all of it was charged."""
    before = left(studio)
    text = "A budget for two and a half of these."
    price = studio.price(voice, text).amount
    panel = say_panel(studio, text)
    panel._takes.value = 4
    await panel.settled()
    with studio.budget(price * Decimal("2.5")):
        press(panel, panel._buttons.go)
        await panel.settled()
    assert isinstance(panel.error, vn.BudgetExceeded)
    assert len(panel.clips) == 2
    said = told(panel._status)
    assert said.startswith("2 of 4 takes, ")
    assert "2 not sent" in said
    assert charged(said) == before - left(studio) == 2 * price
    panel.close()


async def test_a_take_of_unknown_fate_is_said_beside_the_others(studio, voice):
    """What is sure, and what perhaps was charged."""
    text = "One of these has no answer."
    panel = say_panel(studio, text)
    panel._takes.value = 3
    await panel.settled()
    vn.sandbox.faults("reset_after", route="production", count=1, home=studio.home)
    press(panel, panel._buttons.go)
    await panel.settled()
    vn.sandbox.faults(home=studio.home)
    price = studio.price(voice, text, fresh=True)
    said = told(panel._status)
    assert said.startswith("2 of 3 takes, ")
    assert "1 unknown" in said
    assert charged(said) == 2 * price.amount
    assert f"{price} perhaps charged: settle it in the history" in said
    (unknown,) = [task for task in rows(studio, text) if task.status == "unknown"]
    unknown.forget(charged=True)
    panel.close()


async def test_takes_made_before_cost_nothing_and_the_rest_is_added_up(studio, voice):
    """Two from disk and one anew."""
    text = "Two of these are there already."
    await studio.aio.say(voice, text, takes=2)
    before = left(studio)
    panel = say_panel(studio, text)
    panel.refresh("ada")
    panel._takes.value = 3
    await panel.settled()
    press(panel, panel._buttons.go)
    await panel.settled()
    said = told(panel._status)
    assert said.startswith("Done: ")
    assert charged(said) == before - left(studio) == studio.price(voice, text, fresh=True).amount
    panel.close()


async def test_a_cancelled_clone_says_what_it_was_charged(studio, voice, ada):
    """What was sent goes on, with its price."""
    before = left(studio)
    panel = ClonePanel(studio)
    panel.reference.take(vn.Reference(ada, consent="nobody's voice"))
    panel._named.value = "cancelled"
    panel.form.set({"text": "A preview that nobody waits for. " * 7})
    await panel.reference.settled()
    await panel.settled()
    press(panel, panel._buttons.go)
    await until(lambda: any(task.voice == "cancelled" and task.remote_id for task in studio.tasks(limit=3)))
    press(panel, panel._buttons.stop)
    await panel.settled()
    said = told(panel._status)
    assert said.startswith("Cancelled; preview: ")
    assert "goes on" in said
    assert charged(said) == before - left(studio)
    (task,) = [one for one in studio.tasks(limit=5) if one.voice == "cancelled"]
    await task
    panel.close()


def test_api_takes_that_stop_half_way_say_which_were_sent(studio, voice):
    """The error of the third names the two before it."""
    text = "Two go, and the third does not."
    with studio.budget(studio.price(voice, text).amount * 2), pytest.raises(vn.BudgetExceeded) as caught:
        voice.takes(text, 3)
    (note,) = caught.value.__notes__
    assert note.startswith("2 of 3 takes were asked for before this")
    for task in rows(studio, text):
        assert task.id[:8] in note
        task.wait(quiet=True)


async def test_presses_from_two_threads_are_handled_one_at_a_time(studio, voice):
    """A front end may send to several threads of a kernel; one press is paid."""
    text = "From two threads at once."
    panel = say_panel(studio, text)
    panel._fresh.value = True
    await panel.settled()
    shows = page(panel)
    await asyncio.gather(*(asyncio.to_thread(press, panel, panel._buttons.go, shows) for _ in range(4)))
    await panel.settled()
    await until(lambda: not panel.busy)
    assert len(rows(studio, text)) == 1
    panel.close()
