"""Receives a file: streamed to disk, bounded, renamed into place."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from voicenb.sandbox.bookkeeping import Books, Upload
from voicenb.sandbox.files import MIME, Files
from voicenb.sandbox.wire import BadBodyError, TooLargeError, bounded, drain, expect

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

__all__ = ["MAX_BYTES", "receive_upload"]

MAX_BYTES = 100 * 1024 * 1024
"""The largest file that an upload takes."""

_MULTIPART_BYTES = 64 * 1024
"""What boundaries and part headers may add to it."""

_EXTENSIONS = frozenset(MIME) - {"json"}


class _Parser(MultiPartParser):
    """Starlette's parser, which writes files to disk as they come, and tells whether the closing boundary came."""

    ended = False

    def on_end(self) -> None:
        self.ended = True


async def receive_upload(request: Request, files: Files, books: Books) -> Upload:
    """The request's part ``file``, kept under an unguessable name with its own extension.

    Raises:
        BadBodyError: Not multipart, no such part, cut short, empty, larger than `MAX_BYTES`, or a kind of file
            that the service does not take.
    """
    form = await _parsed(request)
    try:
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise BadBodyError("file: required, as a file part of multipart/form-data")
        filename = (part.filename or "").replace("\\", "/").rpartition("/")[2]
        extension = filename.rpartition(".")[2].lower() if "." in filename else ""
        if extension not in _EXTENSIONS:
            raise BadBodyError(f"file: the name must end in one of {', '.join(sorted(_EXTENSIONS))}")
        if not part.size:
            raise BadBodyError("file: it is empty")
        if part.size > MAX_BYTES:
            raise TooLargeError(f"file: larger than {MAX_BYTES // 1024**2} MB")
        name = await asyncio.to_thread(_keep, part, files, extension)
        upload = Upload(name, filename, part.size, MIME[extension])
        books.add_upload(upload)
        return upload
    finally:
        await form.close()


async def _parsed(request: Request) -> FormData:
    try:
        expect(request, "multipart/form-data")
        parser = _Parser(request.headers, bounded(request, MAX_BYTES + _MULTIPART_BYTES), max_files=1, max_fields=20)
        form = await parser.parse()
    except MultiPartException as error:
        await drain(request)
        raise BadBodyError(f"the body is not multipart/form-data: {error.message}") from None
    except BadBodyError:
        await drain(request)
        raise
    if not parser.ended:
        await form.close()
        raise BadBodyError("the body ends before its closing boundary")
    return form


def _keep(part: UploadFile, files: Files, extension: str) -> str:
    partial = files.partial(extension)
    with partial.open("wb") as file:
        shutil.copyfileobj(part.file, file, 1024 * 1024)
    return files.keep(partial, files.uploads)
