"""The shell: what each command prints, and the exit code it ends with."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile
from homes import warmed

import voicenb as vn
from voicenb import services
from voicenb.audio.codec import decode
from voicenb.measures import f0_track
from voicenb.services.base import Parameter
from voicenb.shell import commands, lab
from voicenb.shell.commands import COMMANDS
from voicenb.shell.consent import consent_in, with_consent
from voicenb.shell.main import main
from voicenb.shell.request_options import value_of
from voicenb.shell.spelling import SpellingParser

posix = pytest.mark.skipif(os.name != "posix", reason="terminals and signals of POSIX")


@pytest.fixture(scope="module")
def voice(shared):
    """The name of a voice in the home of this test run."""
    sample = vn.sandbox.sample_speaker("bruno")
    assert (
        main(["clone", str(sample), "--name", "shell-bruno", "--text", "Hello.", "--language", "English", "--quiet"])
        == 0
    )
    return "shell-bruno"


def program(*words, **more):
    """The command as a process of its own, as a shell would start it."""
    return [sys.executable, "-m", "voicenb", *map(str, words)]


def run(*words, **more):
    """Runs the command to its end."""
    return subprocess.run(program(*words), capture_output=True, text=True, check=False, timeout=240, **more)


# -- the main job ----------------------------------------------------------------------------------------------


def median_f0(data):
    """The median F0 of speech, in Hz."""
    _, f0 = f0_track(*decode(data))
    return float(np.nanmedian(np.where(f0 > 0, f0, np.nan)))


@pytest.mark.parametrize(
    "recording",
    [
        "ada",
        pytest.param("dev", marks=pytest.mark.slow),
        pytest.param("librispeech-2414-reference.flac", marks=pytest.mark.slow),
        pytest.param("librispeech-367-reference.flac", marks=pytest.mark.slow),
    ],
)
def test_a_recording_becomes_a_voice_that_speaks(recording, tmp_path, request):
    """Two commands on a fresh home, and the result is speech at the reference's pitch, within two semitones.

    It takes long: two programs and a sandbox start anew, as on a reader's first day.
    """
    if recording.endswith(".flac"):
        recording = request.getfixturevalue("speech") / recording
    else:
        recording = vn.sandbox.sample_speaker(recording)
    home, out = warmed(tmp_path / "home"), tmp_path / "a.wav"
    cloned = run("--home", home, "clone", recording, "--name", "ash", "--text", "Hello.")
    assert cloned.returncode == 0, cloned.stderr
    said = run("--home", home, "say", "--voice", "ash", "Welcome to voice cloning.", "--out", out)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(str(out))
    samples, rate = soundfile.read(out)
    assert 1.0 < len(samples) / rate < 4.0
    away = 12 * np.log2(median_f0(out.read_bytes()) / median_f0(Path(recording).read_bytes()))
    assert abs(away) < 2.0


# -- say -------------------------------------------------------------------------------------------------------


def test_say_passes_every_parameter_and_writes_clip_and_subtitles(shell, voice, tmp_path):
    """Speed, emotion, pauses and words from the command line arrive in the request; subtitles lie beside the clip."""
    out = tmp_path / "now.wav"
    (clip,) = shell.json(
        "say", "--voice", voice, "Wait <#0.5#> now!", "--out", out, "--speed", "1.1", "--emotion", "happy",
        "--vol", "1.5", "--pitch", "-1", "--subtitles", "word", "--seed", "7",
    )["clips"]  # fmt: skip
    asked = {"emotion": "happy", "pitch": -1, "speed": 1.1, "subtitles": "word", "volume": 1.5}
    assert asked.items() <= clip["parameters"].items()
    assert clip["file"] == str(out)
    assert clip["seconds"] == pytest.approx(soundfile.info(out).duration, abs=0.001)
    times = re.findall(r"^\d\d:\d\d:.* --> .*$", out.with_suffix(".srt").read_text("utf-8"), re.MULTILINE)
    assert len(times) == 2  # a line a word
    assert "Synthetic voice" in soundfile.SoundFile(out).comment


def test_a_text_that_is_too_long_has_a_price_in_parts(shell, voice):
    """Without ``--split`` the error names it; with it, the price is that of all characters but the space between the parts."""
    text = ("x" * 49 + ". ") * 250
    with_it = shell.json("say", "--voice", voice, text, "--split", "--price")
    half = shell.json("say", "--voice", voice, text[:5100].strip(), "--price")
    assert float(with_it["amount"]) == pytest.approx(2.5 * float(half["amount"]), rel=0.01)
    assert "--split" in shell("say", "--voice", voice, text, "--price", code=2).err


def test_say_makes_takes_that_differ(shell, voice, tmp_path):
    """Two takes are two files and two tasks."""
    clips = shell.json("say", "--voice", voice, "Once more, please.", "--takes", 2, "--out", tmp_path / "t.flac")[
        "clips"
    ]
    assert [Path(clip["file"]).name for clip in clips] == ["t-1.flac", "t-2.flac"]
    assert len({clip["task"] for clip in clips}) == 2
    assert (tmp_path / "t-1.flac").read_bytes() != (tmp_path / "t-2.flac").read_bytes()


def test_say_without_out_names_the_kept_file(shell, voice, tmp_path, monkeypatch):
    """The text may come from standard input; the clip is kept in the home, and nothing appears in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("Read from a file – Łódź.\n".encode())))
    (clip,) = shell.json("say", "--voice", voice, "-")["clips"]
    assert clip["text"] == "Read from a file – Łódź."
    assert decode(Path(clip["file"]).read_bytes())[0].size
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "begins"), [(None, b"RIFF"), ("wav", b"RIFF"), ("flac", b"fLaC"), ("mp3", b"ID3"), ("ogg", b"OggS")]
)
def test_say_writes_its_sound_to_standard_output(voice, capfdbinary, form, begins):
    """The bytes alone are on stdout, as wav or what ``--format`` says; the line that tells of the clip is on stderr."""
    assert main(["say", "--voice", voice, "Into a pipe.", "--out", "-", *(["--format", form] if form else [])]) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(begins)
    assert len(decode(out)[0]) > 4_000
    assert b"credits" in err


