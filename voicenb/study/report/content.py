"""What a report tells, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Answer", "BlindResult", "BlindTest", "Content", "Level", "Page", "Picture", "Player", "Section", "Table"]


class BlindResult(Protocol):
    """What came of a blind listening test, as a report takes it."""

    @property
    def kind(self) -> str:
        """The kind of test, such as ``"abx"``."""

    @property
    def question(self) -> str:
        """What listeners were asked, word by word."""

    @property
    def sentence(self) -> str:
        """What came of it, in a sentence."""

    @property
    def table(self) -> pd.DataFrame:
        """The numbers, without anything of a single listener."""

    @property
    def methods(self) -> str:
        """How it was done and reckoned."""

    @property
    def excluded(self) -> Sequence[str]:
        """Who was left out and by which rule, in sentences."""

    @property
    def trials(self) -> int:
        """How many trials there were."""

    @property
    def listeners(self) -> int:
        """How many listeners there were."""

    def svg(self) -> str:
        """The picture, as SVG; "" where there is none."""


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        caption: What it shows.
        columns: The heads.
        rows: As many texts in each as there are columns; the first one is the row's head.
        numbers: The columns that hold numbers.

    Raises:
        ValueError: A row has more or fewer texts.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of the table {self.caption!r:.60} is too long or too short")


@dataclass(frozen=True)
class BlindTest:
    """A `BlindResult` as plain data; see there."""

    kind: str
    question: str
    sentence: str
    table: Table
    methods: str
    excluded: tuple[str, ...]
    trials: int
    listeners: int
    svg: str


@dataclass(frozen=True)
class Answer:
    """What a factor does to a measure.

    Attributes:
        factor: The factor.
        measure: The measure.
        verdict: ``"changes"``, ``"no change"`` or ``"cannot tell"``.
        sentence: The same, with its numbers.
    """

    factor: str
    measure: str
    verdict: str
    sentence: str


@dataclass(frozen=True)
class Level:
    """One level of a factor in a picture.

    Attributes:
        label: The level in words.
        points: The differences of its blocks from the baseline, or quantiles of them where there are many.
        estimate, low, high: Their mean and its interval; None where there is none.
        baseline: Whether the others are held against it.
    """

    label: str
    points: tuple[float, ...]
    estimate: float | None
    low: float | None
    high: float | None
    baseline: bool = False


@dataclass(frozen=True)
class Picture:
    """The picture of an effect.

    Attributes:
        answer: What it shows.
        unit: The unit of the differences.
        levels: From the top to the bottom.
        bounds: The differences that count as none, or None.
        margin: These in words, with who published them.
        blocks: How many blocks the points stand for.
    """

    answer: Answer
    unit: str
    levels: tuple[Level, ...]
    bounds: tuple[float, float] | None
    margin: str
    blocks: int


@dataclass(frozen=True)
class Player:
    """A clip that can be heard.

    Attributes:
        label: All that it is, in a line.
        caption: What stands below it.
        audio: MP3, or another form that browsers play.
        mime: Its media type.
        wave: The waveform, as PNG.
        sound: SHA-256 of the clip as it was received.
        width: How wide the waveform is shown, in CSS pixels: as its share of the longest clip.
    """

    label: str
    caption: str
    audio: bytes
    mime: str
    wave: bytes
    sound: str
    width: int


@dataclass(frozen=True)
class Page:
    """Clips beside each other.

    Attributes:
        title: What all of them share; "" where there is one page.
        rows: The heads of the rows; "" where there are none.
        columns: The heads of the columns; "" where there are none.
        places: Row by row, the players of each place, or why there is none.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    places: tuple[tuple[Player | str, ...], ...]


@dataclass(frozen=True)
class Section:
    """The effects of one factor.

    Attributes:
        factor: The factor.
        summary: How many measures it changes, in a sentence.
        pictures: What it does to the measures that are asked about.
        told: The measures of which something can be told.
        untold: Those of which nothing can be told.
    """

    factor: str
    summary: str
    pictures: tuple[Picture, ...]
    told: Table
    untold: Table


@dataclass(frozen=True)
class Content:
    """A report.

    Attributes:
        name: The study's name.
        question: What it asks; "" where it asks nothing in words.
        tests: The blind listening tests.
        answers: What its factors do, those first that it asks about.
        standing: What became of its cells, and what was paid, in a few words each.
        factors: The factors with their levels.
        design: How it was made, by what.
        prices: What was paid, by service and unit.
        sections: Every factor's effects.
        side_effects: What else changes.
        pages: The clips.
        left_out: Which of the clips are not in the file, and why; "" where all are, or where none was to be.
        origin: Where the clips come from: services and voices.
        tools: What measured them: packages and measures, with their versions.
        requests: The requests' hashes.
        methods: How it was done, in a paragraph.
        not_stated: What a reader of a study expects, and this one does not say.
        code: Python that makes the study again.
        data: What is kept to read the study back, for JSON.
    """

    name: str
    question: str
    tests: tuple[BlindTest, ...]
    answers: tuple[Answer, ...]
    standing: tuple[str, ...]
    factors: Table
    design: Table
    prices: Table
    sections: tuple[Section, ...]
    side_effects: Table
    pages: tuple[Page, ...]
    left_out: str
    origin: tuple[Table, ...]
    tools: tuple[Table, ...]
    requests: Table
    methods: str
    not_stated: tuple[str, ...]
    code: str
    data: Mapping[str, Any]
