"""Faseeh's twin: previews, voices, speech, streams and money."""

from __future__ import annotations

import io
import math
import struct
import uuid
import wave
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings, strategies as st

from voicenb.measures import f0_track

MODEL = "faseeh-v1-preview"
SPEAK = f"/text-to-speech/{MODEL}"
TEXT = "It is a fine day. We go out and look at the sea. Then we go home."
VOICE = {
    "id", "voice_id", "name", "description", "gender", "age", "languages", "dialect", "type", "sample_url", "avatar_url",
    "stability",
}  # fmt: skip

some = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def problem(answer, status, code):
    """The message of an error in the service's form."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"errorCode", "errorMessage"}
    assert answer.json()["errorCode"] == code
    return answer.json()["errorMessage"]


def wrapped(pcm, rate=24_000):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(pcm)
    return file.getvalue()


def previewed(server, ada, **fields):
    data = {"text": "Good morning to you all.", "similarity": "0.8", "model_id": MODEL, "speed": "1.0"} | fields
    return server.faseeh("POST", "/voices/preview", data=data, files={"file": ("ada.wav", ada, "audio/wav")})


def created(server, sample, ada, **fields):
    data = {"text": "Good morning to you all.", "stability": "0.8", "name": "me", "model": MODEL} | fields
    files = {"voice_file": ("voice.wav", sample), "reference_audio_file": ("ada.wav", ada)}
    return server.faseeh("POST", "/voices/clone", data=data, files=files)


def speak(server, path=SPEAK, headers=None, **fields):
    body = {"voice_id": "en-female-1", "text": TEXT, "stability": 0.5, "streaming": False} | fields
    return server.faseeh("POST", path, json=body, headers=headers or {})


@pytest.fixture(scope="module")
def sample(sandbox, ada, voice):
    """A preview's samples as a WAV."""
    answer = previewed(sandbox, ada)
    assert answer.status_code == 200, answer.text
    return wrapped(answer.content)


@pytest.fixture(scope="module")
def mine(sandbox, ada, sample):
    """A created voice."""
    return created(sandbox, sample, ada).json()


# Doors


@pytest.mark.parametrize("header", [None, "", "sk_wrong", "Bearer {key}"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/models"),
        ("GET", "/voices"),
        ("POST", "/voices/preview"),
        ("POST", "/voices/clone"),
        ("POST", SPEAK),
    ],
)
def test_every_route_needs_the_key_in_its_header(sandbox, method, path, header):
    """A bearer token is not the service's way."""
    headers = {"x-api-key": "" if header is None else header.format(key=sandbox.key)}
    problem(sandbox.faseeh(method, path, headers=headers), 401, "40101")
    if header is None:
        answer = sandbox.client.request(method, "/api/v1" + path)
        problem(answer, 401, "40101")


def test_unknown_paths_and_methods_have_its_form(sandbox):
    """404 and 405."""
    problem(sandbox.faseeh("GET", "/nowhere"), 404, "40401")
    problem(sandbox.faseeh("POST", "/models"), 405, "40501")
    problem(sandbox.faseeh("GET", SPEAK), 405, "40501")


def test_models_are_a_bare_array_with_prices(sandbox):
    """What the account may use, at what price."""
    models = sandbox.faseeh("GET", "/models").json()
    assert [model["model_id"] for model in models] == [MODEL, "faseeh-mini-v1-preview"]
    for model in models:
        assert set(model) == {"id", "model_id", "model_name", "cost", "description"}
        assert model["cost"] > 0


def test_voices_are_a_bare_array(sandbox, mine):
    """The ready-made ones that public clients name, and those that were created, of which it says less than their creation did."""
    voices = {voice["voice_id"]: voice for voice in sandbox.faseeh("GET", "/voices").json()}
    assert {"ar-hijazi-female-1", "ar-hijazi-female-2", "ar-najdi-male-2", "en-female-1"} <= set(voices)
    assert all(set(voice) == VOICE for voice in voices.values())
    assert mine["voice_id"].startswith("cl-")
    assert voices[mine["voice_id"]] == mine | {"gender": None, "dialect": None, "type": None}


