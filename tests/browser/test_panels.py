"""The panels as a person meets them: a recording is uploaded, cloned and spoken with, the kernel restarts, and it goes on."""

from __future__ import annotations

import json
import re
import shutil

import nbformat
import pytest

import voicenb as vn
from voicenb import launch

NOTEBOOK, KEY_NOTEBOOK = "panels.ipynb", "key.ipynb"
CELL = "import voicenb as vn\nstudio = vn.connect()\npanel = studio.panel()\npanel"
KEY_CELL = "from voicenb.panels import KeyPanel\nkey = KeyPanel('soundclone')\nkey"

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


@pytest.fixture(scope="module")
def home(lab):
    """The home of the kernels, whose notebooks save the state of their widgets."""
    settings = lab.folder.parent / "jupyterlab_settings_dir" / "@jupyter-widgets" / "jupyterlab-manager"
    settings.mkdir(parents=True)
    (settings / "plugin.jupyterlab-settings").write_text('{"saveState": true}', "utf-8")
    for name, cell in ((NOTEBOOK, CELL), (KEY_NOTEBOOK, KEY_CELL)):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
        notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
        nbformat.write(notebook, lab.folder / name)
    return lab.folder.parent / "voicenb_home"


def idle(page):
    """Waits until the kernel has nothing to do."""
    page.page.locator(".jp-StatusBar-TextItem", has_text="| Idle").wait_for()


def opened(page, lab, notebook):
    page.page.goto(lab.address(notebook))
    page.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    idle(page)


def run(page):
    """Runs the one cell and waits for its panel."""
    page.page.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
    page.page.keyboard.press("Shift+Enter")
    page.page.locator(".voicenb-panel:not(.jupyter-widgets-disconnected)").first.wait_for()
    page.page.get_by_role("tab", name="History").wait_for()


def tab(page, name):
    page.page.get_by_role("tab", name=name).click()


def status(page, text):
    """Waits until a status line in sight says `text`."""
    page.page.locator(".voicenb-status:visible", has_text=text).first.wait_for()


def saved(page, lab, notebook=NOTEBOOK):
    """Saves the notebook; the answer is its text."""
    with page.page.expect_response(lambda answer: answer.request.method == "PUT" and notebook in answer.url) as put:
        page.page.keyboard.press("Control+s")
    assert put.value.ok
    return (lab.folder / notebook).read_text("utf-8")


def test_a_persons_whole_way(page, lab, home, tmp_path):
    """Upload, doctor, clone, a mistake and its message, a slider by keys, the price, the sound; nothing in it leaks or fails."""
    recording = shutil.copy(vn.sandbox.sample_speaker("ada", home=home), tmp_path / "me.wav")
    opened(page, lab, NOTEBOOK)
    run(page)
    screen = page.page

    # Nobody has cloned anything: the form is there, and says what is missing.
    tab(page, "Say")
    status(page, "There is no voice yet")
    assert screen.get_by_role("button", name="Say", exact=True).is_disabled()

    tab(page, "Clone")
    choose(screen, recording)
    status(page, "The service takes it.")
    assert screen.locator(".voicenb-findings-line", has_text="speech").is_visible()
    screen.get_by_label("Name", exact=True).locator("visible=true").fill("me")
    screen.get_by_role("button", name=re.compile(r"^Clone · [\d.]+ credits$")).click()
    status(page, "The voice 'me' is ready")

    tab(page, "Say")
    text = screen.locator(".voicenb-field-text textarea:visible")
    text.fill("Welcome home, <#200#> my friend.")
    screen.locator(".voicenb-field-text .voicenb-note", has_text="0.01 to 99.99").locator("visible=true").wait_for()
    assert text.get_attribute("aria-invalid") is not None
    text.fill("Welcome home, my friend.")
    before = screen.get_by_role("button", name=re.compile(r"^Say · ")).text_content()
    text.fill("Welcome home, my friend. The kettle is on.")
    screen.wait_for_function(
        "before => [...document.querySelectorAll('.voicenb-primary')].some(b => /^Say · /.test(b.textContent) && b.textContent !== before)",
        arg=before,
    )
    handle = screen.get_by_role("slider", name="Speed, in ×").locator("visible=true")
    handle.focus()
    screen.keyboard.press("ArrowRight")
    screen.keyboard.press("ArrowRight")
    screen.locator(".voicenb-field-speed.voicenb-changed:visible").wait_for()
    text.focus()
    screen.keyboard.press("Control+Enter")
    status(page, "Done: ")

    # What is heard is the clip, sample for sample.
    (made,) = [task for task in studio_of(home).tasks("completed") if task.kind == "production"]
    assert made.parameters["speed"] == pytest.approx(1.1)
    assert screen.locator(".voicenb-results:visible", has_text=f"{made.clip.duration:.2f} s").count()

    # Its static copy waits in the notebook, out of sight while the panel lives.
    copies = screen.locator("[class^=voicenb-kept] audio")
    assert copies.count() == 2
    assert not copies.first.is_visible()

    tab(page, "History")
    screen.locator(".voicenb-table tbody tr:visible").nth(1).wait_for()
    for box in screen.locator(".voicenb-table tbody input:visible").all():
        box.check()
    screen.get_by_role("button", name="Compare 2").click()
    screen.locator(".vn-compare:visible").wait_for()

    for name in ("Clone", "Say", "Voices", "History"):
        tab(page, name)
        assert screen.evaluate(CONTRAST) == [], name

    content = saved(page, lab)
    assert launch.start(home).key.reveal() not in content
    state = json.dumps(json.loads(content)["metadata"].get("widgets", {}))
    assert "voicenb-panel" in state, "the state was not saved, so that this shows nothing"
    assert "data:audio" not in state
    assert "UklGR" not in state, "the upload's bytes stayed in the widget's state"
    assert page.refused == []
    assert page.errors == []


