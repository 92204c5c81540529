"""What a service is to the rest of voicenb: typed requests, rules, prices and a few calls.

A new service is one module beside this one and one entry point in the group ``voicenb.services``. Its typed requests are
made with `voicenb.services.parameters`, whose names stand here too: a service's module needs this one alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from voicenb.base.money import Balance, Price, plain
from voicenb.errors import ServiceError
from voicenb.services.contract import (
    RECORDING,
    Answer,
    Kind,
    Reconciliation,
    ReferenceRules,
    ServiceVoice,
    Upload,
    status_of,
)
from voicenb.services.http import Http
from voicenb.services.parameters import (
    AdviceWarning,
    LearnedRuleWarning,
    Number,
    Parameter,
    ServiceRequest,
    Whole,
    parameter,
    shown,
    subtitle_level,
    unboxed,
)

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.audio.subtitles import Subtitles

__all__ = [
    "RECORDING",
    "AdviceWarning",
    "Answer",
    "Balance",
    "Catalogue",
    "Kind",
    "LearnedRuleWarning",
    "Number",
    "Parameter",
    "Price",
    "Profile",
    "Reconciliation",
    "Reconciling",
    "ReferenceRules",
    "Service",
    "ServiceRequest",
    "ServiceVoice",
    "Streaming",
    "Upload",
    "Whole",
    "parameter",
    "plain",
    "shown",
    "status_of",
    "subtitle_level",
    "unboxed",
]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What is fixed about a service.

    Attributes:
        id: The name it is connected to by.
        label: Its name for people.
        base_url: The documented base URL.
        key_variables, url_variables: Environment variables, the preferred one first.
        unit: What it charges in.
        poll_seconds: The documented polling interval, shortest and longest.
        voice_life: How long a voice that was never used is kept, or None.
        price_names: The names of its unit prices, each with what it is counted in.
        reference: What it takes as a reference.
        cloning: How a voice comes about. ``"preview"``: a paid preview gives it. ``"address"``: the recording's
            address is the voice, and a preview is only a clip. ``"voice"``: a preview, and then a call of its own
            that takes the recording and the preview.
        charged: When a task is charged: at its ``"submission"``, and refunded if it fails, or on ``"completion"``.
        preview_lines: What a preview speaks where no text is given, by language; at least ``"English"``.
        key_header, key_prefix: Where the key goes, and what stands before it there.
        regions: Base URLs by the names of the service's regions, for ``connect(region=…)``.
        settings: What ``connect`` takes for this service beside its own arguments, each with what it means; the
            service's ``__init__`` gets them.
        kept: Parameters of the cloning call that a voice keeps: speech in it takes them unless it says otherwise.
        default_line: What a preview speaks where ``default_text=True`` sends no text, for what it costs.
        pause: A pause of half a second as its texts have it, for a panel's button. ``<#x#>`` is voicenb's own notation, which a
            service with another one translates.
        any_price: Whether unit prices may have other names than `price_names`, such as models that came later.
        account: Where people see their balance, for a service that documents no call for it.
        own_server: Whether it may be a server of one's own: at another address than the documented one it needs no key, and a
            key of the environment goes there only where the environment names that address, too.
    """

    id: str
    label: str
    base_url: str
    key_variables: tuple[str, ...]
    url_variables: tuple[str, ...]
    unit: str
    poll_seconds: tuple[float, float]
    voice_life: timedelta | None
    price_names: Mapping[str, str]
    reference: ReferenceRules
    cloning: Literal["preview", "address", "voice"]
    charged: Literal["submission", "completion"]
    preview_lines: Mapping[str, str]
    key_header: str = "Authorization"
    key_prefix: str = "Bearer "
    regions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    default_line: str = ""
    pause: str = "<#0.5#>"
    any_price: bool = False
    account: str = ""
    own_server: bool = False


