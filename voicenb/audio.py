"""Sound as bytes and as samples, and the clip that a service made."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from voicenb.display import MAX_EMBEDDED, clip_html, needed, seconds
from voicenb.errors import InvalidRequest, Problem
from voicenb.files import write_atomically
from voicenb.measures import mono
from voicenb.resampling import resample
from voicenb.services.base import plain
from voicenb.tags import Tag, tagged

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from voicenb.subtitles import Subtitles

__all__ = ["MAX_SAMPLES", "MIME", "AudioError", "Clip", "compact", "decode", "encode", "is_whole", "sniff"]

MAX_SAMPLES = 2**28
"""The most samples (all channels together) that `decode` makes: 1 GiB of float32, 93 minutes of mono at 48 kHz.

The longest text of any service (10,000 characters at half speed) stays below it; a small file that would unpack into
more is an attack or a mistake.
"""

MIME = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "aiff": "audio/aiff",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "webm": "audio/webm",
    "mp4": "video/mp4",
    "m4v": "video/x-m4v",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
}
"""The media type of each container that `sniff` knows."""

_WRITTEN = ("wav", "flac", "mp3", "ogg")
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
# Small, because a damaged FLAC file loses the whole block in which the damage lies.
_BLOCK = 2**14


class AudioError(ValueError):
    """Bytes that are not sound, or not sound that can be read here.

    It never reaches a user: a service's answer becomes `ServiceError`, a recording `BadReference`.

    Attributes:
        missing: The extra that would read it, such as ``"media"``, or None.
    """

    def __init__(self, message: str, *, missing: str | None = None) -> None:
        super().__init__(message)
        self.missing = missing


# ── Containers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def sniff(data: bytes) -> str | None:
    """The container by its first bytes, as a lower-case suffix (a key of `MIME`), or None.

    Headerless PCM, text and everything unknown give None. A suffix is never believed.
    """
    head = bytes(data[:64])
    if head[:4] in {b"RIFF", b"RF64"}:
        return {b"WAVE": "wav", b"AVI ": "avi"}.get(head[8:12])
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return "aiff"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return {b"M4A ": "m4a", b"M4B ": "m4a", b"M4V ": "m4v", b"qt  ": "mov"}.get(brand, "mp4")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm" if b"webm" in data[:4096] else "mkv"
    if head[:4] == b"FLV\x01":
        return "flv"
    if head[:3] == b"ID3":
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9] if len(head) > 9 else 0
        # Encoders pad the tag with zeros now and then.
        return "mp3" if any(_mpeg_frame(data, 10 + size + skip) for skip in range(4096)) else None
    if _mpeg_frame(data, 0):
        return "mp3"
    return "aac" if _adts_frame(data) else None


_MPEG_KBPS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _mpeg_length(data: bytes, at: int) -> int | None:
    """The length in bytes of the MPEG layer III frame that begins at `at`, or None where none does."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer != 1 or bitrate in {0, 15} or rate == 3:
        return None
    hertz = (44100, 48000, 32000)[rate] // {3: 1, 2: 2, 0: 4}[version]
    kbps = _MPEG_KBPS[1 if version == 3 else 2][bitrate]
    return (144 if version == 3 else 72) * kbps * 1000 // hertz + (head[2] >> 1 & 1)


def is_whole(data: bytes) -> bool:
    """Whether a file is as long as its own header says; True where that says nothing.

    Read are the size of a RIFF chunk, and the stream's size in an mp3's Xing or Info frame, to one per cent.
    """
    head = bytes(data[:12])
    if head[:4] == b"RIFF":
        size = int.from_bytes(head[4:8], "little")
        return size in {0, 2**32 - 1} or len(data) >= size + 7
    start = 0
    if head[:3] == b"ID3" and len(head) > 9:
        start = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
    frame = bytes(data[start : start + 256])
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    if at < 0 or not flags & 2:
        return True
    place = at + (12 if flags & 1 else 8)
    return len(data) - start >= 0.99 * int.from_bytes(frame[place : place + 4], "big")


