"""What choices say: ABX, where an answer is right or wrong, and AB, where it is a preference."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from voicenb.display.listening_plot import Interval
from voicenb.listening.result import Counts
from voicenb.listening.wording import interval_text, joined, number_text, p_text, percent
from voicenb.statistics.binomial import binomial_test, fewest_correct, power, similarity_test
from voicenb.statistics.contrasts import contrast
from voicenb.statistics.detection import dprime
from voicenb.statistics.families import holm
from voicenb.statistics.preferences import preference
from voicenb.statistics.ranking import davidson

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "abx", "oriented", "pairs_of", "preferences"]

_ALPHA = 0.05
_NEEDED = 0.75


class Analysis(NamedTuple):
    """What a kind's analysis gives to the `voicenb.listening.result.Result`."""

    sentence: str
    table: pd.DataFrame
    by_listener: pd.DataFrame
    interval: tuple[float, float] | None
    p: float | None
    power: float | None
    bars: list[Interval]
    axis: str
    nothing: float | None
    said: str
    counts: Counts | None = None
    notes: tuple[str, ...] = ()


def pairs_of(votes: pd.DataFrame, conditions: list[str]) -> pd.DataFrame:
    """Votes on pairs with the pair in the order of the conditions, whatever was shown first: columns a, b, turned."""
    rank = {name: at for at, name in enumerate(conditions)}
    turned = votes["first"].map(rank).to_numpy() > votes["second"].map(rank).to_numpy()
    return votes.assign(
        a=np.where(turned, votes["second"], votes["first"]),
        b=np.where(turned, votes["first"], votes["second"]),
        turned=turned,
    )


