"""A study as its row keeps it: the design that it began with, and each extension of it.

A notebook that makes a study in one cell and extends it in the next is run again from the top: the first cell finds the design
that the study began with, and the second one the extension that is there already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest
from voicenb.study.design import Design, Factor, level_text
from voicenb.study.voices import parameters_of

if TYPE_CHECKING:
    from voicenb.studio.voice import Voice

__all__ = ["Stage", "Stages", "stage_of"]


@dataclass(frozen=True)
class Stage:
    """A design, and the voices that it speaks in.

    Attributes:
        design: The design.
        voices: The ledger's id of the voice of each level of ``voice``.
    """

    design: Design
    voices: Mapping[str, str]

    def extended(self, levels: Mapping[str, Sequence[Any]], voices: Mapping[str, tuple[str, str]]) -> Stage:
        """The stage with more levels.

        Args:
            levels: The new levels of each factor but ``voice``.
            voices: The ledger's id and the service of each new level of ``voice``.

        Raises:
            InvalidRequest: The design has no such factor, has the level already, or draws its cells.
        """
        if self.design.sample is not None or self.design.kind == "latin":
            drawn = "sample=" if self.design.sample is not None else "design='latin'"
            raise InvalidRequest(
                f"a study with {drawn} cannot be extended: its cells are drawn for the levels that it has, and others "
                "would be drawn. Make another study; what both hold is answered from disk, for nothing."
            )
        design = self.design.extended({**levels, **({"voice": list(voices)} if voices else {})})
        services = dict(self.design.services) | {level: service for level, (_, service) in voices.items()}
        design = replace(design, services=services)
        return Stage(design, dict(self.voices) | {level: key for level, (key, _) in voices.items()})

    def differences(self, other: Stage) -> list[str]:
        """What `other` has that this stage has not, and what it lacks, in sentences."""
        said = self.design.differences(other.design)
        shared = [level for level in self.voices if level in other.voices]
        if moved := [level for level in shared if self.voices[level] != other.voices[level]]:
            said.append(f"another voice is named {', '.join(moved)}")
        return said

    def to_json(self) -> dict[str, Any]:
        """The stage as plain data."""
        return self.design.to_json() | {"voices": dict(self.voices)}


def stage_of(
    voices: Mapping[str, Voice],
    text: str | Sequence[str],
    factors: Mapping[str, Any],
    baseline: Mapping[str, Any] | None = None,
    **options: Any,
) -> Stage:
    """The stage that factors make.

    Args:
        voices: The voice of each level of ``voice``.
        text: The text, or several.
        factors: Parameters of the voices' services, each with its level or its levels.
        baseline: The level of a factor that the others are held against; else the first one.
        options: As in `Design`: takes, kind, sample, order, seed, question.

    Raises:
        InvalidRequest: The factors do not fit.
    """
    levels = {"voice": list(voices), "text": text} | parameters_of(voices.values(), factors)
    baseline = dict(baseline or {})
    if strange := sorted(set(baseline) - set(levels)):
        hint = did_you_mean(strange[0], levels)
        raise InvalidRequest(
            f"baseline: this study has no factor {', '.join(strange)}; {hint}it has {', '.join(levels)}"
        )
    chosen = tuple(Factor.of(name, given, baseline.get(name)) for name, given in levels.items())
    services = {level: voice.session.service.profile.id for level, voice in voices.items()}
    return Stage(Design(chosen, services=services, **options), {level: voice.key for level, voice in voices.items()})


@dataclass(frozen=True)
class Stages:
    """What a study's row keeps of its design.

    Attributes:
        first: The stage that it began with.
        extensions: What each extension added: levels by factor, and voices with their ids and services by level.
        filtered: Whether it was made with ``where=``, which cannot be kept.
        targets: The files of the recordings that distances are taken to, by text.
    """

    first: Stage
    extensions: tuple[Mapping[str, Any], ...] = ()
    filtered: bool = False
    targets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Stages:
        """What `to_json` wrote."""
        own = dict(kept)
        voices, extensions, filtered = own.pop("voices"), own.pop("extensions", ()), own.pop("where", False)
        targets = own.pop("targets", {})
        return cls(Stage(Design.from_json(own), voices), tuple(extensions), filtered, targets)

    def to_json(self) -> dict[str, Any]:
        """The row's design as plain data."""
        own = {"extensions": list(self.extensions), "where": self.filtered, "targets": dict(self.targets)}
        return self.first.to_json() | own

    @cached_property
    def all(self) -> list[Stage]:
        """The stages from the first to the last."""
        stages = [self.first]
        for added in self.extensions:
            voices = {level: (key, service) for level, (key, service) in added["voices"].items()}
            stages.append(stages[-1].extended(added["levels"], voices))
        return stages

    @property
    def last(self) -> Stage:
        """The stage that the study has come to."""
        return self.all[-1]

    def place_of(self, stage: Stage, name: str) -> int:
        """Which of the stages this is, 0 and more.

        Raises:
            InvalidRequest: None of them; the message says how it differs from the last one.
        """
        stages = self.all
        for place, one in enumerate(stages):
            if not one.differences(stage):
                return place
        raise InvalidRequest(
            f"there is a study {name!r} with another design: {'; '.join(stages[-1].differences(stage))}. "
            "Give this one another name."
        )

    def extended(
        self, place: int, levels: Mapping[str, Sequence[Any]], voices: Mapping[str, tuple[str, str]], name: str
    ) -> Stages:
        """The stages with one more behind that of `place`, unless the next one is this one already.

        Raises:
            InvalidRequest: The study was extended in another way before, or the levels do not fit.
        """
        stages = self.all
        new = stages[place].extended(levels, voices)
        if place + 1 < len(stages):
            if not stages[place + 1].differences(new):
                return self
            said = "; ".join(
                f"{one}: {', '.join(map(level_text, given))}" for one, given in self.extensions[place]["levels"].items()
            ) or ", ".join(self.extensions[place]["voices"])
            raise InvalidRequest(
                f"the study {name!r} was extended by {said} before. vn.Study.open({name!r}).extend(…) adds to what it is now."
            )
        added = {
            "levels": {factor: list(given) for factor, given in levels.items()},
            "voices": {level: list(one) for level, one in voices.items()},
        }
        return replace(self, extensions=(*self.extensions, added))
