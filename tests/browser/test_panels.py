"""The panels as a person meets them: a recording is uploaded, cloned and spoken with, the kernel restarts, and it goes on."""

from __future__ import annotations

import json
import re

import nbformat
import numpy as np
import pytest
import soundfile
from nbconvert import HTMLExporter
from scipy.signal import correlate, resample_poly

import voicenb as vn
from voicenb.sandbox import launch

from .hearing import TAP, decoded, element_sound, heard, listen, order_heard, ready

CELL = "import voicenb as vn\nstudio = vn.connect(home={home!r})\npanel = studio.panel()\npanel"
# A click is handled in another thread than the cell's where JupyterLab and the kernel both know subshells.
WAITING_CELL = """import asyncio
made, loop = asyncio.Event(), asyncio.get_running_loop()
panel.say.on_done(lambda: panel.say.clips and loop.call_soon_threadsafe(made.set))
await made.wait()
print("went on after", len(panel.say.clips))"""
KEY_CELL = "from voicenb.panels import KeyPanel\nkey = KeyPanel('soundclone')\nkey"
TABS = ("Clone", "Say", "Voices", "History")
LONG = "Welcome home, my friend. The kettle is on, and the door was never locked. Sit down and tell me all about it."

# Texts whose contrast with what lies under them is below 4.5 : 1 (WCAG 2.2, 1.4.3).
CONTRAST = """() => {
    const parse = text => { const found = text.match(/[\\d.]+/g).map(Number); return found.length < 4 ? [...found, 1] : found; };
    const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3]));
    const ground = node => { const stack = []; for (; node; node = node.parentElement) {
        const color = parse(getComputedStyle(node).backgroundColor); if (color[3]) stack.push(color); if (color[3] === 1) break; }
        return stack.reverse().reduce((under, top) => over(top, under), [255, 255, 255]); };
    return [...document.querySelectorAll(".voicenb-panel *")]
        .filter(one => one.offsetParent && !one.closest(".vn") && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
        .filter(one => getComputedStyle(one).visibility === "visible")
        .map(one => { const under = ground(one), text = over(parse(getComputedStyle(one).color), under);
            const [a, b] = [light(text), light(under)].sort((x, y) => y - x); return [(a + 0.05) / (b + 0.05), one.outerHTML.slice(0, 90)]; })
        .filter(([ratio]) => ratio < 4.5);
}"""


def written(lab, name, *cells):
    """A notebook with these cells of code; the answer is its name."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, lab.folder / name)
    return name


@pytest.fixture
def rooms(tmp_path):
    """A home of panels, in which nobody has cloned anything yet."""
    return tmp_path / "home"


@pytest.fixture
def notebook(lab, rooms, request):
    """The file of a notebook with the panel, and a cell that waits for a clip of it."""
    return lab.folder / written(lab, f"{request.node.name}.ipynb", CELL.format(home=str(rooms)), WAITING_CELL)


@pytest.fixture
def voice(rooms):
    """A voice, "me"."""
    with vn.connect(home=rooms) as studio:
        studio.clone(vn.sandbox.sample_speaker("ada", home=rooms), name="me")


def run(page):
    """Runs the first cell and waits for its panel."""
    page.run(0)
    page.page.locator(".voicenb-panel:not(.jupyter-widgets-disconnected)").first.wait_for()
    page.page.get_by_role("tab", name="History").wait_for()


def tab(page, name):
    page.page.get_by_role("tab", name=name).click()


def status(page, text):
    """Waits until a status line in sight says `text`."""
    page.page.locator(".voicenb-status:visible", has_text=text).first.wait_for()


def choose(screen, path):
    """Gives a file to ipywidgets' upload button, whose file input is not part of the page."""
    with screen.expect_file_chooser() as chooser:
        screen.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(str(path))


def price(screen, verb):
    """The amount on the button, once it is there and none that `but` names."""
    label = screen.get_by_role("button", name=re.compile(rf"^{verb} · [\d.]+ credits$"))
    return float(label.text_content().split()[2])


def priced(screen, amount):
    """Waits until the button to say it carries this price."""
    screen.get_by_role("button", name=f"Say · {amount:g} credits", exact=True).wait_for()


def production(studio, text):
    """The completed tasks that say `text`, the first take first."""
    found = [task for task in studio.tasks("completed") if task.text == text and task.kind == "production"]
    return sorted(found, key=lambda task: task.take)


