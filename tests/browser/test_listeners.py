"""Listeners of known ability, through the very page that `ListeningTest.save` writes and back by `ListeningTest.add`.

Each has a page of its own in Chromium and uses the keyboard alone. What X is they find out by ear: by the correlation of the sounds
that the page holds. All take a step at a time together, since sounds play as long as they are.
"""

from __future__ import annotations

import base64
import json
import re

import nbformat
import numpy as np
import pytest

import voicenb as vn
from voicenb.audio.codec import encode

from .listeners import Listener

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LISTENERS, TRIALS, HEARS = 20, 16, 0.6


def noise(seed):
    sound = 0.1 * np.random.default_rng(seed).standard_normal(4_000)
    return vn.Clip(encode(sound.astype(np.float32), 16_000, "flac"))


def correlation(one, other):
    size = 1 << (2 * len(one)).bit_length()
    return float(np.abs(np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)))).max())


class Ear:
    """What somebody hears who has the page alone."""

    def __init__(self, source):
        data = re.search(r'<script type="application/json" id="listening-data">(.*?)</script>', source, re.DOTALL)
        self.sheet, self._sounds = (json.loads(data[1])[name] for name in ("sheet", "sounds"))

    def sound(self, trial, name):
        return np.frombuffer(base64.b64decode(self._sounds[trial][name])[44:], dtype="<i2").astype(np.float64)

    def same(self, trial):
        """Which of its two sounds the X of a trial is."""
        told = self.sheet["trials"][trial]
        x = self.sound(trial, told["x"])
        return max(told["sounds"], key=lambda name: correlation(x, self.sound(trial, name)))


def test_twenty_listeners_of_known_ability(browser, tmp_path):
    """They hear X in 60 % of the trials and guess else: 80 % right is within the interval, and more than 75 % are not excluded."""
    test = vn.listen(
        [noise(1), noise(2)],
        labels=["one", "other"],
        kind="abx",
        trials=TRIALS,
        listeners=LISTENERS,
        home=tmp_path / "home",
    )
    address = test.save(tmp_path / "test.html").as_uri()
    ear = Ear((tmp_path / "test.html").read_text("utf-8"))
    heard = {trial: ear.same(trial) for trial in ear.sheet["trials"]}
    rng = np.random.default_rng(12)
    right = rng.random((LISTENERS, TRIALS)) < HEARS + (1 - HEARS) / 2
    contexts = [browser.new_context(accept_downloads=True) for _ in range(LISTENERS)]
    pages = [context.new_page() for context in contexts]
    wrong = []
    for number, page in enumerate(pages):
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{address}#row={number}")
    for place in range(TRIALS):
        for page in pages:
            page.get_by_role("heading", name=f"Trial {place + 1} of {TRIALS}", exact=True).wait_for()
        for key in "ABX":
            for page in pages:
                page.keyboard.press(key.lower())
            for page in pages:
                page.locator(f'.vn-hear[aria-keyshortcuts="{key}"][data-heard]').wait_for()
        for number, page in enumerate(pages):
            trial, shown = ear.sheet["orders"][number][place]
            says = shown.index(heard[trial]) if right[number, place] else 1 - shown.index(heard[trial])
            page.keyboard.press(str(1 + says))
            page.keyboard.press("Enter")
    for page in pages:
        page.get_by_role("heading", name=f"Thank you. {TRIALS} of {TRIALS} answered.").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save my answers", exact=True).press("Enter")
        download.value.save_as(tmp_path / download.value.suggested_filename)
    for context in contexts:
        context.close()
    assert wrong == []
    added = test.add(tmp_path / "answers-*.json")
    assert [one.what for one in added] == ["added"] * LISTENERS
    votes = test.votes()
    assert len(votes) == LISTENERS * TRIALS
    # Nobody was told, and yet each answer is what was meant.
    assert votes["correct"].sum() == right.sum()
    found = test.result()
    low, high = found.interval
    assert low <= HEARS + (1 - HEARS) / 2 <= high
    assert found.p < 1e-6
    assert found.sentence.endswith("the difference was heard.")


CELL = """
import json  # the page asks for values as JSON
import numpy as np
import voicenb as vn
from voicenb.audio.codec import encode

noise = [0.1 * np.random.default_rng(seed).standard_normal(8_000).astype("float32") for seed in (1, 2)]
test = vn.listen([vn.Clip(encode(one, 16_000, "flac")) for one in noise], kind="abx", trials=5, name="in a cell")
test
"""


def test_a_test_at_the_end_of_a_cell_goes_on_in_another_kernel(page, lab, tmp_path):
    """Each answer is in the ledger before the next trial is shown; nothing is told before the last one."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELL), nbformat.v4.new_code_cell("")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, lab.folder / "in-a-cell.ipynb")
    page.open(lab.address("in-a-cell.ipynb"))
    page.start_all()
    listener = Listener(page, tmp_path / "none.html")
    listener.at("Trial 1 of 5")
    listener.page.locator(".vn-hear").first.focus()
    for number in range(2):
        listener.at(f"Trial {number + 1} of 5")
        listener.answer("abx", 0)
    listener.at("Trial 3 of 5")
    page.becomes("[len(test.votes_of('me')), len(test.votes()), test.frozen, test.listeners]", [2, 0, True, 0])
    page.restart()
    page.start_all()
    listener.page.wait_for_function("document.querySelectorAll('.vn-listening').length === 1")
    listener.at("Trial 3 of 5")
    listener.page.locator(".vn-hear").first.focus()
    for number in range(2, 5):
        listener.at(f"Trial {number + 1} of 5")
        listener.answer("abx", 1)
    listener.at("Thank you. 5 of 5 answered.")
    page.becomes("[test.listeners, len(test.votes()), test.result().counts.trials]", [1, 5, 5])
    page.fine()
