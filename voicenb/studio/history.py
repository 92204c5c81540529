"""DataFrames of the ledger: tasks, voices, and the clips behind them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from voicenb.base import portal
from voicenb.base.arguments import as_moment, checked_statuses, did_you_mean, none_named, plain_text, whole_number
from voicenb.base.notebook import takes_widgets
from voicenb.display.comparison import Html
from voicenb.errors import InvalidRequest, VoicenbError
from voicenb.ledger.dataframes import KINDS, task_frame, with_numbers
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import BILLION, STATUSES, TaskRecord, now
from voicenb.studio.clips import Clips
from voicenb.studio.exporting import SUFFIXES, write_sounds, write_table
from voicenb.studio.task import Task

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.studio.clip import Clip
    from voicenb.tasks.session import Session

__all__ = ["History", "find_damaged_files", "parse_since"]

_VALUES = ("voice", "service", "kind", "label")
_BY = ("day", "service", "voice", "label")
_TEXTS = {"service", "label", "find"}
_ASKED = ("since", "until", "status", "ids", "kind", "voice", *sorted(_TEXTS))
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_since(since: str | date | timedelta | None, name: str = "since") -> datetime | None:
    """A moment, from itself, a duration before now, or text such as ``"7d"``, ``"90m"`` or ``"2026-11-01"``.

    Raises:
        InvalidRequest: It is none of these.
    """
    since = as_moment(since)
    if since is None:
        return None
    if isinstance(since, timedelta):
        try:
            return now() - since
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)
    if isinstance(since, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", since.strip())
        try:
            if found:
                return now() - timedelta(**{_UNITS[found[2]]: float(found[1])})
            since = datetime.fromisoformat(since)
        except (ValueError, OverflowError):
            raise InvalidRequest(
                f"{name}={since!r} is no moment: give a duration such as '7d', '12h' or '90m', or a date such as "
                "'2026-11-01'"
            ) from None
    return since if since.tzinfo else since.astimezone()


def _objects(values: list[Any]) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series(values, dtype=object)


def find_damaged_files(ledger: Ledger) -> list[tuple[TaskRecord, str, str]]:
    """Hashes every file of completed tasks: the task, the file's name, and ``missing`` or ``damaged``, for each that is not sound."""
    found = []
    known: dict[str, bool | None] = {}
    for record in ledger.tasks.select(status="completed"):
        for name in (record.file, record.subtitles):
            if name is None:
                continue
            if name not in known:
                known[name] = ledger.files.is_sound(name)
            if not known[name]:
                found.append((record, name, "missing" if known[name] is None else "damaged"))
    return found


