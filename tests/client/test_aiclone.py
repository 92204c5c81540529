"""AI Clone's typed requests and answers: every rule of its document, before anything is sent and on the wire."""

import json
import warnings
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from wire import RESET, answer

import voicenb as vn
from voicenb.base import portal
from voicenb.base.keys import Secret
from voicenb.errors import (
    AuthenticationError,
    BadReference,
    InsufficientBalance,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
)
from voicenb.services import get
from voicenb.services.aiclone import MODELS, AiClone, PreviewRequest, ProductionRequest
from voicenb.services.base import AdviceWarning, LearnedRuleWarning, Upload
from voicenb.services.cjk import count_cjk
from voicenb.services.descriptors import DIALECTS, VOCABULARY
from voicenb.services.emotions import COMPONENTS, parse_emotion, vector_sum, wire_emotion
from voicenb.services.http import Http
from voicenb.services.uploaders import signed_until

REF = "https://oss.example.com/me.wav"
CANARY = "sk_canary_aiclone_77"
CLONE = "/api/v2/voice/clone"
TASK = {
    "task_id": "b28f0341-3045-42e5-ad63-a5ccf4a1088e", "status": "pending", "capability": "voice", "action": "clone",
    "model": "v2-emotion", "error": None, "created_at": 1780704348, "completed_at": None,
}  # fmt: skip


def asked(**values):
    return ProductionRequest.build({"voice": REF, "text": "Hello."} | values, strict=True)


def problems(**values):
    with pytest.raises(InvalidRequest) as caught:
        asked(**values)
    return {one.field: one.allowed for one in caught.value.problems}


# -- the request -----------------------------------------------------------------------------------------------


def test_the_documents_own_bodies_are_accepted_and_sent_as_they_stand():
    bodies = [
        {"text": "Hello, this is a v2 voice-clone test.", "reference_audio_url": REF, "model": "v2-emotion"},
        {
            "text": "I am so happy today!", "reference_audio_url": REF, "model": "v2-emotion",
            "emotion": {"mode": "vector", "vector": [0.9, 0, 0, 0, 0.1, 0, 0, 0]},
        },
        {
            "text": "Hello, nice weather today.", "reference_audio_url": REF, "model": "v3-qwen",
            "instructions": "read in a calm tone", "subtitle_language": "en",
        },
        {
            "text": "Hello, this voice is described, not recorded.", "reference_audio_url": REF, "model": "omni",
            "omni_options": '{"instruct": "female, young adult, high pitch"}',
        },
    ]  # fmt: skip
    defaults = {"speed_ratio": 1.0, "pitch_ratio": 0.0, "volume_ratio": 1.0}
    for body in bodies:
        assert ProductionRequest.build(body, strict=True).wire() == defaults | body


def test_every_documented_field_is_on_the_wire():
    body = asked(
        model="voxcpm", instructions="slowly", describe="男, 四川话", speed=0.9, pitch=-1, volume=1.2, subtitles=True,
        language="zh", compact=300, metadata={"scene": 4}, voice_id="later",
    ).wire()  # fmt: skip
    assert body == {
        "text": "Hello.", "model": "voxcpm", "instructions": "slowly", "omni_options": '{"instruct": "男, 四川话"}',
        "speed_ratio": 0.9, "pitch_ratio": -1.0, "volume_ratio": 1.2, "generate_subtitle": True,
        "subtitle_language": "zh", "compact_mode": True, "compact_max_silence_ms": 300, "metadata": {"scene": 4},
        "voice_id": "later", "reference_audio_url": REF,
    }  # fmt: skip


