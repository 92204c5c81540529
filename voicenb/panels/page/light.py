"""Widgets that cost the page one message each.

ipywidgets opens a layout and a style for each control, and sends each trait that is set afterwards in a message of its own. Here they
share one layout and one style of each kind, and have their classes from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import ipywidgets as widgets

__all__ = ["lean", "shared_layout"]

W = TypeVar("W")

_SHARED: dict[type, Any] = {}


def shared_layout() -> Any:
    """The layout of all controls of all panels; the style sheet says how wide they are. It is never changed."""
    return _shared(widgets.Layout)


def _shared(kind: type) -> Any:
    found = _SHARED.get(kind)
    # Somebody may have closed all widgets of the kernel.
    if found is None or found.comm is None:
        found = _SHARED[kind] = kind()
    return found


def lean(kind: Callable[..., W], *names: str, **traits: Any) -> W:
    """A widget with style classes ``voicenb-<name>``, and with the layout and the style that it shares with all of its kind.

    Args:
        kind: A class of ipywidgets.
        names: Names of classes.
        traits: What it is made with. What is given here costs no message of its own.
    """
    if (style := _style_of(kind)) is not None:
        traits.setdefault("style", _shared(style))
    classes = tuple(f"voicenb-{name}" for name in names)
    return kind(layout=shared_layout(), _dom_classes=classes, **traits)


def _style_of(kind: Any) -> type | None:
    """The class of a control's style."""
    trait = kind.class_traits().get("style")
    return getattr(trait, "klass", None)
