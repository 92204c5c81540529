"""Text as the services read it: pauses and characters.

A pause is written ``<#x#>``, x in seconds (0.01–99.99). Characters are Unicode code points ("runes").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

__all__ = [
    "PAUSE_SECONDS",
    "duration_of_pauses",
    "finer_pauses",
    "malformed_pauses",
    "misplaced_pauses",
    "runes",
    "spoken_marks",
    "without_pauses",
]

PAUSE_SECONDS = (Decimal("0.01"), Decimal("99.99"))
"""The shortest and the longest pause, in seconds."""

_MARK = re.compile(r"<#([^<>#]*)#>")
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_PLACES = 2


def _seconds(inner: str) -> Decimal | None:
    return Decimal(inner) if _NUMBER.fullmatch(inner) else None


def _is_pause(inner: str) -> bool:
    seconds = _seconds(inner)
    return seconds is not None and PAUSE_SECONDS[0] <= seconds <= PAUSE_SECONDS[1]


def without_pauses(text: str) -> str:
    """`text` with every pause mark taken out, as the characters are counted and billed."""
    return _MARK.sub(lambda mark: "" if _is_pause(mark[1]) else mark[0], text)


def runes(text: str) -> int:
    """The number of characters that a service bills: Unicode code points, pause marks excluded."""
    return len(without_pauses(text))


def duration_of_pauses(text: str) -> Decimal:
    """The sum of all pauses in `text`, in seconds."""
    return sum((Decimal(mark[1]) for mark in _MARK.finditer(text) if _is_pause(mark[1])), Decimal(0))


def spoken_marks(text: str) -> Iterator[str]:
    """Pause marks, each once, for a service that has no pauses and would read them aloud."""
    yield from dict.fromkeys(mark[0] for mark in _MARK.finditer(text))


def malformed_pauses(text: str) -> Iterator[str]:
    """Marks that look like a pause and are none: no number, or one outside 0.01–99.99 s."""
    for mark in _MARK.finditer(text):
        if not _is_pause(mark[1]):
            yield mark[0]


def finer_pauses(text: str) -> Iterator[str]:
    """Pauses within 0.01–99.99 s that have more than two decimals."""
    for mark in _MARK.finditer(text):
        if _is_pause(mark[1]) and len(mark[1].partition(".")[2]) > _PLACES:
            yield mark[0]


def misplaced_pauses(text: str) -> Iterator[tuple[str, str]]:
    """Well-formed pauses that break the grammar learned from the services, each with the rule that it breaks.

    A pause stands between speakable text, and two may not touch.
    """
    marks = [mark for mark in _MARK.finditer(text) if _is_pause(mark[1])]
    if not marks:
        return
    edges = [0, *(edge for mark in marks for edge in mark.span()), len(text)]
    between = [_speakable(text[edges[i] : edges[i + 1]]) for i in range(0, len(edges), 2)]
    last = len(marks) - 1
    for index, mark in enumerate(marks):
        if not between[index]:
            yield mark[0], "speakable text must stand before a pause" if index == 0 else "two pauses may not touch"
        if index == last and not between[index + 1]:
            yield mark[0], "speakable text must stand after a pause"


def _speakable(part: str) -> bool:
    return any(character.isalnum() for character in part)
