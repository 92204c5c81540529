"""The workbench in a cell: panels that are drawn from the services' typed requests.

    studio = voicenb.connect()
    studio.panel()                          # clone, say, voices and history in one widget
    voicenb.panels.SayPanel(studio)         # or each alone

Needs the extra ``lab``, except `voicenb.panels.listening_page`; every name is loaded on first use.

Lives here: widgets, and what their buttons call. Does not: anything that a notebook could not do with the same calls.
May call: study, studio and what they call.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicenb.panels.clone import ClonePanel as ClonePanel
    from voicenb.panels.form import Form as Form
    from voicenb.panels.history import HistoryPanel as HistoryPanel
    from voicenb.panels.key import KeyPanel as KeyPanel
    from voicenb.panels.listening import ListeningPlayer as ListeningPlayer
    from voicenb.panels.players.compare import ComparePlayer as ComparePlayer
    from voicenb.panels.players.player import ClipPlayer as ClipPlayer
    from voicenb.panels.players.stream import StreamPlayer as StreamPlayer
    from voicenb.panels.reference import ReferencePanel as ReferencePanel
    from voicenb.panels.say import SayPanel as SayPanel
    from voicenb.panels.studio import StudioPanel as StudioPanel
    from voicenb.panels.study import StudyPanel as StudyPanel
    from voicenb.panels.voices import VoicesPanel as VoicesPanel

_WHERE = {
    "ClipPlayer": "players.player",
    "ClonePanel": "clone",
    "ComparePlayer": "players.compare",
    "Form": "form",
    "HistoryPanel": "history",
    "KeyPanel": "key",
    "ListeningPlayer": "listening",
    "ReferencePanel": "reference",
    "SayPanel": "say",
    "StreamPlayer": "players.stream",
    "StudioPanel": "studio",
    "StudyPanel": "study",
    "VoicesPanel": "voices",
}

__all__ = list(_WHERE)


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
