"""`HistoryPanel`: the table of all tasks, what they cost and how they sound."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.base.money import plain
from voicenb.base.notebook import shell
from voicenb.ledger.records import OPEN, STATUSES
from voicenb.panels.base import Panel, call_of
from voicenb.panels.page.light import lean
from voicenb.panels.page.static_output import StaticOutput
from voicenb.panels.parts.formatting import amount, clock, close, compared, connect_line, player
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageOutdated, PageValues, press
from voicenb.panels.parts.style import bar, button, line, toned
from voicenb.panels.parts.table import Table
from voicenb.panels.spending import Spending
from voicenb.studio.task import changed

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.display.comparison import Html
    from voicenb.studio.studio import Studio

__all__ = ["HistoryPanel"]

_PAGE = 50
_TICK = 1.0
_TONES = {"failed": "bad", "unknown": "amber", "cancelled": "quiet"}
_COLUMNS = (
    {"key": "when", "label": "When"},
    {"key": "play", "label": "", "sort": False},
    {"key": "voice", "label": "Voice"},
    {"key": "text", "label": "Text", "name": "vn-long"},
    {"key": "parameters", "label": "Parameters", "name": "vn-spare vn-some"},
    {"key": "note", "label": "Label", "name": "vn-spare"},
    {"key": "seconds", "label": "Length", "name": "vn-end vn-spare"},
    {"key": "cost", "label": "Cost", "name": "vn-end"},
    {"key": "status", "label": "Status"},
)
_PLAY = {"act": "play", "text": "▶", "label": "Play"}
_SETTLE = {"act": "settle", "text": "?", "label": "Settle"}
# What the frame has beside the parameters of a request.
_NO_PARAMETERS = {"text", "voice", "reference", "name", "seed"}


class HistoryPanel(Panel):
    """Every task of the home, newest first: filtered, sorted, played, compared, labelled, added up.

    A kernel that was restarted finds here what the one before left under way: it is taken up when the panel opens, which
    never submits anything.

    Args:
        studio: Whose home it is.
        live: Whether it takes up what is under way, and follows what is asked for elsewhere; else it reads once.
        still: What it leaves in the notebook of itself.
    """

    title = "History"

    def __init__(self, studio: Studio, *, live: bool = True, still: Html | None = None) -> None:
        super().__init__(studio)
        self._live = live
        self._still = still
        self._limit = _PAGE
        self._watching = False
        self._frame: pd.DataFrame | None = None
        self._table = Table(
            _COLUMNS, label="Tasks", empty="Nothing was asked yet. What you clone and say appears here.", pick=True
        )
        self._find = lean(widgets.Text, description="Find", placeholder="in text, voice or parameters")
        self._only = lean(
            widgets.Dropdown,
            "short",
            description="Status",
            options=[
                ("all", ""),
                ("under way", "open"),
                *((name, name) for name in ("completed", "failed", "unknown", "cancelled")),
            ],
        )
        self._compare = button("Compare", "Plays the selected ones against each other", "outlined")
        self._compare.disabled = True
        self._note = button("Label", "A label and a note of your own for the selected ones", "outlined")
        self._note.disabled = True
        self._label_text = lean(widgets.Text, description="Label", placeholder="short, to find and add up by")
        self._note_text = lean(widgets.Text, description="Note", placeholder="whatever you want to remember")
        for text in (self._label_text, self._note_text):
            text.add_class("voicenb-tight")
            text.observe(self._on(self._show_code), "value")
        keep = press("Keep", "", "outlined")
        leave = button("Cancel")
        self._note_bar = bar(self._label_text, self._note_text, keep, leave, names=("gone",))
        self._books = Spending(studio)
        self._books_shown = lean(
            widgets.ToggleButton, "short", description="Books", tooltip="What was spent, and all of this as a file"
        )
        self._unsettled = ""
        self._question = line("live")
        self._settle_bar = lean(widgets.VBox)
        answers = {"It was charged": True, "It was not charged": False, "Leave it": None}
        buttons = {text: press(text, "", "outlined") for text in answers}
        self._answers = tuple(buttons.values())
        for text, one in buttons.items():
            self._pressed(one, partial(self._settled, answers[text]))
        self._settle_bar.children = (self._question, bar(*buttons.values()))
        self._settle_bar.add_class("voicenb-gone")
        self._older = button("Show older", "", "gone")
        self._again = button("Refresh", "Reads the history again")
        self._player = lean(widgets.VBox, "results")
        self._table.on_act(lambda act, task: self._on(lambda: self._acted(act, task))(None))
        self._table.observe(self._on(self._picked), "picked")
        self._find.observe(self._on(self._draw), "value")
        self._only.observe(self._on(self.refresh), "value")
        self._compare.on_click(self._on(self.compare))
        self._older.on_click(self._on(self._more))
        self._again.on_click(self._on(self.refresh))
        self._note.on_click(self._on(self._open_note))
        self._pressed(keep, self._annotate)
        leave.on_click(self._on(self._close_note))
        self._books_shown.observe(self._on(self._show_books), "value")
        self._books.by.observe(self._on(self._books.draw), "value")
        self._pressed(self._books.save, self._export)
        self._lay(
            bar(self._status, self._again, self._books_shown, self._code_button()),
            self._books.widget,
            bar(self._find, self._only, line("grow"), self._note, self._compare),
            self._note_bar,
            self._settle_bar,
            self._code,
            self._problem,
            self._player,
            self._table,
            self._older,
        )
        self._hook = _after_each_cell(self) if live else _nothing
        self._start(self._open())

    def publish_to(self, kept: StaticOutput) -> None:
        """Shows results in `kept`, too: the static outputs that outlive the kernel."""
        super().publish_to(kept)
        if self._still is not None:
            self._keep(self._still, "studio.history")

    def close(self) -> None:
        """Takes the panel off the page."""
        self._hook()
        super().close()

    async def _open(self) -> None:
        await self._read()
        if not self._live:
            return
        try:
            await self.studio.aio.resume()
        finally:
            await self._read()

    # -- reading -----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Reads the history again, and watches it while anything is under way."""
        self._start(self._read())

    async def _read(self) -> None:
        wanted = self._only.value
        status: Any = sorted(OPEN) if wanted == "open" else wanted or None
        self._frame = await asyncio.to_thread(self.studio.history.frame, status=status, limit=self._limit)
        week = await asyncio.to_thread(self.studio.history.frame, since="7d")
        under_way = await asyncio.to_thread(self.studio.history.frame, status=sorted(OPEN), limit=100)
        if self._closed:
            return
        self._draw()
        self._sum_up(week, len(under_way))
        if len(under_way) and self._live and not self._watching:
            self._watching = True
            self._start(self._watch())

    async def _watch(self) -> None:
        try:
            while not self._closed and len(
                await asyncio.to_thread(self.studio.history.frame, status=sorted(OPEN), limit=1)
            ):
                await self._read()
                await asyncio.sleep(_TICK)
        finally:
            self._watching = False
        await self._read()

    def _sum_up(self, week: pd.DataFrame, under_way: int) -> None:
        parts = [f"{len(week):,} tasks this week" if len(week) != 1 else "1 task this week"]
        if under_way:
            parts.append(f"{under_way} under way")
        if unknown := int((week["status"] == "unknown").sum()):
            parts.append(f"{unknown} unknown")
        for unit, rows in week.groupby("unit", observed=True):
            spent = sum((cost for cost in rows["cost_exact"] if isinstance(cost, Decimal)), Decimal(0))
            parts.append(f"{amount(spent, str(unit))} spent")
        self._tell(" · ".join(parts) if len(week) else "")

    def _draw(self) -> None:
        if self._frame is None:
            return
        now, wanted = datetime.now(UTC), self._find.value.strip().casefold()
        here = (self.studio.service.profile.id, self.studio.endpoint)
        rows = [
            _row(row, now, here=(row["service"], row["endpoint"]) == here) for row in self._frame.to_dict("records")
        ]
        if wanted:
            rows = [row for row in rows if wanted in " ".join(_said(row)).casefold()]
        searching = bool(wanted or self._only.value)
        self._table.empty = (
            "Nothing here matches." if searching else "Nothing was asked yet. What you clone and say appears here."
        )
        self._table.show(rows)
        (self._older.remove_class if len(self._frame) >= self._limit else self._older.add_class)("voicenb-gone")

    def _more(self) -> None:
        self._limit += _PAGE
        self.refresh()

    # -- acting ------------------------------------------------------------------------------------------------

    def _acted(self, act: str, task: str) -> None:
        if act == "play":
            self._start(self._play([task]))
        elif act == "settle":
            self._clear()
            self._unsettled = task
            for one in self._answers:
                # An answer that was given about another task is refused.
                one.renew()
            shown = next(row for row in self._table.rows if row["id"] == task)
            words, cost = shown["cells"]["text"]["text"], shown["cells"]["cost"]["text"]
            self._question.value = toned(
                f"{_cut(words, 60)!r}: no answer came, so nobody knows whether {cost} was charged. Look at the service's own "
                "list or balance, and say it here.",
                "amber",
            )
            self._settle_bar.remove_class("voicenb-gone")
            self._show_code()

    def _settled(self, charged: bool | None, _: PageValues) -> None:
        """Settles the chosen unknown task by the reader's word; None leaves it."""
        self._clear()
        task = next((one for one in self.studio.tasks("unknown") if one.id == self._unsettled), None)
        self._unsettled = ""
        self._settle_bar.add_class("voicenb-gone")
        if charged is not None and task is not None:
            task.forget(charged=charged)
        self.refresh()
        self._show_code()

    def _picked(self) -> None:
        count = len(self._playable())
        self._compare.disabled = count < 2
        self._compare.description = f"Compare {count}" if count > 1 else "Compare"
        self._note.disabled = not self._table.picked
        if not self._table.picked:
            self._close_note()
        self._show_code()

    def _playable(self) -> list[str]:
        """The picked tasks that have a clip."""
        there = {row["id"] for row in self._table.rows if _PLAY in row["cells"]["play"]["acts"]}
        return [task for task in self._table.picked if task in there]

    def compare(self) -> None:
        """Plays the picked tasks' clips against each other."""
        self._start(self._play(self._playable()))

    def _open_note(self) -> None:
        first = next(row for row in self._table.rows if row["id"] == self._table.picked[0])
        self._label_text.value, self._note_text.value = first["words"]
        self._note_bar.remove_class("voicenb-gone")
        self._show_code()

    def _close_note(self) -> None:
        self._note_bar.add_class("voicenb-gone")
        self._show_code()

    def annotate(self) -> None:
        """Keeps the label and the note that are written with the picked tasks."""
        self._annotate(KERNEL_VALUES)

    def _annotate(self, shown: PageValues) -> None:
        self._clear()
        picked = shown(self._table, "picked")
        there = {row["id"] for row in self._table.rows}
        if not shown.now and not there.issuperset(picked):
            raise PageOutdated(
                "Nothing was labelled: the table has changed since. Look at what is picked, and press again."
            )
        self.studio.history.annotate(*picked, **self._words(shown))
        self._close_note()
        self.refresh()

    def _words(self, shown: PageValues = KERNEL_VALUES) -> dict[str, str]:
        return {"label": shown(self._label_text).strip(), "note": shown(self._note_text).strip()}

    def _show_books(self) -> None:
        self._books.show(self._books_shown.value)
        self._show_code()

    def _export(self, shown: PageValues) -> None:
        self._clear()
        path = self._books.export(shown(self._books.path), **self._given(shown(self._only)))
        self._tell(f"Written: {path}", "good")

    async def _play(self, tasks: list[str]) -> None:
        self._clear()
        clips = await asyncio.to_thread(lambda: [self.studio.history.clip(task) for task in tasks])
        old = self._player.children
        shown = player(clips[0]) if len(clips) == 1 else compared(clips)
        self._player.children = (shown,)
        for one in old:
            close(one)
        where = ", ".join(f"studio.history.clip({task[:8]!r})" for task in tasks)
        await asyncio.to_thread(lambda: self._keep(clips[0] if len(clips) == 1 else shown.html(), where))

    def code(self) -> str:
        """The Python that reads the same."""
        lines = [
            "import voicenb as vn",
            "",
            connect_line(self.studio),
            call_of("studio.history.frame", **self._given(), limit=self._limit),
        ]
        if self._books_shown.value:
            lines += self._books.code(**self._given())
        lines += [f"studio.history.clip({task[:8]!r})" for task in self._playable()]
        if "voicenb-gone" not in self._note_bar._dom_classes:  # noqa: SLF001 - ipywidgets has no public question
            lines.append(
                call_of("studio.history.annotate", *(repr(task[:8]) for task in self._table.picked), **self._words())
            )
        if self._unsettled:
            lines += [
                f"(task,) = [one for one in studio.tasks('unknown') if one.id.startswith({self._unsettled[:8]!r})]",
                "task.forget(charged=True)  # or False, by the service's own list or balance",
            ]
        return "\n".join(lines)

    def _given(self, status: str | None = None) -> dict[str, Any]:
        """What the history is filtered by: the status that is chosen, or this one."""
        status = self._only.value if status is None else status
        return {"status": sorted(OPEN)} if status == "open" else {"status": status} if status else {}


