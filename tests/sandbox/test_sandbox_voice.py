"""What tasks make: real references, the real voice, real files. Texts are short."""

from __future__ import annotations

import io
import json

import httpx
import numpy as np
import pytest
import soundfile
from sandbox_process import API

TEXT = "Welcome to <#0.4#> voice cloning. It is a fine day."


def wav(samples, rate):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV")
    return file.getvalue()


def sound(url):
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "audio/mpeg"
    return soundfile.read(io.BytesIO(answer.content), dtype="float32")


def spoken(sandbox, voice, seed=None, **fields):
    headers = {} if seed is None else {"X-Sandbox-Seed": str(seed)}
    body = {"modelId": voice["modelId"], "contentText": TEXT, "language": "English"} | fields
    data = sandbox.finished(sandbox.submit("audios", body, **headers))
    assert data["status"] == "completed", data
    return data


@pytest.mark.parametrize("name", ["ada", "bruno"])
def test_sample_speakers_are_recordings_to_clone(sandbox, name):
    """Each is listed with a line about it, and is the same WAV every time."""
    listed = sandbox.client.get("/sandbox/speakers").json()
    assert listed[name]
    first, second = (sandbox.client.get(f"/sandbox/speakers/{name}") for _ in range(2))
    assert first.headers["Content-Type"] == "audio/wav"
    assert first.content == second.content
    samples, rate = soundfile.read(io.BytesIO(first.content))
    assert 15 < len(samples) / rate < 60


def test_an_unknown_speaker_is_named_with_those_there_are(sandbox):
    """404 in words."""
    answer = sandbox.client.get("/sandbox/speakers/nobody")
    assert answer.status_code == 404
    assert "ada" in answer.json()["msg"]


def test_a_preview_gives_a_model_and_speaks(voice):
    """A completed preview has exactly the documented fields; its audio is speech."""
    assert set(voice) == {"id", "object", "created", "model", "status", "error", "modelId", "audioUrl"}
    assert voice["modelId"].startswith("model_")
    assert voice["model"] == "soundCloningClone"
    assert voice["error"] is None
    samples, rate = sound(voice["audioUrl"])
    assert rate == 24_000
    assert 0.4 < len(samples) / rate < 4
    assert np.sqrt(np.mean(samples**2)) > 0.01


def test_production_gives_audio_and_no_model(sandbox, voice):
    """A completed production has exactly the documented fields; subtitles only where asked for."""
    data = spoken(sandbox, voice)
    assert set(data) == {"id", "object", "created", "model", "status", "error", "audioUrl"}
    assert data["model"] == "soundCloningAudio"
    samples, rate = sound(data["audioUrl"])
    assert 2 < len(samples) / rate < 8


def test_production_is_charged_by_characters_and_by_task(sandbox, voice):
    """1 credit per 10,000 characters without pause marks, and 0.01 a task."""
    data = spoken(sandbox, voice)
    entry = sandbox.books()[data["id"]]
    characters = len(TEXT) - len("<#0.4#>")
    assert entry["characters"] == characters
    assert entry["charges"] == {
        "sound-cloning-audio": pytest.approx(characters / 10_000, abs=1e-12),
        "sound-cloning-voice": 0.01,
    }
    assert entry["refund"] == 0


@pytest.mark.parametrize("level", ["word", None])
def test_subtitles_are_segments_in_float_milliseconds(sandbox, voice, level):
    """The learned format: sentences, with their words only at word level, in order and within the audio."""
    data = spoken(sandbox, voice, subtitleEnable=True, **({"subtitleType": level} if level else {}))
    answer = httpx.get(data["subtitleFile"], trust_env=False)
    assert answer.headers["Content-Type"] == "application/json"
    samples, rate = sound(data["audioUrl"])
    segments = answer.json()
    assert [segment["text"] for segment in segments] == ["Welcome to voice cloning.", "It is a fine day."]
    assert [segment["is_final_segment"] for segment in segments] == [False, True]
    last = 0.0
    for segment in segments:
        assert set(segment) == {
            "text", "pronounce_text", "time_begin", "time_end", "text_begin", "text_end", "is_final_segment",
            "timestamped_words",
        }  # fmt: skip
        assert isinstance(segment["time_begin"], float)
        assert last <= segment["time_begin"] < segment["time_end"] <= len(samples) / rate * 1000 + 100
        last = segment["time_end"]
        said = TEXT[segment["text_begin"] : segment["text_end"]]
        assert said.replace("<#0.4#> ", "") == segment["text"]
        words = segment["timestamped_words"]
        if level is None:
            assert words is None
            continue
        assert [word["word"] for word in words] == segment["text"].split()
        assert all(TEXT[word["word_begin"] : word["word_end"]] == word["word"] for word in words)
        times = [time for word in words for time in (word["time_begin"], word["time_end"])]
        assert times == sorted(times)
        assert segment["time_begin"] <= times[0]
        assert times[-1] <= segment["time_end"]


def test_the_same_request_gives_the_same_samples(sandbox, voice):
    """Without a seed header the request itself is the seed."""
    first, second = (httpx.get(spoken(sandbox, voice)["audioUrl"], trust_env=False).content for _ in range(2))
    assert first == second


