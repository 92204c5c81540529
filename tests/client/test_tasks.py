"""When a task is polled, and what becomes of it when the service misbehaves."""

import gc
import random
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from wire import API, AUDIOS, HANG, RESET, TASK, answer, envelope

import voicenb as vn
from voicenb.services.base import Answer
from voicenb.tasks.timing import poll_delay

PRICES = {"sound-cloning-audio": 1, "sound-cloning-voice": "0.01", "sound-cloning-clone": 1}


@given(st.integers(), st.none() | st.floats(0, 3600))
def test_a_live_service_is_asked_every_five_to_ten_seconds_or_when_it_says(seed, asked):
    delay = poll_delay(Answer(status="queued", poll_after=asked), (5, 10), sandbox=False, jitter=random.Random(seed))
    assert max(5, asked or 0) <= delay <= max(10, asked or 0)


def test_polls_of_many_tasks_are_spread():
    chance = random.Random(1)
    delays = [poll_delay(None, (5, 10), sandbox=False, jitter=chance) for _ in range(200)]
    assert min(delays) < 5.2
    assert max(delays) > 9.8


@pytest.mark.parametrize(("asked", "delay"), [(0.05, 0.05), (None, 0.2), (0, 0.01), (3600, 10)])
def test_the_sandbox_is_asked_as_often_as_it_says(asked, delay):
    assert (
        poll_delay(Answer(status="queued", poll_after=asked), (5, 10), sandbox=True, jitter=random.Random(1)) == delay
    )


@pytest.fixture
def studio(wire, tmp_path):
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path, prices=PRICES) as connected:
        yield connected


@pytest.fixture
def voice(studio):
    return studio.voice("model_1")


@pytest.fixture
def audio(voice, tmp_path):
    import io

    import numpy as np
    import soundfile as sf

    file = io.BytesIO()
    sf.write(file, 0.1 * np.sin(np.arange(24000) * 0.05), 24000, format="WAV")
    return file.getvalue()


def script(wire, *states, audio=None, submitted=None):
    now = {"X-Poll-After": "0.01"}
    wire.script[AUDIOS] = submitted or envelope(TASK)
    wire.script[f"{API}/audios/audio_1"] = [
        one if isinstance(one, (bytes, str)) else answer({"code": 20000, "msg": "ok", "data": TASK | one}, headers=now)
        for one in states
    ]
    if audio is not None:
        wire.script["/a.wav"] = audio


def done(wire, **more):
    return {"status": "completed", "audioUrl": wire.url + "/a.wav"} | more


def submissions(wire):
    return wire.paths().count(AUDIOS)


def test_states_are_followed_until_the_audio_is_on_disk(wire, voice, audio):
    script(wire, {"status": "queued"}, {"status": "processing"}, {"status": "novel"}, done(wire), audio=answer(audio))
    clip = voice.say("Hello.", quiet=True)
    assert clip.data == audio
    assert clip.task.cost == Decimal("0.0106")
    assert submissions(wire) == 1


def test_a_completed_task_without_an_address_is_asked_again(wire, voice, audio):
    script(wire, {"status": "completed"}, {"status": "completed", "audioUrl": None}, done(wire), audio=answer(audio))
    assert voice.say("Hello.", quiet=True).data == audio


def test_polls_that_fail_are_repeated(wire, voice, audio):
    busy = answer(b"", status=429, headers={"Retry-After": "0"})
    script(wire, RESET, answer(b"busy", status=503), busy, answer(b"{"), done(wire), audio=answer(audio))
    assert voice.say("Hello.", quiet=True).data == audio


def test_a_download_that_is_cut_or_no_audio_is_repeated(wire, voice, audio):
    script(wire, done(wire))
    wire.script["/a.wav"] = [RESET, answer(b"not audio at all, sorry"), answer(audio)[:-9], answer(audio)]
    assert voice.say("Hello.", quiet=True).data == audio


def test_a_follower_that_gives_up_leaves_the_task_open_and_the_next_wait_goes_on(wire, studio, voice, audio):
    # It waits longer each of the twenty times; how long is not tested here.
    studio.session.runner.context.poll_seconds = (0.001, 0.002)
    script(wire, {"status": "processing"}, *[RESET] * 20, done(wire), audio=answer(audio))
    task = voice.submit("Hello.")
    with pytest.raises(vn.ServiceError, match=r"stays processing.*not.*charged again.*task\.wait"):
        task.wait(30, quiet=True)
    assert task.wait(30, quiet=True).data == audio
    assert task.error is None
    assert submissions(wire) == 1


def test_a_failed_task_is_refunded_and_says_why(wire, studio, voice):
    script(wire, {"status": "failed", "error": "<b>engine</b> melted"})
    with pytest.raises(vn.TaskFailed, match=r"engine.*melted.*cost nothing") as caught:
        voice.say("Hello.", quiet=True)
    [task] = [one for one in studio.tasks() if one.id == caught.value.task]
    assert (task.status, task.cost, task.record.refunded) == ("failed", Decimal(0), Decimal("0.0106"))


def test_a_submission_without_an_answer_is_unknown_and_never_sent_again(wire, studio, voice):
    wire.script[AUDIOS] = RESET
    task = voice.submit("Hello.")
    for _ in range(2):
        with pytest.raises(vn.OutcomeUnknown, match="may have been accepted and charged"):
            task.wait(quiet=True)
    assert task.status == "unknown"
    assert studio.tasks("unknown")[0].id == task.id
    assert studio.resume() == []
    assert submissions(wire) == 1


def test_the_deadline_holds_over_a_poll_that_hangs(wire, voice):
    script(wire, HANG)
    task = voice.submit("Hello.")
    with pytest.raises(vn.TaskTimeout, match=r"0\.5 s"):
        task.wait(0.5, quiet=True)


def test_a_wait_that_fails_is_reported_once(wire, voice, caplog):
    script(wire, {"status": "failed", "error": "no"})
    task = voice.submit("Hello.")
    with pytest.raises(vn.TaskTimeout):
        task.wait(0.0, quiet=True)
    with pytest.raises(vn.TaskFailed):
        task.wait(quiet=True)
    gc.collect()
    assert not caplog.records


def test_a_key_revoked_in_mid_task_is_said_at_once(wire, voice):
    script(wire, envelope(code=20001, msg="revoked"))
    with pytest.raises(vn.AuthenticationError, match="stays queued"):
        voice.say("Hello.", quiet=True)


def test_subtitles_that_cannot_be_read_do_not_lose_the_audio(wire, voice, audio):
    script(wire, done(wire, subtitleFile=wire.url + "/s.json"), audio=answer(audio))
    wire.script["/s.json"] = [answer([{"text": 1}]), answer([])]
    clip = voice.say("Hello.", subtitles="word", quiet=True)
    assert clip.data == audio
    assert clip.subtitles.words == ()


def test_the_voice_counts_as_used_once_a_production_call_is_accepted(wire, voice, audio):
    script(wire, done(wire), audio=answer(audio))
    voice.say("Hello.", quiet=True)
    voice.refresh()
    assert voice.activated is not None


def test_what_a_service_says_is_escaped_in_html(wire, studio, voice, audio):
    script(wire, done(wire), audio=answer(audio))
    clip = voice.say("Hello <script>alert(1)</script>.", quiet=True)
    assert "<script>" not in clip._repr_mimebundle_()["text/html"]
    assert "<script>" not in studio.history.html()
