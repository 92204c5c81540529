"""SoundClone: what its documents leave free, and what they say of a voice's three days."""

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from wire import API, AUDIOS, TASK, answer, envelope

import voicenb as vn
from voicenb.base import portal
from voicenb.base.keys import Secret
from voicenb.errors import BadReference, InvalidRequest
from voicenb.services.answers import moment_of
from voicenb.services.http import Http
from voicenb.services.pcm import wav_of
from voicenb.services.soundclone import DEFAULT_LINE, PreviewRequest, ProductionRequest, SoundClone

TONE = wav_of((8000 * np.sin(np.arange(24000) * 0.06)).astype("<i2").tobytes(), 24000, 1)
CLONES = f"{API}/soundCloning/clones"
UPLOAD = f"{API}/files/upload"
PRICES = {"sound-cloning-clone": 100, "sound-cloning-audio": 100, "sound-cloning-voice": 0}
ADDRESS = "https://example.com/me.wav"


@pytest.fixture
def studio(wire, tmp_path):
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_1", home=tmp_path / "home", prices=PRICES) as one:
        yield one


def script(wire, **more):
    preview = TASK | {"id": "audio_0", "model": "soundCloningClone"} | more
    wire.script |= {
        CLONES: envelope(preview),
        f"{API}/audios/audio_0": envelope(
            preview | {"status": "completed", "modelId": "any id", "audioUrl": wire.url + "/a"}
        ),
        AUDIOS: envelope(TASK),
        f"{API}/audios/audio_1": envelope(TASK | {"status": "success", "audioUrl": wire.url + "/a"}),
        "/a": answer(TONE),
    }


def body(wire, path):

    return json.loads(next(one.body for one in wire.seen if one.path == path))


def test_the_line_can_be_left_to_the_service(wire, studio):
    script(wire)
    assert len(DEFAULT_LINE) == 44
    price = studio.clone_price(default_text=True)
    assert price.amount == Decimal("0.44")
    assert "own line" in price.rule
    voice = studio.clone(ADDRESS, name="me", default_text=True, quiet=True)
    assert body(wire, CLONES).keys() == {"fileUrl", "soundVersion", "language"}
    (task,) = studio.tasks()
    assert task.record.characters == 44
    assert task.estimate == Decimal("0.44")
    assert voice.preview is not None
    assert "text/html" in voice.preview._repr_mimebundle_()


def test_a_text_and_the_services_own_line_are_one_too_many(studio):
    with pytest.raises(InvalidRequest, match="default_text=True sends no text"):
        studio.clone_price(text="Hello.", default_text=True)
    assert PreviewRequest.build({"fileUrl": ADDRESS}).wire() == {
        "fileUrl": ADDRESS, "soundVersion": "v1", "language": "auto",
    }  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["https://example.com/me", "https://example.com/get?file=me.wav", "https://example.com/me.flac", ADDRESS + "/"],
)
def test_an_address_without_a_listed_suffix_is_advice(wire, studio, url):
    script(wire)
    found = vn.Reference(url).check(studio).set_index("rule")
    assert found.severity["url"] == "warning"
    assert studio.clone(url, name="me", quiet=True).id == "any id"
    assert body(wire, CLONES)["fileUrl"] == url


def test_what_the_documents_forbid_of_an_address_stays_an_error():
    service = SoundClone(Http("soundclone", "https://www.jimmyai.cn", Secret("k")))
    assert service.check_url("https://example.com/声.wav") is not None
    assert service.check_url("/home/me.wav") is not None
    assert service.check_url("http://127.0.0.1/me.wav") is not None
    assert service.url_advice("https://example.com/me.WAV?x=1") is None


@pytest.mark.parametrize("form", [int, str, lambda seconds: seconds * 1000, float])
def test_the_three_days_run_from_the_services_own_word(wire, studio, form):
    created = int(time.time()) - 7200
    script(wire, created=form(created))
    voice = studio.clone(ADDRESS, name="me", quiet=True)
    assert voice.expires == datetime.fromtimestamp(created, UTC) + timedelta(days=3)


@pytest.mark.parametrize("created", [None, 0, 1, -5, "", "soon", True, [], 10**30, "nan", 4 * 10**9])
def test_what_is_no_such_moment_is_passed_over(wire, studio, created):
    script(wire, created=created)
    voice = studio.clone(ADDRESS, name="me", quiet=True)
    assert abs(voice.expires - (datetime.now(UTC) + timedelta(days=3))) < timedelta(minutes=5)


def test_moments_in_any_form():
    moment = datetime(2026, 6, 18, 10, 8, tzinfo=UTC)
    seconds = int(moment.timestamp())
    for said in (
        seconds,
        str(seconds),
        seconds * 1000,
        f"{seconds}000",
        "2026-06-18T10:08:00Z",
        "2026-06-18T12:08:00+02:00",
    ):
        assert moment_of(said) == moment


