"""Gets a reference recording: from the sandbox's own uploads and results, or from loopback, and from nowhere else."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from voicenb.sandbox.recordings.files import MIME
from voicenb.sandbox.wire.bodies import is_loopback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from voicenb.sandbox.recordings.files import Files

__all__ = ["FetchError", "fetched"]

_MAX_BYTES = 100 * 1024 * 1024
_MAX_SECONDS = 30
_MAX_REDIRECTS = 5


class FetchError(Exception):
    """The reference cannot be fetched; the message is fit for the task's ``error``."""


@asynccontextmanager
async def fetched(url: str, files: Files, field: str = "fileUrl") -> AsyncIterator[Path]:
    """The recording behind `url` as a file; a downloaded one is removed afterwards.

    Args:
        url: Where it is.
        files: Where it is kept meanwhile, and which URLs are the sandbox's own.
        field: The request's field that has the URL, for messages.

    Raises:
        FetchError: Not on loopback, not there, too large, or too slow.
    """
    extension = urlsplit(url).path.rpartition(".")[2].lower()
    target = files.partial(extension if extension in MIME else "bin")
    try:
        try:
            _check(url)
            own = files.own(url)
            if own is None:
                async with asyncio.timeout(_MAX_SECONDS):
                    await _download(url, target)
        except TimeoutError:
            raise FetchError(f"{field} could not be fetched within {_MAX_SECONDS} s") from None
        except FetchError as error:
            raise FetchError(f"{field} could not be fetched: {error}") from None
        yield target if own is None else own
    finally:
        target.unlink(missing_ok=True)


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        near = parts.scheme in {"http", "https"} and is_loopback(parts.hostname)
    except ValueError:
        near = False
    if not near:
        raise FetchError(
            "the sandbox fetches only from its own uploads and from loopback (127.0.0.1, localhost); "
            "upload the recording first"
        )


async def _download(url: str, target: Path) -> None:
    import httpx

    try:
        # The environment may name a proxy; what is on loopback is reached directly.
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=10) as client:
            for _ in range(_MAX_REDIRECTS + 1):
                async with client.stream("GET", url) as response:
                    if not response.has_redirect_location:
                        await _store(response, target)
                        return
                    url = urljoin(url, response.headers["location"])
                _check(url)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise FetchError(type(error).__name__) from None
    raise FetchError(f"more than {_MAX_REDIRECTS} redirects")


async def _store(response: httpx.Response, target: Path) -> None:
    if response.status_code != 200:
        raise FetchError(f"HTTP {response.status_code}")
    size = 0
    with target.open("wb") as file:
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > _MAX_BYTES:
                raise FetchError(f"larger than {_MAX_BYTES // 1024**2} MB")
            file.write(chunk)
    if not size:
        raise FetchError("it is empty")