OWN = {
    "emotion": ("random", {"v2-emotion"}),
    "instructions": ("calmly", {"v3-qwen", "voxcpm"}),
    "describe": ("female", {"omni", "voxcpm"}),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", OWN)
def test_a_parameter_of_another_model_is_an_error_that_says_which_has_it(model, name):
    value, models = OWN[name]
    if model in models:
        asked(model=model, **{name: value})
    else:
        said = problems(model=model, **{name: value})[name]
        assert f"model={model!r} has no {name}" in said
        assert all(repr(one) in said for one in models)


def test_even_a_bad_value_of_another_models_parameter_is_one_problem():
    assert list(problems(model="omni", emotion=[3] * 8)) == ["emotion"]
    assert "v2-emotion" in problems(model="omni", emotion=[3] * 8)["emotion"]


def test_a_range_that_is_only_learned_warns_on_a_live_service():
    with pytest.warns(LearnedRuleWarning, match="0.5 to 2"):
        ProductionRequest.build({"voice": REF, "text": "Hello.", "speed": 3})
    assert "0.5 to 2" in problems(speed=3)["speed"]


def test_compact_mode_is_a_switch_or_a_length():
    assert asked(compact=True).wire()["compact_mode"] is True
    assert "compact_max_silence_ms" not in asked(compact=True).wire()
    assert asked(compact_max_silence_ms=0).wire()["compact_max_silence_ms"] == 0
    assert asked(compact_mode=True, compact_max_silence_ms=np.int64(80)).compact == 80
    assert "compact_mode" not in asked().wire()
    for bad in ({"compact": -1}, {"compact": "yes"}, {"compact": 1.5}, {"compact": None},
                {"compact_mode": False, "compact_max_silence_ms": 5}):  # fmt: skip
        assert list(problems(**bad)) == ["compact"]


def test_metadata_is_json():
    assert "JSON" in problems(metadata={"x": float("nan")})["metadata"]
    assert "dict" in problems(metadata=[1])["metadata"]
    assert "JSON object" in problems(metadata="scene 4")["metadata"]
    assert asked(metadata='{"scene": 4}').wire()["metadata"] == {"scene": 4}


def test_a_pause_mark_would_be_read_aloud_and_one_is_told():
    with pytest.warns(AdviceWarning, match="read aloud"):
        asked(text="Wait <#0.5#> now.")


def test_the_table_is_the_requests():
    table = get("aiclone").parameters()
    assert list(table.columns) == [
        "call", "name", "wire", "type", "range", "required", "default", "unit", "help", "models",
    ]  # fmt: skip
    row = table.set_index(["call", "name"]).loc[("production", "compact")]
    assert row["wire"] == "compact_mode, compact_max_silence_ms"
    assert table.set_index(["call", "name"]).loc[("production", "emotion")]["models"] == "v2-emotion"
    wires = set(", ".join(table["wire"]).split(", "))
    assert wires == {
        "text", "reference_audio_url", "model", "speed_ratio", "pitch_ratio", "volume_ratio", "generate_subtitle",
        "subtitle_language", "compact_mode", "compact_max_silence_ms", "metadata", "voice_id", "emotion",
        "instructions", "omni_options",
    }  # fmt: skip


# -- emotion ---------------------------------------------------------------------------------------------------


def test_emotion_may_be_written_in_every_way():
    vector = {"mode": "vector", "vector": [0.9, 0, 0, 0, 0.1, 0, 0, 0]}
    for one in (
        {"joy": 0.9, "excitement": 0.1},
        [0.9, 0, 0, 0, 0.1, 0, 0, 0],
        np.array([0.9, 0, 0, 0, 0.1, 0, 0, 0]),
        "joy=0.9, excitement=0.1",
        "excitement = .1,JOY=0.9",
        vector,
        json.dumps(vector),
    ):
        assert asked(emotion=one).wire()["emotion"] == vector
    assert asked(emotion="say it happily").wire()["emotion"] == {"mode": "text", "text": "say it happily"}
    assert asked(emotion="random").wire()["emotion"] == {"mode": "random"}
    assert asked(emotion="same_as_reference").wire()["emotion"] == {"mode": "same_as_reference"}
    other = {"mode": "reference_audio", "reference_audio_url": "https://example.com/e.wav"}
    assert asked(emotion="https://example.com/e.wav").wire()["emotion"] == other
    assert asked(emotion=other).wire()["emotion"] == other
    assert asked(emotion={"mode": "text", "text": "random"}).wire()["emotion"] == {"mode": "text", "text": "random"}
    assert asked(emotion="text: joy=0.9").wire()["emotion"] == {"mode": "text", "text": "joy=0.9"}
    assert "emotion" not in asked().wire()


@pytest.mark.parametrize(
    ("emotion", "why"),
    [
        ([0.5] * 7, "7 numbers"),
        ([0.2] * 9, "9 numbers"),
        ([1.1, 0, 0, 0, 0, 0, 0, 0], "joy=1.1"),
        ({"joy": -0.1}, "joy=-0.1"),
        ({"joy": True}, "joy=True"),
        ({"joy": "1"}, "joy='1'"),
        ({"joy": float("nan")}, "joy=nan"),
        ({"jyo": 1}, "did you mean 'joy'"),
        ("", "blank"),
        ("joy=0.1, joy=0.2", "twice"),
        ({"mode": "angry"}, "allowed are same_as_reference"),
        ({"mode": "text"}, "needs text"),
        ({"mode": "text", "text": " "}, "blank"),
        ({"mode": "random", "text": "x"}, "takes no other field"),
        ({"mode": "reference_audio", "reference_audio_url": "me.wav"}, "http"),
        (3, "strengths"),
        (b"\xff", "strengths"),
    ],
)
def test_an_emotion_that_is_none_says_why(emotion, why):
    assert why in problems(emotion=emotion)["emotion"]


TENTHS = st.lists(st.integers(0, 10), min_size=8, max_size=8)


@given(TENTHS)
def test_the_sum_is_judged_by_the_digits_that_were_written(tenths):
    vector = [one / 10 for one in tenths]
    if sum(tenths) > 15:
        assert "up to 1.5" in problems(emotion=vector)["emotion"]
        return
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        wire = asked(emotion=vector).wire()["emotion"]
    assert wire == {"mode": "vector", "vector": vector}
    assert any("1.4" in str(one.message) for one in told) == (sum(tenths) > 14)


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_a_vector_comes_back_from_its_line_digit_by_digit(vector):
    assume(sum(map(Decimal, map(repr, vector))) <= Decimal("1.5"))
    line = parse_emotion(vector)
    assert parse_emotion(line) == line
    assert wire_emotion(line)["vector"] == vector
    assert vector_sum(line) == sum(map(Decimal, map(repr, vector)))
    assert set(COMPONENTS) >= {part.partition("=")[0].strip() for part in line.split(",")}


@given(st.text(min_size=1).map(str.strip).filter(bool))
def test_any_description_comes_back_from_its_line(text):
    line = parse_emotion({"mode": "text", "text": text})
    assert wire_emotion(line) == {"mode": "text", "text": text}
    assert parse_emotion(line) == line


# -- descriptors -----------------------------------------------------------------------------------------------


def test_descriptors_are_taken_in_both_languages_and_any_case():
    for one in (
        "female, young adult, high pitch",
        ["female", "young adult", "high pitch"],
        '{"instruct": "female, young adult, high pitch"}',
        {"instruct": "female,young adult ， high  pitch,"},
    ):
        assert json.loads(asked(model="omni", describe=one).wire()["omni_options"]) == {
            "instruct": "female, young adult, high pitch"
        }
    assert asked(model="omni", describe="女，青年，高音调").describe == "女, 青年, 高音调"
    asked(model="omni", describe="FEMALE, Whisper, British Accent")


def test_the_whole_vocabulary_is_known():
    for words in VOCABULARY.values():
        for word in (*words, *filter(None, words.values())):
            asked(model="omni", describe=word)
    for model, names in DIALECTS.items():
        for name in names:
            asked(model=model, describe=name)


@pytest.mark.parametrize(
    ("describe", "why"),
    [
        ("female, male", "both say the gender"),
        ("child, 老年", "both say the age"),
        ("high pitch, 低音调", "both say the pitch"),
        ("femal", "did you mean 'female'"),
        ("high", "did you mean 'high pitch'"),
        ("四川画", "did you mean '四川话'"),
        ("粤语", "model='voxcpm'"),
        ("american accent, 四川话", "give one of them"),
        ("", "no descriptor"),
        (" , ", "no descriptor"),
        ("{female", "JSON"),
        (7, "text joined by commas"),
    ],
)
def test_descriptors_that_cannot_be_meant_say_why(describe, why):
    assert why in problems(model="omni", describe=describe)["describe"]


def test_an_accent_beside_a_dialect_is_stated_and_an_unknown_word_is_learned():
    with pytest.raises(InvalidRequest, match="accent of English"):
        ProductionRequest.build({"voice": REF, "text": "Hi.", "model": "omni", "describe": "british accent, 四川话"})
    with pytest.warns(LearnedRuleWarning, match="'pirate' is no descriptor"):
        ProductionRequest.build({"voice": REF, "text": "Hi.", "model": "omni", "describe": "pirate"})


# -- money -----------------------------------------------------------------------------------------------------


@pytest.fixture
def live():
    return AiClone(Http("aiclone", "https://api.aiclonevoicefree.com", Secret(CANARY)))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("你好世界", 8),
        ("Hello", 5),
        ("你好,world", 12),
        ("你好，", 7),
        ("カタカナ", 8),
        ("ｶﾅ", 4),
        ("한국어", 6),
        ("あ 1", 4),
    ],
)
def test_the_price_is_two_for_cjk_and_one_for_any_other(live, text, amount):
    price = live.price(asked(text=text), {})
    assert (price.amount, price.unit) == (amount, "credits")


