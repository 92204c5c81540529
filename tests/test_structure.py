"""The layout holds: rooms on floors, modules that can be read at a sitting, and a picture that shows what is there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "voicenb"
LONGEST = 500
# Fourteen, and three rooms that came with studies: statistics, study and listening.
ENTRIES = 17
FLOORS = 8
WORDS = 25

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="these tests look at a checkout")


def contracts():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def rooms():
    return sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))


def test_no_module_is_longer_than_can_be_read_at_a_sitting():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_the_root_has_rooms_and_little_else():
    entries = {path.name for path in PACKAGE.iterdir() if path.name not in {"__pycache__", "__main__.py", "py.typed"}}
    assert len(entries) <= ENTRIES, sorted(entries)


@pytest.mark.parametrize("room", rooms(), ids=lambda path: path.name)
def test_a_room_says_what_lives_there_what_may_not_and_what_it_may_call(room):
    words = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))) or ""
    first, _, rest = words.partition("\n")
    assert first.endswith(".")
    assert all(said in rest for said in ("Lives here: ", "Does not: ", "May call: ")), words


def test_the_layers_have_no_exception_and_few_floors():
    for contract in contracts():
        assert "ignore_imports" not in contract, contract["name"]
    [layers] = [one for one in contracts() if one["type"] == "layers" and one["containers"] == ["voicenb"]]
    named = {room.strip() for layer in layers["layers"] for room in layer.split("|")}
    assert {room.name for room in rooms()} <= named
    folders = {room.name for room in rooms()}
    assert sum(bool(folders & {room.strip() for room in layer.split("|")}) for layer in layers["layers"]) <= FLOORS
    assert layers["exhaustive"]


def test_the_rules_of_import_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_picture_and_the_table_are_what_the_imports_say():
    done = subprocess.run(
        [sys.executable, "tools/architecture.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_names_what_is_there():
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`((?:voicenb|tests)/[\w/.]+)`", page))
    assert len(named) > 10
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    glossary = page.partition("\n## Words\n")[2]
    assert 10 < len(re.findall(r"^\| \w", glossary, re.MULTILINE)) - 1 <= WORDS


def test_names_in_backticks_are_there():
    """A docstring or a page that names ``voicenb.room.thing`` names something that can be imported."""
    pages = [*PACKAGE.rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    named = {name for page in pages for name in re.findall(r"`(voicenb(?:\.\w+){2,})`", page.read_text("utf-8"))}
    assert len(named) > 30
    assert [name for name in sorted(named) if not exists(name)] == []


def exists(name):
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True
