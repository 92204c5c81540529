"""AI Clone's typed requests: one call makes a preview and speech alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, StrictStr

from voicenb.base.arguments import did_you_mean
from voicenb.errors import Problem
from voicenb.services import descriptors, emotions
from voicenb.services.aiclone.metadata import DEEPEST, MOST_BYTES, checked_metadata, is_deeper
from voicenb.services.base import Kind, Number, ServiceRequest, parameter, shown, subtitle_level, unboxed
from voicenb.services.text import spoken_marks

__all__ = ["ID", "MODELS", "QWEN_LANGUAGES", "Model", "PreviewRequest", "ProductionRequest", "Speech"]

ID = "aiclone"

MODELS = ("v2-emotion", "v1-real", "v3-qwen", "omni", "voxcpm")
"""Its models, the default first."""

Model = Literal["v2-emotion", "v1-real", "v3-qwen", "omni", "voxcpm"]

# Learned, with the names that voicenb's other services use for them.
QWEN_LANGUAGES = {
    "zh": "chinese", "en": "english", "ja": "japanese", "ko": "korean", "de": "german", "fr": "french", "ru": "russian",
    "pt": "portuguese", "es": "spanish", "it": "italian",
}  # fmt: skip


def _instruct(describe: str) -> str:
    """The descriptors of a line that `_describe` made."""
    return str(json.loads(describe)["instruct"]) if describe.startswith("{") else describe


def _describe(value: Any) -> Any:
    """Descriptors, or the wire's ``omni_options``, as one line."""
    if value is None:
        return None
    more: dict[str, Any] = {}
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError('omni_options is a JSON object such as {"instruct": "female, high pitch"}') from None
    if isinstance(value, Mapping):
        more = {str(key): one for key, one in value.items() if key != "instruct"}
        if "instruct" not in value:
            raise ValueError('omni_options needs its key instruct: {"instruct": "female, high pitch"}')
        value = value["instruct"]
    found = descriptors.split(value)
    if not found:
        raise ValueError("no descriptor is given")
    line = ", ".join(found)
    if not more:
        return line
    try:
        # Other keys than the documented one go to the service as they are.
        return json.dumps({"instruct": line, **more}, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"omni_options: allowed is what JSON holds: {error}") from None


def _emotion(value: Any) -> Any:
    return None if value is None else emotions.parse_emotion(value)


def _compact(value: Any) -> Any:
    # What stands on a command line is text.
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    value = unboxed(value)
    if isinstance(value, bool) or (isinstance(value, int) and value >= 0):
        return value
    raise ValueError("allowed is True, False, or a whole number of milliseconds from 0")


