"""Faseeh's typed requests, sound that comes at once, and sound that comes in pieces."""

import asyncio
import io
import json
import wave
from decimal import Decimal

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, strategies as st
from wire import RESET, answer

import voicenb as vn
from voicenb.base import portal
from voicenb.base.keys import Secret
from voicenb.errors import (
    AuthenticationError,
    InsufficientBalance,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
)
from voicenb.services.base import LearnedRuleWarning, Upload
from voicenb.services.faseeh import Faseeh, PreviewRequest, ProductionRequest, VoiceRequest
from voicenb.services.http import Http
from voicenb.services.pcm import Pieces, pcm_form, wav_of

CANARY = "munsit_canary_31"
MODEL = "faseeh-v1-preview"
SPEECH = f"/text-to-speech/{MODEL}"
READY = "ar-hijazi-female-1"
JSON = {"Content-Type": "application/json"}
RAW = {"Content-Type": "audio/raw; codec=pcm16; rate=24000; channels=1"}
TONE = (8000 * np.sin(np.arange(12000) * 0.06)).astype("<i2").tobytes()
REFERENCE = Upload("me.wav", b"RIFF reference", "audio/wav")
PREVIEW = Upload("preview.wav", b"RIFF preview", "audio/wav")


def asked(kind=ProductionRequest, **values):
    least = {
        ProductionRequest: {"voice": READY, "text": "Hello."},
        PreviewRequest: {"text": "Hello there, my friend."},
        VoiceRequest: {"text": "Hello there, my friend.", "name": "me"},
    }[kind]
    return kind.build(least | values, strict=True)


def problems(kind=ProductionRequest, **values):
    with pytest.raises(InvalidRequest) as caught:
        asked(kind, **values)
    return {one.field: one.allowed for one in caught.value.problems}


# -- the requests ----------------------------------------------------------------------------------------------


def test_the_voice_has_every_documented_field():
    request = asked(
        VoiceRequest, stability=0.7, description="warm", gender="female", age="middle", language=["Arabic", "en"],
        dialect="najdi, hijazi", avatar_url="https://example.com/a.png",
    )  # fmt: skip
    assert request.wire() == {
        "text": "Hello there, my friend.", "name": "me", "model": MODEL, "stability": 0.7, "description": "warm",
        "gender": "female", "age": "middle", "languages": "ar,en", "dialects": "najdi,hijazi",
        "avatar_url": "https://example.com/a.png",
    }  # fmt: skip
    assert asked(VoiceRequest, languages="ar,en", dialects=["najdi", "hijazi"]).wire()["dialects"] == "najdi,hijazi"


def test_speech_is_sent_as_public_clients_do():
    assert asked(dialect="hijazi").wire() == {
        "voice_id": READY, "text": "Hello.", "stability": 0.5, "speed": 1.0, "dialect": "hijazi", "sample_rate": 48000,
    }  # fmt: skip


@given(st.floats(allow_nan=True))
def test_a_stated_range_is_always_an_error_and_a_learned_one_a_warning(value):
    inside = 0 <= value <= 1
    if inside:
        assert asked(VoiceRequest, stability=value).stability == value
        return
    assert "0 to 1" in problems(VoiceRequest, stability=value)["stability"]
    assert "0 to 1" in problems(stability=value)["stability"]
    least = {"text": "Hello there, my friend.", "name": "me", "stability": value}
    with pytest.raises(InvalidRequest):
        VoiceRequest.build(least)


def test_what_is_learned_only_warns_on_a_live_service():
    for values, why in (
        ({"speed": 2}, "0.7 to 1.2"), ({"sample_rate": 7999}, "8000 to 48000"), ({"model": "faseeh-v2"}, MODEL),
        ({"stability": 1.5}, "0 to 1"),
    ):  # fmt: skip
        with pytest.warns(LearnedRuleWarning, match=why):
            ProductionRequest.build({"voice": READY, "text": "Hello."} | values)
        assert list(problems(**values)) == list(values)


@pytest.mark.parametrize(("text", "good"), [("Hello you there", True), ("Hello there friend", True), ("a b c d", False),
                                            ("Hello there", False), ("Internationalisation", False)])  # fmt: skip
def test_a_preview_has_three_words_and_ten_characters(text, good):
    if good:
        asked(PreviewRequest, text=text)
    else:
        assert "3 words" in problems(PreviewRequest, text=text)["text"]


