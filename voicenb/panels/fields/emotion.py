"""The control for an emotion that has modes: strengths by name, a description, another recording, or none of these."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from voicenb.panels.fields.field import Code, Field, Publish, switch_class
from voicenb.panels.fields.number import Number
from voicenb.panels.page.light import lean
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageValues
from voicenb.panels.parts.style import bar, line, toned
from voicenb.panels.parts.upload import Upload
from voicenb.services.base import Parameter
from voicenb.services.emotions import ADVISED_SUM, COMPONENTS, LARGEST_SUM, parse_emotion, vector_sum

__all__ = ["EmotionField"]

_MODES = (
    ("as the reference", ""),
    ("strengths", "vector"),
    ("a description", "text"),
    ("as another recording", "url"),
    ("random", "random"),
)


class EmotionField(Field):
    """A mode, and what belongs to it: eight strengths with their sum, a description, or an address.

    Its value is the one line of text that `voicenb.services.emotions` reads, or None.
    """

    def __init__(self, one: Parameter, *, publish: Publish | None = None) -> None:
        self._setting = False
        self._publish = publish
        self._uploaded: tuple[str, str, Callable[[], str]] | None = None
        self._sliders = {
            name: Number(
                value=0.0, min=0, max=1, step=0.05, places=2, description=name.capitalize(),
                tooltip=f"How much {name}, 0 to 1",
            )
            for name in COMPONENTS
        }  # fmt: skip
        self._sum = line("live", "sum")
        grid = lean(widgets.VBox, "fields", children=list(self._sliders.values()))
        self._vector = lean(widgets.VBox, children=[grid, self._sum])
        self._text = lean(
            widgets.Text, description="Described", placeholder="such as: say it happily, and a little surprised"
        )
        self._url = lean(widgets.Text, description="Recording", placeholder="https://… of a recording in that emotion")
        self._upload = Upload(
            "Choose a file",
            self._take,
            refuse=lambda error: self.remark(str(error), error=True),
            tooltip="A recording in that emotion, which gets an address of its own",
            accept="audio/*",
        )
        self._given = bar(self._url, *([self._upload] if publish is not None else []))
        super().__init__(one)
        parts = lean(widgets.VBox, "parts", children=[self._vector, self._text, self._given])
        self.box.children = (self.input, parts, self.foot)
        self.box.add_class("voicenb-wide")
        self._mark()

    def _control(self, one: Parameter, choices: tuple[Any, ...]) -> Any:  # noqa: ARG002 - its choices are the modes
        return lean(widgets.Dropdown, "input", options=_MODES, value="", description=self.label, tooltip=one.help)

    def _watch(self) -> None:
        for control in (self.input, self._text, self._url, *self._sliders.values()):
            control.observe(lambda _: self._changed(), "value")

    def _changed(self) -> None:
        if not self._setting:
            super()._changed()

    def read(self, shown: PageValues) -> Any:
        """The emotion as it is shown: one line; by names where a strength is none, so that the request says so."""
        mode = shown(self.input)
        if mode == "vector":
            strengths = {name: slider.read(shown) for name, slider in self._sliders.items()}
            if not all(_is_strength(one) for one in strengths.values()):
                # What is no strength must not be read as a description: by names, the request says which it is.
                return {name: strength for name, strength in strengths.items() if strength}
            return ", ".join(f"{name}={float(strength)!r}" for name, strength in strengths.items() if strength) or None
        if mode == "text":
            return shown(self._text).strip() or None
        if mode == "url":
            return shown(self._url).strip() or None
        return mode or None

    @property
    def value(self) -> Any:
        """The emotion as one line, or None; by names where a strength is none."""
        return self.read(KERNEL_VALUES)

    @value.setter
    def value(self, value: Any) -> None:
        said = None if value is None else parse_emotion(value)
        self._setting = True
        try:
            strengths = (
                dict(part.split("=") for part in said.split(", ")) if said and vector_sum(said) is not None else {}
            )
            for name, slider in self._sliders.items():
                slider.value = float(strengths.get(name, 0))
            if said is None or said == "same_as_reference":
                self.input.value = ""
            elif strengths:
                self.input.value = "vector"
            elif said == "random":
                self.input.value = "random"
            elif said.startswith(("http://", "https://")):
                self.input.value, self._url.value = "url", said
            else:
                self.input.value, self._text.value = "text", said
        finally:
            self._setting = False
        self._changed()

    def _take(self, name: str, content: bytes) -> None:
        """A recording was chosen: it is published, and its address is the value."""

        def published(url: str, file: Callable[[], str]) -> None:
            self._uploaded = (url, name, file)
            self._url.value = url

        if self._publish is not None:
            self._publish(name, content, published)

    @property
    def code(self) -> Any:
        """The value; a recording that was chosen here is published by the code, too."""
        if self._uploaded is None or self.value != self._uploaded[0]:
            return self.value
        _, name, file = self._uploaded
        return Code(f"studio.publish({file()}, name={Path(name).stem!r})")

    def differs(self, value: Any) -> bool:
        """Whether a value is another than the default."""
        return bool(value != self.default)

    def _mark(self) -> None:
        super()._mark()
        mode = self.input.value
        for part, name in ((self._vector, "vector"), (self._text, "text"), (self._given, "url")):
            switch_class(part, "gone", mode != name)
        total = self._total
        tone = "bad" if total > LARGEST_SUM else "amber" if total > ADVISED_SUM else "quiet"
        said = toned(f"Sum {total:.2f}; up to {ADVISED_SUM} is advised, {LARGEST_SUM} is the most.", tone)
        if self._sum.value != said:
            self._sum.value = said

    @property
    def _total(self) -> Decimal:
        numbers = (slider.read() for slider in self._sliders.values())
        return sum((Decimal(str(round(one, 4))) for one in numbers if not isinstance(one, str)), Decimal(0))

    def remark(self, text: str, *, error: bool) -> None:
        """Says what is wrong; of a sum that is too large the line of the sum says it already."""
        told = (
            self.input.value == "vector"
            and self._total > ADVISED_SUM
            and all(_is_strength(one.read()) for one in self._sliders.values())
        )
        super().remark("" if told else text, error=error)
        switch_class(self.box, "invalid", error and bool(text))


def _is_strength(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1
