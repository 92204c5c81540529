"""A service's parameters: declared once, in the fields of a typed request.

A parameter is a field of a `ServiceRequest` made with `parameter`. Its type, range, default, unit, help and wire name
are read from there by validation, error messages, prices, panels, history and documents.
"""

from __future__ import annotations

import math
import re
import types
import typing
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args, get_origin

import annotated_types
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from voicenb.base.arguments import did_you_mean, half_character, to_python
from voicenb.errors import InvalidRequest, Problem

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = [
    "AdviceWarning",
    "LearnedRuleWarning",
    "Number",
    "Parameter",
    "ServiceRequest",
    "Whole",
    "parameter",
    "remarks",
    "shown",
    "subtitle_level",
    "unboxed",
]


class LearnedRuleWarning(UserWarning):
    """A request breaks a rule that the service does not state but was seen to apply; it is sent all the same."""


class AdviceWarning(UserWarning):
    """A request is valid and not what the service advises, or not what its author seems to mean; it is sent."""


_said: ContextVar[list[Problem] | None] = ContextVar("said", default=None)


@contextmanager
def remarks() -> Iterator[list[Problem]]:
    """Collects what requests would be warned of, for whoever says it in a place of its own.

    Filters of warnings belong to the whole process; this is the thread's or the task's own.
    """
    said: list[Problem] = []
    before = _said.set(said)
    try:
        yield said
    finally:
        _said.reset(before)


def parameter(
    wire: str,
    help: str,  # noqa: A002 - the word that help texts go by
    *,
    unit: str = "",
    step: float | None = None,
    models: tuple[str, ...] = (),
    needs: str | None = None,
    also: tuple[str, ...] = (),
    type: str | None = None,  # noqa: A002 - the attribute that it becomes
    rule: str | None = None,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] = (),
    **constraints: Any,
) -> Any:
    """Declares a parameter inside ``Annotated``.

    Args:
        wire: The service's own spelling.
        help: One sentence.
        unit: The unit, or "".
        step: A sensible step for a slider.
        models: The models that have it; all of them when empty.
        needs: The parameter without which it has no effect.
        also: More fields of the wire that the parameter stands for.
        type: `Parameter.type`, where the annotation does not say it.
        rule: What is allowed in words ("allowed is …"), where range and choices do not say it.
        low: The lower end of a learned range: beyond it a live service gets the request with a `LearnedRuleWarning`.
        high: Its upper end.
        choices: Learned values, likewise.
        constraints: The stated rule, as pydantic's own constraints: it is always enforced.
    """
    extra = {
        "unit": unit, "step": step, "models": models, "needs": needs, "also": also, "type": type, "rule": rule,
        "low": low, "high": high, "choices": choices,
    }  # fmt: skip
    return Field(alias=wire, description=help, json_schema_extra=typing.cast("Any", extra), **constraints)


