"""Which language a stretch of text is in, and what speaks it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from voicenb.sandbox.engine.errors import EngineError

__all__ = ["ENGLISH", "LANGUAGES", "Run", "code", "runs"]

ENGLISH = "en"

LANGUAGES: dict[str, str] = {
    "Chinese": "cmn",
    "Chinese,Yue": "yue",
    "English": ENGLISH,
    "Arabic": "ar",
    "Russian": "ru",
    "Spanish": "es",
    "French": "fr",
    "Portuguese": "pt",
    "German": "de",
    "Turkish": "tr",
    "Dutch": "nl",
    "Ukrainian": "uk",
    "Vietnamese": "vi",
    "Indonesian": "id",
    "Japanese": "ja",
    "Italian": "it",
    "Korean": "ko",
    "Thai": "th",
    "Polish": "pl",
    "Romanian": "ro",
    "Greek": "el",
    "Czech": "cs",
    "Finnish": "fi",
    "Hindi": "hi",
    "Bulgarian": "bg",
    "Danish": "da",
    "Hebrew": "he",
    "Malay": "ms",
    "Persian": "fa",
    "Slovak": "sk",
    "Swedish": "sv",
    "Croatian": "hr",
    "Hungarian": "hu",
    "Norwegian": "nb",
    "Slovenian": "sl",
    "Catalan": "ca",
    "Nynorsk": "nb",
    "Tamil": "ta",
    "Afrikaans": "af",
}
"""What the engine speaks: SoundClone's names, and espeak-ng's code of each (English is spoken by hibari). Filipino is missing
because espeak-ng has no voice for it; Nynorsk is read as Bokmål."""

_ALIASES = {"zh": "cmn", "no": "nb", "nn": "nb", "zh-cn": "cmn", "zh-tw": "cmn", "zh-hk": "yue", "iw": "he", "in": "id"}

_SCRIPTS: dict[str, tuple[str, ...]] = {
    "CYRILLIC": ("ru", "uk", "bg"),
    "GREEK": ("el",),
    "CJK": ("cmn", "yue", "ja"),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "HANGUL": ("ko",),
    "HEBREW": ("he",),
    "ARABIC": ("ar", "fa"),
    "DEVANAGARI": ("hi",),
    "TAMIL": ("ta",),
    "THAI": ("th",),
}
"""The languages of each script but Latin; text in it is spoken by the first where nothing tells more."""

_WORDS = {
    "es": "el la los las un una y que es está por para con como pero más muy hola qué también del al se su lo",
    "fr": "le la les des un une et est que qui pour dans avec ce cette sur pas vous nous je il elle au aux du bonjour très être à",
    "de": "der die das und ist nicht ein eine ich sie wir mit auf für von dem den zu im es guten auch wie sich über schön",
    "it": "il lo la gli le un una e è che di per con sono non come questo molto ciao più della del nel alla",
    "pt": "o a os as um uma e é que de para com não como mais muito olá você está por em do da no na seu são",
    "nl": "de het een en is niet ik je wij zij met op voor van dat deze ook aan hallo goed zijn naar er",
    "pl": "i w na z do się nie jest to że jak ale dzień dobry dla po od czy tak przez są",
    "tr": "ve bir bu da de için ile çok ne var merhaba değil gibi ama daha ben sen nasıl",
    "ro": "și în de la cu pe un o este nu care pentru din sunt mai bună ce se",
    "cs": "a v na se je to že s z do ale jak jsem dobrý den pro jako není už tak",
    "sk": "a v na sa je to že s z do ale ako som dobrý deň pre nie už tak aj",
    "hu": "a az és egy hogy nem van ez jó napot mint de meg csak már is",
    "fi": "ja on ei se että hän oli kuin mutta hyvää päivää minä sinä tämä ovat myös",
    "sv": "och att det är en ett som på för med inte jag du vi hej den till av har",
    "da": "og at det er en et som på for med ikke jeg du vi hej den til af har også",
    "nb": "og at det er en et som på for med ikke jeg du vi hei den til av har også",
    "id": "yang dan di ini itu dengan untuk tidak dari saya anda ke pada adalah selamat apa",
    "vi": "và là của có không tôi bạn một những được cho này với trong xin chào đã người",
    "hr": "i je u na se da za od su što kako ali dobar dan nije sam",
    "ca": "el la els les un una i és que de per amb no com més molt però",
    ENGLISH: "the a an and is are of to in that it you for with on this not be have was i my we your hello please at or as",
}
_FREQUENT = {language: frozenset(words.split()) for language, words in _WORDS.items()}

_ADDRESS = re.compile(r"\S+://\S+|\S+@\S+|www\.\S+")
_KANA = re.compile(r"[\u3040-\u30ff]")
_CANTONESE = re.compile("[嘅咗喺唔哋嗰啲嚟冇佢]")
_PERSIAN = re.compile("[پچژگی]")


class Run(NamedTuple):
    """A stretch of a text in one language."""

    text: str
    begin: int
    language: str


def code(language: str) -> str | None:
    """A language's code from its name or code; None for `auto`.

    Raises:
        EngineError: The engine does not speak it.
    """
    if language.casefold() == "auto":
        return None
    names = {name.casefold(): known for name, known in LANGUAGES.items()}
    wanted = language.casefold()
    found = names.get(wanted) or _ALIASES.get(wanted)
    short = wanted.replace("_", "-").split("-")[0]
    found = found or next((known for known in LANGUAGES.values() if known == short), None) or _ALIASES.get(short)
    if found is None:
        raise EngineError(f"the sandbox's voice does not speak {language!r}; it speaks {', '.join(LANGUAGES)}")
    return found


@lru_cache(maxsize=4096)
def _script(character: str) -> str | None:
    """The script of a letter; None for what belongs to any (digits, marks, spaces)."""
    if not unicodedata.category(character).startswith("L"):
        return None
    name = unicodedata.name(character, "UNKNOWN")
    if character == "ー":  # the long-vowel mark is named for both kana
        return "KATAKANA"
    first = name.removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ").removeprefix("MODIFIER LETTER ").split()[0]
    if first in {"FEMININE", "MASCULINE", "MICRO", "ANGSTROM", "KELVIN"}:
        return "LATIN"
    return "CJK" if first == "IDEOGRAPHIC" else first


def runs(text: str, begin: int, language: str | None, context: str) -> list[Run]:
    """A stretch cut where its script changes.

    Args:
        text: The stretch.
        begin: Where it begins in the whole text.
        language: The language asked for; where its script is another's, the text decides.
        context: The whole text, which tells a language better than a stretch.

    Raises:
        EngineError: Words in a script that the engine cannot read, named.
    """
    found: list[tuple[int, str]] = []
    for at, character in enumerate(text):
        script = _script(character)
        if script is None:
            continue
        spoken = _language(script, language, context)
        if spoken is None:
            words = [word for word in text.split() if any(_script(letter) == script for letter in word)]
            raise EngineError(
                f"these words cannot be spoken, for the engine does not read their script: {' '.join(words)}"
            )
        if not found or found[-1][1] != spoken:
            found.append((at if found else 0, spoken))
    if not found:
        return [Run(text, begin, language or _latin(context))]
    edges = [*(at for at, _ in found), len(text)]
    cut = []
    for (low, spoken), high in zip(found, edges[1:], strict=True):
        piece = text[low:high]
        lead = len(piece) - len(piece.lstrip())
        cut.append(Run(piece.strip(), begin + low + lead, spoken))
    return cut


def _language(script: str, language: str | None, context: str) -> str | None:
    if script == "LATIN":
        other = {known for codes in _SCRIPTS.values() for known in codes}
        return language if language is not None and language not in other else _latin(context)
    codes = _SCRIPTS.get(script)
    if codes is None or language in codes:
        return language if codes else None
    if script == "CJK":
        return "ja" if _KANA.search(context) else "yue" if _CANTONESE.search(context) else "cmn"
    if script == "CYRILLIC":
        lowered = context.casefold()
        if re.search("[іїєґ]", lowered):
            return "uk"
        return "bg" if "ъ" in lowered and not re.search("[ыэё]", lowered) else "ru"
    if script == "ARABIC":
        return "fa" if _PERSIAN.search(context) else "ar"
    return codes[0]


@lru_cache(maxsize=16)
def _latin(text: str) -> str:
    """The language of Latin-script text by its frequent words; English unless another is clearly ahead."""
    words = re.findall(r"[^\W\d_]{2,}", _ADDRESS.sub(" ", text.casefold()))
    scores = {language: sum(word in frequent for word in words) for language, frequent in _FREQUENT.items()}
    best = max(scores, key=lambda language: scores[language])
    clear = scores[best] >= 2 and scores[best] > 1.5 * scores[ENGLISH] and scores[best] > 0.15 * len(words)
    return best if clear else ENGLISH
