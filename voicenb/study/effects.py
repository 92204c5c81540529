"""What a parameter does to a measure: differences within blocks, an interval, and one of three verdicts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import exp, inf, isnan, log, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.base.arguments import did_you_mean
from voicenb.display.comparison import is_number
from voicenb.display.effect_plot import LevelPoints, effect_figure
from voicenb.display.figures import svg_of
from voicenb.errors import InvalidRequest, VoicenbError
from voicenb.measures.definition import Measure
from voicenb.statistics import (
    Components,
    Contrast,
    Decision,
    PageTrend,
    Verdict,
    components,
    contrast,
    holm,
    linear_slope,
    loglog_slope,
    page_trend,
    verdict,
)
from voicenb.study.design import Design, Factor, level_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from voicenb.statistics.contrasts import Method

__all__ = [
    "AUDIBLE", "Comparison", "Effect", "compared", "decided", "effect_of", "effects_table", "on_scale", "shown_value",
    "unit_of", "within_margin",
]  # fmt: skip

AUDIBLE = "audible"
"""The margin that stands for the measure's published just-noticeable difference."""


@dataclass(frozen=True)
class Comparison:
    """One level against the baseline, for one measure, before any adjustment.

    Attributes:
        level: The level.
        differences: One a block, on the measure's scale: differences of logarithms, semitones, or plain ones.
        contrast: Their mean with its interval.
    """

    level: Any
    differences: np.ndarray[Any, np.dtype[np.float64]]
    contrast: Contrast


@dataclass(frozen=True)
class Effect:
    """What a factor does to a measure.

    Attributes:
        factor: The factor's name.
        on: The measure's name.
        unit: The unit of the estimates: ``"%"`` for measures that multiply, ``"st"`` for pitch, else the measure's.
        verdict: ``"changes"`` where any level differs from the baseline, ``"no change"`` where every level is shown to lie
            within the margin, else ``"cannot tell"``.
        margin: The difference that counts as none, in words; "" where there is none.
        table: One row a level: level, estimate, low, high, p, p_holm, verdict, blocks, blocks_to_decide.
        slope: The mean slope over the levels, for levels that are numbers: on logarithms where measure and levels allow it.
        trend: Page's test over three levels and more; the slope is what decides (see `voicenb.statistics.page_trend`).
        variance: The shares of factor, text, voice and take.
        blocks: The difference of every block: one row each, one column a level, in `unit`.
        bounds: The margin in `unit`, or None.
        baseline: The level that the others are held against.
    """

    factor: str
    on: str
    unit: str
    verdict: str
    margin: str
    table: pd.DataFrame
    slope: Contrast | None
    trend: PageTrend | None
    variance: Components | None
    blocks: pd.DataFrame
    bounds: tuple[float, float] | None
    baseline: Any

    @property
    def sentence(self) -> str:
        """The verdict in a sentence, with the largest difference that it rests on."""
        rows = self.table.dropna(subset=["estimate"])
        # The level that the verdict rests on, where it does not rest on all.
        rows = rows[rows["verdict"] == self.verdict] if (rows["verdict"] == self.verdict).any() else rows
        if rows.empty:
            return f"{self.factor} on {self.on}: cannot tell, for no block has two levels."
        row = rows.iloc[int(rows["estimate"].abs().to_numpy().argmax())]
        span = f"{row['estimate']:+.3g} {self.unit}".replace("-", "−")
        if not isnan(row["low"]):
            span += f" [{row['low']:.3g}, {row['high']:.3g}]".replace("-", "−")
        said = f"{self.factor} on {self.on}: {self.verdict}; {level_text(row['level'])} is {span} from the baseline"
        if self.verdict == Verdict.NO_CHANGE:
            said += f", within {self.margin}"
        if self.verdict == Verdict.CANNOT_TELL:
            needed = self.table["blocks_to_decide"].max()
            more = "" if isnan(needed) else f"; {int(needed):,} blocks would tell"
            said += f" in {int(row['blocks'])} blocks{more}"
        return f"{said}."

    def __repr__(self) -> str:
        return f"<Effect: {self.sentence}>"

    def _repr_html_(self) -> str:
        shown = self.table.dropna(axis="columns", how="all")
        shown = shown.assign(level=[level_text(level) for level in self.table["level"]])
        table = shown.to_html(index=False, border=0, float_format=lambda x: f"{x:.4g}")
        try:
            svg = b64encode(svg_of(self.plot(title=False)).encode()).decode()
        except VoicenbError:
            # Without matplotlib the table says the same.
            return f"<p>{escape(self.sentence)}</p>{table}"
        picture = f'<img src="data:image/svg+xml;base64,{svg}" alt="{escape(self.sentence)}" style="max-width:100%">'
        return f"<p>{escape(self.sentence)}</p>{table}{picture}"

    def plot(self, *, title: bool = True) -> Figure:
        """Every level against the baseline: a point a block, the mean with its interval, and the margin as a band.

        Args:
            title: Whether the sentence stands above it.

        Raises:
            VoicenbError: matplotlib is not installed.
        """
        levels = [LevelPoints(level_text(self.baseline), np.zeros(0), 0.0, nan, nan)]
        for level, row in zip(self.blocks, self.table.to_dict("records"), strict=True):
            values = self.blocks[level].to_numpy(dtype=np.float64)
            levels.append(LevelPoints(level_text(row["level"]), values, row["estimate"], row["low"], row["high"]))
        numbers = [self.baseline, *self.table["level"]]
        if all(is_number(one) for one in numbers):
            levels = [levels[place] for place in np.argsort([float(one) for one in numbers])]
        return effect_figure(
            levels,
            factor=self.factor,
            ylabel=f"{self.on}: difference ({self.unit})",
            margin=self.bounds,
            title=self.sentence if title else "",
        )

    def to_latex(self) -> str:
        """The table for a paper."""
        shown = self.table[["level", "estimate", "low", "high", "p_holm", "verdict", "blocks"]].copy()
        shown["level"] = [level_text(level) for level in shown["level"]]
        caption = self.sentence.replace("%", r"\%")
        return str(shown.to_latex(index=False, float_format="%.3g", escape=True, caption=caption))


