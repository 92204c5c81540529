"""The workbench in a cell: panels that are drawn from the services' typed requests.

    studio = voicenb.connect()
    studio.panel()                          # clone, say, voices and history in one widget
    voicenb.panels.SayPanel(studio)         # or each alone

Needs the extra ``lab``.

Lives here: widgets, and what their buttons call. Does not: anything that a notebook could not do with the same calls.
May call: study, studio and what they call.
"""

from __future__ import annotations

from voicenb.panels.clone import ClonePanel
from voicenb.panels.form import Form
from voicenb.panels.history import HistoryPanel
from voicenb.panels.key import KeyPanel
from voicenb.panels.reference import ReferencePanel
from voicenb.panels.say import SayPanel
from voicenb.panels.studio import StudioPanel
from voicenb.panels.study import StudyPanel
from voicenb.panels.voices import VoicesPanel

__all__ = [
    "ClonePanel",
    "Form",
    "HistoryPanel",
    "KeyPanel",
    "ReferencePanel",
    "SayPanel",
    "StudioPanel",
    "StudyPanel",
    "VoicesPanel",
]
