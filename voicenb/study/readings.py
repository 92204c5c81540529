"""What is asked of a study that is made already: its frame, and what each factor does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from voicenb.base.arguments import interval_level
from voicenb.errors import InvalidRequest
from voicenb.measures.definition import Measure, MeasureFunction
from voicenb.measures.registry import measure_of, measures
from voicenb.study.design import Cells, Design
from voicenb.study.effects import AUDIBLE, Effect, effect_of, effects_table

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from voicenb.statistics.contrasts import Method

__all__ = ["Readings"]

_MOST_ROWS = 100_000
"""The rows that `Readings.frame` gives with every column."""


class Readings(ABC):
    """A study as it is read, wherever its rows are kept."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The study's name."""

    @property
    @abstractmethod
    def design(self) -> Design:
        """Its factors, and how they are put together."""

    @abstractmethod
    def _frames(
        self,
        size: int,
        *,
        columns: Sequence[str] | None,
        degraded: bool,
        failures: bool,
        executor: Executor | None,
    ) -> Iterator[pd.DataFrame]:
        """The rows in parts of `size` cells each; see `iter_frames`."""

    @property
    def cells(self) -> Cells:
        """Every cell, worked out when it is asked for."""
        return self.design.cells

    def __len__(self) -> int:
        return len(self.design)

    def frame(
        self,
        columns: Sequence[str] | None = None,
        *,
        degraded: bool = False,
        failures: bool = True,
        executor: Executor | None = None,
    ) -> pd.DataFrame:
        """One row a cell: its levels, its task, and what was measured of its clip.

        Args:
            columns: Only these; a measure that is not among them is not taken. None gives all.
            degraded: Whether clips that a fallback made are there.
            failures: Whether cells without a clip are there.
            executor: Where clips are measured; None takes threads.

        Raises:
            InvalidRequest: There is no such column, or all columns were asked for of more than 100,000 cells.
        """
        if columns is None and len(self) > _MOST_ROWS:
            raise InvalidRequest(
                f"frame() of {len(self):,} cells needs columns=[…], such as ['speed', 'duration']; iter_frames() gives all "
                "columns part by part"
            )
        (frame,) = self._frames(len(self), columns=columns, degraded=degraded, failures=failures, executor=executor)
        return frame

    def iter_frames(
        self,
        size: int = 5_000,
        *,
        columns: Sequence[str] | None = None,
        degraded: bool = False,
        failures: bool = True,
        executor: Executor | None = None,
    ) -> Iterator[pd.DataFrame]:
        """The rows of `frame` in parts, for studies of very many cells.

        Args:
            size: How many cells a part stands for, 1 and more.
            columns: As in `frame`.
            degraded: As in `frame`.
            failures: As in `frame`.
            executor: As in `frame`.

        Raises:
            InvalidRequest: The size is none, or there is no such column.
        """
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise InvalidRequest(f"size={size!r}: allowed is a whole number from 1")
        return self._frames(size, columns=columns, degraded=degraded, failures=failures, executor=executor)

    def measure(self, *which: str | MeasureFunction, executor: Executor | None = None) -> pd.DataFrame:
        """One row a cell with a clip: its levels, take, and these measures.

        Args:
            which: Names of measures, or functions that ``@vn.measure`` stands before.
            executor: Where clips are measured; None takes threads.

        Raises:
            InvalidRequest: There is no such measure.
        """
        names = [self._measure(one).name for one in which]
        if not names:
            raise InvalidRequest("measure() needs a measure, such as measure('f0_median')")
        columns = ["cell", *(one.name for one in self.design.factors), "take", *names, "not_measured"]
        return self.frame(columns, failures=False, executor=executor)

    def effect(
        self,
        factor: str,
        *,
        on: str | MeasureFunction,
        margin: float | str | None = AUDIBLE,
        level: float = 0.95,
        method: Method = "t",
        degraded: bool = False,
    ) -> Effect:
        """What a factor does to a measure, within blocks of the same voice, text and other levels; takes are averaged.

        Args:
            factor: The factor.
            on: The measure's name, or a function that ``@vn.measure`` stands before.
            margin: What counts as no change: ``"audible"`` (the measure's published just-noticeable difference, where it has
                one), a number (a share for measures that multiply), or None.
            level: The interval's level, 0–1.
            method: ``"t"``, or ``"bootstrap"`` from 20 blocks on.
            degraded: Whether clips that a fallback made count.

        Raises:
            InvalidRequest: There is no such factor, measure or method, the factor has one level, the level is none, or a bootstrap
                has fewer than 20 blocks.
        """
        level = interval_level(level)
        chosen = self._measure(on)
        varied = self.design.factor(factor)
        frame = self.frame(["cell", "status", chosen.name], degraded=degraded, failures=False)
        return effect_of(frame, self.design, varied, chosen, margin=margin, level=level, method=method)

    def effects(self, *, level: float = 0.95, degraded: bool = False) -> pd.DataFrame:
        """What every factor does to every measure: what else a parameter moves is seen here.

        One row for each factor with several levels and each measure: verdict, the largest difference that it rests on with its unit
        and interval, and its p-value after Holm over all measures and levels of the factor. The margin is the audible one.

        Args:
            level: The intervals' level, 0–1.
            degraded: Whether clips that a fallback made count.

        Raises:
            InvalidRequest: The level is none.
        """
        level = interval_level(level)
        known = self._measures()
        frame = self.frame(["cell", "status", *known], degraded=degraded, failures=False)
        return effects_table(frame, self.design, known, level=level)

    def _measures(self) -> Mapping[str, Measure]:
        """The measures that its frame has, by their names."""
        return measures()

    def _measure(self, which: str | MeasureFunction) -> Measure:
        """One of them.

        Raises:
            InvalidRequest: There is no such measure.
        """
        return measure_of(which)
