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
    """Every sample that was heard, as 16 bits, and is not zero: the silence between two pieces is nobody's."""
    text = page.page.evaluate(
        f"""() => {{
            {TO_TEXT}
            const frames = [...heard.keys()].sort((a, b) => a - b);
            return text(Float32Array.from(frames.flatMap((frame) => [...heard.get(frame)])));
        }}"""
    )
    # A source that begins a billionth of a frame late is interpolated, which moves a sample by as little.
    steps = np.rint(floats(text) * 32768).astype(np.int16)
    return steps[steps != 0]


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
        vn.sandbox.faults("slow_body", route="production", service="faseeh", seconds=5, home=home)
        for number in (1, 2):
            screen.evaluate("heard.clear()")
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
            said = np.rint(clip.samples * 32768).astype(np.int16)
            said = said[said != 0]
            found = heard(page)
            assert len(found) > 0.8 * len(said), (
                "only the first moments, before the tap is in its place, may be missing"
            )
            np.testing.assert_array_equal(found, said[-len(found) :])
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
