"""Pauses as Faseeh's texts have them: ``<break time="500ms"/>``.

Learned: a pause is at most 3 s, a text has at most 20, and about 30 s of them in all: 30 s here. Assumed: seconds are written
``time="0.5s"``, as SSML has it; either quotation mark serves; whatever else begins with ``<break`` is an error, and a tag without a
time is one. The tag is silence exactly as long as it says, at any speed.
"""

from __future__ import annotations

import re
from decimal import Decimal

from voicenb.sandbox.wire.fields import BadFieldError

__all__ = ["as_marks", "check", "without"]

_LONGEST_MS = 3_000
_MOST = 20
_MOST_MS = 30_000

_TAG = re.compile(r"<break\b[^<>]*>")
_FORM = re.compile(r"""<break\s+time=(?:"([0-9.]+)(ms|s)"|'([0-9.]+)(ms|s)')\s*/>""")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def check(text: str) -> None:
    """Nothing where the pauses of `text` are as they may be.

    Raises:
        BadFieldError: They are not.
    """
    lengths = [_milliseconds(tag) for tag in _TAG.findall(text)]
    if len(lengths) > _MOST:
        raise BadFieldError(f"at most {_MOST} pauses, not {len(lengths)}")
    if sum(lengths) > _MOST_MS:
        raise BadFieldError(f"at most {_MOST_MS // 1000} s of pauses in all")


def without(text: str) -> str:
    """`text` with a blank for each pause: what is spoken."""
    return _TAG.sub(" ", text)


def as_marks(text: str) -> str:
    """`text` with its pauses as the engine reads them, ``<#0.5#>``."""
    return _TAG.sub(lambda tag: f"<#{_milliseconds(tag[0]) / 1000:f}#>", text)


def _milliseconds(tag: str) -> Decimal:
    form = _FORM.fullmatch(tag)
    number, unit = (form[1] or form[3], form[2] or form[4]) if form is not None else ("", "")
    if not _NUMBER.fullmatch(number):
        raise BadFieldError(f'{tag[:40]} is no pause; one is written <break time="500ms"/>')
    length = Decimal(number) * (1000 if unit == "s" else 1)
    if not 0 < length <= _LONGEST_MS:
        raise BadFieldError(f"{tag[:40]}: a pause is longer than 0 and at most {_LONGEST_MS} ms")
    return length
