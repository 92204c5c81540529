"""What is right and wrong with a recording that is to be cloned.

Only what a service states is an error. Everything else is our own advice, at most a warning:

- Rate: below 16 kHz the band ends below 8 kHz, where ``s``, ``f`` and breath live; a clone cannot invent it.
- Level: −33 to −10 LUFS. Quieter speech lies near the noise of cheap converters and 16-bit files made from it; louder speech
  has been compressed or clipped. −23 LUFS is the target of EBU R 128.
- Clipping: 1 sample in 10,000 (a hundredth of a per cent) in flat tops can be heard, and is learned as roughness.
- Noise: speech 25 dB above its background is a quiet room; below 15 dB the noise is cloned with the voice.
- Silence: more than 1 s at an end, or pauses that take more than half of the recording, count against the length and teach
  nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from voicenb.display.html import size
from voicenb.measures import VoiceActivity
from voicenb.services.base import ReferenceRules

__all__ = ["FETCH", "PREPARE", "Finding", "Measurements", "Severity", "describe", "examine", "examine_url", "fix_by"]

PREPARE, FETCH = "ref.prepare(studio)", "ref.fetch()"
"""How a fix names preparing and downloading, as Python has them; see `fix_by`."""

Severity: TypeAlias = Literal["ok", "note", "warning", "error"]

_LOW_RATE, _HIGH_RATE = 16_000, 48_000
_LEVELS = (-33.0, -10.0)
_CLIPPED = 1e-4
_NOISE, _LOUD_NOISE = 25.0, 15.0
_SILENCE = 1.0
# The measured length of speech is good to about this much, in seconds; a service measures by itself.
_MARGIN_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table.

    Attributes:
        rule: What was looked at.
        found: What there is.
        allowed: What the service states, or what we advise.
        severity: ``ok``, ``note`` (worth knowing), ``warning`` (will be heard) or ``error`` (the service refuses it).
        fix: What to do; empty where all is well.
    """

    rule: str
    found: str
    allowed: str
    severity: Severity = "ok"
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Measurements:
    """What was measured of a recording.

    Attributes:
        form: Its container.
        rate: In Hz.
        channels: Their number.
        duration: In seconds.
        activity: Where somebody speaks.
        loudness: Integrated, in LUFS.
        peak: The largest sample, in dBFS.
        clipped: The share of samples in flat tops, 0–1.
        noise: Speech above background, in dB.
        size: The file's size in bytes.
        taken: The channel, from 1, that is used and measured alone, or None for the mean of all.
        remarks: What a listener should know of the file.
    """

    form: str
    rate: int
    channels: int
    duration: float
    activity: VoiceActivity
    loudness: float
    peak: float
    clipped: float
    noise: float
    size: int
    taken: int | None = None
    remarks: tuple[str, ...] = ()


def examine(measured: Measurements, rules: ReferenceRules) -> list[Finding]:
    """The findings on a recording, in a fixed order; texts are short enough for a table."""
    return [
        _format(measured, rules),
        *_speech(measured, rules),
        _rate(measured),
        _channels(measured),
        _level(measured),
        Finding(
            "clipping",
            f"{100 * measured.clipped:.3g} % of samples" if measured.clipped else "none",
            f"below {100 * _CLIPPED:g} %",
            *(("ok", "") if measured.clipped < _CLIPPED else ("warning", "lower the input gain and record again")),
        ),
        _background(measured),
        _silence(measured),
        _size(measured, rules),
        *(Finding("file", one, "", "note", "listen to it; what is sent is what was read") for one in measured.remarks),
        *_delivery(rules, url=False),
    ]


def examine_url(
    url: str, problem: str | None, rules: ReferenceRules, *, fetched: bool, advice: str | None = None
) -> list[Finding]:
    """The findings on an address, of which `problem` says what is wrong in words, and `advice` what may be."""
    if rules.url_rule is None:
        return [] if fetched else _delivery(rules, url=True)
    shown = url if len(url) <= 48 else url[:30] + "…" + url[-17:]
    findings = [
        Finding("url", shown, rules.url_rule, *(("warning", advice) if advice else ()))
        if problem is None
        else Finding("url", shown, rules.url_rule, "error", problem)
    ]
    if not fetched:
        findings.append(Finding("recording", "not fetched, so not measured", "", "note", f"{FETCH} downloads it"))
    return findings


def fix_by(fix: str, *, prepare: str, fetch: str) -> str:
    """What to do, where there is no Python to write: by what preparing and downloading are called there.

    Args:
        fix: A finding's fix.
        prepare: A button or a command that prepares.
        fetch: One that downloads.
    """
    return fix.replace(PREPARE, prepare).replace(FETCH, fetch)


def _delivery(rules: ReferenceRules, *, url: bool) -> list[Finding]:
    """The finding that the service does not take a recording, or an address, in this way."""
    if url and rules.url_rule is None:
        return [Finding("source", "a URL", "a recording", "error", f"{FETCH} downloads it")]
    if not url and rules.url_rule is not None and not rules.upload_formats:
        return [Finding("source", "a recording", "a public URL", "error", rules.publish)]
    return []


def _format(measured: Measurements, rules: ReferenceRules) -> Finding:
    allowed = ", ".join(rules.formats)
    if measured.form in rules.formats and measured.form in (rules.upload_formats or rules.formats):
        return Finding("format", measured.form, allowed)
    return Finding("format", measured.form, allowed, "note", "it is converted to WAV when it is sent")


