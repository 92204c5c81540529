"""AI Clone Voice Free, version 2: its whole contract, as its document states it and as it was learned.

Document: https://aiclonevoicefree.com, AI Audio, "Voice Cloning" (seen 2026-11). What that page states is marked
*stated*; what its other pages and the model families behind it show is marked *learned* and never breaks the client
when the live service differs; what nobody states is marked *assumed*.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, NoReturn
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, StrictStr

from voicenb.errors import (
    AuthenticationError,
    BadReference,
    InsufficientBalance,
    InvalidRequest,
    Problem,
    RateLimited,
    ServiceError,
    VoicenbError,
)
from voicenb.services import descriptors, emotions
from voicenb.services.base import (
    Answer,
    Kind,
    Number,
    Price,
    Profile,
    ReferenceRules,
    Service,
    ServiceRequest,
    Upload,
    parameter,
    shown,
    status_of,
    subtitle_level,
    unboxed,
)
from voicenb.services.cjk import count_cjk
from voicenb.services.cues import read_cues
from voicenb.services.http import Http, Reply, UnreadableAnswerError, decimal_of, task_in, url_problem
from voicenb.services.uploaders import HOW, as_uploader, signed_until, upload_with
from voicenb.subtitles import Subtitles
from voicenb.text import spoken_marks

__all__ = ["MODELS", "AiClone", "PreviewRequest", "ProductionRequest"]

_ID = "aiclone"
_CLONE = "/api/v2/voice/clone"
_TASKS = "/api/v2/tasks"

MODELS = ("v2-emotion", "v1-real", "v3-qwen", "omni", "voxcpm")
"""Its models, the default first."""

Model = Literal["v2-emotion", "v1-real", "v3-qwen", "omni", "voxcpm"]

# Learned, with the names that voicenb's other services use for them.
_QWEN_LANGUAGES = {
    "zh": "chinese", "en": "english", "ja": "japanese", "ko": "korean", "de": "german", "fr": "french", "ru": "russian",
    "pt": "portuguese", "es": "spanish", "it": "italian",
}  # fmt: skip

_TASK_KEY = "task"  # where the ledger's id stands in `metadata`


def _describe(value: Any) -> Any:
    """Descriptors, or the wire's ``omni_options``, as one line."""
    if value is None:
        return None
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError('omni_options is a JSON object such as {"instruct": "female, high pitch"}') from None
    if isinstance(value, Mapping):
        if set(value) != {"instruct"}:
            raise ValueError('omni_options has one key: {"instruct": "female, high pitch"}')
        value = value["instruct"]
    found = descriptors.split(value)
    if not found:
        raise ValueError("no descriptor is given")
    return ", ".join(found)


def _emotion(value: Any) -> Any:
    return None if value is None else emotions.parse_emotion(value)


def _compact(value: Any) -> Any:
    # What stands on a command line is text.
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    value = unboxed(value)
    if isinstance(value, bool) or (isinstance(value, int) and value >= 0):
        return value
    raise ValueError("allowed is True, False, or a whole number of milliseconds from 0")


def _metadata(value: Any) -> Any:
    # What stands on a command line is text.
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("allowed is a dict, or a JSON object as text") from None
    return value


