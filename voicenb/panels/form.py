"""Controls drawn from a service's typed requests: a parameter that is added to a request appears by itself.

Nothing about a parameter is said here; type, range, step, default, unit, help, limit and models come from
`voicenb.services.base.Parameter`, and what is wrong with a value from `ServiceRequest.build`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import ipywidgets as widgets
import traitlets

from voicenb.errors import InvalidRequest, Problem
from voicenb.panels.style import button, line, toned
from voicenb.services.parameters import Parameter, ServiceRequest, remarks, shown

if TYPE_CHECKING:
    from voicenb.studio import Studio

__all__ = ["Code", "Field", "Form", "Publish", "Remark", "hushed", "languages"]

T = TypeVar("T")
Publish: TypeAlias = Callable[[str, bytes, Callable[[str], None]], object]

_LONG_TEXT = 200
_MOST_STEPS = 40


def hushed(call: Callable[[], T]) -> T:
    """`call` without the warnings that it gives: a panel shows them under their fields, and never prints."""
    with remarks():
        return call()


def languages(studio: Studio) -> dict[str, tuple[str, ...]]:
    """The languages to choose from, of a service that finds the language out by itself where it is not told."""
    profile = studio.service.profile
    one = studio.service.request_type("production").parameters().get("language")
    return {"language": ("auto", *profile.preview_lines)} if one is not None and one.default == "auto" else {}


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said about a field.

    Attributes:
        field: Its name.
        text: In words.
        error: Whether the request cannot be sent with it.
    """

    field: str
    text: str
    error: bool


class Code(str):
    """Python that stands for a value, where code is shown."""

    __slots__ = ()
    __repr__ = str.__str__


# -- one parameter ---------------------------------------------------------------------------------------------


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
        self._told = ""
        self._listeners: list[Callable[[], None]] = []
        self.input = self._control(one, tuple(one.choices or choices))
        self.input.add_class("voicenb-input")
        self.note = line("note", "live")
        self.unit = line("unit")
        self.unit.value = toned(one.unit)
        self.reset_button = button("", "", "reset")
        self._name_default()
        self.reset_button.on_click(lambda _: self.reset())
        self.count = line("count")
        row = widgets.HBox([self.input, self.unit, self.reset_button] if not self.long else [self.input])
        row.add_class("voicenb-row")
        self.extra = widgets.HBox(layout=widgets.Layout(width="auto"))
        under = widgets.HBox([self.note, self.count, self.extra])
        under.add_class("voicenb-row")
        under.add_class("voicenb-under")
        self.box = widgets.VBox([row, under if self.long else self.note])
        for name in ("field", f"field-{one.name}", *(("wide", "text") if self.long else ())):
            self.box.add_class(f"voicenb-{name}")
        self._watch()
        self._mark()

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
            return widgets.Textarea(value=one.default or "", placeholder="Write what is spoken.", **about)
        if choices:
            if not one.required and one.default not in choices:
                choices = (one.default, *choices)
            # By index, because ipywidgets takes the value None for nothing chosen.
            first = 0 if one.required else choices.index(one.default)
            return widgets.Dropdown(options=[(self._shown(choice), choice) for choice in choices], index=first, **about)
        if one.type == "switch":
            return widgets.Checkbox(value=bool(one.default), indent=False, **about)
        if (
            one.type in {"number", "integer"}
            and one.low is not None
            and one.high is not None
            and one.default is not None
        ):
            step = one.step or (1 if one.type == "integer" else _step(one.low, one.high))
            low = one.low + step if one.low_excluded else one.low
            if one.type == "integer":
                return widgets.IntSlider(value=one.default, min=int(low), max=int(one.high), step=int(step), **about)
            return widgets.FloatSlider(
                value=one.default, min=low, max=one.high, step=step, readout_format=f".{_places(step)}f", **about
            )
        return widgets.Text(
            value=self._written(one.default), placeholder=one.range.partition(" (")[0] or "the service's own", **about
        )

    @staticmethod
    def _help(one: Parameter) -> str:
        allowed = one.allowed if not one.choices else ""
        return " ".join(filter(None, (one.help, f"{allowed[:1].upper()}{allowed[1:]}." if allowed else "")))

    def _shown(self, value: Any) -> str:
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

    @property
    def value(self) -> Any:
        """The value, as the request takes it."""
        found = self.input.value
        one = self.parameter
        if isinstance(self.input, widgets.FloatSlider):
            return round(found, 6)
        if type(self.input) is widgets.Text:
            found = found.strip()
            if not found:
                return one.default
            if one.type in {"number", "integer"}:
                # What is no number stays text, so that the request says what is allowed.
                return _number(found, whole=one.type == "integer")
        return found

    @value.setter
    def value(self, value: Any) -> None:
        if type(self.input) is widgets.Text:
            value = self._written(value)
        elif isinstance(self.input, widgets.Dropdown):
            there = [each for _, each in self.input.options]
            if value not in there:
                # A value that only the service can judge: what is wrong with it is said below.
                with self.input.hold_trait_notifications():
                    self.input.options = (*self.input.options, (self._shown(value), value))
                there.append(value)
            self.input.index = there.index(value)
            return
        elif isinstance(self.input, widgets.Textarea):
            value = "" if value is None else str(value)
        elif isinstance(self.input, widgets.Checkbox):
            value = bool(value)
        elif self.parameter.low_excluded and self.parameter.low < value < self.input.min:
            # Below the first stop, and still within the service's range.
            self.input.min = value
        elif not self.input.min <= value <= self.input.max or (
            isinstance(self.input, widgets.IntSlider) and value != int(value)
        ):
            # The slider would move to the nearest value that it has, and say nothing.
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
        self._name_default()
        if follow:
            self.reset()
        self._mark()

    def _name_default(self) -> None:
        shown = self._shown(self.default)
        number = isinstance(self.default, int | float) and not isinstance(self.default, bool)
        self.reset_button.description = f"↺ {shown}" if number else "↺"
        self.reset_button.tooltip = f"{self.label} back to {shown}"

    @property
    def changed(self) -> bool:
        """Whether it differs from the default."""
        return bool(self.value != self.default) and not self.parameter.required

    def _changed(self) -> None:
        self._mark()
        for listener in self._listeners:
            listener()

    def _mark(self) -> None:
        _switch(self.box, "changed", self.changed)
        _switch(self.reset_button, "hidden", not self.changed)
        if self.long:
            self.count.value = toned(self._counted(self.input.value))

    def _counted(self, text: str) -> str:
        limit = self.parameter.max_length
        told = f"{len(text):,} / {limit:,} characters" if limit else f"{len(text):,} characters"
        billed = len(text) if self._count_by is None else self._count_by(text)
        return told if billed == len(text) else f"{told} · {billed:,} counted"

    def remark(self, text: str, *, error: bool) -> None:
        """Says what is wrong, in the line below the control; "" takes it back."""
        told = toned(text, "bad" if error else "amber", title=text)
        if told != self._told:
            self._told = self.note.value = told
        _switch(self.box, "invalid", error and bool(text))


