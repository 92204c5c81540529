"""Several clips at once: the list that they come in, the wait for their tasks, and what a cell shows of both."""

from __future__ import annotations

import asyncio
import os
import pickle
import re
import signal
import subprocess
import sys
from decimal import Decimal

import pytest
from homes import beside

import voicenb as vn
from voicenb.studio.clips import MOST_SHOWN, clip_grid


def shown(one):
    return one._repr_mimebundle_().get("text/html")


def test_takes_come_in_a_list_that_shows_a_comparison(voice):
    """It is a list in every other way: parts of it, sums, copies and pickles are such lists again."""
    clips = voice.say("Several of them.", takes=3, quiet=True)
    assert isinstance(clips, list)
    assert shown(clips).count("<audio") == 3
    assert "take 3" in shown(clips)
    assert shown(clips[:2]).count("<audio") == 2
    for same in (clips[:], clips + clips[:0], clips.copy(), pickle.loads(pickle.dumps(clips))):
        assert isinstance(same, vn.Clips)
        assert [one.data for one in same] == [one.data for one in clips]
    other = ["something else"]
    assert type(clips + other) is list
    assert shown(vn.Clips()) is None
    assert shown(vn.Clips(clips * 11)).count("<audio") == MOST_SHOWN
    assert f"The first {MOST_SHOWN} of 33 clips" in shown(vn.Clips(clips * 11))


def test_axes_have_real_values_in_their_own_order(voice):
    """Numbers by size with the default among them, choices as the service lists them."""
    clips = vn.Clips(
        voice.say("Axes.", quiet=True, **levels)
        for levels in (
            {"speed": 1.2},
            {},
            {"speed": 0.8},
            {"emotion": "sad"},
            {"emotion": "happy"},
            {"emotion": "angry"},
        )
    )
    assert clip_grid(clips[:3], columns="speed").columns == ("speed 0.8", "speed 1", "speed 1.2")
    grid = clip_grid(clips, rows="emotion", columns="speed")
    assert grid.rows == ("happy", "sad", "angry", "neutral")
    assert "speed 1<" in clips.html(columns="speed")
    player = clips.compare(rows="emotion", columns="speed")
    assert (player.grid.rows, player.grid.columns) == (grid.rows, grid.columns)


def test_all_are_waited_for_at_once_and_come_in_order(studio, voice):
    texts = ["One of them.", "Another one.", "The last one."]
    tasks = [voice.submit(text) for text in texts]
    assert [clip.task.text for clip in studio.wait(tasks, quiet=True)] == texts
    assert [clip.task.text for clip in asyncio.run(studio.aio.wait(reversed(tasks)))] == texts[::-1]
    assert studio.wait([]) == []
    with pytest.raises(vn.InvalidRequest, match=r"str 'One of them\.' was given; give tasks"):
        studio.wait(texts)


@pytest.mark.slow
def test_what_fails_does_not_lose_the_others(own):
    """One error at the end names what failed, and has the clips of the others."""
    voice = own.clone(vn.sandbox.sample_speaker("ada", home=own.home), name="ada", consent="nobody's", quiet=True)
    good = [voice.submit("The first."), voice.submit("The second.")]
    own.wait(good, quiet=True)
    vn.sandbox.faults("task_failed", route="production", home=own.home)
    bad = voice.submit("The bad one.")
    with pytest.raises(
        vn.TasksFailed, match=r"1 of 3 tasks made no clip:\n  - .{8} 'The bad one\.': TaskFailed"
    ) as caught:
        own.wait([good[0], bad, good[1]], quiet=True)
    assert [clip.task.text for clip in caught.value.clips] == ["The first.", "The second."]
    assert list(caught.value.errors) == [bad.id]
    assert isinstance(caught.value, vn.TaskFailed)
    again = pickle.loads(pickle.dumps(caught.value))
    assert [clip.data for clip in again.clips] == [clip.data for clip in caught.value.clips]
    with pytest.raises(vn.TasksFailed, match="2 of 2 tasks"):
        voice.say("No takes of it.", takes=2, quiet=True)
    for one in (
        lambda: voice.say("Alone.", takes=1, quiet=True),
        lambda: asyncio.run(own.aio.say(voice, "So is this.", takes=1)),
    ):
        with pytest.raises(vn.TaskFailed) as alone:
            one()
        assert type(alone.value) is vn.TaskFailed
    vn.sandbox.faults("stuck", route="query", home=own.home)
    with pytest.raises(vn.TasksFailed, match=r"no clip in time:[\s\S]*studio\.wait\(tasks\) waits again"):
        own.wait([voice.submit("Stuck.")], 0.01, quiet=True)