def test_a_persons_whole_way(page, elsewhere, lab, notebook, rooms, recording, tmp_path):
    """Upload, doctor, clone, a mistake, sliders, price, sound, takes, history; it leaks nothing, and plays at somebody else's."""
    samples, rate = soundfile.read(recording, stop=5 * 16_000)
    soundfile.write(tmp_path / "short.wav", samples, rate)
    page.page.add_init_script(TAP)
    page.open(lab.address(notebook.name))
    run(page)
    screen = page.page

    # Nobody has cloned anything: the form is there, and says what is missing.
    tab(page, "Say")
    status(page, "There is no voice yet")
    assert screen.get_by_role("button", name="Say", exact=True).is_disabled()

    # The doctor refuses what the service would refuse, and says why.
    tab(page, "Clone")
    choose(screen, tmp_path / "short.wav")
    status(page, "The service would refuse it: ")
    assert "more than 15 s" in screen.locator(".voicenb-findings:visible").inner_text()
    assert screen.get_by_role("button", name="Clone", exact=True).is_disabled()
    choose(screen, recording)
    status(page, "The service takes it.")
    assert screen.locator(".voicenb-findings-line", has_text="speech").is_visible()
    screen.get_by_label("Consent", exact=True).fill("my own voice, for tests")
    screen.get_by_label("Name", exact=True).locator("visible=true").fill("me")
    screen.get_by_role("button", name=re.compile(r"^Clone · [\d.]+ credits$")).click()
    status(page, "The voice 'me' is ready")

    # A mistake is named under its field; the price follows the text.
    tab(page, "Say")
    status(page, "Write what is to be said.")
    text = screen.locator(".voicenb-field-text textarea:visible")
    text.fill("Welcome home, <#200#> my friend.")
    screen.locator(".voicenb-field-text .voicenb-note", has_text="0.01 to 99.99").locator("visible=true").wait_for()
    screen.locator(".voicenb-field-text textarea[aria-invalid=true]:visible").wait_for()
    assert screen.get_by_role("button", name="Say", exact=True).is_disabled()
    with vn.connect(home=rooms) as studio:
        text.fill("Welcome home, my friend.")
        priced(screen, studio.price("me", "Welcome home, my friend.").amount)
        text.fill(LONG)
        priced(screen, studio.price("me", LONG).amount)

        # One slider by keys, one by the mouse; what differs from the default is marked.
        screen.get_by_role("slider", name="Speed, in ×").locator("visible=true").focus()
        screen.keyboard.press("ArrowRight")
        screen.keyboard.press("ArrowRight")
        screen.keyboard.press("b")  # would insert a cell, if it were the notebook's
        screen.locator(".voicenb-field-speed.voicenb-changed:visible").wait_for()
        rail = screen.locator(".voicenb-field-pitch .voicenb-slider:visible").bounding_box()
        screen.mouse.move(rail["x"] + rail["width"] / 2, rail["y"] + rail["height"] / 2)
        screen.mouse.down()
        screen.mouse.move(rail["x"] + rail["width"] * 2 / 3, rail["y"] + rail["height"] / 2, steps=5)
        screen.mouse.up()
        screen.locator(".voicenb-field-pitch.voicenb-changed:visible").wait_for()
        text.focus()
        screen.keyboard.press("Control+Enter")
        status(page, "Done: ")

        # What is heard is the clip on the disk, sample for sample.
        (made,) = production(studio, LONG)
        assert made.parameters["speed"] == pytest.approx(1.1)
        assert made.parameters["pitch"] > 0
        assert made.cost == studio.price("me", LONG).amount
        shown = screen.locator(".voicenb-results:visible .vn-clip")
        shown.get_by_role("button", name="Play", exact=True).click()
        screen.wait_for_function("audio => audio.currentTime > 0.2", arg=shown.locator("audio").element_handle())
        shown.get_by_role("button", name="Pause", exact=True).click()
        sound = element_sound(shown.locator("audio"), made.clip.rate)
        np.testing.assert_allclose(sound, made.clip.samples, atol=1e-4)

        # Four takes are compared by keys: each goes on at the frame where the one before left off.
        screen.get_by_role("button", name="Reset", exact=True).locator("visible=true").click()
        takes = screen.get_by_label("Takes").locator("visible=true")
        takes.fill("4")
        takes.press("Tab")
        priced(screen, 4 * studio.price("me", LONG).amount)
        screen.get_by_role("button", name=re.compile(r"^Say · ")).click()
        status(page, "Done: ")
        screen.evaluate("decoded.length = 0")
        ready(page, 4)
        screen.keyboard.press("m")
        screen.keyboard.press("a")
        for key in "1234":
            screen.keyboard.press(key)
            listen(page, 0.3)
        screen.keyboard.press(" ")
        screen.locator(".vn-compare:not([data-playing])").wait_for()
        first, *others = [
            decoded(task.clip.samples) for task in production(studio, LONG) if "speed" not in task.parameters
        ]
        silent = np.flatnonzero(first)[0] // 128 * 128  # is not told by the tap
        signal = np.concatenate([np.zeros(silent, np.float32), heard(page)[1]])
        assert order_heard(signal, [first, *others]) == [0, 1, 2, 3]
    assert others

    # Its static copies wait in the notebook, out of sight while the panel lives.
    copies = screen.locator("[class^=voicenb-kept] audio")
    assert copies.count() == 6
    assert not copies.first.is_visible()

    tab(page, "History")
    screen.locator(".voicenb-table tbody tr:visible").nth(5).wait_for()
    for box in screen.locator(".voicenb-table tbody input:visible").all()[:2]:
        box.check()
    screen.get_by_role("button", name="Compare 2").click()
    screen.locator(".vn-compare:visible").wait_for()
    copies.nth(7).wait_for(state="attached")

    for name in TABS:
        tab(page, name)
        assert screen.evaluate(CONTRAST) == [], name

    content = page.save(notebook)
    assert launch.start(rooms).key.reveal() not in content
    state = json.dumps(json.loads(content)["metadata"].get("widgets", {}))
    assert "voicenb-panel" in state, "the state was not saved, so that this shows nothing"
    assert "data:audio" not in state
    assert "UklGR" not in state, "the upload's bytes stayed in the widget's state"
    assert screen.locator(".jp-Notebook .jp-Cell").count() == 2
    page.fine()
    _plays_without_a_kernel_and_without_trust(elsewhere, lab, content, tmp_path)


