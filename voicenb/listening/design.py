"""`Design`: the trials of a listening test, what each sound in them is, and the order for each listener."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["LOW", "MID", "REFERENCE", "ROLES", "Design", "Place", "Trial"]

ROLES = ("trial", "repeat", "catch", "training")

REFERENCE, LOW, MID = "reference", "low anchor", "mid anchor"
"""The conditions that MUSHRA adds."""


@dataclass(frozen=True)
class Place:
    """One sound in one trial.

    Attributes:
        sound: What the page calls it; letters that say nothing.
        condition: What it is: a condition of the test, or ``reference``, ``low anchor``, ``mid anchor``.
        file: Its file in the ledger's store.
        treatment: What is done to it; see `voicenb.listening.stimuli.prepared`.
        lead: Silent frames before it.
    """

    sound: str
    condition: str
    file: str
    treatment: str
    lead: int

    @property
    def source(self) -> str:
        """File and treatment together: what has one gain in a test."""
        return f"{self.file}|{self.treatment}"


@dataclass(frozen=True)
class Trial:
    """One question to a listener.

    Attributes:
        id: What the page calls it; letters that say nothing.
        item: Within what its sounds are compared.
        text: What is said, or None.
        role: One of `ROLES`.
        places: The sounds that are judged.
        frames: The length of each of its sounds.
        x: ABX: the sound X; else None.
        same: ABX: the name of the sound that X is; else None.
        reference: MUSHRA: the open reference; else None.
        of: The trial that a repeat repeats; else None.
        catch: The sound of a catch trial that was spoilt; else None.
    """

    id: str
    item: str
    text: str | None
    role: str
    places: tuple[Place, ...]
    frames: int
    x: Place | None = None
    same: str | None = None
    reference: Place | None = None
    of: str | None = None
    catch: str | None = None

    def every(self) -> tuple[Place, ...]:
        """Every sound of it, X and the open reference among them."""
        return (*self.places, *(one for one in (self.x, self.reference) if one is not None))

    def place(self, sound: str) -> Place | None:
        """The place that the page calls so; None where there is none."""
        return next((one for one in self.every() if one.sound == sound), None)


@dataclass(frozen=True)
class Design:
    """A whole test, with its key.

    Attributes:
        kind: The kind's name.
        title, question: What a listener reads.
        attribute: What is judged, or None.
        compared: Each condition in words, with its levels, in their order (which the keys of a JSON object do not have).
        trials: Every trial, those of training last.
        orders: One row a listener: trials, each with its sounds as shown.
        rate: Of every sound, in Hz.
        gains: The factor of each source.
        matched: Whether all sounds are equally loud.
        tie: Whether "no preference" may be answered.
        headphones: Whether a headphone check comes first.
        secret: Where names, X and dither come from; hexadecimal.
        asked: What the test was asked for with, by which it is recognised.
        notes: What is to be said of it.
    """

    kind: str
    title: str
    question: str
    attribute: str | None
    compared: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]
    trials: tuple[Trial, ...]
    orders: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]
    rate: int
    gains: dict[str, float]
    matched: bool
    tie: bool
    headphones: bool
    secret: str
    asked: dict[str, Any]
    notes: tuple[str, ...] = field(default=())

    @property
    def conditions(self) -> dict[str, dict[str, Any]]:
        """What is compared, in words, each with its levels."""
        return {name: dict(levels) for name, levels in self.compared}

    def trial(self, name: object) -> Trial | None:
        """The trial that the page calls so; None where there is none."""
        return next((one for one in self.trials if one.id == name), None)

    @property
    def counted(self) -> tuple[Trial, ...]:
        """The trials that a listener's votes are kept of, in no order."""
        return tuple(one for one in self.trials if one.role != "training")

    def to_json(self) -> dict[str, Any]:
        """The design as plain data."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self), ensure_ascii=False))
        return found

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Design:
        """The design that `to_json` gave."""

        def place(data: Any) -> Place | None:
            return None if data is None else Place(**data)

        trials = tuple(
            Trial(
                **data
                | {
                    "places": tuple(Place(**one) for one in data["places"]),
                    "x": place(data["x"]),
                    "reference": place(data["reference"]),
                }
            )
            for data in kept["trials"]
        )
        orders = tuple(tuple((trial, tuple(sounds)) for trial, sounds in row) for row in kept["orders"])
        compared = tuple((name, tuple((field, level) for field, level in levels)) for name, levels in kept["compared"])
        return cls(**{**kept, "compared": compared, "trials": trials, "orders": orders, "notes": tuple(kept["notes"])})

    @property
    def hash(self) -> str:
        """SHA-256 of the whole design, its key included, which it does not tell."""
        whole = json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(whole.encode()).hexdigest()
