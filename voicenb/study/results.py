"""What a study's clips measure, one row a cell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from os import cpu_count
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import TaskRecord
from voicenb.ledger.studies import Measurement
from voicenb.measures.definition import Measure
from voicenb.measures.job import Job, Row, measure_job
from voicenb.measures.registry import measures
from voicenb.study.design import Cell, Design
from voicenb.study.run import newest_tasks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Results"]

_BATCH = 64
_COLUMNS = ("task", "status", "cost", "unit", "degraded", "provider", "cached", "seconds", "error", "file")


class Results:
    """The frame of a study.

    Args:
        design: The design.
        ledger: The ledger.
        study: The study's id in it.
    """

    def __init__(self, design: Design, ledger: Ledger, study: str) -> None:
        self._design, self._ledger, self._study = design, ledger, study

    def frame(
        self, refused: Mapping[str, str], *, degraded: bool, failures: bool, executor: Executor | None
    ) -> pd.DataFrame:
        """See `Study.frame`; `refused` says why cells were refused before anything was sent."""
        import pandas as pd

        tasks = newest_tasks(self._ledger.studies.tasks(self._study))
        chosen = measures()
        values, missed = self._values(tasks, chosen, executor)
        rows = []
        for cell in self._design.cells:
            key = cell.key
            record = tasks.get(key)
            if record is None or record.status != "completed":
                if not failures:
                    continue
            elif record.degraded and not degraded:
                continue
            row = {"cell": cell.number, **cell.levels, "take": cell.take, "service": cell.service}
            row |= self._about(record, refused.get(key))
            row |= {name: values.get((key, name), np.nan) for name in chosen}
            row["not_measured"] = (
                "; ".join(f"{name}: {missed[key, name]}" for name in chosen if (key, name) in missed) or None
            )
            rows.append(row)
        columns = [
            "cell",
            *(one.name for one in self._design.factors),
            "take",
            "service",
            *_COLUMNS,
            "not_measured",
            *chosen,
        ]
        return pd.DataFrame(rows, columns=columns)

    def _about(self, record: TaskRecord | None, refused: str | None) -> dict[str, Any]:
        if record is None:
            return {"status": "refused" if refused else "not made", "error": refused}
        return {
            "task": record.id, "status": record.status, "cost": record.cost, "unit": record.unit,
            "degraded": record.degraded, "provider": record.provider, "cached": record.cached,
            "seconds": record.seconds, "error": record.error,
            "file": str(self._ledger.files.path(record.file)) if record.file else None,
        }  # fmt: skip

    def _values(
        self, tasks: Mapping[str, TaskRecord], chosen: Mapping[str, Measure], executor: Executor | None
    ) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], str]]:
        """The values, and why one is missing, by the cell's key and the measure's name; what is not known is measured and written down."""
        kept = {one[:5]: one for one in self._ledger.studies.measured(self._study)}
        wanted: dict[tuple[str, str], tuple[str, str, str, str, int]] = {}
        jobs: dict[tuple[str, str, str], tuple[Job, list[tuple[str, int]]]] = {}
        for cell in self._design.cells:
            record = tasks.get(cell.key)
            if record is None or record.status != "completed" or record.file is None:
                continue
            reference = self._reference(cell, tasks)
            for name, measure in chosen.items():
                against = reference if measure.needs_reference else ""
                if measure.needs_reference and not against:
                    continue
                text = hashlib.sha256(cell.text.encode()).hexdigest() if measure.needs_text else ""
                place = (record.file, against, text, name, measure.version)
                wanted[cell.key, name] = place
                if place not in kept:
                    job = jobs.setdefault(
                        (record.file, reference, cell.text), (self._job(record.file, reference, cell.text), [])
                    )
                    if (name, measure.version) not in job[1]:
                        job[1].append((name, measure.version))
        kept |= self._measured(jobs, chosen, executor)
        found = {cell: kept[place] for cell, place in wanted.items() if place in kept}
        return (
            {cell: one.value for cell, one in found.items() if one.value is not None},
            {cell: one.error for cell, one in found.items() if one.error is not None},
        )

    def _reference(self, cell: Cell, tasks: Mapping[str, TaskRecord]) -> str:
        """The file of the baseline's cell of the same text, voice and take; "" where there is none."""
        key = self._design.baseline_of(cell)
        record = None if key is None else tasks.get(key)
        return record.file if record is not None and record.status == "completed" and record.file else ""

    def _job(self, file: str, reference: str, text: str) -> Job:
        path = self._ledger.files.path
        return Job(
            _sha256(file), str(path(file)), None, text, (),
            _sha256(reference) if reference else "", str(path(reference)) if reference else None,
        )  # fmt: skip

    def _measured(
        self,
        jobs: Mapping[tuple[str, str, str], tuple[Job, list[tuple[str, int]]]],
        chosen: Mapping[str, Measure],
        executor: Executor | None,
    ) -> dict[tuple[str, str, str, str, int], Measurement]:
        found: dict[tuple[str, str, str, str, int], Measurement] = {}
        if not jobs:
            return found
        own = None if executor is not None else ThreadPoolExecutor(min(4, cpu_count() or 1))
        try:
            pending = list(jobs.items())
            for start in range(0, len(pending), _BATCH):
                batch = pending[start : start + _BATCH]
                pool = executor or own
                assert pool is not None
                futures = [pool.submit(measure_job, job._replace(measures=tuple(names))) for _, (job, names) in batch]
                rows: list[Measurement] = []
                for (place, (_, names)), future in zip(batch, futures, strict=True):
                    rows += _measurements(place, Row(*future.result()), names, chosen)
                self._ledger.studies.keep(rows).result()
                found |= {one[:5]: one for one in rows}
        finally:
            if own is not None:
                own.shutdown(cancel_futures=True)
        return found


def _measurements(
    place: tuple[str, str, str], row: Row, wanted: Iterable[tuple[str, int]], chosen: Mapping[str, Measure]
) -> list[Measurement]:
    """The rows of what was measured of one sound, and of what could not be."""
    file, reference, text = place
    digest = hashlib.sha256(text.encode()).hexdigest()

    def at(name: str) -> tuple[str, str, str]:
        one = chosen[name]
        return file, reference if one.needs_reference else "", digest if one.needs_text else ""

    _, _, measured, _, errors = row
    found = [
        Measurement(*at(name), name, version, None if np.isnan(value) else value) for name, version, value in measured
    ]
    reasons = dict(errors)
    # What went wrong with the sound itself went wrong with each of its measures.
    missed = {name: version for name, version in wanted if "" in reasons or name in reasons}
    found += [
        Measurement(*at(name), name, version, None, reasons.get(name) or reasons[""])
        for name, version in missed.items()
    ]
    return found


def _sha256(file: str) -> str:
    return file.rpartition("/")[2].partition(".")[0]
