"""SoundClone's typed requests: every rule of the documents, at its boundary, before anything is sent."""

import warnings
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, strategies as st

from voicenb.base.keys import Secret
from voicenb.errors import InvalidRequest
from voicenb.services.base import LearnedRuleWarning
from voicenb.services.http import Http
from voicenb.services.soundclone import LANGUAGES, PreviewRequest, ProductionRequest, SoundClone

VOICE = {"voice": "model_1", "text": "Hello."}


def production(**values):
    return ProductionRequest.build(VOICE | values, strict=True)


def problems(**values):
    with pytest.raises(InvalidRequest) as caught:
        production(**values)
    return {one.field: one for one in caught.value.problems}


@pytest.fixture
def live():
    return SoundClone(Http("soundclone", "https://www.jimmyai.cn", Secret("sk_x")))


@pytest.fixture
def local():
    return SoundClone(Http("soundclone", "http://127.0.0.1:9", Secret("sk_x")))


def test_the_defaults_are_the_documented_ones():
    assert production().wire() == {
        "modelId": "model_1", "contentText": "Hello.", "language": "auto", "emotion": "neutral", "speed": 1.0,
        "vol": 1.0, "pitch": 0, "subtitleEnable": False,
    }  # fmt: skip
    assert PreviewRequest.build({"text": "Hi there."}).wire() == {
        "contentText": "Hi there.", "soundVersion": "v1", "language": "auto",
    }  # fmt: skip


def test_the_documents_own_body_is_accepted_as_it_stands():
    body = {
        "modelId": "model_123456789",
        "contentText": "Welcome to voice cloning. This is production audio text.",
        "language": "Chinese", "soundVersion": "v1", "emotion": "neutral", "speed": 1.0, "vol": 1.0, "pitch": 0,
        "subtitleEnable": False,
    }  # fmt: skip
    assert ProductionRequest.build(body, strict=True).wire() == body


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_speed_is_taken_from_half_to_double_and_nothing_else(speed):
    if 0.5 <= speed <= 2:
        assert production(speed=speed).wire()["speed"] == speed
    else:
        assert "0.5 to 2" in problems(speed=speed)["speed"].allowed


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_volume_excludes_zero_and_includes_ten(volume):
    if 0 < volume <= 10:
        assert production(volume=volume).wire()["vol"] == volume
    else:
        assert "above 0 and up to 10" in problems(volume=volume)["volume"].allowed


@given(st.integers(-40, 40))
def test_pitch_is_a_whole_number_of_semitones(pitch):
    if -12 <= pitch <= 12:
        assert production(pitch=pitch).wire()["pitch"] == pitch
    else:
        assert "-12 to 12 st" in problems(pitch=pitch)["pitch"].allowed


@pytest.mark.parametrize("value", [True, "1", None, 1.5, [1]])
def test_what_is_no_whole_number_is_no_pitch(value):
    assert problems(pitch=value)["pitch"].given == repr(value)


def test_numbers_of_a_parameter_sweep_are_numbers():
    request = production(speed=np.float32(1.5), pitch=np.int64(-3), volume=np.array(2))
    assert (request.speed, request.pitch, request.volume) == (1.5, -3, 2.0)


def test_every_bad_field_is_named_at_once_with_what_is_allowed():
    found = problems(speed=3, vol=0, emotion="joy", pich=2, text="")
    assert set(found) == {"speed", "volume", "emotion", "pich", "text"}
    assert "did you mean 'pitch'" in found["pich"].allowed
    assert "'happy'" in found["emotion"].allowed


def test_a_parameter_under_both_of_its_names_is_an_error():
    assert "twice" in problems(volume=1, vol=1)["volume"].allowed


def test_the_wires_two_subtitle_fields_are_one_parameter():
    assert production(subtitles="word").wire() | {"x": 1} == production(
        subtitleEnable=True, subtitleType="word"
    ).wire() | {"x": 1}
    assert production(subtitles=True).subtitles == "sentence"
    assert "subtitleType" not in production(subtitles="sentence").wire()
    assert "needs subtitles" in problems(subtitleType="word")["subtitleType"].allowed
    assert "needs subtitles" in problems(subtitleEnable=False, subtitleType="word")["subtitleType"].allowed