def _mpeg_frame(data: bytes, at: int) -> bool:
    """Whether two frames follow each other (or one ends the data): a lone sync word is common in PCM."""
    length = _mpeg_length(data, at)
    return length is not None and (at + length == len(data) or _mpeg_length(data, at + length) is not None)


def _adts_frame(data: bytes) -> bool:
    """Whether two AAC frames in ADTS stand at the beginning."""

    def length(at: int) -> int:
        head = data[at : at + 6]
        if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            return 0
        return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5

    first = length(0)
    return first > 7 and (first == len(data) or length(first) > 7)


# ── Samples ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def decode(data: bytes) -> tuple[npt.NDArray[np.float32], int]:
    """The samples of a file and their rate in Hz.

    wav, flac, mp3, ogg and aiff are read by libsndfile; m4a, aac, webm and video containers by PyAV, where it is
    installed. What is cut off at its end gives what is there. Samples that are not numbers become silence.

    Args:
        data: The whole file. Headerless PCM is refused: nothing in it says what it is.

    Returns:
        float32 of shape ``(n,)`` for one channel, else ``(n, channels)``, full scale ±1 (float files may exceed it), and
        the rate.

    Raises:
        AudioError: It is not sound, holds none, is damaged, unpacks into more than `MAX_SAMPLES`, or needs the extra
            ``media``.
    """
    form = sniff(data)
    if form is None:
        raise AudioError(f"{_described(data)} is not audio that voicenb knows")
    blocks, rate = _read_av(data, form) if form in _AV_FORMATS else _read_sndfile(data, form)
    sound = np.concatenate(blocks) if blocks else np.zeros((0, 1), dtype=np.float32)
    if not len(sound):
        raise AudioError(f"the {form} file holds no sound")
    finite = np.isfinite(sound)
    if not finite.all():
        if not finite.any():
            raise AudioError(f"none of the {form} file's samples is a number")
        sound = np.where(finite, sound, np.float32(0))
    return (sound[:, 0].copy() if sound.shape[1] == 1 else sound), rate


def _described(data: bytes) -> str:
    """What unknown bytes look like, in words."""
    if not data:
        return "an empty file"
    head = bytes(data[:512])
    lowered = head.lstrip().lower()
    if lowered.startswith((b"<!doctype", b"<html")):
        return "an HTML page"
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # The cut after 512 bytes may fall within a character.
        text = head[: error.start].decode() if error.start > len(head) - 4 else ""
    if text and all(character.isprintable() or character.isspace() for character in text):
        return "a text file"
    return "a file with no audio header"


class _Budget:
    """Counts samples against `MAX_SAMPLES`."""

    def __init__(self) -> None:
        self.left = MAX_SAMPLES

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise AudioError(f"it unpacks into more than {MAX_SAMPLES:,} samples, the most that voicenb reads")