class History:
    """The tasks of one home, of every service and kernel that used it.

    Shown in a notebook's cell, it is a table to sort and filter, with a player for each clip; elsewhere, and in the saved
    notebook, a table of the newest ones.
    """

    def __init__(self, session: Session, panel: Callable[[Html], Any]) -> None:
        self._ledger = session.ledger
        self._runner = session.runner
        self._panel = panel

    def __repr__(self) -> str:
        return f"<History of {self._ledger.home}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if not takes_widgets():
            return {"text/html": self.html(), "text/plain": repr(self)}
        return self._panel(self.html())._repr_mimebundle_(**options)

    def html(self, limit: int = 20) -> Html:
        """The newest tasks as a static table, which stays readable without a kernel.

        Args:
            limit: At most so many.
        """
        frame = self.frame(limit=limit)
        if frame.empty:
            return Html("<p>No tasks yet.</p>")
        shown = frame[
            ["id", "created", "service", "kind", "status", "voice", "text", "seconds", "cost_exact", "unit", "label"]
        ].copy()
        shown = shown.rename(columns={"cost_exact": "cost"})
        shown["id"] = shown["id"].str[:8]
        shown["status"] = [
            f"{one}, degraded" if bad is True else one
            for one, bad in zip(frame["status"], frame["degraded"].astype(object), strict=True)
        ]
        shown["created"] = shown["created"].dt.strftime("%Y-%m-%d %H:%M:%S")
        if shown["label"].isna().all():
            del shown["label"]
        # pandas escapes the texts.
        return Html(shown.to_html(index=False, max_cols=None, border=0, na_rep="–"))

    def frame(
        self,
        *,
        since: str | date | timedelta | None = None,
        until: str | date | timedelta | None = None,
        status: str | Iterable[str] | None = None,
        service: str | None = None,
        voice: str | None = None,
        kind: str | None = None,
        label: str | None = None,
        find: str | None = None,
        ids: Iterable[str] | None = None,
        limit: int | None = None,
        clips: bool = False,
    ) -> pd.DataFrame:
        """One row a task, the newest first, with one column for each parameter. What is given has to be met, all of it.

        Args:
            since: Only tasks planned at or after that moment; see `parse_since`.
            until: Only tasks planned before that moment, in the same forms.
            status: Only tasks in this status, or in one of these.
            service: Only tasks of this service.
            voice: Only tasks in voices of this name.
            kind: Only ``"preview"``, ``"voice"`` or ``"production"``.
            label: Only tasks with this label; "" for those without one.
            find: Only tasks in which these words stand next to each other, whatever their case: in the text, voice, service, kind,
                label, note, error, findings, or the parameters as ``"pitch -2"``.
            ids: Only these tasks, by the ledger's ids.
            limit: At most so many rows.
            clips: Whether a column ``sound`` has the clips, which a notebook shows as players; every file is read.

        Returns:
            Moments are UTC timestamps; ``service``, ``endpoint``, ``kind``, ``status``, ``voice`` and ``unit`` are
            categories; ``estimate``, ``cost`` and ``refunded`` are float64 in ``unit``, and Decimal in ``estimate_exact``, ``cost_exact`` and
            ``refunded_exact``; ``seconds`` is the audio's duration.

        Raises:
            InvalidRequest: One of them is none.
        """
        asked = _asked(
            since=since, until=until, status=status, service=service, voice=voice, kind=kind, label=label, find=find, ids=ids
        )  # fmt: skip
        records = self._ledger.tasks.select(**asked, limit=whole_number("limit", limit, 0))
        frame = with_numbers(task_frame(records, self._ledger.files))
        if clips:
            frame["sound"] = _objects([self._clip_of(record) for record in records])
        return frame

    def count(self, **only: Any) -> dict[str, int]:
        """How many tasks there are, by status.

        Args:
            only: The arguments of `frame`, but `limit`.

        Raises:
            InvalidRequest: One of them is none.
        """
        return self._ledger.tasks.count(**_asked(**only))

    def ids(self, **only: Any) -> list[str]:
        """The ledger's ids of the tasks that `frame` has with the same arguments, the newest first."""
        limit = whole_number("limit", only.pop("limit", None), 0)
        return self._ledger.tasks.ids(**_asked(**only), limit=limit)

    def records(self, **only: Any) -> list[TaskRecord]:
        """The ledger's own rows of the tasks that `frame` has with the same arguments, the newest first; many of them sooner than a frame."""
        limit = whole_number("limit", only.pop("limit", None), 0)
        return self._ledger.tasks.select(**_asked(**only), limit=limit)

    def values(self, column: Literal["voice", "service", "kind", "label"]) -> list[str]:
        """What there is to choose from for an argument of `frame`, in alphabetical order.

        Raises:
            InvalidRequest: It is no such column.
        """
        if column not in _VALUES:
            raise none_named("column", column, _VALUES)
        return self._ledger.tasks.values("voice_name" if column == "voice" else column)

    def clips(self, **only: Any) -> Clips:
        """The clips of the tasks that `frame` has with the same arguments, the newest first; those without one are left out.

        Raises:
            InvalidRequest: One of the arguments is none.
        """
        return Clips(one for one in self.frame(**(only | {"clips": True}))["sound"] if one is not None)

    def _clip_of(self, record: TaskRecord) -> Clip | None:
        """A task's clip; None where it has none, or its file is gone."""
        with suppress(VoicenbError):
            return Task(self._runner, self._runner.task(record)).clip
        return None

    def clip(self, id: str) -> Clip:  # noqa: A002 - the column's name
        """The clip of a completed task, by the ledger's id or its first characters.

        Raises:
            InvalidRequest: There is no such task, or it has no clip.
        """
        record = self._record(id)
        clip = Task(self._runner, self._runner.task(record)).clip
        if clip is None:
            raise InvalidRequest(f"task {record.id[:8]} is {record.status} and has no clip")
        return clip

    def annotate(self, *ids: str, label: str | None = None, note: str | None = None) -> None:
        """Keeps your own words with tasks; columns of `frame`.

        Args:
            ids: The ledger's ids, or their first characters.
            label: A short mark to group and add up by; "" takes it away.
            note: A remark; "" takes it away.

        Raises:
            InvalidRequest: There is no such task; nothing was kept.
        """
        for record in [self._record(one) for one in ids]:
            Task(self._runner, self._runner.task(record)).annotate(label=label, note=note)

    def _record(self, id: str) -> TaskRecord:  # noqa: A002 - the column's name
        record = self._ledger.tasks.get(plain_text("id", id) or "")
        if record is None:
            raise InvalidRequest(f"the ledger has no task {id!r}; studio.history.frame() lists them")
        return record

    def spending(
        self,
        by: Literal["day", "service", "voice", "label"] = "day",
        *,
        since: str | date | timedelta | None = None,
    ) -> pd.DataFrame:
        """What was spent, the sandbox apart from live services.

        Args:
            by: What to add up by; days are UTC.
            since: Only tasks planned at or after that moment; see `parse_since`.

        Returns:
            Columns `by`, ``service``, ``endpoint``, ``tasks``, ``spent`` (charged), ``reserved`` (what open and unknown tasks may
            still cost) and ``unit``. The amounts are float64, and Decimal in ``spent_exact`` and ``reserved_exact``.

        Raises:
            InvalidRequest: `by` or `since` is none.
        """
        import pandas as pd

        if by not in _BY:
            raise InvalidRequest(f"by={by!r} is none; {did_you_mean(by, _BY)}there are {', '.join(_BY)}")
        rows = [
            {
                by: row["what"],
                "service": row["service"],
                "endpoint": row["endpoint"],
                "tasks": row["tasks"],
                "spent": Decimal(row["spent"] - row["reserved"]) / BILLION,
                "reserved": Decimal(row["reserved"]) / BILLION,
                "unit": row["unit"],
            }
            for row in self._ledger.tasks.spending(by, parse_since(since))
        ]
        columns = dict.fromkeys([by, "service", "endpoint", "tasks", "spent", "reserved", "unit"])
        return with_numbers(pd.DataFrame(rows, columns=list(columns)), ("spent", "reserved"))

    def verify(self, *, repair: bool = True) -> pd.DataFrame:
        """Hashes every file again, and fetches from the service what is damaged or gone, where it still has it.

        Args:
            repair: Whether to fetch.

        Returns:
            One row for each file that is not as it should be: ``task``, ``file`` and ``state`` (damaged, missing or
            repaired). An empty frame says that all is well.
        """
        import pandas as pd

        rows = []
        for record, name, state in find_damaged_files(self._ledger):
            mended = (
                repair
                and (self._ledger.files.is_sound(name) or self._fetch_again(record))
                and self._ledger.files.is_sound(name)
            )
            rows.append(
                {
                    "task": record.id,
                    "file": str(self._ledger.files.path(name)),
                    "state": "repaired" if mended else state,
                }
            )
        return pd.DataFrame(rows, columns=["task", "file", "state"])

    def _fetch_again(self, record: TaskRecord) -> bool:
        runner = self._runner
        if (record.service, record.endpoint) != (runner.service.profile.id, runner.context.endpoint):
            return False
        try:
            return portal.call(runner.fetch_again, record)
        except VoicenbError:
            return False

    def delete(self, *ids: str) -> int:
        """Takes settled tasks out of the ledger, and the audio that no other task, voice, study or listening test refers to.

        Args:
            ids: The ledger's ids.

        Returns:
            How many were there.

        Raises:
            InvalidRequest: One of them is still open, or its fate is not known.
        """
        try:
            return self._ledger.tasks.delete([plain_text("id", one) or "" for one in ids]).result()
        except RuntimeError as error:
            raise InvalidRequest(f"{error}; nothing was deleted") from None

    def backup(self, folder: str | os.PathLike[str]) -> Path:
        """Copies the ledger and every file to `folder`: a home of its own, for ``connect(home=…)``.

        Tasks may go on meanwhile. A ledger that is in use is not copied as a file: it would not be whole, and closing the
        file in the kernel that uses it lets other kernels overwrite each other.

        Args:
            folder: Where to; made when missing. What an earlier backup left there is brought up to date.

        Raises:
            InvalidRequest: It is this home itself.
            VoicenbError: It cannot be written.
        """
        target = Path(folder).expanduser().absolute()
        if target.resolve() == self._ledger.home.resolve():
            raise InvalidRequest(f"{target} is the home that is to be copied; name another folder")
        self._ledger.copy(target)
        return target

    def export(self, path: str | os.PathLike[str], **only: Any) -> Path:
        """Writes tasks to a file: a table as ``.csv``, ``.json`` (a list of objects) or ``.parquet`` (which needs pyarrow), or as
        ``.zip`` the sounds of those that have one, named by voice and words, with the table as ``history.csv`` among them.

        In JSON and parquet the exact amounts are text. The file appears whole or not at all.

        Args:
            path: Where to; a file that is there is replaced.
            only: The arguments of `frame`.

        Raises:
            InvalidRequest: Another suffix, or no sound for a ``.zip``; nothing was written.
        """
        target = Path(path)
        if target.suffix.lower() not in SUFFIXES:
            raise InvalidRequest(
                f"{target.name!r} ends in none of {', '.join(SUFFIXES)}, the suffixes that are written; "
                f"{did_you_mean(target.suffix, SUFFIXES)}nothing was written"
            )
        frame = self.frame(**only)
        if target.suffix.lower() != ".zip":
            return write_table(frame, target)
        return write_sounds(frame, target, self._sound)

    def _sound(self, id: str) -> Clip:  # noqa: A002 - the column's name
        record = self._record(id)
        clip = Task(self._runner, self._runner.task(record)).clip
        assert clip is not None, "asked of tasks that have a file alone"
        return clip


