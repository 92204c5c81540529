"""Who hears nothing is right as often as chance has it, however they guess."""

import numpy as np
import pytest
from scipy.stats import binom, chisquare

from voicenb.audio.codec import encode
from voicenb.listening.designing import Asked, designed
from voicenb.listening.kinds import kind_of
from voicenb.listening.sources import Source

TRIALS, LISTENERS = 16, 1_000
GUESSES = {
    "the first": lambda rng, shown, trial: shown[0],
    "by turns": lambda rng, shown, trial: shown[trial % 2],
    "any": lambda rng, shown, trial: shown[int(rng.integers(2))],
    "by name": lambda rng, shown, trial: min(shown),
}


@pytest.fixture(scope="module")
def design():
    rng = np.random.default_rng(1)
    data = {name: encode(0.1 * rng.standard_normal(3_200).astype(np.float32), 16_000, "flac") for name in "ab"}
    asked = Asked(
        kind=kind_of("abx"), title="", question="", attribute=None, trials=TRIALS, listeners=LISTENERS, repeats=0, catch=0,
        training=0, headphones=False, tie=False, seed=0, matched=True,
    )  # fmt: skip
    # A given secret, so that the counts are the same in each run.
    return designed(asked, [Source(name, "Hello.", name) for name in "ab"], data.__getitem__, secret="5eed")


def counts(design, guess):
    """How many of its trials each listener has right."""
    rng = np.random.default_rng(2)
    key = {one.id: one.same for one in design.trials}
    return np.array(
        [
            sum(guess(rng, shown, number) == key[name] for number, (name, shown) in enumerate(row))
            for row in design.orders
        ]
    )


@pytest.mark.parametrize("how", [name for name in GUESSES if name != "by name"])
def test_right_answers_of_guessers_are_binomial(design, how):
    """χ² over 1,000 listeners, against Binomial(16, ½), the ends put together."""
    found = counts(design, GUESSES[how])
    edges = [*range(4, 13)]
    binned = np.array([(found <= 4).sum(), *((found == one).sum() for one in edges[1:-1]), (found >= 12).sum()])
    chances = binom.pmf(np.arange(17), 16, 0.5)
    expected = LISTENERS * np.array([chances[:5].sum(), *(chances[one] for one in edges[1:-1]), chances[12:].sum()])
    assert chisquare(binned, expected).pvalue > 0.001, (how, binned.tolist())


def test_names_say_nothing(design):
    """A guess by name has one answer a trial, for all listeners: right in about half of the trials, and the same for everybody."""
    found = counts(design, GUESSES["by name"])
    assert len(set(found.tolist())) == 1
    assert 2 <= found[0] <= 14
