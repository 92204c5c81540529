"""A report is put together of what a study knows, and written as the file that was asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.base.arguments import did_you_mean
from voicenb.base.files import write_atomically
from voicenb.errors import InvalidRequest, StorageError
from voicenb.measures.definition import Measure
from voicenb.study.design import CROSSED, Design, Factor, level_text
from voicenb.study.effects import AUDIBLE, effect_of, effects_table
from voicenb.study.facts import Facts
from voicenb.study.frames import all_columns
from voicenb.study.parquet import parquet_bytes
from voicenb.study.report.content import (
    Answer,
    BlindResult,
    BlindTest,
    Content,
    Level,
    Picture,
    Section,
    Table,
)
from voicenb.study.report.envelope import FORM, plain_json
from voicenb.study.report.notebook import notebook_json
from voicenb.study.report.page import page_html
from voicenb.study.report.picture import MOST_POINTS
from voicenb.study.report_data import measures_json, rows_json, test_json
from voicenb.study.report_pages import Heard, Players, checked_players, heard_of
from voicenb.study.report_tables import (
    dates_of,
    design_of,
    effects_of,
    factors,
    origin,
    prices,
    requests,
    side_effects,
    standing,
    tools,
)
from voicenb.study.wording import (
    asked_about,
    asked_factors,
    code_of,
    methods_of,
    not_stated,
    sentence_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Material", "private_folders", "write_report"]

_FORMS = (".html", ".ipynb", ".parquet")
_MOST_BYTES = 3_000_000
"""What a page has at most."""
_MOST_ROWS = 700_000
"""The characters of rows that a page keeps; a larger study is read back from its home."""
_REST = 350_000
_MOST_PICTURES = 12
_PICTURES_A_FACTOR = 2
_LEVEL = 0.95


@dataclass(frozen=True)
class Material:
    """What a report is made of.

    Attributes:
        name: The study's name.
        design: Its design.
        known: The measures of its frame.
        frame: Gives the frame's rows with these columns, those of degraded clips and of failures among them.
        facts: Where the clips come from.
        sound: The bytes of a cell's clip, by the cell's key; None where they are not there.
        private: What must not stand in the file, such as the home's folder.
        tests: Tests that were reported before.
    """

    name: str
    design: Design
    known: Mapping[str, Measure]
    frame: Callable[[Sequence[str]], pd.DataFrame]
    facts: Facts
    sound: Callable[[str], bytes | None]
    private: tuple[str, ...] = ()
    tests: tuple[BlindTest, ...] = ()


def private_folders(home: Path) -> tuple[str, ...]:
    """The folders of this machine that must not stand in a report: a study's home, and the person's.

    Args:
        home: The study's home.
    """
    folders = [home, home.resolve()]
    # A user without a home folder has none to keep to themselves.
    with suppress(RuntimeError):
        folders += [Path.home(), Path.home().resolve()]
    return tuple(str(one) for one in dict.fromkeys(folders) if one != Path(one.anchor))


def write_report(material: Material, path: str | os.PathLike[str], tests: Sequence[Any], players: object) -> Path:
    """Write a report; see `Study.report`."""
    target = Path(path)
    if target.suffix.lower() not in _FORMS:
        hint = did_you_mean(target.suffix, _FORMS)
        raise InvalidRequest(f"path={str(path)!r}: {hint}a report ends in .html, .ipynb or .parquet")
    kept = checked_players(players)
    shown = (*material.tests, *(_as_test(one) for one in _listed(tests)))
    if target.suffix.lower() == ".parquet":
        frame = material.frame(_columns(material))
        data = parquet_bytes(
            _without(frame, material.private), material.name, material.design, material.facts, material.known
        )
    else:
        content = _content(material, shown, kept)
        notebook = target.suffix.lower() == ".ipynb"
        data = (notebook_json(content, target.name) if notebook else page_html(content)).encode()
    try:
        return write_atomically(target, data)
    except OSError as error:
        raise StorageError.of(target, error) from error


def _listed(tests: object) -> list[Any]:
    return list(tests) if isinstance(tests, (list, tuple)) else [tests]


def _as_test(given: Any) -> BlindTest:
    """A listening test, or its result, as plain data.

    Raises:
        InvalidRequest: It is neither.
    """
    found: BlindResult = given.result() if callable(getattr(given, "result", None)) else given
    try:
        table = Table(
            "What was answered", tuple(map(str, found.table.columns)),
            tuple(tuple(map(_shown, row)) for row in found.table.itertuples(index=False)),
        )  # fmt: skip
        return BlindTest(
            str(found.kind), str(found.question), str(found.sentence), table, str(found.methods),
            tuple(map(str, found.excluded)), int(found.trials), int(found.listeners), str(found.svg() or ""),
        )  # fmt: skip
    except (AttributeError, TypeError, ValueError) as error:
        raise InvalidRequest(
            f"tests: {type(given).__name__} is no listening test and no result of one ({error}); give what study.listen(…) made"
        ) from None


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return "–" if isnan(value) else f"{value:.4g}".replace("-", "−")
    return str(value)


def _content(material: Material, tests: tuple[BlindTest, ...], players: Players) -> Content:
    design, known, facts = material.design, material.known, material.facts
    frame = _without(material.frame(_columns(material)), material.private)
    effects = _effects(frame, design, known)
    data = _data(material, frame, effects, tests)
    names = {key: one.sound for key, one in facts.clips.items()}
    room = _MOST_BYTES - _REST - len(plain_json(data).encode())
    heard = heard_of(frame, design, material.sound, names, players=players, room=room) if len(frame) else Heard((), "")
    leads = _leads(design, effects)
    answers = [_answer(row, design) for factor in leads for row in leads[factor]]
    dates = dates_of(frame, facts, design)
    return Content(
        name=material.name,
        question=design.question,
        tests=tests,
        answers=tuple(answers),
        standing=standing(frame, facts, dates),
        factors=factors(design),
        design=design_of(design, frame, facts),
        prices=prices(frame),
        sections=tuple(_sections(frame, design, known, effects, leads)),
        side_effects=side_effects(effects, answers),
        pages=heard.pages,
        left_out=heard.left_out,
        origin=origin(frame, design, facts),
        tools=tools(facts, known),
        requests=requests(design, facts),
        methods=methods_of(design, facts, dates, tests),
        not_stated=tuple(not_stated(design, facts, tests, known.values())),
        code=code_of(material.name, design, facts),
        data=data,
    )


def _columns(material: Material) -> list[str]:
    return [one for one in all_columns(material.design, material.known) if one != "file"]


def _without(frame: pd.DataFrame, private: Iterable[str]) -> pd.DataFrame:
    """The frame with nothing of this machine in its words."""
    import pandas as pd

    def cleaned(text: object) -> object:
        if isinstance(text, str):
            for one in private:
                text = text.replace(one, "…")
        return text

    clean = frame.copy()
    for name in ("error", "not_measured"):
        clean[name] = pd.Series([cleaned(one) for one in frame[name]], index=frame.index, dtype=object)
    return clean


def _effects(frame: pd.DataFrame, design: Design, known: Mapping[str, Measure]) -> list[dict[str, Any]]:
    whole = frame[[one is not True for one in frame["degraded"]]]
    return [
        {str(name): value for name, value in row.items()}
        for row in effects_table(whole, design, known, level=_LEVEL).to_dict("records")
    ]


def _data(
    material: Material, frame: pd.DataFrame, effects: list[dict[str, Any]], tests: tuple[BlindTest, ...]
) -> dict[str, Any]:
    """What is kept to read the study back."""
    rows: dict[str, Any] | None = rows_json(frame, material.design, material.facts, material.known)
    if len(plain_json(rows or {})) > _MOST_ROWS:
        rows = None
    table = [{name: None if value != value else value for name, value in row.items()} for row in effects]  # noqa: PLR0124 - NaN
    return {
        "form": FORM, "name": material.name, "question": material.design.question, "seed": material.design.seed,
        "design": material.design.to_json(), "facts": material.facts.to_json(), "measures": measures_json(material.known),
        "rows": rows, "effects": table if rows is None else None,
        "statuses": {str(name): int(count) for name, count in frame["status"].value_counts().items()},
        "tests": [test_json(one) for one in tests],
    }  # fmt: skip


def _leads(design: Design, effects: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The effects that answer, by factor: those that the question asks about, else the surest ones."""
    asked = asked_about(design, [row["measure"] for row in effects])
    found = {}
    asking = asked_factors(design)
    parameters = [name for name in asking if name not in CROSSED]
    answering = [*parameters, *([] if parameters and asking[0] == parameters[0] else asking)]
    for name in asking:
        own = [row for row in effects if row["factor"] == name]
        named = sorted((row for row in own if row["measure"] in asked), key=lambda row: asked.index(row["measure"]))
        if not named:
            order = {"changes": 0, "no change": 1}
            named = sorted(own, key=lambda row: (order.get(row["verdict"], 2), np.nan_to_num(row["p_holm"], nan=2.0)))
        # Other words take other times: that answers nothing, unless it is asked.
        found[name] = named[:_PICTURES_A_FACTOR] if name in answering else []
    return found


