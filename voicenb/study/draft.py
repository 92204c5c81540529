"""A study that is thought about: what it would be and cost, without a row in the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from voicenb.errors import InvalidRequest
from voicenb.ledger.records import OPEN, StudyRecord, now
from voicenb.study.design import Cell, Design, Factor
from voicenb.study.plan import Plan
from voicenb.study.stages import Stage, Stages
from voicenb.study.study import Study, _Found
from voicenb.study.voices import as_voices, by_level, parameters_of

if TYPE_CHECKING:
    from voicenb.ledger.ledger import Ledger
    from voicenb.studio.voice import Voice

__all__ = ["Draft", "Standing", "draft_of", "standing_of"]


@dataclass(frozen=True)
class Draft:
    """What a `Study` would be made of.

    Attributes:
        name: Its name in the home.
        voices: The voices.
        texts: The texts.
        factors: The levels of each parameter.
        baseline: The level that the others of a factor are held against.
        takes, design, sample, order, seed, question, where: As in `Study`.
    """

    name: str
    voices: tuple[Voice, ...]
    texts: tuple[str, ...]
    factors: Mapping[str, tuple[Any, ...]]
    baseline: Mapping[str, Any] = field(default_factory=dict)
    takes: int = 2
    design: str = "grid"
    sample: int | None = None
    order: str = "blocks"
    seed: int = 0
    question: str = ""
    where: Callable[[Cell], object] | None = None

    @property
    def _ledger(self) -> Ledger:
        return self.voices[0].session.ledger

    def _stage(self) -> tuple[Stage, dict[str, Voice]]:
        given = by_level(as_voices(list(self.voices)))
        levels = {"voice": list(given), "text": list(self.texts)} | parameters_of(given.values(), self.factors)
        design = Design(
            tuple(Factor.of(name, values, self.baseline.get(name)) for name, values in levels.items()),
            takes=self.takes,
            kind=self.design,
            sample=self.sample,
            order=self.order,
            seed=self.seed,
            question=self.question,
            services={level: voice.session.service.profile.id for level, voice in given.items()},
        )
        return Stage(design, {level: voice.key for level, voice in given.items()}), given

    def clash(self) -> str:
        """How a study of this name differs; "" where there is none, or it is this one.

        Raises:
            InvalidRequest: The factors do not fit.
        """
        record = self._ledger.studies.named(self.name)
        if record is None:
            return ""
        try:
            Stages.from_json(record.design).place_of(self._stage()[0], self.name)
        except InvalidRequest as error:
            return str(error)
        return ""

    def free_name(self) -> str:
        """Its name, with a number behind it where another study has it."""
        stem, _, number = self.name.rpartition("-")
        stem = stem if stem and number.isdigit() else self.name
        known = {one.name for one in self._ledger.studies.select()}
        return next(name for count in range(2, len(known) + 3) if (name := f"{stem}-{count}") not in known)

    def plan(self) -> Plan:
        """What running it would do and cost; nothing is spoken, and nothing is written down.

        A service whose price list is not known yet is asked for it, once.

        Raises:
            InvalidRequest: The factors do not fit.
        """
        stage, given = self._stage()
        for voice in {id(one.session): one for one in given.values()}.values():
            # What is wrong with a text is said by the plan.
            with suppress(InvalidRequest):
                voice.price(self.texts[0])
        kept = Stages(stage, filtered=self.where is not None)
        record = self._ledger.studies.named(self.name)
        place = 0
        if record is not None and not self.clash():
            kept = Stages.from_json(record.design)
            place = kept.place_of(stage, self.name)
        else:
            record = StudyRecord(id=uuid.uuid4().hex, name=self.name, design=kept.to_json(), created=now())
        study = Study.__new__(Study)
        study._begin(_Found(self._ledger, record, kept, place), given, self.where)  # noqa: SLF001 - of this room
        return study.plan()

    def study(self) -> Study:
        """The study; it has its row from now on.

        Raises:
            InvalidRequest: The factors do not fit, or a study of that name has another design.
        """
        return Study(list(self.voices), text=list(self.texts), where=self.where, **self.arguments)

    @property
    def arguments(self) -> dict[str, Any]:
        """What `Study` is called with, besides voices, texts and `where`; what has its default is left out."""
        said: dict[str, Any] = {
            name: list(levels) if len(levels) > 1 else levels[0] for name, levels in self.factors.items()
        }
        said |= {"takes": self.takes, "name": self.name}
        optional = {
            "question": (self.question, ""), "baseline": (dict(self.baseline), {}), "design": (self.design, "grid"),
            "sample": (self.sample, None), "order": (self.order, "blocks"), "seed": (self.seed, 0),
        }  # fmt: skip
        return said | {name: value for name, (value, default) in optional.items() if value != default}


def draft_of(study: Study) -> Draft:
    """What a study is made of."""
    design = study.design
    factors = {one.name: one for one in design.factors}
    voices = study._voices  # noqa: SLF001 - of this room
    return Draft(
        name=study.name,
        voices=tuple(voices[level] for level in voices),
        texts=factors.pop("text").levels,
        factors={name: one.levels for name, one in factors.items() if name != "voice"},
        baseline={one.name: one.levels[one.baseline] for one in design.factors if one.baseline},
        takes=design.takes,
        design=design.kind,
        sample=design.sample,
        order=design.order,
        seed=design.seed,
        question=design.question,
        where=study._where,  # noqa: SLF001
    )


@dataclass(frozen=True)
class Standing:
    """What became of a study's cells so far.

    Attributes:
        made: How many have a clip.
        failed: How many have none, and have ended.
        under_way: How many were asked for and have not ended.
        spent: What was charged, by service and unit.
    """

    made: int
    failed: int
    under_way: int
    spent: Mapping[tuple[str, str], Decimal]


def standing_of(study: Study) -> Standing:
    """What became of a study's cells so far, from the ledger."""
    tasks = [one for key, one in study._tasks().items() if "+" not in key]  # noqa: SLF001 - without repetitions
    made = sum(one.status == "completed" for one in tasks)
    under_way = sum(one.status in OPEN for one in tasks)
    spent: dict[tuple[str, str], Decimal] = {}
    for one in tasks:
        if one.cost:
            spent[one.service, one.unit] = spent.get((one.service, one.unit), Decimal(0)) + one.cost
    refused = len(study._refused)  # noqa: SLF001
    return Standing(made, len(tasks) - made - under_way + refused, under_way, spent)
