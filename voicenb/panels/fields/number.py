"""`Number`: a number that is slid to or typed, and that is never changed silently."""

from __future__ import annotations

import math
import re
from typing import Any

import traitlets

from voicenb.errors import InvalidRequest
from voicenb.panels.page.assets import script
from voicenb.panels.page.light import shared_layout
from voicenb.panels.page.scripts import Scripted
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageValues

__all__ = ["Number", "log_stops", "number_of"]

_STOPS_A_DECADE = 40
_DECADES = 2


class Number(Scripted):
    """A label, a slider, and a field that shows the same number.

    What is typed stays as it is typed, also where it is out of range or no number: whoever reads it says so.
    """

    _esm = script("number")
    told_by_press = ("value",)

    value = traitlets.Union([traitlets.Int(), traitlets.Float(), traitlets.Unicode()]).tag(sync=True)
    """The number, or the text that was typed and is none."""
    min = traitlets.Float().tag(sync=True)
    """Where the slider begins."""
    max = traitlets.Float().tag(sync=True)
    """Where it ends."""
    step = traitlets.Float(1.0).tag(sync=True)
    """From one of its stops to the next."""
    stops: Any = traitlets.List().tag(sync=True)
    """All its stops, where they are not equally far from each other."""
    places = traitlets.Int().tag(sync=True)
    """How many decimals are shown at least."""
    unit = traitlets.Unicode().tag(sync=True)
    """Its unit, for screen readers; it may be typed behind the number, too."""
    slider = traitlets.Bool(True).tag(sync=True)
    """Whether there is a slider beside the field."""
    description = traitlets.Unicode().tag(sync=True)
    """Its label."""
    tooltip = traitlets.Unicode().tag(sync=True)
    """What it says when it is hovered over."""

    def __init__(self, *names: str, whole: bool = False, **traits: Any) -> None:
        """A number.

        Args:
            names: Style classes ``voicenb-<name>``.
            whole: Whether it is a whole number.
            traits: Its traits.
        """
        self.whole = whole
        super().__init__(layout=shared_layout(), _dom_classes=tuple(f"voicenb-{name}" for name in names), **traits)
        self.observe(self._tidied, "value")

    def __repr__(self) -> str:
        return f"<Number {self.description!r}: {self.value!r}>"

    def _tidied(self, change: Any) -> None:
        """A number that was typed with its unit, or by the custom of another language, is shown as a number."""
        made = self.read()
        if isinstance(change.new, str) and not isinstance(made, str) and self.min <= made <= self.max:
            self.value = made
        if not self.slider:
            # No form around it marks it.
            (self.add_class if self.problem() else self.remove_class)("voicenb-invalid")

    def read(self, shown: PageValues = KERNEL_VALUES) -> Any:
        """The number as it is shown; text that is none stays text."""
        found = shown(self)
        if isinstance(found, str):
            return number_of(found, whole=self.whole, unit=self.unit)
        return int(found) if self.whole and found == int(found) else round(found, 6)

    def problem(self, shown: PageValues = KERNEL_VALUES) -> str:
        """What is wrong with what is shown, as a sentence, for a number that no request judges; "" where nothing is."""
        value = self.read(shown)
        if not isinstance(value, str) and self.min <= value <= self.max and not (self.whole and value != int(value)):
            return ""
        given = (repr(value) if value.strip() else "nothing") if isinstance(value, str) else f"{value:g}"
        noun = "a whole number" if self.whole else "a number"
        return f"{self.description}: allowed is {noun} from {self.min:g} to {self.max:g}; given: {given}."

    def checked(self, shown: PageValues = KERNEL_VALUES) -> Any:
        """The number as it is shown.

        Raises:
            InvalidRequest: It is none, or out of its range.
        """
        if problem := self.problem(shown):
            raise InvalidRequest(problem)
        return self.read(shown)


def number_of(text: str, *, whole: bool, unit: str = "") -> int | float | str:
    """What was typed as a number, perhaps with its unit; what is none stays text, so that the request says what is allowed."""
    said = text.strip().replace("−", "-").replace(",", ".")
    if unit:
        said = re.sub(rf"\s*{re.escape(unit)}$", "", said, flags=re.IGNORECASE)
    if unit == "×":
        said = re.sub(r"\s*x$", "", said)
    try:
        number = float(said)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    if whole and number == int(number):
        return int(number)
    return number


def log_stops(low: float, high: float) -> list[float]:
    """The stops of a slider over two decades or more: as many in each, two digits each; none for a smaller range.

    Args:
        low: Where the range begins.
        high: Where it ends.
    """
    if low <= 0 or high / low < 10**_DECADES * (1 - 1e-9):
        return []
    count = round(math.log10(high / low) * _STOPS_A_DECADE)
    between = (low * (high / low) ** (at / count) for at in range(1, count))
    return list(dict.fromkeys([low, *(float(f"{one:.2g}") for one in between), high]))