def _speech(measured: Measurements, rules: ReferenceRules) -> list[Finding]:
    low, high = rules.min_seconds, rules.max_seconds
    bounds = [f"{word} than {bound:g} s" for word, bound in (("more", low), ("less", high)) if bound is not None]
    allowed = " and ".join(bounds) or "any length"
    span, active = measured.activity.span, measured.activity.active
    # Not as minutes: the limits are seconds.
    found = f"{span:.1f} s"
    if span <= 0:
        return [Finding("speech", "none", allowed, "error", "check the microphone and record again")]
    if low is not None and span <= low:
        more = math.ceil((low - span + 1) * 2) / 2
        return [Finding("speech", found, allowed, "error", f"record at least {more:g} s more")]
    if high is not None and span >= high:
        return [Finding("speech", found, allowed, "error", f"{PREPARE} cuts it at a pause")]
    near = (low is not None and span - low < _MARGIN_SECONDS) or (high is not None and high - span < _MARGIN_SECONDS)
    findings = [
        Finding("speech", found, allowed, "note", "near the limit: the service may measure otherwise")
        if near
        else Finding("speech", found, allowed)
    ]
    if low is not None and active <= low:
        # The service states a length of "spoken content"; whether pauses count is not stated.
        fix = f"{low - active:.1f} s more speech would be safe"
        findings.append(
            Finding("speech without pauses", f"{active:.1f} s", f"better more than {low:g} s", "warning", fix)
        )
    return findings


def _rate(measured: Measurements) -> Finding:
    found, allowed = f"{measured.rate / 1000:g} kHz", f"{_LOW_RATE // 1000} kHz or more"
    if measured.rate < _LOW_RATE:
        return Finding("rate", found, allowed, "warning", "record at 16 kHz or more; a telephone is too narrow")
    if measured.rate > _HIGH_RATE:
        return Finding("rate", found, allowed, "note", f"{PREPARE} makes it 48 kHz")
    return Finding("rate", found, allowed)


def _channels(measured: Measurements) -> Finding:
    found = {1: "mono", 2: "stereo"}.get(measured.channels, f"{measured.channels} channels")
    if measured.taken is not None:
        found += f"; channel {measured.taken} is used"
        return Finding(
            "channels", found, "mono is best", "note", "mixed, the others would weaken it: it is taken alone"
        )
    if measured.channels > 1:
        return Finding("channels", found, "mono is best", "note", f"{PREPARE} mixes it to mono")
    return Finding("channels", found, "mono is best")


def _level(measured: Measurements) -> Finding:
    low, high = _LEVELS
    allowed = f"{low:.0f} to {high:.0f} LUFS".replace("-", "−")
    found = _decibels(measured.loudness, "LUFS")
    if measured.loudness < low:
        return Finding("level", found, allowed, "warning", f"{PREPARE} raises it; record closer")
    if measured.loudness > high:
        return Finding("level", found, allowed, "warning", f"{PREPARE} lowers it")
    return Finding("level", found, allowed)


def _background(measured: Measurements) -> Finding:
    allowed = f"speech {_NOISE:.0f} dB above it"
    if math.isnan(measured.noise):
        return Finding("noise", "no speech to compare with", allowed, "note")
    found = _above(measured.noise)
    if measured.noise < _LOUD_NOISE:
        return Finding("noise", found, allowed, "warning", "record closer, in a quieter room")
    if measured.noise < _NOISE:
        return Finding("noise", found, allowed, "note", "recording closer would be better")
    return Finding("noise", found, allowed)


def _above(decibels: float) -> str:
    """How much louder the speech is than what lies under it, in words: a negative number would be "above" nothing."""
    if math.isinf(decibels):
        return "silent" if decibels > 0 else "no speech above it"
    whole = round(decibels)
    if not whole:
        return "as loud as the speech"
    return f"speech {whole} dB above it" if whole > 0 else f"{-whole} dB louder than the speech"


def _silence(measured: Measurements) -> Finding:
    if not measured.activity.span:
        return Finding("silence", "all of it", "", "note")
    lead, tail = measured.activity.start, max(0.0, measured.duration - measured.activity.end)
    found = f"{lead:.1f} s before, {tail:.1f} s after"
    allowed = f"{_SILENCE:g} s at an end"
    if max(lead, tail) > _SILENCE:
        return Finding("silence", found, allowed, "note", f"{PREPARE} trims it")
    if measured.activity.active < 0.5 * measured.activity.span:
        share = 1 - measured.activity.active / measured.activity.span
        return Finding("silence", f"{share:.0%} pauses", "half at most", "warning", "read on without long pauses")
    return Finding("silence", found, allowed)


def _size(measured: Measurements, rules: ReferenceRules) -> Finding:
    found = size(measured.size)
    if rules.max_bytes is None:
        return Finding("file size", found, "any size")
    allowed = f"at most {size(rules.max_bytes)}"
    if measured.size > rules.max_bytes:
        return Finding("file size", found, allowed, "error", f"{PREPARE} makes it smaller")
    return Finding("file size", found, allowed)


def _decibels(value: float, unit: str) -> str:
    return "silence" if math.isinf(value) else f"{value:.1f} {unit}".replace("-", "−")


def describe(findings: Sequence[Finding]) -> str:
    """The findings as lines of an error message."""
    return "\n".join(
        f"  - {finding.rule}: {finding.found}; allowed: {finding.allowed}. Do: {finding.fix}." for finding in findings
    )
