"""How often a study's interval holds the true effect, and how often it finds one where there is none.

    python benchmarks/study_coverage.py --pool pool.json > benchmarks/study_coverage.md

One pool of clips is made by the sandbox, over HTTP: every text at every level, in several takes whose seeds differ. From it 200 studies
are drawn by seed for each number of texts, two takes of each cell, and each is judged by `voicenb.study.effects.effect_of`. What is
true is known by rule: the engine divides times by the speed, multiplies frequencies by a power of two, and the level by the volume.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

import voicenb as vn
from voicenb.measures.job import Job, measure_job
from voicenb.measures.registry import measures
from voicenb.study.design import Design, Factor
from voicenb.study.effects import effect_of

STUDIES = 200
SIZES = (3, 6, 12)
TAKES = 2
MADE = {"soundclone": (6, 3), "faseeh": (16, 8)}
"""Takes of a text in the pool at the baseline and at another level; Faseeh's differ more, and the pool's own mean is to be near the truth."""
MEASURES = ("duration", "speech_rate", "f0_median", "loudness", "centroid")
TEXTS = (
    "The birch canoe slid away.", "Glue the sheet to the wall.", "It is easy to tell the depth.", "These days a leg is rare.",
    "Rice is served in bowls.", "Lemon juice makes fine punch.", "The box was thrown aside.", "The hogs were fed corn.",
    "Four hours of steady work.", "A large size is hard to sell.", "The boy was there early.", "A rod is used to catch fish.",
    "The source of the river.", "Kick the ball straight ahead.", "Help the woman get back.", "A pot of tea helps them.",
    "Smoky fires lack flame.", "The soft cushion broke.", "The salt breeze came in.", "The girl at the booth sold it.",
    "The small dog bit a hole.", "The fish twisted and turned.", "Press the pants at noon.", "The swan dive was short.",
    "The beauty of the view.", "Two blue fish swam by.", "Her purse was full of trash.", "The colt reared and threw him.",
    "It snowed and rained.", "Read verse out loud now.", "Hoist the load slowly.", "Take the winding path.",
    "Note closely the size.", "Wipe the grease away.", "Mend the coat at once.", "The wrist was badly hurt.",
    "The stray cat had kittens.", "The young girl gave no answer.", "The meal was cooked early.", "What joy there is in living.",
)  # fmt: skip
"""Forty short texts in the manner of the IEEE's sentences (1969)."""


@dataclass(frozen=True)
class Setting:
    """One question with a known answer.

    Attributes:
        service: The sandbox's service.
        factor: The parameter that varies; "" for one that does nothing.
        levels: Its levels, the baseline first.
        measure: What is measured.
        truth: The true effect of each other level, in the unit of the effect's table.
        margin: What counts as no change.
        fixed: Parameters that all clips share.
        grain: What one sample of 1/24,000 s is, in the unit of the table, for the shortest text: files have whole samples.
    """

    service: str
    factor: str
    levels: tuple[float, ...]
    measure: str
    truth: tuple[float, ...]
    margin: float | None = None
    fixed: tuple[tuple[str, float], ...] = ()
    grain: float = 0.0

    @property
    def name(self) -> str:
        fixed = "".join(f", {name} {value:g}" for name, value in self.fixed)
        return f"{self.service}{fixed}: {self.factor or 'a null factor'} on {self.measure}"