def test_words_leave_standard_output_to_the_sound(voice, capfdbinary):
    """With ``--json`` the document is on stderr, and so is that of an error."""
    assert main(["say", "--voice", voice, "Into a pipe.", "--out", "-", "--json", "--quiet"]) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"RIFF")
    assert json.loads(err)["clips"][0]["text"] == "Into a pipe."
    assert main(["say", "--voice", voice, "Into a pipe.", "--out", "-", "--json", "--speed", "9"]) == 2
    out, err = capfdbinary.readouterr()
    assert out == b""
    assert b'"InvalidRequest"' in err


def test_a_service_s_own_format_is_written_as_it_comes(blank_home, capfdbinary):
    """A server whose requests have a ``format`` is asked for it, and its bytes are not encoded again."""
    sample = vn.sandbox.sample_speaker("bruno")
    words = ["--service", "openai", "--sandbox", "--quiet"]
    assert main(["clone", str(sample), "--name", "served", *words]) == 0
    capfdbinary.readouterr()
    assert main(["say", "--voice", "served", "As it comes.", "--out", "-", "--format", "flac", *words]) == 0
    out, _ = capfdbinary.readouterr()
    assert out.startswith(b"fLaC")
    with vn.connect("openai", sandbox=True) as studio:
        [task] = studio.tasks(limit=1)
        assert (task.clip.format, task.parameters["format"]) == ("flac", "flac")
        assert decode(task.clip.data)[0].tobytes() == decode(out)[0].tobytes()