# Previews and voices


def test_a_preview_is_headerless_samples(sandbox, ada, sample):
    """With the learned content type; as PCM16 they are speech."""
    answer = previewed(sandbox, ada)
    assert answer.headers["Content-Type"] == "audio/raw; codec=pcm16; rate=24000; channels=1"
    assert not answer.content.startswith(b"RIFF")
    samples = np.frombuffer(answer.content, "<i2") / 32_768
    assert 0.8 < len(samples) / 24_000 < 4
    assert np.sqrt(np.mean(samples**2)) > 0.01
    assert wrapped(answer.content) == sample, "the same request gives the same samples"
    fast = previewed(sandbox, ada, speed="1.2")
    assert 0.75 < len(fast.content) / len(answer.content) < 0.92


def test_a_created_voice_is_answered_as_documented(sandbox, ada, sample):
    """Exactly the documented fields; the request says dialects, the answer dialect."""
    answer = created(
        sandbox,
        sample,
        ada,
        description="A calm voice",
        gender="female",
        age="middle",
        languages="ar, en,",
        dialects="najdi,hijazi",
        avatar_url="https://example.com/me.png",
        unknown="x",
    )
    assert answer.status_code == 200
    voice = answer.json()
    assert set(voice) == VOICE
    assert str(uuid.UUID(voice["id"])) == voice["id"]
    assert voice["voice_id"]
    assert httpx.get(voice["sample_url"], trust_env=False, verify=False).content == sample
    expected = {
        "name": "me",
        "description": "A calm voice",
        "gender": "female",
        "age": "middle",
        "languages": ["ar", "en"],
        "dialect": ["najdi", "hijazi"],
        "type": None,
        "avatar_url": "https://example.com/me.png",
        "stability": 0.8,
    }
    assert {name: voice[name] for name in expected} == expected
    assert speak(sandbox, voice_id=voice["voice_id"], text="Hello.").status_code == 200


def test_optional_fields_that_are_empty_count_as_left_out(sandbox, mine, sample, ada):
    """null, or an empty list."""
    empty = dict.fromkeys(("description", "gender", "age", "languages", "dialects", "avatar_url"), "")
    voice = created(sandbox, sample, ada, **empty).json()
    for name in ("description", "gender", "age", "avatar_url"):
        assert voice[name] is mine[name] is None
    assert voice["languages"] == voice["dialect"] == mine["languages"] == []


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("one two three", True),
        ("abc de fgh", True),
        ("مرحبا بكم جميعا", True),
        ("ab cd efg", False),
        ("hello everybody", False),
        ("  one   two  ", False),
        ("a b c       ", False),
        ("", False),
    ],
)
def test_a_preview_has_three_words_and_ten_characters(broke, ada, text, allowed):
    """What is valid is refused by the empty account."""
    answer = previewed(broke, ada, text=text)
    if allowed:
        assert f"costs {len(text)} credits" in problem(answer, 402, "40201")
    else:
        assert "text:" in problem(answer, 400, "40001")


def decimals(low, high):
    return st.floats(low, high, allow_nan=False).map(repr) | st.sampled_from(
        ["0", "1", "0.7", "1.2", "0.69", "1.21", "-0"]
    )


@given(decimals(-0.5, 1.5))
@some
def test_shares_and_speeds_of_a_form_have_their_ranges(broke, ada, written):
    """similarity and stability from 0 to 1, speed from 0.7 to 1.2, both ends allowed."""
    value = float(written)
    small = ada[:200]
    assert (previewed(broke, small, similarity=written).status_code == 402) == (0 <= value <= 1)
    assert (previewed(broke, small, speed=written).status_code == 402) == (0.7 <= value <= 1.2)
    # Nothing but the stability is wrong, or the file is none: both are 400, and say so.
    said = problem(created(broke, b"x", small, stability=written), 400, "40001")
    assert ("stability:" in said) == (not 0 <= value <= 1)


