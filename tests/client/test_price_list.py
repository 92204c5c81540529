"""A price list that cannot be read is asked for once a minute at most, whoever asks how often."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from wire import AUDIOS, HANG, RESET, TASK, answer, envelope

import voicenb as vn
from voicenb.base import portal

CATALOGUE = "/api/openapi/model/catalog"
LIST = answer({"code": 20000, "msg": "ok", "data": {"list": [{"model": "sound-cloning-voice", "price": 3}]}})


@pytest.fixture
def now(studio_of):
    """The clock of the price list; a test moves it."""
    moment = [1000.0]
    studio_of.session.prices._clock = lambda: moment[0]
    return moment


@pytest.fixture
def studio_of(wire, tmp_path):
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path) as studio:
        yield studio


def asked(wire):
    return wire.paths().count(CATALOGUE)


@pytest.mark.parametrize(
    "reply",
    [answer(b"<html>", status=200), answer(b"", status=502), answer({"detail": "no"}, status=404), RESET, envelope([])],
    ids=["page", "gateway", "missing", "reset", "another form"],
)
def test_one_request_a_minute(studio_of, wire, now, reply):
    wire.script[CATALOGUE] = reply
    wire.script[AUDIOS] = envelope(TASK)
    for number in range(5):
        assert studio_of.price("model_1", f"Hello {number}.").amount is None
    studio_of.voice("model_1").submit("Hello.")
    studio_of.voice("model_1").submit("Good morning.")
    assert asked(wire) == 1
    now[0] += 59
    studio_of.price("model_1", "Hello.")
    assert asked(wire) == 1
    now[0] += 2
    wire.script[CATALOGUE] = LIST
    studio_of.price("model_1", "Hello.")
    assert asked(wire) == 2
    assert studio_of.session.prices.known["sound-cloning-voice"] == Decimal(3)
    now[0] += 1000
    studio_of.price("model_1", "Hello.")
    assert asked(wire) == 2


def test_all_who_ask_at_once_wait_for_one_answer(studio_of, wire):
    wire.script[CATALOGUE] = LIST
    with ThreadPoolExecutor(8) as pool:
        prices = list(pool.map(lambda number: portal.call(studio_of.session.prices.ask), range(24)))
    assert all(one["sound-cloning-voice"] == 3 for one in prices)
    assert asked(wire) == 1


def test_whoever_gives_up_ends_the_request_for_nobody_else(studio_of, wire):
    wire.script[CATALOGUE] = HANG
    studio_of.session.http.seconds = 2

    async def both():
        first = asyncio.ensure_future(studio_of.session.prices.ask())
        await asyncio.sleep(0)
        second = asyncio.ensure_future(studio_of.session.prices.ask())
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert portal.call(both) == {}
    assert asked(wire) == 1


def test_a_price_by_what_is_known_asks_nobody(studio_of, wire):
    wire.script[CATALOGUE] = LIST
    assert studio_of.price("model_1", "Hello.", ask=False).amount is None
    assert studio_of.clone_price(text="Hello.", ask=False).amount is None
    assert not wire.seen
    studio_of.price("model_1", "Hello.")
    assert asked(wire) == 1
