"""Every rule for a request's fields, at its boundaries. Nothing here needs the voice."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sandbox_process import API

CLONE = {"fileUrl": "https://example.com/source-audio.mp3"}
AUDIO = {"modelId": "model_123456789", "contentText": "Welcome to voice cloning."}
UNKNOWN = "modelId: unknown modelId 'model_123456789'"

BOTH = [
    "Chinese",
    "Chinese,Yue",
    "English",
    "Arabic",
    "Russian",
    "Spanish",
    "French",
    "Portuguese",
    "German",
    "Turkish",
    "Dutch",
    "Ukrainian",
    "Vietnamese",
    "Indonesian",
    "Japanese",
    "Italian",
    "Korean",
    "Thai",
    "Polish",
    "Romanian",
    "Greek",
    "Czech",
    "Finnish",
    "Hindi",
]
ONLY_V2 = [
    "Bulgarian",
    "Danish",
    "Hebrew",
    "Malay",
    "Persian",
    "Slovak",
    "Swedish",
    "Croatian",
    "Filipino",
    "Hungarian",
    "Norwegian",
    "Slovenian",
    "Catalan",
    "Nynorsk",
    "Tamil",
    "Afrikaans",
]

some = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refused(sandbox, path, body):
    """The message of a 20002 without data, or None where the fields are good.

    For production a good request names an unknown model: its fields were read, nothing was charged.
    """
    answer = sandbox.client.post(
        f"{API}/soundCloning/{path}", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 200
    said = answer.json()
    if said["code"] == 20000 or said["msg"] == UNKNOWN:
        return None
    assert said["code"] == 20002, said
    assert set(said) == {"code", "msg"}
    return said["msg"]


def audio(sandbox, **fields):
    return refused(sandbox, "audios", AUDIO | fields)


def clone(sandbox, **fields):
    return refused(sandbox, "clones", CLONE | fields)


def test_the_envelope_and_the_task_are_as_documented(sandbox):
    """A submission answers with exactly the documented fields."""
    said = sandbox.submit("clones", CLONE)
    assert set(said) == {"code", "msg", "data"}
    assert (said["code"], said["msg"]) == (20000, "ok")
    assert set(said["data"]) == {"id", "object", "created", "model", "status", "error"}
    assert said["data"]["id"].startswith("audio_")
    assert len(said["data"]["id"]) == len("audio_16b635ba-5889-4fa5-bbcc-bf67a38c353a")
    assert isinstance(said["data"]["created"], int)
    assert said["data"]["object"] == "audio"
    assert said["data"]["model"] == "soundCloningClone"
    assert said["data"]["status"] == "queued"
    assert said["data"]["error"] is None


def test_every_bad_field_is_named_at_once(sandbox):
    """One answer names all of them."""
    message = audio(sandbox, contentText="", emotion="joy", speed=3, vol=0, pitch=13, soundVersion="v3")
    for field in ("contentText", "emotion", "speed", "vol", "pitch", "soundVersion"):
        assert f"{field}:" in message


@pytest.mark.parametrize("field", ["modelId", "contentText"])
def test_required_fields_of_production(sandbox, field):
    """Leaving one out is refused by name."""
    body = {name: value for name, value in AUDIO.items() if name != field}
    assert f"{field}: required" in refused(sandbox, "audios", body)


def test_a_preview_needs_a_file_url(sandbox):
    """fileUrl is the one required field."""
    assert "fileUrl: required" in refused(sandbox, "clones", {})


@pytest.mark.parametrize("path_fields", [("clones", CLONE), ("audios", AUDIO)], ids=lambda pair: pair[0])
@pytest.mark.parametrize("bad", [None, [], {}, 1.5, 7, True, "\ud800"], ids=repr)
def test_strings_are_strings(sandbox, path_fields, bad):
    """No string field takes null, a number, a boolean, a list, an object, or half a surrogate pair."""
    path, body = path_fields
    strings = {"clones": ("fileUrl", "contentText"), "audios": ("modelId", "contentText", "emotion", "subtitleType")}[
        path
    ]
    for field in (*strings, "soundVersion", "language"):
        extra = {"subtitleEnable": True} if field == "subtitleType" else {}
        assert f"{field}:" in refused(sandbox, path, body | extra | {field: bad})


@pytest.mark.parametrize("field", ["speed", "vol", "pitch"])
@pytest.mark.parametrize("bad", [None, "1", True, [], {}], ids=repr)
def test_numbers_are_numbers(sandbox, field, bad):
    """No number field takes text, a boolean or null."""
    assert f"{field}:" in audio(sandbox, **{field: bad})


@pytest.mark.parametrize("bad", [None, "true", 1, 0, []], ids=repr)
def test_subtitle_enable_is_a_boolean(sandbox, bad):
    """Nothing else stands for true."""
    assert "subtitleEnable:" in audio(sandbox, subtitleEnable=bad)


@given(st.floats(-1, 3) | st.sampled_from([0.5, 2, 0.49999999, 2.0000001, 0, 1, 1e308, -1e308, 10**400]))
@some
def test_speed_is_from_half_to_two(sandbox, speed):
    """Both ends are allowed."""
    assert (audio(sandbox, speed=speed) is None) == (0.5 <= speed <= 2)


@given(st.floats(-1, 12) | st.sampled_from([0, 10, 1e-300, 10.0000001, -0.0, 10**400]))
@some
def test_volume_is_above_zero_and_at_most_ten(sandbox, vol):
    """The minimum is exclusive."""
    assert (audio(sandbox, vol=vol) is None) == (0 < vol <= 10)


@given(st.integers(-14, 14) | st.floats(-13, 13) | st.sampled_from([-12, 12, -13, 13, 12.0, 0.5, 10**400]))
@some
def test_pitch_is_an_integer_from_minus_twelve_to_twelve(sandbox, pitch):
    """1.0 is an integer, as JSON Schema has it; 0.5 is not."""
    assert (audio(sandbox, pitch=pitch) is None) == (int(pitch) == pitch and -12 <= pitch <= 12)


@pytest.mark.parametrize("emotion", ["happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral"])
def test_the_seven_emotions(sandbox, emotion):
    """Each is taken as written, and no other spelling."""
    assert audio(sandbox, emotion=emotion) is None
    assert "emotion:" in audio(sandbox, emotion=emotion.upper())


def test_unknown_fields_are_ignored(sandbox):
    """The description forbids no other field."""
    assert audio(sandbox, volume=99, omni_options=None) is None


def test_subtitle_type_belongs_to_subtitles(sandbox):
    """Word level is only for subtitles that are on."""
    assert audio(sandbox, subtitleEnable=True, subtitleType="word") is None
    assert "subtitleType:" in audio(sandbox, subtitleType="word")
    assert "subtitleType:" in audio(sandbox, subtitleEnable=False, subtitleType="word")
    assert "subtitleType:" in audio(sandbox, subtitleEnable=True, subtitleType="sentence")


def test_languages_of_the_versions(sandbox):
    """24 languages speak in both, 16 in v2 only, auto always; a production call that states no version has all."""
    assert (len(BOTH), len(ONLY_V2)) == (24, 16)
    for language in ("auto", *BOTH):
        for version in ("v1", "v2"):
            assert clone(sandbox, language=language, soundVersion=version) is None
            assert audio(sandbox, language=language, soundVersion=version) is None
    for language in ONLY_V2:
        assert "needs soundVersion v2" in clone(sandbox, language=language)
        assert "needs soundVersion v2" in audio(sandbox, language=language, soundVersion="v1")
        assert clone(sandbox, language=language, soundVersion="v2") is None
        assert audio(sandbox, language=language) is None
    for language in ("Klingon", "english", "en", "", "Chinese, Yue"):
        assert "language:" in clone(sandbox, language=language, soundVersion="v2")


@pytest.mark.parametrize(
    ("path", "limit"), [pytest.param("clones", 270, id="preview"), pytest.param("audios", 10_000, id="production")]
)
def test_text_limits_count_code_points_with_pause_marks(sandbox, path, limit):
    """The limit itself is allowed; one more is not, be it a letter, an emoji, or part of a pause mark."""
    body = CLONE if path == "clones" else AUDIO
    for text in ("a" * limit, "🙂" * limit, "a<#1#>" + "b" * (limit - 6)):
        assert refused(sandbox, path, body | {"contentText": text}) is None
        assert f"at most {limit}" in refused(sandbox, path, body | {"contentText": text + "c"})


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000"], ids=repr)
def test_text_must_not_be_blank(sandbox, text):
    """For a preview too: only leaving it out means the default line."""
    assert "contentText:" in clone(sandbox, contentText=text)
    assert "contentText:" in audio(sandbox, contentText=text)


@given(st.integers(0, 10_050), st.integers(0, 3))
@some
def test_pauses_are_from_a_hundredth_to_almost_a_hundred_seconds(sandbox, hundredths, decimals):
    """x in <#x#> has at most two decimals and lies from 0.01 to 99.99."""
    seconds = f"{hundredths / 100:.{decimals}f}"
    allowed = decimals <= 2 and 0.01 <= float(seconds) <= 99.99
    assert (audio(sandbox, contentText=f"one <#{seconds}#> two") is None) == allowed


