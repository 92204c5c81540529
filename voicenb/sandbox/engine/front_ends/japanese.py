"""Japanese for a voice that reads kana only."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

from voicenb.sandbox.engine.errors import EngineError

__all__ = ["Reading", "reading"]

_KANJI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff々〆]+")


class Reading:
    """A text as it is read.

    Attributes:
        text: In kana, with spaces between words.
    """

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self.text = ""
        self._spans: list[tuple[int, int, int, int]] = []
        at = 0
        for written, read in items:
            begin = len(self.text)
            self.text += read
            self._spans.append((begin, len(self.text), at, at + len(written)))
            at += len(written)
            self.text += " "
        self.text = self.text.rstrip()

    def written(self, begin: int, end: int) -> tuple[int, int]:
        """Where in the text as written the stretch of the reading stands."""
        touched = [span for span in self._spans if span[0] < end and begin < span[1]]
        return (touched[0][2], touched[-1][3]) if touched else (0, 0)


@cache
def _converter() -> Any:
    try:
        pykakasi = import_module("pykakasi")
    except ImportError:
        return None
    return pykakasi.kakasi()


def reading(text: str) -> Reading | None:
    """A Japanese text's reading; None for one without kanji, which is read as it is.

    Raises:
        EngineError: It holds kanji, and the package that reads them is not installed.
    """
    kanji = _KANJI.findall(text)
    if not kanji:
        return None
    converter = _converter()
    if converter is None:
        raise EngineError(
            f"the sandbox's voice reads kana only; these words are in kanji: {' '.join(kanji)}. "
            "Write them in kana, or install their reader: pip install 'voicenb[languages]'"
        )
    return Reading(_items(converter, text))


def _items(converter: Any, text: str) -> list[tuple[str, str]]:
    """All of `text` in pieces, with the reading of each.

    pykakasi gives an empty reading for a character that is not used in Japanese, such as 你, and leaves out what stands right
    behind it. What has no reading stays as it is written, for the voice to name.
    """
    items: list[tuple[str, str]] = []
    at = 0
    for item in converter.convert(text):
        found = text.find(item["orig"], at)
        if found < 0:
            continue
        items += _left_out(converter, text, at, found)
        items.append((item["orig"], item["hira"] or item["orig"]))
        at = found + len(item["orig"])
    return items + _left_out(converter, text, at, len(text))


def _left_out(converter: Any, text: str, begin: int, end: int) -> list[tuple[str, str]]:
    if begin == end:
        return []
    piece = text[begin:end]
    return _items(converter, piece) if len(piece) < len(text) else [(piece, piece)]
