"""The sandbox's files: uploads, results, voice profiles, and the URLs under which the first two are served.

A file is written under a temporary name in ``partial/``, synced, and renamed into place, so that whatever has its final
name is whole. Names are 128 random bits: who knows a URL may read it, without a key, as on the live services.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import FileResponse, Response
from starlette.routing import Route

from voicenb.sandbox.wire.bodies import BAD_PARAMETERS, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from voicenb.sandbox.bookkeeping.books import Books

__all__ = ["MIME", "RESULT_SECONDS", "UPLOADED", "Files", "routes"]

RESULT_SECONDS = 3 * 86_400
"""How long a result's URL lives, by the sandbox's clock. Assumed for the sandbox: live ones are said to live about 3 days."""

MIME = {
    "aac": "audio/aac",
    "avi": "video/x-msvideo",
    "flac": "audio/flac",
    "flv": "video/x-flv",
    "json": "application/json",
    "m4a": "audio/mp4",
    "m4v": "video/x-m4v",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "srt": "application/x-subrip",
    "wav": "audio/wav",
    "webm": "video/webm",
}
"""Media types by extension: of what may be uploaded, and of results."""

UPLOADED = frozenset(MIME) - {"json", "srt"}
"""The extensions of what may be uploaded."""

_PATH = re.compile(r"/files/(uploads|results)/([0-9a-f]{32}\.[a-z0-9]{2,4})")


class Files:
    """The folders below the sandbox's own folder.

    Attributes:
        uploads: What clients uploaded.
        results: What tasks made: audio and subtitle files.
        profiles: The voices of references, as the engine keeps them.
        cache: What the engine and the sample speakers can make again.
    """

    def __init__(self, root: Path) -> None:
        self.uploads = root / "uploads"
        self.results = root / "results"
        self.profiles = root / "profiles"
        self.cache = root / "cache"
        self._partial = root / "partial"
        # What lies here was left half-written by a killed sandbox.
        shutil.rmtree(self._partial, ignore_errors=True)
        for folder in (self.uploads, self.results, self.profiles, self.cache, self._partial):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def partial(self, extension: str) -> Path:
        """A fresh temporary name with an unguessable stem; `extension` has no dot."""
        return self._partial / f"{secrets.token_hex(16)}.{extension}"

    def keep(self, partial: Path, folder: Path, name: str | None = None) -> str:
        """Sync a temporary file and move it into `folder`, by default under its own name; returns its bare name."""
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        kept = name or partial.name
        partial.replace(folder / kept)
        return kept

    def own(self, url: str) -> Path | None:
        """The file behind a URL that this sandbox, on whatever port it listened then, gave out; None for other URLs."""
        try:
            found = _PATH.fullmatch(urlsplit(url).path)
        except ValueError:
            return None
        if found is None:
            return None
        path = (self.uploads if found[1] == "uploads" else self.results) / found[2]
        return path if path.is_file() else None

    def purge(self, books: Books) -> None:
        """Remove results whose URL has expired and files that no task knows."""
        for path in self.results.iterdir():
            if books.result_age(path.name) > RESULT_SECONDS:
                path.unlink(missing_ok=True)


def routes(files: Files, books: Books) -> list[Route]:
    """``/files/uploads/…`` and ``/files/results/…``: no key; HEAD and Range are answered."""

    async def serve(request: Request) -> Response:
        path = files.own(request.url.path)
        expired = path is not None and path.parent == files.results and books.result_age(path.name) > RESULT_SECONDS
        if path is None or expired:
            reason = "this URL has expired" if expired else "no such file"
            return refusal(BAD_PARAMETERS, reason, status=404)
        return FileResponse(path, media_type=MIME.get(path.suffix[1:], "application/octet-stream"))

    return [Route("/files/{folder}/{name}", serve, methods=["GET"])]
