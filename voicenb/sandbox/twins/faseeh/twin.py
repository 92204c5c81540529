"""Faseeh's (Munsit's) twin: previews, voices and speech, as documented and learned, on the built-in voice.

`voicenb.sandbox.twins.faseeh.rules` holds the rules for a request's fields, and what was assumed about them. Assumed here, because
nobody states it:

- Errors are ``{errorCode, errorMessage}``: 40001 (HTTP 400) for every bad field, body or text that cannot be spoken, 40101 (401), 40201
  (402), 40301 (403) for a model of the setting ``locked_models``, 40401 (404) for an unknown model or voice, 40501, 42901 (429)
  beyond the setting ``concurrency``, 50000 (500), and 50001 (500) where a preview's recording holds no voice or its text cannot be
  spoken.
- The preview's path is ``/voices/preview``. ``similarity`` steadies the take; the built-in voice is no nearer or further.
- Previews and speech cost their characters (code points as sent, the tags of pauses included) at the model's ``cost``, charged when the first
  sound is sent, so a stream that the client leaves is charged, and refunded where the voice fails later on. Creating a voice
  is free. A request that a kill of the sandbox interrupts is not charged.
- The prices are 1 credit a character, and 0.5 with the mini model, which sounds the same; the first balance is 1,000,000 credits.
- Every sentence is brought to the same loudness, and they are 0.35 s apart at speed 1. A stream begins when its first sentence has
  been made; its bytes are those of the WAV's samples.
- Files are WAV, MP3, FLAC, Ogg, M4A, AAC or WebM by their first bytes, at most 50 MB each. ``voice_file`` must hold a
  voice; what it says is not compared with ``text``. The voice is that of ``reference_audio_file``; it does not expire.
- A created voice's ``type`` is null, a ready-made one's ``neural`` (learned); lists that were left out are empty.
  ``GET /voices`` is a bare array, the ready-made voices first; these have no sample. In it a created voice has null gender, dialect
  and type, and its ``voice_id`` begins with ``cl-`` (learned).
- There is no ``/websocket/text-to-speech``.
- ``stability`` is how little takes differ; where two requests are the same, so are the takes, unless ``X-Sandbox-Seed`` differs.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from voicenb.sandbox.bookkeeping.books import OverdrawnError
from voicenb.sandbox.bookkeeping.money import MICRO, credits_of, shown
from voicenb.sandbox.bookkeeping.records import Upload, Voice
from voicenb.sandbox.engine.workers.loading import VoiceError
from voicenb.sandbox.recordings.files import MIME
from voicenb.sandbox.recordings.references import RecordingError, kind_of
from voicenb.sandbox.recordings.uploads import received, written
from voicenb.sandbox.twins import seeds
from voicenb.sandbox.twins.faseeh.pauses import as_marks
from voicenb.sandbox.twins.faseeh.ready_voices import READY
from voicenb.sandbox.twins.faseeh.rules import read_preview, read_speech, read_voice
from voicenb.sandbox.twins.pcm import RATE, to_wav
from voicenb.sandbox.twins.speech import Speaking, read_as_written
from voicenb.sandbox.twins.streaming import Streamed, send_whole, until_gone
from voicenb.sandbox.wire.bodies import BadBodyError, api_key, drain, read_json
from voicenb.sandbox.wire.fields import RuleError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.types import Receive, Send

    from voicenb.sandbox.bookkeeping.records import Task
    from voicenb.sandbox.twins.context import SandboxContext
    from voicenb.sandbox.twins.faseeh.rules import NewVoice

    Handler = Callable[[Request], Awaitable[Response]]

__all__ = ["Faseeh"]

_FILE_BYTES = 50 * 1024 * 1024
_FORM_BYTES = 1024 * 1024
"""What the other fields may add to the files."""
_FIELDS = 50

_MODELS: Mapping[str, tuple[str, int, str]] = {
    "faseeh-v1-preview": ("Faseeh v1 Preview", MICRO, "The larger model."),
    "faseeh-mini-v1-preview": ("Faseeh Mini v1 Preview", MICRO // 2, "The smaller model, at half the price."),
}
"""By id: name, micro-credits a character, description."""

_CODES = {400: "40001", 404: "40401", 405: "40501", 500: "50000"}


class _ProblemError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Faseeh:
    """The twin of Faseeh (Munsit)."""

    service = "faseeh"
    first_balance = 1_000_000 * MICRO
    base_path = "/api/v1"
    paths = ("/api/v1/",)

    def __init__(self, sandbox: SandboxContext) -> None:
        self._sandbox = sandbox
        self._busy = 0

    def routes(self) -> list[Route]:
        """The twin's routes, below its base path."""
        base = self.base_path
        return [
            Route(f"{base}/models", self._guarded(self._models), methods=["GET"]),
            Route(f"{base}/voices", self._guarded(self._voices), methods=["GET"]),
            Route(f"{base}/voices/preview", self._guarded(self._preview), methods=["POST"]),
            Route(f"{base}/voices/clone", self._guarded(self._clone), methods=["POST"]),
            Route(f"{base}/text-to-speech/{{model_id}}", self._guarded(self._speech), methods=["POST"]),
        ]

    def problem(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """The service's form of an error, at HTTP's own status."""
        return _refusal(_CODES.get(status, f"{status}00"), message, headers)

    async def perform(self, task: Task) -> None:
        """Fail what a killed sandbox left unfinished: its client has got no answer and no bill."""
        raise VoiceError(f"the sandbox ended during this {task.kind}")

    @property
    def _voice_errors(self) -> tuple[type[Exception], ...]:
        return self._sandbox.voice.errors

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            if not api_key(request, self._sandbox.key):
                await drain(request)
                return _refusal("40101", "invalid or missing API key: send it as x-api-key")
            try:
                return await handler(request)
            except _ProblemError as error:
                return _refusal(error.code, str(error))
            except (BadBodyError, RuleError) as error:
                return _refusal("40001", str(error))

        return guarded

    # Lists

    async def _models(self, _request: Request) -> Response:
        locked = self._sandbox.settings["locked_models"]
        return JSONResponse(
            [
                {
                    "id": str(uuid.uuid5(uuid.NAMESPACE_URL, model)),
                    "model_id": model,
                    "model_name": name,
                    "cost": credits_of(price),
                    "description": description,
                }
                for model, (name, price, description) in _MODELS.items()
                if model not in locked
            ]
        )

    async def _voices(self, _request: Request) -> Response:
        unsaid = {"gender": None, "dialect": None, "type": None}
        created = [self._described(voice) | unsaid for voice in self._sandbox.books.voices(self.service)]
        return JSONResponse([ready.described() for ready in READY.values()] + created)

    def _described(self, voice: Voice) -> dict[str, Any]:
        details = dict(voice.details)
        return details | {"sample_url": self._sandbox.upload_url(details["sample_url"])}

    # Previews and voices

    async def _preview(self, request: Request) -> Response:
        async with received(request, limit=_FILE_BYTES + _FORM_BYTES, files=1, fields=_FIELDS) as form:
            seed = seeds.given(request)
            asked = read_preview(*_parts(form))
            price = self._price(asked.model)
            resolved = asdict(asked)
            failures: tuple[type[Exception], ...] = (RecordingError, *self._voice_errors)
            async with self._file(form, "file") as (recording, _):
                with self._slot(), self._task("preview", resolved, len(asked.text), price) as task:
                    try:
                        enrolled = await self._sandbox.references.enrolled(recording)
                        sound = await self._speaking(
                            asked.text,
                            rate=RATE,
                            speed=asked.speed,
                            **seeds.chosen(seed, resolved, apart_from=()),
                            stability=asked.similarity,
                            profile=self._sandbox.references.path(enrolled.profile),
                        ).whole()
                    except failures as error:
                        raise _ProblemError("50001", f"the preview failed: {error}") from error
                    self._complete(task)
        return Response(sound, media_type=_pcm_type(RATE))

    async def _clone(self, request: Request) -> Response:
        async with received(request, limit=2 * _FILE_BYTES + _FORM_BYTES, files=2, fields=_FIELDS) as form:
            asked = read_voice(*_parts(form))
            self._price(asked.model)
            async with (
                self._file(form, "voice_file") as (sample, kind),
                self._file(form, "reference_audio_file") as (recording, _),
            ):
                with self._slot(), self._task("voice", asdict(asked), len(asked.text), 0) as task:
                    await self._check_sample(sample)
                    try:
                        enrolled = await self._sandbox.references.enrolled(recording)
                    except RecordingError as error:
                        raise _ProblemError("40001", f"reference_audio_file: {error}") from error
                    voice = self._voice(task, asked, self._kept(sample, f"{asked.name}.{kind}"), enrolled.profile)
                    self._complete(task, voice)
        return JSONResponse(self._described(voice))

    async def _check_sample(self, sample: Path) -> None:
        scratch = self._sandbox.files.partial("npz")
        try:
            await (await self._sandbox.voice.engine()).enrol(sample, scratch)
        except self._voice_errors as error:
            raise _ProblemError("40001", f"voice_file: {error}") from error
        finally:
            scratch.unlink(missing_ok=True)

    def _kept(self, sample: Path, filename: str) -> str:
        """The sample where it has a URL that does not expire; its bare name."""
        files = self._sandbox.files
        size = sample.stat().st_size
        name = files.keep(sample, files.uploads)
        self._sandbox.books.add_upload(Upload(name, filename, size, MIME[sample.suffix[1:]]))
        return name

    def _voice(self, task: str, asked: NewVoice, sample: str, profile: str) -> Voice:
        voice_id = f"cl-{secrets.token_hex(12)}"
        details = {
            "id": str(uuid.uuid4()),
            "voice_id": voice_id,
            "name": asked.name,
            "description": asked.description,
            "gender": asked.gender,
            "age": asked.age,
            "languages": asked.languages,
            "dialect": asked.dialects,
            "type": None,
            "sample_url": sample,
            "avatar_url": asked.avatar_url,
            "stability": asked.stability,
        }
        return Voice(voice_id, self.service, task, profile, details, self._sandbox.books.now())

    # Speech

    async def _speech(self, request: Request) -> Response:
        seed = seeds.given(request)
        asked = read_speech(await read_json(request))
        model = request.path_params["model_id"]
        price = self._price(model)
        resolved = asdict(asked) | {"model": model}
        apart_from = {"streaming", "rate"} | (set() if asked.voice_id in READY else {"voice_id"})
        speaking = self._speaking(
            asked.text,
            rate=asked.rate,
            speed=asked.speed,
            **seeds.chosen(seed, resolved, apart_from=apart_from),
            stability=asked.stability,
            **self._manner(asked.voice_id),
        )
        if asked.streaming:
            return Streamed(partial(self._stream, speaking, resolved, price))
        with self._slot(), self._task("speech", resolved, len(asked.text), price) as task:
            try:
                sound = await speaking.whole()
            except self._voice_errors as error:
                raise _ProblemError("40001", f"text: {error}") from error
            self._complete(task)
        return Response(await asyncio.to_thread(to_wav, sound, asked.rate), media_type="audio/wav")

    async def _stream(
        self, speaking: Speaking, resolved: dict[str, Any], price: int, receive: Receive, send: Send
    ) -> None:
        """Answer with samples as they are made."""
        headers = [(b"content-type", _pcm_type(resolved["rate"]).encode())]
        gone = asyncio.create_task(until_gone(receive))
        begun = False
        try:
            with self._slot(), self._task("speech", resolved, len(resolved["text"]), price) as task:
                try:
                    async with aclosing(speaking.pieces()) as pieces:
                        async for piece in pieces:
                            if not begun:
                                self._charge(task)
                                await send({"type": "http.response.start", "status": 200, "headers": headers})
                                begun = True
                            if gone.done():
                                break
                            await send({"type": "http.response.body", "body": piece, "more_body": True})
                except self._voice_errors as error:
                    raise _ProblemError("40001", f"text: {error}") from error
                self._complete(task)
            await send({"type": "http.response.body", "body": b""})
        except _ProblemError as error:
            if begun:
                # All that is left is to break the answer off, which an HTTP client notices.
                raise
            await send_whole(_refusal(error.code, str(error)), send)
        finally:
            gone.cancel()

    def _speaking(self, text: str, **options: Any) -> Speaking:
        return Speaking(self._sandbox.files, self._sandbox.voice, as_marks(read_as_written(text)), **options)

    def _manner(self, voice_id: str) -> dict[str, Any]:
        """The engine's keywords for a voice."""
        if voice_id in READY:
            return {"describe": READY[voice_id].manner}
        voice = self._sandbox.books.voice(self.service, voice_id)
        if voice is None:
            raise _ProblemError("40401", f"there is no voice {voice_id[:80]!r}")
        return {"profile": self._sandbox.references.path(voice.profile)}

    # What the requests share

    def _price(self, model: str) -> int:
        """Micro-credits a character."""
        if model not in _MODELS:
            raise _ProblemError("40401", f"there is no model {model[:80]!r}; there are {', '.join(_MODELS)}")
        if model in self._sandbox.settings["locked_models"]:
            raise _ProblemError("40301", f"this account has no access to the model {model}")
        return _MODELS[model][1]

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """One of the requests that may make sound at a time."""
        most = self._sandbox.settings["concurrency"]
        if self._busy >= most:
            raise _ProblemError("42901", f"too many requests at once: {most} are allowed; try again when one is done")
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    @contextmanager
    def _task(self, kind: str, request: dict[str, Any], characters: int, price: int) -> Iterator[str]:
        """A task in the books; what is raised fails it, and leaves no charge."""
        number = str(uuid.uuid4())
        try:
            self._sandbox.books.submit(
                id=number,
                service=self.service,
                kind=kind,
                request=request,
                characters=characters,
                dues={kind: characters * price} if price else {},
                queued=False,
            )
        except OverdrawnError as error:
            raise _overdrawn(error) from None
        try:
            yield number
        except Exception as error:
            self._sandbox.jobs.fail(number, _cause(error))
            raise
        except BaseException:
            self._sandbox.books.fail(number, "the request was interrupted")
            raise

    def _charge(self, task: str) -> None:
        try:
            self._sandbox.books.settle(task)
        except OverdrawnError as error:
            raise _overdrawn(error) from error

    def _complete(self, task: str, voice: Voice | None = None) -> None:
        try:
            self._sandbox.books.complete(task, voice=voice)
        except OverdrawnError as error:
            raise _overdrawn(error) from error

    @asynccontextmanager
    async def _file(self, form: FormData, name: str) -> AsyncIterator[tuple[Path, str]]:
        """A file part's bytes as a file that is removed afterwards, and what kind it is."""
        part = form[name]
        assert isinstance(part, UploadFile)
        if not part.size:
            raise RuleError(f"{name}: it is empty")
        if part.size > _FILE_BYTES:
            raise RuleError(f"{name}: larger than {_FILE_BYTES // 1024**2} MB")
        arrived = self._sandbox.files.partial("part")
        named = arrived
        try:
            await written(part, arrived)
            kind = kind_of(arrived)
            if kind is None:
                raise RuleError(f"{name}: is no audio file; raw samples must be wrapped in a WAV")
            named = arrived.rename(arrived.with_suffix(f".{kind}"))
            yield named, kind
        finally:
            named.unlink(missing_ok=True)


def _refusal(code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    body = {"errorCode": code, "errorMessage": message}
    return JSONResponse(body, status_code=int(code[:3]), headers=dict(headers or {}))


def _overdrawn(error: OverdrawnError) -> _ProblemError:
    needed, left = shown(error.needed), shown(error.balance)
    return _ProblemError("40201", f"insufficient balance: this request costs {needed} credits, {left} are left")


def _cause(error: Exception) -> Exception:
    return error.__cause__ if isinstance(error.__cause__, Exception) else error


def _parts(form: FormData) -> tuple[dict[str, str], set[str]]:
    """The form's texts by name, and the names of its files."""
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    return texts, set(form) - set(texts)


def _pcm_type(rate: int) -> str:
    return f"audio/raw; codec=pcm16; rate={rate}; channels=1"
