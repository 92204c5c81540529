"""Designs made from sounds: which of them meet in a trial, under which names, and in which order for whom."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from voicenb.audio.reading import rate_of
from voicenb.audio.sound import AudioError
from voicenb.errors import InvalidRequest
from voicenb.listening.design import LOW, MID, REFERENCE, Design, Place, Trial
from voicenb.listening.kinds import Kind
from voicenb.listening.sources import Source, conditions_of, items_of
from voicenb.listening.stimuli import common_gains, common_rate, prepared
from voicenb.statistics.orders import orders

__all__ = ["MOST_SIGNALS", "Asked", "designed"]

MOST_SIGNALS = 12
"""The most sounds that one trial may hold, the reference and the anchors among them (ITU-R BS.1534-3)."""

_ABX_TRIALS = 16
# Silence around a sound, in seconds: the shortest, and how much more each place may get.
_PAD, _JITTER = 0.12, 0.06
_LETTERS = "bcdfghjkmnpqrstvwxz"


@dataclass(frozen=True)
class Asked:
    """What a test was asked for with.

    Attributes:
        kind: The kind.
        title, question, attribute: What listeners read.
        trials: So many; None for as many as there are combinations (ABX: 16).
        listeners: For how many there are orders.
        repeats: How many trials come twice.
        catch: How many trials hold a spoilt sound.
        training: How many trials of practice come first.
        headphones: Whether a headphone check comes first.
        tie: Whether "no preference" may be answered.
        seed: What is chosen is drawn from it.
        matched: Whether sounds are made equally loud.
        why: What is said where they are not.
    """

    kind: Kind
    title: str
    question: str
    attribute: str | None
    trials: int | None
    listeners: int
    repeats: int
    catch: int
    training: int
    headphones: bool
    tie: bool
    seed: int
    matched: bool
    why: str = ""


@dataclass(frozen=True)
class _Unit:
    """What meets in a trial, before it has names."""

    item: str
    text: str | None
    sounds: tuple[tuple[str, str, str], ...]  # condition, file, treatment
    role: str = "trial"
    reference: str | None = None
    of: int | None = None
    spoilt: int | None = None


def designed(
    asked: Asked,
    sources: Sequence[Source],
    files: Callable[[str], bytes],
    *,
    references: Mapping[str, str] | None = None,
    recognised: Mapping[str, Any] | None = None,
    secret: str | None = None,
) -> Design:
    """The design of a test.

    Args:
        asked: What was asked for.
        sources: The sounds; of each condition at most one an item.
        files: The bytes of a file of the ledger's store.
        references: MUSHRA: the file of the recording of each item.
        recognised: What the test is recognised by when the same cell runs again.
        secret: Where names, X and dither come from, hexadecimal; None draws one.

    Raises:
        InvalidRequest: Nothing can be compared, there are too many sounds, or one cannot be read.
    """
    secret = secret or secrets.token_hex(16)
    drawn, hidden = np.random.default_rng(asked.seed), _Hidden(secret)
    notes: list[str] = [asked.why] if asked.why else []
    plain = _units(asked, sources, references, drawn, notes)
    units = list(plain)
    units += [
        replace(units[int(one)], role="repeat", of=int(one))
        for one in _some(drawn, len(units), asked.repeats, "repeats")
    ]
    units += [_catch(asked.kind, units[int(one)], drawn) for one in _some(drawn, len(units), asked.catch, "catch")]
    units += [replace(plain[one % len(plain)], role="training", of=None) for one in range(asked.training)]
    wanted = dict.fromkeys((file, treatment) for unit in units for _, file, treatment in _heard(unit))
    rate = common_rate(_rate(files(file), file) for file in dict.fromkeys(file for file, _ in wanted))
    lengths: dict[str, int] = {}

    def read() -> Any:
        for file, treatment in wanted:
            sound = prepared(files(file), rate, treatment)
            lengths[f"{file}|{treatment}"] = len(sound)
            yield f"{file}|{treatment}", sound

    gains = common_gains(read(), rate, matched=asked.matched)
    trials = [_trial(asked.kind, unit, lengths, rate, hidden) for unit in units]
    trials = [
        replace(trial, of=trials[unit.of].id) if unit.of is not None else trial
        for trial, unit in zip(trials, units, strict=True)
    ]
    return Design(
        kind=asked.kind.name,
        title=asked.title,
        question=asked.question,
        attribute=asked.attribute,
        compared=tuple(dict.fromkeys((one.condition, one.levels) for one in sources)),
        trials=tuple(trials),
        orders=_orders(asked, trials, hidden),
        rate=rate,
        gains=gains,
        matched=asked.matched,
        tie=asked.tie,
        headphones=asked.headphones,
        secret=secret,
        asked=dict(recognised or {}),
        notes=tuple(notes),
    )


# ── What meets ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _units(
    asked: Asked,
    sources: Sequence[Source],
    references: Mapping[str, str] | None,
    drawn: np.random.Generator,
    notes: list[str],
) -> list[_Unit]:
    kind = asked.kind
    conditions, items = conditions_of(sources), items_of(sources)
    there = {(one.item, one.condition): one for one in sources}
    if len(conditions) < kind.fewest:
        raise InvalidRequest(
            f"kind={kind.name!r} compares {kind.fewest} conditions or more; there is {len(conditions)}"
            + (f" ({conditions[0]})" if conditions else "")
            + ". Nothing was kept."
        )
    if kind.trial == "one":
        units = [_Unit(one.item, one.text, ((one.condition, one.file, "plain"),)) for one in sources]
    elif kind.trial == "pair":
        units = [
            _Unit(item, first.text, tuple((one.condition, one.file, "plain") for one in (first, second)))
            for item in items
            for a, b in combinations(conditions, 2)
            if (first := there.get((item, a))) and (second := there.get((item, b)))
        ]
    else:
        units = _together(kind, sources, references, notes)
    if not units:
        raise InvalidRequest(
            f"kind={kind.name!r}: no two conditions have a sound of the same item, so that nothing can be compared"
        )
    order = drawn.permutation(len(units))
    wanted = asked.trials if asked.trials is not None else (_ABX_TRIALS if kind.name == "abx" else len(units))
    if kind.name != "abx" and wanted > len(units):
        raise InvalidRequest(
            f"trials={wanted}: these sounds give {len(units)} trials of kind {kind.name!r}; repeats= asks some of them twice"
        )
    return [units[int(order[number % len(units)])] for number in range(wanted)]


def _together(
    kind: Kind,
    sources: Sequence[Source],
    references: Mapping[str, str] | None,
    notes: list[str],
) -> list[_Unit]:
    """Every condition of an item at once; MUSHRA adds the hidden reference and the anchors."""
    conditions, items = conditions_of(sources), items_of(sources)
    there = {(one.item, one.condition): one for one in sources}
    signals = len(conditions) + (3 if kind.name == "mushra" else 0)
    if signals > MOST_SIGNALS:
        raise InvalidRequest(
            f"kind={kind.name!r}: {len(conditions)} conditions are {signals} sounds a trial; allowed are {MOST_SIGNALS}. Choose "
            "fewer levels with between=, or use kind='acr'"
        )
    units = []
    for item in items:
        found = [there.get((item, one)) for one in conditions]
        sounds = tuple((one.condition, one.file, "plain") for one in found if one is not None)
        if len(sounds) < len(conditions):
            notes.append(f"{item!r} has no sound of every condition, and is left out")
            continue
        text = next(one.text for one in found if one is not None)
        if kind.name == "mushra":
            recording = (references or {}).get(item)
            if recording is None:
                raise InvalidRequest(
                    f"kind='mushra' compares with a recording of the same words, and {item!r:.80} has none: give "
                    "reference={text: 'read.wav'}. Without recordings, kind='multi' compares several at once."
                )
            sounds += (
                (REFERENCE, recording, "plain"), (LOW, recording, "low"), (MID, recording, "mid")
            )  # fmt: skip
            units.append(_Unit(item, text, sounds, reference=recording))
        else:
            units.append(_Unit(item, text, sounds))
    return units


def _catch(kind: Kind, unit: _Unit, drawn: np.random.Generator) -> _Unit:
    """A trial whose answer nobody who listens can miss: one of its sounds is spoilt."""
    if kind.name == "mushra":
        raise InvalidRequest("catch: MUSHRA has its hidden reference and its anchors in every trial; leave catch= away")
    which = int(drawn.integers(len(unit.sounds)))
    condition, file, _ = unit.sounds[which]
    if kind.trial == "pair":
        return replace(unit, sounds=((condition, file, "plain"), (condition, file, "catch")), role="catch", spoilt=1)
    spoilt = (condition, file, "catch")
    sounds = tuple(spoilt if number == which else one for number, one in enumerate(unit.sounds))
    return replace(unit, sounds=sounds, role="catch", spoilt=which)


def _some(drawn: np.random.Generator, there: int, wanted: int, field: str) -> npt.NDArray[np.int64]:
    if wanted > there:
        raise InvalidRequest(f"{field}={wanted}: there are {there} trials to choose from")
    return drawn.choice(there, size=wanted, replace=False)


def _heard(unit: _Unit) -> list[tuple[str, str, str]]:
    return [*unit.sounds, *([(REFERENCE, unit.reference, "plain")] if unit.reference else [])]


# ── Under which names ───────────────────────────────────────────────────────────────────────────────────────────────


class _Hidden:
    """What is drawn from the secret: nobody who has the page and the seed can draw it again."""

    def __init__(self, secret: str) -> None:
        digest = hashlib.sha256(f"{secret} design".encode()).digest()
        self.random = np.random.default_rng(int.from_bytes(digest, "big"))
        self._used: set[str] = set()

    def name(self) -> str:
        """A name of a sound or a trial: another one each time, all of one length."""
        while True:
            found = "".join(_LETTERS[int(at)] for at in self.random.integers(len(_LETTERS), size=8))
            if found not in self._used:
                self._used.add(found)
                return found

    def pad(self, rate: int) -> int:
        """A length of silence, in frames."""
        return round(rate * (_PAD + _JITTER * self.random.random()))

    def seed(self) -> int:
        """A seed for what is drawn elsewhere."""
        return int(self.random.integers(2**31))


def _trial(kind: Kind, unit: _Unit, lengths: Mapping[str, int], rate: int, hidden: _Hidden) -> Trial:
    # Where all run in step, as with a recording and its copies, each begins at the same frame.
    together = hidden.pad(rate)

    def placed(condition: str, file: str, treatment: str) -> Place:
        lead = together if kind.trial == "all" else hidden.pad(rate)
        return Place(hidden.name(), condition, file, treatment, lead)

    places = tuple(placed(*one) for one in unit.sounds)
    x = same = None
    if kind.name == "abx":
        which = int(hidden.random.integers(2))
        x, same = placed(*unit.sounds[which]), places[which].sound
    reference = placed(REFERENCE, unit.reference, "plain") if unit.reference else None
    trial = Trial(hidden.name(), unit.item, unit.text, unit.role, places, 0, x, same, reference)
    longest = max(one.lead + lengths[one.source] for one in trial.every())
    return replace(
        trial,
        frames=longest + hidden.pad(rate),
        catch=places[unit.spoilt].sound if unit.spoilt is not None else None,
    )


def _orders(
    asked: Asked, trials: Sequence[Trial], hidden: _Hidden
) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]:
    """For each listener the trials in their order, each with its sounds in theirs."""
    counted = [one for one in trials if one.role != "training"]
    practice = [one for one in trials if one.role == "training"]

    rows = np.asarray(orders(len(counted), asked.listeners, seed=hidden.seed()))
    shown: dict[str, list[tuple[str, ...]]] = {}
    for trial in trials:
        names = [one.sound for one in trial.places]
        if len(names) == 2:
            turned = hidden.random.permutation(np.arange(asked.listeners) % 2)
            shown[trial.id] = [tuple(reversed(names)) if turn else tuple(names) for turn in turned]
        else:
            drawn = np.asarray(orders(len(names), asked.listeners, seed=hidden.seed()))
            shown[trial.id] = [tuple(names[int(at)] for at in row) for row in drawn]
    return tuple(
        tuple((one.id, shown[one.id][number]) for one in [*practice, *(counted[int(at)] for at in row)])
        for number, row in enumerate(rows)
    )


def _rate(data: bytes, file: str) -> int:
    try:
        return rate_of(data)
    except AudioError as error:
        raise InvalidRequest(f"the sound {file} cannot be read: {error}. Nothing was kept.") from error
