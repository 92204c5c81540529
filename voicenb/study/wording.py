"""What a report says in words: the answer, how it was done, what it does not state, and the code that makes the study again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from typing import Any

from voicenb.measures.definition import Measure
from voicenb.study.design import CROSSED, Design, level_text
from voicenb.study.facts import Facts
from voicenb.study.report.content import BlindTest

__all__ = [
    "asked_about",
    "asked_factors",
    "code_of",
    "difference",
    "figure",
    "interval",
    "margin_of",
    "methods_of",
    "not_stated",
    "sentence_of",
]

_SPOKEN = {
    "tempo": ("speech_rate", "duration"), "rate": ("speech_rate", "duration"), "fast": ("speech_rate", "duration"),
    "slow": ("speech_rate", "duration"), "speed": ("speech_rate", "duration"), "long": ("duration",), "length": ("duration",),
    "duration": ("duration",), "pause": ("pauses", "pause_seconds"), "pitch": ("f0_median",), "f0": ("f0_median",),
    "intonation": ("f0_range",), "melody": ("f0_range",), "loud": ("loudness",), "volume": ("loudness",), "level": ("loudness",),
    "timbre": ("ltas_distance", "centroid"), "bright": ("centroid", "tilt"), "noise": ("snr",), "quality": ("mos_overall", "snr"),
    "artefact": ("artefacts",), "artifact": ("artefacts",), "word": ("wer",),
}  # fmt: skip
"""Measures by the beginnings of the words that people ask about them with."""

_ORDERS = {
    "blocks": "at random within blocks of one voice, text and take, the blocks at random, too",
    "random": "at random",
    "given": "as the cells are numbered",
}
_KINDS = {
    "grid": "every combination of the levels",
    "paired": "the first levels of all parameters together, then the second ones, and so on",
    "one-at-a-time": "the baseline, and each other level with all else at the baseline",
    "latin": "a Latin square",
}


def asked_factors(design: Design) -> list[str]:
    """The factors with several levels, those first that the question names; parameters before voice and text."""
    many = [one.name for one in design.factors if len(one.levels) > 1]
    words = re.findall(r"\w+", design.question.lower())
    named = [name for name in many if any(_alike(word, name.lower()) for word in words)]
    return sorted(many, key=lambda name: (name not in named, name in CROSSED))


def asked_about(design: Design, known: Iterable[str]) -> list[str]:
    """The measures that the question names, by their names or in words; a factor's own name asks about no measure."""
    words = re.findall(r"\w+", design.question.lower())
    factors = {one.name for one in design.factors if len(one.levels) > 1}
    found: list[str] = []
    for word in words:
        if any(_alike(word, name) for name in factors):
            continue
        named = [name for name in known if name.lower() == word]
        named += [name for begin, names in _SPOKEN.items() if word.startswith(begin) for name in names]
        found += [name for name in named if name in set(known) and name not in found]
    return found


def _alike(word: str, name: str) -> bool:
    return word == name or word in {f"{name}s", f"{name}es", name.replace("_", "")}


def difference(row: Mapping[str, Any]) -> str:
    """The difference of an effect's row, with its unit."""
    value = row["estimate"]
    return "–" if isnan(value) else f"{figure(value, signed=True)} {row['unit']}".strip()


def interval(row: Mapping[str, Any]) -> str:
    """The interval of an effect's row, with a digit more where its ends would look alike."""
    if isnan(row["low"]):
        return "–"
    ends = ("", "")
    for digits in (3, 4):
        ends = figure(row["low"], digits=digits), figure(row["high"], digits=digits)
        if ends[0] != ends[1]:
            break
    return f"{ends[0]} to {ends[1]}"


def figure(value: float, *, signed: bool = False, digits: int = 3) -> str:
    """A number with a few digits and a minus sign; what is next to nothing is 0."""
    if abs(value) < 1e-9:
        return "0"
    return f"{value:{'+' if signed else ''}.{digits}g}".replace("-", "−")


def margin_of(row: Mapping[str, Any]) -> str:
    """The margin of an effect's row, without its source, which stands with the measures."""
    return str(row["margin"]).partition(" (")[0]


def sentence_of(row: Mapping[str, Any], baseline: object) -> str:
    """What a row of `Study.effects` says, in a sentence.

    Args:
        row: The row.
        baseline: The level that the others are held against.
    """
    factor, measure, level = row["factor"], row["measure"], level_text(row["level"])
    base = level_text(baseline)
    if isnan(row["estimate"]):
        return f"Whether {factor} changes {measure} cannot be told: no block has two levels that were measured."
    within = "" if isnan(row["low"]) else f" (95 % interval {interval(row)})"
    span = f"{difference(row)} at {level} against {base}{within}"
    if row["verdict"] == "changes":
        return f"{factor} changes {measure}: {span}."
    if row["verdict"] == "no change":
        return f"{factor} does not change {measure} by more than {margin_of(row)}: {span}."
    return f"Whether {factor} changes {measure} cannot be told from {row['blocks']:,} blocks: {span}."


