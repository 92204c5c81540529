"""What a command prints: results on stdout, notes and errors on stderr, as lines or as one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from voicenb.errors import VoicenbError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WIDTH", "Output", "as_rows", "as_table"]

WIDTH = 79
"""The columns that a paragraph takes at most."""


class Output:
    """Results on stdout; notes, errors and progress on stderr. Results go there, too, where stdout is for sound."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._words_on_stdout = True

    def leave_stdout(self) -> None:
        """Put results on stderr from now on, since stdout is for sound."""
        self._words_on_stdout = False

    def _print(self, line: str) -> None:
        print(line, file=sys.stdout if self._words_on_stdout else sys.stderr)

    def result(self, document: Any, lines: Iterable[str]) -> None:
        """The result: `document` with ``--json``, else `lines`."""
        if self.as_json:
            self._print(json.dumps(document, default=_in_json, indent=2))
        else:
            for line in lines:
                self._print(line)

    def note(self, line: str) -> None:
        """Something good to know."""
        if not self.quiet:
            print(line, file=sys.stderr)

    def error(self, error: VoicenbError, code: int) -> int:
        """One clear message on stderr, and the same as a document with ``--json``."""
        print(f"voicenb: {error}", file=sys.stderr)
        if self.as_json:
            problems = [
                {"field": one.field, "given": one.given, "allowed": one.allowed}
                for one in getattr(error, "problems", ())
            ]
            about = {"type": type(error).__name__, "message": str(error), "exit": code, "task": error.task}
            self._print(json.dumps({"error": about | ({"problems": problems} if problems else {})}, indent=2))
        return code


def _in_json(value: Any) -> Any:
    """A value that JSON has no word for."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    # Decimal and Path: a number in JSON would lose digits.
    return str(value)


def as_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame as rows for JSON, with None where a value is missing."""
    plain = frame.astype(object)
    return [
        {str(name): value for name, value in row.items()}
        for row in plain.where(plain.notna(), None).to_dict(orient="records")
    ]


def as_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table, its columns as wide as they need to be."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
