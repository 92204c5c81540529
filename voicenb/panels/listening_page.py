"""A listening test as one HTML file: sounds and script inside, nothing fetched, nothing sent.

The file is opened from anywhere, also from a disk. Votes are kept in the browser's storage, and leave it as an answer file that the
listener saves. Its Content Security Policy forbids every connection, so that this is not a promise but a property of the file.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Any, Protocol

from voicenb.errors import InvalidRequest
from voicenb.panels.page.assets import bundle, styles

__all__ = ["Listenable", "page", "told"]

_SHEET = (
    "format", "id", "hash", "kind", "title", "question", "attribute", "lang", "scale", "tie", "reference", "headphones",
    "rate", "trials", "training", "orders",
)  # fmt: skip
_TRIAL = ("text", "lang", "sounds", "x", "reference", "seconds")


class Listenable(Protocol):
    """What the page has to know of a listening test."""

    def sheet(self) -> dict[str, Any]:
        """What listeners are told, in the form ``voicenb-listening-1``; nothing in it tells stimuli apart."""

    def sound(self, trial: str, sound: str) -> bytes:
        """A sound of a trial by the sheet's ids, as a WAV file at the sheet's rate."""


def told(test: Listenable) -> dict[str, Any]:
    """The test's sheet with the fields of its form alone: whatever else is known of a test does not reach a listener.

    Raises:
        InvalidRequest: The sheet is of another form, or a field is missing.
    """
    sheet = test.sheet()
    if sheet.get("format") != "voicenb-listening-1":
        raise InvalidRequest(
            f"sheet: format is {sheet.get('format')!r}; allowed is 'voicenb-listening-1'. Make the test anew with this voicenb"
        )
    if missing := [name for name in _SHEET if name not in sheet]:
        raise InvalidRequest(
            f"sheet: {', '.join(missing)} are missing; allowed is a sheet with all of {', '.join(_SHEET)}"
        )
    trials = {
        name: {field: one[field] for field in _TRIAL if field in one} for name, one in sorted(sheet["trials"].items())
    }
    return {name: sheet[name] for name in _SHEET} | {"trials": trials}


def page(test: Listenable) -> str:
    """The test as a self-contained page for listeners.

    A listener's order is drawn when the page is first opened, and kept; ``#row=3`` at the end of the address names it instead.

    Args:
        test: A listening test.

    Returns:
        HTML, to be written as UTF-8. It holds every sound, in base64: 4/3 of the sizes of the WAV files.

    Raises:
        InvalidRequest: The sheet is of another form.
        LookupError: The sheet names a sound that the test does not have.
    """
    sheet = told(test)
    sounds = {
        trial: {sound: b64encode(test.sound(trial, sound)).decode("ascii") for sound in sorted(_sounds(one))}
        for trial, one in sheet["trials"].items()
    }
    # Within a script element only "<" has a meaning; the others would have one in another place.
    data = json.dumps({"sheet": sheet, "sounds": sounds}, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    script = bundle(
        "shared", "mixer", "listening_sounds", "listening_headphones", "listening_trial", "listening", "listening_page"
    )
    style = styles("listening")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hashed(script)}",
            f"style-src {_hashed(style)}",
            "media-src blob:",
            "img-src data:",
            "connect-src 'none'",
            "form-action 'none'",
            "base-uri 'none'",
        ]
    )
    title, lang = escape(str(sheet["title"])), escape(str(sheet["lang"]))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy, quote=False)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body class="vn-listening-page">
<main>
<h1 lang="{lang}" dir="auto">{title}</h1>
<noscript>This page needs JavaScript, all of which is inside it.</noscript>
<div id="listening"></div>
<p class="vn-small">This page sends nothing anywhere. Your answers stay in this browser until you save them as a file.</p>
</main>
<script type="application/json" id="listening-data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def _sounds(trial: Mapping[str, Any]) -> set[str]:
    """The ids of all sounds of a trial."""
    return {*trial["sounds"], *(trial[name] for name in ("x", "reference") if trial.get(name))}


def _hashed(text: str) -> str:
    """The source expression that allows this inline element alone."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}'"
