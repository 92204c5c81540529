"""How many measures a second of one core gives, against librosa's pipeline; and the memory that many clips take.

    pip install librosa pyloudnorm          # for this comparison alone; voicenb does not need them
    python benchmarks/measures.py --speech ../shared/speech --many 10000 > benchmarks/measures.md

Both sides take the same bytes of the same clips, one after the other in one process, clip by clip in turn, with one thread for each
library; time is that of the processor (`time.process_time`), so that other programs of the machine count little. What is compiled or
worked out once is done before on another clip. The quantities are the same ones, not the same algorithms: see the table.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import io
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import soundfile

from voicenb.measures.elsewhere import measured
from voicenb.measures.job import Job
from voicenb.measures.registry import Sound, measures

SECONDS = 4.0
NAMES = ("f0_median", "centroid", "bandwidth", "loudness", "mcd_mfcc13_80mel_dtw")
MANY = ("duration", "f0_median", "loudness", "centroid", "mcd_mfcc13_80mel_dtw")
SHORT = 1.0
MARKS = (100, 1000, 5000, 10_000, 20_000, 50_000)


def encoded(sound: np.ndarray, rate: int) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, sound, rate, format="WAV", subtype="PCM_16")
    return target.getvalue()


def pieces(speech: Path, seconds: float, hop: float) -> list[bytes]:
    """The recordings of 16 kHz, cut into clips: what another rate costs to convert is no part of this."""
    found = []
    for path in sorted(speech.glob("*.flac")):
        sound, rate = soundfile.read(path, dtype="float32")
        if rate != 16_000:
            continue
        step, length = round(hop * rate), round(seconds * rate)
        found += [encoded(sound[at : at + length], rate) for at in range(0, len(sound) - length, step)]
    return found


def by_voicenb(clip: bytes, reference: Sound) -> dict[str, float]:
    sound = Sound.read(clip)
    sound = Sound(sound.samples, sound.rate, None, reference)
    known = measures()
    return {name: known[name].value(sound) for name in NAMES}


class ByLibrosa:
    """The same quantities as librosa's and pyloudnorm's manuals take them."""

    def __init__(self, pitch: str) -> None:
        import librosa
        import pyloudnorm

        self.librosa, self.pyloudnorm, self.pitch = librosa, pyloudnorm, pitch

    def cepstra(self, sound: np.ndarray, rate: int) -> np.ndarray:
        return self.librosa.feature.mfcc(
            y=sound,
            sr=rate,
            n_mfcc=14,
            n_mels=80,
            n_fft=2048,
            win_length=round(0.025 * rate),
            hop_length=round(0.01 * rate),
        )[1:]

    def __call__(self, clip: bytes, reference: np.ndarray) -> dict[str, float]:
        librosa = self.librosa
        sound, rate = soundfile.read(io.BytesIO(clip), dtype="float32")
        hop = round(0.01 * rate)
        if self.pitch == "pyin":
            f0, _, _ = librosa.pyin(sound, fmin=60, fmax=600, sr=rate, hop_length=hop)
        else:
            f0 = librosa.yin(sound, fmin=60, fmax=600, sr=rate, hop_length=hop)
        magnitudes = np.abs(librosa.stft(sound, n_fft=2048, hop_length=hop))
        centroid = librosa.feature.spectral_centroid(S=magnitudes, sr=rate)
        rolloff = librosa.feature.spectral_rolloff(S=magnitudes, sr=rate, roll_percent=0.99)
        loudness = self.pyloudnorm.Meter(rate).integrated_loudness(sound)
        cost, path = librosa.sequence.dtw(self.cepstra(sound, rate), reference)
        return {
            "f0_median": float(np.nanmedian(f0)),
            "centroid": float(centroid.mean()),
            "bandwidth": float(rolloff.mean()),
            "loudness": float(loudness),
            "mcd_mfcc13_80mel_dtw": float(cost[-1, -1] / len(path)),
        }


def compared(clips: list[bytes]) -> list[str]:
    """The table of both sides."""
    first, *clips = clips
    reference = Sound.read(first)
    pyin, yin = ByLibrosa("pyin"), ByLibrosa("yin")
    heard, rate = soundfile.read(io.BytesIO(first), dtype="float32")
    frames = pyin.cepstra(heard, rate)
    sides = {
        "voicenb": lambda clip: by_voicenb(clip, reference),
        "librosa, pyin": lambda clip: pyin(clip, frames),
        "librosa, yin": lambda clip: yin(clip, frames),
    }
    for side in sides.values():
        side(first)
    spent = {name: [] for name in sides}
    values = {name: [] for name in sides}
    for clip in clips:
        for name, side in sides.items():
            began = time.process_time()
            values[name].append(side(clip))
            spent[name].append(time.process_time() - began)
    own = sum(spent["voicenb"])
    lines = [
        (
            f"librosa {version('librosa')}, pyloudnorm {version('pyloudnorm')}, numpy {np.__version__}, Python {platform.python_version()}, "
            f"{len(clips)} clips of {SECONDS:g} s at 16 kHz, {len(NAMES)} measures each."
        ),
        "",
        "| pipeline | ms a clip, mean | median | measures a second and core | voicenb is faster by |",
        "|---|---|---|---|---|",
    ]
    for name, each in spent.items():
        ratio = f"{sum(each) / own:.1f} ×" if name != "voicenb" else ""
        lines.append(
            f"| {name} | {1000 * np.mean(each):.1f} | {1000 * np.median(each):.1f} | {len(NAMES) * len(each) / sum(each):.0f} | {ratio} |"
        )
    lines += [
        "",
        "| quantity | voicenb | librosa's pipeline | medians over the clips: voicenb, pyin, yin |",
        "|---|---|---|---|",
    ]
    ways = {
        "f0_median": (
            "autocorrelation with a best path (Boersma 1993), voiced frames",
            "pyin, voiced frames; or yin, all frames",
        ),
        "centroid": ("of the power of frames with speech", "of the amplitude of each frame, mean of all"),
        "bandwidth": ("99 % of the energy of frames with speech", "99 % roll-off of each frame, mean of all"),
        "loudness": ("BS.1770-4", "pyloudnorm, BS.1770-4"),
        "mcd_mfcc13_80mel_dtw": (
            "MFCC 1–13 of 80 bands of speech, DTW, dB",
            "MFCC 1–13 of 80 bands, DTW, its own unit",
        ),
    }
    for quantity, (own_way, other_way) in ways.items():
        medians = ", ".join(f"{np.median([one[quantity] for one in values[name]]):.1f}" for name in sides)
        lines.append(f"| {quantity} | {own_way} | {other_way} | {medians} |")
    return lines


def resident() -> float:
    """MB of memory that the process holds now; Linux alone says so."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def many(clips: list[bytes], count: int, folder: Path) -> list[str]:
    """Measures so many clips as `study.frame` does, by threads, and looks at the memory on the way."""
    known = measures()
    names = tuple((name, known[name].version) for name in MANY)
    files = []
    for number, clip in enumerate(clips):
        path = folder / f"{number}.wav"
        path.write_bytes(clip)
        files.append((hashlib.sha256(clip).hexdigest(), str(path)))
    jobs = []
    for number in range(count):
        sha256, path = files[number % len(files)]
        # The clips of ten texts, each compared with the first of its own.
        reference_sha256, reference = files[number % 10]
        jobs.append(Job(sha256, path, None, None, names, reference_sha256, reference))
    gc.collect()
    seen, done, began, failed = [f"| 0 | {resident():.0f} |"], 0, time.perf_counter(), 0
    for batch in measured(jobs, None):
        for _, row in batch:
            done += 1
            failed += bool(row.errors)
            if done in MARKS:
                seen.append(f"| {done:,} | {resident():.0f} |")
    seconds = time.perf_counter() - began
    return [
        "",
        "## Memory",
        "",
        (
            f"{count:,} clips of {SHORT:g} s ({len(clips)} different files), {len(MANY)} measures each ({', '.join(MANY)}), by threads on "
            f"{os.cpu_count()} cores: {seconds:.0f} s, {failed} with an error."
        ),
        "",
        "| clips measured | resident memory, MB |",
        "|---|---|",
        *seen,
    ]


