"""Files that a kernel hands to the reader's browser, in pieces, since a notebook's connection breaks at a message of more than 10 MB.

A page asks for a file in its own way, and is answered with an offer: the file's name, type and size, and the number of its pieces. It
then asks for one piece after the other, as ``static/download.js`` does, and gives the whole to the browser. So only the page that asked
gets it, at the pace at which it takes it.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from voicenb.base.files import file_name

__all__ = ["PIECE", "ChunkedDownload", "saved_name"]

PIECE = 1 << 20
"""The size of a piece, in bytes."""
_MOST_FILES = 4
_MOST_NAME_BYTES = 120
# Windows keeps these to itself, whatever their suffix is.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def saved_name(*words: str, suffix: str) -> str:
    """The name of a file on the reader's computer: `words` without what any system refuses, joined by hyphens.

    Args:
        words: What it is about, such as a voice and the first words of a text; what is empty is left out.
        suffix: What it ends in, such as ``".mp3"``.
    """
    whole = " - ".join(filter(None, (" ".join(word.split()) for word in words)))
    # Marks of direction can make an ending look like another.
    whole = "".join(one for one in whole if not unicodedata.category(one).startswith("C"))
    whole = whole.encode()[:_MOST_NAME_BYTES].decode(errors="ignore")
    name = file_name(whole, "voicenb")
    return f"{'_' if _RESERVED.fullmatch(name.partition('.')[0].strip()) else ''}{name}{suffix}"


class ChunkedDownload:
    """Keeps files until a page has fetched them; a file goes with its last piece, and the oldest where there are too many."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, bytes] = OrderedDict()

    def offer(self, name: str, content: bytes, mime: str = "application/octet-stream") -> dict[str, Any]:
        """Keeps a file for a page.

        Args:
            name: What it is called on the reader's computer; see `saved_name`.
            content: All of it.
            mime: Its media type.

        Returns:
            What the page is told: ``file`` (what it asks by), ``name``, ``mime``, ``size`` in bytes, and ``pieces``.
        """
        token = uuid.uuid4().hex
        self._files[token] = content
        while len(self._files) > _MOST_FILES:
            self._files.popitem(last=False)
        pieces = max(-(-len(content) // PIECE), 1)
        return {"file": token, "name": name, "mime": mime, "size": len(content), "pieces": pieces}

    def piece(self, question: Mapping[str, Any]) -> bytes:
        """What a page asks for with ``{"kind": "piece", "file": …, "piece": …}``; pieces are counted from 0.

        Raises:
            LookupError: There is no such file any more, or no such piece.
        """
        token, number = question.get("file"), question.get("piece")
        content = self._files.get(token) if isinstance(token, str) else None
        if content is None:
            raise LookupError("This file is no longer kept: press the button again.")
        pieces = max(-(-len(content) // PIECE), 1)
        if type(number) is not int or not 0 <= number < pieces:
            raise LookupError(f"The file has no piece {number!r:.40}; it has {pieces}.")
        if number == pieces - 1:
            del self._files[str(token)]
        return content[number * PIECE : (number + 1) * PIECE]
