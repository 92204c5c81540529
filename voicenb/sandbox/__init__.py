"""The built-in sandbox: a server on loopback that answers as the services do, and really speaks.

What is here for its users goes over HTTP (`voicenb.sandbox.launch`), as any client's calls do; the server itself is the
program ``python -m voicenb.sandbox``.

Lives here: the launcher, and the program's rooms, from the server at the top to the engine at the bottom. Does not: the client's reading of a contract.
May call: base.
"""

_PUBLIC = (
    "Sandbox",
    "advance_clock",
    "books",
    "fault_kinds",
    "faults",
    "sample_speaker",
    "set_balance",
    "speakers",
    "start",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from voicenb.sandbox.launch import (
        Sandbox as Sandbox,
        advance_clock as advance_clock,
        books as books,
        fault_kinds as fault_kinds,
        faults as faults,
        sample_speaker as sample_speaker,
        set_balance as set_balance,
        speakers as speakers,
        start as start,
    )

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'voicenb.sandbox' has no attribute {name!r}")
    from voicenb.sandbox import launch

    return getattr(launch, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
