"""How many tasks of one service are under way at a time: as many as was set, or as the service turns out to take.

Used on the background loop only.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable

__all__ = ["ConcurrencyLimit"]

# Requests on their way at a time: what a kernel's death makes unknown is never more.
_SENDING = 8
# After a refusal, so many tasks have to end for each one that is let in on trial.
_PATIENCE = 4


class ConcurrencyLimit:
    """A gate before a service: a task enters before its request leaves, and leaves when it has ended.

    Nothing is known of a service's limit until it refuses a task (HTTP 429). Then the tasks that it had taken are the
    limit, one more is tried now and then, and nothing enters before the moment that the service named.

    Args:
        most: The limit that was set; None for none.
    """

    def __init__(self, most: int | None = None) -> None:
        self._set = most
        self._most = math.inf if most is None else most
        self._most_sending = _SENDING if most is None else most
        self._learned = math.inf
        self._inside = 0
        self._sending = 0
        self._closed_until = 0.0
        self._waiting: deque[asyncio.Future[bool]] = deque()

    def reset(self) -> ConcurrencyLimit:
        """One with nobody inside, for a forked child."""
        return ConcurrencyLimit(self._set)

    @property
    def limit(self) -> int | None:
        """How many are let in now; None while nothing was set or learned."""
        known = min(self._most, self._learned)
        return None if math.isinf(known) else int(known)

    async def enter(self, park: Callable[[asyncio.Future[bool]], None]) -> bool:
        """Waits for a place; whoever is given the parked future may end the wait by setting it to False.

        Returns:
            Whether the place is ours; `answered`, then `leave`, or `refused`, must follow.
        """
        if not self._waiting and self._free():
            self._take()
            return True
        place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        park(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.result():
                self.refused(None, learn=False)
            raise

    def join(self) -> None:
        """A task is at the service already; `leave` must follow."""
        self._inside += 1

    def answered(self) -> None:
        """The service took the task."""
        self._sending -= 1
        # What it takes shows what it can take.
        self._learned = max(self._learned, self._inside - self._sending)
        self._admit()

    def leave(self) -> None:
        """A task that was taken has ended, or is not followed any more."""
        self._inside -= 1
        if not math.isinf(self._learned):
            self._learned += 1 / (_PATIENCE * self._learned)
        self._admit()

    def refused(self, seconds: float | None, *, learn: bool = True) -> None:
        """The service did not take the task.

        Args:
            seconds: How long it wants to be left alone, where it says so.
            learn: Whether it was for too many at a time.
        """
        self._inside -= 1
        self._sending -= 1
        loop = asyncio.get_running_loop()
        if learn:
            self._learned = max(1.0, float(self._inside))
        if seconds:
            self._closed_until = max(self._closed_until, loop.time() + seconds)
            loop.call_later(seconds, self._admit)
        self._admit()

    def _free(self) -> bool:
        return (
            self._inside < int(min(self._most, self._learned, 2**31))
            and self._sending < self._most_sending
            and asyncio.get_running_loop().time() >= self._closed_until
        )

    def _take(self) -> None:
        self._inside += 1
        self._sending += 1

    def _admit(self) -> None:
        while self._waiting and self._free():
            place = self._waiting.popleft()
            if not place.done():
                self._take()
                place.set_result(True)
