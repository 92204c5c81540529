"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["write_atomically"]


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
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for their owner only; a saved clip has the rights that any new file gets.
        with contextlib.suppress(OSError):
            Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target


def _umask() -> int:
    # There is no other way to read it than to set it; the moment between is why nothing else is done here.
    current = os.umask(0o077)
    os.umask(current)
    return current
