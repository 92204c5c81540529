"""Faseeh's speech by what its pages say: pauses, rates, dialects, required fields."""

import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, strategies as st
from wire import answer

import voicenb as vn
from voicenb.errors import InvalidRequest
from voicenb.services.base import LearnedRuleWarning
from voicenb.services.breaks import break_problems, with_breaks, without_breaks
from voicenb.services.faseeh import DIALECTS, PreviewRequest, ProductionRequest, VoiceRequest
from voicenb.services.pcm import wav_of

MODEL = "faseeh-v1-preview"
SPEECH = f"/text-to-speech/{MODEL}"
READY = "en-male-1"
TONE = (8000 * np.sin(np.arange(12000) * 0.06)).astype("<i2").tobytes()


def asked(text, kind=ProductionRequest, **more):
    least = {"voice": READY} if kind is ProductionRequest else {"name": "me"} if kind is VoiceRequest else {}
    return kind.build(least | {"text": text} | more, strict=True)


# -- pauses ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 300))
def test_the_common_notation_is_sent_as_the_services_tag(hundredths):
    mark = f"<#{Decimal(hundredths) / 100}#>"
    text = f"One two {mark} three four."
    for kind in (PreviewRequest, VoiceRequest, ProductionRequest):
        request = asked(text, kind)
        assert request.wire()["text"] == f'One two <break time="{hundredths * 10}ms"/> three four.'
        assert request.text == text
    assert without_breaks(text).split() == ["One", "two", "three", "four."]


@pytest.mark.parametrize(
    "text",
    ['a <break time="500ms"/> b', "a <break time='1.5s' /> b", 'a<break time="3000ms"/>b', "a <#3#> b", "a <breakfast> b",
     "a " + "<#1#> b " * 20],
)  # fmt: skip
def test_pauses_that_are_good(text):
    assert list(break_problems(text)) == []
    assert asked(text).wire()["text"] == with_breaks(text)


@pytest.mark.parametrize(
    ("text", "given", "rule"),
    [
        ("a <#3.01#> b", "the pause <#3.01#>", "a longer one is written as two"),
        ('a <break time="3001ms"/> b', 'the pause <break time="3001ms"/>', "a longer one is written as two"),
        ("a <#x#> b", "the pause <#x#>", 'from 0.01 to 3, or a tag such as <break time="500ms"/>'),
        ("a <#0#> b", "the pause <#0#>", "from 0.01 to 3"),
        ("a <break/> b", "the pause <break/>", "from 0.01 to 3"),
        ("a " + "<#1#> b " * 21, "21 pauses", "allowed are 20 in one text"),
        ("a " + "<#2#> b " * 15 + "<#0.5#> b", "30.5 s of pauses", "allowed are 30 s in one text"),
    ],
)
def test_pauses_that_are_not(text, given, rule):
    with pytest.raises(InvalidRequest) as caught:
        asked(text)
    [problem] = caught.value.problems
    assert (problem.field, problem.given) == ("text", given)
    assert rule in problem.allowed
    # Nobody here has it from the service in writing: on a live one it is a warning.
    with pytest.warns(LearnedRuleWarning, match="pause"):
        ProductionRequest.build({"voice": READY, "text": text})


def test_a_text_of_pauses_alone_is_none():
    for text in ("<#1#>", ' <break time="1s"/> <#1#>'):
        with pytest.raises(InvalidRequest, match="text with something to speak"):
            ProductionRequest.build({"voice": READY, "text": text})


@pytest.fixture(scope="module")
def sandboxed(home):
    with vn.connect("faseeh", sandbox=True, home=home) as studio:
        yield studio


def longest_silence(clip):
    """Seconds of the longest run of samples that are zero."""
    loud = np.flatnonzero(np.concatenate([[1], clip.samples, [1]]))
    return (int(np.diff(loud).max()) - 1) / clip.rate


@pytest.mark.parametrize("mark", ["<#1.25#>", '<break time="1250ms"/>', '<break time="1.25s"/>'])
def test_a_pause_is_heard_and_costs_what_was_foreseen(sandboxed, mark):
    text = f"We wait {mark} and go on."
    voice = sandboxed.voice(READY)
    price = sandboxed.price(voice, text)
    assert price.amount == len(with_breaks(text))
    assert "a pause's tag counted too" in price.rule
    clip = voice.say(text, sample_rate=24000, quiet=True)
    assert 1.25 <= longest_silence(clip) < 1.35
    assert clip.task.cost == price.amount == clip.task.record.characters
    stream = voice.stream(text, sample_rate=24000, seed=1)
    sound = b"".join(stream)
    assert 1.25 <= longest_silence(stream.clip) < 1.35
    assert len(sound) // 2 == len(stream.clip.samples)