def _plays_without_a_kernel_and_without_trust(page, lab, content, folder):
    """The saved notebook, opened as somebody else's or from nbconvert's page: the clips are in it, in sight, and play."""
    (lab.folder / "mailed.ipynb").write_text(content, "utf-8")
    file = folder / "panels.html"
    file.write_text(HTMLExporter().from_filename(str(lab.folder / "mailed.ipynb"))[0], "utf-8")
    kept = content.count("<audio")
    # A preview, a clip, four takes, and the comparison of two.
    assert kept == 8
    for address in (lab.address("mailed.ipynb"), file.as_uri()):
        page.page.goto(address)
        players = page.players("[class^=voicenb-kept]", kept)
        assert page.page.locator("[class^=voicenb-kept]:visible audio").count() == kept
        assert [one["error"] for one in players] == [None] * kept
        assert all(one["duration"] > 0.5 and one["peak"] > 0.05 for one in players)
    assert [error for error in page.errors if error.startswith("page:")] == []


def test_a_restarted_kernel_finds_what_the_one_before_was_paying_for(page, lab, notebook, voice):
    """The old panel says that it is dead, and the new one's history takes the tasks up."""
    page.open(lab.address(notebook.name))
    run(page)
    screen = page.page
    tab(page, "Say")
    text = screen.locator(".voicenb-field-text textarea:visible")
    text.fill("This sentence survives the kernel that asked for it. " * 6)
    takes = screen.get_by_label("Takes").locator("visible=true")
    takes.fill("3")
    takes.press("Tab")
    screen.get_by_role("button", name=re.compile(r"^Say · ")).click()
    status(page, "of 3 done")
    page.restart()
    screen.locator(".voicenb-dead-note:visible").first.wait_for()
    # The note stands alone: ipywidgets would draw a broken chain before each of the panel's widgets.
    dead = screen.evaluate(
        """() => [...document.querySelectorAll(".voicenb-panel.jupyter-widgets-disconnected, .voicenb-panel .jupyter-widgets-disconnected")]
            .map(one => getComputedStyle(one, "::before").display)"""
    )
    assert len(dead) > 20
    assert set(dead) == {"none"}
    run(page)
    tab(page, "History")
    screen.wait_for_function(
        """() => [...document.querySelectorAll(".voicenb-table tbody tr")]
            .filter(row => row.offsetParent && /survives/.test(row.textContent) && /completed/.test(row.textContent)).length === 3"""
    )
    screen.locator(".voicenb-table tbody tr:visible", has_text="survives").first.get_by_role("button").click()
    screen.locator(".voicenb-results:visible .vn-clip").wait_for()
    assert page.refused == []
    assert [error for error in page.errors if "voicenb" in error or error.startswith("page:")] == []


