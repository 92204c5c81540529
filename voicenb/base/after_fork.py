"""Objects that a forked child has to reset: the threads, loops and locks of its parent are not there."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["reset_after_fork"]


class _Resettable(Protocol):
    def after_fork(self) -> None:
        """In the child: forgets what belongs to the parent's threads and loops. Starts nothing and waits for nothing."""


_holders: weakref.WeakSet[_Resettable] = weakref.WeakSet()


def reset_after_fork(holder: _Resettable) -> None:
    """Have ``holder.after_fork()`` called in every child that this process forks, as long as `holder` lives."""
    _holders.add(holder)


def _in_child() -> None:
    for holder in list(_holders):
        holder.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
