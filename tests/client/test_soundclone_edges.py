"""A preview's own line is kept in words, an old preview is still recognised, and a clock that is ahead gives no longer life."""

import io
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import soundfile
from wire import API, TASK, answer, envelope

import voicenb as vn
from voicenb.services.soundclone import PreviewRequest
from voicenb.tasks.context import TaskContext


@pytest.fixture
def clone(wire, tmp_path, monkeypatch):
    monkeypatch.setattr(TaskContext, "poll_seconds", (0.01, 0.02))
    sound = io.BytesIO()
    soundfile.write(sound, 0.1 * np.sin(np.arange(8_000) / 9), 8_000, format="WAV")
    wire.script["/a.wav"] = answer(sound.getvalue())
    with vn.connect("soundclone", base_url=wire.url, api_key="k", home=tmp_path / "home") as studio:

        def made(created, **asked):
            task = TASK | {"model": "soundCloningClone", "created": created}
            wire.script[f"{API}/soundCloning/clones"] = envelope(task)
            wire.script[f"{API}/audios/audio_1"] = envelope(
                task | {"status": "completed", "modelId": "model_9", "audioUrl": wire.url + "/a.wav"}
            )
            return studio.clone("https://example.com/me.wav", consent="x", quiet=True, **asked)

        yield made


def test_the_services_own_line_is_kept_in_words(clone):
    task = clone(time.time(), default_text=True).preview.task
    assert (len(task.text), task.record.characters) == (44, 44)


def test_a_preview_that_was_made_before_there_was_a_choice_is_recognised():
    assert "default_text" not in PreviewRequest.build({"text": "Hello."}).resolved()
    assert PreviewRequest.build({"default_text": True}).resolved()["default_text"] is True


@pytest.mark.parametrize("ahead", [0, 3600, 80_000])
def test_a_clock_that_is_ahead_gives_no_longer_life(clone, ahead):
    wanted = datetime.now(UTC) + timedelta(days=3)
    assert abs(clone(time.time() + ahead).expires - wanted) < timedelta(seconds=60)
