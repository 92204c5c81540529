"""The sandbox put together: what its parts share, its twins, its faults and its queue.

A service's twin is one class (see `voicenb.sandbox.twins.twin`). Adding one is adding it to `Sandbox.twins`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from voicenb.sandbox.fault_injection.injection import Faults
from voicenb.sandbox.server.lifelines import Lifelines
from voicenb.sandbox.twins.aiclone.twin import AIClone
from voicenb.sandbox.twins.context import SandboxContext
from voicenb.sandbox.twins.faseeh.twin import Faseeh
from voicenb.sandbox.twins.openai.twin import OpenAi
from voicenb.sandbox.twins.soundclone.twin import SoundClone
from voicenb.sandbox.twins.task_queue import Jobs

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Sandbox"]

_MOST_RUNNERS = 4
"""As many as the engine has workers at most."""


class Sandbox(SandboxContext):
    """Every part of one sandbox; made on the event loop that serves it.

    Args:
        root: The sandbox's own folder below the home.
        key: The API key.
        port: Where it listens.
    """

    def __init__(self, root: Path, *, key: str, port: int) -> None:
        super().__init__(root, key=key, port=port)
        self.lifelines = Lifelines()
        self.twins = [SoundClone(self), AIClone(self), Faseeh(self), OpenAi(self)]
        for twin in self.twins:
            self.books.open_account(twin.service, twin.first_balance)
        self.faults = Faults(self)
        self.jobs = Jobs(self.books, self.voice, {twin.service: self.faults.performing(twin) for twin in self.twins})

    def start(self) -> None:
        """Warm the voice up in the background and begin with the queue."""
        self.files.purge(self.books)
        self.voice.warm_up()
        self.jobs.start(max(2, min(_MOST_RUNNERS, os.cpu_count() or 1)))

    async def stop(self) -> None:
        """Put running tasks back and end the workers; the books stay open for requests that are still answered."""
        await self.jobs.stop()
        await self.voice.close()
