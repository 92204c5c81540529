"""The panel Say, and the shell, with a clip that is not what was asked for, and a voice by its id."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

import voicenb as vn
from voicenb.panels.say import SayPanel
from voicenb.services.aiclone import ProductionRequest
from voicenb.services.aiclone.metadata import marked, unmarked
from voicenb.services.answers import read_json
from voicenb.shell.main import main


def share_degraded(home, share):
    running = vn.sandbox.start(home)
    key = {"Authorization": f"Bearer {running.key.reveal()}"}
    url = running.services["aiclone"] + "/sandbox/settings"
    httpx.post(url, headers=key, json={"degraded": share}, trust_env=False).raise_for_status()


async def test_the_panel_says_in_amber_that_a_clip_is_degraded(panel_home, ada):
    with vn.connect("aiclone", sandbox=True, home=panel_home) as studio:
        await studio.aio.clone(ada, name="plain", consent="nobody's voice")
        panel = SayPanel(studio, "plain")
        panel.form.fields["text"].value = "Hello there, once more."
        await panel.settled()
        await asyncio.to_thread(share_degraded, panel_home, 1)
        try:
            panel.say()
            await panel.settled()
        finally:
            await asyncio.to_thread(share_degraded, panel_home, 0)
        told = panel._status.value
        assert "voicenb-amber" in told
        assert "degraded" in told
        assert "Done" in told
        panel.close()


def test_the_deepest_fields_of_ones_own_can_be_read_back():
    deep: dict[str, object] = {"x": 1}
    for _ in range(48):
        deep = {"x": deep}
    request = ProductionRequest.build({"text": "Hello.", "voice": "https://example.com/a.wav", "metadata": deep})
    answer = {"data": {"status": "completed", "metadata": marked(request.wire()["metadata"], "0" * 32)}}
    read = read_json(json.dumps(answer).encode())
    assert unmarked(read["data"]["metadata"]) == (deep, "0" * 32)
    for _ in range(12):
        deep = {"x": deep}
    with pytest.raises(vn.InvalidRequest, match="50 levels"):
        ProductionRequest.build({"text": "Hello.", "voice": "https://example.com/a.wav", "metadata": deep})


@pytest.mark.usefixtures("blank_home")
def test_the_shell_takes_any_id(capsys):
    assert main(["say", "Hello.", "--voice-id", "anything at all", "--price"]) == 0
    with pytest.raises(SystemExit):
        main(["say", "Hello.", "--voice-id", "a", "--voice", "b"])
    assert "--voice" in capsys.readouterr().err
