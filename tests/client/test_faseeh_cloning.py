"""Faseeh's two steps to a voice: the preview is paid once, or brought along; what the voice keeps of them and what is said of it."""

import asyncio
import html
import json
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
import soundfile as sf
from wire import RESET, answer

import voicenb as vn
from voicenb.errors import BadReference, InvalidRequest, OutcomeUnknown, ServiceError
from voicenb.services.pcm import wav_of
from voicenb.shell.main import main

CANARY = "munsit_canary_32"
MODEL = "faseeh-v1-preview"
TEXT = "Hello there, my friend."
PREVIEW, CLONE, SPEECH = "/voices/preview", "/voices/clone", f"/text-to-speech/{MODEL}"
RAW = {"Content-Type": "audio/raw; codec=pcm16; rate=24000; channels=1"}
JSON = {"Content-Type": "application/json"}
TONE = (8000 * np.sin(np.arange(12000) * 0.06)).astype("<i2").tobytes()
SAID = {
    "id": "5f0c1b1e-0a5d-4a53-9a60-2f6c2b6e7d11", "voice_id": "cl-0a5d4a53", "name": "me <b>", "description": "warm & slow",
    "gender": "female", "age": "middle", "languages": ["ar", "en"], "dialect": ["najdi", "hijazi"], "type": None,
    "sample_url": "https://example.com/s.wav?a=1&b=2", "avatar_url": None, "stability": 0.8,
}  # fmt: skip
REFUSED = answer({"errorCode": "50001", "errorMessage": "preview does not match"}, status=500, headers=JSON)
INVALID = answer({"errorCode": "40001", "errorMessage": "gender: no"}, status=400, headers=JSON)


@pytest.fixture
def connect(wire, tmp_path):
    wire.script[PREVIEW] = answer(TONE, headers=RAW)
    wire.script[CLONE] = answer(SAID)
    wire.script[SPEECH] = answer(wav_of(TONE, 48000, 1), headers={"Content-Type": "audio/wav"})
    opened = []

    def opener():
        opened.append(
            vn.connect("faseeh", base_url=wire.url, api_key=CANARY, home=tmp_path, prices={MODEL: 1, "voice": 5})
        )
        return opened[-1]

    yield opener
    for studio in opened:
        studio.close()


def spent(studio):
    return sum((task.cost or 0 for task in studio.tasks()), Decimal(0))


def sent(wire, path):
    return [one for one in wire.seen if one.path == path]


def posted(wire):
    return [one.path for one in wire.seen if one.method == "POST"]


# -- a preview that is paid for ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "error"), [(REFUSED, ServiceError), (INVALID, InvalidRequest), (RESET, OutcomeUnknown)],
    ids=["failed", "refused", "lost"],
)  # fmt: skip
def test_three_tries_pay_for_one_preview(wire, connect, ada, reply, error):
    wire.script[CLONE] = [reply, reply, answer(SAID)]
    studio = connect()
    for _ in range(2):
        with pytest.raises(
            error, match=r"preview .* is kept: the next studio\.clone.* does not pay 23 credits again"
        ) as caught:
            studio.clone(ada, name="me", text=TEXT, quiet=True)
        assert str(caught.value).count("is kept") == 1
    voice = studio.clone(ada, name="me", text=TEXT, quiet=True)
    assert wire.paths().count(PREVIEW) == 1
    assert spent(studio) == 23 + 5
    assert [one.body.count(wav_of(TONE, 24000, 1)) for one in sent(wire, CLONE)] == [1, 1, 1]
    assert voice.preview.data == wav_of(TONE, 24000, 1)
    # What is there already is not made once more.
    assert studio.clone(ada, name="me", text=TEXT, quiet=True).id == voice.id
    assert len(sent(wire, CLONE)) == 3
    assert spent(studio) == 28


