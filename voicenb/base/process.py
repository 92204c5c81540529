"""What this process has and starts: standard streams that may be missing, locks, and Python programs of this package."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

__all__ = ["is_terminal", "program", "standard_streams", "try_lock"]

_RUN = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def program(module: str, *arguments: str) -> list[str]:
    """The command that runs a module as a program, by this interpreter and from this package.

    It runs in Python's safe-path mode: ``python -m`` would put the current folder first, and a reader's own ``random.py``
    in it would be taken for the standard library's. The folder of this package comes last on the path instead, for a package
    that is imported from a folder that only this process knows.
    """
    package = Path(__file__).resolve().parents[2]
    return [sys.executable, "-P", "-c", _RUN, str(package), module, *arguments]


def is_terminal(stream: Any) -> bool:
    """Whether somebody sits behind a stream. One that is missing (``pythonw``, a service) or closed has nobody."""
    try:
        return bool(stream is not None and stream.isatty())
    except (AttributeError, ValueError, OSError):
        return False


def try_lock(descriptor: int) -> bool:
    """Locks an open file for this process alone; False where another one holds it. Closing the file lets go of it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def standard_streams() -> Iterator[None]:
    """For a program's whole run: a standard stream that is missing swallows what is written, and has nothing to read.

    Without it a file of ours would get the number of a closed stream, and take what a library writes to it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given, which is this one. Children have it, too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    with ExitStack() as stack:
        for stream, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            if stream is None or stream.closed:
                redirected: Any = redirect
                stack.enter_context(redirected(stack.enter_context(open(os.devnull, "w", encoding="utf-8"))))  # noqa: PTH123
        yield
