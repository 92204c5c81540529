"""A cloned voice: what is known of it, and speech in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, overload

from voicenb.base.arguments import text_given, to_python, wait_seconds, whole_number
from voicenb.base.moments import moment_text
from voicenb.base.money import Price
from voicenb.errors import InvalidRequest, VoiceExpired, VoicenbError
from voicenb.ledger.records import VoiceRecord
from voicenb.services.base import Streaming
from voicenb.services.signatures import SPOKEN, takes_parameters
from voicenb.studio.long_text import LongText
from voicenb.studio.spoken import spoken_key, spoken_price, spoken_request, take_seeds
from voicenb.studio.stream import Stream
from voicenb.studio.task import Task
from voicenb.studio.waiting_for_all import wait_for_takes
from voicenb.tasks.chunks import Chunk, ChunkBuffer
from voicenb.tasks.session import SANDBOX, Session

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip
    from voicenb.studio.clips import Clips

__all__ = ["Voice"]


def _json_text(value: Any) -> str:
    """A value of JSON for people."""
    if value is None or value == []:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(_json_text, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Voice:
    """A cloned voice of one service.

    Attributes:
        session: The service, ledger and runner behind it, for studies and panels.
    """

    def __init__(self, session: Session, record: VoiceRecord) -> None:
        self.session = session
        self._record = record

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a voice cannot be copied or pickled, for it belongs to its studio: pass its name ({self.name!r}), and ask "
            "studio.voice(name) for it there"
        )

    def __repr__(self) -> str:
        return f"<Voice {self.name!r}, {self.session.service.profile.label}, {self._state()}>"

    def _repr_html_(self) -> str:
        consent = self.consent or "none recorded; studio.clone(…, consent='…') keeps one"
        facts = (
            f"<p><b>{escape(self.name)}</b> · {escape(self.session.service.profile.label)} · {escape(self._state())}"
            f"<br><small>Synthetic voice. Consent: {escape(consent)}</small></p>"
        )
        preview = self.preview
        facts += self._details_html()
        return facts if preview is None else facts + preview._repr_mimebundle_()["text/html"]

    def _details_html(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(str(name))}</th><td>{escape(_json_text(value))}</td></tr>"
            for name, value in self.details.items()
        )
        if not rows:
            return ""
        label = escape(self.session.service.profile.label)
        return f"<details><summary><small>What {label} says of it</small></summary><table>{rows}</table></details>"

    def _current_record(self) -> VoiceRecord:
        """The row; read again while a first use, which any kernel may make, can still change it."""
        if self._record.activated is None and self.session.service.profile.voice_life is not None:
            self.refresh()
        return self._record

    def _state(self) -> str:
        record = self._current_record()
        if record.activated is not None:
            return "activated, kept for good"
        if (ended := record.ended(datetime.now(UTC))) is not None:
            return f"expired {moment_text(ended)}"
        return self._until(record) or "ready"

    def _until(self, record: VoiceRecord) -> str:
        if record.expires is None or record.activated is not None:
            return ""
        what = "to be used once before" if self.session.service.profile.voice_life else "its address is signed until"
        return f"{what} {moment_text(record.expires)}"

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
    def details(self) -> Mapping[str, Any]:
        """What the service said of the voice when it was made, by the service's own names; empty where it says nothing.

        Faseeh: id, voice_id, name, description, gender, age, languages, dialect, type, sample_url, avatar_url, stability.
        """
        return MappingProxyType(dict(self._record.details or {}))

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
        return self._current_record().expires

    @property
    def until(self) -> str:
        """What `expires` means, in words; "" where nothing ends."""
        return self._until(self._current_record())

    @property
    def activated(self) -> datetime | None:
        """When its first production call was accepted, from which on it is kept; None elsewhere."""
        return self._current_record().activated

    @property
    def preview(self) -> Clip | None:
        """The clip that cloning it made."""
        if self._record.preview is None:
            return None
        record = self.session.ledger.tasks.get(self._record.preview)
        runner = self.session.runner
        return None if record is None else Task(runner, runner.task(record)).clip

    def refresh(self) -> None:
        """Reads the voice's state from the ledger again."""
        self._record = self.session.ledger.voices.get(self.key) or self._record

    def require_usable(self) -> None:
        """Raises where the voice cannot speak any more.

        Raises:
            VoiceExpired: It was not used in time, or its signed address has ended.
            InvalidRequest: It was forgotten.
        """
        if self._record.state != "ready":
            raise InvalidRequest(f"the voice {self.name!r} is {self._record.state}; clone it again")
        # One look at the row: the answer to a first use, which keeps the voice, may come between two.
        if (ended := self._current_record().ended(datetime.now(UTC))) is not None:
            why, then = "without having been used", "Clone it again: studio.clone(…)."
            if self.session.service.profile.voice_life is None:
                why = "with the signature of its recording's address, which the service could no longer open"
                then = (
                    "studio.clone(…) publishes the recording again. An address that lasts: "
                    "voicenb.services.uploaders.storage_uploader('s3://bucket/folder', public='https://…')."
                )
            raise VoiceExpired(
                f"the voice {self.name!r} expired on {moment_text(ended)} {why}; nothing was sent or charged. {then}",
                service=self._record.service,
            )

    def rename(self, name: str) -> Voice:
        """Gives the voice another name, in the ledger only.

        Raises:
            InvalidRequest: The name is blank, or no text.
        """
        self._record = self.session.ledger.voices.update(self.key, name=text_given("name", name)).result()
        return self

    def forget(self) -> None:
        """Takes the voice out of the ledger's lists. Its tasks and clips stay; the service is not told."""
        self._record = self.session.ledger.voices.update(self.key, state="forgotten").result()

    @takes_parameters(SPOKEN)
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
        return self._submit(text, parameters, take=take, seed=seed, fresh=fresh)

    @takes_parameters(SPOKEN)
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
        service = self.session.service
        if not isinstance(service, Streaming):
            raise InvalidRequest(
                f"{service.profile.id} does not stream; voice.say(…) gives the whole clip", service=service.profile.id
            )
        chunks = ChunkBuffer()
        task = self._submit(text, parameters, take=1, seed=seed, fresh=fresh, chunks=chunks)
        if task.cached and (clip := task.clip) is not None:
            import numpy as np

            pcm = np.clip(np.rint(clip.samples * 32768), -32768, 32767).astype("<i2")
            chunks.put(Chunk(pcm.tobytes(), clip.rate, 1 if pcm.ndim == 1 else pcm.shape[1]))
            chunks.end()
        return Stream(chunks, task)

    @overload
    def say(
        self, text: str, *, takes: None = None, seed: int | None = None, fresh: bool = False,
        split: bool = False, timeout: float | None = 600, quiet: bool = False, **parameters: Any,
    ) -> Clip: ...  # fmt: skip
    @overload
    def say(
        self, text: str, *, takes: int, seed: int | None = None, fresh: bool = False,
        split: bool = False, timeout: float | None = 600, quiet: bool = False, **parameters: Any,
    ) -> Clips: ...  # fmt: skip
    @takes_parameters(SPOKEN)
    def say(
        self,
        text: str,
        *,
        takes: int | None = None,
        seed: int | None = None,
        fresh: bool = False,
        split: bool = False,
        timeout: float | None = 600,
        quiet: bool = False,
        **parameters: Any,
    ) -> Clip | Clips:
        """Speaks `text` in this voice.

        Args:
            text: What is spoken; ``<#x#>`` pauses for x seconds.
            takes: How many takes to make, each paid for; the answer is then a `Clips`, a list that shows itself as a comparison.
            seed: What the sandbox draws its variation from; live services have none.
            fresh: Makes and pays a new one; else the same request asked again is answered from disk, for nothing.
            split: Says a text that is longer than the service takes in parts, split at sentences, each paid for as a task of its own, and
                joins them into one clip. The same call again pays for parts that are missing, and for nothing else.
            timeout: Seconds to wait for each clip; None waits as long as it takes.
            quiet: Shows no progress.
            parameters: The service's parameters, such as ``speed=1.1``, ``emotion="happy"``, ``subtitles="word"``.

        Raises:
            InvalidRequest, VoiceExpired: Before anything is sent.
            TaskFailed, TaskTimeout, ServiceError, OutcomeUnknown: As in `Task.wait`.
            TasksFailed: Some of several takes or parts were not made; the others are in its `clips`.
        """
        timeout = wait_seconds(timeout)
        if split:
            long = LongText(self, text, parameters)
            if len(long.parts) > 1:
                return long.say(takes, seed=seed, fresh=fresh, timeout=timeout, quiet=quiet)
        if takes is None:
            return self.submit(text, seed=seed, fresh=fresh, **parameters).wait(timeout, quiet=quiet)
        tasks = self.takes(text, takes, seed=seed, fresh=fresh, **parameters)
        return wait_for_takes(tasks, timeout, quiet=quiet)

    @takes_parameters(SPOKEN)
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
        made: list[Task] = []
        try:
            made.extend(self.each_take(text, takes, seed=seed, **parameters))
        except VoicenbError as error:
            if made:
                error.add_note(
                    f"{len(made)} of {takes} takes were asked for before this, and go on: studio.tasks() finds "
                    f"{', '.join(task.id[:8] for task in made)}."
                )
            raise
        return made

    @takes_parameters(SPOKEN)
    def each_take(self, text: str, takes: int, *, seed: int | None = None, **parameters: Any) -> Iterator[Task]:
        """`takes` one by one: the next is sent when it is asked for, so that the rest can be left out."""
        for number, one in enumerate(take_seeds(self, takes, seed), start=1):
            yield self.submit(text, take=number, seed=one, **parameters)

    @takes_parameters(SPOKEN)
    def price(
        self,
        text: str,
        *,
        takes: int | None = None,
        seed: int | None = None,
        fresh: bool = False,
        split: bool = False,
        ask: bool = True,
        **parameters: Any,
    ) -> Price:
        """Return what saying `text` costs, before anything is sent; see `Studio.price`.

        Raises:
            InvalidRequest: The request breaks a rule.
        """
        seeds = take_seeds(self, 1 if takes is None else takes, seed)
        if split:
            return LongText(self, text, parameters).price(seeds=seeds, fresh=fresh, ask=ask)
        return spoken_price(self, [text], parameters, seeds=seeds, fresh=fresh, ask=ask)

    @takes_parameters(SPOKEN)
    def is_cached(self, text: str, *, take: int = 1, seed: int | None = None, **parameters: Any) -> bool:
        """Whether `submit` with these arguments would be answered from disk, for nothing.

        Raises:
            InvalidRequest: The request breaks a rule.
        """
        seed, take = whole_number("seed", seed), whole_number("take", take, 1) or 1
        key = spoken_key(self, spoken_request(self, text, parameters), take=take, seed=seed)
        return self.session.ledger.tasks.cached(key) is not None

    def _submit(
        self,
        text: str,
        parameters: dict[str, Any],
        *,
        take: int,
        seed: int | None,
        fresh: bool,
        chunks: ChunkBuffer | None = None,
    ) -> Task:
        session, profile = self.session, self.session.service.profile
        text, seed, take = to_python(text), whole_number("seed", seed), whole_number("take", take, 1) or 1
        if seed is not None and session.endpoint != SANDBOX:
            raise InvalidRequest(f"{profile.id} has no seed: only the sandbox can repeat a take", service=profile.id)
        self.refresh()
        request = spoken_request(self, text, parameters)
        key = spoken_key(self, request, take=take, seed=seed)
        found = None if fresh else session.ledger.tasks.cached(key)
        if found is not None:
            return Task(session.runner, session.runner.record_cache_hit(found, voice=self.key, voice_name=self.name))
        self.require_usable()
        session.ready()
        price = session.service.price(request, session.prices_to_pay())
        active = session.runner.plan(
            request, "production", price,
            voice=self.key, voice_name=self.name, text=text, characters=session.service.characters(text), take=take, seed=seed,
            cache_key=key,
        )  # fmt: skip
        session.runner.launch(active, request, chunks=chunks)
        return Task(session.runner, active)
