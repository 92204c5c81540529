"""`Field`: one parameter as a control, with its unit, its default, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import ipywidgets as widgets

from voicenb.panels.fields.foot import Foot
from voicenb.panels.fields.number import Number, log_stops, number_of
from voicenb.panels.page.light import lean
from voicenb.panels.parts.page_values import CALLBACK_LOCK, KERNEL_VALUES, PageValues
from voicenb.panels.parts.style import toned
from voicenb.services.parameters import Parameter

__all__ = ["Code", "Field", "Publish", "number_of", "switch_class"]

Publish: TypeAlias = Callable[[str, bytes, Callable[[str, Callable[[], str]], None]], object]
"""``publish(name, content, done)`` gives a recording an address, and calls ``done(url, code)``; ``code()`` is the Python that names the file."""

_LONG_TEXT = 200
_MOST_STEPS = 40


class Code(str):
    """Python that stands for a value, where code is shown."""

    __slots__ = ()
    __repr__ = str.__str__


class Field:
    """One parameter: its control, its unit, its way back to the default, and the line below that says what is wrong.

    Args:
        one: The parameter.
        choices: Values to choose from where the parameter itself names none.
        count: Counts the characters of a long text as the service bills them.
    """

    def __init__(
        self, one: Parameter, *, choices: Sequence[Any] = (), count: Callable[[str], int] | None = None
    ) -> None:
        self.parameter = one
        self.default = one.default
        self._count_by = count
        self._extra: Any = None
        self._listeners: list[Callable[[], None]] = []
        classes = ("field", f"field-{one.name}", *(("wide", "text") if self.long else ()))
        self.input = self._control(one, tuple(one.choices or choices))
        self.foot = self.note = Foot(self._reset_pressed, unit=one.unit, **self._way_back())
        self.box = lean(widgets.VBox, *classes, children=(self.input, self.foot))
        self._watch()
        self._mark()

    @property
    def extra(self) -> Any:
        """A place for more controls, below a text."""
        if self._extra is None:
            self._extra = lean(widgets.HBox, "extra")
            self.box.children = (*self.box.children, self._extra)
        return self._extra

    def _watch(self) -> None:
        self.input.observe(lambda _: self._changed(), "value")

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener` after each change of the value."""
        self._listeners.append(listener)

    @property
    def label(self) -> str:
        """The parameter's name for people."""
        return self.parameter.name.replace("_", " ").capitalize()

    @property
    def long(self) -> bool:
        """Whether it is a text of many lines."""
        return self.parameter.name == "text" or (
            self.parameter.type == "text" and (self.parameter.max_length or 0) > _LONG_TEXT
        )

    def _control(self, one: Parameter, choices: tuple[Any, ...]) -> Any:
        about: dict[str, Any] = {"description": self.label, "tooltip": self._help(one)}
        if self.long:
            return lean(
                widgets.Textarea, "input", value=one.default or "", placeholder="Write what is spoken.", **about
            )
        if choices:
            if not one.required and one.default not in choices:
                choices = (one.default, *choices)
            # By index, because ipywidgets takes the value None for nothing chosen.
            first = 0 if one.required else choices.index(one.default)
            options = [(self.written(choice), choice) for choice in choices]
            return lean(widgets.Dropdown, "input", options=options, index=first, **about)
        if one.type == "switch":
            return lean(widgets.Checkbox, "input", value=bool(one.default), indent=False, **about)
        if (
            one.type in {"number", "integer"}
            and one.low is not None
            and one.high is not None
            and one.default is not None
        ):
            whole = one.type == "integer"
            step = one.step or (1 if whole else _step(one.low, one.high))
            low = one.low + step if one.low_excluded else one.low
            return Number(
                "input", whole=whole, value=one.default, min=low, max=one.high, step=step, unit=one.unit,
                stops=log_stops(low, one.high), places=0 if whole else _places(step), **about,
            )  # fmt: skip
        return lean(
            widgets.Text,
            "input",
            value=self._written(one.default),
            placeholder=one.range.partition(" (")[0] or "the service's own",
            **about,
        )

    @staticmethod
    def _help(one: Parameter) -> str:
        allowed = one.allowed if not one.choices else ""
        return " ".join(filter(None, (one.help, f"{allowed[:1].upper()}{allowed[1:]}." if allowed else "")))

    def written(self, value: Any) -> str:
        """A value for people."""
        if value is None or value == "":
            return "default"
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, int | float):
            return f"{value:g}".replace("-", "−")
        return str(value)

    @staticmethod
    def _written(value: Any) -> str:
        if value is None:
            return ""
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

    def read(self, shown: PageValues) -> Any:
        """The value as it is shown."""
        if isinstance(self.input, Number):
            return self.input.read(shown)
        found = shown(self.input)
        one = self.parameter
        if type(self.input) is widgets.Text:
            found = found.strip()
            if not found:
                return one.default
            if one.type in {"number", "integer"}:
                # What is no number stays text, so that the request says what is allowed.
                return number_of(found, whole=one.type == "integer", unit=one.unit)
        if isinstance(self.input, widgets.Textarea) and not one.required and not found.strip():
            return one.default
        return found

    @property
    def value(self) -> Any:
        """The value, as the request takes it."""
        return self.read(KERNEL_VALUES)

    @value.setter
    def value(self, value: Any) -> None:
        if type(self.input) is widgets.Text:
            value = self._written(value)
        elif isinstance(self.input, widgets.Dropdown):
            there = [each for _, each in self.input.options]
            if value not in there:
                # A value that only the service can judge: what is wrong with it is said below.
                with self.input.hold_trait_notifications():
                    self.input.options = (*self.input.options, (self.written(value), value))
                there.append(value)
            self.input.index = there.index(value)
            return
        elif isinstance(self.input, widgets.Textarea):
            value = "" if value is None else str(value)
        elif isinstance(self.input, widgets.Checkbox):
            value = bool(value)
        elif not _fits(value, self.parameter):
            raise ValueError(self.parameter.allowed)
        self.input.value = value

    @property
    def code(self) -> Any:
        """The value as code says it."""
        return self.value

    def reset(self) -> None:
        """Back to the default."""
        self.value = self.default

    def set_default(self, default: Any) -> None:
        """What counts as unchanged from now on; a field that was unchanged follows it."""
        follow = not self.changed and not self.parameter.required
        self.default = default
        self.foot.set(**self._way_back())
        if follow:
            self.reset()
        self._mark()

    def _way_back(self) -> dict[str, str]:
        """What the button that brings the default back says."""
        shown = self.written(self.default)
        number = isinstance(self.default, int | float) and not isinstance(self.default, bool)
        return {"reset": f"↺ {shown}" if number else "↺", "reset_title": f"{self.label} back to {shown}"}

    def _reset_pressed(self) -> None:
        with CALLBACK_LOCK:
            self.reset()

    @property
    def changed(self) -> bool:
        """Whether it differs from the default."""
        return self.differs(self.value)

    def differs(self, value: Any) -> bool:
        """Whether a value is another than the default."""
        return bool(value != self.default) and not self.parameter.required

    def _changed(self) -> None:
        with CALLBACK_LOCK:
            self._mark()
            for listener in self._listeners:
                listener()

    def _mark(self) -> None:
        switch_class(self.box, "changed", self.changed)
        self.foot.changed = self.changed
        if self.long:
            self.foot.count = toned(self._counted(self.input.value))

    def _counted(self, text: str) -> str:
        limit = self.parameter.max_length
        shown = f"{len(text):,} / {limit:,} characters" if limit else f"{len(text):,} characters"
        billed = len(text) if self._count_by is None else self._count_by(text)
        return shown if billed == len(text) else f"{shown} · {billed:,} counted"

    def remark(self, text: str, *, error: bool) -> None:
        """Says what is wrong, in the line below the control; "" takes it back."""
        text = f"{text[:1].upper()}{text[1:]}"
        shown = toned(text, "bad" if error else "amber", title=text)
        self.foot.value = shown
        switch_class(self.box, "invalid", error and bool(text))


def switch_class(widget: Any, name: str, on: bool) -> None:
    """Sets or takes off a style class, without a message where nothing changes."""
    there = f"voicenb-{name}" in widget._dom_classes  # noqa: SLF001 - ipywidgets has no public question
    if on and not there:
        widget.add_class(f"voicenb-{name}")
    elif there and not on:
        widget.remove_class(f"voicenb-{name}")


def _step(low: float, high: float) -> float:
    span = high - low
    return next(
        step
        for step in (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 50.0, span)
        if span / step <= _MOST_STEPS or step == span
    )


def _places(step: float) -> int:
    text = f"{step:g}"
    return len(text.partition(".")[2]) if "e" not in text else 2


def _fits(value: Any, one: Parameter) -> bool:
    """Whether a number lies in a parameter's range; what a preset or a program gives is refused where it does not."""
    low = value > one.low if one.low_excluded else value >= one.low
    return bool(low and value <= one.high and (one.type != "integer" or value == int(value)))
