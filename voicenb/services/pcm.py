"""Sound without a header: what it is by its content type, whether it can be sound at all, and a WAV around it.

Nothing is wrapped unseen: an mp3, a page or samples of another kind in a WAV are noise at full scale.
"""

from __future__ import annotations

import array
import io
import math
import re
import struct
import sys
import wave
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

from voicenb.services.answers import is_text

__all__ = [
    "Entrance",
    "NotSoundError",
    "Pieces",
    "container_of",
    "file_of",
    "form_of",
    "is_plausible",
    "pcm_form",
    "wav_of",
    "whole_of",
    "with_length",
]

_MOST_CHANNELS = 8
_MOST_RATE = 768_000
_LONGEST_HEADER = 4096
_HEAD = 4096  # two mp3 frames are in it
_WATCHED = 48_000  # of a stream whose samples nobody names, so many bytes are looked at before any is passed on


class NotSoundError(ValueError):
    """What came is no bare PCM: a file in a container, a text, or samples of a kind that is not known.

    Attributes:
        data: What is held of it.
        text: Whether it is text.
    """

    def __init__(self, message: str, data: bytes, *, text: bool = False) -> None:
        super().__init__(message)
        self.data = data
        self.text = text


# -- what it is ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Form:
    """What bare samples are.

    Attributes:
        codec: ``s16``, ``s16be``, ``u8``, ``s24``, ``s24be``, ``s32``, ``s32be``, ``f32``, ``f32be``, ``mulaw`` or ``alaw``.
        rate: Samples a second, in Hz.
        channels: Their number.
        named: Whether the content type says which codec it is.
    """

    codec: str
    rate: int
    channels: int
    named: bool

    @property
    def width(self) -> int:
        """Bytes a sample."""
        return {"s16": 2, "u8": 1, "s24": 3, "s32": 4, "f32": 4, "mulaw": 1, "alaw": 1}[self.codec.removesuffix("be")]


_CODECS = {
    "s16": "pcm16 pcms16 pcms16le s16 s16le int16 int16le linear16 lpcm16 slin16 pcm16le pcm16bit 16bit signed16",
    "s16be": "pcms16be s16be int16be pcm16be l16",
    "u8": "u8 pcmu8 uint8 pcm8 l8",
    "s24": "s24 s24le pcms24le pcm24 int24",
    "s24be": "s24be pcms24be l24",
    "s32": "s32 s32le pcms32le pcm32 int32",
    "s32be": "s32be pcms32be l32",
    "f32": "f32 f32le pcmf32le float float32 float32le pcmfloat pcmf32 float32bit 32float pcmfloat32",
    "f32be": "f32be pcmf32be float32be",
    "mulaw": "mulaw ulaw pcmu pcmmulaw g711u g711mulaw basic xmulaw xulaw g711ulaw",
    "alaw": "alaw pcma pcmalaw g711a g711alaw xalaw xalawbasic",
}
_KNOWN = {name: codec for codec, names in _CODECS.items() for name in names.split()}
_NO_CODEC = frozenset(
    {"", "raw", "pcm", "lpcm", "xraw", "xpcm", "octetstream", "binary", "xl16", "xwav", "wav", "wave"}
)


def pcm_form(media: str, rate: int) -> tuple[int, int]:
    """Rate in Hz and channels of raw PCM, from a content type such as ``audio/raw; codec=pcm16; rate=24000; channels=1``.

    Args:
        media: The content type, in lower case.
        rate: What is taken where it does not say.
    """
    said = {
        name.removeprefix("sample").strip("-_"): int(value)
        for name, value in re.findall(r"\b((?:sample[-_]?)?rate|channels)\s*=\s*\"?(\d{1,6})", media)
        if int(value) > 0
    }
    found = said.get("rate", rate)
    return found if found <= _MOST_RATE else rate, min(said.get("channels", 1), _MOST_CHANNELS)


