"""What stands beside and below a control: one widget for its unit, its way back, its remark and its count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from voicenb.panels.page.assets import script
from voicenb.panels.page.light import shared_layout
from voicenb.panels.page.scripts import Scripted

__all__ = ["Foot"]


class Foot(Scripted):
    """Its text is drawn as text, but for `value` and `count`, which are HTML that `voicenb.panels.parts.style.toned` has escaped."""

    _esm = script("foot")

    value = traitlets.Unicode().tag(sync=True)
    """What is wrong with the field, or ""."""
    count = traitlets.Unicode().tag(sync=True)
    """How long a text is."""
    unit = traitlets.Unicode().tag(sync=True)
    """The parameter's unit."""
    unit_shown = traitlets.Bool(True).tag(sync=True)
    """Whether the unit is in sight."""
    reset = traitlets.Unicode().tag(sync=True)
    """What stands on the button that brings the default back."""
    reset_title = traitlets.Unicode().tag(sync=True)
    """What it says when it is hovered over."""
    changed = traitlets.Bool().tag(sync=True)
    """Whether that button is in sight."""

    def __init__(self, on_reset: Callable[[], object], **traits: Any) -> None:
        """A foot.

        Args:
            on_reset: Called when the button is pressed.
            traits: Its traits.
        """
        super().__init__(layout=shared_layout(), **traits)
        self._on_reset = on_reset
        self.on_msg(self._on_message)

    def __repr__(self) -> str:
        return f"<Foot {self.reset_title!r}>"

    def set(self, **traits: Any) -> None:
        """Changes several traits with one message."""
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)

    def _on_message(self, _: object, content: Any, __: object) -> None:
        if content == {"reset": True}:
            self._on_reset()