@given(st.text("你ñ。あア가a 1ー", min_size=1).filter(str.strip), st.text(min_size=0, max_size=20))
def test_cjk_is_counted_character_by_character(cjk, other):
    assert count_cjk(cjk) == sum(one in "你あア가" for one in cjk)
    assert count_cjk(cjk + other) == count_cjk(cjk) + count_cjk(other)
    assert not count_cjk(other.encode("ascii", "ignore").decode())


def test_what_the_service_does_not_document_is_said(live):
    with pytest.raises(
        ServiceError, match=r"documents no call for the balance; look at your account on aiclone.*\.com"
    ):
        portal.call(live.balance)
    twin = AiClone(Http("aiclone", "http://127.0.0.1:9", Secret("no-key"), sandbox=True))
    with pytest.raises(ServiceError, match=r"nor has its twin; .*set_balance\(amount, service='aiclone'\)"):
        portal.call(twin.balance)
    assert portal.call(live.prices) == {}


# -- the reference ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [REF, "https://example.com/a.mp3?x=1", "https://example.com/download?id=7"])
def test_a_public_address_is_taken(live, url):
    assert live.check_url(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("me.wav", "no http"),
        ("http://127.0.0.1/a.wav", "not public"),
        ("https://nas/a.wav", "not public"),
        ("https://me:pw@example.com/a.wav", "password"),
        ("https://example.com/a b.wav", "blanks"),
        ("https://example.com/a.ogg", ".ogg file; allowed are .wav and .mp3"),
    ],
)
def test_an_address_that_cannot_be_fetched_is_refused(live, url, why):
    assert why in live.check_url(url)


