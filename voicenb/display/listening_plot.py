"""The picture of a listening test: each estimate with its interval, and each listener's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from voicenb.base.lines import shortened
from voicenb.display.figures import BLUE, FAINT, INK, fonts, plain_axis, shown_figure, titled
from voicenb.display.html import import_lab

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Interval", "intervals_figure"]

_MOST_POINTS = 120


class Interval(NamedTuple):
    """One row of the picture.

    Attributes:
        label: What it is of.
        estimate, low, high: The estimate and its interval; NaN where there is none.
        points: Each listener's own value.
    """

    label: str
    estimate: float
    low: float
    high: float
    points: tuple[float, ...] = ()


def intervals_figure(rows: Sequence[Interval], *, axis: str, nothing: float | None, title: str = "") -> Figure:
    """Draw estimates below each other; it reads in black and white, too.

    Args:
        rows: The rows, the first one at the top.
        axis: What is on the axis, with its unit.
        nothing: Where no difference is, drawn as a line; None for no line.
        title: Drawn above, or nothing.

    Raises:
        VoicenbError: matplotlib is not installed.
    """
    figures, styles = import_lab("matplotlib.figure"), import_lab("matplotlib.style")
    with styles.context("default"):
        figure: Figure = shown_figure(figures.Figure)(
            figsize=(6.4, 0.9 + 0.5 * max(1, len(rows))), dpi=100, layout="constrained", facecolor="white"
        )
        ax = figure.subplots()
        plain_axis(ax)
        ax.xaxis.grid(True, color=FAINT, linewidth=0.6)
        ax.set_axisbelow(True)
        if nothing is not None:
            ax.axvline(nothing, color=INK, linewidth=0.9)
        for place, one in enumerate(rows):
            points = np.asarray(one.points[:_MOST_POINTS], dtype=np.float64)
            points = points[np.isfinite(points)]
            offsets = 0.16 * (np.linspace(-1, 1, len(points)) if len(points) > 1 else np.zeros(len(points)))
            ax.plot(points, place + offsets, "o", color=BLUE, markersize=3.5, alpha=0.45, markeredgewidth=0, zorder=2)
            if np.isfinite(one.low) and np.isfinite(one.high):
                ax.errorbar(
                    [one.estimate], [place], xerr=[[max(0.0, one.estimate - one.low)], [max(0.0, one.high - one.estimate)]],
                    fmt="D", color=INK, markersize=5, capsize=4, linewidth=1.4, zorder=3,
                )  # fmt: skip
            elif np.isfinite(one.estimate):
                ax.plot([one.estimate], [place], "D", color=INK, markersize=5, zorder=3)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_yticks(range(len(rows)), [shortened(one.label, 34) for one in rows], **fonts())
        ax.tick_params(axis="x", labelbottom=True)
        ax.set_xlabel(axis, color=INK, fontsize=9)
        titled(figure, title)
    return figure
