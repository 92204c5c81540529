"""Gives a local recording a public address, for services that take addresses and have no upload of their own."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, urlsplit

import anyio.to_thread

from voicenb.errors import BadReference, InvalidRequest, VoicenbError
from voicenb.services.base import Upload, shown

__all__ = ["HOW", "LONGEST", "Uploader", "as_uploader", "signed_until", "storage_uploader", "upload_with"]

Uploader: TypeAlias = Callable[[bytes, str], "str | Awaitable[str]"]
"""Takes a recording's bytes and its file name, gives the URL under which the service finds it."""

LONGEST = 604_800
"""Seconds for which `storage_uploader` signs an address: seven days, the longest that S3 signs for."""

HOW = (
    "give its public URL, or say where to put it: voicenb.connect({service!r}, uploader='s3://bucket/folder') or any "
    "uploader=function, called as function(data, filename), that returns the URL"
)


def as_uploader(given: object) -> Uploader:
    """The uploader that ``connect(uploader=…)`` means: a function, or the address of a folder for `storage_uploader`.

    Raises:
        InvalidRequest: It is neither.
    """
    if isinstance(given, str):
        return storage_uploader(given)
    if callable(given):
        return given
    raise InvalidRequest(
        f"uploader={shown(given)}: allowed is a function of the bytes and the file name that returns a URL, or the "
        "address of a folder such as 's3://bucket/folder'"
    )


def storage_uploader(
    folder: str, *, expires: int = LONGEST, public: str | None = None, **options: Any
) -> Callable[[bytes, str], str]:
    """An uploader that writes into any storage that fsspec knows, and signs the address.

    The address is the voice: it can be spoken in for as long as the signature holds. With `public` it holds for good.

    Args:
        folder: Where to write, such as ``"s3://bucket/folder"`` or ``"gcs://bucket"``.
        expires: Seconds for which the address is signed; storages have limits of their own.
        public: The public address of the folder, such as ``"https://cdn.example.com/folder"``; nothing is signed then.
        options: Passed on to fsspec, such as ``anon=False`` or ``endpoint_url=…``.

    Raises:
        VoicenbError: fsspec, or its package for that storage, is not installed.
        InvalidRequest: fsspec knows no such storage.
    """
    try:
        import fsspec  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise VoicenbError(
            "storage addresses need fsspec and its package for the storage: `pip install fsspec s3fs` for s3://, "
            "gcsfs for gcs://, adlfs for abfs://"
        ) from None
    try:
        storage, root = fsspec.core.url_to_fs(folder, **options)
    except ImportError as error:
        raise VoicenbError(f"{folder.partition('://')[0]}:// needs one more package: {error}") from None
    except ValueError as error:
        raise InvalidRequest(f"uploader={folder!r}: {error}") from None

    def upload(data: bytes, filename: str) -> str:
        path = f"{root.rstrip('/')}/{filename}"
        storage.makedirs(root, exist_ok=True)
        storage.pipe_file(path, data)
        if public is not None:
            return f"{public.rstrip('/')}/{quote(filename)}"
        try:
            return str(storage.sign(path, expiration=expires))
        except NotImplementedError:
            raise VoicenbError(
                f"{folder} cannot sign addresses; give the folder's public one: "
                f"voicenb.services.uploaders.storage_uploader({folder!r}, public='https://…')"
            ) from None

    return upload


def signed_until(url: str) -> datetime | None:
    """When the signature of an address ends (UTC), as its own query says; None where it carries none that is known.

    Known are those of S3 and what speaks its language, Google Cloud Storage, Alibaba OSS, Azure and CloudFront.
    """
    # OverflowError: a date beyond the year 9999.
    with suppress(ValueError, OverflowError, OSError):
        query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
        for kind in ("amz", "goog", "oss"):
            begun, seconds = query.get(f"x-{kind}-date"), query.get(f"x-{kind}-expires")
            if begun is not None and seconds is not None:
                return datetime.strptime(begun, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) + timedelta(seconds=int(seconds))
        if "sig" in query and "se" in query:
            end = datetime.fromisoformat(query["se"])
            return end.astimezone(UTC) if end.tzinfo else end.replace(tzinfo=UTC)
        if "signature" in query and "expires" in query:
            return datetime.fromtimestamp(int(query["expires"]), UTC)
    return None


async def upload_with(uploader: Uploader, upload: Upload, service: str) -> str:
    """The address that `uploader` gives a recording, run beside the event loop.

    Raises:
        BadReference: It failed, or gave no address.
    """
    try:
        given = await anyio.to_thread.run_sync(uploader, upload.data, upload.filename)
        url = await given if inspect.isawaitable(given) else given
    except VoicenbError:
        raise
    except Exception as error:
        raise BadReference(
            f"the uploader could not publish {upload.filename} ({type(error).__name__}: {error}); nothing was sent to "
            f"{service}, nothing was charged.",
            service=service,
        ) from error
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise BadReference(
            f"the uploader gave {shown(url)} for {upload.filename}; an uploader returns the public http(s) URL. Nothing "
            "was charged.",
            service=service,
        )
    return url