@pytest.fixture
def live_studio(tmp_path):
    def connect(**settings):
        return vn.connect("aiclone", api_key=CANARY, home=tmp_path, **settings)

    return connect


@pytest.mark.slow
def test_a_recording_without_an_uploader_shows_the_line_to_write(live_studio, ada):
    with live_studio() as studio, pytest.raises(BadReference, match=r"voicenb\.connect\('aiclone', uploader="):
        studio.clone(ada, quiet=True)
    assert not len(studio.history.frame())


def test_an_uploader_gives_the_recording_its_address(live_studio, ada):
    given = {}

    def uploader(data, filename):
        given[filename] = data
        return f"https://files.example.com/{filename}"

    with live_studio(uploader=uploader) as studio:
        voice = studio.clone(ada, quiet=True)
        assert voice.id == "https://files.example.com/ada.wav"
        assert given["ada.wav"] == ada.read_bytes()
        assert voice.preview is None
        assert not len(studio.history.frame())
        assert studio.voice(voice.id).name == "ada"


async def _later(data, filename):
    return f"https://files.example.com/{len(data)}/{filename}"


def test_an_uploader_may_be_a_coroutine(live_studio, ada):
    with live_studio(uploader=_later) as studio:
        assert studio.clone(ada, quiet=True).id == f"https://files.example.com/{ada.stat().st_size}/ada.wav"


@pytest.mark.parametrize(
    ("uploader", "why"),
    [(lambda data, name: name, "returns the public"), (lambda data, name: data[0] / 0, "ZeroDivisionError")],
)
def test_an_uploader_that_fails_is_a_bad_reference(live_studio, ada, uploader, why):
    with live_studio(uploader=uploader) as studio, pytest.raises(BadReference, match=why):
        studio.clone(ada, quiet=True)


def test_settings_that_are_none_are_refused(live_studio):
    with pytest.raises(InvalidRequest, match="allowed is a function"):
        live_studio(uploader=7)
    with pytest.raises(InvalidRequest, match="uploader: gives"):
        live_studio(preview_path="/x")
    with pytest.raises(InvalidRequest, match="no regions"):
        live_studio(region="ae")
    with pytest.raises(InvalidRequest, match="none to set"):
        live_studio(prices={"credit": 1})


