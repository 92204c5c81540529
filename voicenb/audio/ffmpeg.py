"""Decoding by FFmpeg, in a process of its own (`voicenb.audio.media_program`), which may crash."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from voicenb.audio.containers import MIME
from voicenb.audio.media_program import HEAD
from voicenb.audio.sound import AudioError, Stretch, UnpackLimit

__all__ = ["DEMUXERS", "read_with_ffmpeg"]

_MOST_SECONDS = 60.0
_MOST_STRETCHES = 200
_MOST_RESTARTS = 3
_PROGRAM = Path(__file__).with_name("media_program.py")

DEMUXERS = {
    "m4a": "mov", "mp4": "mov", "m4v": "mov", "mov": "mov", "3gp": "mov", "aac": "aac", "webm": "matroska",
    "mkv": "matroska", "avi": "avi", "flv": "flv", "ts": "mpegts", "wma": "asf", "amr": "amr",
}  # fmt: skip
"""The demuxer for each container that libsndfile does not know, named so that FFmpeg probes for no other."""

_FALLBACK_DEMUXERS = {
    "wav": "wav", "rifx": "", "w64": "w64", "aiff": "aiff", "au": "au", "caf": "caf", "flac": "flac", "ogg": "ogg",
    "mp3": "mp3", "mp2": "mp3",
}  # fmt: skip
"""The demuxer for what libsndfile could not read."""

assert set(DEMUXERS) | set(_FALLBACK_DEMUXERS) == set(MIME)


def read_with_ffmpeg(
    pieces: Sequence[bytes], form: str | None, limit: UnpackLimit, findings: list[str]
) -> tuple[list[Stretch], list[str]]:
    """Decode the default sound track of each of some files of one kind, or the first that is not silent.

    All go through one process, for starting one takes longer than reading a short file. A file at which it breaks down is left out,
    and another process goes on with the next one, `_MOST_RESTARTS` times.

    Args:
        pieces: The files.
        form: Their container, or None.
        limit: Counts what is decoded.
        findings: Gets what a listener should know.

    Returns:
        The sound, and what is to be said of the files behind the first that cannot be read.

    Raises:
        AudioError: PyAV is not installed, or the first file is damaged, holds no sound, or is too long.
    """
    found = importlib.util.find_spec("av")
    if found is None or not found.origin:
        what = f"{form} files are" if form in DEMUXERS else "this file is"
        raise AudioError(f"{what} read by PyAV, which is not installed: pip install 'voicenb[media]'", missing="media")
    folder = str(Path(found.origin).parents[1])
    demuxer = DEMUXERS.get(form or "") or _FALLBACK_DEMUXERS.get(form or "", "")
    stretches, problems = list[Stretch](), list[str]()
    done = starts = 0
    while done < len(pieces):
        if starts > _MOST_RESTARTS:
            problems.append(f"{len(pieces) - done} parts of it are left out: too many before them cannot be read")
            break
        starts += 1
        for outcome in _decoded(pieces[done:], [folder, demuxer], limit):
            done += 1
            try:
                if isinstance(outcome, AudioError):
                    raise outcome
                stretches += _chosen(outcome.tracks, outcome.broken, form, findings)
            except AudioError as error:
                if done == 1:
                    raise
                problems.append(f"a part of it cannot be read: {error}")
    return stretches, problems


class _Outcome(NamedTuple):
    """What came of one file: its tracks, and what went wrong."""

    tracks: list[_Track]
    broken: str


def _decoded(pieces: Sequence[bytes], arguments: list[str], limit: UnpackLimit) -> Iterator[_Outcome | AudioError]:
    """What one process makes of files, one after the other, up to the one at which it ends; one outcome at least."""
    try:
        process = subprocess.Popen(  # noqa: S603 - our own program; the files go to its standard input
            [sys.executable, "-P", str(_PROGRAM), *arguments, *(str(len(piece)) for piece in pieces)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        yield AudioError(f"no process can be started to read it in: {error.strerror}")
        return
    late = threading.Event()

    def give_up() -> None:
        late.set()
        process.kill()

    def send() -> None:
        with suppress(BrokenPipeError, OSError), target:
            for piece in pieces:
                target.write(piece)

    timer = threading.Timer(_MOST_SECONDS, give_up)
    timer.daemon = True
    assert process.stdin is not None
    assert process.stdout is not None
    target = process.stdin
    # Beside the answers, which fill their pipe while files are still to be sent.
    sender = threading.Thread(target=send, daemon=True)
    with process, process.stdout as output:
        timer.start()
        sender.start()
        try:
            for _ in pieces:
                try:
                    tracks, broken, ended = _receive(output, limit)
                except AudioError as error:
                    yield error
                    return
                if late.is_set():
                    broken = f"its decoder was at work for {_MOST_SECONDS:.0f} s and did not come to an end"
                yield _Outcome(tracks, broken)
                if not ended or late.is_set():
                    return
        finally:
            timer.cancel()
            process.kill()
            sender.join()


def _chosen(tracks: list[_Track], broken: str, form: str | None, findings: list[str]) -> list[Stretch]:
    """The sound of the track that is taken."""
    chosen = next((track for track in tracks if not track.silent and track.stretches), None)
    chosen = chosen or next((track for track in tracks if track.stretches), None)
    if chosen is None:
        lost = next((track.reason for track in tracks if track.reason), "")
        if broken or lost:
            raise AudioError(f"the {form} file is damaged or of a kind that cannot be read: {broken or lost}")
        raise AudioError(f"the {form} file holds no sound")
    chosen.report(tracks, findings)
    if broken:
        findings.append(f"it could not be read to its end: {broken}")
    return chosen.stretches


class _Track:
    """One sound track: its samples, its number, how many there are, and how many of its packets were lost."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self.place, self.count, self.lost = 1, 1, 0
        self.default = self.silent = False
        self.reason = ""

    def report(self, tracks: list[_Track], findings: list[str]) -> None:
        """Add to `findings` which of `tracks` was taken, and what it has lost."""
        if self.count > 1:
            why = " (its default track)" if self.default else ""
            silent = [str(track.place) for track in tracks if track is not self and track.silent]
            others = f"; track {', '.join(silent)} is silent" if silent else "; the others are left out"
            findings.append(f"track {self.place} of its {self.count} sound tracks is read{why}{others}")
        if self.lost:
            findings.append(
                f"it is damaged: {self.lost} of its packets cannot be decoded and are left out ({self.reason})"
            )


