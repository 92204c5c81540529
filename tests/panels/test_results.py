"""Results in Say: what they say, what their buttons do, and that nothing is shown or kept twice."""

from __future__ import annotations

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import voicenb as vn
from voicenb.audio.codec import encode
from voicenb.panels import HistoryPanel, SayPanel
from voicenb.panels.players.compare import ComparePlayer
from voicenb.panels.results import STARRED
from voicenb.studio.clip import Clip

from .test_panels import told
from .test_presses import press


def act(panel, result, **content):
    """A press on a result's card, as its page sends it."""
    result.card._handle_custom_msg(content, [])


async def said(panel, text, **values):
    """Says a text and gives the result that stands on top."""
    panel.form.set({"text": text, **values})
    await panel.settled()
    press(panel, panel._buttons.go)
    await panel.settled()
    assert panel.error is None
    return panel.results.shown[0]


async def test_what_is_made_already_is_free_on_the_button_and_the_press_holds_to_it(studio, voice):
    """Made once, the button says so; a press pays nothing; and a new version has its price again."""
    panel = SayPanel(studio, "ada")
    text = "The lantern in the hall is lit."
    await said(panel, text)
    assert panel._buttons.go.description == "Say · made before · free"
    assert not panel._buttons.go.disabled
    before = studio.balance().amount
    press(panel, panel._buttons.go)
    await panel.settled()
    assert panel.error is None
    assert told(panel._status).endswith("made before, so nothing was charged")
    assert studio.balance().amount == before
    panel._fresh.value = True
    await panel.settled()
    assert panel._fresh.description == "Make a new version, and pay again"
    price = studio.price(voice, text, fresh=True)
    assert panel._buttons.go.description == f"Say · {price}"
    panel._fresh.value = False
    await panel.settled()

    # What was free when it was pressed and is not any more is not paid for.
    panel.results.shown[0].clips[0].path.unlink()
    press(panel, panel._buttons.go)
    await panel.settled()
    assert "the button said made before · free when it was pressed" in str(panel.error)
    assert studio.balance().amount == before
    panel.close()


async def test_a_result_says_what_was_said_and_how(studio, voice):
    """Text, voice, parameters and price stand with each; markup in a text is text."""
    panel = SayPanel(studio, "ada")
    text = "A <b>bold</b> kettle & a quiet cup."
    result = await said(panel, text, pitch=-2, speed=1.2)
    assert result.card.text == text
    assert result.card.facts == f"ada · pitch −2 · speed 1.2 · {studio.price(voice, text, fresh=True)}"
    other = await said(panel, "Another one altogether.", pitch=0, speed=1.0)
    assert panel.results.shown == [other, result]
    panel.close()


async def test_what_is_answered_from_disk_does_not_pile_up(studio, voice):
    """The same request again brings its result to the top; a new version is a result of its own."""
    panel = SayPanel(studio, "ada")
    first = await said(panel, "Say this one twice.")
    second = await said(panel, "And this one once.")
    again = await said(panel, "Say this one twice.")
    assert again is first
    assert panel.results.shown == [first, second]
    assert len(panel.clips) == 2
    panel._fresh.value = True
    newer = await said(panel, "Say this one twice.")
    assert panel.results.shown == [newer, first, second]
    panel.close()


async def test_again_with_these_sets_the_form_and_sends_nothing(studio, voice):
    """Voice, text and parameters are those of the result; what it did not set is at its default."""
    panel = SayPanel(studio, "ada")
    result = await said(panel, "Set me back.", pitch=3, emotion="happy")
    panel.form.set({"text": "Something else.", "pitch": 0, "emotion": "sad", "speed": 1.5})
    await panel.settled()
    count = len(studio.tasks())
    act(panel, result, act="again")
    await panel.settled()
    values = panel.form.values
    assert (values["text"], values["pitch"], values["emotion"]) == ("Set me back.", 3, "happy")
    assert "speed" not in values
    assert panel.voice == "ada"
    assert panel._buttons.go.description == "Say · made before · free"
    assert len(studio.tasks()) == count
    panel.close()


