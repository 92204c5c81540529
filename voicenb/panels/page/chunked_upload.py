"""Files that a page sends in pieces, since a notebook's connection breaks at a message of more than 10 MB."""

from __future__ import annotations

__all__ = ["MOST_BYTES", "ChunkedUpload"]

MOST_BYTES = 100_000_000
"""The largest file that passes through a notebook's page."""


class ChunkedUpload:
    """Puts files together. One at a time: the first piece of another takes the place of one that never ended."""

    def __init__(self) -> None:
        self._name: object = None
        self._pieces: dict[int, bytes] = {}

    def add(self, name: object, piece: int, pieces: int, size: int, content: bytes) -> bytes | None:
        """Takes a piece; the answer is the whole file with its last one.

        Args:
            name: Tells files apart.
            piece: Its number, from 0.
            pieces: How many there are.
            size: The file's size in bytes; a file of another size is none.
            content: The piece.
        """
        if not 0 <= piece < pieces or size > MOST_BYTES:
            return None
        if name != self._name:
            self._name, self._pieces = name, {}
        self._pieces[piece] = content
        if len(self._pieces) < pieces:
            return None
        whole = b"".join(self._pieces[number] for number in sorted(self._pieces))
        self._name, self._pieces = None, {}
        return whole if len(whole) == size else None