@posix
def test_no_sound_goes_to_a_terminal(voice):
    """``--out -`` on a terminal is refused before anything is sent."""
    import pty

    ours, theirs = pty.openpty()
    done = subprocess.run(
        program("say", "--voice", voice, "Hi.", "--out", "-"), stdout=theirs, stderr=subprocess.PIPE, check=False
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert b"nothing was sent" in done.stderr
    assert b"standard output is a terminal" in done.stderr


@pytest.mark.parametrize("service", services.names())
@pytest.mark.parametrize("command", ["say", "clone"])
def test_no_parameter_of_a_service_takes_an_option_s_place(command, service, shell):
    """Every option that a command has without a service is there with each of them; ``--format`` may be the service's own."""
    names = re.compile(r"^  (?:-\w, )?(--[\w-]+)", re.MULTILINE)
    parser = SpellingParser()
    commands.command(command).add(parser)
    own = set(names.findall(parser.format_help())) - {"--help"}
    assert own <= set(names.findall(shell(command, "--service", service, "--help").out))


def test_the_same_again_is_not_paid_for_again(shell, voice):
    """What was made before comes from disk and says so; ``--fresh`` makes a new one."""
    words = ["say", "--voice", voice, "Say it again, please."]
    (first,) = shell.json(*words)["clips"]
    (again,) = shell.json(*words)["clips"]
    (fresh,) = shell.json(*words, "--fresh")["clips"]
    assert [one["cached"] for one in (first, again, fresh)] == [False, True, False]
    assert again["file"] == first["file"]
    assert "paid before" in shell(*words).out


def test_a_budget_stops_before_anything_is_sent(shell, voice):
    """``--budget`` refuses what would cost more, with the exit code of money."""
    before = len(shell.json("history"))
    said = shell.json("say", "--voice", voice, "Too dear for a small purse.", "--budget", "0.001", code=4)
    assert said["error"]["type"] == "BudgetExceeded"
    assert len(shell.json("history")) == before
    shell("say", "--voice", voice, "Too dear for a small purse.", "--budget", "1")


def test_price_sends_nothing(shell, voice):
    """``--price`` says what a request would cost, takes included, and leaves no task."""
    before = len(shell.json("history"))
    one = shell.json("say", "--voice", voice, "What would it cost?", "--price")
    three = shell.json("say", "--voice", voice, "What would it cost?", "--price", "--takes", 3)
    assert float(three["amount"]) == pytest.approx(3 * float(one["amount"]))
    assert one["unit"] == "credits"
    assert len(shell.json("history")) == before


def test_quiet_says_nothing_but_the_result(shell, voice):
    """With ``--quiet`` stderr stays empty."""
    shell("say", "--voice", voice, "Quietly.", "--quiet")
    assert shell.err == ""
    assert shell.out.count("\n") == 1


@pytest.mark.slow
@posix
def test_progress_is_a_bar_and_an_interrupt_leaves_the_task_in_good_hands(voice):
    """On a terminal the wait shows a bar with the state; Ctrl-C ends the wait with 130 and says how to go on."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    text = "The sea never says the same thing twice, and nobody minds. " * 30
    with subprocess.Popen(
        program("say", "--voice", voice, text), stdout=subprocess.PIPE, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while b"queued" not in shown and b"processing" not in shown:
                shown += os.read(ours, 4096)
            process.send_signal(signal.SIGINT)
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:
            pass  # how Linux says that the other side is gone
        finally:
            os.close(ours)
        assert process.wait(60) == 130
    said = shown.decode()
    assert f"speaking as {voice}" in said
    assert "voicenb: interrupted" in said
    assert "the task did not" in said
    assert "Traceback" not in said


# -- errors ----------------------------------------------------------------------------------------------------


def test_every_bad_field_is_named_at_once(shell, voice):
    """Out of range, not a number and not a choice: one message, exit 2, the same in JSON, and no task."""
    before = len(shell.json("history"))
    said = shell.json("say", "--voice", voice, "Hi.", "--speed", "3", "--pitch", "high", "--emotion", "joy", code=2)
    assert {one["field"] for one in said["error"]["problems"]} == {"speed", "pitch", "emotion"}
    assert said["error"]["type"] == "InvalidRequest"
    assert said["error"]["message"] in shell.err
    assert len(shell.json("history")) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["check", "missing.wav"], "no file missing.wav", id="missing file"),
        pytest.param(["clone", "missing.wav"], "no file missing.wav", id="missing reference"),
        pytest.param(["say", "--voice", "nobody", "Hi."], "no voice is named 'nobody'", id="unknown voice"),
        pytest.param(["say", "--voice", "x", "Hi.", "--out", "a.txt"], "--out: 'a.txt' was given", id="bad suffix"),
        pytest.param(
            ["say", "--voice", "x", "Hi.", "--out", "no/where/a.wav"], "there is no folder ", id="no such folder"
        ),
        pytest.param(["say", "--voice", "x", "Hi.", "--out", "."], "--out", id="a folder"),
        pytest.param(["say", "--voice", "x", "Hi.", "--service", "nonsense"], "no service is named", id="service"),
        pytest.param(["say", "--voice", "x", "Hi.", "--nonsense", "1"], "unrecognized arguments", id="option"),
        pytest.param(["say", "--voice", "x", "Hi.", "--takes", "0"], "argument --takes", id="takes"),
        pytest.param(["say", "Hi."], "--voice", id="no voice given"),
        pytest.param(
            ["say", "--voice", "x", "Hi.", "--out", "-", "--takes", "2"], "2 takes are 2 files", id="piped takes"
        ),
        pytest.param(
            ["say", "--voice", "x", "Hi.", "--out", "a.wav", "--format", "mp3"], "goes with --out -", id="two formats"
        ),
        pytest.param(["voices", "--service", "soundcloen"], "did you mean 'soundclone'?", id="service of voices"),
        pytest.param(["voices", "--catalogue", "--sandbox"], "lists no voices of its own", id="no catalogue"),
        pytest.param(["history", "--since", "yesteryear"], "since='yesteryear'", id="since"),
        pytest.param(["history", "--status", "done"], "invalid choice: 'done'", id="status"),
        pytest.param(["nonsense"], "invalid choice: 'nonsense'", id="command"),
        pytest.param(["sya", "--voice", "x", "Hi."], "; did you mean 'say'?\n", id="misspelt command"),
        pytest.param(["say", "--voce", "x", "Hi."], "--voce: did you mean '--voice'?", id="misspelt required option"),
        pytest.param(
            ["say", "--voice", "x", "Hi.", "--sped=1"], "--sped: did you mean '--speed'?", id="misspelt parameter"
        ),
        pytest.param(["--jsn", "history"], "--jsn: did you mean '--json'?", id="misspelt option before the command"),
        pytest.param(["history", "--status", "faild"], "; did you mean 'failed'?", id="misspelt word"),
        pytest.param(["study", "pln", "a.toml"], "; did you mean 'plan'?", id="misspelt part of a command"),
        pytest.param(["say", "--voice", "x", "Hi.", "--out", "a.wave"], "did you mean '.wav'?", id="misspelt suffix"),
        pytest.param(
            ["check", "a.wav", "--service", "soundcloen"], "did you mean 'soundclone'?", id="misspelt service"
        ),
        pytest.param([], "COMMAND", id="no command"),
    ],
)
def test_usage_ends_with_2(shell, words, says):
    """What the caller can mend is one message and exit code 2, without a traceback."""
    assert says in shell(*words, code=2).err
    assert shell.out == ""


def test_a_refused_recording_ends_with_2(shell, tmp_path):
    """A text file called .wav is a bad reference for ``check`` and ``clone`` alike."""
    fake = tmp_path / "fake.wav"
    fake.write_text("This is no sound.")
    for command in ("check", "clone"):
        assert "fake.wav" in shell(command, fake, code=2).err


def test_no_key_and_no_server_end_with_3(shell, home, monkeypatch):
    """A live service without a key, and one that nobody answers for."""
    words = ["say", "--service", "soundclone", "--voice", "model_x", "Hi."]
    assert "SOUNDCLONE_API_KEY" in shell(*words, code=3).err
    monkeypatch.setenv("SOUNDCLONE_API_KEY", "sk_nobody")
    # Not how long it waits is tested here; tests/client/test_settling.py holds that.
    monkeypatch.setattr("voicenb.tasks.context.back_off", lambda times, chance: 0.01)
    # A port that was free a moment ago, so that nobody listens there.
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    monkeypatch.setenv("SOUNDCLONE_BASE_URL", f"http://127.0.0.1:{port}")
    shell(*words, code=3)
    assert "sk_nobody" not in shell.err + shell.out


def test_an_empty_balance_ends_with_4(shell, home):
    """Money is an exit code of its own, and nothing is charged."""
    sample = vn.sandbox.sample_speaker("bruno")
    vn.sandbox.set_balance(0)
    said = shell.json("clone", sample, "--name", "poor", "--text", "Hello.", code=4)
    assert said["error"]["type"] == "InsufficientBalance"
    (row,) = shell.json("history")
    assert (row["status"], row["cost"]) == ("failed", "0")


class _Mute(BaseHTTPRequestHandler):
    """Takes a request and hangs up without a word."""

    def do_GET(self):
        self.send_error(404)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.close_connection = True

    def log_message(self, *_):
        pass


def test_no_answer_ends_with_5(shell, home, monkeypatch):
    """Nobody knows whether the request was accepted: exit 5, and the ledger says unknown."""
    with HTTPServer(("127.0.0.1", 0), _Mute) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("SOUNDCLONE_API_KEY", "sk_somebody")
        monkeypatch.setenv("SOUNDCLONE_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        shell("say", "--service", "soundclone", "--voice", "model_x", "Hello.", "--takes", "2", code=5)
        assert "2 of 2 tasks made no clip" in shell.err
        said = shell.json("say", "--service", "soundclone", "--voice", "model_x", "Hi.", code=5)
        server.shutdown()
    assert said["error"]["type"] == "OutcomeUnknown"
    assert [row["status"] for row in shell.json("history")] == ["unknown"] * 3


# -- help ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", services.names())
@pytest.mark.parametrize(("command", "kind"), [("say", "production"), ("clone", "preview")])
def test_help_has_every_parameter_of_the_request(shell, service, command, kind):
    """Name, wire name, range and default come from the service's typed request; nothing is left out."""
    text = " ".join(shell(command, "--service", service, "--help").out.split())
    for name, one in services.get(service).request_type(kind).parameters().items():
        if name in {"reference", "voice", "text"}:
            continue
        assert f"--{name} " in text
        assert f"--{one.wire} " in text or name == "language"
        if one.low is not None and not one.choices:
            assert f"{one.low:g} {'or more' if one.high is None else f'to {one.high:g}'}" in text
        for choice in one.choices:
            assert str(choice or "off") in text


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        pytest.param({"type": "number"}, "1.5", 1.5, id="number"),
        pytest.param({"type": "integer"}, "-3", -3, id="integer"),
        pytest.param({"type": "integer"}, "1.5", 1.5, id="no integer, which the request refuses"),
        pytest.param({"type": "number"}, "fast", "fast", id="no number, which the request refuses"),
        pytest.param({"type": "switch"}, "on", True, id="switch"),
        pytest.param({"type": "switch"}, "300", 300, id="switch with a length"),
        pytest.param({"type": "choice", "choices": (False, "word")}, "off", False, id="choice of nothing"),
        pytest.param({"type": "choice", "choices": (24_000, 48_000)}, "24000", 24_000, id="choice of numbers"),
        pytest.param({"type": "text"}, '{"joy": 0.9}', {"joy": 0.9}, id="object"),
        pytest.param({"type": "text"}, "[sic] she said", "[sic] she said", id="text in brackets"),
        pytest.param({"type": "text"}, "off", "off", id="text"),
    ],
)
def test_words_become_values_of_the_parameter_s_kind(kind, given, value):
    """What is typed arrives as the parameter's own type; what cannot is left for the request to refuse."""
    found = value_of(given, Parameter(name="p", wire="p", **kind))
    assert (found, type(found)) == (value, type(value))


