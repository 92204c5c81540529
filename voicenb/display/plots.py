"""Pictures of a voice, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voicenb.display.figures import BLUE, FAINT, GREEN, INK, ORANGE, fonts, plain_axis, shown_figure
from voicenb.display.html import import_lab
from voicenb.measures import envelope, f0_track, loudness, loudness_curve, mono, spectrogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["voice_figure"]

_SPECTRUM = ("#ffffff", "#dbe7f5", "#86aede", "#2f6fc4", "#173a75", "#0b1730")


def voice_figure(
    samples: npt.ArrayLike, rate: int, *, words: Sequence[tuple[str, float, float]] = (), title: str = ""
) -> Figure:
    """Waveform, pitch, loudness and spectrogram over one time axis, the words beneath.

    Args:
        samples: Shape ``(n,)`` or ``(n, channels)``, full scale ±1.
        rate: In Hz.
        words: Text, start and end in seconds.
        title: Drawn above, or nothing.

    Raises:
        VoicenbError: matplotlib is not installed.
    """
    figures, styles = import_lab("matplotlib.figure"), import_lab("matplotlib.style")
    with styles.context("default"):
        figure: Figure = shown_figure(figures.Figure)(
            figsize=(9.6, 6.2), dpi=100, layout="constrained", facecolor="white"
        )
        heights = [1.0, 1.35, 0.9, 2.0] + ([0.42] if words else [])
        axes = figure.subplots(len(heights), 1, sharex=True, gridspec_kw={"height_ratios": heights})
        sound = np.asarray(samples, dtype=np.float32)
        duration = len(sound) / rate
        for axis in axes:
            plain_axis(axis)
            axis.set_xlim(0, duration)
        _waveform(axes[0], sound, duration)
        sound = mono(sound)
        _pitch(axes[1], sound, rate)
        _loudness(axes[2], sound, rate)
        _spectrum(axes[3], sound, rate)
        if words:
            _word_strip(axes[4], words, duration)
            for axis in axes[:3]:
                for _, start, _ in words if len(words) <= 80 else ():
                    axis.axvline(start, color=FAINT, linewidth=0.6, zorder=0)
        axes[-1].set_xlabel("time (s)", color=INK, fontsize=9)
        axes[-1].tick_params(axis="x", length=3, labelbottom=True)
        if title:
            figure.suptitle(title, x=0.012, ha="left", fontsize=10, color=INK, **fonts())
        figure.align_ylabels(list(axes))
    return figure


def _label(axis: Axes, text: str) -> None:
    axis.set_ylabel(text, color=INK, fontsize=9)


def _note(axis: Axes, text: str, colour: str) -> None:
    """A small note in the upper right corner, on white so that a curve beneath stays apart from it."""
    ground = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axis.text(0.998, 0.98, text, transform=axis.transAxes, ha="right", va="top", color=colour, fontsize=8, bbox=ground)


def _waveform(axis: Axes, sound: npt.NDArray[np.float32], duration: float) -> None:
    count = min(1600, len(sound))
    level = envelope(sound, count)
    times = (np.arange(count) + 0.5) * duration / count
    axis.fill_between(times, -level, level, color=BLUE, linewidth=0)
    # The scale is the recording's own level up to full scale, so that a quiet take looks quieter than a loud one.
    reach = max(0.25, min(1.0, float(level.max()) * 1.05))
    axis.set_ylim(-reach, reach)
    axis.set_yticks([-round(reach, 1), 0, round(reach, 1)])
    _label(axis, "amplitude")


def _pitch(axis: Axes, sound: npt.NDArray[np.float32], rate: int) -> None:
    times, pitch = f0_track(sound, rate)
    voiced = pitch[np.isfinite(pitch)]
    _label(axis, "F0 (Hz)")
    axis.set_yscale("log")
    if not len(voiced):
        axis.set_ylim(60, 600)
        axis.text(
            0.5, 0.5, "no voiced sound", transform=axis.transAxes, ha="center", va="center", color=INK, fontsize=9
        )
        return
    axis.plot(times, pitch, color=ORANGE, linewidth=1.8, solid_capstyle="round")
    median = float(np.median(voiced))
    # All of the curve; an octave that the tracker missed does not flatten the rest.
    low, high = np.clip([voiced.min(), voiced.max()], median / 3, median * 3)
    axis.set_ylim(min(low, median / 1.5) / 1.08, max(high, median * 1.5) * 1.08)
    axis.axhline(median, color=ORANGE, linewidth=0.8, linestyle=(0, (4, 4)), alpha=0.7)
    _note(axis, f"median {median:.0f} Hz", "#a1461a")
    bottom, top = axis.get_ylim()
    ticks = [tick for tick in (60, 80, 100, 125, 150, 200, 250, 300, 400, 500, 600) if bottom <= tick <= top]
    axis.set_yticks(ticks, [str(tick) for tick in ticks])
    axis.minorticks_off()


def _loudness(axis: Axes, sound: npt.NDArray[np.float32], rate: int) -> None:
    # 0.4 s: EBU R 128 calls it momentary. Its 3 s "short-term" window is longer than many a clip.
    times, levels = loudness_curve(sound, rate)
    whole = loudness(sound, rate)
    axis.plot(times, np.maximum(levels, -70), color=GREEN, linewidth=1.6)
    top = max(-10.0, float(levels.max()) + 2) if len(levels) else 0.0
    axis.set_ylim(-50, top)
    axis.set_yticks([-50, -35, -20])
    if np.isfinite(whole):
        axis.axhline(whole, color=GREEN, linewidth=0.8, linestyle=(0, (4, 4)), alpha=0.7)
        _note(axis, f"integrated {whole:.1f} LUFS".replace("-", "−"), "#1d6347")
    _label(axis, "LUFS")


def _spectrum(axis: Axes, sound: npt.NDArray[np.float32], rate: int) -> None:
    picture = spectrogram(sound, rate, frames=1400)
    kept = picture.frequencies <= 8000
    levels = picture.levels[kept]
    top = float(np.percentile(levels, 99.8))
    hop = picture.times[1] - picture.times[0] if len(picture.times) > 1 else 0.01
    axis.imshow(
        levels,
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        cmap=import_lab("matplotlib.colors").LinearSegmentedColormap.from_list("voice", _SPECTRUM),
        vmin=top - 62,
        vmax=top,
        extent=(-hop / 2, picture.times[-1] + hop / 2, 0, picture.frequencies[kept][-1] / 1000),
    )
    axis.set_xlim(0, len(sound) / rate)
    _label(axis, "kHz")


def _word_strip(axis: Axes, words: Sequence[tuple[str, float, float]], duration: float) -> None:
    """Each word at its time, in up to three rows; a word without room in any stays away."""
    axis.spines["left"].set_visible(False)
    axis.set_yticks([])
    families = fonts()
    drawable = _glyphs(families["fontfamily"])
    # About 105 characters of 8.5 pt fit into the width of the axis; Chinese ones are twice as wide.
    unit = duration / 105
    ends = [-1.0, -1.0, -1.0]
    missing = False
    for text, start, end in words:
        word = text.strip()
        if not word:
            continue
        if not all(ord(character) in drawable or character.isspace() for character in word):
            missing = True
            continue
        width = unit * sum(2.0 if ord(character) > 0x2E7F else 1.0 for character in word)
        middle = min(max((start + end) / 2, width / 2), duration - width / 2)
        row = next((row for row, last in enumerate(ends) if middle - width / 2 > last + unit * 0.6), None)
        if row is None:
            continue
        ends[row] = middle + width / 2
        axis.text(middle, -row - 0.5, word, ha="center", va="center", fontsize=8.5, color=INK, **families)
    used = sum(last > 0 for last in ends)
    axis.set_ylim(-max(used, 1) - missing, 0)
    if missing:
        axis.text(0, -used - 0.5, "No font here has the characters of some words.", fontsize=8, color=INK, va="center")


def _glyphs(families: Sequence[str]) -> set[int]:
    """The code points that the families can draw."""
    manager = import_lab("matplotlib.font_manager")
    points: set[int] = set()
    for name in families:
        points |= set(manager.get_font(manager.findfont(name)).get_charmap())
    return points