def form_of(media: str, rate: int) -> Form | None:
    """What bare samples of this content type are; None where it names something else, such as mp3.

    Args:
        media: The content type, in lower case.
        rate: The rate in Hz where it says none; ``audio/basic`` has its own.
    """
    kind, _, rest = media.partition(";")
    subtype = re.sub(r"[^a-z0-9]", "", kind.partition("/")[2])
    found = re.search(r"\b(?:codecs?|encoding|format)\s*=\s*\"?([\w.+-]+)", rest)
    name = re.sub(r"[^a-z0-9]", "", found[1]) if found else ""
    if kind.strip() == "audio/basic":
        rate = 8000
    rate, channels = pcm_form(media, rate)
    for one in (name, subtype):
        if one in _KNOWN:
            codec = _KNOWN[one]
            if "bigendian" in re.sub("[^a-z]", "", rest) or re.search(r"endian\w*\s*=\s*\"?big", rest):
                codec = codec if codec in {"u8", "mulaw", "alaw"} or codec.endswith("be") else codec + "be"
            return Form(codec, rate, channels, named=True)
    if name not in _NO_CODEC:
        return None
    return Form("s16", rate, channels, named=False)


_MAGIC = (
    b"RIFF", b"RF64", b"RIFX", b"riff", b"FORM", b"fLaC", b"OggS", b"ID3", b"FLV\x01", b"\x1aE\xdf\xa3", b".snd", b"caff",
    b"0&\xb2u", b"MThd", b"#!AMR", b"wvpk", b"MAC ", b"\x1f\x8b\x08", b"PK\x03\x04", b"%PDF", b"\x89PNG",
)  # fmt: skip


def container_of(data: bytes) -> str | None:
    """A short name of the file format that `data` begins with, or None: bare samples, text, or nothing known."""
    if data[4:8] == b"ftyp":
        return "mp4"
    magic = next((one for one in _MAGIC if data.startswith(one)), None)
    if magic is not None:
        return "wav" if magic == b"RIFF" else magic.decode("latin-1").strip("\x00\x01\x03\x04\x08\x1a.#!%\x89").lower()
    first = _frame(data, 0)
    if not first:
        return None
    # A lone sync word is common in PCM; two frames of one kind after each other are not.
    second = _frame(data, first)
    return "mpeg" if second or first == len(data) else None