def _receive(output: IO[bytes], limit: UnpackLimit) -> tuple[list[_Track], str, bool]:
    """The tracks of the next file, what went wrong (or nothing), and whether the program goes on."""
    tracks, track = list[_Track](), _Track()
    while True:
        head = output.read(HEAD.size)
        content = b""
        if len(head) == HEAD.size:
            kind, rate, channels, size = HEAD.unpack(head)
            content = output.read(size)
        if len(head) < HEAD.size or len(content) < size:
            if track.stretches:
                tracks.append(track)
            return tracks, "its decoder broke down", False
        if kind == b"B":
            last = track.stretches[-1] if track.stretches else None
            if last is None or (last.rate, last.channels) != (rate, channels):
                if len(track.stretches) >= _MOST_STRETCHES:
                    raise AudioError(f"its rate or its channels change more than {_MOST_STRETCHES} times")
                last = Stretch(rate, channels)
                track.stretches.append(last)
            block = np.frombuffer(content, np.float32)
            limit.take(len(block), rate, channels)
            last.add(block)
            continue
        report: dict[str, Any] = json.loads(content)
        if kind == b"E":
            if track.stretches:
                tracks.append(track)
            return tracks, str(report["error"]), True
        track.place, track.count, track.lost = report["place"], report["tracks"], report["lost"]
        track.default, track.silent, track.reason = report["default"], report["silent"], report["reason"]
        tracks.append(track)
        track = _Track()
