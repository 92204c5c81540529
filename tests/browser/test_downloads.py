"""Files go from the kernel into the browser's downloads, also large ones, and only where they were asked for.

It is slow because a hundred megabytes pass through JupyterLab.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from .test_panels import written

CELL = """import hashlib, json
import voicenb as vn
from voicenb.panels.base import Panel
from voicenb.panels.page.download import saved_name
from voicenb.panels.parts.download import Download, SavedFile
contents = {"small": b"abc", "large": b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(3_200_000))}
class Files(Panel):
    title = "Files"
    def __init__(self, studio):
        super().__init__(studio)
        self.button = Download("Download", self._make, start=self._start, choices=[("small", "Small"), ("large", "Large"), ("none", "None")])
        self._lay(self._problem, self.button)
    async def _make(self, choice):
        if choice == "none":
            raise vn.InvalidRequest("there is none")
        return SavedFile(saved_name("../ada", "Grüße: aus Köln", suffix=".bin"), contents[choice])
panel = Files(vn.connect(home=%r))
display(panel.widget)
panel.widget"""


def test_a_hundred_megabytes_arrive_as_they_were_once(page, lab, tmp_path):
    """In 98 pieces; the second view of the panel and the saved notebook hold nothing of it, and an error is said beside the button."""
    name = written(lab, "downloads.ipynb", CELL % str(tmp_path / "home"))
    page.open(lab.address(name))
    page.run(0)
    screen = page.page
    views = screen.locator(".voicenb-panel")
    views.nth(1).get_by_role("button", name="Download").wait_for()
    got = []
    screen.on("download", lambda one: got.append(one))  # noqa: PLW0108 - playwright keeps a mark on the function
    for choice, digest in (
        ("small", hashlib.sha256(b"abc")),
        ("large", hashlib.sha256(b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(3_200_000)))),
    ):
        view = views.nth(0)
        view.get_by_label("What to download").select_option(choice)
        with screen.expect_download(timeout=120_000) as download:
            view.get_by_role("button", name="Download").click()
        assert download.value.suggested_filename == "-ada - Grüße- aus Köln.bin"
        assert hashlib.sha256(Path(download.value.path()).read_bytes()).digest() == digest.digest()
        view.get_by_role("button", name="Download", exact=True).wait_for()
    view.get_by_label("What to download").select_option("none")
    view.get_by_role("button", name="Download").click()
    view.get_by_text("there is none").first.wait_for()
    assert len(got) == 2, "one view downloads, the other does not"
    assert len(page.save(lab.folder / name)) < 300_000
    page.fine()