class _Speech(ServiceRequest):
    """``POST /api/v2/voice/clone``: every parameter but the reference (stated)."""

    service: ClassVar[str] = _ID

    text: Annotated[StrictStr, parameter("text", "What is spoken.", min_length=1)]
    model: Annotated[
        Model,
        parameter(
            "model",
            "v1-real is nearest to the reference, v2-emotion takes an emotion, v3-qwen instructions, omni and voxcpm "
            "a description of the voice.",
        ),
    ] = "v2-emotion"
    emotion: Annotated[
        str | None,
        BeforeValidator(_emotion),
        parameter(
            "emotion",
            "How it is spoken: strengths, a description, or another recording's URL; as the reference when omitted.",
            models=("v2-emotion",),
            type="emotion",
            rule=emotions.RULE,
        ),
    ] = None
    instructions: Annotated[
        StrictStr | None,
        parameter(
            "instructions",
            "How to read, such as: read in a calm tone.",
            models=("v3-qwen", "voxcpm"),
            min_length=1,
        ),
    ] = None
    describe: Annotated[
        str | None,
        BeforeValidator(_describe),
        parameter(
            "omni_options",
            "The voice in descriptors, such as: female, young adult, high pitch.",
            models=("omni", "voxcpm"),
            type="descriptors",
            rule="allowed are descriptors joined by commas, at most one of gender, age, pitch, and accent or dialect",
        ),
    ] = None
    speed: Annotated[Number, parameter("speed_ratio", "Speech rate.", unit="×", step=0.05, low=0.5, high=2)] = 1.0
    pitch: Annotated[Number, parameter("pitch_ratio", "Pitch, 0 leaves it.", step=0.5, low=-10, high=10)] = 0.0
    volume: Annotated[
        Number, parameter("volume_ratio", "Loudness, as a factor.", unit="×", step=0.1, low=0.1, high=2)
    ] = 1.0
    subtitles: Annotated[
        Literal[False, "sentence"],
        BeforeValidator(subtitle_level),
        parameter("generate_subtitle", "Times of the words spoken, as the service gives them."),
    ] = False
    language: Annotated[
        StrictStr | None,
        parameter("subtitle_language", "The language of the subtitles, such as en.", needs="subtitles", min_length=1),
    ] = None
    compact: Annotated[
        bool | int,
        BeforeValidator(_compact),
        parameter(
            "compact_mode",
            "Trims the silence between sentences; a number is the longest silence that stays.",
            unit="ms",
            also=("compact_max_silence_ms",),
            rule="allowed is True, False, or a whole number of milliseconds from 0",
        ),
    ] = False
    metadata: Annotated[
        dict[str, Any] | None,
        BeforeValidator(_metadata),
        parameter(
            "metadata",
            "Fields of your own that the service echoes in its answer.",
            type="object",
            rule="allowed is a dict, or a JSON object as text",
        ),
    ] = None
    voice_id: Annotated[
        StrictStr | None,
        parameter("voice_id", "Reserved by the service: there is no catalogue of voices yet.", min_length=1),
    ] = None

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """The wire's two fields for compact mode become one."""
        if "compact_max_silence_ms" not in values:
            named, problems = super().from_wire(values)
            if not isinstance(unboxed(values.get("compact_mode", False)), bool):
                # 0 means off to whoever writes the wire's name, and no silence at all under voicenb's.
                problems.append(
                    Problem(
                        "compact",
                        shown(values["compact_mode"]),
                        "allowed is True or False; milliseconds go to compact=",
                    )
                )
            return named, problems
        longest = values["compact_max_silence_ms"]
        named, problems = super().from_wire(
            {key: value for key, value in values.items() if key != "compact_max_silence_ms"}
        )
        switch = named.pop("compact", True)
        if isinstance(longest, bool) or not isinstance(switch, bool):
            problems.append(
                Problem("compact", shown(longest), "allowed is compact_mode=True with a whole number of milliseconds")
            )
        elif not switch:
            problems.append(Problem("compact", shown(longest), "it needs compact_mode: give compact=… in milliseconds"))
        else:
            named["compact"] = longest
        return named, problems

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Something to speak, no accent beside a dialect, and an emotion reference that can be fetched (stated)."""
        text = values.get("text")
        if isinstance(text, str) and not text.strip():
            yield Problem("text", shown(text), "allowed is text with something to speak")
        describe = values.get("describe")
        if isinstance(describe, str):
            for clash in descriptors.clashes(descriptors.split(describe)):
                yield Problem("describe", shown(describe), clash)
        metadata = values.get("metadata")
        if isinstance(metadata, dict):
            if _TASK_KEY in metadata:
                yield Problem(
                    "metadata", shown(metadata), f"the key {_TASK_KEY!r} is voicenb's own, for the ledger's id"
                )
            try:
                json.dumps(metadata, allow_nan=False)
            except (TypeError, ValueError) as error:
                yield Problem("metadata", shown(metadata), f"allowed is what JSON holds: {error}")

    @classmethod
    def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """The descriptors that are known (learned)."""
        describe, model = values.get("describe"), str(values.get("model"))
        if isinstance(describe, str) and model in descriptors.DIALECTS:
            for stranger in descriptors.strangers(descriptors.split(describe), model):
                yield Problem("describe", shown(describe), stranger)

    @classmethod
    def advised(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Emotion strengths that sum to 1.4 at most (stated as advice), v3-qwen's languages (learned), no pause marks."""
        emotion = values.get("emotion")
        total = emotions.vector_sum(emotion) if isinstance(emotion, str) else None
        if total is not None and emotions.ADVISED_SUM < total <= emotions.LARGEST_SUM:
            yield Problem(
                "emotion", shown(emotion), f"the service advises a sum up to {emotions.ADVISED_SUM}, not {total}"
            )
        language = values.get("language")
        if values.get("model") == "v3-qwen" and isinstance(language, str):
            said = language.lower()
            if said.replace("_", "-").partition("-")[0] not in _QWEN_LANGUAGES and said not in _QWEN_LANGUAGES.values():
                # The language of the subtitles, not of the text: no more than a hint.
                yield Problem("language", shown(language), f"v3-qwen speaks {', '.join(_QWEN_LANGUAGES)}")
        text = values.get("text")
        for mark in spoken_marks(text) if isinstance(text, str) else ():
            yield Problem("text", f"the pause {mark}", "this service has no pauses: it is read aloud and billed")

    def wire(self) -> dict[str, Any]:
        """The body of the call, with the wire's own forms of emotion, description, subtitles and compact mode."""
        body = super().wire()
        if self.emotion is not None:
            body["emotion"] = emotions.wire_emotion(self.emotion)
        if self.describe is not None:
            # A JSON string, as the document insists.
            body["omni_options"] = json.dumps({"instruct": self.describe}, ensure_ascii=False)
        del body["generate_subtitle"], body["compact_mode"]
        if self.subtitles is not False:
            body["generate_subtitle"] = True
        if self.compact is not False:
            body["compact_mode"] = True
            if self.compact is not True:
                body["compact_max_silence_ms"] = self.compact
        return body


