"""Designs of studies: which cells there are, as a function of factors, kind and seed; no list of cells is kept.

A cell is one level of every factor, and one take. A *treatment* is what it says of the parameters; a *block* is one voice, one
text and one take, in which every treatment stands once. Where a design chooses among all combinations, voice and text are
chosen with the others (``sample=``, ``latin``), and a take is a block.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from voicenb.base.arguments import did_you_mean, to_python
from voicenb.errors import InvalidRequest
from voicenb.study.layouts import Crossed, Grid, Layout, Table, balanced_sample, latin_square

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CROSSED", "KINDS", "ORDERS", "Cell", "Cells", "Design", "Factor", "level_text", "same_level"]

KINDS = ("grid", "paired", "one-at-a-time", "latin")
ORDERS = ("blocks", "random", "given")
CROSSED = ("voice", "text")
"""The factors that make blocks."""
MOST_CELLS = 100_000_000
_MOST_SAMPLED = 10_000
_KEYS_AT_ONCE = 1 << 14


def level_text(value: object) -> str:
    """A level as it stands in tables and keys: text as it is, anything else as JSON, in which 1.0 is 1.

    Raises:
        TypeError, ValueError: It cannot be written so.
    """
    value = to_python(value)
    if isinstance(value, str):
        return value
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, allow_nan=False)


def same_level(one: object, other: object) -> bool:
    """Whether two levels are the same; True is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def places_of(name: str, given: object, levels: Sequence[Any], said: str = "") -> list[int]:
    """Which of a factor's levels were given, one or several, in the order given and each once.

    Args:
        name: The factor's name, for messages.
        given: A level, or a list, tuple, range or array of levels.
        levels: The factor's levels.
        said: What a message begins with.

    Raises:
        InvalidRequest: One of them is no level, or none was given.
    """
    given = to_python(given)
    wanted = list(given) if isinstance(given, (list, tuple, range)) and given not in levels else [given]
    allowed = ", ".join(map(repr, levels[:20]))
    places = []
    for level in wanted:
        place = next((at for at, own in enumerate(levels) if same_level(own, level)), None)
        if place is None:
            hint = did_you_mean(level, levels)
            raise InvalidRequest(f"{said}{name}={level!r} is no level of this study; {hint}it has {allowed}")
        places.append(place)
    if not places:
        raise InvalidRequest(f"{said}{name}=[]: give one level or more of {allowed}")
    return list(dict.fromkeys(places))


