"""Where voicenb keeps things: ledger, files, voices, the sandbox's state."""

from __future__ import annotations

import os
from pathlib import Path

from voicenb.errors import InvalidRequest

__all__ = ["home", "is_default_home"]


def home(path: str | os.PathLike[str] | None = None) -> Path:
    """The home folder, made when missing: `path`, else ``VOICENB_HOME`` unless it is blank, else the platform's user-data folder.

    Raises:
        InvalidRequest: It is no folder, and none can be made there.
    """
    variable = os.environ.get("VOICENB_HOME", "")
    given = path if path is not None else variable if variable.strip() else None
    origin = f"VOICENB_HOME={variable!r}" if path is None else f"home={path!r}"
    try:
        if given is not None:
            text = os.fsdecode(given)
            if not text.strip():
                raise ValueError("it is blank")  # noqa: TRY301 - one error for every reason
            folder = Path(text).expanduser()
        else:
            folder = _user_data()
            origin = f"the user-data folder, {str(folder)!r}"
            if not folder.is_absolute():
                # What is left of "~" where the system knows no home of this user.
                raise ValueError("this user has no home folder")  # noqa: TRY301
        folder = folder.absolute()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except FileExistsError:
        what = "a link that leads nowhere" if folder.is_symlink() else "a file"
        raise _unusable(origin, f"it is {what}, not a folder") from None
    except NotADirectoryError:
        raise _unusable(origin, "a part of the path is a file") from None
    except OSError as error:
        raise _unusable(origin, error.strerror or str(error)) from None
    except (TypeError, ValueError, RuntimeError) as error:
        raise _unusable(origin, str(error).rstrip(".")) from None
    return folder


def is_default_home(folder: Path) -> bool:
    """Whether `home` without a path is this folder; nothing is made."""
    variable = os.environ.get("VOICENB_HOME", "")
    try:
        return folder == (Path(variable).expanduser() if variable.strip() else _user_data()).absolute()
    except (OSError, RuntimeError):
        # This user has no home folder.
        return False


def _user_data() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("voicenb", appauthor=False))


def _unusable(origin: str, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"{origin} cannot be voicenb's home ({reason}). Set the environment variable VOICENB_HOME, or home=, to a folder that "
        "you can write; it is made when missing. Nothing was sent."
    )