class Speech(ServiceRequest):
    """``POST /api/v2/voice/clone``: every parameter but the reference (stated)."""

    service: ClassVar[str] = ID

    text: Annotated[StrictStr, parameter("text", "What is spoken.", min_length=1)]
    model: Annotated[
        Model,
        parameter(
            "model",
            "v1-real is nearest to the reference, v2-emotion takes an emotion, v3-qwen instructions, omni and voxcpm "
            "a description of the voice.",
        ),
    ] = "v2-emotion"
    emotion: Annotated[
        str | None,
        BeforeValidator(_emotion),
        parameter(
            "emotion",
            "How it is spoken: strengths, a description, or another recording's URL; as the reference when omitted.",
            models=("v2-emotion",),
            type="emotion",
            rule=emotions.RULE,
        ),
    ] = None
    instructions: Annotated[
        StrictStr | None,
        parameter(
            "instructions",
            "How to read, such as: read in a calm tone.",
            models=("v3-qwen", "voxcpm"),
            min_length=1,
        ),
    ] = None
    describe: Annotated[
        str | None,
        BeforeValidator(_describe),
        parameter(
            "omni_options",
            "The voice in descriptors, such as: female, young adult, high pitch.",
            models=("omni", "voxcpm"),
            type="descriptors",
            rule=descriptors.RULE,
        ),
    ] = None
    speed: Annotated[Number, parameter("speed_ratio", "Speech rate.", unit="×", step=0.05, low=0.5, high=2)] = 1.0
    pitch: Annotated[Number, parameter("pitch_ratio", "Pitch, 0 leaves it.", step=0.5, low=-10, high=10)] = 0.0
    volume: Annotated[
        Number, parameter("volume_ratio", "Loudness, as a factor.", unit="×", step=0.1, low=0.1, high=2)
    ] = 1.0
    subtitles: Annotated[
        Literal[False, "sentence"],
        BeforeValidator(subtitle_level),
        parameter("generate_subtitle", "Times of the words spoken, as the service gives them."),
    ] = False
    language: Annotated[
        StrictStr | None,
        parameter("subtitle_language", "The language of the subtitles, such as en.", needs="subtitles", min_length=1),
    ] = None
    compact: Annotated[
        bool | int,
        BeforeValidator(_compact),
        parameter(
            "compact_mode",
            "Trims the silence between sentences; a number is the longest silence that stays.",
            unit="ms",
            also=("compact_max_silence_ms",),
            rule="allowed is True, False, or a whole number of milliseconds from 0",
        ),
    ] = False
    metadata: Annotated[
        dict[str, Any] | None,
        BeforeValidator(checked_metadata),
        parameter(
            "metadata",
            "Fields of your own that the service echoes in its answer.",
            type="object",
            rule="allowed is a dict, or a JSON object as text",
        ),
    ] = None
    voice_id: Annotated[
        StrictStr | None,
        parameter("voice_id", "Reserved by the service: there is no catalogue of voices yet.", min_length=1),
    ] = None

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """The wire's two fields for compact mode become one."""
        if "compact_max_silence_ms" not in values:
            named, problems = super().from_wire(values)
            if not isinstance(unboxed(values.get("compact_mode", False)), bool):
                # 0 means off to whoever writes the wire's name, and no silence at all under voicenb's.
                problems.append(
                    Problem(
                        "compact",
                        shown(values["compact_mode"]),
                        "allowed is True or False; milliseconds go to compact=",
                    )
                )
            return named, problems
        longest = values["compact_max_silence_ms"]
        named, problems = super().from_wire(
            {key: value for key, value in values.items() if key != "compact_max_silence_ms"}
        )
        switch = named.pop("compact", True)
        if isinstance(longest, bool) or not isinstance(switch, bool):
            problems.append(
                Problem("compact", shown(longest), "allowed is compact_mode=True with a whole number of milliseconds")
            )
        elif not switch:
            problems.append(Problem("compact", shown(longest), "it needs compact_mode: give compact=… in milliseconds"))
        else:
            named["compact"] = longest
        return named, problems

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Something to speak, no accent beside a dialect, and an emotion reference that can be fetched (stated)."""
        text = values.get("text")
        if isinstance(text, str) and not text.strip():
            yield Problem("text", shown(text), "allowed is text with something to speak")
        describe = values.get("describe")
        if isinstance(describe, str):
            for clash in descriptors.clashes(descriptors.split(_instruct(describe))):
                yield Problem("describe", shown(describe), clash)
        metadata = values.get("metadata")
        if isinstance(metadata, dict):
            if is_deeper(metadata, DEEPEST):
                yield Problem("metadata", "it is nested deep", f"allowed is up to {DEEPEST} levels")
                return
            try:
                size = len(json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode())
            except (TypeError, ValueError) as error:
                yield Problem("metadata", shown(metadata), f"allowed is what JSON holds: {error}")
            else:
                if size > MOST_BYTES:
                    yield Problem("metadata", f"{size:,} bytes", f"allowed are {MOST_BYTES:,} bytes of JSON")

    @classmethod
    def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """The descriptors that are known (learned)."""
        describe, model = values.get("describe"), str(values.get("model"))
        if isinstance(describe, str) and model in descriptors.DIALECTS:
            for stranger in descriptors.strangers(descriptors.split(_instruct(describe)), model):
                yield Problem("describe", shown(describe), stranger)

    @classmethod
    def advised(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Emotion strengths that sum to 1.4 at most (stated as advice), v3-qwen's languages (learned), no pause marks."""
        emotion = values.get("emotion")
        if isinstance(emotion, str) and (unused := emotions.unused(emotion)):
            yield Problem(
                "emotion", shown(emotion), f"without a mode it is as the reference's; mode={unused!r} makes use of it"
            )
        total = emotions.vector_sum(emotion) if isinstance(emotion, str) else None
        if total is not None and emotions.ADVISED_SUM < total <= emotions.LARGEST_SUM:
            yield Problem(
                "emotion", shown(emotion), f"the service advises a sum up to {emotions.ADVISED_SUM}, not {total}"
            )
        language = values.get("language")
        if values.get("model") == "v3-qwen" and isinstance(language, str):
            said = language.lower()
            if said.replace("_", "-").partition("-")[0] not in QWEN_LANGUAGES and said not in QWEN_LANGUAGES.values():
                # The language of the subtitles, not of the text: no more than a hint.
                hint = did_you_mean(language, QWEN_LANGUAGES)
                yield Problem("language", shown(language), f"{hint}v3-qwen speaks {', '.join(QWEN_LANGUAGES)}")
        text = values.get("text")
        for mark in spoken_marks(text) if isinstance(text, str) else ():
            yield Problem("text", f"the pause {mark}", "this service has no pauses: it is read aloud and billed")

    def wire(self) -> dict[str, Any]:
        """The body of the call, with the wire's own forms of emotion, description, subtitles and compact mode."""
        body = super().wire()
        if self.emotion is not None:
            body["emotion"] = emotions.wire_emotion(self.emotion)
        if self.describe is not None:
            # A JSON string, as the document insists.
            as_json = self.describe.startswith("{")
            body["omni_options"] = (
                self.describe if as_json else json.dumps({"instruct": self.describe}, ensure_ascii=False)
            )
        if self.metadata is not None:
            # As it is: what is null in it stays.
            body["metadata"] = self.metadata
        del body["generate_subtitle"], body["compact_mode"]
        if self.subtitles is not False:
            body["generate_subtitle"] = True
        if self.compact is not False:
            body["compact_mode"] = True
            if self.compact is not True:
                body["compact_max_silence_ms"] = self.compact
        return body


class PreviewRequest(Speech):
    """The first speech in a new voice."""

    kind: ClassVar[Kind] = "preview"

    reference: Annotated[
        str | None, parameter("reference_audio_url", "Public URL of the recording (wav or mp3).", min_length=1)
    ] = None


class ProductionRequest(Speech):
    """Speech in a voice, which is the address of its recording."""

    kind: ClassVar[Kind] = "production"

    voice: Annotated[
        StrictStr, parameter("reference_audio_url", "The voice: the public URL of the recording.", min_length=1)
    ]
