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
            ``vn-cut`` for text that ends in an ellipsis, ``vn-end`` for numbers, ``vn-spare`` for what a narrow panel leaves out, ``vn-wide`` for
            what only a wide one has) and ``sort`` (False: not sorted by).
        label: What the table is, for screen readers.
        empty: What it says without rows.
        pick: Whether rows can be picked.
        scroll: Whether it scrolls within a height of its own, so that what stands below stays in sight.
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
    scroll = traitlets.Bool(False).tag(sync=True)
    """Whether it scrolls within a height of its own."""
    matching = traitlets.Int().tag(sync=True)
    """How many rows there are altogether, shown or not; with more than are shown, all of them can be picked."""
    empty = traitlets.Unicode().tag(sync=True)
    """What is said without rows."""
    label = traitlets.Unicode().tag(sync=True)
    """What the table is."""

    def __init__(
        self, columns: Sequence[Mapping[str, Any]], *, label: str, empty: str, pick: bool = False, scroll: bool = False
    ) -> None:
        super().__init__(
            layout=shared_layout(),
            columns=[dict(column) for column in columns],
            label=label,
            empty=empty,
            pick=pick,
            scroll=scroll,
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

    def on_all(self, pick: Callable[[], None]) -> None:
        """Calls `pick` when all rows are to be picked, those that are not shown included."""
        self.on_msg(lambda _, content, __: pick() if content == {"all": True} else None)

    def show(self, rows: Sequence[Mapping[str, Any]], *, keep: bool = False) -> None:
        """Shows other rows.

        Args:
            rows: As the trait has them.
            keep: Whether picked rows stay picked that are not among them.
        """
        new = [dict(row) for row in rows]
        if new != self.rows:
            self.rows = new
        there = {row["id"] for row in new}
        if not keep and any(one not in there for one in self.picked):
            self.picked = [one for one in self.picked if one in there]
