"""SoundClone's twin: its routes, prices and tasks, as documented, on the built-in voice.

`voicenb.sandbox.twins.soundclone.rules` holds the rules for a request's fields, and what was assumed about them. Assumed here,
because nobody states it:

- An unknown or expired ``modelId`` and an unknown task id are 20002; a balance that does not cover the request is 20003.
- A query omits ``modelId``, ``audioUrl`` and ``subtitleFile`` until they are known. Only a preview's query has ``modelId``.
- The spoken content of a reference is the time from the first to the last speech. A reference that cannot be fetched, or
  whose speech is not between 15 and 60 s, fails the task, which is refunded.
- The submission that is accepted activates the voice, even if its task fails later; activated voices never expire.
- Without ``soundVersion``, production speaks in the version of the preview, or in v2 where the language needs it. The
  versions differ only in how the voice's small variations fall.
- ``balance`` and ``available`` are what is left, ``used_coin`` what was spent net of refunds; a key's balance is its user's.
- The prices: 0.5 and 1 credits per 10,000 characters of preview and production, 0.01 a production task; the first
  balance is 100 credits. The fields of a catalogue item beyond ``model_name``, ``display_name``, ``model_type`` and ``remark``, and that its
  price is text.
- In subtitles, ``text_begin``, ``text_end``, ``word_begin`` and ``word_end`` count code points of ``contentText`` as sent, pause marks
  included; ``text`` and ``pronounce_text`` leave the marks out; the last segment is the final one.
- An upload serves every twin, and does not expire; other extensions and empty files are 20002.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from voicenb.sandbox.bookkeeping.books import OverdrawnError
from voicenb.sandbox.bookkeeping.money import MICRO, credits_of, shown
from voicenb.sandbox.bookkeeping.records import Model
from voicenb.sandbox.recordings.fetch import fetched
from voicenb.sandbox.recordings.references import RecordingError
from voicenb.sandbox.recordings.uploads import receive_upload
from voicenb.sandbox.twins import seeds
from voicenb.sandbox.twins.soundclone.rules import billed, read_audio, read_clone
from voicenb.sandbox.wire.bodies import (
    AUTHENTICATION,
    BAD_PARAMETERS,
    SERVER_ERROR,
    BadBodyError,
    answer,
    bearer,
    drain,
    read_json,
    refusal,
)
from voicenb.sandbox.wire.fields import RuleError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from voicenb.sandbox.bookkeeping.records import Task
    from voicenb.sandbox.twins.context import SandboxContext

    Handler = Callable[[Request], Awaitable[Response]]

__all__ = ["SoundClone"]

INSUFFICIENT = 20003

_MODEL_SECONDS = 3 * 86_400
_SPOKEN = (15.0, 60.0)

_PREVIEW_PER_10K = 500_000
_AUDIO_PER_10K = MICRO
_VOICE_FEE = 10_000
_CHARACTERS = 10_000

_CATALOGUE = (
    {
        "model_name": "sound-cloning-clone",
        "display_name": "SoundClone preview",
        "model_type": "audio",
        "price_mode": "per_10k_char",
        "price": str(credits_of(_PREVIEW_PER_10K)),
        "remark": "Preview character fee; the unit price is per 10,000 characters.",
    },
    {
        "model_name": "sound-cloning-audio",
        "display_name": "SoundClone production",
        "model_type": "audio",
        "price_mode": "per_10k_char",
        "price": str(credits_of(_AUDIO_PER_10K)),
        "remark": "Production character fee; the unit price is per 10,000 characters.",
    },
    {
        "model_name": "sound-cloning-voice",
        "display_name": "SoundClone voice",
        "model_type": "audio",
        "price_mode": "per_task",
        "price": str(credits_of(_VOICE_FEE)),
        "remark": "Voice fee, charged on every production submission.",
    },
)

_PAUSE = re.compile(r"(\s?)<#[0-9.]+#>(\s?)")


class SoundClone:
    """The twin of SoundClone (Jimmy AI)."""

    service = "soundclone"
    first_balance = 100 * MICRO
    base_path = ""
    paths = ("/api/open-api/", "/api/openapi/")

    def __init__(self, sandbox: SandboxContext) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[Route]:
        """The twin's routes, at the paths that follow the service's base URL."""
        api = "/api/open-api/v1"
        return [
            Route(f"{api}/soundCloning/clones", self._guarded(self._clone), methods=["POST"]),
            Route(f"{api}/soundCloning/audios", self._guarded(self._audio), methods=["POST"]),
            Route(f"{api}/audios/{{id}}", self._guarded(self._query), methods=["GET"]),
            Route(f"{api}/files/upload", self._guarded(self._upload), methods=["POST"]),
            Route(f"{api}/user/balance", self._guarded(self._balance), methods=["GET"]),
            Route(f"{api}/key/balance", self._guarded(self._balance), methods=["GET"]),
            Route("/api/openapi/model/catalog", self._catalogue, methods=["GET"]),
        ]

    def problem(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """The envelope; a crash is -1 at HTTP 200, as learned of the service, all else HTTP's own status (assumed)."""
        if status == 500:
            return refusal(SERVER_ERROR, message)
        return refusal(BAD_PARAMETERS, message, status=status, headers=dict(headers or {}))

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                if not bearer(request, self._sandbox.key):
                    await drain(request)
                    return refusal(AUTHENTICATION, "authentication failed: send Authorization: Bearer with the key")
                return await handler(request)
            except (BadBodyError, RuleError) as error:
                return refusal(BAD_PARAMETERS, str(error))

        return guarded

    # Requests

    async def _clone(self, request: Request) -> Response:
        seed = seeds.given(request)
        clone = read_clone(await read_json(request))
        resolved = asdict(clone)
        characters = billed(clone.text)
        return self._submit(
            "preview",
            resolved | seeds.chosen(seed, resolved, apart_from={"file_url"}),
            characters,
            {"sound-cloning-clone": characters * _PREVIEW_PER_10K // _CHARACTERS},
        )

    async def _audio(self, request: Request) -> Response:
        seed = seeds.given(request)
        audio = read_audio(await read_json(request))
        model = self._sandbox.books.model(audio.model_id)
        if model is None or model.service != self.service:
            raise RuleError(f"modelId: unknown modelId {audio.model_id[:80]!r}")
        if model.activated is None and self._sandbox.books.now() >= model.expires:
            raise RuleError(
                f"modelId: modelId {model.id} has expired: it was not used within 3 days; submit the preview again"
            )
        resolved = asdict(audio) | {"version": audio.version or model.version}
        characters = billed(audio.text)
        return self._submit(
            "production",
            resolved | seeds.chosen(seed, resolved, apart_from={"model_id"}),
            characters,
            {
                "sound-cloning-audio": characters * _AUDIO_PER_10K // _CHARACTERS,
                "sound-cloning-voice": _VOICE_FEE,
            },
            activate=model.id,
        )

    def _submit(
        self,
        kind: str,
        request: dict[str, Any],
        characters: int,
        charges: dict[str, int],
        *,
        activate: str | None = None,
    ) -> Response:
        try:
            task = self._sandbox.submit(
                id=f"audio_{uuid.uuid4()}",
                service=self.service,
                kind=kind,
                request=request,
                characters=characters,
                charges=charges,
                activate=activate,
            )
        except OverdrawnError as error:
            return refusal(
                INSUFFICIENT,
                f"insufficient balance: this request costs {shown(error.needed)} credits, "
                f"{shown(error.balance)} are left",
            )
        return answer(_described(task), poll_after=0.05 if characters < 100 else 0.15)

    async def _query(self, request: Request) -> Response:
        books = self._sandbox.books
        task = books.task(request.path_params["id"])
        if task is None or task.service != self.service:
            raise RuleError("id: unknown task id")
        data = _described(task)
        if task.model is not None:
            data["modelId"] = task.model
        for field, name in (("audioUrl", task.audio), ("subtitleFile", task.subtitles)):
            if name is not None:
                data[field] = self._sandbox.result_url(name)
        if task.status in {"completed", "failed"}:
            return answer(data)
        # A task that has taken long is likely to take as long again.
        return answer(data, poll_after=min(0.3, max(0.05, (books.now() - task.created) / 4)))

    async def _upload(self, request: Request) -> Response:
        upload = await receive_upload(request, self._sandbox.files, self._sandbox.books)
        return answer(
            {
                "url": self._sandbox.upload_url(upload.name),
                "filename": upload.filename,
                "size": upload.size,
                "mime_type": upload.mime,
            }
        )

    async def _balance(self, _request: Request) -> Response:
        account = self._sandbox.books.account(self.service)
        left = credits_of(account.balance)
        return answer({"balance": left, "used_coin": credits_of(account.used), "available": left})

    async def _catalogue(self, request: Request) -> Response:
        search = request.query_params.get("search", "").lower()
        found = [item for item in _CATALOGUE if search in f"{item['model_name']} {item['display_name']}".lower()]
        return answer({"list": found, "total": len(found)})

    # Tasks

    async def perform(self, task: Task) -> None:
        """Do what a task asks and complete it.

        Raises:
            FetchError: The reference cannot be fetched.
            RecordingError: There is no voice in the reference, or too little or too much speech.
            VoiceError: The voice cannot speak the text.
        """
        if task.kind == "preview":
            await self._perform_preview(task)
        else:
            await self._perform_production(task)

    async def _perform_preview(self, task: Task) -> None:
        files, books = self._sandbox.files, self._sandbox.books
        request = task.request
        audio = files.partial("mp3")
        try:
            async with fetched(request["file_url"], files) as source:
                enrolled = await self._sandbox.references.enrolled(source)
            _check_spoken(enrolled.spoken_seconds)
            engine = await self._sandbox.voice.engine()
            await engine.speak(
                request["text"],
                audio,
                profile=files.profiles / enrolled.profile,
                language="Chinese" if request["default_text"] else request["language"],
                seed=request["seed"],
                take=request.get("take", 0),
            )
            now = books.now()
            model = Model(
                id=f"model_{uuid.uuid4().hex}",
                service=self.service,
                task=task.id,
                version=request["version"],
                profile=enrolled.profile,
                created=now,
                expires=now + _MODEL_SECONDS,
                activated=None,
            )
            books.complete(task.id, audio=files.keep(audio, files.results), model=model)
        finally:
            audio.unlink(missing_ok=True)

    async def _perform_production(self, task: Task) -> None:
        files, books = self._sandbox.files, self._sandbox.books
        engine = await self._sandbox.voice.engine()
        request = task.request
        model = books.model(request["model_id"])
        assert model is not None
        audio = files.partial("mp3")
        try:
            spoken = await engine.speak(
                request["text"],
                audio,
                profile=files.profiles / model.profile,
                language=request["language"],
                speed=request["speed"],
                pitch=float(request["pitch"]),
                volume=request["vol"],
                emotion=request["emotion"],
                seed=request["seed"],
                take=request.get("take", 0),
            )
            subtitles = None
            if request["subtitles"]:
                subtitles = files.keep(
                    _write(files.partial("json"), _segments(request["text"], spoken, words=request["words"])),
                    files.results,
                )
            books.complete(task.id, audio=files.keep(audio, files.results), subtitles=subtitles)
        finally:
            audio.unlink(missing_ok=True)


def _described(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "object": "audio",
        "created": int(task.created),
        "model": "soundCloningClone" if task.kind == "preview" else "soundCloningAudio",
        "status": task.status,
        "error": task.error,
    }


def _check_spoken(seconds: float) -> None:
    low, high = _SPOKEN
    if not low < seconds < high:
        raise RecordingError(
            f"the spoken content of the reference is {seconds:.1f} s long; "
            f"it must be longer than {low:.0f} s and shorter than {high:.0f} s"
        )


def _segments(text: str, spoken: dict[str, Any], *, words: bool) -> list[dict[str, Any]]:
    """The subtitle file: sentences, and their words where asked for, in float milliseconds."""
    sentences = spoken["sentences"]
    return [
        {
            "text": (said := _without_marks(text[sentence["begin"] : sentence["end_at"]])),
            "pronounce_text": said,
            "time_begin": _milliseconds(sentence["start"]),
            "time_end": _milliseconds(sentence["end"]),
            "text_begin": sentence["begin"],
            "text_end": sentence["end_at"],
            "is_final_segment": place == len(sentences) - 1,
            "timestamped_words": [
                {
                    "word": word["text"],
                    "word_begin": word["begin"],
                    "word_end": word["end_at"],
                    "time_begin": _milliseconds(word["start"]),
                    "time_end": _milliseconds(word["end"]),
                }
                for word in spoken["words"]
                if sentence["begin"] <= word["begin"] < sentence["end_at"]
            ]
            if words
            else None,
        }
        for place, sentence in enumerate(sentences)
    ]


def _without_marks(text: str) -> str:
    return _PAUSE.sub(lambda mark: mark[1] or mark[2], text)


def _milliseconds(seconds: float) -> float:
    return round(float(seconds) * 1000, 3)


def _write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path
