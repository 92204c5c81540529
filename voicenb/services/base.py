"""What a service is to the rest of voicenb: typed requests, rules, prices and a few calls.

A new service is one module beside this one and one entry point in the group ``voicenb.services``.

A parameter is declared once, as a field of a `ServiceRequest` made with `parameter`. Its type, range, default,
unit, help and wire name are read from there by validation, error messages, prices, panels, history and documents.
"""

from __future__ import annotations

import difflib
import math
import re
import types
import typing
import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, get_args, get_origin, runtime_checkable

import annotated_types
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from voicenb.errors import InvalidRequest, Problem

if TYPE_CHECKING:
    import pandas as pd
    from pydantic.fields import FieldInfo

    from voicenb.services.http import Http
    from voicenb.subtitles import Subtitles

__all__ = [
    "AdviceWarning",
    "Answer",
    "Balance",
    "Catalogue",
    "Kind",
    "LearnedRuleWarning",
    "Number",
    "Parameter",
    "Price",
    "Profile",
    "ReferenceRules",
    "Service",
    "ServiceRequest",
    "ServiceVoice",
    "Streaming",
    "Upload",
    "Whole",
    "parameter",
    "plain",
    "shown",
]

Kind = Literal["preview", "voice", "production"]
"""What a task makes: the first clip of a new voice, a voice, or speech in it."""


class LearnedRuleWarning(UserWarning):
    """A request breaks a rule that the service does not state but was seen to apply; it is sent all the same."""


class AdviceWarning(UserWarning):
    """A request is valid and not what the service advises, or not what its author seems to mean; it is sent."""


@dataclass(frozen=True, kw_only=True)
class ReferenceRules:
    """What a service takes as a reference.

    Attributes:
        service: The service's id.
        formats: Containers that its clone call takes, as lower-case suffixes without a dot, the preferred one first.
        upload_formats: Containers that its upload takes; empty where it has none.
        min_seconds: The spoken content must be longer than this (exclusive), or None.
        max_seconds: The spoken content must be shorter than this (exclusive), or None.
        max_bytes: The largest file that its upload takes, or None.
        url_rule: The rule for a URL in words, or None where the service takes no URL.
        publish: How a local recording gets a URL, where `upload_formats` is empty.
    """

    service: str
    formats: tuple[str, ...]
    upload_formats: tuple[str, ...] = ()
    min_seconds: float | None = None
    max_seconds: float | None = None
    max_bytes: int | None = None
    url_rule: str | None = None
    publish: str = "publish the file and give its URL"


@dataclass(frozen=True, slots=True)
class Price:
    """What a request costs by the service's rule.

    Attributes:
        amount: The estimate in `unit`; None while a unit price is not known.
        unit: The service's own unit, such as ``"credits"``.
        rule: How the amount comes about, or the line that sets the missing price.
    """

    amount: Decimal | None
    unit: str
    rule: str

    def __post_init__(self) -> None:
        if self.amount is not None:
            # 0.0115, not 0.01150: how many zeros a product ends in says nothing.
            object.__setattr__(self, "amount", Decimal(plain(self.amount)))

    def __str__(self) -> str:
        return f"unknown ({self.rule})" if self.amount is None else f"{plain(self.amount)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Balance:
    """What the account has left, in the service's own unit."""

    amount: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.unit}"


