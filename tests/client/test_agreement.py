"""The client and the sandbox read the services' documents independently: on random requests they must agree.

The account is empty, so that a valid request is refused for its price and nothing is made. ``VOICENB_EXAMPLES=10000`` asks
for more requests of each kind.

Where they differ on purpose the client is the stricter one: the sandbox accepts what no document forbids, the client refuses
what its author cannot have meant. That is: null for a parameter that has another default; blank instructions, dialects and
descriptors; ``compact_mode`` off beside a longest silence; fields of another emotion mode, and keys of ``omni_options``
beside ``instruct``; the key ``task`` of ``metadata``, where the ledger's id goes; and fields that do not exist.
"""

import json
import os
import warnings

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import voicenb as vn
from voicenb.errors import InvalidRequest
from voicenb.sandbox import cjk as sandbox_cjk
from voicenb.services import aiclone, faseeh, soundclone
from voicenb.services.cjk import is_cjk

EXAMPLES = settings(
    max_examples=int(os.environ.get("VOICENB_EXAMPLES", "500")),
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class Empty:
    """A sandbox whose account is empty, asked over plain HTTP."""

    def __init__(self, home):
        self.running = vn.sandbox.start(home)
        vn.sandbox.set_balance(0, home=home)
        self.client = httpx.Client(trust_env=False, timeout=60)

    def accepts(self, service, path, body):
        key = self.running.key.reveal()
        answer = self.client.post(
            self.running.services[service] + path,
            json=body,
            headers={"x-api-key": key} if service == "faseeh" else {"Authorization": f"Bearer {key}"},
        )
        if service == "soundclone":
            code = str(answer.json()["code"])
            assert code in {"20000", "20002"} or "insufficient" in answer.json()["msg"], answer.text
            return code != "20002", answer.text
        assert answer.status_code in {200, 202, 400, 402, 422}, answer.text
        return answer.status_code in {200, 202, 402}, answer.text


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    sandbox = Empty(tmp_path_factory.mktemp("agreement"))
    yield sandbox
    sandbox.client.close()


def judged(request, body):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            request.build(body, strict=True)
    except InvalidRequest as error:
        return False, str(error)
    return True, ""


def agree(empty, request, service, path, body, *, differs=None):
    ours, why = judged(request, body)
    theirs, said = empty.accepts(service, path, body)
    if differs and not ours and theirs:
        return
    assert ours == theirs, (body, why, said)


def number(low, high):
    """Numbers around a range, its ends and what lies just beyond them."""
    near = st.sampled_from([low, high, low - 0.01, high + 0.01, round(low), round(high)])
    return st.one_of(st.floats(low, high), near, st.floats(-20, 20))


def rarely(odd, usual):
    return st.integers(0, 19).flatmap(lambda n: odd if n == 0 else usual)


JUNK = st.one_of(st.booleans(), st.text("ab1", max_size=3), st.lists(st.integers(), max_size=2), st.just({"x": 1}))


def field(usual):
    return rarely(JUNK, usual)


SPOKEN = rarely(st.sampled_from(["", " ", "\n"]), st.sampled_from(["Hello there.", "你好，世界", "a<#0.5#>b"]))

VECTOR = st.one_of(
    st.lists(st.sampled_from([0, 0, 0, 0.1, 0.2, 0.25, 0.3, 0.7, 0.75, 0.8]), min_size=8, max_size=8),
    st.lists(st.floats(0, 0.25), min_size=8, max_size=8),
    st.lists(st.floats(-0.1, 1.1), min_size=7, max_size=9),
)
EMOTION = st.one_of(
    st.fixed_dictionaries({"mode": st.just("vector"), "vector": VECTOR}),
    st.fixed_dictionaries({"mode": st.just("text"), "text": st.sampled_from(["gladly", "random", "joy=0.5", "", " "])}),
    st.fixed_dictionaries({"mode": st.sampled_from(["random", "same_as_reference", "vector", "text", "angry"])}),
    st.fixed_dictionaries(
        {"mode": st.just("reference_audio"), "reference_audio_url": st.sampled_from(["https://example.com/e.wav", "e"])}
    ),
)
DESCRIPTORS = st.lists(
    st.sampled_from(
        [
            "female", "male", "男", "child", "young adult", "青年", "high pitch", "低音调", "VERY HIGH PITCH", "whisper",
            "耳语", "british accent", "四川话", "粤语", "河南话", "闽南话", "石家庄话", "pirate", "high", "Middle-Aged",
        ]
    ),
    min_size=1, max_size=3,
).flatmap(lambda words: st.sampled_from([",", "，", ", "]).map(lambda comma: json.dumps({"instruct": comma.join(words)})))  # fmt: skip


def aiclone_bodies():
    common = {
        "speed_ratio": field(number(0.5, 2)),
        "pitch_ratio": field(number(-10, 10)),
        "volume_ratio": field(number(0.1, 2)),
        "generate_subtitle": field(st.booleans()),
        "subtitle_language": st.sampled_from(["en", "zh"]),
        "compact_mode": field(st.just(True)),
        "metadata": field(st.dictionaries(st.text("abc", min_size=1, max_size=2), st.integers(), max_size=2)),
        "voice_id": st.just("v1"),
    }
    own = {
        "v1-real": {},
        "v2-emotion": {"emotion": field(EMOTION)},
        "v3-qwen": {"instructions": st.sampled_from(["read in a calm tone"])},
        "omni": {"omni_options": field(DESCRIPTORS)},
        "voxcpm": {"omni_options": field(DESCRIPTORS), "instructions": st.just("quickly")},
    }
    every = {name: one for fields in own.values() for name, one in fields.items()}
    return st.sampled_from([*own, "v4"]).flatmap(
        lambda model: st.fixed_dictionaries(
            {
                "text": SPOKEN,
                "reference_audio_url": st.just("http://127.0.0.1:9/a.wav"),
                "model": st.just(model),
            },
            optional=common | own.get(model, {}),
        ).flatmap(
            lambda body: rarely(st.fixed_dictionaries({}, optional=every).map(lambda more: body | more), st.just(body))
        )
    )


def test_on_aiclone(empty):
    valid = []

    @EXAMPLES
    @given(aiclone_bodies())
    def check(body):
        # An empty list and the like are no emotion object for either; {"x": 1} is one without any known field.
        differs = not isinstance(body.get("compact_mode", True), bool) or body.get("emotion") == {"x": 1}
        agree(empty, aiclone.ProductionRequest, "aiclone", "/api/v2/voice/clone", body, differs=differs)
        valid.append(judged(aiclone.ProductionRequest, body)[0])

    check()
    assert 0.1 < sum(valid) / len(valid) < 0.9


def test_on_faseeh(empty):
    valid = []
    bodies = st.fixed_dictionaries(
        {"voice_id": st.just("ar-hijazi-female-1"), "text": SPOKEN},
        optional={
            "stability": field(number(0, 1)),
            "speed": field(number(0.7, 1.2)),
            "sample_rate": field(st.sampled_from([24000, 48000, 16000])),
            "dialect": field(st.sampled_from(["hijazi", "najdi"])),
        },
    )

    @EXAMPLES
    @given(bodies)
    def check(body):
        differs = body.get("dialect") == ""
        agree(empty, faseeh.ProductionRequest, "faseeh", "/text-to-speech/faseeh-v1-preview", body, differs=differs)
        valid.append(judged(faseeh.ProductionRequest, body)[0])

    check()
    assert 0.1 < sum(valid) / len(valid) < 0.9


def test_on_soundclone(empty):
    valid = []
    bodies = st.fixed_dictionaries(
        {"fileUrl": st.just("http://127.0.0.1:9/a.wav"), "contentText": SPOKEN},
        optional={
            "soundVersion": field(st.sampled_from(["v1", "v2", "v3"])),
            "language": field(st.sampled_from(["auto", "English", "Tamil", "Klingon"])),
        },
    )

    @EXAMPLES
    @given(bodies)
    def check(body):
        agree(empty, soundclone.PreviewRequest, "soundclone", "/api/open-api/v1/soundCloning/clones", body)
        valid.append(judged(soundclone.PreviewRequest, body)[0])

    check()
    assert 0.1 < sum(valid) / len(valid) < 0.9


def test_on_which_characters_are_cjk():
    """Every code point there is: both tables are those of Unicode 18.0, though this Python may know fewer characters."""
    everything = map(chr, range(0x110000))
    assert not [f"U+{ord(one):04X}" for one in everything if is_cjk(one) != bool(sandbox_cjk.count(one))]
