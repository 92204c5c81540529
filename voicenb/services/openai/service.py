"""`OpenAi`: its calls over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from voicenb.audio.subtitles import Subtitles
from voicenb.base.arguments import did_you_mean
from voicenb.base.money import Price, plain
from voicenb.errors import BadReference, InvalidRequest, ServiceError, VoicenbError
from voicenb.services.answers import id_of
from voicenb.services.base import (
    RECORDING,
    Answer,
    Kind,
    Profile,
    ReferenceRules,
    Service,
    ServiceRequest,
    ServiceVoice,
    Upload,
    shown,
)
from voicenb.services.events import is_event_stream
from voicenb.services.hearing import Hearing
from voicenb.services.http import MOST_AUDIO, Http, IncompleteError, Reply, url_problem
from voicenb.services.openai.answers import (
    KEY_VARIABLE,
    RATE,
    URL_VARIABLE,
    Heard,
    broken,
    error_of,
    is_own,
    said_in,
    unknown,
)
from voicenb.services.openai.requests import ID, PreviewRequest, ProductionRequest, Speech
from voicenb.services.openai.uploads import HOW, WAYS, listed_in, made_in, name_of
from voicenb.services.pcm import NotSoundError, whole_of, with_length

__all__ = ["OpenAi"]

_SPEECH = "/audio/speech"


class OpenAi(Service):
    """An OpenAI-compatible speech server over HTTP: it answers at once.

    Args:
        http: The transport.
        cloning: How the server takes recordings: ``"voices"``, ``"library"``, ``"files"`` or ``"inline"``.
    """

    profile: ClassVar[Profile] = Profile(
        id=ID,
        label="OpenAI-compatible server",
        base_url="https://api.openai.com/v1",
        key_variables=(KEY_VARIABLE,),
        url_variables=(URL_VARIABLE,),
        unit="USD",
        poll_seconds=(1.0, 2.0),
        voice_life=None,
        price_names={"characters": "1,000 characters"},
        reference=ReferenceRules(
            service=ID,
            formats=("wav", "mp3"),
            upload_formats=("wav", "mp3"),
            max_bytes=10_000_000,
            url_rule="an http(s) URL that the server can reach",
        ),
        cloning="address",
        charged="completion",
        preview_lines={"English": "The morning light fills the valley, and this is how the voice sounds."},
        settings={"cloning": f"how the server takes recordings ({HOW})"},
        kept=("model", "language", "reference_text"),
        account="the server's own pages",
        own_server=True,
    )

    def __init__(self, http: Http, *, cloning: str = "voices") -> None:
        if cloning not in WAYS:
            raise InvalidRequest(
                f"cloning={shown(cloning)}: {did_you_mean(cloning, WAYS)}allowed are {', '.join(map(repr, WAYS))} ({HOW})",
                service=ID,
            )
        super().__init__(http)
        self._way = WAYS[cloning]

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""
        return PreviewRequest if kind == "preview" else ProductionRequest

    @property
    def carries_recordings(self) -> bool:
        """Whether each request carries the recording itself."""
        return self._way.path is None

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a voice: nothing with a name, and nothing with a recording's URL where servers take one."""
        if not url.startswith(("http://", "https://")):
            return None
        if self._way.path is not None and self._way.transcript is None:
            return "this kind of server takes recordings themselves; ref.fetch() downloads it"
        return url_problem(url, local=self._http.loopback, private=True)

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` may be a voice: servers name them as they like, and mix them, as in ``af_bella(2)+af_sky``."""
        return bool(text.strip())

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:
        """What the user says that 1,000 characters cost; no server says it."""
        assert isinstance(request, Speech)
        unit = self.profile.unit
        if "characters" not in prices:
            return Price(
                None,
                unit,
                f"set it with voicenb.connect('{ID}', prices={{'characters': …}}), per 1,000, or prices='free'",
            )
        price, count = prices["characters"], self.characters(request.text)
        if not price:
            return Price(Decimal(0), unit, "free, as you said")
        return Price(count * price / 1000, unit, f"{count:,} characters × {plain(price)} per 1,000")

    async def prices(self) -> dict[str, Decimal]:
        """None: nothing in the API says what it costs."""
        return {}

    async def publish(self, upload: Upload) -> str:
        """Makes a voice of a recording at the server; the answer is its name there (learned).

        Raises:
            BadReference: The server refuses the recording, or takes none in this way.
        """
        way, name = self._way, name_of(upload)
        assert way.path is not None
        fields = {} if way.name is None else {way.name: name}
        if way.transcript is not None and upload.transcript is not None:
            fields[way.transcript] = upload.transcript
        fields |= dict.fromkeys(way.fields, upload.consent or "none recorded")
        filename = f"{name}.{upload.filename.rpartition('.')[2]}"
        reply = await self._http.upload(
            way.path, filename, upload.data, upload.mime, name=way.file, fields=fields, from_origin=way.from_root
        )
        said = said_in(reply)
        if reply.status == _CONFLICT and way.name is not None:
            # It bears the hash of this recording.
            return name
        if reply.status in {404, 405}:
            raise BadReference(
                f"this server has nothing at {way.path} (HTTP {reply.status}), where {way.servers} takes recordings. Say how it "
                f"takes them: voicenb.connect('{ID}', cloning=…), {HOW}; or speak in a voice that it has: "
                "studio.catalogue(). Nothing was charged.",
                service=ID,
            )
        if reply.status in {400, 413, 415, 422} and said is not None:
            raise BadReference(f"the server refuses the recording: {said.message}. Nothing was charged.", service=ID)
        if reply.status >= _FIRST_REDIRECT:
            self._http.refuse(reply)
        return made_in(reply) or (filename if way.name is None else name)

    async def submit(
        self,
        request: ServiceRequest,
        *,
        task: str,  # noqa: ARG002 - it echoes nothing that could carry it
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> Answer:
        """Sends `request`, once; the answer is the sound."""
        assert isinstance(request, Speech)
        reply = await self._http.send_once(
            _SPEECH,
            json=_body(request, files),
            headers=self._headers(seed),
            seconds=self._http.long_seconds,
            limit=MOST_AUDIO,
            own=is_own,
        )
        if reply.status >= _FIRST_REDIRECT or (reply.data[:1] == b"{" and said_in(reply) is not None):
            await self._refuse(reply, request)
        if not is_event_stream(reply.media):
            return Answer(status="completed", audio=self._file(reply.data, reply.media, reply.excerpt))
        heard = Heard()
        heard.add(reply.data, last=True)
        sound = bytes(heard.sound)
        if not heard.done:
            raise unknown("the server's events ended before the sound did", sound)
        return Answer(status="completed", audio=self._file(sound, heard.media, "events without sound"))

    async def stream(
        self,
        request: ServiceRequest,
        *,
        task: str,  # noqa: ARG002 - as in `submit`
        receive: Callable[[bytes, int, int], Awaitable[None]],
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> Answer:
        """Sends `request`, once, and passes on the sound as it comes: PCM, WAV, MP3, or events with any of them."""
        assert isinstance(request, Speech)
        events = Heard()
        hearing = Hearing(RATE, receive)
        kind = ""
        strange: NotSoundError | None = None
        whole = bytearray()

        async def hear(data: bytes, media: str) -> None:
            nonlocal kind, strange
            kind = media
            if is_event_stream(media):
                data, kind = events.add(data), events.media
            whole.extend(data)
            if strange is None and data:
                try:
                    await hearing.add(data, kind)
                except NotSoundError as error:
                    strange = error

        body = {"stream_format": "audio"} | _body(request, files)
        try:
            reply = await self._http.stream_once(
                _SPEECH, json=body, headers=self._headers(seed), receive=hear, own=is_own
            )
        except IncompleteError:
            with suppress(NotSoundError):
                await hearing.whole(kind)
            raise
        if reply.status >= _FIRST_REDIRECT or (reply.data and said_in(reply) is not None):
            await self._refuse(reply, request)
        if reply.data:
            raise unknown(f"the server answered with {reply.excerpt} where a stream was expected", reply.data)
        found = b""
        if strange is None:
            try:
                found = await hearing.whole(kind)
            except NotSoundError as error:
                strange = error
        if events.begun and not events.done:
            raise broken(f"the server's events ended early{events.why}", bytes(whole))
        if strange is not None:
            raise unknown(f"the stream is none: {strange}", bytes(whole))
        if not found:
            raise unknown("the server answered with no sound at all")
        return Answer(status="completed", audio=found)

    async def query(self, remote_id: str) -> Answer:
        """Not possible: such a server answers at once and has no tasks."""
        raise ServiceError(f"there is no task {remote_id}: the server answers at once", service=ID)

    async def voices(self) -> list[ServiceVoice]:
        """The voices that the server lists (learned: ``GET /audio/voices``, or ``GET /voices``).

        Raises:
            ServiceError: It lists none.
        """
        for path in ("/audio/voices", "/voices"):
            reply = await self._http.call("GET", path)
            if reply.status not in {404, 405}:
                self._http.refuse(reply)
                return listed_in(reply)
        raise ServiceError(
            "this server lists no voices (nothing is at /audio/voices and /voices). Nothing was charged; studio.voice('…') takes "
            "the name of any voice that it has.",
            service=ID,
        )

    async def models(self) -> list[str]:
        """The models that the server lists (stated: ``GET /models``).

        Raises:
            ServiceError: It cannot be read.
        """
        reply = await self._http.call("GET", "/models")
        self._http.refuse(reply)
        listed = (reply.object() or {}).get("data")
        return (
            [found for one in listed if isinstance(one, dict) and (found := id_of(one.get("id")))]
            if isinstance(listed, list)
            else []
        )

    def subtitles(self, data: bytes) -> Subtitles:  # noqa: ARG002 - the protocol's
        """None: the API has no subtitles."""
        raise ValueError("the API has no subtitles")

    # -- answers -----------------------------------------------------------------------------------------------

    def _headers(self, seed: int | None) -> dict[str, str]:
        return {"X-Sandbox-Seed": str(seed)} if seed is not None and self._http.sandbox else {}

    @staticmethod
    def _file(data: bytes, media: str, excerpt: str) -> bytes:
        """Sound as a file: bare samples are wrapped in a WAV, an endless WAV gets its length, all else stays as it came."""
        if not data:
            raise unknown("the server answered with no sound at all")
        try:
            return with_length(whole_of(data, media, RATE))
        except NotSoundError as error:
            if error.text:
                raise unknown(f"the server answered with {excerpt} where sound was expected", data) from None
            # It may be a sound that is not known here: it is kept, and what it is shows when it is read.
            return data

    async def _refuse(self, reply: Reply, request: Speech) -> NoReturn:
        """Raises the error that an answer to a paid request is."""
        said = said_in(reply)
        if said is None:
            raise self._http.stranger(reply)
        error = error_of(said, reply, request)
        about = f"{said.field} {said.message}".lower()
        if isinstance(error, InvalidRequest) and "model" in about and request.model.lower() in about:
            with suppress(VoicenbError):
                models = await self.models()
                error.args = (f"{error} The server has the models {', '.join(models[:12]) or '(none listed)'}.",)
        raise error


_FIRST_REDIRECT = 300
_CONFLICT = 409


def _body(request: Speech, files: Mapping[str, Upload] | None) -> dict[str, Any]:
    """The body of a request, with the recording that goes along."""
    body = request.wire()
    if str(body.get("ref_audio")).startswith(RECORDING):
        assert files is not None
        recording = files["reference"]
        body["ref_audio"] = f"data:{recording.mime};base64,{base64.b64encode(recording.data).decode()}"
    return body
