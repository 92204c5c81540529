"""A text to read aloud into a microphone: English, with all of its sounds early on, as long as a service needs."""

from __future__ import annotations

from itertools import accumulate

__all__ = ["READING", "reading_text"]

READING = (
    "The North Wind and the Sun were quarrelling one day about which of them was the stronger.",
    "Just then a young traveller came near along the road, wrapped in a thick, warm cloak.",
    "They chose to measure their power by him: whoever could make him take off his cloak should win.",
    "So the Wind puffed his cheeks and blew with all the noise and force of a dark January storm.",
    "But the harder he blew, the closer the traveller pulled the cloak around his shoulders.",
    "At last, tired and out of breath, the Wind gave up, though it gave him no pleasure.",
    "Then the Sun looked out from behind a huge cloud, smiled, and said nothing at all.",
    "She shone upon the fields, the bridges and the church, and slowly the air grew mild.",
    "Before an hour had gone by, the traveller was sitting by the river with his cloak beside him.",
    "And the Wind had to agree that a gentle voice may go further than a loud one.",
)
"""The fable of the wind and the sun, which phoneticians record languages with. The first four sentences have every consonant and
every diphthong of English."""

_FAST = 3.3
"""Words a second of somebody who reads fast: such a reader, too, has enough to read."""
_FEWEST = 4
_UNSTATED = 20.0


def reading_text(least: float | None) -> str:
    """As many sentences as last for `least` seconds, and four at least; from the beginning again where all of them are too short.

    Args:
        least: Seconds of speech; None where a service states no length.
    """
    wanted = (least or _UNSTATED) * _FAST
    sentences = list(READING)
    while sum(len(one.split()) for one in sentences) < wanted:
        sentences += READING
    counts = accumulate(len(one.split()) for one in sentences)
    enough = next(number for number, words in enumerate(counts, 1) if words >= wanted)
    return " ".join(sentences[: max(enough, _FEWEST)])
