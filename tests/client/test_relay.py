"""An address on this machine is not the sandbox: a relay or a tunnel to a paid service is live in every way."""

import json
import os

import pytest
from wire import API, AUDIOS, TASK, Wire, answer, envelope

import voicenb as vn
from voicenb.sandbox import launch
from voicenb.tasks.context import TaskContext

PRICES = {"sound-cloning-audio": 1, "sound-cloning-voice": "0.01", "sound-cloning-clone": 1}


@pytest.fixture
def relay(wire, tmp_path):
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path, prices=PRICES) as studio:
        yield studio


def test_it_is_named_by_its_address_and_never_called_free(relay, wire):
    assert relay.endpoint == wire.url
    assert "no bill" not in relay._repr_html_()
    assert wire.url in relay._repr_html_()
    with pytest.raises(vn.InvalidRequest, match="no seed"):
        relay.voice("model_1").submit("Hello.", seed=1)


def test_it_is_asked_for_a_task_as_seldom_as_the_service_wants(relay, monkeypatch):
    monkeypatch.setattr(TaskContext, "poll_seconds", None)
    assert all(5 <= relay.session.runner.context.poll_delay(None) <= 10 for _ in range(50))


def test_it_gets_no_clip_that_the_sandbox_made(blank, wire, ada):
    with blank as studio:
        voice = studio.clone(ada, name="ada", text="Hello.", quiet=True)
        said = voice.say("What the sandbox said.", quiet=True)
        remote = voice.id
        audio = said.data
    wire.script[AUDIOS] = envelope(TASK)
    wire.script[f"{API}/audios/audio_1"] = envelope(TASK | {"status": "completed", "audioUrl": f"{wire.url}/a.wav"})
    wire.script["/a.wav"] = answer(audio)
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=blank.home, prices=PRICES) as relay:
        clip = relay.voice(remote).say("What the sandbox said.", quiet=True)
        assert not clip.task.cached
        assert clip.task.cost > 0
        assert wire.paths().count(AUDIOS) == 1
        rows = relay.history.frame()
    assert set(rows["endpoint"]) == {"sandbox", wire.url}


def test_no_recording_is_posted_to_a_path_of_the_sandboxs(wire, tmp_path, ada):
    with (
        vn.connect("aiclone", base_url=wire.url, api_key="sk_x", home=tmp_path) as relay,
        pytest.raises(vn.BadReference, match="uploader="),
    ):
        relay.clone(ada, name="ada", text="Hello.", quiet=True)
    assert not [one for one in wire.seen if one.method == "POST"]
    assert "/sandbox" not in " ".join(wire.paths())


def test_the_sandbox_is_found_by_its_lock_and_not_by_what_a_file_says(tmp_path):
    """A sandbox that was killed leaves its address; another program may have the port by now, and must not get the key."""
    running = vn.sandbox.start(tmp_path)
    said = tmp_path / "sandbox" / "server.json"
    left = json.loads(said.read_text())
    os.kill(running.pid, 9)
    while launch._is_held(tmp_path / "sandbox" / "lock"):
        pass
    with Wire() as stranger:
        port = int(stranger.url.rpartition(":")[2])
        old = str(left["port"]) if "port" in left else running.url.rpartition(":")[2]
        said.write_text(json.dumps(left).replace(f":{old}", f":{port}"))
        stranger.script["/sandbox/lifeline"] = answer({"alive": True})
        del launch._lifelines[running.home]
        again = vn.sandbox.start(tmp_path)
        assert again.url != stranger.url
        assert not stranger.seen
