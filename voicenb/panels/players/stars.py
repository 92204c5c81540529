"""The star: a label of the ledger, by which the history finds what somebody liked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voicenb.errors import InvalidRequest

if TYPE_CHECKING:
    from voicenb.studio.task import Task

__all__ = ["STARRED", "is_starred", "star"]

STARRED = "starred"
"""The label that a star gives to a task."""


def is_starred(tasks: Sequence[Task]) -> bool:
    """Whether all of the tasks behind a star have its label."""
    return all(task.record.label == STARRED for task in tasks)


def star(tasks: Sequence[Task], *, on: bool) -> None:
    """Gives the tasks behind a star the label "starred", or takes it away.

    Raises:
        InvalidRequest: A task has a label of its own, which is not written over.
    """
    own = next((label for task in tasks if (label := task.record.label) not in {None, STARRED}), None)
    if on and own is not None:
        raise InvalidRequest(
            f"It is labelled {own!r} already, and a star would replace that. Take the label away in the history first."
        )
    for task in tasks:
        if on or task.record.label == STARRED:
            task.annotate(label=STARRED if on else "")
