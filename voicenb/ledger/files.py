"""The content-addressed files beside the ledger: audio and subtitles under the hash of their bytes."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from voicenb.base.files import write_atomically
from voicenb.errors import StorageError

__all__ = ["FileStore"]


class FileStore:
    """The files in `folder`, which any thread and process may use.

    A file is named ``ab/abcd….mp3``, by the first two digits of its SHA-256, the SHA-256 and a suffix.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store(self, data: bytes, suffix: str) -> str:
        """Keep `data` and return its name; the file is there whole or not at all.

        Args:
            data: The bytes.
            suffix: The file's suffix without a dot.

        Raises:
            StorageError: The disk does not take it; nothing was changed.
        """
        digest = hashlib.sha256(data).hexdigest()
        name = f"{digest[:2]}/{digest}.{suffix}"
        if not self.is_sound(name):
            try:
                write_atomically(self.path(name), data)
            except OSError as error:
                raise StorageError.of(self.path(name), error) from error
        return name

    def path(self, name: str) -> Path:
        """Where the file `name`, as `store` gave it, lies."""
        return self._folder / name

    def read(self, name: str) -> bytes:
        """The bytes of the file `name`.

        Raises:
            OSError: It cannot be read.
        """
        return self.path(name).read_bytes()

    def is_sound(self, name: str) -> bool | None:
        """Whether the file `name` still has the hash that it is called by; None where it is gone."""
        try:
            with self.path(name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None
        return digest == Path(name).stem

    def copy(self, folder: Path) -> None:
        """Copy every file to `folder`, while others go on writing.

        Raises:
            OSError: A file cannot be read or written; `shutil.Error` is one.
        """
        shutil.copytree(self._folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.part"))
