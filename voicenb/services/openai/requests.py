"""The typed requests of an OpenAI-compatible server: speech, in a new voice and in one that is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, StrictStr

from voicenb.errors import Problem
from voicenb.services.base import RECORDING, Kind, Number, ServiceRequest, parameter, shown

__all__ = ["ID", "PreviewRequest", "ProductionRequest", "Speech"]

ID = "openai"
_LONGEST_TEXT = 4096
"""Characters of a text or an instruction (stated by OpenAI; a server of one's own may take more)."""


def _object(value: Any) -> Any:
    # What stands on a command line is text.
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError(_EXTRA_RULE) from None
    if value is not None:
        try:
            plain = isinstance(value, dict) and json.loads(json.dumps(value, allow_nan=False)) == value
        except (TypeError, ValueError, RecursionError):
            plain = False
        if not plain:
            raise ValueError(_EXTRA_RULE)
    return value


_EXTRA_RULE = "allowed is a dict of what JSON holds, or a JSON object as text"


def _is_address(voice: str | None) -> bool:
    """Whether a voice is a recording, at an address or in the home, and not a name that the server knows."""
    return voice is not None and voice.startswith((RECORDING, "http://", "https://"))


class Speech(ServiceRequest):
    """``POST /audio/speech``: every parameter but the voice."""

    service: ClassVar[str] = ID

    text: Annotated[StrictStr, parameter("input", "What is spoken.", min_length=1)]
    model: Annotated[
        StrictStr, parameter("model", "The model, by the server's name of it; GET /models lists them.", min_length=1)
    ] = "tts-1"
    instructions: Annotated[
        StrictStr | None,
        parameter("instructions", "How to speak, in words, where the model follows them.", min_length=1),
    ] = None
    speed: Annotated[Number, parameter("speed", "Speech rate.", unit="×", step=0.05, ge=0.25, le=4)] = 1.0
    format: Annotated[
        Literal["wav", "mp3", "flac", "opus", "aac", "pcm"],
        parameter("response_format", "What the sound comes as; pcm is kept as WAV."),
    ] = "wav"
    language: Annotated[
        StrictStr | None,
        parameter("language", "The language of the text, as the server spells it; an extension.", min_length=1),
    ] = None
    reference_text: Annotated[
        StrictStr | None,
        parameter("ref_text", "What is said in the recording, which makes a clone better; an extension.", min_length=1),
    ] = None
    stream_format: Annotated[
        Literal["audio", "sse"] | None,
        parameter("stream_format", "How a stream comes: as bare sound, or as server-sent events."),
    ] = None
    extra: Annotated[
        dict[str, Any] | None,
        BeforeValidator(_object),
        parameter("extra", "More fields of the server's own, sent as they are.", type="object", rule=_EXTRA_RULE),
    ] = None

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Something to speak, and no field that a parameter stands for among the extra ones."""
        for name, rule in (("text", "text with something to speak"), ("voice", "a voice"), ("model", "a model")):
            if isinstance(values.get(name), str) and not values[name].strip():
                yield Problem(name, shown(values[name]), f"allowed is {rule}")
        own = {one.wire: name for name, one in cls.parameters().items() if name != "extra"} | {
            "ref_audio": "the recording"
        }
        if _is_address(values.get("voice")):
            # Some servers want a name beside the recording.
            del own["voice"]
        for name in values.get("extra") or {}:
            if name in own:
                yield Problem("extra", shown(name), f"{own[name]} stands for this field: give it there")

    longest_text: ClassVar[int | None] = _LONGEST_TEXT

    @classmethod
    def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Lengths that OpenAI states for itself; servers of one's own differ."""
        for name in ("text", "instructions"):
            value = values.get(name)
            if isinstance(value, str) and len(value) > _LONGEST_TEXT:
                yield Problem(name, f"{len(value):,} characters", f"OpenAI takes {_LONGEST_TEXT:,} characters")

    def wire(self) -> dict[str, Any]:
        """The body of the call; a recording of the home is left to be put into ``ref_audio``."""
        body = super().wire()
        voice = getattr(self, "voice", None) or getattr(self, "reference", None)
        for name in ("extra", "voice", "ref_audio"):
            body.pop(name, None)
        if not _is_address(voice):
            # With an uploaded voice it is at the server already.
            body.pop("ref_text", None)
        if voice is not None:
            body["ref_audio" if _is_address(voice) else "voice"] = voice
        return body | (self.extra or {})


class PreviewRequest(Speech):
    """The first speech in a new voice."""

    kind: ClassVar[Kind] = "preview"

    reference: Annotated[
        StrictStr | None,
        parameter("ref_audio", "The recording: what publishing it gave.", also=("voice",), min_length=1),
    ] = None


class ProductionRequest(Speech):
    """Speech in a voice: one that the server knows by name, or a recording's."""

    kind: ClassVar[Kind] = "production"

    voice: Annotated[
        StrictStr,
        parameter(
            "voice", "The voice, by the server's name of it; or a recording's URL.", also=("ref_audio",), min_length=1
        ),
    ]