async def test_a_star_is_a_label_in_the_history_and_leaves_others_alone(studio, voice):
    """Each take has its star; taking it away takes the label away; a label of one's own is not written over."""
    panel = SayPanel(studio, "ada")
    told_of = []
    panel.on_done(lambda: told_of.append(True))
    panel._takes.value = 2
    result = await said(panel, "Which of the two is it?")
    del told_of[:]
    assert result.card.stars == ["take 1", "take 2"]
    act(panel, result, act="star", place=1, on=True)
    assert result.card.starred == [False, True]
    assert told_of == [True]
    frame = studio.history.frame().set_index("id")
    assert [frame.loc[task.id, "label"] == STARRED for task in result.tasks] == [False, True]
    act(panel, result, act="star", place=1, on=False)
    assert result.card.starred == [False, False]
    result.tasks[0].annotate(label="mine")
    act(panel, result, act="star", place=0, on=True)
    assert isinstance(panel.error, vn.InvalidRequest)
    assert "'mine'" in str(panel.error)
    assert result.tasks[0].record.label == "mine"
    for nonsense in ({"act": "star", "place": 7, "on": True}, {"act": "star", "place": "0"}, {"act": "drop"}, 3):
        result.card._handle_custom_msg(nonsense, [])
    assert result.card.starred == [False, False]
    panel.close()


async def test_remove_takes_a_result_from_the_list_and_not_from_the_ledger(studio, voice):
    """What is removed is gone from the panel, with its clip; the history has it."""
    panel = SayPanel(studio, "ada")
    kept = await said(panel, "This one stays.")
    gone = await said(panel, "This one goes.")
    act(panel, gone, act="remove")
    assert panel.results.shown == [kept]
    assert panel.clips == list(kept.clips)
    assert len(panel.results.widget.children) == 1
    assert studio.history.clip(gone.tasks[0].id).data == gone.clips[0].data
    act(panel, gone, act="remove")
    assert panel.results.shown == [kept]
    panel.close()


CELL = """
import voicenb as vn
from voicenb.panels import SayPanel
studio = vn.connect()
panel = SayPanel(studio, "ada")
display(panel)
panel.form.set({"text": "Two takes of one line."})
panel._takes.value = 2
for _ in range(2):
    await panel.settled()
    panel.say()
    await panel.settled()
assert panel.error is None"""


@pytest.mark.slow
def test_takes_are_kept_once_as_a_comparison(studio, voice, panel_home, monkeypatch):
    """A notebook without its kernel has one comparison with the takes' numbers, also after the same was asked for again."""
    monkeypatch.setenv("VOICENB_HOME", str(panel_home))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(book, timeout=240, store_widget_state=False).execute()
    kept = [
        output.data["text/html"]
        for output in book.cells[0].outputs
        if "voicenb-kept-" in output.get("data", {}).get("text/html", "")
    ]
    assert len(kept) == 1
    assert kept[0].count("<audio") == 2
    assert "take 1" in kept[0]
    assert "take 2" in kept[0]


async def test_a_star_in_the_comparison_and_one_beside_it_are_the_same(studio, voice):
    """Whichever is pressed, both show it, and the ledger has it; a label of one's own is told, and stays."""
    panel = SayPanel(studio, "ada")
    told_of = []
    panel._takes.value = 2
    result = await said(panel, "Which of the two is nicer?")
    panel.on_done(lambda: told_of.append(True))
    player, answers = result.player, []
    player.send = lambda content, buffers=None: answers.append(content)

    def press(**question):
        player._handle_custom_msg({"kind": "star", "request": "r"} | question, [])
        return answers.pop()

    assert player._facts_of(0)["starrable"]
    assert "error" not in press(id=1, on=True)
    assert (player._stars, result.card.starred) == ([1], [False, True])
    assert result.tasks[1].record.label == STARRED
    assert told_of == [True]
    act(panel, result, act="star", place=0, on=True)
    assert (player._stars, result.card.starred) == ([0, 1], [True, True])
    press(id=1, on=False)
    assert (player._stars, result.card.starred) == ([0], [True, False])
    result.tasks[1].annotate(label="mine")
    assert "'mine'" in press(id=1, on=True)["error"]
    assert result.tasks[1].record.label == "mine"
    assert "no clip" in press(id=7, on=True)["error"]
    assert ComparePlayer(list(result.clips))._stars == [0]
    panel.close()


def test_what_is_no_task_has_no_star(wired):
    """A clip that came from elsewhere has no row that a label could stand in."""
    player = ComparePlayer([Clip(encode(np.zeros(2400, np.float32), 24_000, "wav"))])
    assert not player._facts_of(0)["starrable"]
    with pytest.raises(LookupError, match="none of the ledger's"):
        player.star(0)


async def test_a_star_in_the_history_s_comparison_is_seen_in_its_table(studio, voice):
    """Without looking again."""
    ids = [voice.say(text, quiet=True).task.id for text in ("One of them.", "The other one.")]
    panel = HistoryPanel(studio)
    await panel.settled()
    panel._table.picked = ids
    panel.compare()
    await panel.settled()
    panel._player.children[0].star(1)
    await panel.settled()
    assert [panel._known[task].label == STARRED for task in ids] == [False, True]
    panel.close()
