"""The key of a service, for the service's own origin only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

__all__ = ["OriginAuth"]


class OriginAuth(httpx.Auth):
    """Adds the key, unless it is empty, to requests for one origin and to nothing else, redirects included."""

    def __init__(self, base_url: str, header: str, value: Callable[[], str]) -> None:
        self._origin = _origin(httpx.URL(base_url))
        self._header = header
        self._value = value

    def sync_auth_flow(self, request: httpx.Request) -> Any:
        """Not used: there is only the asynchronous client."""
        raise NotImplementedError

    async def async_auth_flow(self, request: httpx.Request) -> Any:
        """Adds the key where there is one and the request goes to the service itself."""
        if _origin(request.url) == self._origin and (value := self._value()):
            request.headers[self._header] = value
        yield request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)
