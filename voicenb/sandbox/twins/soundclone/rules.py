"""SoundClone's rules for a request's fields, by the sandbox's own reading of the service's documents.

Documented: types, enumerations, ranges and lengths of every field; what a ``fileUrl`` may be; ``<#x#>`` pauses of 0.01 to
99.99 s; that pause marks are not charged for; that ``subtitleType`` belongs to subtitles.

Documented in the Chinese pages: that a pause has at most two decimals.

Learned elsewhere, and enforced here all the same: the languages of ``v1`` and ``v2``; that a pause stands between speakable text,
so that two never touch.

Assumed, because nobody states it:

- The length limits count every code point, those of pause marks included (only the charge excludes them).
- Text that is empty or blank is a bad parameter.
- Whatever stands between ``<#`` and ``#>``, without ``<``, ``>`` and ``#`` in it, is meant as a pause: if it is not digits with
  at most two decimals, it is refused rather than read aloud. Speakable is what holds a letter or a digit of any script.
- ``language`` is compared as written, capitals included.
- A URL's path may end in anything: the document lists types of files, so what the file is decides when it is fetched.
- ``Chinese characters`` in a URL are ideographs (Unicode's Han script) as sent; their percent-encoded form is allowed.
- A URL with blanks, control characters or no host is not a URL. A private or unreachable host is a matter for
  the fetch, not for the request.
- Integers follow JSON Schema: ``1.0`` is one, ``true`` is not. Fields that are not documented are ignored. null is refused.
- A production call without ``soundVersion`` may use the languages of both versions.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from voicenb.sandbox.wire.fields import (
    BadFieldError,
    Fields,
    boolean,
    integer,
    number,
    one_of,
    spoken,
    string,
    web_address,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DEFAULT_PREVIEW", "Audio", "Clone", "billed", "read_audio", "read_clone"]

DEFAULT_PREVIEW = "在森林的深处,阳光透过树梢洒落,鸟儿的歌声交织成一曲美妙的乐章,诉说着大自然无尽的美丽。"
"""The line that a preview without ``contentText`` speaks: 44 code points, whatever ``language`` says (assumed)."""

_MAX_PREVIEW = 270
_MAX_TEXT = 10_000

_VERSIONS = ("v1", "v2")
_EMOTIONS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral")

_BOTH = frozenset(
    {
        "auto", "Chinese", "Chinese,Yue", "English", "Arabic", "Russian", "Spanish", "French", "Portuguese", "German",
        "Turkish", "Dutch", "Ukrainian", "Vietnamese", "Indonesian", "Japanese", "Italian", "Korean", "Thai", "Polish",
        "Romanian", "Greek", "Czech", "Finnish", "Hindi",
    }
)  # fmt: skip
_ONLY_V2 = frozenset(
    {
        "Bulgarian", "Danish", "Hebrew", "Malay", "Persian", "Slovak", "Swedish", "Croatian", "Filipino", "Hungarian",
        "Norwegian", "Slovenian", "Catalan", "Nynorsk", "Tamil", "Afrikaans",
    }
)  # fmt: skip

_MARK = re.compile(r"<#([^<>#]*)#>")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]{1,2})?")
_SHORTEST, _LONGEST = Decimal("0.01"), Decimal("99.99")

_HAN = re.compile(
    "[\u2e80-\u2fd5\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A valid preview request."""

    file_url: str
    text: str
    default_text: bool
    version: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Audio:
    """A valid production request; `version` is None where none was stated."""

    model_id: str
    text: str
    version: str | None
    language: str
    emotion: str
    speed: float
    vol: float
    pitch: int
    subtitles: bool
    words: bool


def billed(text: str) -> int:
    """The characters that a valid text is charged for: Unicode code points, pause marks excluded."""
    return len(_MARK.sub("", text))


def read_clone(body: Mapping[str, Any]) -> Clone:
    """A preview request's fields.

    Raises:
        RuleError: One or more break a rule.
    """
    fields = _Fields(body)
    url = fields.take("fileUrl", _url, required=True)
    text = fields.take("contentText", _text(_MAX_PREVIEW))
    version = fields.take("soundVersion", one_of(_VERSIONS), "v1")
    language = fields.take("language", string, "auto")
    fields.language(language, version)
    fields.done()
    return Clone(
        file_url=url,
        text=DEFAULT_PREVIEW if text is None else text,
        default_text=text is None,
        version=version,
        language=language,
    )


def read_audio(body: Mapping[str, Any]) -> Audio:
    """A production request's fields; whether the model exists is not looked at.

    Raises:
        RuleError: One or more break a rule.
    """
    fields = _Fields(body)
    model_id = fields.take("modelId", string, required=True)
    text = fields.take("contentText", _text(_MAX_TEXT), required=True)
    version = fields.take("soundVersion", one_of(_VERSIONS))
    language = fields.take("language", string, "auto")
    emotion = fields.take("emotion", one_of(_EMOTIONS), "neutral")
    speed = fields.take("speed", number(lambda x: 0.5 <= x <= 2, "from 0.5 to 2"), 1.0)
    vol = fields.take("vol", number(lambda x: 0 < x <= 10, "above 0 and at most 10"), 1.0)
    pitch = fields.take("pitch", integer(-12, 12), 0)
    subtitles = fields.take("subtitleEnable", boolean, False)
    level = fields.take("subtitleType", one_of(("word",)))
    if level is not None and subtitles is False:
        fields.note("subtitleType", "only with subtitleEnable true")
    fields.language(language, version or "v2")
    fields.done()
    return Audio(
        model_id=model_id,
        text=text,
        version=version or ("v2" if language in _ONLY_V2 else None),
        language=language,
        emotion=emotion,
        speed=speed,
        vol=vol,
        pitch=pitch,
        subtitles=subtitles,
        words=level is not None,
    )


class _Fields(Fields):
    """A body's fields, and the rule for its language."""

    def language(self, language: str | None, version: str | None) -> None:
        """Note a language that the version does not speak; what is bad in itself was noted before."""
        if language is None or version is None or language in _BOTH or (version == "v2" and language in _ONLY_V2):
            return
        if language in _ONLY_V2:
            self.note("language", f"{language} needs soundVersion v2")
        else:
            self.note("language", f"{language[:40]!r} is not a language of soundVersion {version}")


def _text(limit: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = spoken(value)
        if len(text) > limit:
            raise BadFieldError(f"at most {limit} characters, {len(text)} were given")
        _check_pauses(text)
        return text

    return read


def _check_pauses(text: str) -> None:
    # Split by a pattern with one group: spoken parts at even places, what stands in the marks at odd ones.
    parts = _MARK.split(text)
    for inner in parts[1::2]:
        if not _SECONDS.fullmatch(inner):
            raise BadFieldError(f"<#{inner[:20]}#> is not a pause: give seconds with at most two decimals")
        if not _SHORTEST <= Decimal(inner) <= _LONGEST:
            raise BadFieldError(f"<#{inner[:20]}#>: a pause is from {_SHORTEST} to {_LONGEST} s")
    if len(parts) > 1 and not all(map(_speakable, parts[::2])):
        raise BadFieldError("a pause must stand between speakable text, and two may not touch")


def _speakable(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def _url(value: Any) -> str:
    url = string(value)
    if _HAN.search(url):
        raise BadFieldError("no Chinese characters in the URL")
    web_address(url)
    return url
