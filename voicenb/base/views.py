"""Classes of higher rooms by name: what draws an object as a widget or a page, loaded when they are first asked for."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

__all__ = ["view"]

_VIEWS = {
    "clip": "voicenb.panels.players.player:ClipPlayer",
    "clips": "voicenb.studio.clips:shown_list",
    "comparison": "voicenb.panels.players.compare:ComparePlayer",
    "history": "voicenb.panels.history:HistoryPanel",
    "listening": "voicenb.panels.listening:ListeningPlayer",
    "listening_page": "voicenb.panels.listening_page:page",
    "stream": "voicenb.panels.players.stream:StreamPlayer",
    "studio": "voicenb.panels.studio:StudioPanel",
    "study": "voicenb.panels.study:StudyPanel",
}


def view(name: str) -> Any:
    """Return the class that draws ``"studio"``, ``"history"``, ``"stream"``, ``"study"``, ``"listening"``, a ``"clip"`` or ``"comparison"``.

    ``"clips"`` is the function that draws a list of clips as static HTML, and ``"listening_page"`` the one that makes a
    listening test one HTML file; neither needs an extra.

    Raises:
        ImportError: The extra ``lab`` is not installed.
    """
    return resolve_name(_VIEWS[name])