def _read_sndfile(data: bytes, form: str) -> tuple[list[npt.NDArray[np.float32]], int]:
    import soundfile

    budget, blocks = _Budget(), []
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if form in {"mp3", "ogg"}:
                # At one go: python-soundfile seeks after each read, which tears the sound of these two at every seam. Their
                # length is a count of what is there, or a claim that only reserves memory.
                budget.take(file.frames * file.channels)
                return [file.read(dtype="float32", always_2d=True)], int(file.samplerate)
            # The header's count of frames is not believed: blocks are read until there are no more.
            while len(block := file.read(max(1, _BLOCK // file.channels), dtype="float32", always_2d=True)):
                budget.take(block.size)
                blocks.append(block)
            return blocks, int(file.samplerate)
    except soundfile.LibsndfileError as error:
        # What was read before the damage is worth keeping: a torn download still plays.
        if blocks:
            return blocks, int(file.samplerate)
        raise AudioError(
            f"the {form} file is damaged or of a kind that cannot be read: {error.error_string.rstrip('. ')}"
        ) from None


# The demuxer for each container, named so that FFmpeg probes for no other (playlists open files and addresses).
_AV_FORMATS = {
    "m4a": "mov", "mp4": "mov", "m4v": "mov", "mov": "mov",
    "aac": "aac", "webm": "matroska", "mkv": "matroska", "avi": "avi", "flv": "flv",
}  # fmt: skip


def _read_av(data: bytes, form: str) -> tuple[list[npt.NDArray[np.float32]], int]:
    try:
        import av
    except ImportError:
        raise AudioError(
            f"{form} files are read by PyAV, which is not installed: pip install 'voicenb[media]'", missing="media"
        ) from None

    def packed(frames: list[Any]) -> Iterator[npt.NDArray[np.float32]]:
        for frame in frames:
            block = np.asarray(frame.to_ndarray(), dtype=np.float32).T
            budget.take(block.size)
            yield block

    budget, blocks, rate = _Budget(), list[npt.NDArray[np.float32]](), 0
    try:
        with av.open(io.BytesIO(data), mode="r", format=_AV_FORMATS[form]) as container:
            if not container.streams.audio:
                raise AudioError(f"the {form} file has no sound track")
            stream = container.streams.audio[0]
            rate = int(stream.rate)
            planar = av.AudioResampler(format="fltp")
            for frame in container.decode(stream):
                blocks.extend(packed(planar.resample(frame)))
            blocks.extend(packed(planar.resample(None)))
    except av.FFmpegError as error:
        if not blocks:
            raise AudioError(f"the {form} file is damaged or of a kind that cannot be read: {error.strerror}") from None
    return blocks, rate


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
    if form not in _WRITTEN:
        raise AudioError(f"{form!r} is not a format that voicenb writes: {', '.join(_WRITTEN)}")
    if not sound.size or sound.ndim not in {1, 2}:
        raise AudioError(f"sound has the shape (n,) or (n, channels) and is not empty; {sound.shape} was given")
    if form == "mp3":
        if sound.ndim == 2 and sound.shape[1] > 2:
            raise AudioError(f"mp3 holds two channels at most; {sound.shape[1]} were given")
        better = next((known for known in _MP3_RATES if known >= rate), _MP3_RATES[-1])
        sound, rate = resample(sound, rate, better), better
    sound = np.clip(np.nan_to_num(sound, nan=0.0), -1.0, 1.0)
    content: npt.NDArray[Any] = sound
    options: dict[str, Any] = {"format": form.upper()}
    if form in {"wav", "flac"}:
        # Rounded here: what was decoded from 16 or 24 bits is written with the same numbers again.
        whole = np.rint(sound.astype(np.float64) * 2 ** (bits - 1))
        limit = 2 ** (bits - 1) - 1
        whole = np.minimum(whole, limit).astype(np.int32)
        content = whole.astype(np.int16) if bits == 16 else whole << 8
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
            # libsndfile's Vorbis encoder overflows its stack when it is given minutes at once.
            for start in range(0, len(content), 65536):
                file.write(content[start : start + 65536])
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        raise AudioError(f"{form} could not be written at {rate} Hz with {channels} channels: {error}") from None
    written = target.getvalue()
    return tagged(written, form, tag) if tag is not None else written


_EMBEDDED_RATE = 24_000
# A waveform's picture and the words around a player, in bytes.
_PICTURE = 4_000


def compact(
    samples: npt.NDArray[np.float32], rate: int, *, data: bytes = b"", form: str | None = None
) -> tuple[bytes | None, str]:
    """A small form of the sound for a saved notebook: bytes and media type; with its picture, an eighth of a 16-bit WAV.

    The received bytes where a browser plays them and they are as small, else mono mp3 of about 30 kbit/s at 24 kHz or
    below, which keeps everything below 12 kHz; None where that would be more than `MAX_EMBEDDED`.
    """
    room = max(len(samples) // 4 - _PICTURE, len(samples) // 5)
    if form in {"mp3", "ogg", "m4a"} and len(data) <= room:
        return (data if len(data) <= MAX_EMBEDDED else None), MIME[form]
    # Silence takes next to nothing, so the estimate is generous: it only saves the work where there is no hope.
    if len(samples) / rate * 1000 * 8 > MAX_EMBEDDED * 2:
        return None, MIME["mp3"]
    sound = mono(samples)
    if rate > _EMBEDDED_RATE:
        sound, rate = resample(sound, rate, _EMBEDDED_RATE), _EMBEDDED_RATE
    # Noisy speech takes more at the same quality: there the next lower one.
    for quality in (0.4, 0.3, 0.2, 0.1):
        small = encode(sound, rate, "mp3", quality=quality)
        if len(small) <= room:
            break
    return (small if len(small) <= MAX_EMBEDDED else None), MIME["mp3"]


# ── The clip ────────────────────────────────────────────────────────────────────────────────────────────────────────


class ClipTask(Protocol):
    """What a clip shows of the task that made it."""

    @property
    def id(self) -> str:
        """The ledger's id."""

    @property
    def service(self) -> str:
        """The service's id."""

    @property
    def voice(self) -> str | None:
        """The voice's name."""

    @property
    def text(self) -> str | None:
        """What is spoken."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from the service's defaults."""

    @property
    def cost(self) -> Decimal | None:
        """The price in `unit`, or None."""

    @property
    def unit(self) -> str | None:
        """The unit of the price."""


class Clip:
    """Sound that a service made: the bytes as received, and everything that can be asked of them.

    At the end of a cell it shows its waveform, a player, its words and what it cost, as HTML that stays in the saved
    notebook.

    Attributes:
        data: The bytes as received.
        subtitles: What is said and when, or None.
        task: The task that made it, or None.
        path: Where the bytes are kept on disk, or None.
    """

    def __init__(
        self,
        data: bytes,
        *,
        subtitles: Subtitles | None = None,
        task: ClipTask | None = None,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        self.data = bytes(data)
        self.subtitles = subtitles
        self.task = task
        self.path = Path(path) if path is not None else None

    @cached_property
    def format(self) -> str:
        """The container: wav, flac, mp3, ogg, m4a, …

        Raises:
            AudioError: The bytes are not audio.
        """
        form = sniff(self.data)
        if form is None:
            raise AudioError(f"{_described(self.data)} is not audio that voicenb knows")
        return form

    @cached_property
    def _decoded(self) -> tuple[npt.NDArray[np.float32], int]:
        samples, rate = decode(self.data)
        # Everything else is computed from this array, so it is not for writing: use clip.samples.copy().
        samples.flags.writeable = False
        return samples, rate

    @property
    def samples(self) -> npt.NDArray[np.float32]:
        """The sound, float32 of shape ``(n,)`` or ``(n, channels)``, full scale ±1; read-only, ``.copy()`` it to change it."""
        return self._decoded[0]

    @property
    def rate(self) -> int:
        """Samples a second, in Hz."""
        return self._decoded[1]

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the clip; the suffix names the format: wav, flac, mp3 or ogg.

        With the suffix of the received format the received sound is written as it is; else it is encoded. Either way the
        file carries the comment "Synthetic voice made with voicenb (…)" (only an ogg file that was received as ogg
        is left exactly as it came). The file appears whole or not at all.

        Args:
            path: Where to; a file that is there is replaced, missing folders are made.

        Returns:
            The path written.

        Raises:
            InvalidRequest: The suffix is none of these, or the format cannot hold the sound.
        """
        target = Path(path)
        form = target.suffix.lower().removeprefix(".")
        if form != self.format and form not in _WRITTEN:
            raise InvalidRequest(
                f"A clip is not written as {target.name!r}; nothing was written.",
                problems=(
                    Problem("path", f"suffix {target.suffix!r}", "use " + ", ".join(f".{known}" for known in _WRITTEN)),
                ),
            )
        if form == self.format:
            return write_atomically(target, tagged(self.data, form, self._tag()))
        try:
            content = encode(self.samples, self.rate, form, tag=self._tag(), bits=self._bits())
        except AudioError as error:
            raise InvalidRequest(
                f"The clip cannot be written as {form}: {error}.",
                problems=(Problem("path", f"suffix {target.suffix!r}", "use .wav or .flac"),),
            ) from None
        return write_atomically(target, content)

    def _bits(self) -> int:
        """24 where the received file has more than 16 bits a sample, else 16."""
        if self.format not in {"wav", "flac", "aiff"}:
            return 16
        import soundfile

        return 24 if soundfile.info(io.BytesIO(self.data)).subtype in {"PCM_24", "PCM_32", "FLOAT", "DOUBLE"} else 16

    def _tag(self) -> Tag:
        made = "Synthetic voice made with voicenb"
        if self.task is None:
            return Tag(made)
        text = " ".join((self.task.text or "").split())
        title = text if len(text) <= 80 else text[:79].rstrip() + "…"
        return Tag(f"{made} ({self.task.service})", title=title or None)

    def audio(self) -> Any:
        """The received bytes as an `IPython.display.Audio`, at their own level (IPython would normalise an array).

        Raises:
            VoicenbError: IPython is not installed.
        """
        player = needed("IPython.display").Audio(data=self.data, normalize=False)
        player.mimetype = MIME[self.format]
        return player

    def plot(self) -> Figure:
        """Waveform, pitch, loudness and spectrogram over one time axis, with the words beneath.

        Returns:
            A matplotlib Figure, which shows itself in a notebook and has ``savefig``.

        Raises:
            VoicenbError: matplotlib is not installed.
        """
        from voicenb.plots import voice_figure

        return voice_figure(self.samples, self.rate, words=self._words(), title=self._caption())

    def _words(self) -> list[tuple[str, float, float]]:
        if self.subtitles is None:
            return []
        cues = self.subtitles.words or self.subtitles.segments
        return [(cue.text, cue.start, cue.end) for cue in cues]

    def _caption(self) -> str:
        if self.task is None:
            return ""
        parts = [self.task.voice or "", *(f"{name} {_plain(value)}" for name, value in self.task.parameters.items())]
        return " · ".join(part for part in parts if part)

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        try:
            facts = [seconds(self.duration), self.format, f"{self.rate / 1000:g} kHz"]
        except AudioError as error:
            return f"<Clip: {error}>"
        if self.task is not None:
            facts.append(f"voice {self.task.voice}" if self.task.voice else self.task.service)
            if self.task.text:
                text = " ".join(self.task.text.split())
                facts.append(repr(text if len(text) <= 40 else text[:39] + "…"))
        return f"<Clip {' · '.join(facts)}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        task = self.task
        try:
            small, mime = compact(self.samples, self.rate, data=self.data, form=self.format)
        except AudioError:
            return {"text/plain": repr(self)}
        html = clip_html(
            self.samples,
            self.duration,
            audio=small,
            mime=mime,
            words=self._words(),
            text=(task.text if task else None) or (self.subtitles.text if self.subtitles else ""),
            voice=task.voice if task else None,
            service=task.service if task else None,
            parameters={name: _plain(value) for name, value in task.parameters.items()} if task else {},
            cost=f"{plain(task.cost)} {task.unit or ''}".strip() if task and task.cost is not None else None,
            cached=bool(getattr(task, "cached", False)),
            kind=str(getattr(task, "kind", "") or ""),
            path=self.path,
            findings=getattr(task, "findings", None),
        )
        return {"text/html": html, "text/plain": repr(self)}


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
