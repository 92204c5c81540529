"""Faseeh's typed requests: a preview, a voice, and speech."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, StrictStr

from voicenb.errors import Problem
from voicenb.services.base import Kind, Number, ServiceRequest, Whole, parameter, shown
from voicenb.services.breaks import break_problems, with_breaks, without_breaks

__all__ = [
    "DIALECTS",
    "ID",
    "LEAST_CHARACTERS",
    "LEAST_WORDS",
    "MODELS",
    "PreviewRequest",
    "ProductionRequest",
    "VoiceRequest",
]

ID = "faseeh"

MODELS = ("faseeh-v1-preview", "faseeh-mini-v1-preview")
"""Its models (learned), the default first; ``GET /models`` lists those of the day."""

DIALECTS = ("auto", "fusha", "emirati", "masri", "yemeni", "hijazi", "najdi", "kuwaiti")
"""What speech is known to take as `dialect` (learned): of the service's pages, of its clients, and of its ready-made voices."""
_CODES = {"arabic": "ar", "english": "en"}
LEAST_WORDS, LEAST_CHARACTERS = 3, 10


def _listed(value: Any) -> Any:
    """Text with commas, or a sequence of texts, as the wire's text with commas."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if not all(isinstance(one, str) for one in value):
            raise ValueError("allowed is text, or a list of texts")
        value = ",".join(value)
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in re.split("[,،]", value) if part.strip()]
    if not parts:
        raise ValueError("nothing is listed")
    return ",".join(parts)


def _languages(value: Any) -> Any:
    listed = _listed(value)
    if not isinstance(listed, str):
        return listed
    return ",".join(_CODES.get(part.lower(), part) for part in listed.split(","))


_LIST_RULE = "allowed is text such as 'ar,en', or a list of texts"
_MODEL = parameter("model_id", "The model; GET /models lists them.", choices=MODELS, min_length=1)


class _Spoken(ServiceRequest):
    """Rules that all calls share."""

    service: ClassVar[str] = ID

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Something to speak, and no name or id that is blank."""
        for name, rule in (("text", "text with something to speak"), ("name", "a name"), ("voice", "the voice's id")):
            value = values.get(name)
            if isinstance(value, str) and not (without_breaks(value) if name == "text" else value).strip():
                yield Problem(name, shown(value), f"allowed is {rule}")

    @classmethod
    def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """How long pauses may be, and how many (learned for speech, assumed for previews)."""
        text = values.get("text")
        for given, rule in break_problems(text) if isinstance(text, str) else ():
            yield Problem("text", given, rule)

    def wire(self) -> dict[str, Any]:
        """The body of the call, in which ``<#x#>`` is the service's own tag."""
        body = super().wire()
        return body | {"text": with_breaks(body["text"])}


class PreviewRequest(_Spoken):
    """The preview: the recording and a text, as sound (learned; its path is a setting)."""

    kind: ClassVar[Kind] = "preview"

    text: Annotated[StrictStr, parameter("text", "What the preview speaks, in three words or more.", min_length=1)]
    model: Annotated[StrictStr, _MODEL] = MODELS[0]
    similarity: Annotated[
        Number, parameter("similarity", "How near it keeps to the recording.", step=0.05, low=0, high=1)
    ] = 0.5
    speed: Annotated[Number, parameter("speed", "Speech rate.", unit="×", step=0.05, low=0.7, high=1.2)] = 1.0

    @classmethod
    def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Three words and ten characters at least (learned), pauses not counted."""
        yield from super().learned(values)
        text = values.get("text")
        spoken = without_breaks(text).strip() if isinstance(text, str) else None
        if spoken is not None and (len(spoken.split()) < LEAST_WORDS or len(spoken) < LEAST_CHARACTERS):
            yield Problem(
                "text", shown(text), f"a preview has {LEAST_WORDS} words and {LEAST_CHARACTERS} characters or more"
            )


class VoiceRequest(_Spoken):
    """``POST /voices/clone``: the voice, from the recording and its preview (stated).

    The two files ``voice_file`` (the preview) and ``reference_audio_file`` (the recording) go with it.
    """

    kind: ClassVar[Kind] = "voice"

    text: Annotated[StrictStr, parameter("text", "What the preview speaks.", min_length=1)]
    name: Annotated[StrictStr, parameter("name", "The voice's name at the service.", min_length=1)]
    model: Annotated[StrictStr, parameter("model", "The model.", choices=MODELS, min_length=1)] = MODELS[0]
    stability: Annotated[
        Number, parameter("stability", "How alike its takes are; higher is more alike.", step=0.05, ge=0, le=1)
    ] = 0.5
    description: Annotated[StrictStr | None, parameter("description", "What kind of voice it is.")] = None
    gender: Annotated[StrictStr | None, parameter("gender", "The speaker's gender, such as male or female.")] = None
    age: Annotated[StrictStr | None, parameter("age", "The speaker's age, such as middle or elderly.")] = None
    language: Annotated[
        StrictStr | None,
        BeforeValidator(_languages),
        parameter("languages", "Language codes, such as ar,en.", rule=_LIST_RULE),
    ] = None
    dialect: Annotated[
        StrictStr | None,
        BeforeValidator(_listed),
        parameter(
            "dialects", "Dialects, such as najdi,hijazi.", rule="allowed is text such as 'najdi,hijazi', or a list"
        ),
    ] = None
    avatar_url: Annotated[StrictStr | None, parameter("avatar_url", "URL of a picture for the voice.")] = None


class ProductionRequest(_Spoken):
    """``POST /text-to-speech/{model_id}``: speech in a voice.

    Stated: ``voice_id``, ``text``, ``stability`` and ``streaming`` are required, and a stream is 24,000 Hz where no rate is asked for.
    """

    kind: ClassVar[Kind] = "production"

    voice: Annotated[StrictStr, parameter("voice_id", "The voice's id, its own or a ready-made one's.", min_length=1)]
    text: Annotated[StrictStr, parameter("text", "What is spoken; <#x#> pauses for x seconds.", min_length=1)]
    model: Annotated[StrictStr, _MODEL] = MODELS[0]
    stability: Annotated[
        Number, parameter("stability", "How alike its takes are; higher is more alike.", step=0.05, low=0, high=1)
    ] = 0.5
    speed: Annotated[Number, parameter("speed", "Speech rate.", unit="×", step=0.05, low=0.7, high=1.2)] = 1.0
    dialect: Annotated[
        StrictStr | None, parameter("dialect", "The dialect to speak, such as hijazi.", choices=DIALECTS, min_length=1)
    ] = None
    sample_rate: Annotated[
        Whole | None,
        parameter("sample_rate", "Samples a second; None asks for none.", unit="Hz", step=25, low=8000, high=48000),
    ] = 48000

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """A rate that sound can have, too."""
        yield from super().stated(values)
        rate = values.get("sample_rate")
        if rate is not None and rate <= 0:
            yield Problem("sample_rate", shown(rate), cls.parameters()["sample_rate"].allowed)

    def wire(self) -> dict[str, Any]:
        """The body of the call; the model stands in the path."""
        body = super().wire()
        del body["model_id"]
        return body
