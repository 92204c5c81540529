"""Results that outlive their panel: static HTML in the outputs of the cell that shows the panel.

A widget is gone when its notebook is opened without its kernel. So each result that a panel shows is also published as an output of
its own, which nbconvert keeps and a reader without a kernel can play. While the panel is alive, its style sheet hides these
copies, because the same results stand inside it.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from html import escape
from typing import Any

from voicenb.base.notebook import cell_thread, find_cell, in_notebook, shell

__all__ = ["MOST_STATIC_BYTES", "StaticOutput"]

MOST_STATIC_BYTES = 12_000_000
"""The most bytes of HTML that one panel leaves in a notebook; beyond it a result leaves a line that says where it is."""


class StaticOutput:
    """Publishes into the cell in which it was made, also after that cell has ended.

    Args:
        name: Distinguishes this panel's copies from those of others.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = MOST_STATIC_BYTES
        self._there: set[str] = set()
        # ipykernel 7 finds the cell of what is displayed in the context that it runs in; 6 knows the last cell only.
        find_cell()
        self._context = contextvars.copy_context()
        self._cell: Any = getattr(shell().display_pub, "parent_header", None) if in_notebook() else None
        self._lock = threading.Lock()

    def keep_behind(self, make: Callable[[], str], *, where: str, quiet: Callable[[], object] = lambda: None) -> None:
        """Leaves HTML behind what the cell shows.

        Where a person may be at the page, it is made in a thread, since what it stands for asks the kernel for its sound at once; else before
        the cell is done, because whoever runs a notebook as a whole does not wait for what comes later.

        Args:
            make: Makes it; nothing is left where it is empty.
            where: As in `keep`.
            quiet: Called in that thread before; returns when there is time for it.
        """
        if self._cell is None:
            return
        events = shell().events

        def leave() -> None:
            if html := make():
                self.keep({"text/html": str(html), "text/plain": where}, where=where)

        def later() -> None:
            quiet()
            leave()

        def shown() -> None:
            events.unregister("post_execute", shown)
            if (shell().get_parent() or {}).get("content", {}).get("allow_stdin"):
                cell_thread(later, name="voicenb-copy").start()
            else:
                leave()

        events.register("post_execute", shown)

    def keep(self, bundle: dict[str, Any], *, where: str) -> None:
        """Leaves a result in the notebook, once.

        Args:
            bundle: Its static forms by media type; at least ``text/html`` and ``text/plain``.
            where: The line of Python that finds it again, which tells results apart, and is said where there is no more room.
        """
        if self._cell is None:
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
            self._context.copy().run(self._show, data)

    def _show(self, data: dict[str, str]) -> None:
        publisher = shell().display_pub
        if publisher.parent_header == self._cell:
            publisher.publish(data)
        else:
            content = {"data": data, "metadata": {}, "transient": {}}
            publisher.session.send(
                publisher.pub_socket, "display_data", content, parent={"header": self._cell}, ident=publisher.topic
            )
