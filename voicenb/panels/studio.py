"""Clone, say, voices and history in one widget."""

from __future__ import annotations

import warnings
from html import escape
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal

import ipywidgets as widgets

from voicenb.errors import VoicenbWarning
from voicenb.panels.base import Panel
from voicenb.panels.clone import ClonePanel
from voicenb.panels.history import HistoryPanel
from voicenb.panels.page.static_output import StaticOutput
from voicenb.panels.parts.style import bar, line
from voicenb.panels.say import SayPanel
from voicenb.panels.voices import VoicesPanel
from voicenb.tasks.session import SANDBOX

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["StudioPanel"]

_GROUP = "voicenb.panels"
"""The entry points by which a package adds a tab: its name, and the class of the panel, which is called with the studio."""


class StudioPanel(Panel):
    """The workbench: four panels as tabs, which know of each other, and those that packages add.

    Args:
        studio: What it works on.
        consent: As `ClonePanel` takes it.

    Attributes:
        clone, say, voices, history: The panels.
        added: The panels of other packages, by the names of their entry points.
    """

    title = "Studio"

    def __init__(self, studio: Studio, *, consent: Literal["required", "optional"] = "required") -> None:
        super().__init__(studio)
        self.clone = ClonePanel(studio, consent=consent)
        self.say = SayPanel(studio)
        self.voices = VoicesPanel(studio)
        self.history = HistoryPanel(studio)
        self.added = _added(studio)
        self._panels: tuple[Panel, ...] = (self.clone, self.say, self.voices, self.history, *self.added.values())
        self._tabs = widgets.Tab(
            [panel.widget for panel in self._panels], titles=[panel.title for panel in self._panels]
        )
        head = line("grow")
        profile = studio.service.profile
        where = "built-in sandbox: no key, no network, no bill" if studio.endpoint == SANDBOX else studio.endpoint
        head.value = f'<b>{escape(profile.label)}</b> <span class="voicenb-quiet">· {escape(where)}</span>'
        self.clone.on_done(self._cloned)
        self.say.on_done(self.history.refresh)
        self.voices.on_use(self._use)
        self.voices.on_change(self.say.refresh)
        self._tabs.observe(self._on(self._turned), "selected_index")
        self._tabs.selected_index = 0 if self.say.voice is None else 1
        self._lay(bar(head), self._problem, self._tabs)

    def _cloned(self, name: str) -> None:
        self.voices.refresh()
        self.history.refresh()
        self.say.refresh(name)

    def _use(self, name: str) -> None:
        self.say.refresh(name)
        self._tabs.selected_index = 1

    def _turned(self) -> None:
        refresh: Any = getattr(self._panels[self._tabs.selected_index or 0], "refresh", None)
        if refresh is not None:
            refresh()

    def publish_to(self, kept: StaticOutput) -> None:
        """Shows results in `kept`, too: the static outputs that outlive the kernel."""
        for panel in self._panels:
            panel.publish_to(kept)

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


def _added(studio: Studio) -> dict[str, Panel]:
    """The panels of other packages; one that cannot be loaded or made is a warning."""
    made: dict[str, Panel] = {}
    for entry in sorted(entry_points(group=_GROUP), key=lambda one: one.name):
        try:
            panel = entry.load()(studio)
            if not isinstance(panel, Panel):
                raise TypeError(f"it is {panel!r}, and no voicenb.panels.base.Panel")  # noqa: TRY301 - one way to say so
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a package of somebody else must not take the workbench away
            warnings.warn(
                f"the panel {entry.name!r} could not be loaded from {entry.value}: {error!r}",
                VoicenbWarning,
                stacklevel=4,
            )
        else:
            made[entry.name] = panel
    return made
