"""What a measure is: a function of a sound, with its unit, its version and how its differences are read."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from voicenb.errors import InvalidRequest
from voicenb.measures.sound import Sound

__all__ = ["Measure", "MeasureFunction", "Scale"]

MeasureFunction: TypeAlias = Callable[..., float]
"""Takes a `Sound`, and the study's cell as a second argument where it has one."""
Scale: TypeAlias = Literal["ratio", "semitones", "difference"]


@dataclass(frozen=True)
class Measure:
    """A measure.

    Attributes:
        name: The name of its column, such as ``"f0_median"``.
        unit: The unit of its values, such as ``"Hz"``; empty for counts and ratios.
        version: A whole number from 1, which goes up when the same sound would get another value.
        function: Takes a `Sound`, or a `Sound` and the study's cell, and returns a number; NaN where it has none to give.
        method: How it is measured, in one sentence.
        relative: Whether `margin` is a share of the value (0.05 is 5 %) rather than a number of the scale's unit.
        needs_text: Whether it cannot be taken without the text that is spoken.
        needs_reference: Whether it cannot be taken without another sound to compare with.
        margin: The just-noticeable difference that has been published for it, or None.
        margin_source: Who published that; empty where nobody did.
        scale: How two values are contrasted: ``"ratio"`` by their log ratio, in per cent, ``"semitones"`` by 12 times the
            binary logarithm of their ratio, ``"difference"`` by plain subtraction.
    """

    name: str
    unit: str
    version: int
    function: MeasureFunction
    method: str = ""
    relative: bool = False
    needs_text: bool = False
    needs_reference: bool = False
    margin: float | None = None
    margin_source: str = ""
    scale: Scale = "difference"

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise InvalidRequest(
                f"{self.name!r} cannot name a measure: give letters, digits and underscores, as for a column"
            )
        if not callable(self.function):
            raise InvalidRequest(f"the measure {self.name!r} is no function: {self.function!r} was given")
        if isinstance(self.version, bool) or not isinstance(self.version, int) or self.version < 1:
            raise InvalidRequest(f"version={self.version!r} of the measure {self.name!r}: give a whole number from 1")

    def value(self, sound: Sound, cell: Any = None) -> float:
        """The value for one sound.

        Args:
            sound: The sound.
            cell: The study's cell that it is of, for functions that take a second argument.

        Raises:
            InvalidRequest: The text or the reference that it needs is missing, or what the function returns is no number.
            Exception: Whatever the function raises.
        """
        if self.needs_text and not sound.text:
            raise InvalidRequest(f"{self.name} needs the text that is spoken, and none is known")
        if self.needs_reference and sound.reference is None:
            raise InvalidRequest(f"{self.name} needs a reference to compare with, and none was given")
        found = self.function(sound, cell) if _takes_cell(self.function) else self.function(sound)
        try:
            return float(found)
        except (TypeError, ValueError):
            raise InvalidRequest(f"{self.name} returned {type(found).__name__}: a measure returns one number") from None


def _takes_cell(function: MeasureFunction) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    except ValueError:
        # Functions written in C may not say what they take.
        return False
    return True