def test_version(shell):
    """``--version`` is the package's."""
    assert shell("--version").out == f"voicenb {vn.__version__}\n"


def test_help_imports_no_heavy_module():
    """A help text and a version come without numpy, pandas, or pydantic."""
    heavy = {"numpy", "pandas", "pydantic", "httpx", "soundfile", "IPython", "anyio", "argcomplete"}
    code = (
        "import sys\nfrom voicenb.shell.main import main\nfor words in (['--version'], ['--help'], ['lab', '--help']):\n"
        f"    try: main(words)\n    except SystemExit: pass\nsys.exit(', '.join({heavy!r} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# -- check and history -----------------------------------------------------------------------------------------


def test_check_says_what_is_wrong_and_what_to_do(shell, tmp_path):
    """A good recording ends with 0, five seconds of it with 2 and the fix; in JSON the same rows."""
    sample = vn.sandbox.sample_speaker("ada")
    assert not [row for row in shell.json("check", sample) if row["severity"] == "error"]
    samples, rate = soundfile.read(sample)
    short = tmp_path / "short.wav"
    soundfile.write(short, samples[: 5 * rate], rate)
    (error,) = [row for row in shell.json("check", short, code=2) if row["severity"] == "error"]
    assert error["rule"] == "speech"
    shell("check", short, code=2)
    assert error["fix"] in " ".join(shell.out.split())
    assert "speech" in shell.err
    soundfile.write(short, (samples * 12).clip(-1, 1), rate)
    shell("check", short)
    assert "voicenb prepare lowers it" in shell.out
    assert "ref." not in shell.out
    assert shell.err.strip() == "SoundClone would take it, with 2 warnings."


def test_check_knows_the_rules_for_an_address(shell):
    """An address is checked without being fetched, and without a key."""
    assert "ends in none" in shell("check", "https://example.com/voice.flac").out
    assert "public" in shell("check", "https://localhost/voice.wav", code=2).out
    shell("check", "https://example.com/voice.wav")


def test_prepare_writes_a_copy_and_says_what_it_changed(shell, tmp_path, monkeypatch):
    """The copy is levelled and trimmed, lies in the current folder, and is taken by the service; the recording stays as it is."""
    monkeypatch.chdir(tmp_path)
    samples, rate = soundfile.read(vn.sandbox.sample_speaker("ada"))
    quiet = np.concatenate([np.zeros(rate * 2), samples * 0.05])
    soundfile.write("quiet.flac", np.stack([quiet, quiet], axis=1), rate)
    before = Path("quiet.flac").read_bytes()
    said = shell.json("prepare", "quiet.flac")
    assert said["file"] == "quiet-prepared.wav"
    assert [any(word in one for one in said["changes"]) for word in ("mixed", "silence", "raised", "was flac")] == [
        True
    ] * 4
    assert soundfile.info("quiet-prepared.wav").channels == 1
    assert Path("quiet.flac").read_bytes() == before
    assert not [row for row in shell.json("check", "quiet-prepared.wav") if row["severity"] in {"error", "warning"}]
    # Nothing is left to change.
    assert shell.json("prepare", "quiet-prepared.wav", "--out", "again.wav")["changes"] == []
    assert "is a copy" in shell.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["--out", "a.mp3"], "16-bit WAV", id="another format"),
        pytest.param(["--out", "no/where/a.wav"], "in a folder that is there", id="no folder"),
        pytest.param(["--out", "sample.wav"], "the recording itself", id="the same file"),
        pytest.param(["--end", "2"], "too little speech", id="too short"),
        pytest.param(["--start", "99"], "is no part of", id="outside"),
    ],
)
def test_prepare_refuses_what_it_cannot_do(shell, tmp_path, monkeypatch, words, says):
    """Exit code 2, and no file."""
    monkeypatch.chdir(tmp_path)
    Path("sample.wav").write_bytes(vn.sandbox.sample_speaker("ada").read_bytes())
    assert says in shell("prepare", "sample.wav", *words, code=2).err
    assert [path.name for path in tmp_path.iterdir()] == ["sample.wav"]


