"""aiclone's rules for a request's fields, at their boundaries, and its price. Nothing here needs the voice."""

from __future__ import annotations

import json
import unicodedata
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from voicenb.sandbox.twins.aiclone import cjk

URL = "https://example.com/a.wav"
DIALECTS = [
    "河南话",
    "陕西话",
    "四川话",
    "贵州话",
    "云南话",
    "桂林话",
    "济南话",
    "石家庄话",
    "甘肃话",
    "宁夏话",
    "青岛话",
    "东北话",
]
ACCENTS = [
    "american",
    "british",
    "australian",
    "canadian",
    "indian",
    "chinese",
    "korean",
    "japanese",
    "portuguese",
    "russian",
]

some = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refused(broke, **fields):
    """The message of a 422, or None where the fields are good: then the empty account refuses with the price."""
    answer = broke.client.post(
        "/api/v2/voice/clone",
        content=json.dumps({"text": "Hello", "reference_audio_url": URL} | fields),
        headers={"Content-Type": "application/json"},
    )
    error = answer.json()["error"]
    assert set(answer.json()) == {"error"}
    assert set(error) == {"code", "type", "message"}
    if answer.status_code == 402:
        assert (error["code"], error["type"]) == ("insufficient_credits", "billing_error")
        return None
    assert (answer.status_code, error["code"]) == (422, "validation_error"), answer.text
    return error["message"]


def emotion(broke, **fields):
    return refused(broke, emotion=fields)


def designed(broke, instruct, model="omni"):
    return refused(broke, model=model, omni_options=json.dumps({"instruct": instruct}, ensure_ascii=False))


@pytest.mark.parametrize("field", ["text", "reference_audio_url"])
def test_what_every_model_needs(broke, field):
    """Text and reference are required with every model; null stands for leaving a field out."""
    for model in ("v2-emotion", "v1-real", "v3-qwen", "omni", "voxcpm"):
        assert refused(broke, model=model) is None
        assert f"{field}: required" in refused(broke, model=model, **{field: None})
        assert f"{field}:" in refused(broke, model=model, **{field: " "})


def test_every_bad_field_is_named_at_once(broke):
    """One answer names all of them, those inside the emotion too."""
    message = refused(
        broke,
        text=1,
        speed_ratio=3,
        pitch_ratio="1",
        volume_ratio=True,
        generate_subtitle="yes",
        subtitle_language=5,
        compact_mode=1,
        compact_max_silence_ms=1.5,
        metadata=[],
        voice_id=4,
        emotion={"mode": "joy", "vector": [1], "text": 3},
    )
    for field in (
        "text", "speed_ratio", "pitch_ratio", "volume_ratio", "generate_subtitle", "subtitle_language", "compact_mode",
        "compact_max_silence_ms", "metadata", "voice_id", "emotion.mode", "emotion.vector", "emotion.text",
    ):  # fmt: skip
        assert f"{field}:" in message


@given(st.floats(-1, 3) | st.sampled_from([0.5, 2, 0.4999999, 2.0000001, 10**400, 0.1, 0.0999999]))
@some
def test_speed_and_volume_have_their_ranges(broke, ratio):
    """0.5 to 2, and 0.1 to 2, both ends allowed."""
    assert (refused(broke, speed_ratio=ratio) is None) == (0.5 <= ratio <= 2)
    assert (refused(broke, volume_ratio=ratio) is None) == (0.1 <= ratio <= 2)


@given(st.floats(-12, 12) | st.sampled_from([-10, 10, 10.0000001, -10.0000001, 10**400]))
@some
def test_pitch_goes_ten_up_and_down(broke, ratio):
    """Fractions are allowed."""
    assert (refused(broke, pitch_ratio=ratio) is None) == (-10 <= ratio <= 10)


@pytest.mark.parametrize(
    ("field", "value", "owners"),
    [
        ("emotion", {}, {"v2-emotion"}),
        ("instructions", "calm", {"v3-qwen", "voxcpm"}),
        ("omni_options", '{"instruct": "male"}', {"omni", "voxcpm"}),
    ],
)
def test_a_parameter_belongs_to_its_models(broke, field, value, owners):
    """With another model it is an error that names those which have it; null is not the parameter."""
    for model in ("v2-emotion", "v1-real", "v3-qwen", "omni", "voxcpm"):
        message = refused(broke, model=model, **{field: value})
        assert (message is None) == (model in owners)
        assert message is None or all(owner in message for owner in owners)
        assert refused(broke, model=model, **{field: None}) is None


