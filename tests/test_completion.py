"""Tab in the shell: what is offered where, and that bash, zsh and fish really ask."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voicenb import services
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import StudyRecord, VoiceRecord, now
from voicenb.shell.commands import COMMANDS
from voicenb.shell.main import main
from voicenb.tasks.session import SANDBOX

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the shells of POSIX")

ASK = """
import io, json, os, sys
from voicenb.shell.completion import answer
for line in json.load(sys.stdin):
    os.environ |= {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": ";", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    said = io.StringIO()
    said.close = lambda: None
    try:
        answer(exit_method=sys.exit, output_stream=said)
    except SystemExit:
        print(json.dumps([word.strip() for word in said.getvalue().split(";") if word]))
"""
EXPECTED = {
    "voicenb ": list(COMMANDS),
    "voicenb hi": ["history"],
    "voicenb --jso": ["--json"],
    "voicenb say --emo": ["--emotion"],
    "voicenb say --emotion ": ["happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral"],
    "voicenb say --emotion=sa": ["--emotion=sad"],
    "voicenb say --subtitles ": ["off", "sentence", "word"],
    "voicenb say --service aiclone --out a.wav --compact ": ["on", "off"],
    "voicenb say --service faseeh --sta": ["--stability"],
    "voicenb say --sta": [],
    "voicenb say --service ": services.names(),
    "voicenb say --service nonsense --voice-": ["--voice-id"],
    "voicenb say --voice ": ["younger", "ash"],
    "voicenb say --voice a": ["ash"],
    "voicenb say --service faseeh --voice ": ["live"],
    "voicenb say --service faseeh --sandbox --voice ": [],
    "voicenb say --home nowhere --voice ": [],
    "voicenb say 'Hello' ": [],
    "voicenb clone m": ["me.wav", "more/"],
    "voicenb clone more/": ["more/you.wav"],
    "voicenb --home m": ["more/"],
    "voicenb history --status c": ["completed", "cancelled"],
    "voicenb study ": ["plan", "run", "show", "report", "answers"],
    "voicenb study show ": ["tempo", "me.wav", "more/"],
    "voicenb study plan ": ["me.wav", "more/"],
    "voicenb completion ": ["bash", "zsh", "fish"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a home, two files, and the program ``voicenb``."""
    folder = tmp_path_factory.mktemp("tab") / "here"
    (folder / "more").mkdir(parents=True)
    folder.with_name("home").mkdir()
    for name in ("me.wav", "more/you.wav", ".hidden"):
        (folder / name).touch()
    ledger = Ledger(folder.with_name("home"))
    soon, long_ago = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC) - timedelta(days=9)
    for name, service, endpoint, state, expires in (
        ("ash", "soundclone", SANDBOX, "ready", soon),
        ("late", "soundclone", SANDBOX, "ready", long_ago),
        ("away", "soundclone", SANDBOX, "forgotten", None),
        ("live", "faseeh", "https://api.munsit.com/api/v1", "ready", None),
        ("younger", "soundclone", SANDBOX, "ready", soon),
    ):
        ledger.voices.add(
            VoiceRecord(id=name, name=name, service=service, endpoint=endpoint, remote=f"r-{name}", state=state,
                        created=now(), expires=expires)
        ).result()  # fmt: skip
    ledger.studies.add(StudyRecord(id="1", name="tempo", design={}, created=now()))
    ledger.close()
    program = folder.with_name("bin") / "voicenb"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m voicenb "$@"\n')
    program.chmod(0o755)
    return folder


def environment(place):
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    return os.environ | {
        "VOICENB_HOME": str(place.with_name("home")),
        "PATH": f"{place.with_name('bin')}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": path,
        "HOME": str(place),
    }


@pytest.fixture(scope="module")
def offered(place):
    """What is offered at the end of each line of `EXPECTED`, by one process."""
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(list(EXPECTED)), env=environment(place), cwd=place,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(zip(EXPECTED, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("line", EXPECTED)
def test_tab_offers_what_may_stand_there(line, offered):
    """Commands, options, parameters of the service and their words, names of the home, and files where a file is wanted."""
    assert offered[line] == EXPECTED[line]


def test_a_question_makes_nothing(place):
    """Neither the folder of a new home gets a ledger, nor is anything started."""
    home = place.with_name("new-home")
    subprocess.run(
        [sys.executable, "-c", ASK], input='["voicenb say --voice "]', env=environment(place) | {"VOICENB_HOME": str(home)},
        text=True, check=True,
    )  # fmt: skip
    assert not home.exists() or list(home.iterdir()) == []


BASH = """
set -e
eval "$(voicenb completion bash)"
complete -p voicenb >&2
for COMP_LINE in "$@"; do
    COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMPREPLY=()
    _python_argcomplete voicenb
    (IFS=,; echo "${COMPREPLY[*]}")
done
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_asks_and_completes(place):
    """What ``voicenb completion bash`` prints makes bash ask the program, whose answer arrives word by word."""
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", "voicenb say --voice ", "voicenb hi"], env=environment(place), cwd=place,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["younger,ash", "history "]
    assert "-F _python_argcomplete voicenb" in done.stderr


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_asks_and_completes(place):
    """fish shows what each word means beside it."""
    code = 'voicenb completion fish | source; complete -C "voicenb hi"; complete -C "voicenb say --voice "'
    done = subprocess.run(
        ["fish", "--no-config", "-c", code],
        env=environment(place),
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0] == "history\tlist what was made, and what it cost"
    assert {line.split("\t")[0] for line in done.stdout.splitlines()[1:]} == {"ash", "younger"}


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_asks_and_completes(place):
    """In an interactive zsh with its completion system, Tab completes the word on the line."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["zsh", "-f", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(place) | {"TERM": "dumb"},
        cwd=place, start_new_session=True,
    ) as zsh:  # fmt: skip
        os.close(theirs)
        try:
            os.write(ours, b"autoload -Uz compinit; compinit -u -D; eval \"$(voicenb completion zsh)\"; echo re''ady\n")
            _read_until(ours, b"ready\r\n")
            os.write(ours, b"voicenb say --emot\t")
            _read_until(ours, b"--emotion")
        finally:
            zsh.send_signal(signal.SIGKILL)
            os.close(ours)


def _read_until(terminal, word):
    """Reads what a program shows, up to a word; a program that ends before it is an error."""
    shown = b""
    while word not in shown:
        shown += os.read(terminal, 4096)


def test_the_code_is_a_document_with_json(shell):
    """As for every command; and a shell that is not known is refused."""
    said = shell.json("completion", "fish")
    assert said["shell"] == "fish"
    assert "complete --command voicenb" in said["code"]
    assert main(["completion", "bash"]) == 0
    assert "did you mean 'zsh'?" in shell("completion", "zhs", code=2).err


def test_nothing_of_it_is_loaded_unless_a_shell_asks():
    """``voicenb --version`` imports neither argcomplete nor what is written for it."""
    code = (
        "import sys\nfrom voicenb.shell.main import main\ntry: main(['--version'])\nexcept SystemExit: pass\n"
        "sys.exit(', '.join({'argcomplete', 'voicenb.shell.completion'} & set(sys.modules)) or None)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
