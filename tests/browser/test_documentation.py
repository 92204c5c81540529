"""The built documentation as its readers meet it, from files and without a network.

    AXE_CORE=…/axe-core/axe.min.js python -m pytest tests/browser/test_documentation.py

It takes long because all pages are built, and opened in both themes. Without ``AXE_CORE`` what needs it is skipped.
"""

from __future__ import annotations

import documents
import pytest

from .axe import violations

pytest.importorskip("sphinx")
pytest.importorskip("myst_nb")

# What reaches beyond the window, and can therefore not be read without scrolling all of the page sideways.
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The built pages, by their names."""
    folder = documents.build(tmp_path_factory.mktemp("docs"))
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.html"))}
    assert len(found) > 40
    return found


@pytest.mark.parametrize("width", [600, 1280])
def test_every_page_is_whole_and_asks_no_other_machine(page, pages, width):
    """All that a page needs lies beside it: no fonts, scripts or pictures of another host, and nothing that is missing."""
    page.page.set_viewport_size({"width": width, "height": 900})
    missing = []
    page.page.on("requestfailed", lambda request: missing.append(request.url))
    too_wide = {}
    for name, path in pages.items():
        page.page.goto(path.as_uri())
        if beyond := page.page.evaluate(WIDER):
            too_wide[name] = beyond
    assert missing == []
    assert too_wide == {}
    page.fine()


def test_the_tutorials_can_be_heard(page, pages):
    """Each player has a sound that the browser decodes, and that is not silent."""
    tutorials = [path for name, path in pages.items() if "/tutorials/" in name]
    assert len(tutorials) == 6
    for path in tutorials:
        page.page.goto(path.as_uri())
        heard = page.players(least=path.read_text("utf-8").count("<audio"))
        assert [one for one in heard if one["error"] or one["duration"] < 0.3 or one["peak"] < 0.01] == []
    page.fine()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(page, pages, scheme):
    """The rules of axe-core, in both themes, on a page too narrow for its widest tables."""
    page.page.emulate_media(color_scheme=scheme)
    page.page.set_viewport_size({"width": 600 if scheme == "light" else 1280, "height": 900})
    found = {}
    for name, path in pages.items():
        page.page.goto(path.as_uri())
        if broken := violations(page.page):
            found[name] = broken
    assert found == {}
