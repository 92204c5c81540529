"""Faseeh (Munsit): its whole contract, as its document states it and as it was learned.

Document: https://docs.munsit.com, "Create voice" (seen 2026-11): ``POST /voices/clone`` is *stated*. Preview, speech, models
and voices are *learned* from the service's public clients and never break the client when the live service differs; what
nobody states is marked *assumed*.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NoReturn
from urllib.parse import quote

from pydantic import BeforeValidator, StrictStr

from voicenb.errors import (
    AuthenticationError,
    InsufficientBalance,
    InvalidRequest,
    OutcomeUnknown,
    Problem,
    RateLimited,
    ServiceError,
    VoicenbError,
)
from voicenb.services.base import (
    Answer,
    Found,
    Kind,
    Number,
    Price,
    Profile,
    ReferenceRules,
    Service,
    ServiceRequest,
    ServiceVoice,
    Upload,
    Whole,
    parameter,
    plain,
    shown,
)
from voicenb.services.http import MOST_AUDIO, Http, Reply, decimal_of
from voicenb.services.pcm import Pieces, pcm_form, wav_of
from voicenb.subtitles import Subtitles
from voicenb.text import spoken_marks

__all__ = ["MODELS", "Faseeh", "PreviewRequest", "ProductionRequest", "VoiceRequest"]

_ID = "faseeh"

MODELS = ("faseeh-v1-preview", "faseeh-mini-v1-preview")
"""Its models (learned), the default first; ``GET /models`` lists those of the day."""

_VOICE_FEE = "voice"
_CODES = {"arabic": "ar", "english": "en"}
_LEAST_WORDS, _LEAST_CHARACTERS = 3, 10


def _listed(value: Any) -> Any:
    """Text with commas, or a sequence of texts, as the wire's text with commas."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if not all(isinstance(one, str) for one in value):
            raise ValueError("allowed is text, or a list of texts")
        value = ",".join(value)
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in re.split("[,،]", value) if part.strip()]
    if not parts:
        raise ValueError("nothing is listed")
    return ",".join(parts)


def _languages(value: Any) -> Any:
    listed = _listed(value)
    if not isinstance(listed, str):
        return listed
    return ",".join(_CODES.get(part.lower(), part) for part in listed.split(","))


_LIST_RULE = "allowed is text such as 'ar,en', or a list of texts"
_MODEL = parameter("model_id", "The model; GET /models lists them.", choices=MODELS, min_length=1)


class _Spoken(ServiceRequest):
    """Rules that all calls share."""

    service: ClassVar[str] = _ID

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Something to speak, and no name or id that is blank."""
        for name, rule in (("text", "text with something to speak"), ("name", "a name"), ("voice", "the voice's id")):
            value = values.get(name)
            if isinstance(value, str) and not value.strip():
                yield Problem(name, shown(value), f"allowed is {rule}")

    @classmethod
    def advised(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """No pause marks."""
        text = values.get("text")
        for mark in spoken_marks(text) if isinstance(text, str) else ():
            yield Problem("text", f"the pause {mark}", "this service has no pauses: it is read aloud and billed")


class PreviewRequest(_Spoken):
    """The preview: the recording and a text, as sound (learned; its path is a setting)."""

    kind: ClassVar[Kind] = "preview"

    text: Annotated[StrictStr, parameter("text", "What the preview speaks, in three words or more.", min_length=1)]
    model: Annotated[StrictStr, _MODEL] = MODELS[0]
    similarity: Annotated[
        Number, parameter("similarity", "How near it keeps to the recording.", step=0.05, low=0, high=1)
    ] = 0.5
    speed: Annotated[Number, parameter("speed", "Speech rate.", unit="×", step=0.05, low=0.7, high=1.2)] = 1.0

    @classmethod
    def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Three words and ten characters at least (learned)."""
        text = values.get("text")
        if isinstance(text, str) and (len(text.split()) < _LEAST_WORDS or len(text.strip()) < _LEAST_CHARACTERS):
            yield Problem(
                "text", shown(text), f"a preview has {_LEAST_WORDS} words and {_LEAST_CHARACTERS} characters or more"
            )