INTERRUPTED = """
import sys, threading, traceback
import voicenb as vn
studio = vn.connect(home=sys.argv[1])
voice = studio.voice("ada")
tasks = [voice.submit("Two sentences that are interrupted. " * 15, take=take) for take in (1, 2)]
main = threading.main_thread().ident

def tell():
    # Says so once the main thread is inside the wait.
    while "exception" not in [frame.name for frame in traceback.extract_stack(sys._current_frames()[main])]:
        pass
    print("waiting", flush=True)

threading.Thread(target=tell, daemon=True).start()
try:
    studio.wait(tasks)
except KeyboardInterrupt as error:
    print("note:", error.__notes__[0], flush=True)
print([clip.duration > 10 for clip in studio.wait(tasks, 60)], flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_an_interrupt_ends_the_wait_and_no_task(voice, home):
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(home)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline().strip() == "waiting"
        other.send_signal(signal.SIGINT)
        assert "the tasks did not: 2 of 2 go on" in other.stdout.readline()
        assert other.stdout.readline().strip() == "[True, True]"
    assert other.returncode == 0


def test_the_length_of_a_long_text_is_told_before_it_is_made(tmp_path, shared):
    """By what the voice spoke before, at the speed that is asked for; a short clip counts for little."""
    with vn.connect("faseeh", sandbox=True, home=beside(tmp_path, shared)) as studio:
        voice = studio.voice("en-male-1")
        before = [
            voice.say(text, quiet=True)
            for text in ("No.", "What was said before this is what tells how fast the voice is, more or less.")
        ]
        task = voice.submit("This is a sentence of a text that is rather long, as such texts are. " * 10, speed=1.2)
        assert task.expected_seconds == pytest.approx(task.wait(quiet=True).duration, rel=0.25)
        assert [one.task.expected_seconds for one in before] == [None, None]


CELLS = [
    "import voicenb as vn, ipywidgets\nstudio = vn.connect(home={home!r})\nvoice = studio.voice('ada')",
    "voice.say('In a cell.', takes=2)",
    "[voice.say(text, quiet=True) for text in ('In a list.', 'In the same list.')]",
    "[[voice.say('In a list.', quiet=True)], voice.say('In a cell.', takes=2, quiet=True)]",
    "['no clip', 1]",
    "studio.history.frame(limit=2, clips=True)[['text', 'cost', 'sound']]",
    "studio.wait([voice.submit(text) for text in ('In a list.', 'Quite new <b>.')])",
    """
out = ipywidgets.Output()
with out:
    voice.say('Inside an output.', fresh=True)
