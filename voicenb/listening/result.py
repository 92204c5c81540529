"""`Result`: what a listening test says, as a sentence, a table, a plot and a methods paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from voicenb.display.figures import svg_of
from voicenb.display.listening_plot import Interval, intervals_figure
from voicenb.errors import InvalidRequest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from voicenb.statistics.binomial import Similarity

__all__ = ["Counts", "Result"]


class Counts(NamedTuple):
    """ABX: right answers of all that count.

    Attributes:
        correct: How many were right.
        trials: Of how many.
    """

    correct: int
    trials: int


@dataclass(frozen=True)
class Result:
    """What a listening test says.

    Attributes:
        kind: The kind's name.
        question: What listeners were asked.
        sentence: The answer.
        table: The numbers, one row a comparison or a condition; nothing of a single listener.
        by_listener: One row a listener who counts.
        interval: The main estimate's interval; None where there are several comparisons, or too few listeners.
        p: Its p-value; None likewise.
        power: The chance that this test had to show 75 % right answers (ABX); None elsewhere.
        listeners: How many listeners count.
        trials: How many trials each had.
        excluded: Who was left out, each with the reason.
        notes: What else is to be said.
        methods: How it was done and reckoned, as a paper says it.
        simulated: Whether the listeners were made up.
        level: The intervals' level, 0–1.
        bars: What `plot` shows.
        axis: What the plot's axis is.
        nothing: Where on that axis there is no difference; None where no such place is.
        counts: ABX: the right answers.
    """

    kind: str
    question: str
    sentence: str
    table: pd.DataFrame
    by_listener: pd.DataFrame
    interval: tuple[float, float] | None
    p: float | None
    power: float | None
    listeners: int
    trials: int
    excluded: tuple[str, ...]
    notes: tuple[str, ...]
    methods: str
    simulated: bool
    level: float
    bars: Sequence[Interval] = field(repr=False)
    axis: str = field(repr=False)
    nothing: float | None = field(repr=False)
    counts: Counts | None = field(repr=False, default=None)

    def similar(self, p1: float = 0.75) -> Similarity:
        """ABX: whether the difference is shown not to be heard: a p-value above 0.05 of hearing shows nothing.

        Args:
            p1: The share of right answers that is to be excluded, above 0.5 and below 1.

        Returns:
            `p`: the chance of so few right answers, or fewer, from who is right in `p1` of all.

        Raises:
            InvalidRequest: It is no ABX test.
            ValueError: `p1` is out of its range.
        """
        if self.counts is None:
            raise InvalidRequest(f"similar() is of ABX tests; a test of kind {self.kind!r} has the interval")
        from voicenb.statistics.binomial import similarity_test

        return similarity_test(*self.counts, p1=p1)

    def plot(self) -> Figure:
        """Estimates with their intervals, and every listener's own where there are not too many.

        Raises:
            VoicenbError: matplotlib is not installed.
        """
        return intervals_figure(self.bars, axis=self.axis, nothing=self.nothing, title=self.question)

    def svg(self) -> str:
        """The plot as SVG."""
        return svg_of(self.plot())

    def __repr__(self) -> str:
        lines = [self.sentence, *(f"Left out: {one}" for one in self.excluded), *(f"Note: {one}" for one in self.notes)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        left = "".join(f"<li>Left out: {escape(one)}</li>" for one in self.excluded)
        left += "".join(f"<li>{escape(one)}</li>" for one in self.notes)
        try:
            picture = self.svg()
            picture = picture[picture.index("<svg") :]
        except ImportError:
            picture = ""
        return (
            f'<div><p dir="auto"><strong>{escape(self.sentence)}</strong></p>{f"<ul>{left}</ul>" if left else ""}{picture}'
            f"{self.table.to_html(index=False, border=0, float_format=lambda value: f'{value:.3g}')}"
            f"<details><summary>Methods</summary><p>{escape(self.methods)}</p></details></div>"
        )
