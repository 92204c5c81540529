"""Homes whose sandbox need not begin from nothing: what sandboxes work out once, or a whole running sandbox, is shared."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def warmed(home: Path) -> Path:
    """Lets the sandbox of `home` keep what it works out once, such as sample speakers, where all sandboxes of this test run do.

    Each home still has a sandbox, an account and a ledger of its own.
    """
    home.mkdir(parents=True, exist_ok=True)
    _link(home / "sandbox" / "cache", os.environ["TESTS_LEARNED"])
    return home


def beside(home: Path, other: Path) -> Path:
    """Lets `home` use the sandbox of `other`, with its account and its books; the ledger of `home` is its own."""
    home.mkdir(parents=True, exist_ok=True)
    (other / "sandbox").mkdir(mode=0o700, parents=True, exist_ok=True)
    _link(home / "sandbox", str(other / "sandbox"))
    return home


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.makedirs(target, mode=0o700, exist_ok=True)  # noqa: PTH103 - of a text
    # Where links are not allowed, as on Windows, each sandbox begins from nothing.
    with suppress(FileExistsError, OSError):
        path.symlink_to(target, target_is_directory=True)
