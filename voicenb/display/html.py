"""How sound looks in a cell, and the quiet line while a call waits.

What is shown has to outlive the kernel: it is one block of HTML with inline styles, a PNG and an ``<audio src=data:…>``.
JupyterLab drops ``<style>``, ``<script>``, SVG and an ``<source>``'s address from notebooks that it does not trust, and
of inline styles all that name a variable such as ``var(--jp-…)``. So text takes the colour that surrounds it (which
follows the theme in every front end), quieter text is that colour at 72 %, and the waveform is drawn in tones that stand out
from light and from dark.
"""

from __future__ import annotations

import base64
import importlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from voicenb.errors import VoicenbError
from voicenb.measures import envelope

__all__ = [
    "MAX_EMBEDDED",
    "QUIET",
    "clip_html",
    "data_url",
    "import_lab",
    "reference_html",
    "seconds",
    "size",
    "waveform_png",
]

MAX_EMBEDDED = 1_500_000
"""The most bytes of audio that go into a notebook with one result: 5 minutes of speech at 40 kbit/s."""

_MOST_WORDS = 300


def import_lab(module: str) -> ModuleType:
    """A module of the extra ``lab``.

    Raises:
        VoicenbError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise VoicenbError(f"This needs {package}, which is not installed: pip install 'voicenb[lab]'") from error


def seconds(value: float) -> str:
    """A duration in words: ``2.41 s``, ``24.1 s``, ``1 min 05 s``, ``1 h 02 min``."""
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole // 60 % 60:02} min"


def size(count: int) -> str:
    """A number of bytes in words: ``312 kB``, ``1.5 MB``."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.0f} kB" if count < 999_500 else f"{count / 1e6:.1f} MB"


# ── The waveform ────────────────────────────────────────────────────────────────────────────────────────────────────

# At least 3 : 1 against white and against Lab's dark #111111, which graphics need (WCAG 2.2, 1.4.11).
_ACCENT = (59, 125, 216)
_MUTED = (136, 138, 143)


def waveform_png(
    samples: npt.ArrayLike, *, used: tuple[float, float] | None = None, width: int = 640, height: int = 56
) -> bytes:
    """A small waveform of rounded bars on a transparent ground, drawn at twice the size it is shown in.

    Args:
        samples: Shape ``(n,)`` or ``(n, channels)``.
        used: The part that counts, as shares (0–1) of the length; the rest is grey. None: all of it.
        width: In CSS pixels.
        height: In CSS pixels.
    """
    pitch, thick = 8, 5.0
    columns, rows = 2 * width, 2 * height
    count = columns // pitch
    peaks = envelope(samples, count).astype(np.float64)
    # Drawn against its own peak: the picture shows the shape, not the level. The exponent lifts quiet speech a little.
    peaks = (peaks / max(float(peaks.max()), 1e-6)) ** 0.7
    reach = np.maximum(peaks * (rows / 2 - thick / 2 - 1), 0)
    x = (np.arange(columns) + 0.5) % pitch - pitch / 2
    y = np.abs(np.arange(rows) + 0.5 - rows / 2)
    bar = np.minimum(np.arange(columns) // pitch, count - 1)
    # The distance from a capsule: a bar with round ends.
    distance = np.hypot(x[None, :], np.maximum(y[:, None] - reach[bar][None, :], 0)) - thick / 2
    alpha = np.rint(np.clip(0.5 - distance, 0, 1) * 15).astype(np.uint8)
    share = (np.arange(count) + 0.5) / count
    kept = np.ones(count, dtype=bool) if used is None else (share >= used[0]) & (share <= used[1])
    return _png(alpha + np.where(kept[bar], 0, 16).astype(np.uint8)[None, :], (_ACCENT, _MUTED))


def _png(pixels: npt.NDArray[np.uint8], tones: tuple[tuple[int, int, int], ...]) -> bytes:
    """An indexed PNG: pixel ``16 · tone + alpha``, with sixteen steps of transparency a tone.

    Source: https://www.w3.org/TR/png-3/
    """

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows, columns = pixels.shape
    palette = b"".join(bytes(tone) * 16 for tone in tones)
    transparency = bytes(round(step * 255 / 15) for step in range(16)) * len(tones)
    lines = np.concatenate([np.zeros((rows, 1), dtype=np.uint8), pixels], axis=1)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", palette),
            chunk(b"tRNS", transparency),
            chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            chunk(b"IEND", b""),
        )
    )


