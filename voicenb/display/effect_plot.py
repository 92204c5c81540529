"""The picture of an effect: each level against the baseline, every block, the interval, and the margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from voicenb.base.lines import shortened
from voicenb.display.figures import BLUE, FAINT, INK, fonts, plain_axis, shown_figure, titled
from voicenb.display.html import import_lab

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LevelPoints", "effect_figure"]

_MOST_POINTS = 200
_SPREAD = 0.16
"""The half width over which the blocks of a level are laid out, of the distance between two levels."""


class LevelPoints(NamedTuple):
    """One level of a factor.

    Attributes:
        label: The level, in words.
        blocks: One difference from the baseline a block, shape ``(blocks,)``; empty for the baseline itself.
        estimate, low, high: The mean and its interval; NaN where there is none.
    """

    label: str
    blocks: npt.NDArray[np.float64]
    estimate: float
    low: float
    high: float


def effect_figure(
    levels: Sequence[LevelPoints], *, factor: str, ylabel: str, margin: tuple[float, float] | None, title: str = ""
) -> Figure:
    """Draw an effect; it reads in black and white, too.

    Args:
        levels: The levels in the order of the axis, the baseline among them.
        factor: What the axis is of.
        ylabel: The differences, with their unit.
        margin: The differences that count as none, drawn as a band; None where there is no margin.
        title: Drawn above, or nothing.

    Raises:
        VoicenbError: matplotlib is not installed.
    """
    figures, styles = import_lab("matplotlib.figure"), import_lab("matplotlib.style")
    with styles.context("default"):
        width = min(9.6, 2.2 + 1.1 * len(levels))
        figure: Figure = shown_figure(figures.Figure)(
            figsize=(max(width, 4.4), 3.2), dpi=100, layout="constrained", facecolor="white"
        )
        axis = figure.subplots()
        plain_axis(axis)
        axis.axhline(0, color=INK, linewidth=0.8)
        if margin is not None:
            axis.axhspan(*margin, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
        for place, one in enumerate(levels):
            blocks = one.blocks[np.isfinite(one.blocks)]
            # More points would only be a bar, and a file that is too large to send.
            shown = blocks[:: max(1, -(-len(blocks) // _MOST_POINTS))]
            offsets = _SPREAD * (np.linspace(-1, 1, len(shown)) if len(shown) > 1 else np.zeros(len(shown)))
            axis.plot(place + offsets, shown, "o", color=BLUE, markersize=3.5, alpha=0.55, markeredgewidth=0, zorder=2)
            if np.isfinite(one.low):
                axis.errorbar(
                    [place], [one.estimate], yerr=[[one.estimate - one.low], [one.high - one.estimate]],
                    fmt="D", color=INK, markersize=5, capsize=5, linewidth=1.4, zorder=3,
                )  # fmt: skip
            elif np.isfinite(one.estimate):
                axis.plot([place], [one.estimate], "D", color=INK, markersize=5, zorder=3)
        axis.set_xlim(-0.5, len(levels) - 0.5)
        axis.set_xticks(range(len(levels)), [shortened(one.label, 18) for one in levels], **fonts())
        axis.tick_params(axis="x", labelbottom=True)
        axis.set_xlabel(factor, color=INK, fontsize=9)
        axis.set_ylabel(ylabel, color=INK, fontsize=9)
        titled(figure, title)
    return figure
