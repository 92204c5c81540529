"""Answer files: what a listener's page saves, read with suspicion."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from glob import glob, has_magic
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from voicenb.base.arguments import to_python
from voicenb.errors import InvalidRequest
from voicenb.listening.design import Design
from voicenb.listening.votes import checked

__all__ = [
    "ANSWERS",
    "Added",
    "AddedFile",
    "AnswerFile",
    "DamagedError",
    "ForeignError",
    "answer_text",
    "files_of",
    "read_answers",
]

ANSWERS = "voicenb-answers-1"
"""The form of an answer file."""

_MOST_BYTES = 5_000_000
_LONGEST_NAME = 80


class DamagedError(ValueError):
    """A file that is no answer file, or no whole one."""


class ForeignError(ValueError):
    """The answer file of another test, or of an earlier form of this one."""


@dataclass(frozen=True)
class AnswerFile:
    """What a file says.

    Attributes:
        listener: Who answered, in letters that say nothing.
        name: What they called themselves, or None.
        row: Which of the test's orders was theirs.
        finished: Whether they answered all, as the page says.
        votes: The votes, checked.
    """

    listener: str
    name: str | None
    row: int
    finished: bool
    votes: list[dict[str, Any]]


class AddedFile(NamedTuple):
    """What became of one file.

    Attributes:
        file: Its name.
        what: ``added``, ``more`` (votes of a listener who had begun), ``double``, ``foreign`` or ``damaged``.
        listener: Whose it is, or None.
        votes: How many votes were new.
        said: One sentence.
    """

    file: str
    what: str
    listener: str | None
    votes: int
    said: str


class Added(list[AddedFile]):
    """What became of each file, as a list and, at the end of a cell, as a table."""

    def __repr__(self) -> str:
        return "\n".join(f"{one.file}: {one.said}" for one in self) or "no file"

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td dir="auto">{escape(one.file)}</td><td>{one.what}</td><td style="text-align:left" dir="auto">{escape(one.said)}</td></tr>'
            for one in self
        )
        return f'<table><thead><tr><th scope="col">file</th><th scope="col">what</th><th scope="col"></th></tr></thead><tbody>{rows}</tbody></table>'


def files_of(given: Iterable[str | PathLike[str]]) -> list[Path]:
    """The files that paths and patterns name, each once, by name.

    Raises:
        InvalidRequest: Nothing was given, or one of them names no file.
    """
    found: dict[Path, None] = {}
    for one in given:
        text = str(one)
        paths = (
            sorted(map(Path, glob(text))) if has_magic(text) and not Path(text).exists() else [Path(text)]  # noqa: PTH207 - patterns may begin at a root
        )
        paths = [path for path in paths if path.is_file()]
        if not paths:
            raise InvalidRequest(f"there is no file {text} (looked for from {Path.cwd()}). Nothing was added.")
        found |= dict.fromkeys(paths)
    if not found:
        raise InvalidRequest("add() needs the files that listeners sent back, as in test.add('answers-*.json')")
    return list(found)


def answer_text(body: dict[str, Any]) -> str:
    """An answer file's text."""
    text = json.dumps(body, ensure_ascii=False)
    return json.dumps(
        {"format": ANSWERS, "crc32": f"{zlib.crc32(text.encode()):08x}", "body": text}, ensure_ascii=False
    )


def read_answers(path: Path, test: str, design_hash: str, design: Design) -> AnswerFile:
    """What an answer file says.

    Args:
        path: The file.
        test: The test's id.
        design_hash: The hash of its design.
        design: Its design.

    Raises:
        DamagedError: It is no answer file, or not whole.
        ForeignError: It belongs to another test.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DamagedError(f"it has more than {_MOST_BYTES // 1_000_000} MB, and answers are small")
        outer = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, DamagedError):
            raise
        raise DamagedError(f"it cannot be read as JSON ({type(error).__name__})") from error
    if not isinstance(outer, dict) or outer.get("format") != ANSWERS or not isinstance(outer.get("body"), str):
        raise DamagedError("it is JSON, but no answer file of a listening test")
    text = outer["body"]
    if outer.get("crc32") != f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}":
        raise DamagedError("its check sum does not fit: it was changed, or cut off on its way")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedError("what it holds is no JSON") from error
    if not isinstance(body, dict):
        raise DamagedError("what it holds is no object")
    if body.get("test") != test:
        raise ForeignError(f"it belongs to another test ({body.get('test')!r:.40})")
    if body.get("hash") != design_hash:
        raise ForeignError("it belongs to an earlier form of this test, with other sounds or another order")
    listener, row, votes = body.get("listener"), to_python(body.get("row")), body.get("votes")
    if not isinstance(listener, str) or not 0 < len(listener) <= _LONGEST_NAME or not isinstance(votes, list):
        raise DamagedError("it does not say who answered, or has no votes")
    if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < len(design.orders):
        raise DamagedError(f"row={row!r:.20}: this test has the orders 0 to {len(design.orders) - 1}")
    try:
        found = {vote["trial"]: vote for vote in (checked(design, one) for one in votes)}
    except InvalidRequest as error:
        raise DamagedError(f"a vote cannot be: {error}") from error
    name = body.get("name")
    return AnswerFile(
        listener=listener,
        name=name.strip()[:_LONGEST_NAME] or None if isinstance(name, str) else None,
        row=row,
        finished=body.get("finished") is True,
        votes=list(found.values()),
    )
