"""AI Clone Voice Free's twin (v2): its routes, its price and its tasks, as documented, on the built-in voice.

`voicenb.sandbox.twins.aiclone.rules` holds the rules for a request's fields, and what was assumed about them. Assumed here, because
nobody states it:

- Errors other than 401 have its form, ``{"error": {"code", "type", "message"}}``: 402 ``insufficient_credits`` where the balance
  less what open tasks will cost does not cover the request, 404 ``task_not_found`` and ``not_found``, 422 ``validation_error`` for a bad
  body or bad fields (an ``emo_vec sum exceeds 1.5`` among them). A failed task's ``error.code`` is ``reference_audio_error``,
  ``generation_failed``, ``insufficient_credits`` or ``internal_error``.
- A query has the fields of the submission's answer, ``progress`` (null), ``credits_used`` (null until it is settled; 0 for a failed
  task), ``metadata`` where it was given, and once completed the results. A failed task has ``completed_at`` as well.
- Subtitles are an SRT file, a sentence a cue, whose URL is the result's ``subtitleUrl``; ``subtitle_language`` has no effect.
- The first balance is 1,000,000 credits.
- Every reference is fetched, also where the model makes nothing of it; it is a WAV or MP3 by its first bytes.
- ``compact_mode`` without ``compact_max_silence_ms`` leaves at most 200 ms between sentences.
- ``pitch_ratio`` is in semitones.
- A degraded result is a plain clone in MP3, by ``v1-real``: emotion, instructions and descriptors are lost. Others are WAV, 24 kHz.
  How often that happens is the sandbox's setting ``degraded``. (That a task's ``model`` is the one actually used is learned.)

How the models differ, so that it can be heard: ``v1-real`` is the steadiest, and nearest to the reference, of whose timbre the others
and the fallback have a share beside the engine's own. ``v2-emotion`` has a wider melody as long as the emotion follows the
reference; a vector is a blend of presets; text is understood as far as the engine knows its words; ``random`` draws one of the
eight anew for each task; a reference of the emotion adds excitement where its melody is wider than the voice's own, sorrow where it
is narrower. ``v3-qwen`` does what ``instructions`` say in words that the engine knows. ``omni`` speaks as described and makes
nothing of the reference. ``voxcpm`` does so where a gender or an age is described, and otherwise speaks in the reference's voice,
in the manner that descriptors and instructions ask for. A dialect is a melody of its own, and of the dialects only 粤语 changes how
Chinese is read. The last three vary their takes more than ``v1-real`` does.
"""

from __future__ import annotations

import math
import secrets
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from voicenb.sandbox.bookkeeping.books import OverdrawnError
from voicenb.sandbox.bookkeeping.money import MICRO, shown
from voicenb.sandbox.recordings.fetch import fetched
from voicenb.sandbox.recordings.references import RecordingError, kind_of
from voicenb.sandbox.twins import seeds
from voicenb.sandbox.twins.aiclone.rules import EMOTIONS, billed, read_clone
from voicenb.sandbox.twins.speech import read_as_written
from voicenb.sandbox.wire.bodies import BadBodyError, bearer, drain, read_json
from voicenb.sandbox.wire.fields import RuleError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from voicenb.sandbox.bookkeeping.records import Task
    from voicenb.sandbox.recordings.references import Enrolled
    from voicenb.sandbox.twins.context import SandboxContext

    Handler = Callable[[Request], Awaitable[Response]]

__all__ = ["AIClone"]

_COMPACT_MS = 200
_STABILITY = {"v1-real": None, "v2-emotion": 0.9, "v3-qwen": 0.8, "omni": 0.8, "voxcpm": 0.6}
_LIKENESS = {"v1-real": 1.0, "v2-emotion": 0.7, "v3-qwen": 0.6, "omni": 1.0, "voxcpm": 0.6}
_FALLBACK_LIKENESS = 0.5
_FALLBACK_MODEL = "v1-real"
_FAULTS = {
    "reference": ("reference_audio_error", "invalid_request_error"),
    "voice": ("generation_failed", "server_error"),
    "balance": ("insufficient_credits", "billing_error"),
    "server": ("internal_error", "server_error"),
}
_STATUS = {"queued": "pending"}
_CANTONESE = "粤语"


