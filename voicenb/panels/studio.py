"""Clone, say, voices and history in one widget."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from html import escape
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal, cast

import ipywidgets as widgets

from voicenb.errors import VoicenbError, VoicenbWarning
from voicenb.panels.base import Panel
from voicenb.panels.clone import ClonePanel, check_consent
from voicenb.panels.history import HistoryPanel
from voicenb.panels.page.light import lean
from voicenb.panels.page.static_output import StaticOutput
from voicenb.panels.parts.page_values import CALLBACK_LOCK
from voicenb.panels.parts.style import bar, column, line
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
        added: The panels of other packages, by the names of their entry points.
    """

    title = "Studio"

    def __init__(self, studio: Studio, *, consent: Literal["required", "optional"] = "required") -> None:
        super().__init__(studio)
        self.widget.add_class("voicenb-wide-panel")
        check_consent(consent)
        self._kinds: dict[str, Callable[[], Panel]] = {
            "clone": lambda: ClonePanel(studio, consent=consent),
            "say": lambda: SayPanel(studio),
            "voices": lambda: VoicesPanel(studio),
            "history": lambda: HistoryPanel(studio),
        }
        titles = [kind.title for kind in (ClonePanel, SayPanel, VoicesPanel, HistoryPanel)]
        self.added = _added(studio)
        self._made: dict[str, Panel] = dict(self.added)
        self._names = (*self._kinds, *self.added)
        self._places = {name: column(names=("later",)) for name in self._kinds}
        self._tabs = lean(
            widgets.Tab,
            children=[*self._places.values(), *(panel.widget for panel in self.added.values())],
            titles=[*titles, *(panel.title for panel in self.added.values())],
            selected_index=1 if _has_voice(studio) else 0,
        )
        profile = studio.service.profile
        where = "built-in sandbox: no key, no network, no bill" if studio.endpoint == SANDBOX else studio.endpoint
        about = f'<b>{escape(profile.label)}</b> <span class="voicenb-quiet">· {escape(where)}</span>'
        self._front()
        self._tabs.observe(self._on(self._turned), "selected_index")
        self._lay(bar(line("grow", value=about)), self._problem, self._tabs)
        self._start(self._take_up())

    # -- the tabs, each of which is made when it is first opened or asked for ----------------------------------------

    @property
    def clone(self) -> ClonePanel:
        """The panel that clones."""
        return cast("ClonePanel", self._panel("clone"))

    @property
    def say(self) -> SayPanel:
        """The panel that speaks."""
        return cast("SayPanel", self._panel("say"))

    @property
    def voices(self) -> VoicesPanel:
        """The panel of the voices."""
        return cast("VoicesPanel", self._panel("voices"))

    @property
    def history(self) -> HistoryPanel:
        """The panel of the tasks."""
        return cast("HistoryPanel", self._panel("history"))

    def _panel(self, name: str) -> Panel:
        with CALLBACK_LOCK:
            if name not in self._made:
                made = self._made[name] = self._kinds[name]()
                match made:
                    case ClonePanel():
                        made.on_done(self._cloned)
                        made.on_use(self._use)
                    case SayPanel():
                        made.on_done(lambda: self._refresh("history"))
                    case VoicesPanel():
                        made.on_use(self._use)
                        made.on_change(lambda: self._refresh("say"))
                if self._kept is not None:
                    made.publish_to(self._kept)
                self._places[name].children = (made.widget,)
            return self._made[name]

    def _front(self) -> Panel:
        """The panel of the tab in front."""
        return self._panel(self._names[self._tabs.selected_index or 0])

    def _refresh(self, name: str) -> None:
        """Has a panel read again, where it was made; one that is made later reads then."""
        refresh: Any = getattr(self._made.get(name), "refresh", None)
        if refresh is not None:
            refresh()

    def _cloned(self, name: str) -> None:
        self._refresh("voices")
        self._refresh("history")
        if "say" in self._made:
            self.say.refresh(name)

    def _use(self, name: str) -> None:
        self.say.refresh(name)
        self._tabs.selected_index = self._names.index("say")
        self.say.take_focus()

    def _turned(self) -> None:
        name = self._names[self._tabs.selected_index or 0]
        if name in self._made:
            self._refresh(name)
        else:
            self._panel(name)

    async def _take_up(self) -> None:
        """Takes up what a kernel before this one left under way, also while nobody looks at the history."""
        # What goes wrong stands in the history, which takes it up, too.
        with suppress(VoicenbError):
            await self.studio.aio.resume()

    def publish_to(self, kept: StaticOutput) -> None:
        """Shows results in `kept`, too: the static outputs that outlive the kernel."""
        self._kept = kept
        for panel in self._made.values():
            panel.publish_to(kept)

    def code(self) -> str:
        """The Python of the panel in front."""
        return self._front().code()

    async def settled(self) -> None:
        """Waits until no panel is at work any more."""
        await super().settled()
        for _ in range(2):
            for panel in list(self._made.values()):
                if isinstance(panel, ClonePanel):
                    await panel.reference.settled()
                await panel.settled()

    def close(self) -> None:
        """Takes the panel off the page. Tasks under way go on; the history has them."""
        for panel in self._made.values():
            panel.close()
        super().close()


def _has_voice(studio: Studio) -> bool:
    """Whether there is anything to speak with."""
    frame = studio.voices()
    here = (frame["service"] == studio.service.profile.id) & (frame["endpoint"] == studio.endpoint)
    return bool((here & (frame["state"] == "ready")).any())


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
