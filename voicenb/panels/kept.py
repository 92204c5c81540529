"""Results that outlive their panel: static HTML in the outputs of the cell that shows the panel.

A widget is gone when its notebook is opened without its kernel. So each result that a panel shows is also published as an output of
its own, which nbconvert keeps and a reader without a kernel can play. While the panel is alive, its style sheet hides these
copies, because the same results stand inside it.
"""

from __future__ import annotations

import contextvars
import threading
from html import escape
from typing import Any

from voicenb.notebook import in_notebook, shell

__all__ = ["MAX_KEPT", "Kept"]

MAX_KEPT = 12_000_000
"""The most bytes of HTML that one panel leaves in a notebook; beyond it a result leaves a line that says where it is."""


class Kept:
    """Publishes into the cell in which it was made, also after that cell has ended.

    Args:
        name: Distinguishes this panel's copies from those of others.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = MAX_KEPT
        self._there: set[str] = set()
        # The kernel's displays belong to the cell whose context they run in, and here is that context.
        self._context = contextvars.copy_context() if _display() is not None else None
        self._lock = threading.Lock()

    def keep(self, bundle: dict[str, Any], *, where: str) -> None:
        """Leaves a result in the notebook, once.

        Args:
            bundle: Its static forms by media type; at least ``text/html`` and ``text/plain``.
            where: The line of Python that finds it again, which tells results apart, and is said where there is no more room.
        """
        show = _display()
        if self._context is None or show is None:
            return
        html = str(bundle.get("text/html", ""))
        with self._lock:
            if where in self._there:
                return
            self._there.add(where)
            if len(html) > self._left:
                html = f"<div>This notebook has no more room for sound; it is found again by <code>{escape(where)}</code>.</div>"
            self._left -= len(html)
            data = {
                "text/html": f'<div class="voicenb-kept-{self._name}">{html}</div>',
                "text/plain": bundle["text/plain"],
            }
            # A copy each time: a context cannot be entered twice at once.
            self._context.copy().run(show, data, raw=True)


def _display() -> Any:
    """IPython's display in a kernel whose outputs find their cell by context (ipykernel 7), else None."""
    if not in_notebook() or not hasattr(shell().display_pub, "set_thread_parent"):
        return None
    from IPython.display import display

    return display