def plain(amount: Decimal) -> str:
    """`amount` without an exponent and without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A service's word on a task, in voicenb's vocabulary.

    Attributes:
        status: ``queued``, ``processing``, ``completed``, ``failed`` or ``cancelled``; a word never seen before
            is read as ``processing``, so that polling goes on.
        remote_id: The service's id of the task.
        audio_url: Where the result is, once there is one.
        audio: The result itself, from a service that answers at once.
        subtitles_url: Where the subtitles are, where they were asked for.
        voice: The service's id of a voice that this task made.
        error: The service's message on a failure.
        cost: What the task was charged, where the service says so.
        degraded: Whether a fallback was used instead of what was asked for, where the service says so.
        provider: What made the result, where the service says so.
        poll_after: Seconds after which the service wants to be asked again, or None.
    """

    status: str
    remote_id: str | None = None
    audio_url: str | None = None
    audio: bytes | None = None
    subtitles_url: str | None = None
    voice: str | None = None
    error: str | None = None
    cost: Decimal | None = None
    degraded: bool | None = None
    provider: str | None = None
    poll_after: float | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes with a request: its name, its bytes (read once) and its MIME type."""

    filename: str
    data: bytes
    mime: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceVoice:
    """A voice in a service's own list: a ready-made one, or one that the account made.

    Attributes:
        id: What the service calls it; `voicenb.Studio.voice` takes it.
        name: Its name for people.
        kind: The service's word for what it is, or "".
        gender, age, description: As the service says, or "".
        languages, dialects: Codes and names, as the service says.
        sample_url: A sample of it, or None.
    """

    id: str
    name: str
    kind: str = ""
    gender: str = ""
    age: str = ""
    description: str = ""
    languages: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    sample_url: str | None = None


# -- parameters ------------------------------------------------------------------------------------------------


def parameter(
    wire: str,
    help: str,  # noqa: A002 - the word that help texts go by
    *,
    unit: str = "",
    step: float | None = None,
    models: tuple[str, ...] = (),
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
        also: More fields of the wire that the parameter stands for.
        type: `Parameter.type`, where the annotation does not say it.
        rule: What is allowed in words ("allowed is …"), where range and choices do not say it.
        low: The lower end of a learned range: beyond it a live service gets the request with a `LearnedRuleWarning`.
        high: Its upper end.
        choices: Learned values, likewise.
        constraints: The stated rule, as pydantic's own constraints: it is always enforced.
    """
    extra = {
        "unit": unit, "step": step, "models": models, "also": also, "type": type, "rule": rule,
        "low": low, "high": high, "choices": choices,
    }  # fmt: skip
    return Field(alias=wire, description=help, json_schema_extra=typing.cast("Any", extra), **constraints)


def _number(value: object) -> object:
    # numpy scalars of a parameter sweep are numbers; text and switches are not, though pydantic would convert them.
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, (bool, str, bytes)):
        raise ValueError("not a number")  # noqa: TRY004 - pydantic collects ValueError, not TypeError
    return value


Number = typing.Annotated[float, BeforeValidator(_number)]
Whole = typing.Annotated[int, BeforeValidator(_number)]


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