def _row(row: Mapping[Any, Any], now: datetime, *, here: bool) -> dict[str, Any]:
    """A row of the frame as the table's cells; `here` says whether it is a task of the panel's own service."""
    created: datetime = row["created"].to_pydatetime()
    status, text = str(row["status"]), str(row["text"] or "")
    cost, estimate = row["cost_exact"], row["estimate_exact"]
    paid = cost if isinstance(cost, Decimal) else None
    expected = estimate if isinstance(estimate, Decimal) else None
    shown = (
        amount(paid, "").strip()
        if paid is not None
        else f"({amount(expected, '').strip()})"
        if expected is not None
        else "–"
    )
    length = 0.0 if math.isnan(row["seconds"]) else float(row["seconds"])
    playable = status == "completed" and isinstance(row["file"], str)
    parameters = _parameters(row)
    noted = str(row["findings"]) if status == "completed" and isinstance(row["findings"], str) else ""
    label, note = (str(row[name]) if isinstance(row[name], str) else "" for name in ("label", "note"))
    return {
        "id": row["id"],
        "label": f"{row['voice'] or ''}: {text[:40]}",
        "words": [label, note],
        "cells": {
            "when": {
                "text": clock(created, now),
                "order": created.timestamp(),
                "title": f"{created:%Y-%m-%d %H:%M:%S} UTC",
            },
            "play": {"acts": [_PLAY] if playable else [_SETTLE] if status == "unknown" and here else []},
            "voice": {"text": str(row["voice"] or ""), "title": str(row["service"])},
            "text": {
                "text": _cut(text, 400),
                "title": "" if len(text) < 80 else text[:1000],
            },
            "parameters": {"text": parameters or ("preview" if row["kind"] == "preview" else "–")},
            "note": {"text": label or _cut(note, 24), "title": note},
            "seconds": {
                "text": f"{length:.1f} s" if length else "–",
                "order": length,
            },
            "cost": {
                "text": shown,
                "order": float(paid if paid is not None else expected or 0),
                "title": f"{plain(paid)} {row['unit']} charged"
                if paid is not None
                else "reserved, not yet charged"
                if expected is not None
                else "",
            },
            "status": {
                "text": ("degraded" if row["degraded"] is True else "done") if status == "completed" else status,
                "tone": "amber" if noted else _TONES.get(status, ""),
                "title": noted or str(row["error"] or ""),
                "order": STATUSES.index(status),
            },
        },
    }