@pytest.mark.parametrize("bad", ["", "x", "0,5", "NaN", "inf", "1e", "0x1", ".5", "True", "½"])
def test_numbers_of_a_form_are_decimals(broke, ada, bad):
    """Nothing else is read as one."""
    assert "similarity:" in problem(previewed(broke, ada[:200], similarity=bad), 400, "40001")


def test_every_missing_part_is_named_at_once(sandbox, ada):
    """Files and texts; a file that was sent as text is no file."""
    message = problem(sandbox.faseeh("POST", "/voices/clone", files={"x": b"y"}), 400, "40001")
    for name in ("voice_file", "reference_audio_file", "text", "stability", "name", "model"):
        assert f"{name}: required" in message
    message = problem(
        sandbox.faseeh("POST", "/voices/preview", files={"file": (None, "/home/me/a.wav"), "text": (None, "a b c")}),
        400,
        "40001",
    )
    assert "file: required, as a file part" in message
    assert "text:" in message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"/home/me/voice.wav", "no audio file"),
        (struct.pack("<400h", *range(400)), "no audio file"),
        (wrapped(bytes(48_000)), "voice_file:"),
        (b"RIFF\x00\x00\x00\x00WAVE", "voice_file:"),
    ],
    ids=["empty", "a path", "headerless", "silence", "a header only"],
)
def test_voice_files_that_do_not_serve(sandbox, ada, content, reason):
    """400 in words, and no voice."""
    voices = len(sandbox.faseeh("GET", "/voices").json())
    assert reason in problem(created(sandbox, content, ada), 400, "40001")
    assert len(sandbox.faseeh("GET", "/voices").json()) == voices


def test_a_reference_without_a_voice(sandbox, sample):
    """A preview fails for good, a creation names the file; neither costs anything."""
    before = sandbox.account("faseeh")
    silence = wrapped(bytes(96_000))
    problem(previewed(sandbox, silence), 500, "50001")
    assert "reference_audio_file:" in problem(created(sandbox, sample, silence), 400, "40001")
    assert sandbox.account("faseeh") == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"garbage"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="voice_file"; filename="a.wav"\r\n\r\nRIFF and then cut',
        ),
        (
            "multipart/form-data; boundary=x",
            b"".join(
                b'--x\r\nContent-Disposition: form-data; name="f%d"; filename="a.wav"\r\n\r\nRIFF\r\n' % n
                for n in range(3)
            )
            + b"--x--\r\n",
        ),
    ],
    ids=["json", "no boundary", "empty", "garbage", "cut short", "three files"],
)
def test_bodies_that_are_no_form(sandbox, kind, body):
    """400 in the service's form."""
    for path in ("/voices/clone", "/voices/preview"):
        problem(sandbox.faseeh("POST", path, content=body, headers={"Content-Type": kind}), 400, "40001")


def test_files_have_a_limit(sandbox, ada):
    """50 MB each; the refusal arrives although the client was still sending."""
    big = b"RIFF\x00\x00\x00\x00WAVE" + bytes(50 * 1024 * 1024 - 11)
    assert "larger" in problem(previewed(sandbox, big), 400, "40001")
    assert "larger" in problem(previewed(sandbox, big + bytes(2 * 1024 * 1024)), 400, "40001")


# Speech


@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000, 48_000, None])
def test_speech_is_a_wav(sandbox, rate):
    """Mono, 16 bit, at the rate that was asked for; 48 kHz by default."""
    answer = speak(sandbox, **({} if rate is None else {"sample_rate": rate}))
    assert answer.headers["Content-Type"] == "audio/wav"
    info = soundfile.info(io.BytesIO(answer.content))
    assert (info.samplerate, info.channels, info.subtype) == (rate or 48_000, 1, "PCM_16")
    assert 2 < info.duration < 8


