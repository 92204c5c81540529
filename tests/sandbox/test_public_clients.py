"""Clients of Faseeh's API that nobody here wrote, unchanged, base URL and key aside.

They are not installed with the tests. To run this, make an environment with livekit-plugins-munsit, livekit-plugins-faseeh (0.1.5)
and pipecat-plugins-munsit (pipecat-ai 1.5: later ones have lost a name that the plugin imports), or with one of them, and let
``PUBLIC_CLIENTS_PYTHON`` name its Python.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

# Read at import, as all of this is decided then.
PYTHON = os.environ.get("PUBLIC_CLIENTS_PYTHON")

pytestmark = pytest.mark.skipif(PYTHON is None, reason="PUBLIC_CLIENTS_PYTHON names no Python that has them")


@pytest.mark.parametrize(
    ("client", "calls"),
    [
        ("livekit-munsit", {"synthesize", "stream"}),
        ("livekit-faseeh", {"synthesize", "stream"}),
        ("pipecat-munsit", {"run_tts"}),
    ],
)
def test_a_public_client_speaks_and_understands_errors(sandbox, client, calls):
    """Streamed and whole, at 48 kHz where it is asked for; a wrong key, voice and model are told apart from sound.

    livekit-plugins-faseeh asks for no rate and takes a stream for 24 kHz: at another one, its speech would last twice as long.
    """
    service = sandbox.said["services"]["faseeh"]
    program = Path(__file__).with_name("public_clients.py")
    run = subprocess.run(
        [PYTHON, str(program), client, service["base_url"], service["api_key"]],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.strip().splitlines()[-1])
    if "missing" in found:
        pytest.skip(f"{PYTHON} has no {found['missing']}")
    assert set(found["seconds"]) == calls
    assert all(2 < seconds < 6 for seconds in found["seconds"].values())
    assert set(found["errors"]) == {"key", "voice", "model"}
    assert "key" in found["errors"]["key"].lower()
    assert "not found" in found["errors"]["voice"]
    assert "not found" in found["errors"]["model"]
