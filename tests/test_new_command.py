"""A further command is one file and one entry point: that of the documentation, installed and run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from added_packages import install

import voicenb as vn
from voicenb.shell import commands
from voicenb.shell.main import main

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Makes a package of a file and the page's entry point, as an installer leaves it."""

    commands._added.cache_clear()
    yield lambda content: install(PAGE, content, tmp_path, monkeypatch)
    commands._added.cache_clear()


PAGE = (DOCS / "new-command.md").read_text("utf-8") if DOCS.is_dir() else ""
pytestmark = pytest.mark.skipif(not PAGE, reason="this test looks at a checkout")


@pytest.mark.slow
def test_one_file_and_one_entry_point_make_a_command(installed, home, capsys):
    """It is listed, explains itself, and gives lines or JSON as any other."""
    installed((DOCS / "new_command.py").read_text("utf-8"))
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "say what was spent, by voice" in capsys.readouterr().out
    assert main(["spent", "--quiet"]) == 0
    assert capsys.readouterr().out == "Nothing was spent.\n"
    with vn.connect() as studio:
        studio.clone(vn.sandbox.sample_speaker("ada"), name="ada", text="Hello.", quiet=True)
    assert main(["spent", "--json", "--since", "1h"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["voice"] == "ada"
    assert float(row["spent"]) > 0


@pytest.mark.parametrize(
    "content",
    [
        "import nowhere_to_be_found",
        "COMMAND = 7",
        "raise SystemExit(0)",
        "from voicenb.shell.commands.say import COMMAND",
    ],
)
def test_a_command_that_cannot_be_loaded_stops_no_other(installed, capsys, home, content):
    """It is named on stderr; called, it is the error."""
    installed(content)
    assert main(["history", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == []
    assert "the command 'spent'" in said.err
    assert main(["spent"]) == 3
    assert "the command 'spent'" in capsys.readouterr().err


def test_a_command_of_a_taken_name_is_said_to_be_unused(installed, capsys, home, monkeypatch):
    """That of voicenb itself is the one that runs."""
    monkeypatch.setattr(f"{__name__}.PAGE", PAGE.replace("spent = ", "history = "))
    installed((DOCS / "new_command.py").read_text("utf-8"))
    assert main(["history", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == []
    assert "'history' of spent:COMMAND is not used" in said.err
