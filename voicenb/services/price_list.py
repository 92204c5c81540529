"""The unit prices of a studio: the user's own, and beside them those that the service publishes, asked for sparingly."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

from voicenb.base.after_fork import reset_after_fork
from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest, Problem, VoicenbError
from voicenb.services.base import Profile, Service, shown

__all__ = ["AGAIN_SECONDS", "FREE", "PriceList", "checked_prices"]

AGAIN_SECONDS = 60.0
"""How long a live service is left alone whose price list could not be read."""


FREE = "free"
"""What stands for a price of 0 for everything."""


def _named(prices: object, profile: Profile) -> Mapping[str, Any]:
    """Unit prices by name, also where one word or number stands for all of them."""
    if prices is None or isinstance(prices, Mapping):
        return prices or {}
    if prices == FREE:
        return dict.fromkeys(profile.price_names, 0)
    if len(profile.price_names) == 1 and not profile.any_price and not did_you_mean(prices, [FREE]):
        return dict.fromkeys(profile.price_names, prices)
    known = ", ".join(map(repr, profile.price_names)) or "a service without prices to set"
    raise InvalidRequest(
        f"prices={shown(prices)}: {did_you_mean(prices, [FREE])}allowed are {FREE!r}, and a dict of amounts by name for {known}",
        service=profile.id,
    )


def checked_prices(prices: object, profile: Profile) -> dict[str, Decimal]:
    """Unit prices as ``connect(prices=…)`` takes them: by name, ``"free"``, or one amount where there is one name.

    Raises:
        InvalidRequest: One has a name that the service does not have, or is no amount of 0 or more.
    """
    checked: dict[str, Decimal] = {}
    problems = []
    for name, value in _named(prices, profile).items():
        if name not in profile.price_names and not profile.any_price:
            known = ", ".join(f"{one} (per {what})" for one, what in profile.price_names.items()) or "none to set"
            hint = did_you_mean(name, profile.price_names)
            problems.append(Problem(f"prices[{name!r}]", shown(value), f"{hint}{profile.id} has {known}"))
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


class PriceList:
    """The unit prices of one service. A list that was read is kept; one that could not be is asked for again after a minute.

    Args:
        service: The service.
        own: The user's own prices; they win.
        again: Seconds until a list that could not be read is asked for again.
        clock: Seconds that only grow; another one lets time go faster.
    """

    def __init__(
        self,
        service: Service,
        own: Mapping[str, Decimal],
        *,
        again: float = AGAIN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._own = dict(own)
        self._again = again
        self._clock = clock
        self._asked = -math.inf
        self._asking: asyncio.Task[None] | None = None
        profile = service.profile
        complete = not profile.any_price and self._own.keys() >= profile.price_names.keys()
        # Where all are set, nothing that the service says would be used.
        self._published: dict[str, Decimal] | None = {} if complete else None
        reset_after_fork(self)

    @property
    def known(self) -> dict[str, Decimal]:
        """What is known now; nobody is asked."""
        return (self._published or {}) | self._own

    @property
    def complete(self) -> bool:
        """Whether asking would bring nothing."""
        return self._published is not None

    async def ask(self, begin: bool = True) -> dict[str, Decimal]:
        """What is known after asking the service, where that may bring something; on the background loop only.

        A list that is out of reach or cannot be read leaves prices unknown, which is said where they are used.

        Args:
            begin: False waits for an answer that is on its way, and asks for none.
        """
        if begin and self._asking is None and not self.complete and self._clock() - self._asked >= self._again:
            self._asked = self._clock()
            self._asking = asyncio.ensure_future(self._read())
        if self._asking is not None:
            # All who ask meanwhile wait for the same answer; whoever gives up ends it for none of them.
            await asyncio.shield(self._asking)
        return self.known

    async def _read(self) -> None:
        try:
            with suppress(VoicenbError):
                self._published = await self._service.prices()
        finally:
            self._asking = None

    def after_fork(self) -> None:
        """In a forked child: what the parent's loop was asking never comes here."""
        self._asking = None
