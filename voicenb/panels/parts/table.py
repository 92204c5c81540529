"""A table in a panel: sorted, picked from, and with buttons in its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from voicenb.panels.page.assets import script
from voicenb.panels.page.light import shared_layout
from voicenb.panels.page.scripts import Scripted

__all__ = ["Table"]


class Table(Scripted):
    """Rows of text, drawn by one widget whatever their number.

    Args:
        columns: Each has a ``key`` and a ``label``, and may have ``name`` (style classes: ``vn-long`` for text that wraps, ``vn-some`` for little of it,
            ``vn-end`` for numbers, ``vn-spare`` for what a narrow panel leaves out) and ``sort`` (False: not sorted by).
        label: What the table is, for screen readers.
        empty: What it says without rows.
        pick: Whether rows can be picked.
    """

    _esm = script("table")

    columns: Any = traitlets.List().tag(sync=True)
    """The columns, from left to right."""
    rows: Any = traitlets.List().tag(sync=True)
    """The rows: ``id``, ``label`` (for screen readers), ``pick`` and ``cells``, which maps a column's key to ``text``, ``order``
    (what is sorted by), ``title``, ``tone`` or ``acts``."""
    picked: Any = traitlets.List().tag(sync=True)
    """The ids of the picked rows, in the order in which they were picked."""
    pick = traitlets.Bool(False).tag(sync=True)
    """Whether rows can be picked."""
    empty = traitlets.Unicode().tag(sync=True)
    """What is said without rows."""
    label = traitlets.Unicode().tag(sync=True)
    """What the table is."""

    def __init__(self, columns: Sequence[Mapping[str, Any]], *, label: str, empty: str, pick: bool = False) -> None:
        super().__init__(
            layout=shared_layout(), columns=[dict(column) for column in columns], label=label, empty=empty, pick=pick
        )

    def __repr__(self) -> str:
        return f"<Table {self.label!r}, {len(self.rows)} rows>"

    def on_act(self, act: Callable[[str, str], None]) -> None:
        """Calls ``act(name, id)`` when the button `name` in the row `id` is pressed."""

        def received(_: object, content: object, __: object) -> None:
            # What comes from a page is not believed: the row has to be one that is shown.
            if isinstance(content, dict) and any(row["id"] == content.get("id") for row in self.rows):
                act(str(content.get("act")), str(content["id"]))

        self.on_msg(received)

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Shows other rows; what is no longer there is no longer picked."""
        new = [dict(row) for row in rows]
        if new != self.rows:
            self.rows = new
        there = {row["id"] for row in new}
        if any(one not in there for one in self.picked):
            self.picked = [one for one in self.picked if one in there]
