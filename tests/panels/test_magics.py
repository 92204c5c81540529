"""``%load_ext voicenb`` in a real IPython shell."""

from __future__ import annotations

import atexit

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import voicenb as vn


@pytest.fixture(scope="module")
def shell(studio, voice):
    # In memory: the home of IPython's own history is gone before its last write.
    one = InteractiveShell(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))
    one.run_line_magic("load_ext", "voicenb")
    one.user_ns["studio"] = studio
    yield one
    atexit.unregister(one.atexit_operations)
    one.atexit_operations()


def test_say_speaks_the_cell(shell, studio):
    """Parameters are those of the typed request, by name; the clip is the cell's value and may go into a variable."""
    clip = shell.run_cell_magic(
        "say", "--voice ada --speed 1.2 --pitch=-1 --subtitles word --into mine", "The tea is ready.\n"
    )
    assert clip.task.text == "The tea is ready."
    assert {name: clip.task.parameters[name] for name in ("speed", "pitch", "subtitles")} == {
        "speed": 1.2,
        "pitch": -1,
        "subtitles": "word",
    }
    assert [word.text for word in clip.subtitles.words][-1].startswith("ready")
    assert shell.user_ns["mine"] is clip


def test_without_a_voice_the_newest_speaks(shell, studio):
    """And the same text again costs nothing: it is the same clip."""
    first = shell.run_cell_magic("say", "", "Who is there?")
    voices = studio.voices()
    usable = voices[
        (voices["service"] == "soundclone") & (voices["endpoint"] == "sandbox") & (voices["state"] == "ready")
    ]
    assert first.task.voice == usable["name"].iloc[0]
    assert shell.run_cell_magic("say", "--studio studio", "Who is there?").data == first.data


def test_takes_are_a_list(shell):
    """Takes come as a list."""
    clips = shell.run_cell_magic("say", "--takes 2", "Twice.")
    assert [clip.task.take for clip in clips] == [1, 2]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--sped 1.1", "--speed"),
        ("--speed 9", "0.5 to 2"),
        ("--speed fast", "0.5 to 2"),
        ("--voice nobody", "nobody"),
        ("--studio nothing", "nothing"),
        ("--takes many", "whole number"),
        ("--voice", "needs a value"),
        ("--voice 'ada", "quotation"),
    ],
)
def test_what_is_wrong_is_said(shell, line, said):
    """Each mistake is an InvalidRequest that names what is allowed."""
    with pytest.raises(vn.InvalidRequest, match=said):
        shell.run_cell_magic("say", line, "Hello.")


def test_voices_and_history_are_frames(shell):
    """The lists are those of the studio."""
    assert "ada" in set(shell.run_line_magic("voices", "")["name"])
    frame = shell.run_line_magic("history", "--status completed --since 1d --limit 1")
    assert len(frame) == 1
    assert set(frame["status"]) == {"completed"}
    with pytest.raises(vn.InvalidRequest, match="since"):
        shell.run_line_magic("history", "--sinse 7d")


def test_ipythons_own_history_still_answers(shell, capsys):
    """A line in IPython's own form goes to IPython."""
    shell.history_manager.store_inputs(1, "forty_two = 42")
    shell.run_line_magic("history", "-n 1")
    assert "forty_two" in capsys.readouterr().out