@pytest.mark.slow
@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100, 48_000, None])
def test_a_stream_sums_to_the_wavs_samples(sandbox, mine, rate):
    """The same request, streamed or not, is the same sound; its pieces come one after another, at 24 kHz unless asked."""
    fields = {"voice_id": mine["voice_id"]} | ({} if rate is None else {"sample_rate": rate})
    rate = rate or 24_000
    whole = speak(sandbox, **fields | {"sample_rate": rate})
    service = sandbox.said["services"]["faseeh"]
    with httpx.stream(
        "POST",
        service["base_url"] + SPEAK,
        headers={"x-api-key": service["api_key"]},
        json={"text": TEXT, "stability": 0.5, "streaming": True} | fields,
        trust_env=False,
        timeout=240,
    ) as answer:
        assert answer.headers["Content-Type"] == f"audio/raw; codec=pcm16; rate={rate}; channels=1"
        assert answer.headers["Transfer-Encoding"] == "chunked"
        pieces = list(answer.iter_raw())
    assert len(pieces) > 1
    with wave.open(io.BytesIO(whole.content)) as file:
        assert b"".join(pieces) == file.readframes(file.getnframes())


def test_twice_the_rate_is_the_same_sound(sandbox):
    """Every second sample of the one is a sample of the other, and both are as long."""
    low, high = (
        soundfile.read(io.BytesIO(speak(sandbox, sample_rate=rate).content), dtype="int16")[0]
        for rate in (24_000, 48_000)
    )
    assert np.array_equal(high[::2], low)
    assert len(high) == 2 * len(low)


def longest_silence(pcm):
    """Samples of the longest run of zeros."""
    loud = np.flatnonzero(np.concatenate([[1], np.frombuffer(pcm, "<i2"), [1]]))
    return int(np.diff(loud).max()) - 1


@pytest.mark.slow
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ('We wait <break time="1500ms"/> and go on.', 1.5),
        ("We wait <break time='1.5s' /> and go on.", 1.5),
        ('We wait. <break time="1500ms"/> We go on.', 1.85),
        ('We wait.<break time="1000ms"/><break time="500ms"/>We go on.', 1.85),
        ('<break time="1500ms"/>We go on.', 1.5),
        ('We go on.<break time="1500ms"/>', 1.5),
    ],
    ids=["in a sentence", "in seconds", "between sentences", "two", "before", "after"],
)
def test_a_break_is_as_much_silence_as_it_says(sandbox, text, seconds, streaming):
    """Sample by sample, wherever it stands, streamed or not; between sentences on top of the gap that is there anyway."""
    answer = speak(sandbox, text=text, streaming=streaming, sample_rate=24_000)
    assert answer.status_code == 200, answer.text
    sound = answer.content if streaming else answer.content[44:]
    # The voice itself begins and ends with a few samples of zero.
    assert round(24_000 * seconds) <= longest_silence(sound) < round(24_000 * (seconds + 0.1))
    plain = speak(sandbox, text=text.replace("break", "brake"), streaming=streaming, sample_rate=24_000)
    assert longest_silence(plain.content if streaming else plain.content[44:]) < 24_000


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a " + '<break time="1ms"/> b ' * 20, None),
        ("a " + '<break time="1ms"/> b ' * 21, "at most 20"),
        ("a " + '<break time="3000ms"/> b ' * 10, None),
        ("a " + '<break time="3s"/> b ' * 10 + '<break time="1ms"/> b', "30 s"),
        ('a <break time="3001ms"/> b', "3000 ms"),
        ('a <break time="0ms"/> b', "longer than 0"),
        ("a <break/> b", "is no pause"),
        ('a <break time="1"/> b', "is no pause"),
        ('a <break time="1.ms"/> b', "is no pause"),
        ('a <break time="500ms"> b', "is no pause"),
        ('<break time="500ms"/>', "text:"),
        ("a <breakfast> b", None),
    ],
)
def test_breaks_have_their_limits(broke, text, why):
    """Named under text, in speech; what is valid costs its characters, tags included."""
    answer = speak(broke, text=text)
    if why is None:
        assert f"costs {len(text)} credits" in problem(answer, 402, "40201")
    else:
        message = problem(answer, 400, "40001")
        assert "text:" in message
        assert why in message


