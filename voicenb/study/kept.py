"""`KeptStudy`: a study that is read back from a report, without a ledger and without a service."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicenb.base.arguments import did_you_mean
from voicenb.base.views import view
from voicenb.errors import InvalidRequest
from voicenb.measures.definition import Measure, MeasureFunction
from voicenb.studio.clip import Clip
from voicenb.study.comparing import StudyPages
from voicenb.study.design import Design
from voicenb.study.facts import Facts
from voicenb.study.frames import all_columns, frame_of, measures_among
from voicenb.study.readings import Readings
from voicenb.study.report.content import BlindTest
from voicenb.study.report.envelope import MOST_BYTES, read_notebook, read_page
from voicenb.study.report_data import clips_from, design_from, effects_from, measures_from, rows_from, test_from
from voicenb.study.reporting import Material, write_report

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

__all__ = ["KeptStudy", "is_report"]

_FILES = (".html", ".htm", ".ipynb")
_MAKING = ("plan", "run", "extend", "drift", "listen", "panel", "aio", "diff", "artefacts", "standing", "voices")


def is_report(name: str | Path) -> bool:
    """Whether a name is that of a report's file rather than of a study."""
    return Path(name).suffix.lower() in _FILES


class KeptStudy(Readings):
    """A study as a report keeps it: what was measured and the clips of its players. `Study.open` makes it.

    Nothing can be made with it, for it has no voice.
    """

    def __init__(self, data: Mapping[str, Any], sounds: Mapping[str, bytes], source: str) -> None:
        self._source, self._sounds = source, sounds
        try:
            self._name = str(data["name"])
            self._known = measures_from(data["measures"])
            self._design = design_from(data["design"], self._known)
            rows = data["rows"]
            self._rows = None if rows is None else {row["cell"]: row for row in rows_from(rows, self._design)}
            self._facts = Facts.from_json(data["facts"], {} if rows is None else clips_from(rows))
            self._effects = effects_from(data["effects"] or (), self._design)
            self._heard = {
                cell
                for cell, status, sound in (
                    () if rows is None else zip(rows["cell"], rows["status"], rows["clip_sound"], strict=True)
                )
                if status == "completed" and sound
            }
            self.tests: tuple[BlindTest, ...] = tuple(map(test_from, data["tests"]))
        except InvalidRequest as error:
            raise InvalidRequest(f"{source} cannot be read back: {error}") from None
        except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
            raise InvalidRequest(
                f"{source} cannot be read back: its data are damaged ({type(error).__name__}: {str(error)[:200]}). "
                "Ask for the file again."
            ) from None

    @classmethod
    def read(cls, path: str | Path) -> KeptStudy:
        """A report's file.

        Raises:
            InvalidRequest: It is missing, too large, damaged, or no report.
        """
        file = Path(path)
        try:
            if (size := file.stat().st_size) > MOST_BYTES:
                raise InvalidRequest(f"{file.name} has {size:,} bytes; a report has at most {MOST_BYTES:,}")
            document = file.read_bytes().decode("utf-8")
        except OSError as error:
            raise InvalidRequest(f"{file.name} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise InvalidRequest(f"{file.name} cannot be read back: it is not UTF-8 text, so it is no report") from None
        try:
            data, sounds = (read_notebook if file.suffix.lower() == ".ipynb" else read_page)(document)
        except InvalidRequest as error:
            raise InvalidRequest(f"{file.name} cannot be read back: {error}. Ask for the file again.") from None
        return cls(data, sounds, file.name)

    def __getattr__(self, name: str) -> Any:
        if name in _MAKING:
            raise AttributeError(
                f"{self._source} is a report, which can be read and not gone on with: {name} needs the study itself. In the home that it "
                f"was made in, vn.Study.open({self._name!r}) takes it up; anywhere else, vn.Study(voice, …) with a voice of yours makes it "
                "again, as the code at the end of the report does."
            )
        raise AttributeError(f"a study that is read back from a report has no {name!r}")

    def __repr__(self) -> str:
        return f"<KeptStudy {self._name!r} from {self._source}: {len(self):,} cells, {len(self._sounds):,} clips>"

    @property
    def name(self) -> str:
        """The study's name."""
        return self._name

    @property
    def design(self) -> Design:
        """Its factors, and how they are put together."""
        return self._design

    def _measures(self) -> Mapping[str, Measure]:
        return self._known

    def _measure(self, which: str | MeasureFunction) -> Measure:
        name = str(getattr(which, "__name__", which))
        if name not in self._known:
            hint = did_you_mean(name, self._known)
            raise InvalidRequest(
                f"{self._source} has no measure {name!r}; {hint}it has {', '.join(self._known)}. A report keeps what was measured "
                "when it was written."
            )
        return self._known[name]

    def _all_rows(self) -> dict[int, dict[str, Any]]:
        if self._rows is None:
            raise InvalidRequest(
                f"{self._source} is of {len(self):,} cells, and has no row for each of them; effects() is there. In the home that it was "
                f"made in, vn.Study.open({self._name!r}).report('{self._name}.parquet') writes them all."
            )
        return self._rows

    def _frames(
        self,
        size: int,
        *,
        columns: Sequence[str] | None,
        degraded: bool,
        failures: bool,
        executor: Executor | None,  # noqa: ARG002 - nothing is left to be measured
    ) -> Iterator[pd.DataFrame]:
        chosen = measures_among(columns, self._design, self._known)
        kept = self._all_rows()
        names = set(all_columns(self._design, chosen))
        numbers = sorted(kept)
        for start in range(0, len(self), size):
            rows = []
            for number in numbers[bisect_left(numbers, start) : bisect_left(numbers, start + size)]:
                row = kept[number]
                if failures if number not in self._heard else degraded or not row.get("degraded"):
                    rows.append({name: value for name, value in row.items() if name in names})
            yield frame_of(rows, columns, self._design, list(chosen))

    def effects(self, *, level: float = 0.95, degraded: bool = False) -> pd.DataFrame:
        """As `Study.effects`; of a large study, those at a level of 0.95 that the report was written with."""
        if self._rows is not None:
            return super().effects(level=level, degraded=degraded)
        if level != 0.95 or degraded:
            self._all_rows()
        import pandas as pd

        numbers = ("estimate", "low", "high", "p_holm")
        table = pd.DataFrame(self._effects)
        return table.astype(dict.fromkeys(numbers, float)) if self._effects else table

    def compare(self, rows: str | None = None, columns: str | None = None, **fixed: Any) -> Any:
        """The clips that the report has, as `Study.compare` shows them; a place whose clip is not in the file says so.

        Args:
            rows: As in `Study.compare`.
            columns: As in `Study.compare`.
            fixed: As in `Study.compare`.

        Raises:
            InvalidRequest: There is no such factor or level, or the file has no clip.
            ImportError: The extra ``lab`` is not installed.
        """
        if not self._sounds:
            raise InvalidRequest(
                f"{self._source} was written with players=None, or its clips were taken out: it has none"
            )
        clips = _KeptClips(self._by_key(), self._facts, self._sounds, self._design)
        return view("comparison")(StudyPages(self._design, clips, rows=rows, columns=columns, fixed=fixed))

    def _by_key(self) -> dict[str, dict[str, Any]]:
        return {self._design.cells[number].key: row for number, row in self._all_rows().items()}

    def report(self, path: str | Path, *, tests: Sequence[Any] = (), players: str | None = "median") -> Path:
        """Writes a report again, with the clips that this one has; see `Study.report`.

        Args:
            path: As in `Study.report`.
            tests: As in `Study.report`; those that this report tells of come first.
            players: As in `Study.report`.

        Raises:
            InvalidRequest: As in `Study.report`.
        """
        names = {key: one.sound for key, one in self._facts.clips.items()}
        material = Material(
            self._name, self._design, self._known, lambda columns: self.frame(columns, degraded=True), self._facts,
            lambda key: self._sounds.get(names.get(key, "")), tests=self.tests,
        )  # fmt: skip
        return write_report(material, path, tests, players)


class _MadeBy:
    """What a clip shows of its task, from its row."""

    def __init__(self, row: Mapping[str, Any], design: Design) -> None:
        self.id, self.service, self.text = row.get("task", ""), row.get("service", ""), row.get("text")
        self.voice = row.get("voice")
        self.cost, self.unit, self.degraded, self.findings = row.get("cost"), row.get("unit"), row.get("degraded"), None
        self.parameters: dict[str, Any] = {
            one.name: row[one.name] for one in design.factors if one.name not in {"voice", "text"}
        }


class _KeptClips:
    """The clips of a report."""

    def __init__(
        self, rows: Mapping[str, dict[str, Any]], facts: Facts, sounds: Mapping[str, bytes], design: Design
    ) -> None:
        self._rows, self._facts, self._sounds, self._design = rows, facts, sounds, design
        self.keys: Container[str] = {key for key, one in facts.clips.items() if one.sound in sounds}

    def found(self, key: str) -> tuple[Clip | None, str] | None:
        """The clip of a cell, or why there is none."""
        row = self._rows.get(key)
        if row is None:
            return None
        if row["status"] != "completed":
            return None, f"{row['status']}: {row['error']}" if row.get("error") else row["status"]
        about = self._facts.clips.get(key)
        data = None if about is None else self._sounds.get(about.sound)
        if data is None:
            return None, "not in this file"
        return Clip(data, task=_MadeBy(row, self._design)), ""
