"""`HistoryPanel`: the table of all tasks, what they cost and how they sound."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.base.frames import rows_of
from voicenb.base.notebook import shell
from voicenb.ledger.records import OPEN
from voicenb.panels.base import Panel, call_of
from voicenb.panels.history_bars import Bars
from voicenb.panels.history_filters import Filters
from voicenb.panels.page.download import saved_name
from voicenb.panels.page.light import lean
from voicenb.panels.page.static_output import StaticOutput
from voicenb.panels.parts.download import Download, SavedFile
from voicenb.panels.parts.formatting import close, compared, connect_line, cut, player, spent_text
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageOutdated, PageValues
from voicenb.panels.parts.style import bar, button, line
from voicenb.panels.parts.table import Table
from voicenb.panels.parts.task_rows import COLUMNS, Known, known, task_row
from voicenb.panels.spending import Spending
from voicenb.tasks.session import SANDBOX

if TYPE_CHECKING:
    from voicenb.display.comparison import Html
    from voicenb.studio.studio import Studio

__all__ = ["HistoryPanel"]

_PAGE = 50
_TICK = 1.0
_MOST_COMPARED = 36
_EMPTY = "Nothing was asked yet. What you clone and say appears here."
_SAVED = (("zip", "Sounds (zip)"), ("csv", "Table (CSV)"), ("json", "Table (JSON)"))
_MEDIA = {"zip": "application/zip", "csv": "text/csv", "json": "application/json"}


class HistoryPanel(Panel):
    """Every task of the home, newest first: found, filtered, sorted, played, compared, labelled, added up, downloaded, deleted.

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
        self._turn = 0
        self._known: dict[str, Known] = {}
        self._unsettled = ""
        self._doomed: list[str] = []
        self.widget.add_class("voicenb-wide-panel")
        self._table = Table(COLUMNS, label="Tasks", empty=_EMPTY, pick=True, scroll=True)
        self._filters = Filters(studio, self._on(self._narrowed))
        self._compare = button("Compare", "Plays the selected ones against each other", "outlined")
        self._note = button("Label", "A label and a note of your own for the selected ones", "outlined")
        self._remove = button(
            "Delete", "Takes the selected ones and their sounds out of the history, after a question", "outlined"
        )
        self._download = Download(
            "Download", self._make, start=self._start, choices=_SAVED,
            tooltip="What is selected, or else all that is found, to this computer",
        )  # fmt: skip
        self._bars = Bars(
            pressed=self._pressed, tells=self._tells, keep=self._annotate, settle=self._settled, delete=self._deleted,
            closed=self._on(self._close_bar),
        )  # fmt: skip
        self._books = Spending(studio)
        self._books_shown = lean(
            widgets.ToggleButton, "short", description="Books", tooltip="What was spent, and all of this as a file"
        )
        self._older = button("Show older", "", "gone")
        self._again = button("Refresh", "Reads the history again")
        self._player = lean(widgets.VBox, "results")
        self._table.on_act(lambda act, task: self._on(lambda: self._acted(act, task))(None))
        self._table.on_all(lambda: self._on(self.select_all)(None))
        self._table.observe(self._on(self._picked), "picked")
        self._filters.more.observe(self._on(lambda: self._tells(*self._filters.show())), "value")
        self._compare.on_click(self._on(self.compare))
        self._older.on_click(self._on(self._more))
        self._again.on_click(self._on(self.refresh))
        self._note.on_click(self._on(self._open_note))
        self._remove.on_click(self._on(self._open_delete))
        self._books_shown.observe(self._on(self._show_books), "value")
        self._books.by.observe(self._on(self._books.draw), "value")
        self._pressed(self._books.save, self._export)
        # What appears after a press stands below the table, so that no row moves under the pointer.
        self._lay(
            bar(self._status, self._again, self._books_shown, self._code_button()),
            self._books.widget,
            self._code,
            bar(self._filters.find, self._filters.only, self._filters.more),
            self._filters.widget,
            bar(line("grow"), self._note, self._compare, self._remove, self._download),
            self._table,
            self._older,
            self._bars.widget,
            self._problem,
            self._player,
        )
        self._picked()
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

    def _narrowed(self) -> None:
        self._limit = _PAGE
        self._clear()
        self.refresh()
        self._show_code()

    async def _read(self) -> None:
        self._turn += 1
        turn, given, history = self._turn, self._filters.given(), self.studio.history
        rows, tasks, matching, week, spent, under_way = await asyncio.to_thread(
            lambda: (
                rows_of(history.frame(**given, limit=self._limit)),
                history.records(**given, limit=self._limit),
                sum(history.count(**given).values()),
                history.count(since="7d"),
                rows_of(history.spending("service", since="7d")),
                sum(history.count(status=sorted(OPEN)).values()),
            )
        )
        # What was asked for later has the say.
        if self._closed or turn != self._turn:
            return
        now = datetime.now(UTC)
        here = (self.studio.service.profile.id, self.studio.endpoint)
        self._known |= {one.id: known(one) for one in tasks}
        self._table.empty = "Nothing here matches." if given else _EMPTY
        self._table.matching = matching
        self._table.show(
            [task_row(row, now, here=(row["service"], row["endpoint"]) == here) for row in rows], keep=True
        )
        (self._older.remove_class if len(rows) < matching else self._older.add_class)("voicenb-gone")
        self._filters.offer()
        self._picked()
        self._sum_up(week, spent, under_way)
        if under_way and self._live and not self._watching:
            self._watching = True
            self._start(self._watch())

    async def _watch(self) -> None:
        try:
            while not self._closed and await asyncio.to_thread(self._any_open):
                await self._read()
                await asyncio.sleep(_TICK)
        finally:
            self._watching = False
        await self._read()

    def _any_open(self) -> bool:
        return bool(self.studio.history.count(status=sorted(OPEN)))

    def _sum_up(self, week: dict[str, int], spent: list[dict[str, Any]], under_way: int) -> None:
        count = sum(week.values())
        sums = {(str(row["service"]), str(row["unit"]), row["endpoint"] == SANDBOX): Decimal(0) for row in spent}
        for row in spent:
            sums[str(row["service"]), str(row["unit"]), row["endpoint"] == SANDBOX] += row["spent_exact"]
        parts = [
            f"{count:,} tasks this week" if count != 1 else "1 task this week",
            f"{under_way} under way" if under_way else "",
            f"{week['unknown']} unknown" if week.get("unknown") else "",
            f"spent: {said}" if (said := spent_text(sums)) else "",
        ]
        self._tell(" · ".join(filter(None, parts)) if count else "")

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
            for one in self._bars.answers.values():
                # An answer that was given about another task is refused.
                one.renew()
            shown = next(row for row in self._table.rows if row["id"] == task)
            words, cost = shown["cells"]["text"]["text"], shown["cells"]["cost"]["text"]
            self._bars.ask(
                "settle",
                f"{cut(words, 60)!r}: no answer came, so nobody knows whether {cost} was charged. Look at the service's own "
                "list or balance, and say it here.",
            )
            self._show_code()

    def _settled(self, charged: bool | None, _: PageValues) -> None:
        """Settles the chosen unknown task by the reader's word; None leaves it."""
        self._clear()
        task = next((one for one in self.studio.tasks("unknown") if one.id == self._unsettled), None)
        self._close_bar()
        if charged is not None and task is not None:
            task.forget(charged=charged)
        self.refresh()

    def _close_bar(self) -> None:
        self._bars.close()
        self._unsettled, self._doomed = "", []
        self._show_code()

    def select_all(self) -> None:
        """Picks every task that is found, those that are not shown included."""

        async def pick() -> None:
            tasks = await asyncio.to_thread(lambda: self.studio.history.records(**self._filters.given()))
            self._known |= {one.id: known(one) for one in tasks}
            self._table.picked = list(dict.fromkeys([*self._table.picked, *(one.id for one in tasks)]))

        self._start(pick())

    def _picked(self) -> None:
        picked, playable = self._table.picked, len(self._playable())
        self._compare.disabled = not 2 <= playable <= _MOST_COMPARED
        self._compare.description = f"Compare {playable}" if playable > 1 else "Compare"
        self._compare.tooltip = (
            f"At most {_MOST_COMPARED} can be compared"
            if playable > _MOST_COMPARED
            else "Plays the selected ones against each other"
        )
        self._note.disabled = self._remove.disabled = not picked
        count = len(picked) or self._table.matching
        self._download.description = f"Download {count:,}" if count else "Download"
        self._download.disabled = not count
        if (self._bars.opened == "note" and not picked) or (self._bars.opened == "delete" and picked != self._doomed):
            self._close_bar()
        self._show_code()

    def _playable(self) -> list[str]:
        """The picked tasks that have a clip."""
        return [task for task in self._table.picked if task in self._known and self._known[task].playable]

    def compare(self) -> None:
        """Plays the picked tasks' clips against each other."""
        self._start(self._play(self._playable()))

    def _open_note(self) -> None:
        first = self._known.get(self._table.picked[0])
        self._bars.label.value, self._bars.remark.value = (first.label, first.note) if first else ("", "")
        self._bars.open("note")
        self._show_code()

    def annotate(self) -> None:
        """Keeps the label and the note that are written with the picked tasks."""
        self._annotate(KERNEL_VALUES)

    def _annotate(self, shown: PageValues) -> None:
        self._clear()
        picked = shown(self._table, "picked")
        if not shown.now and not self._known.keys() >= set(picked):
            raise PageOutdated(
                "Nothing was labelled: the table has changed since. Look at what is picked, and press again."
            )
        self.studio.history.annotate(*picked, **self._words(shown))
        self._close_bar()
        self.refresh()

    def _words(self, shown: PageValues = KERNEL_VALUES) -> dict[str, str]:
        return {"label": shown(self._bars.label).strip(), "note": shown(self._bars.remark).strip()}

    # -- deleting ----------------------------------------------------------------------------------------------

    def _open_delete(self) -> None:
        self._clear()
        self._doomed = list(self._table.picked)
        there = [self._known[one] for one in self._doomed if one in self._known]
        settled, sounds = [one for one in there if one.settled], sum(one.playable for one in there)
        if not settled:
            raise PageOutdated("Nothing here can be deleted: what is under way or unknown stays until it is settled.")
        sums: dict[tuple[str, str, bool], Decimal] = {}
        for one in settled:
            key = (one.service, one.unit, one.sandbox)
            sums[key] = sums.get(key, Decimal(0)) + (one.cost or 0)
        parts = [f"Delete {_tasks(len(settled))}" + (f" and {sounds:,} of their sounds?" if sounds else "?")]
        if said := spent_text(sums):
            parts.append(f"What they cost ({said}) is not given back, and leaves the books.")
        if stay := len(self._doomed) - len(settled):
            parts.append(f"{_tasks(stay).capitalize()} under way or unknown will stay.")
        parts.append("This cannot be undone.")
        self._bars.sure.description = f"Delete {len(settled):,}"
        self._bars.sure.renew()
        self._bars.ask("delete", " ".join(parts))
        self._show_code()

    def _deleted(self, shown: PageValues) -> None:
        self._clear()
        if set(shown(self._table, "picked")) != set(self._doomed):
            raise PageOutdated("Nothing was deleted: what is selected has changed since. Press Delete again.")
        doomed = [one for one in self._doomed if one in self._known and self._known[one].settled]
        self._close_bar()

        async def delete() -> None:
            count = await asyncio.to_thread(self.studio.history.delete, *doomed)
            gone = set(doomed)
            for one in gone:
                self._known.pop(one, None)
            self._table.picked = [one for one in self._table.picked if one not in gone]
            await self._read()
            self._tell(f"Deleted: {_tasks(count)}.", "good")

        self._start(delete())

    # -- files -------------------------------------------------------------------------------------------------

    def _show_books(self) -> None:
        self._books.show(self._books_shown.value)
        self._show_code()

    def _export(self, shown: PageValues) -> None:
        self._clear()
        path = self._books.export(shown(self._books.path), **self._filters.given(shown))
        self._tell(f"Written: {path}", "good")

    async def _make(self, choice: str) -> SavedFile:
        """What is picked, or else all that is found, as a file."""
        self._clear()
        picked = self._table.picked
        only: dict[str, Any] = {"ids": list(picked)} if picked else self._filters.given()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"history.{choice}"
            await asyncio.to_thread(self.studio.history.export, path, **only)
            content = await asyncio.to_thread(path.read_bytes)
        return SavedFile(saved_name("voicenb history", suffix=f".{choice}"), content, _MEDIA[choice])

    async def _play(self, tasks: list[str]) -> None:
        self._clear()
        clips = await asyncio.to_thread(lambda: [self.studio.history.clip(task) for task in tasks])
        old = self._player.children
        shown = player(clips[0]) if len(clips) == 1 else compared(clips)
        if len(clips) > 1:
            shown.on_star(self.refresh)
        self._player.children = (shown,)
        for one in old:
            close(one)
        where = _clips(tasks)
        await asyncio.to_thread(lambda: self._keep(clips[0] if len(clips) == 1 else shown.html(), where))

    def code(self) -> str:
        """The Python that reads the same."""
        given = self._filters.given()
        lines = [
            "import voicenb as vn",
            "",
            connect_line(self.studio),
            call_of("studio.history.frame", **given, limit=self._limit),
        ]
        if self._books_shown.value:
            lines += self._books.code(**given)
        if playable := self._playable():
            lines.append(_clips(playable))
        if self._bars.opened == "note":
            lines.append(
                call_of("studio.history.annotate", *(repr(task[:8]) for task in self._table.picked), **self._words())
            )
        if self._bars.opened == "delete":
            lines.append(call_of("studio.history.delete", *(repr(task) for task in self._doomed)))
        if self._unsettled:
            lines += [
                f"(task,) = [one for one in studio.tasks('unknown') if one.id.startswith({self._unsettled[:8]!r})]",
                "task.forget(charged=True)  # or False, by the service's own list or balance",
            ]
        return "\n".join(lines)


def _clips(tasks: list[str]) -> str:
    """The Python that plays one clip, or several against each other."""
    if len(tasks) == 1:
        return f"studio.history.clip({tasks[0][:8]!r})"
    return f"vn.compare([studio.history.clip(one) for one in {[task[:8] for task in tasks]!r}])"


def _tasks(count: int) -> str:
    return f"{count:,} {'task' if count == 1 else 'tasks'}"


def _nothing() -> None:
    """What there is to end where nothing was begun."""


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
