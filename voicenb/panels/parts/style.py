"""What the panels look like, and the helper in each that does for keyboards and screen readers what ipywidgets cannot."""

from __future__ import annotations

import uuid
from html import escape
from typing import Any

import ipywidgets as widgets
import traitlets

from voicenb.panels.page.assets import bundle, panel_styles
from voicenb.panels.page.light import lean
from voicenb.panels.page.scripts import Scripted

__all__ = ["PanelAssets", "bar", "button", "column", "heading", "lean", "line", "toned"]


class PanelAssets(Scripted):
    """Brings the style sheet, names what has no name for screen readers, and writes marks at the caret.

    It draws nothing and holds no data. With each press of a `voicenb.panels.parts.page_values.Press` it sends what the page shows; where anywidget's front end
    is missing, such a button says so and does nothing.
    """

    _esm = bundle("kept", "care")
    _css = panel_styles()
    name = traitlets.Unicode().tag(sync=True)
    """Distinguishes this panel's kept results from those of others."""
    watched: Any = traitlets.Dict().tag(sync=True)
    """What a press tells: attributes, by the control's id."""
    presses: Any = traitlets.List().tag(sync=True)
    """The ids of the buttons whose presses it sends."""
    wanted = traitlets.Unicode().tag(sync=True)
    """Not empty until a page has put the caret into the text; a trait, since the page may still have to draw the panel."""

    def focus_text(self) -> None:
        """Puts the caret into the text field, unless the reader has gone on to something else by then."""
        self.wanted = uuid.uuid4().hex[:8]

    def insert(self, mark: str) -> None:
        """Writes `mark` into the text field, at the caret."""
        self.send({"insert": mark})


def line(*names: str, value: str = "") -> Any:
    """A line of HTML that a panel writes to, with style classes ``voicenb-<name>``."""
    return lean(widgets.HTML, *names, value=value)


def button(text: str, tooltip: str = "", *names: str) -> Any:
    """A button with style classes ``voicenb-<name>``."""
    return lean(widgets.Button, *names, description=text, tooltip=tooltip)


def bar(*children: Any, names: tuple[str, ...] = ()) -> Any:
    """Children side by side, wrapping where it is narrow."""
    return lean(widgets.HBox, "bar", *names, children=children)


def column(*children: Any, names: tuple[str, ...] = ()) -> Any:
    """Children one below the other."""
    return lean(widgets.VBox, *names, children=children)


def heading(text: str) -> Any:
    """What a part of a panel is about."""
    return line("section", value=f'<div role="heading" aria-level="3">{escape(text)}</div>')


def toned(text: str, tone: str = "", *, title: str = "") -> str:
    """`text` as safe HTML in a tone (``bad``, ``amber``, ``good``, ``quiet``), or ""."""
    if not text:
        return ""
    name = f' class="voicenb-{tone}"' if tone else ""
    hover = f' title="{escape(title)}"' if title else ""
    return f'<div dir="auto"{name}{hover}>{escape(text)}</div>'
