"""The first tutorial as a reader meets it: opened, run, saved, converted and opened again without trust."""

from __future__ import annotations

import shutil

import nbformat
from nbconvert import HTMLExporter

NOTEBOOK = "01-first-voice.ipynb"
# The recording, the preview and three clips.
PLAYERS = 5


def opened(page, lab, notebook):
    """Opens a notebook in JupyterLab and waits until its kernel is there."""
    page.page.goto(lab.address(notebook))
    page.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    idle(page)


def idle(page):
    """Waits until the kernel has nothing to do."""
    page.page.locator(".jp-StatusBar-TextItem", has_text="| Idle").wait_for()


def all_play(players):
    """Whether each player has read a sound that lasts."""
    return len(players) == PLAYERS and all(one["error"] is None and one["duration"] > 0.5 for one in players)


def test_opened_without_trust_it_still_plays(page, lab):
    """Before anything runs, nothing in the notebook is trusted: its committed players and pictures are there all the same."""
    shutil.copyfile(lab.folder / NOTEBOOK, lab.folder / "untrusted.ipynb")
    opened(page, lab, "untrusted.ipynb")
    players = page.players(".jp-Notebook")
    assert all_play(players), players
    assert page.page.locator(".jp-OutputArea img").count() > PLAYERS
    assert page.refused == []
    assert page.errors == []


def test_run_from_top_to_bottom(page, lab, tmp_path):
    """Every cell runs, every player plays, nothing outside this machine is asked for, and the saved notebook is small."""
    opened(page, lab, NOTEBOOK)
    page.page.get_by_role("menuitem", name="Run", exact=True).click()
    page.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    code = sum(cell.cell_type == "code" for cell in nbformat.read(lab.folder / NOTEBOOK, 4).cells)
    # JupyterLab numbers the cells as they end, and shows [*] until then.
    page.page.wait_for_function(
        """count => [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")]
            .map(prompt => prompt.textContent).join() == [...Array(count).keys()].map(n => `[${n + 1}]:`).join()""",
        arg=code,
        timeout=180_000,
    )
    idle(page)
    players = page.players(".jp-Notebook")
    assert all_play(players), players
    assert page.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert (lab.folder / "welcome.mp3").stat().st_size > 1_000

    with page.page.expect_response(lambda answer: answer.request.method == "PUT" and NOTEBOOK in answer.url) as saved:
        page.page.keyboard.press("Control+s")
    assert saved.value.ok
    page.page.screenshot(path=tmp_path / "run.png")
    assert (lab.folder / NOTEBOOK).stat().st_size < 1_000_000
    assert page.refused == []
    assert page.errors == []


def test_converted_to_html_it_plays_from_a_file(page, lab, tmp_path):
    """nbconvert's page plays when it is opened from disk, with no kernel and no network."""
    body, _ = HTMLExporter().from_filename(str(lab.folder / NOTEBOOK))
    file = tmp_path / "tutorial.html"
    file.write_text(body, "utf-8")
    page.page.goto(file.as_uri())
    players = page.players()
    assert all_play(players), players
    assert [one for one in page.errors if one.startswith("page:")] == []
