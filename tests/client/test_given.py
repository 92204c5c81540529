"""Values as they come out of arrays, DataFrames and other libraries: taken for what they say, or refused by name."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from wire import API, AUDIOS, TASK, Wire, envelope

import voicenb as vn
from voicenb.base.arguments import interval_level, to_python, wait_seconds, whole_number
from voicenb.ledger.records import STATUSES
from voicenb.studio.history import parse_since


class Mood(enum.StrEnum):
    HAPPY = "happy"


class Words(str):
    __slots__ = ()


@pytest.fixture
def service(tmp_path):
    script = {AUDIOS: envelope(TASK)}
    with Wire(script) as wire:
        studio = vn.connect(
            "soundclone", api_key="sk_test", base_url=wire.url + API, prices={"sound-cloning-audio": 1}, home=tmp_path
        )
        yield studio, wire
        studio.close()


TAKEN = [
    ({"text": b"Hello."}, {}),
    ({"text": np.str_("Hello.")}, {}),
    ({"text": Words("Hello.")}, {}),
    ({"text": "Hello.", "take": np.int64(2)}, {}),
    ({"text": "Hello.", "speed": np.float32(1.5)}, {"speed": 1.5}),
    ({"text": "Hello.", "speed": Decimal("1.5")}, {"speed": 1.5}),
    ({"text": "Hello.", "speed": Fraction(3, 2)}, {"speed": 1.5}),
    ({"text": "Hello.", "speed": np.array(1.5)}, {"speed": 1.5}),
    ({"text": "Hello.", "speed": pd.Series([1.5]).iloc[0]}, {"speed": 1.5}),
    ({"text": "Hello.", "pitch": np.int8(3)}, {"pitch": 3}),
    ({"text": "Hello.", "emotion": Mood.HAPPY}, {"emotion": "happy"}),
]


@pytest.mark.parametrize(("given", "parameters"), TAKEN, ids=lambda value: repr(value)[:40])
def test_what_is_meant_is_sent_and_kept(service, given, parameters):
    studio, _ = service
    voice = studio.voice("model_1")
    task = voice.submit(given.pop("text"), **given)
    assert (task.text, type(task.text)) == ("Hello.", str)
    assert task.parameters == parameters
    assert studio.history.frame()["text"].tolist() == ["Hello."]


REFUSED = [
    {"text": b"\xff\xfe"},
    {"text": 5},
    {"text": None},
    {"text": pd.NA},
    {"text": ["Hello."]},
    {"text": "Hello.", "take": 0},
    {"text": "Hello.", "take": "two"},
    {"text": "Hello.", "speed": np.float64("nan")},
    {"text": "Hello.", "speed": pd.NaT},
    {"text": "Hello.", "speed": pd.NA},
    {"text": "Hello.", "speed": np.array([1.0, 2.0])},
    {"text": "Hello.", "speed": Decimal("NaN")},
    {"text": "Hello.", "pitch": 1 + 2j},
]


@pytest.mark.parametrize("given", REFUSED, ids=lambda value: repr(value)[:50])
def test_what_is_nothing_is_refused_before_it_is_written(service, given):
    studio, wire = service
    with pytest.raises(vn.InvalidRequest):
        studio.voice("model_1").submit(given.pop("text"), **given)
    assert studio.tasks() == []
    assert AUDIOS not in wire.paths()


def test_a_time_to_wait_is_looked_at_before_anything_is_paid(service):
    studio, wire = service
    for bad in ("soon", -1, float("nan"), True, [1], pd.NaT):
        with pytest.raises(vn.InvalidRequest, match="timeout="):
            studio.voice("model_1").say("Hello.", timeout=bad)
    assert studio.tasks() == []
    for count in (0, 1.5, "2", True, np.bool_(True), 10**6):
        with pytest.raises(vn.InvalidRequest, match="takes="):
            studio.voice("model_1").say("Hello.", takes=count)
    assert AUDIOS not in wire.paths()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(np.int64(3), 3), (np.float32(0.5), 0.5), (Decimal(2), 2), (dt.timedelta(minutes=1), 60), (None, None),
     (float("inf"), None), (pd.Timedelta("2s"), 2), (np.timedelta64(2, "s"), 2)],
)  # fmt: skip
def test_times_to_wait(value, seconds):
    assert wait_seconds(value) == seconds


def test_seeds_and_takes_of_numpy_on_the_sandbox(home):
    studio = vn.connect()
    voice = studio.clone(
        vn.Reference(vn.sandbox.sample_speaker("ada"), consent="a sample"), name=np.str_("ada"), quiet=True
    )
    clips = voice.say("Hello.", takes=np.int64(2), seed=np.uint8(3), quiet=True)
    assert len(clips) == 2
    assert all(clip.task.cached for clip in voice.say("Hello.", takes=2, seed=3, quiet=True))
    with pytest.raises(vn.InvalidRequest, match="seed="):
        voice.say("Hello.", seed=2**70)
    with pytest.raises(vn.InvalidRequest, match="name="):
        studio.clone("a.wav", name=5)
    with pytest.raises(vn.InvalidRequest, match="consent="):
        studio.clone("a.wav", consent=True)
    studio.close()


@pytest.mark.parametrize(
    "since",
    [dt.date(2020, 1, 1), np.datetime64("2020-01-01"), np.datetime64("2020-01-01T00:00:00.000000001"), pd.Timestamp("2020-01-01"),
     pd.Timestamp("2020-01-01", tz="UTC"), pd.Timedelta("7D"), np.timedelta64(7, "D"), Words("7d"), np.str_("7d"),
     dt.timedelta(days=10**8)],
    ids=repr,
)  # fmt: skip
def test_moments_of_every_kind(service, since):
    studio, _ = service
    studio.voice("model_1").submit("Hello.")
    assert len(studio.history.frame(since=since)) == 1
    assert parse_since(since).tzinfo is not None


@pytest.mark.parametrize("since", [pd.NaT, np.datetime64("NaT"), 5, 1.5, pd.NA, [], b"\xff", "yesterday"], ids=repr)
def test_what_is_no_moment(service, since):
    with pytest.raises(vn.InvalidRequest, match="since="):
        service[0].history.frame(since=since)


def test_the_rest_of_a_frame(service):
    studio, _ = service
    task = studio.voice("model_1").submit("Hello.")
    frame = studio.history.frame(limit=np.int64(5), service=np.str_("soundclone"))
    assert studio.history._record(np.str_(task.id)).id == frame["id"].iloc[0]
    assert len(studio.history.frame(status=pd.Series(STATUSES, dtype="category"))) == 1
    assert len(studio.tasks(limit=np.int32(1))) == 1
    for bad in ({"limit": "5"}, {"limit": -1}, {"status": 5}, {"status": ["gone"]}, {"service": 5}):
        with pytest.raises(vn.InvalidRequest):
            studio.history.frame(**bad)
    for amount in (np.float64(5), np.float32(0.5), np.int64(5), Decimal(5), Fraction(1, 2)):
        assert studio.budget(amount).amount > 0
    for amount in (np.float64("nan"), np.bool_(True), pd.NA, pd.NaT, b"5", None):
        with pytest.raises(vn.InvalidRequest, match="budget="):
            studio.budget(amount)


def test_whole_numbers_and_plain_values():
    assert to_python({np.str_("a"): [np.float32(0.5), (np.bool_(True),)]}) == {"a": [0.5, [True]]}
    assert whole_number("seed", None) is None
    assert whole_number("seed", np.int64(3)) == 3
    for bad in (True, "3", 1.5, 3.0, 2**63, b"3"):
        with pytest.raises(vn.InvalidRequest, match="seed="):
            whole_number("seed", bad)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("key", "api_key"), ("token", "api_key"), ("url", "base_url"), ("bugdet", "budget"), ("uploadr", "uploader")],
)
def test_a_setting_that_is_none_is_answered_with_the_one_that_was_meant(given, meant):
    with pytest.raises(vn.InvalidRequest, match=f"did you mean '{meant}'"):
        vn.connect("aiclone", **{given: "x"})


HALF = "é\ud800"
REFUSED = {
    "a text": lambda studio, voice, clip: voice.say(f"Hello {HALF}."),
    "a voice's name": lambda studio, voice, clip: voice.rename(HALF),
    "no name": lambda studio, voice, clip: voice.rename(None),
    "a voice of that name": lambda studio, voice, clip: studio.voice(HALF),
    "no voice": lambda studio, voice, clip: studio.price(None, "Hello."),
    "a take": lambda studio, voice, clip: voice.is_cached("Hello.", take=b"1"),
    "a label": lambda studio, voice, clip: clip.task.annotate(label=HALF),
    "a note": lambda studio, voice, clip: clip.task.annotate(note=5),
    "a filter": lambda studio, voice, clip: studio.history.frame(find=HALF),
    "an id": lambda studio, voice, clip: studio.history.clip(HALF),
    "a file for a clip": lambda studio, voice, clip: vn.Clip("welcome.mp3"),
    "a moment": lambda studio, voice, clip: vn.Reference(clip).trim(float("nan"), 2),
    "an end": lambda studio, voice, clip: vn.Reference(clip).trim(0, "1"),
    "a service": lambda studio, voice, clip: vn.connect(["soundclone"]),
    "a region": lambda studio, voice, clip: vn.connect("faseeh", region=["ae"], api_key="x"),
    "a question": lambda studio, voice, clip: vn.listen([clip, clip], question=HALF, home=studio.home),
    "a condition": lambda studio, voice, clip: vn.listen([clip, clip], labels=["a", HALF], home=studio.home),
    "a test's name": lambda studio, voice, clip: vn.listen([clip, clip], name=5.5, home=studio.home),
    "a test of that name": lambda studio, voice, clip: vn.ListeningTest.open(HALF, home=studio.home),
    "a study of that name": lambda studio, voice, clip: vn.Study.open(HALF, home=studio.home),
}

NO_TEXT = {
    "no name",
    "no voice",
    "a take",
    "a note",
    "a file for a clip",
    "a moment",
    "an end",
    "a service",
    "a region",
    "a test's name",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_file_can_hold_and_what_is_no_value_is_refused_in_words(studio, voice, what):
    """Half of a character comes out of broken JSON; no error of SQLite, of an encoder or of Python's own stands in an answer's place."""
    clip = voice.say("Hello there.", quiet=True)
    with pytest.raises(vn.InvalidRequest) as refused:
        REFUSED[what](studio, voice, clip)
    said = str(refused.value)
    assert said.replace("\n", "").isprintable()
    if what not in NO_TEXT:
        assert "half of a character" in said or "surrogates" in said


def test_a_key_that_is_no_text_is_not_shown(home):
    with pytest.raises(vn.AuthenticationError, match="bytes was given") as refused:
        vn.connect("soundclone", api_key=b"sk_secret", home=home)
    assert "sk_secret" not in str(refused.value)


def test_the_level_of_an_interval():
    assert interval_level(np.float32(0.5)) == 0.5
    with pytest.raises(vn.InvalidRequest, match=r"did you mean 0\.95\?"):
        interval_level(95)
    for value in (0, 1, -0.5, float("nan"), True, "0.95", None):
        with pytest.raises(vn.InvalidRequest, match="above 0 and below 1"):
            interval_level(value)
