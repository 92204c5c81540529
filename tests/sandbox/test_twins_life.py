"""What a kill leaves of the twins' tasks, voices and accounts."""

from __future__ import annotations

import io
import json
import signal
import socket
import wave

import httpx

SPEAK = "/text-to-speech/faseeh-v1-preview"
LINE = "Good morning to you all."


def test_a_kill_loses_no_task_no_voice_and_no_credit(launch, warm, ada):
    """aiclone's open task is performed and charged at the next start, and what it owes cannot be spent meanwhile.

    Faseeh's voice speaks again; the request that the kill interrupted costs nothing, and nobody repeats it.
    """
    with launch(home=warm) as server:
        url = server.published("ada.wav", ada)
        sample = io.BytesIO()
        with wave.open(sample, "wb") as file:
            file.setparams((1, 2, 24_000, 0, "NONE", ""))
            file.writeframes(
                server.faseeh("POST", "/voices/preview", data={"text": LINE}, files={"file": ("ada.wav", ada)}).content
            )
        files = {"voice_file": ("voice.wav", sample.getvalue()), "reference_audio_file": ("ada.wav", ada)}
        fields = {"text": LINE, "stability": "1", "name": "ada", "model": "faseeh-v1-preview"}
        voice = server.faseeh("POST", "/voices/clone", data=fields, files=files).json()
        server.set_balance(30, "aiclone")
        lost = server.clone(text="x" * 25, reference_audio_url="https://example.com/a.wav", metadata={"a": 1}).json()
        server.followed(lost["task_id"])
        assert server.account("aiclone") == {"balance": 30, "used": 0}

        # The answer to this one never comes.
        body = json.dumps({"voice_id": voice["voice_id"], "text": LINE * 100}).encode()
        address = httpx.URL(server.url)
        with socket.create_connection((address.host, address.port)) as waiting:
            waiting.sendall(
                f"POST /api/v1{SPEAK} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nx-api-key: {server.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            while not server.status()["tasks"]["processing"]:
                pass
            open_task = server.clone(text="Good morning.", reference_audio_url=url, model="v1-real").json()
            refusal = server.clone(text="x" * 18, reference_audio_url=url)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait(10)
        assert refusal.status_code == 402
        assert "costs 18, 17 are left" in refusal.json()["error"]["message"]

    with launch(home=warm) as server:
        assert server.followed(open_task["task_id"])["credits_used"] == 13
        assert server.account("aiclone") == {"balance": 17, "used": 13}
        assert server.clone(text="x" * 17, reference_audio_url="https://example.com/a.wav").status_code == 202
        assert server.client.get(f"/api/v2/tasks/{lost['task_id']}").json()["metadata"] == {"a": 1}
        speeches = [task for task in server.books().values() if task["kind"] == "speech"]
        assert [(task["status"], task["charge"], task["refund"]) for task in speeches] == [("failed", 0, 0)]
        assert server.account("faseeh")["used"] == len(LINE)
        kept = server.faseeh("GET", "/voices").json()[-1]
        assert kept["voice_id"] == voice["voice_id"]
        assert httpx.get(kept["sample_url"], trust_env=False, verify=False).content == sample.getvalue()
        said = server.faseeh("POST", SPEAK, json={"voice_id": voice["voice_id"], "text": "Hello."})
        assert said.status_code == 200
        assert server.account("soundclone")["used"] == 0
