"""An OpenAI-compatible server, as scripted ones answer: keys, errors, forms of sound, ways of cloning, fields of its own."""

import base64
import contextlib
import json
import random

import numpy as np
import pytest
from wire import HANG, answer

import voicenb as vn
from voicenb.audio.codec import encode
from voicenb.audio.sound import AudioError
from voicenb.errors import (
    AuthenticationError,
    BadReference,
    BudgetExceeded,
    InsufficientBalance,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    TaskFailed,
)
from voicenb.services.openai import ProductionRequest
from voicenb.services.pcm import wav_of

RATE = 24_000
TONE = (8000 * np.sin(np.arange(36_000) * 0.06)).astype("<i2")
WAV = wav_of(TONE.tobytes(), RATE, 1)
SPEECH, VOICES = "/v1/audio/speech", "/v1/audio/voices"
SOUND = answer(WAV, headers={"Content-Type": "audio/wav"})


def refusal(status, message, **about):
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None} | about
    return answer({"error": error}, status=status)


@pytest.fixture
def server(wire, tmp_path):
    """Connects to a scripted server, without a key unless one is given."""
    studios = []

    def connect(**settings):
        studio = vn.connect("openai", base_url=f"{wire.url}/v1", home=tmp_path, **{"prices": "free"} | settings)
        studio.session.runner.context.back_off = lambda *_: 0
        studios.append(studio)
        return studio

    yield connect
    for studio in studios:
        studio.close()


def sent(wire, number=-1):
    return json.loads([one for one in wire.seen if one.path == SPEECH][number].body)


# -- keys --------------------------------------------------------------------------------------------------------


