"""What ratings say: ACR and CMOS on a few categories, several sounds at once on a scale from 0 to 100."""

from __future__ import annotations

from itertools import combinations
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.display.listening_plot import Interval
from voicenb.listening.choices import Analysis, oriented, pairs_of
from voicenb.listening.design import LOW, MID, REFERENCE
from voicenb.listening.wording import interval_text, joined, number_text, p_text
from voicenb.statistics.contrasts import contrast
from voicenb.statistics.families import holm
from voicenb.statistics.mushra import bimodality, hinges, median_difference, outliers
from voicenb.statistics.opinion import mean_opinion, opinion_difference

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["comparison", "opinions", "scores"]

_ALPHA = 0.05
_BIMODAL = 5 / 9
_SPAN = (20.0, 80.0)
_RANDOM = (
    "Intervals and tests take listeners and items both as drawn at random (crossed variances by the method of moments, Satterthwaite's "
    "degrees of freedom); where there is one item they are Student's over listeners and hold for that item."
)


def comparison(votes: pd.DataFrame, conditions: list[str], level: float) -> Analysis:
    """CMOS: how much better the later condition is, within pairs, whatever was heard first."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    bars, each = [], []
    for (a, b), part in oriented(pairs_of(votes, conditions)).items():
        # The score is of the second sound; turned, that was the earlier condition.
        values = np.where(part["turned"], -part["score"], part["score"]).astype(np.float64)
        found = _mean(part["listener"].to_numpy(), part["item"].to_numpy(), values, level)
        own = pd.Series(values).groupby(part["listener"].to_numpy(), sort=False).mean()
        label = f"{b} beside {a}"
        rows.append({"comparison": label, **found, "listeners": len(own), "items": part["item"].nunique()})
        bars.append(Interval(label, found["mean"], found["low"], found["high"], tuple(own)))
        each += [{"listener": name, "comparison": label, "mean": value} for name, value in own.items()]
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"].to_numpy())
    main = rows[0]
    if len(rows) == 1:
        span = interval_text(main["low"], main["high"], level)
        better = "better" if main["mean"] > 0 else "worse"
        shown = main["p"] < _ALPHA
        sentence = (
            f"{main['comparison']}: {number_text(main['mean'])} points on −3 to 3 ({span}; {p_text(main['p'])}): "
            + (f"{better} by what listeners say." if shown else "no difference is shown.")
        )
    else:
        sentence = _those_that_differ(table, "comparison", "mean", "points")
    alone = len(rows) == 1
    return Analysis(
        sentence,
        table,
        pd.DataFrame(each),
        (main["low"], main["high"]) if alone and isfinite(main["low"]) else None,
        main["p"] if alone else None,
        None,
        bars,
        "points (−3 much worse, 3 much better)",
        0.0,
        f"Scores were turned to one order of the conditions and averaged. {_RANDOM}"
        + ("" if alone else " p-values are Holm's."),
    )


def opinions(votes: pd.DataFrame, conditions: list[str], level: float) -> Analysis:
    """ACR: the mean opinion score of each condition, and their differences within listeners and items."""
    return _rated(
        votes, conditions, level, unit="MOS", axis="mean opinion score (1–5)", said=f"Scores were averaged. {_RANDOM}"
    )


def scores(votes: pd.DataFrame, conditions: list[str], level: float, *, kind: str) -> Analysis:
    """Several sounds at once: medians with hinges, means with intervals, differences within listeners and items."""
    there = set(votes["condition"])
    every = [*conditions, *(name for name in (REFERENCE, MID, LOW) if name in there)]
    found = _rated(
        votes,
        every,
        level,
        unit="points",
        axis="rating (0–100)",
        said="Medians and interquartile ranges are by Tukey's hinges; medians over listeners were compared with those of the first condition "
        "by permutation (10,000). Means: " + _RANDOM,
        among=conditions,
    )
    middle = []
    notes = []
    for name in found.table["condition"]:
        own = votes.loc[votes["condition"] == name, "score"].to_numpy(dtype=np.float64)
        found_hinges, peaks = hinges(own), bimodality(own)
        middle.append(
            {
                "median": found_hinges.median,
                "q1": found_hinges.low,
                "q3": found_hinges.high,
                "iqr": found_hinges.high - found_hinges.low,
                "outliers": len(outliers(own)),
                "bimodality": peaks,
                "p_medians": _by_permutation(votes, conditions[0], name) if name in conditions[1:] else nan,
            }
        )
        if name in conditions and isfinite(peaks) and peaks > _BIMODAL:
            notes.append(
                f"{name}: ratings have two peaks ({peaks:.2f} > 5/9): listeners do not agree, and a mean hides that."
            )
    table = found.table.assign(**{key: [one[key] for one in middle] for key in middle[0]}) if middle else found.table
    low, high = float(votes["score"].min()), float(votes["score"].max())
    if kind == "mushra" and (low > _SPAN[0] or high < _SPAN[1]):
        notes.append(f"BS.1534-3 wants ratings that span 20 to 80; these lie from {low:g} to {high:g}.")
    return found._replace(table=table, notes=tuple(notes))


def _by_permutation(votes: pd.DataFrame, a: str, b: str) -> float:
    """The p-value of the difference of the medians over listeners, by permutation (BS.1534-3, attachment 3)."""
    own = votes.groupby(["condition", "listener"])["score"].median()
    return median_difference(own[b].to_numpy(dtype=np.float64), own[a].to_numpy(dtype=np.float64)).p


def _rated(
    votes: pd.DataFrame,
    conditions: list[str],
    level: float,
    *,
    unit: str,
    axis: str,
    said: str,
    among: list[str] | None = None,
) -> Analysis:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    bars, each = [], []
    for name in conditions:
        part = votes[votes["condition"] == name]
        if part.empty:
            continue
        values = part["score"].to_numpy(dtype=np.float64)
        found = _mean(part["listener"].to_numpy(), part["item"].to_numpy(), values, level)
        own = part.groupby("listener", sort=False)["score"].mean()
        rows.append(
            {
                "condition": name,
                "mean": found["mean"],
                "low": found["low"],
                "high": found["high"],
                "df": found["df"],
                "votes": len(part),
                "listeners": part["listener"].nunique(),
                "items": part["item"].nunique(),
            }
        )
        bars.append(Interval(name, found["mean"], found["low"], found["high"], tuple(own)))
        each += [{"listener": who, "condition": name, "mean": value} for who, value in own.items()]
    compared = [name for name in (among or conditions) if any(one["condition"] == name for one in rows)]
    pairs = pd.DataFrame([_difference(votes, a, b, level) for a, b in combinations(compared, 2)])
    interval = p = None
    table = pd.DataFrame(rows)
    if pairs.empty:
        one = rows[0]
        sentence = f"{one['condition']}: {one['mean']:.2f} {unit} ({interval_text(one['low'], one['high'], level)})."
        interval = (one["low"], one["high"]) if isfinite(one["low"]) else None
    else:
        pairs["p_holm"] = holm(pairs["p"].to_numpy())
        sentence = _those_that_differ(pairs, "comparison", "difference", unit)
        if len(pairs) == 1:
            first = pairs.iloc[0]
            span = interval_text(first["low"], first["high"], level)
            sentence = (
                f"{first['comparison']}: {number_text(first['difference'])} {unit} ({span}; {p_text(first['p'])})"
                + ("." if first["p"] < _ALPHA else ": no difference is shown.")
            )
            interval, p = (first["low"], first["high"]) if isfinite(first["low"]) else None, float(first["p"])
        # Beside each condition, how far it is from the first one.
        against = {row["b"]: row for _, row in pairs.iterrows() if row["a"] == compared[0]}
        table[f"beside {compared[0]}"] = [
            against[name]["difference"] if name in against else nan for name in table["condition"]
        ]
        table["p_holm"] = [against[name]["p_holm"] if name in against else nan for name in table["condition"]]
    return Analysis(
        sentence,
        table,
        pd.DataFrame(each),
        interval,
        p,
        None,
        bars,
        axis,
        None,
        said
        + (
            f" The {len(pairs)} differences between conditions were tested within listeners and items, and Holm's p-values given."
            if len(pairs) > 1
            else " The difference was tested within listeners and items."
            if len(pairs)
            else ""
        ),
        None,
        tuple(_pair_notes(pairs, unit, level)) if len(pairs) > 1 else (),
    )


def _pair_notes(pairs: pd.DataFrame, unit: str, level: float) -> list[str]:
    return [
        f"{row['comparison']}: {number_text(row['difference'])} {unit} ({interval_text(row['low'], row['high'], level)}; {p_text(row['p_holm'])} by Holm)"
        for _, row in pairs.iterrows()
    ]


def _mean(listeners: Any, items: Any, values: Any, level: float) -> dict[str, float]:
    """The mean with its interval and the two-sided p-value of 0, over listeners and items, or over listeners where there is one item."""
    from scipy.stats import t

    found = mean_opinion(listeners, items, values, level)
    if isfinite(found.low):
        p = 2 * float(t.sf(abs(found.mean) / found.se, found.df)) if found.se > 0 else (1.0 if found.mean == 0 else 0.0)
        return {"mean": found.mean, "low": found.low, "high": found.high, "df": found.df, "p": p}
    own = _by_listener(listeners, values)
    over = contrast(own, level=level)
    return {"mean": found.mean, "low": over.low, "high": over.high, "df": float(over.df), "p": over.p}


def _by_listener(listeners: Any, values: Any) -> Any:
    names, codes = np.unique(np.asarray(listeners, dtype=str), return_inverse=True)
    return np.bincount(codes, values, len(names)) / np.bincount(codes, minlength=len(names))


def _difference(votes: pd.DataFrame, a: str, b: str, level: float) -> dict[str, Any]:
    """How far the second condition lies above the first, within listeners and items."""
    part = votes[votes["condition"].isin([a, b])]
    both = part.pivot_table(index=["listener", "item"], columns="condition", values="score", aggfunc="mean").dropna()
    row = {"comparison": f"{b} beside {a}", "a": a, "b": b}
    if both.empty:
        return row | {"difference": nan, "low": nan, "high": nan, "p": nan, "listeners": 0}
    found = opinion_difference(
        part["listener"].to_numpy(), part["item"].to_numpy(), part["condition"].to_numpy(), part["score"].to_numpy(),
        a=b, b=a, level=level,
    )  # fmt: skip
    if isfinite(found.low):
        return row | {
            "difference": found.difference, "low": found.low, "high": found.high, "p": found.p, "listeners": found.listeners,
        }  # fmt: skip
    own = (both[b] - both[a]).groupby("listener").mean().to_numpy()
    over = contrast(own, level=level)
    return row | {"difference": over.estimate, "low": over.low, "high": over.high, "p": over.p, "listeners": len(own)}


def _those_that_differ(table: pd.DataFrame, label: str, value: str, unit: str) -> str:
    shown = table[table["p_holm"] < _ALPHA]
    if shown.empty:
        return f"None of {len(table)} comparisons shows a difference (Holm)."
    said = [f"{row[label]} {number_text(row[value])} {unit}" for _, row in shown.iterrows()]
    return f"{len(shown)} of {len(table)} comparisons differ (Holm): {joined(said)}."
