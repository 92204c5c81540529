"""A studio that is closed ends nothing that was begun, and leaves no connection behind."""

import numpy as np
import pytest
from wire import API, AUDIOS, TASK, Gate, answer, envelope

import voicenb as vn
from voicenb.services.pcm import wav_of

PRICES = {"sound-cloning-audio": 1, "sound-cloning-voice": "0.01", "sound-cloning-clone": 1}
TONE = wav_of((8000 * np.sin(np.arange(24000) * 0.06)).astype("<i2").tobytes(), 24000, 1)


@pytest.fixture
def studio(wire, tmp_path):
    wire.script |= {
        AUDIOS: envelope(TASK),
        f"{API}/audios/audio_1": envelope(TASK | {"status": "completed", "audioUrl": wire.url + "/a"}),
        "/a": answer(TONE),
    }
    one = vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path, prices=PRICES)
    yield one
    one.close()


@pytest.mark.parametrize("path", [AUDIOS, f"{API}/audios/audio_1", "/a"], ids=["submission", "poll", "download"])
def test_what_is_on_its_way_arrives_after_closing_and_leaves_no_connection(wire, studio, path):
    """A paid request that closing cut off would be one of unknown fate."""
    gate = wire.script[path] = Gate(wire.script[path])
    task = studio.voice("model_1").submit("Hello there.")
    assert gate.asked.wait(240)
    studio.close()
    gate.open.set()
    assert task.wait(30, quiet=True).data == TONE
    assert [wire.paths().count(one) for one in (AUDIOS, path)] == [1, 1]
    assert not studio.session.http.opened


def test_a_closed_studio_can_be_used_again(wire, studio):
    studio.close()
    assert studio.voice("model_1").say("Hello there.", quiet=True).data == TONE
    assert not studio.session.http.opened