def test_a_storage_address_is_written_to_and_signed(live_studio, ada):
    fsspec = pytest.importorskip("fsspec")
    from fsspec.implementations.memory import MemoryFileSystem

    class Signing(MemoryFileSystem):
        protocol = "signing"

        @classmethod
        def _strip_protocol(cls, path):
            return super()._strip_protocol(path.removeprefix("signing:/"))

        def sign(self, path, expiration=100, **kwargs):
            return f"https://bucket.example.com/{path.lstrip('/')}?expires={expiration}"

    fsspec.register_implementation("signing", Signing, clobber=True)
    with live_studio(uploader="signing://bucket/refs") as studio:
        voice = studio.clone(ada, quiet=True)
        assert voice.id == "https://bucket.example.com/bucket/refs/ada.wav?expires=604800"
        assert voice.expires is None
    assert Signing().cat_file("/bucket/refs/ada.wav") == ada.read_bytes()
    with live_studio(uploader="memory://refs") as studio, pytest.raises(vn.VoicenbError, match="public="):
        studio.clone(ada, name="other", quiet=True)


SIGNED = "https://bucket.example.com/ada.wav?"


@pytest.mark.parametrize(
    ("query", "end"),
    [
        ("X-Amz-Date=20261101T120000Z&X-Amz-Expires=604800&X-Amz-Signature=a", (2026, 11, 8, 12)),
        ("X-Goog-Date=20261101T120000Z&X-Goog-Expires=3600&X-Goog-Signature=a", (2026, 11, 1, 13)),
        ("x-oss-date=20261101T120000Z&x-oss-expires=60&x-oss-signature=a", (2026, 11, 1, 12, 1)),
        ("AWSAccessKeyId=a&Signature=b&Expires=1793534400", (2026, 11, 1, 12)),
        ("sv=2024-08-04&se=2026-11-01T13%3A00%3A00%2B01%3A00&sig=a", (2026, 11, 1, 12)),
        ("se=2026-11-01&sig=a", (2026, 11, 1)),
        ("Expires=1793534400", None),
        ("se=soon&sig=a", None),
        ("X-Amz-Date=20261101T120000Z&X-Amz-Expires=99999999999999", None),
        ("Signature=b&Expires=99999999999999999999", None),
        ("", None),
    ],
)
def test_a_signed_address_says_when_it_ends(query, end):
    assert signed_until(SIGNED + query) == (None if end is None else datetime(*end, tzinfo=UTC))


def test_a_voice_whose_signature_has_ended_says_what_to_do(live_studio, ada):
    """Made by an uploader, or taken up by its address; nothing is sent, and cloning publishes anew."""
    addresses = iter([f"{SIGNED}sig=a&se=2026-11-01", f"{SIGNED}sig=a&se=2999-01-01"])
    with live_studio(uploader=lambda data, name: next(addresses)) as studio:
        voice = studio.clone(ada, name="me", quiet=True)
        assert "expired 2026-11-01" in repr(voice)
        for one in (voice, studio.voice("me"), studio.voice(f"{SIGNED}sig=b&se=2026-11-01")):
            with pytest.raises(vn.VoiceExpired, match=r"signature .* nothing was sent or charged\. studio\.clone\(…\)"):
                one.submit("Hello.")
        assert set(studio.voices()["state"]) == {"expired"}
        again = studio.clone(ada, name="me", quiet=True)
        assert "its address is signed until 2999-01-01" in repr(again)
        assert studio.voice("me").id == again.id
        assert not studio.tasks()


# -- the wire --------------------------------------------------------------------------------------------------


@pytest.fixture
def service(wire):
    http = Http("aiclone", wire.url, Secret(CANARY))
    yield AiClone(http)
    portal.call(http.close)


def submit(service, **values):
    return portal.call(lambda: service.submit(asked(**values), task="t1", seed=5))


