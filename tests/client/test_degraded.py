"""A result that a fallback made: it is said wherever the clip is, and is no answer to the same request asked again."""

import json
import warnings

import numpy as np
import pytest
from wire import answer

import voicenb as vn
from voicenb.display.comparison import compare_html
from voicenb.services.answers import flag_of
from voicenb.services.pcm import wav_of
from voicenb.shell.main import main

TONE = wav_of((8000 * np.sin(np.arange(24000) * 0.06)).astype("<i2").tobytes(), 24000, 1)
CLONE = "/api/v2/voice/clone"
VOICE = "https://example.com/me.wav"


def script(wire, **more):
    task = {"task_id": "t1", "status": "pending", "error": None, "model": "v2-emotion"}
    done = task | {"status": "completed", "audioUrl": wire.url + "/a", "format": "wav"} | more
    wire.script |= {
        CLONE: [answer(task | {"task_id": f"t{number}"}, status=202) for number in range(1, 9)],
        **{f"/api/v2/tasks/t{number}": answer(done | {"task_id": f"t{number}"}) for number in range(1, 9)},
        "/a": answer(TONE),
    }


@pytest.fixture
def studio(wire, tmp_path):
    with vn.connect("aiclone", base_url=wire.url, api_key="sk_1", home=tmp_path / "home") as one:
        yield one


def paid(wire):
    return sum(one.path == CLONE for one in wire.seen)


FALLBACK = {"degraded": True, "providerUsed": "tts-<fallback>-1"}


def say(studio, text="Hello.", **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.VoicenbWarning)
        return studio.voice(VOICE).say(text, quiet=True, **more)


def test_it_is_warned_of_once_and_said_in_every_form_of_the_clip(wire, studio):
    script(wire, **FALLBACK)
    task = studio.voice(VOICE).submit("Hello.")
    with pytest.warns(vn.VoicenbWarning, match="degraded.*tts-<fallback>-1"):
        clip = task.wait(30, quiet=True)
    task.wait(30, quiet=True)  # a second warning would be an error
    assert task.degraded is True
    assert task.provider == "tts-<fallback>-1"
    assert clip.task.degraded is True
    shown = clip._repr_mimebundle_()
    assert "degraded" in shown["text/plain"]
    assert "degraded" in shown["text/html"]
    assert "&lt;fallback&gt;" in shown["text/html"]
    assert "<fallback>" not in shown["text/html"]
    frame = studio.history.frame()
    assert bool(frame.degraded[0])
    assert "degraded" in frame.findings[0]
    assert "completed, degraded" in studio.history.html()
    assert "degraded" in compare_html([clip, clip])


@pytest.mark.parametrize("said", [True, "true", "YES", 1, "1"])
def test_yes_is_read_in_any_form(wire, studio, said):
    script(wire, degraded=said, providerUsed=7)
    clip = say(studio)
    assert clip.task.degraded is True
    assert clip.task.provider == "7"


@pytest.mark.parametrize("said", [False, "false", 0, None, "perhaps", [], {}])
def test_what_is_no_yes_is_none(wire, studio, said):
    script(wire, degraded=said, providerUsed=None)
    clip = studio.voice(VOICE).say("Hello.", quiet=True)
    assert not clip.task.degraded
    assert clip.task.provider is None
    assert "degraded" not in repr(clip)
    assert flag_of(said) in {None, False}


def test_the_same_request_is_asked_for_again_and_the_clip_stays_in_the_history(wire, studio):
    script(wire, **FALLBACK)
    first = say(studio)
    second = say(studio)
    assert paid(wire) == 2
    assert not second.task.cached
    script(wire, degraded=False, providerUsed="tts-v2-emotion-1")
    wire.script[CLONE] = answer({"task_id": "t5", "status": "pending"}, status=202)
    real = studio.voice(VOICE).say("Hello.", quiet=True)
    assert paid(wire) == 3
    assert real.task.degraded is False
    assert studio.voice(VOICE).say("Hello.", quiet=True).task.cached
    assert paid(wire) == 3
    assert "degraded" in repr(studio.history.clip(first.task.id))


def test_a_preview_that_a_fallback_made_is_asked_for_again(wire, studio):
    script(wire, **FALLBACK)
    for times in (1, 2):
        with pytest.warns(vn.VoicenbWarning, match="degraded"):
            voice = studio.clone(VOICE, name="me", text="Hello.", quiet=True)
        assert paid(wire) == times
    assert "degraded" in voice._repr_html_()


def test_another_model_than_the_one_asked_for_is_said_and_not_reused(wire, studio):
    script(wire, model="v1-real", degraded=False)
    with pytest.warns(vn.VoicenbWarning, match="v1-real, not by v2-emotion"):
        clip = studio.voice(VOICE).say("Hello.", quiet=True)
    assert "v1-real" in clip._repr_mimebundle_()["text/html"]
    say(studio)
    assert paid(wire) == 2


def test_the_same_model_in_another_spelling_is_no_news(wire, studio):
    script(wire, model="V2_Emotion")
    studio.voice(VOICE).say("Hello.", quiet=True)
    assert studio.voice(VOICE).say("Hello.", quiet=True).task.cached


def test_coroutines_warn_too(wire, studio):
    import asyncio

    script(wire, **FALLBACK)
    with pytest.warns(vn.VoicenbWarning, match="degraded"):
        asyncio.run(studio.aio.say(VOICE, "Hello."))


def test_panels_and_players_say_it(wire, studio):
    from voicenb.base.frames import rows_of
    from voicenb.ledger.records import now
    from voicenb.panels.parts.task_rows import task_row
    from voicenb.panels.players.compare import ComparePlayer
    from voicenb.panels.players.player import ClipPlayer

    script(wire, **FALLBACK)
    clip = say(studio)
    assert "degraded" in ClipPlayer(clip)._facts["note"]
    compared = ComparePlayer([clip, clip])
    assert all("degraded" in cell for line in compared._grid["cells"] for cell in line)
    assert "degraded" in compared.html()
    (row,) = rows_of(studio.history.frame())
    status = task_row(row, now(), here=True)["cells"]["status"]
    assert status["text"] == "completed, degraded"
    assert status["tone"] == "amber"
    assert "fallback" in status["title"]


@pytest.mark.filterwarnings("default::voicenb.VoicenbWarning")
def test_the_shell_says_it(wire, studio, monkeypatch, capsys, tmp_path):
    script(wire, **FALLBACK)
    for name, value in {
        "VOICENB_HOME": str(studio.home),
        "AICLONE_BASE_URL": wire.url,
        "AICLONE_API_KEY": "sk_1",
    }.items():
        monkeypatch.setenv(name, value)
    assert main(["say", "--voice", VOICE, "Hello.", "--service", "aiclone"]) == 0
    out, err = capsys.readouterr()
    assert "degraded" in out
    assert "degraded" in err
    assert main(["say", "--voice", VOICE, "Hello.", "--service", "aiclone", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["clips"]
    assert told["degraded"] is True
    assert told["provider"] == FALLBACK["providerUsed"]
    assert "fallback" in told["findings"]
    assert main(["history"]) == 0
    assert "completed, degraded" in capsys.readouterr().out