@given(st.lists(st.integers(0, 1000).map(lambda x: x / 1000), min_size=8, max_size=8))
@some
def test_a_vector_sums_to_at_most_one_and_a_half(broke, values):
    """The sum is that of the decimals as written."""
    scale = 1 if sum(values) <= 2 else 4
    vector = [round(value / scale, 3) for value in values]
    message = emotion(broke, mode="vector", vector=vector)
    if sum(Fraction(str(value)) for value in vector) <= Fraction("1.5"):
        assert message is None
    else:
        assert message == "emotion.vector: emo_vec sum exceeds 1.5"


@pytest.mark.parametrize(
    ("vector", "allowed"),
    [
        ([0.4, 0.4, 0.4, 0.3, 0, 0, 0, 0], True),
        ([0.1, 0.2, 0.3, 0.2, 0.2, 0.2, 0.1, 0.2], True),
        ([1, 0.5, 1e-300, 0, 0, 0, 0, 0], False),
        ([1, 0, 0, 0, 0, 0, 0, 0.5], True),
        ([1, 0, 0, 0, 0, 0, 0], False),
        ([0] * 9, False),
        ([1.0001] + [0] * 7, False),
        ([-0.1] + [0] * 7, False),
        ([True] + [0] * 7, False),
        (["0"] * 8, False),
        ({"joy": 1}, False),
    ],
)
def test_vectors_at_their_boundaries(broke, vector, allowed):
    """Eight numbers from 0 to 1, in whatever mode they are given."""
    assert (emotion(broke, mode="vector", vector=vector) is None) == allowed
    assert (emotion(broke, vector=vector) is None) == allowed


@pytest.mark.parametrize(
    ("mode", "needed", "value"),
    [
        ("vector", "vector", [0] * 8),
        ("text", "text", "say it happily"),
        ("reference_audio", "reference_audio_url", URL),
    ],
)
def test_a_mode_needs_its_field(broke, mode, needed, value):
    """And the other modes none."""
    assert f"emotion.{needed}: required" in emotion(broke, mode=mode)
    assert emotion(broke, mode=mode, **{needed: value}) is None
    for other in ("same_as_reference", "random"):
        assert emotion(broke, mode=other) is None


@pytest.mark.parametrize(
    "instruct",
    [
        "female, young adult, high pitch",
        "女, 青年, 高音调",
        "女，青年，高音调，耳语，四川话",
        "FEMALE ,  Young   Adult",
        "male，whisper, Very Low Pitch, british accent",
        *(f"{accent} accent" for accent in ACCENTS),
        *DIALECTS,
        *("child", "teenager", "middle-aged", "elderly", "儿童", "少年", "中年", "老年"),
        *("moderate pitch", "low pitch", "very high pitch", "极低音调", "低音调", "中音调", "极高音调"),
    ],
)
def test_descriptors_that_are_taken(broke, instruct):
    """In both languages, in any case, with either comma, by both models."""
    assert designed(broke, instruct) is None
    assert designed(broke, instruct, "voxcpm") is None


@pytest.mark.parametrize(
    "instruct",
    [
        "",
        " ",
        "female,",
        "robot",
        "high",
        "female, male",
        "female, 女",
        "whisper, 耳语",
        "child, elderly",
        "low pitch, high pitch",
        "british accent, american accent",
        "四川话, 东北话",
        "british accent, 四川话",
        "female; male",
    ],
)
def test_descriptors_that_are_refused(broke, instruct):
    """Unknown ones, two of a category, an accent with a dialect."""
    assert "omni_options: instruct:" in designed(broke, instruct)
    assert "omni_options: instruct:" in designed(broke, instruct, "voxcpm")


@pytest.mark.parametrize("dialect", ["粤语", "吴语", "山东话", "天津话", "闽南话"])
def test_dialects_that_only_voxcpm_has(broke, dialect):
    """Its list is longer."""
    assert designed(broke, dialect, "voxcpm") is None
    assert "unknown descriptor" in designed(broke, dialect)


