"""How a voice comes about: the requests of a cloning, what they cost, and the steps from a recording to a `Voice`."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from voicenb.audio.containers import MIME, sniff
from voicenb.base import portal
from voicenb.base.arguments import did_you_mean, plain_text, to_python, wait_seconds
from voicenb.base.money import Price
from voicenb.errors import BadReference, InvalidRequest, Problem, TaskTimeout, VoicenbError
from voicenb.ledger.records import TaskRecord, VoiceRecord, now
from voicenb.services.base import RECORDING, Kind, Profile, ServiceRequest, Upload, shown
from voicenb.studio.reference import Reference
from voicenb.studio.task import Task
from voicenb.studio.voice import Voice
from voicenb.tasks.context import amount_text
from voicenb.tasks.requests import cache_key, request_hash
from voicenb.tasks.session import Session

__all__ = ["CloneRequest", "clone_price", "clone_voice", "publish"]


@dataclass
class CloneRequest:
    """The arguments of `Studio.clone`, and the task that is under way.

    Attributes:
        source, name, text, language, consent, fresh, parameters, preview: As `Studio.clone` takes them.
        task: The task that the cloning is at, once there is one.
    """

    source: Any
    name: str | None
    text: str | None
    language: str | Sequence[str] | None
    consent: str | None
    fresh: bool
    parameters: dict[str, Any]
    task: Task | None = None
    preview: Any = None

    def __post_init__(self) -> None:
        self.name, self.consent = plain_text("name", self.name), plain_text("consent", self.consent)
        self.text, self.language = to_python(self.text), to_python(self.language)


async def clone_voice(session: Session, request: CloneRequest, timeout: float | None) -> Voice:
    """Clone the voice of a recording; the errors are those of `Studio.clone`.

    Args:
        session: Where.
        request: What was asked for; its `task` is the one that is under way.
        timeout: Seconds to wait for each task; None waits as long as it takes.
    """
    profile = session.service.profile
    timeout = wait_seconds(timeout)
    reference = await asyncio.to_thread(_as_reference, request.source, request.consent)
    if request.name is not None and not request.name.strip():
        raise InvalidRequest("name is blank; give the voice a name, or leave it out", service=profile.id)
    name = request.name or reference.name or "voice"
    preview, making = _requests(session, request, name)
    own = None if request.preview is None else await asyncio.to_thread(_own_preview, request.preview, profile)
    if profile.cloning == "voice" and reference.url is not None:
        # It takes the recording itself.
        reference = await asyncio.to_thread(reference.fetch)
    await asyncio.to_thread(reference.require, session)
    asked = preview or making
    assert asked is not None
    key = _clone_key(session, asked, reference, making, own)
    if not request.fresh:
        again = await asyncio.to_thread(_cached_voice, session, key, request, name, reference.consent)
        if again is not None:
            return again
    await asyncio.to_thread(session.ready)
    prices = await session.before_paying()
    if making is not None:
        price = session.service.price(making, prices)
        await asyncio.to_thread(session.runner.require_priced, making, "voice", price, voice_name=request.name)
    files: dict[str, Upload] = {}
    url = None
    if profile.cloning == "voice" or reference.url is None:
        upload = Upload(
            *await asyncio.to_thread(reference.payload, session.service.reference_rules),
            consent=reference.consent,
            transcript=getattr(asked, "reference_text", None),
        )
        if profile.cloning == "voice":
            files["reference"] = upload
        elif session.service.carries_recordings:
            suffix = PurePath(upload.filename).suffix.removeprefix(".")
            url = RECORDING + await asyncio.to_thread(session.ledger.files.store, upload.data, suffix)
        else:
            # An address that the service's own upload gave is taken as it is.
            url = await session.service.publish(upload)
    else:
        url = reference.url
    record = VoiceRecord(
        id=uuid.uuid4().hex,
        name=name,
        service=profile.id,
        endpoint=session.endpoint,
        version=getattr(asked, "version", None) or getattr(asked, "model", None),
        language=getattr(making or preview, "language", None),
        kept=session.service.kept(preview, making),
        consent=reference.consent,
        reference=reference.hash or reference.url,
        reference_name=reference.name,
        created=now(),
    )
    if profile.cloning == "address" and request.text is None:
        # The address is the voice: nothing needs to be made, and nothing is charged.
        record = replace(record, state="ready", remote=url, expires=None if url is None else session.service.ends(url))
        await asyncio.wrap_future(session.ledger.voices.add(record))
        return Voice(session, record)
    if url is not None and preview is not None:
        preview = preview.model_copy(update={"reference": url})
    await asyncio.wrap_future(session.ledger.voices.add(record))
    if own is not None and making is not None:
        request.task = await asyncio.to_thread(_own_preview_task, session, own, making, record, key=key)
    elif preview is not None:
        kept = None
        if making is not None and not request.fresh:
            kept = await asyncio.to_thread(_take_kept_preview, session, preview, record, key)
        request.task = kept or await asyncio.to_thread(
            _send, session, preview, "preview", record, prices, files=files, key=key
        )
    made = request.task
    assert made is not None
    await asyncio.wrap_future(session.ledger.voices.update(record.id, preview=made.id))
    clip = await made.outcome(timeout)
    if making is not None:
        form = sniff(clip.data) or "wav"
        files["preview"] = Upload(f"preview.{form}", clip.data, MIME.get(form, "audio/wav"))
        try:
            request.task = await asyncio.to_thread(_send, session, making, "voice", record, prices, files=files)
            await request.task.finished(timeout)
        except VoicenbError as error:
            # After a time-out the voice is still on its way.
            if own is None and not isinstance(error, TaskTimeout):
                _add_kept_preview(error, made)
            raise
    found = session.ledger.voices.get(record.id)
    if found is None or found.remote is None:
        task = (request.task or made).id
        raise VoicenbError(f"task {task[:8]} is done and gave no voice", service=profile.id, task=task)
    return Voice(session, found)


def _kept_preview(session: Session, preview: ServiceRequest, reference: str) -> TaskRecord | None:
    """Return the preview that an earlier try has paid for, of a recording by its hash."""
    return session.ledger.tasks.kept_preview(
        session.service.profile.id, session.endpoint, request=request_hash(preview), reference=reference
    )


def _take_kept_preview(session: Session, preview: ServiceRequest, voice: VoiceRecord, key: str) -> Task | None:
    """Return the preview that an earlier try has paid for, as a row of its own for this voice."""
    found = _kept_preview(session, preview, voice.reference or "")
    if found is None:
        return None
    return Task(
        session.runner, session.runner.record_cache_hit(found, voice=voice.id, voice_name=voice.name, cache_key=key)
    )


def _own_preview_task(
    session: Session, own: Reference, making: ServiceRequest, voice: VoiceRecord, *, key: str
) -> Task:
    """Write a preview that the user has already into the ledger."""
    filename, data, _ = own.payload(session.service.reference_rules)
    text = getattr(making, "text", "")
    nothing = Price(Decimal(0), session.service.profile.unit, "a preview of your own: none was made or charged")
    active = session.runner.record_own_preview(
        making, nothing, own.hash,
        voice=voice.id, voice_name=voice.name, text=text, characters=session.service.characters(text), reference=voice.reference,
        file=session.ledger.files.store(data, PurePath(filename).suffix.removeprefix(".")), seconds=own.duration, cache_key=key,
    )  # fmt: skip
    return Task(session.runner, active)


def _requests(
    session: Session, request: CloneRequest, name: str
) -> tuple[ServiceRequest | None, ServiceRequest | None]:
    """Return the request of the preview, if one is to be made, and that of the voice, if it has a call of its own."""
    profile = session.service.profile
    if request.preview is not None:
        if profile.cloning != "voice":
            raise InvalidRequest(
                f"preview= is for services that make a voice of a recording and its preview; {profile.id} takes the "
                "recording alone: leave it out",
                service=profile.id,
            )
        if request.text is None or not request.text.strip():
            raise InvalidRequest(
                "the preview's words are not known; nothing was sent or charged.",
                problems=(Problem("text", "nothing", "beside preview= it is required: what the preview speaks"),),
                service=profile.id,
            )
    values = dict(request.parameters)
    if request.language is not None:
        values["language"] = request.language
    text = _preview_line(profile, request.language) if request.text is None else request.text
    first = session.service.request_type("preview")
    if profile.cloning != "voice":
        # The service's own line is spoken where no text goes along.
        own_line = request.text is None and profile.default_line and values.get("default_text", False) is not False
        sent = {} if own_line else {"text": text}
        return first.build({**values, **sent}, strict=session.enforces_learned_rules), None
    return _preview_and_voice(session, values | {"text": text}, name, made=request.preview is not None)


def _preview_and_voice(
    session: Session, values: Mapping[str, Any], name: str, *, made: bool
) -> tuple[ServiceRequest | None, ServiceRequest]:
    """Return the requests of preview and voice, which share the parameters that both have; None for a preview that is `made`."""
    first, second = session.service.request_type("preview"), session.service.request_type("voice")
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
    calls = (second,) if made else (first, second)
    both = dict.fromkeys((*first.parameters(), *second.parameters()))
    if unknown := [key for key in named if key not in spelled]:
        problems = [
            Problem(
                key,
                shown(named[key]),
                f"{did_you_mean(key, spelled)}{session.service.profile.id} has {', '.join(both)}",
            )
            for key in unknown
        ]
    if made:
        problems += [
            Problem(key, shown(value), "it is a matter of making a preview, and preview= gives one: leave it out")
            for key, value in named.items()
            if key in spelled and spelled[key] not in second.parameters()
        ]
    for kind in calls:
        own = {key: value for key, value in named.items() if key in spelled and spelled[key] in kind.parameters()}
        try:
            built.append(kind.build(own, strict=session.enforces_learned_rules))
        except InvalidRequest as error:
            problems += [one for one in error.problems if one not in problems]
    if problems:
        raise InvalidRequest(
            f"{session.service.profile.id} would refuse this, {len(problems)} to mend; nothing was sent or charged.",
            problems=tuple(problems),
            service=session.service.profile.id,
        )
    return None if made else built[0], built[-1]


def _send(
    session: Session,
    request: ServiceRequest,
    kind: Kind,
    voice: VoiceRecord,
    prices: Mapping[str, Decimal],
    *,
    files: Mapping[str, Upload],
    key: str | None = None,
) -> Task:
    """Write down and send one of the calls that make a voice."""
    text = getattr(request, "text", "")
    spoken = session.service.profile.default_line if text is None else text
    active = session.runner.plan(
        request, kind, session.service.price(request, prices),
        voice=voice.id, voice_name=voice.name, text=spoken, characters=session.service.characters(spoken), reference=voice.reference,
        cache_key=key,
    )  # fmt: skip
    session.runner.launch(active, request, files)
    return Task(session.runner, active)


def _made_before(session: Session, key: str) -> tuple[TaskRecord, VoiceRecord] | None:
    """Return the task that has answered the same request, and the voice that it made, as long as the service keeps that."""
    found = session.ledger.tasks.cached(key)
    record = session.ledger.voices.get(found.voice) if found is not None and found.voice is not None else None
    if found is None or record is None or record.state not in {"ready", "forgotten"} or record.remote is None:
        return None
    return None if record.ended(now()) else (found, record)


def _cached_voice(session: Session, key: str, request: CloneRequest, name: str, consent: str | None) -> Voice | None:
    """Return the voice that the same request has made, as long as the service keeps it, under this name and with this consent."""
    made = _made_before(session, key)
    if made is None:
        return None
    found, record = made
    if (record.name, record.consent, record.state) != (name, consent, "ready"):
        record = replace(record, id=uuid.uuid4().hex, name=name, consent=consent, state="ready", created=now())
        session.ledger.voices.add(record).result()
    request.task = Task(session.runner, session.runner.record_cache_hit(found, voice=record.id, voice_name=record.name))
    return Voice(session, record)


def clone_price(
    session: Session,
    source: Any = None,
    /,
    *,
    name: str | None = None,
    text: str | None = None,
    language: str | Sequence[str] | None = None,
    preview: Any = None,
    fresh: bool = False,
    ask: bool = True,
    **parameters: Any,
) -> Price:
    """Return what cloning costs; see `Studio.clone_price`."""
    unit = session.service.profile.unit
    request = CloneRequest(source, name, text, language, None, fresh, parameters, preview=preview)
    reference = None if source is None else _as_reference(source, None)
    speaking, making = _requests(session, request, request.name or (reference and reference.name) or "voice")
    if session.service.profile.cloning == "address" and text is None:
        return Price(Decimal(0), unit, "the address of the recording is the voice: nothing is made or charged")
    kept = None
    # What is behind an address that was not downloaded is not known, where the recording itself is sent.
    if reference is not None and not fresh and (reference.hash or making is None):
        asked = speaking or making
        assert asked is not None
        own = None if preview is None else _own_preview(preview, session.service.profile)
        if _made_before(session, _clone_key(session, asked, reference, making, own)) is not None:
            return Price(Decimal(0), unit, "made before: the same voice is given again, for nothing", cached=True)
        if making is not None and speaking is not None:
            kept = _kept_preview(session, speaking, reference.hash)
    prices = session.unit_prices(ask=ask)
    paid = [one for one in (speaking if kept is None else None, making) if one is not None]
    found = [session.service.price(one, prices) for one in paid]
    unknown = next((one for one in found if one.amount is None), None)
    if unknown is not None:
        return unknown
    rules = [*(["the preview was made before"] if kept is not None else []), *(one.rule for one in found)]
    return Price(sum((one.amount or Decimal(0) for one in found), Decimal(0)), unit, "; ".join(rules))


def _preview_line(profile: Profile, language: str | Sequence[str] | None) -> str:
    """Return the line that a preview speaks in a language, or in the first of several."""
    lines = profile.preview_lines
    asked = [language, *language.split(",")] if isinstance(language, str) else list(language or ())
    # One of SoundClone's languages has a comma in its name.
    known = (one.strip() for one in asked if isinstance(one, str) and one.strip() in lines)
    return lines[next(known, "English")]


def _own_preview(source: Any, profile: Profile) -> Reference:
    """Read a preview that the user has.

    Raises:
        BadReference: It cannot be read.
    """
    try:
        own = source if isinstance(source, Reference) else Reference(source)
        return own.fetch() if own.url is not None else own
    except BadReference as error:
        raise BadReference(
            f"preview: {error} Nothing was sent or charged. Raw samples go as (samples, rate).", service=profile.id
        ) from None


def _add_kept_preview(error: VoicenbError, preview: Task) -> None:
    """Add to an error what became of the preview that was paid for before."""
    said = (
        "The preview that was made before is kept: the next studio.clone(…) of this recording and text takes it again"
    )
    if said not in str(error):
        paid = amount_text(preview.estimate, preview.unit)
        error.args = (f"{str(error).rstrip()} {said}, and does not pay {paid} again.", *error.args[1:])


def _clone_key(
    session: Session, asked: ServiceRequest, reference: Reference, making: ServiceRequest | None, own: Reference | None
) -> str:
    """Return the key under which the answer to a cloning is found again."""
    identity = _cloning_identity(reference, making, own)
    return cache_key(asked, endpoint=session.endpoint, kind="preview", reference=identity, take=1, seed=None)


def _cloning_identity(reference: Reference, making: ServiceRequest | None, own: Reference | None) -> str:
    """Return what a recording, the call that makes its voice, and a preview of the user's own are recognised by."""
    whole = [reference.hash or reference.url, None if making is None else making.resolved()]
    if own is not None:
        whole.append(own.hash)
    return json.dumps(whole, sort_keys=True, ensure_ascii=False)


def _as_reference(source: Any, consent: str | None) -> Reference:
    if isinstance(source, Reference) and consent is None:
        return source
    return Reference(source, consent=consent)


def publish(session: Session, source: Any, *, name: str | None = None) -> str:
    """Give a recording an address that the service can fetch; see `Studio.publish`."""
    reference = source if isinstance(source, Reference) else Reference(source, name=name)
    if reference.url is not None:
        return reference.url
    session.ready()
    return portal.call(session.service.publish, Upload(*reference.payload(session.service.reference_rules)))
