"""The first tutorial as a reader meets it: opened, run, saved, converted and opened again without trust."""

from __future__ import annotations

import shutil

from nbconvert import HTMLExporter

NOTEBOOK = "01-first-voice.ipynb"
# The recording, the preview and three clips.
PLAYERS = 5


def all_play(players, *, audio=False):
    """Whether each player of voicenb's has read a sound that lasts.

    The last one in the notebook is an `IPython.display.Audio`, of which JupyterLab takes the sound away without trust.
    """
    heard = [one["error"] is None and one["duration"] > 0.5 and one["peak"] > 0.05 for one in players]
    return len(heard) == PLAYERS + 1 and all(heard[:PLAYERS]) and (heard[PLAYERS] or not audio)


def test_opened_without_trust_it_still_plays(page, lab):
    """Before anything runs, nothing in the notebook is trusted: its committed players and pictures are there all the same."""
    shutil.copyfile(lab.folder / NOTEBOOK, lab.folder / "untrusted.ipynb")
    page.open(lab.address("untrusted.ipynb"))
    players = page.players(".jp-Notebook", PLAYERS + 1)
    assert all_play(players), players
    # Each has a waveform, and one clip is plotted.
    page.page.locator(".jp-OutputArea img").nth(PLAYERS).wait_for()
    page.fine()


def test_run_from_top_to_bottom(page, lab):
    """Every cell runs, every player plays, nothing outside this machine is asked for, and the saved notebook is small."""
    page.open(lab.address(NOTEBOOK))
    page.run_all()
    players = page.players(".jp-Notebook", PLAYERS + 1)
    assert all_play(players, audio=True), players
    assert page.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert (lab.folder / "welcome.mp3").stat().st_size > 1_000

    assert len(page.save(lab.folder / NOTEBOOK)) < 1_000_000
    page.fine()


def test_converted_to_html_it_plays_from_a_file(page, lab, tmp_path):
    """nbconvert's page plays when it is opened from disk, with no kernel and no network."""
    body, _ = HTMLExporter().from_filename(str(lab.folder / NOTEBOOK))
    file = tmp_path / "tutorial.html"
    file.write_text(body, "utf-8")
    page.page.goto(file.as_uri())
    players = page.players(least=PLAYERS + 1)
    assert all_play(players, audio=True), players
    assert [one for one in page.errors if one.startswith("page:")] == []
