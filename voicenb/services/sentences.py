"""A long text in parts that a service takes: cut at sentences, else at clauses, words, and characters, in that order.

The rules are those of the writing, not of a language that would have to be known: a Latin full stop ends a sentence where space and
no small letter follow, and no abbreviation, initial or ordinal stands before it; a Chinese, Japanese, Hindi or Ethiopic one always does.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from voicenb.services.breaks import pause_seconds

__all__ = ["Part", "text_parts"]

_PARAGRAPH_SECONDS, _SENTENCE_SECONDS, _CLAUSE_SECONDS = 0.8, 0.45, 0.2

_CLOSING = "\"'”’»›)\\]』」）》〉】"
# Marks that end a sentence wherever they stand, and those that do before a space.
_MARKS, _SPACED_MARKS = "。！？｡।॥۔؟።፧။។៕։", ".!?…‼⁇⁈⁉"
_ALWAYS = re.compile(rf"[{_MARKS}]+[{_CLOSING}]*\s*")
# Tried at the first of several marks alone, and a paragraph at its first line's end: else a million of them would take a day.
_SPACED = re.compile(rf"(?<![{_SPACED_MARKS}])(?P<mark>[{_SPACED_MARKS}]++)[{_CLOSING}]*+\s+")
# A line that ends within a sentence was broken for its width, or is a verse.
_PARAGRAPH = re.compile(rf"\n\s*\n\s*|(?<=[{_MARKS}{_SPACED_MARKS}{_CLOSING}])\n")
_CLAUSE = re.compile(rf"[,;:—–][{_CLOSING}]*\s+|[，、；：،؛;·፣፤၊][{_CLOSING}]*\s*|\n")
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[^<>]*>")
# Numbers with their signs, and words of letters: no cut within where there is another place.
_WHOLE = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_\u0e00-\u0e7f\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_EDGE = re.compile(r"\s+|<#[^<>#]*#>|<break\b[^<>]*>")

# English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian.
_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof st mt ft gen gov sen rep capt lt col sgt rev hon jr sr vs approx no nos fig vol inc ltd
    co dept est ed eds pp cf nr bzw ca evtl ggf hr fr str abb tel usw inkl exkl zzgl vgl bd hrsg jh m mm mme
    mmes mlle me av apr env ex réf sra srta srs ud uds vd dra pág págs núm art cap sig sigg dott avv ing arch
    pag exmo exma blz bijv enz dhr mevr np tzn itd itp ul pl godz г гг ул им стр рис см тел руб млн млрд тыс
    """.split()  # noqa: SIM905 - as a list they would take a line each
)


class Part(NamedTuple):
    """A part of a text.

    Attributes:
        text: As it stands in the text; the parts joined are the text.
        spoken: What is sent: without space and pauses at a cut. Empty where nothing is left to speak.
        pause: Seconds of silence before the next part: what the text asks for at the cut, else what is natural there.
    """

    text: str
    spoken: str
    pause: float


def text_parts(text: str, most: int) -> list[Part]:
    """A text in parts of at most `most` characters, as few as can be.

    Args:
        text: The text.
        most: At least 1.

    Raises:
        ValueError: `most` is less than 1.
    """
    if most < 1:
        raise ValueError(f"most={most}: a part has one character at least")
    cuts = [0, *_cuts(text, most), len(text)]
    pieces = [text[begin:end] for begin, end in pairwise(cuts)]
    found: list[Part] = []
    sentences = {end: seconds for end, seconds, _ in _ends(text)}
    for number, piece in enumerate(pieces):
        begin, end, asked = 0, len(piece), Decimal(0)
        # Pauses at the edges of the whole text are its author's.
        while number and (mark := _EDGE.match(piece, begin)):
            begin = mark.end()
        while number < len(pieces) - 1 and (mark := _last_edge(piece, begin, end)):
            asked += pause_seconds(mark[0]) or 0
            end = mark.start()
        # Space at the edges of the whole text is nothing to pay for.
        spoken = piece[begin:end].strip()
        if number:
            before = sum((pause_seconds(mark) or Decimal(0) for mark in _EDGE.findall(piece[:begin])), Decimal(0))
            found[-1] = found[-1]._replace(pause=_joint(found[-1].pause, before))
        natural = sentences.get(cuts[number + 1], 0.0) if number < len(pieces) - 1 else 0.0
        found.append(
            Part(piece, spoken if any(one.isalnum() for one in spoken) else "", float(asked) if asked else natural)
        )
    return found


