"""`Reference`: a recording that a voice is cloned from; read once, examined, prepared."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from voicenb.audio.channels import mixed
from voicenb.audio.codec import encode
from voicenb.audio.containers import MIME, sniff
from voicenb.audio.sound import Sound
from voicenb.base.arguments import real_number
from voicenb.display.embedded import compact
from voicenb.display.html import reference_html, seconds
from voicenb.errors import BadReference
from voicenb.measures import VoiceActivity, clipped_share, loudness, sample_peak, signal_to_noise, voice_activity
from voicenb.services.base import ReferenceRules
from voicenb.studio import preparing
from voicenb.studio.recording_checks import Finding, Measurements, describe, examine, examine_url
from voicenb.studio.sources import NO_NAME, download, read_source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Reference"]


class _Service(Protocol):
    """A service, as far as a reference is concerned."""

    @property
    def reference_rules(self) -> ReferenceRules:
        """What it takes as a reference."""

    def check_url(self, url: str) -> str | None:
        """What is wrong with `url` as a reference, in words, or None."""


class _Studio(Protocol):
    """A studio, as far as a reference is concerned."""

    @property
    def service(self) -> Any:
        """Its service."""


Takes: TypeAlias = ReferenceRules | _Service | _Studio


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

    url: str | None
    """The address, where it was given by one; None for a recording."""
    name: str | None
    """What to call it."""
    consent: str | None
    """Who agreed to what, or None."""

    def __init__(self, source: Any, *, consent: str | None = None, name: str | None = None) -> None:
        if isinstance(source, Reference):
            # With what was measured of it.
            vars(self).update(vars(source))
            self._changes = source.changes
            self.name = source.name if name is None else name
            self.consent = source.consent if consent is None else consent
            return
        self._recording = read_source(source, name)
        self._changes = list(self._recording.changes)
        # Of what this was made of: a level that was lowered hides flat tops.
        self._clipped = 0.0
        self.url = self._recording.url
        self.name = self._recording.name
        self.consent = consent

    def _with(self, data: bytes, changes: list[str], clipped: float = 0.0) -> Reference:
        """Another recording under the name, the consent and the label of this one."""
        made = Reference(data, consent=self.consent, name=self.name)
        made._recording = replace(made._recording, label=self._label)
        made._changes = changes
        made._clipped = max(self._clipped, clipped)
        return made

    # -- where it comes from -----------------------------------------------------------------------------------

    def fetch(self, *, timeout: float = 60.0) -> Reference:
        """The recording behind a URL, downloaded (without any key) so that it can be measured and prepared.

        It keeps its URL, which is what the service is given. A recording is returned as it is.

        Args:
            timeout: Seconds that the server may stay silent.

        Raises:
            BadReference: The address cannot be reached, or there is no recording behind it.
        """
        if self.url is None or self._recording.data is not None:
            return self
        fetched = self._with(download(self.url, self._label, timeout), [])
        fetched.url = self.url
        return fetched

    # -- what it is --------------------------------------------------------------------------------------------

    @property
    def _label(self) -> str:
        """What messages call it."""
        return self._recording.label

    def _needs_bytes(self) -> BadReference:
        return BadReference(f"{self.url} has not been fetched: reference.fetch() downloads it.")

    @property
    def data(self) -> bytes:
        """The file's bytes.

        Raises:
            BadReference: It is a URL that was not fetched; the same holds for all that is measured.
        """
        if self._recording.data is None:
            raise self._needs_bytes()
        return self._recording.data

    @property
    def samples(self) -> npt.NDArray[np.float32]:
        """The sound, float32 of shape ``(n,)`` or ``(n, channels)``, full scale ±1; read-only."""
        return self._decoded.samples

    @property
    def _decoded(self) -> Sound:
        if self._recording.sound is None:
            raise self._needs_bytes()
        return self._recording.sound

    @property
    def format(self) -> str:
        """The container by its content, never by its suffix: wav, flac, mp3, …"""
        return sniff(self.data) or self._decoded.form

    @property
    def rate(self) -> int:
        """Samples a second, in Hz."""
        return self._decoded.rate

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
        return hashlib.sha256(self._recording.data).hexdigest() if self._recording.data is not None else ""

    @cached_property
    def _activity(self) -> VoiceActivity:
        return voice_activity(self._mono[0], self.rate)

    @cached_property
    def _mono(self) -> tuple[npt.NDArray[np.float32], int | None]:
        """What is measured, everywhere: the mean of the channels, or the one that is taken in its place, with its number."""
        return mixed(self.samples)

    @cached_property
    def _measurements(self) -> Measurements:
        return Measurements(
            form=self.format,
            rate=self.rate,
            channels=self.channels,
            duration=self.duration,
            activity=self._activity,
            loudness=loudness(self._mono[0], self.rate),
            peak=sample_peak(self._mono[0]),
            # A mean hides the flat tops of what it is made of.
            clipped=max(self._clipped, clipped_share(self.samples if self._mono[1] is None else self._mono[0])),
            noise=signal_to_noise(self._mono[0], self.rate, self._activity),
            size=len(self.data),
            taken=None if self._mono[1] is None else self._mono[1] + 1,
            remarks=self._decoded.findings,
        )

    # -- checks ------------------------------------------------------------------------------------------------

    def _findings(self, takes: Takes) -> list[Finding]:
        rules, service = _rules_of(takes)
        findings: list[Finding] = []
        if self.url is not None:
            problem = service.check_url(self.url) if service is not None and rules.url_rule is not None else None
            advise = getattr(service, "url_advice", None)
            advice = advise(self.url) if advise is not None else None
            findings += examine_url(self.url, problem, rules, fetched=self._recording.data is not None, advice=advice)
        if self._recording.data is not None:
            measured = examine(self._measurements, rules)
            # What is sent is the address: neither the way there nor our conversion is a matter of the downloaded file.
            findings += [row for row in measured if self.url is None or row.rule not in {"source", "format"}]
        return findings

    def check(self, service: Takes) -> pd.DataFrame:
        """Every rule, what was found, and what to do.

        Args:
            service: A studio, a service, or its `ReferenceRules`.

        Returns:
            A DataFrame with the columns rule, found, allowed, severity and fix. ``severity`` is ok, note, warning, or error;
            an error is what the service states and will refuse, all else is our advice (see `voicenb.studio.recording_checks`).
        """
        import pandas as pd

        columns = ["rule", "found", "allowed", "severity", "fix"]
        rows = [[getattr(finding, column) for column in columns] for finding in self._findings(service)]
        return pd.DataFrame(rows, columns=columns, dtype="str")

    def problems(self, service: Takes) -> list[Finding]:
        """The findings that the service would refuse."""
        return [finding for finding in self._findings(service) if finding.severity == "error"]

    def require(self, service: Takes) -> None:
        """Do nothing where the service takes the recording.

        Raises:
            BadReference: It does not; every reason is named with what to do.
        """
        if problems := self.problems(service):
            rules, _ = _rules_of(service)
            raise BadReference(
                f"{self._label} cannot be the reference for {rules.service}; nothing was sent, nothing was charged.\n"
                + describe(problems),
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
        rules, _ = _rules_of(service)
        done = preparing.prepare(self.samples, self.rate, shortest=rules.min_seconds, longest=rules.max_seconds)
        changes = list(done.changes)
        if not self._is_plain_wav():
            changes.append(
                "written with 16 bits" if self.format == "wav" else f"written as 16-bit WAV (was {self.format})"
            )
        prepared = self
        if changes and any(row.rule == "clipping" and row.severity != "ok" for row in self._findings(service)):
            changes.append(f"what is clipped stays so: {100 * self._measurements.clipped:.3g} % of samples")
        if changes:
            data = encode(done.samples, done.rate, "wav")
            prepared = self._with(data, self._changes + changes, self._measurements.clipped)
        elif self.url is not None:
            prepared = Reference(self)
            prepared.url = None
        short = [row for row in prepared.problems(service) if row.rule == "speech"]
        if short:
            raise BadReference(
                f"{self._label} cannot be mended for {rules.service}: there is too little speech in it.\n"
                + describe(short),
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
            InvalidRequest: A moment is no number.
        """
        start = real_number("start", start)
        last = self.duration if end is None else real_number("end", end)
        first, behind = round(start * self.rate), round(last * self.rate)
        if not 0 <= start < last <= self.duration + 0.001 or first == behind:
            raise BadReference(
                f"{start:g} to {last:g} s is no part of {self._label}, which lasts {seconds(self.duration)}; "
                "give start and end in seconds within it."
            )
        if start <= 0 and last >= self.duration:
            return self
        part = encode(self.samples[first:behind], self.rate, "wav")
        return self._with(part, [*self._changes, f"{start:.1f} to {last:.1f} s taken"])

    def _is_plain_wav(self) -> bool:
        return self.format == "wav" and not self._decoded.findings and self._decoded.bits == 16

    def payload(self, rules: Takes) -> tuple[str, bytes, str]:
        """What an upload sends: a file name in ASCII, the bytes, and the media type.

        The bytes are those that were read where the service takes the format, else the same sound as 16-bit WAV, which is
        then noted in `changes`.
        """
        taken, _ = _rules_of(rules)
        data, form = self.data, self.format
        # What was repaired when it was read, or of which one channel is taken, another reader would read otherwise.
        if (
            form not in taken.formats
            or form not in (taken.upload_formats or taken.formats)
            or self._decoded.findings
            or self._mono[1] is not None
        ):
            sound = self.samples if self._mono[1] is None else self._mono[0]
            data, note = encode(sound, self.rate, "wav"), f"sent as 16-bit WAV (was {form})"
            form = "wav"
            if note not in self._changes:
                self._changes.append(note)
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", self.name or "").strip("-._")
        return f"{stem[:60] or f'reference-{self.hash[:8]}'}.{form}", data, MIME[form]

    # -- how it looks ------------------------------------------------------------------------------------------

    def _facts(self) -> list[str]:
        """What it is, one fact a string."""
        if self._recording.data is None:
            return [self.url or ""]
        channels = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        return [
            self.name if self._label == NO_NAME and self.name else self._label,
            seconds(self.duration),
            f"{seconds(self.spoken)} from first to last word" if self.spoken else "no speech found",
            f"{self.rate / 1000:g} kHz",
            channels,
            self.format,
        ]

    def __repr__(self) -> str:
        facts = self._facts() + ([f"consent: {self.consent}"] if self.consent else [])
        return f"<Reference {' · '.join(facts)}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        if self._recording.data is None:
            return {"text/plain": repr(self)}
        small, mime = compact(self.samples, self.rate, data=self.data, form=self.format)
        html = reference_html(
            self.samples,
            self.duration,
            audio=small,
            mime=mime,
            used=(self._activity.start, self._activity.end),
            facts=self._facts(),
            consent=self.consent,
            changes=self._changes,
        )
        return {"text/html": html, "text/plain": repr(self)}


def _rules_of(takes: Takes) -> tuple[ReferenceRules, _Service | None]:
    """The rules, and the service that can judge a URL, of a studio, a service or rules."""
    if isinstance(takes, ReferenceRules):
        return takes, None
    service: Any = getattr(takes, "service", takes)
    if not isinstance(getattr(service, "reference_rules", None), ReferenceRules):
        raise TypeError(f"A studio, a service or its ReferenceRules is needed; {type(takes).__name__} was given.")
    return service.reference_rules, service