class PreviewRequest(_Speech):
    """The first speech in a new voice."""

    kind: ClassVar[Kind] = "preview"

    reference: Annotated[
        str | None, parameter("reference_audio_url", "Public URL of the recording (wav or mp3).", min_length=1)
    ] = None


class ProductionRequest(_Speech):
    """Speech in a voice, which is the address of its recording."""

    kind: ClassVar[Kind] = "production"

    voice: Annotated[
        StrictStr, parameter("reference_audio_url", "The voice: the public URL of the recording.", min_length=1)
    ]


class AiClone(Service):
    """AI Clone Voice Free v2 over HTTP.

    Args:
        http: The transport.
        uploader: Gives a local recording a public URL; see `voicenb.services.uploaders`.
    """

    profile: ClassVar[Profile] = Profile(
        id=_ID,
        label="AI Clone Voice Free",
        base_url="https://api.aiclonevoicefree.com",
        key_variables=("AICLONE_API_KEY",),
        url_variables=("AICLONE_BASE_URL",),
        unit="credits",
        # Assumed: the document names no interval, only that a task takes about 7 s.
        poll_seconds=(2.0, 4.0),
        voice_life=None,
        price_names={},
        reference=ReferenceRules(
            service=_ID,
            formats=("wav", "mp3"),
            url_rule="a public http(s) URL of a wav or mp3 file",
            publish=HOW.format(service=_ID),
        ),
        cloning="address",
        charged="completion",
        preview_lines={"English": "The morning light fills the valley, and this is how the voice sounds."},
        settings={
            "uploader": "gives a local recording a public URL: a function of bytes and file name, or a folder such as 's3://bucket/folder'"
        },
        kept=("model", "describe"),
        account="aiclonevoicefree.com",
    )

    def __init__(self, http: Http, *, uploader: object = None) -> None:
        super().__init__(http)
        self._uploader = None if uploader is None else as_uploader(uploader)

    @property
    def reference_rules(self) -> ReferenceRules:
        """What it takes as a reference: a local recording where there is an uploader, or where the sandbox answers."""
        from dataclasses import replace

        rules = self.profile.reference
        return replace(rules, upload_formats=rules.formats) if self._uploader or self._http.local else rules

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a ``reference_audio_url``, in words, or None (stated: wav or mp3, public)."""
        if (problem := url_problem(url, local=self._http.local)) is not None:
            return problem
        suffix = urlsplit(url).path.rpartition("/")[2].rpartition(".")[2].lower()
        if suffix in _OTHER_AUDIO:
            return f"it is a .{suffix} file; allowed are .{' and .'.join(self.profile.reference.formats)}"
        return None

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` is the address of a recording, which is what a voice is here."""
        return text.startswith(("http://", "https://"))

    def ends(self, voice: str) -> datetime | None:
        """When the recording's address ends, where it is a signed one."""
        return signed_until(voice)

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""
        return PreviewRequest if kind == "preview" else ProductionRequest

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:  # noqa: ARG002 - the rule has none
        """2 credits for each Chinese, Japanese or Korean character, 1 for any other (stated)."""
        assert isinstance(request, _Speech)
        cjk = count_cjk(request.text)
        others = len(request.text) - cjk
        rule = f"{cjk:,} CJK characters × 2 + {others:,} others × 1" if cjk else f"{others:,} characters × 1"
        return Price(Decimal(2 * cjk + others), self.profile.unit, rule)

    async def publish(self, upload: Upload) -> str:
        """Gives a recording an address: by the uploader, or by the sandbox's own upload.

        Raises:
            BadReference: There is neither.
        """
        if self._uploader is not None:
            return await upload_with(self._uploader, upload, _ID)
        if self._http.local:
            reply = await self._http.upload(
                "/sandbox/uploads", upload.filename, upload.data, upload.mime, from_origin=True
            )
            if reply.status != _NOT_FOUND:
                answer = self._open(reply)
                url = answer.get("url")
                if isinstance(url, str) and url.startswith(("http://", "https://")):
                    return url
                raise ServiceError("the sandbox took the upload and gave no URL for it", service=_ID)
        raise BadReference(f"aiclone has no upload: {self.profile.reference.publish}.", service=_ID)

    async def submit(
        self,
        request: ServiceRequest,
        *,
        task: str,
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,  # noqa: ARG002 - it takes addresses only
    ) -> Answer:
        """Sends `request`, once; the ledger's id goes along in ``metadata``, which the service echoes."""
        body = request.wire()
        body["metadata"] = {**body.get("metadata", {}), _TASK_KEY: task}
        headers = {"X-Sandbox-Seed": str(seed)} if seed is not None and self._http.local else {}
        reply = await self._http.send_once(_CLONE, json=body, headers=headers)
        return task_in(_ID, lambda: _answer(self._open(reply, charges=True), reply))

    async def query(self, remote_id: str) -> Answer:
        """The state of a task (stated: ``GET /api/v2/tasks/{task_id}``)."""
        reply = await self._http.call("GET", f"{_TASKS}/{quote(remote_id, safe='')}")
        return _answer(self._open(reply), reply)

    async def prices(self) -> dict[str, Decimal]:
        """None: one credit is one credit, and the rule says how many."""
        return {}

    def subtitles(self, data: bytes) -> Subtitles:
        """Subtitles in any of the usual forms (assumed: the document does not say what they look like).

        What cannot be read is no reason to lose the audio, and gives none.
        """
        try:
            return read_cues(data)
        except ValueError:
            return Subtitles(())

    def _open(self, reply: Reply, *, charges: bool = False) -> dict[str, Any]:
        """The answer's object, or the error that it stands for."""
        try:
            body = reply.json()
        except ValueError:
            body = None
        if reply.status >= _FIRST_ERROR:
            _raise_for(reply, body, charges=charges)
        if not isinstance(body, dict) or reply.status >= _FIRST_REDIRECT:
            self._http.refuse(reply)
            raise UnreadableAnswerError("aiclone's answer is not the JSON that it documents", service=_ID)
        return body