class VoiceRequest(_Spoken):
    """``POST /voices/clone``: the voice, from the recording and its preview (stated).

    The two files ``voice_file`` (the preview) and ``reference_audio_file`` (the recording) go with it.
    """

    kind: ClassVar[Kind] = "voice"

    text: Annotated[StrictStr, parameter("text", "What the preview speaks.", min_length=1)]
    name: Annotated[StrictStr, parameter("name", "The voice's name at the service.", min_length=1)]
    model: Annotated[StrictStr, parameter("model", "The model.", choices=MODELS, min_length=1)] = MODELS[0]
    stability: Annotated[
        Number, parameter("stability", "How alike its takes are; higher is more alike.", step=0.05, ge=0, le=1)
    ] = 0.5
    description: Annotated[StrictStr | None, parameter("description", "What kind of voice it is.")] = None
    gender: Annotated[StrictStr | None, parameter("gender", "The speaker's gender, such as male or female.")] = None
    age: Annotated[StrictStr | None, parameter("age", "The speaker's age, such as middle or elderly.")] = None
    language: Annotated[
        StrictStr | None,
        BeforeValidator(_languages),
        parameter("languages", "Language codes, such as ar,en.", rule=_LIST_RULE),
    ] = None
    dialect: Annotated[
        StrictStr | None,
        BeforeValidator(_listed),
        parameter(
            "dialects", "Dialects, such as najdi,hijazi.", rule="allowed is text such as 'najdi,hijazi', or a list"
        ),
    ] = None
    avatar_url: Annotated[StrictStr | None, parameter("avatar_url", "URL of a picture for the voice.")] = None


class ProductionRequest(_Spoken):
    """``POST /text-to-speech/{model_id}``: speech in a voice (learned)."""

    kind: ClassVar[Kind] = "production"

    voice: Annotated[StrictStr, parameter("voice_id", "The voice's id, its own or a ready-made one's.", min_length=1)]
    text: Annotated[StrictStr, parameter("text", "What is spoken.", min_length=1)]
    model: Annotated[StrictStr, _MODEL] = MODELS[0]
    stability: Annotated[
        Number, parameter("stability", "How alike its takes are; higher is more alike.", step=0.05, low=0, high=1)
    ] = 0.5
    speed: Annotated[Number, parameter("speed", "Speech rate.", unit="×", step=0.05, low=0.7, high=1.2)] = 1.0
    dialect: Annotated[
        StrictStr | None, parameter("dialect", "The dialect to speak, such as hijazi.", min_length=1)
    ] = None
    sample_rate: Annotated[
        Whole, parameter("sample_rate", "Samples a second.", unit="Hz", choices=(24000, 48000), gt=0)
    ] = 48000

    def wire(self) -> dict[str, Any]:
        """The body of the call; the model stands in the path."""
        body = super().wire()
        del body["model_id"]
        return body


_LINES = {
    "Arabic": "يملأ ضوء الصباح الوادي، ويبدأ يوم جديد، وهكذا يبدو هذا الصوت.",
    "English": "The morning light fills the valley, a new day begins, and this is how the voice sounds.",
}


