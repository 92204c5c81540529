"""Scripts and style sheets that go to the page once, whatever the number of widgets that need them."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import traitlets

from voicenb.display.html import import_lab
from voicenb.panels.page.assets import pieces, script

__all__ = ["Script", "Scripted"]

_SENT: dict[str, Script] = {}


class Script(widgets.Widget):  # type: ignore[misc]  # ipywidgets has no types
    """A piece of script or style, which widgets name by its id."""

    source = traitlets.Unicode().tag(sync=True)
    """Its text."""

    def __repr__(self) -> str:
        return f"<Script of {len(self.source):,} characters>"


class Scripted(import_lab("anywidget").AnyWidget):  # type: ignore[misc]  # anywidget ships no types that mypy may follow
    """A widget whose ``_esm`` and ``_css`` go to the page once for all widgets of the kernel.

    Both are made by `voicenb.panels.page.assets`. In their place the page gets a few lines that find the pieces, so that a saved
    notebook holds them once, too.
    """

    _scripts = traitlets.Tuple().tag(sync=True, **widgets.widget_serialization)
    _sheets = traitlets.Tuple().tag(sync=True, **widgets.widget_serialization)

    def __init__(self, **traits: Any) -> None:
        whole, styles = (str(getattr(type(self), name, "")) for name in ("_esm", "_css"))
        super().__init__(_scripts=_sent(script("load")) + _sent(whole), _sheets=_sent(styles), **traits)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The state as it is sent and saved: without the scripts themselves."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        return state | {name: short for name, short in (("_esm", script("widget")), ("_css", "")) if name in state}


def _sent(whole: str) -> tuple[Script, ...]:
    """The pieces of a text, each of which is sent to the page when it is first needed."""
    found = []
    for name, text in pieces(whole):
        one = _SENT.get(name)
        # Somebody may have closed all widgets of the kernel.
        if one is None or one.comm is None:
            one = _SENT[name] = Script(source=text)
        found.append(one)
    return tuple(found)
