"""A study by hand, as ten lines of a notebook: run by a kernel, saved as HTML, and played where there is no kernel."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

CELLS = (
    """import voicenb as vn
studio = vn.connect()
voice = studio.clone(vn.sandbox.sample_speaker("ada"), name="ada")""",
    """settings = [(speed, pitch, take) for speed in (0.8, 1, 1.25) for pitch in (-2, 0, 2) for take in (1, 2)]
tasks = [voice.submit("Good evening.", speed=speed, pitch=pitch, take=take) for speed, pitch, take in settings]
clips = studio.wait(tasks)""",
    """frame = studio.history.frame(clips=True, kind="production").round(3)
frame""",
    """clips.compare(rows="speed", columns="pitch")""",
    """vn.compare(clips[:6])""",
)
PLAYED = """async (audio) => {
    audio.muted = true;
    await audio.play();
    while (!(audio.currentTime > 0.1)) await new Promise(requestAnimationFrame);
    audio.pause();
    return audio.duration;
}"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """The notebook as its kernel left it."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("VOICENB_HOME", str(tmp_path_factory.mktemp("by_hand")))
        NotebookClient(book, timeout=280, store_widget_state=False).execute()
    return book


def shown(cell):
    """What a cell has put out, as HTML and as text."""
    return "".join(
        "".join(output.get("data", {}).get(kind, "") for kind in ("text/html", "text/plain"))
        + output.get("text", "")
        for output in cell.outputs
    )  # fmt: skip


def test_ten_lines_without_a_private_name(notebook):
    """What a person writes for 3 × 3 × 2 takes."""
    lines = [line for source in CELLS for line in source.splitlines()]
    assert len(lines) <= 10
    assert not re.search(r"\b_\w|\._\w", "\n".join(lines))


def test_one_progress_line(notebook):
    """The 18 tasks have one line together, which says at its end what is done and spent."""
    waited = notebook.cells[1]
    assert len([one for one in waited.outputs if one.output_type == "display_data"]) == 1
    assert re.search(r"18", shown(waited))


def test_it_plays_without_a_kernel(notebook, page, tmp_path):
    """The frame, the comparison of takes in a grid and the list play from a file, with nothing but what is in it."""
    html, _ = HTMLExporter().from_notebook_node(notebook)
    file = tmp_path / "by_hand.html"
    file.write_text(html, encoding="utf-8")
    screen = page.page
    screen.goto(file.as_uri())
    for number, least in ((2, 18), (3, 18), (4, 6)):
        cell = screen.locator(".jp-CodeCell").nth(number)
        assert cell.locator("audio").count() == least
        assert cell.locator("audio").first.evaluate(PLAYED) > 0.5