@pytest.mark.parametrize(
    ("name", "is_id"),
    [(READY, True), ("cl-mine", True), ("cl-3f2b9c1e0a5d", True), ("cl-", False), ("3f2b9c1e-0a5d-4a53-9a60-2f6c2b6e7d11", True), ("vc_8f3a2b1c", True), ("ar-najdi-male", True),
     ("me", False), ("my voice 2", False), ("grandfather", False)],
)  # fmt: skip
def test_ids_are_told_from_names(name, is_id):
    assert Faseeh(Http("faseeh", "https://api.faseeh.ai/api/v1", Secret("k"))).is_voice_id(name) == is_id


# -- PCM -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media", "form"),
    [
        ("audio/raw; codec=pcm16; rate=24000; channels=1", (24000, 1)),
        ("audio/raw;rate=48000;channels=2", (48000, 2)),
        ('audio/l16; rate="16000"', (16000, 1)),
        ("application/octet-stream", (44100, 1)),
        ("audio/raw; rate=0", (44100, 1)),
        ("", (44100, 1)),
    ],
)
def test_the_content_type_says_what_the_pcm_is(media, form):
    assert pcm_form(media, 44100) == form


@given(st.binary(max_size=200), st.sampled_from([1, 2]))
def test_pcm_becomes_a_wav_of_whole_samples(data, channels):
    with wave.open(io.BytesIO(wav_of(data, 24000, channels))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24000, channels, 2)
        assert file.readframes(1000) == data[: len(data) // (2 * channels) * 2 * channels]


@given(
    st.binary(min_size=2, max_size=400), st.lists(st.integers(1, 9), min_size=1), st.sampled_from([1, 2]), st.booleans()
)
def test_pieces_are_whole_samples_however_the_network_cuts_them(data, cuts, channels, in_a_wav):
    media = f"audio/raw; rate=24000; channels={channels}"
    if data[:4] == b"RIFF"[: len(data)]:
        data = b"\0" + data
    sent = wav_of(data, 24000, channels) if in_a_wav else data
    pieces, got, at = Pieces(48000), [], 0
    while at < len(sent):
        size = cuts[len(got) % len(cuts)]
        got.append(pieces.add(sent[at : at + size], media))
        at += size
    whole = data[: len(data) // (2 * channels) * 2 * channels]
    assert b"".join(got) == whole == bytes(pieces.whole)
    assert all(len(one) % (2 * channels) == 0 for one in got)
    if whole:
        assert (pieces.rate, pieces.channels) == (24000, channels)


# -- the wire --------------------------------------------------------------------------------------------------


@pytest.fixture
def service(wire):
    http = Http("faseeh", wire.url, Secret(CANARY), header="x-api-key", prefix="")
    yield Faseeh(http)
    portal.call(http.close)


def submit(service, request=None, **more):
    files = {"reference": REFERENCE, "preview": PREVIEW}
    return portal.call(lambda: service.submit(request or asked(**more), task="t1", files=files))


def test_the_key_goes_where_the_service_wants_it(service, wire):
    wire.script[SPEECH] = answer(wav_of(TONE, 48000, 1), headers={"Content-Type": "audio/wav"})
    found = submit(service)
    assert found.audio == wav_of(TONE, 48000, 1)
    assert wire.seen[0].headers["x-api-key"] == CANARY
    assert "authorization" not in wire.seen[0].headers
    assert json.loads(wire.seen[0].body)["streaming"] is False
    assert CANARY not in repr(vars(service._http))


def test_a_preview_is_multipart_and_its_raw_pcm_becomes_a_wav(service, wire):
    wire.script["/voices/preview"] = answer(TONE, headers=RAW)
    found = submit(service, asked(PreviewRequest, similarity=0.8, speed=1.1))
    assert found.audio == wav_of(TONE, 24000, 1)
    body = wire.seen[0].body
    for part in (b'name="file"; filename="me.wav"', b"RIFF reference", b'name="text"', b'name="model_id"', b"0.8",
                 b'name="similarity"', b'name="speed"', b"1.1"):  # fmt: skip
        assert part in body


def test_a_voice_is_made_of_the_bytes_of_both_recordings(service, wire):
    wire.script["/voices/clone"] = answer(
        {"id": "u", "voice_id": "v-1", "name": "me", "languages": [], "dialect": [], "type": None, "stability": 0.5}
    )
    assert submit(service, asked(VoiceRequest)).voice == "v-1"
    body = wire.seen[0].body
    for part in (b'name="voice_file"; filename="preview.wav"', b"RIFF preview", b'name="reference_audio_file"',
                 b"RIFF reference", b'name="stability"', b'name="name"', b'name="model"'):  # fmt: skip
        assert part in body


def error(code, message="no", status=None):
    body = {"errorCode": code, "errorMessage": message}
    return answer(body, status=status or int(str(code)[:3]), headers=JSON)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param(error("40101"), AuthenticationError, id="key"),
        pytest.param(error(40101), AuthenticationError, id="a code as number"),
        pytest.param(error("40201"), InsufficientBalance, id="balance"),
        pytest.param(error("40301"), AuthenticationError, id="access"),
        pytest.param(error("42901"), RateLimited, id="too many"),
        pytest.param(error("40001", "stability: no"), InvalidRequest, id="validation"),
        pytest.param(error("40401"), InvalidRequest, id="no such voice"),
        pytest.param(error("50001"), ServiceError, id="failed"),
        pytest.param(error("40201", status=200), InsufficientBalance, id="an error with status 200"),
        pytest.param(error("99999", status=418), ServiceError, id="never seen"),
        pytest.param(answer(b"", status=401), AuthenticationError, id="401"),
        pytest.param(answer(b"", status=402), InsufficientBalance, id="402"),
        pytest.param(answer(b"", status=429, headers={"Retry-After": "4"}), RateLimited, id="429"),
        pytest.param(answer(b"<html>", status=503), OutcomeUnknown, id="gateway"),
        pytest.param(answer(b""), OutcomeUnknown, id="nothing at all"),
        pytest.param(answer(b"<html>", headers={"Content-Type": "text/html"}), OutcomeUnknown, id="a page"),
        pytest.param(RESET, OutcomeUnknown, id="reset"),
    ],
)
def test_every_answer_is_one_typed_error_and_is_sent_once(service, wire, reply, kind):
    wire.script[SPEECH] = reply
    with pytest.raises(kind) as caught:
        submit(service)
    assert type(caught.value) is kind
    assert wire.paths() == [SPEECH]
    assert CANARY not in str(caught.value)
    if kind is RateLimited and "HTTP" in str(caught.value):
        assert caught.value.retry_after == 4


