"""What a kill leaves of the twins' tasks, voices and accounts."""

from __future__ import annotations

import io
import json
import signal
import socket
import wave

import httpx
import pytest
from sandbox_process import copy_of

SPEAK = "/text-to-speech/faseeh-v1-preview"
LINE = "Good morning to you all."
PREVIEW = {"text": LINE, "similarity": "0.75", "model_id": "faseeh-v1-preview"}
SPEECH = {"stability": 0.5, "streaming": False}


@pytest.mark.slow
def test_a_kill_loses_no_task_no_voice_and_no_credit(launch, tmp_path, sandbox, reference, ada):
    """aiclone's open task is performed and charged at the next start, and what it owes cannot be spent meanwhile.

    Faseeh's voice speaks again; the request that the kill interrupted costs nothing, and nobody repeats it.
    """
    spoken = sandbox.faseeh("POST", "/voices/preview", data=PREVIEW, files={"file": ("ada.wav", ada)})
    sample = io.BytesIO()
    with wave.open(sample, "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(spoken.content)
    files = {"voice_file": ("voice.wav", sample.getvalue()), "reference_audio_file": ("ada.wav", ada)}
    fields = {"text": LINE, "stability": "1", "name": "ada", "model": "faseeh-v1-preview"}
    voice = sandbox.faseeh("POST", "/voices/clone", data=fields, files=files).json()
    home = copy_of(sandbox, tmp_path / "home")

    with launch(home=home) as server:
        before = set(server.books())
        accounts = {service: server.account(service) for service in ("soundclone", "aiclone", "faseeh")}
        server.set_balance(30, "aiclone")
        lost = server.clone(text="x" * 25, reference_audio_url="https://example.com/a.wav", metadata={"a": 1}).json()
        server.followed(lost["task_id"])
        assert server.account("aiclone") == accounts["aiclone"] | {"balance": 30}

        # The answer to this one never comes.
        body = json.dumps({"voice_id": voice["voice_id"], "text": LINE * 100} | SPEECH).encode()
        address = httpx.URL(server.url)
        with socket.create_connection((address.host, address.port)) as waiting:
            waiting.sendall(
                f"POST /api/v1{SPEAK} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nx-api-key: {server.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            while not server.status()["tasks"]["processing"]:
                pass
            open_task = server.clone(text="Good morning.", reference_audio_url=reference, model="v1-real").json()
            refusal = server.clone(text="x" * 18, reference_audio_url=reference)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait(60)
        assert refusal.status_code == 402
        assert "costs 18, 17 are left" in refusal.json()["error"]["message"]

    with launch(home=home) as server:
        assert server.followed(open_task["task_id"])["credits_used"] == 13
        assert server.account("aiclone") == {"balance": 17, "used": accounts["aiclone"]["used"] + 13}
        assert server.clone(text="x" * 17, reference_audio_url="https://example.com/a.wav").status_code == 202
        assert server.client.get(f"/api/v2/tasks/{lost['task_id']}").json()["metadata"] == {"a": 1}
        new = [task for name, task in server.books().items() if name not in before]
        speeches = [(task["status"], task["charge"], task["refund"]) for task in new if task["kind"] == "speech"]
        assert speeches == [("failed", 0, 0)]
        assert server.account("faseeh") == accounts["faseeh"]
        [kept] = [one for one in server.faseeh("GET", "/voices").json() if one["voice_id"] == voice["voice_id"]]
        assert httpx.get(kept["sample_url"], trust_env=False, verify=False).content == sample.getvalue()
        said = server.faseeh("POST", SPEAK, json={"voice_id": voice["voice_id"], "text": "Hello."} | SPEECH)
        assert said.status_code == 200
        assert server.account("soundclone") == accounts["soundclone"]
