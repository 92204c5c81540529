"""Clone, say, voices and history in one widget."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import ipywidgets as widgets

from voicenb.panels.base import Panel
from voicenb.panels.clone import ClonePanel
from voicenb.panels.history import HistoryPanel
from voicenb.panels.kept import Kept
from voicenb.panels.say import SayPanel
from voicenb.panels.style import bar, line
from voicenb.panels.voices import VoicesPanel

if TYPE_CHECKING:
    from voicenb.studio import Studio

__all__ = ["StudioPanel"]


class StudioPanel(Panel):
    """The workbench: four panels as tabs, which know of each other.

    Attributes:
        clone, say, voices, history: The panels.
    """

    title = "Studio"

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.clone = ClonePanel(studio)
        self.say = SayPanel(studio)
        self.voices = VoicesPanel(studio)
        self.history = HistoryPanel(studio)
        self._panels: tuple[Panel, ...] = (self.clone, self.say, self.voices, self.history)
        self._tabs = widgets.Tab(
            [panel.widget for panel in self._panels], titles=[panel.title for panel in self._panels]
        )
        head = line("grow")
        profile = studio.service.profile
        where = "built-in sandbox: no key, no network, no bill" if studio.endpoint == "sandbox" else studio.endpoint
        head.value = f'<b>{escape(profile.label)}</b> <span class="voicenb-quiet">· {escape(where)}</span>'
        self.clone.on_done(self._cloned)
        self.say.on_done(self.history.refresh)
        self.voices.on_use(self._use)
        self.voices.on_change(self.say.refresh)
        self._tabs.observe(self._on(self._turned), "selected_index")
        self._tabs.selected_index = 0 if self.say.voice is None else 1
        self._lay(bar(head), self._tabs)

    def _cloned(self, name: str) -> None:
        self.voices.refresh()
        self.history.refresh()
        self.say.refresh(name)

    def _use(self, name: str) -> None:
        self.say.refresh(name)
        self._tabs.selected_index = 1

    def _turned(self) -> None:
        shown = self._panels[self._tabs.selected_index or 0]
        if isinstance(shown, SayPanel | VoicesPanel | HistoryPanel):
            shown.refresh()

    def _keep_in(self, kept: Kept) -> None:
        for panel in self._panels:
            panel._keep_in(kept)  # noqa: SLF001 - its own parts

    def code(self) -> str:
        """The Python of the panel in front."""
        return self._panels[self._tabs.selected_index or 0].code()

    async def settled(self) -> None:
        """Waits until no panel is at work any more."""
        for panel in (*self._panels, self.clone.reference, *self._panels):
            await panel.settled()

    def close(self) -> None:
        """Takes the panel off the page. Tasks under way go on; the history has them."""
        for panel in self._panels:
            panel.close()
        super().close()