def _asked(
    *,
    since: str | date | timedelta | None = None,
    until: str | date | timedelta | None = None,
    status: str | Iterable[str] | None = None,
    ids: Iterable[str] | None = None,
    kind: str | None = None,
    voice: str | None = None,
    **texts: str | None,
) -> dict[str, Any]:
    """The conditions of `History.frame` as the ledger takes them.

    Raises:
        InvalidRequest: One of them is none.
    """
    kind = plain_text("kind", kind)
    if kind is not None and kind not in KINDS:
        raise none_named("kind", kind, KINDS)
    if isinstance(ids, str):
        raise InvalidRequest(f"ids={ids!r} is text: give a list of ids")
    if unknown := set(texts) - _TEXTS:
        strange = sorted(unknown)
        hint = "".join(did_you_mean(name, _ASKED) for name in strange)
        raise TypeError(f"the history is not asked by {', '.join(strange)}; {hint}allowed are {', '.join(_ASKED)}")
    return {
        "status": checked_statuses(status, STATUSES),
        "since": parse_since(since),
        "until": parse_since(until, "until"),
        "ids": None if ids is None else [plain_text("ids", one) or "" for one in ids],
        "kind": kind,
        "voice_name": plain_text("voice", voice),
        **{name: plain_text(name, text) for name, text in texts.items()},
    }
