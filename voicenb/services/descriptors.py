"""Descriptors of a designed voice, such as ``female, young adult, high pitch``, in English and in Chinese.

Source: https://aiclonevoicefree.com, "Voice Cloning", section omni (seen 2026-11), which lists the categories; the lists
are completed (*learned*) from the model families behind the service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from voicenb.base.arguments import did_you_mean

__all__ = ["DIALECTS", "RULE", "VOCABULARY", "category", "clashes", "split", "strangers"]

VOCABULARY: dict[str, dict[str, str]] = {
    "gender": {"male": "男", "female": "女"},
    "age": {"child": "儿童", "teenager": "少年", "young adult": "青年", "middle-aged": "中年", "elderly": "老年"},
    "pitch": {
        "very low pitch": "极低音调",
        "low pitch": "低音调",
        "moderate pitch": "中音调",
        "high pitch": "高音调",
        "very high pitch": "极高音调",
    },
    "style": {"whisper": "耳语"},
    "accent": {
        f"{one} accent": ""
        for one in (
            "american", "british", "australian", "canadian", "indian", "chinese", "korean", "japanese", "portuguese",
            "russian",
        )
    },
}  # fmt: skip
"""The categories, each with its English descriptors and their Chinese equivalents ("" where there is none)."""

_OMNI = (
    "河南话", "陕西话", "四川话", "贵州话", "云南话", "桂林话", "济南话", "石家庄话", "甘肃话", "宁夏话", "青岛话", "东北话",
)  # fmt: skip
_VOXCPM = ("四川话", "粤语", "吴语", "东北话", "河南话", "陕西话", "山东话", "天津话", "闽南话")

DIALECTS: dict[str, tuple[str, ...]] = {"omni": _OMNI, "voxcpm": tuple(dict.fromkeys(_VOXCPM + _OMNI))}
"""The Chinese dialects of each model (learned). Those of omni are voxcpm's too: the document gives its options "as above"."""

RULE = (
    "allowed are descriptors joined by commas, at most one of each: "
    + "; ".join(f"{name}: {', '.join(words)}" for name, words in VOCABULARY.items())
    + "; dialect (none beside an accent): "
    + ", ".join(DIALECTS["voxcpm"])
    + "; in English or Chinese (female or 女)"
)
"""What may be written, with the whole vocabulary: omni and voxcpm have it but for the dialects that `DIALECTS` tells apart."""

_CATEGORY = {
    word: category for category, words in VOCABULARY.items() for pair in words.items() for word in pair if word
} | dict.fromkeys((one for names in DIALECTS.values() for one in names), "dialect")


def category(word: str) -> str | None:
    """What a descriptor says: ``gender``, ``age``, ``pitch``, ``style``, ``accent`` or ``dialect``; None for an unknown one."""
    return _CATEGORY.get(word.lower())


def split(value: Any) -> list[str]:
    """The descriptors in `value`: text with commas (``,`` or ``，``), or a sequence of such; blanks are tidied.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, str):
        parts = re.split("[,，]", value)
    elif isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        parts = [part for one in value for part in re.split("[,，]", one)]
    else:
        raise ValueError("descriptors are text joined by commas")
    return [" ".join(part.split()) for part in parts if part.strip()]


def clashes(descriptors: Sequence[str]) -> Iterator[str]:
    """An accent of English beside a dialect of Chinese, which the service refuses (stated)."""
    found = {_CATEGORY.get(one.lower()): one for one in descriptors}
    if "accent" in found and "dialect" in found:
        yield f"{found['accent']!r} is an accent of English and {found['dialect']!r} a Chinese dialect: give one of them"


def strangers(descriptors: Sequence[str], model: str) -> Iterator[str]:
    """What is unknown, or names a category twice, each with what to do (learned)."""
    seen: dict[str, str] = {}
    for one in descriptors:
        category = _CATEGORY.get(one.lower())
        if category is None:
            yield f"{one!r} is no descriptor; {_nearest(one, model)}"
            continue
        if category == "dialect" and one not in DIALECTS.get(model, ()):
            other = next(name for name, names in DIALECTS.items() if one in names)
            yield f"{one!r} is a dialect of model={other!r}; {model} has {', '.join(DIALECTS[model])}"
        if category in seen:
            yield f"{seen[category]!r} and {one!r} both say the {category}: give one of them"
        seen[category] = one


def _nearest(word: str, model: str) -> str:
    known = [one for one, category in _CATEGORY.items() if category != "dialect"] + list(DIALECTS.get(model, ()))
    if hint := did_you_mean(word, known, cutoff=0.5):
        return hint.rstrip()
    return f"there are {', '.join(name for words in VOCABULARY.values() for name in words)}, and Chinese dialects"