class Service(Protocol):
    """A voice-cloning service: its contract, over the transport it was made with. Services derive from it.

    Methods that talk raise `voicenb.ServiceError` or a subclass for an answer that is an error, and
    `voicenb.OutcomeUnknown` where `submit` may have been accepted without an answer.
    """

    profile: ClassVar[Profile]
    _http: Http

    def __init__(self, http: Http, **settings: Any) -> None:  # noqa: ARG002 - for services that have some
        """Over `http`, which carries the base URL and the key, with what `Profile.settings` names."""
        self._http = http

    @classmethod
    def parameters(cls) -> pd.DataFrame:
        """Every parameter of every call: one row each, from the typed requests alone.

        Returns:
            The columns ``call`` (preview, voice, production), ``name``, ``wire`` (the service's own fields), ``type``,
            ``range``, ``required``, ``default``, ``unit``, ``help`` and ``models`` (empty: all).
        """
        import pandas as pd

        kinds: tuple[Kind, ...] = ("preview", "voice", "production")
        rows = [
            {
                "call": kind,
                "name": one.name,
                "wire": ", ".join((one.wire, *one.also)),
                "type": one.type,
                "range": one.range,
                "required": one.required,
                "default": one.default,
                "unit": one.unit,
                "help": one.help,
                "models": ", ".join(one.models),
            }
            for kind in kinds
            if kind != "voice" or cls.profile.cloning == "voice"
            for one in cls.request_type(kind).parameters().values()
        ]
        return pd.DataFrame(rows).astype({"default": object})

    @property
    def reference_rules(self) -> ReferenceRules:
        """What it takes as a reference."""
        return self.profile.reference

    @property
    def carries_recordings(self) -> bool:
        """Whether a recording goes with each request instead of being published: then its voice is `RECORDING` and a file."""
        return False

    def characters(self, text: str) -> int:
        """The number of characters of `text` that the service counts."""
        return len(text)

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a reference, in words, or None."""

    def url_advice(self, url: str) -> str | None:
        """What may be wrong with `url` as a reference, though no document forbids it, or None."""

    def is_voice_id(self, text: str) -> bool:
        """Whether `text` looks like the service's own id of a voice."""

    def ends(self, voice: str, made: datetime | None = None) -> datetime | None:  # noqa: ARG002 - where a voice's id says it
        """Until when a voice can be used, or None.

        Args:
            voice: The service's id of it.
            made: When it was made; just now, where that is not known.
        """
        life = self.profile.voice_life
        return None if life is None else (made or datetime.now(UTC)) + life

    @classmethod
    def request_type(cls, kind: Kind) -> type[ServiceRequest]:
        """The typed request of the call that makes a task of `kind`."""

    def kept(self, *requests: ServiceRequest | None) -> dict[str, Any]:
        """What a voice keeps of the requests that make it, as `Profile.kept` names it."""
        values = {name: getattr(one, name, None) for one in requests for name in self.profile.kept if one is not None}
        return {name: value for name, value in values.items() if value is not None}

    def price(self, request: ServiceRequest, prices: Mapping[str, Decimal]) -> Price:
        """What `request` costs at the unit prices `prices`."""

    async def publish(self, upload: Upload) -> str:
        """Uploads a recording; the answer is the URL that a request takes.

        Raises:
            BadReference: The service has no upload; the message shows what to do.
        """

    async def submit(
        self,
        request: ServiceRequest,
        *,
        task: str,
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> Answer:
        """Sends `request`, once.

        Args:
            request: The validated request.
            task: The ledger's id, for services that can carry it.
            seed: Makes takes differ, where the service knows such a thing (the sandbox does).
            files: What a service takes as bytes: ``reference``, the recording, and ``preview``, the preview's clip.
        """

    async def query(self, remote_id: str) -> Answer:
        """The state of a task."""

    async def download(self, url: str) -> bytes:
        """A result's bytes, fetched without credentials."""
        return await self._http.download(url)

    async def balance(self) -> Balance:
        """What the account has left.

        Raises:
            ServiceError: The service documents no such call, and has no method of its own here.
        """
        profile = self.profile
        where = f"look at your account on {profile.account or 'its own pages'}"
        if self._http.sandbox:
            where = f"nor has its twin; voicenb.sandbox.set_balance(amount, service={profile.id!r}) sets what the account has"
        raise ServiceError(
            f"{profile.id} documents no call for the balance; {where}. studio.price(…) says what a text costs, and "
            "studio.history.frame() what was spent.",
            service=profile.id,
        )

    async def prices(self) -> dict[str, Decimal]:
        """The unit prices that the service publishes, by the names of `Profile.price_names`; those it does not are absent."""

    def subtitles(self, data: bytes) -> Subtitles:
        """The subtitles in a file of the service's own format; ValueError where it is none."""


@runtime_checkable
class Streaming(Protocol):
    """A service that can send speech while it is made."""

    async def stream(
        self,
        request: ServiceRequest,
        *,
        task: str,
        receive: Callable[[bytes, int, int], Awaitable[None]],
        seed: int | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> Answer:
        """Sends `request`, once, and passes on what comes.

        Args:
            request: The validated request.
            task: The ledger's id, for services that can carry it.
            receive: Called with each piece of sound: whole samples of 16-bit PCM (little endian, channels interleaved),
                the rate in Hz and the number of channels.
            seed: As in `Service.submit`.
            files: As in `Service.submit`.

        Returns:
            The completed answer, with the whole sound as a file.

        Raises:
            ServiceError: It broke off; what was received was passed on.
        """


@runtime_checkable
class Catalogue(Protocol):
    """A service that lists its voices."""

    async def voices(self) -> list[ServiceVoice]:
        """The voices that the account may use, ready-made ones and its own."""


@runtime_checkable
class Reconciling(Protocol):
    """A service in which a request whose fate is not known may leave a trace."""

    async def reconcile(
        self, request: ServiceRequest, *, task: str, known: Collection[str], named: str | None
    ) -> Reconciliation | None:
        """What the service shows of `request`, which may have been accepted; None where it cannot leave a trace.

        Args:
            request: The request that was sent.
            task: The ledger's id of it.
            known: The service's ids of everything that the ledger has already.
            named: What the user says is its id at the service, or None.

        Raises:
            InvalidRequest: There is nothing of the id `named`.
        """
