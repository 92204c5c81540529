"""The tables of a report, from a study's rows and what is known of its clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isnan
from typing import TYPE_CHECKING, Any

from voicenb.base.money import plain
from voicenb.measures.definition import Measure
from voicenb.study.design import Design, level_text
from voicenb.study.effects import AUDIBLE, within_margin
from voicenb.study.facts import Facts
from voicenb.study.report.content import Answer, Table
from voicenb.study.wording import difference, interval, margin_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "dates_of",
    "design_of",
    "effects_of",
    "factors",
    "origin",
    "prices",
    "requests",
    "side_effects",
    "standing",
    "tools",
]

_MOST_HASHES = 200
_MOST_LEVELS = 50


def effects_of(caption: str, rows: list[dict[str, Any]]) -> Table:
    """Effects as a table."""
    columns = ("measure", "verdict", "level", "difference", "95 % interval", "p (Holm)", "margin", "blocks")
    return Table(caption, columns, tuple(map(_effect_row, rows)), (3, 4, 5, 7))


def _effect_row(row: dict[str, Any]) -> tuple[str, ...]:
    p = "–" if isnan(row["p_holm"]) else "< 0.001" if row["p_holm"] < 0.001 else f"{row['p_holm']:.3f}"
    return (
        row["measure"], row["verdict"], level_text(row["level"]), difference(row), interval(row), p, margin_of(row) or "–",
        f"{row['blocks']:,}",
    )  # fmt: skip


def side_effects(effects: list[dict[str, Any]], answers: list[Answer]) -> Table:
    """What changes and is not an answer, of the factors that answer."""
    said = {(one.factor, one.measure) for one in answers}
    asked = {one.factor for one in answers}
    rows = tuple(
        (row["measure"], row["factor"], level_text(row["level"]), difference(row), interval(row))
        for row in effects
        if row["verdict"] == "changes" and row["factor"] in asked and (row["factor"], row["measure"]) not in said
    )
    return Table(
        "Measures that change, besides those of the answer",
        ("measure", "with", "level", "difference", "95 % interval"),
        rows,
        (3, 4),
    )


def _spent(frame: pd.DataFrame) -> dict[tuple[str, str], Decimal]:
    paid = frame[[isinstance(one, Decimal) for one in frame["cost_exact"]]]
    return {
        (str(service), str(unit)): sum(group, Decimal(0))
        for (service, unit), group in paid.groupby(["service", "unit"])["cost_exact"]
    }


def prices(frame: pd.DataFrame) -> Table:
    """What was paid."""
    rows = tuple((service, plain(amount), unit) for (service, unit), amount in sorted(_spent(frame).items()))
    return Table("What was paid, each service in its own unit", ("service", "amount", "unit"), rows, (1,))


def dates_of(frame: pd.DataFrame, facts: Facts, design: Design) -> str:
    """The first and the last day on which a clip was made, UTC."""
    keys = (design.cells[number].key for number in frame["cell"][frame["status"] == "completed"].tolist())
    days = sorted({facts.clips[key].made[:10] for key in keys if key in facts.clips})
    return "" if not days else days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"


def standing(frame: pd.DataFrame, facts: Facts, dates: str) -> tuple[str, ...]:
    """What became of the cells and what was paid, in a few words each."""
    counts = frame["status"].value_counts()
    made = int(counts.get("completed", 0))
    said = [f"{made:,} of {len(frame):,} cells made"]
    said += [f"{count:,} {status}" for status, count in counts.items() if status not in {"completed", "not made"}]
    said += [f"{plain(amount)} {unit} ({service})" for (service, unit), amount in sorted(_spent(frame).items())]
    if dates:
        said.append(f"made {dates}")
    if any(one.sandbox for one in facts.voices):
        said.append("spoken by the sandbox, not by the service itself")
    return (*said, "synthetic voices")


def factors(design: Design) -> Table:
    """The factors with their levels."""

    def levels(name: str, given: Sequence[Any]) -> str:
        said = [f"“{level_text(one)}”" if name == "text" else level_text(one) for one in given[:_MOST_LEVELS]]
        return ", ".join([*said, *([f"… ({len(given):,} in all)"] if len(given) > _MOST_LEVELS else [])])

    rows = tuple(
        (one.name, levels(one.name, one.levels), "–" if len(one.levels) == 1 else level_text(one.levels[one.baseline]))
        for one in design.factors
    )
    return Table("Factors and their levels", ("factor", "levels", "baseline"), rows)


def design_of(design: Design, frame: pd.DataFrame, facts: Facts) -> Table:
    """How the levels were put together, and what became of the cells."""
    counts = frame["status"].value_counts()
    rest = "not made, or left out by where=" if facts.filtered else "not made"
    cells = [f"{count:,} {rest if status == 'not made' else status}" for status, count in counts.items()]
    degraded = sum(one is True for one in frame["degraded"])
    rows = [
        ("design", design.kind if design.sample is None else f"{design.kind}, a sample of {design.sample:,}"),
        ("takes", str(design.takes)),
        ("order", design.order),
        ("seed", str(design.seed)),
        ("cells", f"{len(frame):,}: {', '.join(cells)}"),
        *([("degraded", f"{degraded:,} clips, which do not count")] if degraded else []),
    ]
    return Table("The design, and what became of its cells", ("", ""), tuple(rows))


def origin(frame: pd.DataFrame, design: Design, facts: Facts) -> tuple[Table, ...]:
    """Services and voices."""
    models: dict[str, set[str]] = {}
    for one in facts.voices:
        models.setdefault(one.service, set())
    for number, service in zip(frame["cell"].tolist(), frame["service"].tolist(), strict=True):
        clip = facts.clips.get(design.cells[number].key)
        if clip is not None and clip.model:
            models.setdefault(str(service), set()).add(clip.model)
    sandboxed = {one.service for one in facts.voices if one.sandbox}
    providers = frame.dropna(subset=["provider"]).groupby("service")["provider"].unique()
    services = tuple(
        (
            service,
            "the built-in sandbox" if service in sandboxed else "the service",
            ", ".join(sorted(found)) or "not named",
            ", ".join(map(str, providers.get(service, ()))) or "not named",
        )
        for service, found in models.items()
    )
    voices = tuple(
        (
            one.level, one.service, one.language or "not named", one.version or "not named",
            f"consent: {one.consent}" if one.consent else "no consent is recorded", "synthetic voice",
        )
        for one in facts.voices
    )  # fmt: skip
    return (
        Table("Services", ("service", "answered by", "model or version", "provider"), services),
        Table("Voices", ("voice", "service", "language", "version", "consent", "kind"), voices),
    )


def tools(facts: Facts, known: Mapping[str, Measure]) -> tuple[Table, ...]:
    """What measured the clips."""
    taken = tuple((one.name, one.unit or "–", str(one.version), _audible(one), one.method) for one in known.values())
    return (
        Table("Versions of what measured", ("package", "version"), tuple(facts.versions.items())),
        Table(
            "The measures, and what of them can be heard",
            ("measure", "unit", "version", "audible difference", "how"),
            taken,
        ),
    )


def requests(design: Design, facts: Facts) -> Table:
    """The requests' hashes."""
    rows: list[tuple[str, ...]] = []
    for number in range(min(len(design), 100_000)):
        clip = facts.clips.get(design.cells[number].key)
        if clip is not None:
            rows.append((str(number), clip.made, clip.request, clip.sound or "–"))
        if len(rows) > _MOST_HASHES:
            break
    caption = "SHA-256 of each request and of the sound that came back"
    if len(rows) > _MOST_HASHES:
        caption += f"; the first {_MOST_HASHES}"
    return Table(caption, ("cell", "time (UTC)", "request", "sound"), tuple(rows[:_MOST_HASHES]))


def _audible(one: Measure) -> str:
    """The margin that stands for what can be heard, with its source."""
    return within_margin(one, AUDIBLE)[1] or "none is published"
