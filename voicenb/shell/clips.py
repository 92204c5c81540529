"""Clips that a command writes and tells of."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicenb.audio.containers import WRITTEN
from voicenb.base.arguments import did_you_mean
from voicenb.base.process import is_terminal
from voicenb.errors import InvalidRequest, Problem
from voicenb.shell.output import Output

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip

__all__ = ["add_out", "described", "is_stdout", "line", "pipe", "writable"]

_STDOUT = "-"


def add_out(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--out`` and ``--format`` to a command that makes a clip.

    A service whose requests have a ``format`` of their own takes the second one's place: its sound is written as it comes.
    """
    parser.add_argument("--out", metavar="FILE", help=what)
    parser.add_argument(
        "--format",
        dest="form",
        choices=WRITTEN,
        metavar="WORD",
        help=f"with --out -: {', '.join(WRITTEN[:-1])} or {WRITTEN[-1]} (default wav)",
    )


def writable(out: str | None) -> Path | None:
    """`out` as a path that a clip can be written to, found out before anything is paid for; None where it names none."""
    if out is None or out == _STDOUT:
        return None
    path = Path(out)
    if wrong := _unwritable(path):
        raise InvalidRequest(
            "the clip could not be written there; nothing was sent", problems=(Problem("--out", repr(out), wrong),)
        )
    return path


def _unwritable(path: Path) -> str | None:
    """Why no clip can be written to `path`, and what to do."""
    from voicenb.audio.codec import encode
    from voicenb.audio.sound import AudioError

    try:
        encode([0.0], 8_000, path.suffix.lower().removeprefix("."))
    except AudioError:
        hint = did_you_mean(path.suffix, [f".{form}" for form in WRITTEN])
        return f"{hint}use .wav, .flac, .mp3 or .ogg, in a folder that you can write"
    folder = path.absolute().parent
    if path.is_dir():
        return "that is a folder; name a file in it"
    if not folder.is_dir():
        return f"there is no folder {folder}; make it, or name another one"
    if not os.access(folder, os.W_OK):
        return f"the folder {folder} cannot be written; name another one"
    return None


def is_stdout(given: argparse.Namespace, out: Output) -> bool:
    """Whether the clip goes to standard output, and all words to stderr, then; found out before anything is paid for.

    Raises:
        InvalidRequest: Standard output takes no sound, or the options do not fit.
    """
    form = getattr(given, "form", None)
    if given.out != _STDOUT:
        if form is not None:
            raise InvalidRequest(
                f"--format {form} goes with --out -: the name of a file says its format. Nothing was sent."
            )
        return False
    problem = None
    if is_terminal(sys.stdout):
        problem = (
            "standard output is a terminal, which cannot show sound: pipe it to a player, or redirect it to a file"
        )
    elif not hasattr(sys.stdout, "buffer"):
        problem = "standard output takes text alone here: give a file"
    elif (getattr(given, "takes", None) or 1) > 1:
        problem = f"{given.takes} takes are {given.takes} files: give a file, whose name gets their numbers"
    if problem:
        raise InvalidRequest(
            "the clip could not be written there; nothing was sent", problems=(Problem("--out", "'-'", problem),)
        )
    out.leave_stdout()
    return True


def pipe(clip: Clip, given: argparse.Namespace) -> None:
    """Write the sound to standard output, as ``--format`` says; in the service's own format where that was chosen."""
    form = getattr(given, "form", None) or (clip.format if hasattr(given, "format") else "wav")
    sys.stdout.flush()
    sys.stdout.buffer.write(clip.encoded(form))
    sys.stdout.buffer.flush()


def described(clip: Clip, path: Path | None) -> dict[str, Any]:
    """What there is to know about a clip, which is written to `path` where there is one, subtitles beside it."""
    task = clip.task
    subtitles = None
    if path is not None:
        clip.save(path)
        if clip.subtitles is not None:
            asked = getattr(task, "parameters", {}).get("subtitles")
            subtitles = clip.subtitles.save(path.with_suffix(".srt"), "word" if asked == "word" else None)
    return {
        "task": getattr(task, "id", None),
        "parts": [one.id for one in getattr(task, "parts", ())],
        "remote_id": getattr(task, "remote_id", None),
        "voice": getattr(task, "voice", None),
        "text": getattr(task, "text", None),
        "parameters": getattr(task, "parameters", {}),
        "file": path or clip.path,
        "subtitles": subtitles,
        "seconds": round(clip.duration, 3),
        "rate": clip.rate,
        "cached": getattr(task, "cached", False),
        "degraded": getattr(task, "degraded", None),
        "provider": getattr(task, "provider", None),
        "findings": getattr(task, "findings", None),
        "cost": getattr(task, "cost", None),
        "unit": getattr(task, "unit", None),
    }


def line(clip: Clip, document: Mapping[str, Any]) -> str:
    """The line that tells of a clip."""
    from voicenb.base.money import counted
    from voicenb.display.html import seconds

    cost = "cost not known" if document["cost"] is None else f"{counted(document['cost'], document['unit'])}"
    before = ", made and paid before" if document["cached"] else ""
    fallback = " · degraded" if document["degraded"] else ""
    where = document["file"] or f"{len(document['parts'])} parts, kept in the home; --out FILE writes them as one,"
    return f"{where}  {seconds(clip.duration)} · {cost}{before}{fallback}"
