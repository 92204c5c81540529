"""`ResultKeeper`: downloads what a task made, and writes it down: the bytes first, then what belongs to them."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from voicenb.audio.containers import is_whole, sniff
from voicenb.audio.reading import read
from voicenb.audio.sound import AudioError
from voicenb.errors import AuthenticationError, ServiceError, StorageError, TaskFailed, VoicenbError
from voicenb.ledger.records import TaskRecord, now
from voicenb.services.answers import is_text
from voicenb.services.base import Answer
from voicenb.services.http import IncompleteError
from voicenb.tasks.active import ActiveTask
from voicenb.tasks.context import TaskContext, amount_text
from voicenb.tasks.timing import FETCHES, LONGEST_WAIT, SUBTITLE_FETCHES

__all__ = ["ResultKeeper", "TextInsteadOfAudioError"]

_CUT_SHORT = "the audio ends before its own header says it does; it was fetched {times} and is kept as it came: listen to its end"
_BROKE_OFF = (
    "the audio broke off each of the {times} times that it was fetched and is kept as it came: listen to its end"
)


class TextInsteadOfAudioError(ServiceError):
    """A text came where sound should be. It is private to this module: the ledger keeps it as the `ServiceError` that it is."""


class ResultKeeper:
    """Fetches and keeps the results of one service's tasks."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._service = context.service
        self._ledger = context.ledger

    async def collect(self, task: ActiveTask, answer: Answer, came: list[bytes]) -> bool:
        """Fetches and keeps the result of a task that the service calls completed; False where it is to be fetched again.

        Args:
            task: The task.
            answer: The service's word on it.
            came: What was fetched before and was not taken.

        Raises:
            ServiceError: There is none, it does not come, or it is a page and no sound.
            TaskFailed: It is no sound, and stays so.
        """
        if self._context.makes_voice(task) and answer.voice is not None:
            # The voice is what a preview is paid for, whatever becomes of its sound.
            await self._context.settle_voice(task, answer.voice, created=answer.created)
        note = None
        try:
            audio = await self.fetch(task, answer)
            if not is_whole(audio):
                note = _CUT_SHORT.format(times="twice")
                if not came:
                    # Perhaps it comes whole the next time; after that it is taken as it is, for it was paid for.
                    came.append(audio)
                    return False
        except IncompleteError as error:
            came.append(error.data)
            # At the same place each time: the host has no more. Elsewhere, it is the line, which may be better later.
            if len(came) < FETCHES or len({len(one) for one in came[-FETCHES:]}) > 1 or not error.data:
                raise
            audio = error.data
            note = _BROKE_OFF.format(times=len(came))
        wants_voice = task.record.kind == "preview" and self._service.profile.cloning == "preview"
        if wants_voice and answer.voice is None:
            await self.store_audio(task, audio)
            raise ServiceError(
                f"{self._service.profile.label} calls the preview completed and gives no voice",
                service=task.record.service,
            )
        try:
            await self.keep(task, answer, audio, note)
        except AudioError as error:
            if error.missing is None and audio not in came and len(came) + 1 < FETCHES:
                came.append(audio)
                return False
            await self.end_unreadable(task, answer, error)
        return True

    async def fetch(self, task: ActiveTask, answer: Answer) -> bytes:
        """Downloads a result, while its row says so.

        Raises:
            ServiceError: It is not there, or a page came in its place.
        """
        url = answer.audio_url
        if url is None:
            raise ServiceError(
                f"{self._service.profile.label} calls the task completed and gives no address of its audio",
                service=task.record.service,
            )
        if task.record.status == "downloading":
            audio = await self._service.download(url)
        else:
            written = asyncio.ensure_future(self._context.write(task, status="downloading"))
            try:
                audio = await self._service.download(url)
            finally:
                await written
        if is_text(audio):
            file = await asyncio.to_thread(self._ledger.files.store, audio, "txt")
            raise TextInsteadOfAudioError(
                f"a text came in place of the audio, kept in {self._ledger.files.path(file)}: the address may have ended, or a proxy "
                "may want something",
                service=task.record.service,
            )
        return audio

    async def store_audio(self, task: ActiveTask, audio: bytes) -> str:
        """Writes audio to the disk, and that it is there to its row: it is safe from here on."""
        file = await asyncio.to_thread(self._ledger.files.store, audio, sniff(audio) or "bin")
        if task.record.file != file:
            await self._context.write(task, file=file)
        return file

    async def keep_leftovers(self, task: ActiveTask, answer: Answer) -> str:
        """Keeps what a task left that the service calls failed; where it is, in a sentence."""
        if answer.audio_url is None:
            return ""
        with suppress(VoicenbError):
            return f" What it gave nevertheless is in {self._ledger.files.path(await self.store_audio(task, await self.fetch(task, answer)))}."
        return ""

    async def keep(self, task: ActiveTask, answer: Answer, audio: bytes | None, findings: str | None = None) -> None:
        """Keeps a result: its bytes first, then what else belongs to it, as far as that can be had.

        Raises:
            AudioError: The audio is kept, and cannot be read.
        """
        kept: dict[str, Any] = {}
        if audio is not None:
            await self.store_audio(task, audio)
            sound = await asyncio.to_thread(read, audio)
            kept["seconds"] = len(sound.samples) / sound.rate
            findings = "; ".join(filter(None, [findings, *sound.findings])) or None
        kept["subtitles"], missing = await self._store_subtitles(task, answer)
        await self.complete(task, answer, **kept, findings="; ".join(filter(None, [findings, missing])) or None)

    async def keep_at_once(self, task: ActiveTask, answer: Answer) -> None:
        """Keeps the answer of a service that has no tasks: what cannot be read cannot be asked for again."""
        cut = answer.audio is not None and not is_whole(answer.audio)
        findings = _CUT_SHORT.format(times="once") if cut else None
        try:
            await self._context.write_with_retry(task, lambda: self.keep(task, answer, answer.audio, findings))
        except AudioError as error:
            await self.end_unreadable(task, answer, error)

    async def complete(self, task: ActiveTask, answer: Answer, **kept: Any) -> None:
        """Write down that a task is completed, with the columns `kept`."""
        if self._context.makes_voice(task):
            await self._context.settle_voice(
                task, answer.voice or task.record.parameters.get("reference"), answer.details, answer.created
            )
        elif task.record.kind == "production" and task.record.voice is not None:
            # Also where another kernel sent it and died before it wrote that down.
            await self._context.activate(task.record.voice)
        if (other := _model_finding(task.record, answer)) is not None:
            kept["findings"] = "; ".join(filter(None, [kept.get("findings"), other]))
            # What another model made is no answer to the same request, asked again.
            kept["cache_key"] = None
        await self._context.write(
            task,
            status="completed",
            completed=now(),
            **kept,
            cost=self._context.cost(task, answer),
            degraded=answer.degraded,
            provider=answer.provider,
            metadata=None if answer.metadata is None else dict(answer.metadata),
            error=None,
            error_kind=None,
        )

    async def _store_subtitles(self, task: ActiveTask, answer: Answer) -> tuple[str | None, str | None]:
        """The file of a result's subtitles, and what is to be said where there is none: they are never worth the audio."""
        asked = bool(task.record.parameters.get("subtitles"))
        remote = task.record.remote_id
        if answer.subtitles_url is None and asked and answer.audio_url is not None and remote is not None:
            # Perhaps they take a moment longer than the audio.
            await self._context.pause(task, self._context.poll_delay(None))
            with suppress(VoicenbError):
                answer = replace(answer, subtitles_url=(await self._service.query(remote)).subtitles_url)
        if answer.subtitles_url is None:
            return None, "subtitles were asked for and none came" if asked else None
        why = ""
        data = None
        for times in range(1, SUBTITLE_FETCHES + 1):
            wait = self._context.poll_delay(None)
            try:
                before, data = data, await self._service.download(answer.subtitles_url)
                # Kept in voicenb's own form, so that a clip needs no service to be read.
                read = self._service.subtitles(data)
                if len(read) or data.strip() == b"[]":
                    return await asyncio.to_thread(self._ledger.files.store, read.json().encode(), "json"), None
                why = "cannot be read (there are none in it)"
            except StorageError:
                raise
            except VoicenbError as error:
                why = f"could not be fetched ({str(error).partition('. ')[0].rstrip('.')})"
                wait = max(wait, getattr(error, "retry_after", None) or 0.0)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with them, the audio was paid for
                why = f"cannot be read ({str(error).rstrip('.') or type(error).__name__})"
            if times == SUBTITLE_FETCHES or (data is not None and data == before):
                break
            await self._context.pause(task, min(wait, LONGEST_WAIT))
        if not asked:
            return None, None
        kept = ""
        if data:
            kept = f"; what came is in {self._ledger.files.path(await asyncio.to_thread(self._ledger.files.store, data, 'txt'))}"
        return None, f"the subtitles {why}{kept}"

    async def end_unreadable(self, task: ActiveTask, answer: Answer, error: AudioError) -> None:
        """The end of a task whose audio cannot be read here: it is paid for, and it is kept."""
        assert task.record.file is not None
        where = self._ledger.files.path(task.record.file)
        cost = self._context.cost(task, answer)
        if error.missing is not None or (self._context.makes_voice(task) and answer.voice is not None):
            # The voice is there, or the sound is and only its decoder is not.
            await self.complete(task, answer, findings=f"the audio cannot be read ({error}); it is kept in {where}")
            return
        failed = TaskFailed(
            f"{self._service.profile.label} answered task {task.short_id} with something that is no sound ({error}). It "
            f"counts as charged, {amount_text(cost, task.record.unit)}, and is not fetched again; what came is in {where}. If "
            "a program of yours plays it, please report the format.",
            service=task.record.service,
        )
        await self._context.fail(task, failed, cost=cost)
        raise failed from None

    async def end_from_disk(self, task: ActiveTask) -> None:
        """Ends a task of which nothing more can be asked for: with the audio that is on disk already, or without."""
        if task.record.file is not None:
            answer = Answer(status="completed")
            try:
                audio = await asyncio.to_thread(self._ledger.files.path(task.record.file).read_bytes)
                await self.keep(task, answer, audio, None)
            except AudioError as error:
                await self.end_unreadable(task, answer, error)
            except OSError as error:
                raise self.unreachable(task, error) from error
            task.error = None
            return
        lost = TaskFailed(
            f"task {task.short_id} was accepted, and its kernel died while the answer arrived. It counts as charged, "
            f"{amount_text(task.record.estimate, task.record.unit)}, and the service does not give it again.",
            service=task.record.service,
        )
        await self._context.fail(task, lost, cost=task.record.estimate)
        raise lost

    def unreachable(self, task: ActiveTask, error: Exception) -> ServiceError:
        """Return the error of a task that cannot be followed now; its row stays open."""
        what = "the sandbox" if self._context.sandbox else self._service.profile.label
        reason = str(error).rstrip(".") if isinstance(error, VoicenbError | AudioError) else type(error).__name__
        kind = AuthenticationError if isinstance(error, AuthenticationError) else ServiceError
        task.error = lost = kind(
            f"{what} cannot be followed now: {reason}. Task {task.short_id} stays {task.record.status} in the ledger and is "
            "not charged again: task.wait() goes on, and studio.resume() does in another kernel.",
            code=getattr(error, "code", None),
            status=getattr(error, "status", None),
            service=task.record.service,
            task=task.record.id,
        )
        return lost

    async def fetch_again(self, record: TaskRecord) -> bool:
        """Downloads a completed task's audio and subtitles once more; whether they are what the ledger has.

        Raises:
            ServiceError: The service does not give them any more.
        """
        if record.remote_id is None:
            return False
        answer = await self._service.query(record.remote_id)
        if answer.audio_url is None:
            return False
        kept = set()
        for name, url in ((record.file, answer.audio_url), (record.subtitles, answer.subtitles_url)):
            if name is None or url is None:
                continue
            data = await self._service.download(url)
            if name == record.subtitles:
                with suppress(ValueError):
                    data = self._service.subtitles(data).json().encode()
            if hashlib.sha256(data).hexdigest() == Path(name).stem:
                kept.add(await asyncio.to_thread(self._ledger.files.store, data, Path(name).suffix[1:]))
        return {name for name in (record.file, record.subtitles) if name} <= kept


def _model_finding(record: TaskRecord, answer: Answer) -> str | None:
    """That another model was used than the one that was asked for, in words."""
    asked = record.parameters.get("model")
    if answer.model is None or not isinstance(asked, str) or _normalised(asked) == _normalised(answer.model):
        return None
    return f"made by the model {answer.model}, not by {asked}, which was asked for"


def _normalised(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()
