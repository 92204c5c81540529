"""AI Clone: what its document leaves free goes through whole, and what it leaves open is said."""

import json
import warnings

import numpy as np
import pytest
from wire import answer

import voicenb as vn
from voicenb.base.keys import Secret
from voicenb.errors import BudgetExceeded, InsufficientBalance, InvalidRequest
from voicenb.services.aiclone import AiClone, ProductionRequest
from voicenb.services.base import AdviceWarning
from voicenb.services.descriptors import DIALECTS, VOCABULARY
from voicenb.services.http import Http
from voicenb.services.pcm import wav_of

TONE = wav_of((8000 * np.sin(np.arange(24000) * 0.06)).astype("<i2").tobytes(), 24000, 1)
CLONE = "/api/v2/voice/clone"
VOICE = "https://example.com/me.wav"
WHOLE = {"task": "mine", "nothing": None, "deep": {"a": [None, {"b": 1.5}], "empty": {}}, "场景": "四"}


@pytest.fixture
def studio(wire, tmp_path):
    task = {"task_id": "t1", "status": "pending"}
    wire.script |= {
        CLONE: answer(task, status=202),
        "/api/v2/tasks/t1": answer(task | {"status": "completed", "audioUrl": wire.url + "/a"}),
        "/a": answer(TONE),
    }
    with vn.connect("aiclone", base_url=wire.url, api_key="sk_1", home=tmp_path / "home") as one:
        yield one


def sent(wire):
    return json.loads(next(one.body for one in wire.seen if one.path == CLONE))


def asked(**values):
    return ProductionRequest.build({"voice": VOICE, "text": "Hello."} | values, strict=True)


@pytest.mark.parametrize("given", [WHOLE, json.dumps(WHOLE), {}])
def test_metadata_goes_through_whole_and_its_echo_is_read(wire, studio, given):
    own = json.loads(given) if isinstance(given, str) else given
    task = studio.voice(VOICE).submit("Hello.", metadata=given)
    assert task.metadata == own
    task.wait(30, quiet=True)
    body = sent(wire)["metadata"]
    (mark,) = set(body) - set(own)
    assert {name: body[name] for name in own} == own
    assert body[mark] == task.id
    echoed = own | {"more": [None]}
    done = {"task_id": "t2", "status": "completed", "audioUrl": wire.url + "/a", "metadata": echoed}
    wire.script[CLONE] = answer({"task_id": "t2", "status": "pending"}, status=202)
    wire.script["/api/v2/tasks/t2"] = answer(done)
    again = studio.voice(VOICE).submit("Hello.", metadata=given, fresh=True)
    again.wait(30, quiet=True)
    assert mark not in again.metadata
    assert again.metadata["more"] == [None]
    assert {name: again.metadata[name] for name in own} == own


def test_metadata_has_a_sane_size():
    deep = value = {}
    for _ in range(200):
        value["a"] = value = {}
    for wrong, why in (({"a": "x" * 70_000}, "65,536"), (deep, "50 levels"), ({"a": "\ud800"}, "JSON")):
        with pytest.raises(InvalidRequest, match=why):
            asked(metadata=wrong)


@pytest.mark.parametrize("form", [dict, json.dumps])
def test_other_keys_of_omni_options_go_through(form):
    options = {"instruct": "female, high pitch", "seed": 7, "more": {"a": [None]}}
    request = asked(model="omni", omni_options=form(options))
    assert json.loads(request.wire()["omni_options"]) == options
    assert asked(model="omni", describe=request.describe).wire() == request.wire()
    with pytest.raises(InvalidRequest, match="did you mean"):
        asked(model="omni", omni_options=form(options | {"instruct": "femal"}))
    with pytest.raises(InvalidRequest, match="needs its key instruct"):
        asked(model="omni", omni_options=form({"seed": 7}))


@pytest.mark.parametrize(
    "emotion", [{}, {"vector": [0.5, 0, 0, 0, 0, 0, 0, 0]}, {"text": "gladly", "vector": [0, 0, 0, 0, 0, 0, 0, 1]}]
)
def test_an_emotion_without_a_mode_is_sent_as_it_is(emotion):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        request = asked(emotion=emotion)
    assert request.wire()["emotion"] == emotion
    assert [one.category for one in said] == [AdviceWarning] * bool(emotion)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert asked(emotion=request.emotion).wire()["emotion"] == emotion
        with pytest.raises(InvalidRequest, match=r"1\.5"):
            asked(emotion=emotion | {"vector": [1, 1, 0, 0, 0, 0, 0, 0]})


def test_the_documents_own_example_is_covered_by_the_estimate(studio):
    service = AiClone(Http("aiclone", "https://api.aiclonevoicefree.com", Secret("k")))
    price = service.price(asked(text="你好,world"), {})
    assert price.amount == 12
    assert "about 10" in price.rule
    assert service.price(asked(text="Hello, world!"), {}).amount == 13
    with studio.budget(11), pytest.raises(BudgetExceeded):
        studio.voice(VOICE).submit("你好,world")


def test_what_the_service_says_is_what_was_charged(wire, studio):
    done = {"task_id": "t1", "status": "completed", "audioUrl": wire.url + "/a", "credits_used": 10}
    wire.script["/api/v2/tasks/t1"] = answer(done)
    task = studio.voice(VOICE).say("你好,world", quiet=True).task
    assert (task.estimate, task.cost) == (12, 10)


def test_credits_that_are_short_are_said_at_submission(wire, studio):
    wire.script[CLONE] = answer({"error": {"code": "x", "type": "y", "message": "no"}}, status=402)
    with pytest.raises(InsufficientBalance, match="Nothing was charged"):
        studio.voice(VOICE).say("Hello.", quiet=True)


def test_the_descriptors_stand_in_the_table_and_the_panel():
    from voicenb.panels.form import Form

    table = AiClone.parameters().set_index(["call", "name"]).range
    for word in (*(one for known in VOCABULARY.values() for one in known), *DIALECTS["voxcpm"]):
        assert word in table["production", "describe"]
    field = Form(ProductionRequest).fields["describe"]
    for word in ("female", "high pitch", "male", "四川话", "british accent"):
        field.more.value = word
    assert field.value == "high pitch, male, british accent"
    assert field.more.value == ""
    field.input.value = "young adult"
    assert field.value == "young adult"
