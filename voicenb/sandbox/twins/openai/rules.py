"""The rules for a speech request's fields, by the sandbox's own reading of OpenAI's description and of open servers' documents.

Documented (OpenAI's API description, ``CreateSpeechRequest``): ``model``, ``input`` and ``voice`` are required; ``input`` and
``instructions`` have at most 4096 characters; ``response_format`` is mp3 (the default), opus, aac, flac, wav or pcm; ``speed`` is from
0.25 to 4; ``stream_format`` is sse or audio; a voice is its name, or an object with its ``id``; no other fields are allowed.

Learned from open servers, and taken here all the same: ``ref_audio`` (an http address or a base64 data URL) and ``ref_text`` instead of a
voice, ``language``, ``task_type``, ``x_vector_only_mode``, ``max_new_tokens`` (vLLM-Omni), ``seed`` (vLLM-Omni,
Chatterbox-TTS-Server), ``exaggeration`` from 0.25 to 2, ``cfg_weight`` from 0 to 1, ``temperature`` from 0.05 to 5 (Chatterbox TTS API).

Assumed, because servers differ:

- Other fields are refused with HTTP 400 in OpenAI's words; many a server ignores them.
- Optional fields may be null, which stands for leaving them out. ``input`` and ``voice`` are not blank.
- ``ref_text``, ``task_type``, ``x_vector_only_mode``, ``max_new_tokens``, ``exaggeration`` and ``cfg_weight`` have no effect on the built-in
  voice. ``temperature`` is how much takes differ, a ``seed`` is what they are drawn from.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voicenb.sandbox.wire.fields import (
    BadFieldError,
    Fields,
    RuleError,
    boolean,
    integer,
    number,
    one_of,
    spoken,
    string,
    web_address,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMATS", "UnknownFieldError", "WrittenSpeech", "read_speech", "recording_in"]

FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
_MOST_CHARACTERS = 4096
_DATA = re.compile(r"data:[\w.+/-]*(?:;[\w=.+-]+)*;base64,", re.IGNORECASE)
_LARGEST = 2**53


class UnknownFieldError(RuleError):
    """A request has a field that there is not.

    Attributes:
        field: Its name.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"Unrecognized request argument supplied: {field[:60]}")
        self.field = field[:60]


@dataclass(frozen=True, kw_only=True)
class WrittenSpeech:
    """A valid speech request; whether its model and its voice exist is not looked at."""

    model: str
    text: str
    voice: str | None
    form: str
    speed: float
    instructions: str | None
    streamed: str | None
    language: str
    ref_audio: str | None
    seed: int | None
    temperature: float | None


def read_speech(body: Mapping[str, Any]) -> WrittenSpeech:
    """A speech request's fields.

    Raises:
        UnknownFieldError: There is one that is not known.
        RuleError: One or more break a rule.
    """
    for name in body:
        if name not in _KNOWN:
            raise UnknownFieldError(name)
    fields = Fields(body, null_is_absent=True)
    reference = fields.take("ref_audio", _reference)
    for name, read in _WITHOUT_EFFECT.items():
        fields.take(name, read)
    speech = WrittenSpeech(
        model=fields.take("model", spoken, required=True),
        text=fields.take("input", _text, required=True),
        voice=fields.take("voice", _voice, required=not fields.has("ref_audio")),
        form=fields.take("response_format", one_of(FORMATS), "mp3"),
        speed=fields.take("speed", number(lambda x: 0.25 <= x <= 4, "from 0.25 to 4"), 1.0),
        instructions=fields.take("instructions", _short),
        streamed=fields.take("stream_format", one_of(("sse", "audio"))),
        language=fields.take("language", spoken, "auto"),
        ref_audio=reference,
        seed=fields.take("seed", integer(0, _LARGEST)),
        temperature=fields.take("temperature", number(lambda x: 0.05 <= x <= 5, "from 0.05 to 5")),
    )
    fields.done()
    return speech


def recording_in(address: str) -> bytes | None:
    """The recording that a data URL holds; None where it is another address."""
    found = _DATA.match(address)
    return None if found is None else base64.b64decode(address[found.end() :])


def _short(value: Any) -> str:
    text = string(value)
    if len(text) > _MOST_CHARACTERS:
        raise BadFieldError(f"string too long: at most {_MOST_CHARACTERS} characters")
    return text


def _text(value: Any) -> str:
    return spoken(_short(value))


def _voice(value: Any) -> str:
    return spoken(value.get("id") if isinstance(value, dict) else value)


def _reference(value: Any) -> str:
    address = string(value)
    found = _DATA.match(address)
    if found is None:
        web_address(address)
        return address
    try:
        base64.b64decode(address[found.end() :], validate=True)
    except binascii.Error:
        raise BadFieldError("is no base64 data URL") from None
    return address


_WITHOUT_EFFECT = {
    "ref_text": string,
    "task_type": one_of(("CustomVoice", "VoiceDesign", "Base")),
    "x_vector_only_mode": boolean,
    "max_new_tokens": integer(1, 10**6),
    "exaggeration": number(lambda x: 0.25 <= x <= 2, "from 0.25 to 2"),
    "cfg_weight": number(lambda x: 0 <= x <= 1, "from 0 to 1"),
}
_KNOWN = frozenset(_WITHOUT_EFFECT) | {
    "model", "input", "voice", "response_format", "speed", "instructions", "stream_format", "language", "ref_audio", "seed",
    "temperature",
}  # fmt: skip
