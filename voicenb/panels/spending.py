"""What was spent, added up, and the history as a file."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.base.frames import rows_of
from voicenb.panels.base import call_of
from voicenb.panels.page.light import lean
from voicenb.panels.parts.formatting import amount, service_label
from voicenb.panels.parts.page_values import press
from voicenb.panels.parts.style import bar, line
from voicenb.tasks.session import SANDBOX

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.studio.studio import Studio

__all__ = ["Spending"]


class Spending:
    """A part of the history's panel: the sums, and the export.

    Attributes:
        by: What is added up by.
        path: Where the history is written to.
        save: Writes it.
        widget: All of them.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.by = lean(
            widgets.Dropdown,
            "short",
            description="Spent by",
            options=["day", "service", "voice", "label"],
            tooltip="What is added up by",
        )
        self.path = lean(
            widgets.Text,
            "tight",
            description="File",
            value="history.csv",
            tooltip="A path where the kernel runs, that ends in .csv, .json, .parquet or .zip",
        )
        self.save = press(
            "Export", "Writes the tasks that are found below to this file, where the kernel runs", "outlined"
        )
        self._sums = line("findings-line")
        self.widget = lean(
            widgets.VBox, "gone", children=[bar(self.by, line("grow"), self.path, self.save), self._sums]
        )

    def show(self, wanted: bool) -> None:
        """Opens or closes the books."""
        if wanted:
            self.draw()
            self.widget.remove_class("voicenb-gone")
        else:
            self.widget.add_class("voicenb-gone")

    def draw(self) -> None:
        """Adds up again."""
        self._sums.value = _table(self._studio.history.spending(self.by.value), self.by.value)

    def export(self, path: str, **only: Any) -> Path:
        """Writes the tasks to a file; the answer is where it is.

        Args:
            path: The file.
            only: What they are filtered by, as `voicenb.studio.history.History.frame` takes it.
        """
        return self._studio.history.export(path.strip(), **only).resolve()

    def code(self, **only: Any) -> list[str]:
        """The Python that does the same."""
        return [
            call_of("studio.history.spending", repr(self.by.value)),
            call_of("studio.history.export", repr(self.path.value.strip()), **only),
        ]


def _table(frame: pd.DataFrame, by: str) -> str:
    """The sums as a table, the sandbox's play money apart."""
    if frame.empty:
        return '<div class="voicenb-empty">Nothing was spent yet.</div>'
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(text)}</td>"
            for text in (
                str(row[by] if row[by] is not None else "–"),
                service_label(str(row["service"])),
                "sandbox: play money" if row["endpoint"] == SANDBOX else "live",
                f"{row['tasks']:,}",
                amount(row["spent_exact"], row["unit"]),
                f"{amount(row['reserved_exact'], row['unit'])} reserved" if row["reserved_exact"] else "",
            )
        )
        + "</tr>"
        for row in rows_of(frame)
    )
    head = "".join(f"<td>{name}</td>" for name in (by.capitalize(), "Service", "Where", "Tasks", "Spent", ""))
    return (
        f'<table class="voicenb-findings" aria-label="Spent by {by}"><thead class="voicenb-quiet"><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
