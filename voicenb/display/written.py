"""Timed words as they were written: services time words alone, and lose the marks between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["as_written"]


def as_written(words: Sequence[str], text: str) -> list[str]:
    """Each word with the marks that follow it in the text; the words themselves where the text has others.

    Args:
        words: What is said, in order.
        text: What was to be said, without marks for pauses.
    """
    starts, at = [], 0
    for word in words:
        start = text.find(word.strip(), at)
        # Something that is spoken lies between: the words are not those of the text.
        if not word.strip() or start < 0 or any(one.isalnum() for one in text[at:start]):
            return list(words)
        starts.append(start)
        at = start + len(word.strip())
    if not starts or any(one.isalnum() for one in text[at:]):
        return list(words)
    edges = [0, *starts[1:], len(text)]
    return [" ".join(text[begin:end].split()) for begin, end in pairwise(edges)]
