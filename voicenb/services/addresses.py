"""Addresses: what is on this machine, where a key may be sent, what a service can fetch."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

import httpx

__all__ = ["base_url_problem", "is_loopback", "names_this_host", "url_problem"]


def is_loopback(url: str) -> bool:
    """Whether `url` names this very machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_url_problem(base_url: str, *, keyless: bool = False) -> str | None:
    """Why `base_url` cannot be where requests are sent, in a sentence that shows no secret of it, or None.

    Args:
        base_url: The address.
        keyless: Whether no key is sent, so that none can be read on the way.
    """
    if "@" in (base_url.partition("://")[2] or base_url).partition("/")[0]:
        return (
            "base_url carries a user name or a password, which would be kept with every task; give it without them, as "
            "https://host[/path]. The key goes into api_key."
        )
    try:
        parts = urlsplit(base_url)
        _ = parts.port, httpx.URL(base_url)
        plain = not any(character.isspace() or not character.isprintable() for character in base_url)
    except (ValueError, httpx.InvalidURL):
        plain = False
    if not plain or parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"base_url {base_url!r} is no http(s) URL; give it as https://host[/path]."
    if parts.query or parts.fragment:
        return "base_url has a query or a fragment, but paths are appended to it; give it as https://host[/path]."
    if parts.scheme == "http" and not keyless and not is_loopback(base_url):
        return f"base_url {base_url!r} would send the key in the clear; use https:// (http is for this machine only)."
    return None


def url_problem(url: str, *, local: bool, private: bool = False) -> str | None:
    """Why a service could not fetch `url`, in words, or None.

    Args:
        url: The address.
        local: Whether the service is on this machine, and may therefore be given loopback addresses.
        private: Whether the service may be in a network of one's own, whose hosts it reaches.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        port = parts.port
    except ValueError:
        return "it is no URL"
    if port == 0:
        return "there is no port 0"
    if parts.scheme not in {"http", "https"} or not host:
        return "it is no http(s) URL; a local file is given by its path"
    if any(character.isspace() or not character.isprintable() for character in url):
        return "it has blanks or control characters; percent-encode them"
    if parts.username is not None or parts.password is not None:
        return "it carries a user name or password, which would reach the service; give a URL without them"
    if not private and not (local and is_loopback(url)) and not _public(host):
        return "its host is not public: the service could not fetch it"
    return None


def _public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.endswith((".local", ".localhost", ".internal", ".lan"))


def names_this_host(host: str) -> bool:
    """Whether a host names this machine, or the one that it runs on, in a less usual spelling."""
    host = host.rstrip(".")
    try:
        place = ipaddress.ip_address(host)
    except ValueError:
        try:
            # 2130706433, 0x7f.1, 127.1: what a resolver takes for an address.
            place = ipaddress.ip_address(socket.inet_aton(host))
        except OSError:
            return host == "localhost" or host.endswith(".localhost")
    inner = getattr(place, "ipv4_mapped", None) or place
    return bool(inner.is_loopback or inner.is_unspecified or inner.is_link_local)
