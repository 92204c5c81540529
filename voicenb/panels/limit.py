"""The control for a switch that may carry a number, such as compact mode with the longest silence that stays."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from voicenb.panels.form import Field, _number, _switch
from voicenb.services.base import Parameter

__all__ = ["LimitField"]


class LimitField(Field):
    """A switch, and beside it a number in the parameter's unit, which may be left to the service."""

    def __init__(self, one: Parameter) -> None:
        self._limit = widgets.Text(
            description=f"{one.name.replace('_', ' ').capitalize()}, in {one.unit}", tooltip=one.help,
            placeholder="the service's own",
        )  # fmt: skip
        self._limit.add_class("voicenb-limit")
        super().__init__(one)
        row = self.box.children[0]
        row.children = (self.input, self._limit, self.unit, self.reset_button)
        self._mark()

    def _watch(self) -> None:
        super()._watch()
        self._limit.observe(lambda _: self._changed(), "value")

    @property
    def value(self) -> Any:
        """False, True, or the number; text that is none, so that the request says what is allowed."""
        written = self._limit.value.strip()
        if not self.input.value or not written:
            return bool(self.input.value)
        return _number(written, whole=True)

    @value.setter
    def value(self, value: Any) -> None:
        switch = value is None or isinstance(value, bool)
        self._limit.value = "" if switch else str(value)
        self.input.value = bool(value) if switch else True

    @property
    def changed(self) -> bool:
        """Whether it differs from the default; no silence at all, 0, is not off."""
        return self.value is not self.default

    def _mark(self) -> None:
        super()._mark()
        for part in (self._limit, self.unit):
            _switch(part, "hidden", not self.input.value)
