"""SoundClone of Jimmy AI: its whole contract, as its documents state it and as it was learned.

Documents: https://docs.jimmyai.cn, pages SoundClone "Create Preview Task", "Create Audio Task" and "Query SoundClone
Task" (seen 2026-11). What those pages state is marked *stated*; what its other pages and public clients show is marked
*learned* and never breaks the client when the live service differs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator

from voicenb.errors import (
    AuthenticationError,
    BadReference,
    InsufficientBalance,
    InvalidRequest,
    Problem,
    ServiceError,
    VoiceExpired,
    VoicenbError,
)
from voicenb.services.base import (
    Answer,
    Balance,
    Kind,
    Number,
    Price,
    Profile,
    ReferenceRules,
    Service,
    ServiceRequest,
    Upload,
    Whole,
    parameter,
    plain,
    shown,
    status_of,
    subtitle_level,
    unboxed,
)
from voicenb.services.http import Reply, UnreadableAnswerError, decimal_of, task_in, url_problem
from voicenb.subtitles import Segment, Subtitles, Word
from voicenb.text import malformed_pauses, misplaced_pauses, runes

__all__ = ["LANGUAGES", "PreviewRequest", "ProductionRequest", "SoundClone"]

_ID = "soundclone"
_API = "/api/open-api/v1"

# Learned: the pages name the numbers 24 and 40, the lists come from the service's own site.
_V1 = (
    "Chinese", "Chinese,Yue", "English", "Arabic", "Russian", "Spanish", "French", "Portuguese", "German", "Turkish",
    "Dutch", "Ukrainian", "Vietnamese", "Indonesian", "Japanese", "Italian", "Korean", "Thai", "Polish", "Romanian",
    "Greek", "Czech", "Finnish", "Hindi",
)  # fmt: skip
_V2_ONLY = (
    "Bulgarian", "Danish", "Hebrew", "Malay", "Persian", "Slovak", "Swedish", "Croatian", "Filipino", "Hungarian",
    "Norwegian", "Slovenian", "Catalan", "Nynorsk", "Tamil", "Afrikaans",
)  # fmt: skip
LANGUAGES: Mapping[str, tuple[str, ...]] = {"v1": _V1, "v2": _V1 + _V2_ONLY}
"""The languages of each version, as the service spells them; ``"auto"`` always works."""

_AUDIO = ("wav", "mp3", "ogg", "m4a", "aac")
_VIDEO = ("mp4", "avi", "mov", "mkv", "flv")
_CHINESE = re.compile(
    r"[\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)

_PREVIEW_LIMIT = 270
_TEXT_LIMIT = 10_000
_BILLED_BY = Decimal(10_000)

_PREVIEW_FEE = "sound-cloning-clone"
_TEXT_FEE = "sound-cloning-audio"
_VOICE_FEE = "sound-cloning-voice"

Version = Literal["v1", "v2"]


class _Common(ServiceRequest):
    """Rules that both calls share."""

    service: ClassVar[str] = _ID

    @classmethod
    def stated(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Text to speak, and pauses of 0.01–99.99 s (stated)."""
        text = values.get("text")
        if isinstance(text, str):
            if not text.strip():
                yield Problem("text", shown(text), "allowed is text with something to speak")
            for mark in malformed_pauses(text):
                yield Problem("text", f"the pause {mark}", "allowed is <#x#> with x in seconds from 0.01 to 99.99")

    @classmethod
    def learned(cls, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Where pauses may stand, and the languages of each version (learned)."""
        text = values.get("text")
        if isinstance(text, str):
            for mark, rule in misplaced_pauses(text):
                yield Problem("text", f"the pause {mark}", rule)
        language = values.get("language")
        if isinstance(language, str) and language != "auto":
            version = values.get("version")
            if language not in LANGUAGES["v2"]:
                near = next((one for one in LANGUAGES["v2"] if one.lower() == language.lower()), None)
                hint = f"did you mean {near!r}? " if near else ""
                yield Problem("language", shown(language), f"{hint}allowed are auto, {', '.join(LANGUAGES['v2'])}")
            elif version == "v1" and language not in LANGUAGES["v1"]:
                yield Problem("language", shown(language), "only version='v2' speaks it")


class PreviewRequest(_Common):
    """``POST /api/open-api/v1/soundCloning/clones``: a short clip in a new voice (stated)."""

    kind: ClassVar[Kind] = "preview"

    reference: Annotated[
        str | None, parameter("fileUrl", "Public URL of the recording; a local file is uploaded and gets one.")
    ] = None
    text: Annotated[
        str,
        parameter(
            "contentText",
            "What the preview speaks; <#x#> pauses for x seconds.",
            min_length=1,
            max_length=_PREVIEW_LIMIT,
        ),
    ]
    version: Annotated[Version, parameter("soundVersion", "v1 speaks 24 languages, v2 40.")] = "v1"
    language: Annotated[str, parameter("language", "The language of the text, such as English; auto finds it.")] = (
        "auto"
    )


class ProductionRequest(_Common):
    """``POST /api/open-api/v1/soundCloning/audios``: speech in a voice (stated).

    ``subtitles`` stands for the wire's two fields ``subtitleEnable`` and ``subtitleType``, which are accepted too.
    """

    kind: ClassVar[Kind] = "production"

    voice: Annotated[str, parameter("modelId", "The voice's id, from a completed preview.", min_length=1)]
    text: Annotated[
        str,
        parameter("contentText", "What is spoken; <#x#> pauses for x seconds.", min_length=1, max_length=_TEXT_LIMIT),
    ]
    version: Annotated[
        Version | None, parameter("soundVersion", "v1 speaks 24 languages, v2 40; None leaves it to the service.")
    ] = None
    language: Annotated[str, parameter("language", "The language of the text, such as English; auto finds it.")] = (
        "auto"
    )
    emotion: Annotated[
        Literal["happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral"],
        parameter("emotion", "How it is spoken."),
    ] = "neutral"
    speed: Annotated[Number, parameter("speed", "Speech rate.", unit="×", step=0.05, ge=0.5, le=2)] = 1.0
    volume: Annotated[Number, parameter("vol", "Loudness, as a factor.", unit="×", step=0.1, gt=0, le=10)] = 1.0
    pitch: Annotated[Whole, parameter("pitch", "Pitch shift.", unit="st", step=1, ge=-12, le=12)] = 0
    subtitles: Annotated[
        Literal[False, "sentence", "word"],
        BeforeValidator(subtitle_level),
        parameter("subtitleEnable", "Times of sentences, or of words, beside the audio.", also=("subtitleType",)),
    ] = False

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """The wire's two fields for subtitles become one."""
        if "subtitleType" not in values:
            return super().from_wire(values)
        level = values["subtitleType"]
        named, problems = super().from_wire({key: value for key, value in values.items() if key != "subtitleType"})
        if not named.get("subtitles"):
            problems.append(Problem("subtitleType", shown(level), "it needs subtitles: give subtitles='word'"))
        elif level != "word":
            problems.append(Problem("subtitleType", shown(level), "allowed is 'word'; leave it out for sentences"))
        elif unboxed(named["subtitles"]) is True or named["subtitles"] == "sentence":
            named["subtitles"] = "word"
        return named, problems

    def wire(self) -> dict[str, Any]:
        """The body of the call, with the wire's two fields for subtitles."""
        body = super().wire()
        body["subtitleEnable"] = self.subtitles is not False
        if self.subtitles == "word":
            body["subtitleType"] = "word"
        return body


_PREVIEW_LINES = {
    "Chinese": "清晨的阳光洒满山谷，新的一天开始了，我们一起听听这个声音。",
    "Chinese,Yue": "朝早嘅陽光照住山谷，新嘅一日開始喇，我哋一齊聽吓呢把聲。",
    "English": "The morning light fills the valley, a new day begins, and this is how the voice sounds.",
    "Arabic": "يملأ ضوء الصباح الوادي، ويبدأ يوم جديد، وهكذا يبدو هذا الصوت.",
    "Russian": "Утренний свет наполняет долину, начинается новый день, и так звучит этот голос.",
    "Spanish": "La luz de la mañana llena el valle, empieza un nuevo día, y así suena esta voz.",
    "French": "La lumière du matin remplit la vallée, un nouveau jour commence, et voici cette voix.",
    "Portuguese": "A luz da manhã enche o vale, um novo dia começa, e é assim que soa esta voz.",
    "German": "Das Morgenlicht füllt das Tal, ein neuer Tag beginnt, und so klingt diese Stimme.",
    "Turkish": "Sabah ışığı vadiyi dolduruyor, yeni bir gün başlıyor ve bu ses böyle duyuluyor.",
    "Dutch": "Het ochtendlicht vult het dal, een nieuwe dag begint, en zo klinkt deze stem.",
    "Ukrainian": "Ранкове світло наповнює долину, починається новий день, і так звучить цей голос.",
    "Vietnamese": "Ánh sáng ban mai tràn ngập thung lũng, một ngày mới bắt đầu, và đây là giọng nói này.",
    "Indonesian": "Cahaya pagi memenuhi lembah, hari baru dimulai, dan beginilah suara ini terdengar.",
    "Japanese": "あさのひかりがたにをみたし、あたらしいいちにちがはじまります。このこえをきいてください。",
    "Italian": "La luce del mattino riempie la valle, comincia un nuovo giorno, ed ecco questa voce.",
    "Korean": "아침 햇살이 골짜기를 채우고 새로운 하루가 시작됩니다. 이 목소리를 들어 보세요.",
    "Thai": "แสงยามเช้าส่องทั่วหุบเขา วันใหม่เริ่มต้นขึ้น และนี่คือเสียงนี้",
    "Polish": "Poranne światło wypełnia dolinę, zaczyna się nowy dzień, a tak brzmi ten głos.",
    "Romanian": "Lumina dimineții umple valea, începe o nouă zi, iar așa sună această voce.",
    "Greek": "Το πρωινό φως γεμίζει την κοιλάδα, μια νέα μέρα αρχίζει, και έτσι ακούγεται αυτή η φωνή.",
    "Czech": "Ranní světlo plní údolí, začíná nový den a takto zní tento hlas.",
    "Finnish": "Aamun valo täyttää laakson, uusi päivä alkaa, ja tältä tämä ääni kuulostaa.",
    "Hindi": "सुबह की रोशनी घाटी में फैल रही है, एक नया दिन शुरू हो रहा है, और यह आवाज़ ऐसी है।",
    "Bulgarian": "Утринната светлина изпълва долината, започва нов ден и така звучи този глас.",
    "Danish": "Morgenlyset fylder dalen, en ny dag begynder, og sådan lyder denne stemme.",
    "Hebrew": "אור הבוקר ממלא את העמק, יום חדש מתחיל, וכך נשמע הקול הזה.",
    "Malay": "Cahaya pagi memenuhi lembah, hari baharu bermula, dan beginilah bunyi suara ini.",
    "Persian": "نور صبح دره را پر می‌کند، روز تازه‌ای آغاز می‌شود، و این صدا چنین است.",
    "Slovak": "Ranné svetlo napĺňa údolie, začína sa nový deň a takto znie tento hlas.",
    "Swedish": "Morgonljuset fyller dalen, en ny dag börjar, och så här låter rösten.",
    "Croatian": "Jutarnje svjetlo ispunjava dolinu, počinje novi dan, a ovako zvuči ovaj glas.",
    "Filipino": "Pinupuno ng liwanag ng umaga ang lambak, nagsisimula ang bagong araw, at ganito ang boses.",
    "Hungarian": "A reggeli fény betölti a völgyet, új nap kezdődik, és így szól ez a hang.",
    "Norwegian": "Morgenlyset fyller dalen, en ny dag begynner, og slik låter denne stemmen.",
    "Slovenian": "Jutranja svetloba napolni dolino, začenja se nov dan in tako zveni ta glas.",
    "Catalan": "La llum del matí omple la vall, comença un nou dia, i així sona aquesta veu.",
    "Nynorsk": "Morgonljoset fyller dalen, ein ny dag byrjar, og slik lyder denne røysta.",
    "Tamil": "காலை ஒளி பள்ளத்தாக்கை நிரப்புகிறது, புதிய நாள் தொடங்குகிறது, இந்தக் குரல் இப்படித்தான் ஒலிக்கிறது.",
    "Afrikaans": "Die oggendlig vul die vallei, 'n nuwe dag begin, en so klink hierdie stem.",
}


class SoundClone(Service):
    """SoundClone over HTTP."""

    profile: ClassVar[Profile] = Profile(
        id=_ID,
        label="SoundClone",
        base_url="https://www.jimmyai.cn",
        key_variables=("SOUNDCLONE_API_KEY", "JIMMYAI_API_KEY"),
        url_variables=("SOUNDCLONE_BASE_URL", "JIMMYAI_BASE_URL"),
        unit="credits",
        poll_seconds=(5.0, 10.0),
        voice_life=timedelta(days=3),
        price_names={
            _PREVIEW_FEE: "10,000 characters of a preview",
            _TEXT_FEE: "10,000 characters of production",
            _VOICE_FEE: "production task",
        },
        reference=ReferenceRules(
            service=_ID,
            formats=(*_AUDIO, *_VIDEO),
            upload_formats=(*_AUDIO, *_VIDEO, "flac", "webm", "m4v"),
            min_seconds=15.0,
            max_seconds=60.0,
            max_bytes=100 * 10**6,
            url_rule=f"a public http(s) URL that ends in .{', .'.join((*_AUDIO, *_VIDEO))}, without Chinese characters",
        ),
        cloning="preview",
        charged="submission",
        preview_lines=_PREVIEW_LINES,
        kept=("version",),
    )

    @property
    def reference_rules(self) -> ReferenceRules:
        """What it takes as a reference."""
        return self.profile.reference

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a ``fileUrl``, in words, or None (stated: scheme, suffix, characters, public)."""
        if (problem := url_problem(url, local=self._http.local)) is not None:
            return problem
        if _CHINESE.search(url):
            return "it has Chinese characters; percent-encode them or rename the file"
        stem, _, suffix = urlsplit(url).path.rpartition("/")[2].rpartition(".")
        if not stem or suffix.lower() not in self.profile.reference.formats:
            return f"its path ends in none of .{', .'.join(self.profile.reference.formats)}"
        return None

    def characters(self, text: str) -> int:
        """Code points without pause marks (stated)."""
        return runes(text)

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` looks like a ``modelId``, as the documents' examples do."""
        return text.startswith("model_")

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""
        return PreviewRequest if kind == "preview" else ProductionRequest

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:
        """Runes without pause marks at a price per 10,000, and a fee for each production task (stated)."""
        unit = self.profile.unit
        if isinstance(request, PreviewRequest):
            needed: tuple[str, ...] = (_PREVIEW_FEE,)
            count = runes(request.text)
        else:
            assert isinstance(request, ProductionRequest)
            needed = (_TEXT_FEE, _VOICE_FEE)
            count = runes(request.text)
        missing = [name for name in needed if name not in prices]
        if missing:
            settings = ", ".join(f"{name!r}: …" for name in missing)
            return Price(None, unit, f"set it with voicenb.connect('{_ID}', prices={{{settings}}})")
        per_characters = prices[needed[0]]
        amount = count / _BILLED_BY * per_characters
        rule = f"{count:,} characters × {plain(per_characters)} per 10,000"
        if _VOICE_FEE in needed:
            amount += prices[_VOICE_FEE]
            rule += f" + {plain(prices[_VOICE_FEE])} a task"
        return Price(amount, unit, rule)

    async def publish(self, upload: Upload) -> str:
        """Uploads a recording (learned: ``POST /files/upload``); the answer's URL serves as ``fileUrl``."""
        reply = await self._http.upload(f"{_API}/files/upload", upload.filename, upload.data, upload.mime)
        answer = self._open(reply)
        url = answer.get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise ServiceError("soundclone took the upload and gave no URL for it", service=_ID)
        return url

    async def submit(
        self,
        request: ServiceRequest,
        *,
        task: str,  # noqa: ARG002 - SoundClone echoes nothing that could carry it
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,  # noqa: ARG002 - it takes addresses only
    ) -> Answer:
        """Sends `request`, once: a `PreviewRequest` with its reference's address, or a `ProductionRequest`."""
        path = "clones" if isinstance(request, PreviewRequest) else "audios"
        headers = {"X-Sandbox-Seed": str(seed)} if seed is not None and self._http.local else {}
        reply = await self._http.send_once(f"{_API}/soundCloning/{path}", json=request.wire(), headers=headers)
        return task_in(_ID, lambda: _answer(self._open(reply, charges=True), reply))

    async def query(self, remote_id: str) -> Answer:
        """The state of a task (stated: ``GET /audios/{id}``)."""
        reply = await self._http.call("GET", f"{_API}/audios/{quote(remote_id, safe='')}")
        return _answer(self._open(reply), reply)

    async def balance(self) -> Balance:
        """What the account has left (learned: ``GET /user/balance``)."""
        data = self._open(await self._http.call("GET", f"{_API}/user/balance"))
        amount = decimal_of(data.get("available"))
        if amount is None:
            amount = decimal_of(data.get("balance"))
        if amount is None:
            raise ServiceError("soundclone's answer holds no balance", service=_ID)
        return Balance(amount, self.profile.unit)

    async def prices(self) -> dict[str, Decimal]:
        """Unit prices from the public catalogue (learned); an item that cannot be read is left out."""
        reply = await self._http.call(
            "GET", "/api/openapi/model/catalog", auth=False, params={"search": "sound-cloning"}
        )
        data = self._open(reply)
        items = data.get("list")
        found = {}
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                name = next((item[key] for key in ("name", "model", "model_name") if item.get(key) in _FEES), None)
                price = next((decimal_of(item[key]) for key in ("price", "unit_price") if key in item), None)
                if name is not None and price is not None and price >= 0:
                    found[str(name)] = price
        return found

    def subtitles(self, data: bytes) -> Subtitles:
        """Subtitles of the learned format: a JSON array of segments with times in float milliseconds."""
        import json

        def seconds(value: Any) -> float:
            # json reads Infinity and NaN, which are no times.
            number = float(value) / 1000
            if not 0 <= number < 1e6:
                raise ValueError(f"{value!r} is no time")
            return number

        try:
            return Subtitles(
                tuple(
                    Segment(
                        str(part["text"]),
                        seconds(part["time_begin"]),
                        seconds(part["time_end"]),
                        tuple(
                            Word(str(word["word"]), seconds(word["time_begin"]), seconds(word["time_end"]))
                            for word in part.get("timestamped_words") or ()
                        ),
                    )
                    for part in json.loads(data)
                )
            )
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"these are no SoundClone subtitles: {error!r}") from error

    def _open(self, reply: Reply, *, charges: bool = False) -> dict[str, Any]:
        """The envelope's ``data``, or the error that it stands for.

        Learned: the HTTP status is 200 even for errors, and ``code`` has been seen as a string.
        """
        if reply.status == 429:
            self._http.refuse(reply)
        try:
            envelope = reply.json()
        except ValueError:
            envelope = None
        if not isinstance(envelope, dict) or "code" not in envelope:
            self._http.refuse(reply)
            raise UnreadableAnswerError("soundclone's answer is not the JSON that it documents", service=_ID)
        code = str(envelope["code"])
        if code == "20000":
            data = envelope.get("data")
            if not isinstance(data, dict):
                raise UnreadableAnswerError("soundclone's answer holds no data", service=_ID)
            return data
        raise _error(code, str(envelope.get("msg") or "no message")[:500], reply.status, charges=charges)


