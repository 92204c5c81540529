"""``voicenb study``: a parameter study that a file describes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicenb.base.files import file_name
from voicenb.base.lines import shortened
from voicenb.errors import InvalidRequest
from voicenb.shell.command import Command
from voicenb.shell.exit_codes import OK, SERVICE, UNKNOWN
from voicenb.shell.output import Output, as_rows, as_table

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.study.kept import KeptStudy
    from voicenb.study.readings import Readings
    from voicenb.study.study import Study
    from voicenb.study.study_file import StudyFile

__all__ = ["COMMAND"]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=("plan", "run", "show", "report", "answers"),
        help="what it costs; make it; what came of it; the same as a file to send; what listeners of a blind test sent back",
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a TOML file that describes the study; for show and report its name, too; for answers the listening test's name",
    )
    parser.add_argument(
        "answers",
        nargs="*",
        metavar="ANSWERS",
        help="answers: the files that listeners sent back; none shows the result alone",
    )
    parser.add_argument(
        "--screen", choices=("BS.1534-3", "mpeg", "catch"), help="answers: the rule by which listeners are left out"
    )
    parser.add_argument(
        "--test",
        action="append",
        default=[],
        metavar="NAME",
        help="report: a listening test that goes into it; may come several times",
    )
    parser.add_argument(
        "--budget",
        metavar="X",
        help="what the study may cost in all its runs, in the service's unit; wins over the file's",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="report: the file, which ends in .html, .ipynb or .parquet; by default the study's name and .html",
    )
    parser.add_argument(
        "--players",
        choices=("median", "all", "none"),
        default="median",
        help="report: the take of median duration of each combination (default), every take, or no clip",
    )
    parser.add_argument("--csv", action="store_true", help="show: one row a cell, as comma-separated values")


def run(given: argparse.Namespace, out: Output) -> int:
    if given.what == "answers":
        return _answers(given, out)
    if given.answers:
        raise InvalidRequest(f"{given.answers[0]!r}: {given.what} takes one study; answers takes more files")
    path = Path(given.file)
    if given.what in {"show", "report"} and path.suffix != ".toml":
        from voicenb.study.study import Study

        opened = Study.open(given.file)
        return _report(opened, given, out) if given.what == "report" else _show(opened, given, out)
    from voicenb.study.study_file import read_study_file

    written = read_study_file(path)
    with _study(written, given) as study:
        if given.what == "plan":
            return _plan(study, out)
        if given.what == "run":
            return _run(study, given.budget or written.budget, given, out)
        if given.what == "report":
            return _report(study, given, out)
        return _show(study, given, out)


@contextmanager
def _study(written: StudyFile, given: argparse.Namespace) -> Iterator[Study]:
    from voicenb.studio.connect import connect
    from voicenb.study.study import Study

    with ExitStack() as stack:
        studios: dict[tuple[str | None, bool | None], Any] = {}
        voices = []
        for one in written.voices:
            service = one.service or getattr(given, "service", None)
            sandbox = one.sandbox if one.sandbox is not None else getattr(given, "sandbox", False) or None
            if (service, sandbox) not in studios:
                studios[service, sandbox] = stack.enter_context(connect(service, sandbox=sandbox))
            voices.append(studios[service, sandbox].voice(one.name))
        yield Study(voices, **written.options)


def _plan(study: Study, out: Output) -> int:
    plan = study.plan()
    left_out = as_rows(plan.invalid)
    document = {
        "name": study.name,
        "cells": plan.cells,
        "made": plan.done,
        "on_disk": plan.cached,
        "prices": {service: {"amount": one.amount, "unit": one.unit} for service, one in plan.prices.items()},
        "left_out": left_out,
        "warnings": list(plan.warnings),
    }

    def lines() -> Iterable[str]:
        yield repr(plan)[1:-1]
        yield from plan.warnings
        for row in left_out[:20]:
            yield f"cell {row['cell']}: {row['why']}"

    out.result(document, lines())
    return OK


def _run(study: Study, budget: Any, given: argparse.Namespace, out: Output) -> int:
    study.run(budget=budget, quiet=out.quiet)
    frame = study.frame(["cell", "status", "error"])
    if (frame["status"] == "refused").all():
        raise InvalidRequest(f"every cell of {study.name!r} is refused: {frame['error'].iloc[0]}")
    _show(study, given, out)
    statuses = set(frame["status"])
    if statuses & {"unknown", "submitting"}:
        out.note("It is not known of some cells whether they were accepted: `voicenb resume` looks again.")
        return UNKNOWN
    if statuses & {"failed", "cancelled"}:
        out.note("Some cells failed without a charge: the same run asks for them again.")
        return SERVICE
    return OK


def _report(study: Study | KeptStudy, given: argparse.Namespace, out: Output) -> int:
    from voicenb.listening.test import ListeningTest

    path = study.report(
        given.output or f"{file_name(study.name)}.html",
        tests=[ListeningTest.open(one) for one in given.test],
        players=None if given.players == "none" else given.players,
    )
    out.result({"name": study.name, "file": str(path), "bytes": path.stat().st_size}, [str(path)])
    return OK


def _answers(given: argparse.Namespace, out: Output) -> int:
    from voicenb.listening.test import ListeningTest

    test = ListeningTest.open(given.file)
    added = test.add(*given.answers) if given.answers else []
    result = test.result(screen=given.screen) if test.listeners else None
    document = {
        "name": test.name,
        "files": [one._asdict() for one in added],
        "listeners": test.listeners,
        "result": None
        if result is None
        else {
            "sentence": result.sentence,
            "table": as_rows(result.table),
            "excluded": list(result.excluded),
            "methods": result.methods,
        },
    }

    def lines() -> Iterable[str]:
        for one in added:
            yield f"{one.file}: {one.said}"
        yield repr(result) if result is not None else f"{test.name}: nobody has answered every trial yet"

    out.result(document, lines())
    return SERVICE if any(one.what in {"damaged", "foreign"} for one in added) else OK


def _show(study: Readings, given: argparse.Namespace, out: Output) -> int:
    from voicenb.ledger.dataframes import with_exact

    if given.csv and not out.as_json:
        with_exact(study.frame()).to_csv(sys.stdout, index=False, lineterminator="\n")
        return OK
    from voicenb.study.standing import by_unit

    frame = study.frame()
    effects = study.effects()
    counts = frame["status"].value_counts()
    spent = frame.groupby(["service", "unit"])["cost_exact"]
    costs = by_unit({(str(service), str(unit)): sum(group.dropna()) for (service, unit), group in spent})
    document = {
        "name": study.name,
        "question": study.design.question,
        "statuses": {str(name): int(count) for name, count in counts.items()},
        "costs": costs,
        "effects": as_rows(effects),
        "cells": as_rows(with_exact(frame)),
    }
    out.result(document, _lines(study, counts, costs, effects))
    return OK


def _lines(study: Readings, counts: pd.Series[int], costs: dict[str, Any], effects: pd.DataFrame) -> Iterable[str]:
    from voicenb.base.money import counted

    if study.design.question:
        yield study.design.question
    paid = [f"{counted(amount, unit)}" for unit, amount in costs.items()]
    yield " · ".join([repr(study)[1:-1], *(f"{count:,} {status}" for status, count in counts.items()), *paid])
    if effects.empty:
        yield "No factor has two levels, so there is no effect to tell of."
        return
    told = effects[effects["verdict"] != "cannot tell"]
    table = as_table(
        ("factor", "measure", "verdict", "level", "difference", "interval", "blocks"),
        (
            (
                row["factor"],
                row["measure"],
                row["verdict"],
                shortened(row["level"], 16),
                f"{row['estimate']:+.3g} {row['unit']}",
                "–" if row["low"] is None else f"{row['low']:.3g} to {row['high']:.3g}",
                str(row["blocks"]),
            )
            for row in as_rows(told)
        ),
    )
    yield from table if len(told) else []
    if unknown := len(effects) - len(told):
        yield f"Nothing can be told of {unknown:,} {'other ' if len(told) else ''}pairs of factor and measure; --json has them."


COMMAND = Command(
    "study",
    "price, make, read and report a parameter study",
    "Prices, makes, shows or reports the parameter study that a TOML file describes: voice, text, factors with their levels, a baseline. "
    "The same `run` again goes on where it stopped and pays nothing twice. `show` and `report` also take the name of a study of this home; "
    "`answers` takes that of a listening test, and what its listeners sent back.",
    (
        "voicenb study plan tempo.toml",
        "voicenb study run tempo.toml --budget 5",
        "voicenb study show tempo --json | jq '.effects[] | select(.verdict == \"changes\")'",
        "voicenb study show tempo --csv > tempo.csv",
        "voicenb study report tempo -o tempo.html --test tempo-abx",
        "voicenb study answers tempo-abx answers-*.json",
    ),
    add,
    run,
    waits=True,
)