# ── HTML ────────────────────────────────────────────────────────────────────────────────────────────────────────────

QUIET = "font-size:0.86em;line-height:1.5;opacity:0.72"


def data_url(content: bytes, mime: str) -> str:
    """The bytes as a ``data:`` address."""
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"


# Where Chromium's seek bar begins and ends, in CSS pixels from the player's edges; at every width that has one.
_BEFORE_BAR, _BEHIND_BAR = 132, 93
_PICTURE_HEIGHT, _PLAYER_HEIGHT = 36, 40


def _picture(samples: npt.ArrayLike, duration: float, used: tuple[float, float] | None = None) -> str:
    """The waveform, in line with the seek bar of the player that follows; where a browser knows how, over it, and pressed through."""
    # ``calc-size`` is known to Chromium alone, whose bar this lies on; elsewhere the first height counts, and the waveform stands above.
    # JupyterLab takes it out of notebooks that it does not trust, and ``pointer-events`` with it, without which nothing could be pressed.
    above = _PICTURE_HEIGHT + 6
    over = (_PLAYER_HEIGHT - _PICTURE_HEIGHT) // 2
    return (
        f'<div style="height:{above}px;height:calc-size({above}px,0px);margin:0 {_BEHIND_BAR}px 0 {_BEFORE_BAR}px;'
        'position:relative;z-index:1;pointer-events:none">'
        f'<img src="{data_url(waveform_png(samples, used=used), "image/png")}" alt="Waveform, {seconds(duration)}"'
        f' style="display:block;position:relative;top:{over}px;width:100%;height:{_PICTURE_HEIGHT}px;margin:0"></div>'
    )


def _player(audio: bytes | None, mime: str, duration: float, path: Path | None) -> str:
    if audio is not None and len(audio) <= MAX_EMBEDDED:
        return (
            f'<audio controls preload="metadata" src="{data_url(audio, mime)}"'
            f' style="display:block;width:100%;height:{_PLAYER_HEIGHT}px;margin:0"></audio>'
        )
    where = f"; it is in {escape(str(path))}" if path is not None else ""
    return (
        f'<div style="margin:6px 0 0">{seconds(duration)} of sound is too long to keep inside the notebook{where}. '
        "<code>voicenb.panels.ClipPlayer(clip)</code> plays it while the kernel runs, "
        '<code>clip.save("speech.mp3")</code> writes it.</div>'
    )


def _words(words: Sequence[tuple[str, float, float]], text: str) -> str:
    """What is said; each timed word says when as a tooltip."""
    spans = [
        f'<span title="{start:.2f}–{end:.2f} s">{escape(word.strip())}</span>'
        for word, start, end in words[:_MOST_WORDS]
        if word.strip()
    ]
    body = _spaced(spans, [word for word, _, _ in words[:_MOST_WORDS] if word.strip()])
    if not spans:
        body = escape(" ".join(text.split()))
        if len(body) > 1500:
            cut = escape(" ".join(text.split())[:300])
            body = f"{cut}… <details><summary>all {len(text):,} characters</summary>{body}</details>"
    elif len(words) > _MOST_WORDS:
        rest = escape(_spaced([word for word, _, _ in words], [word for word, _, _ in words]))
        body = f"{body} … <details><summary>all {len(words):,} words</summary>{rest}</details>"
    return f'<div dir="auto" style="margin:8px 0 0;line-height:1.5">{body}</div>' if body else ""


