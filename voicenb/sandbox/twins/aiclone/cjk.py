"""Which characters are Chinese, Japanese or Korean: those of four Unicode scripts."""

from __future__ import annotations

import re

__all__ = ["count"]

_HAN = (
    "\u2e80-\u2e99\u2e9b-\u2ef3\u2f00-\u2fd5\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufa6d\ufa70-\ufad9\U00016fe2-\U00016fe3\U00016ff0-\U00016ff6\U00020000-\U0002a6df\U0002a700-\U0002b81e"
    "\U0002b820-\U0002cead\U0002ceb0-\U0002ebe0\U0002ebf0-\U0002ee5d\U0002f800-\U0002fa1d\U00030000-\U0003134a"
    "\U00031350-\U00033479"
)
_HIRAGANA = "\u3041-\u3096\u309d-\u309f\U0001b001-\U0001b11f\U0001b123\U0001b132\U0001b150-\U0001b152\U0001f200"
_KATAKANA = (
    "\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\u32d0-\u32fe\u3300-\u3357\uff66-\uff6f\uff71-\uff9d"
    "\U0001aff0-\U0001aff3\U0001aff5-\U0001affb\U0001affd-\U0001affe\U0001b000\U0001b120-\U0001b122"
    "\U0001b124-\U0001b128\U0001b155\U0001b164-\U0001b168"
)
_HANGUL = (
    "\u1100-\u11ff\u302e-\u302f\u3131-\u318e\u3200-\u321e\u3260-\u327e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7c6"
    "\ud7cb-\ud7fb\uffa0-\uffbe\uffc2-\uffc7\uffca-\uffcf\uffd2-\uffd7\uffda-\uffdc"
)
_CJK = re.compile(f"[{_HAN}{_HIRAGANA}{_KATAKANA}{_HANGUL}]")
"""Code points whose property Script is Han, Hiragana, Katakana or Hangul (Scripts.txt of Unicode 18.0). Script_Extensions are not
looked at: punctuation such as ``，`` and the long-vowel mark ``ー`` are Common, and so are the full-width Latin letters Latin."""


def count(text: str) -> int:
    """How many code points of a text are Chinese, Japanese or Korean."""
    return len(_CJK.findall(text))
