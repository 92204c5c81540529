"""All measures by their names: voicenb's own, those of installed packages, and those that a notebook's cell defines."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, TypeVar

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest, VoicenbWarning
from voicenb.measures.builtin import BUILT_IN
from voicenb.measures.definition import Measure, MeasureFunction, Scale
from voicenb.measures.extras import extras
from voicenb.measures.sound import Sound

__all__ = ["Measure", "Sound", "defined_here", "measure", "measure_of", "measures"]

Function = TypeVar("Function", bound=MeasureFunction)

_GROUP = "voicenb.measures"
_OWN = {one.name: one for one in BUILT_IN}
# Re-entrant: a package whose entry point is being loaded registers its measures.
_LOCK = threading.RLock()


class _Registered:
    """What is registered in this process.

    Attributes:
        measures: All but voicenb's own, by their names.
        installed: Whether the entry points have been loaded.
        loading: Whether one of them is being loaded.
        packaged: The measures that came from them.
        extras: voicenb's own of packages that are installed.
    """

    def __init__(self) -> None:
        self.measures: dict[str, Measure] = {}
        self.installed = self.loading = False
        self.packaged: list[Measure] = []
        self.extras: dict[str, Measure] = {}


_STATE = _Registered()


def measure(
    *,
    unit: str,
    version: int = 1,
    name: str | None = None,
    method: str = "",
    relative: bool = False,
    needs_text: bool = False,
    needs_reference: bool = False,
    margin: float | None = None,
    margin_source: str = "",
    scale: Scale = "difference",
) -> Callable[[Function], Function]:
    """Makes a function a measure, and leaves it a function.

    ::

        @vn.measure(unit="Hz", version=1)
        def jitter(sound, cell) -> float: ...

    The function takes a `Sound`, and the study's cell as a second argument where it has one, and returns a number. A measure of
    the same name takes the place of the former, so that a cell can be run again; raise `version` where the same sound now
    gets another value.

    Args:
        unit: The unit of its values, such as ``"Hz"``; empty for counts and ratios.
        version: A whole number from 1.
        name: The name of its column; by default the function's own.
        method: How it is measured, in one sentence; by default the first line of the function's docstring.
        relative: Whether `margin` is a share of the value.
        needs_text: Whether it cannot be taken without the text.
        needs_reference: Whether it cannot be taken without a reference.
        margin: The just-noticeable difference, in the unit (semitones for that scale) or as a share.
        margin_source: Who found that.
        scale: ``"ratio"``, ``"semitones"`` or ``"difference"``: see `Measure`.

    Raises:
        InvalidRequest: The name is that of one of voicenb's own measures or none that a column can have, or the version is no
            whole number from 1.
    """

    def register(function: Function) -> Function:
        called = str(getattr(function, "__name__", "")) if name is None else name
        said = (getattr(function, "__doc__", None) or "").strip().partition("\n")[0]
        _add(
            Measure(
                called,
                unit,
                version,
                function,
                method or said,
                relative,
                needs_text,
                needs_reference,
                margin,
                margin_source,
                scale,
            )
        )
        return function

    return register


def measures() -> Mapping[str, Measure]:
    """All measures by their names: voicenb's own, those of the extras that are installed, those of the entry points ``voicenb.measures``, then a notebook's.

    An entry point names a `Measure`, or a function that `measure` was put before. One that cannot be loaded is a
    `VoicenbWarning`, once, and the others are there. A snapshot: what is registered later is not in it.
    """
    with _LOCK:
        if not _STATE.installed:
            _STATE.installed = True
            _STATE.extras = {one.name: one for one in extras()}
            for entry in sorted(entry_points(group=_GROUP), key=lambda one: one.name):
                _install(entry)
        return MappingProxyType(_OWN | _STATE.extras | _STATE.measures)


def measure_of(which: str | MeasureFunction) -> Measure:
    """The measure of that name, or the one that `measure` made of this function.

    Raises:
        InvalidRequest: There is none.
    """
    known = measures()
    if callable(which):
        found = next((one for one in known.values() if one.function is which), None)
        if found is None:
            raise InvalidRequest(f"{which!r} is no measure yet: put @vn.measure(unit=…, version=1) before it")
        return found
    if which not in known:
        hint = did_you_mean(which, known)
        raise InvalidRequest(f"no measure is named {which!r}; {hint}there are {', '.join(known)}")
    return known[which]


def defined_here() -> tuple[Measure, ...]:
    """The measures that another process with the same packages would not have: a notebook's, and those of a program's modules."""
    measures()
    with _LOCK:
        return tuple(
            one for one in _STATE.measures.values() if not any(one is packaged for packaged in _STATE.packaged)
        )


def _add(new: Measure) -> None:
    if new.name in _OWN:
        raise InvalidRequest(
            f"{new.name} is one of voicenb's own measures and stays as it is: give yours another name, with name=…"
        )
    with _LOCK:
        _STATE.measures[new.name] = new
        if _STATE.loading:
            _STATE.packaged.append(new)


def _install(entry: EntryPoint) -> None:
    _STATE.loading = True
    try:
        found: Any = entry.load()
        if isinstance(found, Measure):
            _add(found)
            return
        problem = "it is neither a Measure nor a function with @voicenb.measure before it"
        # Its module may have been imported, and the function registered, before.
        decorated = [one for one in _STATE.measures.values() if one.function is found]
        if decorated:
            _STATE.packaged += decorated
            return
    # Whatever a package of somebody else's raises when it is imported.
    except Exception as error:  # noqa: BLE001
        problem = f"{type(error).__name__}: {error}"
    finally:
        _STATE.loading = False
    warnings.warn(
        f"the measure {entry.name} of the entry point {entry.value} cannot be used ({problem}); the others can",
        VoicenbWarning,
        stacklevel=3,
    )
