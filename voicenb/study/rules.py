"""Which combinations of levels a service takes, and at what price: asked once for all that it cannot tell apart."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from voicenb.base.money import Price
from voicenb.errors import InvalidRequest
from voicenb.services.parameters import ServiceRequest, remarks
from voicenb.services.reads import recorded_reads, recording
from voicenb.studio.spoken import spoken_request
from voicenb.studio.voice import Voice
from voicenb.study.design import Design

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reason", "Rules"]

_AT_ONCE = 1 << 17


class Reason(NamedTuple):
    """Why cells are refused.

    Attributes:
        field: The parameter.
        why: The service and its rule, with what was given.
    """

    field: str
    why: str


class _Asked(NamedTuple):
    price: Price | None
    reasons: tuple[Reason, ...]
    remarks: tuple[Reason, ...]
    reads: frozenset[str]
    request: ServiceRequest | None


class Rules:
    """What the services of a study say of its cells.

    A rule of one field is asked for each level by itself. Rules over several fields, and the price, are asked for each combination
    of the levels that they read, which they tell themselves: see `voicenb.services.reads`.

    Args:
        design: The design.
        voices: The voice of each level of ``voice``.
        numbers: The cells that matter; others are not asked for.
    """

    def __init__(self, design: Design, voices: Mapping[str, Voice], numbers: NDArray[np.uint32]) -> None:
        self._design, self._numbers = design, numbers
        self._names = [one.name for one in design.factors]
        self._voice = self._names.index("voice")
        self._voices = [voices[level] for level in design.factors[self._voice].levels]
        sessions = {id(one.session): one.session for one in self._voices}
        self._prices = {number: session.unit_prices(ask=True) for number, session in sessions.items()}
        self._alone: dict[tuple[int, int, int], _Asked] = {}
        self._together: dict[int, _Asked] = {}
        # A price or a rule that reads none of the factors would do with the voice alone.
        self._read = {self._voice}
        while not self._complete():
            self._together.clear()

    def _complete(self) -> bool:
        """Asks for every level and every combination; False where a rule read a factor that was not known to matter."""
        before = set(self._read)
        for voice in range(len(self._voices)):
            for position, one in enumerate(self._design.factors):
                for level in range(len(one.levels)):
                    place = voice, position, level
                    if position not in self._read and place not in self._alone:
                        asked = self._alone[place] = self._ask(voice, {position: level}, about=position)
                        self._learn(asked)
        if self._read != before:
            return False
        for codes, _ in self._coded():
            for code in np.unique(codes).tolist():
                if code not in self._together:
                    levels = self._levels(code)
                    asked = self._together[code] = self._ask(levels[self._voice], levels)
                    self._learn(asked)
                    if self._read != before:
                        return False
        return True

    def _learn(self, asked: _Asked) -> None:
        self._read |= {place for place, name in enumerate(self._names) if name in asked.reads}

    def _ask(self, voice: int, levels: Mapping[int, int], about: int | None = None) -> _Asked:
        """What the service says of levels, the other factors' being such as it takes; `about` one factor alone, or about all."""
        given = {place: levels.get(place, self._plain(voice, place)) for place in range(len(self._names))}
        parameters = {self._names[place]: self._design.factors[place].levels[level] for place, level in given.items()}
        del parameters["voice"]
        one = self._voices[voice]
        service = one.session.service
        name = service.profile.id
        price: Price | None = None
        request: ServiceRequest | None = None
        problems: tuple[Reason, ...] = ()
        with recorded_reads() as reads, remarks() as said:
            try:
                kind = recording(service.request_type("production"))
                request = spoken_request(one, parameters.pop("text"), parameters, kind)
                price = service.price(request, self._prices[id(one.session)])
            except InvalidRequest as error:
                problems = tuple(Reason(each.field, f"{name}: {each}") for each in error.problems) or (
                    Reason("", f"{name}: {error}"),
                )
        if about is not None:
            problems = tuple(each for each in problems if each.field == self._names[about])
            said = [each for each in said if each.field == self._names[about]]
        else:
            # What stands in for a level is not what is asked about, should the service take none of the factor's levels.
            others = {
                self._names[place]
                for place, level in given.items()
                if place not in levels and self._bad(voice, place, level)
            }
            problems = tuple(each for each in problems if each.field not in others)
        return _Asked(
            price,
            problems,
            tuple(Reason(each.field, f"{name}: {each}") for each in said),
            frozenset(reads),
            request,
        )

    def _plain(self, voice: int, position: int) -> int:
        """The first level of a factor that the voice's service takes."""
        if position in self._read:
            return 0
        count = len(self._design.factors[position].levels)
        known = (level for level in range(count) if (voice, position, level) in self._alone)
        return next((level for level in known if not self._bad(voice, position, level)), 0)

    def _bad(self, voice: int, position: int, level: int) -> bool:
        return bool(self._alone[voice, position, level].reasons)

    # -- what is asked about cells -----------------------------------------------------------------------------

    def refused(self) -> tuple[NDArray[np.bool_], Counter[Reason]]:
        """Which of the cells a rule refuses, and how many cells each rule refuses."""
        found, counts = [np.zeros(0, dtype=np.bool_)], Counter[Reason]()
        tables = self._refusing()
        for codes, numbers in self._coded():
            unique, inverse, times = np.unique(codes, return_inverse=True, return_counts=True)
            asked = [self._together[code] for code in unique.tolist()]
            for one, count in zip(asked, times.tolist(), strict=True):
                counts.update(dict.fromkeys(one.reasons, count))
            bad = np.asarray([bool(one.reasons) for one in asked], dtype=np.bool_)[inverse]
            voices = self._design.column(self._voice, numbers)
            for position, table in tables.items():
                levels = self._design.column(position, numbers)
                bad |= table[voices, levels]
                several = np.bincount(voices * table.shape[1] + levels, minlength=table.size).reshape(table.shape)
                for voice, level in zip(*np.nonzero(table & (several > 0)), strict=True):
                    reasons = self._alone[int(voice), position, int(level)].reasons
                    counts.update(dict.fromkeys(reasons, int(several[voice, level])))
            found.append(bad)
        return np.concatenate(found), counts

    def _refusing(self) -> dict[int, NDArray[np.bool_]]:
        """The factors of which a voice's service refuses levels by themselves; arrays of shape ``(voices, levels)``."""
        tables = {}
        for position, one in enumerate(self._design.factors):
            if position not in self._read:
                shape = (len(self._voices), len(one.levels))
                table = np.asarray(
                    [[self._bad(voice, position, level) for level in range(shape[1])] for voice in range(shape[0])]
                )
                if table.any():
                    tables[position] = table
        return tables

    def reasons(self, numbers: NDArray[np.uint32]) -> Iterator[tuple[int, Reason]]:
        """Each rule that refuses one of `numbers`, cell by cell."""
        tables = self._refusing()
        for codes, some in self._coded(numbers):
            voices = self._design.column(self._voice, some)
            columns = {position: self._design.column(position, some).tolist() for position in tables}
            for place, (code, number, voice) in enumerate(
                zip(codes.tolist(), some.tolist(), voices.tolist(), strict=True)
            ):
                for position, levels in columns.items():
                    for reason in self._alone[voice, position, levels[place]].reasons:
                        yield number, reason
                for reason in self._together[code].reasons:
                    yield number, reason

    def remarks(self) -> list[str]:
        """What services would be asked in spite of: learned rules and advice, each once."""
        asked = [*self._together.values(), *(one for place, one in self._alone.items() if place[1] not in self._read)]
        return list(dict.fromkeys(each.why for one in asked if not one.reasons for each in one.remarks))

    def prices(self, numbers: NDArray[np.uint32]) -> Iterator[tuple[str, Price, int]]:
        """Service, price and number of cells, for each combination that the price tells apart."""
        counts: Counter[int] = Counter()
        for codes, _ in self._coded(numbers):
            unique, times = np.unique(codes, return_counts=True)
            counts.update(dict(zip(unique.tolist(), times.tolist(), strict=True)))
        for code, count in counts.items():
            price = self._together[code].price
            assert price is not None
            yield self.service(self._levels(code)[self._voice]), price, count

    def amounts(self, numbers: NDArray[np.uint32]) -> NDArray[np.object_]:
        """The price of each cell of `numbers`; None where it is not known."""
        found = [np.zeros(0, dtype=object)]
        for codes, _ in self._coded(numbers):
            unique, inverse = np.unique(codes, return_inverse=True)
            prices = np.empty(len(unique), dtype=object)
            prices[:] = [
                None if (one := self._together[code].price) is None else one.amount for code in unique.tolist()
            ]
            found.append(prices[inverse])
        return np.concatenate(found)

    def service(self, voice: int) -> str:
        """The id of the service of a level of ``voice``."""
        return self._voices[voice].session.service.profile.id

    def matching(self, voice: int) -> Callable[[Mapping[str, Any]], Iterator[dict[int, int]]]:
        """What finds the levels of all factors that make the same request as the parameters of a task do.

        Args:
            voice: The level of ``voice``.
        """
        known = self._normal(voice)
        kind = self._voices[voice].session.service.request_type("production")

        def levels_of(parameters: Mapping[str, Any]) -> Iterator[dict[int, int]]:
            try:
                values = kind.model_validate(dict(parameters)).model_dump(mode="json")
            except ValueError:
                # A parameter of another version of voicenb.
                return
            found = [levels.get(_written(values.get(self._names[place])), []) for place, levels in known.items()]
            for chosen in product(*found):
                yield {**dict(zip(known, chosen, strict=True)), self._voice: voice}

        return levels_of

    def _normal(self, voice: int) -> dict[int, dict[str, list[int]]]:
        """The levels of every factor but ``voice`` by what a request makes of them."""
        known: dict[int, dict[str, list[int]]] = {
            place: defaultdict(list) for place in range(len(self._names)) if place != self._voice
        }
        seen: set[tuple[int, int]] = set()
        good: dict[int, int] | None = None

        def note(levels: Mapping[int, int], request: ServiceRequest) -> None:
            values = request.model_dump(mode="json")
            for place, level in levels.items():
                if place in known and (place, level) not in seen:
                    seen.add((place, level))
                    known[place][_written(values[self._names[place]])].append(level)

        for code, asked in self._together.items():
            levels = self._levels(code)
            if levels[self._voice] == voice and asked.request is not None:
                good = good or levels
                note(levels, asked.request)
        if good is not None:
            for place in known:
                if place not in self._read:
                    for level in range(len(self._design.factors[place].levels)):
                        asked = self._ask(voice, {**good, place: level})
                        if asked.request is not None:
                            note({place: level}, asked.request)
        return known

    def _coded(
        self, numbers: NDArray[np.uint32] | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Cells part by part: a code for each one's levels of the factors that rules read, and its number."""
        chosen = self._numbers if numbers is None else numbers
        for start in range(0, len(chosen), _AT_ONCE):
            some = chosen[start : start + _AT_ONCE].astype(np.int64)
            codes = np.zeros(len(some), dtype=np.int64)
            for position in sorted(self._read):
                codes *= len(self._design.factors[position].levels)
                codes += self._design.column(position, some)
            yield codes, some

    def _levels(self, code: int) -> dict[int, int]:
        levels = {}
        for position in sorted(self._read, reverse=True):
            code, levels[position] = divmod(code, len(self._design.factors[position].levels))
        return levels


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
