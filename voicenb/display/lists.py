"""Plain lists and frames in a cell: how those are shown that hold sounds."""

from __future__ import annotations

import re
import uuid
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from voicenb.base.notebook import shell

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_html", "show_lists"]

_told: weakref.WeakSet[Any] = weakref.WeakSet()
# Where pandas says that its frames are: before 3.0, and since.
_FRAMES = (("pandas.core.frame", "DataFrame"), ("pandas", "DataFrame"))


def show_lists(draw: Callable[[list[Any]], str | None], cell: Callable[[object], Callable[[], str] | None]) -> None:
    """Has the shell that runs, if there is one, show lists and frames with sounds as players, from now on.

    What others have registered for lists and frames goes on for those without sounds.

    Args:
        draw: The HTML of a list, or None for one that is shown as ever.
        cell: What makes the HTML of a value in a frame, or None for one that is shown as ever.
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
    earlier: list[Callable[[Any], str | None]] = []

    def framed(frame: pd.DataFrame) -> str | None:
        return frame_html(frame, cell, earlier[0] if earlier else lambda one: one._repr_html_())

    for module, name in _FRAMES:
        there = formatter.for_type_by_name(module, name, framed)
        if there is not None:
            earlier.append(there)


def frame_html(
    frame: pd.DataFrame,
    cell: Callable[[object], Callable[[], str] | None],
    plain: Callable[[Any], str | None],
) -> str | None:
    """A frame as `plain` draws it, with its sounds as players.

    pandas escapes what stands in a cell, so it is given marks, and the players take their places.

    Args:
        frame: The frame.
        cell: As in `show_lists`.
        plain: What draws a frame without sounds.
    """
    nonce = uuid.uuid4().hex[:8]
    players: list[Callable[[], str]] = []

    def marked(value: object) -> object:
        player = cell(value)
        if player is None:
            return value
        players.append(player)
        return f"voicenb-{nonce}-{len(players) - 1}-"

    shown = None
    for place, kind in enumerate(frame.dtypes):
        if str(kind) == "object" and any(cell(value) is not None for value in frame.iloc[:, place]):
            shown = frame.copy() if shown is None else shown
            shown.isetitem(place, [marked(value) for value in frame.iloc[:, place]])
    html = plain(frame if shown is None else shown)
    if html is None or shown is None:
        return html
    # Rows that pandas leaves out have no mark, and their sound is not encoded.
    return re.sub(rf"voicenb-{nonce}-(\d+)-", lambda mark: players[int(mark[1])](), html)