@pytest.mark.slow
def test_takes_of_one_request_can_be_told_apart(sandbox, voice):
    """A seed is another take, which lasts longer or shorter; 0 is the plain reading, as is a request without a seed."""
    plain, zero, one, two = (sound(spoken(sandbox, voice, seed=seed)["audioUrl"])[0] for seed in (None, 0, 1, 2))
    assert len(plain) == len(zero)
    assert len({len(plain), len(one), len(two)}) == 3


def test_parameters_reach_the_voice(sandbox, voice):
    """Twice the speed is about half the length; a fifth of the volume is 14 dB less."""
    plain, _ = sound(spoken(sandbox, voice, contentText="It is a fine day.")["audioUrl"])
    fast, _ = sound(spoken(sandbox, voice, contentText="It is a fine day.", speed=2)["audioUrl"])
    quiet, _ = sound(spoken(sandbox, voice, contentText="It is a fine day.", vol=0.2)["audioUrl"])
    assert 0.4 < len(fast) / len(plain) < 0.65
    drop = 20 * np.log10(np.sqrt(np.mean(plain**2)) / np.sqrt(np.mean(quiet**2)))
    assert 12 < drop < 16


def test_speech_must_be_between_fifteen_and_sixty_seconds(sandbox, ada):
    """11 s and 90 s of speech, and a file that is no audio, fail in words and are refunded."""
    samples, rate = soundfile.read(io.BytesIO(ada), dtype="float32")
    before = sandbox.balance()
    for content, reason in (
        (wav(samples[: 11 * rate], rate), "longer than 15 s"),
        (wav(np.tile(samples, 5)[: 90 * rate], rate), "shorter than 60 s"),
        (b"this is no audio", ""),
    ):
        url = sandbox.upload("a.wav", content)["url"]
        data = sandbox.finished(sandbox.submit("clones", {"fileUrl": url, "contentText": "Good morning."}))
        assert data["status"] == "failed"
        assert reason in data["error"]
        assert data["error"]
        assert "modelId" not in data
        entry = sandbox.books()[data["id"]]
        assert entry["refund"] == entry["charge"] > 0
    assert sandbox.balance() == before


def test_a_reference_may_come_from_elsewhere_on_loopback(sandbox, elsewhere, ada):
    """By a redirect on loopback, too."""
    there = elsewhere("/real/a.wav", body=ada)
    url = elsewhere("/a.mp3", 302, {"Location": there})
    data = sandbox.finished(sandbox.submit("clones", {"fileUrl": url, "contentText": "Good morning."}))
    assert data["status"] == "completed", data


def test_an_uploads_url_outlives_its_port(sandbox, ada, voice):
    """The file is found, wherever the sandbox listens now."""
    url = httpx.URL(sandbox.upload("ada.wav", ada)["url"]).copy_with(port=1)
    data = sandbox.finished(sandbox.submit("clones", {"fileUrl": str(url), "contentText": "Good morning."}))
    assert data["status"] == "completed", data


@pytest.mark.slow
def test_the_default_preview_line_speaks_or_says_what_is_missing(sandbox, ada):
    """The line is Chinese: with the languages extra it is spoken, without it the task names the extra and is refunded."""
    url = sandbox.upload("ada.wav", ada)["url"]
    data = sandbox.finished(sandbox.submit("clones", {"fileUrl": url, "language": "English"}))
    entry = sandbox.books()[data["id"]]
    assert entry["characters"] == 44
    try:
        import espeakng_loader  # noqa: F401
    except ImportError:
        assert data["status"] == "failed"
        assert "languages" in data["error"]
        assert entry["refund"] == entry["charge"]
    else:
        assert data["status"] == "completed"
        samples, rate = sound(data["audioUrl"])
        assert len(samples) / rate > 4


@pytest.mark.slow
def test_models_expire_unless_they_are_used(launch, warm, ada):
    """Valid for three days of the sandbox's clock; a call inside them activates for good; results last as long.

    It takes long: a sandbox starts twice, for its clock is moved.
    """
    with launch(home=warm) as server:
        url = server.upload("ada.wav", ada)["url"]
        preview = {"fileUrl": url, "contentText": "Good morning.", "language": "English"}
        used, unused = (server.finished(server.submit("clones", preview)) for _ in range(2))
        assert used["modelId"] != unused["modelId"]

        def say(model):
            return server.submit("audios", {"modelId": model["modelId"], "contentText": "Hello."})

        server.client.post("/sandbox/clock", json={"advance": 3 * 86_400 - 60})
        assert server.finished(say(used))["status"] == "completed"
        assert httpx.get(unused["audioUrl"], trust_env=False).status_code == 200
        server.client.post("/sandbox/clock", json={"advance": 120})
        said = say(unused)
        assert said["code"] == 20002
        assert f"{unused['modelId']} has expired" in said["msg"]
        assert set(said) == {"code", "msg"}
        assert server.finished(say(used))["status"] == "completed"
        gone = httpx.get(unused["audioUrl"], trust_env=False)
        assert gone.status_code == 404
        assert "expired" in gone.json()["msg"]
        server.terminate()
    with launch(home=warm) as server:
        assert say(unused)["code"] == 20002
        assert json.loads(server.client.get(f"{API}/audios/{used['id']}").text)["data"]["modelId"] == used["modelId"]
