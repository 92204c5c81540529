"""An emotion as AI Clone's ``v2-emotion`` takes it, in all the ways of writing it.

The value of the parameter is one line of text, which stands in history, captions and presets, and is read back as it is:

- ``joy=0.9, excitement=0.1``: a vector by name; what is not named is 0;
- ``same_as_reference``, ``random``: as they say;
- ``https://…``: the emotion of another recording;
- ``{…}``: the wire's object without a mode, which is sent as it is;
- anything else: a description, such as ``say it happily``. ``text: …`` makes a description of what would be one of the above.

A mapping of names, a list of eight in the documented order, and the wire's own object are accepted too.
Source: https://aiclonevoicefree.com, "Voice Cloning", section v2-emotion (seen 2026-11).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from voicenb.base.arguments import did_you_mean

__all__ = ["ADVISED_SUM", "COMPONENTS", "LARGEST_SUM", "RULE", "parse_emotion", "unused", "vector_sum", "wire_emotion"]

COMPONENTS = ("joy", "anger", "sorrow", "fear", "excitement", "depression", "surprise", "calm")
"""The vector's components in the documented order."""

LARGEST_SUM = Decimal("1.5")
"""Above this sum the service answers ``emo_vec sum exceeds 1.5``."""
ADVISED_SUM = Decimal("1.4")
"""The sum that the service advises to stay within."""

RULE = (
    f"allowed are strengths from 0 to 1 by name ({', '.join(COMPONENTS)}) or as a list of eight, "
    f"with a sum up to {LARGEST_SUM}; a description; an audio URL; 'same_as_reference'; 'random'"
)

_MODES = ("same_as_reference", "vector", "text", "reference_audio", "random")
_FIELD_OF = {"vector": "vector", "text": "text", "reference_audio": "reference_audio_url"}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NAMED = re.compile(rf"\s*[A-Za-z_]+\s*=\s*{_NUMBER}\s*(?:,\s*[A-Za-z_]+\s*=\s*{_NUMBER}\s*)*,?\s*")
_PART = re.compile(rf"([A-Za-z_]+)\s*=\s*({_NUMBER})")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_DESCRIPTION = "text:"


