"""What a notebook talks to: `connect` and `Studio`, a thin synchronous face on the asynchronous core."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields, replace
from decimal import Decimal, InvalidOperation
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from voicenb import keys, launch, portal, services
from voicenb.aio import Aio
from voicenb.budget import Budget
from voicenb.errors import BadReference, InvalidRequest, Problem, ServiceError, VoicenbError
from voicenb.evidence import keep_balance
from voicenb.frames import voice_frame
from voicenb.history import History
from voicenb.home import home as home_folder
from voicenb.ledger import Ledger
from voicenb.reference import Reference
from voicenb.runner import Runner, cache_key
from voicenb.schema import OPEN, STATUSES, VoiceRecord, now
from voicenb.services.base import (
    Balance,
    Catalogue,
    Kind,
    Price,
    Profile,
    Service,
    ServiceRequest,
    ServiceVoice,
    Streaming,
    Upload,
    shown,
)
from voicenb.services.http import Http
from voicenb.streaming import Chunk, Live, Stream
from voicenb.tasks import Task, waiting
from voicenb.voices import SANDBOX, Cloning, Voice

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.panels import StudioPanel

__all__ = ["Studio", "Voice", "connect"]

_DEFAULT_SERVICE = "soundclone"
# One broken connection must not leave a task without its price.
_CATALOGUE_TRIES = 2


def connect(
    service: str | None = None,
    *,
    sandbox: bool | None = None,
    api_key: str | keys.Secret | None = None,
    base_url: str | None = None,
    home: str | os.PathLike[str] | None = None,
    budget: Decimal | float | str | None = None,
    prices: Mapping[str, Decimal | float | str] | None = None,
    strict: bool = False,
    region: str | None = None,
    concurrency: int | None = None,
    **settings: Any,
) -> Studio:
    """Connects to a service, or to the built-in sandbox.

    Args:
        service: A service's id, such as ``"soundclone"``, for the live service. Without it, the sandbox answers as
            SoundClone: no key, no network, no bill.
        sandbox: True lets the sandbox answer as `service`.
        api_key: The key; else it comes from the environment, the keyring, or a hidden prompt.
        base_url: Replaces the documented base URL exactly.
        home: Where the ledger and the files are; else ``VOICENB_HOME``, else the platform's user-data folder.
        budget: The most that this studio may spend, in the service's unit; see `Studio.budget`.
        prices: Unit prices by the service's own names; they win over those that the service publishes.
        strict: Makes an error of a rule that the service does not state but was seen to apply.
        region: One of the service's regions instead of a base URL, such as ``"ae"`` for Faseeh.
        concurrency: How many tasks may be at the service at a time, 1 or more; without it, as many as the service
            turns out to take: a task that it refuses with HTTP 429 is sent again later.
        settings: What one service takes beside these: ``uploader=`` (AI Clone), ``preview_path=`` (Faseeh).

    Raises:
        InvalidRequest: There is no such service, or the arguments contradict each other.
        AuthenticationError: No key was found.
    """
    use_sandbox = service is None if sandbox is None else sandbox
    if service is None and not use_sandbox:
        raise InvalidRequest(f"sandbox=False needs a service: one of {', '.join(services.names())}")
    kind = services.get(service or _DEFAULT_SERVICE)
    profile = kind.profile
    _check_settings(settings, profile)
    if concurrency is not None and (
        isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1
    ):
        raise InvalidRequest(f"concurrency={concurrency!r}: allowed is a whole number from 1", service=profile.id)
    folder = home_folder(home)
    if use_sandbox:
        if api_key is not None or base_url is not None or region is not None:
            raise InvalidRequest(
                "the sandbox has its own address and key: leave api_key, base_url and region out, or name the service, as in "
                f"voicenb.connect({profile.id!r}, base_url=…, api_key=…)"
            )
        running = launch.start(folder)
        url, key = _twin(running, profile.id), running.key
    else:
        url = _regional(region, base_url, profile) or keys.from_environment(profile.url_variables) or profile.base_url
        key = keys.find_key(profile.id, profile.key_variables, api_key)
    http = Http(profile.id, url, key, header=profile.key_header, prefix=profile.key_prefix)
    studio = Studio(
        kind(http, **settings),
        http,
        folder,
        managed=use_sandbox,
        prices=_checked_prices(prices, profile),
        strict=strict,
        concurrency=concurrency,
    )
    if budget is not None:
        studio.budget(budget).__enter__()
    return studio


def _check_settings(settings: Mapping[str, Any], profile: Profile) -> None:
    if unknown := [name for name in settings if name not in profile.settings]:
        known = "; ".join(f"{name}: {what}" for name, what in profile.settings.items()) or "no settings of its own"
        raise InvalidRequest(f"connect has no {', '.join(unknown)} for {profile.id}, which has {known}")


def _regional(region: str | None, base_url: str | None, profile: Profile) -> str | None:
    if region is None:
        return base_url
    if base_url is not None:
        raise InvalidRequest("region and base_url both say where the service is: give one of them")
    try:
        return profile.regions[region]
    except KeyError:
        known = f"the regions {', '.join(profile.regions)}" if profile.regions else "no regions"
        raise InvalidRequest(f"region={region!r}: {profile.id} has {known}; base_url= takes any address") from None


def _twin(running: launch.Sandbox, service: str) -> str:
    try:
        return running.services[service]
    except KeyError:
        raise InvalidRequest(
            f"the sandbox does not answer as {service!r}; it answers as {', '.join(running.services)}"
        ) from None


def _checked_prices(prices: Mapping[str, Any] | None, profile: Profile) -> dict[str, Decimal]:
    checked: dict[str, Decimal] = {}
    problems = []
    for name, value in (prices or {}).items():
        if name not in profile.price_names and not profile.any_price:
            known = ", ".join(f"{one} (per {what})" for one, what in profile.price_names.items()) or "none to set"
            problems.append(Problem(f"prices[{name!r}]", shown(value), f"{profile.id} has {known}"))
            continue
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0:
            problems.append(Problem(f"prices[{name!r}]", shown(value), "allowed is an amount of 0 or more"))
        checked[name] = amount
    if problems:
        raise InvalidRequest("these prices cannot be used", problems=tuple(problems), service=profile.id)
    return checked


class Studio:
    """A service, a ledger, and the voices in it. Made by `connect`.

    Attributes:
        service: The service, over its transport.
        history: The tasks of this home, as frames and clips.
        aio: The same calls as coroutines, for any asyncio loop.
        strict: Whether learned rules are errors.
    """

    def __init__(
        self,
        service: Service,
        http: Http,
        home: Path,
        *,
        managed: bool,
        prices: dict[str, Decimal],
        strict: bool,
        concurrency: int | None = None,
    ) -> None:
        self.service = service
        self.home = home
        self.strict = strict
        self.endpoint = SANDBOX if http.local else http.base_url
        self._http = http
        self._managed = managed
        if managed:
            launch.hold(home)
        self._closed = False
        self._own_prices = prices
        self._published: dict[str, Decimal] | None = None
        self._balance_kept = False
        self._ledger = Ledger.at(home)
        self._runner = Runner(
            service, self._ledger, self.endpoint, local=http.local, ready=self._ready, concurrency=concurrency
        )
        self.history = History(self._ledger, self._runner, self)
        self.aio = Aio(self)
        self._forget_closing = portal.at_close(http.close)

    def __repr__(self) -> str:
        return f"<Studio {self.service.profile.label} at {self.endpoint}, home {self.home}>"

    def _repr_html_(self) -> str:
        profile = self.service.profile
        where = "the built-in sandbox: no key, no network, no bill" if self.endpoint == SANDBOX else self.endpoint
        return f"<p><b>{escape(profile.label)}</b> · {escape(where)}</p>"

    def close(self) -> None:
        """Closes the connections, and lets the sandbox end where nobody else uses it. Tasks under way go on."""
        self._forget_closing()
        portal.call(self._http.close)
        if self._managed and not self._closed and not self._runner.busy:
            launch.let_go(self.home)
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self) -> None:
        """Starts the sandbox again where it has ended, perhaps at another port."""
        if self._managed:
            running = launch.start(self.home)
            self._http.move(_twin(running, self.service.profile.id), running.key)

    @property
    def _strictly(self) -> bool:
        # The sandbox enforces what was learned, so there it is no guess.
        return self.strict or self.endpoint == SANDBOX

    # -- prices and balance ------------------------------------------------------------------------------------

    async def _prices(self) -> dict[str, Decimal]:
        profile = self.service.profile
        if not profile.any_price and self._own_prices.keys() >= profile.price_names.keys():
            self._published = {}  # nothing that it says would be used
        for _ in range(_CATALOGUE_TRIES):
            if self._published is not None:
                break
            with suppress(VoicenbError):
                # A catalogue that is out of reach or not readable leaves the price unknown, which is said.
                self._published = await self.service.prices()
        return self._known_prices()

    def _known_prices(self) -> dict[str, Decimal]:
        return (self._published or {}) | self._own_prices

    async def _before_paying(self) -> dict[str, Decimal]:
        """The prices; and, once, the balance is written down, with which a later one can be compared."""
        if self._balance_kept:
            return await self._prices()
        self._balance_kept = True
        prices, _ = await asyncio.gather(self._prices(), keep_balance(self.service, self._ledger, self.endpoint))
        return prices

    def price(self, voice: Voice | str, text: str, **parameters: Any) -> Price:
        """What saying `text` costs, before anything is sent.

        Args:
            voice: The voice, or its name.
            text: What would be spoken.
            parameters: As in `Voice.say`.

        Raises:
            InvalidRequest: The request breaks a rule.
        """
        request = self._production(self._as_voice(voice), text, parameters)
        return self.service.price(request, portal.call(self._prices))

    def clone_price(
        self,
        *,
        name: str | None = None,
        text: str | None = None,
        language: str | Sequence[str] | None = None,
        **parameters: Any,
    ) -> Price:
        """What cloning a voice costs, before anything is sent; the arguments are those of `clone`.

        Raises:
            InvalidRequest: A parameter breaks a rule.
        """
        unit = self.service.profile.unit
        wish = Cloning(None, name, text, language, None, False, parameters)
        preview, making = self._cloning_requests(wish, name or "voice")
        if self.service.profile.cloning == "address" and text is None:
            return Price(Decimal(0), unit, "the address of the recording is the voice: nothing is made or charged")
        prices = portal.call(self._prices)
        found = [self.service.price(one, prices) for one in (preview, making) if one is not None]
        unknown = next((one for one in found if one.amount is None), None)
        if unknown is not None:
            return unknown
        return Price(
            sum((one.amount or Decimal(0) for one in found), Decimal(0)), unit, "; ".join(one.rule for one in found)
        )

    def balance(self) -> Balance:
        """What the account has left."""
        self._ready()
        balance = portal.call(self.service.balance)
        self._ledger.keep_balance(self.service.profile.id, self.endpoint, balance.amount).result()
        return balance

    def panel(self) -> StudioPanel:
        """Clone, say, voices and history in one widget, for the end of a notebook's cell."""
        from voicenb.panels import StudioPanel

        return StudioPanel(self)

    def publish(self, source: Any, *, name: str | None = None) -> str:
        """Gives a recording an address that the service can fetch, for parameters that take one, such as AI Clone's `emotion`.

        Args:
            source: A path, URL, bytes, ``(samples, rate)``, or a `Reference`; what has an address keeps it.
            name: What to call it.

        Raises:
            BadReference: It cannot be read, or the service has no upload; the message shows what to do.
        """
        reference = source if isinstance(source, Reference) else Reference(source, name=name)
        if reference.url is not None:
            return reference.url
        self._ready()
        return portal.call(self.service.publish, Upload(*reference.payload(self.service.reference_rules)))

    def budget(self, amount: Decimal | float | str, *, name: str | None = None) -> Budget:
        """A limit on what this studio spends: ``with studio.budget(5): …``.

        Args:
            amount: The limit, in the service's unit.
            name: Kernels that give the same name share one budget; without a name it is this one's own.

        Raises:
            InvalidRequest: `amount` is none.
        """
        profile = self.service.profile
        return Budget.open(
            self._ledger,
            amount,
            service=profile.id,
            endpoint=self.endpoint,
            unit=profile.unit,
            name=name,
            active=self._runner.budgets,
        )

    # -- voices ------------------------------------------------------------------------------------------------

    def clone(
        self,
        source: Any,
        *,
        name: str | None = None,
        text: str | None = None,
        language: str | Sequence[str] | None = None,
        consent: str | None = None,
        fresh: bool = False,
        timeout: float | None = 600,
        quiet: bool = False,
        **parameters: Any,
    ) -> Voice:
        """Clones the voice of a recording. The same recording asked for in the same way is not paid for again.

        Args:
            source: A path, URL, bytes, ``(samples, rate)``, or a `Reference`.
            name: What to call the voice; else the recording's name. The newest voice of a name is the one it finds.
            text: What the preview speaks; else a line in `language`.
            language: The language of the text, as the service spells it; several for a service whose voices have several.
            consent: The speaker's consent, in your words; kept with the voice.
            fresh: Makes and pays a new one, whatever was made before.
            timeout: Seconds to wait for the preview; None waits as long as it takes.
            quiet: Shows no progress.
            parameters: More parameters of the service's clone call, such as ``version="v2"``.

        Raises:
            BadReference: The recording cannot serve.
            InvalidRequest: A parameter breaks a rule.
            TaskFailed, TaskTimeout, ServiceError, OutcomeUnknown: As in `Task.wait`.
        """
        wish = Cloning(source, name, text, language, consent, fresh, parameters)
        return waiting(self._clone(wish, timeout), f"cloning {name or 'the voice'}", lambda: wish.task, quiet=quiet)

    async def _clone(self, wish: Cloning, timeout: float | None) -> Voice:
        profile = self.service.profile
        reference = await asyncio.to_thread(_as_reference, wish.source, wish.consent)
        if wish.name is not None and not wish.name.strip():
            raise InvalidRequest("name is blank; give the voice a name, or leave it out", service=profile.id)
        preview, making = self._cloning_requests(wish, wish.name or reference.name or "voice")
        if profile.cloning == "voice" and reference.url is not None:
            # It takes the recording itself.
            reference = await asyncio.to_thread(reference.fetch)
        await asyncio.to_thread(reference.require, self)
        key = cache_key(
            preview, endpoint=self.endpoint, kind="preview", reference=_identity(reference, making), take=1, seed=None
        )
        if not wish.fresh:
            again = await asyncio.to_thread(self._made_before, key, wish, reference)
            if again is not None:
                return again
        await asyncio.to_thread(self._ready)
        prices = await self._before_paying()
        if making is not None:
            price = self.service.price(making, prices)
            await asyncio.to_thread(self._runner.foresee, making, "voice", price, voice_name=wish.name)
        files: dict[str, Upload] = {}
        url = None
        if profile.cloning == "voice" or reference.url is None:
            upload = Upload(*await asyncio.to_thread(reference.payload, self.service.reference_rules))
            if profile.cloning == "voice":
                files["reference"] = upload
            else:
                # An address that the service's own upload gave is taken as it is.
                url = await self.service.publish(upload)
        else:
            url = reference.url
        record = VoiceRecord(
            id=uuid.uuid4().hex,
            name=wish.name or reference.name or "voice",
            service=profile.id,
            endpoint=self.endpoint,
            version=getattr(preview, "version", None) or getattr(preview, "model", None),
            language=getattr(making or preview, "language", None),
            kept=_kept(profile, preview, making),
            consent=reference.consent,
            reference=reference.hash or reference.url,
            reference_name=reference.name,
            created=now(),
        )
        if profile.cloning == "address" and wish.text is None:
            # The address is the voice: nothing needs to be made, and nothing is charged.
            record = replace(record, state="ready", remote=url, expires=None if url is None else self.service.ends(url))
            await asyncio.wrap_future(self._ledger.add_voice(record))
            return Voice(self, record)
        if url is not None:
            preview = preview.model_copy(update={"reference": url})
        await asyncio.wrap_future(self._ledger.add_voice(record))
        wish.task = await asyncio.to_thread(self._step, preview, "preview", record, prices, files=files, key=key)
        await asyncio.wrap_future(self._ledger.update_voice(record.id, preview=wish.task.id))
        clip = await wish.task.outcome(timeout)
        if making is not None:
            files["preview"] = Upload("preview.wav", clip.data, "audio/wav")
            wish.task = await asyncio.to_thread(self._step, making, "voice", record, prices, files=files)
            await wish.task.finished(timeout)
        found = self._ledger.voice(record.id)
        if found is None or found.remote is None:
            task = wish.task.id
            raise VoicenbError(f"task {task[:8]} is done and gave no voice", service=profile.id, task=task)
        return Voice(self, found)

    def _cloning_requests(self, wish: Cloning, name: str) -> tuple[ServiceRequest, ServiceRequest | None]:
        """The request of the preview, and that of the voice where it has a call of its own."""
        profile = self.service.profile
        values = dict(wish.parameters)
        if wish.language is not None:
            values["language"] = wish.language
        text = _preview_line(profile, wish.language) if wish.text is None else wish.text
        first = self.service.request_type("preview")
        if profile.cloning != "voice":
            return first.build({**values, "text": text}, strict=self._strictly), None
        return self._both_requests(values | {"text": text}, name)

    def _both_requests(self, values: Mapping[str, Any], name: str) -> tuple[ServiceRequest, ServiceRequest]:
        """The requests of preview and voice, which share the parameters that both have."""
        first, second = self.service.request_type("preview"), self.service.request_type("voice")
        spelled = {
            wire: known
            for kind in (second, first)
            for known, one in kind.parameters().items()
            for wire in (one.wire, known)
        }
        # A parameter that both have may be spelled as either of them does.
        named = {key if spelled.get(key) in values else spelled.get(key, key): value for key, value in values.items()}
        named["name"] = name
        built: list[ServiceRequest] = []
        problems: list[Problem] = []
        both = dict.fromkeys((*first.parameters(), *second.parameters()))
        if unknown := [key for key in named if key not in spelled]:
            problems = [
                Problem(key, shown(named[key]), f"{self.service.profile.id} has {', '.join(both)}") for key in unknown
            ]
        for kind in (first, second):
            own = {key: value for key, value in named.items() if key in spelled and spelled[key] in kind.parameters()}
            try:
                built.append(kind.build(own, strict=self._strictly))
            except InvalidRequest as error:
                problems += [one for one in error.problems if one not in problems]
        if problems:
            raise InvalidRequest(
                f"{self.service.profile.id} would refuse this, {len(problems)} to mend; nothing was sent or charged.",
                problems=tuple(problems),
                service=self.service.profile.id,
            )
        return built[0], built[1]

    def _step(
        self,
        request: ServiceRequest,
        kind: Kind,
        voice: VoiceRecord,
        prices: Mapping[str, Decimal],
        *,
        files: Mapping[str, Upload],
        key: str | None = None,
    ) -> Task:
        """Writes down and sends one of the calls that make a voice."""
        text = getattr(request, "text", "")
        life = self._runner.plan(
            request, kind, self.service.price(request, prices),
            voice=voice.id, voice_name=voice.name, text=text, characters=self.service.characters(text), reference=voice.reference,
            cache_key=key,
        )  # fmt: skip
        self._runner.launch(life, request, files)
        return Task(self._runner, life)

    def _made_before(self, key: str, wish: Cloning, reference: Reference) -> Voice | None:
        """The voice that the same request has made, as long as the service keeps it."""
        found = self._ledger.cached(key)
        record = self._ledger.voice(found.voice) if found is not None and found.voice is not None else None
        if found is None or record is None or record.state not in {"ready", "forgotten"} or record.remote is None:
            return None
        if record.activated is None and record.expires is not None and record.expires <= now():
            return None
        name = wish.name or reference.name or "voice"
        if (record.name, record.consent, record.state) != (name, reference.consent, "ready"):
            record = replace(
                record, id=uuid.uuid4().hex, name=name, consent=reference.consent, state="ready", created=now()
            )
            self._ledger.add_voice(record).result()
        wish.task = Task(self._runner, self._runner.repeat(found, voice=record.id, voice_name=record.name))
        return Voice(self, record)

    def voice(self, name: str) -> Voice:
        """A voice taken up again: by its name, or by the service's own id of it.

        A name or id that is not known here is looked for in the service's own list, where it has one.

        Raises:
            InvalidRequest: There is none.
        """
        profile = self.service.profile
        record = self._ledger.find_voice(name, profile.id, self.endpoint)
        if record is not None:
            return Voice(self, record)
        remote: str | None = name
        if not self.service.is_voice_id(name):
            remote = self._listed(name)
        elif profile.cloning == "address" and (problem := self.service.check_url(name)) is not None:
            raise BadReference(f"{name} cannot be a voice of {profile.id}: {problem}", service=profile.id)
        if remote is None:
            known = sorted({one.name for one in self._ledger.voices(profile.id, self.endpoint) if one.state == "ready"})
            there = f"there are {', '.join(known)}" if known else "there are none yet: studio.clone(…) makes one"
            own = "; studio.catalogue() lists the service's own" if isinstance(self.service, Catalogue) else ""
            raise InvalidRequest(f"no voice is named {name!r}; {there}{own}", service=profile.id)
        record = VoiceRecord(
            id=uuid.uuid4().hex, name=name, service=profile.id, endpoint=self.endpoint, remote=remote, state="ready",
            created=now(), expires=self.service.ends(remote) if profile.cloning == "address" else None,
        )  # fmt: skip
        self._ledger.add_voice(record).result()
        return Voice(self, record)

    def _listed(self, name: str) -> str | None:
        """The service's id of a voice in its own list: the one with this id, or the only one with this name."""
        if not isinstance(self.service, Catalogue):
            return None
        with suppress(ServiceError):
            self._ready()
            listed = portal.call(self.service.voices)
            named = [one.id for one in listed if one.name.casefold() == name.casefold()]
            return next((one.id for one in listed if one.id == name), named[0] if len(named) == 1 else None)
        return None

    def voices(self) -> pd.DataFrame:
        """Every voice in the ledger, of every service, the newest first."""
        return voice_frame(self._ledger.voices())

    def catalogue(self) -> pd.DataFrame:
        """The service's own list of voices: ready-made ones, and those of the account. `voice` takes their ids.

        Raises:
            InvalidRequest: The service has no such list.
            ServiceError: It could not be read.
        """
        import pandas as pd

        service = self.service
        if not isinstance(service, Catalogue):
            raise InvalidRequest(
                f"{service.profile.id} lists no voices of its own; studio.voices() has those that you made",
                service=service.profile.id,
            )
        self._ready()
        rows = [asdict(one) for one in portal.call(service.voices)]
        frame = pd.DataFrame(rows, columns=[one.name for one in fields(ServiceVoice)])
        for name in ("languages", "dialects"):
            frame[name] = [", ".join(one) for one in frame[name]]
        return frame

    def _as_voice(self, voice: Voice | str) -> Voice:
        return self.voice(voice) if isinstance(voice, str) else voice

    # -- tasks -------------------------------------------------------------------------------------------------

    def tasks(self, status: str | Iterable[str] | None = None, *, limit: int | None = None) -> list[Task]:
        """Tasks of this service, the newest first.

        Args:
            status: Only those in this status, or in one of these.
            limit: At most so many.
        """
        wanted = {status} if isinstance(status, str) else set(status or ())
        if wanted - set(STATUSES):
            raise InvalidRequest(f"status={status!r} is none; there are {', '.join(STATUSES)}")
        found = self._ledger.tasks(status=status, service=self.service.profile.id, endpoint=self.endpoint, limit=limit)
        return [Task(self._runner, self._runner.life(record)) for record in found]

    def resume(self) -> list[Task]:
        """Takes up every open task that a dead kernel left behind, and follows it; it never submits.

        Tasks that another living kernel follows are left to it.
        """
        self._ready()
        taken = []
        for task in self.tasks(OPEN):
            owner = task.record.owner
            if owner == self._ledger.owner or not self._ledger.is_alive(owner):
                task.follow()
                taken.append(task)
        return taken

    def _production(self, voice: Voice, text: str, parameters: Mapping[str, Any]) -> ServiceRequest:
        values = dict(parameters)
        kind = self.service.request_type("production")
        fixed, _ = kind.from_wire(values)
        known = kind.parameters()
        kept = voice.kept
        model = fixed.get("model") or kept.get("model")
        values |= {
            name: value
            for name, value in kept.items()
            if name in known and name not in fixed and (not known[name].models or model in known[name].models)
        }
        for name in ("voice", "text"):
            if name in fixed:
                raise InvalidRequest(f"{name} is not given as a parameter here", service=self.service.profile.id)
        return kind.build({**values, "voice": voice.id, "text": text}, strict=self._strictly)

    def _stream(self, voice: Voice, text: str, parameters: dict[str, Any], *, seed: int | None, fresh: bool) -> Stream:
        service = self.service
        if not isinstance(service, Streaming):
            raise InvalidRequest(
                f"{service.profile.id} does not stream; voice.say(…) gives the whole clip", service=service.profile.id
            )
        live = Live()
        task = self._submit(voice, text, parameters, take=1, seed=seed, fresh=fresh, live=live)
        if task.cached and (clip := task.clip) is not None:
            import numpy as np

            whole = np.clip(np.rint(clip.samples * 32768), -32768, 32767).astype("<i2")
            live.put(Chunk(whole.tobytes(), clip.rate, 1 if whole.ndim == 1 else whole.shape[1]))
            live.end()
        return Stream(live, task)

    def _submit(
        self,
        voice: Voice,
        text: str,
        parameters: dict[str, Any],
        *,
        take: int,
        seed: int | None,
        fresh: bool,
        live: Live | None = None,
    ) -> Task:
        profile = self.service.profile
        if seed is not None and self.endpoint != SANDBOX:
            raise InvalidRequest(f"{profile.id} has no seed: only the sandbox can repeat a take", service=profile.id)
        voice.refresh()
        request = self._production(voice, text, parameters)
        # Where the recording's address is the voice, the recording is what stays the same.
        identity = voice.reference if profile.cloning == "address" else None
        key = cache_key(request, endpoint=self.endpoint, kind="production", voice=identity, take=take, seed=seed)
        found = None if fresh else self._ledger.cached(key)
        if found is not None:
            return Task(self._runner, self._runner.repeat(found, voice=voice.key, voice_name=voice.name))
        voice.require_usable()
        self._ready()
        known = self._balance_kept and self._published is not None
        prices = self._known_prices() if known else portal.call(self._before_paying)
        price = self.service.price(request, prices)
        life = self._runner.plan(
            request, "production", price,
            voice=voice.key, voice_name=voice.name, text=text, characters=self.service.characters(text), take=take, seed=seed,
            cache_key=key,
        )  # fmt: skip
        self._runner.launch(life, request, live=live)
        return Task(self._runner, life)


def _preview_line(profile: Profile, language: str | Sequence[str] | None) -> str:
    """What a preview speaks in a language, or in the first of several."""
    lines = profile.preview_lines
    asked = [language, *language.split(",")] if isinstance(language, str) else list(language or ())
    # One of SoundClone's languages has a comma in its name.
    known = (one.strip() for one in asked if isinstance(one, str) and one.strip() in lines)
    return lines[next(known, "English")]


def _kept(profile: Profile, *requests: ServiceRequest | None) -> dict[str, Any]:
    """What a voice keeps of the requests that make it."""
    found = {name: getattr(request, name, None) for request in requests for name in profile.kept if request is not None}
    return {name: value for name, value in found.items() if value is not None}


def _identity(reference: Reference, making: ServiceRequest | None) -> str:
    """What a recording, and the call that makes its voice, are recognised by."""
    whole = [reference.hash or reference.url, None if making is None else making.resolved()]
    return json.dumps(whole, sort_keys=True, ensure_ascii=False)


def _as_reference(source: Any, consent: str | None) -> Reference:
    if isinstance(source, Reference) and consent is None:
        return source
    return Reference(source, consent=consent)
