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
import sys
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from voicenb.errors import VoicenbError
from voicenb.measures import envelope
from voicenb.notebook import in_notebook

__all__ = [
    "MAX_EMBEDDED",
    "Progress",
    "ProgressMode",
    "clip_html",
    "needed",
    "reference_html",
    "seconds",
    "size",
    "waveform_png",
]

MAX_EMBEDDED = 1_500_000
"""The most bytes of audio that go into a notebook with one result: 5 minutes of speech at 40 kbit/s."""

_MOST_WORDS = 300


def needed(module: str) -> ModuleType:
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

_QUIET = "font-size:0.86em;line-height:1.5;opacity:0.72"


def _data_url(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"


def _picture(samples: npt.ArrayLike, duration: float, used: tuple[float, float] | None = None) -> str:
    return (
        f'<img src="{_data_url(waveform_png(samples, used=used), "image/png")}" alt="Waveform, {seconds(duration)}"'
        ' style="display:block;width:100%;max-width:640px;height:auto;margin:0">'
    )


def _player(audio: bytes | None, mime: str, duration: float, path: Path | None) -> str:
    if audio is not None and len(audio) <= MAX_EMBEDDED:
        return (
            f'<audio controls preload="metadata" src="{_data_url(audio, mime)}"'
            ' style="display:block;width:100%;height:36px;margin:6px 0 0"></audio>'
        )
    where = f"it is in {escape(str(path))}" if path is not None else "save it with .save(…)"
    return f'<div style="margin:6px 0 0">{seconds(duration)} of sound is too long to keep inside the notebook; {where}.</div>'


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
    return f'<div dir="ltr" style="margin:4px 0 0;{_QUIET}">{shown}</div>'


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
    told = [_caption(facts)]
    if changes:
        told.append(_caption(["Prepared: " + "; ".join(changes)]))
    told.append(_caption([f"Consent: {consent}" if consent else "No consent is noted (consent=…)."]))
    return _block(_picture(samples, duration, shares), _player(audio, mime, duration, None), *told)


# ── Progress ────────────────────────────────────────────────────────────────────────────────────────────────────────

ProgressMode: TypeAlias = Literal["cell", "bar", "none"]

_TICK = 0.25
"""Seconds between two drawings: an eye reads no faster, and each is a message to the browser."""


class Progress:
    """One quiet line while a call waits: what, in which state, since when, for how much.

    In a notebook's cell the line is one display that is drawn again; its last form carries no time, so that a notebook that is
    run again is the same. In a shell that asks for it, it is a bar on stderr. Scripts show nothing. `update` and `done` may
    be called from any thread.

    Args:
        label: What is waited for, such as "speaking as ash".
        mode: ``"cell"``, ``"bar"`` or ``"none"``; None finds out: a cell in a notebook, else nothing.
    """

    def __init__(self, label: str, *, mode: ProgressMode | None = None) -> None:
        self.label = label
        self.mode: ProgressMode = mode or ("cell" if in_notebook() else "none")
        self._state, self._cost, self._summary = "", "", ""
        self._fraction: float | None = None
        self._started = 0.0
        self._handle: Any = None
        self._bar: Any = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None
        self._drawn: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        if self.mode == "cell":
            display = needed("IPython.display")
            self._handle = display.display(self._bundle(self._line()), raw=True, display_id=True)
        elif self.mode == "bar":
            from tqdm import tqdm

            self._bar = tqdm(
                total=1.0,
                desc=self.label,
                file=sys.stderr,
                leave=True,
                bar_format="{desc}  {bar:24}  {elapsed}{postfix}",
            )
        if self.mode != "none":
            self._ticker = threading.Thread(target=self._tick, name="voicenb-progress", daemon=True)
            self._ticker.start()
        return self

    def update(self, state: str, *, cost: str = "", fraction: float | None = None) -> None:
        """Say how far it is; drawn within a quarter of a second.

        Args:
            state: The task's status, in a word or two.
            cost: The price with its unit.
            fraction: What is done, 0–1, where the service says so.
        """
        with self._lock:
            self._state, self._cost, self._fraction = state, cost, fraction

    def done(self, summary: str) -> None:
        """The line that stays, without any time of day or duration."""
        with self._lock:
            self._summary = summary

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._ticker is not None:
            self._ticker.join()
        with self._lock:
            ended = "interrupted" if kind is KeyboardInterrupt else "stopped" if kind else self._state
            summary = self._summary or ended
        if self._handle is not None:
            self._handle.update(self._bundle(" · ".join(part for part in (self.label, summary) if part)), raw=True)
        if self._bar is not None:
            if kind is None:
                self._bar.n = 1.0
            self._bar.set_postfix_str(summary, refresh=True)
            self._bar.close()

    def _tick(self) -> None:
        while not self._stop.wait(_TICK):
            with self._lock:
                line, fraction, told = self._line(), self._fraction, (self._state, self._cost)
            if self._bar is not None:
                if fraction is not None:
                    self._bar.n = min(max(fraction, 0.0), 1.0)
                self._bar.set_postfix_str(", ".join(part for part in told if part), refresh=True)
            elif (line,) != self._drawn:
                self._drawn = (line,)
                self._handle.update(self._bundle(line), raw=True)

    def _line(self) -> str:
        elapsed = time.monotonic() - self._started
        done = f"{self._fraction:.0%}" if self._fraction is not None else ""
        # The first second needs no clock.
        since = f"{elapsed:.0f} s" if elapsed >= 1 else ""
        return " · ".join(part for part in (self.label, self._state, done, since, self._cost) if part)

    @staticmethod
    def _bundle(line: str) -> dict[str, str]:
        return {
            "text/plain": line,
            "text/html": f'<div role="status" style="{_QUIET};font-variant:tabular-nums">{escape(line)}</div>',
        }
