"""A button that takes a file from the reader's computer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from voicenb.display.html import size as in_words
from voicenb.errors import InvalidRequest
from voicenb.panels.page.assets import bundle
from voicenb.panels.page.chunked_upload import MOST_BYTES, ChunkedUpload
from voicenb.panels.page.light import shared_layout
from voicenb.panels.page.scripts import Scripted

__all__ = ["Upload"]


class Upload(Scripted):
    """Takes a file that is chosen, or dropped on the panel around it.

    The file comes in pieces, because one message of more than 10 MB would end a notebook's connection, and it never becomes part of the
    widget's state, so that no notebook saves it.

    Args:
        description: What stands on the button.
        take: Called as ``take(name, content)`` with each file.
        refuse: Called with an error where a file is too large.
        tooltip: What the button says when it is hovered over.
        accept: Which files are offered, as HTML's ``accept`` has it.
        drop: Whether a file may be dropped anywhere on the panel.
    """

    _esm = bundle("shared", "upload")
    description = traitlets.Unicode().tag(sync=True)
    """What stands on the button."""
    tooltip = traitlets.Unicode().tag(sync=True)
    """What it says when it is hovered over."""
    accept = traitlets.Unicode().tag(sync=True)
    """Which files are offered."""
    drop = traitlets.Bool().tag(sync=True)
    """Whether a file may be dropped on the panel."""
    most = traitlets.Int(MOST_BYTES).tag(sync=True)
    """The largest file, in bytes."""

    def __init__(
        self,
        description: str,
        take: Callable[[str, bytes], object],
        *,
        refuse: Callable[[InvalidRequest], object],
        tooltip: str = "",
        accept: str = "",
        drop: bool = False,
    ) -> None:
        super().__init__(layout=shared_layout(), description=description, tooltip=tooltip, accept=accept, drop=drop)
        self._take, self._refuse = take, refuse
        self._pieces = ChunkedUpload()
        self.on_msg(self._on_message)

    def __repr__(self) -> str:
        return f"<Upload {self.description!r}>"

    def _on_message(self, _: object, content: Any, buffers: Sequence[Any]) -> None:
        match content:
            case {
                "kind": "piece", "upload": upload, "name": str(name), "piece": int(piece), "pieces": int(pieces), "size": int(size),
            } if len(buffers) == 1:  # fmt: skip
                whole = self._pieces.add(upload, piece, pieces, size, bytes(buffers[0]))
                if whole is not None:
                    self._take(name, whole)
            case {"kind": "large", "name": str(name), "size": int(size)}:
                self._refuse(
                    InvalidRequest(
                        f"{name} has {in_words(size)}; at most {in_words(self.most)} pass through a notebook's page. Give its "
                        "path or its URL instead (in JupyterLab, drop it on the file list first where the kernel runs on "
                        "another computer), or cut out the part that is needed."
                    )
                )