def test_the_consent_goes_with_the_prepared_file(shell, tmp_path):
    """What was written down when the recording was prepared is in the file, and stays in its copies."""
    first, second = tmp_path / "first.wav", tmp_path / "second.wav"
    shell("prepare", vn.sandbox.sample_speaker("ada"), "--out", first, "--consent", "Ada said yes – Łódź, 2026")
    assert shell.json("prepare", first, "--out", second)["consent"] == "Ada said yes – Łódź, 2026"
    assert consent_in(str(second)) == "Ada said yes – Łódź, 2026"
    assert shell.json("prepare", first, "--out", second, "--consent", "mine")["consent"] == "mine"


@pytest.mark.slow
def test_a_voice_keeps_the_consent_of_its_recording(shell, blank_home, tmp_path):
    """``voicenb clone`` takes it from the file, unless it is told another. The recording is a new one, which takes seconds to learn."""
    file = tmp_path / "noted.wav"
    file.write_bytes(with_consent(vn.sandbox.sample_speaker("ada").read_bytes(), "Ada said yes"))
    assert shell.json("clone", file, "--name", "a", "--text", "Hi.")["consent"] == "Ada said yes"
    assert "notes the consent: Ada said yes" in shell.err
    assert shell.json("clone", file, "--name", "b", "--text", "Ho.", "--consent", "mine")["consent"] == "mine"


