"""Takes the pictures of the panels that the README and the documentation show.

    python tools/screenshots.py [--all FOLDER]

A real JupyterLab in a real Chromium, on a home of its own, as the browser tests have it. With ``--all`` every panel and player is drawn in the
light and the dark theme, 600, 900 and 1280 px wide, and with Arabic and Chinese text, into a folder of your own: look at them after any
change of a style sheet.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from PIL import Image
from playwright.sync_api import Browser, Locator, sync_playwright

import voicenb as vn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from browser.conftest import Lab, Page, environment  # noqa: E402 - found on the path that stands above

PICTURES = ROOT / "docs" / "pictures"
WIDTHS = (600, 900, 1280)
# What is published: in which theme, and from a page of how many pixels. A form is no wider on a wider page.
PUBLISHED = {
    "clone": ("light", 900),
    "say": ("light", 900),
    "first-voice": ("light", 900),
    "history": ("light", 1280),
    "compare": ("dark", 1280),
}
SENTENCE = "Wait for it … <#0.5#> now! The kettle is on, and the door was never locked."
ARABIC = "مرحبا بكم في بيتنا يا صديقي العزيز."
CHINESE = "今天天气很好，我们一起去公园散步吧。"
CELLS = (
    "import voicenb as vn\nstudio = vn.connect()\nstudio.panel()",
    "from voicenb.panels import ReferencePanel\nReferencePanel(studio)",
    """from voicenb.panels.players.compare import ComparePlayer
ada = studio.voice("ada")
clips = [ada.say("Wait for it, now! The kettle is on.", speed=speed, emotion=emotion, subtitles="word", quiet=True)
         for emotion in ("neutral", "happy") for speed in (0.8, 1.0, 1.2)]