[one.value for one in ipywidgets.widgets.widget._instances.values() if isinstance(one, ipywidgets.HTML)], out.outputs
""",
    "%load_ext voicenb",
    "%%say --voice ada --takes 2\nIn a cell.",
]


@pytest.mark.slow
def test_cells_end_in_comparisons_and_in_one_line_that_ends(voice, home):
    """In a real kernel, with plain lists as with those of the studio; the line ends also where displays are not updated."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    cells = [nbformat.v4.new_code_cell(source.replace("{home!r}", repr(str(home)))) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=240).execute()
    takes, plain, nested, other, frame, waited, inside, _, magic = [cell.outputs for cell in notebook.cells[1:]]
    assert [one["output_type"] for one in takes] == ["display_data", "execute_result"]
    assert re.fullmatch(r"speaking as ada · 2 of 2 clips · 0\.\d+ credits", takes[0]["data"]["text/plain"])
    assert [output[-1]["data"]["text/html"].count("<audio") for output in (takes, plain, nested, waited, magic)] == [
        2, 2, 3, 2, 2,
    ]  # fmt: skip
    assert "text/html" not in other[0]["data"]
    assert frame[0]["data"]["text/html"].count("<audio") == 2
    assert "<audio" not in frame[0]["data"]["text/plain"]
    assert re.match(r"speaking as ada · 2 of 2 clips · 0\.\d+ credits", waited[0]["data"]["text/plain"])
    assert Decimal(waited[0]["data"]["text/plain"].split()[-2]) > 0
    assert "speaking as ada · completed · " in inside[-1]["data"]["text/plain"]
    assert "speaking as ada</div>" not in inside[-1]["data"]["text/plain"]


def test_a_frame_with_clips_has_players_in_a_notebook_and_text_elsewhere(studio, voice):
    """Numbers can be described and rounded; words are escaped, and what pandas leaves out is not encoded."""
    import pandas as pd

    from voicenb.display.lists import frame_html
    from voicenb.studio.clip import _player

    clips = voice.say("In a <table>.", takes=2, quiet=True)
    frame = studio.history.frame(limit=2, clips=True)
    assert {"cost", "estimate", "seconds"} <= set(frame.describe().columns)
    assert frame["cost"].round(3).iloc[0] == pytest.approx(float(frame["cost_exact"].iloc[0]), abs=5e-4)
    assert list(frame["sound"].iloc[0].data) == list(studio.history.clip(frame["id"].iloc[0]).data)
    assert [clip.task.id for clip in studio.history.clips(limit=2)] == list(frame["id"])
    assert [clip.task.take for clip in clips] == [1, 2]
    assert "<audio" not in frame.to_html()
    assert frame.clip is not frame["sound"]

    def drawn(shown):
        return frame_html(shown, _player, lambda one: one._repr_html_())

    html = drawn(frame[["text", "sound"]])
    assert html.count("<audio") == 2
    assert "&lt;table&gt;" in html
    assert "voicenb-" not in html
    assert drawn(frame[["text", "cost"]]) == frame[["text", "cost"]]._repr_html_()
    many = pd.DataFrame({"place": range(200), "take": [*clips] * 100})
    assert drawn(many).count("<audio") == pd.get_option("display.min_rows")
    assert clips[0].html() in html


def test_a_voice_that_words_describe_is_called_by_them(home, voice, ada):
    """The recording behind it is not whom one hears; a plot's title has no subtitles in it either."""
    with vn.connect("aiclone", sandbox=True, home=home) as other:
        designed = other.clone(ada, name="bruno", consent="nobody's voice", quiet=True)
        task = designed.submit("Who is it?", model="omni", describe="female, high pitch")
        clip = task.wait(quiet=True)
    assert task.speaker == "female, high pitch"
    assert "voice female, high pitch" in repr(clip)
    assert "bruno" not in shown(clip)
    titled = voice.say("A title.", speed=1.1, subtitles="word", quiet=True).plot()
    assert titled._suptitle.get_text() == "ada · speed 1.1"


@pytest.mark.slow
def test_a_clip_that_is_too_long_to_keep_has_its_player_in_a_cell():
    """Where a kernel runs; a static copy says how it is played and written."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    code = """
import numpy as np
from voicenb.audio.codec import encode
from voicenb.studio.clip import Clip
Clip(encode(np.zeros(8000 * 3200, dtype=np.float32), 8000, "wav"))
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, timeout=240).execute()
    [output] = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in output["data"]
    assert "voicenb.panels.ClipPlayer(clip)" in output["data"]["text/html"]
