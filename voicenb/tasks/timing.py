"""Polling intervals, back-off, and how often each step is tried."""

from __future__ import annotations

import random

from voicenb.services.base import Answer

__all__ = [
    "FETCHES",
    "LONGEST_WAIT",
    "REACHES_LIVE",
    "REACHES_LOOPBACK",
    "REFUSALS",
    "SUBTITLE_FETCHES",
    "TRIES_LIVE",
    "TRIES_SANDBOX",
    "back_off",
    "poll_delay",
]

LONGEST_WAIT = 60.0
"""The longest wait between two tries, in seconds."""
# Refusals (HTTP 429) in a row before a submission is given up: ten minutes and more, or as long as the service asks.
REFUSALS = 12
# Tries to reach a service before a submission that never left is given up: about half a minute; on this machine, where nobody is on
# the way, seven seconds.
REACHES_LIVE = 6
REACHES_LOOPBACK = 4
# Polls or downloads that fail in a row before a follower lets go; the row stays open. A live service is out of reach
# for minutes now and then; a sandbox that does not answer has ended.
TRIES_LIVE = 20
TRIES_SANDBOX = 4
# How often a result is fetched that is no sound, or comes in part, before it is taken as it is.
FETCHES = 3
SUBTITLE_FETCHES = 2
_SANDBOX_POLL_SECONDS = 0.2


def poll_delay(answer: Answer | None, span: tuple[float, float], *, sandbox: bool, jitter: random.Random) -> float:
    """Seconds until the next poll.

    On a live service a jittered moment of the documented span, so that many tasks do not ask at once; on the sandbox
    what it says in ``X-Poll-After``.

    Args:
        answer: The service's last word, or None.
        span: The documented interval, shortest and longest, in seconds.
        sandbox: Whether it is the sandbox.
        jitter: Where the jitter comes from.
    """
    asked = answer.poll_after if answer is not None else None
    if sandbox:
        return min(max(asked if asked is not None else _SANDBOX_POLL_SECONDS, 0.01), span[1])
    return max(jitter.uniform(*span), asked or 0.0)


def back_off(times: int, jitter: random.Random) -> float:
    """Seconds until a request that was not taken is sent again: twice as long each time, a minute at most, with jitter.

    Args:
        times: How often it was not taken, 1 or more.
        jitter: Where the jitter comes from.
    """
    return min(2.0 ** min(times - 1, 16), LONGEST_WAIT) * jitter.uniform(0.75, 1.25)
