"""`Study`: what is varied, in which voices, and what came of it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from voicenb.base.arguments import interval_level
from voicenb.base.home import home as home_folder
from voicenb.base.views import view
from voicenb.errors import InvalidRequest
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import StudyRecord, TaskRecord, now
from voicenb.listening.listen import blind_test
from voicenb.measures.registry import measures
from voicenb.study.blind import blind_sources, chosen_levels
from voicenb.study.comparing import LedgerClips, StudyPages
from voicenb.study.coroutines import StudyAio
from voicenb.study.design import Cell, Design
from voicenb.study.differences import differences_table
from voicenb.study.drift import drift_table, oldest_cells, repetition_of
from voicenb.study.facts import facts_of
from voicenb.study.kept import KeptStudy, is_report
from voicenb.study.listing import record_of
from voicenb.study.plan import Plan, planned
from voicenb.study.readings import Readings
from voicenb.study.reporting import Material, private_folders, write_report
from voicenb.study.results import Results
from voicenb.study.run import Amount, Stop, budgets_of, run_cells
from voicenb.study.stages import Stages, stage_of
from voicenb.study.standing import Standing, newest_tasks, repetition_key, standing_of
from voicenb.study.targets import kept_targets
from voicenb.study.voices import KeptVoices, as_voices, by_level, parameters_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from voicenb.listening.test import ListeningTest
    from voicenb.studio.voice import Voice

__all__ = ["Study"]


class _Found(NamedTuple):
    """A study as the ledger has it, and which of its stages is meant."""

    ledger: Ledger
    record: StudyRecord
    kept: Stages
    place: int


class Study(Readings):
    """A question about parameters, and the cells that answer it.

    Args:
        voices: The voice, or several: then they are the factor ``voice``.
        text: The text, or several.
        takes: How often each combination is made, 1 to 100.
        name: The study's name in this home, by which it is taken up again; else one that the design gives it.
        question: What is asked, in words.
        baseline: The level of a factor that the others are held against; else the first one.
        design: ``"grid"``, ``"paired"``, ``"one-at-a-time"`` or ``"latin"``: see `voicenb.study.design.Design`.
        sample: So many of all combinations, balanced.
        where: Says of a `Cell` whether it belongs to the study.
        order: ``"blocks"``, ``"random"`` or ``"given"``.
        seed: What is drawn is drawn from it.
        target: A recording of each text that has one, which the distances (`mcd_mfcc13_80mel_dtw`, …) are then taken to; without
            one they are taken to the baseline's clip of the same text, voice and take. Kept in the home.
        factors: Parameters of the voices' services, each with its level or its levels.

    Raises:
        InvalidRequest: The factors do not fit, or a study of that name has another design.
    """

    def __init__(
        self,
        voices: Voice | Sequence[Voice],
        *,
        text: str | Sequence[str],
        takes: int = 2,
        name: str | None = None,
        question: str = "",
        baseline: Mapping[str, Any] | None = None,
        design: str = "grid",
        sample: int | None = None,
        where: Callable[[Cell], object] | None = None,
        order: str = "blocks",
        seed: int = 0,
        target: Mapping[str, Any] | None = None,
        **factors: Any,
    ) -> None:
        given = by_level(as_voices(voices))
        stage = stage_of(
            given, text, factors, baseline,
            takes=takes, kind=design, sample=sample, order=order, seed=seed, question=question,
        )  # fmt: skip
        if name is None:
            name = f"study-{hashlib.sha256(json.dumps(stage.to_json(), sort_keys=True).encode()).hexdigest()[:8]}"
        ledger = next(iter(given.values())).session.ledger
        targets = kept_targets(ledger, stage.design.factor("text").levels, target)
        kept = Stages(stage, filtered=where is not None, targets=targets)
        record = ledger.studies.add(StudyRecord(id=uuid.uuid4().hex, name=name, design=kept.to_json(), created=now()))
        kept = Stages.from_json(record.design)
        if kept.targets != targets:
            raise InvalidRequest(
                f"there is a study {name!r} with other recordings as target=. Give this one another name."
            )
        self._begin(_Found(ledger, record, kept, kept.place_of(stage, name)), given, where)
        if where is not None and not kept.filtered:
            self._keep(replace(kept, filtered=True))

    @classmethod
    def open(
        cls, name: str | Path, *, where: Callable[[Cell], object] | None = None, home: str | Path | None = None
    ) -> Study | KeptStudy:
        """Takes up a study of this home by its name. A service is connected only when it is needed, for `plan` and `run`.

        Args:
            name: The study's name; see `studies`. Or a file that `report` wrote, ``.html`` or ``.ipynb``: what it keeps is read back
                as a `voicenb.study.kept.KeptStudy`, with frame, effects and clips.
            where: As when it was made; `plan` and `run` ask for it where it was given then.
            home: The home folder; else that of ``VOICENB_HOME``, or the platform's.

        Raises:
            InvalidRequest: There is no study of that name; or the file is missing, damaged, or no report.
        """
        if is_report(name):
            return KeptStudy.read(name)
        ledger = Ledger.at(home_folder(home))
        record = record_of(ledger, str(name))
        kept = Stages.from_json(record.design)
        study = cls.__new__(cls)
        found = _Found(ledger, record, kept, len(kept.extensions))
        study._begin(found, KeptVoices(ledger, kept.last.voices), where)  # noqa: SLF001 - a study of this class
        return study

    def _begin(self, found: _Found, voices: Mapping[str, Voice], where: Callable[[Cell], object] | None) -> None:
        self._ledger, self._record, self._kept, self._place = found
        self._voices, self._where = voices, where
        self._refused: dict[str, str] = {}
        self.aio = StudyAio(self.run)

    def _keep(self, kept: Stages) -> None:
        self._kept = kept
        self._record = replace(self._record, design=kept.to_json())
        self._ledger.studies.redesign(self._record).result()

    @property
    def name(self) -> str:
        """Its name in this home."""
        return self._record.name

    @property
    def voices(self) -> Mapping[str, Voice]:
        """The voice of each level of ``voice``."""
        return self._voices

    @property
    def where(self) -> Callable[[Cell], object] | None:
        """What says which cells belong to it, as it was given; None where nothing was."""
        return self._where

    @property
    def design(self) -> Design:
        """Its factors, and how they are put together."""
        return self._kept.all[self._place].design

    def __repr__(self) -> str:
        factors = " × ".join(f"{one.name} {len(one.levels)}" for one in self.design.factors if len(one.levels) > 1)
        return f"<Study {self.name!r}: {factors or 'one cell'}, {self.design.takes} takes, {len(self):,} cells>"

    # -- making ------------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """What `run` would do and cost. Nothing is paid; the services are asked for their prices, once a studio."""
        where = self._filter()
        return planned(self.design, self._voices, where, self._tasks())

    def run(
        self,
        *,
        budget: Amount | Mapping[str, Amount] | None = None,
        executor: Executor | None = None,
        stop: Stop | None = None,
        quiet: bool = False,
    ) -> Study:
        """Makes every cell that is not made. The same call again goes on where it stopped, and pays nothing twice.

        A cell that fails is a row of `frame`; one that failed without a charge is asked for again by the next run.

        Args:
            budget: What the study may cost in all its runs: one amount, or one for each service by its id.
            executor: Measures the clips when all are made, as `frame` would; without it they are measured when they are asked for.
                Paid cells are never distributed.
            stop: Asked before each cell; True ends the asking, and what is under way is waited for.
            quiet: Shows no progress.

        Raises:
            InvalidRequest: The budget does not fit the services.
            BudgetExceeded: It has no room for the next cell.
            KeyboardInterrupt: Tasks under way go on.
        """
        where = self._filter()
        with budgets_of(self._voices, f"study: {self.name}", budget):
            self._refused = run_cells(
                (self.cells[number] for number in self.design.sequence().tolist()),
                self._voices,
                self._record.id,
                total=len(self),
                where=where,
                stop=stop,
                mode="none" if quiet else None,
            )
        if executor is not None:
            for _ in self.iter_frames(executor=executor):
                pass
        return self

    def extend(self, *, voice: Voice | Sequence[Voice] | None = None, **levels: Any) -> Study:
        """Adds levels to factors that the study has; what is made stays made, and `run` makes the rest.

        The same call again, when a notebook is run from the top, finds what it added.

        Args:
            voice: More voices.
            levels: The new levels of each factor, one or a list.

        Raises:
            InvalidRequest: There is no such factor, or it has the level already; a sampled design, whose cells would change; or
                the study was extended in another way before.
        """
        new = by_level(as_voices(voice), list(self._voices)) if voice is not None else {}
        everyone = [*self._voices.values(), *new.values()]
        named = parameters_of(everyone, {name: given for name, given in levels.items() if name != "text"})
        named |= {"text": levels["text"]} if "text" in levels else {}
        if not named and not new:
            raise InvalidRequest("extend() needs a factor and its new levels, such as extend(speed=[1.4])")
        more = {
            name: list(given) if isinstance(given, (list, tuple, range)) else [given] for name, given in named.items()
        }
        voices = {level: (one.key, one.session.service.profile.id) for level, one in new.items()}
        kept = self._kept.extended(self._place, more, voices, self.name)
        self._voices = dict(self._voices) | new
        if kept is not self._kept:
            self._keep(kept)
        self._place += 1
        return self

    def drift(
        self,
        *,
        cells: int = 3,
        budget: Amount | Mapping[str, Amount] | None = None,
        level: float = 0.95,
        quiet: bool = False,
    ) -> pd.DataFrame:
        """Makes the oldest cells once more, paid like any, and says of each measure whether it has changed since.

        Every call repeats them again; one that was interrupted goes on with the repetition that it was at.

        Args:
            cells: How many, 1 and more; a verdict needs 2.
            budget: What the repetition may cost; as in `run`.
            level: The intervals' level, 0–1.
            quiet: Shows no progress.

        Returns:
            One row a measure: measure, verdict, estimate (now less then, the mean over cells), low, high, unit, p_holm (over the
            measures), margin, cells, then and now (means), since (UTC).

        Raises:
            InvalidRequest: Nothing is made yet, or the level is none.
            BudgetExceeded: The budget has no room for the next cell.
        """
        level = interval_level(level)
        tasks = self._tasks()
        chosen = oldest_cells(self.design, tasks, cells)
        repetition = repetition_of(chosen, tasks)
        keys = {repetition_key(cell.key, repetition): cell for cell in chosen}
        with budgets_of(self._voices, f"study: {self.name}, repetition {repetition}", budget):
            run_cells(
                chosen,
                self._voices,
                self._record.id,
                total=len(chosen),
                key=lambda cell: repetition_key(cell.key, repetition),
                fresh=True,
                mode="none" if quiet else None,
            )
        tasks = self._tasks()
        known = measures()
        values = self._results.values_of({cell.key: cell for cell in chosen} | keys, tasks, known)
        then, again = values.head(len(chosen)), values.tail(len(chosen)).reset_index(drop=True)
        table = drift_table(then, again, known, level=level)
        return table.assign(since=min(tasks[cell.key].created for cell in chosen))

    def _filter(self) -> Callable[[Cell], object] | None:
        """What `where` was.

        Raises:
            InvalidRequest: The study was made with one, and was taken up without.
        """
        if self._where is None and isinstance(self._voices, KeptVoices) and self._kept.filtered:
            raise InvalidRequest(
                f"the study {self.name!r} was made with where=, which a ledger cannot keep; give it again: "
                f"vn.Study.open({self.name!r}, where=…). Nothing was sent."
            )
        return self._where

    # -- results -----------------------------------------------------------------------------------------------

    @property
    def _results(self) -> Results:
        return Results(self.design, self._ledger, self._record.id, self._kept.targets)

    def standing(self) -> Standing:
        """What became of its cells so far, from the ledger."""
        return standing_of(self._tasks(), len(self._refused))

    def _tasks(self) -> dict[str, TaskRecord]:
        return newest_tasks(self._ledger.studies.tasks(self._record.id))

    def _frames(
        self,
        size: int,
        *,
        columns: Sequence[str] | None,
        degraded: bool,
        failures: bool,
        executor: Executor | None,
    ) -> Iterator[pd.DataFrame]:
        return self._results.frames(
            self._refused, size, columns=columns, degraded=degraded, failures=failures, executor=executor
        )

    def artefacts(self) -> pd.DataFrame:
        """Where clips have clipping, dropouts, repeats, truncations, long silences, clicks or a DC offset.

        Returns:
            One row a finding: cell, every factor, take, start and end (seconds), what.
        """
        return self._results.artefacts()

    def diff(self, other: Study) -> pd.DataFrame:
        """What tells two studies apart: one row for each thing that differs, and the cells that both have.

        Args:
            other: The other study, or one that `Study.open` took up.

        Returns:
            Columns what, this, other.

        Raises:
            InvalidRequest: It is none.
        """
        if not isinstance(other, Study):
            raise InvalidRequest(f"diff() needs a study, such as vn.Study.open('name'); {other!r:.60} was given")
        return differences_table(
            (self.name, self._kept.all[self._place], self._tasks()),
            (other.name, other._kept.all[other._place], other._tasks()),
        )

    # -- seen and heard ----------------------------------------------------------------------------------------

    def listen(
        self,
        kind: str = "abx",
        *,
        between: Mapping[str, Any] | str | None = None,
        reference: Mapping[str, Any] | Any = None,
        question: str | None = None,
        title: str | None = None,
        attribute: str | None = None,
        trials: int | None = None,
        listeners: int = 24,
        repeats: int = 0,
        catch: int = 0,
        training: int | None = None,
        headphones: bool = False,
        tie: bool = True,
        matched: bool = True,
        seed: int = 0,
        name: str | None = None,
    ) -> ListeningTest:
        """A blind listening test of clips that the study has; nothing is paid for it.

        Levels are compared within the same text, voice and level of every other factor, by the first take that is there. The same
        call again is the same test, with the votes that it has.

        Args:
            kind: ``"abx"``, ``"ab"``, ``"acr"`` (MOS), ``"cmos"``, ``"multi"`` or ``"mushra"``.
            between: What is compared: levels by factor, such as ``{"speed": (1, 1.2)}``, or a factor's name. None takes the first
                factor with several levels, parameters first.
            reference: MUSHRA: a recording of each text, by text.
            question: What listeners are asked.
            title: What stands above the test.
            attribute: What is judged, such as ``"naturalness"``.
            trials: How many; None for all that there are (ABX: 16).
            listeners: For how many there are orders.
            repeats: How many trials come twice.
            catch: How many trials have a spoilt sound.
            training: How many trials of practice come first.
            headphones: Whether a check for headphones comes first.
            tie: AB: whether "no preference" may be answered.
            matched: Whether all sounds are made equally loud; off, and that is said, where several levels of volume are compared.
            seed: Which clips meet is drawn from it.
            name: The test's name in this home.

        Raises:
            InvalidRequest: There is no such factor or level, nothing of it is made yet, or a setting is out of its range.
        """
        chosen = chosen_levels(self.design, between)
        sources = blind_sources(self.design, self._tasks(), chosen)
        if not sources:
            raise InvalidRequest("nothing of what is to be compared is made yet; study.run() makes it")
        return blind_test(
            self._ledger,
            sources,
            kind,
            references=reference, question=question, title=title, attribute=attribute, trials=trials, listeners=listeners,
            repeats=repeats, catch=catch, training=training, headphones=headphones, tie=tie, matched=matched,
            volume=len(chosen.get("volume", ())) > 1, seed=seed, name=name, prefix=self.name, study=self.name,
        )  # fmt: skip

    def compare(self, rows: str | None = None, columns: str | None = None, **fixed: Any) -> Any:
        """The clips in one player: a factor down, one across, and a page for each level of the others.

        A cell without a clip says why. No service is connected for it.

        Args:
            rows: The factor whose levels go down, or ``"take"``; by default the second one with several levels, parameters first.
            columns: The factor whose levels go across, or ``"take"``; by default the first one.
            fixed: Levels of factors, or of ``take``: one, or a list of those that are compared.

        Raises:
            InvalidRequest: There is no such factor or level, or nothing of it was asked for yet.
            ImportError: The extra ``lab`` is not installed.
        """
        clips = LedgerClips(self._tasks(), self._refused, self._ledger)
        pages = StudyPages(self.design, clips, rows=rows, columns=columns, fixed=fixed, where=self._where)
        return view("comparison")(pages)

    def report(self, path: str | Path, *, tests: Sequence[Any] = (), players: str | None = "median") -> Path:
        """Writes the study as one file to send around: the answer, effects, clips, where they come from, and how it was done.

        Nothing in it is loaded from elsewhere, and `open` reads it back. No service is connected, and no path or key is in it.

        Args:
            path: The file, which ends in ``.html`` (a page of at most 3 MB), ``.ipynb`` (a notebook with the same sections) or
                ``.parquet`` (the frame alone; needs pyarrow).
            tests: Blind listening tests, or what came of them; they stand first.
            players: ``"median"``: of each combination the take of median duration. ``"all"``: every take, as far as there is room.
                None: no clip.

        Returns:
            The path.

        Raises:
            InvalidRequest: The path ends in something else, or a test is none.
            VoicenbError: pyarrow is not installed, or the disk does not take the file.
        """
        stage, tasks = self._kept.all[self._place], self._tasks()
        facts = facts_of(
            self.design,
            stage.voices,
            tasks,
            self._ledger,
            filtered=self._kept.filtered,
            targets=len(self._kept.targets),
        )
        clips = LedgerClips(tasks, self._refused, self._ledger)
        material = Material(
            self.name,
            self.design,
            self._measures(),
            lambda columns: self.frame(columns, degraded=True),
            facts,
            clips.data,
            private_folders(self._ledger.home),
        )
        return write_report(material, path, tests, players)

    def panel(self) -> Any:
        """The study as a widget: factors and levels, what they cost, the run, the effects and the clips.

        Raises:
            ImportError: The extra ``lab`` is not installed.
        """
        return view("study")(self)
