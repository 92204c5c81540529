"""Decoding by libsndfile, in this process."""

from __future__ import annotations

import io

from voicenb.audio.sound import AudioError, Stretch, UnpackLimit

__all__ = ["read_with_sndfile"]

# Small, because a damaged FLAC file loses the whole block in which the damage lies.
_BLOCK = 2**14
_EXACT = frozenset({"wav", "rifx", "w64", "aiff", "au", "caf", "flac"})
"""Containers that may hold more than 16 bits a sample."""


class _Seekable(io.BytesIO):
    """Bytes that a damaged header may ask anything of: python-soundfile prints what a seek raises."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_CUR: self.tell(), io.SEEK_END: self.getbuffer().nbytes}.get(whence, 0)
        return super().seek(min(max(0, start + offset), 2**62))


def read_with_sndfile(data: bytes, form: str | None, limit: UnpackLimit, findings: list[str]) -> tuple[Stretch, int]:
    """Decode a file; return its sound, and 24 where it has more than 16 bits a sample, else 16.

    Args:
        data: The file.
        form: Its container, or None.
        limit: Counts what is decoded.
        findings: Gets what a listener should know.

    Raises:
        AudioError: It is damaged, of another kind, or too long.
    """
    import soundfile

    stretch: Stretch | None = None
    bits = 16
    try:
        with soundfile.SoundFile(_Seekable(data)) as file:
            stretch = Stretch(int(file.samplerate), int(file.channels))
            bits = 24 if file.subtype in {"PCM_24", "PCM_32", "FLOAT", "DOUBLE"} and form in _EXACT else 16
            if form in {"mp3", "mp2", "ogg"} or file.format in {"MP3", "OGG", "MPEG"}:
                # At one go: python-soundfile seeks after each read, which tears the sound of these two at every seam. Their
                # length is a count of what is there, or a claim that only reserves memory.
                claimed = file.frames
                limit.take(claimed * file.channels, stretch.rate, stretch.channels)
                stretch.add(file.read(dtype="float32", always_2d=True).reshape(-1))
                return stretch, bits
            # The header's count of frames is not believed: blocks are read until there are no more.
            while len(block := file.read(max(1, _BLOCK // file.channels), dtype="float32", always_2d=True)):
                limit.take(block.size, stretch.rate, stretch.channels)
                stretch.add(block.reshape(-1))
            return stretch, bits
    except soundfile.LibsndfileError as error:
        # What was read before the damage is worth keeping: a torn download still plays.
        if stretch is not None and len(stretch.samples):
            findings.append(
                f"it is damaged after {len(stretch.samples) / stretch.rate:.1f} s: what comes before is read"
            )
            return stretch, bits
        reason = error.error_string.rstrip(". ")
        raise AudioError(f"the {form} file is damaged or of a kind that cannot be read: {reason}") from None
    except (ValueError, TypeError, RuntimeError, OSError, OverflowError) as error:
        if isinstance(error, AudioError):
            raise
        raise AudioError(f"the {form} file is damaged ({type(error).__name__})") from None
