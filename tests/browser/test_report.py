"""A study's report as a browser shows it: from a file, with no network, with and without JavaScript, on paper, and to everybody.

    AXE_CORE=…/axe-core/axe.min.js python -m pytest tests/browser/test_report.py

axe-core comes with ``npm install --prefix FOLDER axe-core``; without ``AXE_CORE`` what needs it is skipped.
"""

from __future__ import annotations

import os
import re
import zlib
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from homes import beside
from small_studies import study

import voicenb as vn


class Heard:
    """What came of a blind test, with a picture that brings a style of its own."""

    kind, question, trials, listeners = "abx", "Which of the two is X?", 16, 4
    sentence = "They hear it: 13 of 16 are right (p 0.011)."
    methods, excluded = "Exact one-sided binomial test.", ["Listener 3 left before the end."]
    table = pd.DataFrame({"between": ["speed 1 and 1.25"], "right": ["13 of 16"], "p": [0.010635]})

    def svg(self):
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 40"><style>rect{fill:#0072b2}</style>'
            '<rect x="10" y="10" width="200" height="20" style="stroke:#000"/></svg>'
        )


@pytest.fixture(scope="module")
def report(tmp_path_factory, shared):
    """A report with an answer, a cell that failed, cells that were refused, and a text from right to left."""
    folder = tmp_path_factory.mktemp("reported")
    home = beside(folder / "home", shared)
    with pytest.MonkeyPatch.context() as patch, vn.connect(home=home) as studio:
        patch.setattr("voicenb.tasks.context.TaskContext.poll_seconds", (0.05, 0.1))
        sample = vn.Reference(vn.sandbox.sample_speaker("ada", home=home), consent="a sample")
        voice = studio.clone(sample, name="ada – مرحبا", text="Hello.", language="English", quiet=True)
        one = study(
            voice, text=["Hello there, my friend.", "We meet at noon by the river.", "The rain has stopped."], speed=[0.8, 1, 1.25, 99],
            pitch=[0, 2], question="Does pitch change the tempo?", baseline={"speed": 1},
        )  # fmt: skip
        vn.sandbox.faults("task_failed", route="production", count=1, home=home)
        try:
            one.run(quiet=True)
        finally:
            vn.sandbox.faults(home=home)
        return one.report(folder / "tempo.html", tests=[Heard()])


@contextmanager
def opened(browser, report, **options):
    """The page, opened from its file with the network off; nothing goes wrong on it, and it asks for nothing."""
    context = browser.new_context(**({"viewport": {"width": 1200, "height": 900}} | options), offline=True)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    try:
        yield page
        assert said == []
        assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    finally:
        context.close()


# The page's policy forbids Playwright's own way to wait, which evaluates text in the page.
BECOMES = """([number, what]) => new Promise((done) => {
    const audio = document.querySelectorAll("audio")[number];
    if (audio.paused === (what === "pause")) done();
    else audio.addEventListener(what, () => done(), { once: true });
})"""


def playing(page):
    return page.evaluate("[...document.querySelectorAll('audio')].map(one => !one.paused)")


def test_it_opens_from_a_file_and_a_clip_is_played_by_keyboard(browser, report):
    with opened(browser, report) as page:
        assert page.get_by_role("heading", level=1).inner_text() == "Does pitch change the tempo?"
        # All that was asked is answered on the first screen.
        assert page.locator("header").bounding_box()["height"] < 900
        players = page.locator("audio")
        assert players.count() == 17
        for number in (0, 1):
            players.nth(number).focus()
            page.keyboard.press("Space")
            page.evaluate(BECOMES, [number, "play"])
        page.evaluate(BECOMES, [0, "pause"])
        assert sum(playing(page)) == 1
        assert page.evaluate("[...document.images].every(one => one.complete && one.naturalWidth > 0)")


@pytest.mark.parametrize("width", [360, 1200])
def test_without_javascript_it_reads_the_same_and_fits_its_window(browser, report, width):
    with opened(browser, report, java_script_enabled=False, viewport={"width": width, "height": 800}) as page:
        text = page.locator("body").inner_text()
        for said in (
            "Does pitch change the tempo?",
            "They hear it",
            "Not stated here",
            "Make it again",
            "speed: 99 was given",
        ):
            assert said in text
        assert page.locator("audio").first.is_visible()
        summary = page.locator("summary").first
        summary.click()
        assert page.locator("details[open] table").first.is_visible()
        assert page.locator("html").bounding_box()["width"] <= width
        for one in page.locator("body > *, main > *").all():
            box = one.bounding_box()
            assert box is None or box["x"] + box["width"] <= width + 1


def test_on_paper_players_are_durations(browser, report, tmp_path):
    with opened(browser, report) as page:
        page.emulate_media(media="print")
        assert not page.locator("audio").first.is_visible()
        assert re.search(r"\d\.\d\d s", page.locator(".clip p").first.inner_text())
        paper = page.pdf(format="A4", path=tmp_path / "report.pdf")
        page.emulate_media(media="screen")
    streams = re.findall(rb"stream\r?\n(.*?)endstream", paper, re.DOTALL)
    assert len([one for one in streams if one[:1] == b"x" and zlib.decompressobj().decompress(one)]) > 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_it_is_there_for_everybody(browser, report, scheme, width):
    path = os.environ.get("AXE_CORE")
    if not path:
        pytest.skip("AXE_CORE does not name axe.min.js")
    with opened(browser, report, color_scheme=scheme, viewport={"width": width, "height": 900}) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        # By the debugger, for the page's own policy takes no script.
        page.evaluate(Path(path).read_text("utf-8") + "; undefined")
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert len(found["passes"]) > 10
        assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found["violations"]] == []
