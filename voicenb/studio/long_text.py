"""A text that is longer than a service takes, on request: split at sentences, each part a task of its own, joined into one clip.

A part is recognised by its request, as any task is. What was made before is taken from disk; what is under way, or was sent and never
answered, is followed and not sent again. So the same call once more pays for what is missing, and for nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from voicenb.audio.codec import encode
from voicenb.audio.resampling import resample
from voicenb.audio.sound import AudioError
from voicenb.audio.subtitles import Segment, Subtitles, Word
from voicenb.base.arguments import to_python
from voicenb.base.money import Price, counted
from voicenb.errors import TasksFailed, VoicenbError
from voicenb.services.sentences import Part, text_parts
from voicenb.studio.clip import Clip
from voicenb.studio.clips import Clips
from voicenb.studio.spoken import SpeakingVoice, longest_text, spoken_key, spoken_price, spoken_request, take_seeds
from voicenb.studio.task import Task
from voicenb.studio.waiting_for_all import outcome_of_all, wait_for_all
from voicenb.tasks.budget import require_covered

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["JoinedTask", "LongText", "joined_clip"]


@dataclass(frozen=True)
class JoinedTask:
    """What a joined clip shows in place of a task.

    Attributes:
        parts: The tasks that made it, in the order of the text.
        text: The whole text.
    """

    parts: tuple[Task, ...]
    text: str

    @property
    def id(self) -> str:
        """The ledger's id of the first part."""
        return self.parts[0].id

    @property
    def service(self) -> str:
        """The service's id."""
        return self.parts[0].service

    @property
    def voice(self) -> str | None:
        """The voice's name."""
        return self.parts[0].voice

    @property
    def speaker(self) -> str | None:
        """Whose voice it is: a name, or the words that describe it."""
        return self.parts[0].speaker

    @property
    def kind(self) -> str:
        """``production``."""
        return self.parts[0].kind

    @property
    def take(self) -> int:
        """Which of several takes it is."""
        return self.parts[0].take

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from the service's defaults."""
        return self.parts[0].parameters

    @property
    def cost(self) -> Decimal | None:
        """What all parts cost, in `unit`; None where that is not known of one."""
        costs = [one.cost for one in {one.id: one for one in self.parts}.values()]
        return sum((cost for cost in costs if cost is not None), Decimal(0)) if None not in costs else None

    @property
    def unit(self) -> str:
        """The service's unit."""
        return self.parts[0].unit

    @property
    def cached(self) -> bool:
        """Whether all of it was made before."""
        return all(one.cached for one in self.parts)

    @property
    def degraded(self) -> bool | None:
        """Whether a fallback made a part; None where the service does not say."""
        said = [one.degraded for one in self.parts]
        return True if True in said else None if None in said else False

    @property
    def findings(self) -> str | None:
        """What is to be said of its parts."""
        found = [f"part {number}: {one.findings}" for number, one in enumerate(self.parts, 1) if one.findings]
        return "; ".join(found) or None


class _Voice(SpeakingVoice, Protocol):
    def submit(self, text: str, *, take: int, seed: int | None, fresh: bool, **parameters: Any) -> Task: ...


