"""What came over HTTP: an answer, a body that was packed for the way, and what it is when it broke off."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from voicenb.errors import ServiceError
from voicenb.services.answers import is_text, object_of, read_json, seconds_of, shown_text

if TYPE_CHECKING:
    import httpx

__all__ = [
    "MOST_AUDIO",
    "UNPACKABLE",
    "IncompleteError",
    "Reply",
    "TooLargeError",
    "UnreadableAnswerError",
    "is_whole",
    "read_body",
    "unpacked",
]

MOST_AUDIO = 256 * 2**20
"""The largest result that is taken, in bytes: 10,000 characters spoken slowly as 48 kHz stereo WAV stay below."""


class Reply:
    """An answer that arrived: its status, its body, and the headers that matter.

    Attributes:
        status: The HTTP status.
        data: The body.
        media: The content type as it was sent, parameters included, in lower case.
    """

    def __init__(self, response: httpx.Response, body: bytes, secret: str = "") -> None:
        if len(secret) >= _SHORTEST_SECRET and is_text(body):
            # A service, or a proxy, that shows what it was sent shows the key.
            body = body.replace(secret.encode(), b"***")
        self.status = response.status_code
        self.data = body
        self.media = response.headers.get("Content-Type", "").lower()
        self._headers = response.headers

    def object(self) -> dict[str, Any] | None:
        """The body where it is a JSON object, else None."""
        try:
            return object_of(self.json())
        except ValueError:
            return None

    def json(self) -> Any:
        """The body as JSON, made harmless as `voicenb.services.answers.read_json` does; ValueError where it is none."""
        return read_json(self.data, self.media)

    def seconds(self, header: str) -> float | None:
        """The seconds that the header names, as a number or as a date; an hour at most."""
        return seconds_of(self._headers.get(header), self._headers.get("Date"))

    @property
    def excerpt(self) -> str:
        """What the body says, in a few words, for a message."""
        if not self.data:
            return "nothing else"
        if not is_text(self.data):
            return f"{len(self.data):,} bytes"
        text = self.data[:4096].decode("utf-8", "replace")
        if (title := _TITLE.search(text)) is not None:
            text = title[1]
        return f"“{shown_text(_TAG.sub(' ', text), 120) or ''}”"

    @property
    def location(self) -> str:
        """The host that a redirect leads to, for a message."""
        with suppress(ValueError):
            return (
                shown_text(urlsplit(self._headers.get("Location", "")).netloc.rpartition("@")[2], 80)
                or "another address"
            )
        return "another address"


_SHORTEST_SECRET = 6
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>?")


class UnreadableAnswerError(ServiceError):
    """An answer that says neither yes nor no."""


class IncompleteError(ServiceError):
    """A result that broke off.

    Attributes:
        data: What came of it.
    """

    data: bytes = b""


class TooLargeError(ServiceError):
    """More came than is taken."""


async def read_body(response: httpx.Response, limit: int, came: bytearray | None = None) -> bytes:
    """The body; `came` holds what arrived of it, also where it breaks off."""
    parts = bytearray() if came is None else came
    async for part in response.aiter_raw():
        parts += part
        if len(parts) > limit:
            raise TooLargeError(f"the answer is larger than {limit // 2**20} MB and was not taken")
    return unpacked(bytes(parts), response.headers.get("Content-Encoding", ""), limit)


UNPACKABLE = {"Accept-Encoding": "gzip, deflate"}


def unpacked(data: bytes, encoding: str, most: int = MOST_AUDIO) -> bytes:
    """A body as it was before it was packed for the way; as it came where it was not, whatever its header says."""
    if "gzip" not in encoding.lower() and "deflate" not in encoding.lower() and data[:3] != b"\x1f\x8b\x08":
        return data
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        with suppress(zlib.error):
            unpacking = zlib.decompressobj(bits)
            plain = unpacking.decompress(data, most)
            if plain:
                return plain
    return data


def is_whole(response: httpx.Response) -> bool:
    """Whether a partial answer holds the whole, by its Content-Range."""
    found = re.fullmatch(r"bytes 0-(\d+)/(\d+)", response.headers.get("Content-Range", "").strip())
    return found is not None and int(found[1]) + 1 == int(found[2])
