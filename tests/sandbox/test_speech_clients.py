"""Clients of OpenAI's speech API that nobody here wrote, unchanged but for address and key: OpenAI's own, and LiteLLM's proxy.

They are not installed with the tests, for LiteLLM wants other versions of what the sandbox stands on. ``SPEECH_CLIENTS_PYTHON`` names
the Python of an environment with ``openai`` and ``litellm[proxy]``; .ci/run makes one.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

import voicenb as vn
from voicenb.audio.codec import decode
from voicenb.errors import AuthenticationError, InvalidRequest, ServiceError

# Read at import, as all of this is decided then.
PYTHON = os.environ.get("SPEECH_CLIENTS_PYTHON")
PROGRAM = Path(__file__).with_name("speech_client.py")
MASTER = "sk-master-of-the-proxy"

pytestmark = [
    pytest.mark.skipif(
        PYTHON is None, reason="SPEECH_CLIENTS_PYTHON names no Python that has openai and litellm[proxy]"
    ),
    # They take long: other programs are started, and LiteLLM's takes ten seconds and more until it listens.
    pytest.mark.slow,
]


def spoken(base_url, key, *more):
    run = subprocess.run(
        [PYTHON, str(PROGRAM), base_url, key, *more], capture_output=True, text=True, timeout=240, check=False
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.strip().splitlines()[-1])
    return {name: base64.b64decode(sound) for name, sound in found["sounds"].items()}, found


def seconds(data, name):
    if name in {"pcm", "slow", "stream", "events"}:
        return len(data) / 2 / 24_000
    samples, rate = decode(data)
    return len(samples) / rate


@pytest.fixture(scope="module")
def service(sandbox):
    return sandbox.said["services"]["openai"]


def test_openais_own_client_speaks_and_understands_errors(service):
    sounds, found = spoken(service["base_url"], service["api_key"])
    length = seconds(sounds["wav"], "wav")
    assert 2 < length < 6
    for name in ("mp3", "flac", "opus", "pcm", "stream", "events"):
        assert seconds(sounds[name], name) == pytest.approx(length, abs=0.1), name
    assert 1.6 < seconds(sounds["slow"], "slow") / length < 2.4
    assert sounds["stream"] == sounds["events"] == sounds["pcm"]
    assert "evented" in sounds
    assert np.abs(np.frombuffer(sounds["pcm"], "<i2")).max() > 3000
    assert found["models"] == ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
    errors = found["errors"]
    assert {name: status for name, (status, _) in errors.items()} == {
        "key": 401, "voice": 400, "model": 404, "speed": 400, "field": 400,
    }  # fmt: skip
    assert "there is no voice 'nobody'" in errors["voice"][1]
    assert "from 0.25 to 4" in errors["speed"][1]
    assert "wobble" in errors["field"][1]


@contextmanager
def proxied(service, folder):
    """LiteLLM's proxy before the sandbox; its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "config.yaml"
    models = ("tts-1", "none")
    listed = [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"openai/{name}", "api_base": service["base_url"], "api_key": service["api_key"], "max_retries": 0,
            },
        }
        for name in models
    ]  # fmt: skip
    # JSON is YAML, too.
    config.write_text(json.dumps({"model_list": listed, "general_settings": {"master_key": MASTER}}))
    environment = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    log = folder / "proxy.log"
    with log.open("wb") as output:
        proxy = subprocess.Popen(
            [Path(PYTHON).with_name("litellm"), "--config", config, "--host", "127.0.0.1", "--port", str(port)],
            env=environment, stdout=output, stderr=output, cwd=folder,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(trust_env=False, transport=httpx.HTTPTransport(retries=1000)) as client:
            while True:
                assert proxy.poll() is None, log.read_text()
                try:
                    assert client.get(f"{url}/health/liveliness", timeout=120).status_code == 200
                    break
                except httpx.ConnectError:
                    continue
        yield f"{url}/v1"
    finally:
        proxy.terminate()
        proxy.wait(30)


@pytest.fixture(scope="module")
def proxy(service, tmp_path_factory):
    with proxied(service, tmp_path_factory.mktemp("proxy")) as url:
        yield url


def test_litellms_proxy_speaks_and_passes_errors_on(proxy):
    """It passes OpenAI's older fields on alone: where events were asked for, sound comes, and a field that is not known is lost."""
    sounds, found = spoken(proxy, MASTER)
    length = seconds(sounds["wav"], "wav")
    for name in ("mp3", "flac", "opus", "pcm", "stream", "events"):
        assert seconds(sounds[name], name) == pytest.approx(length, abs=0.1), name
    assert set(found["models"]) == {"tts-1", "none"}
    assert "evented" not in sounds
    assert "field" not in found["errors"]
    assert found["errors"]["key"][0] in {400, 401}
    assert "nobody" in found["errors"]["voice"][1]
    assert found["errors"]["model"][0] == 404


def test_voicenb_speaks_through_litellms_proxy(proxy, home):
    """A gateway before a server is one more server: no key of its own goes further, and its errors are understood."""
    with vn.connect("openai", base_url=proxy, api_key=MASTER, home=home, prices="0.015") as studio:
        voice = studio.voice("alloy")
        clip = voice.say("It is a fine day.", quiet=True)
        assert clip.duration > 0.5
        assert clip.task.cost == studio.price(voice, "It is a fine day.", fresh=True).amount > 0
        stream = voice.stream("It is a fine day. We go out.")
        assert len(b"".join(stream)) / 48_000 == pytest.approx(stream.clip.duration, abs=0.01)
        with pytest.raises(InvalidRequest, match="nobody"):
            studio.voice("nobody").say("Hello.", quiet=True)
        with pytest.raises(InvalidRequest, match="tts-1"):
            voice.say("Hello.", model="none", quiet=True)
        with pytest.raises(ServiceError, match="lists no voices"):
            studio.catalogue()
        assert {task.cost for task in studio.tasks("failed")} == {0}
        with pytest.raises(InvalidRequest, match="zip"):
            voice.say("Hello.", model="zip", quiet=True)
    with (
        vn.connect("openai", base_url=proxy, api_key="sk-wrong", home=home) as stranger,
        pytest.raises(AuthenticationError),
    ):
        stranger.voice("alloy").say("Hello.", quiet=True)
