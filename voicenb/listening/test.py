"""`ListeningTest`: a blind test, from its plan to its result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.base.arguments import none_named, text_given
from voicenb.base.files import write_atomically
from voicenb.base.home import home as home_folder
from voicenb.base.notebook import takes_widgets
from voicenb.base.views import view
from voicenb.errors import InvalidRequest, StorageError
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import ListenerRecord, ListeningRecord, now
from voicenb.listening.answers import Added, AddedFile, DamagedError, ForeignError, files_of, read_answers
from voicenb.listening.design import Design, Place
from voicenb.listening.planning import TestPlan, planned
from voicenb.listening.result import Result
from voicenb.listening.results import result_of
from voicenb.listening.sheet import sheet_of
from voicenb.listening.simulating import simulated
from voicenb.listening.stimuli import prepared, rendered, wav
from voicenb.listening.votes import answered, checked, unblinded

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.listening.excluding import Screen

__all__ = ["ListeningTest"]

_MOST_SOUNDS = 16
"""Prepared sounds that are kept, of some seconds each."""


class ListeningTest:
    """A blind listening test of this home; `voicenb.listen` and `Study.listen` make one.

    At the end of a cell it shows the test itself, for the one who runs the notebook; `save` writes a page for others.

    Args:
        ledger: The ledger that has it.
        record: Its row.
    """

    __test__ = False  # pytest would take a class of this name for tests

    def __init__(self, ledger: Ledger, record: ListeningRecord) -> None:
        self._ledger, self._record = ledger, record
        self._design = Design.from_json(record.design)
        self._prepared: Callable[[str, str], Any] = lru_cache(_MOST_SOUNDS)(self._prepare)

    @classmethod
    def open(cls, name: str, *, home: str | Path | None = None) -> ListeningTest:
        """Takes up a test of this home by its name.

        Args:
            name: Its name.
            home: The home folder; else that of ``VOICENB_HOME``, or the platform's.

        Raises:
            InvalidRequest: There is none of that name.
        """
        ledger = Ledger.at(home_folder(home))
        record = ledger.listening.named(name := text_given("name", name))
        if record is None:
            raise none_named("listening test", name, (one.name for one in ledger.listening.select()))
        return cls(ledger, record)

    @property
    def name(self) -> str:
        """Its name in this home."""
        return self._record.name

    @property
    def record(self) -> ListeningRecord:
        """Its row in the ledger as it was made, with the key."""
        return self._record

    @property
    def id(self) -> str:
        """What its pages and answer files call it."""
        return self._record.id

    @property
    def kind(self) -> str:
        """``abx``, ``ab``, ``acr``, ``cmos``, ``multi`` or ``mushra``."""
        return self._design.kind

    @property
    def question(self) -> str:
        """What listeners are asked."""
        return self._design.question

    @property
    def hash(self) -> str:
        """SHA-256 of the design, which does not change once there is a vote."""
        return self._record.hash

    @property
    def frozen(self) -> bool:
        """Whether there is a vote."""
        return self._current().frozen is not None

    @property
    def listeners(self) -> int:
        """How many listeners have answered all."""
        return sum(one.finished is not None for one in self._ledger.listening.listeners(self.id))

    def _current(self) -> ListeningRecord:
        return self._ledger.listening.named(self.name) or self._record

    def __len__(self) -> int:
        """How many trials each listener has, those of training aside."""
        return len(self._design.counted)

    def __repr__(self) -> str:
        begun = self._ledger.listening.listeners(self.id)
        return f"<ListeningTest {self.name!r}: {self.kind}, {len(self)} trials, {self.listeners} of {len(begun)} listeners finished>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if not takes_widgets():
            return {"text/plain": repr(self), "text/html": self.plan()._repr_html_()}
        player = view("listening")(self)
        bundle = player._repr_mimebundle_(**options)
        # What a reader of the saved notebook sees, whose kernel has ended.
        (bundle[0] if isinstance(bundle, tuple) else bundle)["text/html"] = player.html()
        return bundle

    # -- before ------------------------------------------------------------------------------------------------

    def plan(self) -> TestPlan:
        """What it takes and can show: minutes a listener, power, listeners needed. Nobody has to have listened."""
        return planned(self._design)

    def save(self, path: str | PathLike[str] = "test.html") -> Path:
        """Writes the test as one page, which opens from a disk or a mail and sends nothing anywhere.

        Args:
            path: The file; an existing one is replaced.

        Returns:
            Where it is.

        Raises:
            InvalidRequest: The name does not end in .html.
            StorageError: It cannot be written.
        """
        found = Path(path)
        if found.suffix.lower() not in {".html", ".htm"}:
            raise InvalidRequest(f"path={str(path)!r}: a test is saved as a page, whose name ends in .html")
        page: str = view("listening_page")(self)
        try:
            write_atomically(found, page.encode())
        except OSError as error:
            raise StorageError.of(found, error) from error
        return found

    # -- the page's half ---------------------------------------------------------------------------------------

    def sheet(self) -> dict[str, Any]:
        """What a page is told of the test: nothing that tells sounds apart."""
        return sheet_of(self._design, self.id, self.hash)

    def sound(self, trial: str, sound: str) -> bytes:
        """A sound as it is heard in its trial: WAV of 16 bits, one channel.

        Args:
            trial: The trial, as the sheet calls it.
            sound: The sound, as the sheet calls it.

        Raises:
            LookupError: There is none.
            StorageError: Its file is gone, or cannot be read.
        """
        found = self._design.trial(trial)
        place = found.place(sound) if found is not None else None
        if found is None or place is None:
            raise LookupError(f"this test has no sound {sound!r:.20} in a trial {trial!r:.20}")
        return wav(self._rendered(place, found.frames), self._design.rate)

    def _prepare(self, file: str, treatment: str) -> Any:
        try:
            data = self._ledger.files.read(file)
        except OSError as error:
            raise StorageError.of(self._ledger.files.path(file), error) from error
        return prepared(data, self._design.rate, treatment)

    def _rendered(self, place: Place, frames: int) -> Any:
        digest = hashlib.sha256(f"{self._design.secret} dither {place.sound}".encode()).digest()
        return rendered(
            self._prepared(place.file, place.treatment),
            gain=self._design.gains[place.source],
            lead=place.lead,
            frames=frames,
            rng=np.random.default_rng(int.from_bytes(digest, "big")),
        )

    def row_of(self, listener: str, *, source: str = "cell") -> int:
        """Which of the sheet's orders a listener has; the one that the fewest have, from the first time on."""
        listener = text_given("listener", listener)
        begun = self._ledger.listening.listener(self.id, listener)
        if begun is None:
            record = ListenerRecord(test=self.id, listener=listener, place=-1, source=source, started=now())
            begun = self._ledger.listening.begin(record, len(self._design.orders))
        return begun.place

    def votes_of(self, listener: str) -> list[dict[str, Any]]:
        """What a listener has answered so far, drafts among it."""
        listener = text_given("listener", listener)
        return self._ledger.listening.votes(self.id, listener).get(listener, [])

    def keep(self, listener: str, row: int, vote: Mapping[str, Any]) -> None:
        """Writes a vote down; it is on disk when this returns.

        Args:
            listener: Whose it is.
            row: Which of the sheet's orders the page went by.
            vote: What the page gave.

        Raises:
            InvalidRequest: It is no vote of this test.
        """
        found = checked(self._design, vote)
        self._refuse_mixture("cell")
        if (place := self.row_of(listener)) != row:
            raise InvalidRequest(f"row={row!r:.20}: the order of {listener!r:.40} is {place}; load the page anew")
        self._write(listener, [found])

    def _write(self, listener: str, votes: Iterable[Mapping[str, Any]]) -> None:
        self._ledger.listening.keep(self.id, listener, votes, {one.id for one in self._design.counted})

    def finish(self, listener: str) -> bool:
        """Whether a listener has answered all; one whose answers an older voicenb has kept is written down as done, too."""
        self._write(text_given("listener", listener), ())
        return len(answered(self._design, self.votes_of(listener))) == len(self)

    # -- after -------------------------------------------------------------------------------------------------

    def add(self, *files: str | PathLike[str]) -> Added:
        """Takes in what listeners sent back.

        Args:
            files: Answer files, or patterns such as ``"answers-*.json"``.

        Returns:
            What became of each: added, more, double, foreign or damaged, with a sentence.

        Raises:
            InvalidRequest: One of them names no file.
        """
        return Added(self._add(path) for path in files_of(files))

    def _add(self, path: Path) -> AddedFile:
        try:
            found = read_answers(path, self.id, self.hash, self._design)
        except DamagedError as error:
            return AddedFile(path.name, "damaged", None, 0, f"not added: {error}")
        except ForeignError as error:
            return AddedFile(path.name, "foreign", None, 0, f"not added: {error}")
        table = self._ledger.listening
        begun = table.listener(self.id, found.listener)
        if begun is None:
            self._refuse_mixture("file")
            table.begin(
                ListenerRecord(
                    test=self.id,
                    listener=found.listener,
                    place=found.row,
                    source="file",
                    name=found.name,
                    started=now(),
                ),
                len(self._design.orders),
            )
        before = {one["trial"]: one for one in self.votes_of(found.listener)}
        fixed = {trial: one for trial, one in before.items() if not one.get("draft")}
        new = [one for one in found.votes if one["trial"] not in fixed]
        other = sum(one["trial"] in fixed and fixed[one["trial"]]["answer"] != one["answer"] for one in found.votes)
        self._write(found.listener, new)
        fresh = sum(not one.get("draft") for one in new)
        done = len(answered(self._design, self.votes_of(found.listener)))
        state = f"{done} of {len(self)} trials answered" + ("" if done == len(self) else ", so not counted yet")
        clash = f"; {other} answers differ from those that are there, which stay" if other else ""
        if begun is None:
            return AddedFile(path.name, "added", found.listener, fresh, f"a new listener: {state}")
        if not fresh:
            return AddedFile(
                path.name, "double", found.listener, 0, f"not added: these answers are there already ({state}){clash}"
            )
        return AddedFile(
            path.name, "more", found.listener, fresh, f"{fresh} more answers of a listener: {state}{clash}"
        )

    def _refuse_mixture(self, source: str) -> None:
        """Simulated listeners and people are never counted together.

        Raises:
            InvalidRequest: The test has listeners of the other sort.
        """
        others = self._ledger.listening.sources(self.id)
        if (source == "simulated" and others - {"simulated"}) or (source != "simulated" and "simulated" in others):
            raise InvalidRequest(
                f"the test {self.name!r} has {'people' if source == 'simulated' else 'simulated listeners'} already; the two are never "
                "counted together. Make another test with name=."
            )

    def simulate(self, listeners: int = 20, *, hears: float = 0.5, spread: float = 0.5, seed: int = 0) -> ListeningTest:
        """Lets made-up listeners answer, to try a test and its analysis; the result says that they are none.

        Args:
            listeners: How many, 1 to 1,000.
            hears: How much of a difference they hear, 0 (they guess) to 1 (always). In ratings, from one condition to the next.
            spread: How much listeners and clips differ, 0–1.
            seed: What they answer is drawn from it.

        Raises:
            InvalidRequest: A number is out of its range, or people have answered.
        """
        self._refuse_mixture("simulated")
        for listener, place, votes in simulated(self._design, listeners, hears=hears, spread=spread, seed=seed):
            begun = ListenerRecord(test=self.id, listener=listener, place=place, source="simulated", started=now())
            self._ledger.listening.begin(begun, len(self._design.orders))
            self._write(listener, votes)
        return self

    def votes(self) -> pd.DataFrame:
        """The votes of listeners who have answered all, with what the sounds were; nothing is told before.

        Returns:
            See `voicenb.listening.votes.unblinded`.
        """
        table = self._ledger.listening
        return self._unblinded(table.listeners(self.id), table.votes(self.id))

    def _unblinded(
        self, begun: Iterable[ListenerRecord], votes: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> pd.DataFrame:
        return unblinded(self._design, [one for one in begun if one.finished is not None], votes)

    def result(self, *, screen: Screen | None = None, level: float = 0.95) -> Result:
        """What the answers say.

        Args:
            screen: Whose votes are left out: ``"BS.1534-3"`` or ``"mpeg"`` (MUSHRA), ``"catch"`` (who missed a spoilt sound), or None.
                Each exclusion is listed with its reason.
            level: The intervals' level, 0–1.

        Raises:
            InvalidRequest: Nobody has answered all trials, or the screen does not fit the kind.
        """
        votes = self._ledger.listening.votes(self.id)
        begun = [one for one in self._ledger.listening.listeners(self.id) if one.listener in votes]
        unfinished = {
            one.listener: len(answered(self._design, votes.get(one.listener, ())))
            for one in begun
            if one.finished is None
        }
        if len(unfinished) == len(begun):
            said = ", ".join(f"{done} of {len(self)}" for done in unfinished.values())
            raise InvalidRequest(
                f"the result of {self.name!r} comes when a listener has answered every trial"
                + (f"; so far {said}" if said else "; nobody has begun")
            )
        return result_of(
            self._design,
            self._unblinded(begun, votes),
            unfinished=unfinished,
            screen=screen,
            level=level,
            sources={one.source for one in begun},
        )