def test_a_click_is_handled_while_a_cell_awaits(page, lab, notebook, rooms, voice):
    """A double click starts once, another click cancels, and what is made then lets the cell go on."""
    page.open(lab.address(notebook.name))
    run(page)
    screen = page.page
    page.run(1)
    waiting = screen.locator(".jp-CodeCell").nth(1)
    tab(page, "Say")
    text = screen.locator(".voicenb-field-text textarea:visible")
    text.fill("Nobody waits for the end of this sentence. " * 6)
    screen.get_by_role("button", name=re.compile(r"^Say · ")).dblclick(delay=40)
    screen.get_by_role("button", name=re.compile(r"^Cancel")).click()
    status(page, "Cancelled: ")
    assert waiting.locator(".jp-InputArea-prompt").inner_text() == "[*]:"
    # The focus goes with the button: to Cancel, and back.
    text.fill("Here we are again.")
    with vn.connect(home=rooms) as studio:
        priced(screen, studio.price("me", "Here we are again.").amount)
    screen.get_by_role("button", name=re.compile(r"^Say · ")).press("Enter")
    screen.wait_for_function("document.activeElement.textContent.startsWith('Cancel')", polling=20)
    waiting.get_by_text("went on after 1").wait_for()
    screen.wait_for_function("document.activeElement.textContent.startsWith('Say · ')")
    page.fine()


def test_the_microphone_becomes_a_reference(page, lab, rooms, recording):
    """What Chromium's microphone hears is in the reference, with the consent; the track ends with the recording; no state keeps it."""
    name = written(
        lab, "microphone.ipynb",
        f"import json\nimport voicenb as vn\nfrom voicenb.panels import ReferencePanel\n"
        f"studio = vn.connect('aiclone', sandbox=True, home={str(rooms)!r})\n"
        "panel = ReferencePanel(studio)\nrecorder = panel._recorder\npanel",
        "",
    )  # fmt: skip
    page.page.add_init_script(TAP)
    page.open(lab.address(name))
    page.run(0)
    shown = page.page.locator(".vn-recorder")
    assert "only with their consent" in shown.inner_text()
    page.page.get_by_label("Consent", exact=True).fill("my own voice, for tests")
    page.page.get_by_label("Consent", exact=True).press("Tab")
    shown.get_by_role("button", name="Record", exact=True).click()
    page.page.wait_for_function("Number(document.querySelector('.vn-recorder .vn-time').textContent) >= 2")
    assert page.page.evaluate("streams[0].getTracks().map(track => track.readyState).join()") == "live"
    page.page.wait_for_function("document.querySelector('.vn-meter').getAttribute('aria-valuenow') > -40")
    shown.get_by_role("button", name="Stop", exact=True).click()
    shown.get_by_text(re.compile(r"\d s recorded\.")).wait_for()
    assert page.page.evaluate("streams[0].getTracks().map(track => track.readyState).join()") == "ended"
    assert page.page.evaluate("contexts.map(context => context.state).join()") == "closed"
    length = page.page.evaluate("Number(document.querySelector('.vn-recorder .vn-status').textContent.split(' ')[0])")
    status(page, "The service takes it.")
    page.page.locator(".voicenb-panel .vn-trim").wait_for()
    page.becomes("panel.reference is not None", True)
    found = page.kernel(
        "(lambda ref: [ref.format, ref.channels, ref.rate, ref.duration, ref.consent,"
        " open('heard.wav', 'wb').write(ref.data) > 0, len(json.dumps(recorder.get_state()))])(panel.reference)"
    )
    assert found[:2] == ["wav", 1]
    assert found[2] == page.page.evaluate("contexts[0].sampleRate")
    assert found[3] == pytest.approx(length, abs=0.01)
    assert found[4] == "my own voice, for tests"
    assert found[6] < 40_000
    assert likeness(lab.folder / "heard.wav", recording) > 0.95
    assert page.kernel("studio.clone(panel.reference, name='mic', quiet=True).consent") == found[4]

    # A second try that is thrown away leaves the first.
    shown.get_by_role("button", name="Record again").click()
    shown.get_by_role("button", name="Stop", exact=True).wait_for()
    page.page.keyboard.press("Escape")
    shown.get_by_text("Thrown away.").wait_for()
    assert page.kernel("panel.reference.duration") == found[3]
    assert page.page.evaluate(
        "streams.every(stream => stream.getTracks().every(track => track.readyState === 'ended'))"
    )
    page.fine()


