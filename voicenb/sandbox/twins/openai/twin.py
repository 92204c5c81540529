"""The twin of an OpenAI-compatible speech server, on the built-in voice.

`voicenb.sandbox.twins.openai.rules` holds the rules for a request's fields, and what was assumed about them. Documented by OpenAI:
``POST /audio/speech``, whose answer is the sound or, with ``stream_format`` sse, events ``speech.audio.delta`` and ``speech.audio.done``;
``GET /models``; errors as ``{"error": {message, type, param, code}}``. Learned from open servers: ``GET`` and ``POST /audio/voices``
(vLLM-Omni: ``audio_sample``, ``consent``, ``name``, ``ref_text``, ``speaker_description``), ``GET`` and ``POST /voices`` (Chatterbox TTS
API: ``voice_file``, ``voice_name``), ``POST /upload_reference`` beside the API (Chatterbox-TTS-Server: ``files``). Assumed here:

- The models are tts-1, tts-1-hd and gpt-4o-mini-tts, which sound the same; the last one alone follows ``instructions``.
- HTTP 400 for every bad field, body, voice or text that cannot be spoken, 404 ``model_not_found``, 401 ``invalid_api_key``.
- There is no account, no balance and no price: nothing is charged.
- Sound is at 24000 Hz. There is no AAC here (HTTP 400). With a ``stream_format`` it comes sentence by sentence, else whole.
- A voice of a name that is there replaces it (vLLM-Omni), or is refused with 409 (Chatterbox TTS API). Uploads have 10 MB at most.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import uuid
from contextlib import aclosing, contextmanager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from voicenb.sandbox.bookkeeping.records import Voice
from voicenb.sandbox.engine.workers.loading import VoiceError
from voicenb.sandbox.recordings.fetch import FetchError, fetched
from voicenb.sandbox.recordings.references import RecordingError, kind_of
from voicenb.sandbox.recordings.uploads import received, written
from voicenb.sandbox.twins import seeds
from voicenb.sandbox.twins.openai.encoding import MEDIA, Encoder, encoded
from voicenb.sandbox.twins.openai.rules import UnknownFieldError, WrittenSpeech, read_speech, recording_in
from voicenb.sandbox.twins.openai.voices import READY
from voicenb.sandbox.twins.pcm import RATE
from voicenb.sandbox.twins.speech import Speaking, read_as_written
from voicenb.sandbox.twins.streaming import Streamed, send_whole, until_gone
from voicenb.sandbox.wire.bodies import BadBodyError, bearer, drain, read_json
from voicenb.sandbox.wire.fields import RuleError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Receive, Send

    from voicenb.sandbox.bookkeeping.records import Task
    from voicenb.sandbox.twins.context import SandboxContext

    Handler = Callable[[Request], Awaitable[Response]]

__all__ = ["OpenAi"]

_BODY_BYTES = 30 * 1024 * 1024
_FILE_BYTES = 10 * 1024 * 1024
_FORM_BYTES = 64 * 1024
_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
_INSTRUCTED = "gpt-4o-mini-tts"
_NAME_CHARACTERS = 100
_CODES = {404: "unknown_url", 405: "method_not_allowed", 429: "rate_limit_exceeded", 500: None}


class _ProblemError(Exception):
    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.answer = _refusal(status, message, param=param, code=code)


class OpenAi:
    """The twin of an OpenAI-compatible speech server."""

    service = "openai"
    first_balance = 0
    base_path = "/v1"
    paths = ("/v1/", "/upload_reference")

    def __init__(self, sandbox: SandboxContext) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[Route]:
        """The twin's routes, below its base path, and one beside it."""
        base = self.base_path
        return [
            Route(f"{base}/models", self._guarded(self._models), methods=["GET"]),
            Route(f"{base}/audio/speech", self._guarded(self._speech), methods=["POST"]),
            Route(f"{base}/audio/voices", self._guarded(self._voices), methods=["GET"]),
            Route(f"{base}/audio/voices", self._guarded(self._uploaded), methods=["POST"]),
            Route(f"{base}/voices", self._guarded(self._library), methods=["GET"]),
            Route(f"{base}/voices", self._guarded(self._added), methods=["POST"]),
            Route("/upload_reference", self._guarded(self._filed), methods=["POST"]),
        ]

    def problem(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """The API's form of an error, at HTTP's own status."""
        return _refusal(status, message, code=_CODES.get(status), headers=headers)

    async def perform(self, task: Task) -> None:
        """Fail what a killed sandbox left unfinished: its client has got no answer."""
        raise VoiceError(f"the sandbox ended during this {task.kind}")

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            if not bearer(request, self._sandbox.key):
                await drain(request)
                return _refusal(401, "Incorrect API key provided", code="invalid_api_key")
            try:
                return await handler(request)
            except _ProblemError as error:
                return error.answer
            except UnknownFieldError as error:
                return _refusal(400, str(error), param=error.field, code="unknown_parameter")
            except (BadBodyError, RuleError) as error:
                param = str(error).partition(":")[0]
                return _refusal(400, str(error), param=param if param.isidentifier() else None, code="invalid_value")

        return guarded

    # Lists

    async def _models(self, _request: Request) -> Response:
        listed = [{"id": model, "object": "model", "created": 0, "owned_by": "voicenb"} for model in _MODELS]
        return JSONResponse({"object": "list", "data": listed})

    def _made(self) -> dict[str, Voice]:
        """The uploaded voices by name; the newest of a name."""
        return {voice.details["name"]: voice for voice in self._sandbox.books.voices(self.service)}

    async def _voices(self, _request: Request) -> Response:
        made = self._made()
        return JSONResponse(
            {"voices": [*READY, *made], "uploaded_voices": [_described(voice) for voice in made.values()]}
        )

    async def _library(self, _request: Request) -> Response:
        made = [{"name": name, "upload_date": voice.created} for name, voice in self._made().items()]
        return JSONResponse({"voices": made, "count": len(made)})

    # New voices

    async def _uploaded(self, request: Request) -> Response:
        async with received(request, limit=_FILE_BYTES + _FORM_BYTES, files=1, fields=20) as form:
            for name in ("name", "consent"):
                _text_of(form, name)
            voice = await self._voice(form.get("audio_sample"), "audio_sample", _text_of(form, "name"), dict(form))
        return JSONResponse({"success": True, "voice": _described(voice)})

    async def _added(self, request: Request) -> Response:
        async with received(request, limit=_FILE_BYTES + _FORM_BYTES, files=1, fields=20) as form:
            name = _text_of(form, "voice_name")
            if name in self._made():
                error = {"message": f"Voice '{name}' already exists", "type": "voice_exists_error"}
                return JSONResponse({"detail": {"error": error}}, status_code=409)
            await self._voice(form.get("voice_file"), "voice_file", name, {})
        return JSONResponse({"message": "Voice uploaded successfully", "voice": {"name": name}}, status_code=201)

    async def _filed(self, request: Request) -> Response:
        async with received(request, limit=_FILE_BYTES + _FORM_BYTES, files=1, fields=20) as form:
            part = form.get("files")
            name = part.filename or "" if isinstance(part, UploadFile) else ""
            if name not in self._made():
                await self._voice(part, "files", name, {})
        return JSONResponse({"message": "Processed 1 file(s).", "uploaded_files": [name], "errors": []})

    async def _voice(self, part: Any, field: str, name: str, said: Mapping[str, Any]) -> Voice:
        """A new voice in the books, of a file part."""
        if not isinstance(part, UploadFile) or not part.size:
            raise RuleError(f"{field}: required, as a file part of multipart/form-data")
        if part.size > _FILE_BYTES:
            raise RuleError(f"{field}: larger than {_FILE_BYTES // 1024**2} MB")
        if name in READY:
            raise RuleError(f"name: {name} is a voice of the server's own")
        arrived = self._sandbox.files.partial("part")
        try:
            await written(part, arrived)
            # Every row of the books has a text, which readers look for.
            with self._task("voice", {"name": name, "text": ""}, 0) as task:
                enrolled = await self._enrolled(arrived, field)
                details = {
                    "name": name,
                    "file_size": part.size,
                    "mime_type": part.content_type or "application/octet-stream",
                    **{key: said[key] for key in ("consent", "ref_text", "speaker_description") if said.get(key)},
                }
                now = self._sandbox.books.now()
                voice = Voice(f"voice_{uuid.uuid4().hex}", self.service, task, enrolled, details, now)
                self._sandbox.books.complete(task, voice=voice)
        finally:
            arrived.unlink(missing_ok=True)
        return voice

    async def _enrolled(self, arrived: Path, field: str) -> str:
        """The profile of a recording."""
        kind = kind_of(arrived)
        if kind is None:
            raise RuleError(f"{field}: is no audio file")
        named = self._sandbox.files.partial(kind)
        try:
            await asyncio.to_thread(shutil.copyfile, arrived, named)
            return (await self._sandbox.references.enrolled(named)).profile
        except RecordingError as error:
            raise RuleError(f"{field}: {error}") from error
        finally:
            named.unlink(missing_ok=True)

    # Speech

    async def _speech(self, request: Request) -> Response:
        seed = seeds.given(request)
        asked = read_speech(await read_json(request, limit=_BODY_BYTES))
        if asked.model not in _MODELS:
            raise _ProblemError(
                f"The model `{asked.model[:80]}` does not exist", status=404, param="model", code="model_not_found"
            )
        manner = await self._manner(asked)
        if asked.form not in MEDIA:
            raise _ProblemError(f"response_format: there is no {asked.form} here", param="response_format")
        resolved = asdict(asked) | {"ref_audio": None}
        speaking = Speaking(
            self._sandbox.files,
            self._sandbox.voice,
            read_as_written(asked.text),
            rate=RATE,
            speed=asked.speed,
            **seeds.chosen(asked.seed if seed is None else seed, resolved, apart_from=("form", "streamed")),
            language=asked.language,
            **manner,
        )
        if asked.streamed is not None:
            return Streamed(partial(self._stream, speaking, asked, resolved))
        with self._task("speech", resolved, len(asked.text)) as task:
            try:
                sound = await speaking.whole()
            except self._sandbox.voice.errors as error:
                raise _ProblemError(f"input: {error}", param="input") from error
            self._sandbox.books.complete(task)
        return Response(await asyncio.to_thread(encoded, sound, asked.form), media_type=MEDIA[asked.form])

    async def _stream(
        self, speaking: Speaking, asked: WrittenSpeech, resolved: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        """Answer with sound, or events, as it is made."""
        events = asked.streamed == "sse"
        media = "text/event-stream" if events else MEDIA[asked.form]
        gone = asyncio.create_task(until_gone(receive))
        begun = False
        try:
            with self._task("speech", resolved, len(asked.text)) as task:
                async with aclosing(self._pieces(speaking, asked)) as pieces:
                    async for piece in pieces:
                        if not begun:
                            headers = [(b"content-type", media.encode())]
                            await send({"type": "http.response.start", "status": 200, "headers": headers})
                            begun = True
                        if gone.done():
                            break
                        body = _event("delta", audio=base64.b64encode(piece).decode()) if events else piece
                        await send({"type": "http.response.body", "body": body, "more_body": True})
                self._sandbox.books.complete(task)
            done = {"input_tokens": len(asked.text), "output_tokens": 0, "total_tokens": len(asked.text)}
            await send({"type": "http.response.body", "body": _event("done", usage=done) if events else b""})
        except _ProblemError as error:
            if begun:
                # All that is left is to break the answer off, which an HTTP client notices.
                raise
            await send_whole(error.answer, send)
        finally:
            gone.cancel()

    async def _pieces(self, speaking: Speaking, asked: WrittenSpeech) -> AsyncGenerator[bytes, None]:
        encoder = Encoder(asked.form)
        try:
            async with aclosing(speaking.pieces()) as pieces:
                async for samples in pieces:
                    if piece := await asyncio.to_thread(encoder.feed, samples):
                        yield piece
        except self._sandbox.voice.errors as error:
            raise _ProblemError(f"input: {error}", param="input") from error
        if piece := await asyncio.to_thread(encoder.rest):
            yield piece

    async def _manner(self, asked: WrittenSpeech) -> dict[str, Any]:
        """The engine's keywords for a voice, and for how it is to speak."""
        how = asked.instructions if asked.model == _INSTRUCTED else None
        options: dict[str, Any] = {}
        if asked.temperature is not None:
            options["stability"] = max(0.0, 1 - asked.temperature / 2)
        if asked.ref_audio is not None:
            profile = await self._referenced(asked.ref_audio)
        elif asked.voice in READY:
            return options | {"describe": ", ".join(filter(None, [READY[asked.voice], how]))}
        else:
            made = self._made().get(asked.voice or "")
            if made is None:
                known = ", ".join([*READY, *self._made()][:40])
                raise _ProblemError(f"there is no voice {str(asked.voice)[:80]!r}; there are {known}", param="voice")
            profile = made.profile
        return options | {"profile": self._sandbox.references.path(profile), "describe": how}

    async def _referenced(self, address: str) -> str:
        """The profile of the recording at an address, or in it."""
        data = recording_in(address)
        if data is None:
            try:
                async with fetched(address, self._sandbox.files, "ref_audio") as source:
                    return (await self._sandbox.references.enrolled(source)).profile
            except (FetchError, RecordingError) as error:
                raise _ProblemError(str(error), param="ref_audio") from error
        arrived = self._sandbox.files.partial("part")
        try:
            await asyncio.to_thread(arrived.write_bytes, data)
            return await self._enrolled(arrived, "ref_audio")
        finally:
            arrived.unlink(missing_ok=True)

    @contextmanager
    def _task(self, kind: str, request: dict[str, Any], characters: int) -> Iterator[str]:
        """A task in the books, which costs nothing; what is raised fails it."""
        number = str(uuid.uuid4())
        self._sandbox.books.submit(
            id=number, service=self.service, kind=kind, request=request, characters=characters, queued=False
        )
        try:
            yield number
        except Exception as error:
            self._sandbox.jobs.fail(number, error.__cause__ if isinstance(error.__cause__, Exception) else error)
            raise
        except BaseException:
            self._sandbox.books.fail(number, "the request was interrupted")
            raise


def _refusal(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    kind = "server_error" if status >= 500 else "requests" if status == 429 else "invalid_request_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status_code=status, headers=dict(headers or {}))


def _text_of(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > _NAME_CHARACTERS:
        raise RuleError(f"{name}: required, text of 1 to {_NAME_CHARACTERS} characters")
    return value


def _described(voice: Voice) -> dict[str, Any]:
    return voice.details | {"created_at": int(voice.created)}


def _event(kind: str, **data: Any) -> bytes:
    return b"data: " + json.dumps({"type": f"speech.audio.{kind}", **data}).encode() + b"\n\n"
