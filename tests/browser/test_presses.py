"""What a press pays for is what the page shows: beside a cell that blocks, with keys that do not wait, in every host."""

from __future__ import annotations

import importlib.util
import re
from contextlib import contextmanager

import pytest
import soundfile

import voicenb as vn

from .test_panels import run, tab, written

# Nobody touches a control of it before the cell blocks.
CELL = """import json, pathlib, time
import ipywidgets
import voicenb as vn
studio = vn.connect(home={home!r})
go = pathlib.Path({go!r})
def block(_=None):
    blocked.write_text("")
    while not go.exists():
        time.sleep(0.02)
blocked = pathlib.Path({blocked!r})
panel = studio.panel()
panel.say.form.set({{"text": {text!r}}})
button = ipywidgets.Button(description="Block")
button.on_click(block)
display(button)
panel"""
TEXT = "I am sad, and I am high."


@contextmanager
def comms(lab, way):
    """JupyterLab sends what widgets say to a subshell of the kernel, or, with ``disabled``, where cells are run."""
    folder = lab.folder.parent / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    file = folder / "kernels-settings.jupyterlab-settings"
    folder.mkdir(parents=True, exist_ok=True)
    if way is not None:
        file.write_text(f'{{"commsOverSubshells": "{way}"}}', "utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


class Room:
    """A notebook with a panel that can speak, and what makes its kernel block and go on."""

    def __init__(self, page, lab, rooms, name, host="lab"):
        self.page, self.screen, self.home = page, page.page, rooms
        with vn.connect(home=rooms) as studio:
            studio.clone(vn.sandbox.sample_speaker("ada", home=rooms), name="me", quiet=True)
        self.go, self.blocked = rooms / "go", rooms / "blocked"
        cell = CELL.format(home=str(rooms), go=str(self.go), blocked=str(self.blocked), text=TEXT)
        # Voila runs them all.
        more = () if host == "voila" else ("block()", "")
        self.notebook = written(lab, f"{name}.ipynb", cell, *more)

    def open(self, lab, host):
        """Opens it and waits until the button has its price."""
        if host == "voila":
            self.screen.goto(lab.address(self.notebook, host), timeout=180_000)
            self.screen.get_by_role("tab", name="History").wait_for()
        else:
            self.page.open(lab.address(self.notebook, host))
            run(self.page)
        tab(self.page, "Say")
        self.say.wait_for()

    @property
    def say(self):
        return self.screen.get_by_role("button", name=re.compile(r"^Say · ([\d.]+ credits|made before · free)$"))

    def block(self, host):
        if host == "voila":
            self.screen.get_by_role("button", name="Block").click()
        else:
            self.page.run(1)
        for _ in range(1000):
            if self.blocked.exists():
                return
            self.screen.wait_for_timeout(20)
        pytest.fail("nothing blocks")

    def release(self):
        self.go.write_text("")

    def spoken(self):
        """The rows of the ledger that were paid for, without the voice's own."""
        with vn.connect(home=self.home) as studio:
            found = [task for task in studio.tasks() if task.kind == "production"]
            return [(task.text, task.parameters, task.cost) for task in reversed(found)]

    def results(self, count):
        """Waits until so many clips were made, and another can be asked for."""
        self.screen.wait_for_function(f"document.querySelectorAll('.voicenb-results .vn-clip').length === {count}")
        self.say.wait_for()

    def done(self):
        # The sandbox of a room of its own speaks for the first time: on a busy machine its voice alone takes a minute.
        self.screen.locator(".voicenb-status:visible", has_text="Done: ").wait_for(timeout=150_000)

    def cost(self):
        return float(self.say.text_content().split()[2])

    def set(self):
        """Sad and three semitones up, with controls that the kernel has not heard of before."""
        self.screen.get_by_label("Emotion").locator("visible=true").select_option("sad")
        self.screen.get_by_role("slider", name="Pitch").locator("visible=true").focus()
        for _ in range(3):
            self.screen.keyboard.press("ArrowRight")


def skip_without(host):
    if host != "lab" and importlib.util.find_spec(host) is None:
        pytest.skip(f"{host} is not installed")


@pytest.fixture
def rooms(tmp_path):
    """A home of panels."""
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("host", "way"), [("lab", None), ("lab", "disabled"), ("lab", "perComm"), ("notebook", None), ("voila", None)]
)
def test_beside_a_cell_that_blocks_it_is_what_the_page_shows(page, lab, rooms, host, way):
    """Sad and high, with controls that nobody had touched before: pressed while the cell is at work, it is that and its price."""
    skip_without(host)
    with comms(lab, way):
        room = Room(page, lab, rooms, f"blocked-{host}-{way}", host)
        room.open(lab, host)
        room.block(host)
        room.set()
        price = room.cost()
        room.say.click()
        room.release()
        room.done()
        assert [(text, told, float(cost)) for text, told, cost in room.spoken()] == [
            (TEXT, {"emotion": "sad", "pitch": 3}, price)
        ]
        if host == "lab":
            page.fine()


