"""What came of a study, in a panel: what every factor does to every measure, and the clips beside each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.base.lines import shortened
from voicenb.errors import InvalidRequest
from voicenb.panels.fields.field import switch_class
from voicenb.panels.form import without_warnings
from voicenb.panels.page.light import lean
from voicenb.panels.parts.formatting import close
from voicenb.panels.parts.style import bar, line, toned
from voicenb.panels.parts.table import Table
from voicenb.panels.study_listening import StudyListening
from voicenb.study.comparing import parameters_first
from voicenb.study.design import CROSSED

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.study.study import Study

__all__ = ["StudyResults"]

_TONES = {"changes": "good", "no change": "", "cannot tell": "quiet"}
_COLUMNS = (
    {"key": "verdict", "label": "Verdict"},
    {"key": "factor", "label": "Factor"},
    {"key": "measure", "label": "Measure"},
    {"key": "level", "label": "Level", "name": "vn-spare"},
    {"key": "difference", "label": "Difference", "name": "vn-end"},
    {"key": "interval", "label": "95 % interval", "name": "vn-end"},
)


class StudyResults:
    """The effects as a table, the verdict first, and the comparison below.

    Args:
        start: Runs a coroutine in the background, with its errors shown.
        on: Makes a callback of a control out of a call, so that its errors are shown.

    Attributes:
        effects: The table.
        rows, columns: What goes down and what goes across.
        listening: The blind test and the report.
        widget: All of it.
    """

    def __init__(
        self,
        *,
        start: Callable[[Coroutine[Any, Any, None]], None],
        on: Callable[[Callable[[], object]], Callable[[object], None]],
    ) -> None:
        self._start = start
        self._study: Study | None = None
        self._drawing = False
        self._shown = 0
        self._note = line("status", "live")
        self.effects = Table(_COLUMNS, label="What each factor does", empty="")
        self._table = lean(widgets.VBox, "scroll", children=[self.effects])
        self.rows, self.columns = (
            lean(widgets.Dropdown, description=name, tooltip=f"The factor whose levels are the {name.lower()}")
            for name in ("Rows", "Columns")
        )
        for one in (self.rows, self.columns):
            one.add_class("voicenb-short")
            one.observe(on(self._turn), "value")
        self._player = lean(widgets.VBox)
        self.listening = StudyListening(on=on)
        self.widget = lean(
            widgets.VBox,
            "gone",
            "results",
            children=[self._note, self._table, bar(self.rows, self.columns), self._player, self.listening.widget],
        )

    async def show(self, study: Study) -> None:
        """Shows what came of a study: measures what was not measured, and compares."""
        self._study = study
        self._shown += 1
        mine = self._shown
        self.widget.remove_class("voicenb-gone")
        self._note.value = toned("measuring the clips", "quiet")
        self._offer(study)
        self._compare()
        self.listening.show(study)
        try:
            effects = await asyncio.to_thread(without_warnings, study.effects)
        except (InvalidRequest, ValueError) as error:
            if mine == self._shown:
                self.effects.show([])
                switch_class(self._table, "gone", True)
                self._note.value = toned(f"There is no table of effects: {error}", "amber")
            return
        if mine != self._shown:
            return
        self.effects.show(_table(effects))
        switch_class(self._table, "gone", effects.empty)
        self._note.value = toned(*_sentence(effects))

    def _offer(self, study: Study) -> None:
        """The factors that can go down and across."""
        many = [one.name for one in study.design.factors if len(one.levels) > 1]
        many += ["take"] if study.design.takes > 1 else []
        options = [(name.replace("_", " "), name) for name in parameters_first(many)]
        if options == list(self.rows.options):
            return
        self._drawing = True
        try:
            self.columns.options = self.rows.options = options
            self.columns.index = 0 if many else None
            self.rows.index = min(1, len(many) - 1) if many else None
        finally:
            self._drawing = False

    def _turn(self) -> None:
        if not self._drawing:
            self._compare()

    @property
    def arguments(self) -> dict[str, str]:
        """What `Study.compare` is called with."""
        chosen = {"rows": self.rows.value, "columns": self.columns.value}
        if chosen["rows"] == chosen["columns"]:
            del chosen["rows"]
        return {name: factor for name, factor in chosen.items() if factor is not None}

    def _compare(self) -> None:
        if self._study is None:
            return
        old = self._player.children
        self._player.children = (self._study.compare(**self.arguments),)
        for one in old:
            close(one)


def _sentence(effects: pd.DataFrame) -> tuple[str, str]:
    """How many verdicts there are of each kind; the tone."""
    if effects.empty:
        return "No factor has two levels, so there is nothing to hold against each other.", "amber"
    counts = effects["verdict"].value_counts()
    said = [f"{counts.get(verdict, 0)} × {verdict}" for verdict in _TONES if counts.get(verdict, 0)]
    return (
        f"{' · '.join(said)}: {effects['factor'].nunique()} factors, {effects['measure'].nunique()} measures",
        "quiet",
    )


def _table(effects: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of the table: what changes comes first, then what surely does not."""
    order = list(_TONES)
    records: list[Any] = effects.to_dict("records")
    # What a text does is no news; what a parameter does is what was asked.
    records.sort(key=lambda row: (order.index(row["verdict"]), row["factor"] in CROSSED))
    return [_row(number, row, order.index(row["verdict"])) for number, row in enumerate(records)]


def _row(number: int, row: Mapping[str, Any], rank: int) -> dict[str, Any]:
    unit = f" {row['unit']}" if row["unit"] else ""
    known = isfinite(row["estimate"])
    bounded = isfinite(row["low"]) and isfinite(row["high"])
    return {
        "id": str(number),
        "label": f"{row['factor']}, {row['measure']}",
        "cells": {
            "verdict": {"text": row["verdict"], "order": rank, "tone": _TONES[row["verdict"]]},
            "factor": {"text": str(row["factor"])},
            "measure": {"text": str(row["measure"]).replace("_", " "), "title": f"no change: {row['margin']}"},
            "level": {"text": shortened(str(row["level"]), 18), "title": str(row["level"])},
            "difference": {
                "text": f"{_number(row['estimate'], sign=True)}{unit}" if known else "–",
                "order": abs(row["estimate"]) if known else -1,
            },
            "interval": {
                "text": f"{_number(row['low'])} to {_number(row['high'])}" if bounded else "–",
                "title": f"p after Holm: {row['p_holm']:.2g}" if isfinite(row["p_holm"]) else "",
            },
        },
    }


def _number(value: float, *, sign: bool = False) -> str:
    return f"{value:{'+' if sign else ''}.3g}".replace("-", "−")
