"""The control for an emotion that has modes: strengths by name, a description, another recording, or none of these."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ipywidgets as widgets

from voicenb.panels.fields.field import Code, Field, Publish, switch_class
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
        self._uploaded = ("", "")
        self._sliders = {
            name: widgets.FloatSlider(
                value=0, min=0, max=1, step=0.05, readout_format=".2f", description=name.capitalize(),
                tooltip=f"How much {name}, 0 to 1",
            )
            for name in COMPONENTS
        }  # fmt: skip
        self._sum = line("live", "sum")
        grid = widgets.VBox(list(self._sliders.values()))
        grid.add_class("voicenb-fields")
        self._vector = widgets.VBox([grid, self._sum])
        self._text = widgets.Text(
            description="Described", placeholder="such as: say it happily, and a little surprised"
        )
        self._url = widgets.Text(description="Recording", placeholder="https://… of a recording in that emotion")
        self._upload = Upload(
            "Choose a file",
            self._take,
            refuse=lambda error: self.remark(str(error), error=True),
            tooltip="A recording in that emotion, which gets an address of its own",
            accept="audio/*",
        )
        self._given = bar(self._url, *([self._upload] if publish is not None else []))
        super().__init__(one)
        parts = widgets.VBox([self._vector, self._text, self._given])
        parts.add_class("voicenb-parts")
        row, note = self.box.children
        self.box.children = (row, parts, note)
        self.box.add_class("voicenb-wide")
        self._mark()

    def _control(self, one: Parameter, choices: tuple[Any, ...]) -> Any:  # noqa: ARG002 - its choices are the modes
        return widgets.Dropdown(options=_MODES, value="", description=self.label, tooltip=one.help)

    def _watch(self) -> None:
        for control in (self.input, self._text, self._url, *self._sliders.values()):
            control.observe(lambda _: self._changed(), "value")

    def _changed(self) -> None:
        if not self._setting:
            super()._changed()

    def read(self, shown: PageValues) -> str | None:
        """The emotion as it is shown."""
        mode = shown(self.input)
        if mode == "vector":
            strengths = {name: round(shown(slider), 4) for name, slider in self._sliders.items()}
            return ", ".join(f"{name}={strength!r}" for name, strength in strengths.items() if strength) or None
        if mode == "text":
            return shown(self._text).strip() or None
        if mode == "url":
            return shown(self._url).strip() or None
        return mode or None

    @property
    def value(self) -> str | None:
        """The emotion as one line, or None."""
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

        def published(url: str) -> None:
            self._uploaded = (url, name)
            self._url.value = url

        if self._publish is not None:
            self._publish(name, content, published)

    @property
    def code(self) -> Any:
        """The value; a recording that was chosen here is published by the code, too."""
        url, name = self._uploaded
        return Code(f"studio.publish({name!r})") if url and self.value == url else self.value

    def differs(self, value: Any) -> bool:
        """Whether a value is another than the default."""
        return bool(value != self.default)

    def _mark(self) -> None:
        super()._mark()
        mode = self.input.value
        for part, name in ((self._vector, "vector"), (self._text, "text"), (self._given, "url")):
            switch_class(part, "gone", mode != name)
        total = sum((Decimal(str(round(slider.value, 4))) for slider in self._sliders.values()), Decimal(0))
        tone = "bad" if total > LARGEST_SUM else "amber" if total > ADVISED_SUM else "quiet"
        self._sum.value = toned(f"Sum {total:.2f}; up to {ADVISED_SUM} is advised, {LARGEST_SUM} is the most.", tone)
