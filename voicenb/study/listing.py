"""The studies of a home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voicenb.base.arguments import none_named
from voicenb.base.home import home as home_folder
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import StudyRecord
from voicenb.study.stages import Stages
from voicenb.study.standing import is_cell, newest_tasks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["record_of", "studies"]


def studies(home: str | Path | None = None) -> pd.DataFrame:
    """Every study of a home, the newest first: name, question, cells, made, created.

    Args:
        home: The home folder; else that of `VOICENB_HOME`, or the platform's.
    """
    import pandas as pd

    ledger = Ledger.at(home_folder(home))
    rows = []
    for record in ledger.studies.select():
        design = Stages.from_json(record.design).last.design
        tasks = newest_tasks(ledger.studies.tasks(record.id))
        rows.append(
            {
                "name": record.name,
                "question": design.question,
                "cells": len(design),
                "made": sum(one.status == "completed" and is_cell(key) for key, one in tasks.items()),
                "created": record.created,
            }
        )
    return pd.DataFrame(rows, columns=["name", "question", "cells", "made", "created"])


def record_of(ledger: Ledger, name: str) -> StudyRecord:
    """The row of the study of that name.

    Raises:
        InvalidRequest: There is none.
    """
    record = ledger.studies.named(name)
    if record is None:
        raise none_named("study", name, (one.name for one in ledger.studies.select()))
    return record