@pytest.mark.parametrize("comment", ["recorded at home", "Consent: ", "consent"])
def test_a_comment_of_something_else_is_no_consent(comment, tmp_path):
    """Only what ``voicenb prepare`` wrote is one; what is no WAV, or nowhere, has none."""
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 8_000, 1) as file:
        file.comment = comment
        file.write(np.zeros(800))
    (tmp_path / "b.wav").write_bytes(b"RIFF" + b"\0" * 40)
    (tmp_path / "c.mp3").write_bytes(b"Consent: no")
    for name in ("a.wav", "b.wav", "c.mp3", "no.wav", "."):
        assert consent_in(str(tmp_path / name)) is None


def test_voices_lists_those_of_the_home(shell, blank_home):
    """Name, service, language, state, when and id; --service and --sandbox choose, --catalogue asks the service."""
    assert shell.json("voices") == []
    assert shell("voices").out == "No voices: voicenb clone makes one.\n"
    shell("clone", vn.sandbox.sample_speaker("bruno"), "--name", "b", "--text", "Hello.", "--language", "English")
    [row] = shell.json("voices")
    assert (row["name"], row["service"], row["endpoint"], row["language"]) == ("b", "soundclone", "sandbox", "English")
    header, line = shell("voices", "--service", "soundclone", "--sandbox").out.splitlines()
    assert header.split() == ["name", "service", "language", "state", "made", "(UTC)", "id"]
    assert line.split()[:5] == ["b", "soundclone", "(sandbox)", "English", "ready"]
    assert line.endswith(row["id"])
    assert shell.json("voices", "--service", "faseeh") == []
    assert {"id", "name", "languages"} <= set(
        shell.json("voices", "--service", "faseeh", "--sandbox", "--catalogue")[0]
    )


