"""A study that is thought about: what it would be and cost, without a row in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voicenb.errors import InvalidRequest
from voicenb.study.design import Cell
from voicenb.study.plan import Plan, planned
from voicenb.study.stages import Stage, Stages, stage_of
from voicenb.study.standing import newest_tasks
from voicenb.study.study import Study
from voicenb.study.voices import as_voices, by_level

if TYPE_CHECKING:
    from voicenb.ledger.ledger import Ledger
    from voicenb.ledger.records import StudyRecord
    from voicenb.studio.voice import Voice

__all__ = ["Draft", "draft_of"]


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
        stage = stage_of(
            given, list(self.texts), self.factors, self.baseline,
            takes=self.takes, kind=self.design, sample=self.sample, order=self.order, seed=self.seed,
            question=self.question,
        )  # fmt: skip
        return stage, given

    def clash(self) -> str:
        """How a study of this name differs; "" where there is none, or it is this one.

        Raises:
            InvalidRequest: The factors do not fit.
        """
        record = self._ledger.studies.named(self.name)
        return "" if record is None else self._difference(record, self._stage()[0])

    def _difference(self, record: StudyRecord, stage: Stage) -> str:
        try:
            Stages.from_json(record.design).place_of(stage, self.name)
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
        record = self._ledger.studies.named(self.name)
        # Of another design that has the name, nothing is made.
        own = record if record is not None and not self._difference(record, stage) else None
        tasks = {} if own is None else newest_tasks(self._ledger.studies.tasks(own.id))
        return planned(stage.design, given, self.where, tasks)

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
    return Draft(
        name=study.name,
        voices=tuple(study.voices.values()),
        texts=factors.pop("text").levels,
        factors={name: one.levels for name, one in factors.items() if name != "voice"},
        baseline={one.name: one.levels[one.baseline] for one in design.factors if one.baseline},
        takes=design.takes,
        design=design.kind,
        sample=design.sample,
        order=design.order,
        seed=design.seed,
        question=design.question,
        where=study.where,
    )
