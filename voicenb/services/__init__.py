"""The services that voicenb speaks to, by their ids: what each documents, how it is priced, and the transport they share.

Lives here: typed requests, wire forms, answers and errors; one room a service. Does not: when and how often a request is sent, and rows of it.
May call: audio, base.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest
from voicenb.services.base import Service

__all__ = ["get", "names"]

_GROUP = "voicenb.services"


@cache
def _found() -> dict[str, str]:
    # What the package itself carries is known without its metadata, so that a plain checkout works too.
    own = {
        "aiclone": "voicenb.services.aiclone:AiClone",
        "faseeh": "voicenb.services.faseeh:Faseeh",
        "openai": "voicenb.services.openai:OpenAi",
        "soundclone": "voicenb.services.soundclone:SoundClone",
    }
    return own | {one.name: one.value for one in entry_points(group=_GROUP)}


def names() -> list[str]:
    """The ids of all services that are installed."""
    return sorted(_found())


@cache
def get(name: str) -> type[Service]:
    """The service with the id `name`.

    Raises:
        InvalidRequest: There is none of that name.
    """
    from pkgutil import resolve_name

    try:
        value = _found()[name]
    except KeyError:
        hint = did_you_mean(name, names())
        raise InvalidRequest(f"no service is named {name!r}; {hint}there are {', '.join(names())}") from None
    service: type[Service] = resolve_name(value)
    return service
