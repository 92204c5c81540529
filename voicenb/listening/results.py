"""From votes to a result: who counts, and which analysis the kind has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from voicenb.base.arguments import interval_level
from voicenb.errors import InvalidRequest
from voicenb.listening.choices import Analysis, abx, preferences
from voicenb.listening.design import Design
from voicenb.listening.excluding import Screen, excluded_by
from voicenb.listening.ratings import comparison, opinions, scores
from voicenb.listening.result import Result
from voicenb.listening.wording import methods_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["result_of"]


def result_of(
    design: Design,
    votes: pd.DataFrame,
    *,
    unfinished: Mapping[str, int],
    screen: Screen | None,
    level: float,
    sources: Collection[str],
) -> Result:
    """The result of a test.

    Args:
        design: The test's design.
        votes: Those of listeners who have answered all; see `voicenb.listening.votes.unblinded`.
        unfinished: How many trials each other listener has answered.
        screen: The rule by which listeners are left out, or None.
        level: The intervals' level, 0–1.
        sources: Where listeners come from: ``cell``, ``file``, ``simulated``.

    Raises:
        InvalidRequest: The level is none, or the screen does not fit the kind or leaves nobody.
    """
    level = interval_level(level, 0.5)
    trials = len(design.counted)
    left_out = [f"{listener} answered {done} of {trials} trials" for listener, done in unfinished.items()]
    dropped = excluded_by(design, votes, screen)
    left_out += [one.reason for one in dropped]
    counted = votes[~votes["listener"].isin({one.listener for one in dropped}) & (votes["role"] == "trial")]
    if counted.empty:
        raise InvalidRequest(f"screen={screen!r} leaves nobody: {'; '.join(left_out)}")
    found = _analysed(design, counted, level)
    listeners = int(counted["listener"].nunique())
    simulated = "simulated" in sources
    sentence = f"Simulated listeners: {found.sentence}" if simulated else found.sentence
    return Result(
        kind=design.kind,
        question=design.question,
        sentence=sentence,
        table=found.table,
        by_listener=found.by_listener,
        interval=found.interval,
        p=found.p,
        power=found.power,
        listeners=listeners,
        trials=trials,
        excluded=tuple(left_out),
        notes=(*design.notes, *found.notes, *_repeated(design, votes)),
        methods=methods_of(design, listeners=listeners, analysis=found.said, excluded=left_out, simulated=simulated),
        simulated=simulated,
        level=level,
        bars=found.bars,
        axis=found.axis,
        nothing=found.nothing,
        counts=found.counts,
    )


def _analysed(design: Design, votes: pd.DataFrame, level: float) -> Analysis:
    conditions = list(design.conditions)
    match design.kind:
        case "abx":
            return abx(votes, conditions, level)
        case "ab":
            return preferences(votes, conditions, level, tie=design.tie)
        case "cmos":
            return comparison(votes, conditions, level)
        case "acr":
            return opinions(votes, conditions, level)
        case _:
            return scores(votes, conditions, level, kind=design.kind)


def _repeated(design: Design, votes: pd.DataFrame) -> tuple[str, ...]:
    """How far listeners agreed with themselves where a trial came twice."""
    twice = votes[votes["role"] == "repeat"]
    if twice.empty:
        return ()
    keys = ["listener", "of"] + (["condition"] if "condition" in votes else [])
    first = votes[votes["role"] == "trial"].assign(of=lambda frame: frame["trial"])
    pairs = twice.merge(first, on=keys, suffixes=("", "_before"))
    if design.kind in {"abx", "ab"}:
        answer = "correct" if design.kind == "abx" else "chosen"
        same = (pairs[answer] == pairs[f"{answer}_before"]) | (pairs[answer].isna() & pairs[f"{answer}_before"].isna())
        return (f"Of {len(pairs)} trials that came twice, {int(same.sum())} were answered alike.",)
    scores_ = pairs["score"], pairs["score_before"]
    if design.kind == "cmos":
        turned = (pairs["first"] != pairs["first_before"]).map({True: -1, False: 1})
        scores_ = pairs["score"], pairs["score_before"] * turned
    distance = float((scores_[0] - scores_[1]).abs().mean())
    return (f"In {len(pairs)} ratings that were given twice, the second was {distance:.1f} away on average.",)
