"""A stream in a cell, in a real JupyterLab: it is heard while it is still being made."""

from __future__ import annotations

import re

import nbformat
import numpy as np

import voicenb as vn

from .hearing import QUANTUM, TAP, TO_TEXT, floats

TEXT = "Hello there. This is the second sentence of a stream. And here is a third one, which is the last."
SET_UP = "import voicenb as vn\nstudio = vn.connect('faseeh', sandbox=True)\nvoice = studio.voice('en-male-1')"
# One after the kernel is idle again, one while a cell awaits.
IDLE = f"idle = voice.stream({TEXT!r}, seed=1)\nidle"
AWAITS = f"awaited = voice.stream({TEXT!r}, seed=2)\ndisplay(awaited)\nclip = await awaited.task"


def heard(page):
    """Every quantum that was heard, as 16 bits, without the zeros: the silence between two pieces is nobody's."""
    frames, text = page.page.evaluate(
        f"""() => {{
            {TO_TEXT}
            const frames = [...heard.keys()].sort((a, b) => a - b);
            return [frames.length, text(Float32Array.from(frames.flatMap((frame) => [...heard.get(frame)])))];
        }}"""
    )
    # A source that begins a billionth of a frame late is interpolated, which moves a sample by as little.
    steps = np.rint(floats(text) * 32768).astype(np.int16).reshape(frames, QUANTUM)
    return [quantum[quantum != 0] for quantum in steps]


def missed(quanta, samples):
    """How many of a clip's samples were not heard; everything that was is the clip's, in its order, and nothing is mixed.

    Under load Chromium loses a quantum now and then while something is connected.
    """
    said = np.rint(samples * 32768).astype(np.int16)
    said = said[said != 0]
    at = 0
    for quantum in quanta:
        until = at + 4 * QUANTUM
        while at < until and not np.array_equal(said[at : at + len(quantum)], quantum):
            at += 1
        assert at < until, "something was heard that is not the clip's, or not there"
        at += len(quantum)
    return len(said) - sum(map(len, quanta))


def test_sound_starts_before_the_stream_is_over(page, lab, home):
    """In an idle kernel and while a cell awaits; what is heard is the clip, and the clip stays in the notebook."""
    cells = [nbformat.v4.new_code_cell(source) for source in (SET_UP, IDLE, AWAITS)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.folder / "stream.ipynb")
    screen = page.page
    screen.add_init_script(TAP)
    page.open(lab.address("stream.ipynb"))
    page.run(0)
    screen.locator(".jp-CodeCell").first.locator(".jp-InputPrompt", has_text="[1]").wait_for()

    with vn.connect("faseeh", sandbox=True, home=home) as studio:
        # The second time it comes more slowly than it is heard, and the page is too slow for what is due.
        for number, wait, held in ((1, 5, 0), (2, 11, 100)):
            vn.sandbox.faults(home=home)
            vn.sandbox.faults("slow_body", route="production", service="faseeh", seconds=wait, home=home)
            screen.evaluate("held => { heard.clear(); window.held = held; }", held)
            page.run(number)
            shown = screen.locator(".jp-CodeCell").nth(number)
            player = shown.locator(".vn-stream")
            screen.wait_for_function(f"heard.size > {2400 // QUANTUM}", polling=20)
            (task,) = [one for one in studio.tasks() if one.record.seed == number]
            assert task.status == "downloading"
            assert player.get_by_text("More is coming.").is_visible()
            assert re.fullmatch(r"[\d.]+ / [\d.]+ s …", player.locator(".vn-time").inner_text())
            assert shown.locator(".jp-InputPrompt").inner_text() == ("[2]:" if number == 1 else "[*]:")
            clip = task.wait(quiet=True)
            # It is heard to its end, and then can be heard again.
            player.get_by_role("button", name="Play", exact=True).wait_for()
            assert missed(heard(page), clip.samples) < 8 * QUANTUM
            assert player.locator(".vn-time").inner_text() == f"{clip.duration:.2f} / {clip.duration:.2f} s"
            copy = shown.locator("[class^=voicenb-kept] audio")
            copy.wait_for(state="attached")
            assert not copy.is_visible()
        vn.sandbox.faults(home=home)

    # The keyboard does all: again from the beginning, and stop.
    screen.evaluate("heard.clear()")
    slider = player.get_by_role("slider", name="Position")
    slider.focus()
    screen.keyboard.press("Home")
    screen.keyboard.press(" ")
    screen.wait_for_function(f"heard.size > {36_000 // QUANTUM}", polling=20)
    screen.keyboard.press(" ")
    player.get_by_role("button", name="Play", exact=True).wait_for()
    assert 0 < float(slider.get_attribute("aria-valuenow")) < clip.duration

    # Without the kernel, the copies are heard.
    page.restart()
    screen.locator("[class^=voicenb-kept] audio").first.wait_for(state="visible")
    assert [one["error"] for one in page.players("[class^=voicenb-kept]")] == [None, None]
    page.fine()
