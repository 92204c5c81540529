"""The tab Clone by mouse and keyboard: files that are dropped, typed and wrong, the microphone, and the way on to Say.

    AXE_CORE=…/axe-core/axe.min.js python -m pytest tests/browser/test_cloning.py

It is slow because JupyterLab and a kernel start, and because a microphone hears in real time. Without ``AXE_CORE`` its rules are not asked.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

import voicenb as vn

from .test_panels import CONTRAST, WIDE, choose, priced, status, tab, written

CELL = """import json
import voicenb as vn
studio = vn.connect(home={home!r})
panel = studio.panel()
panel"""
NAME = "librispeech-2414-reference"
# A file over the panel, as a browser tells of it; `kind` is the event.
DRAG = """([kind, name, content]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(content), one => one.charCodeAt(0))], name));
    const over = document.querySelector(".voicenb-findings-line").closest(".voicenb-panel");
    over.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
    return getComputedStyle(over).outlineStyle; }"""
# Where the main button stands: how far its right end is from the panel's, and how far its middle is from that of the words beside it.
PLACE = """() => { const bar = [...document.querySelectorAll(".voicenb-act")].find(one => one.offsetParent), whole = bar.getBoundingClientRect();
    const last = [...bar.querySelectorAll("button")].filter(one => one.offsetParent).at(-1).getBoundingClientRect();
    const words = bar.querySelector(".voicenb-status").getBoundingClientRect();
    return [Math.round(whole.right - last.right), Math.round(Math.abs(last.top + last.bottom - words.top - words.bottom) / 2)]; }"""


@pytest.fixture
def cloning(page, lab, tmp_path, recording):
    """The tab Clone of a home with a voice of a long name, and a folder of recordings beside it."""
    home = tmp_path / "home"
    with vn.connect(home=home) as studio:
        studio.clone(vn.sandbox.sample_speaker("ada", home=home), name=NAME, text="Hello there.", quiet=True)
    (tmp_path / "holiday.jpg").write_bytes(b"\xff\xd8 no sound")
    (tmp_path / "mine.wav").write_bytes(recording.read_bytes())
    page.open(lab.address(written(lab, f"{tmp_path.name}.ipynb", CELL.format(home=str(home)), "")))
    page.run(0)
    page.page.get_by_role("tab", name="History").wait_for()
    tab(page, "Clone")
    return page


def violations(screen):
    """What axe-core finds in the panel; nothing where it is not there."""
    if "AXE_CORE" not in os.environ:
        return []
    screen.evaluate(Path(os.environ["AXE_CORE"]).read_text("utf-8"))
    found = screen.evaluate("axe.run('.voicenb-panel', {preload: false}).then(({violations}) => violations)")
    return [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in found]


def test_from_a_file_to_something_said(cloning, tmp_path):
    """Dropped, wrong, kept, cloned by the keyboard and spoken with: the caret is in the text, and nothing was paid twice."""
    screen = cloning.page
    upload = screen.get_by_role("button", name="Choose a file", exact=True)
    upload.wait_for()
    samples, rate = soundfile.read(tmp_path / "mine.wav")
    soundfile.write(tmp_path / "large.wav", np.repeat(samples, 4), 4 * rate, "PCM_16")
    content = base64.b64encode((tmp_path / "large.wav").read_bytes()).decode()
    upload.evaluate(
        """one => { window.named = []; new MutationObserver(all => named.push(one.getAttribute("aria-label")))
            .observe(one, {attributes: true, attributeFilter: ["aria-label"]}); }"""
    )
    assert screen.evaluate(DRAG, ["dragover", "large.wav", content]) == "dashed", "it shows where a file may be let go"
    assert screen.evaluate(DRAG, ["dragleave", "large.wav", content]) != "dashed"
    assert screen.evaluate(DRAG, ["dragover", "large.wav", content]) == "dashed"
    assert screen.evaluate(DRAG, ["drop", "large.wav", content]) != "dashed"
    status(cloning, "The service takes it.")
    # The pieces are counted under the button's own name, and its words are its name again.
    names = screen.evaluate("named")
    assert "Choose a file: 33 %" in names
    assert upload.get_attribute("aria-label") is None
    for shown, named in (("57 % …", True), ("Choose a file", False)):
        upload.or_(screen.get_by_text("57 % …")).evaluate("(one, text) => { one.textContent = text; }", shown)
        screen.wait_for_function(
            "([title, named]) => [...document.querySelectorAll('button')].find(one => one.title.startsWith(title)).hasAttribute('aria-label') === named",
            arg=["A recording of one person", named],
        )

    choose(screen, tmp_path / "holiday.jpg")
    screen.locator(".voicenb-problem", has_text="holiday.jpg").wait_for()
    assert screen.get_by_role("button", name="Clone", exact=True).is_disabled()
    assert screen.evaluate(CONTRAST) == []
    assert violations(screen) == []
    screen.get_by_role("button", name="Keep it", exact=True).click()
    status(cloning, "The service takes it.")

    screen.get_by_label("Consent", exact=True).fill("my own voice")
    screen.get_by_label("Name", exact=True).locator("visible=true").fill(NAME)
    go = screen.get_by_role("button", name=re.compile(r"^Clone · [\d.]+ credits$"))
    go.wait_for()
    edge, level = screen.evaluate(PLACE)
    assert (edge, level) == (0, pytest.approx(0, abs=2))
    go.focus()
    screen.keyboard.press("Enter")
    status(cloning, "is ready; to be used once before")
    onward = screen.get_by_role("button", name="Say something in it →", exact=True)
    onward.wait_for()
    # A long line wraps beside the buttons.
    edge, level = screen.evaluate(PLACE)
    assert (edge, level) == (0, pytest.approx(0, abs=2))
    screen.get_by_role("button", name="Clone · made before · free", exact=True).wait_for()
    assert screen.evaluate("document.activeElement.textContent") == "Say something in it →"
    assert violations(screen) == []
    screen.keyboard.press("Enter")
    screen.wait_for_function("document.activeElement.matches('.voicenb-field-text textarea')")
    screen.keyboard.type("Hello from the newer one.")
    with vn.connect(home=tmp_path / "home") as studio:
        priced(screen, studio.price(NAME, "Hello from the newer one.").amount)
    # The name of the voice can be read.
    chosen = screen.get_by_label("Voice", exact=True).locator("visible=true")
    assert chosen.evaluate("list => list.options[list.selectedIndex].text") == NAME
    assert chosen.evaluate("list => list.offsetWidth") > 250
    screen.keyboard.press("Control+Enter")
    status(cloning, "Done: ")
    assert cloning.kernel("[task.kind for task in studio.tasks()]") == ["production", "preview", "preview"]
    cloning.fine()


def test_enter_takes_a_path_and_the_field_is_wide(cloning, tmp_path):
    """As Load does; what is typed comes with it. Nothing sticks out, however narrow it is."""
    screen = cloning.page
    # The list of files would take half of a narrow page.
    if (files := screen.locator(".jp-SideBar.jp-mod-left .lm-TabBar-tab.lm-mod-current")).count():
        files.click()
    screen.locator("#jp-left-stack").wait_for(state="hidden")
    field = screen.get_by_label("Path or URL", exact=True)
    for width in (900, 600):
        screen.set_viewport_size({"width": width, "height": 1000})
        assert field.evaluate("one => one.offsetWidth") > 250
        assert screen.evaluate(WIDE) == []
    field.click()
    screen.keyboard.type(str(tmp_path / "mine.wav"))
    screen.keyboard.press("Enter")
    status(cloning, "The service takes it.")
    assert screen.evaluate(WIDE) == []
    assert cloning.kernel("panel.clone.reference.reference.name") == "mine"
    cloning.fine()


def test_a_reader_sees_what_to_read_and_how_much_is_missing(cloning, tmp_path):
    """The text opens, the seconds go down while somebody speaks, nothing else can be cloned meanwhile, and one player plays it."""
    screen = cloning.page
    choose(screen, tmp_path / "mine.wav")
    screen.get_by_role("button", name=re.compile(r"^Clone · ")).wait_for()
    words = screen.get_by_text("The North Wind and the Sun", exact=False)
    assert not words.is_visible()
    screen.get_by_role("button", name="Record", exact=True).click()
    words.wait_for()
    status(cloning, "recording …")
    assert screen.get_by_role("button", name="Clone", exact=True).is_disabled()
    missing = "Number(document.querySelector('.vn-togo').textContent.match(/(\\d+) s to go/)?.[1] ?? 99)"
    screen.wait_for_function(f"{missing} <= 13")
    assert screen.evaluate(CONTRAST) == []
    assert violations(screen) == []
    seconds = float(screen.locator(".vn-recorder .vn-time").inner_text())
    assert seconds >= 2, "what is missing is counted in speech, and cannot run ahead"
    screen.get_by_role("button", name="Stop", exact=True).click()
    status(cloning, "The service would refuse it: speech")
    assert not words.is_visible()
    assert screen.locator(".vn-recorder audio:visible").count() == 0
    assert cloning.kernel("panel.clone.reference.reference.name") == "recording"
    cloning.fine()