def on_scale(values: Any, measure: Measure) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Values on the scale on which differences of a measure are taken; NaN where a logarithm has none."""
    numbers = np.asarray(values, dtype=np.float64)
    if measure.scale == "difference":
        return np.where(np.isinf(numbers), nan, numbers)
    logarithms = np.log(np.where(numbers > 0, numbers, nan))
    return logarithms if measure.scale == "ratio" else 12 / log(2) * logarithms


def shown_value(value: float, measure: Measure) -> float:
    """A difference on the measure's scale as it is shown: in % for measures that multiply."""
    return 100 * (exp(value) - 1) if measure.scale == "ratio" and not isnan(value) else value


def shown_values(
    values: np.ndarray[Any, np.dtype[np.float64]], measure: Measure
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """`shown_value` of many."""
    return 100 * np.expm1(values) if measure.scale == "ratio" else values


def unit_of(measure: Measure) -> str:
    """The unit of a measure's differences as they are shown."""
    return {"ratio": "%", "semitones": "st"}.get(measure.scale, measure.unit)


def within_margin(measure: Measure, margin: float | str | None) -> tuple[tuple[float, float] | None, str]:
    """A margin on the scale of the differences, and in words.

    Args:
        measure: The measure.
        margin: ``"audible"``, a number (a share for measures that multiply, else in the unit of the differences), or None.

    Raises:
        InvalidRequest: It is none of these.
    """
    if margin == AUDIBLE:
        if measure.margin is None:
            return None, ""
        size, source = measure.margin, f" ({measure.margin_source})"
    elif margin is None:
        return None, ""
    elif isinstance(margin, (int, float)) and not isinstance(margin, bool) and 0 < margin < inf:
        size, source = float(margin), ""
    else:
        raise InvalidRequest(
            f'margin={margin!r}: {did_you_mean(margin, [AUDIBLE])}allowed are "audible", a number above 0, or None'
        )
    if measure.scale == "ratio":
        if size >= 1:
            raise InvalidRequest(f"margin={margin!r}: {measure.name} multiplies, so its margin is a share below 1")
        return (log(1 - size), log(1 + size)), f"±{100 * size:g} %{source}"
    return (-size, size), f"±{size:g} {unit_of(measure)}{source}"


def _coded(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    """The rows that were made, with each factor's level as its index."""
    table = frame[frame["status"] == "completed"]
    numbers = table["cell"].to_numpy(dtype=np.int64)
    return table.assign(**{one.name: design.column(place, numbers) for place, one in enumerate(design.factors)})


def _blocks(table: pd.DataFrame, design: Design, factor: Factor, measure: Measure) -> pd.DataFrame:
    """The mean over takes, on the measure's scale: one row a block, one column a level, by its index.

    Args:
        table: As `_coded` gives it.
        design: The design.
        factor: Whose levels are the columns.
        measure: What is averaged.
    """
    names = [one.name for one in design.factors]
    others = [name for name in names if name != factor.name]
    values = table[names].assign(value=on_scale(table[measure.name], measure))
    means = values.groupby([*others, factor.name])["value"].mean().unstack(factor.name)  # noqa: PD010 - a pivot table drops blocks
    return means.reindex(columns=range(len(factor.levels)))


def compared(blocks: pd.DataFrame, factor: Factor, *, level: float, method: Method) -> list[Comparison]:
    """Each level against the baseline, within blocks; blocks without one of the two do not count."""
    found = []
    for index, one in enumerate(factor.levels):
        if index == factor.baseline:
            continue
        differences = (blocks[index] - blocks[factor.baseline]).to_numpy(dtype=np.float64)
        try:
            found.append(Comparison(one, differences, contrast(differences, level=level, method=method)))
        except ValueError as error:
            raise InvalidRequest(f"the effect of {factor.name!r} cannot be told: {error}") from None
    return found


def decided(
    comparisons: Sequence[Comparison], adjusted: Sequence[float], margin: tuple[float, float] | None, family: int
) -> list[Decision]:
    """The verdict of each comparison."""
    return [
        verdict(one.contrast, p, margin, one.differences, family=family)
        for one, p in zip(comparisons, adjusted, strict=True)
    ]


def overall(decisions: Sequence[Decision]) -> Verdict:
    """What all levels together allow to be said of the factor."""
    verdicts = {one.verdict for one in decisions}
    if Verdict.CHANGES in verdicts:
        return Verdict.CHANGES
    return Verdict.NO_CHANGE if verdicts == {Verdict.NO_CHANGE} else Verdict.CANNOT_TELL


def effect_of(
    frame: pd.DataFrame,
    design: Design,
    factor: Factor,
    measure: Measure,
    *,
    margin: float | str | None,
    level: float,
    method: Method,
) -> Effect:
    """Return what a factor does to a measure; see `Effect`.

    Raises:
        InvalidRequest: The factor has one level, or the margin is none.
    """
    import pandas as pd

    if len(factor.levels) < 2:
        raise InvalidRequest(f"{factor.name} has one level in this study; an effect needs two")
    bounds, words = within_margin(measure, margin)
    table = _coded(frame, design)
    blocks = _blocks(table, design, factor, measure)
    comparisons = compared(blocks, factor, level=level, method=method)
    adjusted = holm([one.contrast.p for one in comparisons]).tolist()
    decisions = decided(comparisons, adjusted, bounds, len(comparisons))
    rows = [
        {
            "level": one.level,
            "estimate": shown_value(one.contrast.estimate, measure),
            "low": shown_value(one.contrast.low, measure),
            "high": shown_value(one.contrast.high, measure),
            "p": one.contrast.p,
            "p_holm": p,
            "verdict": str(decision.verdict),
            "blocks": one.contrast.blocks,
            "blocks_to_decide": nan if decision.blocks_to_decide is None else decision.blocks_to_decide,
        }
        for one, p, decision in zip(comparisons, adjusted, decisions, strict=True)
    ]
    slope, trend = _order(blocks, factor, measure, level, method)
    return Effect(
        factor.name,
        measure.name,
        unit_of(measure),
        str(overall(decisions)),
        words,
        pd.DataFrame(rows),
        slope,
        trend,
        _variance(table, design, measure),
        pd.DataFrame({place: shown_values(one.differences, measure) for place, one in enumerate(comparisons)}),
        None if bounds is None else (shown_value(bounds[0], measure), shown_value(bounds[1], measure)),
        factor.levels[factor.baseline],
    )


def _order(
    blocks: pd.DataFrame, factor: Factor, measure: Measure, level: float, method: Method
) -> tuple[Contrast | None, PageTrend | None]:
    if not all(map(is_number, factor.levels)):
        return None, None
    order = np.argsort([float(one) for one in factor.levels])
    levels = np.asarray([float(factor.levels[index]) for index in order])
    values = blocks.to_numpy(dtype=np.float64)[:, order]
    if measure.scale == "ratio" and levels[0] > 0:
        slope = loglog_slope(levels, np.exp(values), level=level, method=method)
    else:
        slope = linear_slope(levels, values, level=level, method=method)
    return slope, page_trend(values) if len(levels) > 2 else None


def _variance(table: pd.DataFrame, design: Design, measure: Measure) -> Components | None:
    values = on_scale(table[measure.name], measure)
    many = [one.name for one in design.factors if len(one.levels) > 1]
    if not many or np.isnan(values).all():
        return None
    return components(values, {name: table[name].to_numpy() for name in many})


def effects_table(frame: pd.DataFrame, design: Design, known: Mapping[str, Measure], *, level: float) -> pd.DataFrame:
    """Return the table of `Study.effects`."""
    import pandas as pd

    rows = []
    table = _coded(frame, design)
    for factor in (one for one in design.factors if len(one.levels) > 1):
        found = {
            name: compared(_blocks(table, design, factor, measure), factor, level=level, method="t")
            for name, measure in known.items()
        }
        family = sum(map(len, found.values()))
        adjusted = iter(holm([one.contrast.p for all_levels in found.values() for one in all_levels]).tolist())
        for name, comparisons in found.items():
            measure = known[name]
            bounds, words = within_margin(measure, AUDIBLE)
            ps = [next(adjusted) for _ in comparisons]
            decisions = decided(comparisons, ps, bounds, family)
            said = overall(decisions)
            # Of the levels that the verdict rests on: the largest of all may be one that nothing is known of.
            resting = [place for place, decision in enumerate(decisions) if decision.verdict == said]
            largest = max(resting, key=lambda place: np.nan_to_num(abs(comparisons[place].contrast.estimate), nan=-1))
            one = comparisons[largest]
            rows.append(
                {
                    "factor": factor.name,
                    "measure": name,
                    "verdict": str(said),
                    "level": one.level,
                    "estimate": shown_value(one.contrast.estimate, measure),
                    "low": shown_value(one.contrast.low, measure),
                    "high": shown_value(one.contrast.high, measure),
                    "unit": unit_of(measure),
                    "p_holm": ps[largest],
                    "margin": words,
                    "blocks": one.contrast.blocks,
                }
            )
    return pd.DataFrame(rows)