def _percent(levels: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(100 * (levels[0] / level - 1) for level in levels[1:])


_STEADY = (("stability", 0.5),)
_FIVE = 12 * math.log2(1.05)
_GRAIN = 100 / 24_000 / 1.4
SETTINGS = (
    Setting("soundclone", "speed", (1, 0.8, 1.25), "duration", _percent((1, 0.8, 1.25)), grain=_GRAIN),
    Setting("faseeh", "speed", (1, 0.8, 1.2), "duration", _percent((1, 0.8, 1.2)), fixed=_STEADY),
    Setting("soundclone", "pitch", (0, 2, 3), "f0_median", (2, 3)),
    Setting("soundclone", "pitch", (0, -2, -3), "f0_median", (-2, -3)),
    Setting("soundclone", "volume", (1, 0.5, 0.7), "loudness", (20 * math.log10(0.5), 20 * math.log10(0.7))),
    Setting("soundclone", "volume", (1, 2), "loudness", (20 * math.log10(2),)),
    Setting("soundclone", "", (0, 1), "duration", (0,), 0.05),
    Setting("faseeh", "", (0, 1), "duration", (0,), 0.05, fixed=_STEADY),
    Setting("soundclone", "", (0, 1), "speech_rate", (0,), 0.05),
    Setting("soundclone", "", (0, 1), "f0_median", (0,), _FIVE),
    Setting("faseeh", "", (0, 1), "f0_median", (0,), _FIVE, fixed=_STEADY),
    Setting("soundclone", "", (0, 1), "centroid", (0,), 0.05),
    Setting("soundclone", "", (0, 1), "loudness", (0,), 1.0),
)


def wanted() -> Iterator[tuple[str, dict[str, float], int]]:
    """Service, parameters and number of takes of every text in the pool."""
    seen: dict[str, int] = {}
    for one in SETTINGS:
        base = dict(one.fixed)
        treatments = [base]
        if one.factor:
            treatments = [base | ({one.factor: level} if place else {}) for place, level in enumerate(one.levels)]
        for treatment in treatments:
            key = where(one.service, treatment)
            if key not in seen:
                seen[key] = MADE[one.service][treatment != base]
                yield one.service, treatment, seen[key]


def where(service: str, treatment: dict[str, float]) -> str:
    """What a treatment is called in the pool."""
    return " ".join([service, *(f"{name}={value:g}" for name, value in sorted(treatment.items()))])


Pool: TypeAlias = dict[str, list[list[dict[str, float]]]]
"""By treatment, text and take what is measured."""


def made(home: Path, pool: Pool, keep: Callable[[], object]) -> Pool:
    """Add to the pool what it lacks; `keep` is called after each treatment."""
    names = tuple((name, measures()[name].version) for name in MEASURES)
    for service, treatment, takes in wanted():
        if where(service, treatment) in pool:
            continue
        with vn.connect(service, sandbox=True, home=home) as studio:
            if service not in [row.service for row in studio.voices().itertuples()]:
                speaker = vn.Reference(vn.sandbox.sample_speaker("ada", home=home), consent="a sample speaker")
                studio.clone(speaker, name="ada", text="Hello there, this is Ada.", language="English", quiet=True)
            vn.sandbox.set_balance(1_000_000, service=service, home=home)
            voice = studio.voice("ada")
            rows: list[list[dict[str, float]]] = []
            # Seeds of their own for each treatment: takes of two levels are to have no chance in common.
            first = int.from_bytes(hashlib.sha256(where(service, treatment).encode()).digest()[:4], "big")
            tasks = [
                [voice.submit(text, seed=first + 100 * number + take, **treatment) for take in range(takes)]
                for number, text in enumerate(TEXTS)
            ]
            for text, some in zip(TEXTS, tasks, strict=True):
                rows.append([])
                for task in some:
                    data = task.wait(None, quiet=True).data
                    job = Job(hashlib.sha256(data).hexdigest(), None, data, text, names)
                    rows[-1].append({name: value for name, _, value in measure_job(job).values})
        pool[where(service, treatment)] = rows
        keep()
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {where(service, treatment)}\n")
    return pool


def drawn(pool: dict[str, Any], setting: Setting, texts: int, seed: int) -> tuple[Design, list[float]]:
    """The design of one study and the values of its cells, in the order of their numbers."""
    chance = np.random.default_rng([seed, texts, SETTINGS.index(setting)])
    chosen = chance.choice(len(TEXTS), texts, replace=False).tolist()
    factor = Factor(setting.factor or "nothing", setting.levels)
    design = Design(
        (Factor("voice", ("ada",)), Factor("text", tuple(TEXTS[one] for one in chosen)), factor), takes=TAKES
    )
    base = dict(setting.fixed)
    values: dict[tuple[int, int, int], float] = {}
    for place, text in enumerate(chosen):
        clips = pool[where(setting.service, base)][text]
        order = chance.permutation(len(clips)).tolist()
        for level, given in enumerate(setting.levels):
            own, takes = clips, order[level * TAKES : (level + 1) * TAKES]
            if setting.factor:
                treatment = base | ({setting.factor: given} if level else {})
                own = pool[where(setting.service, treatment)][text]
                takes = chance.permutation(len(own))[:TAKES].tolist()
            for take, clip in enumerate(takes, 1):
                values[place, level, take] = own[clip][setting.measure]
    return design, [values[cell.indices[1], cell.indices[2], cell.take] for cell in design.cells]


def judged(pool: dict[str, Any], setting: Setting, texts: int) -> dict[str, Any]:
    """What became of the studies of one setting and size."""
    measure = measures()[setting.measure]
    covered, to_a_sample = np.zeros((2, len(setting.truth)), int)
    changes, null, widths, errors = 0, 0, [], []
    for seed in range(STUDIES):
        design, values = drawn(pool, setting, texts, seed)
        frame = design.cells.frame().assign(status="completed", **{setting.measure: values})
        effect = effect_of(frame, design, design.factors[2], measure, margin=setting.margin, level=0.95, method="t")
        low, high = (effect.table[name].to_numpy() for name in ("low", "high"))
        truth = np.asarray(setting.truth)
        covered += (low <= truth) & (truth <= high)
        to_a_sample += (low - setting.grain <= truth) & (truth <= high + setting.grain)
        changes += effect.verdict == "changes"
        null += effect.verdict == "no change"
        widths.append(high - low)
        errors.append(effect.table["estimate"].to_numpy() - truth)
    return {
        "covered": covered.tolist(), "to_a_sample": to_a_sample.tolist(), "changes": changes, "null": null, "unit": effect.unit,
        "width": np.median(widths, axis=0).tolist(), "bias": np.mean(errors, axis=0).tolist(),
    }  # fmt: skip


NOTES = """
**What is true.** The estimand is the mean over texts of the difference between the file at a level and the file at the baseline, takes
averaged: of log durations (shown in %), semitones of the F0 median, LUFS. The engine divides every time of a plan, the pauses between
breaths and the breath at either end included, by the speed; it multiplies every F0 by 2^(pitch/12), and the sound by the volume. So the
truth is 100·(1/speed − 1) %, `pitch` semitones and 20·log10(volume) LU. A pause that a text asks for in seconds does not follow the
speed, so none of the texts has one; the sandbox adds no silence at the ends.

**Where the interval misses it.** Not every row reaches 180.

- SoundClone's duration does not differ from take to take: all that is left is the rounding of a file to whole samples (1/24,000 s). It is
  not even: files are 0.32 and 0.21 samples shorter on average than the rule says, and never more than one. The interval is narrower than
  that and misses the rule in up to 137 of 200 studies, by less than a thousandth of a percent. This was not mended. The column "to a sample"
  widens the interval by one sample of the shortest text. Faseeh's takes (stability 0.5) differ by 2.5 %, which is the harder test of the interval.
- Pitch −3: the median moves by −2.35 st over the pool. In three texts that were looked at with one seed, F0 moves frame by frame by −2.90 to
  −3.03 st, but a sixth to a quarter fewer frames than at 0 are voiced in two of them and a twelfth fewer in the third, those at the low ends of
  phrases, while at −6 nearly all are. The median of those that are left is higher. For one of the texts pyworld's Harvest finds another F0 in
  these places, too, which speaks for the synthesis and against the measure; it was not followed further. Here the rule is not what
  `f0_median` should be expected to show.
- Pitch −2 at twelve texts is three short of 180; why is not known. Its bias, 0.03 st, is small beside an interval of 0.32 st.
- Volume 2: a limiter holds the peaks, so that some texts gain 3 LU and not 6 (half of them 5.93 and more). A real effect, smaller than
  the factor says.
- Three texts of Faseeh's cannot show that a change is below 5 % where takes differ by 2.5 %: "cannot tell" is the right answer there,
  and the 160 are not reached for that reason. False rejections stay below 18 in every row.

**How the rows came about.** The first run had pitch −3 and 3, volume 0.5 and 2, and half as many of Faseeh's takes. Pitch 2 and −2, volume 0.7
and the greater number of takes (at twelve texts Faseeh's speed had been covered in 179 and 178 studies, with a bias of the pool of 0.7 % and
0.3 %) were added after that had been seen; the rows that had failed are kept. All studies of a row are drawn from one pool of forty texts,
so what its means are off by is common to them, and the 200 are not independent. The pool and the studies took 14 minutes on a machine with
two cores that were shared.
"""


def page(pool: Pool) -> str:
    """The document."""
    lines = [
        "# How often a study is right",
        "",
        f"{STUDIES} studies a row, {TAKES} takes of each cell, drawn by seed from one pool of {len(TEXTS)} texts that the sandbox spoke",
        f"(CPython {platform.python_version()}):",
        "`python benchmarks/study_coverage.py --pool pool.json > benchmarks/study_coverage.md`. A level is covered where its 95 % interval",
        "holds the true effect; 180 of 200 and more are asked for.",
        "",
        "| effect | texts | truth | covered of 200 | to a sample | median width | bias | unit |",
        "|---|---|---|---|---|---|---|---|",
    ]

    def joined(values: Any, form: str) -> str:
        return ", ".join(format(one, form) for one in values).replace("-", "−")

    nulls = []
    for setting in SETTINGS:
        for texts in SIZES:
            found = judged(pool, setting, texts)
            if not setting.factor:
                nulls.append(
                    f"| {setting.name} | {texts} | {found['covered'][0]} | {found['changes']} | {found['null']} | {found['width'][0]:.3g} {found['unit']} |"
                )
                continue
            cells = [
                f"{setting.name} {joined(setting.levels[1:], 'g')}", str(texts), joined(setting.truth, ".2f"), joined(found["covered"], "d"),
                joined(found["to_a_sample"], "d") if setting.grain else "", joined(found["width"], ".3g"), joined(found["bias"], "+.2g"),
                found["unit"],
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        'A null factor: two levels that are the same. At most 18 of 200 may be rejected ("changes"), and 160 be declared null within 5 %',
        "(0.84 st for F0, 1 LU for loudness).",
        "",
        "| measure | texts | covered of 200 | changes | no change | median width |",
        "|---|---|---|---|---|---|",
        *nulls,
    ]
    return "\n".join(lines) + "\n" + NOTES


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pool", type=Path, help="keeps what was measured; a second start goes on from it")
    given = parser.parse_args()
    pool: Pool = json.loads(given.pool.read_text()) if given.pool is not None and given.pool.exists() else {}

    def keep() -> None:
        if given.pool is not None:
            given.pool.write_text(json.dumps(pool))

    with tempfile.TemporaryDirectory() as folder:
        made(Path(folder), pool, keep)
    sys.stdout.write(page(pool))
    return 0


if __name__ == "__main__":
    sys.exit(main())
