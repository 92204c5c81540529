"""Text to stretches of speech: pauses, sentences and breaths, each knowing where in the text it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Breath", "Sentence", "breaths", "pieces", "sentences", "silences", "words"]

_PAUSE = re.compile(r"<#\s*(\d+(?:\.\d+)?|\.\d+)\s*#>")
_END = re.compile(r"""[.!?…]+["”’»)\]]*(?=\s)|[。！？｡؟।॥۔]+["”’»」』）)\]]*|\n+""")
_CLAUSE = re.compile(r"""[,;:—–，、；：،؛]["”’»)\]]*(?=\s)|[，、；：،؛]""")
_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "mt",
        "ft",
        "gen",
        "gov",
        "sen",
        "rep",
        "capt",
        "lt",
        "col",
        "sgt",
        "cmdr",
        "rev",
        "hon",
        "pres",
        "jr",
        "sr",
        "vs",
        "etc",
        "approx",
        "no",
        "nos",
        "fig",
        "vol",
    ]
)
_LONGEST = 240
"""Characters spoken in one breath. The model's memory grows with the square of a breath's length."""


@dataclass(frozen=True)
class Sentence:
    """A sentence by its offsets in the text, without the space around it."""

    begin: int
    end: int


@dataclass(frozen=True)
class Breath:
    """A stretch spoken in one go.

    Attributes:
        text: What is spoken.
        begin: Where it begins in the whole text.
        sentence: Which sentence it belongs to.
        last: It ends its sentence.
        silence: Seconds of exact silence that the text asks for before it; 0 where it asks for none.
        language: What it is spoken in; empty while not known.
    """

    text: str
    begin: int
    sentence: int
    last: bool
    silence: float
    language: str = ""


def _blanked(text: str) -> str:
    """The text with its pause marks as spaces, so that they end no sentence and offsets stay."""
    return _PAUSE.sub(lambda match: " " * len(match.group()), text)


def silences(text: str, begin: int, end: int | None = None) -> list[float]:
    """Seconds of each pause that the text asks for between two offsets."""
    return [float(mark.group(1)) for mark in _PAUSE.finditer(text, begin, len(text) if end is None else end)]


def words(text: str) -> list[tuple[int, int]]:
    """Offsets of the words of a text: what stands between spaces and pause marks and holds a letter or digit."""
    return [
        match.span()
        for match in re.finditer(r"\S+", _blanked(text))
        if any(character.isalnum() for character in match.group())
    ]


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text that hold at least one letter or digit."""
    plain = _blanked(text)
    found, start = [], 0
    for end in [*(match.end() for match in _END.finditer(plain) if _ends(plain, match)), len(plain)]:
        piece = plain[start:end]
        if any(character.isalnum() for character in piece):
            lead = len(piece) - len(piece.lstrip())
            found.append(Sentence(start + lead, start + len(piece.rstrip())))
        start = end
    return found


def _ends(text: str, match: re.Match[str]) -> bool:
    if match.group() != ".":
        return True
    following = text[match.end() :].lstrip()[:1]
    if following.islower():
        return False
    before = re.search(r"[^\s(\"“'‘]*$", text[: match.start()])
    word = before.group() if before else ""
    return word.lower() not in _TITLES and not (len(word) == 1 and word.isupper() and word != "I")


def pieces(text: str, begin: int, limit: int = _LONGEST) -> Iterator[tuple[str, int]]:
    """A stretch cut into pieces of at most `limit` characters with their offsets; a figure counts as five, read as a word.

    The cut is at the last clause mark in reach, else at the last space, else in mid-word.
    """
    while (reach := _reach(text, limit)) < len(text):
        head = text[: reach + 1]
        marks = [match.end() for match in _CLAUSE.finditer(head) if reach // 4 < match.end() <= reach]
        spaces = [match.start() for match in re.finditer(r"\s", head) if match.start() > 0]
        cut = marks[-1] if marks else spaces[-1] if spaces else reach
        yield text[:cut], begin
        text, begin = text[cut:], begin + cut
    yield text, begin


def _reach(text: str, limit: int) -> int:
    """How many characters are spoken in one breath at most."""
    cost = accumulate(5 if character.isdigit() else 1 for character in text[: limit + 1])
    return max(1, sum(spent <= limit for spent in cost))


def breaths(text: str, limit: int = _LONGEST) -> list[Breath]:
    """The text as stretches to be spoken one after another; those without a letter or digit are left out."""
    found: list[Breath] = []
    silence = 0.0
    at = 0
    for number, sentence in enumerate(sentences(text)):
        silence += sum(silences(text, at, sentence.begin))
        cuts = [
            (mark.start(), mark.end(), float(mark.group(1)))
            for mark in _PAUSE.finditer(text, sentence.begin, sentence.end)
        ]
        start, of_this = sentence.begin, []
        for low, high, seconds in [*cuts, (sentence.end, sentence.end, 0.0)]:
            for piece, begin in pieces(text[start:low], start, limit):
                if any(character.isalnum() for character in piece):
                    lead = len(piece) - len(piece.lstrip())
                    of_this.append(Breath(piece.strip(), begin + lead, number, last=False, silence=silence))
                    silence = 0.0
            silence += seconds
            start = high
        if of_this:
            final = of_this[-1]
            of_this[-1] = Breath(final.text, final.begin, number, last=True, silence=final.silence)
        found += of_this
        at = sentence.end
    return found
