"""A voice or a manner of speaking from words: descriptors ("elderly male, low pitch, whisper") and free instructions.

What is understood is what the engine can do; other words have no effect, accents among them: the English voice is American.
A dialect of Chinese only gets a melody of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log

from voicenb.sandbox.engine.prosody.prosody import EMOTIONS, Prosody
from voicenb.sandbox.engine.prosody.utterance import Register
from voicenb.sandbox.engine.timbre.design import Timbre

__all__ = ["Manner", "manner"]


@dataclass(frozen=True)
class Manner:
    """What a description asks for.

    Attributes:
        prosody: How to speak.
        register: The described person's pitch; None where no person is described.
        timbre: The described person's sound; None where no person is described.
    """

    prosody: Prosody
    register: Register | None
    timbre: Timbre | None


_SEXES = {"female": (205.0, 1.0), "male": (112.0, 0.85)}
"""Median F0 (Hz) and vocal-tract ratio to the English voice."""
_AGES = {
    "child": (1.4, 1.22, Prosody(spread=1.15)),
    "teenager": (1.12, 1.06, Prosody(rate=1.03)),
    "young": (1.0, 1.0, Prosody()),
    "middle": (0.95, 0.99, Prosody(rate=0.98, tilt=-0.3)),
    "elderly": (0.94, 0.98, Prosody(rate=0.88, spread=0.85, tilt=-1.2, energy=-0.4, pause=1.2)),
}
"""Factors on the sex's F0 and ratio (a boy's voice is a child's: see `_person`), and how the age speaks."""

_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"\bfemale\b|\bwom[ae]n\b|\bgirl\b|女", "female"),
    (r"\bmale\b|\bm[ae]n\b|\bboy\b|男", "male"),
    (r"\bchild(?:ren)?\b|\bkid\b|儿童", "child"),
    (r"\bteen\w*\b|少年", "teenager"),
    (r"\byoung\b|青年", "young"),
    (r"\bmiddle\b|中年", "middle"),
    (r"\belderly\b|\bold\b|\bsenior\b|老年", "elderly"),
)

_MANNERS: tuple[tuple[str, Prosody], ...] = (
    (r"very low pitch|极低音调", Prosody(shift=-6)),
    (r"very high pitch|极高音调", Prosody(shift=6)),
    (r"low pitch|\bdeep\w*\b|低音调", Prosody(shift=-3)),
    (r"high pitch|高音调", Prosody(shift=3)),
    (r"\bwhisper\w*\b|耳语", Prosody(whisper=True, rate=0.92, energy=-1.0, pause=1.1, level=-8.0)),
    (r"very slow(?:ly)?|非常慢", Prosody(rate=0.75)),
    (r"very (?:fast|quick(?:ly)?)|非常快", Prosody(rate=1.3)),
    (r"\bslow(?:ly|er)?\b|慢", Prosody(rate=0.86)),
    (r"\bfast(?:er)?\b|\bquick(?:ly|er)?\b|\bhurr\w+\b|快速", Prosody(rate=1.16)),
    (r"\bloud(?:ly|er)?\b|\bshout\w*\b|大声", Prosody(level=5.0, energy=1.0, tilt=1.5)),
    (r"\bsoft(?:ly|er)?\b|\bquiet(?:ly|er)?\b|\bgentl[ey]\b|温柔|轻声", Prosody(level=-4.0, energy=-0.6, tilt=-0.8)),
    (r"\bmonoton\w+\b|\bflat(?:ly)?\b", Prosody(spread=0.45)),
    (r"\blively\b|\bexpressive(?:ly)?\b|\banimated\b|生动", Prosody(spread=1.35)),
    (r"\bbright(?:ly)?\b", Prosody(tilt=1.5)),
    (r"\bwarm(?:ly)?\b|\bdark(?:ly)?\b", Prosody(tilt=-1.5)),
    (r"\bhapp(?:y|ily)\b|\bcheerful(?:ly)?\b|\bjoy\w*\b|开心|高兴", EMOTIONS["happy"]),
    (r"\bsad(?:ly)?\b|\bsorrow\w*\b|悲伤", EMOTIONS["sad"]),
    (r"\bang(?:ry|rily|er)\b|\bfurious(?:ly)?\b|愤怒|生气", EMOTIONS["angry"]),
    (r"\bexcite\w*\b|\benthusias\w+\b|激动", EMOTIONS["excited"]),
    (r"\bcalm(?:ly)?\b|平静", EMOTIONS["calm"]),
    (r"\bfear\w*\b|\bscared\b|\bafraid\b|害怕", EMOTIONS["fearful"]),
    (r"\bsurpris\w+\b|惊讶", EMOTIONS["surprised"]),
    (r"\bdisgust\w*\b|厌恶", EMOTIONS["disgusted"]),
    (r"\bdepress\w*\b|沮丧", EMOTIONS["depressed"]),
)
"""Earlier patterns take their words away from later ones: "very low pitch" is not also "low pitch"."""

_DIALECTS = (
    "四川话", "东北话", "河南话", "陕西话", "贵州话", "云南话", "桂林话", "济南话", "石家庄话", "甘肃话", "宁夏话", "青岛话",
    "山东话", "天津话", "粤语", "吴语", "闽南话",
)  # fmt: skip
_MELODIES = {
    name: Prosody(spread=1.25, slope=6 * place / (len(_DIALECTS) - 1) - 3) for place, name in enumerate(_DIALECTS)
}
"""That a dialect was asked for is heard as a melody of its own; the words are spoken as ever."""


def manner(description: str) -> Manner:
    """What a description asks for, as far as it is understood."""
    rest = description.casefold()
    traits = set()
    for pattern, trait in _PATTERNS:
        rest, found = re.subn(pattern, " ", rest)
        if found:
            traits.add(trait)
    prosody = Prosody()
    for pattern, change in _MANNERS:
        rest, found = re.subn(pattern, " ", rest)
        if found:
            prosody = prosody.blended(change, 1.0)
    for name, melody in _MELODIES.items():
        if name in rest:
            prosody = prosody.blended(melody, 1.0)
    if not traits:
        return Manner(prosody, None, None)
    hertz, ratio, spoken = _person(traits)
    register = Register(log(hertz), 0.146, 0.294)
    return Manner(spoken.blended(prosody, 1.0), register, Timbre(ratio=ratio))


def _person(traits: set[str]) -> tuple[float, float, Prosody]:
    age = next((name for name in _AGES if name in traits), "young")
    # Before their voices break, boys sound as girls do.
    sex = "male" if "male" in traits and age != "child" else "female"
    hertz, ratio = _SEXES[sex]
    higher, shorter, prosody = _AGES[age]
    return hertz * higher, ratio * shorter, prosody