_FEES = frozenset({_PREVIEW_FEE, _TEXT_FEE, _VOICE_FEE})


def _error(code: str, message: str, status: int, *, charges: bool) -> VoicenbError:
    lower = message.lower()
    said = f"soundclone answered: {message} (code {code})" + (". Nothing was charged" if charges else "")
    if code == "20001" or status == 401:
        return AuthenticationError(
            f"{said}; check the key in {' or '.join(SoundClone.profile.key_variables)} and that it belongs to this "
            "address.",
            code=code,
            status=status,
            service=_ID,
        )
    # The code for an empty account is not documented, its message has to do.
    if status == 402 or "insufficient" in lower or "余额" in message:
        return InsufficientBalance(
            f"{said}; top up the account, or see studio.balance() and studio.price(…).",
            code=code,
            status=status,
            service=_ID,
        )
    if code == "20002":
        if "modelid" in lower and ("expire" in lower or "过期" in message):
            return VoiceExpired(f"{said}; clone the voice again: studio.clone(…).", service=_ID)
        if "fileurl" in lower:
            return BadReference(f"{said}; see reference.check(studio).", service=_ID)
        return InvalidRequest(f"{said}.", service=_ID)
    return ServiceError(f"{said}; try again later.", code=code, status=status, service=_ID)


def _answer(data: Mapping[str, Any], reply: Reply) -> Answer:
    def text(name: str) -> str | None:
        value = data.get(name)
        return value if isinstance(value, str) and value else None

    return Answer(
        status=status_of(data.get("status")),
        remote_id=text("id"),
        audio_url=text("audioUrl"),
        subtitles_url=text("subtitleFile"),
        voice=text("modelId"),
        error=text("error"),
        poll_after=reply.seconds("X-Poll-After"),
    )
