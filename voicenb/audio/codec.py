"""Sound as bytes and as samples."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from voicenb.audio.containers import WRITTEN
from voicenb.audio.reading import read
from voicenb.audio.resampling import resample
from voicenb.audio.sound import AudioError
from voicenb.audio.tags import Tag, tagged
from voicenb.base.arguments import did_you_mean

__all__ = ["decode", "encode"]

_PIECE = 65536
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def decode(data: bytes) -> tuple[npt.NDArray[np.float32], int]:
    """The samples of a file and their rate in Hz: `voicenb.audio.reading.read` without what it has to say.

    Returns:
        float32 of shape ``(n,)`` for one channel, else ``(n, channels)``, full scale ±1 (float files may exceed it), and
        the rate.

    Raises:
        AudioError: It cannot be read.
    """
    sound = read(data)
    return sound.samples, sound.rate


def encode(
    samples: npt.ArrayLike, rate: int, form: str, *, tag: Tag | None = None, bits: int = 16, quality: float = 0.8
) -> bytes:
    """Samples as a file.

    Args:
        samples: Shape ``(n,)`` or ``(n, channels)``, full scale ±1; what lies beyond is clipped. mp3 takes two channels at
            most.
        rate: In Hz. mp3 knows nine rates: others are resampled to the next higher one.
        form: ``"wav"``, ``"flac"``, ``"mp3"`` (variable bit rate) or ``"ogg"`` (Vorbis).
        tag: Notes to put into the file.
        bits: 16 or 24, for wav and flac.
        quality: 0 (smallest) to 1 (best), for mp3 and ogg.

    Raises:
        AudioError: There is nothing to write, or the format cannot hold it.
    """
    import soundfile

    sound = np.asarray(samples, dtype=np.float32)
    if form not in WRITTEN:
        hint = did_you_mean(form, WRITTEN)
        raise AudioError(f"{form!r} is not a format that voicenb writes; {hint}there are {', '.join(WRITTEN)}")
    if not sound.size or sound.ndim not in {1, 2}:
        raise AudioError(f"sound has the shape (n,) or (n, channels) and is not empty; {sound.shape} was given")
    if form == "mp3":
        if sound.ndim == 2 and sound.shape[1] > 2:
            raise AudioError(f"mp3 holds two channels at most; {sound.shape[1]} were given")
        better = next((known for known in _MP3_RATES if known >= rate), _MP3_RATES[-1])
        sound, rate = resample(sound, rate, better), better
    options: dict[str, Any] = {"format": form.upper()}
    exact = form in {"wav", "flac"}
    if exact:
        options["subtype"] = f"PCM_{bits}"
    else:
        options["compression_level"] = min(max(1 - quality, 0.0), 0.98)
        if form == "mp3":
            options["bitrate_mode"] = "VARIABLE"
    target = io.BytesIO()
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    try:
        with soundfile.SoundFile(target, "w", rate, channels, **options) as file:
            if form == "ogg" and tag is not None:
                file.comment, file.software = tag.comment, tag.software
                if tag.title:
                    file.title = tag.title
            # Piece by piece: libsndfile's Vorbis encoder overflows its stack when it is given minutes at once, and a long
            # recording of many channels would be held in memory several times over.
            for start in range(0, len(sound), _PIECE):
                piece = np.clip(np.nan_to_num(sound[start : start + _PIECE], nan=0.0), -1.0, 1.0)
                file.write(_whole_numbers(piece, bits) if exact else piece)
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        raise AudioError(f"{form} could not be written at {rate} Hz with {channels} channels: {error}") from None
    written = target.getvalue()
    return tagged(written, form, tag) if tag is not None else written


def _whole_numbers(piece: npt.NDArray[np.float32], bits: int) -> npt.NDArray[Any]:
    """Samples as libsndfile takes them; what was decoded from 16 or 24 bits is written with the same numbers again."""
    rounded = np.rint(piece.astype(np.float64) * 2 ** (bits - 1))
    whole: npt.NDArray[np.int32] = np.minimum(rounded, 2 ** (bits - 1) - 1).astype(np.int32)
    return whole.astype(np.int16) if bits == 16 else np.asarray(whole << 8)
