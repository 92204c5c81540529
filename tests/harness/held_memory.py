"""How much memory a process has held: its own, and not what its parent held when it was started, which Linux counts in ``ru_maxrss``."""

from __future__ import annotations

import resource
from pathlib import Path


def most_memory(pid: int | None = None) -> int:
    """The most bytes that a process has held; 0 for another process where the system does not tell.

    Args:
        pid: The process; None is this one.
    """
    status = Path(f"/proc/{'self' if pid is None else pid}/status")
    if not status.exists():
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if pid is None else 0
    return 1024 * int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:")).split()[1])