_NOT_FOUND = 404
_FIRST_REDIRECT = 300
_FIRST_ERROR = 400
_OTHER_AUDIO = frozenset(
    {"ogg", "m4a", "aac", "flac", "aiff", "opus", "webm", "mp4", "mov", "mkv", "avi", "flv", "wma"}
)


def _said(body: Any) -> tuple[str | None, str]:
    """Code and message of an error, in the learned form ``{"error": {code, message}}`` and the usual others."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        code = error.get("code")
        message = next((error[key] for key in ("message", "detail", "msg", "error") if error.get(key)), code)
        if isinstance(message, list | dict):
            message = json.dumps(message, ensure_ascii=False, default=str)
        return None if code is None else str(code), str(message or "no message")[:500]
    return None, str(error or "no message")[:500]


def _raise_for(reply: Reply, body: Any, *, charges: bool) -> NoReturn:
    code, message = _said(body)
    status = reply.status
    said = f"aiclone answered: {message} (HTTP {status})" + (". Nothing was charged" if charges else "")
    about: dict[str, Any] = {"code": code, "status": status, "service": _ID}
    error: VoicenbError
    if status in {401, 403}:
        error = AuthenticationError(
            f"{said}; check the key in {AiClone.profile.key_variables[0]} and that it belongs to this address.", **about
        )
    elif status == 402:
        error = InsufficientBalance(f"{said}; top up the account, or see studio.price(…).", **about)
    elif status == 429:
        error = limited = RateLimited(f"{said}; try again in a while.", **about)
        limited.retry_after = reply.seconds("Retry-After")
    elif status in {400, 422} and "reference_audio" in message and "emotion" not in message:
        error = BadReference(f"{said}; see reference.check(studio).", service=_ID)
    elif status in {400, 413, 415, 422}:
        error = InvalidRequest(f"{said}.", service=_ID)
    else:
        error = ServiceError(f"{said}; try again later.", **about)
    raise error


def _answer(data: Mapping[str, Any], reply: Reply) -> Answer:
    def text(name: str) -> str | None:
        value = data.get(name)
        return value if isinstance(value, str) and value else None

    error = None if data.get("error") is None else _said({"error": data["error"]})[1]
    if error is not None and "reference_audio_url" in error and "emotion" not in error:
        error += " (the voice is the address of its recording: if that no longer opens, studio.clone(…) publishes the recording anew)"
    degraded = data.get("degraded")
    cost = decimal_of(data.get("credits_used"))
    echoed = data.get("metadata")
    carried = echoed.get(_TASK_KEY) if isinstance(echoed, dict) else None
    return Answer(
        status=status_of(data.get("status")),
        remote_id=text("task_id"),
        audio_url=text("audioUrl"),
        subtitles_url=_subtitles_url(data),
        error=error,
        cost=cost if cost is not None and cost >= 0 else None,
        degraded=degraded if isinstance(degraded, bool) else None,
        provider=text("providerUsed"),
        poll_after=reply.seconds("X-Poll-After"),
        task=carried if isinstance(carried, str) else None,
    )


def _subtitles_url(data: Mapping[str, Any]) -> str | None:
    """Where the subtitles are (assumed: the document names no field, so any top-level one of that name is taken)."""
    for name, value in data.items():
        if "subtitle" in str(name).lower() and isinstance(value, str) and value.startswith(("http://", "https://")):
            return value
    return None
