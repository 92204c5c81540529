"""Recordings of a study's texts, which distances are taken to instead of the baseline's clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voicenb.audio.codec import encode
from voicenb.errors import BadReference, InvalidRequest
from voicenb.ledger.ledger import Ledger
from voicenb.studio.reference import Reference

__all__ = ["kept_targets"]


def kept_targets(ledger: Ledger, texts: Sequence[str], target: Mapping[str, Any] | None) -> dict[str, str]:
    """The files that the recordings are kept in, by text.

    They are kept with 24 bits, unchanged but for that, under the hash of their content.

    Args:
        ledger: The ledger.
        texts: The study's texts.
        target: A recording of each text that has one: a `Reference`, or what one is made of.

    Raises:
        InvalidRequest: A recording is of no text of the study, or cannot be read.
    """
    if target is None:
        return {}
    if not isinstance(target, Mapping):
        raise InvalidRequest(
            f"target={target!r:.60}: give a recording for each text, as in target={{text: 'read.wav'}}"
        )
    if strange := [text for text in target if text not in texts]:
        raise InvalidRequest(f"target: no text of this study is {strange[0]!r:.80}; a distance needs the same words")
    found = {}
    for text, recording in target.items():
        try:
            read = Reference(recording)
            data = encode(read.samples, read.rate, "flac", bits=24)
        except BadReference as error:
            raise InvalidRequest(f"target: the recording of {text!r:.80} cannot be read: {error}") from error
        found[text] = ledger.files.store(data, ".flac")
    return found
