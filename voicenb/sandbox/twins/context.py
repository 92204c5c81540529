"""What all parts of a running sandbox share: its folders, books and voice, its twins, and where its files are served."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version as installed
from typing import TYPE_CHECKING, Any

from voicenb.sandbox.bookkeeping.books import Books
from voicenb.sandbox.engine.workers.loading import Voice
from voicenb.sandbox.recordings.files import Files
from voicenb.sandbox.recordings.references import References
from voicenb.sandbox.twins.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from voicenb.sandbox.bookkeeping.records import Task
    from voicenb.sandbox.twins.task_queue import Jobs
    from voicenb.sandbox.twins.twin import Twin

__all__ = ["SandboxContext"]


class SandboxContext:
    """What a twin, a fault and a control route need of the sandbox that they are in.

    Args:
        root: The sandbox's own folder below the home.
        key: The API key.
        port: Where it listens.
    """

    twins: list[Twin]
    jobs: Jobs

    def __init__(self, root: Path, *, key: str, port: int) -> None:
        self.key = key
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"
        try:
            self.version = installed("voicenb")
        except PackageNotFoundError:
            self.version = "unknown"
        self.files = Files(root)
        self.books = Books(root / "books.db")
        # What the engine has worked out belongs to its version.
        self.voice = Voice(self.files.cache / self.version)
        self.references = References(self.files, self.voice, self.version)
        self.settings = Settings(self.books)

    def upload_url(self, name: str) -> str:
        """Where an uploaded file is served, without a key."""
        return f"{self.origin}/files/uploads/{name}"

    def result_url(self, name: str) -> str:
        """Where a result is served, without a key."""
        return f"{self.origin}/files/results/{name}"

    def twin_of(self, path: str) -> Twin:
        """The twin that answers for a path; the first one for those that are nobody's."""
        return next((twin for twin in self.twins if path.startswith(twin.paths)), self.twins[0])

    def submit(self, **task: Any) -> Task:
        """Charge and queue a task (see `Books.submit`), and let the queue know."""
        queued = self.books.submit(**task)
        self.jobs.wake()
        return queued