def _plain(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return {key: _plain(one) for key, one in value.items()} if isinstance(value, dict) else value


@dataclass(frozen=True)
class Factor:
    """What a study varies, or keeps at one level.

    Attributes:
        name: The name of a parameter, ``"text"`` or ``"voice"``.
        levels: Its levels, each one once, in the order in which they were given.
        baseline: Which of them the others are held against, as an index.
    """

    name: str
    levels: tuple[Any, ...]
    baseline: int = 0

    @classmethod
    def of(cls, name: str, given: Any, baseline: Any = None) -> Factor:
        """A factor from what was given for it: a sequence of levels, or one level.

        Raises:
            InvalidRequest: There is no level, one twice, one that cannot be written down, or the baseline is none of them.
        """
        given = to_python(given)
        many = isinstance(given, (list, tuple, range)) and not isinstance(given, str)
        levels = tuple(to_python(level) for level in given) if many else (given,)
        if not levels:
            raise InvalidRequest(f"{name}=[]: a factor needs one level at least")
        # "1" is not 1.
        seen: dict[tuple[bool, str], Any] = {}
        for level in levels:
            try:
                written = (isinstance(level, str), level_text(level))
            except (TypeError, ValueError):
                raise InvalidRequest(
                    f"{name}: the level {level!r} cannot be written down; allowed are numbers, text, switches, None, and "
                    "lists and mappings of these"
                ) from None
            if written in seen:
                raise InvalidRequest(f"{name}: the level {level!r} is there twice; takes=… repeats a cell")
            seen[written] = level
        index = 0
        if baseline is not None:
            baseline = to_python(baseline)
            index = next((place for place, level in enumerate(levels) if level == baseline), -1)
            if index < 0:
                raise InvalidRequest(
                    f"baseline={baseline!r} is no level of {name}; {did_you_mean(baseline, levels)}its levels are "
                    f"{', '.join(map(repr, levels))}"
                )
        return cls(name, levels, index)


class Cell:
    """One cell of a design: ``cell.speed``, ``cell["speed"]``, ``cell.take``.

    Attributes:
        number: Its place in the design, 0 and more.
    """

    __slots__ = ("_design", "number")

    def __init__(self, design: Design, number: int) -> None:
        self._design = design
        self.number = number

    @property
    def levels(self) -> dict[str, Any]:
        """The level of every factor."""
        indices = self.indices
        return {one.name: one.levels[index] for one, index in zip(self._design.factors, indices, strict=True)}

    @property
    def indices(self) -> tuple[int, ...]:
        """The level of every factor, as the index of it."""
        block, treatment = divmod(self.number, self._design.treatments)
        return self._design.layout.indices(block // self._design.takes, treatment)

    @property
    def take(self) -> int:
        """Which of several takes it is, 1 and more."""
        return self.number // self._design.treatments % self._design.takes + 1

    @property
    def key(self) -> str:
        """What the cell is recognised by: 16 hexadecimal digits over its levels and its take.

        It stays what it is when the study is extended by levels, and where a factor that had one level gets more.
        """
        return key_of(self.levels, self.take)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        levels = self.levels
        if name in levels:
            return levels[name]
        if name == "service" and "voice" in levels:
            return self._design.services.get(levels["voice"], "")
        known = [*levels, "service", "take", "number", "key"]
        raise AttributeError(f"a cell has no {name!r}; {did_you_mean(name, known)}it has {', '.join(known)}")

    def __getitem__(self, name: str) -> Any:
        try:
            return self.levels[name]
        except KeyError:
            hint = did_you_mean(name, self.levels)
            raise KeyError(f"{name!r}: {hint}this study has {', '.join(self.levels)}") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and (self.number, self._design) == (other.number, other._design)

    def __hash__(self) -> int:
        return hash((self.number, self._design.takes))

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={level!r}" for name, level in self.levels.items())
        return f"<Cell {self.number}: {said}, take {self.take}>"


def key_of(levels: Mapping[str, Any], take: int) -> str:
    """What the cell of these levels is recognised by; see `Cell.key`."""
    whole = [sorted((name, level_text(level)) for name, level in levels.items()), take]
    return _hashed(json.dumps(whole, ensure_ascii=False))


def _hashed(whole: str) -> str:
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


class Cells(Sequence[Cell]):
    """The cells of a design, each worked out when it is asked for."""

    def __init__(self, design: Design, numbers: range | None = None) -> None:
        self._design = design
        self._numbers = range(len(design)) if numbers is None else numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> Cells: ...
    def __getitem__(self, index: int | slice) -> Cell | Cells:
        if isinstance(index, slice):
            return Cells(self._design, self._numbers[index])
        return Cell(self._design, self._numbers[index])

    def __iter__(self) -> Iterator[Cell]:
        return (Cell(self._design, number) for number in self._numbers)

    def __repr__(self) -> str:
        return f"<{len(self):,} cells>"

    def frame(self) -> Any:
        """The cells as a DataFrame: number, every factor, take."""
        import pandas as pd

        design = self._design
        numbers = np.arange(self._numbers.start, self._numbers.stop, self._numbers.step)
        columns: dict[str, Any] = {"cell": numbers}
        for position, one in enumerate(design.factors):
            levels = np.empty(len(one.levels), dtype=object)
            levels[:] = one.levels
            columns[one.name] = levels[design.column(position, numbers)]
        columns["take"] = design.takes_of(numbers)
        return pd.DataFrame(columns)


@dataclass(frozen=True)
class Design:
    """Factors, and how their levels are put together.

    Attributes:
        factors: Voice and text first, then the parameters.
        takes: How often each combination is made, 1 to 100.
        kind: ``"grid"``: all combinations. ``"paired"``: the first levels of all parameters together, then the second ones, and so
            on. ``"one-at-a-time"``: the baseline, and each other level with all else at the baseline. ``"latin"``: where exactly
            three factors have more than one level, and as many each: each level of one stands once with each level of another.
        sample: So many of all combinations, in which the counts of a factor's levels differ by at most 1 and those of two factors'
            pairs by at most 2; None takes all.
        order: ``"blocks"``: blocks at random, and the treatments within each at random. ``"random"``: all at random.
            ``"given"``: as they are numbered.
        seed: What is drawn is drawn from it.
        question: What the study asks, in words.
        services: The service of each level of ``voice``.

    Raises:
        InvalidRequest: The factors do not fit the kind, or there are too many cells.
    """

    factors: tuple[Factor, ...]
    takes: int = 2
    kind: str = "grid"
    sample: int | None = None
    order: str = "blocks"
    seed: int = 0
    question: str = ""
    services: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for name, given, known in (("design", self.kind, KINDS), ("order", self.order, ORDERS)):
            if given not in known:
                hint = did_you_mean(given, known)
                raise InvalidRequest(f"{name}={given!r}: {hint}allowed are {', '.join(map(repr, known))}")
        if isinstance(self.takes, bool) or not 1 <= self.takes <= 100:
            raise InvalidRequest(f"takes={self.takes!r}: allowed is a whole number from 1 to 100")
        if self.sample is not None and self.kind != "grid":
            raise InvalidRequest(
                f"sample={self.sample} chooses among all combinations; design={self.kind!r} has its own"
            )
        if (
            count := math.prod(len(one.levels) for one in self.factors) * self.takes
        ) > MOST_CELLS and self.sample is None:
            raise InvalidRequest(
                f"this study has {count:,} cells; allowed are {MOST_CELLS:,}. sample=… takes some of them"
            )
        # Found out now rather than at the first cell.
        len(self.layout)

    @cached_property
    def layout(self) -> Layout:
        """How a block and a treatment become levels."""
        counts = [len(one.levels) for one in self.factors]
        if self.sample is not None:
            total = math.prod(counts)
            if isinstance(self.sample, bool) or not 1 <= self.sample <= min(total, _MOST_SAMPLED):
                raise InvalidRequest(
                    f"sample={self.sample}: the grid has {total:,} combinations; allowed is 1 to {min(total, _MOST_SAMPLED):,}"
                )
            try:
                return Crossed(Grid(()), Table(balanced_sample(counts, self.sample, self.seed)))
            except ValueError as error:
                raise InvalidRequest(f"sample={self.sample}: {error}; another sample or seed may do") from None
        if self.kind == "latin":
            return Crossed(Grid(()), Table(latin_square(counts, self._many(), self.seed)))
        blocks = [count for one, count in zip(self.factors, counts, strict=True) if one.name in CROSSED]
        rest = self.factors[len(blocks) :]
        if self.kind == "grid":
            return Crossed(Grid(tuple(blocks)), Grid(tuple(len(one.levels) for one in rest)))
        rows = _pairs(rest) if self.kind == "paired" else _one_at_a_time(rest)
        return Crossed(Grid(tuple(blocks)), Table(np.asarray(rows, dtype=np.uint16).reshape(len(rows), len(rest))))

    def _many(self) -> list[int]:
        many = [number for number, one in enumerate(self.factors) if len(one.levels) > 1]
        sizes = {len(self.factors[number].levels) for number in many}
        if len(many) != 3 or len(sizes) != 1:
            said = ", ".join(f"{self.factors[number].name} has {len(self.factors[number].levels)}" for number in many)
            raise InvalidRequest(
                "design='latin' needs exactly three factors with more than one level, and as many levels each; here "
                f"{said or 'no factor has more than one level'}"
            )
        return many

    @property
    def treatments(self) -> int:
        """How many treatments a block has."""
        return self.layout.inner

    def __len__(self) -> int:
        return len(self.layout) * self.takes

    @cached_property
    def cells(self) -> Cells:
        """Every cell, by its number."""
        return Cells(self)

    def factor(self, name: str) -> Factor:
        """The factor of that name.

        Raises:
            InvalidRequest: There is none.
        """
        for one in self.factors:
            if one.name == name:
                return one
        known = [one.name for one in self.factors]
        raise InvalidRequest(f"this study has no factor {name!r}; {did_you_mean(name, known)}it has {', '.join(known)}")

    def baseline_of(self, cell: Cell) -> str | None:
        """The key of the cell of the same text, voice and take in which all else is at the baseline.

        None where that is the cell itself. The design need not hold it.
        """
        levels = cell.levels
        base = {one.name: levels[one.name] if one.name in CROSSED else one.levels[one.baseline] for one in self.factors}
        return None if base == levels else key_of(base, cell.take)

    def column(self, position: int, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The level of one factor in many cells, as indices."""
        blocks, treatments = np.divmod(numbers, self.treatments)
        return self.layout.column(position, blocks // self.takes, treatments)

    def takes_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The take of many cells, 1 and more."""
        return numbers // self.treatments % self.takes + 1

    def number(self, indices: Sequence[int], take: int) -> int | None:
        """The cell of these levels (as indices, in the factors' order) and take; None where there is none."""
        place = self.layout.place(indices)
        if place is None or not 1 <= take <= self.takes:
            return None
        return (place[0] * self.takes + take - 1) * self.treatments + place[1]

    def numbers_of(self, keys: Collection[str]) -> NDArray[np.uint32]:
        """The numbers of the cells that have one of these keys."""
        found: list[int] = []
        order = sorted(range(len(self.factors)), key=lambda place: self.factors[place].name)
        written = [
            np.asarray(
                [json.dumps((one.name, level_text(level)), ensure_ascii=False) for level in one.levels], dtype=object
            )
            for one in self.factors
        ]
        for start in range(0, len(self) if keys else 0, _KEYS_AT_ONCE):
            numbers = np.arange(start, min(start + _KEYS_AT_ONCE, len(self)))
            columns = [written[place][self.column(place, numbers)].tolist() for place in order]
            takes = self.takes_of(numbers).tolist()
            for number, take, *levels in zip(numbers.tolist(), takes, *columns, strict=True):
                # The text that `key_of` hashes, put together of parts that are written once.
                if _hashed(f"[[{', '.join(levels)}], {take}]") in keys:
                    found.append(number)
        return np.asarray(found, dtype=np.uint32)

    def sequence(self) -> NDArray[np.uint32]:
        """The numbers of all cells in the order in which they are to be made."""
        numbers = np.arange(len(self), dtype=np.uint32)
        if self.order == "given":
            return numbers
        chance = np.random.default_rng(self.seed)
        if self.order == "random":
            chance.shuffle(numbers)
            return numbers
        blocks = numbers.reshape(-1, self.treatments)
        chance.permuted(blocks, axis=1, out=blocks)
        chance.shuffle(blocks, axis=0)
        return blocks.reshape(-1)

    def extended(self, more: Mapping[str, Any]) -> Design:
        """The design with more levels of its factors, behind those that it has.

        Raises:
            InvalidRequest: A factor is not there, or a level is there already.
        """
        factors = list(self.factors)
        for name, given in more.items():
            old = self.factor(name)
            levels = list(given) if isinstance(given, (list, tuple, range)) else [given]
            new = Factor.of(name, [*old.levels, *levels])
            factors[self.factors.index(old)] = Factor(name, new.levels, old.baseline)
        return Design(
            tuple(factors), self.takes, self.kind, self.sample, self.order, self.seed, self.question, self.services
        )

    def to_json(self) -> dict[str, Any]:
        """The design as plain data, from which `from_json` makes it again."""
        return {
            "factors": [[one.name, list(one.levels), one.baseline] for one in self.factors],
            "takes": self.takes, "kind": self.kind, "sample": self.sample, "order": self.order, "seed": self.seed,
            "question": self.question, "services": dict(self.services),
        }  # fmt: skip

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Design:
        """The design that `to_json` wrote."""
        factors = tuple(Factor(name, tuple(levels), baseline) for name, levels, baseline in kept["factors"])
        return cls(factors, **{name: value for name, value in kept.items() if name != "factors"})

    def differences(self, other: Design) -> list[str]:
        """What `other` has that this design has not, and what it lacks, in sentences; empty where they are the same."""
        said = []
        mine, others = ({one.name: one for one in design.factors} for design in (self, other))
        said += [f"the factor {name!r} is new" for name in others if name not in mine]
        said += [f"the factor {name!r} is missing" for name in mine if name not in others]
        for name in (one for one in mine if one in others):
            before, after = ([level_text(level) for level in factors[name].levels] for factors in (mine, others))
            if new := [level for level in after if level not in before]:
                said.append(f"{name} has also {', '.join(new)}")
            if gone := [level for level in before if level not in after]:
                said.append(f"{name} lacks {', '.join(gone)}")
            if not new and not gone and before != after:
                said.append(f"{name} has its levels in another order")
            baselines = [level_text(factors[name].levels[factors[name].baseline]) for factors in (mine, others)]
            if baselines[0] != baselines[1]:
                said.append(f"the baseline of {name} is {baselines[1]}, not {baselines[0]}")
        for name in ("takes", "kind", "sample", "order", "seed", "question"):
            old, new_value = getattr(self, name), getattr(other, name)
            if old != new_value:
                said.append(f"{name} is {new_value!r}, not {old!r}")
        return said


def _pairs(factors: Sequence[Factor]) -> list[tuple[int, ...]]:
    counts = {one.name: len(one.levels) for one in factors if len(one.levels) > 1}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise InvalidRequest(f"design='paired' needs as many levels of each parameter, or one; here {said}")
    rows = max(counts.values(), default=1)
    return [tuple(row if one.name in counts else 0 for one in factors) for row in range(rows)]


def _one_at_a_time(factors: Sequence[Factor]) -> list[tuple[int, ...]]:
    base = tuple(one.baseline for one in factors)
    rows = [base]
    for position, one in enumerate(factors):
        rows += [
            (*base[:position], level, *base[position + 1 :])
            for level in range(len(one.levels))
            if level != one.baseline
        ]
    return rows