@pytest.mark.parametrize(
    "changed",
    [{"name": "you"}, {"description": "warm"}, {"gender": "female"}, {"age": "middle"}, {"stability": 0.9}, {"dialect": "najdi"},
     {"language": "en"}, {"avatar_url": "https://example.com/a.png"}],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_what_does_not_concern_the_preview_may_change(wire, connect, ada, changed):
    wire.script[CLONE] = [INVALID, answer(SAID)]
    studio = connect()
    with pytest.raises(InvalidRequest):
        studio.clone(ada, text=TEXT, quiet=True)
    assert studio.clone(ada, text=TEXT, quiet=True, **changed).id == SAID["voice_id"]
    assert wire.paths().count(PREVIEW) == 1


@pytest.mark.parametrize(
    "changed",
    [{"text": "Hello there, my friends."}, {"similarity": 0.9}, {"speed": 1.1}, {"model": "faseeh-mini-v1-preview"}, {"fresh": True}],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_what_concerns_the_preview_makes_another(wire, connect, ada, changed):
    wire.script[CLONE] = [INVALID, answer(SAID)]
    studio = connect()
    with pytest.raises(InvalidRequest):
        studio.clone(ada, text=TEXT, quiet=True)
    studio.clone(ada, quiet=True, **{"text": TEXT} | changed)
    assert wire.paths().count(PREVIEW) == 2


def test_another_recording_makes_another_preview(wire, connect, ada, speech):
    wire.script[CLONE] = [INVALID, answer(SAID)]
    studio = connect()
    with pytest.raises(InvalidRequest):
        studio.clone(ada, text=TEXT, quiet=True)
    studio.clone(speech(8), text=TEXT, quiet=True)
    assert wire.paths().count(PREVIEW) == 2


def test_a_preview_whose_file_was_damaged_is_not_sent(wire, connect, ada):
    wire.script[CLONE] = [INVALID, answer(SAID)]
    studio = connect()
    with pytest.raises(InvalidRequest):
        studio.clone(ada, text=TEXT, quiet=True)
    [preview] = [task for task in studio.tasks() if task.kind == "preview"]
    preview.clip.path.write_bytes(b"RIFF damaged")
    studio.clone(ada, text=TEXT, quiet=True)
    assert wire.paths().count(PREVIEW) == 2


def test_a_budget_that_ends_between_the_two_loses_nothing(wire, connect, ada):
    studio = connect()
    with studio.budget(25), pytest.raises(vn.BudgetExceeded, match="is kept"):
        studio.clone(ada, text=TEXT, quiet=True)
    assert posted(wire) == [PREVIEW]
    with studio.budget(5):
        studio.clone(ada, text=TEXT, quiet=True)
    assert posted(wire) == [PREVIEW, CLONE]


def test_a_preview_is_kept_for_another_kernel(wire, connect, ada, tmp_path):
    """The first one is a process of its own, which ends after the refusal."""
    wire.script[CLONE] = [REFUSED, answer(SAID)]
    program = (
        "import sys, voicenb as vn\n"
        f"studio = vn.connect('faseeh', base_url={wire.url!r}, api_key='k', home={str(tmp_path)!r}, prices={{{MODEL!r}: 1}})\n"
        "try:\n"
        f"    studio.clone({str(ada)!r}, name='me', text={TEXT!r}, quiet=True)\n"
        "except vn.ServiceError:\n"
        "    sys.exit(7)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 7, run.stderr
    studio = connect()
    assert studio.clone_price(text=TEXT).amount == 23 + 5
    price = studio.clone_price(ada, name="me", text=TEXT)
    assert (price.amount, price.cached) == (5, False)
    assert price.rule.startswith("the preview was made before; ")
    voice = studio.clone(ada, name="me", text=TEXT, quiet=True)
    assert posted(wire) == [PREVIEW, CLONE, CLONE]
    assert voice.preview.data == wav_of(TONE, 24000, 1)
    assert spent(studio) == 23 + 5
    assert studio.clone_price(ada, name="me", text=TEXT).cached
    assert not studio.clone_price(ada, name="other", text=TEXT).cached, "its name is a part of the voice there"
    assert studio.clone_price(ada, name="me", text=TEXT, fresh=True).amount == 23 + 5


def test_the_same_in_an_asynchronous_loop(wire, connect, ada):
    wire.script[CLONE] = [INVALID, answer(SAID)]
    studio = connect()
    with pytest.raises(InvalidRequest, match="is kept"):
        asyncio.run(studio.aio.clone(ada, text=TEXT))
    assert asyncio.run(studio.aio.clone(ada, text=TEXT)).id == SAID["voice_id"]
    assert wire.paths().count(PREVIEW) == 1


# -- a preview of one's own --------------------------------------------------------------------------------------


def written(tmp_path, suffix):
    path = tmp_path / f"mine.{suffix}"
    sf.write(path, np.frombuffer(TONE, "<i2"), 24000)
    return path


@pytest.mark.parametrize("form", ["path", "text", "bytes", "samples", "reference", "clip", "flac"])
def test_a_preview_of_ones_own_reaches_the_documented_call_alone(wire, connect, ada, tmp_path, form):
    path = written(tmp_path, "flac" if form == "flac" else "wav")
    given = {
        "path": path, "text": str(path), "flac": path, "bytes": path.read_bytes(), "samples": (np.frombuffer(TONE, "<i2"), 24000),
        "reference": vn.Reference(path), "clip": vn.Clip(path.read_bytes()),
    }[form]  # fmt: skip
    studio = connect()
    voice = studio.clone(ada, name="me", text="Hi.", preview=given, consent="mine", quiet=True)
    assert posted(wire) == [CLONE]
    body = sent(wire, CLONE)[0].body
    assert ada.read_bytes() in body
    assert TONE in body
    assert b'filename="preview.wav"' in body
    assert spent(studio) == 5
    assert np.array_equal(voice.preview.samples, np.frombuffer(TONE, "<i2") / np.float32(32768))
    kinds = [(task.kind, task.status, task.cost) for task in studio.tasks()]
    assert kinds == [("voice", "completed", 5), ("preview", "completed", 0)]
    assert voice.kept == {"model": MODEL, "stability": 0.5}
    # Asked again, it is the voice that is there; by another preview, another.
    assert studio.clone(ada, name="me", text="Hi.", preview=given, consent="mine", quiet=True).id == voice.id
    assert posted(wire) == [CLONE]
    studio.clone(ada, name="me", text="Hi.", preview=(np.frombuffer(TONE, "<i2")[:9000], 24000), quiet=True)
    assert posted(wire) == [CLONE, CLONE]


def test_a_preview_of_ones_own_is_no_answer_to_a_request(wire, connect, ada, tmp_path):
    studio = connect()
    studio.clone(ada, text=TEXT, preview=written(tmp_path, "wav"), quiet=True)
    studio.clone(ada, text=TEXT, quiet=True)
    assert posted(wire) == [CLONE, PREVIEW, CLONE]


def test_a_preview_of_ones_own_is_had_by_its_address(wire, connect, ada, tmp_path):
    wire.script["/p.wav"] = answer(written(tmp_path, "wav").read_bytes(), headers={"Content-Type": "audio/wav"})
    assert connect().clone(ada, text=TEXT, preview=f"{wire.url}/p.wav", quiet=True).id == SAID["voice_id"]
    assert wire.paths()[0] == "/p.wav"
    assert posted(wire) == [CLONE]


def test_its_price_is_that_of_the_voice_alone(connect, tmp_path):
    studio = connect()
    assert studio.clone_price(text=TEXT).amount == 23 + 5
    assert studio.clone_price(text=TEXT, preview=written(tmp_path, "wav")).amount == 5


@pytest.mark.parametrize(
    ("given", "error", "why"),
    [
        ({"text": None}, InvalidRequest, "text: nothing was given; beside preview= it is required"),
        ({"text": "  "}, InvalidRequest, "beside preview= it is required"),
        ({"similarity": 0.9}, InvalidRequest, "similarity: 0.9 was given; it is a matter of making a preview"),
        ({"stability": 3}, InvalidRequest, "stability: 3 was given; allowed is a number from 0 to 1"),
        ({"preview": "nowhere.wav"}, BadReference, "preview: There is no file nowhere.wav"),
        ({"preview": TONE}, BadReference, r"preview: .*Raw samples go as \(samples, rate\)"),
        ({"preview": b""}, BadReference, "preview: .*empty"),
    ],
)
def test_what_is_wrong_with_it_is_said_before_anything_is_sent(wire, connect, ada, tmp_path, given, error, why):
    studio = connect()
    with pytest.raises(error, match=why):
        studio.clone(ada, quiet=True, **{"text": TEXT, "preview": written(tmp_path, "wav")} | given)
    assert not wire.seen
    assert studio.tasks() == []


def test_a_service_that_makes_voices_of_recordings_alone_says_so(studio, ada):
    with pytest.raises(InvalidRequest, match=r"soundclone takes the recording alone: leave it out"):
        studio.clone(ada, text=TEXT, preview=ada)
    with pytest.raises(InvalidRequest, match="leave it out"):
        studio.clone_price(text=TEXT, preview=ada)


def test_the_shell_takes_one(wire, connect, ada, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VOICENB_HOME", str(tmp_path))
    monkeypatch.setenv("MUNSIT_API_KEY", CANARY)
    monkeypatch.setenv("MUNSIT_BASE_URL", wire.url)
    connect()
    given = ["clone", str(ada), "--service", "faseeh", "--name", "me", "--preview", str(written(tmp_path, "wav"))]
    assert main([*given, "--json"]) == 2
    assert "beside preview= it is required" in capsys.readouterr().err
    assert main([*given, "--text", TEXT, "--consent", "mine", "--stability", "0.8", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["id"], said["details"]["gender"], said["preview"]["cost"]) == (SAID["voice_id"], "female", "0")
    assert CLONE in wire.paths()
    assert PREVIEW not in wire.paths()


# -- what a voice keeps, and what is said of it ------------------------------------------------------------------


def test_a_voice_speaks_with_what_it_was_cloned_with(wire, connect, ada):
    studio = connect()
    voice = studio.clone(
        ada,
        name="me",
        text=TEXT,
        stability=0.8,
        dialect=["najdi", "hijazi"],
        model="faseeh-mini-v1-preview",
        quiet=True,
    )
    kept = {"stability": 0.8, "dialect": "najdi", "model": "faseeh-mini-v1-preview"}
    assert voice.kept == kept
    wire.script["/text-to-speech/faseeh-mini-v1-preview"] = wire.script[SPEECH]
    voice.say("Hello.", quiet=True)
    body = json.loads(sent(wire, "/text-to-speech/faseeh-mini-v1-preview")[0].body)
    assert (body["stability"], body["dialect"]) == (0.8, "najdi")
    # A word of one's own wins, and another kernel knows the same.
    other = connect().voice("me")
    assert other.kept == kept
    clip = other.say("Hello you.", stability=0.1, dialect="fusha", quiet=True)
    assert (clip.task.parameters["stability"], clip.task.parameters["dialect"]) == (0.1, "fusha")


def test_a_dialect_that_speech_is_not_known_to_take_is_not_kept(connect, ada):
    voice = connect().clone(ada, text=TEXT, dialect="levantine", quiet=True)
    assert voice.kept == {"model": MODEL, "stability": 0.5}


def test_all_that_the_service_says_of_a_voice_is_kept_and_shown(connect, ada, tmp_path):
    studio = connect()
    voice = studio.clone(ada, name="me", text=TEXT, quiet=True)
    assert voice.details == SAID
    with pytest.raises(TypeError):
        voice.details["gender"] = "male"
    again = connect().voice("me")
    assert again.details == SAID
    shown = again._repr_html_()
    for name, value in SAID.items():
        assert f"<th>{name}</th>" in shown
        if isinstance(value, str):
            assert f"<td>{html.escape(value)}</td>" in shown
    assert "me <b>" not in shown
    assert "<td>najdi, hijazi</td>" in shown
    [row] = studio.voices().to_dict("records")
    assert (row["gender"], row["age"], row["dialect"], row["description"]) == (
        "female",
        "middle",
        "najdi, hijazi",
        "warm & slow",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"voice_id": "cl-1"},
        SAID | {"name": "half \ud800 a pair", "languages": None, "dialect": "najdi", "stability": "high"},
        SAID | {"description": {"a": [{"b": [1]}]}, "gender": 3, "languages": [1, None], "stability": 1e-300},
        {"data": SAID},
    ],
    ids=["little", "odd", "odder", "wrapped"],
)
def test_a_voice_is_had_whatever_is_said_of_it(wire, connect, ada, body):
    wire.script[CLONE] = answer(json.dumps(body).encode(), headers=JSON)
    studio = connect()
    voice = studio.clone(ada, name="me", text=TEXT, quiet=True)
    assert voice.id == body.get("data", body)["voice_id"]
    assert set(voice.details) == set(SAID)
    assert "<table>" in voice._repr_html_()
    assert len(studio.voices()) == 1


def test_a_home_of_before_is_brought_forward(studio):
    """Voices of services that say nothing have no details."""
    voices = studio.voices()
    assert {"gender", "age", "dialect", "description"} <= set(voices.columns)
    assert voices[voices["service"] == "soundclone"]["gender"].isna().all()


def test_a_voice_whose_answer_was_lost_has_what_the_list_says(wire, connect, ada):
    wire.script[CLONE] = RESET
    studio = connect()
    with pytest.raises(OutcomeUnknown):
        studio.clone(ada, name="me", text=TEXT, quiet=True)
    [task] = [one for one in studio.tasks() if one.kind == "voice"]
    listed = {
        "voice_id": "cl-9",
        "name": "me",
        "description": f"made with voicenb, {task.id[:12]}",
        "gender": None,
        "age": "middle",
    }
    wire.script["/voices"] = answer([listed | {"dialect": None, "type": None}])
    task.reconcile()
    voice = studio.voice("me")
    assert (voice.id, voice.details["age"], voice.details["gender"]) == ("cl-9", "middle", None)
    # It is there, so nobody makes another one.
    assert studio.clone(ada, name="me", text=TEXT, quiet=True).id == "cl-9"
    assert len(sent(wire, CLONE)) == 1


def test_the_sandboxs_books_have_one_preview_for_three_tries(blank, ada):
    """Two answers that say nothing of what became of the voice, and a voice."""
    before = {one["id"] for one in vn.sandbox.books(blank.home)}
    with vn.connect("faseeh", sandbox=True, home=blank.home) as studio:
        vn.sandbox.faults("server_error", route="voice", service="faseeh", count=2, home=blank.home)
        for _ in range(2):
            with pytest.raises(OutcomeUnknown, match="is kept"):
                studio.clone(ada, name="me", text=TEXT, quiet=True)
        voice = studio.clone(ada, name="me", text=TEXT, gender="female", quiet=True)
        assert voice.say("Good morning.", quiet=True).duration > 0.2
        assert (voice.details["gender"], voice.details["voice_id"]) == ("female", voice.id)
        made = [one for one in vn.sandbox.books(blank.home) if one["id"] not in before]
        previews = [one for one in made if (one["service"], one["kind"]) == ("faseeh", "preview")]
        assert [one["charge"] for one in previews] == [len(TEXT)]
        assert spent(studio) == len(TEXT) + len("Good morning.")