class AIClone:
    """The twin of AI Clone Voice Free, v2."""

    service = "aiclone"
    first_balance = 1_000_000 * MICRO
    base_path = ""
    paths = ("/api/v2/",)

    def __init__(self, sandbox: SandboxContext) -> None:
        self._sandbox = sandbox
        self._dice = secrets.SystemRandom()

    def routes(self) -> list[Route]:
        """The twin's routes, at the paths that follow the service's base URL."""
        return [
            Route("/api/v2/voice/clone", self._guarded(self._clone), methods=["POST"]),
            Route("/api/v2/tasks/{id}", self._guarded(self._query), methods=["GET"]),
        ]

    def problem(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """The service's form of an error, at HTTP's own status."""
        code, kind = ("internal_error", "server_error") if status == 500 else ("not_found", "invalid_request_error")
        return _refusal(status, code, kind, message, headers)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            if not bearer(request, self._sandbox.key):
                await drain(request)
                given = request.headers.get("authorization", "").partition(" ")[2].strip()
                if given:
                    return _refusal(401, "invalid_api_key", "auth_error", "the API key is not valid")
                return _refusal(401, "missing_api_key", "auth_error", "send Authorization: Bearer with the API key")
            try:
                return await handler(request)
            except (BadBodyError, RuleError) as error:
                return _refusal(422, "validation_error", "invalid_request_error", str(error))

        return guarded

    # Requests

    async def _clone(self, request: Request) -> Response:
        seed = seeds.given(request)
        resolved = asdict(read_clone(await read_json(request)))
        emotion = resolved["emotion"]
        if emotion is not None and emotion["mode"] == "random":
            # Drawn once, so that a task that runs again after a kill says the same.
            emotion["vector"] = {self._dice.choice(EMOTIONS) if seed is None else EMOTIONS[seed % len(EMOTIONS)]: 1.0}
        resolved |= _chosen(seed, resolved)
        resolved["degraded"] = self._dice.random() < self._sandbox.settings["degraded"]
        price = billed(resolved["text"])
        try:
            task = self._sandbox.submit(
                id=str(uuid.uuid4()),
                service=self.service,
                kind="clone",
                request=resolved,
                characters=len(resolved["text"]),
                dues={"voice": price * MICRO},
            )
        except OverdrawnError as error:
            return _refusal(
                402,
                "insufficient_credits",
                "billing_error",
                f"insufficient voice credits: this request costs {price}, {shown(error.balance)} are left",
            )
        return JSONResponse(_described(task), status_code=202, headers=_poll_after(0.05))

    async def _query(self, request: Request) -> Response:
        books = self._sandbox.books
        task = books.task(request.path_params["id"])
        if task is None or task.service != self.service:
            return _refusal(404, "task_not_found", "invalid_request_error", "there is no task with this id")
        data = _described(task) | {"progress": None, "credits_used": None}
        if task.request["metadata"] is not None:
            data["metadata"] = task.request["metadata"]
        if task.status not in {"completed", "failed"}:
            return JSONResponse(data, headers=_poll_after((books.now() - task.created) / 4))
        data["credits_used"] = billed(task.request["text"]) if task.status == "completed" else 0
        if task.audio is not None:
            data["audioUrl"] = self._sandbox.result_url(task.audio)
            data["format"] = task.audio.rpartition(".")[2]
        if task.subtitles is not None:
            data["subtitleUrl"] = self._sandbox.result_url(task.subtitles)
        return JSONResponse(data | task.result)

    # Tasks

    async def perform(self, task: Task) -> None:
        """Do what a task asks, complete it and charge it.

        Raises:
            FetchError: A reference cannot be fetched.
            RecordingError: A reference is neither WAV nor MP3, or there is no voice in it.
            VoiceError: The voice cannot speak the text.
            OverdrawnError: The balance was lowered meanwhile.
        """
        files, request = self._sandbox.files, task.request
        designed = not request["degraded"] and _designed(request)
        voice = await self._reference(request["reference_audio_url"], "reference_audio_url", enrol=not designed)
        options = await self._options(request, voice)
        engine = await self._sandbox.voice.engine()
        audio, cues = files.partial("mp3" if request["degraded"] else "wav"), files.partial("srt")
        text = read_as_written(request["text"])
        try:
            spoken = await engine.speak(
                text,
                audio,
                profile=None if voice is None else files.profiles / voice.profile,
                speed=request["speed"],
                pitch=request["pitch"],
                volume=request["volume"],
                compact_ms=(_COMPACT_MS if request["compact_ms"] is None else request["compact_ms"])
                if request["compact"]
                else None,
                seed=request["seed"],
                take=request.get("take", 0),
                **options,
            )
            subtitles = None
            if request["subtitles"]:
                cues.write_text(_srt(request["text"], spoken["sentences"]), encoding="utf-8")
                subtitles = files.keep(cues, files.results)
            self._sandbox.books.complete(
                task.id,
                audio=files.keep(audio, files.results),
                subtitles=subtitles,
                result={
                    "degraded": request["degraded"],
                    "providerUsed": "tts-fallback-1" if request["degraded"] else f"tts-{request['model']}-1",
                    "model": _FALLBACK_MODEL if request["degraded"] else request["model"],
                },
            )
        finally:
            audio.unlink(missing_ok=True)
            cues.unlink(missing_ok=True)

    async def _reference(self, url: str, field: str, *, enrol: bool) -> Enrolled | None:
        async with fetched(url, self._sandbox.files, field) as source:
            if kind_of(source) not in {"wav", "mp3"}:
                raise RecordingError(f"{field}: the file is neither WAV nor MP3")
            return await self._sandbox.references.enrolled(source) if enrol else None

    async def _options(self, request: dict[str, Any], voice: Enrolled | None) -> dict[str, Any]:
        """What the model makes of its own parameters, as the engine's keywords."""
        if request["degraded"]:
            return {"likeness": _FALLBACK_LIKENESS}
        model = request["model"]
        options: dict[str, Any] = {"stability": _STABILITY[model], "likeness": _LIKENESS[model]}
        if model == "v2-emotion":
            assert voice is not None
            options |= await self._emotion(request["emotion"], voice)
        described = [*(request["descriptors"] or {}).values(), *filter(None, [request["instructions"]])]
        if described:
            options["describe"] = ", ".join(described)
        if (request["descriptors"] or {}).get("dialect") == _CANTONESE:
            options["language"] = "Chinese,Yue"
        return options

    async def _emotion(self, emotion: dict[str, Any] | None, voice: Enrolled) -> dict[str, Any]:
        mode = "same_as_reference" if emotion is None else emotion["mode"]
        if emotion is None or mode == "same_as_reference":
            return {"describe": "expressive"}
        if mode == "text":
            return {"describe": emotion["text"]}
        if mode == "reference_audio":
            other = await self._reference(emotion["reference_audio_url"], "emotion.reference_audio_url", enrol=True)
            assert other is not None
            wider = max(-1.0, min(1.0, math.log2(other.f0_range / voice.f0_range)))
            return {"emotion": {"excitement" if wider > 0 else "sorrow": abs(wider)}}
        return {"emotion": {name: weight for name, weight in emotion["vector"].items() if weight}}


def _refusal(status: int, code: str, kind: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    error = {"code": code, "type": kind, "message": message}
    return JSONResponse({"error": error}, status_code=status, headers=dict(headers or {}))


def _poll_after(seconds: float) -> dict[str, str]:
    """When a client on loopback is to ask again: a task that has taken long is likely to take as long again."""
    return {"X-Poll-After": f"{min(0.3, max(0.05, seconds)):.2f}"}


def _described(task: Task) -> dict[str, Any]:
    code, kind = _FAULTS[task.fault or "server"]
    return {
        "task_id": task.id,
        "status": _STATUS.get(task.status, task.status),
        "capability": "voice",
        "action": "clone",
        "model": task.request["model"],
        "error": None if task.error is None else {"code": code, "message": task.error, "type": kind},
        "created_at": int(task.created),
        "completed_at": None if task.finished is None else int(task.finished),
    }


def _chosen(seed: int | None, resolved: dict[str, Any]) -> dict[str, int]:
    """Seed and take from what is to be said and how; where the recordings are, and what is only echoed, differs from run to run."""
    emotion = resolved["emotion"] and {**resolved["emotion"], "reference_audio_url": None}
    return seeds.chosen(seed, resolved | {"emotion": emotion}, apart_from={"reference_audio_url", "metadata"})


def _designed(request: dict[str, Any]) -> bool:
    """Whether a described voice takes the reference's place."""
    if request["model"] == "omni":
        return True
    return request["model"] == "voxcpm" and not {"gender", "age"}.isdisjoint(request["descriptors"] or {})


def _srt(text: str, sentences: list[dict[str, Any]]) -> str:
    return "".join(
        f"{number}\n{_clock(sentence['start'])} --> {_clock(sentence['end'])}\n"
        f"{' '.join(text[sentence['begin'] : sentence['end_at']].split())}\n\n"
        for number, sentence in enumerate(sentences, start=1)
    )


def _clock(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{milliseconds:03d}"
