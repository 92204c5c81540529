"""Every voice that was made, and what can be done with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb import services
from voicenb.base.frames import rows_of
from voicenb.base.moments import moment_text
from voicenb.ledger.dataframes import voice_frame
from voicenb.panels.base import Panel
from voicenb.panels.page.light import lean
from voicenb.panels.parts.formatting import clock, close, connect_line, player, service_label
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageValues, press
from voicenb.panels.parts.style import bar, button, line, toned
from voicenb.panels.parts.table import Table

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["VoicesPanel"]

_COLUMNS = (
    {"key": "name", "label": "Name", "name": "vn-cut"},
    {"key": "state", "label": "State"},
    {"key": "service", "label": "Service", "name": "vn-spare"},
    {"key": "created", "label": "Made"},
    {"key": "consent", "label": "Consent", "name": "vn-long vn-spare"},
    {"key": "acts", "label": "", "sort": False, "name": "vn-end"},
)


class VoicesPanel(Panel):
    """The voices of the home: use, hear, rename and forget them."""

    title = "Voices"

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.widget.add_class("voicenb-wide-panel")
        self._use: list[Callable[[str], None]] = []
        self._change: list[Callable[[], None]] = []
        self._chosen: dict[Any, Any] = {}
        self._rows: dict[str, dict[Any, Any]] = {}
        self._numbers: dict[str, str] = {}
        self._table = Table(
            _COLUMNS, label="Voices", empty="There is no voice yet. Clone one from a recording.", scroll=True
        )
        self._table.on_act(lambda act, row: self._on(lambda: self._acted(act, row))(None))
        self._new_name = lean(widgets.Text, description="New name")
        rename = press("Rename", "", "outlined")
        keep = button("Cancel")
        self._rename_bar = bar(self._new_name, rename, keep, names=("gone", "enters"))
        self._question = line("grow")
        forget = press("Forget", "", "outlined")
        self._answers = (rename, forget)
        stay = button("Keep")
        self._forget_bar = bar(self._question, forget, stay, names=("gone",))
        self._player = lean(widgets.VBox, "results")
        self._pressed(rename, self._rename)
        self._pressed(forget, lambda _: self._forget())
        for one in (keep, stay):
            one.on_click(self._on(self._close_bars))
        # What opens after a press stands below the table, where its place is kept free: no row moves under the pointer.
        bars = widgets.VBox([self._rename_bar, self._forget_bar])
        bars.add_class("voicenb-reserved")
        self._lay(bar(self._status, self._code_button()), self._code, self._table, bars, self._problem, self._player)
        self.refresh()

    def on_use(self, listener: Callable[[str], None]) -> None:
        """Calls ``listener(name)`` when a voice is to be used; with its key where a newer one has the same name."""
        self._use.append(listener)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener` when a voice was renamed or forgotten."""
        self._change.append(listener)

    def refresh(self) -> None:
        """Reads the voices again."""
        records = (
            self.studio.session.ledger.voices.select()
        )  # several voices may have one name, and one id at the service
        frame = voice_frame(records)
        frame = frame[~frame["state"].isin(["forgotten", "pending", "failed"])]
        now = datetime.now(UTC)
        keys = [records[int(at)].id for at in frame.index]
        self._rows = {self._number(key): row | {"key": key} for key, row in zip(keys, rows_of(frame), strict=True)}
        self._table.show([self._row(index, row, now) for index, row in self._rows.items()])
        here = sum(self._is_here(row) for row in self._rows.values())
        self._tell(
            ""
            if not self._rows
            else f"{here} {'voice' if here == 1 else 'voices'} of {self.studio.service.profile.label}"
        )

    def _number(self, key: str) -> str:
        """A row's id, which stays that voice's: its place is another one's as soon as there is a new voice."""
        return self._numbers.setdefault(key, str(len(self._numbers)))

    def _is_here(self, row: dict[Any, Any]) -> bool:
        return bool(row["service"] == self.studio.service.profile.id and row["endpoint"] == self.studio.endpoint)

    def _row(self, index: str, row: dict[Any, Any], now: datetime) -> dict[str, Any]:
        state, tone, title = str(row["state"]), "", ""
        if state == "expired":
            tone = "bad"
        elif row["activated"] is not None:
            state = "kept for good"
        elif row["expires"] is not None:
            left = row["expires"] - now
            state = (
                f"use within {left.days} d {left.seconds // 3600} h"
                if left.days
                else f"use within {left.seconds // 3600} h"
            )
            signed = row["service"] in services.names() and services.get(row["service"]).profile.voice_life is None
            why = "its recording's address is signed so long" if signed else "its first use keeps it"
            tone, title = "amber", f"until {moment_text(row['expires'])}; {why}"
        acts = [{"act": "use", "text": "Use"}] if state != "expired" else []
        acts += [
            {"act": act, "text": text} for act, text in (("hear", "▶"), ("rename", "Rename"), ("forget", "Forget"))
        ]
        acts[-3]["label"] = "Hear the preview"
        created = row["created"]
        return {
            "id": index,
            "label": str(row["name"]),
            "cells": {
                "name": {"text": str(row["name"])},
                "state": {"text": state, "tone": tone, "title": title},
                "service": {"text": service_label(str(row["service"]))},
                "created": {
                    "text": clock(created, now),
                    "order": created.timestamp(),
                    "title": moment_text(created),
                },
                "consent": {"text": str(row["consent"] or "none noted")},
                "acts": {"acts": acts if self._is_here(row) else []},
            },
        }

    # -- acting ------------------------------------------------------------------------------------------------

    def _newest(self, name: str) -> str | None:
        """The key of the newest voice of that name, which `Studio.voice` takes up by it."""
        return next((row["key"] for row in self._rows.values() if row["name"] == name and self._is_here(row)), None)

    def _taken(self) -> Any:
        return self.studio.voice(self._chosen["key"])

    def _acted(self, act: str, index: str) -> None:
        self._clear()
        self._close_bars()
        self._chosen = self._rows[index]
        for one in self._answers:
            # An answer that was given about another voice is refused.
            one.renew()
        name = str(self._chosen["name"])
        if act == "use":
            for listener in self._use:
                listener(name if self._newest(name) == self._chosen["key"] else self._chosen["key"])
            if not self._use:
                # Alone there is no other panel to speak in.
                self._code_shown.value = True
                self._tell(f"The Python below takes up {name!r}.", "good")
        elif act == "hear":
            self._start(self._hear())
        elif act == "rename":
            self._new_name.value = name
            self._rename_bar.remove_class("voicenb-gone")
        elif act == "forget":
            self._question.value = toned(f"Forget {name!r}? Its clips stay in the history.")
            self._forget_bar.remove_class("voicenb-gone")
        self._show_code()

    async def _hear(self) -> None:
        clip = await asyncio.to_thread(lambda: self._taken().preview)
        old = self._player.children
        self._player.children = () if clip is None else (player(clip),)
        if clip is None:
            self._tell(f"{self._chosen['name']!r} has no preview.", "amber")
        for one in old:
            close(one)
        if clip is not None:
            where = f"studio.voice({str(self._chosen['name'])!r}).preview"
            await asyncio.to_thread(lambda: self._keep(clip, where))

    def _rename(self, shown: PageValues = KERNEL_VALUES) -> None:
        self._taken().rename(shown(self._new_name).strip())
        self._done()

    def _forget(self) -> None:
        self._taken().forget()
        self._done()

    def _done(self) -> None:
        self._close_bars()
        self.refresh()
        for listener in self._change:
            listener()

    def _close_bars(self) -> None:
        for one in (self._rename_bar, self._forget_bar):
            one.add_class("voicenb-gone")

    def code(self) -> str:
        """The Python that lists the same voices, and takes up the chosen one."""
        lines = ["import voicenb as vn", "", connect_line(self.studio), "studio.voices()"]
        if self._chosen:
            # The newest has the name; an older one of the same name is taken up by its key.
            name, key = str(self._chosen["name"]), str(self._chosen["key"])
            lines.append(f"voice = studio.voice({(name if self._newest(name) == key else key)!r})")
        return "\n".join(lines)
