"""The twin of an OpenAI-compatible server, over plain HTTP: what it takes, refuses, lists and streams."""

import base64
import json

import numpy as np
import pytest

from voicenb.audio.codec import decode

TEXT = "It is a fine day. We go out."


@pytest.fixture(scope="module")
def ask(sandbox):
    service = sandbox.said["services"]["openai"]

    def call(method, path, **given):
        headers = {"Authorization": f"Bearer {service['api_key']}"} | given.pop("headers", {})
        return sandbox.client.request(method, service["base_url"] + path, headers=headers, **given)

    return call


def speak(ask, **body):
    return ask("POST", "/audio/speech", json={"model": "tts-1", "input": TEXT, "voice": "alloy"} | body)


def error(answer, status):
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    return answer.json()["error"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "media", "begin"),
    [("mp3", "audio/mpeg", b"\xff"), ("wav", "audio/wav", b"RIFF"), ("flac", "audio/flac", b"fLaC"), ("opus", "audio/opus", b"OggS")],
)  # fmt: skip
def test_the_same_take_in_every_format(ask, form, media, begin):
    pcm = speak(ask, response_format="pcm")
    assert pcm.headers["content-type"] == "audio/pcm"
    answer = speak(ask, response_format=form)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert answer.content.startswith(begin)
    samples, rate = decode(answer.content)
    assert len(samples) / rate == pytest.approx(len(pcm.content) / 48_000, abs=0.1)
    if form in {"wav", "flac"}:
        assert (np.rint(samples * 32768).astype("<i2").tobytes()) == pcm.content
    if form == "mp3":
        assert speak(ask).content == answer.content


@pytest.mark.slow
def test_streams_and_events_are_the_same_sound(ask):
    whole = speak(ask, response_format="pcm").content
    assert speak(ask, response_format="pcm", stream_format="audio").content == whole
    answer = speak(ask, response_format="pcm", stream_format="sse")
    assert answer.headers["content-type"] == "text/event-stream"
    events = [json.loads(one.removeprefix("data: ")) for one in answer.text.strip().split("\n\n")]
    assert [one["type"] for one in events] == ["speech.audio.delta"] * (len(events) - 1) + ["speech.audio.done"]
    assert len(events) > 2
    assert b"".join(base64.b64decode(one["audio"]) for one in events[:-1]) == whole
    assert set(events[-1]["usage"]) == {"input_tokens", "output_tokens", "total_tokens"}
    wav = speak(ask, response_format="wav", stream_format="audio").content
    assert wav[:8] == b"RIFF\xff\xff\xff\xff"
    assert wav[44:] == whole
    mp3 = speak(ask, response_format="mp3", stream_format="audio").content
    assert len(decode(mp3)[0]) / 24_000 == pytest.approx(len(whole) / 48_000, abs=0.1)


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"input": ""}, "input", "must not be empty"),
        ({"input": "a" * 4097}, "input", "4096"),
        ({"speed": 4.01}, "speed", "from 0.25 to 4"),
        ({"response_format": "ogg"}, "response_format", "mp3, opus, aac"),
        ({"response_format": "aac"}, "response_format", "no aac here"),
        ({"stream_format": "chunked"}, "stream_format", "sse, audio"),
        ({"voice": None}, "voice", "required"),
        ({"voice": "nobody"}, "voice", "there are alloy"),
        ({"wobble": 1}, "wobble", "Unrecognized request argument supplied: wobble"),
        ({"ref_audio": "/etc/passwd"}, "ref_audio", "not a local path"),
        ({"ref_audio": "data:audio/wav;base64,?"}, "ref_audio", "base64"),
        ({"ref_audio": "data:audio/wav;base64,AAAA"}, "ref_audio", "is no audio file"),
        ({"ref_audio": "http://127.0.0.1:9/a.wav"}, "ref_audio", "could not be fetched"),
        ({"input": "…"}, "input", "nothing to speak"),
        ({"input": "…", "stream_format": "audio"}, "input", "nothing to speak"),
        ({"language": "Klingon"}, "input", "Klingon"),
    ],
)
def test_what_is_refused_names_its_field(ask, body, param, words):
    found = error(speak(ask, **body), 400)
    assert (found["param"], found["type"]) == (param, "invalid_request_error")
    assert words in found["message"]


