"""Speaks through OpenAI's own Python client; a program of its own, because the client may have an environment of its own.

`python speech_client.py BASE_URL KEY [VOICE]` prints one JSON line: the sound's seconds and beginning by call, the models, the voices, and the
errors by what was wrong.
"""

from __future__ import annotations

import base64
import json
import sys

import openai

TEXT = "It is a fine day. We go out and look at the sea."
RATE = 24_000


def spoken(client, voice, model):
    """The bytes of each way to ask for speech."""
    asked = {"model": model, "voice": voice, "input": TEXT}
    found = {
        form: client.audio.speech.create(**asked, response_format=form).read()
        for form in ("wav", "mp3", "flac", "opus", "pcm")
    }
    found["slow"] = client.audio.speech.create(**asked, response_format="pcm", speed=0.5, instructions="Calmly.").read()
    with client.audio.speech.with_streaming_response.create(
        **asked, response_format="pcm", stream_format="audio"
    ) as answer:
        pieces = list(answer.iter_bytes())
    found["stream"] = b"".join(pieces)
    with client.audio.speech.with_streaming_response.create(
        **asked, response_format="pcm", stream_format="sse"
    ) as answer:
        found["events"] = answer.read()
        if answer.headers["content-type"].startswith("text/event-stream"):
            lines = found["events"].decode().splitlines()
            events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
            assert events[-1]["type"] == "speech.audio.done", events[-1]
            found["events"] = b"".join(base64.b64decode(one["audio"]) for one in events[:-1])
            found["evented"] = b"yes"
    return found


def refused(base_url, key, voice, model):
    """The class and the words of the error by what was wrong."""
    errors = {}
    for name, key_given, changed in (
        ("key", "sk-wrong", {}),
        ("voice", key, {"voice": "nobody"}),
        ("model", key, {"model": "none"}),
        ("speed", key, {"speed": 9}),
        ("field", key, {"extra_body": {"wobble": 1}}),
    ):
        client = openai.OpenAI(base_url=base_url, api_key=key_given, max_retries=0)
        try:
            client.audio.speech.create(**{"model": model, "voice": voice, "input": TEXT} | changed).read()
        except openai.APIStatusError as error:
            errors[name] = [error.status_code, str(error)]
    return errors


def main(base_url, key, voice="alloy", model="tts-1"):
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
    sounds = spoken(client, voice, model)
    print(  # noqa: T201  what the test reads
        json.dumps(
            {
                "sounds": {name: base64.b64encode(sound).decode() for name, sound in sounds.items()},
                "models": [one.id for one in client.models.list()],
                "errors": refused(base_url, key, voice, model),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
