"""The documentation builds without a warning, every public name has its place in it, and its first script prints what is shown."""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import documents
import pytest

import voicenb

ROOT = Path(__file__).parents[1]
ROOMS = ("errors", "measures", "panels", "sandbox", "services", "statistics", "testing")
"""The modules whose ``__all__`` is for users, beside the package's own."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The built pages; warnings are errors."""
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_nb")
    return documents.build(tmp_path_factory.mktemp("docs"))


@pytest.mark.slow
def test_the_documentation_builds_with_warnings_as_errors(built):
    parameters = (built / "_generated" / "parameters.html").read_text("utf-8")
    assert "a number from 0.5 to 2" in parameters


@pytest.mark.slow
def test_every_public_name_stands_once_in_the_reference(built):
    """Each name of ``__all__`` has one place, on one of the reference's pages, whatever name it is found by there."""
    from sphinx.util.inventory import InventoryFile

    with (built / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda _, uri: uri)
    places = {}
    for kind, names in inventory.items():
        if kind.startswith("py:") and kind not in {"py:method", "py:attribute", "py:property"}:
            for name, item in names.items():
                places.setdefault(id(resolve_name(name)), set()).add(item.uri)
    public = {f"voicenb.{name}": getattr(voicenb, name) for name in voicenb.__all__}
    for room in map(import_module, (f"voicenb.{name}" for name in ROOMS)):
        public |= {f"{room.__name__}.{name}": getattr(room, name) for name in room.__all__}
    assert len(public) > 100
    found = {name: sorted(places.get(id(value), ())) for name, value in public.items()}
    assert {name: where for name, where in found.items() if len(where) != 1} == {}
    assert {name: where for name, (where,) in found.items() if not where.startswith("reference/")} == {}


@pytest.mark.slow
def test_no_picture_is_named_by_its_file(built):
    """What a screen reader says of a picture is words; MyST-NB puts the file's path there where it is given none."""
    named = [
        alt
        for page in built.rglob("*.html")
        for alt in re.findall(r'<img[^>]*\salt="([^"]+)"', page.read_text("utf-8"))
    ]
    assert any(alt.endswith("LUFS, kHz over time (s)") for alt in named)
    assert [alt for alt in named if re.search(r"\.(png|svg|jpe?g)$", alt)] == []


@pytest.mark.slow
def test_each_tutorial_is_a_page_with_its_outputs(built):
    """It is led to from the tutorials' page, and no cell shows a widget's plain form in place of the widget."""
    overview = (built / "tutorials.html").read_text("utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        page = (built / "_generated" / "tutorials" / f"{path.stem}.html").read_text("utf-8")
        assert f"{path.stem}.html" in overview
        assert page.count("<audio") == path.read_text("utf-8").count("<audio")
        assert "run this cell to get the panel" not in page


def test_the_home_says_how_to_install_as_the_readme_does():
    """The page's first command is the README's first one, and its first paragraph begins as the README's."""
    home, readme = ((ROOT / name).read_text("utf-8") for name in ("docs/index.md", "README.md"))
    assert home.split("```sh\n", 1)[1].splitlines()[0] == readme.split("```sh\n", 1)[1].splitlines()[0]
    assert home.split(".", 1)[0] == readme.split(".", 1)[0]
    assert home.index("![") < home.index("```")


@pytest.mark.slow
def test_the_first_pages_script_prints_what_the_page_shows(tmp_path):
    """Services, models and costs to the letter; durations and pitches as far as another machine's arithmetic allows."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "three_services.py"],
        env=os.environ | {"VOICENB_HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = (ROOT / "docs" / "three_services.txt").read_text("utf-8")
    (header, *found), (same, *expected) = (
        [line.split() for line in text.splitlines()] for text in (done.stdout, shown)
    )
    assert header == same
    assert [(row[0], row[1], row[6:]) for row in found] == [(row[0], row[1], row[6:]) for row in expected]
    for column, tolerance in ((2, 0.05), (4, 0.05)):
        assert [float(row[column]) for row in found] == pytest.approx(
            [float(row[column]) for row in expected], rel=tolerance
        )
