"""A price knows what was made before."""

from decimal import Decimal

import pytest

import voicenb as vn


def test_what_was_made_before_is_free_and_says_so(studio, voice):
    """One sentence costs what its say is charged, and nothing after that; another parameter is another request."""
    text = "The tide table hangs beside the door."
    price = studio.price(voice, text, speed=1.2)
    assert not price.cached
    clip = voice.say(text, speed=1.2, quiet=True)
    assert clip.task.cost == price.amount > 0
    again = voice.price(text, speed=1.2)
    assert (again.cached, again.amount, again.unit) == (True, Decimal(0), price.unit)
    assert str(again) == "made before · free"
    before = studio.balance().amount
    assert voice.say(text, speed=1.2, quiet=True).task.cost == 0
    assert studio.balance().amount == before
    assert studio.price(voice, text, speed=1.2, fresh=True) == price
    assert not studio.price(voice, text, speed=1.3).cached


def test_takes_that_are_there_are_not_counted(studio, voice):
    """Of three takes, two are there: the price is that of the third."""
    text = "Three gulls sit on the harbour wall."
    one = studio.price(voice, text)
    assert studio.price(voice, text, takes=3).amount == 3 * one.amount
    voice.say(text, takes=2, quiet=True)
    left = studio.price(voice, text, takes=3)
    assert (left.amount, left.cached) == (one.amount, False)
    assert "2 of 3 made before, for nothing" in left.rule
    before = studio.balance().amount
    voice.say(text, takes=3, quiet=True)
    assert before - studio.balance().amount == left.amount
    assert studio.price(voice, text, takes=3).cached
    assert studio.price(voice, text, takes=3, fresh=True).amount == 3 * one.amount


def test_a_file_that_is_gone_is_paid_for_again(blank):
    """The price looks for the file, as `say` does."""
    voice = blank.clone(vn.sandbox.sample_speaker("ada", home=blank.home), name="ada", quiet=True)
    text = "This file will be gone."
    clip = voice.say(text, quiet=True)
    assert voice.price(text).cached
    clip.path.unlink()
    assert voice.price(text).amount == clip.task.cost


def test_takes_of_a_price_are_a_number(studio, voice):
    with pytest.raises(vn.InvalidRequest, match="takes"):
        studio.price(voice, "Hello.", takes=0)
