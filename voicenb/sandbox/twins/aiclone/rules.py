"""AI Clone Voice Free's rules for a request's fields, by the sandbox's own reading of the service's document.

Documented: the fields and their types; the models and which of them has which extra parameter; the emotion's modes, that a
vector has eight values from 0 to 1 whose sum is at most 1.5, and what each mode needs; that ``omni_options`` is a JSON string with the
key ``instruct``; that CJK characters are two credits and others one.

Learned elsewhere, and enforced here all the same: the ranges of speed, pitch and volume; the lists of descriptors (see
`voicenb.sandbox.twins.aiclone.descriptors`). That ``v3-qwen`` speaks ten languages is not enforced: a request does not say its text's language.

Assumed, because nobody states it:

- Optional fields may be null, which stands for leaving them out. Fields that are not documented are ignored, ``voice_id`` is any string.
- Another model's parameter is an error. Common parameters go together in any way: ``compact_max_silence_ms`` (an integer from
  0) without ``compact_mode``, ``subtitle_language`` without ``generate_subtitle`` (the document's example does it).
- What an emotion's mode does not use may be there all the same, but must keep to its type and range.
- ``omni`` and ``voxcpm`` may go without ``omni_options``; where it is given, it has ``instruct``; its other keys are ignored.
- A URL is http or https, with a host; where its path ends in the extension of another kind of recording than wav and mp3, it is
  refused, and everything else is a matter for the fetch.
- The eight values are summed exactly, as the decimals that were written.
- ``text``, an emotion's ``text`` where it is needed, and ``instruct`` are not blank. No length is limited.
- ``metadata`` is nested at most 100 deep, and its numbers are finite.
- A character is a code point, blanks included. It is CJK where its Unicode script is Han, Hiragana, Katakana or Hangul:
  punctuation, full-width or not, is one credit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from voicenb.sandbox.recordings.files import UPLOADED
from voicenb.sandbox.twins.aiclone import cjk
from voicenb.sandbox.twins.aiclone.descriptors import read_descriptors
from voicenb.sandbox.wire.fields import (
    BadFieldError,
    Fields,
    boolean,
    finite,
    integer,
    number,
    one_of,
    spoken,
    string,
    web_address,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["EMOTIONS", "MODELS", "Clone", "Emotion", "billed", "read_clone"]

MODELS = ("v2-emotion", "v1-real", "v3-qwen", "omni", "voxcpm")
EMOTIONS = ("joy", "anger", "sorrow", "fear", "excitement", "depression", "surprise", "calm")
"""What a vector's eight values stand for."""

_OWNERS: Mapping[str, tuple[str, ...]] = {
    "emotion": ("v2-emotion",),
    "instructions": ("v3-qwen", "voxcpm"),
    "omni_options": ("omni", "voxcpm"),
}
_MODES = ("same_as_reference", "vector", "text", "reference_audio", "random")
_NEEDED = {"vector": "vector", "text": "text", "reference_audio": "reference_audio_url"}
_MOST_SUM = Fraction(3, 2)
_OTHER_RECORDINGS = tuple(f".{extension}" for extension in UPLOADED if extension not in {"wav", "mp3"})
_MOST_SILENCE_MS = 10**9
_DEEPEST = 100


