"""Where voicenb keeps things: ledger, files, voices, the sandbox's state."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["home"]


def home(path: str | os.PathLike[str] | None = None) -> Path:
    """The home folder, made when missing: `path`, else ``VOICENB_HOME``, else the platform's user-data folder."""
    chosen = path or os.environ.get("VOICENB_HOME")
    if chosen:
        folder = Path(chosen).expanduser()
    else:
        import platformdirs

        folder = Path(platformdirs.user_data_dir("voicenb", appauthor=False))
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
