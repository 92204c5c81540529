"""What the history is filtered by."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.ledger.dataframes import KINDS
from voicenb.ledger.records import OPEN
from voicenb.panels.page.light import lean
from voicenb.panels.parts.formatting import service_label
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageValues
from voicenb.panels.parts.style import bar

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["Filters"]


class Filters:
    """A part of the history's panel: words to find, a status, and, once they are wanted, voice, service, kind, label and dates.

    Args:
        studio: Whose history it is.
        changed: Called when another is chosen.

    Attributes:
        find: Words to find.
        only: A status.
        more: Whether the others are in sight.
        widget: The bar of the others, which are made when they are first wanted.
    """

    def __init__(self, studio: Studio, changed: Callable[[object], None]) -> None:
        self._studio, self._changed, self._held = studio, changed, False
        self.find = lean(widgets.Text, description="Find", placeholder="in text, voice, label, note or parameters")
        self.only = lean(
            widgets.Dropdown,
            "short",
            description="Status",
            options=[
                ("all", ""),
                ("under way", "open"),
                *((name, name) for name in ("completed", "failed", "unknown", "cancelled")),
            ],
        )
        self.more = lean(
            widgets.ToggleButton, "short", description="Filter", tooltip="By voice, service, kind, label and date"
        )
        self.widget = lean(widgets.VBox)
        for one in (self.find, self.only):
            one.observe(self._change, "value")

    @cached_property
    def _lists(self) -> dict[str, Any]:
        made = {
            name: lean(widgets.Dropdown, description=name.capitalize(), options=[("all", "")])
            for name in ("voice", "service", "kind", "label")
        }
        for one in made.values():
            one.add_class("voicenb-short")
            one.observe(self._change, "value")
        return made

    @cached_property
    def _dates(self) -> dict[str, Any]:
        made = {
            name: lean(
                widgets.Text, description=text, placeholder="7d, or 2026-11-01", tooltip=told, continuous_update=False
            )
            for name, text, told in (
                ("since", "From", "A date, or how long ago: 7d, 12h, 90m"),
                ("until", "Until", "A date, or how long ago; what was asked at that moment or later is left out"),
            )
        }
        for one in made.values():
            one.add_class("voicenb-tight")
            one.observe(self._change, "value")
        return made

    def show(self) -> tuple[Any, ...]:
        """Opens or closes the others; the answer is what a press has to tell of them."""
        if not self.more.value:
            self.widget.add_class("voicenb-gone")
            return ()
        if not self.widget.children:
            self.widget.children = (bar(*self._lists.values()), bar(*self._dates.values()))
        self.widget.remove_class("voicenb-gone")
        self.offer()
        return tuple(self.widget.children)

    def offer(self) -> None:
        """Brings the lists up to date with what there is in the ledger."""
        if not self.widget.children:
            return
        for name, one in self._lists.items():
            there = list(KINDS) if name == "kind" else self._studio.history.values(name)  # type: ignore[arg-type]
            options = [("all", ""), *((service_label(value) if name == "service" else value, value) for value in there)]
            if list(one.options) != options:
                chosen, self._held = one.value, True
                one.options = options
                one.value = chosen if chosen in there else ""
                self._held = False

    def given(self, shown: PageValues = KERNEL_VALUES) -> dict[str, Any]:
        """The arguments of `voicenb.studio.history.History.frame`."""
        status = shown(self.only)
        found = {"find": shown(self.find).strip(), "status": sorted(OPEN) if status == "open" else status}
        # What is not in sight filters all the same: closing the bar takes nothing back, and the button says how many there are.
        if self.widget.children:
            found |= {name: shown(one) for name, one in self._lists.items()}
            found |= {name: shown(one).strip() for name, one in self._dates.items()}
        return {name: value for name, value in found.items() if value}

    def _change(self, change: object) -> None:
        if self._held:
            return
        count = len(self.given().keys() - {"find", "status"})
        self.more.description = f"Filter · {count}" if count else "Filter"
        self._changed(change)