def parse_emotion(value: Any) -> str:
    """Any way of writing an emotion as the one line that stands for it.

    Raises:
        ValueError: It is none; the message says what is allowed.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Mapping):
        if not value or {"mode", *_FIELD_OF.values()} & set(value):
            return _from_wire(value)
        return _line(_by_name(value))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return _line(_in_order(value))
    raise ValueError(RULE)


def _from_text(text: str) -> str:
    said = text.strip()
    if not said:
        raise ValueError(f"it is blank; {RULE}")
    if said.startswith("{"):
        try:
            found = json.loads(said)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return parse_emotion(found)
    if said.lower() in {"same_as_reference", "random"}:
        return said.lower()
    if said.lower().startswith(_DESCRIPTION):
        return _described(said[len(_DESCRIPTION) :].strip())
    if _NAMED.fullmatch(said):
        pairs = _PART.findall(said)
        names = [name.lower() for name, _ in pairs]
        if len(set(names)) < len(names):
            raise ValueError("a component is named twice")
        return _line(_by_name({name: float(number) for name, (_, number) in zip(names, pairs, strict=True)}))
    return said


def _described(text: str) -> str:
    """A description as its line; one that would be read as something else is marked."""
    if not text:
        raise ValueError("the description is blank")
    plain = text.lower() in {"same_as_reference", "random"} or text.startswith("{")
    marked = plain or text.lower().startswith(_DESCRIPTION) or _NAMED.fullmatch(text) or _URL.match(text)
    return f"{_DESCRIPTION} {text}" if marked else text


def _from_wire(value: Mapping[str, Any]) -> str:
    given = {str(key): one for key, one in value.items() if one is not None}
    mode = given.pop("mode", None)
    if mode is None:
        return _without_mode(given)
    if mode not in _MODES:
        raise ValueError(f"mode={mode!r}: {did_you_mean(mode, _MODES)}allowed are {', '.join(_MODES)}")
    wanted = _FIELD_OF.get(mode)
    if stray := sorted(set(given) - {wanted}):
        raise ValueError(f"mode={mode!r} takes {wanted or 'no other field'}, not {', '.join(stray)}")
    if wanted is None:
        return str(mode)
    if wanted not in given:
        raise ValueError(f"mode={mode!r} needs {wanted}")
    content = given[wanted]
    if wanted == "vector":
        if isinstance(content, str | bytes | Mapping) or not hasattr(content, "__iter__"):
            raise ValueError(f"vector: allowed are eight numbers from 0 to 1, for {', '.join(COMPONENTS)}")
        return _line(_in_order(list(content)))
    if not isinstance(content, str):
        raise ValueError(f"{wanted} is text")  # noqa: TRY004 - pydantic collects ValueError, not TypeError
    if wanted == "reference_audio_url":
        if not _URL.fullmatch(content.strip()):
            raise ValueError("reference_audio_url: allowed is a public http(s) URL")
        return content.strip()
    return _described(content.strip())


def _without_mode(given: Mapping[str, Any]) -> str:
    """The wire's object without a mode, which stands for the reference's own emotion (stated): it is sent as it is."""
    if stray := sorted(set(given) - set(_FIELD_OF.values())):
        hint = did_you_mean(stray[0], ["mode", *_FIELD_OF.values()])
        raise ValueError(f"{', '.join(stray)}: {hint}without a mode it takes {', '.join(_FIELD_OF.values())}")
    for mode, field in _FIELD_OF.items():
        if field in given:
            _from_wire({"mode": mode, field: given[field]})
    content = {key: list(one) if key == "vector" else one for key, one in given.items()}
    return json.dumps(content, ensure_ascii=False) if content else "{}"


def unused(line: str) -> str | None:
    """The mode that would make use of what a line without one says; None where it has one, or says nothing."""
    if not line.startswith("{"):
        return None
    given = json.loads(line)
    return next((mode for mode, field in _FIELD_OF.items() if field in given), None)


def _strength(name: str, value: Any) -> float:
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 1:
        raise ValueError(f"{name}={value!r}: allowed is a number from 0 to 1")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name}={value!r}: allowed is a number from 0 to 1")
    return number


def _by_name(value: Mapping[Any, Any]) -> list[float]:
    for name in value:
        if name not in COMPONENTS:
            hint = did_you_mean(name, COMPONENTS)
            raise ValueError(f"{name!r} is no component; {hint}there are {', '.join(COMPONENTS)}")
    if not value:
        raise ValueError(f"no component is given; there are {', '.join(COMPONENTS)}")
    return _bounded([_strength(name, value.get(name, 0)) for name in COMPONENTS])


def _in_order(value: Sequence[Any]) -> list[float]:
    if len(value) != len(COMPONENTS):
        raise ValueError(f"{len(value)} numbers: allowed are eight, for {', '.join(COMPONENTS)}")
    return _bounded([_strength(name, one) for name, one in zip(COMPONENTS, value, strict=True)])


def _bounded(vector: list[float]) -> list[float]:
    total = _sum(vector)
    if total > LARGEST_SUM:
        raise ValueError(f"the strengths sum to {total}: allowed is a sum up to {LARGEST_SUM}")
    return vector


def _sum(vector: Sequence[float]) -> Decimal:
    # By the digits that were written: 0.1 + 0.2 + 0.3 + 0.9 is 1.5, whatever its floats sum to.
    return sum((Decimal(repr(one)) for one in vector), Decimal(0))


def _line(vector: Sequence[float]) -> str:
    named = [f"{name}={one!r}" for name, one in zip(COMPONENTS, vector, strict=True) if one]
    return ", ".join(named) or f"{COMPONENTS[0]}=0.0"


def vector_sum(line: str) -> Decimal | None:
    """The sum of the vector that a line stands for, exact in the digits that were written; None where it is none."""
    return _sum([float(number) for _, number in _PART.findall(line)]) if _NAMED.fullmatch(line) else None


def wire_emotion(line: str) -> dict[str, Any]:
    """The wire's object for a line that `parse_emotion` made."""
    if line.startswith("{"):
        return dict(json.loads(line))
    if line in {"same_as_reference", "random"}:
        return {"mode": line}
    if line.startswith(_DESCRIPTION):
        return {"mode": "text", "text": line[len(_DESCRIPTION) :].strip()}
    if _NAMED.fullmatch(line):
        strengths = {name: float(number) for name, number in _PART.findall(line)}
        return {"mode": "vector", "vector": [strengths.get(name, 0.0) for name in COMPONENTS]}
    if _URL.fullmatch(line):
        return {"mode": "reference_audio", "reference_audio_url": line}
    return {"mode": "text", "text": line}
