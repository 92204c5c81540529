"""Speaks through public clients of Faseeh's API; a program of its own, because they need an environment of their own.

`python public_clients.py livekit-munsit|livekit-faseeh|pipecat-munsit BASE_URL KEY` prints one JSON line: seconds of sound by call, and errors
by call; or what is not installed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from functools import partial

import aiohttp

TEXT = "It is a fine day. We go out and look at the sea."
RATE = 48_000


async def livekit(plugin, base_url, key):
    from livekit.agents import APIConnectOptions

    plugin = importlib.import_module(f"livekit.plugins.{plugin}")
    once = APIConnectOptions(max_retry=0)
    seconds, errors = {}, {}
    async with aiohttp.ClientSession() as session:

        def tts(**changed):
            return plugin.TTS(
                **{"voice_id": "en-male-1", "api_key": key, "base_url": base_url, "http_session": session} | changed
            )

        async with tts().synthesize(TEXT, conn_options=once) as sound:
            seconds["synthesize"] = sum([event.frame.duration async for event in sound])
        stream = tts().stream(conn_options=once)
        stream.push_text(TEXT)
        stream.end_input()
        seconds["stream"] = sum([event.frame.duration async for event in stream])
        await stream.aclose()
        for name, changed in {
            "key": {"api_key": "wrong"},
            "voice": {"voice_id": "nobody"},
            "model": {"model": "none"},
        }.items():
            try:
                async with tts(**changed).synthesize(TEXT, conn_options=once) as sound:
                    async for _ in sound:
                        pass
            except Exception as error:
                errors[name] = str(error)
    return seconds, errors


async def pipecat(base_url, key):
    from pipecat.frames.frames import ErrorFrame, TTSAudioRawFrame
    from pipecat_plugins_munsit import MunsitTTSService

    seconds, errors = {}, {}
    async with aiohttp.ClientSession() as session:
        for name, changed in {
            "run_tts": {},
            "key": {"api_key": "wrong"},
            "voice": {"voice_id": "nobody"},
            "model": {"model": "none"},
        }.items():
            given = {"api_key": key, "voice_id": "en-female-1", "base_url": base_url} | changed
            service = MunsitTTSService(aiohttp_session=session, **given)
            # A running pipeline would set it from its start frame.
            service._sample_rate = RATE
            async for frame in service.run_tts(TEXT, "context"):
                if isinstance(frame, TTSAudioRawFrame):
                    seconds[name] = seconds.get(name, 0) + len(frame.audio) / 2 / RATE
                elif isinstance(frame, ErrorFrame):
                    errors[name] = frame.error
    return seconds, errors


if __name__ == "__main__":
    client, *where = sys.argv[1:]
    speak = {
        "livekit-munsit": partial(livekit, "munsit"),
        "livekit-faseeh": partial(livekit, "faseeh"),
        "pipecat-munsit": pipecat,
    }[client]
    try:
        seconds, errors = asyncio.run(speak(*where))
        found = {"seconds": seconds, "errors": errors}
    except ModuleNotFoundError as error:
        found = {"missing": error.name}
    print(json.dumps(found))  # noqa: T201  what the test reads
