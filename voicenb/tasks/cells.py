"""The cell of a study that a request is made for: it stands in the task's row from the moment in which that is planned.

A study that was killed finds each of its tasks again, whatever became of it, and pays for none a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["columns_of_cell", "in_cell"]

_CELL: ContextVar[tuple[str, str] | None] = ContextVar("cell", default=None)


@contextmanager
def in_cell(study: str, cell: str) -> Iterator[None]:
    """What is planned within is for this cell.

    Args:
        study: The study's id.
        cell: What the cell is recognised by.
    """
    before = _CELL.set((study, cell))
    try:
        yield
    finally:
        _CELL.reset(before)


def columns_of_cell() -> dict[str, Any]:
    """The columns of a task's row that say for which cell it is."""
    study, cell = _CELL.get() or (None, None)
    return {"study": study, "cell": cell}
