"""Receives files: streamed to disk, bounded, renamed into place."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from voicenb.sandbox.bookkeeping.books import Books
from voicenb.sandbox.bookkeeping.records import Upload
from voicenb.sandbox.recordings.files import MIME, UPLOADED, Files
from voicenb.sandbox.wire.bodies import BadBodyError, TooLargeError, bounded, drain, expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.datastructures import FormData
    from starlette.requests import Request

__all__ = ["MAX_BYTES", "receive_upload", "received", "written"]

MAX_BYTES = 100 * 1024 * 1024
"""The largest file that an upload takes."""

_MULTIPART_BYTES = 64 * 1024
"""What boundaries and part headers may add to it."""


class _Parser(MultiPartParser):
    """Starlette's parser, which writes files to disk as they come, and tells whether the closing boundary came."""

    ended = False

    def on_end(self) -> None:
        self.ended = True


@asynccontextmanager
async def received(request: Request, *, limit: int, files: int, fields: int) -> AsyncIterator[FormData]:
    """The request's parts; files are on disk until the end.

    Args:
        request: Whose body is multipart/form-data.
        limit: Bytes of the body at most.
        files: File parts at most.
        fields: Other parts at most.

    Raises:
        BadBodyError: Another content type, malformed, cut short, or with too many parts.
        TooLargeError: Larger than `limit`.
    """
    try:
        expect(request, "multipart/form-data")
        parser = _Parser(request.headers, bounded(request, limit), max_files=files, max_fields=fields)
        form = await parser.parse()
    except MultiPartException as error:
        await drain(request)
        raise BadBodyError(f"the body is not multipart/form-data: {error.message}") from None
    except BadBodyError:
        await drain(request)
        raise
    try:
        if not parser.ended:
            raise BadBodyError("the body ends before its closing boundary")
        yield form
    finally:
        await form.close()


async def receive_upload(request: Request, files: Files, books: Books) -> Upload:
    """The request's part ``file``, kept under an unguessable name with its own extension.

    Raises:
        BadBodyError: Not multipart, no such part, cut short, empty, larger than `MAX_BYTES`, or a kind of file
            that the service does not take.
    """
    async with received(request, limit=MAX_BYTES + _MULTIPART_BYTES, files=1, fields=20) as form:
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise BadBodyError("file: required, as a file part of multipart/form-data")
        filename = (part.filename or "").replace("\\", "/").rpartition("/")[2]
        extension = filename.rpartition(".")[2].lower() if "." in filename else ""
        if extension not in UPLOADED:
            raise BadBodyError(f"file: the name must end in one of {', '.join(sorted(UPLOADED))}")
        if not part.size:
            raise BadBodyError("file: it is empty")
        if part.size > MAX_BYTES:
            raise TooLargeError(f"file: larger than {MAX_BYTES // 1024**2} MB")
        partial = files.partial(extension)
        await written(part, partial)
        upload = Upload(files.keep(partial, files.uploads), filename, part.size, MIME[extension])
        books.add_upload(upload)
        return upload


async def written(part: UploadFile, path: Path) -> None:
    """Write a file part's bytes to a file."""

    def copy() -> None:
        with path.open("wb") as file:
            shutil.copyfileobj(part.file, file, 1024 * 1024)

    await asyncio.to_thread(copy)