# -- rates -------------------------------------------------------------------------------------------------------


@pytest.fixture
def voice(wire, tmp_path):
    prices = {MODEL: "0.5", "voice": 0}
    with vn.connect("faseeh", base_url=wire.url, api_key="k", home=tmp_path, prices=prices) as studio:
        yield studio.voice("ar-hijazi-female-1")


@pytest.mark.parametrize(
    ("asked_for", "media", "rate"),
    [
        (None, "application/octet-stream", 24000),
        (None, "audio/raw; codec=pcm16; rate=48000; channels=1", 48000),
        (48000, "application/octet-stream", 48000),
        (8000, "application/octet-stream", 8000),
        ("default", "application/octet-stream", 48000),
    ],
)
def test_a_stream_that_does_not_say_its_rate_has_the_one_that_was_asked_for(wire, voice, asked_for, media, rate):
    wire.script[SPEECH] = answer(TONE, headers={"Content-Type": media})
    stream = voice.stream("Hello there.", **({} if asked_for == "default" else {"sample_rate": asked_for}))
    assert {chunk.rate for chunk in stream} == {rate}
    assert stream.clip.rate == rate
    body = json.loads([one for one in wire.seen if one.path == SPEECH][-1].body)
    assert {"voice_id", "text", "stability", "streaming"} <= set(body)
    assert body.get("sample_rate") == (48000 if asked_for == "default" else asked_for)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100])
def test_the_sandbox_speaks_at_any_rate(sandboxed, rate):
    clip = sandboxed.voice(READY).say("Good morning.", sample_rate=rate, quiet=True)
    assert clip.rate == rate
    assert 0.3 < clip.duration < 3


def test_the_sandboxs_stream_is_24_khz_where_no_rate_is_asked_for(sandboxed):
    stream = sandboxed.voice(READY).stream("Good morning to you.", sample_rate=None)
    assert {chunk.rate for chunk in stream} == {24000}
    assert sandboxed.voice(READY).say("Good evening to you.", sample_rate=None, quiet=True).rate == 48000


@pytest.mark.parametrize("rate", [7999, 48001, 96000])
def test_other_rates_are_warned_of(rate):
    with pytest.raises(InvalidRequest, match="8000 to 48000 Hz"):
        asked("Hello.", sample_rate=rate)
    with pytest.warns(LearnedRuleWarning, match="8000 to 48000 Hz"):
        ProductionRequest.build({"voice": READY, "text": "Hello.", "sample_rate": rate})


@pytest.mark.parametrize("rate", [0, -8000, 24000.5, "24000", True])
def test_what_no_sound_can_have_is_an_error(rate):
    with pytest.raises(InvalidRequest, match="sample_rate"):
        ProductionRequest.build({"voice": READY, "text": "Hello.", "sample_rate": rate})


# -- dialects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_known_dialects_are_taken_by_both(sandboxed, dialect):
    assert sandboxed.price(READY, "Hello.", dialect=dialect).amount == 6
    assert asked("Hello.", dialect=dialect).wire()["dialect"] == dialect


def test_another_dialect_is_warned_of():
    with pytest.warns(LearnedRuleWarning, match="'auto', 'fusha', 'emirati'"):
        ProductionRequest.build({"voice": READY, "text": "Hello.", "dialect": "klingon"})


def test_a_price_is_the_cost_of_the_models_list(wire, tmp_path):
    wire.script["/models"] = answer(
        b'[{"id": "5f0c", "model_id": "faseeh-v1-preview", "model_name": "Faseeh", "cost": 0.0001, "description": "per character"}]'
    )
    wire.script[SPEECH] = answer(wav_of(TONE, 48000, 1), headers={"Content-Type": "audio/wav"})
    with vn.connect("faseeh", base_url=wire.url, api_key="k", home=tmp_path) as studio:
        price = studio.price("ar-hijazi-female-1", "Hello there.")
        assert price.amount == Decimal("0.0012")
        assert studio.voice("ar-hijazi-female-1").say("Hello there.", quiet=True).task.cost == Decimal("0.0012")
