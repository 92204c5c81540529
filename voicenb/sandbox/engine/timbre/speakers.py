"""Sample speakers: voices to clone where no recording is at hand, each reading a text of about twenty seconds."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from voicenb.sandbox.engine.prosody.prosody import Prosody
from voicenb.sandbox.engine.prosody.utterance import Register
from voicenb.sandbox.engine.timbre.design import Timbre

__all__ = ["SPEAKERS", "Speaker", "sample"]


@dataclass(frozen=True)
class Speaker:
    """A sample speaker: who it is, how it sounds and what it reads."""

    about: str
    register: Register
    timbre: Timbre
    prosody: Prosody
    text: str


def _register(hertz: float, liveliness: float) -> Register:
    return Register(log(hertz), 0.146 * liveliness, 0.294 * liveliness)


_SAMPLES = {
    "ada": Speaker(
        "a bright, quick woman's voice, around 235 Hz",
        _register(235, 1.23),
        Timbre(ratio=1.1, tilt=1.0, bumps=((3400, 5, 0.25), (1300, -4, 0.3))),
        Prosody(rate=1.03),
        "My name is Ada, and I like machines that surprise me. When I was nine, I took the kitchen clock apart to see "
        "where the minutes were kept. I found eleven wheels, one spring, and no minutes at all. Since then I have "
        "opened radios, typewriters and an old church organ, and the answer is always the same: what you hear is "
        "nowhere inside, and yet it needs every single piece.",
    ),
    "bruno": Speaker(
        "a low, unhurried man's voice, around 98 Hz",
        _register(98, 0.84),
        Timbre(ratio=0.84, tilt=-1.0, bumps=((500, 3, 0.35), (2600, 4, 0.2))),
        Prosody(rate=0.97),
        "I am Bruno, and I keep the lighthouse at the end of the long pier. People ask whether the nights are lonely. "
        "They are not. The fog tells you where the ships are, the gulls tell you about the weather, and the sea never "
        "says the same thing twice. By morning the lamp is warm, the coffee is strong, and the whole harbor smells "
        "of salt and fresh bread.",
    ),
    "clara": Speaker(
        "a soft, darker woman's voice, around 168 Hz",
        _register(168, 0.78),
        Timbre(ratio=0.95, tilt=-2.0, bumps=((900, 4, 0.3), (4200, -5, 0.4))),
        Prosody(rate=0.95, energy=-0.3),
        "This is Clara. I repair violins in a small room above the bakery. A good violin remembers how it was played, "
        "and an old one remembers too much. So I listen first. I tap the wood, I turn the pegs, I wait until it "
        "hums back. Then I know which joint has grown tired, and which tune it misses the most.",
    ),
    "dev": Speaker(
        "a clear, lively man's voice, around 132 Hz",
        _register(132, 1.30),
        Timbre(ratio=0.9, tilt=1.2, bumps=((1700, 5, 0.25), (600, -4, 0.3))),
        Prosody(rate=1.04),
        "Hello, I am Dev, and I draw maps of places that do not exist yet. A new bridge, a quiet park, a railway "
        "under the river: first they are lines on my table, and years later somebody eats lunch there. My "
        "favorite map shows the town as children would build it. It has four swimming pools, a zoo, and no road that "
        "leads to school.",
    ),
}

SPEAKERS: dict[str, str] = {name: speaker.about for name, speaker in _SAMPLES.items()}
"""The sample speakers by name, each with a line about its voice."""


def sample(name: str) -> Speaker:
    """The speaker of that name.

    Raises:
        KeyError: There is none.
    """
    return _SAMPLES[name]