def unboxed(value: Any) -> Any:
    """A numpy scalar, as parameter sweeps hold them, as Python's own; anything else as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value


def _number(value: object) -> object:
    # Text and switches are no numbers, though pydantic would convert them.
    value = unboxed(value)
    if isinstance(value, (bool, str, bytes)):
        raise ValueError("not a number")  # noqa: TRY004 - pydantic collects ValueError, not TypeError
    return value


Number = typing.Annotated[float, BeforeValidator(_number)]
Whole = typing.Annotated[int, BeforeValidator(_number)]


def subtitle_level(value: object) -> object:
    """For a parameter ``subtitles``: True stands for sentences, and a number stands for nothing, though 0 equals False."""
    value = unboxed(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError("not a switch")  # noqa: TRY004 - pydantic collects ValueError, not TypeError
    return "sentence" if value is True else value


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter as its declaration says it.

    Attributes:
        name: The name in voicenb's vocabulary.
        wire: The service's own spelling.
        type: ``"number"``, ``"integer"``, ``"text"``, ``"switch"``, ``"choice"``, or a word of its own for a value that
            has a grammar, such as ``"emotion"``.
        choices: All allowed values of a choice.
        low, high: The range's ends, in `unit`, or None.
        learned: Whether the range or the choices are learned, not stated.
        low_excluded: Whether `low` itself is outside.
        max_length: The longest text, in characters, or None.
        default: The default value.
        required: Whether there is no default.
        step: A sensible step for a slider.
        unit: The unit, or "".
        help: One sentence.
        models: The models that have it; all of them when empty.
        needs: The parameter without which it has no effect, or None.
        also: More fields of the wire that it stands for.
        rule: What is allowed in words, where range and choices do not say it.
    """

    name: str
    wire: str
    type: str
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    learned: bool = False
    low_excluded: bool = False
    max_length: int | None = None
    default: Any = None
    required: bool = False
    step: float | None = None
    unit: str = ""
    help: str = ""
    models: tuple[str, ...] = ()
    needs: str | None = None
    also: tuple[str, ...] = ()
    rule: str | None = None

    @property
    def range(self) -> str:
        """The range for a table: numbers without their unit, choices, or the longest text."""
        if self.rule is not None:
            return re.sub(r"^allowed (is|are) ", "", self.rule)
        said = ""
        if self.choices:
            said = ", ".join(map(str, self.choices))
        elif self.low is not None and self.high is not None:
            said = f"above {self.low:g} to {self.high:g}" if self.low_excluded else f"{self.low:g} to {self.high:g}"
        elif self.max_length is not None:
            said = f"1 to {self.max_length:,} characters"
        return f"{said} (learned)" if said and self.learned else said

    @property
    def allowed(self) -> str:
        """The rule in words."""
        if self.rule is not None:
            return self.rule
        unit = f" {self.unit}" if self.unit else ""
        if self.choices:
            return f"allowed are {', '.join(repr(choice) for choice in self.choices)}"
        if self.type in {"number", "integer"}:
            noun = "a whole number" if self.type == "integer" else "a number"
            if self.low is None or self.high is None:
                return f"allowed is {noun}"
            if self.low_excluded:
                return f"allowed is {noun} above {self.low:g} and up to {self.high:g}{unit}"
            return f"allowed is {noun} from {self.low:g} to {self.high:g}{unit}"
        if self.type == "switch":
            return "allowed is True or False"
        return "allowed is text" + (f" of 1 to {self.max_length:,} characters" if self.max_length else "")

    def breaks(self, value: object) -> bool:
        """Whether a value of the right type lies outside a learned range."""
        if not self.learned or value is None:
            return False
        if self.choices:
            return value not in self.choices
        number = typing.cast("float", value)
        return (self.low is not None and number < self.low) or (self.high is not None and number > self.high)

    @classmethod
    def of(cls, name: str, info: FieldInfo) -> Self:
        """The parameter that the pydantic field `info` declares."""
        extra: dict[str, Any] = dict(info.json_schema_extra) if isinstance(info.json_schema_extra, dict) else {}
        kind, choices = _kind(info.annotation)
        limits: dict[str, Any] = {"low": extra.get("low"), "high": extra.get("high")}
        limits["learned"] = limits["low"] is not None or limits["high"] is not None or bool(extra.get("choices"))
        for rule in info.metadata:
            if isinstance(rule, annotated_types.Ge):
                limits["low"] = rule.ge
            elif isinstance(rule, annotated_types.Gt):
                limits.update(low=rule.gt, low_excluded=True)
            elif isinstance(rule, annotated_types.Le):
                limits["high"] = rule.le
            elif isinstance(rule, annotated_types.MaxLen):
                limits["max_length"] = rule.max_length
        return cls(
            name=name,
            wire=info.alias or name,
            type=extra.get("type") or ("choice" if extra.get("choices") else kind),
            choices=choices or tuple(extra.get("choices") or ()),
            default=None if info.is_required() else info.default,
            required=info.is_required(),
            step=extra.get("step"),
            unit=extra.get("unit") or "",
            help=info.description or "",
            models=tuple(extra.get("models") or ()),
            needs=extra.get("needs"),
            also=tuple(extra.get("also") or ()),
            rule=extra.get("rule"),
            **limits,
        )


def _kind(annotation: Any) -> tuple[str, tuple[Any, ...]]:
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _kind(get_args(annotation)[0])
    if origin is Literal:
        return "choice", get_args(annotation)
    if origin in {typing.Union, types.UnionType}:
        return _kind(next(part for part in get_args(annotation) if part is not types.NoneType))
    return {float: "number", int: "integer", bool: "switch"}.get(annotation, "text"), ()


@cache
def _declared(kind: type[ServiceRequest]) -> dict[str, Parameter]:
    # Every request asks several times, and the declarations do not change.
    return {name: Parameter.of(name, info) for name, info in kind.model_fields.items()}


