"""The tutorial on the panels in JupyterLab, Notebook 7 and Voila, and what is left of it without a kernel."""

from __future__ import annotations

import importlib.util
import re
import shutil

import nbformat
import pytest
from nbconvert import HTMLExporter

NOTEBOOK = "03-panels.ipynb"
# Three clips that are compared, in the copy of the player and as static HTML, and the spoken cell.
PLAYERS = 7
# What a host does with any notebook: Notebook 7.6 misses two of JupyterLab's plugins, Voila 0.5 wants icons and MathJax from other
# machines and cannot load Notebook's extension.
OWN = {
    "lab": "nothing at all",
    "notebook": r"reading 'schema'|'filebrowser:open-path' not registered",
    "voila": r"/@fortawesome/|/mathjax/|/labextensions/@jupyter-notebook/",
}


def all_play(players):
    """Whether each player has read a sound that can be heard."""
    return all(one["error"] is None and one["duration"] > 0.5 and one["peak"] > 0.05 for one in players)


def own(lab, name):
    """A copy of the tutorial that nobody has opened yet, and therefore nobody trusts."""
    shutil.copyfile(lab.folder / NOTEBOOK, lab.folder / name)
    return name


@pytest.mark.parametrize("host", ["lab", "notebook", "voila"])
def test_the_panels_work(page, lab, host):
    """Untrusted its committed clips play; run, its panels speak, its players are heard, and no other machine is asked.

    It takes long: a server, a browser and a kernel start, and the whole tutorial runs.
    """
    if host != "lab" and importlib.util.find_spec(host) is None:
        pytest.skip(f"{host} is not installed")
    screen = page.page
    address = lab.address(own(lab, f"{host}.ipynb"), host)
    if host == "voila":
        screen.goto(address, timeout=180_000)
    else:
        page.open(address)
        players = page.players(".jp-Notebook", PLAYERS)
        assert len(players) == PLAYERS
        assert all_play(players), players
        page.run_all()
    # The workbench, and the panel alone, which comes after it.
    say = screen.locator(".voicenb-panel:not(.jupyter-widgets-disconnected) .voicenb-acts:visible").last
    say.get_by_role("button", name=re.compile(r"^Say · ([\d.]+ credits|made before · free)$")).click()
    say.locator(".voicenb-status", has_text="Done: ").wait_for()
    clip = screen.locator(".voicenb-results:visible .vn-clip")
    clip.get_by_role("button", name="Play", exact=True).click()
    screen.wait_for_function("audio => audio.currentTime > 0.1", arg=clip.locator("audio").element_handle())
    assert clip.locator(".vn-word").count() == 8
    compare = screen.locator(".vn-compare")
    compare.get_by_role("button", name="Play", exact=True).click()
    screen.locator(".vn-compare[data-playing]").wait_for()
    assert [one for one in page.errors if not re.search(OWN[host], one)] == []
    assert [one for one in page.refused if not re.search(OWN[host], one)] == []


def test_exported_it_plays_without_a_kernel(page, lab, tmp_path):
    """nbconvert's page, opened from disk: its clips play; only what nbconvert asks for in any notebook is asked of other machines."""
    file, empty = tmp_path / "panels.html", tmp_path / "empty.html"
    file.write_text(HTMLExporter().from_filename(str(lab.folder / NOTEBOOK))[0], "utf-8")
    empty.write_text(HTMLExporter().from_notebook_node(nbformat.v4.new_notebook())[0], "utf-8")
    page.page.goto(empty.as_uri())
    page.page.wait_for_load_state("load")
    nbconverts = set(page.refused)
    page.page.goto(file.as_uri())
    players = page.players(least=PLAYERS)
    assert len(players) == PLAYERS
    assert all_play(players), players
    assert set(page.refused) == nbconverts
    assert [one for one in page.errors if one.startswith("page:")] == []
