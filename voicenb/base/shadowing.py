"""Module shadowing: a file of the reader's that is imported in place of a module that voicenb needs."""

from __future__ import annotations

import re
import sys
import sysconfig
from importlib.metadata import requires
from pathlib import Path

__all__ = ["describe_shadowing"]


def describe_shadowing() -> str | None:
    """What to do about a reader's file, in the current folder or elsewhere on the path, that has the name of a module of Python's
    or of a package that voicenb needs; None where there is none.
    """
    own = {Path(path) for path in sysconfig.get_paths().values()}
    names = {
        *sys.stdlib_module_names,
        *(re.split(r"\W", one.replace("-", "_"))[0] for one in requires("voicenb") or ()),
    }
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name in names and file and not any(Path(file).is_relative_to(place) for place in own):
            return (
                f"{file} has the name of a module that voicenb needs, and was imported in its place: rename it, remove "
                "__pycache__ beside it, and restart the kernel"
            )
    return None
