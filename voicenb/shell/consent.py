"""The speaker's consent as a note inside a prepared recording, so that it goes with the file."""

from __future__ import annotations

import io
from pathlib import Path

__all__ = ["consent_in", "with_consent"]

_MARK = "Consent: "
_LONGEST = 2_000


def with_consent(data: bytes, consent: str | None) -> bytes:
    """A WAV with the note in it; without consent the file as it is."""
    from voicenb.audio.tags import Tag, tagged

    return tagged(data, "wav", Tag(f"{_MARK}{consent}")) if consent else data


def consent_in(recording: bytes | str) -> str | None:
    """The note that `with_consent` left in a recording; None where there is none.

    Args:
        recording: The file's bytes, or its path. What is no WAV file on this machine has none.
    """
    import soundfile

    try:
        if isinstance(recording, str):
            path = Path(recording).expanduser()
            # A pipe could be read once, and a folder not at all.
            if not path.is_file():
                return None
            with path.open("rb") as file:
                head = file.read(4)
            source: io.BytesIO | str = str(path)
        else:
            head, source = recording[:4], io.BytesIO(recording)
        if head != b"RIFF":
            return None
        with soundfile.SoundFile(source) as sound:
            comment: str = sound.comment
    except (OSError, ValueError, RuntimeError):
        # What is wrong with the file is said when it is read as a recording.
        return None
    if not comment.startswith(_MARK):
        return None
    return comment.removeprefix(_MARK)[:_LONGEST].strip() or None
