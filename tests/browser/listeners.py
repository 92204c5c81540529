"""Somebody who answers listening tests with the keyboard alone."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

from voicenb.base.views import view

HEARD = {"abx": "ABX", "ab": "AB", "acr": "A", "cmos": "AB", "multi": "123", "mushra": "R1234"}
"""The keys that play the sounds of a trial."""


class Listener:
    """Somebody who answers a test with the keyboard alone.

    Attributes:
        page: Playwright's page.
        asked: The addresses that the page asked for.
    """

    def __init__(self, page, file):
        self.page, self.file, self.asked = page.page, file, []
        self.address = file.as_uri()
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, test, row="#row=0", *, trial="Trial 1 of 3"):
        self.file.write_text(view("listening_page")(test), "utf-8")
        # Another "#…" alone would not load the page.
        self.page.goto("about:blank")
        self.asked.clear()
        self.page.goto(self.address + row)
        self.at(trial)

    def reload(self, trial):
        self.page.reload()
        self.at(trial)

    def at(self, title):
        self.page.get_by_role("heading", name=title, exact=True).wait_for()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def hear(self, key):
        """Plays the sound of a key until it counts as heard."""
        self.press(key.lower())
        self.page.locator(f'.vn-hear[aria-keyshortcuts="{key}"][data-heard]').wait_for()

    def answer(self, kind, number=0):
        """Hears everything, and answers; what differs from trial to trial comes from its number."""
        for key in HEARD[kind]:
            self.hear(key)
            if key.isdigit():
                self.press(*["ArrowRight"] * (number + int(key)))
        if kind not in {"multi", "mushra"}:
            self.press(str(1 + number))
        self.press("Enter")

    def saved(self, name="Save my answers so far"):
        """The answer file, unpacked after its checksum was found right."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=name, exact=True).press("Enter")
        file = json.loads(Path(download.value.path()).read_text("utf-8"))
        assert set(file) == {"format", "crc32", "body"}
        assert file["format"] == "voicenb-answers-1"
        assert file["crc32"] == f"{zlib.crc32(file['body'].encode()):08x}"
        body = json.loads(file["body"])
        assert download.value.suggested_filename == f"answers-{body['test'][:8]}-{body['listener']}.json"
        return body


def expected(kind, sounds, number):
    """What `Listener.answer` says."""
    if kind == "acr":
        return number + 1
    if kind == "cmos":
        return number - 3
    if kind in {"multi", "mushra"}:
        return {sound: 50 + number + place for place, sound in enumerate(sounds, 1)}
    return [*sounds, "none"][number]