class LongText:
    """A text in parts, each of which the service would take.

    Args:
        voice: Who says it.
        text: The text.
        parameters: As in `Voice.say`.

    Attributes:
        parts: The parts that are spoken, and the silence behind each.

    Raises:
        InvalidRequest: A request breaks a rule; nothing was sent.
    """

    def __init__(self, voice: _Voice, text: str, parameters: Mapping[str, Any]) -> None:
        self._voice, self._parameters = voice, dict(parameters)
        self.text = to_python(text)
        most = longest_text(voice.session.service.request_type("production"))
        if not isinstance(self.text, str) or most is None or len(self.text) <= most:
            self.parts = [Part(self.text, self.text, 0.0)]
        else:
            self.parts = _spoken_parts(text_parts(self.text, most))
        # All of them before anything is sent.
        self._requests = [spoken_request(voice, part.spoken, self._parameters) for part in self.parts]

    def price(self, *, seeds: Sequence[int | None], fresh: bool = False, ask: bool = True) -> Price:
        """What it costs; a part that was made before, or is under way, counts nothing unless `fresh`."""
        return spoken_price(
            self._voice, [part.spoken for part in self.parts], self._parameters, seeds=seeds, fresh=fresh, ask=ask,
            going=lambda key: self._going(key) is not None,
        )  # fmt: skip

    def submit(self, *, take: int = 1, seed: int | None = None, fresh: bool = False) -> list[Task]:
        """Asks for every part that is not there and not under way; the tasks of all parts, in their order.

        Raises:
            BudgetExceeded: A budget does not cover a part; those before it go on.
            VoiceExpired: The voice was not used in time.
        """
        made: list[Task] = []
        there: dict[str, Task] = {}
        try:
            for part, request in zip(self.parts, self._requests, strict=True):
                key = spoken_key(self._voice, request, take=take, seed=seed)
                task = None if fresh else there.get(key) or self._going(key)
                if task is None:
                    task = self._voice.submit(part.spoken, take=take, seed=seed, fresh=fresh, **self._parameters)
                there[key] = task
                made.append(task)
        except VoicenbError as error:
            if made:
                error.add_note(
                    f"{len(made)} of {len(self.parts)} parts of the text were asked for before this, and go on. The same "
                    "call again pays for the missing ones alone."
                )
            raise
        return made

    def submit_takes(self, takes: int | None, *, seed: int | None = None, fresh: bool = False) -> list[list[Task]]:
        """`submit` for each of several takes; one where `takes` is None.

        Raises:
            BudgetExceeded: A budget does not cover all that is to be paid; nothing was sent.
        """
        seeds = take_seeds(self._voice, 1 if takes is None else takes, seed)
        self._require_covered(seeds, fresh=fresh)
        return [self.submit(take=take, seed=one, fresh=fresh) for take, one in enumerate(seeds, 1)]

    def say(
        self,
        takes: int | None = None,
        *,
        seed: int | None = None,
        fresh: bool = False,
        timeout: float | None = None,
        quiet: bool = False,
    ) -> Clip | Clips:
        """The joined clip, waited for; several takes as a list. The arguments are those of `Voice.say`.

        Raises:
            TasksFailed: Parts were not made. What is paid is kept, and the message says what there is to do.
        """
        made = self.submit_takes(takes, seed=seed, fresh=fresh)
        try:
            clips = wait_for_all([task for tasks in made for task in tasks], timeout, quiet=quiet)
        except TasksFailed as error:
            raise self.failed([task for tasks in made for task in tasks], error, fresh=fresh) from None
        return self._answer(takes, made, clips)

    async def outcome(
        self, takes: int | None = None, *, seed: int | None = None, fresh: bool = False, timeout: float | None = None
    ) -> Clip | Clips:
        """`say` on any asyncio loop."""
        made = await asyncio.to_thread(lambda: self.submit_takes(takes, seed=seed, fresh=fresh))
        try:
            clips = await outcome_of_all([task for tasks in made for task in tasks], timeout)
        except TasksFailed as error:
            raise self.failed([task for tasks in made for task in tasks], error, fresh=fresh) from None
        return await asyncio.to_thread(self._answer, takes, made, clips)

    def _answer(self, takes: int | None, made: Sequence[Sequence[Task]], clips: Clips) -> Clip | Clips:
        count = len(self.parts)
        joined = [self.clip(tasks, clips[place * count : (place + 1) * count]) for place, tasks in enumerate(made)]
        return joined[0] if takes is None else Clips(joined)

    def _require_covered(self, seeds: Sequence[int | None], *, fresh: bool) -> None:
        session = self._voice.session
        if session.runner.budgets:
            price = self.price(seeds=seeds, fresh=fresh)
            require_covered(session.ledger, session.runner.budgets, price, session.service.profile.id)

    def _going(self, key: str) -> Task | None:
        """The task that may still answer a request, where there is one; never one that would have to be sent again."""
        session = self._voice.session
        if session.ledger.tasks.cached(key) is not None:
            return None
        record = session.ledger.tasks.under_way(key)
        # What was planned by a kernel that has died never left.
        if record is None or (record.status == "planned" and not session.ledger.owners.is_alive(record.owner)):
            return None
        return Task(session.runner, session.runner.task(record))

    def clip(self, tasks: Sequence[Task], clips: Sequence[Clip]) -> Clip:
        """The clips of all parts as one; that of a text of one part as it is."""
        if len(self.parts) == 1:
            return clips[0]
        return joined_clip(clips, [part.pause for part in self.parts], JoinedTask(tuple(tasks), self.text))

    def failed(self, tasks: Sequence[Task], error: TasksFailed, *, fresh: bool = False) -> TasksFailed:
        """What is said where some parts were not made."""
        each = {task.id: task for task in tasks}
        bad = [number for number, task in enumerate(tasks, 1) if task.id in error.errors]
        paid = sum((task.cost or Decimal(0) for task in each.values() if task.id not in error.errors), Decimal(0))
        kept = len(each) - len(error.errors)
        lines = [
            f"{len(bad)} of {len(tasks)} parts of the text were not made"
            + (f"; the other {kept} are kept, {counted(paid, tasks[0].unit)} charged for them now:" if kept else ":")
        ]
        for number in bad:
            task = tasks[number - 1]
            lines.append(
                f"  - part {number} {' '.join((task.text or '').split())[:40]!r}, task {task.id[:8]}, {task.charged()}: "
                f"{type(error.errors[task.id]).__name__}: {error.errors[task.id]}"
            )
        lines.append(
            f"Say the same again{' without fresh=True' if fresh else ''}: what is there is free, what is under way or of unknown outcome is "
            "not sent again, and only the missing parts are paid."
        )
        return TasksFailed("\n".join(lines), clips=error.clips, errors=error.errors)


