"""A service that voicenb does not know: ``POST /speak`` makes a task, ``GET /speak/{id}`` says how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from voicenb.base.money import Price
from voicenb.services.base import (
    Answer,
    Kind,
    Number,
    Profile,
    ReferenceRules,
    Service,
    ServiceRequest,
    Upload,
    parameter,
    status_of,
)
from voicenb.services.http import Reply, UnreadableAnswerError, task_in, url_problem


class _Speech(ServiceRequest):
    service: ClassVar[str] = "parrot"

    text: Annotated[str, parameter("line", "What is spoken.", min_length=1, max_length=500)]
    speed: Annotated[Number, parameter("rate", "Speech rate.", unit="×", step=0.1, ge=0.5, le=2)] = 1.0


class Preview(_Speech):
    """The first speech in a new voice."""

    reference: Annotated[str | None, parameter("sample", "Public URL of the recording.")] = None


class Production(_Speech):
    """Speech in a voice, which is the address of its recording."""

    voice: Annotated[str, parameter("sample", "The voice: the public URL of the recording.", min_length=1)]


class Parrot(Service):
    """Parrot over HTTP."""

    profile: ClassVar[Profile] = Profile(
        id="parrot",
        label="Parrot",
        base_url="https://api.parrot.example",
        key_variables=("PARROT_API_KEY",),
        url_variables=("PARROT_BASE_URL",),
        unit="USD",
        poll_seconds=(1.0, 3.0),
        voice_life=None,
        price_names={"character": "character"},
        reference=ReferenceRules(service="parrot", formats=("wav",), url_rule="a public http(s) URL"),
        cloning="address",
        charged="completion",
        preview_lines={"English": "This is how the voice sounds."},
    )

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""
        return Preview if kind == "preview" else Production

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a reference, in words, or None."""
        return url_problem(url, local=self._http.loopback)

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` is the address of a recording."""
        return text.startswith(("http://", "https://"))

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:
        """A price per character."""
        if "character" not in prices:
            return Price(None, "USD", "set it with voicenb.connect('parrot', prices={'character': …})")
        assert isinstance(request, _Speech)
        return Price(len(request.text) * prices["character"], "USD", f"{len(request.text)} × {prices['character']}")

    async def prices(self) -> dict[str, Decimal]:
        """It publishes none."""
        return {}

    async def submit(
        self,
        request: ServiceRequest,
        *,
        task: str,
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> Answer:
        """Sends `request`, once."""
        reply = await self._http.send_once("/speak", json={**request.wire(), "note": task})
        return task_in("parrot", lambda: self._answer(reply))

    async def query(self, remote_id: str) -> Answer:
        """The state of a task."""
        return self._answer(await self._http.call("GET", f"/speak/{remote_id}"))

    def _answer(self, reply: Reply) -> Answer:
        self._http.refuse(reply)
        try:
            body: Any = reply.json()
            return Answer(status=status_of(body["state"]), remote_id=body["id"], audio_url=body.get("url"))
        except (ValueError, KeyError, TypeError):
            raise UnreadableAnswerError("parrot's answer cannot be read", service="parrot") from None