@pytest.mark.parametrize("name", ["anything", "m-1", "声音", "with a blank", "42"])
def test_any_text_is_a_voice(wire, studio, name):
    script(wire)
    for voice in (studio.voice(name), studio.voice(id=name)):
        assert voice.say("Hello.", quiet=True).duration == 1
    assert body(wire, AUDIOS)["modelId"] == name


def test_a_slip_of_a_known_name_is_no_id(wire, studio):
    script(wire)
    studio.clone(ADDRESS, name="narrator", quiet=True)
    with pytest.raises(InvalidRequest, match="did you mean 'narrator'"):
        studio.voice("narator")
    assert studio.voice(id="narator").id == "narator"
    for wrong in ({}, {"name": "a", "id": "b"}, {"name": " "}, {"id": ""}):
        with pytest.raises(InvalidRequest, match="give one of them"):
            studio.voice(**wrong)


def test_a_voice_knows_that_it_was_activated_also_elsewhere(wire, studio, tmp_path):
    script(wire)
    voice = studio.clone(ADDRESS, name="me", quiet=True)
    same = studio.clone(ADDRESS, name="again", quiet=True)
    assert same.id == voice.id
    assert (voice.activated, same.activated) == (None, None)
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_1", home=tmp_path / "home", prices=PRICES) as other:
        other.voice("me").say("Hello.", quiet=True)
    for one in (voice, same):
        assert one.activated is not None
        assert one.expires is None
        assert one.until == ""
        assert "activated" in repr(one)


def test_a_task_that_is_completed_in_resume_activates_its_voice(wire, studio):
    script(wire)
    voice = studio.clone(ADDRESS, name="me", quiet=True)
    task = voice.submit("Hello.")
    task.wait(30, quiet=True)
    ledger, key = studio.session.ledger, task.id
    # As a kernel leaves it that dies between the service's answer and the voice's row.
    with closing(sqlite3.connect(ledger.path)) as db, db:
        db.execute("UPDATE tasks SET status = 'queued', owner = 'dead' WHERE id = ?", (key,))
        db.execute("UPDATE voices SET activated = NULL, expires = 1 WHERE id = ?", (voice.key,))
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_1", home=studio.home, prices=PRICES) as other:
        (taken,) = other.resume()
        taken.wait(30, quiet=True)
        assert other.voice("me").activated is not None


@pytest.mark.parametrize("status", [404, 405, 410, 501])
@pytest.mark.parametrize("said", [b"", {"code": 404, "msg": "not found"}, {"detail": "Not Found"}])
def test_an_upload_that_is_not_there_says_to_give_a_public_url(wire, studio, ada, status, said):
    wire.script[UPLOAD] = answer(said, status=status)
    with pytest.raises(BadReference, match=r"Nothing was charged.*public URL"):
        studio.clone(ada, name="me", quiet=True)
    assert [one.path for one in wire.seen if one.path == CLONES] == []


def test_an_envelope_that_says_404_is_one_too(wire, studio, ada):
    wire.script[UPLOAD] = envelope(code=404, msg="no such route")
    with pytest.raises(BadReference, match="public URL"):
        studio.clone(ada, name="me", quiet=True)


def test_two_decimals_are_stated_for_live_services_too():
    for kind, more in ((PreviewRequest, {}), (ProductionRequest, {"voice": "m"})):
        with pytest.raises(InvalidRequest, match="two decimals"):
            kind.build({"text": "a<#0.125#>b", **more})


def test_prices_of_the_catalogue_may_be_text(wire, studio):
    items = [
        {"model_name": "sound-cloning-clone", "display_name": "克隆", "model_type": "audio", "remark": "", "price": "$0.5"},
        {"model_name": "sound-cloning-audio", "display_name": "合成", "price": "1.25/万字符"},
        {"model_name": "sound-cloning-voice", "display_name": "x", "price": "¥0.01 / 次"},
        {"model_name": ["odd"], "price": "free"},
        {"model_name": "another", "price": 3},
    ]  # fmt: skip
    wire.script["/api/openapi/model/catalog"] = envelope({"list": items})

    assert portal.call(studio.service.prices) == {
        "sound-cloning-clone": Decimal("0.5"),
        "sound-cloning-audio": Decimal("1.25"),
        "sound-cloning-voice": Decimal("0.01"),
    }
    items[0]["price"] = "by arrangement"
    wire.script["/api/openapi/model/catalog"] = envelope({"list": items})
    assert "sound-cloning-clone" not in portal.call(studio.service.prices)
