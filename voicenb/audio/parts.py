"""`Parts`: a file as the pieces that a decoder should get, and the marks of headers that do not know their length."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["MOST_PARTS", "UNKNOWN_SIZES", "Parts", "describe_joined"]

MOST_PARTS = 1000
"""The most files that are taken out of one."""

UNKNOWN_SIZES = (0, 2**32 - 1, 2**64 - 1)
"""What recorders write for a size that they did not know yet."""


class Parts(NamedTuple):
    """Files to be decoded one after the other."""

    pieces: list[bytes]
    findings: list[str]
    """What a listener should know of the whole file."""


def describe_joined(count: int, kind: str) -> str:
    """The finding that `count` files of a kind were joined."""
    return f"{count} {kind} stand one behind the other: all of them are read"
