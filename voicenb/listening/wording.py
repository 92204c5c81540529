"""How results are said: numbers, p-values, and the paragraph of methods."""

from __future__ import annotations

from collections.abc import Collection
from math import isfinite

from voicenb.listening.design import Design
from voicenb.listening.kinds import KINDS

__all__ = ["interval_text", "joined", "methods_of", "number_text", "p_text", "percent"]


def p_text(p: float) -> str:
    """``p = .012``, or ``p < .001``."""
    if not isfinite(p):
        return "p not known"
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


def percent(share: float) -> str:
    """``88 %``; nothing of a share that is not known."""
    return f"{100 * share:.0f} %" if isfinite(share) else "–"


def number_text(value: float, digits: int = 2) -> str:
    """A number with its sign; a real minus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def interval_text(low: float, high: float, level: float, *, digits: int = 2) -> str:
    """``95 % CI 0.10 to 0.42``."""
    if not (isfinite(low) and isfinite(high)):
        return "no interval: one listener alone"
    return f"{100 * level:g} % CI {low:.{digits}f} to {high:.{digits}f}".replace("-", "−")


def joined(names: Collection[str], most: int = 6) -> str:
    """Names in a row, the rest of many as a number."""
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")


def methods_of(design: Design, *, listeners: int, analysis: str, excluded: Collection[str], simulated: bool) -> str:
    """The paragraph of methods.

    Args:
        design: The test's design.
        listeners: How many count.
        analysis: How it was reckoned.
        excluded: Who was left out, with the reasons.
        simulated: Whether listeners were made up.
    """
    kind = KINDS[design.kind]
    counted = [one for one in design.counted if one.role == "trial"]
    items = dict.fromkeys(one.item for one in counted)
    repeats, catches = (sum(one.role == role for one in design.counted) for role in ("repeat", "catch"))
    loud = (
        "Sounds were matched in loudness (ITU-R BS.1770)" if design.matched else "Sounds were not matched in loudness"
    )
    scale = (
        " on the scale " + ", ".join(f"{label} ({value:g})" for value, label in kind.scale.labels)
        if kind.scale is not None
        else (", with “no preference” as an answer" if design.tie else "")
    )
    anchors = (
        "; each trial held the hidden reference and low-pass anchors of 3.5 and 7 kHz (ITU-R BS.1534-3)"
        if kind.name == "mushra"
        else ""
    )
    more = [
        *([f"{repeats} trials came twice"] if repeats else []),
        *([f"{catches} trials held a spoilt sound"] if catches else []),
        *(["a headphone check came first"] if design.headphones else []),
    ]
    return " ".join(
        filter(
            None,
            [
                (
                    f"{kind.title}: {listeners} {'simulated listeners (no people)' if simulated else 'listeners'} with {len(design.counted)} trials each,"
                    f" over {len(items)} {'item' if len(items) == 1 else 'items'} and the conditions {joined(design.conditions)}."
                ),
                f"The question was “{design.question}”{scale}{anchors}.",
                f"{'; '.join(more).capitalize()}." if more else "",
                "Neither labels nor files told conditions apart; the order of trials and of sounds was another one for each listener (Williams).",
                f"{loud} and presented as 16-bit sound of {design.rate / 1000:g} kHz, one channel; they are synthetic voices.",
                "The number of trials was fixed before, and no score was shown.",
                analysis,
                f"{len(excluded)} left out: {'; '.join(excluded)}." if excluded else "Nobody was left out.",
            ],
        )
    )