def test_the_preview_path_is_a_setting_and_its_404_says_so(service, wire):
    with pytest.raises(ServiceError, match=r"preview_path='/…'"):
        submit(service, asked(PreviewRequest))
    other = Faseeh(service._http, preview_path="/voices/clone/preview")
    wire.script["/voices/clone/preview"] = answer(TONE, headers=RAW)
    assert submit(other, asked(PreviewRequest)).audio
    for bad in ("voices", "https://elsewhere/x", "/a/../b?c", 3):
        with pytest.raises(InvalidRequest, match="preview_path"):
            Faseeh(service._http, preview_path=bad)


def test_models_prices_and_voices_are_read_whatever_else_is_there(service, wire):
    wire.script["/models"] = answer(
        b'[{"id": "u", "model_id": "faseeh-v1-preview", "model_name": "x", "cost": 0.10, "description": "d"},'
        b'{"model_id": "b", "costPerCharacter": "2"}, {"model_id": "c"}, {"model_id": "d", "cost": -1}, null]'
    )
    assert portal.call(service.prices) == {MODEL: Decimal("0.10"), "b": Decimal(2)}
    wire.script["/voices"] = answer(
        [{"id": "u", "voice_id": READY, "name": "Lama", "languages": ["ar"], "dialect": ["hijazi"], "gender": None},
         {"voice_id": "v-2", "dialects": "najdi, hijazi", "sample_url": "https://example.com/s.wav"}, {"name": "no id"}, 3]
    )  # fmt: skip
    first, second = portal.call(service.voices)
    assert (first.id, first.name, first.languages, first.dialects, first.gender) == (
        READY,
        "Lama",
        ("ar",),
        ("hijazi",),
        "",
    )
    assert (second.name, second.dialects, second.sample_url) == (
        "v-2",
        ("najdi", "hijazi"),
        "https://example.com/s.wav",
    )


# -- streaming -------------------------------------------------------------------------------------------------


@pytest.fixture
def scripted(wire, tmp_path):
    prices = {MODEL: "0.5"}
    with vn.connect("faseeh", base_url=wire.url, api_key=CANARY, home=tmp_path, prices=prices) as connected:
        yield connected


