"""SoundClone's typed requests: a preview, which makes the voice, and speech in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from voicenb.base.arguments import did_you_mean
from voicenb.errors import Problem
from voicenb.services.base import Kind, Number, ServiceRequest, Whole, parameter, shown, subtitle_level, unboxed
from voicenb.services.text import finer_pauses, malformed_pauses, misplaced_pauses

__all__ = ["CHINESE", "DEFAULT_LINE", "ID", "LANGUAGES", "PreviewRequest", "ProductionRequest", "Version"]

ID = "soundclone"

# Learned: the pages name the numbers 24 and 40, the lists come from the service's own site.
_V1 = (
    "Chinese", "Chinese,Yue", "English", "Arabic", "Russian", "Spanish", "French", "Portuguese", "German", "Turkish",
    "Dutch", "Ukrainian", "Vietnamese", "Indonesian", "Japanese", "Italian", "Korean", "Thai", "Polish", "Romanian",
    "Greek", "Czech", "Finnish", "Hindi",
)  # fmt: skip
_V2_ONLY = (
    "Bulgarian", "Danish", "Hebrew", "Malay", "Persian", "Slovak", "Swedish", "Croatian", "Filipino", "Hungarian",
    "Norwegian", "Slovenian", "Catalan", "Nynorsk", "Tamil", "Afrikaans",
)  # fmt: skip
LANGUAGES: Mapping[str, tuple[str, ...]] = {"v1": _V1, "v2": _V1 + _V2_ONLY}
"""The languages of each version, as the service spells them; ``"auto"`` always works."""
CHINESE = re.compile(
    r"[\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)

# The English pages say "max", the Chinese ones "less than" 270 and 10,000: the last character is the service's to refuse.
_PREVIEW_LIMIT = 270
_TEXT_LIMIT = 10_000

DEFAULT_LINE = "在森林的深处,阳光透过树梢洒落,鸟儿的歌声交织成一曲美妙的乐章,诉说着大自然无尽的美丽。"
"""What a preview speaks where no text is sent, whatever its language (learned); it is billed as any text is (stated)."""

Version = Literal["v1", "v2"]


class _Common(ServiceRequest):
    """Rules that both calls share."""

    service: ClassVar[str] = ID

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Text to speak, and pauses of 0.01–99.99 s with at most two decimals (stated, the latter in the Chinese pages)."""
        text = values.get("text")
        if isinstance(text, str):
            if not text.strip():
                yield Problem("text", shown(text), "allowed is text with something to speak")
            for mark in malformed_pauses(text):
                yield Problem("text", f"the pause {mark}", "allowed is <#x#> with x in seconds from 0.01 to 99.99")
            for mark in finer_pauses(text):
                yield Problem("text", f"the pause {mark}", "a pause has at most two decimals")

    @classmethod
    def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Where pauses may stand, and the languages of each version (learned)."""
        text = values.get("text")
        if isinstance(text, str):
            for mark, rule in misplaced_pauses(text):
                yield Problem("text", f"the pause {mark}", rule)
        language = values.get("language")
        if isinstance(language, str) and language != "auto":
            version = values.get("version")
            if language not in LANGUAGES["v2"]:
                hint = did_you_mean(language, ("auto", *LANGUAGES["v2"]))
                yield Problem("language", shown(language), f"{hint}allowed are auto, {', '.join(LANGUAGES['v2'])}")
            elif version == "v1" and language not in LANGUAGES["v1"]:
                yield Problem("language", shown(language), "only version='v2' speaks it")


class PreviewRequest(_Common):
    """``POST /api/open-api/v1/soundCloning/clones``: a short clip in a new voice (stated)."""

    kind: ClassVar[Kind] = "preview"

    reference: Annotated[
        str | None, parameter("fileUrl", "Public URL of the recording; a local file is uploaded and gets one.")
    ] = None
    text: Annotated[
        str | None,
        parameter(
            "contentText",
            "What the preview speaks; <#x#> pauses for x seconds.",
            min_length=1,
            max_length=_PREVIEW_LIMIT,
        ),
    ] = None
    default_text: Annotated[
        bool,
        parameter(
            "default_text",
            f"Sends no text: the service speaks a line of its own, {len(DEFAULT_LINE)} characters that it bills.",
        ),
    ] = False
    version: Annotated[Version, parameter("soundVersion", "v1 speaks 24 languages, v2 40.")] = "v1"
    language: Annotated[str, parameter("language", "The language of the text, such as English; auto finds it.")] = (
        "auto"
    )

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Beside the rules of every text: the service's own line is spoken only where no text is sent."""
        yield from super().stated(values)
        if values.get("default_text") and values.get("text") is not None:
            yield Problem("text", shown(values["text"]), "default_text=True sends no text: give one of them")

    def wire(self) -> dict[str, Any]:
        """The body of the call; ``default_text`` is no field of it."""
        return {name: value for name, value in super().wire().items() if name != "default_text"}

    def resolved(self) -> dict[str, Any]:
        """Every parameter's value; a request with a text is recognised by the same ones as before there was a choice."""
        return {name: value for name, value in super().resolved().items() if name != "default_text" or value}


class ProductionRequest(_Common):
    """``POST /api/open-api/v1/soundCloning/audios``: speech in a voice (stated).

    ``subtitles`` stands for the wire's two fields ``subtitleEnable`` and ``subtitleType``, which are accepted too.
    """

    kind: ClassVar[Kind] = "production"

    voice: Annotated[str, parameter("modelId", "The voice's id, from a completed preview.", min_length=1)]
    text: Annotated[
        str,
        parameter("contentText", "What is spoken; <#x#> pauses for x seconds.", min_length=1, max_length=_TEXT_LIMIT),
    ]
    version: Annotated[
        Version | None, parameter("soundVersion", "v1 speaks 24 languages, v2 40; None leaves it to the service.")
    ] = None
    language: Annotated[str, parameter("language", "The language of the text, such as English; auto finds it.")] = (
        "auto"
    )
    emotion: Annotated[
        Literal["happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral"],
        parameter("emotion", "How it is spoken."),
    ] = "neutral"
    speed: Annotated[Number, parameter("speed", "Speech rate.", unit="×", step=0.05, ge=0.5, le=2)] = 1.0
    volume: Annotated[Number, parameter("vol", "Loudness, as a factor.", unit="×", step=0.1, gt=0, le=10)] = 1.0
    pitch: Annotated[Whole, parameter("pitch", "Pitch shift.", unit="st", step=1, ge=-12, le=12)] = 0
    subtitles: Annotated[
        Literal[False, "sentence", "word"],
        BeforeValidator(subtitle_level),
        parameter("subtitleEnable", "Times of sentences, or of words, beside the audio.", also=("subtitleType",)),
    ] = False

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """The wire's two fields for subtitles become one."""
        if "subtitleType" not in values:
            return super().from_wire(values)
        level = values["subtitleType"]
        named, problems = super().from_wire({key: value for key, value in values.items() if key != "subtitleType"})
        if not named.get("subtitles"):
            problems.append(Problem("subtitleType", shown(level), "it needs subtitles: give subtitles='word'"))
        elif level != "word":
            problems.append(Problem("subtitleType", shown(level), "allowed is 'word'; leave it out for sentences"))
        elif unboxed(named["subtitles"]) is True or named["subtitles"] == "sentence":
            named["subtitles"] = "word"
        return named, problems

    def wire(self) -> dict[str, Any]:
        """The body of the call, with the wire's two fields for subtitles."""
        body = super().wire()
        body["subtitleEnable"] = self.subtitles is not False
        if self.subtitles == "word":
            body["subtitleType"] = "word"
        return body
