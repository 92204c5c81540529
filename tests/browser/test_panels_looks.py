"""Clone, Say and a study's panel as they look to everybody: axe-core finds nothing, and no text is paler than 4.5 : 1.

It is slow because JupyterLab and a kernel start.
"""

from __future__ import annotations

import re

import pytest

import voicenb as vn

from .axe import violations
from .test_panels import CONTRAST, choose, status, tab, written

CELL = """import voicenb as vn
studio = vn.connect(home={home!r})
panel = studio.panel()
panel"""
STUDY_CELL = """study = vn.Study(studio.voice("me"), text=["Hello there, my friend.", "The rain has stopped at last."], speed=[0.8, 1],
                 baseline={"speed": 1}, takes=2, name="by hand", question="Does speed change the length?")
study.panel()"""
THEMES = pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"], indirect=True)


def nothing_found(screen, state):
    """Nothing is amiss in what is in sight of the panel."""
    # A panel is a part of a page that is not ours.
    assert violations(screen, ".voicenb-panel:not(.lm-mod-hidden)", region=False, target_size=True) == [], state
    assert screen.evaluate(CONTRAST) == [], state


@pytest.fixture
def shown(page, lab, theme, tmp_path, request):
    """The panels of a home in which nobody has cloned anything."""
    page.page.set_viewport_size({"width": 900, "height": 900})
    page.open(
        lab.address(written(lab, f"{request.node.originalname}.ipynb", CELL.format(home=str(tmp_path / "home")), ""))
    )
    page.run(0)
    page.page.get_by_role("tab", name="History").wait_for()
    return page


@THEMES
def test_axe_finds_nothing_from_the_recording_to_a_result(shown, tmp_path, recording):
    """Empty, with a recording that is refused, with one that is taken, a new voice, a mistake, and results."""
    screen = shown.page
    tab(shown, "Clone")
    nothing_found(screen, "nothing chosen")
    (tmp_path / "me.wav").write_bytes(b"This is no sound.")
    choose(screen, tmp_path / "me.wav")
    screen.get_by_text("me.wav").locator("visible=true").first.wait_for()
    nothing_found(screen, "a file that is no recording")
    choose(screen, recording)
    status(shown, re.compile(r"The service takes it\.|It would be taken"))
    nothing_found(screen, "a recording")
    screen.get_by_label("Consent", exact=True).fill("my own voice, for tests")
    screen.get_by_label("Name", exact=True).locator("visible=true").fill("me")
    screen.get_by_role("button", name=re.compile(r"^Clone · [\d.]+ credits$")).click()
    screen.get_by_role("button", name="Say something in it").wait_for()
    nothing_found(screen, "a new voice")
    screen.get_by_role("button", name="Say something in it").click()
    screen.get_by_role("tab", name="Say", selected=True).wait_for()
    text = screen.locator(".voicenb-field-text textarea:visible")
    status(shown, "Write what is to be said.")
    text.fill("Welcome home, <#200#> my friend.")
    screen.locator(".voicenb-field-text textarea[aria-invalid=true]:visible").wait_for()
    nothing_found(screen, "a mistake")
    text.fill("Welcome home, my friend.")
    screen.get_by_label("Takes").locator("visible=true").fill("2")
    screen.get_by_label("Takes").locator("visible=true").press("Tab")
    screen.get_by_role("button", name=re.compile(r"^Say · [\d.]+ credits$")).click()
    status(shown, "Done: ")
    screen.locator(".vn-compare .vn-lufs:visible").first.wait_for()
    nothing_found(screen, "two takes")
    shown.fine()


@THEMES
def test_axe_finds_nothing_in_a_study(shown, lab, tmp_path):
    """Planned, and when it has run."""
    home = tmp_path / "home"
    with vn.connect(home=home) as studio:
        studio.clone(vn.sandbox.sample_speaker("ada", home=home), name="me", quiet=True)
    page, screen = shown, shown.page
    page.open(
        lab.address(written(lab, "a_study.ipynb", CELL.format(home=str(home)).rsplit("panel =", 1)[0] + STUDY_CELL, ""))
    )
    page.run(0)
    run = screen.get_by_role("button", name=re.compile(r"^Run · [\d.]+ credits$"))
    run.wait_for()
    nothing_found(screen, "a plan")
    run.click()
    screen.get_by_role("row", name=re.compile("speed.*duration")).first.wait_for(timeout=120_000)
    screen.locator(".vn-compare .vn-lufs").first.wait_for(state="attached")
    nothing_found(screen, "results")
    page.fine()