def test_the_ledgers_id_travels_in_the_metadata_beside_the_users(service, wire):
    wire.script[CLONE] = answer(TASK, status=202)
    service._http.sandbox = True
    given = submit(service, metadata={"scene": 4})
    assert (given.status, given.remote_id) == ("queued", TASK["task_id"])
    body = json.loads(wire.seen[0].body)
    assert body["metadata"] == {"scene": 4, "voicenb_task": "t1"}
    assert wire.seen[0].headers["authorization"] == f"Bearer {CANARY}"
    assert wire.seen[0].headers["x-sandbox-seed"] == "5"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param(RESET, OutcomeUnknown, id="reset"),
        pytest.param(answer(b"bad gateway", status=502), OutcomeUnknown, id="gateway"),
        pytest.param(answer(b"{", status=202), OutcomeUnknown, id="garbage"),
        pytest.param(answer([], status=202), OutcomeUnknown, id="no object"),
        pytest.param(answer({}, status=202), OutcomeUnknown, id="no id"),
        pytest.param(
            answer({"error": {"code": "invalid_api_key", "type": "auth_error", "message": "no"}}, status=401),
            AuthenticationError, id="key",
        ),
        pytest.param(answer({"error": {"message": "too few"}}, status=402), InsufficientBalance, id="credits"),
        pytest.param(
            answer({"error": {"message": "emo_vec sum exceeds 1.5"}}, status=422), InvalidRequest, id="emotion"
        ),
        pytest.param(answer({"detail": [{"loc": ["text"], "msg": "x"}]}, status=422), InvalidRequest, id="detail"),
        pytest.param(answer({"error": "reference_audio_url: no audio"}, status=400), BadReference, id="reference"),
        pytest.param(answer(b"", status=429, headers={"Retry-After": "3"}), RateLimited, id="busy"),
        pytest.param(answer({"error": None}, status=500), OutcomeUnknown, id="a server's error that says nothing"),
        pytest.param(
            answer({"error": {"code": "internal", "type": "server_error", "message": "no"}}, status=500),
            ServiceError,
            id="server",
        ),
        pytest.param(answer(b"", status=307, headers={"Location": "https://example.com"}), ServiceError, id="moved"),
    ],
)  # fmt: skip
def test_every_answer_to_a_submission_is_one_typed_error_and_is_sent_once(service, wire, reply, kind):
    wire.script[CLONE] = reply
    with pytest.raises(kind) as caught:
        submit(service)
    assert type(caught.value) is kind
    assert wire.paths() == [CLONE]
    assert CANARY not in str(caught.value)
    if kind is RateLimited:
        assert caught.value.retry_after == 3


def query(service, wire, **fields):
    wire.script["/api/v2/tasks/t%2F1"] = answer(TASK | fields)
    return portal.call(service.query, "t/1")


def test_the_documented_result_is_read_field_by_field(service, wire):
    found = query(
        service, wire, status="completed", audioUrl="https://oss.example.com/x.wav", format="wav", degraded=True,
        providerUsed="tts-v2-emotion-1", completed_at=1780704355, progress=None, credits_used=None,
    )  # fmt: skip
    assert (found.status, found.audio_url) == ("completed", "https://oss.example.com/x.wav")
    assert (found.degraded, found.provider, found.cost, found.error) == (True, "tts-v2-emotion-1", None, None)


@pytest.mark.parametrize(
    ("said", "status"),
    [("pending", "queued"), ("processing", "processing"), ("completed", "completed"), ("failed", "failed"),
     ("cancelled", "cancelled"), ("thinking", "processing"), (None, "processing")],
)  # fmt: skip
def test_every_status_is_understood(service, wire, said, status):
    assert query(service, wire, status=said).status == status


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"code": "x", "message": "no voice", "type": "y"}, "no voice"),
        ("plain", "plain"),
        (None, None),
        ({}, "no message"),
    ],
)
def test_an_error_is_null_an_object_or_text(service, wire, error, message):
    assert query(service, wire, status="failed", error=error).error == message


def test_what_was_charged_is_exact(service, wire):
    wire.script["/api/v2/tasks/t"] = answer(b'{"status": "completed", "credits_used": 12.10}')
    assert portal.call(service.query, "t").cost == Decimal("12.10")


def test_a_service_on_this_machine_that_is_no_sandbox_has_no_upload(service, wire):
    """A relay to the paid service is sent no recording, whatever it would answer."""
    wire.script["/sandbox/uploads"] = answer({"url": "http://127.0.0.1:1/u.wav"})
    with pytest.raises(BadReference, match="uploader="):
        portal.call(service.publish, Upload("a.wav", b"RIFF", "audio/wav"))
    assert not wire.seen
    service._http.sandbox = True
    assert portal.call(service.publish, Upload("a.wav", b"RIFF", "audio/wav")) == "http://127.0.0.1:1/u.wav"
    assert b"RIFF" in wire.seen[-1].body