def _spaced(parts: Sequence[str], words: Sequence[str]) -> str:
    """The parts with spaces between them, except between characters of scripts that use none."""
    joined = ""
    for number, part in enumerate(parts):
        if number and not (_unspaced(words[number - 1].strip()[-1:]) and _unspaced(words[number].strip()[:1])):
            joined += " "
        joined += part
    return joined


def _unspaced(character: str) -> bool:
    """Whether it is a kana, a Chinese character or punctuation of theirs, or Thai."""
    point = ord(character) if character else 0
    return (
        0x2E80 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF or 0xFF00 <= point <= 0xFFEF or 0x0E00 <= point <= 0x0E7F
    )


def _caption(parts: Sequence[str]) -> str:
    # Each part has its own direction: an Arabic name must not turn the line around.
    shown = " · ".join(escape(part) if part.isascii() else f"<bdi>{escape(part)}</bdi>" for part in parts if part)
    return f'<div dir="ltr" style="margin:4px 0 0;{QUIET}">{shown}</div>'


def _block(*parts: str) -> str:
    return f'<div style="max-width:640px;margin:6px 0 10px">{"".join(parts)}</div>'


def clip_html(
    samples: npt.ArrayLike,
    duration: float,
    *,
    audio: bytes | None,
    mime: str,
    words: Sequence[tuple[str, float, float]] = (),
    text: str = "",
    voice: str | None = None,
    service: str | None = None,
    kind: str = "",
    parameters: Mapping[str, str] | None = None,
    take: int = 1,
    cost: str | None = None,
    cached: bool = False,
    path: Path | None = None,
    findings: str | None = None,
) -> str:
    """A clip as static HTML: waveform, player, words, and a caption with all that it is.

    Args:
        samples: The sound, for the waveform.
        duration: In seconds.
        audio: A small form of the sound to embed, or None where there is none below `MAX_EMBEDDED`.
        mime: Its media type.
        words: What is said: text, start and end in seconds.
        text: What is said where no times are known.
        voice: The voice's name.
        service: The service's id.
        kind: ``preview`` is said in the caption.
        parameters: The changed parameters, as text.
        take: Which of several takes it is; said from the second on.
        cost: The price with its unit.
        cached: Whether it was made before and cost nothing this time.
        path: Where the whole file is, said when it is too large to embed.
        findings: What is not as it should be.
    """
    paid = f"{cost}, paid before" if cost and cached else cost or ""
    caption = _caption(
        [
            voice or "",
            service or "",
            "preview" if kind == "preview" else "",
            *(f"{name} {value}" for name, value in (parameters or {}).items()),
            f"take {take}" if take > 1 else "",
            seconds(duration),
            paid,
            "synthetic voice",
        ]
    )
    noted = _caption([f"Note: {findings}"]) if findings else ""
    return _block(
        _picture(samples, duration), _player(audio, mime, duration, path), _words(words, text), caption, noted
    )


def reference_html(
    samples: npt.ArrayLike,
    duration: float,
    *,
    audio: bytes | None,
    mime: str,
    used: tuple[float, float],
    facts: Sequence[str],
    consent: str | None,
    changes: Sequence[str] = (),
) -> str:
    """A reference recording as static HTML: waveform with the spoken part marked, player, facts, consent.

    Args:
        samples: The sound, for the waveform.
        duration: In seconds.
        audio: A small form of the sound to embed, or None.
        mime: Its media type.
        used: The first and the last moment of speech, in seconds.
        facts: What it is, one fact a string.
        consent: What was noted about consent, or None.
        changes: What preparing did to it.
    """
    shares = (used[0] / duration, used[1] / duration) if used[1] > used[0] else (0.0, 0.0)
    captions = [_caption(facts)]
    if changes:
        captions.append(_caption(["Prepared: " + "; ".join(changes)]))
    captions.append(_caption([f"Consent: {consent}" if consent else "No consent is noted (consent=…)."]))
    return _block(_picture(samples, duration, shares), _player(audio, mime, duration, None), *captions)
