"""The picture of an effect as SVG that a page holds: its colours are the page's, its numbers stand in words beside it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from math import ceil, floor, isfinite, log10

from voicenb.study.report.content import Level, Picture

__all__ = ["MOST_POINTS", "picture_svg"]

MOST_POINTS = 500
"""The points that a picture has at most."""

_COLOURS = (
    "text{font:12px sans-serif;fill:#1c2128}.margin{fill:#00805d26}.zero,.tick{stroke:#57606a;fill:none}"
    ".points{stroke:#0072b2;stroke-width:4.5;stroke-linecap:round;opacity:.6;fill:none}"
    ".interval{stroke:#1c2128;stroke-width:1.8;fill:none}.mean{fill:#1c2128}.base{fill:#fff;stroke:#57606a;stroke-width:2}"
)
_WIDTH, _LEFT, _RIGHT, _ROW, _TOP, _FOOT = 400, 104, 14, 34, 8, 44
_SPREAD = 8.0
_LONGEST_LABEL = 14


def picture_svg(picture: Picture, name: str, *, alone: bool = False) -> str:
    """The picture; a row a level, a point a block, the mean with its interval, and the margin as a band.

    Args:
        picture: What it shows.
        name: What its title's id begins with; no other picture of the page has it.
        alone: Whether it stands without the page, and so brings its colours.
    """
    low, high = _span(picture)

    def x(value: float) -> str:
        return f"{_LEFT + (_WIDTH - _LEFT - _RIGHT) * (value - low) / (high - low):.1f}"

    bottom = _TOP + _ROW * len(picture.levels)
    parts = []
    if picture.bounds is not None:
        left, right = (min(max(one, low), high) for one in picture.bounds)
        width = float(x(right)) - float(x(left))
        parts.append(f'<rect class="margin" x="{x(left)}" y="{_TOP}" width="{width:.1f}" height="{bottom - _TOP}"/>')
    parts.append(f'<path class="zero" d="M{x(0)} {_TOP}V{bottom}"/>')
    for place, level in enumerate(picture.levels):
        y = _TOP + _ROW * (place + 0.5)
        parts += [_label(level, y), *_marks(level, y, x)]
    for tick in _ticks(low, high):
        parts.append(f'<path class="tick" d="M{x(tick)} {bottom}v5"/>')
        parts.append(f'<text x="{x(tick)}" y="{bottom + 17}" text-anchor="middle">{_number(tick)}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    unit = f" ({picture.unit})" if picture.unit else ""
    axis = escape(f"{picture.answer.measure}: difference from the baseline{unit}")
    parts.append(f'<text x="{middle:.0f}" y="{bottom + 36}" text-anchor="middle">{axis}</text>')
    said = escape(picture.answer.sentence)
    own = f' xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{bottom + _FOOT}"' if alone else ""
    style = f"<style>{_COLOURS}</style><rect width='100%' height='100%' fill='#fff'/>" if alone else ""
    shown = "One row for each level; a point for each block, a diamond for their mean, a line for its interval"
    shown += ", a band for the margin." if picture.bounds is not None else "."
    return (
        f'<svg class="effect"{own} viewBox="0 0 {_WIDTH} {bottom + _FOOT}" role="img" aria-labelledby="{name}-t {name}-d">{style}'
        f'<title id="{name}-t">{said}</title><desc id="{name}-d">{shown}</desc>{"".join(parts)}</svg>'
    )


def _span(picture: Picture) -> tuple[float, float]:
    values = [0.0, *(picture.bounds or ())]
    for level in picture.levels:
        values += [one for one in (*level.points, level.estimate, level.low, level.high) if one is not None]
    finite = [one for one in values if isfinite(one)]
    low, high = min(finite), max(finite)
    reach = (high - low) or 1.0
    return low - 0.05 * reach, high + 0.05 * reach


def _label(level: Level, y: float) -> str:
    text = " ".join(level.label.split())
    short = text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1].rstrip() + "…"
    return f'<text x="{_LEFT - 10}" y="{y + 4:.0f}" text-anchor="end">{escape(short)}</text>'


def _marks(level: Level, y: float, x: Callable[[float], str]) -> list[str]:
    if level.baseline:
        return [f'<circle class="base" cx="{x(0)}" cy="{y:.0f}" r="5"/>']
    marks = []
    if level.points:
        # Side by side in a row of their own height, so that equal ones are seen.
        count = len(level.points)
        heights = [y + _SPREAD * (2 * ((place * 7) % count + 0.5) / count - 1) for place in range(count)]
        dots = "".join(
            f"M{x(one)} {height:.1f}h0" for one, height in zip(level.points, heights, strict=True) if isfinite(one)
        )
        marks.append(f'<path class="points" d="{dots}"/>')
    if level.low is not None and level.high is not None and isfinite(level.low + level.high):
        left, right, top = x(level.low), x(level.high), f"{y - 6:.0f}"
        marks.append(f'<path class="interval" d="M{left} {y:.0f}H{right}M{left} {top}v12M{right} {top}v12"/>')
    if level.estimate is not None and isfinite(level.estimate):
        marks.append(f'<path class="mean" d="M{x(level.estimate)} {y - 7:.0f}l7 7l-7 7l-7 -7z"/>')
    return marks


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers."""
    rough = (high - low) / 5
    step = 10.0 ** floor(log10(rough))
    step *= next((one for one in (1, 2, 5) if one * step >= rough), 10)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def _number(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")
