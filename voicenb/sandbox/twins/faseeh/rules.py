"""Faseeh's (Munsit's) rules for a request's fields, by the sandbox's own reading of the service's document.

Documented: the fields of voice creation, which of them are required, and that ``stability`` is from 0 to 1; that a preview needs
``text``, ``similarity``, ``model_id`` and ``file``, and speech ``voice_id``, ``text``, ``stability`` and ``streaming``; that a
stream is at 24000 Hz where no rate is asked for.

Learned elsewhere, and enforced here all the same: a preview's text has at least three words and ten characters; ``similarity`` is
from 0 to 1 and ``speed`` from 0.7 to 1.2; speech is at 8000 to 48000 Hz; ``dialect`` is auto, fusha, emirati, masri, yemeni, or one of the
ready-made voices; pauses, as `voicenb.sandbox.twins.faseeh.pauses` has them.

Assumed, because nobody states it:

- A preview without ``speed`` is made at 1, and so is speech. Speech that comes whole is at 48000 Hz where no rate is asked for.
- Words are what blanks part; characters are code points without the blanks around the text. Pauses are no words, and a text of
  nothing but pauses is refused. Previews have pauses as speech has them.
- ``name``, ``text`` and ``voice_id`` are not blank. No length is limited. Fields that are not documented are ignored.
- Numbers in a form are decimals as JSON writes them, blanks around them allowed. In JSON, optional fields may be null, which stands for
  leaving them out.
- Optional fields of a voice that are empty count as left out. Gender, age, languages, dialects and the avatar's URL are
  any text: the document gives examples, not a list. Lists lose blanks and empty entries.
- A ``dialect`` has no effect on the built-in voice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voicenb.sandbox.twins.faseeh.pauses import check, without
from voicenb.sandbox.twins.faseeh.ready_voices import READY
from voicenb.sandbox.wire.fields import BadFieldError, Fields, boolean, integer, number, spoken, string

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["NewVoice", "Preview", "Speech", "read_preview", "read_speech", "read_voice"]

_FEWEST_WORDS = 3
_FEWEST_CHARACTERS = 10
_LOWEST_RATE, _HIGHEST_RATE = 8_000, 48_000
_STREAM_RATE = 24_000
_DIALECTS = ("auto", "fusha", "emirati", "masri", "yemeni")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")

_share = number(lambda x: 0 <= x <= 1, "from 0 to 1")
_speed = number(lambda x: 0.7 <= x <= 1.2, "from 0.7 to 1.2")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A valid preview request, its file apart."""

    text: str
    model: str
    similarity: float
    speed: float


@dataclass(frozen=True, kw_only=True)
class NewVoice:
    """A valid request to create a voice, its files apart."""

    text: str
    stability: float
    name: str
    model: str
    description: str | None
    gender: str | None
    age: str | None
    languages: list[str]
    dialects: list[str]
    avatar_url: str | None


@dataclass(frozen=True, kw_only=True)
class Speech:
    """A valid speech request."""

    voice_id: str
    text: str
    stability: float
    speed: float
    streaming: bool
    rate: int
    dialect: str | None


def read_preview(form: Mapping[str, str], files: Collection[str]) -> Preview:
    """A preview request's fields.

    Args:
        form: The parts that are text.
        files: The names of those that are files.

    Raises:
        RuleError: One or more break a rule.
    """
    fields = Fields(form)
    _need(fields, files, "file")
    preview = Preview(
        text=fields.take("text", _preview_text, required=True),
        model=fields.take("model_id", spoken, required=True),
        similarity=fields.take("similarity", _written(_share), required=True),
        speed=fields.take("speed", _written(_speed), 1.0),
    )
    fields.done()
    return preview


def read_voice(form: Mapping[str, str], files: Collection[str]) -> NewVoice:
    """The fields of a request to create a voice.

    Args:
        form: The parts that are text.
        files: The names of those that are files.

    Raises:
        RuleError: One or more break a rule.
    """
    fields = Fields(form)
    _need(fields, files, "voice_file", "reference_audio_file")
    voice = NewVoice(
        text=fields.take("text", _text, required=True),
        stability=fields.take("stability", _written(_share), required=True),
        name=fields.take("name", spoken, required=True),
        model=fields.take("model", spoken, required=True),
        description=fields.take("description", _optional),
        gender=fields.take("gender", _optional),
        age=fields.take("age", _optional),
        languages=fields.take("languages", _listed, []),
        dialects=fields.take("dialects", _listed, []),
        avatar_url=fields.take("avatar_url", _optional),
    )
    fields.done()
    return voice


def read_speech(body: Mapping[str, Any]) -> Speech:
    """A speech request's fields; whether the voice exists is not looked at.

    Raises:
        RuleError: One or more break a rule.
    """
    fields = Fields(body, null_is_absent=True)
    streaming = fields.take("streaming", boolean, required=True)
    speech = Speech(
        voice_id=fields.take("voice_id", spoken, required=True),
        text=fields.take("text", _text, required=True),
        stability=fields.take("stability", _share, required=True),
        speed=fields.take("speed", _speed, 1.0),
        streaming=streaming,
        rate=fields.take(
            "sample_rate", integer(_LOWEST_RATE, _HIGHEST_RATE), _STREAM_RATE if streaming else _HIGHEST_RATE
        ),
        dialect=fields.take("dialect", _dialect),
    )
    fields.done()
    return speech


def _need(fields: Fields, files: Collection[str], *names: str) -> None:
    for name in names:
        if name not in files:
            fields.note(name, "required, as a file part of multipart/form-data")


def _dialect(value: Any) -> str:
    known = dict.fromkeys([*_DIALECTS, *(voice.dialect for voice in READY.values() if voice.dialect is not None)])
    if string(value) not in known:
        raise BadFieldError(f"must be one of {', '.join(known)}")
    return string(value)


def _text(value: Any) -> str:
    text = spoken(value)
    check(text)
    spoken(without(text))
    return text


def _preview_text(value: Any) -> str:
    text = _text(value)
    words = without(text).strip()
    if len(words.split()) < _FEWEST_WORDS:
        raise BadFieldError(f"at least {_FEWEST_WORDS} words")
    if len(words) < _FEWEST_CHARACTERS:
        raise BadFieldError(f"at least {_FEWEST_CHARACTERS} characters")
    return text


def _written(read: Callable[[Any], float]) -> Callable[[Any], float]:
    """A number as a form has it."""

    def read_text(value: Any) -> float:
        text = string(value).strip()
        if not _NUMBER.fullmatch(text):
            raise BadFieldError("must be a number")
        return read(float(text))

    return read_text


def _optional(value: Any) -> str | None:
    return string(value) or None


def _listed(value: Any) -> list[str]:
    return [entry for entry in (part.strip() for part in string(value).split(",")) if entry]
