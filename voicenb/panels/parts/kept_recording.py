"""A recording that came through the page, as code names it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voicenb.audio.containers import sniff

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["KeptRecording"]


class KeptRecording:
    """The bytes of an upload or of the microphone, which no path leads to.

    They become a file of the home when code first needs one to name, and not before: what was only tried out is kept nowhere.

    Args:
        studio: Whose home keeps it.
        content: All of the file.
    """

    def __init__(self, studio: Studio, content: bytes) -> None:
        self._studio = studio
        self._content = content
        self._name: str | None = None

    def __repr__(self) -> str:
        return f"<KeptRecording of {len(self._content)} bytes>"

    def code(self) -> str:
        """The Python that names the file, given a ``studio`` on this home.

        Raises:
            StorageError: The disk does not take it.
        """
        files = self._studio.session.ledger.files
        if self._name is None or not files.path(self._name).is_file():
            self._name = files.store(self._content, sniff(self._content) or "audio")
        place = Path(files.path(self._name)).relative_to(self._studio.home)
        return f"studio.home / {place.as_posix()!r}"
