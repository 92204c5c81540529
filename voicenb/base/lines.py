"""Texts on one line."""

from __future__ import annotations

__all__ = ["shortened"]


def shortened(text: object, most: int) -> str:
    """A text on one line of at most so many characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
