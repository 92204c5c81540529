"""Parameters under a name: small JSON files in the home's ``presets`` folder, to be loaded again and given away."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["LEFT_OUT", "as_json", "delete", "load", "names", "read", "save"]

_FORMAT = "voicenb preset 1"
_MOST_BYTES = 100_000
_NAME = re.compile(r"[^\x00-\x1f/\\:*?\"<>|]{1,60}")
LEFT_OUT = frozenset({"text", "voice", "reference"})
"""Parameters that no preset keeps."""


def _folder(studio: Studio) -> Path:
    return studio.home / "presets" / studio.service.profile.id


def _path(studio: Studio, name: str) -> Path:
    if not _NAME.fullmatch(name) or name.startswith(".") or name != name.strip():
        raise InvalidRequest(
            f"the preset's name {name!r} cannot be a file's: give 1 to 60 characters without / \\ : * ? \" < > |"
        )
    return _folder(studio) / f"{name}.json"


def names(studio: Studio) -> list[str]:
    """The presets for the studio's service, sorted."""
    return sorted(path.stem for path in _folder(studio).glob("*.json"))


def as_json(studio: Studio, name: str, values: Mapping[str, Any]) -> str:
    """A preset as the text of its file. Text, voice and reference are never part of it."""
    kept = {key: value for key, value in values.items() if key not in LEFT_OUT}
    content = {"format": _FORMAT, "service": studio.service.profile.id, "name": name, "values": kept}
    return json.dumps(content, ensure_ascii=False, indent=1)


def save(studio: Studio, name: str, values: Mapping[str, Any]) -> Path:
    """Keeps parameters under a name, in place of what that name had; the answer is the file, which can be given away.

    Raises:
        InvalidRequest: The name cannot be a file's.
    """
    path = _path(studio, name)
    text = as_json(studio, name, values)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
    return path


def read(studio: Studio, text: str | bytes, *, file: str = "") -> tuple[str, dict[str, Any]]:
    """Name and parameters of a preset that somebody gave away; they are judged when they are used.

    Args:
        studio: Whose service it is for.
        text: The file's content.
        file: What errors call it.

    Raises:
        InvalidRequest: It is none, or one of another service.
    """
    try:
        content = json.loads(text) if len(text) <= _MOST_BYTES else None
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != _FORMAT or not isinstance(content.get("values"), dict):
        raise InvalidRequest(
            f"{file or 'this'} is no preset: give the JSON that a panel or voicenb.panels.presets.save wrote"
        )
    service = studio.service.profile.id
    if content.get("service") != service:
        raise InvalidRequest(
            f"{file or 'this preset'} is for {content.get('service')!s:.40}, and the studio's service is {service}"
        )
    return str(content.get("name") or "preset"), {
        str(key): value for key, value in content["values"].items() if key not in LEFT_OUT
    }


def load(studio: Studio, name: str) -> dict[str, Any]:
    """The parameters of a preset.

    Raises:
        InvalidRequest: There is none of that name, or its file holds none.
    """
    try:
        text = _path(studio, name).read_bytes()
    except OSError:
        known = names(studio)
        there = ", ".join(known) or "none yet"
        raise InvalidRequest(f"there is no preset {name!r}; {did_you_mean(name, known)}there are {there}") from None
    return read(studio, text)[1]


def delete(studio: Studio, name: str) -> None:
    """Removes a preset; one that is not there is no error."""
    _path(studio, name).unlink(missing_ok=True)