class ServiceRequest(BaseModel):
    """A request with every parameter of one call, in voicenb's vocabulary and on the wire.

    Subclasses declare fields with `parameter` and may add rules over several fields, by overriding `stated`
    (rules of the service's documents), `learned` (rules that were seen, but are not stated) and `advised`. A field
    named ``model`` decides which of the parameters with `models` may be given.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True, allow_inf_nan=False)

    service: ClassVar[str] = ""

    longest_text: ClassVar[int | None] = None
    """After how many characters a text is split on request, where no stated length of its field `text` says so."""

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Every parameter by its name."""
        return dict(_declared(cls))

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """`values` under voicenb's own names, and what is wrong with the names themselves."""
        known = cls.parameters()
        by_wire = {one.wire: name for name, one in known.items()}
        values_by_name: dict[str, Any] = {}
        problems = []
        for key, value in values.items():
            name = key if key in known else by_wire.get(key)
            if name is None:
                hint = did_you_mean(key, [*known, *by_wire])
                problems.append(Problem(str(key), shown(value), f"{hint}{cls.service} has {', '.join(known)}"))
            elif name in values_by_name:
                problems.append(Problem(name, shown(value), f"it was given twice, as {name!r} and as {key!r}"))
            else:
                values_by_name[name] = to_python(value)
        return values_by_name, problems

    @classmethod
    def build(cls, values: Mapping[str, Any], *, strict: bool = False) -> Self:
        """The request that `values` (names of the vocabulary or of the wire) ask for.

        Args:
            values: Parameters; those that are missing take their defaults.
            strict: Whether a learned rule is an error rather than a `LearnedRuleWarning`.

        Raises:
            InvalidRequest: With every bad field at once.
        """
        named, problems = cls.from_wire(values)
        known = cls.parameters()
        request: Self | None = None
        try:
            request = cls.model_validate(named)
        except ValidationError as error:
            seen = set()
            for one in error.errors():
                name = str(one["loc"][0]) if one["loc"] else ""
                if name not in known:
                    name = next((own for own, each in known.items() if each.wire == name), name)
                if name in seen:
                    continue
                seen.add(name)
                if name not in known:
                    problems.append(Problem(name, shown(named.get(name)), one["msg"]))
                elif one["type"] == "missing":
                    problems.append(Problem(name, "nothing", f"it is required; {known[name].allowed}"))
                elif known[name].rule is not None and one["type"] == "value_error":
                    # A grammar knows better than its summary what is wrong.
                    problems.append(Problem(name, shown(named[name]), str(one["ctx"]["error"])))
                else:
                    problems.append(
                        Problem(name, _shown_text(named[name], known[name]), _advice(named[name], known[name]))
                    )
            valid = {name: one.default for name, one in known.items() if not one.required} | named
            sound = {name: value for name, value in valid.items() if name not in seen}
        else:
            sound = {name: getattr(request, name) for name in known}
        foreign = list(cls._of_other_models(named, sound))
        strangers = {problem.field for problem in foreign}
        problems = [problem for problem in problems if problem.field not in strangers] + foreign
        problems += [problem for problem in cls.stated(sound) if problem.field not in strangers]
        learned = [*cls._beyond(sound), *cls.learned(sound)]
        if strict:
            problems += learned
        if problems:
            plural = "s" if len(problems) > 1 else ""
            raise InvalidRequest(
                f"{cls.service} would refuse this request, {len(problems)} field{plural} to mend; "
                "nothing was sent or charged.",
                problems=tuple(problems),
                service=cls.service,
            )
        said = _said.get()
        if said is not None:
            said += [*learned, *cls.advised(sound)]
        else:
            for problem in learned:
                warnings.warn(f"{cls.service} may refuse this: {problem}", LearnedRuleWarning, stacklevel=2)
            for problem in cls.advised(sound):
                warnings.warn(f"{cls.service}: {problem}", AdviceWarning, stacklevel=2)
        assert request is not None
        return request

    @classmethod
    def _of_other_models(cls, named: Mapping[str, Any], sound: Mapping[str, Any]) -> Iterator[Problem]:
        """Parameters that were given and that the model does not have."""
        model = sound.get("model")
        for name, one in cls.parameters().items():
            if one.models and model is not None and model not in one.models and named.get(name) is not None:
                has = f"model={one.models[0]!r} has it" if len(one.models) == 1 else f"{_or(one.models)} have it"
                yield Problem(name, shown(named[name]), f"model={model!r} has no {name}; {has}")

    @classmethod
    def _beyond(cls, sound: Mapping[str, Any]) -> Iterator[Problem]:
        """Values outside a learned range."""
        for name, one in cls.parameters().items():
            if name in sound and one.breaks(sound[name]):
                yield Problem(name, shown(sound[name]), _advice(sound[name], one))

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:  # noqa: ARG003 - for subclasses
        """Rules of the documents that one field's type cannot say; `values` holds the fields that are sound."""
        yield from ()

    @classmethod
    def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:  # noqa: ARG003 - for subclasses
        """Rules that were seen on the live service; `values` holds the fields that are sound."""
        yield from ()

    @classmethod
    def advised(cls, values: Mapping[str, Any]) -> Iterator[Problem]:  # noqa: ARG003 - for subclasses
        """What is allowed and not advised; `values` holds the fields that are sound."""
        yield from ()

    def changed(self) -> dict[str, Any]:
        """The parameters that differ from their defaults; required ones are left out."""
        return {
            name: value
            for name, one in self.parameters().items()
            if not one.required and (value := getattr(self, name)) != one.default
        }

    def resolved(self) -> dict[str, Any]:
        """Every parameter's value, defaults included, as the ledger keeps it."""
        return self.model_dump(mode="json")

    def wire(self) -> dict[str, Any]:
        """The body of the call: the service's own names; what is None is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def shown(value: object) -> str:
    """`value` for a message: short, and never a whole text."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text):,} characters)"


def _or(names: Sequence[str]) -> str:
    return " and ".join([", ".join(map(repr, names[:-1])), repr(names[-1])]) if len(names) > 1 else repr(names[0])


def _advice(value: object, one: Parameter) -> str:
    """The rule in words, after the choice that `value` may be a slip of."""
    if isinstance(value, str) and (half := half_character(value)):
        return f"{half!r} in it is half of a character; {one.allowed}"
    return f"{did_you_mean(value, one.choices)}{one.allowed}"


def _shown_text(value: object, one: Parameter) -> str:
    if one.max_length is None or not isinstance(value, str):
        return shown(value)
    return f"{len(value):,} characters" if len(value) > one.max_length else shown(value)
