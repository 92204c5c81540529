"""What a study's clips measure, one row a cell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import TaskRecord
from voicenb.ledger.studies import Measurement
from voicenb.measures.definition import Measure
from voicenb.measures.elsewhere import measured
from voicenb.measures.job import Job, Row, measure_job
from voicenb.measures.registry import measures
from voicenb.study.design import Cell, Design
from voicenb.study.frames import frame_of, measures_among
from voicenb.study.standing import newest_tasks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Results"]

_Place: TypeAlias = tuple[str, str, str, str, int]
"""The first five fields of a `Measurement`, by which it is found."""


class _Sound(NamedTuple):
    """A clip to be measured.

    Attributes:
        file: Its file.
        reference: The file of the baseline's cell of the same text, voice and take; "" where there is none.
        text: Its text.
    """

    file: str
    reference: str
    text: str

    def place(self, measure: Measure) -> _Place:
        """What the ledger keeps a value of it by."""
        text = hashlib.sha256(self.text.encode()).hexdigest() if measure.needs_text else ""
        return self.file, self.reference if measure.needs_reference else "", text, measure.name, measure.version


class Results:
    """The frame of a study.

    Args:
        design: The design.
        ledger: The ledger.
        study: The study's id in it.
        targets: The files of recordings that distances are taken to, by text.
    """

    def __init__(self, design: Design, ledger: Ledger, study: str, targets: Mapping[str, str]) -> None:
        self._design, self._ledger, self._study, self._targets = design, ledger, study, targets

    def frames(
        self,
        refused: Mapping[str, str],
        size: int,
        *,
        columns: Sequence[str] | None = None,
        degraded: bool = False,
        failures: bool = True,
        executor: Executor | None = None,
    ) -> Iterator[pd.DataFrame]:
        """The frame in parts of `size` cells each: see `Study.iter_frames`; `refused` says why cells were refused before anything was sent."""
        chosen = measures_among(columns, self._design, measures())
        tasks = newest_tasks(self._ledger.studies.tasks(self._study))
        kept = self._kept() if chosen else {}
        for start in range(0, len(self._design), size):
            cells = {}
            for cell in self._design.cells[start : start + size]:
                record = tasks.get(cell.key)
                if failures if _sound_of(record) is None else degraded or not (record and record.degraded):
                    cells[cell.key] = cell
            found = self.measured(cells, tasks, chosen, executor, kept)
            rows = []
            for key, cell in cells.items():
                own = {name: found[key, name] for name in chosen if (key, name) in found}
                reasons = [f"{name}: {one.error}" for name, one in own.items() if one.error is not None]
                rows.append(
                    {"cell": cell.number, **cell.levels, "take": cell.take, "service": cell.service}
                    | self._about(tasks.get(key), refused.get(key))
                    | {"not_measured": "; ".join(reasons) or None}
                    | {name: np.nan if one.value is None else one.value for name, one in own.items()}
                )
            yield frame_of(rows, columns, self._design, list(chosen))

    def _about(self, record: TaskRecord | None, refused: str | None) -> dict[str, Any]:
        if record is None:
            return {"status": "refused" if refused else "not made", "error": refused}
        return {
            "task": record.id, "status": record.status, "cost": record.cost, "unit": record.unit,
            "degraded": record.degraded, "provider": record.provider, "cached": record.cached,
            "seconds": record.seconds, "error": record.error,
            "file": str(self._ledger.files.path(record.file)) if record.file else None,
        }  # fmt: skip

    def measured(
        self,
        cells: Mapping[str, Cell],
        tasks: Mapping[str, TaskRecord],
        chosen: Mapping[str, Measure],
        executor: Executor | None,
        kept: dict[_Place, Measurement],
    ) -> dict[tuple[str, str], Measurement]:
        """What was measured, by the key of the cell's task and the measure's name.

        Args:
            cells: The cells, by the key of the task whose clip is measured.
            tasks: The study's tasks, by key.
            chosen: The measures.
            executor: Where what is not known is measured; None takes threads.
            kept: What is known; what is measured is added to it, and to the ledger.
        """
        wanted: dict[tuple[str, str], _Place] = {}
        jobs: dict[_Sound, set[tuple[str, int]]] = {}
        for key, cell in cells.items():
            file = _sound_of(tasks.get(key))
            if file is None:
                continue
            sound = _Sound(file, self._reference_of(cell, tasks), cell.text)
            for name, one in chosen.items():
                if one.needs_reference and not sound.reference:
                    continue
                place = wanted[key, name] = sound.place(one)
                if place not in kept:
                    jobs.setdefault(sound, set()).add((name, one.version))
        kept |= self._measured(jobs, chosen, executor)
        return {cell: kept[place] for cell, place in wanted.items() if place in kept}

    def _kept(self) -> dict[_Place, Measurement]:
        """All that the ledger has of the study's clips."""
        return {one[:5]: one for one in self._ledger.studies.measured(self._study)}

    def _reference_of(self, cell: Cell, tasks: Mapping[str, TaskRecord]) -> str:
        """The file that a cell's clip is held against; "" where there is none. Never one of other words."""
        if self._targets:
            return self._targets.get(cell.text, "")
        base = self._design.baseline_of(cell)
        return "" if base is None else _sound_of(tasks.get(base)) or ""

    def artefacts(self) -> pd.DataFrame:
        """See `Study.artefacts`."""
        import pandas as pd

        screen = measures()["artefacts"]
        tasks = newest_tasks(self._ledger.studies.tasks(self._study))
        cells = {cell.key: cell for cell in self._design.cells if _sound_of(tasks.get(cell.key))}
        kept = self._kept()
        counts = self.measured(cells, tasks, {screen.name: screen}, None, kept)
        factors = [one.name for one in self._design.factors]
        rows = []
        for key, cell in cells.items():
            # Only their number is kept; where they are is looked up again.
            if (count := counts.get((key, screen.name))) and count.value:
                sound = _Sound(_sound_of(tasks[key]) or "", "", cell.text)
                row = Row(*measure_job(self._job(sound, [(screen.name, screen.version)])))
                rows += [(cell.number, *cell.levels.values(), cell.take, *one) for one in row.findings]
        return pd.DataFrame(rows, columns=["cell", *factors, "take", "start", "end", "what"])

    def values_of(
        self, cells: Mapping[str, Cell], tasks: Mapping[str, TaskRecord], chosen: Mapping[str, Measure]
    ) -> pd.DataFrame:
        """What was measured: one row a cell, in their order, one column a measure.

        Args:
            cells: The cells, by the key of the task whose clip is measured.
            tasks: The study's tasks, by key.
            chosen: The measures.
        """
        import pandas as pd

        kept = self._kept()
        found = self.measured(cells, tasks, chosen, None, kept)
        values = {(key, name): one.value for (key, name), one in found.items()}
        return pd.DataFrame(
            [[values.get((key, name)) for name in chosen] for key in cells], columns=list(chosen), dtype=np.float64
        )

    def _job(self, sound: _Sound, names: Iterable[tuple[str, int]]) -> Job:
        path = self._ledger.files.path
        return Job(
            _sha256(sound.file), str(path(sound.file)), None, sound.text, tuple(names),
            _sha256(sound.reference), str(path(sound.reference)) if sound.reference else None,
        )  # fmt: skip

    def _measured(
        self, jobs: Mapping[_Sound, set[tuple[str, int]]], chosen: Mapping[str, Measure], executor: Executor | None
    ) -> dict[_Place, Measurement]:
        found: dict[_Place, Measurement] = {}
        pending = [(sound, [(name, one.version) for name, one in chosen.items() if (name, one.version) in names])
                   for sound, names in jobs.items()]  # fmt: skip
        for batch in measured([self._job(*one) for one in pending], executor):
            rows: list[Measurement] = []
            lasting: list[Measurement] = []
            for place, row in batch:
                sound, names = pending[place]
                of_sound = _rows(sound, row, names, chosen)
                rows += of_sound
                # What another process may measure is not written down as what cannot be measured.
                lasting += [one for one in of_sound if one.measure not in row.local and "" not in row.local]
            self._ledger.studies.keep(lasting).result()
            found |= {one[:5]: one for one in rows}
        return found


def _rows(
    sound: _Sound, row: Row, wanted: Iterable[tuple[str, int]], chosen: Mapping[str, Measure]
) -> list[Measurement]:
    """The rows of what was measured of one sound, and of what could not be."""
    found = {name: value for name, _, value in row.values}  # noqa: PD011 - a tuple of its own
    reasons = dict(row.errors)
    measured = []
    for name, _ in wanted:
        value = found.get(name, np.nan)
        # What went wrong with the sound itself went wrong with each of its measures.
        reason = None if name in found else reasons.get(name, reasons.get(""))
        measured.append(Measurement(*sound.place(chosen[name]), None if np.isnan(value) else value, reason))
    return measured


def _sound_of(record: TaskRecord | None) -> str | None:
    """The file of a clip that was made; None where there is none."""
    return None if record is None or record.status != "completed" else record.file


def _sha256(file: str) -> str:
    return file.rpartition("/")[2].partition(".")[0]
