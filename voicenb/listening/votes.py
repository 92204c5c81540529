"""Votes: what a page may answer, checked, and what it says once the key is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from voicenb.base.arguments import to_python
from voicenb.errors import InvalidRequest
from voicenb.listening.design import Design, Trial
from voicenb.listening.kinds import KINDS

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.ledger.records import ListenerRecord

__all__ = ["HEADPHONES", "TIE", "answered", "checked", "unblinded"]

TIE = "none"
"""The answer "no preference"."""

HEADPHONES = "headphones"
"""What the headphone check is called where a vote names its trial."""

_DAY = 86_400.0


def checked(design: Design, vote: Any) -> dict[str, Any]:
    """A vote as it is kept: what belongs to it, and nothing else.

    Args:
        design: The test's design.
        vote: What a page or a file gave.

    Raises:
        InvalidRequest: It is none of this test; the message says what is wrong.
    """
    if not isinstance(vote, Mapping):
        raise InvalidRequest(f"a vote is an object; {vote!r:.60} is none")
    if vote.get("trial") == HEADPHONES:
        return _headphones(vote)
    trial = design.trial(vote.get("trial"))
    if trial is None:
        raise InvalidRequest(f"trial={vote.get('trial')!r:.40}: this test has none of that name")
    names = [one.sound for one in trial.places]
    shown = vote.get("sounds")
    if not isinstance(shown, (list, tuple)) or sorted(map(str, shown)) != sorted(names):
        raise InvalidRequest(f"sounds={shown!r:.80}: trial {trial.id} has {', '.join(names)}")
    draft = vote.get("draft") is True
    heard = {one.sound for one in trial.every()}
    plays = vote.get("plays")
    return {
        "trial": trial.id,
        "place": _number(vote.get("place"), "place", -1, 10_000, whole=True),
        "sounds": [str(one) for one in shown],
        "answer": _answer(design, trial, vote.get("answer"), partly=draft),
        "at": _number(vote.get("at"), "at", 0, 1e15, whole=True),
        "seconds": _number(vote.get("seconds"), "seconds", 0, _DAY),
        "plays": {
            str(one): _number(count, "plays", 0, 1e6, whole=True)
            for one, count in (plays.items() if isinstance(plays, Mapping) else ())
            if one in heard
        },
    } | ({"draft": True} if draft else {})


def _headphones(vote: Mapping[str, Any]) -> dict[str, Any]:
    answer = vote.get("answer")
    if not isinstance(answer, Mapping):
        raise InvalidRequest(f"answer={answer!r:.60}: the headphone check has right and of")
    of = _number(answer.get("of"), "answer.of", 1, 100, whole=True)
    return {
        "trial": HEADPHONES,
        "place": -1,
        "answer": {"right": _number(answer.get("right"), "answer.right", 0, of, whole=True), "of": of},
        "at": _number(vote.get("at"), "at", 0, 1e15, whole=True),
    }


def _answer(design: Design, trial: Trial, answer: Any, *, partly: bool) -> Any:
    kind = KINDS[design.kind]
    names = [one.sound for one in trial.places]
    if kind.scale is None:
        allowed = [*names, TIE] if design.tie and kind.name == "ab" else names
        if answer not in allowed:
            raise InvalidRequest(f"answer={answer!r:.40}: trial {trial.id} allows {', '.join(allowed)}")
        return answer
    scale = kind.scale
    if kind.trial != "all":
        return _number(answer, "answer", scale.low, scale.high, whole=True)
    if not isinstance(answer, Mapping) or not set(answer) <= set(names) or not (partly or set(answer) == set(names)):
        raise InvalidRequest(f"answer={answer!r:.80}: trial {trial.id} wants a number for each of {', '.join(names)}")
    return {name: _number(answer[name], f"answer.{name}", scale.low, scale.high) for name in names if name in answer}


def _number(value: Any, field: str, low: float, high: float, *, whole: bool = False) -> Any:
    found = to_python(value)
    right = not isinstance(found, bool) and isinstance(found, int | float) and isfinite(found) and low <= found <= high
    if not right or (whole and found != int(found)):
        kind = "whole number" if whole else "number"
        raise InvalidRequest(f"{field}={value!r:.40}: allowed is a {kind} from {low:g} to {high:g}")
    return int(found) if whole else found


def answered(design: Design, votes: Iterable[Mapping[str, Any]]) -> set[str]:
    """The trials that count and have a vote that is no draft."""
    return {one["trial"] for one in votes if not one.get("draft")} & {one.id for one in design.counted}


def unblinded(
    design: Design, listeners: Iterable[ListenerRecord], votes: Mapping[str, Iterable[Mapping[str, Any]]]
) -> pd.DataFrame:
    """What was answered, with what the sounds were.

    Args:
        design: The test's design.
        listeners: Whose votes.
        votes: The votes of each listener.

    Returns:
        One row a vote, and for ``multi`` and ``mushra`` one a rated sound: listener, source, place, trial, item, text, role,
        seconds, at (UTC), of (the trial that a repeat repeats), and

        - ``abx``: first, second (conditions as shown), x (condition), correct;
        - ``ab``: first, second, chosen (a condition; None for no preference);
        - ``cmos``: first, second, score (of the second beside the first);
        - ``acr``, ``multi``, ``mushra``: condition, score.

        ``right`` says of a catch trial whether its spoilt sound was found; None elsewhere.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for listener in listeners:
        for vote in sorted(votes.get(listener.listener, ()), key=lambda one: one["place"]):
            trial = design.trial(vote["trial"])
            if trial is None or trial.role == "training" or vote.get("draft"):
                continue
            row = {
                "listener": listener.listener,
                "source": listener.source,
                "place": vote["place"],
                "trial": trial.id,
                "item": trial.item,
                "text": trial.text,
                "role": trial.role,
                "seconds": vote["seconds"],
                "at": pd.Timestamp(vote["at"], unit="ms", tz="UTC"),
                "of": trial.of,
            }
            rows += [row | one for one in _told(design, trial, vote)]
    columns = [
        "listener",
        "source",
        "place",
        "trial",
        "item",
        "text",
        "role",
        "seconds",
        "at",
        "of",
        *_COLUMNS[design.kind],
        "right",
    ]
    return pd.DataFrame(rows, columns=columns)


