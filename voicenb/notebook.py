"""Whether a notebook's kernel runs this; asked without importing IPython where nobody has."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

__all__ = ["in_notebook", "shell", "takes_widgets"]


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