def _spoken_parts(parts: Sequence[Part]) -> list[Part]:
    """The parts that have something to speak; the silence of the others is their neighbour's."""
    found: list[Part] = []
    for part in parts:
        if part.spoken:
            found.append(part)
        elif found:
            found[-1] = found[-1]._replace(pause=found[-1].pause + part.pause)
    return found or [Part(parts[0].text, parts[0].text, 0.0)]


# ── Joining ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# Speech is louder than this share of a clip's peak, -40 dB.
_SOUNDS = 0.01


def joined_clip(clips: Sequence[Clip], pauses: Sequence[float], task: JoinedTask) -> Clip:
    """Clips one behind the other, with subtitles: FLAC at the first one's rate, since nothing is to be lost a second time.

    Args:
        clips: The clips.
        pauses: Seconds of silence between what is spoken in each and in the next; silence that the clips bring is counted.
        task: What made them.

    Raises:
        VoicenbError: One of them cannot be read.
    """
    try:
        sounds = [one.samples for one in clips]
        rate = clips[0].rate
        channels = max(1 if one.ndim == 1 else one.shape[1] for one in sounds)
        level = [_as_channels(resample(one, clip.rate, rate) if clip.rate != rate else one, channels)
                 for one, clip in zip(sounds, clips, strict=True)]  # fmt: skip
    except AudioError as error:
        raise VoicenbError(f"The parts of the text cannot be joined: {error}. Each is in studio.history.") from None
    pieces: list[npt.NDArray[np.float32]] = []
    segments: list[Segment] = []
    at = 0
    for number, sound in enumerate(level):
        segments += _moved(clips[number].subtitles, at / rate)
        pieces.append(sound)
        at += len(sound)
        if number + 1 < len(level):
            silent = _silence(sound[::-1]) + _silence(level[number + 1])
            missing = max(round(pauses[number] * rate) - silent, 0)
            pieces.append(np.zeros((missing, *sound.shape[1:]), np.float32))
            at += missing
    data = encode(np.concatenate(pieces), rate, "flac")
    return Clip(data, subtitles=Subtitles(tuple(segments)) if segments else None, task=task)


def _as_channels(sound: npt.NDArray[np.float32], channels: int) -> npt.NDArray[np.float32]:
    if channels == 1 or (sound.ndim == 2 and sound.shape[1] == channels):
        return sound
    one = sound if sound.ndim == 1 else sound.mean(axis=1)
    return np.repeat(one[:, None], channels, axis=1)


def _silence(sound: npt.NDArray[np.float32]) -> int:
    """How many frames a sound begins with before anything is heard."""
    loud = np.abs(sound) if sound.ndim == 1 else np.abs(sound).max(axis=1)
    heard = np.flatnonzero(loud > _SOUNDS * loud.max(initial=0.0))
    return int(heard[0]) if len(heard) else len(sound)


def _moved(subtitles: Subtitles | None, by: float) -> list[Segment]:
    return [
        Segment(
            one.text, one.start + by, one.end + by, tuple(Word(w.text, w.start + by, w.end + by) for w in one.words)
        )
        for one in subtitles or ()
    ]
