"""The documents' own curl calls, with address, key, recording and ids put in place of the examples', and their own answers.

Faseeh's document shows no call; `test_faseeh_twin.py` holds its table of fields.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "services" / "documents"

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the services' documents are not beside the checkout"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl"),
]

OWN = {
    "id", "task_id", "created", "created_at", "completed_at", "modelId", "audioUrl", "model", "providerUsed",
}  # fmt: skip
"""Fields whose value is the task's own; ``model`` follows the request, which is compared apart."""


def document(name):
    return (DOCUMENTS / f"{name}.md").read_text("utf-8")


def calls(text):
    """The curl commands, each to the end of its last line that goes on."""
    return re.findall(r"^curl (?:.*\\\n|.*'\{\n(?:.*\n)*?.*\}'$|.*$)+", text, re.MULTILINE)


def answers(text):
    """The examples of an answer: JSON objects that stand alone."""
    return [json.loads(one) for one in re.findall(r"^\{\n(?:.*\n)*?\}$", text, re.MULTILINE)]


def asked(command, put):
    """What the retargeted command is answered: the HTTP status and the JSON."""
    for example, real in put.items():
        command = command.replace(example, real)
    quiet = command.replace("curl ", "curl -s --noproxy '*' -w '\\n%{http_code}' ", 1)
    run = subprocess.run(["bash", "-c", quiet], capture_output=True, text=True, check=True, timeout=240)
    body, _, status = run.stdout.rpartition("\n")
    return int(status), json.loads(body)


def assert_as_documented(found, example, *, more=frozenset()):
    """The same fields, of the same types, with the same values where they are not the task's own."""
    assert set(found) - more == set(example)
    for name, value in example.items():
        if isinstance(value, dict):
            assert_as_documented(found[name], value)
        elif name in OWN:
            assert type(found[name]) is type(value), name
        else:
            assert found[name] == value, name


@pytest.fixture(scope="module")
def soundclone(sandbox, ada, voice):
    """What stands in for the examples of SoundClone's documents."""
    return {
        "https://www.jimmyai.cn": sandbox.said["services"]["soundclone"]["base_url"],
        "sk_xxx": sandbox.key,
        "https://example.com/source-audio.mp3": sandbox.published("ada.wav", ada),
        "model_123456789": voice["modelId"],
        "audio_16b635ba-5889-4fa5-bbcc-bf67a38c353a": voice["id"],
    }


@pytest.mark.parametrize(
    ("name", "model"), [("create-preview", "soundCloningClone"), ("create-audio", "soundCloningAudio")]
)
def test_soundclones_submissions(sandbox, soundclone, name, model):
    """The envelope and the task, as queued; asked at once, it is answered as one in progress."""
    text = document(f"soundclone-{name}")
    (command,) = calls(text)
    (example,) = answers(text)
    status, found = asked(command, soundclone)
    assert status == 200
    assert_as_documented(found, example)
    assert found["data"]["model"] == example["data"]["model"] == model
    queried = sandbox.client.get(f"/api/open-api/v1/audios/{found['data']['id']}").json()["data"]
    assert queried["id"] == found["data"]["id"]
    # Whether it completes depends on the languages that are installed: the examples speak English as Chinese.
    assert queried["status"] in {"queued", "processing", "completed", "failed"}


def test_soundclones_query(sandbox, soundclone):
    """A preview that is done, and one on its way."""
    text = document("soundclone-query")
    (command,) = calls(text)
    processing, completed = answers(text)
    status, found = asked(command, soundclone)
    assert status == 200
    assert_as_documented(found, completed)
    assert found["data"]["model"] == completed["data"]["model"]

    # A voice that the engine has not met takes it long enough to be asked on the way.
    other = sandbox.published("dev.wav", sandbox.client.get("/sandbox/speakers/dev").content)
    body = {"fileUrl": other, "contentText": "Good morning. " * 19, "language": "English"}
    task = sandbox.submit("clones", body)["data"]["id"]
    _, found = asked(command, soundclone | {"audio_16b635ba-5889-4fa5-bbcc-bf67a38c353a": task})
    assert found["data"]["status"] in {"queued", "processing"}
    assert_as_documented(found, processing | {"data": processing["data"] | {"status": found["data"]["status"]}})


def test_aiclones_calls(sandbox, reference):
    """202 with the task; followed to its end, the results stand at the top level. The sandbox's first words take long."""
    text = document("aiclone-voice-clone")
    commands = calls(text)
    submitted, completed = answers(text)
    put = {
        "https://api.aiclonevoicefree.com": sandbox.said["services"]["aiclone"]["base_url"],
        "sk_your_api_key": sandbox.key,
        "https://oss.aiclonevoicefree.com/trump.wav": reference,
    }
    models = []
    for command in commands:
        status, found = asked(command, put)
        assert status == 202
        assert_as_documented(found, submitted)
        done = sandbox.followed(found["task_id"])
        assert_as_documented(done, completed, more={*submitted, "progress", "credits_used"} - set(completed))
        assert done["task_id"] == found["task_id"]
        assert done["providerUsed"] == f"tts-{found['model']}-1"
        models.append(found["model"])
    assert models == ["v2-emotion", "v2-emotion", "v3-qwen", "omni"]


def test_every_call_of_the_documents_is_asked():
    """Those above are all there are."""
    counted = {path.stem: len(calls(path.read_text("utf-8"))) for path in sorted(DOCUMENTS.glob("*.md"))}
    assert counted == {
        "aiclone-voice-clone": 4,
        "faseeh-create-voice": 0,
        "soundclone-create-audio": 1,
        "soundclone-create-preview": 1,
        "soundclone-query": 1,
    }
