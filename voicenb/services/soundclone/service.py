"""`SoundClone`: its calls over HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from voicenb.audio.subtitles import Segment, Subtitles, Word
from voicenb.base.money import Balance, Price, plain
from voicenb.errors import BadReference, RateLimited, ServiceError
from voicenb.services.answers import (
    address_of,
    code_of,
    decimal_of,
    field_of,
    id_of,
    moment_of,
    object_of,
    read_json,
    shown_text,
    spoken_text,
)
from voicenb.services.base import Answer, Kind, Profile, ReferenceRules, Service, ServiceRequest, Upload, status_of
from voicenb.services.http import Reply, UnreadableAnswerError, task_in, url_problem
from voicenb.services.soundclone.answers import KEY_VARIABLES, OK, OK_ELSEWHERE, error_of, is_own
from voicenb.services.soundclone.preview_lines import PREVIEW_LINES
from voicenb.services.soundclone.requests import CHINESE, DEFAULT_LINE, ID, PreviewRequest, ProductionRequest
from voicenb.services.text import runes

__all__ = ["SoundClone"]

_API = "/api/open-api/v1"

_AUDIO = ("wav", "mp3", "ogg", "m4a", "aac")
_VIDEO = ("mp4", "avi", "mov", "mkv", "flv")
_BILLED_BY = Decimal(10_000)

_PREVIEW_FEE = "sound-cloning-clone"
_TEXT_FEE = "sound-cloning-audio"
_VOICE_FEE = "sound-cloning-voice"


class SoundClone(Service):
    """SoundClone over HTTP."""

    profile: ClassVar[Profile] = Profile(
        id=ID,
        label="SoundClone",
        base_url="https://www.jimmyai.cn",
        key_variables=KEY_VARIABLES,
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
            service=ID,
            formats=(*_AUDIO, *_VIDEO),
            upload_formats=(*_AUDIO, *_VIDEO, "flac", "webm", "m4v"),
            min_seconds=15.0,
            max_seconds=60.0,
            max_bytes=100 * 10**6,
            url_rule=f"a public http(s) URL of a .{', .'.join((*_AUDIO, *_VIDEO))} file, without Chinese characters",
        ),
        cloning="preview",
        charged="submission",
        preview_lines=PREVIEW_LINES,
        default_line=DEFAULT_LINE,
        kept=("version",),
    )

    @property
    def reference_rules(self) -> ReferenceRules:
        """What it takes as a reference."""
        return self.profile.reference

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a ``fileUrl``, in words, or None (stated: scheme, characters, public)."""
        if (problem := url_problem(url, local=self._http.loopback)) is not None:
            return problem
        if CHINESE.search(url):
            return "it has Chinese characters; percent-encode them or rename the file"
        return None

    def url_advice(self, url: str) -> str | None:
        """That the path's suffix is none of the listed file types: the document lists types, and no rule for addresses."""
        stem, _, suffix = urlsplit(url).path.rpartition("/")[2].rpartition(".")
        if stem and suffix.lower() in self.profile.reference.formats:
            return None
        return f"its path ends in none of .{', .'.join(self.profile.reference.formats)}: the service may not take it"

    def characters(self, text: str) -> int:
        """Code points without pause marks (stated)."""
        return runes(text)

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` may be a ``modelId``: any text may (stated: a string). The sandbox's own begin with ``model_``."""
        return text.startswith("model_") if self._http.sandbox else bool(text.strip())

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""
        return PreviewRequest if kind == "preview" else ProductionRequest

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:
        """Runes without pause marks at a price per 10,000, and a fee for each production task (stated)."""
        unit = self.profile.unit
        if isinstance(request, PreviewRequest):
            needed: tuple[str, ...] = (_PREVIEW_FEE,)
            count = runes(DEFAULT_LINE if request.text is None else request.text)
        else:
            assert isinstance(request, ProductionRequest)
            needed = (_TEXT_FEE, _VOICE_FEE)
            count = runes(request.text)
        missing = [name for name in needed if name not in prices]
        if missing:
            settings = ", ".join(f"{name!r}: …" for name in missing)
            return Price(None, unit, f"set it with voicenb.connect('{ID}', prices={{{settings}}})")
        per_characters = prices[needed[0]]
        amount = count / _BILLED_BY * per_characters
        rule = f"{count:,} characters × {plain(per_characters)} per 10,000"
        if isinstance(request, PreviewRequest) and request.text is None:
            rule = f"about {rule} (the service's own line, as it was last seen)"
        if _VOICE_FEE in needed:
            amount += prices[_VOICE_FEE]
            rule += f" + {plain(prices[_VOICE_FEE])} a task"
        return Price(amount, unit, rule)

    async def publish(self, upload: Upload) -> str:
        """Uploads a recording (learned: ``POST /files/upload``); the answer's URL serves as ``fileUrl``."""
        reply = await self._http.upload(f"{_API}/files/upload", upload.filename, upload.data, upload.mime)
        said = code_of((reply.object() or {}).get("code"))
        if said != OK and (reply.status in _NO_UPLOAD or said in {str(status) for status in _NO_UPLOAD}):
            raise BadReference(
                f"soundclone has no upload at {self._http.base_url}{_API}/files/upload (HTTP {reply.status}; the call is not "
                "documented). Nothing was charged. Publish the recording yourself and give its public URL: "
                "studio.clone('https://…').",
                service=ID,
            )
        answer = self._open(reply)
        url = address_of(answer.get("url"), self._http.base_url)
        if url is None or not url.startswith(("http://", "https://")):
            raise ServiceError(
                "soundclone took the upload and gave no URL for it. Nothing was charged; give a public URL of the recording.",
                service=ID,
            )
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
        headers = {"X-Sandbox-Seed": str(seed)} if seed is not None and self._http.sandbox else {}
        reply = await self._http.send_once(
            f"{_API}/soundCloning/{path}", json=request.wire(), headers=headers, own=is_own
        )
        return task_in(ID, lambda: self._answer(self._open(reply, charges=True), reply))

    async def query(self, remote_id: str) -> Answer:
        """The state of a task (stated: ``GET /audios/{id}``)."""
        reply = await self._http.call("GET", f"{_API}/audios/{quote(remote_id, safe='')}")
        data = self._open(reply)
        if not {"status", "id", "audioUrl"} & data.keys():
            raise UnreadableAnswerError("soundclone's answer about the task has no status", service=ID)
        return self._answer(data, reply)

    async def balance(self) -> Balance:
        """What the account has left (learned: ``GET /user/balance``)."""
        data = self._open(await self._http.call("GET", f"{_API}/user/balance"))
        amount = decimal_of(data.get("available"))
        if amount is None:
            amount = decimal_of(data.get("balance"))
        if amount is None:
            raise ServiceError("soundclone's answer holds no balance", service=ID)
        return Balance(amount, self.profile.unit)

    async def prices(self) -> dict[str, Decimal]:
        """Unit prices from the public catalogue (learned); an item that cannot be read is left out.

        Items have ``model_name``, ``display_name``, ``model_type`` and ``remark``; a price may be text (``"$0.5"``,
        ``"0.5/万字符"``).
        """
        reply = await self._http.call(
            "GET", "/api/openapi/model/catalog", auth=False, params={"search": "sound-cloning"}
        )
        data = self._open(reply)
        items = data.get("list")
        found = {}
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                candidates = (item.get(key) for key in ("model_name", "model", "name", "display_name"))
                name = next((one for one in candidates if isinstance(one, str) and one in _FEES), None)
                said = (_price_of(item.get(key)) for key in ("price", "unit_price"))
                price = next((one for one in said if one is not None), None)
                if name is not None and price is not None and price >= 0:
                    found[name] = price
        return found

    def subtitles(self, data: bytes) -> Subtitles:
        """Subtitles of the learned format: a JSON array of segments with times in float milliseconds."""

        def seconds(value: Any) -> float:
            # null, true and what is no number are no times.
            found = decimal_of(value)
            number = -1.0 if found is None else float(found) / 1000
            if not 0 <= number < 1e6:
                raise ValueError(f"{shown_text(value, 40)} is no time")
            return number

        try:
            return Subtitles(
                tuple(
                    Segment(
                        spoken_text(part["text"]),
                        seconds(part["time_begin"]),
                        seconds(part["time_end"]),
                        tuple(
                            Word(spoken_text(word["word"]), seconds(word["time_begin"]), seconds(word["time_end"]))
                            for word in part.get("timestamped_words") or ()
                        ),
                    )
                    for part in read_json(data)
                )
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"these are no SoundClone subtitles: {error!r}") from error

    def _open(self, reply: Reply, *, charges: bool = False) -> dict[str, Any]:
        """The envelope's ``data``, or the error that it stands for.

        Learned: the HTTP status is 200 even for errors, and ``code`` has been seen as a string. What holds a task's id is a
        task, whatever else it says: that it was not charged is no longer sure.
        """
        said = reply.object() or {}
        data = object_of(said.get("data"))
        code = code_of(said.get("code"))
        if data is not None and (code == OK or code in OK_ELSEWHERE or (charges and id_of(data.get("id")))):
            return data
        if id_of(said.get("id")) and {"object", "status"} & said.keys():
            return said  # learned: the contract is also sold without the envelope
        if reply.status == 429 or not (is_own(reply) if charges else code is not None and code != OK):
            if not charges:
                self._http.refuse(reply)
            elif reply.status == 429:
                raise self._http.stranger(reply)
            raise UnreadableAnswerError(
                f"soundclone's answer is not the JSON that it documents: HTTP {reply.status} and {reply.excerpt}",
                service=ID,
                status=reply.status,
            )
        message = shown_text(field_of(said, "msg", "message")) or "no message"
        error = error_of(code or "", message, reply.status, charges=charges)
        if reply.status == 503 and (wait := reply.seconds("Retry-After")) is not None:
            error = RateLimited(str(error), code=code, status=reply.status, service=ID)
            error.retry_after = wait
        raise error

    def _answer(self, data: Mapping[str, Any], reply: Reply) -> Answer:
        return Answer(
            status=status_of(data.get("status")),
            remote_id=id_of(data.get("id")),
            audio_url=address_of(field_of(data, "audioUrl"), self._http.base_url),
            subtitles_url=address_of(field_of(data, "subtitleFile"), self._http.base_url),
            voice=id_of(field_of(data, "modelId")),
            error=shown_text(data.get("error")),
            poll_after=reply.seconds("X-Poll-After"),
            created=moment_of(data.get("created")),
        )


_NO_UPLOAD = frozenset({404, 405, 410, 501})
_PER = re.compile(r"\s*(?:/|每|per\b)\s*(?:万|1\s*万|10[,.]?000|10\s*k|task\b|次|任务).*", re.IGNORECASE | re.DOTALL)


def _price_of(value: object) -> Decimal | None:
    """A price of the catalogue: a number, or text with a currency or with what it is counted in."""
    return decimal_of(_PER.sub("", value) if isinstance(value, str) else value)


_FEES = frozenset({_PREVIEW_FEE, _TEXT_FEE, _VOICE_FEE})
