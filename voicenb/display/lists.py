"""Plain lists in a cell: how a list is shown whose elements are all of one kind."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from voicenb.base.notebook import shell

__all__ = ["show_lists"]

_told: weakref.WeakSet[Any] = weakref.WeakSet()


def show_lists(draw: Callable[[list[Any]], str | None]) -> None:
    """Has the shell that runs, if there is one, ask `draw` for the HTML of each list at the end of a cell, from now on.

    What others have registered for lists goes on for those that `draw` leaves alone.

    Args:
        draw: HTML, or None for a list that is shown as ever.
    """
    active = shell()
    if active is None or active in _told:
        return
    _told.add(active)
    formatter = active.display_formatter.formatters["text/html"]

    def shown(found: list[Any]) -> str | None:
        html = draw(found)
        return before(found) if html is None and before is not None else html

    before: Callable[[list[Any]], str | None] | None = formatter.for_type(list, shown)
