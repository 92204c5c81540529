"""Where the clips of a study come from, as plain data that a report keeps."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import TaskRecord
from voicenb.study.design import Design

__all__ = ["ClipFacts", "Facts", "VoiceFacts", "facts_of"]

_PACKAGES = ("voicenb", "numpy", "pandas", "soundfile", "scipy", "onnxruntime", "speechmos", "faster-whisper", "jiwer")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ClipFacts:
    """What is known of the task of a cell, besides its row in the frame.

    Attributes:
        sound: SHA-256 of the clip as it was received; "" where there is none.
        request: SHA-256 of the request's body.
        made: When it was completed, or else asked for: ISO 8601, UTC.
        model: The model or version that was asked for; "" where none was named.
        language: The language that was asked for; "" where none was named.
    """

    sound: str
    request: str
    made: str
    model: str
    language: str


@dataclass(frozen=True)
class VoiceFacts:
    """A voice of a study.

    Attributes:
        level: The level of ``voice`` that it is.
        name: Its name.
        service: The service's id.
        sandbox: Whether the built-in sandbox stands for the service.
        consent: The speaker's consent as it was noted; "" where none was.
        language: The language it was cloned for; "" where none was named.
        version: The version it was cloned with; "" where none was named.
        reference: SHA-256 of the recording; "" where that is not known.
    """

    level: str
    name: str
    service: str
    sandbox: bool
    consent: str = ""
    language: str = ""
    version: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Facts:
    """What a report tells of a study besides its frame.

    Attributes:
        clips: By the cell's key.
        voices: The voices, in the order of their levels.
        versions: Of Python and of the packages that measured, by name.
        filtered: Whether ``where=`` left cells out.
        targets: How many texts have a recording that distances are taken to.
    """

    clips: Mapping[str, ClipFacts]
    voices: tuple[VoiceFacts, ...]
    versions: Mapping[str, str]
    filtered: bool = False
    targets: int = 0

    def to_json(self) -> dict[str, Any]:
        """All but the clips as plain data, from which `from_json` makes it again."""
        return {
            "voices": [asdict(one) for one in self.voices], "versions": dict(self.versions), "filtered": self.filtered,
            "targets": self.targets,
        }  # fmt: skip

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], clips: Mapping[str, ClipFacts]) -> Facts:
        """What `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: Something else did.
        """
        voices = tuple(
            VoiceFacts(
                str(one["level"]), str(one["name"]), str(one["service"]), bool(one["sandbox"]), str(one["consent"]),
                str(one["language"]), str(one["version"]), str(one["reference"]),
            )
            for one in kept["voices"]
        )  # fmt: skip
        versions = {str(name): str(value) for name, value in kept["versions"].items()}
        return cls(clips, voices, versions, bool(kept["filtered"]), int(kept["targets"]))


def facts_of(
    design: Design, voices: Mapping[str, str], tasks: Mapping[str, TaskRecord], ledger: Ledger, **options: Any
) -> Facts:
    """The facts of a study that a ledger has.

    Args:
        design: The design.
        voices: The ledger's id of the voice of each level.
        tasks: The task of each cell.
        ledger: The ledger.
        options: `Facts.filtered` and `Facts.targets`.
    """
    found = []
    for level, key in voices.items():
        record = ledger.voices.get(key)
        if record is None:
            found.append(VoiceFacts(level, level, design.services.get(level, ""), sandbox=False))
            continue
        reference = record.reference or ""
        found.append(
            VoiceFacts(
                level, record.name, record.service, record.endpoint == "sandbox", record.consent or "",
                record.language or "", record.version or "", reference if _SHA256.fullmatch(reference) else "",
            )
        )  # fmt: skip
    return Facts({key: _clip(one) for key, one in tasks.items()}, tuple(found), _versions(), **options)


def _clip(record: TaskRecord) -> ClipFacts:
    file = (record.file or "").rpartition("/")[2].partition(".")[0]
    asked = record.parameters
    moment = record.completed or record.created
    return ClipFacts(
        file, record.request, moment.isoformat(timespec="seconds"),
        str(asked.get("model") or asked.get("version") or ""), str(asked.get("language") or ""),
    )  # fmt: skip


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