@pytest.mark.parametrize("inner", ["", "x", "-1", "+1", "1,5", ".5", "1.", "1e1", " 1 ", "1s", "٣", "0", "0.001"])
def test_malformed_pauses_are_refused(sandbox, inner):
    """What looks like a pause mark and is none is not read aloud."""
    assert "contentText:" in audio(sandbox, contentText=f"one <#{inner}#> two")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("one<#1#>two", True),
        ("one <#1#> two <#2.5#> three", True),
        ("你好<#0.5#>世界", True),
        ("1 <#1#> 2", True),
        ("<#1#> two", False),
        ("one <#1#>", False),
        ("one <#1#><#1#> two", False),
        ("one <#1#> … <#1#> two", False),
        ("one <#1#> !", False),
        ("<#1#>", False),
        ("one <# two", True),
        ("one #> two <#", True),
        ("one <# <b> #> two", True),
    ],
)
def test_pauses_stand_between_speakable_text(sandbox, text, allowed):
    """Speakable is a letter or a digit; two marks never touch."""
    assert (audio(sandbox, contentText=text) is None) == allowed
    assert (clone(sandbox, contentText=text) is None) == allowed


@pytest.mark.parametrize(
    "extension", ["mp3", "ogg", "wav", "m4a", "aac", "mp4", "avi", "mov", "mkv", "flv", "MP3", "Wav"]
)
def test_documented_extensions(sandbox, extension):
    """Case does not matter, nor does a query after the path."""
    assert clone(sandbox, fileUrl=f"https://example.com/a.{extension}") is None
    assert clone(sandbox, fileUrl=f"http://example.com/a.{extension}?x=.exe#y") is None


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/a.mp3",
        "file:///home/me/a.mp3",
        "/home/me/a.mp3",
        "C:\\me\\a.mp3",
        "a.mp3",
        "http:///a.mp3",
        "https://example.com:0x/a.mp3",
        "https://[::1/a.mp3",
        "https://example.com/a b.mp3",
        "https://example.com/声音.mp3",
        "https://example.com/a.mp3?q=声",
        "https://中文.com/a.mp3",
        "",
    ],
)
def test_urls_that_are_refused(sandbox, url):
    """Local paths, other schemes and extensions, Chinese characters, and what is no URL."""
    assert "fileUrl:" in clone(sandbox, fileUrl=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/%E5%A3%B0.mp3",
        "https://user:word@example.com:8443/a/b.c/d.e.mp3",
        "http://10.0.0.1/a.mp3",
        "http://[::1]:1/a.mp3",
        "https://example.com/é.mp3",
        "HTTPS://example.com/a.mp3",
        # The document lists file types, and no rule for addresses: what is behind them is looked at.
        "https://example.com/a.flac",
        "https://example.com/a.webm",
        "https://example.com/a",
        "https://example.com/.mp3",
        "https://example.com/a.mp3/",
        "https://example.com/?a.mp3",
        "https://example.com",
    ],
)
def test_urls_that_are_taken(sandbox, url):
    """A well-formed URL is taken, whether or not it can be fetched later."""
    assert clone(sandbox, fileUrl=url) is None


def test_a_bad_seed_header_is_refused(sandbox):
    """The sandbox's own header takes whole numbers."""
    for seed in ("x", "-1", "1.5", "9" * 19):
        assert "X-Sandbox-Seed" in sandbox.submit("clones", CLONE, **{"X-Sandbox-Seed": seed})["msg"]
    assert sandbox.submit("clones", CLONE, **{"X-Sandbox-Seed": "9" * 18})["code"] == 20000
