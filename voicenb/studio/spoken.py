"""What is asked for when a text is said: the request, what it is recognised by, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from voicenb.base.arguments import to_python, whole_number
from voicenb.base.money import Price
from voicenb.errors import InvalidRequest
from voicenb.services.base import ServiceRequest
from voicenb.tasks.requests import cache_key
from voicenb.tasks.session import SANDBOX, Session

__all__ = ["SpeakingVoice", "longest_text", "spoken_key", "spoken_price", "spoken_request", "take_seeds"]

_MOST_TAKES = 100


class SpeakingVoice(Protocol):
    """What is asked of a `voicenb.studio.voice.Voice` here."""

    @property
    def session(self) -> Session:
        """What it is spoken through."""

    @property
    def id(self) -> str:
        """The service's id of it."""

    @property
    def kept(self) -> dict[str, Any]:
        """What its requests carry from its cloning."""

    @property
    def reference(self) -> str | None:
        """The hash of its recording."""


def longest_text(kind: type[ServiceRequest]) -> int | None:
    """After how many characters a text of this request is split; None where no limit is known."""
    return kind.parameters()["text"].max_length or kind.longest_text


def spoken_request(
    voice: SpeakingVoice, text: str, parameters: Mapping[str, Any], kind: type[ServiceRequest] | None = None
) -> ServiceRequest:
    """Return the validated request for saying `text`, with what the voice keeps of its cloning.

    Args:
        voice: The voice.
        text: What is spoken.
        parameters: As in `Voice.say`.
        kind: The service's request when omitted, or a type derived from it.

    Raises:
        InvalidRequest: It breaks a rule.
    """
    service = voice.session.service
    kind = kind or service.request_type("production")
    values = dict(parameters)
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
            raise InvalidRequest(f"{name} is not given as a parameter here", service=service.profile.id)
    try:
        return kind.build({**values, "voice": voice.id, "text": text}, strict=voice.session.enforces_learned_rules)
    except InvalidRequest as error:
        most = longest_text(kind)
        if most is None or not isinstance(text, str) or len(text) <= most:
            raise
        way = "voice.say(…, split=True), or --split, says it in parts and joins them"
        problems = tuple(
            replace(one, allowed=f"{one.allowed}; {way}") if one.field == "text" else one for one in error.problems
        )
        raise InvalidRequest(str(error).partition("\n")[0], problems=problems, service=error.service) from None


def spoken_key(voice: SpeakingVoice, request: ServiceRequest, *, take: int, seed: int | None) -> str:
    """Return what the ledger recognises a request by."""
    # Where the recording's address is the voice, the recording is what stays the same.
    identity = voice.reference if voice.session.service.profile.cloning == "address" else None
    endpoint = voice.session.endpoint
    return cache_key(request, endpoint=endpoint, kind="production", voice=identity, take=take, seed=seed)


def take_seeds(voice: SpeakingVoice, takes: int | None, seed: int | None) -> list[int | None]:
    """Return the seed of each take of one request.

    Raises:
        InvalidRequest: `takes` is no whole number from 1 to 100, or `seed` none.
    """
    count, seed = whole_number("takes", takes, 1, _MOST_TAKES), whole_number("seed", seed)
    if count is None:
        raise InvalidRequest(f"takes=None: allowed is a whole number from 1 to {_MOST_TAKES}")
    if seed is None and voice.session.endpoint != SANDBOX:
        return [None] * count
    # The first take of a request without a seed is the request itself.
    return [seed if number == 0 else (seed or 0) + number for number in range(count)]


def spoken_price(
    voice: SpeakingVoice,
    texts: Iterable[str],
    parameters: Mapping[str, Any],
    *,
    seeds: Sequence[int | None],
    fresh: bool,
    ask: bool,
    going: Callable[[str], bool] = lambda _: False,
) -> Price:
    """Return what saying each of `texts` once for each seed costs; what was made before counts nothing unless `fresh`.

    Args:
        voice: The voice.
        texts: What would be spoken.
        parameters: As in `Voice.say`.
        seeds: One for each take.
        fresh: Counts everything.
        ask: As in `Studio.price`.
        going: Whether the request with a key is under way, and so is not paid for again.

    Raises:
        InvalidRequest: A request breaks a rule.
    """
    session = voice.session
    prices = session.unit_prices(ask=ask)
    costs: list[tuple[Price, bool]] = []
    seen: set[str] = set()
    under_way = 0
    for text in texts:
        request = spoken_request(voice, to_python(text), parameters)
        price = session.service.price(request, prices)
        for take, seed in enumerate(seeds, start=1):
            key = spoken_key(voice, request, take=take, seed=seed)
            there = not fresh and (key in seen or session.ledger.tasks.cached(key) is not None)
            followed = not fresh and not there and going(key)
            seen.add(key)
            under_way += followed
            costs.append((price, there or followed))
    due = [price for price, there in costs if not there]
    unit, made = costs[0][0].unit, len(costs) - len(due) - under_way
    # It may be charged still, and its price is held already: that is not the same as having it.
    followed_too = (
        f"{under_way} of {len(costs)} under way or of unknown outcome: not sent or paid again" if under_way else ""
    )
    if not due and under_way:
        return Price(Decimal(0), unit, followed_too)
    if not due:
        return Price(Decimal(0), unit, "made before: answered from disk, for nothing", cached=True)
    if len(costs) == 1:
        return due[0]
    before = f"; {made} of {len(costs)} made before, for nothing" if made else ""
    before += f"; {followed_too}" if followed_too else ""
    amounts = [price.amount for price in due if price.amount is not None]
    if len(amounts) < len(due):
        return Price(None, unit, next(price.rule for price in due if price.amount is None))
    counted = " + ".join(
        f"{count} × ({rule})" if count > 1 or len(due) == 1 else rule
        for rule, count in Counter(price.rule for price in due).items()
    )
    return Price(sum(amounts, Decimal(0)), unit, f"{counted}{before}")