@pytest.mark.parametrize(
    "data",
    [
        b"1\n00:00:00,050 --> 00:00:00,900\nHello there.\n",
        b"WEBVTT\n\n00:00:00.050 --> 00:00:00.900\nHello there.\n",
        b'[{"text": "Hello there.", "start": 0.05, "end": 0.9}]',
        b'{"segments": [{"text": "Hello there.", "time_begin": 50, "time_end": 900}]}',
    ],
    ids=["srt", "vtt", "seconds", "milliseconds"],
)
def test_subtitles_of_the_usual_forms_are_read(live, data):
    [only] = live.subtitles(data)
    assert (only.text, round(only.start, 3), round(only.end, 3)) == ("Hello there.", 0.05, 0.9)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"{}", b"[1]", b"[" * 9999, b"hello"])
def test_subtitles_that_cannot_be_read_are_no_reason_to_lose_the_audio(live, data):
    assert len(live.subtitles(data)) == 0


# -- the whole way, in the sandbox ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandboxed(home):
    with vn.connect("aiclone", sandbox=True, home=home) as studio:
        yield studio


@pytest.mark.slow
def test_a_voice_is_an_address_and_costs_nothing_until_it_speaks(sandboxed, ada):
    """It takes long: the first words in two languages load what the sandbox speaks them with."""
    rows = len(sandboxed.history.frame())
    voice = sandboxed.clone(ada, name="bare", model="v1-real", quiet=True)
    assert voice.id.startswith("http://127.0.0.1")
    assert len(sandboxed.history.frame()) == rows
    clip = voice.say("Hello 你好.", subtitles=True, metadata={"scene": 1}, quiet=True)
    assert clip.task.cost == 11
    assert clip.task.record.parameters["model"] == "v1-real"
    assert clip.subtitles.text
    row = sandboxed.history.frame().set_index("id").loc[clip.task.id]
    assert row["provider"]
    assert not row["degraded"]
    assert json.loads(row["metadata"]) == {"scene": 1}


def test_a_designed_voice_keeps_its_description(sandboxed, ada):
    voice = sandboxed.clone(ada, name="designed", model="omni", describe="male, elderly, low pitch", quiet=True)
    task = voice.submit("Hello there.")
    assert task.record.parameters["describe"] == "male, elderly, low pitch"
    assert task.wait(60, quiet=True).duration > 0.3
    # What another model does not have stays behind.
    plain = voice.submit("Hello there.", model="v1-real")
    assert plain.record.parameters["describe"] is None
    assert plain.wait(60, quiet=True).duration > 0.3


def test_each_model_speaks(sandboxed, ada):
    own = {
        "v1-real": {},
        "v2-emotion": {"emotion": {"joy": 0.8}},
        "v3-qwen": {"instructions": "read in a calm tone"},
        "omni": {"describe": "female, young adult"},
        "voxcpm": {"describe": "male, 四川话"},
    }
    assert set(own) == set(MODELS)
    voice = sandboxed.clone(ada, name="all", quiet=True)
    tasks = [voice.submit("Good morning.", model=model, **more) for model, more in own.items()]
    clips = [task.wait(60, quiet=True) for task in tasks]
    assert len({clip.data for clip in clips}) == len(MODELS)
    frame = sandboxed.history.frame().set_index("id").loc[[task.id for task in tasks]]
    assert list(frame["model"]) == list(own)
    assert frame.loc[tasks[1].id, "emotion"] == "joy=0.8"
    assert frame.groupby("emotion").size()["joy=0.8"] == 1


def test_a_task_that_fails_is_not_charged(sandboxed):
    with pytest.raises(vn.TaskFailed, match=r"studio\.clone\(…\) publishes the recording anew.*cost nothing"):
        sandboxed.voice("http://127.0.0.1:9/gone.wav").say("Hello there.", quiet=True)
    [task, *_] = sandboxed.tasks("failed")
    assert task.cost == 0


def test_a_preview_request_takes_the_address_that_the_upload_gave():
    request = PreviewRequest.build({"text": "Hi."}).model_copy(update={"reference": REF})
    assert request.wire()["reference_audio_url"] == REF
