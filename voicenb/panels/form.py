"""Controls drawn from a service's typed requests: a parameter that is added to a request appears by itself.

Nothing about a parameter is said here; type, range, step, default, unit, help, limit and models come from
`voicenb.services.base.Parameter`, and what is wrong with a value from `ServiceRequest.build`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import ipywidgets as widgets
import traitlets

from voicenb.errors import InvalidRequest, Problem
from voicenb.panels.fields.field import Field, Publish, switch_class
from voicenb.panels.fields.kinds import field_for
from voicenb.panels.page.light import lean
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageOutdated, PageValues
from voicenb.services.parameters import Parameter, ServiceRequest, remarks, shown

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["Form", "Remark", "languages", "remarks_on", "without_warnings"]

T = TypeVar("T")


def without_warnings(call: Callable[[], T]) -> T:
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


class Form:
    """All parameters of one call, or of the calls that one act takes.

    Args:
        requests: The typed requests; a parameter that several have is drawn once.
        hide: Parameters that are given elsewhere.
        choices: Values to choose from, for parameters whose type names none.
        strict: Whether learned rules are errors, as `ServiceRequest.build` has it.
        count: Counts the characters of a text as the service bills them.
        publish: Gives a recording an address, for parameters that take one: see `voicenb.panels.fields.field.Publish`.

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
            name: field_for(one, (choices or {}).get(name, ()), count, publish)
            for name, one in parameters.items()
            # What a program gives as an object has no control.
            if name not in hide and one.type != "object"
        }
        self.widget = lean(widgets.VBox, "fields", children=[field.box for field in self.fields.values()])
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

    def _has(self, field: Field, shown: PageValues = KERNEL_VALUES) -> bool:
        """Whether the chosen model has the parameter, and what it is about is asked for."""
        needed = self.fields.get(field.parameter.needs or "")
        if needed is not None and not needed.read(shown):
            return False
        model = self.fields["model"].read(shown) if "model" in self.fields else None
        return not field.parameter.models or model is None or model in field.parameter.models

    def _arrange(self) -> None:
        for field in self.fields.values():
            switch_class(field.box, "gone", not self._has(field))

    @property
    def values(self) -> dict[str, Any]:
        """What the request is to be built from: required parameters, and those that differ from their defaults."""
        return self.read(KERNEL_VALUES)

    def read(self, shown: PageValues) -> dict[str, Any]:
        """`values` as they are shown.

        Raises:
            PageOutdated: The form has not followed yet: what is shown in it does not belong to what is chosen in it.
        """
        found = {}
        for name, field in self.fields.items():
            value = field.read(shown)
            if not (field.parameter.required or field.differs(value)):
                continue
            there, seen = self._has(field, shown), "voicenb-gone" not in shown(field.box, "_dom_classes")
            if there != seen:
                raise PageOutdated(
                    f"Nothing was sent: {field.label} {'was still in sight' if seen else 'was not yet in sight'} beside what is chosen. "
                    "Look at the form, and press again."
                )
            if there:
                found[name] = value
        return found

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
            worst = list(dict.fromkeys(one.text for one in own if one.error == own[0].error))
            field.remark(" ".join(worst), error=bool(own) and own[0].error)


def remarks_on(request: type[ServiceRequest], name: str, value: Any, *, strict: bool) -> list[Remark]:
    """What a request says about one parameter alone.

    Args:
        request: The typed request.
        name: The parameter.
        value: Its value.
        strict: Whether learned rules are errors.
    """
    needed = {other: "-" for other, one in request.parameters().items() if one.required}
    return [one for one in _judged(request, needed | {name: value}, strict=strict) if one.field == name]


def _judged(request: type[ServiceRequest], values: Mapping[str, Any], *, strict: bool) -> list[Remark]:
    """What `request` says about `values`: errors, and else what it warns of."""
    with remarks() as said:
        try:
            request.build(values, strict=strict)
        except InvalidRequest as error:
            return _remarks(error.problems, error=True)
    return _remarks(said, error=False)


def _remarks(problems: Iterable[Problem], *, error: bool) -> list[Remark]:
    """One remark for each field and rule: what broke the same rule is named in one sentence."""
    by_rule: dict[tuple[str, str], list[str]] = {}
    for one in problems:
        by_rule.setdefault((one.field, one.allowed), []).append(one.given)
    return [Remark(field, _sentence(given, allowed), error=error) for (field, allowed), given in by_rule.items()]


def _sentence(given: Sequence[str], allowed: str) -> str:
    said = list(dict.fromkeys(one for one in given if one != "nothing"))
    if said and all(one.startswith("the pause ") for one in said):
        marks = ", ".join(one.removeprefix("the pause ") for one in said)
        return f"The pause{'s' if len(said) > 1 else ''} {marks}: {allowed}."
    rule = f"{allowed[:1].upper()}{allowed[1:]}"
    # A grammar names what is wrong itself.
    named = ": allowed is" in rule
    return f"{rule}; given: {', '.join(said)}." if said and not named else f"{rule}."