ComparePlayer(clips, rows="emotion", columns="speed")""",
    "from voicenb.panels import KeyPanel\nKeyPanel('soundclone')",
    "from voicenb.panels import SayPanel\nSayPanel(vn.connect('aiclone', sandbox=True))",
    'ada.say("Wait for it … <#0.6#> now!", emotion="happy", speed=1.1, subtitles="word")',
)


def prepare(home: Path, *, languages: bool) -> None:
    """Two voices and a history, in three languages where it is wanted: a machine may have no font for them."""
    with vn.connect(home=home) as studio:
        ada = studio.clone(
            vn.sandbox.sample_speaker("ada", home=home), name="ada", consent="nobody's voice", quiet=True
        )
        studio.clone(vn.sandbox.sample_speaker("bruno", home=home), name="bruno", consent="nobody's voice", quiet=True)
        ada.say("Welcome home, my friend.", speed=0.9, emotion="happy", quiet=True)
        if not languages:
            return
        ada.say(CHINESE * 6, language="Chinese", pitch=-2, quiet=True)
        ada.say(ARABIC, language="Arabic", subtitles="word", quiet=True)


class Camera:
    """Takes a picture of a part of a page."""

    def __init__(self, page: Page, folder: Path, theme: str, wanted: set[str] | None) -> None:
        self._page, self._folder, self._theme, self._wanted = page, folder, theme, wanted
        self.everything = wanted is None

    def take(self, name: str, part: Locator) -> None:
        """Writes what is seen of `part`, or of all that it finds, with a margin, as a PNG of few colours."""
        if self._wanted is not None and name not in self._wanted:
            return
        part.last.scroll_into_view_if_needed()
        self._page.page.mouse.move(2, 2)
        boxes = [box for one in part.all() if (box := one.bounding_box())]
        left, top = (min(box[side] for box in boxes) for side in ("x", "y"))
        right = max(box["x"] + box["width"] for box in boxes)
        bottom = max(box["y"] + box["height"] for box in boxes)
        shot = self._page.page.screenshot(
            clip={"x": left - 12, "y": top - 4, "width": right - left + 24, "height": bottom - top + 12}
        )
        image = Image.open(io.BytesIO(shot)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        width = (self._page.page.viewport_size or {})["width"]
        file = self._folder / (f"{name}.png" if self._wanted is not None else f"{name}-{self._theme}-{width}.png")
        image.save(file, optimize=True)
        print(f"{file}: {image.width} × {image.height}, {file.stat().st_size / 1000:.0f} kB")


def scenes(page: Page, camera: Camera) -> None:
    """Brings one panel after the other into a state worth seeing."""
    screen = page.page
    panel = screen.locator(".jp-OutputArea-output > .voicenb-panel").first

    def tab(name: str) -> None:
        panel.get_by_role("tab", name=name).click()

    def status(text: str) -> None:
        panel.locator(".voicenb-status:visible", has_text=text).first.wait_for()

    def say() -> None:
        # A press is refused, and says so, where the price has changed since the button was drawn: what was made before is free.
        said = panel.get_by_text(re.compile("^Done: |press again")).locator("visible=true")
        panel.get_by_role("button", name=re.compile(r"^Say · ")).click()
        said.first.wait_for()
        if "press again" in said.first.inner_text():
            panel.get_by_role("button", name=re.compile(r"^Say · ")).click()
        status("Done: ")

    tab("Clone")
    camera.take("clone-empty", panel)
    sample = panel.get_by_label("Sample voice").locator("visible=true")
    screen.wait_for_function("list => list.options.length > 1", arg=sample.element_handle())
    # One that is not cloned yet: its price is seen.
    sample.select_option(index=3)
    status("The service takes it.")
    panel.get_by_label("Name", exact=True).locator("visible=true").fill("clara")
    panel.get_by_role("button", name=re.compile(r"^Clone · ")).wait_for()
    camera.take("clone", panel)

    tab("Say")
    text = panel.locator(".voicenb-field-text textarea:visible")
    panel.get_by_label("Voice", exact=True).locator("visible=true").select_option("ada")
    text.fill("Welcome home, <#200#> my friend.")
    panel.locator(".voicenb-field-text .voicenb-bad").locator("visible=true").wait_for()
    camera.take("say-mistake", panel)
    text.fill(SENTENCE)
    panel.get_by_label("Emotion").locator("visible=true").select_option("happy")
    panel.get_by_label("Subtitles").locator("visible=true").select_option(index=2)
    panel.get_by_role("slider", name="Speed, in ×").locator("visible=true").press("ArrowRight")
    panel.get_by_role("slider", name="Speed, in ×").locator("visible=true").press("ArrowRight")
    say()
    heard = panel.locator(".voicenb-results:visible .vn-clip").first
    wave = heard.locator(".vn-wave").bounding_box()
    assert wave is not None
    heard.get_by_role("button", name="Play", exact=True).click()
    heard.get_by_role("button", name="Pause", exact=True).click()
    screen.mouse.click(wave["x"] + 0.45 * wave["width"], wave["y"] + 10)
    heard.locator(".vn-word[aria-current]").wait_for()
    camera.take("say", panel)
    others = {"say-arabic": ARABIC, "say-chinese": CHINESE * 8} if camera.everything else {}
    for number, (name, words) in enumerate(others.items(), 2):
        text.fill(words)
        say()
        panel.locator(".voicenb-results:visible > *").nth(number - 1).wait_for()
        camera.take(name, panel)

    tab("Voices")
    camera.take("voices", panel)
    tab("History")
    rows = panel.locator(".voicenb-table tbody tr:visible")
    rows.nth(4).wait_for()
    camera.take("history", panel)
    for row in range(3):
        rows.locator("input:visible").nth(row).check()
    panel.get_by_role("button", name="Compare 3").click()
    panel.locator(".vn-compare:visible .vn-lufs").nth(2).wait_for(state="attached")
    camera.take("history-compared", panel)

    alone = screen.locator(".jp-OutputArea-output > .voicenb-panel")
    camera.take("reference", alone.nth(1))
    grid = screen.locator(".jp-OutputArea-output .vn-compare").last
    grid.scroll_into_view_if_needed()
    grid.locator(".vn-lufs").nth(5).wait_for(state="attached")
    grid.locator(".vn-cell").nth(1).click()
    screen.wait_for_function(
        "grid => parseFloat(grid.querySelector('.vn-time').textContent) > 0.6", arg=grid.element_handle()
    )
    screen.keyboard.press(" ")
    camera.take("compare", grid)
    camera.take("key", screen.locator(".vn-key:has(input)"))
    camera.take("say-aiclone", alone.last)
    cell = screen.locator(".jp-CodeCell", has_text="ada.say(").last
    camera.take("first-voice", cell.locator(".jp-Cell-inputWrapper .jp-InputArea-editor, .jp-OutputArea-child"))


def shoot(browser: Browser, lab: Lab, folder: Path, look: tuple[str, int], wanted: set[str] | None) -> None:
    """All scenes in one theme and width, in a kernel of their own."""
    theme, width = look
    theming = lab.folder.parent / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    chosen = "JupyterLab Dark" if theme == "dark" else "JupyterLab Light"
    (theming / "themes.jupyterlab-settings").write_text(f'{{"theme": "{chosen}"}}', "utf-8")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    name = f"{theme}-{width}.ipynb"
    nbformat.write(notebook, lab.folder / name)
    page = Page(browser.new_context(viewport={"width": width, "height": 1500}, device_scale_factor=1.5))
    page.open(lab.address(name))
    if page.page.get_by_role("tab", name=re.compile("File Browser")).get_attribute("aria-selected") == "true":
        page.page.get_by_role("tab", name=re.compile("File Browser")).click()
    page.run_all()
    page.page.add_style_tag(
        content=".jp-OutputPrompt, .jp-InputPrompt { visibility: hidden } .jp-InputArea { border: 0 }"
    )
    scenes(page, Camera(page, folder, theme, wanted))
    page.page.context.close()


def main() -> None:
    """Takes the published pictures, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every panel, in every theme, into this folder")
    given = parser.parse_args()
    folder = given.all or PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    looks = [(theme, width) for theme in ("light", "dark") for width in WIDTHS] if given.all else PUBLISHED.values()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
        )
        for look in dict.fromkeys(looks):
            wanted = None if given.all else {name for name, one in PUBLISHED.items() if one == look}
            # In a home of its own nothing was made before, so that each price is seen.
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
                own = environment(Path(work))
                prepare(Path(own["VOICENB_HOME"]), languages=given.all is not None)
                lab = Lab(Path(work) / "tutorials", os.environ | own)
                try:
                    shoot(browser, lab, folder, look, wanted)
                finally:
                    lab.stop()
        browser.close()


if __name__ == "__main__":
    main()