@pytest.fixture
def voice(scripted):
    return scripted.voice(READY)


def test_a_stream_gives_the_pieces_and_keeps_the_whole(wire, voice):
    wire.script[SPEECH] = answer(TONE, headers=RAW)
    stream = voice.stream("Hello there.")
    chunks = list(stream)
    assert b"".join(chunks) == TONE
    assert {(one.rate, one.channels) for one in chunks} == {(24000, 1)}
    assert sum(len(one.samples) for one in chunks) == 12000
    assert np.abs(np.concatenate([one.samples for one in chunks])).max() < 1
    assert stream.clip.data == wav_of(TONE, 24000, 1)
    assert (stream.task.status, stream.task.cost) == ("completed", Decimal(6))
    assert json.loads(wire.seen[-1].body)["streaming"] is True
    again = voice.stream("Hello there.")
    assert again.task.cached
    assert b"".join(again) == TONE
    assert wire.paths().count(SPEECH) == 1


def test_a_loop_that_stops_early_loses_nothing(wire, voice):
    wire.script[SPEECH] = answer(TONE, headers=RAW)
    stream = voice.stream("Hello there.")
    first = next(stream)
    assert stream.task.wait(30, quiet=True).duration == 0.5
    assert first + b"".join(stream) == TONE


def test_a_stream_in_an_asynchronous_loop(wire, scripted, voice):
    wire.script[SPEECH] = answer(TONE, headers=RAW)

    async def main():
        return b"".join([chunk async for chunk in scripted.aio.stream(voice, "Hello there.")])

    assert asyncio.run(main()) == TONE


def test_a_stream_that_breaks_off_counts_as_charged_and_keeps_what_came(wire, scripted, voice):
    whole = answer(TONE, headers=RAW)
    wire.script[SPEECH] = whole[:-5001]
    stream = voice.stream("Hello there.")
    got = []
    with pytest.raises(vn.TaskFailed, match=r"broke off.*counts as charged, 6 credits.*0\.4 s that came are in"):
        got.extend(stream)
    assert stream.task.cost == Decimal(6)
    assert b"".join(got) == TONE[: len(b"".join(got))]
    kept = scripted.session.ledger.files.path(stream.task.record.file).read_bytes()
    assert kept == wav_of(b"".join(got), 24000, 1)
    assert stream.clip is None


@pytest.mark.parametrize(
    ("reply", "kind", "status"),
    [(error("40201"), InsufficientBalance, "failed"), (RESET, OutcomeUnknown, "unknown"),
     (answer(b"", headers=RAW), OutcomeUnknown, "unknown"), (answer(b"", status=401), AuthenticationError, "failed")],
)  # fmt: skip
def test_a_stream_that_never_began_is_a_typed_error(wire, voice, reply, kind, status):
    wire.script[SPEECH] = reply
    stream = voice.stream("Hello there.")
    with pytest.raises(kind):
        list(stream)
    assert stream.task.status == status


def test_too_many_at_once_is_the_one_refusal_that_is_sent_again(wire, voice):
    busy = answer({"errorCode": "42901", "errorMessage": "busy"}, status=429, headers=JSON | {"Retry-After": "0"})
    wire.script[SPEECH] = [busy, answer(TONE, headers=RAW)]
    stream = voice.stream("Hello there.")
    assert b"".join(stream) == TONE
    assert wire.paths().count(SPEECH) == 2
    assert stream.task.cost == Decimal(6)


def test_a_service_that_does_not_stream_says_so(studio):
    with pytest.raises(InvalidRequest, match=r"does not stream; voice\.say"):
        studio.voice("model_1").stream("Hello.")
    with pytest.raises(InvalidRequest, match="lists no voices"):
        studio.catalogue()


def test_sound_that_cannot_be_read_counts_as_charged_and_is_kept(wire, scripted, voice):
    wire.script[SPEECH] = answer(b"RIFF....WAVEnonsense", headers={"Content-Type": "audio/wav"})
    with pytest.raises(vn.TaskFailed, match=r"no sound.*counts as charged"):
        voice.say("Hello there.", quiet=True)
    [task] = scripted.tasks()
    assert (task.status, task.cost) == ("failed", Decimal(6))
    assert scripted.session.ledger.files.path(task.record.file).read_bytes() == b"RIFF....WAVEnonsense"