def oriented(votes: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """The votes of each pair, in the order in which pairs come first."""
    return {(str(a), str(b)): part for (a, b), part in votes.groupby(["a", "b"], sort=False)}


def abx(votes: pd.DataFrame, conditions: list[str], level: float) -> Analysis:
    """Whether X was told from the other: exact, one-sided, over all trials of the listeners that count.

    If nobody hears a difference, answers are independent guesses whoever gives them, so that all trials count together for
    the p-value. The interval is over listeners, whose ears differ; for one listener it is Clopper and Pearson's.
    """
    import pandas as pd

    parts = {("all", ""): votes} | oriented(pairs_of(votes, conditions))
    if len(parts) == 2:
        parts.pop(("all", ""))
    rows: list[dict[str, Any]] = []
    bars = []
    for (a, b), part in parts.items():
        correct, trials = int(part["correct"].sum()), len(part)
        test = binomial_test(correct, trials, level=level)
        shares = part.groupby("listener", sort=False)["correct"].mean().to_numpy(dtype=np.float64)
        low, high = test.low, test.high
        if len(shares) > 1:
            mean = contrast(shares, level=level)
            low, high = max(0.0, mean.low), min(1.0, mean.high)
        similar = similarity_test(correct, trials)
        label = "all pairs" if a == "all" and not b else f"{a} / {b}"
        distance = dprime(correct, trials)
        rows.append(
            {
                "comparison": label,
                "correct": correct,
                "trials": trials,
                "share": test.share,
                "low": low,
                "high": high,
                "p": test.p,
                "p_similar": similar.p,
                "dprime": distance.dprime,
                "listeners": len(shares),
            }
        )
        bars.append(Interval(label, test.share, low, high, tuple(shares) if len(shares) > 1 else ()))
    table = pd.DataFrame(rows)
    if len(table) > 1:
        # Each pair is a question of its own; the row of all pairs asks none of them.
        table["p_holm"] = [nan, *holm(table["p"].to_numpy()[1:])]
    main = rows[0]
    each = pd.DataFrame(
        [
            {
                "listener": name,
                "correct": int(part["correct"].sum()),
                "trials": len(part),
                "p": binomial_test(int(part["correct"].sum()), len(part)).p,
            }
            for name, part in votes.groupby("listener", sort=False)
        ]
    )
    heard = main["p"] < _ALPHA
    who = "One listener" if len(each) == 1 else f"{len(each)} listeners"
    said = (
        "the difference was heard"
        if heard
        else (
            "a difference was not shown, and one that is heard in half of the trials (75 % right) is excluded"
            if main["p_similar"] < _ALPHA
            else "neither a difference nor its absence is shown"
        )
    )
    sentence = (
        f"{who} told X rightly {main['correct']} of {main['trials']} times ({percent(main['share'])}, "
        f"{100 * level:g} % CI {percent(main['low'])} to {percent(main['high'])}; {p_text(main['p'])}): {said}."
    )
    return Analysis(
        sentence,
        table,
        each,
        (main["low"], main["high"]),
        main["p"],
        power(main["trials"], _NEEDED) if fewest_correct(main["trials"]) is not None else 0.0,
        bars,
        "share of right answers",
        0.5,
        "Right answers were tested against guessing by the exact one-sided binomial test, and against 75 % right answers for "
        "similarity; d′ is that of a duo-trio (differencing) observer. Intervals are Student's over listeners, Clopper and Pearson's "
        "for one listener.",
        Counts(main["correct"], main["trials"]),
    )


def preferences(votes: pd.DataFrame, conditions: list[str], level: float, *, tie: bool) -> Analysis:
    """Which of two is preferred: each listener counts once, by the net of their votes.

    With several conditions each pair is a question (Holm), and Davidson's model ranks them all.
    """
    import pandas as pd

    paired = pairs_of(votes, conditions)
    rows: list[dict[str, Any]] = []
    bars, each = [], []
    for (a, b), part in oriented(paired).items():
        choices = np.where(part["chosen"].isna(), 0, np.where(part["chosen"] == b, 1, -1))
        found = preference(part["listener"].to_numpy(), choices, level=level)
        rows.append(
            {
                "comparison": f"{b} over {a}",
                "net": found.mean,
                "low": found.low,
                "high": found.high,
                "p": found.p,
                f"for {b}" if len(conditions) == 2 else "for": int((choices == 1).sum()),
                f"for {a}" if len(conditions) == 2 else "against": int((choices == -1).sum()),
                "no preference": int((choices == 0).sum()),
                "listeners": found.listeners,
            }
        )
        bars.append(Interval(f"{b} over {a}", found.mean, found.low, found.high, found.nets))
        each += [
            {"listener": name, "comparison": f"{b} over {a}", "net": net}
            for name, net in zip(found.names, found.nets, strict=True)
        ]
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"].to_numpy())
    notes: tuple[str, ...] = ()
    if len(rows) == 1:
        main = rows[0]
        sentence = _preferred(main, table["p"].iloc[0], level)
        interval: tuple[float, float] | None = (main["low"], main["high"])
        p: float | None = main["p"]
        if main["listeners"] < 6:
            notes = (f"{main['listeners']} listeners cannot show a preference at .05; 6 can.",)
    else:
        shown = table[table["p_holm"] < _ALPHA]
        said = [
            f"{'' if net > 0 else 'not '}{comparison} ({number_text(net)})"
            for comparison, net in zip(shown["comparison"], shown["net"].tolist(), strict=True)
        ]
        sentence = f"Preferred: {joined(said)}." if said else f"None of {len(rows)} pairs shows a preference (Holm)."
        interval = p = None
        notes = (_ranked(votes, conditions, level),)
    return Analysis(
        sentence,
        table,
        pd.DataFrame(each),
        interval,
        p,
        None,
        bars,
        "net preference (−1 to 1)",
        0.0,
        "Each listener's net preference (votes for, less votes against, over all their votes"
        + ("; “no preference” counts as 0" if tie else "")
        + ") was averaged over listeners, with Student's interval, and tested by flipping its sign; votes were not pooled over "
        "listeners." + (" p-values of several pairs are Holm's." if len(rows) > 1 else ""),
        None,
        notes,
    )


def _ranked(votes: pd.DataFrame, conditions: list[str], level: float) -> str:
    """The order of several conditions by Davidson's model, or why there is none."""
    chosen = np.where(votes["chosen"].isna(), 0, np.where(votes["chosen"] == votes["first"], 1, -1))
    several = len(set(votes["listener"])) > 1
    try:
        found = davidson(
            votes["first"].to_numpy(), votes["second"].to_numpy(), chosen, [one for one in conditions if one in _met(votes)],
            listeners=votes["listener"].to_numpy() if several else None, level=level,
        )  # fmt: skip
    except ValueError as error:
        return f"No order of all conditions: {error}."
    order = sorted(zip(found.names, found.worths, strict=True), key=lambda one: -one[1])
    penalty = "; a penalty keeps the worth of one that always or never won finite" if found.penalised else ""
    return f"Order by Davidson's model (worths): {', '.join(f'{name} {worth:.2f}' for name, worth in order)} ({p_text(found.p)} of equal worths{penalty})."


def _met(votes: pd.DataFrame) -> set[str]:
    return {*votes["first"], *votes["second"]}


def _preferred(row: dict[str, Any], p: float, level: float) -> str:
    winner, loser = row["comparison"].split(" over ", 1)
    if row["net"] < 0:
        winner, loser = loser, winner
    span = interval_text(row["low"], row["high"], level) if isfinite(row["low"]) else "one listener, no interval"
    if p < _ALPHA:
        return f"{winner} is preferred over {loser}: net {number_text(row['net'])} for {row['comparison']} ({span}; {p_text(p)}), {row['listeners']} listeners."
    return f"No preference is shown between {loser} and {winner}: net {number_text(row['net'])} for {row['comparison']} ({span}; {p_text(p)}), {row['listeners']} listeners."
