"""A study written down in a TOML file, for the shell."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest, Problem

__all__ = ["FileVoice", "StudyFile", "read_study_file"]

_MOST_BYTES = 10_000_000
_OPTIONS: dict[str, type | tuple[type, ...]] = {
    "name": str, "question": str, "takes": int, "design": str, "sample": int, "order": str, "seed": int,
}  # fmt: skip
_KEYS = ("voice", "service", "sandbox", "text", "factors", "baseline", "budget", *_OPTIONS)
_VOICE_KEYS = ("name", "service", "sandbox")


class FileVoice(NamedTuple):
    """A voice by its name, with its service where the file names one, and whether that is the sandbox."""

    name: str
    service: str | None
    sandbox: bool | None


@dataclass(frozen=True)
class StudyFile:
    """What a file says of a study.

    Attributes:
        voices: Its voices.
        budget: What it may cost: one amount, or one for each service; None where the file does not say.
        options: What `voicenb.Study` takes beside the voices.
    """

    voices: tuple[FileVoice, ...]
    budget: Any
    options: Mapping[str, Any]


def read_study_file(path: Path) -> StudyFile:
    """Read a study's file::

        name = "tempo"                  # else the file's name
        question = "Does emotion change the tempo?"
        service = "soundclone"          # else the one that --service names
        sandbox = true                  # else as --sandbox says
        voice = "ada"                   # or a list of names, or of {name = …, service = …, sandbox = …}
        text = ["Hello there.", "We meet at noon."]
        takes = 2
        budget = 5                      # or {soundclone = 5, faseeh = 2}

        [factors]
        speed = [0.8, 1, 1.2]
        emotion = ["neutral", "happy"]

        [baseline]
        speed = 1

    Raises:
        InvalidRequest: It cannot be read, or says what no study has; every wrong key is named.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) > _MOST_BYTES:
        raise InvalidRequest(f"{path} has {len(data):,} bytes; a study's file has {_MOST_BYTES:,} at most")
    try:
        given = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidRequest(f"{path} is not UTF-8, as TOML is: save it so") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{path} is no TOML: {error}") from None
    problems = [_unknown(key, value, _KEYS) for key, value in given.items() if key not in _KEYS]
    for key, kind in _OPTIONS.items():
        if key in given and (not isinstance(given[key], kind) or isinstance(given[key], bool)):
            what = "a text" if kind is str else "a whole number"
            problems.append(Problem(key, repr(given[key]), f"{what} is allowed"))
    problems += [
        Problem(key, repr(given[key]), f"a table is allowed: [{key}]")
        for key in ("factors", "baseline")
        if not isinstance(given.get(key, {}), dict)
    ]
    problems += [Problem(key, "nothing", "it is needed") for key in ("voice", "text") if not given.get(key)]
    voices, wrong = _voices(given)
    if problems := [*problems, *wrong]:
        raise InvalidRequest(f"{path} is no study; nothing was sent", problems=tuple(problems))
    options = {key: given[key] for key in (*_OPTIONS, "text", "baseline") if key in given}
    factors: dict[str, Any] = given.get("factors", {})
    if both := sorted(set(factors) & {*options, "voice"}):
        raise InvalidRequest(f"{path}: {', '.join(both)} stands in [factors]; it stands above it, on a line of its own")
    return StudyFile(voices, given.get("budget"), {"name": path.stem} | options | factors)


def _unknown(key: str, value: object, known: tuple[str, ...]) -> Problem:
    hint = did_you_mean(key, known)
    return Problem(key, repr(value), f"{hint}there are {', '.join(known)}; parameters stand in [factors]")


def _voices(given: Mapping[str, Any]) -> tuple[tuple[FileVoice, ...], list[Problem]]:
    said = given.get("voice", [])
    service, sandbox = given.get("service"), given.get("sandbox")
    found, problems = [], []
    for one in said if isinstance(said, list) else [said]:
        table = {"name": one} if isinstance(one, str) else one
        if not isinstance(table, dict) or not isinstance(table.get("name"), str):
            problems.append(Problem("voice", repr(one), "a name is allowed, or {name = …, service = …}"))
            continue
        problems += [_unknown(f"{key}", value, _VOICE_KEYS) for key, value in table.items() if key not in _VOICE_KEYS]
        found.append(FileVoice(table["name"], table.get("service", service), table.get("sandbox", sandbox)))
    for key, value, kind, what in (
        ("service", service, str, "a service's id"), ("sandbox", sandbox, bool, "true or false"),
    ):  # fmt: skip
        if value is not None and not isinstance(value, kind):
            problems.append(Problem(key, repr(value), f"{what} is allowed"))
    return tuple(found), problems