def one_thread() -> None:
    """Begins anew where libraries might take several threads: they read their limits when they are loaded."""
    limits = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    if any(os.environ.get(name) != "1" for name in limits):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | limits)


def main() -> None:
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, required=True, help="folder of recordings of people, *.flac")
    parser.add_argument("--many", type=int, default=0, help="how many clips are measured for the table of memory")
    options = parser.parse_args()
    clips = pieces(options.speech, SECONDS, SECONDS)
    if not clips:
        sys.exit(f"{options.speech} has no recordings, *.flac")
    lines = [
        "# Measures a second",
        "",
        (
            f"Made by `python benchmarks/measures.py --speech ../shared/speech{f' --many {options.many}' if options.many else ''} "
            "> benchmarks/measures.md`; how, is said there."
        ),
        (
            "The aim is twice as many as librosa's pipeline gives. With pyin, which says where the voice sounds, as the median of "
            "F0 needs, it is reached; with yin, which does not, it is not."
        ),
        "",
    ]
    if options.many:
        with tempfile.TemporaryDirectory() as folder:
            memory = many(pieces(options.speech, SHORT, 0.5)[:300], options.many, Path(folder))
    else:
        memory = []
    lines += compared(clips) + memory
    print("\n".join(lines))


if __name__ == "__main__":
    main()