class ServiceRequest(BaseModel):
    """A request with every parameter of one call, in voicenb's vocabulary and on the wire.

    Subclasses declare fields with `parameter` and may add rules over several fields, by overriding `stated`
    (rules of the service's documents), `learned` (rules that were seen, but are not stated) and `advised`. A field
    named ``model`` decides which of the parameters with `models` may be given.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True, allow_inf_nan=False)

    service: ClassVar[str] = ""

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Every parameter by its name."""
        return {name: Parameter.of(name, info) for name, info in cls.model_fields.items()}

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
                near = difflib.get_close_matches(str(key), [*known, *by_wire], n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                problems.append(Problem(str(key), shown(value), f"{hint}{cls.service} has {', '.join(known)}"))
            elif name in values_by_name:
                problems.append(Problem(name, shown(value), f"it was given twice, as {name!r} and as {key!r}"))
            else:
                values_by_name[name] = value
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
                    problems.append(Problem(name, _shown_text(named[name], known[name]), known[name].allowed))
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
                yield Problem(name, shown(sound[name]), one.allowed)

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


def _shown_text(value: object, one: Parameter) -> str:
    if one.max_length is None or not isinstance(value, str):
        return shown(value)
    return f"{len(value):,} characters" if len(value) > one.max_length else shown(value)


# -- the service itself ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What is fixed about a service.

    Attributes:
        id: The name it is connected to by.
        label: Its name for people.
        base_url: The documented base URL.
        key_variables, url_variables: Environment variables, the preferred one first.
        unit: What it charges in.
        poll_seconds: The documented polling interval, shortest and longest.
        voice_life: How long a voice that was never used is kept, or None.
        price_names: The names of its unit prices, each with what it is counted in.
        reference: What it takes as a reference.
        cloning: How a voice comes about. ``"preview"``: a paid preview gives it. ``"address"``: the recording's
            address is the voice, and a preview is only a clip. ``"voice"``: a preview, and then a call of its own
            that takes the recording and the preview.
        charged: When a task is charged: at its ``"submission"``, and refunded if it fails, or on ``"completion"``.
        preview_lines: What a preview speaks where no text is given, by language; at least ``"English"``.
        key_header, key_prefix: Where the key goes, and what stands before it there.
        regions: Base URLs by the names of the service's regions, for ``connect(region=…)``.
        settings: What ``connect`` takes for this service beside its own arguments, each with what it means; the
            service's ``__init__`` gets them.
        kept: Parameters of the cloning call that a voice keeps: speech in it takes them unless it says otherwise.
        any_price: Whether unit prices may have other names than `price_names`, such as models that came later.
    """

    id: str
    label: str
    base_url: str
    key_variables: tuple[str, ...]
    url_variables: tuple[str, ...]
    unit: str
    poll_seconds: tuple[float, float]
    voice_life: timedelta | None
    price_names: Mapping[str, str]
    reference: ReferenceRules
    cloning: Literal["preview", "address", "voice"]
    charged: Literal["submission", "completion"]
    preview_lines: Mapping[str, str]
    key_header: str = "Authorization"
    key_prefix: str = "Bearer "
    regions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    any_price: bool = False


class Service(Protocol):
    """A voice-cloning service: its contract, over the transport it was made with. Services derive from it.

    Methods that talk raise `voicenb.ServiceError` or a subclass for an answer that is an error, and
    `voicenb.OutcomeUnknown` where `submit` may have been accepted without an answer.
    """

    profile: ClassVar[Profile]

    def __init__(self, http: Http, **settings: Any) -> None:
        """Over `http`, which carries the base URL and the key, with what `Profile.settings` names."""

    @classmethod
    def parameters(cls) -> pd.DataFrame:
        """Every parameter of every call: one row each, from the typed requests alone.

        Returns:
            The columns ``call`` (preview, voice, production), ``name``, ``wire`` (the service's own fields), ``type``,
            ``range``, ``required``, ``default``, ``unit``, ``help`` and ``models`` (empty: all).
        """
        import pandas as pd

        kinds: tuple[Kind, ...] = ("preview", "voice", "production")
        rows = [
            {
                "call": kind,
                "name": one.name,
                "wire": ", ".join((one.wire, *one.also)),
                "type": one.type,
                "range": one.range,
                "required": one.required,
                "default": one.default,
                "unit": one.unit,
                "help": one.help,
                "models": ", ".join(one.models),
            }
            for kind in kinds
            if kind != "voice" or cls.profile.cloning == "voice"
            for one in cls.request_type(kind).parameters().values()
        ]
        return pd.DataFrame(rows).astype({"default": object})

    @property
    def reference_rules(self) -> ReferenceRules:
        """What it takes as a reference."""
        return self.profile.reference

    def characters(self, text: str) -> int:
        """The number of characters of `text` that the service counts."""
        return len(text)

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a reference, in words, or None."""

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` looks like the service's own id of a voice."""

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:
        """What `request` costs at the unit prices `prices`."""

    async def publish(self, upload: Upload) -> str:
        """Uploads a recording; the answer is the URL that a request takes.

        Raises:
            BadReference: The service has no upload; the message shows what to do.
        """

    async def submit(
        self,
        request: ServiceRequest,
        *,
        task: str,
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> Answer:
        """Sends `request`, once.

        Args:
            request: The validated request.
            task: The ledger's id, for services that can carry it.
            seed: Makes takes differ, where the service knows such a thing (the sandbox does).
            files: What a service takes as bytes: ``reference``, the recording, and ``preview``, the preview's clip.
        """

    async def query(self, remote_id: str) -> Answer:
        """The state of a task."""

    async def download(self, url: str) -> bytes:
        """A result's bytes, fetched without credentials."""

    async def balance(self) -> Balance:
        """What the account has left."""

    async def prices(self) -> dict[str, Decimal]:
        """The unit prices that the service publishes, by the names of `Profile.price_names`; those it does not are absent."""

    def subtitles(self, data: bytes) -> Subtitles:
        """The subtitles in a file of the service's own format; ValueError where it is none."""


@runtime_checkable
class Streaming(Protocol):
    """A service that can send speech while it is made."""

    async def stream(
        self,
        request: ServiceRequest,
        *,
        task: str,
        receive: Callable[[bytes, int, int], Awaitable[None]],
        seed: int | None = None,
    ) -> Answer:
        """Sends `request`, once, and passes on what comes.

        Args:
            request: The validated request.
            task: The ledger's id, for services that can carry it.
            receive: Called with each piece of sound: whole samples of 16-bit PCM (little endian, channels interleaved),
                the rate in Hz and the number of channels.
            seed: As in `Service.submit`.

        Returns:
            The completed answer, with the whole sound as a file.

        Raises:
            ServiceError: It broke off; what was received was passed on.
        """


@runtime_checkable
class Catalogue(Protocol):
    """A service that lists its voices."""

    async def voices(self) -> list[ServiceVoice]:
        """The voices that the account may use, ready-made ones and its own."""
