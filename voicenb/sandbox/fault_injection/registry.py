"""Every kind of fault, what each does, and a fault as it was set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voicenb.base.arguments import did_you_mean
from voicenb.sandbox.wire.fields import BadFieldError, Fields, integer, number, string

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["CALLS", "KINDS", "SUBMISSIONS", "Fault", "Kind", "read_fault"]

_MOST_SECONDS = 3600.0

CALLS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "upload": ("POST", ("*/files/upload", "/sandbox/uploads", "*/audio/voices", "/v1/voices", "/upload_reference")),
    "preview": ("POST", ("*/soundCloning/clones", "*/voices/preview")),
    "voice": ("POST", ("*/voices/clone",)),
    "production": ("POST", ("*/soundCloning/audios", "*/voice/clone", "*/text-to-speech/*", "*/audio/speech")),
    "query": ("GET", ("*/v1/audios/*", "*/v2/tasks/*")),
    "download": ("GET", ("/files/results/*",)),
    "balance": ("GET", ("*/user/balance", "*/key/balance")),
    "prices": ("GET", ("*/model/catalog", "*/models")),
}
"""The calls that a fault's ``route`` may name: the method, and the paths of every service."""

SUBMISSIONS = ("preview", "voice", "production")


@dataclass(frozen=True)
class Kind:
    """What one kind of fault does.

    Attributes:
        line: What happens, in a line.
        calls: The calls that it can strike; all where empty.
    """

    line: str
    calls: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "delay": Kind("the request is handled `seconds` (2) later"),
    "timeout": Kind("the request is handled, and never answered"),
    "reset_before": Kind("the connection is reset before the request is handled"),
    "reset_after": Kind("the request is handled, and the connection reset instead of the answer"),
    "rate_limit": Kind("429 with Retry-After of `seconds` (1); the request is not handled"),
    "server_error": Kind("HTTP `status` (503) with a page of HTML, as a gateway sends; the request is not handled"),
    "server_error_after": Kind("the request is handled, and HTTP `status` (503) with a page of HTML is the answer"),
    "garbage": Kind("the request is handled, and its answer is cut off and closed as if it were whole"),
    "string_code": Kind("the code of the answer's envelope is a string instead of a number, or the other way round"),
    "null_field": Kind("fields that the answer leaves out are there, as null"),
    "slow_body": Kind("the answer's body comes in pieces over `seconds` (2)"),
    "truncated": Kind("the connection ends in the middle of the answer's body"),
    "wrong_type": Kind("the answer's content type is text/html"),
    "redirect": Kind("HTTP `status` (307) to another host; the request is not handled"),
    "lost_task": Kind("the service does not know the task any more", ("query",)),
    "task_failed": Kind("the task is accepted, fails, and is refunded", ("preview", "production")),
    "stuck": Kind("the task is processing for ever", ("query",)),
    "expired_url": Kind("the result's address has expired", ("download",)),
    "insufficient_balance": Kind("the account is empty from then on", SUBMISSIONS),
}
"""Every kind of fault."""


@dataclass(frozen=True)
class Fault:
    """One fault as it was set.

    Attributes:
        kind: One of `KINDS`.
        route: One of `CALLS`, or the end of a path, in which ``*`` stands for anything; None for every call.
        service: The service whose calls it strikes; None for every one.
        rate: How likely a request is struck, 0 to 1.
        count: How many requests it strikes at most; None for no limit.
        after: How many requests it lets pass first.
        seed: What the draws come from.
        seconds: How long, for kinds that take time.
        status: The HTTP status, for kinds that answer with one.
    """

    kind: str
    route: str | None = None
    service: str | None = None
    rate: float = 1.0
    count: int | None = None
    after: int = 0
    seed: int = 0
    seconds: float | None = None
    status: int | None = None


def read_fault(given: Mapping[str, Any], services: Sequence[str], within: str) -> Fault:
    """A fault as a control call sets it; `services` are those that there are, `within` is where it stands, for messages."""
    fields = Fields(given, null_is_absent=True, within=within)

    def one_of(known: Sequence[str]) -> Callable[[Any], str]:
        def read(value: Any) -> str:
            if string(value) not in known:
                raise BadFieldError(f"{value[:40]!r} is none; {did_you_mean(value, known)}there are {', '.join(known)}")
            return str(value)

        return read

    kind = fields.take("kind", one_of(list(KINDS)), required=True)
    fault = Fault(
        kind=kind,
        route=fields.take("route", string),
        service=fields.take("service", one_of(services)),
        rate=fields.take("rate", number(lambda x: 0 <= x <= 1, "from 0 to 1"), 1.0),
        count=fields.take("count", integer(0, 10**9)),
        after=fields.take("after", integer(0, 10**9), 0),
        seed=fields.take("seed", integer(-(2**53), 2**53), 0),
        seconds=fields.take("seconds", number(lambda x: 0 <= x <= _MOST_SECONDS, f"from 0 to {_MOST_SECONDS:.0f}")),
        status=fields.take("status", integer(300, 599)),
    )
    own = KINDS[kind].calls if kind in KINDS else ()
    if own and fault.route in CALLS and fault.route not in own:
        fields.note("route", f"{kind} can strike {', '.join(own)}")
    for name in given:
        if name not in Fault.__dataclass_fields__:
            fields.note(name[:40], f"no such field; there are {', '.join(Fault.__dataclass_fields__)}")
    fields.done()
    return fault