def _switch(widget: Any, name: str, on: bool) -> None:
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


def _number(text: str, *, whole: bool) -> int | float | str:
    try:
        return int(text) if whole else float(text.replace(",", "."))
    except ValueError:
        return text


# -- a request -------------------------------------------------------------------------------------------------


class Form:
    """All parameters of one call, or of the calls that one act takes.

    Args:
        requests: The typed requests; a parameter that several have is drawn once.
        hide: Parameters that are given elsewhere.
        choices: Values to choose from, for parameters whose type names none.
        strict: Whether learned rules are errors, as `ServiceRequest.build` has it.
        count: Counts the characters of a text as the service bills them.
        publish: Gives a recording an address, for parameters that take one: ``publish(name, content, done)`` calls ``done(url)``.

    Attributes:
        fields: Each drawn parameter's `Field`, by name.
        widget: The controls.
    """

    def __init__(
        self,
        *requests: type[ServiceRequest],
        hide: Collection[str] = (),
        choices: Mapping[str, Sequence[Any]] | None = None,
        strict: bool = False,
        count: Callable[[str], int] | None = None,
        publish: Publish | None = None,
    ) -> None:
        self.requests = requests
        self.strict = strict
        self._listeners: list[Callable[[], None]] = []
        self._silent = False
        parameters: dict[str, Parameter] = {}
        for request in requests:
            for name, one in request.parameters().items():
                parameters.setdefault(name, one)
        self.fields = {
            name: _field(one, (choices or {}).get(name, ()), count, publish)
            for name, one in parameters.items()
            # What a program gives as an object has no control.
            if name not in hide and one.type != "object"
        }
        self.widget = widgets.VBox([field.box for field in self.fields.values()])
        self.widget.add_class("voicenb-fields")
        for field in self.fields.values():
            field.on_change(self._touched)
        self._arrange()

    def __repr__(self) -> str:
        return f"<Form {', '.join(self.fields)}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener` after each change of a value."""
        self._listeners.append(listener)

    def _touched(self) -> None:
        if self._silent:
            return
        self._arrange()
        for listener in self._listeners:
            listener()

    def _has(self, field: Field) -> bool:
        """Whether the chosen model has the parameter, and what it is about is asked for."""
        needed = self.fields.get(field.parameter.needs or "")
        if needed is not None and not needed.value:
            return False
        model = self.fields["model"].value if "model" in self.fields else None
        return not field.parameter.models or model is None or model in field.parameter.models

    def _arrange(self) -> None:
        for field in self.fields.values():
            _switch(field.box, "gone", not self._has(field))

    @property
    def values(self) -> dict[str, Any]:
        """What the request is to be built from: required parameters, and those that differ from their defaults."""
        return {
            name: field.value
            for name, field in self.fields.items()
            if self._has(field) and (field.parameter.required or field.changed)
        }

    @property
    def code(self) -> dict[str, Any]:
        """`values` as code says them."""
        return {name: self.fields[name].code for name in self.values}

    def set(self, values: Mapping[str, Any]) -> None:
        """Sets parameters by name; those without a control here are left out.

        Raises:
            InvalidRequest: A control cannot take its value; the others have taken theirs.
        """
        problems: list[Problem] = []
        self._silent = True
        try:
            for name, value in values.items():
                if name not in self.fields:
                    continue
                try:
                    self.fields[name].value = value
                except (ValueError, TypeError, traitlets.TraitError):
                    problems.append(Problem(name, shown(value), self.fields[name].parameter.allowed))
        finally:
            self._silent = False
        self._touched()
        if problems:
            raise InvalidRequest("Some values were not taken.", problems=tuple(problems))

    def reset(self, keep: Collection[str] = ("text",)) -> None:
        """Back to the defaults, all but `keep`."""
        self.set({name: field.default for name, field in self.fields.items() if name not in keep})

    def set_defaults(self, defaults: Mapping[str, Any]) -> None:
        """What counts as unchanged from now on, by name: `defaults`, and else what the parameters themselves say."""
        self._silent = True
        try:
            for name, field in self.fields.items():
                field.set_default(defaults.get(name, field.parameter.default))
        finally:
            self._silent = False
        self._arrange()

    def check(self, **fixed: Any) -> list[Remark]:
        """What is wrong with the values, by the requests' own rules; each is also said under its field.

        Args:
            fixed: Values of hidden parameters that a rule needs.
        """
        remarks: list[Remark] = []
        kept = {
            name: field.default
            for name, field in self.fields.items()
            if self._has(field) and field.default != field.parameter.default
        }
        values = {**fixed, **kept, **self.values}
        for request in self.requests:
            known = request.parameters()
            remarks += _judged(
                request, {name: value for name, value in values.items() if name in known}, strict=self.strict
            )
        self.show(remarks)
        return remarks

    @property
    def pauses(self) -> bool:
        """Whether ``<#x#>`` in the text is a pause: by the rules of the requests, which remark on it where it is none."""
        said = [
            _judged(
                request,
                {
                    **{name: "-" for name, one in request.parameters().items() if one.required},
                    "text": "one <#0.5#> two",
                },
                strict=True,
            )
            for request in self.requests
        ]
        return not any(one.field == "text" for remarks in said for one in remarks)

    def show(self, remarks: Sequence[Remark]) -> None:
        """Says each remark under its field, errors first."""
        for name, field in self.fields.items():
            own = sorted((one for one in remarks if one.field == name), key=lambda one: not one.error)
            field.remark(own[0].text if own else "", error=bool(own) and own[0].error)


def _judged(request: type[ServiceRequest], values: Mapping[str, Any], *, strict: bool) -> list[Remark]:
    """What `request` says about `values`: errors, and else what it warns of."""
    with remarks() as said:
        try:
            request.build(values, strict=strict)
        except InvalidRequest as error:
            return [Remark(one.field, _sentence(one.given, one.allowed), error=True) for one in error.problems]
    return [Remark(one.field, _sentence(one.given, one.allowed), error=False) for one in said]


def _sentence(given: str, allowed: str) -> str:
    return f"{allowed[:1].upper()}{allowed[1:]}" if given == "nothing" else f"{given}: {allowed}"


def _field(
    one: Parameter, choices: Sequence[Any], count: Callable[[str], int] | None, publish: Publish | None
) -> Field:
    """The field for a parameter: that of its own type where there is one."""
    if one.type == "emotion":
        from voicenb.panels.emotion import EmotionField

        return EmotionField(one, publish=publish)
    if one.type == "switch" and one.unit:
        from voicenb.panels.limit import LimitField

        return LimitField(one)
    return Field(one, choices=choices, count=count)
