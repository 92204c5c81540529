"""A recording read from whatever it is given as: a path, an address, bytes, samples, an open file, a widget, a player."""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit
from urllib.request import url2pathname

import numpy as np

from voicenb.audio.reading import read
from voicenb.audio.sound import AudioError, Sound
from voicenb.base import network
from voicenb.display.html import size
from voicenb.errors import BadReference
from voicenb.studio.clip import Clip
from voicenb.studio.samples import as_wav, checked_samples

__all__ = ["NO_NAME", "Recording", "download", "read_source"]

_MAX_BYTES = 2**29
"""The largest recording that is read, 512 MiB: five times what any upload takes, and an hour of stereo at 48 kHz."""

NO_NAME = "the recording"
"""What messages call a recording that has no name."""

_TAKEN = "a path, an http(s) URL, bytes, (samples, rate), an open file, a recording widget or another Reference"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that was read, or the address of one that was not.

    Attributes:
        label: What messages call it.
        name: What the user calls it, or its file's name without the suffix, or None.
        url: Its address, where it was given by one.
        data: The file's bytes; None for an address.
        sound: The same, decoded; its samples are read-only.
        changes: What was done to it, in words.
    """

    label: str
    name: str | None
    url: str | None = None
    data: bytes | None = None
    sound: Sound | None = None
    changes: tuple[str, ...] = ()


def read_source(source: Any, name: str | None) -> Recording:
    """Read a recording; an http(s) address is not fetched.

    Args:
        source: As `Reference` takes it.
        name: What the user calls it; None takes the file's name.

    Raises:
        BadReference: As `Reference` raises it.
    """
    if isinstance(source, Clip):
        return _decode(source.data, "the clip", name)
    if isinstance(source, str) and re.match(r"https?://", source, re.IGNORECASE):
        path = PurePosixPath(unquote(urlsplit(source).path))
        return Recording(path.name or source, name or path.stem or None, url=source)
    if isinstance(source, str) and source[:5].lower() == "data:":
        return _decode(_data_url_content(source), "the data: URL", name)
    if isinstance(source, str) and "://" in source:
        scheme, _, rest = source.partition("://")
        if scheme.lower() != "file":
            raise BadReference(f"{scheme}:// addresses are not read; give {_TAKEN}.")
        return _read_path(url2pathname(rest.removeprefix("localhost")), name)
    if isinstance(source, str | os.PathLike):
        return _read_path(_without_quotes(os.fsdecode(source)), name)
    if isinstance(source, bytes | bytearray | memoryview):
        return _decode(bytes(source), NO_NAME, name)
    if isinstance(source, np.ndarray | np.void) and source.dtype.kind in "SV":
        return _decode(source.tobytes(), NO_NAME, name)
    if isinstance(source, tuple | list) and len(source) == 2 and not isinstance(source[0], Mapping):
        return _read_samples(source[0], source[1], name)
    if hasattr(source, "read"):
        return _read_open_file(source, name)
    if hasattr(source, "autoplay") and hasattr(source, "data"):
        return _read_player(source, name)
    if hasattr(source, "value") or isinstance(source, tuple | list | Mapping):
        return _read_widget(getattr(source, "value", source), NO_NAME, name)
    raise BadReference(f"{type(source).__name__} {source!r:.40} is no recording; give {_TAKEN}.")


def _decode(data: bytes, label: str, name: str | None) -> Recording:
    """Read a recording from a file's bytes.

    Raises:
        BadReference: It is too large, empty, not audio, or damaged.
    """
    _require_size(len(data), label)
    if not data:
        raise BadReference(f"{label} is empty (0 bytes); record it again.")
    try:
        sound = read(data)
    except AudioError as error:
        advice = "" if error.missing else ". Give a wav, flac, mp3, ogg, m4a, aac, mp4, mov, mkv, webm, avi or flv file"
        raise BadReference(f"{label}: {error}{advice}.") from None
    sound.samples.flags.writeable = False
    return Recording(label, name, data=data, sound=sound)


def download(url: str, label: str, timeout: float) -> bytes:
    """Return what is behind an http(s) address, asked for without any key.

    Raises:
        BadReference: The address cannot be reached, or what is there is too large.
    """
    import httpx

    content = bytearray()
    try:
        with (
            network.client(httpx.Client, timeout=timeout, follow_redirects=True) as client,
            client.stream("GET", url) as answer,
        ):
            if not answer.is_success:
                raise BadReference(f"{url} answers {answer.status_code}; check that it is public.")
            for piece in answer.iter_bytes():
                content += piece
                _require_size(len(content), label)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BadReference(f"{url} cannot be fetched: {str(error) or type(error).__name__}.") from None
    return bytes(content)


def _require_size(count: int, label: str) -> None:
    if count > _MAX_BYTES:
        raise BadReference(
            f"{label} is {size(count)}; {size(_MAX_BYTES)} is the most that is read. "
            "A reference needs a minute of speech: cut a piece out of it."
        )


def _read_path(text: str, name: str | None) -> Recording:
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise BadReference(f"{text} cannot be read: {error}") from None
    label = path.name or str(path)
    try:
        # The path is asked before it is opened: opening a pipe or a device would wait for ever.
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise BadReference(f"{path} is a folder; give the path of one recording in it.")
        if not stat.S_ISREG(found.st_mode):
            raise BadReference(f"{path} is no ordinary file; give the path of a recording.")
        _require_size(found.st_size, label)
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadReference(
            f"There is no file {path} (looked for from {Path.cwd()}); check the spelling and the folder."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadReference(f"{path} cannot be read: {reason}.") from None
    return _decode(data, label, name or path.stem or None)


def _without_quotes(path: str) -> str:
    """A path as it is copied out of a file manager or a shell: without blanks and quotes around it, where it is not so named."""
    bare = path.strip()
    if len(bare) > 2 and bare[0] + bare[-1] in {'""', "''", "\u201c\u201d", "\u2018\u2019"}:
        bare = bare[1:-1]
    if bare == path or not bare:
        return path
    try:
        return path if Path(path).exists() else bare
    except (OSError, ValueError):
        return bare


def _read_open_file(file: Any, name: str | None) -> Recording:
    label = NO_NAME
    if isinstance(path := getattr(file, "name", None), str):
        label, name = Path(path).name, name or Path(path).stem
    try:
        # One that was just written stands at its end.
        if callable(getattr(file, "seekable", None)) and file.seekable():
            file.seek(0)
        data = file.read()
    except (OSError, ValueError) as error:
        raise BadReference(f"{label} cannot be read: {error}.") from None
    if not isinstance(data, bytes | bytearray | memoryview):
        raise BadReference(f"{label} is open as text; open it with mode 'rb'.")
    return _decode(bytes(data), label, name)


def _data_url_content(url: str) -> bytes:
    head, comma, content = url.partition(",")
    try:
        if head.endswith(";base64"):
            data = base64.b64decode(unquote(content).encode("ascii", "ignore"))
        else:
            data = unquote_to_bytes(content)
    except ValueError as error:
        raise BadReference(f"The data: URL cannot be read: {error}.") from None
    if not comma:
        raise BadReference("The data: URL has no comma, so nothing is in it; copy it whole.")
    return data


def _read_samples(first: Any, second: Any, name: str | None) -> Recording:
    sound, rate = checked_samples(first, second)
    _require_size(4 * sound.size, NO_NAME)
    data, change = as_wav(sound, rate)
    return replace(_decode(data, NO_NAME, name), changes=(change,) if change else ())


def _read_player(player: Any, name: str | None) -> Recording:
    """Read an `IPython.display.Audio`, which holds bytes, or the name or the address of a file."""
    data = getattr(player, "data", None)
    if isinstance(data, bytes | bytearray | memoryview) and len(data):
        return _decode(bytes(data), NO_NAME, name)
    if isinstance(data, str) and data:
        try:
            content = base64.b64decode(data)
        except ValueError:
            raise BadReference("The player holds no sound; give its file, or its samples and their rate.") from None
        return _decode(content, "the player's sound", name)
    if where := getattr(player, "filename", None) or getattr(player, "url", None):
        return read_source(str(where), name)
    raise BadReference("The player holds no sound; give its file, or its samples and their rate.")


def _read_widget(value: Any, label: str, name: str | None) -> Recording:
    """Read what an ipywidgets `FileUpload` (versions 7 and 8) or a recorder holds."""
    if isinstance(value, Mapping) and "content" not in value:
        value = [{"name": key, **entry} for key, entry in value.items() if isinstance(entry, Mapping)]
    entry = value[-1] if isinstance(value, tuple | list) and value else value
    if isinstance(entry, Mapping) and "content" in entry:
        if file := str(entry.get("name") or ""):
            label, name = file, name or Path(file).stem
        entry = entry["content"]
    if isinstance(entry, memoryview | bytes | bytearray) and len(entry):
        return _decode(bytes(entry), label, name)
    if hasattr(entry, "value"):
        return _read_widget(entry.value, label, name)
    raise BadReference("Nothing was recorded or chosen yet: record or choose a file first, then run this again.")
