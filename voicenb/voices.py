"""A cloned voice: what is known of it, and speech in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, overload

from voicenb.errors import InvalidRequest, VoiceExpired
from voicenb.schema import VoiceRecord
from voicenb.streaming import Stream
from voicenb.tasks import Task

if TYPE_CHECKING:
    from voicenb.audio import Clip
    from voicenb.studio import Studio

__all__ = ["SANDBOX", "Cloning", "Voice"]

SANDBOX = "sandbox"
"""What the ledger calls the sandbox, whatever its port."""
_MOST_TAKES = 100


@dataclass
class Cloning:
    """What `Studio.clone` was asked for, and the task that it is at."""

    source: Any
    name: str | None
    text: str | None
    language: str | Sequence[str] | None
    consent: str | None
    fresh: bool
    parameters: dict[str, Any]
    task: Task | None = None


class Voice:
    """A cloned voice of one service."""

    def __init__(self, studio: Studio, record: VoiceRecord) -> None:
        self._studio = studio
        self._record = record

    def __repr__(self) -> str:
        return f"<Voice {self.name!r}, {self._studio.service.profile.label}, {self._state()}>"

    def _repr_html_(self) -> str:
        consent = self.consent or "none recorded; studio.clone(…, consent='…') keeps one"
        facts = (
            f"<p><b>{escape(self.name)}</b> · {escape(self._studio.service.profile.label)} · {escape(self._state())}"
            f"<br><small>Synthetic voice. Consent: {escape(consent)}</small></p>"
        )
        preview = self.preview
        return facts if preview is None else facts + preview._repr_mimebundle_()["text/html"]

    def _state(self) -> str:
        if self.activated is not None:
            return "activated, kept for good"
        if self._expired():
            return f"expired {self.expires:%Y-%m-%d %H:%M} UTC"
        return self.until or "ready"

    def _expired(self) -> bool:
        return self.activated is None and self.expires is not None and self.expires <= datetime.now(UTC)

    @property
    def key(self) -> str:
        """The ledger's id of the voice."""
        return self._record.id

    @property
    def id(self) -> str:
        """The service's id of the voice (SoundClone: ``modelId``)."""
        return self._record.remote or ""

    @property
    def name(self) -> str:
        """Your name for it."""
        return self._record.name

    @property
    def version(self) -> str | None:
        """The version that it was cloned with."""
        return self._record.version

    @property
    def kept(self) -> dict[str, Any]:
        """Parameters of the cloning that speech in the voice takes too, unless it says otherwise."""
        if self._record.kept is None and self.version is not None:
            return {"version": self.version}
        return dict(self._record.kept or {})

    @property
    def reference(self) -> str | None:
        """The SHA-256 of the recording that it was cloned from, or its URL; None where that is not known."""
        return self._record.reference

    @property
    def consent(self) -> str | None:
        """The speaker's consent, as it was given."""
        return self._record.consent

    @property
    def expires(self) -> datetime | None:
        """Until when it must be used once to be kept (SoundClone: three days), or until when its address is signed.

        None where it is kept anyway.
        """
        return self._record.expires

    @property
    def until(self) -> str:
        """What `expires` means, in words; "" where nothing ends."""
        if self.expires is None or self.activated is not None:
            return ""
        what = "to be used once before" if self._studio.service.profile.voice_life else "its address is signed until"
        return f"{what} {self.expires:%Y-%m-%d %H:%M} UTC"

    @property
    def activated(self) -> datetime | None:
        """When its first production call was accepted, from which on it is kept; None elsewhere."""
        return self._record.activated

    @property
    def preview(self) -> Clip | None:
        """The clip that cloning it made."""
        if self._record.preview is None:
            return None
        record = self._studio._ledger.task(self._record.preview)  # noqa: SLF001 - a Voice belongs to its Studio
        runner = self._studio._runner  # noqa: SLF001
        return None if record is None else Task(runner, runner.life(record)).clip

    def refresh(self) -> None:
        """Reads the voice's state from the ledger again."""
        self._record = self._studio._ledger.voice(self.key) or self._record  # noqa: SLF001

    def require_usable(self) -> None:
        """Raises where the voice cannot speak any more.

        Raises:
            VoiceExpired: It was not used in time, or its signed address has ended.
            InvalidRequest: It was forgotten.
        """
        if self._record.state != "ready":
            raise InvalidRequest(f"the voice {self.name!r} is {self._record.state}; clone it again")
        if self._expired():
            why, then = "without having been used", "Clone it again: studio.clone(…)."
            if self._studio.service.profile.voice_life is None:
                why = "with the signature of its recording's address, which the service could no longer open"
                then = (
                    "studio.clone(…) publishes the recording again. An address that lasts: "
                    "voicenb.services.uploaders.storage_uploader('s3://bucket/folder', public='https://…')."
                )
            raise VoiceExpired(
                f"the voice {self.name!r} expired on {self.expires:%Y-%m-%d %H:%M} UTC {why}; nothing was sent or "
                f"charged. {then}",
                service=self._record.service,
            )

    def rename(self, name: str) -> Voice:
        """Gives the voice another name, in the ledger only."""
        if not name.strip():
            raise InvalidRequest("the new name is blank")
        self._record = self._studio._ledger.update_voice(self.key, name=name).result()  # noqa: SLF001
        return self

    def forget(self) -> None:
        """Takes the voice out of the ledger's lists. Its tasks and clips stay; the service is not told."""
        self._record = self._studio._ledger.update_voice(self.key, state="forgotten").result()  # noqa: SLF001

    def submit(
        self, text: str, *, take: int = 1, seed: int | None = None, fresh: bool = False, **parameters: Any
    ) -> Task:
        """Checks, prices and records a request, sends it in the background, and returns at once.

        Args:
            text: What is spoken; ``<#x#>`` pauses for x seconds.
            take: Which of several takes of one request this is.
            seed: What the sandbox draws its variation from; live services have none.
            fresh: Makes and pays a new one; else the same request asked again is answered from disk, for nothing.
            parameters: The service's parameters, by voicenb's names or the wire's.

        Raises:
            InvalidRequest: With every bad field; nothing was recorded.
            BudgetExceeded: A budget does not cover it; nothing was recorded.
            VoiceExpired: The voice was not used in time.
        """
        return self._studio._submit(self, text, parameters, take=take, seed=seed, fresh=fresh)  # noqa: SLF001

    def stream(self, text: str, *, seed: int | None = None, fresh: bool = False, **parameters: Any) -> Stream:
        """Speaks `text` and gives the sound while it is made: ``for chunk in voice.stream("…")``.

        Args:
            text: What is spoken.
            seed: What the sandbox draws its variation from; live services have none.
            fresh: Makes and pays a new one; else the same request asked again is answered from disk, for nothing.
            parameters: As in `say`.

        Raises:
            InvalidRequest: The service does not stream, or a parameter breaks a rule; nothing was recorded.
            BudgetExceeded, VoiceExpired: As in `submit`.
            TaskFailed, ServiceError, OutcomeUnknown: While the pieces come.
        """
        return self._studio._stream(self, text, parameters, seed=seed, fresh=fresh)  # noqa: SLF001

    @overload
    def say(
        self, text: str, *, takes: None = None, seed: int | None = None, fresh: bool = False,
        timeout: float | None = 600, quiet: bool = False, **parameters: Any,
    ) -> Clip: ...  # fmt: skip
    @overload
    def say(
        self, text: str, *, takes: int, seed: int | None = None, fresh: bool = False,
        timeout: float | None = 600, quiet: bool = False, **parameters: Any,
    ) -> list[Clip]: ...  # fmt: skip
    def say(
        self,
        text: str,
        *,
        takes: int | None = None,
        seed: int | None = None,
        fresh: bool = False,
        timeout: float | None = 600,
        quiet: bool = False,
        **parameters: Any,
    ) -> Clip | list[Clip]:
        """Speaks `text` in this voice.

        Args:
            text: What is spoken; ``<#x#>`` pauses for x seconds.
            takes: How many takes to make, each paid for; the answer is then a list.
            seed: What the sandbox draws its variation from; live services have none.
            fresh: Makes and pays a new one; else the same request asked again is answered from disk, for nothing.
            timeout: Seconds to wait for each clip; None waits as long as it takes.
            quiet: Shows no progress.
            parameters: The service's parameters, such as ``speed=1.1``, ``emotion="happy"``, ``subtitles="word"``.

        Raises:
            InvalidRequest, VoiceExpired: Before anything is sent.
            TaskFailed, TaskTimeout, ServiceError, OutcomeUnknown: As in `Task.wait`.
        """
        if takes is None:
            return self.submit(text, seed=seed, fresh=fresh, **parameters).wait(timeout, quiet=quiet)
        tasks = self.takes(text, takes, seed=seed, fresh=fresh, **parameters)
        return [task.wait(timeout, quiet=quiet) for task in tasks]

    def takes(self, text: str, takes: int, *, seed: int | None = None, **parameters: Any) -> list[Task]:
        """`submit` for several takes of one request, each paid for.

        Args:
            text: What is spoken.
            takes: How many.
            seed: What the sandbox draws the first take's variation from; live services have none.
            parameters: As in `submit`.

        Raises:
            InvalidRequest, VoiceExpired: As in `submit`.
        """
        if isinstance(takes, bool) or not isinstance(takes, int) or not 1 <= takes <= _MOST_TAKES:
            raise InvalidRequest(f"takes={takes!r}: allowed is a whole number from 1 to {_MOST_TAKES}")
        local = self._studio.endpoint == SANDBOX
        seeds: list[int | None] = [None] * takes
        if seed is not None or local:
            # The first take of a request without a seed is the request itself.
            seeds = [seed if number == 0 else (seed or 0) + number for number in range(takes)]
        return [self.submit(text, take=number, seed=one, **parameters) for number, one in enumerate(seeds, start=1)]
