"""What optional packages bring: files in them that are read without importing the package, and models that are loaded once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["file_in", "loaded_once"]


def file_in(package: str, *parts: str) -> Path | None:
    """A file in an installed package, which is not imported; None where the package or the file is not there."""
    found = find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        path = Path(folder).joinpath(*parts)
        if path.is_file():
            return path
    return None


def loaded_once(load: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """Makes a loader that keeps what it has loaded; of threads that ask at the same time the others wait."""
    lock, kept = threading.Lock(), cache(load)

    @wraps(load)
    def loaded(path: Path) -> Any:
        with lock:
            return kept(path)

    return loaded
