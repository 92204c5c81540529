"""Pauses of a service that reads tags: ``<break time="500ms"/>``.

voicenb's own notation, ``<#0.5#>``, is written as such a tag before it is sent; the tag itself is taken as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from voicenb.services.text import malformed_pauses

__all__ = [
    "MOST_BREAKS",
    "MOST_SECONDS",
    "ONE_SECONDS",
    "break_problems",
    "pause_seconds",
    "with_breaks",
    "without_breaks",
]

ONE_SECONDS = Decimal(3)
"""The longest pause, in seconds (learned)."""
MOST_BREAKS = 20
"""How many pauses a text may have (learned)."""
MOST_SECONDS = Decimal(30)
"""How long all of them may be together, in seconds (learned: "about")."""

_MARK = re.compile(r"<#[^<>#]*#>")
_TAG = re.compile(r"<break\b[^<>]*>")
_TIMED = re.compile(r"""<break\s+time=(?P<quote>["'])(?P<time>\d+(\.\d+)?)(?P<unit>ms|s)(?P=quote)\s*/>""", re.ASCII)
_EITHER = re.compile(f"{_MARK.pattern}|{_TAG.pattern}")
_THOUSAND = 1000


def with_breaks(text: str) -> str:
    """`text` with every well-formed ``<#x#>`` as the tag for it, in whole milliseconds."""
    wrong = set(malformed_pauses(text))
    return _MARK.sub(
        lambda mark: (
            mark[0] if mark[0] in wrong else f'<break time="{round(Decimal(mark[0].strip("<#>")) * _THOUSAND)}ms"/>'
        ),
        text,
    )


def without_breaks(text: str) -> str:
    """`text` without its pauses, in either notation: what is spoken."""
    return _TAG.sub(" ", with_breaks(text))


def break_problems(text: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the pauses in `text`: what was given, and the rule."""
    wrong = set(malformed_pauses(text))
    count, total = 0, Decimal(0)
    for mark in _EITHER.findall(text):
        seconds = None if mark in wrong else _seconds(with_breaks(mark))
        if seconds is None:
            allowed = f"<#x#> with x in seconds from 0.01 to {ONE_SECONDS}"
            yield f"the pause {mark}", f'allowed is {allowed}, or a tag such as <break time="500ms"/>'
            continue
        count, total = count + 1, total + seconds
        if not 0 < seconds <= ONE_SECONDS:
            yield (
                f"the pause {mark}",
                f"a pause is longer than 0 s and {ONE_SECONDS} s at most; a longer one is written as two",
            )
    if count > MOST_BREAKS:
        yield f"{count} pauses", f"allowed are {MOST_BREAKS} in one text"
    if total > MOST_SECONDS:
        yield f"{total.normalize():f} s of pauses", f"allowed are {MOST_SECONDS} s in one text"


def pause_seconds(mark: str) -> Decimal | None:
    """How long a pause is, in either notation, in seconds; None for what is none."""
    return _seconds(with_breaks(mark))


def _seconds(tag: str) -> Decimal | None:
    timed = _TIMED.fullmatch(tag)
    if timed is None:
        return None
    return Decimal(timed["time"]) / (_THOUSAND if timed["unit"] == "ms" else 1)