@pytest.mark.slow
def test_voices_differ_and_clones_are_near(sandbox, mine, ada):
    """A created voice speaks at its reference's pitch, a ready-made man's lower."""

    def pitch(content):
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32")
        _, f0 = f0_track(samples, rate)
        return np.median(f0[f0 > 0])

    clone, man = (pitch(speak(sandbox, voice_id=one).content) for one in (mine["voice_id"], "en-male-1"))
    assert abs(12 * math.log2(clone / pitch(ada))) < 2
    assert man < clone * 0.7


@pytest.mark.slow
def test_speed_and_stability_are_heard(sandbox, mine):
    """Faster is shorter; unstable takes differ more in length than steady ones."""

    def seconds(**fields):
        answer = speak(sandbox, voice_id=mine["voice_id"], sample_rate=24_000, **fields)
        return soundfile.info(io.BytesIO(answer.content)).duration

    assert 0.53 < seconds(speed=1.2, stability=1) / seconds(speed=0.7, stability=1) < 0.64
    spreads = [
        np.std([seconds(stability=stability, headers={"X-Sandbox-Seed": str(seed)}) for seed in range(4)])
        for stability in (0, 1)
    ]
    assert spreads[0] > 3 * spreads[1]


def test_arabic_speaks_or_says_what_is_missing(sandbox):
    """The ready-made voices' own language needs the languages extra."""
    answer = speak(sandbox, voice_id="ar-hijazi-female-1", text="مرحبا بكم في هذا اليوم الجميل.", dialect="hijazi")
    try:
        import espeakng_loader  # noqa: F401
    except ImportError:
        assert "languages" in problem(answer, 400, "40001")
    else:
        assert soundfile.info(io.BytesIO(answer.content)).duration > 1


@pytest.mark.parametrize("streaming", [False, True])
def test_what_cannot_be_spoken_is_refused(sandbox, streaming):
    """400 before a byte of sound, streamed or not; nothing is charged."""
    before = sandbox.account("faseeh")
    assert "text:" in problem(speak(sandbox, text="… !", streaming=streaming), 400, "40001")
    assert sandbox.account("faseeh") == before


@pytest.mark.parametrize("streaming", [False, True])
def test_unknown_and_locked_models_and_unknown_voices(sandbox, streaming):
    """404, and 403 where the account has no access; a locked model is not listed."""
    problem(speak(sandbox, "/text-to-speech/none", streaming=streaming), 404, "40401")
    assert "nobody" in problem(speak(sandbox, voice_id="nobody", streaming=streaming), 404, "40401")
    with sandbox.settings(locked_models=["faseeh-mini-v1-preview"]):
        problem(speak(sandbox, "/text-to-speech/faseeh-mini-v1-preview", streaming=streaming), 403, "40301")
        assert [model["model_id"] for model in sandbox.faseeh("GET", "/models").json()] == [MODEL]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "stability": st.floats(-0.2, 1.2) | st.sampled_from([0, 1, "1", True]),
            "speed": st.floats(0.6, 1.3) | st.sampled_from([0.7, 1.2, 1, "1"]),
            "sample_rate": st.sampled_from(
                [8_000, 7_999, 24_000, 48_000, 48_001, 24_000.0, 16_000.5, 44_100, "48000", True]
            ),
            "streaming": st.sampled_from([True, False, 0, "true"]),
            "dialect": st.sampled_from(["auto", "fusha", "emirati", "masri", "yemeni", "najdi", "klingon", "", 1]),
        },
    )
)
@some
def test_speech_fields_at_their_boundaries(broke, fields):
    """What is bad is named, and nothing else; what is good is refused by the empty account with its price."""

    def number(value, low, high):
        return not isinstance(value, (bool, str)) and low <= value <= high

    good = {
        "stability": lambda value: number(value, 0, 1),
        "speed": lambda value: number(value, 0.7, 1.2),
        "sample_rate": lambda value: number(value, 8_000, 48_000) and value == int(value),
        "streaming": lambda value: isinstance(value, bool),
        "dialect": lambda value: value in {"auto", "fusha", "emirati", "masri", "yemeni", "najdi"},
    }
    bad = {name for name, value in fields.items() if not good[name](value)}
    answer = speak(broke, **fields)
    if bad:
        message = problem(answer, 400, "40001")
        assert {name for name in good if f"{name}:" in message} == bad
    else:
        assert f"costs {len(TEXT)} credits" in problem(answer, 402, "40201")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"text": 1}', b'{"voice_id": " ", "text": "a"}', b'{"a": NaN}'])
