"""The words of a clip and when they are spoken."""

from __future__ import annotations

import html
import json
import math
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from voicenb.base.arguments import did_you_mean
from voicenb.base.files import write_atomically
from voicenb.errors import InvalidRequest, Problem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Segment", "Subtitles", "Word"]

Level: TypeAlias = Literal["segment", "word"]


def _check_times(thing: Word | Segment) -> None:
    if not (math.isfinite(thing.start) and math.isfinite(thing.end)):
        raise ValueError(f"The times of {thing.text!r} are {thing.start} and {thing.end}; seconds are finite numbers.")


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        text: The word as written, with the punctuation that belongs to it.
        start: Its beginning in seconds from the clip's start.
        end: Its end in seconds.

    Raises:
        ValueError: A time is not finite.
    """

    text: str
    start: float
    end: float

    def __post_init__(self) -> None:
        _check_times(self)


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, or what the service takes for one.

    Attributes:
        text: The sentence as written.
        start: Its beginning in seconds from the clip's start.
        end: Its end in seconds.
        words: Its words where their times are known, else empty.

    Raises:
        ValueError: A time is not finite.
    """

    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()

    def __post_init__(self) -> None:
        _check_times(self)
        object.__setattr__(self, "words", tuple(self.words))


@dataclass(frozen=True, slots=True)
class Subtitles:
    """What is said in a clip, sentence by sentence.

    Times come from the service as they are. The written forms (`srt`, `vtt`, `save`) are rounded to milliseconds and
    put right where the service is not: nothing starts before 0 or before its predecessor, and every cue lasts at least
    1 ms.

    Attributes:
        segments: The sentences in their order.
    """

    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.segments))

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def __len__(self) -> int:
        return len(self.segments)

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all sentences; empty where only sentences are timed."""
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        """What is said, the sentences joined by spaces where they do not carry their own."""
        return " ".join(segment.text.strip() for segment in self.segments if segment.text.strip())

    def frame(self, level: Level | None = None) -> pd.DataFrame:
        """One row a word (where their times are known) or a sentence.

        Columns: segment (int64, from 0), text (string), start, end, duration (float64, s).

        Args:
            level: ``"word"`` or ``"segment"``; None takes words where there are any.
        """
        import pandas as pd

        rows = [
            (number, cue.text, cue.start, cue.end)
            for number, segment in enumerate(self.segments)
            for cue in (segment.words if self._level(level, prefer_words=True) == "word" else (segment,))
        ]
        frame = pd.DataFrame(rows, columns=["segment", "text", "start", "end"]).astype(
            {"segment": "int64", "text": "string", "start": "float64", "end": "float64"}
        )
        frame["duration"] = frame["end"] - frame["start"]
        return frame

    def srt(self, level: Level | None = None) -> str:
        """SubRip text, one cue a sentence or a word (None: a sentence).

        SubRip has no escapes: ``-->`` is written as ``→``, and blank lines within a cue are dropped.
        """
        return "\n".join(
            f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{_lines(text).replace('-->', '→')}\n"
            for number, (text, start, end) in enumerate(self._cues(level), 1)
        )

    def vtt(self, level: Level | None = None) -> str:
        """WebVTT text, one cue a sentence or a word (None: a sentence).

        Source: https://www.w3.org/TR/webvtt1/
        """
        cues = [
            f"{_clock(start, '.')} --> {_clock(end, '.')}\n{html.escape(_lines(text), quote=False)}\n"
            for text, start, end in self._cues(level)
        ]
        return "\n".join(["WEBVTT\n", *cues])

    def json(self) -> str:
        """Everything, unrounded, as JSON: ``{"segments": [{text, start, end, words: [{text, start, end}]}]}``."""
        return json.dumps(
            {
                "segments": [
                    {
                        "text": segment.text,
                        "start": segment.start,
                        "end": segment.end,
                        "words": [{"text": word.text, "start": word.start, "end": word.end} for word in segment.words],
                    }
                    for segment in self.segments
                ]
            },
            ensure_ascii=False,
            indent=1,
        )

    def save(self, path: str | os.PathLike[str], level: Level | None = None) -> Path:
        """Write the subtitles, in the format that the suffix names: srt, vtt, json or csv.

        The file appears whole or not at all. JSON keeps sentences and words, CSV is `frame`.

        Args:
            path: Where to; a file that is there is replaced.
            level: ``"word"`` or ``"segment"`` for srt, vtt and csv; None takes sentences for srt and vtt.

        Returns:
            The path written.

        Raises:
            InvalidRequest: The suffix is none of these, or words are asked for and have no times.
        """
        target = Path(path)
        suffix = target.suffix.lower().removeprefix(".")
        match suffix:
            case "srt":
                text = self.srt(level)
            case "vtt":
                text = self.vtt(level)
            case "json":
                text = self.json()
            case "csv":
                text = self.frame(level).to_csv(index=False, lineterminator="\n")
            case _:
                raise InvalidRequest(
                    f"Subtitles are not written as {target.name!r}; nothing was written.",
                    problems=(
                        Problem(
                            "path",
                            f"suffix {target.suffix!r}",
                            f"{did_you_mean(target.suffix, ('.srt', '.vtt', '.json', '.csv'))}use .srt, .vtt, .json or .csv",
                        ),
                    ),
                )
        return write_atomically(target, text.encode())

    @classmethod
    def parse(cls, text: str, form: Literal["srt", "vtt", "json"]) -> Subtitles:
        """The subtitles back from what `srt`, `vtt` or `json` wrote; cues of the first two become sentences.

        Raises:
            ValueError: `form` is none of these, or the text is not in it.
        """
        if form == "json":
            return cls(tuple(_segment(entry) for entry in json.loads(text)["segments"]))
        if form not in {"srt", "vtt"}:
            raise ValueError(f"Subtitles are read from srt, vtt or json; {form!r} was given.")
        segments = []
        for block in re.split(r"\n{2,}", text.replace("\r\n", "\n").strip("\ufeff\n")):
            head, _, body = block.partition("\n")
            if "-->" not in head:
                head, _, body = body.partition("\n")
            if "-->" not in head:
                continue
            clocks = [part.split() for part in head.split("-->")]
            if len(clocks) != 2 or not all(clocks):
                raise ValueError(f"The cue {head.strip()!r} has no beginning or no end.")
            start, end = (_seconds(clock[0]) for clock in clocks)
            content = re.sub(r"<[^>]*>", "", body) if form == "vtt" else body
            segments.append(Segment(html.unescape(content) if form == "vtt" else content, start, end))
        return cls(tuple(segments))

    def _level(self, level: Level | None, *, prefer_words: bool = False) -> Level:
        if level not in {None, "segment", "word"}:
            raise InvalidRequest(
                "There is no such level of subtitles.",
                problems=(Problem("level", repr(level), "'segment' and 'word' are allowed"),),
            )
        if level == "word" and not self.words and self.segments:
            raise InvalidRequest(
                "The service timed the sentences of this clip, not its words; ask for subtitles='word' next time.",
                problems=(Problem("level", "'word'", "'segment' is what there is"),),
            )
        if level is None:
            return "word" if prefer_words and self.words else "segment"
        return level

    def _cues(self, level: Level | None) -> Iterator[tuple[str, int, int]]:
        """Text, start and end in ms of each cue that has text, in order and never backwards."""
        cues: Iterable[Segment | Word] = self.words if self._level(level) == "word" else self.segments
        earliest = 0
        for cue in cues:
            if not cue.text.strip():
                continue
            start = max(earliest, round(cue.start * 1000))
            yield cue.text, start, max(start + 1, round(cue.end * 1000))
            earliest = start


def _segment(entry: dict[str, Any]) -> Segment:
    words = tuple(Word(word["text"], word["start"], word["end"]) for word in entry.get("words", ()))
    return Segment(entry["text"], entry["start"], entry["end"], words)


def _lines(text: str) -> str:
    """The text without blank lines, which would end a cue."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


def _seconds(clock: str) -> float:
    parts = clock.strip().replace(",", ".").split(":")
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + float(part)
    return seconds