def test_verify_repairs_what_can_be_fetched_and_names_what_cannot(shell, voice):
    """Every file is hashed; a damaged and a missing one are fetched again; what the service has no more ends with 1."""
    files = [
        Path(shell.json("say", "--voice", voice, f"Verify {word}.", "--quiet")["clips"][0]["file"]) for word in "ab"
    ]
    assert shell("history", "verify").out == "Every file is as it should be.\n"
    whole = [file.read_bytes() for file in files]
    files[0].write_bytes(b"damaged")
    files[1].unlink()
    assert sorted(row["state"] for row in shell.json("history", "verify")) == ["repaired", "repaired"]
    assert [file.read_bytes() for file in files] == whole
    files[0].write_bytes(b"damaged")
    vn.sandbox.faults("lost_task", route="query")
    try:
        assert re.search(
            rf"damaged +\w{{8}}.* +soundclone +{re.escape(str(files[0]))}", shell("history", "verify", code=1).out
        )
        assert "1 of 1 could not be repaired" in shell.err
    finally:
        vn.sandbox.faults()
    assert shell.json("history", "verify")[0]["state"] == "repaired"
    assert shell.json("history", "verify") == []


LEFT = """
import os, sys
import voicenb as vn
studio = vn.connect()
voice = studio.voice(sys.argv[1])
task = voice.submit("Left behind by a kernel. " * 4)
while task.remote_id is None:
    pass
vn.sandbox.faults("reset_after", route="production")
lost = voice.submit("Lost on the way.")
while lost.status != "unknown":
    pass
vn.sandbox.faults()
os._exit(9)
"""


@pytest.mark.slow
def test_resume_takes_up_what_a_dead_kernel_left_and_says_what_is_known(shell, voice):
    """The open task is completed; the one whose answer was lost is listed with what the balance says, and the code is 5."""
    subprocess.run([sys.executable, "-c", LEFT, voice], check=False, timeout=240)
    rows = {row["status"]: row for row in shell.json("resume", "--quiet", code=5)}
    assert set(rows) == {"completed", "unknown"}
    assert "may have been charged" in rows["unknown"]["charged"]
    assert "it was probably accepted" in rows["unknown"]["known"]
    [entry] = [one for one in vn.sandbox.books() if one["request"].get("text") == "Lost on the way."]
    with vn.connect() as studio:
        [task] = studio.tasks("unknown")
        task.reconcile(entry["id"])
        assert task.wait(60, quiet=True).duration > 0.2
    assert shell("resume").out == "Nothing was left behind.\n"