_KBPS = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _frame(data: bytes, at: int) -> int:
    """The length of the MPEG audio or ADTS frame that begins at `at`; 0 where none does (ISO 11172-3, 13818-3, 13818-7)."""
    head = data[at : at + 6]
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if layer == 0:
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        return length if head[1] & 0xF0 == 0xF0 and length > 7 else 0
    bits, speed = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bits in {0, 15} or speed == 3:
        return 0
    hertz = (44100, 48000, 32000)[speed] >> {3: 0, 2: 1, 0: 2}[version]
    rate = 1000 * _KBPS[3 if version == 3 else 2, layer][bits - 1]
    padded = head[2] >> 1 & 1
    if layer == 3:
        return (12 * rate // hertz + padded) * 4
    return (144 if version == 3 or layer == 2 else 72) * rate // hertz + padded


def is_plausible(data: bytes) -> bool:
    """Whether bytes that nobody names can be 16-bit samples (little endian) of speech.

    Of such samples the second byte, which is the coarse one, is more even than the first: its four highest bits have less
    entropy, by 0.3 bit and more (measured on speech of nine speakers: by 1.6 to 2.8). 8-bit samples and packed data have the
    same entropy in both, big-endian samples the opposite. Wider samples differ between one pair of bytes and the next, or
    leap from each sample to the next by nearly twice their level, where white noise leaps by 1.4 times its level.
    """
    data = data[: len(data) // 4 * 4][:_LONGEST_LOOK]
    samples = array.array("h", data)
    if sys.byteorder == "big":
        samples.byteswap()
    if len(samples) < _FEWEST:
        return True
    level = sum(map(abs, samples)) / len(samples)
    if level < _QUIET:
        return True
    first, second, _, fourth = (Counter(data[place::4].translate(_HIGH_BITS)) for place in range(4))
    coarse = second + fourth
    if _entropy(coarse) > _entropy(first) - 0.3:
        return False
    step = sum(abs(later - earlier) for earlier, later in pairwise(samples)) / len(samples)
    unlike = sum(abs(second[bits] - fourth[bits]) for bits in range(16)) / coarse.total()
    return step < 1.6 * level and unlike < 0.5 and (unlike < 0.15 or step < 1.3 * level)


def _entropy(counted: Counter[int]) -> float:
    whole = counted.total()
    return -sum(count / whole * math.log2(count / whole) for count in counted.values())


_LONGEST_LOOK = 2 * 240_000
_FEWEST = 64
_QUIET = 64
_HIGH_BITS = bytes(code >> 4 for code in range(256))


# -- a file of it ----------------------------------------------------------------------------------------------


def wav_of(pcm: bytes, rate: int, channels: int, *, width: int = 2) -> bytes:
    """PCM (little endian, channels interleaved) as a WAV file; a torn last sample is dropped.

    Args:
        pcm: The samples.
        rate: In Hz.
        channels: Their number.
        width: Bytes a sample.
    """
    file = io.BytesIO()
    frame = width * channels
    with wave.open(file, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(width)
        target.setframerate(rate)
        target.writeframes(pcm[: len(pcm) // frame * frame])
    return file.getvalue()


_TAGS = {"f32": 3, "alaw": 6, "mulaw": 7}


def file_of(data: bytes, form: Form) -> bytes:
    """Bare samples of any form as a WAV file that holds them as they are."""
    data = data[: len(data) // form.width * form.width]
    if form.codec.endswith("be"):
        flipped = bytearray(data)
        for place in range(form.width):
            flipped[place :: form.width] = data[form.width - 1 - place :: form.width]
        data, form = bytes(flipped), replace(form, codec=form.codec.removesuffix("be"))
    if form.codec not in _TAGS:
        return wav_of(data, form.rate, form.channels, width=form.width)
    frame = form.width * form.channels
    data = data[: len(data) // frame * frame]
    head = struct.pack(
        "<HHIIHHH", _TAGS[form.codec], form.channels, form.rate, form.rate * frame, frame, 8 * form.width, 0
    )
    fact = struct.pack("<4sII", b"fact", 4, len(data) // frame)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + fact + b"data" + struct.pack("<I", len(data)) + data
    body += bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def as_16_bit(data: bytes, codec: str) -> bytes:
    """Whole samples of any form as 16-bit PCM, little endian."""
    import numpy as np

    if codec == "s16":
        return data
    order = ">" if codec.endswith("be") else "<"
    match codec.removesuffix("be"):
        case "s16":
            sound = np.frombuffer(data, order + "i2")
        case "u8":
            sound = (np.frombuffer(data, "u1").astype("i2") - 128) * 256
        case "s24":
            triples = np.frombuffer(data, "u1").reshape(-1, 3)
            high, middle = (triples[:, 0], triples[:, 1]) if order == ">" else (triples[:, 2], triples[:, 1])
            sound = (high.astype("u2") << 8 | middle).view("i2")
        case "s32":
            sound = np.frombuffer(data, order + "i4") >> 16
        case "f32":
            with np.errstate(invalid="ignore"):  # what is no number is silence
                numbers = np.frombuffer(data, order + "f4").astype("f8")
            numbers = np.nan_to_num(numbers, nan=0.0, posinf=1.0, neginf=-1.0)
            sound = np.clip(np.rint(numbers * 32767), -32768, 32767)
        case "mulaw":
            sound = np.array([_mulaw(code) for code in range(256)], "i2")[np.frombuffer(data, "u1")]
        case _:
            sound = np.array([_alaw(code) for code in range(256)], "i2")[np.frombuffer(data, "u1")]
    return sound.astype("<i2").tobytes()


def _mulaw(code: int) -> int:
    """ITU-T G.711, µ-law, on a scale of 16 bits."""
    code = ~code & 255
    level = ((code & 15) << 3) + 132 << (code >> 4 & 7)
    return 132 - level if code & 128 else level - 132


def _alaw(code: int) -> int:
    """ITU-T G.711, A-law, on a scale of 16 bits."""
    code ^= 85
    exponent = code >> 4 & 7
    level = ((code & 15) << 4) + (8 if exponent == 0 else 264)
    level <<= max(exponent - 1, 0)
    return level if code & 128 else -level


def whole_of(data: bytes, media: str, rate: int) -> bytes:
    """A file of an answer that should be sound: as it came where it has a header, else in a WAV.

    Args:
        data: The answer, not empty.
        media: Its content type, in lower case.
        rate: The rate in Hz of bare samples, where that does not say.

    Raises:
        NotSoundError: It is text, or nothing that is known.
    """
    if container_of(data) is not None:
        return data
    if is_text(data):
        raise NotSoundError("text came where sound was expected", data, text=True)
    kind = media.partition(";")[0].strip()
    form = form_of(media, rate)
    if kind and not kind.startswith("audio/") and "octet-stream" not in kind:
        # A type that is not one of sound is as good as none.
        form = Form("s16", rate, 1, named=False)
    if form is None:
        raise NotSoundError(f"it is called {kind} and is none", data)
    if not form.named and not is_plausible(data):
        raise NotSoundError("it has no header and does not look like 16-bit samples", data)
    return file_of(data, form)


def with_length(data: bytes) -> bytes:
    """A file that came whole: of a WAV that says that it has no end, as streamed ones do, the length is written into its head."""
    found = _header_of(data) if data[:4] == b"RIFF" else None
    if found is None or data[found[1] - 4 : found[1]] != _ENDLESS:
        return data
    start = found[1]
    sizes = [struct.pack("<I", min(size, 2**32 - 1)) for size in (len(data) - 8, len(data) - start)]
    return data[:4] + sizes[0] + data[8 : start - 4] + sizes[1] + data[start:]


_ENDLESS = b"\xff\xff\xff\xff"


class Entrance:
    """Holds the beginning of a stream back until it has shown that it is one of samples.

    Args:
        rate: As in `Pieces`.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._held = b""
        self._open = False

    def add(self, data: bytes, media: str, *, last: bool = False) -> bytes:
        """What may be passed on.

        Args:
            data: More bytes.
            media: The content type, in lower case.
            last: Whether the stream ends with it.

        Raises:
            NotSoundError: The stream is a file, a text, or of samples that are not known.
        """
        if self._open:
            return data
        held = self._held = self._held + data
        form = form_of(media, self._rate)
        named = held[:4] == b"RIFF" or (form is not None and form.named)
        if not last and len(held) < (_HEAD if named else _WATCHED):
            return b""
        what = "a stream of samples was expected, and "
        container = container_of(held)
        if container not in {None, "wav"}:
            raise NotSoundError(f"{what}a file came ({container})", held)
        if container == "wav" and held and _header_of(held) is None:
            raise NotSoundError(f"{what}a file came (wav) of another kind", held)
        if is_text(held):
            raise NotSoundError(f"{what}text came", held, text=True)
        if container is None:
            if form is None:
                raise NotSoundError(f"{what}it is called {media.partition(';')[0]} and is none", held)
            if not form.named and not is_plausible(held):
                raise NotSoundError(
                    "it does not look like 16-bit samples, and its type does not say what they are", held
                )
        self._open = True
        self._held = b""
        return held


def _header_of(held: bytes) -> tuple[Form, int] | None:
    """What a WAV's header says of its samples, and where they begin; None where it is not whole, or of another kind."""
    start = held.find(b"data")
    if start < _LEAST_HEADER or len(held) < start + 8:
        return None
    tag, channels, rate = struct.unpack_from("<HHI", held, 20)
    bits = struct.unpack_from("<H", held, 34)[0]
    codec = _WAV_CODECS.get((tag, bits))
    if codec is None or not 1 <= channels <= _MOST_CHANNELS or not 1000 <= rate <= _MOST_RATE:
        return None
    return Form(codec, rate, channels, named=True), start + 8


_LEAST_HEADER = 36
_WAV_CODECS = {
    (1, 16): "s16", (65534, 16): "s16", (1, 8): "u8", (1, 24): "s24", (1, 32): "s32", (3, 32): "f32", (6, 8): "alaw",
    (7, 8): "mulaw",
}  # fmt: skip


class Pieces:
    """Puts a stream's bytes together to whole 16-bit samples.

    Args:
        rate: The rate in Hz, where the content type says none.

    Attributes:
        rate, channels: What the stream is, from its first piece on.
        whole: Every whole sample so far.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.channels = 1
        self.whole = bytearray()
        self._rest = b""
        self._form: Form | None = None

    @property
    def named(self) -> bool:
        """Whether the content type, or a header, says what the samples are."""
        return self._form is not None and self._form.named

    def add(self, data: bytes, media: str) -> bytes:
        """The whole samples that `data` completes."""
        held = self._rest + data
        if self._form is None:
            # A header, where a WAV comes after all, is no sound; a few bytes do not tell yet.
            found = _header_of(held) if held[:4] == b"RIFF" else None
            if found is None and held[:4] == b"RIFF"[: len(held)] and len(held) < _LONGEST_HEADER:
                self._rest = held
                return b""
            self._form = form_of(media, self.rate) or Form("s16", *pcm_form(media, self.rate), named=False)
            if found is not None:
                self._form, start = found
                held = held[start:]
            self.rate, self.channels = self._form.rate, self._form.channels
        frame = self._form.width * self._form.channels
        size = len(held) // frame * frame
        self._rest = held[size:]
        samples = as_16_bit(held[:size], self._form.codec)
        self.whole += samples
        return samples
