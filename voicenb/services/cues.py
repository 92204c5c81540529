"""Subtitles of a service that does not document their form: whichever of the usual ones it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicenb.audio.subtitles import Segment, Subtitles, Word
from voicenb.services.answers import decimal_of, decoded, read_json, spoken_text

__all__ = ["read_cues"]

_LONGEST = 10**9  # ms


def read_cues(data: bytes) -> Subtitles:
    """The subtitles in `data`: SRT, WebVTT, or JSON.

    JSON is a list, or an object that holds one, of cues with a text and two times, in seconds or, under the names of SoundClone
    and others, in milliseconds.

    Raises:
        ValueError: It is none of them.
    """
    try:
        text = decoded(data).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        if text.lstrip().startswith(("[", "{")):
            return _from_json(read_json(data))
        return Subtitles.parse(spoken_text(text), "vtt" if text.lstrip().startswith("WEBVTT") else "srt")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"these are no subtitles: {error!r}") from error


def _from_json(found: Any) -> Subtitles:
    if isinstance(found, dict):
        found = next((value for value in found.values() if isinstance(value, list)), [])

    def seconds(value: Any, unit: float) -> float:
        number = decimal_of(value)
        if number is None or not 0 <= number < _LONGEST:
            raise ValueError("a time is no number, or is negative")
        return float(number) / unit

    def times(part: Mapping[str, Any]) -> tuple[float, float]:
        for first, last, unit in (
            ("start", "end", 1.0),
            ("time_begin", "time_end", 1000.0),
            ("start_ms", "end_ms", 1000.0),
            ("start_time", "end_time", 1.0),
            ("begin_time", "end_time", 1000.0),
        ):
            if first in part and last in part:
                return seconds(part[first], unit), seconds(part[last], unit)
        raise KeyError("times")

    def said(part: Mapping[str, Any]) -> str:
        return spoken_text(part["text"] if "text" in part else part["word"])

    segments = []
    for part in found:
        words = part.get("words") or part.get("timestamped_words") or ()
        segments.append(Segment(said(part), *times(part), tuple(Word(said(one), *times(one)) for one in words)))
    return Subtitles(tuple(segments))
