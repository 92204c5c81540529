"""The words that design a voice: one of each category, in English or Chinese, joined by commas.

Documented: gender, age, pitch, whisper, dialects and accents; that accents and dialects do not mix. Learned: the complete lists,
that a category is named once, that case does not matter, both commas, and that an unknown descriptor is an error. Assumed: blanks
around and runs of blanks within a descriptor do not matter; an empty descriptor is an unknown one; ``voxcpm`` takes the
dialects of both models, since its options are "as above" and its own list differs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from voicenb.sandbox.wire.fields import BadFieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read_descriptors"]

_OMNI_DIALECTS = "河南话 陕西话 四川话 贵州话 云南话 桂林话 济南话 石家庄话 甘肃话 宁夏话 青岛话 东北话"
_VOXCPM_DIALECTS = "四川话 粤语 吴语 东北话 河南话 陕西话 山东话 天津话 闽南话"
_ACCENTS = "american british australian canadian indian chinese korean japanese portuguese russian"
_PITCHES = "very low,low,moderate,high,very high"

_COMMON: Mapping[str, str] = {
    **dict.fromkeys(("male", "female", "男", "女"), "gender"),
    **dict.fromkeys(("child", "teenager", "young adult", "middle-aged", "elderly"), "age"),
    **dict.fromkeys(("儿童", "少年", "青年", "中年", "老年"), "age"),
    **dict.fromkeys((f"{pitch} pitch" for pitch in _PITCHES.split(",")), "pitch"),
    **dict.fromkeys(("极低音调", "低音调", "中音调", "高音调", "极高音调"), "pitch"),
    **dict.fromkeys(("whisper", "耳语"), "whisper"),
    **dict.fromkeys((f"{accent} accent" for accent in _ACCENTS.split()), "accent"),
}
_OMNI: Mapping[str, str] = {**_COMMON, **dict.fromkeys(_OMNI_DIALECTS.split(), "dialect")}
_VOXCPM: Mapping[str, str] = {**_OMNI, **dict.fromkeys(_VOXCPM_DIALECTS.split(), "dialect")}


def read_descriptors(instruct: str, model: str) -> dict[str, str]:
    """The descriptors of ``instruct`` by category, in lower case.

    Args:
        instruct: The descriptors.
        model: ``omni`` or ``voxcpm``.

    Raises:
        BadFieldError: An unknown descriptor, two of a category, or an accent with a dialect.
    """
    known = _VOXCPM if model == "voxcpm" else _OMNI
    found: dict[str, str] = {}
    for part in re.split("[,，]", instruct):
        descriptor = " ".join(part.split()).lower()
        category = known.get(descriptor)
        if category is None:
            raise BadFieldError(f"unknown descriptor {descriptor[:40]!r} for model {model}")
        if category in found:
            raise BadFieldError(f"{found[category]!r} and {descriptor!r} are both {category}: give one")
        found[category] = descriptor
    if "accent" in found and "dialect" in found:
        raise BadFieldError(f"{found['accent']!r} and {found['dialect']!r}: an accent does not mix with a dialect")
    return found
