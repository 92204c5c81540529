"""Whether a notebook's kernel runs this; asked without importing IPython where nobody has."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

__all__ = ["cell_thread", "find_cell", "in_notebook", "in_output_widget", "shell", "takes_widgets"]


def shell() -> Any:
    """IPython's shell, or None."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this, rather than a script or a terminal."""
    return getattr(shell(), "kernel", None) is not None


def takes_widgets() -> bool:
    """Whether a cell can show a widget: in a notebook, with the extra ``lab``."""
    return in_notebook() and find_spec("anywidget") is not None


def in_output_widget() -> bool:
    """Whether what is displayed now goes into an ipywidgets ``Output``, as in ``interact``, which ignores updates of displays."""
    module = sys.modules.get("ipywidgets.widgets.widget_output")
    if module is None or not in_notebook():
        return False
    find_cell()
    parent = (shell().get_parent() or {}).get("header", {}).get("msg_id")
    known = list(sys.modules["ipywidgets.widgets.widget"]._instances.values())  # noqa: SLF001 - the one list of them
    return bool(parent) and any(isinstance(one, module.Output) and one.msg_id == parent for one in known)


def find_cell() -> None:
    """Gives the calling thread the cell that runs, where it has none.

    ipykernel 7.0 keeps the cell that an output belongs to in context variables alone. In a thread that did not inherit them
    (a `threading.Thread`, an executor), displaying anything or moving a widget raises LookupError there.
    Later releases fall back to the running cell by themselves.
    """
    active = shell()
    kernel = getattr(active, "kernel", None)
    if kernel is None:
        return
    try:
        kernel.get_parent()
        active.display_pub.parent_header  # noqa: B018 - asked for the error
    except LookupError:
        # The streams know it in every thread. Their `parent_header` is not asked: it follows the thread's ancestors by their numbers,
        # which are used again, and never ends where that makes a circle.
        parent = {"header": getattr(sys.stdout, "_parent_header_global", {})}
        active.set_parent(parent)
        kernel._shell_parent.set(parent)  # noqa: SLF001 - ``set_parent`` would also change where answers to prompts go


def cell_thread(target: Callable[..., object], *args: Any, name: str) -> threading.Thread:
    """A daemon thread, not yet started, that shows and prints as the code that makes it would."""
    find_cell()
    return threading.Thread(target=contextvars.copy_context().run, args=(target, *args), name=name, daemon=True)
