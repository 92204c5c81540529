"""Tasks as rows of a table: what was asked, what it cost, what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from voicenb.base.moments import moment_text
from voicenb.display.html import seconds
from voicenb.ledger.records import FINAL, STATUSES, TaskRecord
from voicenb.panels.parts.formatting import amount, clock, cut, parameters_text, service_label
from voicenb.studio.task import changed
from voicenb.tasks.session import SANDBOX

__all__ = ["COLUMNS", "Known", "known", "task_row"]

COLUMNS = (
    {"key": "when", "label": "When"},
    {"key": "play", "label": "", "sort": False},
    {"key": "voice", "label": "Voice", "name": "vn-cut"},
    {"key": "service", "label": "Service", "name": "vn-spare"},
    {"key": "text", "label": "Text", "name": "vn-long"},
    {"key": "parameters", "label": "Parameters", "name": "vn-wide vn-some"},
    {"key": "note", "label": "Label", "name": "vn-cut vn-spare"},
    {"key": "seconds", "label": "Length", "name": "vn-end vn-wide"},
    {"key": "cost", "label": "Cost", "name": "vn-end"},
    {"key": "status", "label": "Status"},
)
"""The columns of such a table."""
_TONES = {"failed": "bad", "unknown": "amber", "cancelled": "quiet"}
_PLAY = {"act": "play", "text": "▶", "label": "Play"}
_SETTLE = {"act": "settle", "text": "?", "label": "Settle"}
# What the frame has beside the parameters of a request.
_NO_PARAMETERS = {"text", "voice", "reference", "name", "seed"}


@dataclass(frozen=True, slots=True)
class Known:
    """What a panel has to know of a task that is picked, shown or not.

    Attributes:
        playable: Whether it has a sound.
        settled: Whether it can be deleted.
        label, note: The reader's own words.
        cost: What was charged, or None.
        unit, service, sandbox: Of what, by whom, and whether that is play money.
    """

    playable: bool
    settled: bool
    label: str
    note: str
    cost: Decimal | None
    unit: str
    service: str
    sandbox: bool


def known(task: TaskRecord) -> Known:
    """What is to be known of a task."""
    return Known(
        playable=task.status == "completed" and bool(task.file),
        settled=task.status in FINAL and task.status != "unknown",
        label=task.label or "",
        note=task.note or "",
        cost=task.cost,
        unit=task.unit or "",
        service=task.service,
        sandbox=task.endpoint == SANDBOX,
    )


def task_row(row: Mapping[str, Any], now: datetime, *, here: bool) -> dict[str, Any]:
    """A row of `History.frame`, as `rows_of` has it, as the table's cells.

    Args:
        row: The task.
        now: The present moment.
        here: Whether it is a task of the panel's own service, so that it can be settled.
    """
    created: datetime = row["created"].to_pydatetime()
    status, text, voice = str(row["status"]), str(row["text"] or ""), str(row["voice"] or "")
    service = service_label(str(row["service"]))
    paid, expected = (
        row[name] if isinstance(row[name], Decimal) else None for name in ("cost_exact", "estimate_exact")
    )
    length = float(row["seconds"] or 0)
    playable = status == "completed" and bool(row["file"])
    noted = str(row["findings"] or "") if status == "completed" else ""
    label, note = (str(row[name] or "") for name in ("label", "note"))
    money = "play money of the sandbox" if row["endpoint"] == SANDBOX else f"charged by {service}"
    return {
        "id": row["id"],
        "label": f"{voice}: {text[:40]}",
        "words": [label, note],
        "cells": {
            "when": {
                "text": clock(created, now),
                "order": created.timestamp(),
                "title": moment_text(created, exact=True),
            },
            "play": {"acts": [_PLAY] if playable else [_SETTLE] if status == "unknown" and here else []},
            "voice": {"text": voice, "title": f"{voice} · {service}" if voice else ""},
            "service": {"text": service},
            "text": {"text": cut(text, 400), "title": "" if len(text) < 80 else text[:1000]},
            "parameters": {"text": _parameters(row) or ("preview" if row["kind"] == "preview" else "–")},
            "note": {
                "text": " · ".join(filter(None, (label, cut(note, 80)))),
                "title": "\n".join(filter(None, (label, note))),
            },
            "seconds": {"text": seconds(length) if length else "–", "order": length},
            "cost": {
                "text": amount(paid, "")
                if paid is not None
                else f"({amount(expected, '')})"
                if expected is not None
                else "–",
                "order": float(paid if paid is not None else expected or 0),
                "title": f"{amount(paid, row['unit'])}, {money}"
                if paid is not None
                else "reserved, not yet charged"
                if expected is not None
                else "",
            },
            "status": {
                "text": f"{status}, degraded" if status == "completed" and row["degraded"] is True else status,
                "tone": "amber" if noted else _TONES.get(status, ""),
                "title": noted or str(row["error"] or ""),
                "order": STATUSES.index(status),
            },
        },
    }


def _parameters(row: Mapping[str, Any]) -> str:
    """The parameters of a row that differ from the service's defaults."""
    given = {name: value for name, value in row.items() if name not in _NO_PARAMETERS and value is not None}
    try:
        parts = parameters_text(changed(str(row["service"]), row["kind"], given))
    except Exception:  # noqa: BLE001 - a ledger may hold tasks of a service that is no longer installed
        return ""
    take = [f"take {row['take']}"] if (row["take"] or 1) > 1 else []
    return ", ".join([*parts, *take])
