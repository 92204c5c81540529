"""Atomic file writes."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

__all__ = ["file_name", "write_atomically"]


def write_atomically(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write `data` under a temporary name beside `path`, then rename it.

    The folder is made when missing. A file that is there is replaced; its readers see the old or the new one, never a part.

    Returns:
        The path written.

    Raises:
        OSError: The folder cannot be written to, or the disk is full; nothing is left behind.
    """
    target = Path(path).expanduser()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name[:40]}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def file_name(name: str, default: str = "study") -> str:
    """A user's name as that of a file, without a suffix: what no system's file name may have becomes a hyphen."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "-", name).strip(". ") or default