@pytest.mark.parametrize(
    "options", [{"instruct": "male"}, "male", "[]", "{}", '{"instruct": 1}', "{", "null", "[" * 5_000, 5, ""]
)
def test_omni_options_are_a_json_string(broke, options):
    """Neither an object nor a bare string; ``instruct`` is its key."""
    assert "omni_options:" in refused(broke, model="omni", omni_options=options)


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("http://example.com/a.mp3?x=1", True),
        ("https://example.com/声音.WAV", True),
        ("https://example.com/download?id=7", True),
        ("http://10.0.0.1:8080/a", True),
        ("https://example.com/a.flac", False),
        ("https://example.com/a.M4A", False),
        ("ftp://example.com/a.wav", False),
        ("file:///a.wav", False),
        ("/home/me/a.wav", False),
        ("a.wav", False),
        ("https:///a.wav", False),
        ("https://example.com/a b.wav", False),
        ("https://[::1/a.wav", False),
    ],
)
def test_references_are_urls_of_wav_or_mp3(broke, url, taken):
    """For the voice and for the emotion alike; what has no extension is a matter for the fetch."""
    assert (refused(broke, reference_audio_url=url) is None) == taken
    assert (emotion(broke, mode="reference_audio", reference_audio_url=url) is None) == taken


@pytest.mark.parametrize(
    "metadata", ["text", [], 1, {"a": "\ud800"}, {"\ud800": 1}, json.loads('{"a":' * 101 + "1" + "}" * 101)], ids=str
)
def test_metadata_that_is_refused(broke, metadata):
    """It is an object of whole characters, not nested without end."""
    assert "metadata:" in refused(broke, metadata=metadata)


def test_numbers_too_large_for_json_are_refused(broke):
    """1e999 would come back as something that is no JSON."""
    body = f'{{"text": "a", "reference_audio_url": "{URL}", "metadata": {{"a": 1e999}}}}'
    answer = broke.client.post("/api/v2/voice/clone", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_unknown_fields_and_the_reserved_voice_id_are_ignored(broke):
    """So are fields of a mode that is not used, if they keep to their type."""
    assert refused(broke, voice_id="v_1", pitch=99, seed="x") is None
    assert emotion(broke, mode="random", text="", unknown=1) is None
    assert refused(broke, subtitle_language="en", compact_max_silence_ms=0) is None


NAMES = (
    "CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "CJK RADICAL", "KANGXI", "HIRAGANA", "HENTAIGANA", "KATAKANA", "HANGUL",
)  # fmt: skip
HAN_BY_SCRIPT_ONLY = set("々〇〻〡〢〣〤〥〦〧〨〩〸〹〺\U00016fe2\U00016fe3\U00016ff0\U00016ff1")
COMMON_TO_KANA = set("゠・ー･ｰﾞﾟ")
COUNTED = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pd", "Ps", "Pe", "Po", "Sm", "Sc", "Zs"}


def is_cjk(character):
    """By the name of the character: another source than the table of scripts."""
    if character in HAN_BY_SCRIPT_ONLY or character in COMMON_TO_KANA:
        return character in HAN_BY_SCRIPT_ONLY
    return unicodedata.name(character, "").removeprefix("HALFWIDTH ").startswith(NAMES)


@given(
    st.text(
        st.characters(categories=sorted(COUNTED)) | st.sampled_from("你好世界あいうアイウ한국어，。！？「」々ーabcé "),
        min_size=1,
        max_size=30,
    ).filter(str.strip)
)
@some
def test_cjk_characters_cost_two_and_others_one(broke, text):
    """The price in the refusal is that of the rule, code point by code point."""
    answer = broke.clone(text=text, reference_audio_url=URL)
    price = sum(2 if is_cjk(character) else 1 for character in text)
    assert f"this request costs {price}," in answer.json()["error"]["message"], text


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("你好世界", 8),
        ("Hello", 5),
        ("你好,world", 10),
        ("你好，world", 10),
        ("ひらがなカタカナ", 16),
        ("ﾊﾝｶｸ", 8),
        ("ラーメン", 7),
        ("한국어", 6),
        ("\u1112\u1161\u11ab", 6),
        ("々〆〇", 5),
        ("𠮷野家", 6),
        ("Ｈｅｌｌｏ", 5),
        ("👩‍🚀", 3),
        ("e\u0301", 2),
        (" a ", 3),
    ],
)
def test_prices_of_the_document_and_of_odd_characters(broke, text, price):
    """The first two are the document's examples; punctuation is nobody's script, and counts one."""
    message = broke.clone(text=text, reference_audio_url=URL).json()["error"]["message"]
    assert f"this request costs {price}," in message


def test_the_table_of_scripts_agrees_with_the_characters_names():
    """For every letter, mark, number and punctuation that has a name; what is Common to both kana is listed."""
    characters = (chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) in COUNTED)
    assert [one for one in characters if unicodedata.name(one, "") and bool(cjk.count(one)) != is_cjk(one)] == []