class Faseeh(Service):
    """Faseeh over HTTP: it answers at once.

    Args:
        http: The transport.
        preview_path: Where previews are made; not documented, so a setting.
    """

    profile: ClassVar[Profile] = Profile(
        id=_ID,
        label="Faseeh (Munsit)",
        base_url="https://api.faseeh.ai/api/v1",
        key_variables=("MUNSIT_API_KEY", "FASEEH_API_KEY"),
        url_variables=("MUNSIT_BASE_URL", "FASEEH_BASE_URL"),
        unit="credits",
        # It has no tasks to poll.
        poll_seconds=(1.0, 1.0),
        voice_life=None,
        price_names={**dict.fromkeys(MODELS, "character"), _VOICE_FEE: "voice that is created"},
        reference=ReferenceRules(service=_ID, formats=("wav", "mp3")),
        cloning="voice",
        # Assumed: it answers with the sound or with an error, and an error costs nothing.
        charged="completion",
        preview_lines={**_LINES, "ar": _LINES["Arabic"], "en": _LINES["English"]},
        key_header="x-api-key",
        key_prefix="",
        regions={"ae": "https://ae.api.faseeh.ai/api/v1"},
        settings={"preview_path": "where previews are made, below the base URL; '/voices/preview' when omitted"},
        kept=("model",),
        any_price=True,
        account="app.munsit.com",
    )

    def __init__(self, http: Http, *, preview_path: str = "/voices/preview") -> None:
        if not isinstance(preview_path, str) or not re.fullmatch(r"(/[\w.~%-]+)+/?", preview_path):
            raise InvalidRequest(
                f"preview_path={shown(preview_path)}: allowed is a path below the base URL, such as '/voices/preview'",
                service=_ID,
            )
        super().__init__(http)
        self._preview_path = preview_path

    def check_url(self, url: str) -> str | None:  # noqa: ARG002 - the protocol's
        """What is wrong with `url` as a reference: the service takes the recording itself."""
        return "this service takes the recording itself; ref.fetch() downloads it"

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` looks like an id: ``ar-hijazi-female-1``, a UUID, or another long word with a digit in it."""
        return bool(
            re.fullmatch(r"[A-Za-z0-9_-]{8,}", text)
            and (re.search(r"\d", text) or re.match(r"[a-z]{2}-\w+-(fe)?male", text))
        )

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""
        kinds: dict[Kind, type[ServiceRequest]] = {"preview": PreviewRequest, "voice": VoiceRequest}
        return kinds.get(kind, ProductionRequest)

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:
        """The model's cost per character (learned); for a preview that is assumed, and for a voice nothing is known."""
        unit = self.profile.unit
        name = _VOICE_FEE if isinstance(request, VoiceRequest) else str(getattr(request, "model", ""))
        if name not in prices:
            return Price(None, unit, f"set it with voicenb.connect('{_ID}', prices={{{name!r}: …}})")
        if name == _VOICE_FEE:
            return Price(prices[name], unit, f"{plain(prices[name])} a voice")
        count = self.characters(str(getattr(request, "text", "")))
        return Price(count * prices[name], unit, f"{count:,} characters × {plain(prices[name])}")

    async def publish(self, upload: Upload) -> NoReturn:  # noqa: ARG002 - the protocol's
        """Not needed: the recording itself goes with the request."""
        raise ServiceError("faseeh takes recordings themselves and has no upload", service=_ID)

    async def submit(
        self,
        request: ServiceRequest,
        *,
        task: str,
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> Answer:
        """Sends `request`, once; the answer is the result."""
        headers = self._headers(seed)
        body = request.wire()
        limits: dict[str, Any] = {"seconds": self._http.long_seconds, "limit": MOST_AUDIO, "headers": headers}
        if isinstance(request, PreviewRequest):
            assert files is not None
            reply = await self._http.send_once(
                self._preview_path, data=_form(body), files={"file": _file(files["reference"])}, **limits
            )
            return self._sound(reply, _PREVIEW_RATE, hint=self._preview_hint())
        if isinstance(request, VoiceRequest):
            assert files is not None
            # The list of voices shows it again: so a voice is found whose answer was lost.
            body.setdefault("description", _mark(task))
            reply = await self._http.send_once(
                "/voices/clone",
                data=_form(body),
                files={
                    "voice_file": _file(files["preview"]),
                    "reference_audio_file": _file(files["reference"]),
                },
                **limits,
            )
            return self._made(reply)
        assert isinstance(request, ProductionRequest)
        reply = await self._http.send_once(_speech_path(request), json={**body, "streaming": False}, **limits)
        return self._sound(reply, request.sample_rate)

    async def reconcile(
        self, request: ServiceRequest, *, task: str, known: Collection[str], named: str | None
    ) -> Found | None:
        """A voice that was made stands in the list of voices, under its mark; speech leaves no trace.

        Raises:
            InvalidRequest: The list has no voice `named`.
        """
        if not isinstance(request, VoiceRequest):
            if named is not None:
                raise InvalidRequest("faseeh answers speech at once and has no tasks that could be named", service=_ID)
            return None
        listed = {voice.id: voice for voice in await self.voices()}
        if named is not None:
            if named not in listed:
                raise InvalidRequest(
                    f"faseeh lists no voice {named}; studio.catalogue() shows those it has", service=_ID
                )
            return Found(f"You named {named}, and faseeh has it.", Answer(status="completed", voice=named))
        mark = request.description or _mark(task)
        new = [one for one in listed.values() if one.id not in known and one.name == request.name]
        ours = [one for one in new if one.description == _mark(task)]
        if len(ours) == 1:
            return Found(
                f"faseeh lists the voice {ours[0].id}, which carries this task's mark.",
                Answer(status="completed", voice=ours[0].id),
            )
        alike = [one.id for one in new if one.description in {"", mark}]
        if alike:
            return Found(
                f"faseeh lists {', '.join(alike)} under the name {request.name!r}, which this home does not know: if it is "
                f"this one, task.reconcile({alike[0]!r}) takes it up."
            )
        return Found(f"faseeh lists no new voice named {request.name!r}: it was probably not made.")

    async def stream(
        self,
        request: ServiceRequest,
        *,
        task: str,  # noqa: ARG002 - it echoes nothing that could carry it
        receive: Callable[[bytes, int, int], Awaitable[None]],
        seed: int | None = None,
    ) -> Answer:
        """Sends `request`, once, and passes on the sound as it comes (learned: raw 16-bit PCM)."""
        assert isinstance(request, ProductionRequest)
        pieces = Pieces(request.sample_rate)

        async def take(data: bytes, media: str) -> None:
            if samples := pieces.add(data, media):
                await receive(samples, pieces.rate, pieces.channels)

        reply = await self._http.stream_once(
            _speech_path(request), json={**request.wire(), "streaming": True}, headers=self._headers(seed), receive=take
        )
        if reply.status >= _FIRST_REDIRECT or reply.data:
            self._refuse(reply)
        if not pieces.whole:
            raise _nothing()
        return Answer(status="completed", audio=wav_of(bytes(pieces.whole), pieces.rate, pieces.channels))

    async def query(self, remote_id: str) -> Answer:
        """Not possible: the service answers at once and has no tasks."""
        raise ServiceError(f"faseeh has no task {remote_id}: it answers at once", service=_ID)

    async def prices(self) -> dict[str, Decimal]:
        """The cost per character of each model (learned: ``GET /models``); what cannot be read is left out.

        What the service takes for making a voice is not known; the sandbox takes nothing.
        """
        found = {_VOICE_FEE: Decimal(0)} if self._http.local else {}
        for item in _items(self._listing(await self._http.call("GET", "/models")), "models"):
            name = next((item[key] for key in ("model_id", "id") if isinstance(item.get(key), str)), None)
            cost = next((decimal_of(value) for key, value in item.items() if _is_cost(key)), None)
            if name is not None and cost is not None and cost >= 0:
                found[name] = cost
        return found

    async def voices(self) -> list[ServiceVoice]:
        """The voices that the account may use, ready-made ones included (learned: ``GET /voices``)."""
        items = _items(self._listing(await self._http.call("GET", "/voices")), "voices")
        return [voice for item in items if (voice := _voice(item)) is not None]

    def subtitles(self, data: bytes) -> Subtitles:  # noqa: ARG002 - the protocol's
        """None: the service makes no subtitles."""
        raise ValueError("faseeh makes no subtitles")

    # -- answers -----------------------------------------------------------------------------------------------

    def _headers(self, seed: int | None) -> dict[str, str]:
        return {"X-Sandbox-Seed": str(seed)} if seed is not None and self._http.local else {}

    def _preview_hint(self) -> str:
        return (
            f"Where previews are made is not documented; {self._preview_path!r} is a guess. If the service's pages name "
            "another path: voicenb.connect('faseeh', preview_path='/…')"
        )

    def _sound(self, reply: Reply, rate: int, *, hint: str | None = None) -> Answer:
        """An answer that is sound, as a file: raw PCM is wrapped in a WAV."""
        if reply.status >= _FIRST_REDIRECT or "json" in reply.media or reply.data.startswith(b'{"error'):
            self._refuse(reply, hint=hint)
        if not reply.data:
            raise _nothing()
        if reply.data[:4] in _CONTAINERS or reply.media.startswith(("audio/mpeg", "audio/ogg")):
            return Answer(status="completed", audio=reply.data)
        if reply.media and not reply.media.startswith(("audio/", "application/octet-stream")):
            raise OutcomeUnknown(
                f"faseeh answered with {reply.media.partition(';')[0]} where sound was expected. The request may have "
                "been charged, so it is not sent again.",
                service=_ID,
            )
        rate, channels = pcm_form(reply.media, rate)
        return Answer(status="completed", audio=wav_of(reply.data, rate, channels))

    def _made(self, reply: Reply) -> Answer:
        """An answer that is a voice (stated)."""
        if reply.status >= _FIRST_REDIRECT:
            self._refuse(reply)
        try:
            body = reply.json()
        except ValueError:
            body = None
        if isinstance(body, dict) and isinstance(body.get("data"), dict):
            body = body["data"]
        if isinstance(body, dict) and "errorCode" in body:
            self._refuse(reply)
        voice = body.get("voice_id") if isinstance(body, dict) else None
        if not isinstance(voice, str) or not voice:
            raise OutcomeUnknown(
                "faseeh took the voice and gave no voice_id. It may have been made and charged, so it is not sent again; "
                "studio.catalogue() lists the service's own voices.",
                service=_ID,
            )
        record = body.get("id")
        return Answer(status="completed", voice=voice, remote_id=record if isinstance(record, str) else None)

    def _listing(self, reply: Reply) -> Any:
        if reply.status >= _FIRST_REDIRECT:
            self._refuse(reply)
        try:
            return reply.json()
        except ValueError:
            raise ServiceError("faseeh's answer is not JSON", service=_ID, status=reply.status) from None

    def _refuse(self, reply: Reply, *, hint: str | None = None) -> NoReturn:
        """Raises the error that an answer is (learned: ``{errorCode, errorMessage}``, the code as text)."""
        try:
            body = reply.json()
        except ValueError:
            body = None
        said = body if isinstance(body, dict) else {}
        code = str(said.get("errorCode") or "")
        message = next((said[key] for key in ("errorMessage", "message", "error") if said.get(key)), None)
        raise _error(code, None if message is None else str(message)[:500], reply, hint)


_PREVIEW_RATE = 24000
_FIRST_REDIRECT = 300
_CONTAINERS = (b"RIFF", b"RF64", b"fLaC", b"OggS")


def _nothing() -> VoicenbError:
    return OutcomeUnknown(
        "faseeh answered with no sound at all. The request may have been charged, so it is not sent again.", service=_ID
    )


def _error(code: str, message: str | None, reply: Reply, hint: str | None) -> VoicenbError:
    status = reply.status
    # The first three digits of a code are the HTTP status that goes with it.
    meant = int(code[:3]) if re.fullmatch(r"\d{5}", code) else status
    said = f"faseeh answered: {message or 'no message'} ({f'code {code}' if code else f'HTTP {status}'}). Nothing was charged"
    about: dict[str, Any] = {"code": code or None, "status": status, "service": _ID}
    if meant == 401:
        return AuthenticationError(
            f"{said}; check the key in {' or '.join(Faseeh.profile.key_variables)} and that it belongs to this region.",
            **about,
        )
    if meant == 402:
        return InsufficientBalance(f"{said}; top up the account, or see studio.price(…).", **about)
    if meant == 403:
        return AuthenticationError(f"{said}; the key has no access to this model or voice.", **about)
    if meant == 429:
        limited = RateLimited(f"{said}; too many requests run at once, try again in a while.", **about)
        limited.retry_after = reply.seconds("Retry-After")
        return limited
    if meant == 404:
        if hint is not None:
            return ServiceError(f"{said}. {hint}", **about)
        return InvalidRequest(
            f"{said}; the voice or the model is not there: studio.catalogue() lists voices.", service=_ID
        )
    if 400 <= meant < 500:
        return InvalidRequest(f"{said}.", service=_ID)
    return ServiceError(f"{said}; try again later.", **about)


def _mark(task: str) -> str:
    return f"made with voicenb, {task[:12]}"


def _speech_path(request: ProductionRequest) -> str:
    return f"/text-to-speech/{quote(request.model, safe='')}"


def _form(body: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else str(value) for name, value in body.items()}


def _file(upload: Upload) -> tuple[str, bytes, str]:
    return upload.filename, upload.data, upload.mime


# -- lists -----------------------------------------------------------------------------------------------------


def _items(body: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a bare array, or of one under a name."""
    if isinstance(body, dict):
        body = next((body[key] for key in (name, "data", "items", "list") if isinstance(body.get(key), list)), [])
    return [item for item in body if isinstance(item, dict)] if isinstance(body, list) else []


def _is_cost(key: str) -> bool:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()
    return words in {"cost", "price"} or (re.search("cost|price|credit", words) is not None and "char" in words)


def _voice(item: Mapping[str, Any]) -> ServiceVoice | None:
    def text(*names: str) -> str:
        return next((item[name] for name in names if isinstance(item.get(name), str)), "")

    def several(*names: str) -> tuple[str, ...]:
        # The request says `dialects`, the answer `dialect`.
        value = next((item[name] for name in names if item.get(name)), ())
        parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
        return tuple(str(part).strip() for part in parts)

    voice = text("voice_id", "id")
    if not voice:
        return None
    return ServiceVoice(
        id=voice,
        name=text("name", "voice_name") or voice,
        kind=text("type", "category"),
        gender=text("gender"),
        age=text("age"),
        description=text("description"),
        languages=several("languages", "language"),
        dialects=several("dialects", "dialect"),
        sample_url=text("sample_url") or None,
    )
