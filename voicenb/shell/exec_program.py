"""Another program in the place of this one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

__all__ = ["replace_process"]


def replace_process(command: list[str]) -> NoReturn:
    """Lets another program take this one's place, signals and exit code included."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(command[0], command)  # noqa: S606 - this interpreter, with arguments that no shell reads
    process = subprocess.Popen(command)  # noqa: S603 - as above; Windows has no exec that a console waits for
    while True:
        try:
            sys.exit(process.wait())
        except KeyboardInterrupt:
            # The console sent it to both; the program ends in its own way.
            continue
