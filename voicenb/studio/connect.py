"""`connect`: a studio on a live service, or on the built-in sandbox."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from voicenb import services
from voicenb.base import keys
from voicenb.base.arguments import did_you_mean, plain_text, whole_number
from voicenb.base.home import home as home_folder
from voicenb.errors import InvalidRequest
from voicenb.sandbox import launch
from voicenb.services.base import Profile
from voicenb.services.http import Http
from voicenb.services.price_list import checked_prices
from voicenb.studio.studio import Studio
from voicenb.tasks.session import SANDBOX, Session

__all__ = ["connect", "connect_again"]

_DEFAULT_SERVICE = "soundclone"
# What other clients call these, and is too short or too far to be guessed.
_ALIASES = {
    "key": "api_key",
    "token": "api_key",
    "apikey": "api_key",
    "url": "base_url",
    "host": "base_url",
    "endpoint": "base_url",
}


def connect(
    service: str | None = None,
    *,
    sandbox: bool | None = None,
    api_key: str | keys.Secret | None = None,
    base_url: str | None = None,
    home: str | os.PathLike[str] | None = None,
    budget: Decimal | float | str | None = None,
    prices: Mapping[str, Decimal | float | str] | Decimal | float | str | None = None,
    strict: bool = False,
    region: str | None = None,
    concurrency: int | None = None,
    **settings: Any,
) -> Studio:
    """Connects to a service, or to the built-in sandbox.

    Args:
        service: A service's id, such as ``"soundclone"``, for the live service. Without it, the sandbox answers as
            SoundClone: no key, no network, no bill.
        sandbox: True lets the sandbox answer as `service`.
        api_key: The key; else it comes from the environment, the keyring, or a hidden prompt. A server of your own needs none, and
            gets a key of the environment only where the environment names its address, too.
        base_url: Replaces the documented base URL exactly.
        home: Where the ledger and the files are; else ``VOICENB_HOME``, else the platform's user-data folder.
        budget: The most that this studio may spend, in the service's unit; see `Studio.budget`.
        prices: Unit prices by the service's own names; they win over those that the service publishes. ``"free"`` is 0 for all of
            them; where a service has one price alone, an amount is enough.
        strict: Makes an error of a rule that the service does not state but was seen to apply.
        region: One of the service's regions instead of a base URL, such as ``"ae"`` for Faseeh.
        concurrency: How many tasks may be at the service at a time, 1 or more; without it, as many as the service
            turns out to take: a task that it refuses with HTTP 429 is sent again later.
        settings: What one service takes beside these: ``uploader=`` (AI Clone), ``preview_path=`` (Faseeh),
            ``cloning=`` (an OpenAI-compatible server).

    Raises:
        InvalidRequest: There is no such service, or the arguments contradict each other.
        AuthenticationError: No key was found.
    """
    service = plain_text("service", service)
    region, base_url = plain_text("region", region), plain_text("base_url", base_url)
    use_sandbox = service is None if sandbox is None else sandbox
    if service is None and not use_sandbox:
        raise InvalidRequest(f"sandbox=False needs a service: one of {', '.join(services.names())}")
    kind = services.get(service or _DEFAULT_SERVICE)
    profile = kind.profile
    _check_settings(settings, profile)
    concurrency = whole_number("concurrency", concurrency, 1)
    folder = home_folder(home)
    if use_sandbox:
        if api_key is not None or base_url is not None or region is not None:
            raise InvalidRequest(
                "the sandbox has its own address and key: leave api_key, base_url and region out, or name the service, as in "
                f"voicenb.connect({profile.id!r}, base_url=…, api_key=…)"
            )
        running = launch.start(folder)
        url, key = running.address(profile.id), running.key
    else:
        url = _regional(region, base_url, profile) or keys.from_environment(profile.url_variables) or profile.base_url
        key = _key(profile, url, api_key)
    http = Http(profile.id, url, key, header=profile.key_header, prefix=profile.key_prefix, sandbox=use_sandbox)
    studio = Studio(
        Session(
            kind(http, **settings),
            http,
            folder,
            managed=use_sandbox,
            prices=checked_prices(prices, profile),
            strict=strict,
            concurrency=concurrency,
        )
    )
    if budget is not None:
        studio.budget(budget).__enter__()
    return studio


def connect_again(service: str, endpoint: str, *, home: str | os.PathLike[str] | None = None) -> Studio:
    """Connects to where a task or a voice of the ledger was made.

    Args:
        service: Its service.
        endpoint: Its endpoint, as the ledger has it.
        home: As in `connect`.

    Raises:
        AuthenticationError: No key was found.
    """
    if endpoint == SANDBOX:
        return connect(service, sandbox=True, home=home)
    return connect(service, base_url=endpoint, home=home)


def _check_settings(settings: Mapping[str, Any], profile: Profile) -> None:
    if unknown := [name for name in settings if name not in profile.settings]:
        known = "; ".join(f"{name}: {what}" for name, what in profile.settings.items()) or "no settings of its own"
        own = [name for name in inspect.signature(connect).parameters if name not in {"service", "settings"}]
        said = "".join(did_you_mean(_ALIASES.get(name, name), [*own, *profile.settings]) for name in unknown)
        raise InvalidRequest(f"connect has no {', '.join(unknown)} for {profile.id}; {said}{profile.label} has {known}")


def _key(profile: Profile, url: str, given: str | keys.Secret | None) -> keys.Secret:
    """The key for `url`, which may be empty for a server of one's own.

    Raises:
        AuthenticationError: There is none, or it is malformed.
    """
    if profile.own_server and url.rstrip("/") != profile.base_url:
        named = keys.from_environment(profile.url_variables) or ""
        if given is None and url.rstrip("/") == named.rstrip("/"):
            given = keys.from_environment(profile.key_variables)
        if not given:
            return keys.Secret("")
    return keys.find_key(profile.id, profile.key_variables, given)


def _regional(region: str | None, base_url: str | None, profile: Profile) -> str | None:
    if region is None:
        return base_url
    if base_url is not None:
        raise InvalidRequest("region and base_url both say where the service is: give one of them")
    try:
        return profile.regions[region]
    except KeyError:
        known = f"the regions {', '.join(profile.regions)}" if profile.regions else "no regions"
        hint = did_you_mean(region, profile.regions)
        raise InvalidRequest(
            f"region={region!r}: {hint}{profile.id} has {known}; base_url= takes any address"
        ) from None
