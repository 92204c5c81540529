"""A study's clips for a blind listening test: which of its factors is listened to, and within what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voicenb.base.arguments import did_you_mean
from voicenb.display.comparison import axis_text
from voicenb.errors import InvalidRequest
from voicenb.ledger.records import TaskRecord
from voicenb.listening.sources import Source
from voicenb.study.comparing import parameters_first
from voicenb.study.design import Design, places_of, same_level

__all__ = ["blind_sources", "chosen_levels"]

_TEXT = 60


def chosen_levels(design: Design, between: Mapping[str, Any] | str | None) -> dict[str, tuple[Any, ...]]:
    """The factors that are listened to, each with its levels.

    Args:
        design: The study's design.
        between: Levels by factor, or a factor's name; None takes the first one with several levels, parameters first.

    Raises:
        InvalidRequest: There is no such factor or level, or fewer than two levels are compared.
    """
    if between is None:
        many = parameters_first(one.name for one in design.factors if len(one.levels) > 1)
        if not many:
            raise InvalidRequest("no factor of this study has two levels, so that nothing can be compared")
        between = many[0]
    if isinstance(between, str):
        between = {between: design.factor(between).levels}
    if not isinstance(between, Mapping) or not between:
        raise InvalidRequest(f"between={between!r:.60}: give levels by factor, as in between={{'speed': (1, 1.2)}}")
    names = [one.name for one in design.factors]
    found: dict[str, tuple[Any, ...]] = {}
    for name, given in between.items():
        if name not in names:
            raise InvalidRequest(
                f"between: this study has no factor {name!r}; {did_you_mean(name, names)}it has {', '.join(names)}"
            )
        own = design.factor(name).levels
        found[name] = tuple(own[place] for place in places_of(name, given, own, "between: "))
    if all(len(levels) < 2 for levels in found.values()):
        raise InvalidRequest("between: two levels of a factor, or more, are compared; each one here has one")
    return found


def blind_sources(
    design: Design, tasks: Mapping[str, TaskRecord], between: Mapping[str, Sequence[Any]]
) -> list[Source]:
    """The sounds of a study that were made, of each combination the first take.

    Args:
        design: The study's design.
        tasks: The task of each cell, by the cell's key.
        between: See `chosen_levels`.
    """
    found: dict[tuple[str, str], Source] = {}
    takes: dict[tuple[str, str], int] = {}
    order: dict[str, int] = {}
    others = [one for one in design.factors if len(one.levels) > 1 and one.name not in between]
    combined = list(between)
    made = {key: one for key, one in tasks.items() if one.status == "completed" and one.file is not None}
    for number in design.numbers_of(made).tolist():
        cell = design.cells[number]
        record, levels = made[cell.key], cell.levels
        if any(not any(same_level(levels[name], one) for one in wanted) for name, wanted in between.items()):
            continue
        condition = " · ".join(_named(name, levels[name]) for name in combined)
        item = _item(design, levels, [one.name for one in others if one.name != "text"])
        place = (item, condition)
        order.setdefault(condition, _rank(between, levels))
        if place in takes and takes[place] <= cell.take:
            continue
        takes[place] = cell.take
        told = tuple((name, levels[name]) for name in combined)
        found[place] = Source(condition, item, record.file or "", str(levels["text"]), told)
    return sorted(found.values(), key=lambda one: order[one.condition])


def _rank(between: Mapping[str, Sequence[Any]], levels: Mapping[str, Any]) -> int:
    """The place of a combination among those that are compared: levels in the order in which they were given."""
    rank = 0
    for name, wanted in between.items():
        at = next(number for number, one in enumerate(wanted) if same_level(one, levels[name]))
        rank = rank * len(wanted) + at
    return rank


def _named(name: str, level: Any) -> str:
    text = "default" if level is None else axis_text(level)
    return text if isinstance(level, str) and name in {"voice", "text", "service"} else f"{name} {text}"


def _item(design: Design, levels: Mapping[str, Any], others: Sequence[str]) -> str:
    text = " ".join(str(levels["text"]).split())
    texts = design.factor("text").levels
    short = text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"
    if len(text) > _TEXT:
        short = f"text {texts.index(levels['text']) + 1}: {short}"
    return " · ".join([short, *(_named(name, levels[name]) for name in others)])
