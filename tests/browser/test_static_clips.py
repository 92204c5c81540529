"""A clip's static copy, which no kernel and no script stands behind: its waveform is the seek bar, and its file can be had."""

from __future__ import annotations

import io
from pathlib import Path

import nbformat
import numpy as np
import pytest
import soundfile

from voicenb.audio.codec import encode
from voicenb.display.html import clip_html
from voicenb.studio.clip import Clip

RATE = 24_000
SOUND = (0.2 * np.clip(np.random.default_rng(4).standard_normal(8 * RATE), -3, 3)).astype(np.float32)
AT = "document.querySelector('audio').currentTime / document.querySelector('audio').duration"


@pytest.fixture
def shown(page, tmp_path):
    """The copy in a page of its own."""

    def show(width, body=""):
        file = tmp_path / "clip.html"
        html = Clip(encode(SOUND, RATE, "mp3"))._repr_mimebundle_()["text/html"]
        file.write_text(f"<!doctype html><meta charset=utf-8><body style='margin:140px 0 0;{body}'>{html}", "utf-8")
        page.page.set_viewport_size({"width": width, "height": 300})
        page.page.goto(file.as_uri())
        page.page.wait_for_function("document.querySelector('audio').readyState >= 1")
        return page.page.locator("img").bounding_box()

    return show


@pytest.mark.parametrize(("width", "body"), [(420, ""), (640, "background:#111;color-scheme:dark"), (1280, "")])
def test_a_press_on_the_waveform_seeks_there(page, shown, width, body):
    """Where the picture is pressed, at any height, the sound goes: picture and seek bar lie over each other, 5 px apart at most."""
    box = shown(width, body)
    screen = page.page
    for share in (0.1, 0.5, 0.9):
        for height in (0.1, 0.5, 0.9):
            screen.evaluate("document.querySelector('audio').currentTime = 0")
            screen.mouse.click(box["x"] + share * box["width"], box["y"] + height * box["height"])
            screen.wait_for_function("!document.querySelector('audio').seeking")
            assert screen.evaluate(AT) == pytest.approx(share, abs=5 / box["width"])
    page.fine()


def test_the_browser_s_own_menu_saves_the_file(page, shown):
    """The sound that is embedded, which the notebook holds once."""
    shown(640)
    screen = page.page
    audio = screen.locator("audio").bounding_box()
    closed = screen.screenshot()
    screen.mouse.click(audio["x"] + audio["width"] - 26, audio["y"] + 20)
    # It cannot be pressed while it opens, which no script sees.
    before, seen = closed, screen.screenshot()
    while seen == closed or seen != before:
        before, seen = seen, screen.screenshot()
    with screen.expect_download() as download:
        screen.mouse.click(audio["x"] + audio["width"] - 100, audio["y"] - 36)
    assert soundfile.info(io.BytesIO(Path(download.value.path()).read_bytes())).duration == pytest.approx(8, abs=0.1)


def test_in_a_notebook_that_nobody_trusts_the_bar_can_be_pressed(page, lab):
    """Lab takes away what lets a press through the picture; then it stands above the bar, in line with it."""
    html = clip_html(SOUND, 8.0, audio=encode(SOUND, RATE, "mp3"), mime="audio/mpeg")
    output = nbformat.v4.new_output("display_data", data={"text/html": html, "text/plain": "clip"})
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell("clip", outputs=[output])],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        ),
        lab.folder / "nobody.ipynb",
    )
    screen = page.page
    page.open(lab.address("nobody.ipynb"))
    screen.locator(".jp-OutputArea audio").wait_for()
    screen.wait_for_function("document.querySelector('audio').readyState >= 1")
    picture, audio = (screen.locator(f".jp-OutputArea {tag}").bounding_box() for tag in ("img", "audio"))
    assert picture["y"] + picture["height"] <= audio["y"]
    screen.mouse.click(picture["x"] + picture["width"] / 2, audio["y"] + audio["height"] / 2)
    screen.wait_for_function("!document.querySelector('audio').seeking")
    assert screen.evaluate(AT) == pytest.approx(0.5, abs=5 / picture["width"])
