"""Faults on demand: what goes wrong between a client and a service, at the wire, when it is asked for.

A fault has a kind, the calls that it strikes, and how often: a rate, a number to let pass first, a number of strikes, a
seed. Faults are set through ``POST /sandbox/faults`` and end with the sandbox. One request meets at most one of them: the
first in the list that strikes. The same seed over the same sequence of requests strikes the same ones.
"""

from __future__ import annotations

import logging
import random
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from voicenb.sandbox.engine.workers.loading import VoiceError
from voicenb.sandbox.fault_injection.registry import CALLS, KINDS, Fault, read_fault
from voicenb.sandbox.fault_injection.strike import _ELSEWHERE, Strike
from voicenb.sandbox.wire.fields import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from voicenb.sandbox.bookkeeping.records import Task
    from voicenb.sandbox.twins.context import SandboxContext
    from voicenb.sandbox.twins.task_queue import Perform
    from voicenb.sandbox.twins.twin import Twin

__all__ = ["Faults"]

_log = logging.getLogger("voicenb.sandbox")


@dataclass
class _Armed:
    fault: Fault
    chance: random.Random
    seen: int = 0
    struck: int = 0
    # Faults of a task or of a result strike all of its requests or none.
    drawn: dict[str, bool] = field(default_factory=dict)

    def strikes(self, key: str | None) -> bool:
        if key is not None and key in self.drawn:
            return self.drawn[key]
        self.seen += 1
        fault = self.fault
        spent = fault.count is not None and self.struck >= fault.count
        hit = self.seen > fault.after and not spent and self.chance.random() < fault.rate
        self.struck += hit
        if key is not None:
            self.drawn[key] = hit
        return hit


class Faults:
    """The faults that are set, and the ASGI middleware that lets them happen.

    Args:
        sandbox: Whose requests they strike.
    """

    def __init__(self, sandbox: SandboxContext) -> None:
        self._sandbox = sandbox
        self._armed: list[_Armed] = []

    # Setting them

    def describe(self) -> dict[str, Any]:
        """The kinds with a line each, the calls, and what is set with how often it struck."""
        return {
            "kinds": {name: {"what": kind.line, "calls": list(kind.calls or CALLS)} for name, kind in KINDS.items()},
            "calls": list(CALLS),
            "faults": [asdict(one.fault) | {"seen": one.seen, "struck": one.struck} for one in self._armed],
        }

    def replace(self, body: Mapping[str, Any]) -> None:
        """Set the faults of a request's body, instead of those that were set.

        Raises:
            RuleError: One of them is none; nothing was changed.
        """
        given = body.get("faults")
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise RuleError("faults: must be a list of objects")
        services = [twin.service for twin in self._sandbox.twins]
        read = [read_fault(one, services, f"faults[{place}].") for place, one in enumerate(given)]
        self._armed = [_Armed(fault, random.Random(fault.seed)) for fault in read]  # noqa: S311  no secret

    # Letting them happen

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """What stands before the routes."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            fault = self._striking(scope)
            if fault is None:
                await app(scope, receive, send)
            else:
                _log.info("fault %s strikes %s %s", fault.kind, scope["method"], scope["path"])
                await Strike(self._sandbox, app, fault, scope, receive, send).happen()

        return faulty

    def performing(self, twin: Twin) -> Perform:
        """What performs a twin's tasks, unless a fault makes one fail."""

        async def perform(task: Task) -> None:
            call = "preview" if task.kind == "preview" else "production"
            for armed in self._armed:
                fault = armed.fault
                if (
                    fault.kind == "task_failed"
                    and fault.service in {None, twin.service}
                    and fault.route in {None, call}
                    and armed.strikes(task.id)
                ):
                    raise VoiceError("the voice broke off in the middle, as a fault asked it to")
            await twin.perform(task)

        return perform

    def _striking(self, scope: Scope) -> Fault | None:
        if not self._armed or scope["type"] != "http":
            return None
        path, method = scope["path"], scope["method"]
        call = _call(method, path)
        if call is None and path.startswith("/sandbox/"):
            return None
        for armed in self._armed:
            fault = armed.fault
            if (
                fault.kind == "task_failed"
                or (KINDS[fault.kind].calls and call not in KINDS[fault.kind].calls)
                or not _meant(fault.route, call, path)
                or (fault.service is not None and fault.service != self._service(path))
                or (fault.kind == "redirect" and _host(scope) == _ELSEWHERE)
            ):
                continue
            sticky = path if fault.kind in {"lost_task", "stuck", "expired_url"} else None
            if armed.strikes(sticky):
                return fault
        return None

    def _service(self, path: str) -> str | None:
        return next((twin.service for twin in self._sandbox.twins if path.startswith(twin.paths)), None)


def _call(method: str, path: str) -> str | None:
    for name, (its_method, patterns) in CALLS.items():
        if method == its_method and any(fnmatchcase(path, pattern) for pattern in patterns):
            return name
    return None


def _meant(route: str | None, call: str | None, path: str) -> bool:
    if route is None:
        return call is not None
    if route in CALLS:
        return route == call
    return fnmatchcase(path, route if route.startswith(("/", "*")) else f"*/{route}")


def _host(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return str(host.decode("latin-1").rpartition(":")[0])