def test_history_filters_and_forms(shell, blank_home):
    """The same rows as a table, JSON and CSV; --since, --status and --limit choose among them; a new home has none."""
    assert shell("history").out == "No tasks.\n"
    assert shell.json("history") == []
    vn.sandbox.sample_speaker("bruno")
    shell("clone", vn.sandbox.sample_speaker("bruno"), "--name", "b", "--text", "Hello.", "--quiet")
    shell("say", "--voice", "b", "One, two.", "--quiet")
    rows = shell.json("history")
    assert [row["kind"] for row in rows] == ["production", "preview"]
    assert all(re.fullmatch(r"\d+\.\d+", row["cost"]) for row in rows)
    assert shell.json("history", "--limit", 1) == rows[:1]
    assert shell.json("history", "--since", "1h", "--status", "completed", "--service", "soundclone") == rows
    assert shell.json("history", "--status", "failed", "--status", "unknown") == []
    assert shell.json("history", "--since", "2999-01-01") == []
    csv = shell("history", "--csv").out.splitlines()
    assert len(csv) == 3
    assert csv[0].startswith("id,remote_id,service,endpoint,kind,status,voice,text")
    table = shell("history").out.splitlines()
    assert len(table) == 3
    assert "One, two." in table[1]


@pytest.mark.slow
@posix
def test_a_reader_that_has_had_enough_is_no_error(voice):
    """``voicenb history | head`` ends without a complaint."""
    with subprocess.Popen(
        program("history", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


# -- sandbox ---------------------------------------------------------------------------------------------------


def children(pid):
    """The processes below `pid`, on Linux."""
    try:
        named = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return set()
    return {int(one) for one in named}.union(*(children(int(one)) for one in named))


@pytest.mark.slow
@posix
def test_sandbox_says_one_line_and_ends_with_its_workers(shell, home):
    """``sandbox --json`` prints exactly one line; clients find it; SIGTERM ends it and its workers within five seconds."""
    process = subprocess.Popen(
        program("sandbox", "--json"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        said = json.loads(process.stdout.readline())
        assert said["pid"] == process.pid
        assert set(said["services"]) == set(services.names())
        # It speaks, so it has workers; and it is this home's, so nobody starts another one.
        sample = vn.sandbox.sample_speaker("bruno")
        assert vn.sandbox.start().pid == process.pid
        assert shell.json("check", sample)
        workers = children(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert process.stdout.read() == ""
        if sys.platform == "linux":
            assert workers
            assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


# -- lab -------------------------------------------------------------------------------------------------------


def test_lab_listens_here_only_and_says_root_only_to_root(tmp_path):
    """The command that opens JupyterLab: loopback, the wanted port, no browser where none is wanted."""
    command = lab.command(tmp_path, port=8899, browser=False)
    assert command[:2] == [sys.executable, "-P"]
    assert "jupyterlab" in command
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert {"--ServerApp.ip=127.0.0.1", "--ServerApp.port=8899", "--no-browser"} <= set(command)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    assert ("--allow-root" in command) == root


def test_lab_copies_what_is_missing_and_keeps_what_is_changed(tmp_path, monkeypatch):
    """A reader's changed notebook survives the next ``voicenb lab``; a deleted one comes back."""
    place = lab.folder(tmp_path / "mine")
    assert {path.name for path in place.iterdir()} == {path.name for path in lab.shipped()[0].glob("*.ipynb")}
    (place / lab.FIRST).write_text("mine")
    lab.folder(place)
    assert (place / lab.FIRST).read_text() == "mine"
    (place / lab.FIRST).unlink()
    assert (lab.folder(place) / lab.FIRST).read_bytes() == (lab.shipped()[0] / lab.FIRST).read_bytes()
    (tmp_path / "file").touch()
    with pytest.raises(vn.InvalidRequest, match="cannot be copied"):
        lab.folder(tmp_path / "file")


@pytest.mark.slow
def test_lab_check_runs_the_tutorial_and_names_its_file(tmp_path):
    """``lab --check`` prints the path of the cloned voice's file, which is speech; a newcomer meets no warning."""
    done = run(
        "lab",
        "--check",
        "--folder",
        tmp_path / "tutorials",
        "--json",
        env=os.environ | {"VOICENB_HOME": str(tmp_path / "home")},
    )
    assert done.returncode == 0, done.stderr
    (file,) = json.loads(done.stdout)["files"]
    assert Path(file).parent == tmp_path / "tutorials"
    samples, rate = decode(Path(file).read_bytes())
    assert len(samples) / rate > 1
    assert "WARNING" not in done.stderr


def test_every_command_is_documented_in_the_main_help(shell):
    """``voicenb --help`` names each command with what it does."""
    text = shell("--help").out
    for command in COMMANDS:
        assert re.search(rf"^    {command} +\w", text, re.MULTILINE)
