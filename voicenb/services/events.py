"""Server-sent events: a stream of JSON objects, each in its ``data:`` lines (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

from typing import Any

from voicenb.services.answers import object_of

__all__ = ["Events", "is_event_stream"]

_LONGEST = 64 * 2**20
"""Bytes of one event at most: a minute of 48 kHz sound in base64 is below 8 MB."""


def is_event_stream(media: str) -> bool:
    """Whether a content type, in lower case, is that of server-sent events."""
    return media.partition(";")[0].strip() == "text/event-stream"


class Events:
    """Puts the pieces of an event stream together.

    What is no JSON object, such as the ``[DONE]`` that some servers end with, is no event; comments and names are passed over.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def add(self, piece: bytes, *, last: bool = False) -> list[dict[str, Any]]:
        """The events that `piece` completes; with `last` also one whose blank line is missing.

        Raises:
            ValueError: An event is longer than 64 MB.
        """
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        if last:
            lines += [self._rest, b""]
            self._rest = b""
        found = []
        for line in lines:
            field, _, value = line.rstrip(b"\r").partition(b":")
            if field == b"data":
                self._data.append(value.removeprefix(b" "))
            elif not field and not value and self._data:
                event = object_of(b"\n".join(self._data).decode("utf-8", "replace"))
                self._data = []
                if event is not None:
                    found.append(event)
        if len(self._rest) + sum(map(len, self._data)) > _LONGEST:
            raise ValueError(f"an event is longer than {_LONGEST // 2**20} MB")
        return found
