"""Which tasks are asked for, as conditions of SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from voicenb.ledger.rows import restrict, to_column

__all__ = ["Wanted"]

_SEARCHED = ("text", "voice_name", "service", "kind", "label", "note", "error", "findings")
# {"pitch": -2, "speed": 1.1} as a person writes it: pitch -2, speed 1.1
_PARAMETERS = "replace(replace(replace(replace(parameters, '\"', ''), ':', ''), '{', ''), '}', '')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Conditions on tasks; None asks for nothing.

    Attributes:
        service, endpoint, voice, kind, label: As in `TaskRecord`; "" as `label` asks for those without one.
        voice_name: The voice's name.
        since, until: Planned at or after, and before, a moment.
        ids: One of these.
        find: Words that stand, in this order and whatever their case, in the text, the voice, the service, the kind, the label,
            the note, an error, a finding or the parameters (``pitch -2``).
    """

    service: str | None = None
    endpoint: str | None = None
    voice: str | None = None
    kind: str | None = None
    label: str | None = None
    voice_name: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: Sequence[str] | None = None
    find: str | None = None

    def sql(self, status: Iterable[str] = ()) -> tuple[list[str], list[Any]]:
        """The conditions as SQL, and what stands for their question marks."""
        where, values = restrict(
            service=self.service, endpoint=self.endpoint, voice=self.voice, kind=self.kind, voice_name=self.voice_name,
            label=self.label or None,
        )  # fmt: skip
        if self.label == "":
            where.append("coalesce(label, '') = ''")
        for condition, moment in (("created >= ?", self.since), ("created < ?", self.until)):
            if moment is not None:
                where.append(condition)
                values.append(to_column("created", moment))
        # As JSON, since SQLite limits how many question marks there may be.
        for condition, listed in (("id", self.ids), ("status", list(status) or None)):
            if listed is not None:
                where.append(f"{condition} IN (SELECT value FROM json_each(?))")  # noqa: S608 - own names
                values.append(json.dumps(list(listed)))
        words = " ".join((self.find or "").replace("\u2212", "-").split()).casefold()
        if words:
            # What a newline divides cannot be found across it: words that are looked for have none.
            whole = " || char(10) || ".join([*(f"coalesce({one}, '')" for one in _SEARCHED), _PARAMETERS])
            where.append(f"instr(folded({whole}), ?)")
            values.append(words)
        return where, values