def test_bodies_that_are_no_speech_request(sandbox, body):
    """400, whatever it is."""
    problem(sandbox.faseeh("POST", SPEAK, content=body, headers={"Content-Type": "application/json"}), 400, "40001")


def test_null_is_a_field_left_out(broke):
    """For what is optional; other fields, such as a model's name in the body, are ignored."""
    fields = dict.fromkeys(("speed", "sample_rate", "dialect"))
    problem(speak(broke, **fields, model="x", similarity="y"), 402, "40201")
    for name in ("voice_id", "text", "stability", "streaming"):
        assert f"{name}: required" in problem(speak(broke, **{name: None}), 400, "40001")


@pytest.mark.parametrize("name", ["text", "similarity", "model_id"])
def test_a_preview_needs_its_fields(broke, ada, name):
    """Those that the document calls required."""
    data = {"text": "Good morning to you all.", "similarity": "0.8", "model_id": MODEL}
    del data[name]
    answer = broke.faseeh("POST", "/voices/preview", data=data, files={"file": ("ada.wav", ada[:200], "audio/wav")})
    assert f"{name}: required" in problem(answer, 400, "40001")


# Money, load and ends


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip))
@some
def test_characters_are_code_points(broke, text):
    """At the price of the model, a half where it is the mini one."""
    assert f"costs {len(text)} credits" in problem(speak(broke, text=text), 402, "40201")
    mini = problem(speak(broke, "/text-to-speech/faseeh-mini-v1-preview", text=text), 402, "40201")
    assert f"costs {len(text) / 2:g} credits" in mini


def test_speech_is_charged_when_it_is_made(sandbox, mine):
    """Streamed or not, by its characters; the books say so."""
    before = sandbox.account("faseeh")
    for streaming in (False, True):
        assert speak(sandbox, text="Hello you.", streaming=streaming).status_code == 200
    speak(sandbox, "/text-to-speech/faseeh-mini-v1-preview", text="Hello.")
    after = sandbox.account("faseeh")
    assert after["used"] - before["used"] == 23
    assert before["balance"] - after["balance"] == 23
    entry = list(sandbox.books().values())[-1]
    assert (entry["service"], entry["kind"], entry["status"], entry["charges"]) == (
        "faseeh", "speech", "completed", {"speech": 3},
    )  # fmt: skip


@pytest.mark.slow
def test_too_many_at_once_are_told_to_come_back(sandbox, mine):
    """42901 beyond the limit; those within it are served."""
    with sandbox.settings(concurrency=1), ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: speak(sandbox, text=TEXT * 3), range(4)))
    served = [answer for answer in answers if answer.status_code == 200]
    assert 1 <= len(served) < 4
    for answer in answers:
        if answer not in served:
            problem(answer, 429, "42901")
    assert speak(sandbox, text="Hello.").status_code == 200


@pytest.mark.slow
def test_a_stream_that_is_left_is_charged_and_frees_its_place(sandbox):
    """The sound that was sent cannot be taken back."""
    before = sandbox.account("faseeh")["used"]
    service = sandbox.said["services"]["faseeh"]
    text = "This is a sentence of some length. " * 12
    with (
        sandbox.settings(concurrency=1),
        httpx.stream(
            "POST",
            service["base_url"] + SPEAK,
            headers={"x-api-key": service["api_key"]},
            json={"voice_id": "en-male-1", "text": text, "stability": 0.5, "streaming": True},
            trust_env=False,
            timeout=240,
        ) as answer,
    ):
        pieces = answer.iter_raw()
        assert next(pieces)
        problem(speak(sandbox, text="Hello."), 429, "42901")
    with sandbox.settings(concurrency=1):
        while (status := speak(sandbox, text="Hello.").status_code) == 429:
            pass
    assert status == 200
    assert sandbox.account("faseeh")["used"] - before == len(text) + 6
