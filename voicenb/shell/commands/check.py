"""``voicenb check``: can a recording be cloned?"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable

from voicenb.base.lines import shortened
from voicenb.shell.command import Command
from voicenb.shell.connection import rules
from voicenb.shell.exit_codes import OK, USAGE
from voicenb.shell.output import WIDTH, Output, as_rows, as_table

__all__ = ["COMMAND"]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a recording, or its URL")


def run(given: argparse.Namespace, out: Output) -> int:
    from voicenb.studio.recording_checks import fix_by
    from voicenb.studio.reference import Reference

    service = rules(given)
    found = Reference(given.file).check(service)
    rows = [row | {"fix": fix_by(row["fix"], prepare="voicenb prepare", fetch="curl -O URL")} for row in as_rows(found)]
    broken = [row for row in rows if row["severity"] == "error"]

    def lines() -> Iterable[str]:
        names = ("severity", "rule", "found", "allowed")
        table = as_table(names, ([shortened(row[name] or "", 60) for name in names] for row in rows))
        yield table[0]
        for line, row in zip(table[1:], rows, strict=True):
            yield line
            if row["fix"]:
                yield textwrap.fill(row["fix"], WIDTH, initial_indent="  → ", subsequent_indent="    ")

    out.result(rows, lines())
    if broken:
        out.note(f"{service.profile.label} would not take it: {', '.join(str(row['rule']) for row in broken)}.")
    elif warnings := sum(row["severity"] == "warning" for row in rows):
        out.note(f"{service.profile.label} would take it, with {warnings} warning{'s' if warnings > 1 else ''}.")
    return USAGE if broken else OK


COMMAND = Command(
    "check",
    "say whether a recording can be cloned",
    "Reads a recording and says, rule by rule, what was found, what the service allows, and what to do about it. "
    "Nothing is sent. The exit code is 2 where a rule is broken.",
    ("voicenb check me.wav", "voicenb check me.wav --json | jq '.[] | select(.severity == \"error\")'"),
    add,
    run,
)
