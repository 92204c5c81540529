"""`Faseeh`: its calls over HTTP."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar, NoReturn
from urllib.parse import quote

from voicenb.audio.subtitles import Subtitles
from voicenb.base.money import Price, plain
from voicenb.errors import InvalidRequest, ServiceError, VoicenbError
from voicenb.services.answers import decimal_of, id_of, object_of
from voicenb.services.base import (
    Answer,
    Kind,
    Profile,
    Reconciliation,
    ReferenceRules,
    Service,
    ServiceRequest,
    ServiceVoice,
    Upload,
    shown,
)
from voicenb.services.breaks import with_breaks, without_breaks
from voicenb.services.faseeh.answers import (
    KEY_VARIABLES,
    code_and_message,
    error_of,
    is_own,
    no_sound,
    refusal_in,
    unknown,
)
from voicenb.services.faseeh.lists import DETAILS, is_cost, items_of, listed_details, plain_value, voice_of
from voicenb.services.faseeh.requests import DIALECTS, ID, MODELS, PreviewRequest, ProductionRequest, VoiceRequest
from voicenb.services.http import MOST_AUDIO, Http, IncompleteError, Reply
from voicenb.services.pcm import Entrance, NotSoundError, Pieces, is_plausible, wav_of, whole_of

__all__ = ["Faseeh"]

_VOICE_FEE = "voice"


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
        id=ID,
        label="Faseeh (Munsit)",
        base_url="https://api.faseeh.ai/api/v1",
        key_variables=KEY_VARIABLES,
        url_variables=("MUNSIT_BASE_URL", "FASEEH_BASE_URL"),
        unit="credits",
        # It has no tasks to poll.
        poll_seconds=(1.0, 1.0),
        voice_life=None,
        price_names={**dict.fromkeys(MODELS, "character"), _VOICE_FEE: "voice that is created"},
        reference=ReferenceRules(service=ID, formats=("wav", "mp3")),
        cloning="voice",
        # Assumed: it answers with the sound or with an error, and an error costs nothing.
        charged="completion",
        preview_lines={**_LINES, "ar": _LINES["Arabic"], "en": _LINES["English"]},
        key_header="x-api-key",
        key_prefix="",
        regions={"ae": "https://ae.api.faseeh.ai/api/v1"},
        settings={"preview_path": "where previews are made, below the base URL; '/voices/preview' when omitted"},
        kept=("model", "stability", "dialect"),
        pause='<break time="500ms"/>',
        any_price=True,
        account="app.munsit.com",
    )

    def __init__(self, http: Http, *, preview_path: str = "/voices/preview") -> None:
        if not isinstance(preview_path, str) or not re.fullmatch(r"(/[\w.~%-]+)+/?", preview_path):
            raise InvalidRequest(
                f"preview_path={shown(preview_path)}: allowed is a path below the base URL, such as '/voices/preview'",
                service=ID,
            )
        super().__init__(http)
        self._preview_path = preview_path

    def check_url(self, url: str) -> str | None:  # noqa: ARG002 - the protocol's
        """What is wrong with `url` as a reference: the service takes the recording itself."""
        return "this service takes the recording itself; ref.fetch() downloads it"

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` looks like an id: ``ar-hijazi-female-1``, ``cl-…``, a UUID, or another long word with a digit in it."""
        return bool(
            re.fullmatch(r"cl-[A-Za-z0-9_-]{3,}", text)
            or (
                re.fullmatch(r"[A-Za-z0-9_-]{8,}", text)
                and (re.search(r"\d", text) or re.match(r"[a-z]{2}-\w+-(fe)?male", text))
            )
        )

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""
        kinds: dict[Kind, type[ServiceRequest]] = {"preview": PreviewRequest, "voice": VoiceRequest}
        return kinds.get(kind, ProductionRequest)

    def characters(self, text: str) -> int:
        """Code points as they are sent, a pause's tag included: nobody states that tags are free (assumed)."""
        return len(with_breaks(text))

    def kept(self, *requests: ServiceRequest | None) -> dict[str, Any]:
        """Model, stability and dialect: of several dialects the first, where speech is known to take it."""
        found = super().kept(*requests)
        dialect = str(found.pop("dialect", "")).partition(",")[0].strip().lower()
        return found | ({"dialect": dialect} if dialect in DIALECTS else {})

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:
        """The model's cost per character (learned); for a preview that is assumed, and for a voice nothing is known."""
        unit = self.profile.unit
        name = _VOICE_FEE if isinstance(request, VoiceRequest) else str(getattr(request, "model", ""))
        if name not in prices:
            return Price(None, unit, f"set it with voicenb.connect('{ID}', prices={{{name!r}: …}})")
        if name == _VOICE_FEE:
            return Price(prices[name], unit, f"{plain(prices[name])} a voice")
        text = str(getattr(request, "text", ""))
        count = self.characters(text)
        paused = ", a pause's tag counted too" if without_breaks(text) != text else ""
        return Price(count * prices[name], unit, f"{count:,} characters × {plain(prices[name])}{paused}")

    async def publish(self, upload: Upload) -> NoReturn:  # noqa: ARG002 - the protocol's
        """Not needed: the recording itself goes with the request."""
        raise ServiceError("faseeh takes recordings themselves and has no upload", service=ID)

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
        limits: dict[str, Any] = {
            "seconds": self._http.long_seconds,
            "limit": MOST_AUDIO,
            "headers": headers,
            "own": is_own,
        }
        if isinstance(request, PreviewRequest):
            assert files is not None
            # Its path is a guess: that nothing is there is no word of a gateway.
            limits["own"] = lambda reply: reply.status in {404, 405} or is_own(reply)
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
        return self._sound(reply, request.sample_rate or _NATIVE_RATE)

    async def reconcile(
        self, request: ServiceRequest, *, task: str, known: Collection[str], named: str | None
    ) -> Reconciliation | None:
        """A voice that was made stands in the list of voices, under its mark; speech leaves no trace.

        Raises:
            InvalidRequest: The list has no voice `named`.
        """
        if not isinstance(request, VoiceRequest):
            if named is not None:
                raise InvalidRequest("faseeh answers speech at once and has no tasks that could be named", service=ID)
            return None
        listed = {voice.id: voice for voice in await self.voices()}
        if named is not None:
            if named not in listed:
                raise InvalidRequest(
                    f"faseeh lists no voice {named}; studio.catalogue() shows those it has", service=ID
                )
            return Reconciliation(
                f"You named {named}, and faseeh has it.",
                Answer(status="completed", voice=named, details=listed_details(listed[named])),
            )
        mark = request.description or _mark(task)
        new = [one for one in listed.values() if one.id not in known and one.name == request.name]
        ours = [one for one in new if one.description == _mark(task)]
        if len(ours) == 1:
            return Reconciliation(
                f"faseeh lists the voice {ours[0].id}, which carries this task's mark.",
                Answer(status="completed", voice=ours[0].id, details=listed_details(ours[0])),
            )
        alike = [one.id for one in new if one.description in {"", mark}]
        if alike:
            return Reconciliation(
                f"faseeh lists {', '.join(alike)} under the name {request.name!r}, which this home does not know: if it is "
                f"this one, task.reconcile({alike[0]!r}) takes it up."
            )
        return Reconciliation(f"faseeh lists no new voice named {request.name!r}: it was probably not made.")

    async def stream(
        self,
        request: ServiceRequest,
        *,
        task: str,  # noqa: ARG002 - it echoes nothing that could carry it
        receive: Callable[[bytes, int, int], Awaitable[None]],
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,  # noqa: ARG002 - speech takes none
    ) -> Answer:
        """Sends `request`, once, and passes on the sound as it comes (learned: raw 16-bit PCM)."""
        assert isinstance(request, ProductionRequest)
        pieces = Pieces(request.sample_rate or _STREAM_RATE)

        entrance = Entrance(request.sample_rate or _STREAM_RATE)
        kind = ""

        async def take(data: bytes, media: str, *, last: bool = False) -> None:
            nonlocal kind
            kind = media
            if samples := pieces.add(entrance.add(data, media, last=last), media):
                await receive(samples, pieces.rate, pieces.channels)

        whole = bytearray()
        strange: NotSoundError | None = None

        async def hear(data: bytes, media: str) -> None:
            nonlocal strange
            if strange is None:
                try:
                    await take(data, media)
                except NotSoundError as error:
                    strange = error
                    whole.extend(error.data)
            else:
                # It is no stream of samples, and it is paid for: it is kept as it comes.
                whole.extend(data)

        try:
            reply = await self._http.stream_once(
                _speech_path(request),
                json={**request.wire(), "streaming": True},
                headers=self._headers(seed),
                receive=hear,
                own=is_own,
            )
        except IncompleteError:
            with suppress(NotSoundError):
                await take(b"", kind, last=True)
            raise
        if reply.status >= _FIRST_REDIRECT or refusal_in(reply.data, reply.status) is not None:
            self._refuse(reply)
        if reply.data:
            raise unknown(f"faseeh answered with {reply.excerpt} where a stream was expected", reply.data)
        if strange is None:
            try:
                await take(b"", kind, last=True)
            except NotSoundError as error:
                strange = error
                whole.extend(error.data)
        if strange is not None:
            raise self._no_stream(strange, bytes(whole))
        if not pieces.whole:
            raise no_sound()
        found = wav_of(bytes(pieces.whole), pieces.rate, pieces.channels)
        if not pieces.named and not is_plausible(bytes(pieces.whole)):
            raise self._no_stream(NotSoundError("it does not sound like 16-bit samples", b""), found)
        return Answer(status="completed", audio=found)

    def _no_stream(self, error: NotSoundError, data: bytes) -> VoicenbError:
        """What a stream is that was none: a page or JSON says nothing, a file was made and paid for."""
        if error.text:
            if (refusal := refusal_in(data)) is not None:
                return refusal
            return unknown(f"faseeh's stream is none: {error}", data)
        kept = IncompleteError(f"faseeh's stream is none: {error}", service=ID)
        kept.data = data
        return kept

    async def query(self, remote_id: str) -> Answer:
        """Not possible: the service answers at once and has no tasks."""
        raise ServiceError(f"faseeh has no task {remote_id}: it answers at once", service=ID)

    async def prices(self) -> dict[str, Decimal]:
        """The cost per character of each model (learned: ``GET /models``); what cannot be read is left out.

        What the service takes for making a voice is not known; the sandbox takes nothing.
        """
        found = {_VOICE_FEE: Decimal(0)} if self._http.sandbox else {}
        for item in items_of(self._listing(await self._http.call("GET", "/models")), "models"):
            name = next((item[key] for key in ("model_id", "id") if isinstance(item.get(key), str)), None)
            cost = next((decimal_of(value) for key, value in item.items() if is_cost(key)), None)
            if name is not None and cost is not None and cost >= 0:
                found[name] = cost
        return found

    async def voices(self) -> list[ServiceVoice]:
        """The voices that the account may use, ready-made ones included (learned: ``GET /voices``)."""
        items = items_of(self._listing(await self._http.call("GET", "/voices")), "voices")
        return [voice for item in items if (voice := voice_of(item)) is not None]

    def subtitles(self, data: bytes) -> Subtitles:  # noqa: ARG002 - the protocol's
        """None: the service makes no subtitles."""
        raise ValueError("faseeh makes no subtitles")

    # -- answers -----------------------------------------------------------------------------------------------

    def _headers(self, seed: int | None) -> dict[str, str]:
        return {"X-Sandbox-Seed": str(seed)} if seed is not None and self._http.sandbox else {}

    def _preview_hint(self) -> str:
        return (
            f"Where previews are made is not documented; {self._preview_path!r} is a guess. If the service's pages name "
            "another path: voicenb.connect('faseeh', preview_path='/…')"
        )

    def _sound(self, reply: Reply, rate: int, *, hint: str | None = None) -> Answer:
        """An answer that is sound, as a file: bare samples are wrapped in a WAV, everything else stays as it came."""
        if reply.status >= _FIRST_REDIRECT or refusal_in(reply.data, reply.status) is not None:
            self._refuse(reply, hint=hint)
        if not reply.data:
            raise no_sound()
        try:
            return Answer(status="completed", audio=whole_of(reply.data, reply.media, rate))
        except NotSoundError as error:
            if error.text:
                raise unknown(f"faseeh answered with {reply.excerpt} where sound was expected", reply.data) from None
            # It may be a sound that is not known here: it is kept, and what it is shows when it is read.
            return Answer(status="completed", audio=reply.data)

    def _made(self, reply: Reply) -> Answer:
        """An answer that is a voice (stated). What names a voice has made one, whatever else it says."""
        said = reply.object() or {}
        body = object_of(said.get("data")) or said
        voice = id_of(body.get("voice_id"))
        if voice is None:
            if reply.status >= _FIRST_REDIRECT or refusal_in(reply.data, reply.status) is not None:
                self._refuse(reply)
            raise unknown(
                "faseeh took the voice and gave no voice_id (studio.catalogue() lists the service's own voices)",
                reply.data,
            )
        return Answer(
            status="completed",
            voice=voice,
            remote_id=id_of(body.get("id")),
            details={name: plain_value(body.get(name)) for name in DETAILS},
        )

    def _listing(self, reply: Reply) -> Any:
        if reply.status >= _FIRST_REDIRECT:
            self._refuse(reply)
        try:
            return reply.json()
        except ValueError:
            raise ServiceError("faseeh's answer is not JSON", service=ID, status=reply.status) from None

    def _refuse(self, reply: Reply, *, hint: str | None = None) -> NoReturn:
        """Raises the error that an answer is (learned: ``{errorCode, errorMessage}``, the code as text)."""
        code, message = code_and_message(reply.object() or {})
        raise error_of(code, message, reply, hint)


_PREVIEW_RATE = 24000
# Where no rate is asked for: a stream's (stated), and that of headerless samples that come whole (assumed).
_STREAM_RATE = 24000
_NATIVE_RATE = 48000
_FIRST_REDIRECT = 300


def _mark(task: str) -> str:
    return f"made with voicenb, {task[:12]}"


def _speech_path(request: ProductionRequest) -> str:
    return f"/text-to-speech/{quote(request.model, safe='')}"


def _form(body: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else str(value) for name, value in body.items()}


def _file(upload: Upload) -> tuple[str, bytes, str]:
    return upload.filename, upload.data, upload.mime
