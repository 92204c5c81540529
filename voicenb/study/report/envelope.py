"""What a report keeps to be read back: JSON and players, found again in a file that anybody may have written."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from voicenb.errors import InvalidRequest

__all__ = [
    "FORM",
    "MOST_BYTES",
    "NOTEBOOK_KEY",
    "data_script",
    "notebook_data",
    "plain_json",
    "read_notebook",
    "read_page",
]

FORM = "voicenb study 1"
"""What the data of a report says that it is."""
MOST_BYTES = 32_000_000
"""The largest file that is read."""

NOTEBOOK_KEY = "voicenb_study"
"""Where a notebook's metadata have the data."""

_NAME = "voicenb-study"
_MOST_JSON, _MOST_SOUND, _MOST_SOUNDS = 8_000_000, 4_000_000, 5_000
_LONGEST_SCRIPT = 300


def plain_json(data: Mapping[str, Any]) -> str:
    """The data as JSON that numbers survive unchanged."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def data_script(data: Mapping[str, Any]) -> str:
    """The element that keeps the data; no text in it can end it."""
    inside = plain_json(data).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return f'<script type="application/json" id="{_NAME}">{inside}</script>'


def read_page(page: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The data of a page, and its players' sounds by the SHA-256 of what was received.

    Raises:
        InvalidRequest: It is no report, or it is damaged; the message says in what.
    """
    for start, attributes in _tags(page, "script", _LONGEST_SCRIPT):
        if attributes.get("id") == _NAME:
            end = page.find("</script>", start)
            if end < 0:
                raise InvalidRequest("it ends in the middle of its data: the file was cut off")
            return parsed(page[start:end]), sounds_in(page)
    raise InvalidRequest("it is no report of a study, or its data were taken out")


def read_notebook(document: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The same of a notebook that a report wrote.

    Raises:
        InvalidRequest: As `read_page`.
    """
    try:
        kept = json.loads(document, parse_constant=_refused)["metadata"][NOTEBOOK_KEY]
        data, sounds = kept["data"], kept["sounds"]
        found = {str(name): base64.b64decode(sound, validate=True) for name, sound in sounds.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidRequest("it is no report of a study, or it was damaged or its data were taken out") from None
    return checked(data), found


def notebook_data(data: Mapping[str, Any], sounds: Mapping[str, bytes]) -> dict[str, Any]:
    """What a notebook's metadata keep below `NOTEBOOK_KEY`.

    Its cells may be run again and saved, so the sounds are not only in what a cell shows.
    """
    return {"data": data, "sounds": {name: base64.b64encode(one).decode() for name, one in sounds.items()}}


def parsed(inside: str) -> dict[str, Any]:
    """The data that JSON stands for.

    Raises:
        InvalidRequest: It is too long, no JSON, or of another form.
    """
    if len(inside) > _MOST_JSON:
        raise InvalidRequest(f"its data have {len(inside):,} characters; allowed are {_MOST_JSON:,}")
    try:
        return checked(json.loads(inside, parse_constant=_refused))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"its data are damaged: {str(error)[:200]}") from None


def checked(data: Any) -> dict[str, Any]:
    """The data, which say what they are.

    Raises:
        InvalidRequest: They do not.
    """
    if not isinstance(data, dict) or not isinstance(data.get("form"), str):
        raise InvalidRequest("its data do not say what they are")
    if data["form"] != FORM:
        raise InvalidRequest(
            f"its data are of the form {data['form']!r:.60}; this version of voicenb reads {FORM!r}. Another version wrote it."
        )
    return data


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def sounds_in(page: str) -> dict[str, bytes]:
    """The sounds of the players in HTML; what is damaged is left out."""
    found: dict[str, bytes] = {}
    for _, attributes in _tags(page, "audio", _MOST_SOUND):
        name, source = attributes.get("data-sound"), attributes.get("src") or ""
        head, _, body = source.partition(";base64,")
        if name and head.startswith("data:audio/"):
            try:
                found[name] = base64.b64decode(body, validate=True)
            except (binascii.Error, ValueError):
                continue
    return found


class _Tag(HTMLParser):
    """Reads one tag."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's own
        self.attributes = dict(attrs)


def _tags(page: str, name: str, longest: int) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Every start tag of that name: where it ends, and its attributes.

    Each tag is parsed by itself: the time that the parser takes for a whole hostile file may grow with the square of its length.
    """
    start = 0
    for _ in range(_MOST_SOUNDS):
        start = page.find(f"<{name}", start)
        if start < 0:
            return
        end = page.find(">", start, start + longest) + 1
        if end:
            parser = _Tag()
            parser.feed(page[start:end])
            yield end, parser.attributes
        start = end or start + 1