@pytest.mark.parametrize(("kind", "limit"), [(PreviewRequest, 270), (ProductionRequest, 10_000)])
def test_the_longest_text_is_taken_and_one_more_is_not(kind, limit):
    values = {"voice": "model_1"} if kind is ProductionRequest else {}
    kind.build(values | {"text": "あ" * limit}, strict=True)
    with pytest.raises(InvalidRequest, match=f"{limit + 1:,} characters was given; allowed is text of 1 to {limit:,}"):
        kind.build(values | {"text": "あ" * (limit + 1)}, strict=True)


@pytest.mark.parametrize("text", ["", "   \n", "a <#0#> b", "a <#100#> b", "a <#soon#> b"])
def test_text_without_words_or_with_a_wrong_pause_is_refused(text):
    assert "text" in problems(text=text)


def test_learned_rules_warn_on_a_live_service_and_are_errors_when_strict():
    with pytest.warns(LearnedRuleWarning, match="only version='v2'"):
        ProductionRequest.build(VOICE | {"version": "v1", "language": "Tamil"})
    assert "only version='v2'" in problems(version="v1", language="Tamil")["language"].allowed
    assert "did you mean 'English'" in problems(language="english")["language"].allowed
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for language in ("auto", *LANGUAGES["v2"]):
            production(version="v2", language=language)


def test_the_two_lists_of_languages_have_the_documented_lengths():
    assert (len(set(LANGUAGES["v1"])), len(set(LANGUAGES["v2"]))) == (24, 40)
    assert set(SoundClone.profile.preview_lines) == set(LANGUAGES["v2"])
    for language, line in SoundClone.profile.preview_lines.items():
        PreviewRequest.build({"text": line, "language": language, "version": "v2"}, strict=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/source-audio.mp3",
        "http://example.com/a/b.WAV?x=1#t",
        "https://93.184.215.14/x.mkv",
        "https://example.com/%E5%A3%B0.m4a",
    ],
)
def test_public_addresses_of_documented_formats_are_taken(live, url):
    assert live.check_url(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("/home/me/voice.wav", "no http"),
        ("file:///home/me/voice.wav", "no http"),
        ("ftp://example.com/a.wav", "no http"),
        ("https://example.com/声音.wav", "Chinese"),
        ("https://localhost/a.wav", "not public"),
        ("http://127.0.0.1:8000/a.wav", "not public"),
        ("http://192.168.1.4/a.wav", "not public"),
        ("http://[::1]/a.wav", "not public"),
        ("http://nas/a.wav", "not public"),
        ("https://me:pw@example.com/a.wav", "password"),
        ("https://example.com/a b.wav", "blanks"),
        ("http://[bad/a.wav", "no URL"),
    ],
)
def test_other_addresses_are_refused_with_the_reason(live, url, why):
    assert why in (live.check_url(url) or "")


def test_loopback_is_taken_only_where_the_service_is_on_loopback_too(live, local):
    assert local.check_url("http://127.0.0.1:8000/a.wav") is None
    assert live.check_url("http://127.0.0.1:8000/a.wav") is not None
    assert "not public" in (local.check_url("http://192.168.1.4/a.wav") or "")


PRICES = {
    "sound-cloning-clone": Decimal("0.5"),
    "sound-cloning-audio": Decimal(1),
    "sound-cloning-voice": Decimal("0.01"),
}


@given(st.text(alphabet="abc 声音。", min_size=1, max_size=200).filter(str.strip), st.integers(1, 9999))
def test_the_price_counts_runes_without_pauses_and_the_fee_of_each_task(text, hundredths):
    service = SoundClone(Http("soundclone", "http://127.0.0.1:9", Secret("sk_x")))
    spoken = production(text=f"a{text}<#{hundredths / 100:.2f}#>a")
    assert service.price(spoken, PRICES).amount == Decimal(len(text) + 2) / 10_000 + Decimal("0.01")
    preview = PreviewRequest.build({"text": f"a{text}"})
    assert service.price(preview, PRICES).amount == Decimal(len(text) + 1) / 20_000


def test_an_unknown_unit_price_gives_the_line_that_sets_it(live):
    price = live.price(production(), {"sound-cloning-audio": Decimal(1)})
    assert price.amount is None
    assert "prices={'sound-cloning-voice': …}" in price.rule
