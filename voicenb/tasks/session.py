"""`Session`: one service with its ledger, prices and runner, behind everything that a studio gives out."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from voicenb.base import portal
from voicenb.base.money import Balance
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import SANDBOX
from voicenb.sandbox import launch
from voicenb.services.base import Service
from voicenb.services.http import Http
from voicenb.services.price_list import AGAIN_SECONDS, PriceList
from voicenb.tasks.balances import record_balance
from voicenb.tasks.context import TaskContext
from voicenb.tasks.runner import TaskRunner

__all__ = ["SANDBOX", "Session"]


class Session:
    """One service, its transport, its ledger, its prices and its runner.

    Attributes:
        service: The service, over its transport.
        http: The transport.
        home: The folder of ledger and files.
        strict: True makes an error of a learned rule also on a live service.
        endpoint: `SANDBOX`, or the base URL: what the ledger calls the place.
        ledger: The ledger of `home`.
        prices: The service's unit prices.
        runner: Takes the tasks through their life.

    Args:
        service: The service, over `http`.
        http: The transport.
        home: The folder of ledger and files.
        managed: True where the sandbox of `home` is started and ended for this session.
        prices: Unit prices that were given by hand.
        strict: As the attribute.
        concurrency: How many tasks may be at the service at a time; None learns it.
    """

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a session cannot be copied or pickled, for it holds a key, a ledger and connections: connect again where you need it"
        )

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
        self.http = http
        self.home = home
        self.strict = strict
        self.endpoint = SANDBOX if http.sandbox else http.base_url
        self._managed = managed
        if managed:
            launch.hold(home)
        self._closed = False
        self._balance_kept = False
        self.prices = PriceList(service, prices, again=0.0 if http.sandbox else AGAIN_SECONDS)
        self.ledger = Ledger.at(home)
        self.runner = TaskRunner(
            TaskContext(
                service,
                self.ledger,
                self.endpoint,
                sandbox=http.sandbox,
                loopback=http.loopback,
                ready=self.ready,
                concurrency=concurrency,
            )
        )
        self._forget_closing = portal.at_close(http.close)

    @property
    def enforces_learned_rules(self) -> bool:
        """True where a learned rule is an error: the sandbox enforces it, so there it is no guess."""
        return self.strict or self.endpoint == SANDBOX

    def close(self) -> None:
        """Close the connections, and let the sandbox end where nobody else uses it. Tasks under way go on."""
        self._forget_closing()
        portal.call(self.http.close)
        if self._managed and not self._closed and not self.runner.busy:
            launch.let_go(self.home)
        self._closed = True

    def ready(self) -> None:
        """Start the sandbox again where it has ended, perhaps at another port."""
        if self._managed:
            running = launch.start(self.home)
            self.http.move(running.address(self.service.profile.id), running.key)

    def unit_prices(self, *, ask: bool) -> dict[str, Decimal]:
        """Return the unit prices; `ask`: the service may be asked for those that are missing."""
        return self.prices.known if self.prices.complete else portal.call(self.prices.ask, ask)

    def learn_prices(self) -> None:
        """Ask the service for its price list in the background, where that may bring something."""
        if not self.prices.complete:
            portal.start(self.prices.ask)

    def prices_to_pay(self) -> dict[str, Decimal]:
        """Return the unit prices for a request that is about to be sent; see `before_paying`."""
        known = self._balance_kept and self.prices.complete and self.http.opened
        return self.prices.known if known else portal.call(self.before_paying)

    async def before_paying(self) -> dict[str, Decimal]:
        """Return the unit prices, and once write down the balance, with which a later one can be compared.

        Raises:
            ServiceError: The settings of this machine for proxies or certificates allow no connection.
        """
        await self.http.open()
        if self._balance_kept:
            return await self.prices.ask()
        self._balance_kept = True
        prices, _ = await asyncio.gather(self.prices.ask(), record_balance(self.service, self.ledger, self.endpoint))
        return prices

    def balance(self) -> Balance:
        """Return what the account has left, and write it down."""
        self.ready()
        balance = portal.call(self.service.balance)
        self.ledger.balances.add(self.service.profile.id, self.endpoint, balance.amount).result()
        return balance