@pytest.mark.parametrize("kept", [False, True])
def test_a_kernel_that_died_while_the_sound_came_leaves_a_row_that_can_be_closed(wire, scripted, voice, kept):
    request = asked()
    price = scripted.price(voice, "Hello.")
    life = scripted.session.runner.plan(
        request, "production", price, voice=voice.key, voice_name=voice.name, text="Hello."
    )
    file = scripted.session.ledger.files.store(wav_of(TONE, 24000, 1), "wav") if kept else None
    for changes in ({"status": "submitting"}, {"status": "downloading", "file": file, "owner": "dead"}):
        scripted.session.ledger.tasks.update(life.record.id, **changes).result()
    scripted.session.runner.context.active.clear()
    [task] = scripted.resume()
    if kept:
        assert task.wait(30, quiet=True).data == wav_of(TONE, 24000, 1)
    else:
        with pytest.raises(vn.TaskFailed, match="does not give it again"):
            task.wait(30, quiet=True)
    assert task.cost == Decimal(3)
    assert SPEECH not in wire.paths()


# -- connecting, cloning ---------------------------------------------------------------------------------------


def test_a_region_is_a_base_url(tmp_path, monkeypatch):
    monkeypatch.setenv("FASEEH_API_KEY", CANARY)
    with vn.connect("faseeh", region="ae", home=tmp_path) as studio:
        assert studio.endpoint == "https://ae.api.faseeh.ai/api/v1"
        assert CANARY not in repr(vars(studio))
    with pytest.raises(InvalidRequest, match="the regions ae"):
        vn.connect("faseeh", region="mars", home=tmp_path)
    with pytest.raises(InvalidRequest, match="one of them"):
        vn.connect("faseeh", region="ae", base_url="https://api.munsit.com/api/v1", home=tmp_path)
    with pytest.raises(InvalidRequest, match="own address"):
        vn.connect("faseeh", sandbox=True, region="ae", home=tmp_path)


def test_keys_and_addresses_come_from_either_name(tmp_path, monkeypatch):
    monkeypatch.setenv("MUNSIT_API_KEY", "first_key")
    monkeypatch.setenv("FASEEH_API_KEY", "second_key")
    monkeypatch.setenv("FASEEH_BASE_URL", "https://api.munsit.com/api/v1")
    with vn.connect("faseeh", home=tmp_path) as studio:
        assert studio.session.http.secret() == "first_key"
        assert studio.endpoint == "https://api.munsit.com/api/v1"


def test_a_failed_voice_leaves_no_voice_and_says_what_the_preview_cost(wire, tmp_path, ada):
    wire.script["/voices/preview"] = answer(TONE, headers=RAW)
    wire.script["/voices/clone"] = error("50001", "preview does not match")
    with vn.connect("faseeh", base_url=wire.url, api_key=CANARY, home=tmp_path) as studio:
        with pytest.raises(ServiceError, match="preview does not match"):
            studio.clone(ada, name="me", quiet=True)
        assert list(studio.voices()["state"]) == ["failed"]
        assert [(task.kind, task.status) for task in studio.tasks()] == [("voice", "failed"), ("preview", "completed")]
        body = wire.seen[-1].body
        assert ada.read_bytes() in body
        assert wav_of(TONE, 24000, 1) in body


def test_every_bad_field_of_both_calls_is_named_at_once(wire, tmp_path, ada):
    with vn.connect("faseeh", base_url=wire.url, api_key=CANARY, home=tmp_path) as studio:
        with pytest.raises(InvalidRequest) as caught:
            studio.clone(ada, text="Hello there, friend.", stability=2, similarity="much", wobble=1, quiet=True)
        assert {one.field for one in caught.value.problems} == {"stability", "similarity", "wobble"}
        assert "stability" in str(caught.value)
        assert not wire.seen


@pytest.fixture(scope="module")
def sandboxed(home):
    with vn.connect("faseeh", sandbox=True, home=home) as studio:
        yield studio


@pytest.fixture(scope="module")
def cloned(sandboxed, ada):
    return sandboxed.clone(
        ada, name="me", text="Hello there, my friend.", stability=0.8, dialect=["najdi", "hijazi"], language="en",
        consent="nobody's voice", model_id=MODEL, quiet=True,
    )  # fmt: skip


