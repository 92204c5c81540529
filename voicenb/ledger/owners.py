"""Which processes are alive: each task is followed by one, and left behind when that one has died."""

from __future__ import annotations

import os
import platform
import tempfile
import threading
import uuid
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from voicenb.errors import StorageError

__all__ = ["Owners"]

_RENEW_SECONDS = 10.0
_MARK_SECONDS = 30.0

_inherited: list[FileLock] = []
"""The parent's locks in a forked child: to let one go would release it for the parent."""


class Owners:
    """The owners of tasks, each of them a process, as files in `folder`.

    A process proves that it lives by holding the lock on the file ``<id>``, which the operating system releases when it
    dies, and to other machines by renewing ``<id>.host``.

    Attributes:
        own_id: This process's id.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start()

    def _start(self) -> None:
        self.own_id = uuid.uuid4().hex
        self._lock: FileLock | None = None
        self._proving = threading.Lock()
        self._ending = threading.Event()

    def after_fork(self) -> None:
        """In a forked child: be another owner, who is not proven alive yet."""
        if self._lock is not None:
            _inherited.append(self._lock)
        self._start()

    def close(self) -> None:
        """Let go of the lock, and remove this process's files."""
        if self._lock is not None:
            self._ending.set()
            self._lock.release()
            self._remove(self.own_id)
            self._lock = None

    def prove_alive(self) -> str:
        """Return this process's id, which counts as alive from now on until the process ends.

        Raises:
            StorageError: The folder cannot be written.
        """
        with self._proving:
            if self._lock is None:
                lock, mark = FileLock(self._folder / self.own_id, thread_local=False), self._mark(self.own_id)
                try:
                    lock.acquire(timeout=0)
                    # Another machine cannot see the lock; for it the mark is renewed as long as this process lives.
                    mark.write_text(platform.node(), "utf-8")
                except OSError as error:
                    lock.release()
                    raise StorageError.of(mark, error) from error
                threading.Thread(target=_renew, args=(mark, self._ending), name="voicenb-alive", daemon=True).start()
                self._lock = lock
        return self.own_id

    def is_alive(self, owner: str | None) -> bool:
        """Whether the process with that id still lives: on this machine by its lock, elsewhere by its mark."""
        if not owner:
            return False
        if owner == self.own_id:
            return True
        path, mark = self._folder / owner, self._mark(owner)
        try:
            host = mark.read_text("utf-8")
        except OSError:
            host = platform.node()
        if host != platform.node():
            return _age(mark) < _MARK_SECONDS
        if not path.exists():
            return False
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout:
            return True
        self._remove(owner)
        return False

    def _mark(self, owner: str) -> Path:
        return self._folder / f"{owner}.host"

    def _remove(self, owner: str) -> None:
        for file in (self._folder / owner, self._mark(owner)):
            with suppress(OSError):
                file.unlink()


def _age(mark: Path) -> float:
    """Seconds since a mark was renewed, by the file system's own clock: two machines' clocks differ."""
    with tempfile.NamedTemporaryFile(dir=mark.parent) as probe, suppress(OSError):
        return os.fstat(probe.fileno()).st_mtime - mark.stat().st_mtime
    return float("inf")


def _renew(mark: Path, ending: threading.Event) -> None:
    while not ending.wait(_RENEW_SECONDS):
        try:
            os.utime(mark)
        except OSError:
            return