def test_a_server_of_ones_own_needs_no_key_and_gets_none_that_is_not_its_own(server, wire, monkeypatch):
    """A real key in the environment belongs to OpenAI, not to whatever address is given by hand."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real-and-paid-for")
    wire.script[SPEECH] = SOUND
    server().voice("alloy").say("Hello.", quiet=True)
    assert "authorization" not in wire.seen[-1].headers
    server(api_key="sk-own").voice("alloy").say("Hello again.", quiet=True)
    assert wire.seen[-1].headers["authorization"] == "Bearer sk-own"


def test_a_key_of_the_environment_goes_where_the_environment_says(wire, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", f"{wire.url}/v1/")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-beside-it")
    wire.script[SPEECH] = SOUND
    with vn.connect("openai", home=tmp_path) as studio:
        studio.voice("alloy").say("Hello.", quiet=True)
    assert wire.seen[-1].headers["authorization"] == "Bearer sk-beside-it"


def test_plain_http_in_ones_own_network_is_for_servers_without_a_key(tmp_path, monkeypatch):
    with vn.connect("openai", base_url="http://gpu:8000/v1", home=tmp_path) as studio:
        assert studio.endpoint == "http://gpu:8000/v1"
    with pytest.raises(ServiceError, match="in the clear"):
        vn.connect("openai", base_url="http://gpu:8000/v1", api_key="sk-1", home=tmp_path)
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY"):
        vn.connect("openai", home=tmp_path)
    monkeypatch.setenv("AICLONE_API_KEY", "k")
    with pytest.raises(ServiceError, match="in the clear"):
        vn.connect("aiclone", base_url="http://gpu:8000", home=tmp_path)


# -- money -------------------------------------------------------------------------------------------------------


def test_a_price_is_what_the_user_says(server, wire):
    wire.script[SPEECH] = SOUND
    unknown = server(prices=None)
    assert unknown.price("alloy", "Hello.").amount is None
    with unknown.budget(1), pytest.raises(BudgetExceeded, match="prices='free'"):
        unknown.voice("alloy").say("Hello.", quiet=True)
    assert not wire.seen
    paid = server(prices=15)
    assert str(paid.price("alloy", "Hello.").amount) == "0.09"
    assert str(server(prices={"characters": "0.015"}).price("alloy", "Hello.").amount) == "0.00009"
    free = server(budget=0)
    assert free.voice("alloy").say("Hello.", quiet=True).task.cost == 0
    with pytest.raises(InvalidRequest, match="'free'"):
        vn.connect("soundclone", api_key="k", prices=3)
    with pytest.raises(InvalidRequest, match="amount of 0 or more"):
        server(prices="cheap")


# -- fields of a server's own ------------------------------------------------------------------------------------


def test_extra_fields_pass_through_are_recorded_and_tell_requests_apart(server, wire):
    wire.script[SPEECH] = SOUND
    studio = server()
    voice = studio.voice("alloy")
    first = voice.say("Hello.", extra={"exaggeration": 0.7, "nested": {"a": [1, None]}}, quiet=True)
    assert sent(wire) == {
        "model": "tts-1", "input": "Hello.", "voice": "alloy", "response_format": "wav", "speed": 1.0, "exaggeration": 0.7,
        "nested": {"a": [1, None]},
    }  # fmt: skip
    row = studio.history.frame().set_index("id").loc[first.task.id]
    assert json.loads(row["extra"]) == {"exaggeration": 0.7, "nested": {"a": [1, None]}}
    assert voice.say("Hello.", extra={"nested": {"a": [1, None]}, "exaggeration": 0.7}, quiet=True).task.cached
    assert not voice.say("Hello.", extra={"exaggeration": 0.8}, quiet=True).task.cached
    assert len(wire.seen) == 2


@pytest.mark.parametrize(
    "extra", [{"input": "x"}, {"voice": "x"}, {"ref_audio": "x"}, {"a": float("nan")}, {1: 2}, "[]", 3]
)
def test_extra_fields_that_are_none(server, wire, extra):
    with pytest.raises(InvalidRequest) as caught:
        server().voice("alloy").say("Hello.", extra=extra, quiet=True)
    assert [problem.field for problem in caught.value.problems] == ["extra"]
    assert not wire.seen


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, "Unrecognized request argument supplied: exaggeration", param="exaggeration"),
        answer({"detail": [{"loc": ["body", "exaggeration"], "msg": "Extra inputs are not permitted"}]}, status=422),
        answer({"detail": "exaggeration is not supported by this model"}, status=400),
        answer({"detail": {"error": {"message": "exaggeration: no such field", "type": "x"}}}, status=404),
        answer({"detail": {"error": "validation_error", "message": "exaggeration: what?", "type": "x"}}, status=400),
        answer({"message": "exaggeration?", "code": 400, "type": "BadRequestError", "param": None}, status=400),
        answer({"error": "no exaggeration here"}, status=400),
        answer({"detail": {"error": "exaggeration: no"}}, status=400),
    ],
    ids=[
        "openai",
        "fastapi list",
        "fastapi text",
        "fastapi openai",
        "fastapi flat",
        "bare",
        "text",
        "fastapi inner text",
    ],
)
def test_what_a_server_does_not_know_is_one_sentence(server, wire, reply):
    wire.script[SPEECH] = reply
    with pytest.raises(InvalidRequest) as caught:
        server().voice("alloy").say("Hello.", extra={"exaggeration": 0.7}, quiet=True)
    said = str(caught.value).splitlines()[0]
    assert said.startswith("this server does not take 'exaggeration', an extension, as it was given: ")
    assert said.endswith("leave extra out, or change it. Nothing was charged.")
    assert [problem.field for problem in caught.value.problems] == ["extra"]


# -- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (refusal(401, "Incorrect API key provided", code="invalid_api_key"), AuthenticationError, "OPENAI_API_KEY"),
        (answer({"detail": "Not authenticated"}, status=403), AuthenticationError, "Not authenticated"),
        (refusal(400, "No connected db.", type="no_db_connection", code="400"), AuthenticationError, "check the key"),
        (answer({"detail": [1, {"loc": 3}, {"msg": None}]}, status=422), InvalidRequest, "HTTP 422"),
        (refusal(429, "You exceeded your current quota", code="insufficient_quota"), InsufficientBalance, "cannot pay"),
        (refusal(429, "Rate limit reached"), RateLimited, "Rate limit reached"),
        (answer({"detail": "Voice file 'x' not found."}, status=404), InvalidRequest, "studio.catalogue"),
        (answer({"detail": "Not Found"}, status=404), InvalidRequest, "ends in /v1"),
        (answer({"detail": "TTS engine failed to synthesize audio for chunk 1."}, status=500), ServiceError, "chunk 1"),
        (answer({"detail": "not currently loaded"}, status=503), ServiceError, "not currently loaded"),
        # Who says so may stand before a server that goes on.
        (refusal(500, "litellm.InternalServerError: upstream went away"), OutcomeUnknown, "litellm"),
        (refusal(504, "upstream timed out"), OutcomeUnknown, "HTTP 504"),
        (answer(b"<html><title>502</title>", status=502), OutcomeUnknown, "502"),
        (answer({"error": "text"}, status=500), OutcomeUnknown, "HTTP 500"),
        (answer({"hello": 1}), OutcomeUnknown, "where sound was expected"),
        (answer(b""), OutcomeUnknown, "no sound at all"),
    ],
)  # fmt: skip
def test_errors_are_of_the_tree_and_only_the_servers_own_word_costs_nothing(server, wire, reply, kind, words):
    wire.script[SPEECH] = reply
    studio = server(prices=10)
    with pytest.raises(kind, match=words):
        studio.voice("x").say("Hello.", quiet=True)
    [task] = studio.tasks()
    assert (task.status, task.cost) == (("unknown", None) if kind is OutcomeUnknown else ("failed", 0))


def test_a_model_that_is_not_there_is_named_beside_those_that_are(server, wire):
    wire.script |= {
        SPEECH: refusal(404, "The model `tts-1` does not exist.", type="NotFoundError", code=404),
        "/v1/models": answer({"object": "list", "data": [{"id": "Qwen/Qwen3-TTS-12Hz-1.7B-Base"}]}),
    }
    with pytest.raises(InvalidRequest, match=r"has the models Qwen/Qwen3-TTS-12Hz-1.7B-Base"):
        server().voice("alloy").say("Hello.", quiet=True)


# -- sound -------------------------------------------------------------------------------------------------------


def events(*parts, done=True, first=None):
    lines = [first] if first else []
    lines += [{"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()} for part in parts]
    lines += [{"type": "speech.audio.done", "usage": {}}] if done else []
    return "".join(f"event: {one['type']}\r\ndata: {json.dumps(one)}\r\n\r\n" for one in lines).encode()


def cut(data, size=7001):
    return [data[at : at + size] for at in range(0, len(data), size)]


MP3 = encode(TONE / 32768, RATE, "mp3")
INFO = {"type": "speech.audio.info", "sample_rate": 12_000, "channels": 1, "bits_per_sample": 16}
FORMS = {
    "wav": (WAV, "audio/wav", 1.5),
    "endless wav": (WAV[:4] + b"\xff\xff\xff\xff" + WAV[8:40] + b"\xff\xff\xff\xff" + WAV[44:], "audio/wav", 1.5),
    "pcm": (TONE.tobytes(), "audio/pcm", 1.5),
    "pcm of a rate": (TONE.tobytes(), "audio/pcm;rate=12000", 3.0),
    "mp3": (MP3, "audio/mpeg", 1.5),
    "mp3 without a type": (MP3, "application/octet-stream", 1.5),
    "flac": (encode(TONE / 32768, RATE, "flac"), "audio/flac", 1.5),
    "ogg": (encode(TONE / 32768, RATE, "ogg"), "audio/ogg", 1.5),
    "events of wav": (events(*cut(WAV)), "text/event-stream", 1.5),
    "events of pcm": (events(*cut(TONE.tobytes())), "text/event-stream; charset=utf-8", 1.5),
    "events of mp3": (events(*cut(MP3)), "text/event-stream", 1.5),
    "events that name a rate": (events(*cut(TONE.tobytes()), first=INFO), "text/event-stream", 3.0),
}


@pytest.mark.parametrize(("data", "media", "seconds"), FORMS.values(), ids=FORMS)
def test_every_form_of_sound_is_heard_whole_and_by_pieces(server, wire, data, media, seconds):
    wire.script[SPEECH] = answer(data, headers={"Content-Type": media})
    voice = server().voice("alloy")
    assert voice.say("Hello.", quiet=True).duration == pytest.approx(seconds, abs=0.06)
    stream = voice.stream("Hello.", fresh=True)
    heard = b"".join(stream)
    assert sent(wire)["stream_format"] == "audio"
    assert len(heard) / 2 / stream.live.pieces[0].rate == pytest.approx(seconds, abs=0.06)
    assert stream.clip.duration == pytest.approx(seconds, abs=0.06)


@pytest.mark.parametrize(
    "data",
    [events(*cut(WAV), done=False), events(*cut(WAV), done=False) + b'data: {"type": "speech.audio.error", "error": {"message": "gone"}}\n\n'],
    ids=["silently", "by an error"],
)  # fmt: skip
def test_events_that_end_early_are_a_stream_that_broke_off(server, wire, data):
    wire.script[SPEECH] = answer(data, headers={"Content-Type": "text/event-stream"})
    voice = server().voice("alloy")
    with pytest.raises(TaskFailed, match="ended early" + (": gone" if b"gone" in data else "")) as caught:
        b"".join(voice.stream("Hello.", stream_format="sse"))
    assert "1.5 s that came are in" in str(caught.value)


def test_an_event_that_cannot_be_read_is_sound_that_is_missing(server, wire):
    whole = events(*cut(WAV))
    at = whole.index(b'"audio": "', len(whole) // 2) + 10
    wire.script[SPEECH] = answer(whole[:at] + b"?" + whole[at + 1 :], headers={"Content-Type": "text/event-stream"})
    with pytest.raises(OutcomeUnknown, match="ended before the sound did"):
        server().voice("alloy").say("Hello.", quiet=True)
    with pytest.raises(TaskFailed, match="one of them cannot be read"):
        b"".join(server().voice("alloy").stream("Hello."))


def mutated(chance):
    """An answer with something wrong about it: its form, its type, its status, its length."""
    error = chance.choice([None, 3, "x", {}, {"message": 3}, {"message": "x", "code": [1]}])
    detail = chance.choice([[], [3], {}, {"error": {}}, "", [{"loc": [1, {}]}]])
    refused = [json.dumps({"error": error}).encode(), json.dumps({"detail": detail}).encode(), b"<html>", b"", b"null"]
    sounds = [WAV, TONE.tobytes(), MP3, FORMS["flac"][0], events(*cut(WAV)), events(*cut(MP3), first=INFO)]
    data = chance.choice([*sounds, *refused])
    for _ in range(chance.choice([0, 0, 1, 3])):
        at = chance.randrange(len(data) + 1)
        junk = chance.choice(
            [b"", b"\x00\xff", b"\r\n\r\n", b'data: {"type": 3}\n\n', chance.randbytes(40), b'"audio": 7']
        )
        data = data[:at] + junk + data[at + chance.randrange(60) :]
    media = chance.choice(
        [
            "audio/wav",
            "audio/mpeg",
            "audio/pcm",
            "text/event-stream",
            "application/json",
            "text/html",
            "audio/pcm;rate=0",
            "",
        ]
    )
    status = chance.choice([200, 200, 200, 200, 201, 204, 302, 400, 401, 404, 408, 422, 500, 503])
    return answer(data, status=status, headers={"Content-Type": media} if media else None)


@pytest.mark.filterwarnings("ignore::voicenb.VoicenbWarning")
def test_hostile_answers_are_errors_of_the_tree_and_nothing_is_sent_twice(server, wire):
    """A hundred from a seed, whole and as streams: the ledger says of each what became of it."""
    chance = random.Random(16)
    studio = server(prices=10)
    voice = studio.voice("alloy")
    seen = set()
    for number in range(100):
        wire.script[SPEECH] = mutated(chance)
        before = len([one for one in wire.seen if one.path == SPEECH])
        with contextlib.suppress(vn.VoicenbError, AudioError):
            if number % 2:
                voice.say(f"Hello {number}.", quiet=True)
            else:
                b"".join(voice.stream(f"Hello {number}."))
        assert len([one for one in wire.seen if one.path == SPEECH]) == before + 1, number
        task = studio.tasks(limit=1)[0]
        seen.add(task.status)
        refused = task.status == "failed" and task.cost == 0
        assert refused or task.status == "unknown" or task.cost == task.estimate, number
        if task.status == "completed":
            assert task.clip.data, number
    assert seen == {"completed", "failed", "unknown"}


def test_a_stream_that_is_none(server, wire):
    studio = server()
    for number, reply in enumerate(
        [answer(b"A page of words. " * 400), answer({"hello": 1}), refusal(400, "no voice")]
    ):
        wire.script[SPEECH] = reply
        with pytest.raises((OutcomeUnknown, InvalidRequest)):
            b"".join(studio.voice("alloy").stream(f"Hello {number}."))
    assert [task.status for task in studio.tasks()] == ["failed", "unknown", "unknown"]


# -- cloning -----------------------------------------------------------------------------------------------------


def parts(body):
    """The fields of a form, files with their names."""
    found = {}
    for part in body.split(body.partition(b"\r\n")[0])[1:-1]:
        head, _, value = part.strip(b"\r\n").partition(b"\r\n\r\n")
        names = dict(one.strip().split("=") for one in head.decode().splitlines()[0].split(";")[1:])
        name = names["name"].strip('"')
        found[name] = names["filename"].strip('"') if "filename" in names else value.decode()
    return found


@pytest.fixture
def recording(ada, tmp_path):
    return vn.Reference(ada, consent="she said yes", name="Ada's voice").trim(0, 5)


@pytest.mark.parametrize(
    ("cloning", "path", "reply", "fields"),
    [
        ("voices", VOICES, {"success": True, "voice": {"name": "{name}"}},
         {"name": "{name}", "consent": "she said yes", "ref_text": "So it was.", "audio_sample": "{name}.wav"}),
        ("library", "/v1/voices", {"message": "ok", "voice": {"name": "{name}", "language": "en"}},
         {"voice_name": "{name}", "voice_file": "{name}.wav"}),
        ("files", "/upload_reference", {"uploaded_files": ["{name}.wav"], "errors": []}, {"files": "{name}.wav"}),
    ],
)  # fmt: skip
def test_a_recording_is_uploaded_as_the_kind_of_server_takes_it(server, wire, recording, cloning, path, reply, fields):
    wire.script |= {SPEECH: SOUND, path: answer(reply)}
    voice = server(cloning=cloning).clone(recording, name="ada", reference_text="So it was.", quiet=True)
    [upload] = wire.seen
    said = parts(upload.body)
    name = next(value for value in said.values() if value.startswith("ada-s-voice-")).removesuffix(".wav")
    assert said == {field: value.format(name=name) for field, value in fields.items()}
    assert voice.consent == "she said yes"
    voice.say("Hello.", quiet=True)
    assert sent(wire)["voice"] == voice.id
    assert not {"ref_text", "ref_audio"} & set(sent(wire))


def test_a_recording_that_goes_with_each_request_is_kept_in_the_home(server, wire, recording, tmp_path):
    wire.script[SPEECH] = SOUND
    studio = server(cloning="inline")
    voice = studio.clone(
        recording, name="ada", text="A preview.", reference_text="So it was.", model="base", quiet=True
    )
    assert voice.id.startswith("recording:")
    voice.say("Hello.", quiet=True)
    b"".join(voice.stream("Hello again."))
    for number in range(3):
        body = sent(wire, number)
        assert base64.b64decode(body["ref_audio"].removeprefix("data:audio/wav;base64,")) == recording.data
        assert (body["ref_text"], body["model"]) == ("So it was.", "base")
        assert "voice" not in body
    # The ledger holds where it is, and not the recording again with each task.
    assert (tmp_path / "ledger.db").stat().st_size < len(recording.data)
    assert server(cloning="inline").clone(
        recording, text="A preview.", reference_text="So it was.", model="base", quiet=True
    )
    assert len(wire.seen) == 3
    voice.say("Hi.", extra={"voice": "default"}, quiet=True)
    assert sent(wire)["voice"] == "default"
    studio.session.ledger.files.path(voice.id.removeprefix("recording:")).unlink()
    with pytest.raises(BadReference, match="Clone the voice again"):
        voice.say("Once more.", quiet=True)
    assert len(wire.seen) == 4
    assert studio.tasks()[0].cost == 0


def test_a_clip_that_is_a_voices_recording_outlives_its_task(server, wire):
    """The same bytes are one file of the home, whatever they are for."""
    wire.script[SPEECH] = SOUND
    studio = server(cloning="inline")
    clip = studio.voice("alloy").say("Hello.", quiet=True)
    voice = studio.clone(vn.Reference(clip.data), name="again", quiet=True)
    assert voice.id == f"recording:{clip.task.record.file}"
    studio.history.delete(clip.task.id)
    voice.say("Hello again.", quiet=True)
    assert base64.b64decode(sent(wire)["ref_audio"].partition(",")[2]) == WAV


def test_an_address_goes_to_servers_that_fetch_and_to_no_other(server, wire):
    wire.script[SPEECH] = SOUND
    address = "http://nas.local/ada.wav"
    server().clone(address, name="ada", quiet=True).say("Hello.", quiet=True)
    assert sent(wire)["ref_audio"] == address
    for cloning in ("library", "files"):
        with pytest.raises(BadReference, match=r"ref\.fetch\(\) downloads it"):
            server(cloning=cloning).clone(address, name="ada", quiet=True)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (answer({"detail": "Method Not Allowed"}, status=405), "Say how it takes them: .*cloning=….*studio.catalogue"),
        (answer({"detail": "Unsupported audio format"}, status=400), "Unsupported audio format"),
        (answer({"detail": [{"loc": ["body", "audio_sample"], "msg": "Field required"}]}, status=422), "audio_sample: Field"),
    ],
)  # fmt: skip
def test_an_upload_that_is_refused(server, wire, recording, reply, words):
    wire.script[VOICES] = reply
    with pytest.raises(BadReference, match=words):
        server().clone(recording, name="ada", quiet=True)


def test_a_voice_that_is_there_already_is_the_same_recording(server, wire, recording):
    wire.script["/v1/voices"] = answer({"detail": {"error": {"message": "exists", "type": "x"}}}, status=409)
    assert server(cloning="library").clone(recording, name="ada", quiet=True).id.startswith("ada-s-voice-")


def test_a_way_of_cloning_that_there_is_not():
    with pytest.raises(InvalidRequest, match="'voices', 'library', 'files', 'inline'"):
        vn.connect("openai", base_url="http://127.0.0.1:9/v1", cloning="telepathy")


# -- lists -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ({"voices": ["vivian", "mine"], "uploaded_voices": [{"name": "mine"}]}, [("vivian", ""), ("mine", "uploaded")]),
        ({"voices": [{"id": "af_heart", "name": "af_heart"}]}, [("af_heart", "")]),
        ({"status": "ok", "voices": ["Abigail.wav"]}, [("Abigail.wav", "")]),
        ({"data": [{"name": "x", "language": "en"}, None, {}]}, [("x", "")]),
        ({}, []),
    ],
)
def test_voices_in_every_form(server, wire, reply, found):
    wire.script[VOICES] = answer(reply)
    assert list(server().catalogue()[["id", "kind"]].itertuples(index=False, name=None)) == found


def test_voices_at_the_other_path_and_at_none(server, wire):
    with pytest.raises(ServiceError, match="lists no voices"):
        server().catalogue()
    wire.script["/v1/voices"] = answer({"voices": [{"name": "mine"}], "count": 1})
    assert list(server().catalogue()["id"]) == ["mine"]


def test_a_text_longer_than_openai_takes_is_a_warning_to_a_server_of_ones_own(server, wire):
    wire.script[SPEECH] = SOUND
    with pytest.warns(vn.services.base.LearnedRuleWarning, match="4,096"):
        server().voice("alloy").say("a" * 4097, quiet=True)
    with pytest.raises(InvalidRequest, match="4,096"):
        ProductionRequest.build({"voice": "alloy", "text": "a" * 4097}, strict=True)


def test_nothing_is_sent_twice_where_no_answer_comes(server, wire):
    wire.script[SPEECH] = HANG
    studio = server()
    studio.session.http.long_seconds = studio.session.http.seconds = 0.5
    with pytest.raises(OutcomeUnknown):
        studio.voice("alloy").say("Hello.", quiet=True)
    assert len(wire.seen) == 1
