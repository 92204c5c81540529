"""Clips that a command writes and tells of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest, Problem

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip

__all__ = ["described", "line", "writable"]


def writable(out: str | None) -> Path | None:
    """`out` as a path that a clip can be written to, found out before anything is paid for."""
    if out is None:
        return None
    from voicenb.audio.codec import WRITTEN, encode
    from voicenb.audio.sound import AudioError

    path = Path(out)
    hint = did_you_mean(path.suffix, [f".{form}" for form in WRITTEN])
    allowed = f"{hint}use .wav, .flac, .mp3 or .ogg, in a folder that you can write"
    try:
        encode([0.0], 8_000, path.suffix.lower().removeprefix("."))
    except AudioError:
        raise InvalidRequest(
            "the clip could not be written there; nothing was sent",
            problems=(Problem("--out", repr(out), allowed),),
        ) from None
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InvalidRequest(
            "the clip could not be written there; nothing was sent",
            problems=(Problem("--out", repr(out), allowed),),
        )
    return path


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
    return f"{document['file']}  {seconds(clip.duration)} · {cost}{before}{fallback}"
