"""The page of the shell: each example prints what the page shows, and no command or option is missing."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

import voicenb as vn
from voicenb.shell.commands import COMMANDS
from voicenb.shell.parser import build

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "shell.md").read_text("utf-8") if (ROOT / "docs").is_dir() else ""
pytestmark = pytest.mark.skipif(not PAGE, reason="these tests look at a checkout")


def blocks(language):
    """The page's blocks of code in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def examples():
    """Each command of the ``console`` blocks, and what the page shows after it."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def lines_of_voicenb():
    """Every call of voicenb on the page, as words."""
    for line in [command for command, _ in examples()] + "".join(blocks("sh")).splitlines():
        for call in re.findall(r"voicenb ((?:'[^']*'|[^|<>'\"]|\"[^\"]*\")*)", line.partition(" || ")[0]):
            yield shlex.split(call.removesuffix("2").strip() if "2>" in line else call)


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
@pytest.mark.slow
def test_each_example_prints_what_the_page_shows(home, tmp_path):
    """One after the other, in one folder. It takes long: some twenty programs start, as on the page."""
    samples, rate = soundfile.read(vn.sandbox.sample_speaker("ada"))
    folder = tmp_path / "here"
    folder.mkdir()
    soundfile.write(folder / "me.wav", samples * 0.2, rate)
    (toml,) = blocks("toml")
    (folder / "tempo.toml").write_text(toml, "utf-8")
    program = tmp_path / "bin" / "voicenb"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m voicenb "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        # argparse breaks lines by it.
        "COLUMNS": "80",
    }
    for command, shown in examples():
        done = subprocess.run(
            ["sh", "-c", command], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", check=False, timeout=240,
        )  # fmt: skip
        assert matches(shown, done.stdout), f"$ {command}\n{done.stdout}"


def matches(shown, printed):
    """Whether that was printed: … is anything in a line, and a line of … alone any number of lines; a file's bytes may lack an end."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown.splitlines()
    )
    return re.fullmatch(pattern, printed if printed.endswith("\n") or not printed else printed + "\n") is not None


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a … c\n", "a b c\n", True),
        ("a\n…\nz\n", "a\nb\nc\nz\n", True),
        ("a\n…\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("", "a\n", False),
        ("a.c\n", "abc\n", False),
        ("fLaC\n", "fLaC", True),
    ],
)
def test_what_is_printed_is_held_against_the_page(shown, printed, same):
    assert matches(shown, printed) is same


def test_every_call_on_the_page_is_one_that_voicenb_takes():
    """Also those that would not end, such as ``voicenb lab``; and the page has each command."""
    called = set()
    for words in lines_of_voicenb():
        if words[:1] == ["histroy"]:
            continue
        parsers = build(words, pytest.fail)
        given, strange = parsers.root.parse_known_args(words)
        assert strange == [], words
        called.add(given.command)
    assert called == set(COMMANDS)


def test_every_option_of_a_command_is_on_the_page():
    """Those of all commands in the table, and a command's own in its text; the services' parameters are in ``--help``."""
    missing = set()
    for name, parser in build([], pytest.fail).of.items():
        for option in re.findall(r"--[\w-]+", parser.format_usage()):
            if f"{option}" not in PAGE:
                missing.add((name, option))
    assert missing == set()
