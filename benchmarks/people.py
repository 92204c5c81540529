"""People for `voice.py`, cut from LibriSpeech.

    python benchmarks/people.py LibriSpeech/test-other people 533 1688 2609 3080 3331
    python benchmarks/people.py LibriSpeech/train-clean-100 people 1098 1116 …

The first folder holds LibriSpeech's utterances, `NUMBER-CHAPTER-UTTERANCE.flac`, however deep. Of each reader named, utterances
from the first on are joined until they last 20 s: the reference; what follows, at most 25 s, is the other speech. Of a reader
with less than 40 s, the first 9.5 s are the reference, and the rest is the other speech.

Source: V. Panayotov et al., Librispeech: an ASR corpus based on public domain audio books, ICASSP 2015 (CC BY 4.0).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

_REFERENCE, _OTHER, _SHORT = 20, 25, 9.5
"""Seconds."""


def cut(utterances: list[np.ndarray], rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Reference and other speech of one reader."""
    whole = np.concatenate(utterances)
    if len(whole) < 2 * _REFERENCE * rate:
        at = round(_SHORT * rate)
    else:
        edges = np.cumsum([len(one) for one in utterances])
        at = int(edges[np.searchsorted(edges, _REFERENCE * rate)])
    return whole[:at], whole[at : at + _OTHER * rate]


def main() -> None:
    """Write the recordings of all readers named."""
    import soundfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("readers", nargs="+")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for reader in arguments.readers:
        files = sorted(arguments.corpus.rglob(f"{reader}-*-*.flac"))
        if not files:
            parser.error(f"{arguments.corpus} holds no utterance of {reader}")
        sounds = [soundfile.read(file) for file in files]
        rate = sounds[0][1]
        for what, wave in zip(("reference", "other"), cut([wave for wave, _ in sounds], rate), strict=True):
            soundfile.write(arguments.out / f"librispeech-{reader}-{what}.flac", wave, rate)


if __name__ == "__main__":
    main()