def test_preview_and_voice_are_two_rows_and_the_voice_speaks(sandboxed, cloned):
    rows = sandboxed.history.frame()
    # It may have spoken in another test.
    made = rows[(rows["voice"] == "me") & (rows["kind"] != "production")]
    assert list(made["kind"]) == ["voice", "preview"]
    assert list(made["status"]) == ["completed", "completed"]
    preview = sandboxed.history.clip(made.iloc[1]["id"])
    assert preview.format == "wav"
    assert cloned.preview.data == preview.data
    clip = cloned.say("Good morning, how are you?", speed=1.1, sample_rate=24000, quiet=True)
    assert (clip.format, clip.rate) == ("wav", 24000)
    assert clip.task.parameters["speed"] == 1.1
    assert clip.task.cost == len("Good morning, how are you?")
    assert sf.info(io.BytesIO(clip.data)).subtype == "PCM_16"


def test_ready_made_voices_are_listed_and_speak(sandboxed):
    listed = sandboxed.catalogue()
    assert READY in set(listed["id"])
    assert listed.set_index("id").loc[READY, "dialects"] == "hijazi"
    assert sandboxed.voice(READY).say("Good morning.", quiet=True).duration > 0.2
    assert "cloned" not in set(sandboxed.voices()["name"])


def test_a_voice_of_the_services_own_list_is_found_by_its_name(sandboxed, cloned):
    """Where the ledger does not know it; a name that several have finds none of them."""
    names = sandboxed.catalogue().set_index("name")["id"]
    assert sandboxed.voice("walter").id == names["Walter"]
    assert sandboxed.voice("walter").say("Good morning.", quiet=True).duration > 0.2
    with pytest.raises(InvalidRequest, match=r"no voice is named 'nobody'; there are .*studio\.catalogue\(\) lists"):
        sandboxed.voice("nobody")


def test_several_languages_choose_the_line_of_the_first(sandboxed, ada):
    price = sandboxed.clone_price(language=["ar", "en"])
    assert price == sandboxed.clone_price(language="ar,en") == sandboxed.clone_price(language="ar")
    assert price != sandboxed.clone_price(language="en")


def test_a_cloned_voice_is_in_the_services_own_list(sandboxed, cloned):
    """Which says less of it than the answer that made it did."""
    row = sandboxed.catalogue().set_index("id").loc[cloned.id]
    assert row["name"] == "me"
    assert row["dialects"] == row["gender"] == row["kind"] == ""
    assert cloned.details["dialect"] == ["najdi", "hijazi"]


def test_the_sandbox_streams(sandboxed, cloned):
    stream = cloned.stream("Good evening, my dear friend. It is late, is it not?")
    chunks = list(stream)
    assert len(chunks) > 1
    assert stream.clip.rate == 48000
    assert sum(one.duration for one in chunks) == pytest.approx(stream.clip.duration)
    assert stream.task.cost == len(stream.task.text)


def test_a_url_is_fetched_because_the_service_takes_the_recording(sandboxed, ada, wire):
    wire.script["/ada.wav"] = answer(ada.read_bytes(), headers={"Content-Type": "audio/wav"})
    voice = sandboxed.clone(f"{wire.url}/ada.wav", name="net", text="Hello there, my friend.", quiet=True)
    assert voice.id


def test_prices_come_from_the_models_and_an_unknown_one_gives_the_line(sandboxed, tmp_path):
    assert sandboxed.price(READY, "Hello.").amount == 6
    assert sandboxed.price(READY, "Hello.", model="faseeh-mini-v1-preview").amount == 3
    assert sandboxed.clone_price(text="Hello there, my friend.").amount == 23
    prices = {"faseeh-v9": 2, "voice": 5}
    with vn.connect("faseeh", sandbox=True, home=sandboxed.home, prices=prices) as studio:
        assert studio.clone_price(text="Hello there, my friend.").amount == 28


def test_a_voice_whose_price_is_not_known_is_refused_before_its_preview_is_paid(tmp_path, ada):
    with vn.connect("faseeh", api_key=CANARY, home=tmp_path, prices={MODEL: 1}, budget=100) as studio:
        # The address is the live one: nothing may leave.
        studio.session.prices._published = {}
        price = studio.clone_price(text="Hello there, my friend.")
        assert price.amount is None
        assert "prices={'voice': …}" in price.rule
        with pytest.raises(vn.BudgetExceeded, match=r"not known.*prices=\{'voice': …\}"):
            studio.clone(ada, text="Hello there, my friend.", quiet=True)
        assert studio.tasks() == []
