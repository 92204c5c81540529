"""Controls that go on working while a cell awaits.

ipykernel 7 handles what a page sends while a cell awaits, but does not report that it is done with it; and ipywidgets sends the next
change of a control only after that report. What is typed a second time would then never arrive, not even after the cell.
So the report is sent here.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from voicenb.base.notebook import shell

__all__ = ["listen_while_awaiting"]


def listen_while_awaiting() -> None:
    """Lets this kernel report the end of each widget's message that it handles beside a cell; once a kernel, and nothing elsewhere."""
    kernel = getattr(shell(), "kernel", None)
    handlers = getattr(kernel, "shell_handlers", None)
    if kernel is None or handlers is None or isinstance(handlers.get("comm_msg"), _Reporting):
        return
    handlers["comm_msg"] = _Reporting(kernel, handlers["comm_msg"])


class _Reporting:
    """A kernel's handler of the messages of widgets, with the report after it."""

    def __init__(self, kernel: Any, handle: Any) -> None:
        self._kernel = kernel
        self._handle = handle

    def __call__(self, stream: Any, ident: Any, message: Any) -> Any:
        try:
            return self._handle(stream, ident, message)
        finally:
            if _beside_a_cell():
                # The kernel as a whole is still busy with the cell.
                for state in ("idle", "busy"):
                    self._kernel.session.send(
                        self._kernel.iopub_socket, "status", {"execution_state": state}, parent=message
                    )


def _beside_a_cell() -> bool:
    """Whether ipykernel handles the message in a task of its own because a cell awaits; only then it does not report."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    coroutine = task.get_coro() if task is not None else None
    return inspect.iscoroutine(coroutine) and inspect.getcoroutinelocals(coroutine).get("concurrent") is True