def _answer(row: dict[str, Any], design: Design) -> Answer:
    factor = design.factor(row["factor"])
    return Answer(factor.name, row["measure"], row["verdict"], sentence_of(row, factor.levels[factor.baseline]))


def _sections(
    frame: pd.DataFrame,
    design: Design,
    known: Mapping[str, Measure],
    effects: list[dict[str, Any]],
    leads: Mapping[str, list[dict[str, Any]]],
) -> Iterable[Section]:
    drawn = 0
    whole = frame[[one is not True for one in frame["degraded"]]]
    for name, rows in leads.items():
        own = [row for row in effects if row["factor"] == name]
        told = [row for row in own if row["verdict"] != "cannot tell"]
        told.sort(key=lambda row: row["verdict"] != "changes")
        counts = {
            verdict: sum(row["verdict"] == verdict for row in own)
            for verdict in ("changes", "no change", "cannot tell")
        }
        summary = (
            f"Of {len(own)} measures, {counts['changes']} change with {name}, {counts['no change']} are shown not to, and of "
            f"{counts['cannot tell']} it cannot be told."
        )
        factor, pictures = design.factor(name), []
        for row in rows:
            if drawn < _MOST_PICTURES and not isnan(row["estimate"]):
                drawn += 1
                pictures.append(_picture(whole, design, factor, known[row["measure"]], row))
        untold = [row for row in own if row["verdict"] == "cannot tell"]
        yield Section(
            name,
            summary,
            tuple(pictures),
            effects_of(f"What {name} does", told),
            effects_of(f"What {name} may do", untold),
        )


def _picture(frame: pd.DataFrame, design: Design, factor: Factor, measure: Measure, row: dict[str, Any]) -> Picture:
    effect = effect_of(frame, design, factor, measure, margin=AUDIBLE, level=_LEVEL, method="t")
    most = MOST_POINTS // max(1, len(effect.table))
    levels = []
    for place, one in zip(effect.blocks, effect.table.to_dict("records"), strict=True):
        values = effect.blocks[place].to_numpy(dtype=np.float64)
        values = values[np.isfinite(values)]
        if len(values) > most:
            values = np.quantile(values, (np.arange(most) + 0.5) / most)
        mean, low, high = (None if isnan(one[name]) else float(one[name]) for name in ("estimate", "low", "high"))
        levels.append(Level(level_text(one["level"]), tuple(map(float, values)), mean, low, high))
    levels.insert(
        factor.baseline, Level(level_text(factor.levels[factor.baseline]), (), 0.0, None, None, baseline=True)
    )
    return Picture(
        _answer(row, design),
        effect.unit,
        tuple(levels),
        effect.bounds,
        effect.margin,
        int(effect.table["blocks"].max()),
    )
