"""This machine's settings for proxies and certificates, as httpx reads them, with errors that name the variable."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from voicenb.errors import ServiceError

__all__ = ["client", "reason", "sandbox_client"]

C = TypeVar("C", httpx.Client, httpx.AsyncClient)

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
# SSLKEYLOGFILE is read by Python itself.
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def client(kind: type[C], *, here: str | None = None, **settings: Any) -> C:
    """An httpx client that obeys this machine's settings, but asks no proxy for what is on this machine.

    Args:
        kind: ``httpx.Client`` or ``httpx.AsyncClient``.
        here: The host that it mostly talks to, where that is this machine: settings that cannot be used stop nothing then.
        settings: What httpx takes.

    Raises:
        ServiceError: No client can be made with the settings. Its message names the variable, and never the value, in
            which a password may stand.
    """
    direct = dict.fromkeys((*_LOOPBACK, *([f"[{here}]" if ":" in here else here] if here else [])))
    mounts = dict.fromkeys(f"all://{host}" for host in direct)
    # What stands in the environment makes httpx raise ImportError, ValueError, OSError, InvalidURL and more.
    try:
        return kind(mounts=mounts, trust_env=True, **settings)
    except Exception as error:  # noqa: BLE001 - any of them is this machine's settings
        problem = error
    if here is not None:
        with suppress(OSError):
            return kind(trust_env=False, **settings)
    unusable = ServiceError(f"{_explain(problem)} Nothing was sent, nothing was charged.")
    unusable.unsent = True
    raise unusable


def sandbox_client(kind: type[C], **settings: Any) -> C:
    """An httpx client for the sandbox, which is on this machine and speaks plain HTTP: it reads no settings and no certificates."""
    return kind(trust_env=False, verify=False, **settings)


def _explain(error: Exception) -> str:
    if isinstance(error, OSError):
        what = error.strerror or str(error) or type(error).__name__
        return (
            f"the file that {_list_names(_CERTIFICATES)} names cannot be used for TLS ({what}); correct the path, or unset the "
            "variable."
        )
    proxies = {name: value for name in _set_variables(_PROXIES) if (value := os.environ[name])}
    if isinstance(error, ImportError):
        socks = [name for name, value in proxies.items() if value.startswith("socks")]
        return (
            f"{', '.join(socks) or 'a proxy setting'} names a SOCKS proxy, for which a package is missing: "
            "`pip install 'httpx[socks]'`, or unset the variable."
        )
    broken = [name for name, value in proxies.items() if not _usable(name, value)]
    return (
        f"the proxy settings of this machine cannot be used: see {', '.join(broken or proxies) or 'your system settings'}. "
        "Allowed is http://host:port, https:// or socks5:// for a proxy, and host names or addresses without brackets, "
        "joined by commas, for NO_PROXY."
    )


def _usable(name: str, value: str) -> bool:
    """Whether the variable `name` alone would be taken."""
    try:
        if name.upper() == "NO_PROXY":
            for host in filter(None, (one.strip() for one in value.split(","))):
                # As httpx does: https://github.com/encode/httpx/blob/0.28.1/httpx/_utils.py
                httpx.URL(
                    host
                    if "://" in host
                    else f"all://[{host}]"
                    if host.count(":") > 1 and host[0] != "["
                    else f"all://*{host}"
                )
        else:
            url = httpx.Proxy(value if "://" in value else f"http://{value}").url
            return bool(url.host)
    except (ValueError, httpx.InvalidURL):
        return False
    return True


def _set_variables(names: tuple[str, ...]) -> list[str]:
    """Those of `names` that are set, as they are spelled; the lower-case one is the one that is read first."""
    return [one for name in names for one in (name.lower(), name) if os.environ.get(one)]


def _list_names(names: tuple[str, ...]) -> str:
    return ", ".join(_set_variables(names)) or names[0]


def reason(error: Exception) -> str:
    """Why no answer came, in a few words that show no secret."""
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "no answer in time"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            "its certificate could not be verified; where a proxy opens what is encrypted, SSL_CERT_FILE has to name that "
            "proxy's certificates"
        )
    if isinstance(error, httpx.ProxyError):
        return f"the proxy of {_list_names(_PROXIES)} did not let it through"
    if isinstance(error, httpx.ConnectError):
        through = _set_variables(_PROXIES[:3])
        return "connection refused or host not found" + (
            f"; the proxy of {', '.join(through)} is used" if through else ""
        )
    return "the connection broke"
