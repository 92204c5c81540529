"""The history and the voices as they look: nothing is cut off at any width, nothing moves, and axe-core finds nothing.

    AXE_CORE=…/axe-core/axe.min.js python -m pytest tests/browser/test_history_looks.py

It is slow because JupyterLab and a kernel start. Without ``AXE_CORE`` what needs it is skipped.
"""

from __future__ import annotations

import pytest

import voicenb as vn

from .axe import violations
from .test_panels import CONTRAST, tab, written

CELL = "import voicenb as vn\nfrom voicenb.panels import KeyPanel\nstudio = vn.connect(home={home!r})\ndisplay(KeyPanel('soundclone'))\npanel = studio.panel()\npanel"
NAME = "librispeech-2414-reference"
# What reaches beyond the table's own width.
BEYOND = """table => { const most = table.getBoundingClientRect().right + 1;
    return [...table.querySelectorAll("td, th")].filter(one => one.getBoundingClientRect().right > most && one.offsetParent).map(one => one.textContent); }"""


@pytest.fixture
def shown(page, lab, theme, tmp_path):
    """The panel of a home with a voice of a long name, two clips, and a second voice."""
    home = tmp_path / "home"
    with vn.connect(home=home) as studio:
        voice = studio.clone(vn.sandbox.sample_speaker("ada", home=home), name=NAME, quiet=True)
        for text in ("Welcome home, my friend, the kettle is on and the door was never locked.", "Another one."):
            voice.say(text, speed=1.2, pitch=-2, quiet=True)
        studio.clone(vn.sandbox.sample_speaker("bruno", home=home), name="bruno", quiet=True)
    page.open(lab.address(written(lab, "looks.ipynb", CELL.format(home=str(home)))))
    page.run(0)
    page.page.get_by_role("tab", name="History").wait_for()
    return page


def rows(screen):
    """Where each row in sight stands within the panel: the notebook around it may scroll."""
    return screen.locator(".voicenb-table:visible tbody tr").evaluate_all(
        """all => all.map(one => [one.getBoundingClientRect(), one.closest(".jp-OutputArea, body").getBoundingClientRect()])
            .map(([{top, height}, around]) => [Math.round(top - around.top), Math.round(height)])"""
    )


@pytest.mark.parametrize("width", [600, 900, 1280])
def test_cost_and_status_are_in_sight_at_every_width(shown, width):
    """Also beside a voice with a long name, which ends in an ellipsis and has all of itself as its title."""
    screen = shown.page
    tab(shown, "History")
    # The list of files would take half of a narrow page.
    if (files := screen.locator(".jp-SideBar.jp-mod-left .lm-TabBar-tab.lm-mod-current")).count():
        files.click()
    screen.locator("#jp-left-stack").wait_for(state="hidden")
    screen.set_viewport_size({"width": width, "height": 900})
    table = screen.locator(".voicenb-table:visible").first
    table.locator("tbody tr").nth(3).wait_for()
    assert table.evaluate(BEYOND) == []
    scroll = table.locator(".vn-rows")
    assert scroll.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    for word in ("Cost", "Status"):
        assert screen.get_by_role("button", name=word, exact=True).is_visible()
    assert screen.get_by_role("button", name="Parameters", exact=True).is_visible() == (width == 1280)
    assert screen.locator("td.vn-cut[title^='librispeech-2414-reference']").count() >= 3
    panel = screen.locator(".voicenb-panel").last.bounding_box()
    assert panel["x"] + panel["width"] <= width
    shown.fine()


def test_no_row_moves_under_the_pointer(shown):
    """Questions, fields and players open below the table."""
    screen = shown.page
    tab(shown, "Voices")
    screen.locator(".voicenb-table:visible tbody tr").nth(1).wait_for()
    for act, answer in (("Rename", "Cancel"), ("Forget", "Keep")):
        before = rows(screen)
        screen.get_by_role("button", name=f"{act}: {NAME}").click()
        screen.get_by_role("button", name=answer, exact=True).locator("visible=true").wait_for()
        assert rows(screen) == before, act
        screen.get_by_role("button", name=answer, exact=True).locator("visible=true").click()
    tab(shown, "History")
    screen.locator(".voicenb-table:visible tbody tr").nth(3).wait_for()
    before = rows(screen)
    screen.get_by_role("checkbox", name="Select all that are shown").check()
    screen.get_by_role("button", name="Delete", exact=True).click()
    screen.get_by_text("This cannot be undone.").wait_for()
    assert rows(screen) == before
    screen.get_by_role("button", name="Keep them").click()
    screen.get_by_role("button", name="Label", exact=True).and_(screen.locator(".voicenb-outlined")).click()
    screen.get_by_label("Note", exact=True).wait_for()
    assert rows(screen) == before
    screen.locator(".voicenb-table:visible button[data-act=play]").first.click()
    screen.locator(".vn-clip:visible").wait_for()
    assert rows(screen) == before
    shown.fine()


def test_the_selected_sounds_are_downloaded(shown, tmp_path):
    """As an archive, by the browser."""
    screen = shown.page
    tab(shown, "History")
    screen.get_by_role("checkbox", name=f"Select {NAME}: Another one.").check()
    with screen.expect_download() as download:
        screen.get_by_role("button", name="Download 1", exact=True).click()
    assert download.value.suggested_filename == "voicenb history.zip"
    download.value.save_as(tmp_path / "got.zip")
    import zipfile

    with zipfile.ZipFile(tmp_path / "got.zip") as archive:
        assert [name.rpartition(".")[0] for name in archive.namelist()] == [f"1 - {NAME} - Another one", "history"]
    shown.fine()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"], indirect=True)
def test_axe_finds_nothing_in_history_voices_and_key(shown):
    """Nor is anything that can be pressed smaller than 24 px, nor a text paler than 4.5 : 1."""
    screen = shown.page

    def look(scope):
        return violations(screen, scope, region=False, target_size=True)

    assert look(".vn-key") == []
    for name in ("Voices", "History"):
        tab(shown, name)
        screen.locator(".voicenb-table:visible tbody tr").first.wait_for()
        if name == "History":
            screen.get_by_role("button", name="Books").click()
            screen.get_by_role("button", name="Filter", exact=True).click()
            screen.get_by_label("Until", exact=True).wait_for()
            screen.get_by_role("checkbox", name="Select all that are shown").check()
            screen.get_by_role("button", name="Delete", exact=True).click()
            screen.get_by_text("This cannot be undone.").wait_for()
        assert look(".voicenb-panel .voicenb-panel:not(.lm-mod-hidden)") == [], name
        assert screen.evaluate(CONTRAST) == [], name
    small = screen.locator(".voicenb-table:visible :is(button, input)").evaluate_all(
        "all => all.filter(one => one.offsetParent).map(one => one.getBoundingClientRect()).filter(({width, height}) => width < 24 || height < 24).map(({width, height}) => [width, height])"
    )
    assert small == []
    shown.fine()
