"""``voicenb prepare``: a recording as a service takes it best."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from voicenb.errors import InvalidRequest, Problem
from voicenb.shell.command import Command
from voicenb.shell.connection import rules
from voicenb.shell.exit_codes import OK
from voicenb.shell.output import Output, as_rows

__all__ = ["COMMAND"]

_SUFFIX = ".wav"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a recording, or its URL")
    parser.add_argument(
        "--out", metavar="FILE", help="where the .wav goes (default: the recording's name with -prepared.wav, here)"
    )
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="take the recording from S seconds on")
    parser.add_argument("--end", type=float, metavar="S", help="take the recording up to S seconds")
    parser.add_argument(
        "--consent",
        metavar="TEXT",
        help="the speaker's consent, in your words; written into the file, from where `voicenb clone` takes it",
    )


def run(given: argparse.Namespace, out: Output) -> int:
    from voicenb.base.files import file_name, write_atomically
    from voicenb.display.html import seconds
    from voicenb.shell.consent import consent_in, with_consent
    from voicenb.studio.reference import Reference

    source = Reference(given.file, consent=given.consent).fetch()
    target = Path(given.out or f"{file_name(Path(source.name or 'recording').stem)}-prepared{_SUFFIX}")
    _check(target, given)
    consent = given.consent or consent_in(source.data)
    service = rules(given)
    part = source.trim(given.start, given.end)
    made = part.prepare(service)
    write_atomically(target, with_consent(made.data, consent))
    left = as_rows(made.check(service))

    def lines() -> Iterable[str]:
        yield f"{target}  {seconds(made.duration)}"
        yield from (f"  {change}" for change in made.changes)

    out.result(
        {
            "file": target,
            "service": service.profile.id,
            "seconds": round(made.duration, 3),
            "rate": made.rate,
            "changes": made.changes,
            "consent": consent,
            "findings": [row for row in left if row["severity"] != "ok"],
        },
        lines(),
    )
    if not made.changes:
        out.note("Nothing needed a change: the file is a copy.")
    for row in left:
        if row["severity"] in {"warning", "error"}:
            out.note(f"{row['rule']}: {row['found']}; {row['allowed']}.")
    return OK


def _check(target: Path, given: argparse.Namespace) -> None:
    """Refuses a place for the file before anything is worked out."""
    allowed = None
    if target.suffix.lower() != _SUFFIX:
        allowed = f"a prepared recording is a 16-bit WAV: give a name that ends in {_SUFFIX}"
    elif not target.absolute().parent.is_dir() or target.is_dir():
        allowed = "give a file in a folder that is there"
    elif _same(target, given.file):
        allowed = "that is the recording itself, which stays as it is: give another name"
    if allowed:
        raise InvalidRequest(
            "the recording could not be written there; nothing was written",
            problems=(Problem("--out", repr(str(target)), allowed),),
        )


def _same(target: Path, source: str) -> bool:
    try:
        return target.samefile(source)
    except (OSError, ValueError):
        return False


COMMAND = Command(
    "prepare",
    "trim, convert and level a recording for cloning",
    "Writes a copy of a recording as the service takes it best, and says what was changed: silence at both ends is trimmed, too much "
    "speech is cut at a pause, channels are mixed, and the level goes to -23 LUFS. The recording itself stays as it is, and "
    "nothing is sent. The exit code is 2 where there is too little speech, which nothing mends.",
    (
        "voicenb prepare me.m4a",
        "voicenb prepare interview.wav --start 12 --end 40 --out me.wav --consent 'my own voice'",
        "voicenb prepare me.wav --service faseeh --json | jq '.changes'",
    ),
    add,
    run,
)
