"""What stays in a notebook: cells that are run by a real kernel, and looked at when it is gone."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

WIDGET = "application/vnd.jupyter.widget-view+json"
CELLS = {
    "set up": """
import voicenb as vn
from voicenb.panels import HistoryPanel, VoicesPanel
studio = vn.connect("faseeh", sandbox=True)
voice = studio.voice("en-male-1")
clips = [voice.say(f"This is number {number}.", quiet=True) for number in (1, 2)]
ids = [clip.task.id for clip in clips]""",
    "history": "studio.history",
    "plain": "print(studio.history.html()[:40])",
    "played": """
panel = HistoryPanel(studio)
display(panel)
await panel.settled()
for _ in range(2):
    panel._acted("play", ids[0])
    await panel.settled()
panel._table.picked = ids
panel.compare()
await panel.settled()
assert panel.error is None""",
    "stream": """
stream = voice.stream("This one is heard while it is made.")
display(stream)
await stream._player.finished()""",
    "stream again": "stream",
    "comparison": "vn.compare(clips)",
    "many": "vn.compare(clips * 20, columns=[*'abcd'])",
    "player": "from voicenb.panels import ClipPlayer\nClipPlayer(clips[0])",
    "empty": "ClipPlayer()",
    "waveform": "from voicenb.panels.players.waveform import Waveform\nWaveform(clips[0])",
}


@pytest.fixture(scope="module")
def notebook(studio, panel_home):
    """The notebook as the kernel leaves it."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("VOICENB_HOME", str(panel_home))
        NotebookClient(book, timeout=240, store_widget_state=False).execute()
    return book


@pytest.fixture
def outputs(notebook):
    """Each cell's outputs, by its name."""
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


def kept(outputs):
    """The static copies among the outputs."""
    found = [output.data["text/html"] for output in outputs if "voicenb-kept-" in output.data.get("text/html", "")]
    assert all(WIDGET not in output.data for output in outputs if "text/html" in output.data)
    return found


@pytest.mark.slow
def test_the_history_is_a_panel_and_a_table_that_stays(outputs):
    """With the first characters of each id, by which `history.clip` finds it."""
    (copy,) = kept(outputs["history"])
    # The home is that of all these tests: what others said in it is listed, too.
    ids = re.findall(r"<td>[0-9a-f]{8}</td>", copy)
    assert len(ids) >= 2
    assert copy.count("<tr") == 1 + len(ids)
    (shown,) = [output for output in outputs["history"] if WIDGET in output.data]
    assert shown.data["text/plain"] == "History: run this cell to get the panel."
    assert outputs["plain"][0].text.startswith("<table")


def test_what_a_panel_has_played_stays(outputs):
    """A clip that was played twice once, and the comparison."""
    clip, comparison = kept(outputs["played"])
    assert (clip.count("<audio"), comparison.count("<audio")) == (1, 2)
    assert "This is number 1." in clip


def test_a_stream_leaves_its_clip(outputs):
    """Also where it is shown again."""
    (first,), (second,) = kept(outputs["stream"]), kept(outputs["stream again"])
    assert first.count("<audio") == second.count("<audio") == 1
    assert "heard while it is made" in first


@pytest.mark.parametrize(("cell", "count"), [("comparison", 2), ("player", 1), ("waveform", 1), ("empty", 0)])
def test_a_player_leaves_what_it_plays(outputs, cell, count):
    """Behind the player, once, and each sound in it once; a player of nothing leaves nothing."""
    assert WIDGET in outputs[cell][0].data
    copies = kept(outputs[cell])
    assert len(copies) == len(outputs[cell]) - 1 == bool(count)
    assert [copy.count("data:audio") for copy in copies] == [count] * bool(count)


def test_of_many_clips_the_first_stay(outputs):
    """Whole rows, and a line that says how many more there are."""
    (copy,) = kept(outputs["many"])
    assert copy.count("<audio") == 28
    assert "12 more clips are in the player" in copy


def test_a_converted_notebook_plays_them(notebook):
    """nbconvert keeps the copies, and no widget that would be empty."""
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert page.count("<audio") == 5 + 2 + 28 + 2
