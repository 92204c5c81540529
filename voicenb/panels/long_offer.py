"""The offer to say a text that is too long in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.panels.fields.field import switch_class
from voicenb.panels.form import Remark
from voicenb.panels.page.light import lean
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageValues
from voicenb.studio.spoken import longest_text

if TYPE_CHECKING:
    from voicenb.services.base import ServiceRequest

__all__ = ["LongOffer"]


class LongOffer:
    """A box to tick that is seen where a text is longer than the service takes.

    Args:
        kind: The request whose limit it is.

    Attributes:
        control: The box.
    """

    def __init__(self, kind: type[ServiceRequest]) -> None:
        self._kind = kind
        self.control: Any = lean(
            widgets.Checkbox, "short", "gone",
            description="Say it in parts, split at sentences", indent=False,
            tooltip="Each part is paid for as a task of its own, and all are joined into one clip",
        )  # fmt: skip

    def look(self, text: str, remarks: Sequence[Remark]) -> list[Remark]:
        """Shows or hides the box, and gives what is still to be said: where it is ticked, the parts are checked when they are priced."""
        switch_class(self.control, "gone", not self._is_too_long(text))
        return [one for one in remarks if one.field != "text" or not self.wanted(text)]

    def wanted(self, text: str, shown: PageValues = KERNEL_VALUES) -> bool:
        """Whether a text is to be said in parts."""
        return self._is_too_long(text) and bool(shown(self.control))

    def _is_too_long(self, text: str) -> bool:
        most = longest_text(self._kind)
        return most is not None and len(text) > most
