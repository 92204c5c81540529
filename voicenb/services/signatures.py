"""What Shift-Tab, completion and `inspect.signature` show of a call that takes a service's parameters.

A method takes ``**parameters``, because what there is depends on the service. `takes_parameters` gives the method that is looked up on
an object the signature and the docstring of that object's own service.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from types import FunctionType, MethodType
from typing import Any, Literal, TypeVar, cast

from voicenb.services.base import Kind, Parameter, Service

__all__ = ["CLONED", "SPOKEN", "parameters_of", "takes_parameters"]

SPOKEN: tuple[Kind, ...] = ("production",)
"""The calls behind speech in a voice that is there."""

CLONED: tuple[Kind, ...] = ("preview", "voice")
"""The calls behind a cloning; the second only where the service makes voices by a call of its own."""

# What the methods have arguments of their own for, or fill in themselves.
_FILLED = {
    SPOKEN: frozenset({"voice", "text"}),
    CLONED: frozenset({"reference", "preview", "name", "text", "language"}),
}

_F = TypeVar("_F", bound=Callable[..., Any])


def parameters_of(service: Service | type[Service], kinds: tuple[Kind, ...]) -> dict[str, Parameter]:
    """The parameters that a caller may give to the calls of `kinds`, which is `SPOKEN` or `CLONED`, by their names."""
    found: dict[str, Parameter] = {}
    for kind in kinds:
        if kind == "voice" and service.profile.cloning != "voice":
            continue
        for name, one in service.request_type(kind).parameters().items():
            if name not in _FILLED[kinds]:
                found.setdefault(name, one)
    return found


def takes_parameters(kinds: tuple[Kind, ...]) -> Callable[[_F], _F]:
    """Marks a method whose ``**parameters`` are those of the service of the object's session.

    On the class the method stays as it is written; on an object its signature and docstring list the parameters of the object's service,
    with their ranges and defaults. What the method does, and what it accepts, is the same.

    Args:
        kinds: `SPOKEN` or `CLONED`.
    """

    def mark(function: _F) -> _F:
        return cast("_F", _Method(function, kinds))

    return mark


class _Method:
    """A descriptor: the function on the class; on an object a method with the signature of its service."""

    def __init__(self, function: Callable[..., Any], kinds: tuple[Kind, ...]) -> None:
        self._function = function
        self._kinds = kinds
        self._copies: dict[type[Service], FunctionType] = {}
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self._function
        session = getattr(instance, "session", None) or instance._session  # noqa: SLF001 - the studio's coroutines keep it so
        kind = type(session.service)
        if kind not in self._copies:
            self._copies[kind] = self._for(kind)
        return MethodType(self._copies[kind], instance)

    def _for(self, service: type[Service]) -> FunctionType:
        # A method has no room for a signature of its own, and its function does: each service has a copy of the function.
        function = cast("FunctionType", self._function)
        copy = FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
        copy.__annotations__ = function.__annotations__
        written = inspect.signature(function)
        known = {
            name: one for name, one in parameters_of(service, self._kinds).items() if name not in written.parameters
        }
        copy.__signature__ = _with(written, known)  # type: ignore[attr-defined]  # read by `inspect.signature`
        copy.__doc__ = _documented(function.__doc__ or "", known, service.profile.label)
        return copy


def _with(written: inspect.Signature, known: dict[str, Parameter]) -> inspect.Signature:
    """The signature with a keyword for each parameter; those by the wire's names still go to ``**parameters``."""
    own = list(written.parameters.values())
    rest = [own.pop()] if own and own[-1].kind is inspect.Parameter.VAR_KEYWORD else []
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=_annotation(one))
        for name, one in known.items()
    ]
    return written.replace(parameters=[*own, *added, *rest])


def _annotation(one: Parameter) -> Any:
    kind: Any = {"number": float, "integer": int, "switch": bool, "text": str}.get(one.type, Any)
    if one.choices and not one.learned:
        kind = Literal[one.choices]
    return kind if one.default is not None or kind is Any else kind | None


def _documented(text: str, known: dict[str, Parameter], label: str) -> str:
    """The docstring with a line for each parameter in the place of the one for ``parameters``."""
    lines = inspect.cleandoc(text).splitlines()
    entries = list(_entries(known, label))
    for start, line in enumerate(lines):
        if line.startswith("    parameters: "):
            end = start + 1
            while end < len(lines) and lines[end].startswith("     "):
                end += 1
            return "\n".join([*lines[:start], *entries, *lines[end:]])
    place = next((number for number, line in enumerate(lines) if line.startswith("Raises:")), len(lines))
    heading = ["Args:", *entries, ""] if place < len(lines) else ["", "Args:", *entries]
    return "\n".join([*lines[:place], *heading, *lines[place:]])


def _entries(known: dict[str, Parameter], label: str) -> Iterable[str]:
    for name, one in known.items():
        default = "" if one.default is None else f" Default {one.default!r}."
        models = f" Models: {', '.join(one.models)}." if one.models else ""
        help_text = one.help.rstrip(".")
        yield f"    {name}: {help_text}; {one.allowed}.{default}{models}"
    renamed = ", ".join(f"{one.wire} ({name})" for name, one in known.items() if one.wire != name)
    also = f": {renamed}" if renamed else ""
    yield f"    parameters: The same by the names that {label} itself uses{also}."