@pytest.mark.parametrize("host", ["lab", "notebook", "voila"])
def test_keys_that_do_not_wait_are_heard(page, lab, rooms, host):
    """Three arrows and Ctrl+Enter at once; a number that is typed, and Ctrl+Enter before the field has taken it."""
    skip_without(host)
    room = Room(page, lab, rooms, f"keys-{host}", host)
    room.open(lab, host)
    screen = room.screen
    # A price that is the same for every value: one who presses before "made before · free" has given way to a price is refused.
    screen.get_by_label("Make a new version, and pay again").locator("visible=true").check()
    room.say.wait_for()
    for turn in range(1, 4):
        slider = screen.get_by_role("slider", name="Pitch").locator("visible=true")
        slider.focus()
        for _ in range(3):
            screen.keyboard.press("ArrowRight")
        shown = float(slider.input_value())
        screen.keyboard.press("Control+Enter")
        # The last turn's "Done" and price stand there until the kernel has heard of this one: its clip is what is new.
        room.results(turn)
        assert [told["pitch"] for _, told, _ in room.spoken()] == [3 * one for one in range(1, turn + 1)]
        assert shown == 3 * turn
    readout = screen.get_by_role("textbox", name="Speed, typed").locator("visible=true")
    readout.click()
    screen.keyboard.press("Control+a")
    screen.keyboard.type("1.35")
    screen.keyboard.press("Control+Enter")
    room.results(4)
    assert [told for _, told, _ in room.spoken()][3:] == [{"pitch": 9, "speed": 1.35}]
    # What it cannot be is not another number: it stays as it was typed, the rule stands below, and nothing can be paid.
    note = screen.locator(".voicenb-field-speed .voicenb-note:visible")
    for typed, kept in (("7", "7.00"), ("fast", "fast"), ("", "")):
        readout.click()
        screen.keyboard.press("Control+a")
        screen.keyboard.press("Delete")
        screen.keyboard.insert_text(typed)
        screen.keyboard.press("Control+Enter")
        note.get_by_text("Allowed is a number from 0.5 to 2").wait_for()
        screen.get_by_role("button", name="Say", exact=True).locator("visible=true").wait_for()
        screen.keyboard.press("Control+Enter")
        screen.keyboard.press("Tab")
        assert readout.input_value() == kept
    # A comma, and the unit behind it, are how people write numbers.
    readout.click()
    screen.keyboard.press("Control+a")
    screen.keyboard.insert_text("1,45 ×")
    room.say.wait_for()
    screen.keyboard.press("Control+Enter")
    room.results(5)
    assert readout.input_value() == "1.45"
    assert [told for _, told, _ in room.spoken()][4:] == [{"pitch": 9, "speed": 1.45}]


def test_another_price_than_the_page_showed_is_refused(page, lab, rooms):
    """A longer text, or more takes, whose price the kernel could not tell while it was busy: amber, and nothing is charged."""
    with comms(lab, "disabled"):
        room = Room(page, lab, rooms, "dearer")
        room.open(lab, "lab")
        room.block("lab")
        screen = room.screen
        screen.locator(".voicenb-field-text textarea:visible").fill(TEXT * 3)
        room.say.click()
        room.release()
        screen.locator(".voicenb-problem:visible .voicenb-amber", has_text="Nothing was sent: this costs").wait_for()
        assert room.spoken() == []
        with vn.connect(home=rooms) as studio:
            due = studio.price("me", TEXT * 3).amount
        screen.get_by_role("button", name=f"Say · {due:.4g} credits", exact=True).click()
        room.done()
        assert [(text, cost) for text, _, cost in room.spoken()] == [(TEXT * 3, due)]


def test_impatient_presses_are_one(page, lab, rooms):
    """Presses that wait for a cell, by mouse and by keys, ask for one thing once; one that paid "anew" would show each."""
    with comms(lab, "disabled"):
        room = Room(page, lab, rooms, "impatient")
        room.open(lab, "lab")
        room.screen.get_by_label("Make a new version, and pay again").locator("visible=true").check()
        room.page.idle()
        room.block("lab")
        for _ in range(3):
            room.say.click()
        room.say.focus()
        room.screen.keyboard.press("Enter")
        room.screen.keyboard.press("Control+Enter")
        assert room.say.get_attribute("aria-busy") == "true"
        room.release()
        room.done()
        room.page.idle()
        assert len(room.spoken()) == 1
        assert room.say.get_attribute("aria-busy") is None


def test_load_takes_the_path_that_is_typed(page, lab, rooms, tmp_path, recording):
    """A tap without any time, right after the path."""
    samples, rate = soundfile.read(recording)
    for name in ("first", "second"):
        soundfile.write(tmp_path / f"{name}.wav", samples, rate)
    room = Room(page, lab, rooms, "typed")
    room.open(lab, "lab")
    screen = room.screen
    tab(page, "Clone")
    path = screen.get_by_label("Path or URL").locator("visible=true")
    for name in ("first", "second") * 4:
        path.fill(str(tmp_path / f"{name}.wav"))
        screen.get_by_role("button", name="Load", exact=True).click()
        screen.locator(".voicenb-bar:visible", has_text=f"{name} · 20.0 s").first.wait_for()
