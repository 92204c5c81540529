"""A button that hands a file to the reader's browser."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import traitlets

from voicenb.errors import VoicenbError
from voicenb.panels.page.assets import bundle
from voicenb.panels.page.download import ChunkedDownload
from voicenb.panels.page.scripts import Scripted

__all__ = ["Download", "SavedFile"]


@dataclass(frozen=True, slots=True)
class SavedFile:
    """What a reader gets.

    Attributes:
        name: What it is called on the reader's computer; see `voicenb.panels.page.download.saved_name`.
        content: All of it.
        mime: Its media type.
    """

    name: str
    content: bytes
    mime: str = "application/octet-stream"


class Download(Scripted):
    """Makes a file when it is pressed, and hands it to the browser in whose page that was.

    The file never becomes part of the widget's state, so that no notebook saves it.

    Args:
        description: What stands on the button.
        make: Called as ``await make(choice)``; the answer is the file.
        start: Runs a coroutine in the background, and shows the error that it ends with, as a panel does.
        choices: Names and words of what can be had; with more than one there is a list beside the button.
        tooltip: What the button says when it is hovered over.
    """

    _esm = bundle("download", "download_list", "download_button")
    description = traitlets.Unicode().tag(sync=True)
    """What stands on the button."""
    tooltip = traitlets.Unicode().tag(sync=True)
    """What it says when it is hovered over."""
    choices: Any = traitlets.List().tag(sync=True)
    """What can be had: a name and words for each."""
    disabled = traitlets.Bool().tag(sync=True)
    """Whether it does nothing now."""

    def __init__(
        self,
        description: str,
        make: Callable[[str], Coroutine[Any, Any, SavedFile]],
        *,
        start: Callable[[Coroutine[Any, Any, None]], object],
        choices: Sequence[tuple[str, str]] = (),
        tooltip: str = "",
        disabled: bool = False,
    ) -> None:
        super().__init__(
            description=description, tooltip=tooltip, choices=[list(one) for one in choices], disabled=disabled
        )
        self._make, self._start = make, start
        self._kept = ChunkedDownload()
        self.on_msg(self._asked)

    def __repr__(self) -> str:
        return f"<Download {self.description!r}>"

    def _asked(self, _: object, content: Any, __: object) -> None:
        match content:
            case {"kind": "download", "request": str(request), "choice": str(choice)}:
                self._start(self._offer(request, choice))
            case {"kind": "piece", "request": str(request)}:
                try:
                    self.send({"request": request}, buffers=[self._kept.piece(content)])
                except LookupError as error:
                    self.send({"request": request, "error": str(error)})

    async def _offer(self, request: str, choice: str) -> None:
        answer: Mapping[str, Any] = {"error": "Nothing was downloaded."}
        try:
            if choice not in {name for name, _ in self.choices} | ({""} if not self.choices else set()):
                raise VoicenbError(f"{choice!r:.40} cannot be downloaded here; press the button again")
            made = await self._make(choice)
            answer = self._kept.offer(made.name, made.content, made.mime)
        finally:
            self.send({"request": request} | dict(answer))
