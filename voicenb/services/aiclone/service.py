"""`AiClone`: its calls over HTTP."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from voicenb.audio.subtitles import Subtitles
from voicenb.base.money import Price
from voicenb.errors import BadReference, ServiceError
from voicenb.services.aiclone.answers import (
    KEY_VARIABLES,
    code_and_message,
    is_error,
    is_own,
    raise_for,
    subtitles_url,
    task_id_of,
    unwrapped,
)
from voicenb.services.aiclone.metadata import marked, unmarked
from voicenb.services.aiclone.requests import ID, PreviewRequest, ProductionRequest, Speech
from voicenb.services.answers import address_of, decimal_of, field_of, flag_of, shown_text
from voicenb.services.base import Answer, Kind, Profile, ReferenceRules, Service, ServiceRequest, Upload, status_of
from voicenb.services.cjk import count_cjk
from voicenb.services.cues import read_cues
from voicenb.services.http import Http, Reply, UnreadableAnswerError, task_in, url_problem
from voicenb.services.uploaders import HOW, as_uploader, signed_until, upload_with

__all__ = ["AiClone"]

_CLONE = "/api/v2/voice/clone"
_TASKS = "/api/v2/tasks"


class AiClone(Service):
    """AI Clone Voice Free v2 over HTTP.

    Args:
        http: The transport.
        uploader: Gives a local recording a public URL; see `voicenb.services.uploaders`.
    """

    profile: ClassVar[Profile] = Profile(
        id=ID,
        label="AI Clone Voice Free",
        base_url="https://api.aiclonevoicefree.com",
        key_variables=KEY_VARIABLES,
        url_variables=("AICLONE_BASE_URL",),
        unit="credits",
        # Assumed: the document names no interval, only that a task takes about 7 s.
        poll_seconds=(2.0, 4.0),
        voice_life=None,
        price_names={},
        reference=ReferenceRules(
            service=ID,
            formats=("wav", "mp3"),
            url_rule="a public http(s) URL of a wav or mp3 file",
            publish=HOW.format(service=ID),
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
        return replace(rules, upload_formats=rules.formats) if self._uploader or self._http.sandbox else rules

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a ``reference_audio_url``, in words, or None (stated: wav or mp3, public)."""
        if (problem := url_problem(url, local=self._http.loopback)) is not None:
            return problem
        suffix = urlsplit(url).path.rpartition("/")[2].rpartition(".")[2].lower()
        if suffix in _OTHER_AUDIO:
            return f"it is a .{suffix} file; allowed are .{' and .'.join(self.profile.reference.formats)}"
        return None

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` is the address of a recording, which is what a voice is here."""
        return text.startswith(("http://", "https://"))

    def ends(self, voice: str, made: datetime | None = None) -> datetime | None:  # noqa: ARG002 - its signature says it
        """When the recording's address ends, where it is a signed one."""
        return signed_until(voice)

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""
        return PreviewRequest if kind == "preview" else ProductionRequest

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:  # noqa: ARG002 - the rule has none
        """2 credits for each Chinese, Japanese or Korean character, 1 for any other (stated), as far as that is sure.

        The document's own example says about 12 for a text for which this rule gives 10 ("你好,world"): it counts the comma as
        a CJK character and once more. So beside CJK characters each mark counts up to 3, and the most that comes out is
        the estimate that a budget reserves; what is charged is the service's word.
        """
        assert isinstance(request, Speech)
        cjk = count_cjk(request.text)
        others = len(request.text) - cjk
        rule = f"{cjk:,} CJK characters × 2 + {others:,} others × 1" if cjk else f"{others:,} characters × 1"
        amount = 2 * cjk + others
        marks = sum(unicodedata.category(one)[0] in "PS" for one in request.text) if cjk else 0
        if not marks:
            return Price(Decimal(amount), self.profile.unit, rule)
        return Price(
            Decimal(amount + 2 * marks),
            self.profile.unit,
            f"about {amount:,}: {rule}; up to {amount + 2 * marks:,} are reserved, as the service's own example counts marks "
            f"beside CJK characters up to 3 times ({marks:,} here)",
        )

    async def publish(self, upload: Upload) -> str:
        """Gives a recording an address: by the uploader, or by the sandbox's own upload.

        Raises:
            BadReference: There is neither.
        """
        if self._uploader is not None:
            return await upload_with(self._uploader, upload, ID)
        if self._http.sandbox:
            reply = await self._http.upload(
                "/sandbox/uploads", upload.filename, upload.data, upload.mime, from_origin=True
            )
            if reply.status != _NOT_FOUND:
                answer = self._open(reply)
                url = address_of(answer.get("url"), self._http.base_url)
                if url is not None and url.startswith(("http://", "https://")):
                    return url
                raise ServiceError("the sandbox took the upload and gave no URL for it", service=ID)
        raise BadReference(f"aiclone has no upload: {self.profile.reference.publish}.", service=ID)

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
        body["metadata"] = marked(body.get("metadata", {}), task)
        headers = {"X-Sandbox-Seed": str(seed)} if seed is not None and self._http.sandbox else {}
        reply = await self._http.send_once(_CLONE, json=body, headers=headers, own=is_own)
        return task_in(ID, lambda: self._answer(self._open(reply, charges=True), reply))

    async def query(self, remote_id: str) -> Answer:
        """The state of a task (stated: ``GET /api/v2/tasks/{task_id}``)."""
        reply = await self._http.call("GET", f"{_TASKS}/{quote(remote_id, safe='')}")
        data = self._open(reply)
        if not {"status", "task_id", "audioUrl"} & data.keys():
            if is_error(data):
                raise_for(reply, data, charges=False)
            raise UnreadableAnswerError("aiclone's answer about the task has no status", service=ID)
        return self._answer(data, reply)

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
        """The answer's object, or the error that it stands for. What holds a task's id is a task, whatever else it says."""
        body = unwrapped(reply.object())
        if body is not None and (reply.status < _FIRST_REDIRECT or (charges and task_id_of(body))):
            if not charges or task_id_of(body) or not is_error(body):
                return body
            raise_for(reply, body, charges=charges)
        if reply.status >= _FIRST_ERROR and (charges or body is not None):
            raise_for(reply, body, charges=charges)
        self._http.refuse(reply)
        raise UnreadableAnswerError(
            f"aiclone's answer is not the JSON that it documents: HTTP {reply.status} and {reply.excerpt}", service=ID
        )

    def _answer(self, data: Mapping[str, Any], reply: Reply) -> Answer:
        base = self._http.base_url
        error = None if data.get("error") is None else code_and_message({"error": data["error"]})[1]
        if error is not None and "reference_audio_url" in error and "emotion" not in error:
            error += " (the voice is the address of its recording: if that no longer opens, studio.clone(…) publishes the recording anew)"
        cost = decimal_of(data.get("credits_used"))
        echoed = field_of(data, "metadata")
        own, carried = unmarked(echoed) if isinstance(echoed, dict) else (None, None)
        return Answer(
            status=status_of(data.get("status")),
            remote_id=task_id_of(data),
            audio_url=address_of(field_of(data, "audioUrl"), base),
            subtitles_url=subtitles_url(data, base),
            error=error,
            # It has been seen as null alone; a completed task that cost nothing is none of the rule's.
            cost=cost if cost is not None and cost > 0 else None,
            degraded=flag_of(field_of(data, "degraded")),
            provider=shown_text(field_of(data, "providerUsed"), 100),
            model=shown_text(field_of(data, "model"), 100),
            poll_after=reply.seconds("X-Poll-After"),
            task=carried,
            metadata=own,
        )


_NOT_FOUND = 404
_FIRST_REDIRECT = 300
_FIRST_ERROR = 400
_OTHER_AUDIO = frozenset(
    {"ogg", "m4a", "aac", "flac", "aiff", "opus", "webm", "mp4", "mov", "mkv", "avi", "flv", "wma"}
)