def methods_of(design: Design, facts: Facts, dates: str, tests: Sequence[BlindTest]) -> str:
    """How it was done, in a paragraph."""
    many = [f"{one.name} ({len(one.levels)} levels)" for one in design.factors if len(one.levels) > 1]
    services = sorted({one.service for one in facts.voices})
    by = " and ".join(services) or "a service that is not known"
    if facts.voices and all(one.sandbox for one in facts.voices):
        by = f"the built-in sandbox of voicenb, which stands for {by}"
    what = _KINDS[design.kind] if design.sample is None else f"{design.sample:,} of all combinations, balanced"
    when = f" ({dates}, UTC)" if dates else ""
    varied = f"The study varied {', '.join(many) or 'nothing'}. It holds {what}, each spoken {_times(design.takes)} by {by}{when}; "
    said = [f"{varied}requests were made {_ORDERS[design.order]} (seed {design.seed})."]
    if facts.filtered:
        said.append("Some combinations were left out by a rule that is not kept (where=).")
    said.append(
        f"Clips were measured by voicenb {facts.versions.get('voicenb', '')}; the measures with their versions are in this file's "
        "data. Takes were averaged; each level was held against the baseline within blocks of the same voice, text and other levels, "
        "as a ratio for measures that multiply, in semitones for pitch, else as a difference. Intervals are t intervals of "
        "the mean over blocks at 95 %; p-values are adjusted after Holm over all measures and levels of a factor. “changes” is "
        "an adjusted p-value below 0.05; “no change” is two one-sided tests (TOST) within the margin, the published just-noticeable "
        "difference; “cannot tell” is neither. Clips that a service's fallback made do not count."
    )
    if facts.targets:
        said.append(f"Distances are those to recordings of {facts.targets:,} of the texts.")
    said += [one.methods for one in tests if one.methods]
    return " ".join(said)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times (takes)"


def not_stated(design: Design, facts: Facts, tests: Sequence[BlindTest], known: Iterable[Measure]) -> list[str]:
    """What a reader of a study expects to be told, and is not (after Cooper et al., arXiv 2503.03250)."""
    said = []
    if not design.question:
        said.append("What the study asks, in words.")
    if not tests:
        said.append("Whether people hear a difference: there was no blind listening test.")
    else:
        said.append("How the listeners were found, what they were paid, and which language they speak.")
        said.append("What they listened with (headphones or loudspeakers), how loud, and in what surroundings.")
        said += [
            f"What the listeners of the {one.kind} test were asked, word by word." for one in tests if not one.question
        ]
    clips = facts.clips.values()
    if not any(one.language for one in clips) and not any(one.language for one in facts.voices):
        said.append("The language of the texts.")
    if silent := sorted({one.level for one in facts.voices if not one.consent}):
        said.append(f"Whether the speaker of {', '.join(silent)} consented.")
    if not any(one.model for one in clips):
        said.append("Which model or version of the service made the clips.")
    if design.takes == 1:
        said.append("How much takes of the same request differ: each was made once.")
    if facts.filtered:
        said.append("By which rule combinations were left out (where=).")
    if open_ones := [one.name for one in known if one.margin is None]:
        said.append(
            f"What difference can be heard in {', '.join(open_ones)}: no margin is published, so “no change” is not said of them."
        )
    return said


def code_of(name: str, design: Design, facts: Facts) -> str:
    """Python that makes the study again, with voices of the same names."""
    studios: dict[tuple[str, bool], str] = {}
    lines, voices = ["import voicenb as vn", ""], []
    for one in facts.voices:
        place = one.service, one.sandbox
        if place not in studios:
            several = len({(other.service, other.sandbox) for other in facts.voices}) > 1
            studios[place] = f"studio_{len(studios) + 1}" if several else "studio"
            lines.append(f"{studios[place]} = vn.connect({one.service!r}{', sandbox=True' if one.sandbox else ''})")
        voices.append(f"{studios[place]}.voice({one.name!r})")
    given: dict[str, Any] = {
        one.name: list(one.levels) if len(one.levels) > 1 else one.levels[0] for one in design.factors
    }
    given.pop("voice", None)
    baseline = {one.name: one.levels[one.baseline] for one in design.factors if one.baseline}
    given |= {"takes": design.takes, "name": name}
    optional = {
        "question": (design.question, ""), "baseline": (baseline, {}), "design": (design.kind, "grid"),
        "sample": (design.sample, None), "order": (design.order, "blocks"), "seed": (design.seed, 0),
    }  # fmt: skip
    given |= {field: value for field, (value, default) in optional.items() if value != default}
    lines += ["study = vn.Study(", f"    {voices[0] if len(voices) == 1 else '[' + ', '.join(voices) + ']'},"]
    lines += [f"    {field}={value!r}," for field, value in given.items()]
    if facts.filtered:
        lines.append("    where=…,  # a rule that was given then, and that a file cannot keep")
    lines += [")", "study.plan()  # what it costs", "study.run()", 'study.report("study.html")', ""]
    return "\n".join(lines)