@dataclass(frozen=True, kw_only=True)
class Emotion:
    """Where the emotion comes from; `vector` has weights by name."""

    mode: str
    vector: dict[str, float] | None
    text: str | None
    reference_audio_url: str | None


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A valid request. `descriptors` are those of ``omni_options`` by category."""

    text: str
    reference_audio_url: str
    model: str
    speed: float
    pitch: float
    volume: float
    subtitles: bool
    subtitle_language: str | None
    compact: bool
    compact_ms: int | None
    metadata: dict[str, Any] | None
    emotion: Emotion | None
    instructions: str | None
    descriptors: dict[str, str] | None


def billed(text: str) -> int:
    """The credits that a text costs: two for a CJK character, one for any other."""
    return len(text) + cjk.count(text)


def read_clone(body: Mapping[str, Any]) -> Clone:
    """A request's fields.

    Raises:
        RuleError: One or more break a rule.
    """
    fields = Fields(body, null_is_absent=True)
    text = fields.take("text", spoken, required=True)
    url = fields.take("reference_audio_url", _recording, required=True)
    model = fields.take("model", one_of(MODELS), "v2-emotion")
    for name, owners in _OWNERS.items():
        if model is not None and model not in owners and fields.has(name):
            fields.note(name, f"is a parameter of {' and '.join(owners)}, not of {model}")
    speed = fields.take("speed_ratio", number(lambda x: 0.5 <= x <= 2, "from 0.5 to 2"), 1.0)
    pitch = fields.take("pitch_ratio", number(lambda x: -10 <= x <= 10, "from -10 to 10"), 0.0)
    volume = fields.take("volume_ratio", number(lambda x: 0.1 <= x <= 2, "from 0.1 to 2"), 1.0)
    subtitles = fields.take("generate_subtitle", boolean, False)
    subtitle_language = fields.take("subtitle_language", string)
    compact = fields.take("compact_mode", boolean, False)
    compact_ms = fields.take("compact_max_silence_ms", integer(0, _MOST_SILENCE_MS))
    metadata = fields.take("metadata", _metadata)
    fields.take("voice_id", string)
    emotion = fields.take("emotion", _emotion(fields))
    instructions = fields.take("instructions", string)
    descriptors = fields.take("omni_options", _options("voxcpm" if model == "voxcpm" else "omni"))
    fields.done()
    return Clone(
        text=text,
        reference_audio_url=url,
        model=model,
        speed=speed,
        pitch=pitch,
        volume=volume,
        subtitles=subtitles,
        subtitle_language=subtitle_language,
        compact=compact,
        compact_ms=compact_ms,
        metadata=metadata,
        emotion=emotion,
        instructions=instructions,
        descriptors=descriptors,
    )


def _recording(value: Any) -> str:
    url = string(value)
    path = web_address(url).path.lower()
    if path.endswith(_OTHER_RECORDINGS):
        raise BadFieldError("must be the URL of a wav or mp3 file")
    return url


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadFieldError("must be an object")
    return value


def _metadata(value: Any) -> dict[str, Any]:
    found = _object(value)
    level: list[Any] = [found]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if level:
        raise BadFieldError(f"is nested more than {_DEEPEST} deep")
    try:
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise BadFieldError("holds half a surrogate pair") from None
    except ValueError:
        raise BadFieldError("holds a number that is too large") from None
    return found


def _emotion(outer: Fields) -> Callable[[Any], Emotion]:
    def read(value: Any) -> Emotion:
        fields = Fields(_object(value), null_is_absent=True, within="emotion.")
        mode = fields.take("mode", one_of(_MODES), "same_as_reference")
        needed = None if mode is None else _NEEDED.get(mode)
        emotion = Emotion(
            mode=mode,
            vector=fields.take("vector", _vector, required=needed == "vector"),
            text=fields.take("text", spoken if needed == "text" else string, required=needed == "text"),
            reference_audio_url=fields.take(
                "reference_audio_url", _recording, required=needed == "reference_audio_url"
            ),
        )
        outer.problems += fields.problems
        return emotion

    return read


def _vector(value: Any) -> dict[str, float]:
    if not isinstance(value, list) or len(value) != len(EMOTIONS):
        raise BadFieldError(f"must be a list of {len(EMOTIONS)} numbers")
    weights = [finite(one) for one in value]
    if not all(0 <= weight <= 1 for weight in weights):
        raise BadFieldError("its values must be from 0 to 1")
    # 0.4 + 0.4 + 0.4 + 0.3 is 1.5, though not as a sum of floats.
    if sum(Fraction(repr(weight)) for weight in weights) > _MOST_SUM:
        raise BadFieldError("emo_vec sum exceeds 1.5")
    return dict(zip(EMOTIONS, weights, strict=True))


def _options(model: str) -> Callable[[Any], dict[str, str]]:
    def read(value: Any) -> dict[str, str]:
        if not isinstance(value, str):
            raise BadFieldError('must be a JSON string, such as "{\\"instruct\\": \\"female, high pitch\\"}"')
        try:
            options = json.loads(value)
        except (ValueError, RecursionError):
            raise BadFieldError("the string is not JSON") from None
        if not isinstance(options, dict):
            raise BadFieldError("the string must be a JSON object")
        if "instruct" not in options:
            raise BadFieldError("instruct: required")
        try:
            return read_descriptors(string(options["instruct"]), model)
        except BadFieldError as error:
            raise BadFieldError(f"instruct: {error}") from None

    return read
