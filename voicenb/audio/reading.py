"""The one reader of audio files: bytes to samples, with what a listener should know of the file.

What libsndfile knows is decoded by it, all else by FFmpeg. Whatever the file claims, time and memory are bounded, and nothing
but `AudioError` comes out.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from voicenb.audio.containers import describe, sniff
from voicenb.audio.ffmpeg import DEMUXERS, read_with_ffmpeg
from voicenb.audio.parts import Parts
from voicenb.audio.sndfile import read_with_sndfile
from voicenb.audio.sound import AudioError, Sound, Stretch, UnpackLimit, join
from voicenb.audio.splitting import split

__all__ = ["rate_of", "read"]

# Of these libsndfile reads every kind that people have: what it refuses is damaged.
_COMPLETE = frozenset({"flac", "mp3"})
# Float samples beyond this are whole numbers that were never divided by full scale.
_FLOAT_PEAK = 16.0


def read(data: bytes) -> Sound:
    """Decode a file.

    What is cut off at its end gives what is there. Samples that are not numbers become silence.

    Args:
        data: The whole file. Headerless PCM is refused: nothing in it says what it is.

    Raises:
        AudioError: It is not sound, holds none, is damaged, unpacks into more than `MAX_SAMPLES` or `MAX_SECONDS`, or needs
            the extra ``media``.
    """
    form = sniff(data)
    if not data or (form is None and not describe(data).startswith("a file")):
        raise AudioError(f"{describe(data)} is not audio that voicenb knows")
    limit, findings = UnpackLimit(), list[str]()
    try:
        stretches, found, bits = _decode(data, form, limit, findings)
        samples, rate = join(stretches, findings)
        if not len(samples):
            raise AudioError(f"the {found} file holds no sound")
        samples = _to_full_scale(samples, found, findings)
    except MemoryError:
        raise AudioError("there is not enough memory to unpack it") from None
    return Sound(samples.reshape(-1) if samples.shape[1] == 1 else samples, rate, found, tuple(findings), bits)


def rate_of(data: bytes) -> int:
    """The rate of a file in Hz: what its header states, where that takes no decoding.

    Args:
        data: The whole file.

    Raises:
        AudioError: It is not sound.
    """
    import soundfile

    try:
        return int(soundfile.info(io.BytesIO(data)).samplerate)
    except soundfile.LibsndfileError:
        return read(data).rate


def _decode(data: bytes, form: str | None, limit: UnpackLimit, findings: list[str]) -> tuple[list[Stretch], str, int]:
    """The file's stretches, its container, and its bits a sample."""
    problem: AudioError | None = None
    if form not in DEMUXERS:
        pieces, split_findings = split(data, form)
        stretches, bits = list[Stretch](), 16
        for piece in pieces:
            try:
                stretch, deep = read_with_sndfile(piece, form, limit, findings)
            except AudioError as error:
                problem = problem or error
                continue
            bits = max(bits, deep)
            stretches.append(stretch)
        if any(len(stretch.samples) for stretch in stretches):
            findings[:0] = split_findings
            if problem is not None:
                findings.append(f"a part of it cannot be read: {problem}")
            return stretches, form or ("mp3" if split_findings else "audio"), bits
        if stretches and problem is None and form not in {"mp3", "mp2", "ogg"}:
            raise AudioError(f"the {form} file holds no sound")
    pieces, split_findings = split(data, form) if form in DEMUXERS else Parts([data], [])
    try:
        stretches, problems = read_with_ffmpeg(pieces, form, limit, findings)
        findings[:0] = [*split_findings, *problems]
    except AudioError as error:
        # Where both refuse it, the first one knew more of the file; an extra may still be what is missing.
        if problem is not None and (form is not None and (error.missing is None or form in _COMPLETE)):
            raise problem from None
        if form is None and error.missing is None:
            raise AudioError(f"{describe(data)} is not audio that voicenb knows") from None
        raise
    return stretches, form or "audio", 16


def _to_full_scale(samples: npt.NDArray[np.float32], form: str, findings: list[str]) -> npt.NDArray[np.float32]:
    """Samples that are no numbers become silence, and whole numbers in floats are divided by their full scale."""
    peak, lacking = 0.0, 0
    for start in range(0, len(samples), 2**20):
        block = samples[start : start + 2**20]
        good = np.isfinite(block)
        if not good.all():
            lacking += int(good.size - good.sum())
            block[~good] = 0
        peak = max(peak, float(np.abs(block).max()))
    if lacking == samples.size:
        raise AudioError(f"none of the {form} file's samples is a number")
    if lacking:
        findings.append(f"{lacking:,} of its samples are not numbers and became silence")
    if peak > _FLOAT_PEAK:
        scale = next((2.0**bits for bits in (15, 23, 31) if peak <= 2.0**bits), peak)
        samples /= np.float32(scale)
        findings.append(f"its samples reach {peak:,.0f} where full scale is 1: they are divided by {scale:,.0f}")
    return samples
