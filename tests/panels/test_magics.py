"""``%load_ext voicenb`` in a real IPython shell."""

from __future__ import annotations

import atexit
import re
import shutil
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import voicenb as vn
from voicenb.shell.magic_options import CLONE, HISTORY, SAY, VOICES
from voicenb.studio import long_text


@pytest.fixture(scope="module")
def shell(studio, voice):
    # A shell puts a main module of its own in the place of the program's, which programs that start others look into.
    main = sys.modules["__main__"]
    # In memory: the home of IPython's own history is gone before its last write.
    one = InteractiveShell(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))
    one.run_line_magic("load_ext", "voicenb")
    one.user_ns["studio"] = studio
    yield one
    atexit.unregister(one.atexit_operations)
    one.atexit_operations()
    sys.modules["__main__"] = main


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


def test_a_text_that_is_too_long_is_said_in_parts(shell, monkeypatch):
    """On request, as one clip; here a text is long from 30 characters on."""
    monkeypatch.setattr(long_text, "longest_text", lambda _: 30)
    clip = shell.run_cell_magic("say", "--split", "The magic has this to say. And it has this as well.")
    assert [task.text for task in clip.task.parts] == ["The magic has this to say.", "And it has this as well."]


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


def completions(shell, code):
    """What Tab offers at the end of `code`, as a kernel asks for it."""
    from IPython.core.completer import provisionalcompleter

    with provisionalcompleter():
        return {one.text for one in shell.Completer.completions(code, len(code))}


JEDI = pytest.mark.parametrize("jedi", [pytest.param(True, marks=pytest.mark.slow), False])


@JEDI
def test_tab_completes_the_services_own_parameters(shell, voice, jedi):
    """``voice.say("…", sp⇥``, and the same of the studio's calls, with jedi's completer and with IPython's own.

    It takes long with jedi, which reads many modules once.
    """
    shell.user_ns["voice"] = voice
    shell.Completer.use_jedi = jedi
    assert {"speed="} <= completions(shell, 'voice.say("Hi.", sp')
    assert {"emotion="} <= completions(shell, 'voice.submit("Hi.", emo')
    assert {"volume="} <= completions(shell, 'voice.stream("Hi.", vol')
    assert {"version="} <= completions(shell, 'studio.clone("a.wav", ver')
    assert {"subtitles="} <= completions(shell, 'await studio.aio.say(voice, "Hi.", subt')


def test_shift_tab_lists_ranges_and_defaults(shell, voice):
    """The inspection that Shift-Tab shows names each parameter with what is allowed."""
    shell.user_ns["voice"] = voice
    shown = re.sub(r"\x1b\[\d+m", "", shell.object_inspect_text("voice.say", detail_level=0))
    assert "speed: float = 1.0" in shown
    assert "allowed is a number from 0.5 to 2" in shown
    assert "Default 1.0." in shown


@JEDI
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("%%say --", {"--voice", "--speed", "--emotion", "--help"}),
        ("%%say --voice ada --sp", {"--speed"}),
        ("%%say --emotion ha", {"happy"}),
        ("%%say --emotion=ha", {"happy"}),
        ("%%say --voice ad", {"ada"}),
        ("%%say --studio st", {"studio"}),
        ("%clone me.wav --ver", {"--version"}),
        ("clone me.wav --cons", {"--consent"}),
        ("%history --status comp", {"completed"}),
        ("%voices --st", {"--studio"}),
    ],
)
def test_tab_completes_the_options_of_magics(shell, voice, line, offered, jedi):
    """Options, their known values, voices and studios; an option that is there already is not offered again.

    It takes long with jedi, which reads many modules once.
    """
    shell.Completer.use_jedi = jedi
    found = completions(shell, line)
    assert offered <= found
    assert "--voice" not in found or "--voice ada" not in line


@pytest.mark.parametrize("magic", ["say", "clone", "voices", "history"])
def test_help_of_a_magic_is_no_error(shell, capsys, magic):
    """``--help`` prints the options, and of those that ask a service its parameters with their ranges; nothing is made."""
    before = len(shell.user_ns["studio"].history.frame())
    if magic == "say":
        assert shell.run_cell_magic("say", "--help", "Hello.") is None
    else:
        assert shell.run_line_magic(magic, "--help") is None
    shown = capsys.readouterr().out
    assert "--studio" in shown
    assert ("0.5 to 2" in shown) == (magic == "say")
    assert len(shell.user_ns["studio"].history.frame()) == before


def test_clone_makes_a_voice(shell, ada):
    """A path or a variable with a recording becomes a voice under a name, with its consent; and it can go into a variable."""
    shell.user_ns["recording"] = ada
    made = shell.run_line_magic(
        "clone", "recording --name cloned --consent 'nobody is ada' --text 'Hello.' --into mine"
    )
    assert shell.user_ns["mine"] is made
    assert (made.name, made.consent) == ("cloned", "nobody is ada")
    with pytest.raises(vn.InvalidRequest, match="needs a recording"):
        shell.run_line_magic("clone", "--name nothing")
    with pytest.raises(vn.InvalidRequest, match="did you mean '--consent'"):
        shell.run_line_magic("clone", "recording --consnt mine")


# -- the page ----------------------------------------------------------------------------------------------------

PAGE = Path(__file__).resolve().parents[2] / "docs" / "magics.md"
checkout = pytest.mark.skipif(not PAGE.is_file(), reason="these tests look at a checkout")


@checkout
def test_each_example_of_the_page_runs(shell, studio, ada, tmp_path, monkeypatch, panel_home):
    """In one notebook, one cell after the other; the clips, takes and voices are in the variables that the page names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICENB_HOME", str(panel_home))
    shutil.copy(ada, "me.wav")
    shell.user_ns["studio"] = studio
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL):
        shell.run_cell(block).raise_error()
    names = shell.user_ns
    # A test that comes later would find it, as the newest studio of the notebook.
    with names.pop("other"):
        assert (names["voice"].name, names["voice"].consent) == ("me", "my own voice")
        assert names["clip"].task.parameters["speed"] == 1.1
        assert [take.task.take for take in names["takes"]] == [1, 2]
        assert names["calm"].task.service == "aiclone"


@checkout
@pytest.mark.parametrize("magic", [SAY, CLONE, VOICES, HISTORY], ids=lambda one: one.call)
def test_every_option_is_on_the_page(magic):
    """With the magic itself, and with --help."""
    page = PAGE.read_text("utf-8")
    assert f"`{magic.call}`" in page
    assert [name for name in (*magic.options, "help") if f"`--{name}`" not in page and f"--{name}\n" not in page] == []


def test_help_needs_no_cell(shell, capsys):
    """IPython refuses a cell magic whose cell is empty; with one sign the options are listed, and a text is asked for."""
    shell.run_cell("%say --help").raise_error()
    assert "--speed" in capsys.readouterr().out
    with pytest.raises(vn.InvalidRequest, match="below that line"):
        shell.run_line_magic("say", "--speed 1.1")
