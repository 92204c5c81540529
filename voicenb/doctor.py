"""The doctor: what is right and wrong with a recording that is to be cloned.

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

from voicenb.display import size
from voicenb.measures import VoiceActivity
from voicenb.services.base import ReferenceRules

__all__ = ["Facts", "Finding", "Severity", "examine", "examine_url", "sentence"]

Severity: TypeAlias = Literal["ok", "note", "warning", "error"]

_RATE, _MOST_RATE = 16_000, 48_000
_LEVELS = (-33.0, -10.0)
_CLIPPED = 1e-4
_NOISE, _LOUD_NOISE = 25.0, 15.0
_SILENCE = 1.0
# The measured length of speech is good to about this much, in seconds; a service measures by itself.
_NEAR = 0.3


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the doctor's table.

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
class Facts:
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


def examine(facts: Facts, rules: ReferenceRules) -> list[Finding]:
    """The findings on a recording, in a fixed order; texts are short enough for a table."""
    return [
        _format(facts, rules),
        *_speech(facts, rules),
        _rate(facts),
        Finding(
            "channels",
            {1: "mono", 2: "stereo"}.get(facts.channels, f"{facts.channels} channels"),
            "mono is best",
            *(("ok", "") if facts.channels == 1 else ("note", "ref.prepare(studio) mixes it to mono")),
        ),
        _level(facts),
        Finding(
            "clipping",
            f"{100 * facts.clipped:.3g} % of samples" if facts.clipped else "none",
            f"below {100 * _CLIPPED:g} %",
            *(("ok", "") if facts.clipped < _CLIPPED else ("warning", "lower the input gain and record again")),
        ),
        _background(facts),
        _silence(facts),
        _size(facts, rules),
        *_way(rules, url=False),
    ]


def examine_url(url: str, problem: str | None, rules: ReferenceRules, *, fetched: bool) -> list[Finding]:
    """The findings on an address, of which `problem` says what is wrong in words."""
    if rules.url_rule is None:
        return [] if fetched else _way(rules, url=True)
    shown = url if len(url) <= 48 else url[:30] + "…" + url[-17:]
    findings = [
        Finding("url", shown, rules.url_rule)
        if problem is None
        else Finding("url", shown, rules.url_rule, "error", problem)
    ]
    if not fetched:
        findings.append(Finding("recording", "not fetched, so not measured", "", "note", "ref.fetch() downloads it"))
    return findings


def _way(rules: ReferenceRules, *, url: bool) -> list[Finding]:
    """How the recording reaches the service, where it cannot."""
    if url and rules.url_rule is None:
        return [Finding("source", "a URL", "a recording", "error", "ref.fetch() downloads it")]
    if not url and rules.url_rule is not None and not rules.upload_formats:
        return [Finding("source", "a recording", "a public URL", "error", rules.publish)]
    return []


def _format(facts: Facts, rules: ReferenceRules) -> Finding:
    allowed = ", ".join(rules.formats)
    if facts.form in rules.formats and facts.form in (rules.upload_formats or rules.formats):
        return Finding("format", facts.form, allowed)
    return Finding("format", facts.form, allowed, "note", "it is converted to WAV when it is sent")


def _speech(facts: Facts, rules: ReferenceRules) -> list[Finding]:
    low, high = rules.min_seconds, rules.max_seconds
    bounds = [f"{word} than {bound:g} s" for word, bound in (("more", low), ("less", high)) if bound is not None]
    allowed = " and ".join(bounds) or "any length"
    span, active = facts.activity.span, facts.activity.active
    # Not as minutes: the limits are seconds.
    found = f"{span:.1f} s"
    if span <= 0:
        return [Finding("speech", "none", allowed, "error", "check the microphone and record again")]
    if low is not None and span <= low:
        more = math.ceil((low - span + 1) * 2) / 2
        return [Finding("speech", found, allowed, "error", f"record at least {more:g} s more")]
    if high is not None and span >= high:
        return [Finding("speech", found, allowed, "error", "ref.prepare(studio) cuts it at a pause")]
    near = (low is not None and span - low < _NEAR) or (high is not None and high - span < _NEAR)
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


def _rate(facts: Facts) -> Finding:
    found, allowed = f"{facts.rate / 1000:g} kHz", f"{_RATE // 1000} kHz or more"
    if facts.rate < _RATE:
        return Finding("rate", found, allowed, "warning", "record at 16 kHz or more; a telephone is too narrow")
    if facts.rate > _MOST_RATE:
        return Finding("rate", found, allowed, "note", "ref.prepare(studio) makes it 48 kHz")
    return Finding("rate", found, allowed)


def _level(facts: Facts) -> Finding:
    low, high = _LEVELS
    allowed = f"{low:.0f} to {high:.0f} LUFS".replace("-", "−")
    found = _decibels(facts.loudness, "LUFS")
    if facts.loudness < low:
        return Finding("level", found, allowed, "warning", "ref.prepare(studio) raises it; record closer")
    if facts.loudness > high:
        return Finding("level", found, allowed, "warning", "ref.prepare(studio) lowers it")
    return Finding("level", found, allowed)


def _background(facts: Facts) -> Finding:
    allowed = f"speech {_NOISE:.0f} dB above it"
    if math.isnan(facts.noise):
        return Finding("noise", "no speech to compare with", allowed, "note")
    found = "silent" if math.isinf(facts.noise) else f"speech {facts.noise:.0f} dB above it"
    if facts.noise < _LOUD_NOISE:
        return Finding("noise", found, allowed, "warning", "record closer, in a quieter room")
    if facts.noise < _NOISE:
        return Finding("noise", found, allowed, "note", "recording closer would be better")
    return Finding("noise", found, allowed)


def _silence(facts: Facts) -> Finding:
    if not facts.activity.span:
        return Finding("silence", "all of it", "", "note")
    lead, tail = facts.activity.start, max(0.0, facts.duration - facts.activity.end)
    found = f"{lead:.1f} s before, {tail:.1f} s after"
    allowed = f"{_SILENCE:g} s at an end"
    if max(lead, tail) > _SILENCE:
        return Finding("silence", found, allowed, "note", "ref.prepare(studio) trims it")
    if facts.activity.active < 0.5 * facts.activity.span:
        share = 1 - facts.activity.active / facts.activity.span
        return Finding("silence", f"{share:.0%} pauses", "half at most", "warning", "read on without long pauses")
    return Finding("silence", found, allowed)


def _size(facts: Facts, rules: ReferenceRules) -> Finding:
    found = size(facts.size)
    if rules.max_bytes is None:
        return Finding("file size", found, "any size")
    allowed = f"at most {size(rules.max_bytes)}"
    if facts.size > rules.max_bytes:
        return Finding("file size", found, allowed, "error", "ref.prepare(studio) makes it smaller")
    return Finding("file size", found, allowed)


def _decibels(value: float, unit: str) -> str:
    return "silence" if math.isinf(value) else f"{value:.1f} {unit}".replace("-", "−")


def sentence(findings: Sequence[Finding]) -> str:
    """The findings as lines of an error message."""
    return "\n".join(
        f"  - {finding.rule}: {finding.found}; allowed: {finding.allowed}. Do: {finding.fix}." for finding in findings
    )