def likeness(part, whole):
    """How well one sound is found in another at the place where it fits best, as the correlation there (1: the same shape)."""
    sounds = []
    for file in (part, whole):
        samples, rate = soundfile.read(file)
        sounds.append(resample_poly(samples, 16_000, rate))
    small, large = sounds
    small = small[2000:-2000]  # a microphone that is switched on or off is no speech
    energy = np.convolve(large**2, np.ones(len(small)), "valid")
    return np.max(correlate(large, small, "valid") / np.sqrt(np.maximum(energy, 1e-6) * np.sum(small**2)))


def test_a_typed_key_is_not_in_the_saved_notebook(page, lab, rooms, tmp_path):
    """Typed, used and printed, and nowhere in the file, though the state of all widgets is saved."""
    sandbox = launch.start(rooms)
    key = sandbox.key.reveal()
    name = written(
        lab, "key.ipynb", KEY_CELL,
        f"import voicenb as vn\nstudio = vn.connect('soundclone', api_key=key.secret, base_url={sandbox.url!r}, home={str(tmp_path)!r})\n"
        "print(key, [key.secret], studio, vars(studio))\nstudio.panel()",
        "studio.voice('nobody').say('Hello.')",
    )  # fmt: skip
    page.open(lab.address(name))
    page.run(0)
    field = page.page.get_by_label("Key for SoundClone")
    field.fill(key)
    field.press("Enter")
    page.page.get_by_text("The key is here for as long as this kernel runs.").wait_for()
    assert field.input_value() == ""
    page.run(1)
    tab(page, "Say")
    # Only the right key is told the balance.
    page.page.locator(".voicenb-balance", has_text=re.compile(r"balance [\d.]+ credits")).wait_for()
    page.run(2)
    content = page.save(lab.folder / name)
    assert "The key is here" in content, "the state was not saved, so that this shows nothing"
    assert key not in content
    page.fine()


WIDE = """() => { const panel = document.querySelector(".voicenb-panel"), edge = panel.getBoundingClientRect().right + 1;
    return [...panel.querySelectorAll("input, select, textarea, button, .widget-html, .vn")]
        .filter(one => one.offsetParent && !one.closest(".voicenb-table, .vn-scroll") && one.getBoundingClientRect().right > edge)
        .map(one => one.outerHTML.slice(0, 120)); }"""


def test_it_fits_a_narrow_column_in_the_dark(page, lab, notebook, rooms, voice):
    """Nothing sticks out, text stands out from its ground, Arabic runs from right to left, and Chinese without blanks breaks."""
    chinese, arabic = "今天天气很好，我们一起去公园散步吧。" * 12, "مرحبا بكم في بيتنا يا صديقي العزيز."
    theme = (
        lab.folder.parent
        / "jupyterlab_settings_dir"
        / "@jupyterlab"
        / "apputils-extension"
        / "themes.jupyterlab-settings"
    )
    theme.write_text('{"theme": "JupyterLab Dark"}', "utf-8")
    try:
        page.page.set_viewport_size({"width": 720, "height": 1200})
        page.open(lab.address(notebook.name))
        run(page)
        assert page.page.evaluate("document.body.dataset.jpThemeLight") == "false"
        tab(page, "Say")
        text = page.page.locator(".voicenb-field-text textarea:visible")
        for words, direction in ((chinese, "ltr"), (arabic, "rtl")):
            text.fill(words)
            assert text.evaluate("field => getComputedStyle(field).direction") == direction
            with vn.connect(home=rooms) as studio:
                priced(page.page, studio.price("me", words).amount)
            page.page.get_by_role("button", name=re.compile(r"^Say · ")).click()
            status(page, "Done: ")
            player = page.page.locator(".voicenb-results:visible .vn-clip").first
            player.wait_for()
        for name in TABS:
            tab(page, name)
            assert page.page.evaluate(WIDE) == [], name
            assert page.page.evaluate(CONTRAST) == [], name
        found = page.page.locator(".voicenb-table tbody tr:visible", has_text=arabic)
        assert found.get_by_text(arabic).evaluate("cell => getComputedStyle(cell).direction") == "rtl"
        page.fine()
    finally:
        theme.unlink()