def _joint(natural: float, asked: Decimal) -> float:
    return float(asked) if asked else natural


def _last_edge(piece: str, begin: int, end: int) -> re.Match[str] | None:
    """The space or the pause that ends just before `end`."""
    if begin >= end:
        return None
    start = end
    if piece[end - 1].isspace():
        while start > begin and piece[start - 1].isspace():
            start -= 1
    elif piece[end - 1] == ">":
        start = max(piece.rfind("<", begin, end), begin)
    else:
        return None
    return _EDGE.fullmatch(piece, start, end)


def _cuts(text: str, most: int) -> Iterator[int]:
    """Where to cut: each time the last of the best places that the part has room for."""
    ranks: dict[int, list[int]] = {}
    for end, _, rank in _ends(text):
        ranks.setdefault(rank, []).append(end)
    at = 0
    while len(text) - at > most:
        last = at + most
        for rank in sorted(ranks):
            place = bisect_right(ranks[rank], last) - 1
            if place >= 0 and (end := ranks[rank][place]) > at:
                break
        else:
            end = _anywhere(text, at, last)
        yield end
        at = end


def _ends(text: str) -> Iterator[tuple[int, float, int]]:
    """Places to cut at, each with the silence there and its rank; the lower the better."""
    kept = sorted((mark.span() for mark in _TAG.finditer(text)), key=lambda span: span[0])

    def within(place: int) -> bool:
        at = bisect_right(kept, (place, -1)) - 1
        return at >= 0 and kept[at][0] < place < kept[at][1]

    seen: set[int] = set()
    for pattern, seconds, rank in (
        (_PARAGRAPH, _PARAGRAPH_SECONDS, 0),
        (_ALWAYS, _SENTENCE_SECONDS, 0),
        (_SPACED, _SENTENCE_SECONDS, 0),
        (_CLAUSE, _CLAUSE_SECONDS, 1),
        (_SPACE, 0.0, 2),
    ):
        found: list[tuple[int, float, int]] = []
        for mark in pattern.finditer(text):
            if mark.end() in seen or within(mark.end()) or (pattern is _SPACED and not _ends_sentence(text, mark)):
                continue
            seen.add(mark.end())
            found.append((mark.end(), seconds, rank))
        yield from found


def _ends_sentence(text: str, mark: re.Match[str]) -> bool:
    """Whether a full stop with space behind it ends a sentence."""
    if mark["mark"] not in {".", "…"} and set(mark["mark"]) - {".", "…"}:
        return True
    after = text[mark.end() : mark.end() + 1]
    if after.islower():
        return False
    if mark["mark"] != ".":
        return True
    word = re.search(r"[^\s(\[“„«\"']*$", text[max(mark.start() - 40, 0) : mark.start()])
    before = word[0] if word else ""
    # Initials (J. R. Smith, z. B., U.S.), ordinals (am 3. Mai), and what is known to be short for something.
    return not (
        (len(before) == 1 and before.isalpha())
        or re.fullmatch(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}", before)
        or re.fullmatch(r"\d{1,2}", before)
        or before.lower() in _ABBREVIATIONS
    )


def _anywhere(text: str, at: int, last: int) -> int:
    """Where to cut what has no place to cut at: within no tag, number, word or character, where that can be."""
    for spans in ((_TAG, _WHOLE), (_TAG,), ()):
        end = last
        for pattern in spans:
            for mark in pattern.finditer(text, at):
                if mark.start() >= end:
                    break
                if mark.start() < end < mark.end():
                    end = mark.start()
                    break
        while end > at and _combines(text, end):
            end -= 1
        if end > at:
            return end
    return last


def _combines(text: str, at: int) -> bool:
    """Whether the character at a place belongs to the one before it."""
    one = text[at] if at < len(text) else "a"
    return (
        unicodedata.combining(one) != 0
        or unicodedata.category(one) in {"Mn", "Me", "Mc"}
        or "\u200d" in {one, text[at - 1]}
    )
