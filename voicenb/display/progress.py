"""`Progress`: the quiet line while a call waits."""

from __future__ import annotations

import sys
import threading
import time
from html import escape
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

from voicenb.base.notebook import cell_thread, find_cell, in_notebook, in_output_widget
from voicenb.display.html import QUIET, import_lab

__all__ = ["Progress", "ProgressMode", "time_text"]

ProgressMode: TypeAlias = Literal["cell", "bar", "none"]

_TICK = 0.25
"""Seconds between two drawings: an eye reads no faster, and each is a message to the browser."""


def time_text(seconds: float) -> str:
    """A length of time as a person says it: ``"40 s"``, ``"3 min"``, ``"2 h 10 min"``."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes and hours < 24 else f"{hours:,} h"


class _WidgetLine:
    """The line as a widget, which changes also where displays cannot be updated."""

    def __init__(self, bundle: dict[str, str]) -> None:
        self.widget: Any = import_lab("ipywidgets").HTML(bundle["text/html"])

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        """As of IPython's handle of a display."""
        assert raw
        self.widget.value = bundle["text/html"]


class Progress:
    """One quiet line while a call waits: what, in which state, since when, for how much.

    In a notebook's cell the line is one display that is drawn again (in an ``Output`` widget, which ignores that, a widget); its last form carries no time, so that a notebook that is
    run again is the same. In a shell that asks for it, it is a bar on stderr. Scripts show nothing. `update` and `done` may
    be called from any thread.

    Args:
        label: What is waited for, such as "speaking as ash".
        mode: ``"cell"``, ``"bar"`` or ``"none"``; None finds out: a cell in a notebook, else nothing.
    """

    def __init__(self, label: str, *, mode: ProgressMode | None = None) -> None:
        self.label = label
        self.mode: ProgressMode = mode or ("cell" if in_notebook() else "none")
        self._state, self._cost, self._summary = "", "", ""
        self._fraction: float | None = None
        self._started = 0.0
        self._handle: Any = None
        self._bar: Any = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None
        self._drawn: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        if self.mode == "cell":
            display = import_lab("IPython.display")
            find_cell()
            if in_output_widget():
                self._handle = _WidgetLine(self._bundle(self._line()))
                display.display(self._handle.widget)
            else:
                self._handle = display.display(self._bundle(self._line()), raw=True, display_id=True)
        elif self.mode == "bar" and sys.stderr is not None and not sys.stderr.closed:
            from tqdm import tqdm

            self._bar = tqdm(
                total=1.0,
                desc=self.label,
                file=sys.stderr,
                leave=True,
                bar_format="{desc}  {bar:24}  {elapsed}{postfix}",
            )
        if self._handle is not None or self._bar is not None:
            self._ticker = cell_thread(self._tick, name="voicenb-progress")
            self._ticker.start()
        return self

    def update(self, state: str, *, cost: str = "", fraction: float | None = None) -> None:
        """Say how far it is; drawn within a quarter of a second.

        Args:
            state: The task's status, in a word or two.
            cost: The price with its unit.
            fraction: What is done, 0–1, where the service says so.
        """
        with self._lock:
            self._state, self._cost, self._fraction = state, cost, fraction

    def done(self, summary: str) -> None:
        """The line that stays, without any time of day or duration."""
        with self._lock:
            self._summary = summary

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._ticker is not None:
            self._ticker.join()
        with self._lock:
            ended = "interrupted" if kind is KeyboardInterrupt else "stopped" if kind else self._state
            summary = self._summary or ended
        if self._handle is not None:
            self._handle.update(self._bundle(" · ".join(part for part in (self.label, summary) if part)), raw=True)
        if self._bar is not None:
            if kind is None:
                self._bar.n = 1.0
            self._bar.set_postfix_str(summary, refresh=True)
            self._bar.close()

    def _tick(self) -> None:
        while not self._stop.wait(_TICK):
            with self._lock:
                line, fraction, parts = self._line(), self._fraction, (self._state, self._cost)
            if self._bar is not None:
                if fraction is not None:
                    self._bar.n = min(max(fraction, 0.0), 1.0)
                self._bar.set_postfix_str(", ".join(part for part in parts if part), refresh=True)
            elif (line,) != self._drawn:
                self._drawn = (line,)
                self._handle.update(self._bundle(line), raw=True)

    def _line(self) -> str:
        elapsed = time.monotonic() - self._started
        done = f"{self._fraction:.0%}" if self._fraction is not None else ""
        # The first second needs no clock.
        since = f"{elapsed:.0f} s" if elapsed >= 1 else ""
        return " · ".join(part for part in (self.label, self._state, done, since, self._cost) if part)

    @staticmethod
    def _bundle(line: str) -> dict[str, str]:
        return {
            "text/plain": line,
            "text/html": f'<div role="status" style="{QUIET};font-variant:tabular-nums">{escape(line)}</div>',
        }
