"""Which parameters the rules and the price of a service look at.

What a rule over several fields, or a price, says of a request depends on the fields that it reads and on nothing else. So a
study of a million cells asks once for all cells that agree in these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from voicenb.errors import Problem
from voicenb.services.parameters import ServiceRequest

__all__ = ["recorded_reads", "recording"]

_reads: ContextVar[set[str] | None] = ContextVar("reads", default=None)
_building: ContextVar[bool] = ContextVar("building", default=False)


@contextmanager
def recorded_reads() -> Iterator[set[str]]:
    """Collects the names of the parameters that requests of a type of `recording` are asked for."""
    found: set[str] = set()
    before = _reads.set(found)
    try:
        yield found
    finally:
        _reads.reset(before)


def _note(*names: str) -> None:
    if (found := _reads.get()) is not None:
        found.update(names)


class _Recorded(Mapping[str, Any]):
    """Values that note which of them are read; who goes through all reads all."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        _note(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        _note(*self._values)
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@cache
def recording(kind: type[ServiceRequest]) -> type[ServiceRequest]:
    """The same type of request, whose rules over several fields, and whose readers, say what they read.

    A rule of one field alone is none of these: it is validation, or a learned range. Parameters that some models lack are rules over
    several fields, and so is ``model``.
    """
    fields = frozenset(kind.model_fields)
    by_model = [name for name, one in kind.parameters().items() if one.models]

    class Recording(kind):  # type: ignore[valid-type, misc]
        def __getattribute__(self, name: str) -> Any:
            if _building.get():
                # All fields are handed to the rules, which note for themselves what they read of them.
                pass
            elif name in fields:
                _note(name)
            elif name in {"__dict__", "__iter__"}:
                _note(*fields)
            return super().__getattribute__(name)

        @classmethod
        def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
            return super().stated(_Recorded(values))  # type: ignore[no-any-return]

        @classmethod
        def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
            return super().learned(_Recorded(values))  # type: ignore[no-any-return]

        @classmethod
        def advised(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
            return super().advised(_Recorded(values))  # type: ignore[no-any-return]

        @classmethod
        def build(cls, values: Mapping[str, Any], *, strict: bool = False) -> Any:
            _note("model", *by_model)
            before = _building.set(True)
            try:
                return super().build(values, strict=strict)
            finally:
                _building.reset(before)

    Recording.__name__ = kind.__name__
    return Recording
