"""A study by hand in JupyterLab: picked, priced, run, stopped and gone on with, by mouse and by keyboard alone."""

from __future__ import annotations

import re

import pytest

import voicenb as vn

from .test_panels import CONTRAST, written

CELL = """import json
import voicenb as vn
studio = vn.connect(home={home!r}, concurrency=1)
study = vn.Study(studio.voice("me"), text=["Hello there, my friend.", "The rain has stopped at last.", "We meet at noon."],
                 speed=[0.8, 1], baseline={{"speed": 1}}, takes=2, name="by hand", question="Does speed change the length?")
panel = study.panel()
panel"""
RUN = re.compile(r"^Run · [\d.]+ credits$")


@pytest.fixture
def rooms(tmp_path):
    """A home with a voice, "me"."""
    home = tmp_path / "home"
    with vn.connect(home=home) as studio:
        studio.clone(vn.sandbox.sample_speaker("ada", home=home), name="me", quiet=True)
    return home


def opened(page, lab, rooms, name):
    """The page, once the panel has its price."""
    page.open(lab.address(written(lab, f"{name}.ipynb", CELL.format(home=str(rooms)), "")))
    page.run(0)
    page.page.get_by_role("button", name=RUN).wait_for(timeout=20_000)
    return page.page


def cost(screen):
    return float(screen.get_by_role("button", name=RUN).text_content().split()[2])


def repriced(screen, before):
    """Waits until the button has another price than `before`; the answer is that."""
    screen.wait_for_function(
        """before => [...document.querySelectorAll("button")].some(
            one => /^Run · [\\d.]+ credits$/.test(one.textContent.trim()) && !one.textContent.includes(` ${before} `))""",
        arg=f"{before:g}",
    )
    return cost(screen)


def says(screen, text):
    screen.locator(".voicenb-status:visible", has_text=text).first.wait_for(timeout=150_000)


def asked(home):
    with vn.connect(home=home) as studio:
        return [task for task in studio.tasks() if task.kind == "production"]


def focus(screen, name, role="button"):
    """Goes on with Tab until the control of this name has the focus."""
    for _ in range(60):
        screen.keyboard.press("Tab")
        found = screen.evaluate(
            """() => { const one = document.activeElement; return [one.getAttribute("aria-label")
                || one.labels?.[0]?.textContent || one.textContent, one.getAttribute("role") || (one.type === "range" ? "slider" : one.tagName.toLowerCase())]; }"""
        )
        if found[1] == role and re.search(name, (found[0] or "").strip()):
            return
    pytest.fail(f"no {role} {name!r} is reached with Tab")


def test_a_study_by_mouse(page, lab, rooms):
    """A level and a factor are added, the price follows, it runs, is stopped, and goes on; nothing is paid twice."""
    screen = opened(page, lab, rooms, "study-by-mouse")
    first = cost(screen)
    screen.get_by_label("Parameter", exact=True).select_option("emotion")
    screen.get_by_role("button", name="Add factor").click()
    screen.get_by_label("Emotion", exact=True).select_option("sad")
    screen.get_by_role("button", name="Add level").nth(1).click()
    second = repriced(screen, first)
    assert second == pytest.approx(2 * first)
    assert screen.get_by_label("Name", exact=True).input_value() == "by hand-2"
    screen.get_by_role("button", name=RUN).click()
    stop = screen.get_by_role("button", name=re.compile("^Cancel"))
    stop.wait_for()
    says(screen, "cells made")
    screen.wait_for_timeout(400)
    stop.click()
    says(screen, "Run goes on where it stopped")
    made = len(asked(rooms))
    assert 0 < made < 24
    screen.get_by_role("button", name=RUN).click()
    says(screen, "24 of 24 cells made")
    assert len(asked(rooms)) == 24
    screen.get_by_role("row", name=re.compile("changes.*speed.*duration")).wait_for(timeout=120_000)
    screen.locator(".vn-compare .vn-cell").first.wait_for()
    screen.wait_for_function(
        "[...document.querySelectorAll('.vn-compare .vn-meta')].every(one => one.textContent.includes(' s'))"
    )
    text = screen.locator(".vn-pages select").first
    before = screen.locator(".vn-compare .vn-meta").first.text_content()
    text.select_option(index=1)
    screen.wait_for_function(
        "before => { const one = document.querySelector('.vn-compare .vn-meta')?.textContent; return one?.includes(' s') && one !== before; }",
        arg=before,
    )
    assert screen.evaluate(CONTRAST) == []
    page.fine()


def test_a_study_by_keyboard_alone(page, lab, rooms):
    """Every control is reached with Tab and used with keys."""
    screen = opened(page, lab, rooms, "study-by-keyboard")
    first = cost(screen)
    screen.get_by_label("Name", exact=True).focus()
    focus(screen, "Speed", role="slider")
    for _ in range(4):
        screen.keyboard.press("ArrowRight")
    focus(screen, "^Add level")
    screen.keyboard.press("Enter")
    second = repriced(screen, first)
    assert second == pytest.approx(1.5 * first)
    focus(screen, "^Remove the level 1.2 of Speed")
    screen.keyboard.press("Enter")
    assert repriced(screen, second) == pytest.approx(first)
    assert screen.get_by_label("Name", exact=True).input_value() == "by hand"
    focus(screen, "^Run ·")
    screen.keyboard.press("Enter")
    says(screen, "12 of 12 cells made")
    assert len(asked(rooms)) == 12
    screen.get_by_role("row", name=re.compile("changes.*speed.*duration")).wait_for(timeout=120_000)
    focus(screen, "Rows", role="select")
    screen.keyboard.press("ArrowDown")
    screen.locator(".vn-compare").wait_for()
    page.fine()


@pytest.mark.parametrize(("theme", "width"), [("JupyterLab Dark", 1280), ("JupyterLab Light", 620)])
def test_it_is_read_in_the_dark_and_where_it_is_narrow(page, lab, rooms, theme, width):
    """Texts keep a contrast of 4.5 : 1, and nothing is wider than the panel."""
    file = (
        lab.folder.parent
        / "jupyterlab_settings_dir"
        / "@jupyterlab"
        / "apputils-extension"
        / "themes.jupyterlab-settings"
    )
    file.write_text(f'{{"theme": "{theme}"}}', "utf-8")
    try:
        page.page.set_viewport_size({"width": width, "height": 900})
        with vn.connect(home=rooms) as studio:
            vn.Study(studio.voice("me"), text=["Hello there, my friend.", "The rain has stopped at last.", "We meet at noon."],
                     speed=[0.8, 1], baseline={"speed": 1}, takes=2, name="by hand", question="Does speed change the length?").run(quiet=True)  # fmt: skip
        page.open(lab.address(written(lab, f"study-{width}.ipynb", CELL.format(home=str(rooms)), "")))
        page.run(0)
        screen = page.page
        screen.get_by_role("row", name=re.compile("changes.*speed.*duration")).wait_for(timeout=120_000)
        screen.locator(".vn-compare .vn-lufs").first.wait_for(state="attached")
        assert screen.evaluate(CONTRAST) == []
        assert (
            screen.evaluate(
                """() => { const panel = document.querySelector(".voicenb-panel"), edge = panel.getBoundingClientRect().right + 1;
                return [...panel.querySelectorAll("button, select, input, textarea")].filter(one => one.offsetParent
                    && !one.closest(".vn-scroll, .vn-rows, .voicenb-scroll") && one.getBoundingClientRect().right > edge).map(one => one.outerHTML.slice(0, 80)); }"""
            )
            == []
        )
        page.fine()
    finally:
        file.unlink()
