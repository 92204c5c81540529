"""Arrays that are worked out once and kept in a file; workers may race for it."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["kept", "read", "write"]


def write(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write an `.npz` in one step: a reader sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
        # On Windows a rename onto a file that another worker reads is refused; its content is the same.
        with contextlib.suppress(PermissionError):
            Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def read(path: Path) -> dict[str, Any]:
    """The arrays of an `.npz`; nothing in it is executed.

    Raises:
        OSError, ValueError, zipfile.BadZipFile: It is not there, or not such a file.
    """
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        return dict(file)


def kept(path: Path, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """The arrays in `path`; made and written first where the file is missing or damaged."""
    with contextlib.suppress(OSError, ValueError, zipfile.BadZipFile):
        return read(path)
    arrays = make()
    write(path, arrays)
    return arrays