_COLUMNS = {
    "abx": ("first", "second", "x", "correct"),
    "ab": ("first", "second", "chosen"),
    "cmos": ("first", "second", "score"),
    "acr": ("condition", "score"),
    "multi": ("condition", "score"),
    "mushra": ("condition", "score"),
}


def _told(design: Design, trial: Trial, vote: Mapping[str, Any]) -> list[dict[str, Any]]:
    what = {one.sound: one.condition for one in trial.places}
    answer, shown = vote["answer"], vote["sounds"]
    right = _found_catch(design, trial, answer, shown)
    if design.kind == "acr":
        return [{"condition": what[shown[0]], "score": answer, "right": right}]
    if KINDS[design.kind].trial == "all":
        return [{"condition": what[name], "score": answer[name], "right": right} for name in shown]
    row: dict[str, Any] = {"first": what[shown[0]], "second": what[shown[1]], "right": right}
    if design.kind == "abx":
        assert trial.x is not None
        return [row | {"x": trial.x.condition, "correct": answer == trial.same}]
    if design.kind == "ab":
        return [row | {"chosen": what.get(answer)}]
    return [row | {"score": answer}]


def _found_catch(design: Design, trial: Trial, answer: Any, shown: list[str]) -> bool | None:
    """Whether the spoilt sound of a catch trial was told from the others."""
    if trial.catch is None:
        return None
    if design.kind == "abx":
        return bool(answer == trial.same)
    if design.kind == "ab":
        return bool(answer not in (trial.catch, TIE))
    if design.kind == "cmos":
        return bool(answer < 0 if shown[1] == trial.catch else answer > 0)
    if design.kind == "acr":
        return bool(answer <= 2)
    return bool(all(answer[trial.catch] < score for name, score in answer.items() if name != trial.catch))
