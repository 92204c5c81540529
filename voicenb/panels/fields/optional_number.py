"""The control for a switch that may carry a number, such as compact mode with the longest silence that stays."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from voicenb.panels.fields.field import Field, switch_class
from voicenb.panels.fields.number import number_of
from voicenb.panels.page.light import lean
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageValues
from voicenb.services.base import Parameter

__all__ = ["OptionalNumberField"]


class OptionalNumberField(Field):
    """A switch, and beside it a number in the parameter's unit, which may be left to the service."""

    def __init__(self, one: Parameter) -> None:
        self._limit = lean(
            widgets.Text, "limit", description=f"{one.name.replace('_', ' ').capitalize()}, in {one.unit}",
            tooltip=one.help, placeholder="the service's own",
        )  # fmt: skip
        super().__init__(one)
        self.box.children = (self.input, self._limit, self.foot)
        self.box.add_class("voicenb-beside")
        self._mark()

    def _watch(self) -> None:
        super()._watch()
        self._limit.observe(lambda _: self._changed(), "value")

    def read(self, shown: PageValues) -> Any:
        """The value as it is shown."""
        written, on = shown(self._limit).strip(), bool(shown(self.input))
        return number_of(written, whole=True, unit=self.parameter.unit) if on and written else on

    @property
    def value(self) -> Any:
        """False, True, or the number; text that is none, so that the request says what is allowed."""
        return self.read(KERNEL_VALUES)

    @value.setter
    def value(self, value: Any) -> None:
        switch = value is None or isinstance(value, bool)
        self._limit.value = "" if switch else str(value)
        self.input.value = bool(value) if switch else True

    def differs(self, value: Any) -> bool:
        """Whether a value is another than the default; no silence at all, 0, is not off."""
        return value is not self.default

    def _mark(self) -> None:
        super()._mark()
        switch_class(self._limit, "hidden", not self.input.value)
        self.foot.unit_shown = self.input.value