def test_keys_models_and_paths(ask, sandbox):
    assert error(speak(ask, model="none"), 404)["code"] == "model_not_found"
    assert error(ask("GET", "/models", headers={"Authorization": "Bearer sk-no"}), 401)["code"] == "invalid_api_key"
    assert error(ask("GET", "/nothing"), 404)["code"] == "unknown_url"
    assert error(ask("DELETE", "/models"), 405)["code"] == "method_not_allowed"
    assert {one["id"] for one in ask("GET", "/models").json()["data"]} == {"tts-1", "tts-1-hd", "gpt-4o-mini-tts"}
    before = sandbox.books()
    assert speak(ask, input="Only this.").status_code == 200
    [task] = [one for name, one in sandbox.books().items() if name not in before]
    assert (task["service"], task["kind"], task["status"], task["charge"]) == ("openai", "speech", "completed", 0)


@pytest.mark.slow
def test_a_recording_speaks_inline_by_address_and_by_upload(ask, sandbox, ada, reference):
    inline = f"data:audio/wav;base64,{base64.b64encode(ada).decode()}"
    same = {"response_format": "wav", "seed": 7}
    by_data = speak(ask, voice=None, ref_audio=inline, ref_text="What she says.", **same)
    by_address = speak(ask, voice=None, ref_audio=reference, **same)
    form = {"name": "ada-up", "consent": "a sample", "ref_text": "What she says."}
    made = ask("POST", "/audio/voices", data=form, files={"audio_sample": ("ada.wav", ada, "audio/wav")})
    assert made.json()["success"] is True
    assert made.json()["voice"] | {"created_at": 0} == form | {
        "file_size": len(ada), "mime_type": "audio/wav", "created_at": 0,
    }  # fmt: skip
    uploaded = speak(ask, voice={"id": "ada-up"}, **same)
    assert by_data.content == by_address.content == uploaded.content
    assert uploaded.content != speak(ask, **same).content
    assert uploaded.content != speak(ask, voice="ada-up", response_format="wav", seed=8).content
    listed = ask("GET", "/audio/voices").json()
    assert "ada-up" in listed["voices"]
    assert [one["name"] for one in listed["uploaded_voices"]].count("ada-up") == 1


@pytest.mark.slow
def test_the_other_ways_to_upload(ask, sandbox, ada):
    given = {"voice_file": ("ada.wav", ada, "audio/wav")}
    made = ask("POST", "/voices", data={"voice_name": "ada-lib"}, files=given)
    assert (made.status_code, made.json()["voice"]["name"]) == (201, "ada-lib")
    again = ask("POST", "/voices", data={"voice_name": "ada-lib"}, files=given)
    assert (again.status_code, again.json()["detail"]["error"]["type"]) == (409, "voice_exists_error")
    assert "ada-lib" in {one["name"] for one in ask("GET", "/voices").json()["voices"]}
    for _ in range(2):
        filed = sandbox.client.post(
            "/upload_reference",
            headers={"Authorization": f"Bearer {sandbox.key}"},
            files={"files": ("ada-file.wav", ada)},
        )
        assert filed.json()["uploaded_files"] == ["ada-file.wav"]
    assert speak(ask, voice="ada-file.wav").status_code == speak(ask, voice="ada-lib").status_code == 200
    for data, files, param in (
        ({"name": "x"}, {"audio_sample": ("a.wav", ada)}, "consent"),
        ({"name": "x", "consent": "y"}, {"other": ("a.wav", ada)}, "audio_sample"),
        ({"name": "alloy", "consent": "y"}, {"audio_sample": ("a.wav", ada)}, "name"),
        ({"name": "x", "consent": "y"}, {"audio_sample": ("a.wav", b"no sound")}, "audio_sample"),
    ):
        assert error(ask("POST", "/audio/voices", data=data, files=files), 400)["param"] == param


def test_instructions_are_followed_by_the_model_that_follows_them(ask):
    how = {"instructions": "very slowly", "response_format": "pcm", "seed": 1}
    deaf, slow = (len(speak(ask, model=model, **how).content) for model in ("tts-1", "gpt-4o-mini-tts"))
    assert slow > 1.15 * deaf
