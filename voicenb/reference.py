"""A recording of somebody's voice: read once, examined, made to fit."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import numpy as np
import numpy.typing as npt

from voicenb import preparing
from voicenb.audio import MIME, AudioError, Clip, compact, decode, encode, sniff
from voicenb.display import reference_html, seconds, size
from voicenb.doctor import Facts, Finding, examine, examine_url, sentence
from voicenb.errors import BadReference
from voicenb.measures import VoiceActivity, clipped_share, loudness, sample_peak, signal_to_noise, voice_activity
from voicenb.services.base import ReferenceRules

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reference"]

MAX_BYTES = 2**29
"""The largest recording that is read, 512 MiB: five times what any upload takes, and an hour of stereo at 48 kHz."""

_TAKEN = "a path, an http(s) URL, bytes, (samples, rate), an open file, a recording widget or another Reference"


class _Ruled(Protocol):
    """A service, as far as a reference is concerned."""

    @property
    def reference_rules(self) -> ReferenceRules:
        """What it takes as a reference."""

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a reference, in words, or None."""


class _Housed(Protocol):
    """A studio, as far as a reference is concerned."""

    @property
    def service(self) -> Any:
        """Its service."""


Takes: TypeAlias = ReferenceRules | _Ruled | _Housed


class Reference:
    """A recording that a voice is cloned from.

    Its bytes are read once, when it is made, and hashed; what was read is what is examined and sent. A URL is not
    fetched: the service does that; `fetch` downloads it where it is to be measured or prepared.

    At the end of a cell it shows its waveform with the spoken part marked, a player, and the facts.

    Args:
        source: A path, an http(s) URL, the bytes of a file, ``(samples, rate)`` with samples of shape ``(n,)`` or
            ``(n, channels)``, an open binary file, a recording or upload widget (anything with a ``value``), a `Clip`, or
            another Reference.
        consent: Who agreed to what, in your own words; kept with the voice and shown in reports.
        name: What to call it; the file's name without its suffix when omitted.

    Raises:
        BadReference: It is missing, empty, a folder, not audio, damaged, or cannot be read.
    """

    def __init__(self, source: Any, *, consent: str | None = None, name: str | None = None) -> None:
        self._data: bytes | None = None
        self._samples: npt.NDArray[np.float32] | None = None
        self._rate = 0
        self._changes: list[str] = []
        self.url: str | None = None
        """The address, where it was given by one; None for a recording."""
        self.name: str | None = name
        """What to call it."""
        self.consent: str | None = consent
        """Who agreed to what, or None."""
        self._label = "the recording"
        self._take(source)

    # -- where it comes from -----------------------------------------------------------------------------------

    def _take(self, source: Any) -> None:
        if isinstance(source, Reference):
            own = {"name": self.name, "consent": self.consent}
            self.__dict__.update(source.__dict__)
            self._changes = source.changes
            self.__dict__.update({key: value for key, value in own.items() if value is not None})
        elif isinstance(source, Clip):
            self._label = "the clip"
            self._load(source.data)
        elif isinstance(source, str) and re.match(r"https?://", source, re.IGNORECASE):
            self.url = source
            path = PurePosixPath(unquote(urlsplit(source).path))
            self._label, self.name = path.name or source, self.name or path.stem or None
        elif isinstance(source, str) and "://" in source:
            scheme, _, rest = source.partition("://")
            if scheme.lower() != "file":
                raise BadReference(f"{scheme}:// addresses are not read; give {_TAKEN}.")
            self._read(Path(url2pathname(rest.removeprefix("localhost"))))
        elif isinstance(source, str | os.PathLike):
            self._read(Path(os.fsdecode(source)).expanduser())
        elif isinstance(source, bytes | bytearray | memoryview):
            self._load(bytes(source))
        elif isinstance(source, tuple | list) and len(source) == 2 and not isinstance(source[0], Mapping):
            self._record(source[0], source[1])
        elif hasattr(source, "read"):
            self._open(source)
        elif hasattr(source, "value") or isinstance(source, tuple | list | Mapping):
            self._widget(getattr(source, "value", source))
        else:
            raise BadReference(f"{type(source).__name__} {source!r:.40} is no recording; give {_TAKEN}.")

    def _read(self, path: Path) -> None:
        self._label, self.name = path.name or str(path), self.name or path.stem or None
        try:
            # The path is asked before it is opened: opening a pipe or a device would wait for ever.
            found = path.stat()
            if stat.S_ISDIR(found.st_mode):
                raise BadReference(f"{path} is a folder; give the path of one recording in it.")
            if not stat.S_ISREG(found.st_mode):
                raise BadReference(f"{path} is no ordinary file; give the path of a recording.")
            self._fits(found.st_size)
            data = path.read_bytes()
        except FileNotFoundError:
            raise BadReference(
                f"There is no file {path} (looked for from {Path.cwd()}); check the spelling and the folder."
            ) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BadReference(f"{path} cannot be read: {reason}.") from None
        self._load(data)

    def _open(self, file: Any) -> None:
        name = getattr(file, "name", None)
        if isinstance(name, str):
            self._label, self.name = Path(name).name, self.name or Path(name).stem
        data = file.read()
        if not isinstance(data, bytes | bytearray | memoryview):
            raise BadReference(f"{self._label} is open as text; open it with mode 'rb'.")
        self._load(bytes(data))

    def _widget(self, value: Any) -> None:
        """What an ipywidgets `FileUpload` (versions 7 and 8) or a recorder holds."""
        if isinstance(value, Mapping) and "content" not in value:
            value = [{"name": key, **entry} for key, entry in value.items() if isinstance(entry, Mapping)]
        entry = value[-1] if isinstance(value, tuple | list) and value else value
        if isinstance(entry, Mapping) and "content" in entry:
            name = str(entry.get("name") or "")
            if name:
                self._label, self.name = name, self.name or Path(name).stem
            entry = entry["content"]
        if isinstance(entry, memoryview | bytes | bytearray) and len(entry):
            self._load(bytes(entry))
        elif hasattr(entry, "value"):
            self._widget(entry.value)
        else:
            raise BadReference(
                "Nothing was recorded or chosen yet: record or choose a file first, then run this again."
            )

    def _record(self, first: Any, second: Any) -> None:
        """Samples and their rate, in either order."""
        samples, rate = (second, first) if np.ndim(first) == 0 and np.ndim(second) else (first, second)
        sound = np.asarray(samples)
        if (
            np.ndim(rate)
            or isinstance(rate, bool)
            or not isinstance(rate, int | float | np.number)
            or not 1000 <= rate <= 768_000
        ):
            raise BadReference(f"(samples, rate) needs a rate between 1,000 and 768,000 Hz; {rate!r} was given.")
        if sound.dtype.kind not in "iuf" or sound.ndim not in {1, 2} or not sound.size:
            raise BadReference(
                "(samples, rate) needs numbers of the shape (n,) or (n, channels); "
                f"{sound.dtype} of the shape {sound.shape} was given."
            )
        if sound.ndim == 2 and sound.shape[0] <= 8 < sound.shape[1]:
            raise BadReference(f"The samples' shape is {sound.shape}; (n, channels) is needed: give samples.T.")
        self._fits(4 * sound.size)
        bits = 16
        if sound.dtype.kind == "f":
            scaled = np.nan_to_num(sound.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
            peak = float(np.abs(scaled).max())
            bits = 24
            if peak > 1:
                scaled /= peak / 0.99
                self._changes.append(f"scaled from a peak of {peak:.3g} to full scale")
        elif sound.dtype.kind == "u":
            half = float(2 ** (8 * sound.dtype.itemsize - 1))
            scaled = sound.astype(np.float64) / half - 1
        else:
            scaled = sound.astype(np.float64) / 2.0 ** (8 * sound.dtype.itemsize - 1)
            bits = 16 if sound.dtype.itemsize <= 2 else 24
        self._load(encode(scaled.astype(np.float32), round(float(rate)), "wav", bits=bits))

    def _fits(self, count: int) -> None:
        if count > MAX_BYTES:
            raise BadReference(
                f"{self._label} is {size(count)}; {size(MAX_BYTES)} is the most that is read. "
                "A reference needs a minute of speech: cut a piece out of it."
            )

    def _load(self, data: bytes) -> None:
        self._fits(len(data))
        if not data:
            raise BadReference(f"{self._label} is empty (0 bytes); record it again.")
        try:
            samples, self._rate = decode(data)
        except AudioError as error:
            advice = (
                "" if error.missing else ". Give a wav, flac, mp3, ogg, m4a, aac, mp4, mov, mkv, webm, avi or flv file"
            )
            raise BadReference(f"{self._label}: {error}{advice}.") from None
        samples.flags.writeable = False
        self._data, self._samples = data, samples

    def fetch(self, *, timeout: float = 60.0) -> Reference:
        """The recording behind a URL, downloaded (without any key) so that it can be measured and prepared.

        It keeps its URL, which is what the service is given. A recording is returned as it is.

        Args:
            timeout: Seconds that the server may stay silent.

        Raises:
            BadReference: The address cannot be reached, or there is no recording behind it.
        """
        if self.url is None or self._data is not None:
            return self
        import httpx

        content = bytearray()
        try:
            with httpx.stream("GET", self.url, follow_redirects=True, timeout=timeout) as answer:
                if not answer.is_success:
                    raise BadReference(f"{self.url} answers {answer.status_code}; check that it is public.")
                for piece in answer.iter_bytes():
                    content += piece
                    self._fits(len(content))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BadReference(f"{self.url} cannot be fetched: {str(error) or type(error).__name__}.") from None
        fetched = Reference(bytes(content), consent=self.consent, name=self.name)
        fetched.url = self.url
        fetched._label = self._label
        return fetched

    # -- what it is --------------------------------------------------------------------------------------------

    def _needs_bytes(self) -> BadReference:
        return BadReference(f"{self.url} has not been fetched: reference.fetch() downloads it.")

    @property
    def data(self) -> bytes:
        """The file's bytes.

        Raises:
            BadReference: It is a URL that was not fetched; the same holds for all that is measured.
        """
        if self._data is None:
            raise self._needs_bytes()
        return self._data

    @property
    def samples(self) -> npt.NDArray[np.float32]:
        """The sound, float32 of shape ``(n,)`` or ``(n, channels)``, full scale ±1; read-only."""
        if self._samples is None:
            raise self._needs_bytes()
        return self._samples

    @property
    def format(self) -> str:
        """The container by its content, never by its suffix: wav, flac, mp3, …"""
        return sniff(self.data) or ""

    @property
    def rate(self) -> int:
        """Samples a second, in Hz."""
        return self._rate if self.samples is not None else 0

    @property
    def channels(self) -> int:
        """Their number."""
        return 1 if self.samples.ndim == 1 else int(self.samples.shape[1])

    @property
    def duration(self) -> float:
        """The whole recording in seconds."""
        return len(self.samples) / self.rate

    @property
    def spoken(self) -> float:
        """Seconds from the first to the last speech, the pauses between included."""
        return self._activity.span

    @property
    def changes(self) -> list[str]:
        """What was done to the recording since it was read, in words."""
        return list(self._changes)

    @cached_property
    def hash(self) -> str:
        """The SHA-256 of `data` in hexadecimal; empty for a URL that was not fetched."""
        return hashlib.sha256(self._data).hexdigest() if self._data is not None else ""

    @cached_property
    def _activity(self) -> VoiceActivity:
        return voice_activity(self.samples, self.rate)

    @cached_property
    def _facts(self) -> Facts:
        return Facts(
            form=self.format,
            rate=self.rate,
            channels=self.channels,
            duration=self.duration,
            activity=self._activity,
            loudness=loudness(self.samples, self.rate),
            peak=sample_peak(self.samples),
            clipped=clipped_share(self.samples),
            noise=signal_to_noise(self.samples, self.rate, self._activity),
            size=len(self.data),
        )

    # -- the doctor --------------------------------------------------------------------------------------------

    def _findings(self, takes: Takes) -> list[Finding]:
        rules, service = _resolved(takes)
        findings: list[Finding] = []
        if self.url is not None:
            problem = service.check_url(self.url) if service is not None and rules.url_rule is not None else None
            findings += examine_url(self.url, problem, rules, fetched=self._data is not None)
        if self._data is not None:
            measured = examine(self._facts, rules)
            # What is sent is the address: neither the way there nor our conversion is a matter of the downloaded file.
            findings += [row for row in measured if self.url is None or row.rule not in {"source", "format"}]
        return findings

    def check(self, service: Takes) -> pd.DataFrame:
        """The doctor: every rule, what was found, and what to do.

        Args:
            service: A studio, a service, or its `ReferenceRules`.

        Returns:
            A DataFrame with the columns rule, found, allowed, severity and fix. ``severity`` is ok, note, warning, or error;
            an error is what the service states and will refuse, all else is our advice (see `voicenb.doctor`).
        """
        import pandas as pd

        columns = ["rule", "found", "allowed", "severity", "fix"]
        rows = [[getattr(finding, column) for column in columns] for finding in self._findings(service)]
        return pd.DataFrame(rows, columns=columns, dtype="str")

    def problems(self, service: Takes) -> list[Finding]:
        """The findings that the service would refuse."""
        return [finding for finding in self._findings(service) if finding.severity == "error"]

    def require(self, service: Takes) -> None:
        """Nothing where the service takes the recording.

        Raises:
            BadReference: It does not; every reason is named with what to do.
        """
        if problems := self.problems(service):
            rules, _ = _resolved(service)
            raise BadReference(
                f"{self._label} cannot be the reference for {rules.service}; nothing was sent, nothing was charged.\n"
                + sentence(problems),
                service=rules.service,
            )

    # -- making it fit -----------------------------------------------------------------------------------------

    def prepare(self, service: Takes) -> Reference:
        """The recording as the service takes it best: a new Reference, whose `changes` say what was done.

        Silence at both ends is trimmed, too much speech is cut at a pause, channels are mixed, a constant offset
        is taken off, rates above 48 kHz come down to it, and the level goes to −23 LUFS with peaks of −1 dBTP at most. The
        result is a 16-bit WAV. A recording that needs nothing is returned as it is.

        Args:
            service: A studio, a service, or its `ReferenceRules`.

        Raises:
            BadReference: There is too little speech, which nothing mends: the message says how much more is needed.
        """
        rules, _ = _resolved(service)
        done = preparing.prepare(self.samples, self.rate, shortest=rules.min_seconds, longest=rules.max_seconds)
        changes = list(done.changes)
        if not self._is_plain_wav():
            changes.append(
                "written with 16 bits" if self.format == "wav" else f"written as 16-bit WAV (was {self.format})"
            )
        prepared = self
        if changes:
            prepared = Reference(encode(done.samples, done.rate, "wav"), consent=self.consent, name=self.name)
            prepared._label = self._label
            prepared._changes = self._changes + changes
        elif self.url is not None:
            prepared = Reference(self)
            prepared.url = None
        short = [row for row in prepared.problems(service) if row.rule == "speech"]
        if short:
            raise BadReference(
                f"{self._label} cannot be mended for {rules.service}: there is too little speech in it.\n"
                + sentence(short),
                service=rules.service,
            )
        return prepared

    def trim(self, start: float = 0.0, end: float | None = None) -> Reference:
        """The part of the recording between two moments: a new Reference, whose `changes` say what was taken.

        Args:
            start: In seconds from the beginning.
            end: In seconds from the beginning; None is the recording's end.

        Raises:
            BadReference: The part is empty, or lies outside the recording.
        """
        last = self.duration if end is None else end
        first, behind = round(start * self.rate), round(last * self.rate)
        if not 0 <= start < last <= self.duration + 0.001 or first == behind:
            raise BadReference(
                f"{start:g} to {last:g} s is no part of {self._label}, which lasts {seconds(self.duration)}; "
                "give start and end in seconds within it."
            )
        if start <= 0 and last >= self.duration:
            return self
        part = self.samples[first:behind]
        trimmed = Reference(encode(part, self.rate, "wav"), consent=self.consent, name=self.name)
        trimmed._label = self._label
        trimmed._changes = [*self._changes, f"{start:.1f} to {last:.1f} s taken"]
        return trimmed

    def _is_plain_wav(self) -> bool:
        import io

        import soundfile

        return self.format == "wav" and soundfile.info(io.BytesIO(self.data)).subtype == "PCM_16"

    def payload(self, rules: Takes) -> tuple[str, bytes, str]:
        """What an upload sends: a file name in ASCII, the bytes, and the media type.

        The bytes are those that were read where the service takes the format, else the same sound as 16-bit WAV, which is
        then noted in `changes`.
        """
        taken, _ = _resolved(rules)
        data, form = self.data, self.format
        if form not in taken.formats or form not in (taken.upload_formats or taken.formats):
            data, note = encode(self.samples, self.rate, "wav"), f"sent as 16-bit WAV (was {form})"
            form = "wav"
            if note not in self._changes:
                self._changes.append(note)
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", self.name or "").strip("-._")
        return f"{stem[:60] or f'reference-{self.hash[:8]}'}.{form}", data, MIME[form]

    # -- how it looks ------------------------------------------------------------------------------------------

    def _told(self) -> list[str]:
        """What it is, one fact a string."""
        if self._data is None:
            return [self.url or ""]
        channels = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        return [
            self.name if self._label == "the recording" and self.name else self._label,
            seconds(self.duration),
            f"{seconds(self.spoken)} from first to last word" if self.spoken else "no speech found",
            f"{self.rate / 1000:g} kHz",
            channels,
            self.format,
        ]

    def __repr__(self) -> str:
        facts = self._told() + ([f"consent: {self.consent}"] if self.consent else [])
        return f"<Reference {' · '.join(facts)}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        if self._data is None:
            return {"text/plain": repr(self)}
        small, mime = compact(self.samples, self.rate, data=self.data, form=self.format)
        html = reference_html(
            self.samples,
            self.duration,
            audio=small,
            mime=mime,
            used=(self._activity.start, self._activity.end),
            facts=self._told(),
            consent=self.consent,
            changes=self._changes,
        )
        return {"text/html": html, "text/plain": repr(self)}


def _resolved(takes: Takes) -> tuple[ReferenceRules, _Ruled | None]:
    """The rules, and the service that can judge a URL, of a studio, a service or rules."""
    if isinstance(takes, ReferenceRules):
        return takes, None
    service: Any = getattr(takes, "service", takes)
    if not isinstance(getattr(service, "reference_rules", None), ReferenceRules):
        raise TypeError(f"A studio, a service or its ReferenceRules is needed; {type(takes).__name__} was given.")
    return service.reference_rules, service