def choose(screen, path):
    """Gives a file to ipywidgets' upload button, whose file input is not part of the page."""
    with screen.expect_file_chooser() as chooser:
        screen.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(str(path))


def studio_of(home):
    """A studio of this process on the same home."""
    return vn.connect(home=home)


def test_a_restarted_kernel_finds_what_the_one_before_was_paying_for(page, lab, home):
    """The old panel says that it is dead; the new one's history takes the tasks up and shows them done."""
    opened(page, lab, NOTEBOOK)
    run(page)
    screen = page.page
    tab(page, "Say")
    screen.locator(".voicenb-field-text textarea:visible").fill(
        "This sentence survives the kernel that asked for it. " * 6
    )
    takes = screen.get_by_label("Takes").locator("visible=true")
    takes.fill("3")
    takes.press("Tab")
    screen.get_by_role("button", name=re.compile(r"^Say · ")).click()
    status(page, "of 3 done")
    screen.get_by_role("menuitem", name="Kernel", exact=True).click()
    screen.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).first.click()
    screen.get_by_role("button", name="Confirm Kernel Restart").click()
    screen.locator(".voicenb-dead-note:visible").first.wait_for()
    idle(page)
    run(page)
    tab(page, "History")
    screen.wait_for_function(
        """() => [...document.querySelectorAll(".voicenb-table tbody tr")]
            .filter(row => row.offsetParent && /survives/.test(row.textContent) && /done/.test(row.textContent)).length === 3"""
    )
    assert page.refused == []
    assert [error for error in page.errors if "voicenb" in error or error.startswith("page:")] == []


def test_what_was_said_plays_without_a_kernel_and_without_trust(page, lab, home):
    """The saved notebook, opened as somebody else's: the clips and their comparison are in it, in sight, and play."""
    content = (lab.folder / NOTEBOOK).read_text("utf-8")
    assert content.count("<audio") == 4
    (lab.folder / "mailed.ipynb").write_text(content, "utf-8")
    page.page.goto(lab.address("mailed.ipynb"))
    page.page.locator("[class^=voicenb-kept] audio").first.wait_for()
    players = page.players("[class^=voicenb-kept]")
    assert [one["error"] for one in players] == [None] * 4
    assert all(one["duration"] > 0.5 for one in players)


def test_a_typed_key_is_not_in_the_saved_notebook(page, lab, home):
    """Typed, used, and nowhere in the file, though the state of all widgets is saved."""
    opened(page, lab, KEY_NOTEBOOK)
    page.page.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
    page.page.keyboard.press("Shift+Enter")
    field = page.page.get_by_label("Key for SoundClone")
    field.fill("sk_canary_0123456789")
    field.press("Enter")
    page.page.get_by_text("The key is here for as long as this kernel runs.").wait_for()
    assert field.input_value() == ""
    content = saved(page, lab, KEY_NOTEBOOK)
    assert "The key is here" in content, "the state was not saved, so that this shows nothing"
    assert "canary" not in content
    assert page.errors == []


def test_it_fits_a_narrow_column_in_the_dark(page, lab, home):
    """Nothing sticks out, and text stands out from its ground."""
    settings = lab.folder.parent / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    (settings / "themes.jupyterlab-settings").write_text('{"theme": "JupyterLab Dark"}', "utf-8")
    page.page.set_viewport_size({"width": 720, "height": 1200})
    opened(page, lab, NOTEBOOK)
    run(page)
    for name in ("Clone", "Say", "Voices", "History"):
        tab(page, name)
        wide = page.page.evaluate(
            """() => { const panel = document.querySelector(".voicenb-panel"), edge = panel.getBoundingClientRect().right + 1;
                return [...panel.querySelectorAll("input, select, textarea, button, .widget-html")]
                    .filter(one => one.offsetParent && !one.closest(".voicenb-table") && one.getBoundingClientRect().right > edge)
                    .map(one => one.outerHTML.slice(0, 120)); }"""
        )
        assert wide == [], name
        faint = page.page.evaluate(CONTRAST)
        assert faint == [], name
