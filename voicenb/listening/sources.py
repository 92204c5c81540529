"""What is listened to, before anything hides what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Source", "conditions_of", "items_of"]


@dataclass(frozen=True)
class Source:
    """One sound of a test.

    Attributes:
        condition: What is compared, in words: ``"speed 1.2"``.
        item: Within what it is compared, in words: the text, and what else is the same there.
        file: Its file in the ledger's store.
        text: What is said, or None.
        levels: The condition as plain data, such as ``{"speed": 1.2}``.
    """

    condition: str
    item: str
    file: str
    text: str | None = None
    levels: tuple[tuple[str, Any], ...] = ()


def conditions_of(sources: Sequence[Source]) -> list[str]:
    """Every condition, in the order in which it comes first."""
    return list(dict.fromkeys(one.condition for one in sources))


def items_of(sources: Sequence[Source]) -> list[str]:
    """Every item, in the order in which it comes first."""
    return list(dict.fromkeys(one.item for one in sources))