def _said(row: Mapping[str, Any]) -> list[str]:
    """The words of a row, by which it is found."""
    cells = row["cells"]
    return [*(str(cell.get("text", "")) for cell in cells.values()), *row["words"], cells["voice"]["title"]]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"


def _nothing() -> None:
    """What there is to end where nothing was begun."""


def _parameters(row: Mapping[Any, Any]) -> str:
    """The parameters of a row that differ from the service's defaults."""
    given = {
        str(name): value
        for name, value in row.items()
        if name not in _NO_PARAMETERS and not (isinstance(value, float) and math.isnan(value))
    }
    try:
        parts = [
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in changed(str(row["service"]), row["kind"], given).items()
        ]
    except Exception:  # noqa: BLE001 - a ledger may hold tasks of a service that is no longer installed
        return ""
    if isinstance(row["take"], int) and row["take"] > 1:
        parts.append(f"take {row['take']}")
    return ", ".join(parts).replace(" -", " −")


def _after_each_cell(panel: HistoryPanel) -> Any:
    """Reads the history again after each cell of a notebook, which may have asked for something; the answer ends that."""
    ipython = shell()
    if ipython is None:
        return _nothing

    def ran(*_: object) -> None:
        panel.refresh()

    ipython.events.register("post_run_cell", ran)
    registered = [ran]

    def forget() -> None:
        if registered:
            ipython.events.unregister("post_run_cell", registered.pop())

    return forget
