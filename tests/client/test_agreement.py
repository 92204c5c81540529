"""The client and the sandbox read the services' documents independently: on random requests they must agree.

The account is empty, so that a valid request is refused for its price and nothing is made. ``VOICENB_EXAMPLES=10000`` asks
for more requests of each kind.

Where they differ on purpose the client is the stricter one; `docs/agreement.md` names those differences, and what was found.
"""

import json
import os
import warnings

import httpx
import pytest
from homes import warmed
from hypothesis import HealthCheck, given, settings, strategies as st

import voicenb as vn
from voicenb.base.keys import Secret
from voicenb.errors import InvalidRequest
from voicenb.sandbox.twins.aiclone import cjk as sandbox_cjk
from voicenb.services import aiclone, faseeh, openai, soundclone
from voicenb.services.cjk import is_cjk
from voicenb.services.http import Http

EXAMPLES = settings(
    max_examples=int(os.environ.get("VOICENB_EXAMPLES", "500")),
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(max(300, EXAMPLES.max_examples // 5))]


class Empty:
    """A sandbox whose accounts are empty, asked over plain HTTP. A valid request fails only where its fields no longer matter."""

    def __init__(self, home):
        self.running = vn.sandbox.start(warmed(home))
        for service in self.running.services:
            vn.sandbox.set_balance(0, home=home, service=service)
        self.client = httpx.Client(trust_env=False, timeout=60)

    def post(self, service, path, **body):
        key = self.running.key.reveal()
        headers = {"x-api-key": key} if service == "faseeh" else {"Authorization": f"Bearer {key}"}
        return self.client.post(self.running.services[service] + path, headers=headers, **body)

    def soundclone(self, path, body):
        answer = self.post("soundclone", f"/api/open-api/v1/soundCloning/{path}", json=body).json()
        # The voice is looked for when all fields are good.
        unknown = "modelId: unknown modelId "
        fields_are_good = answer["msg"].startswith(("insufficient", unknown)) and answer["msg"] != f"{unknown}''"
        assert fields_are_good or answer["code"] == 20002, answer
        return fields_are_good, answer["msg"]

    def aiclone(self, body):
        answer = self.post("aiclone", "/api/v2/voice/clone", json=body)
        assert answer.status_code in {402, 422}, answer.text
        return answer.status_code == 402, answer.text

    def speech(self, body, model="faseeh-v1-preview"):
        answer = self.post("faseeh", f"/text-to-speech/{model}", json=body)
        assert answer.status_code in {402, 400, 404}, answer.text
        # The voice is looked for when all fields are good.
        return answer.status_code in {402, 404}, answer.text

    def openai(self, body):
        """Nobody has an account here: a valid request is refused for its model or its voice, which are looked for last."""
        answer = self.post("openai", "/audio/speech", json=body)
        assert answer.status_code in {400, 404}, answer.text
        said = answer.json()["error"]["message"]
        return said.startswith(("there is no voice", "The model `")), said

    def form(self, path, body, *files):
        """Files are opened when all fields are good, and are found to be no sound."""
        texts = {name: value if isinstance(value, str) else str(value) for name, value in body.items()}
        parts = {name: (f"{name}.wav", b"no sound", "audio/wav") for name in files}
        answer = self.post("faseeh", path, data=texts, files=parts)
        assert answer.status_code in {400, 404}, answer.text
        return answer.json()["errorMessage"].startswith(f"{files[0]}: is no audio"), answer.text


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    sandbox = Empty(tmp_path_factory.mktemp("agreement"))
    yield sandbox
    sandbox.client.close()


def judged(request, body):
    """What the client would send, or why it would not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return request.build(body, strict=True).wire(), ""
    except InvalidRequest as error:
        return None, str(error)


def agree(request, body, ask, *, differs=False, url=None):
    """Whether client and sandbox find `body` valid, which must be the same; where it `differs`, the client may refuse more.

    What the client makes of a valid one is valid too.

    Args:
        request: The client's typed request.
        body: The fields.
        ask: Asks the sandbox about fields.
        differs: Whether a difference named above may show.
        url: What the client finds wrong with the address.
    """
    wire, why = judged(request, body)
    ours = wire is not None and url is None
    theirs, said = ask(body)
    if not (differs and theirs):
        assert ours == theirs, (body, why, url, said)
    if ours:
        taken, said = ask(wire)
        assert taken, (body, wire, said)
    return ours


def run(bodies, check):
    """Asks for so many bodies; some must be valid, and some not."""
    valid = []

    @EXAMPLES
    @given(bodies)
    def ask(body):
        valid.append(check(body))

    ask()
    assert 0.1 < sum(valid) / len(valid) < 0.9


def number(low, high):
    """Numbers around a range, its ends and what lies just beyond them."""
    near = st.sampled_from([low, high, low - 0.01, high + 0.01, round(low), round(high)])
    return st.one_of(st.floats(low, high), near, st.floats(-20, 20))


def rarely(odd, usual):
    return st.integers(0, 19).flatmap(lambda n: odd if n == 0 else usual)


JUNK = st.one_of(
    st.booleans(), st.integers(0, 1), st.text("ab1", max_size=3), st.lists(st.integers(), max_size=2), st.just({"x": 1})
)


def field(usual, odd=JUNK):
    return rarely(st.one_of(odd, JUNK), usual)


def in_form(usual):
    """A number as it stands in a form, where all is text."""
    return rarely(st.sampled_from(["", "high", True]), usual)


SPOKEN = rarely(st.sampled_from(["", " ", "\n"]), st.sampled_from(["Hello there.", "你好，世界", "a<#0.5#>b"]))

VECTOR = st.one_of(
    st.lists(st.sampled_from([0, 0, 0, 0.1, 0.2, 0.25, 0.3, 0.7, 0.75, 0.8]), min_size=8, max_size=8),
    st.lists(st.floats(0, 0.25), min_size=8, max_size=8),
    st.lists(st.floats(-0.1, 1.1), min_size=7, max_size=9),
)
EMOTION = st.one_of(
    st.fixed_dictionaries({"mode": st.just("vector"), "vector": VECTOR}),
    st.fixed_dictionaries({"mode": st.just("text"), "text": st.sampled_from(["gladly", "random", "joy=0.5", "", " "])}),
    st.fixed_dictionaries(
        {},
        optional={
            "vector": VECTOR,
            "text": st.just("gladly"),
            "reference_audio_url": st.just("https://example.com/e.wav"),
        },
    ),
    st.fixed_dictionaries({"mode": st.sampled_from(["random", "same_as_reference", "vector", "text", "angry"])}),
    st.fixed_dictionaries(
        {"mode": st.just("reference_audio"), "reference_audio_url": st.sampled_from(["https://example.com/e.wav", "e"])}
    ),
)
NO_EMOTION = st.one_of(st.booleans(), st.integers(0, 1), st.lists(st.integers(), max_size=2), st.just({"x": 1}))
"""Text and lists of eight are emotions in the client's own words, which the service does not know."""
GENDER, AGE = ["female", "male", "男", "FEMALE"], ["child", "young adult", "青年", "Middle-Aged", "young  adult"]
PITCH, STYLE = ["high pitch", "低音调", "VERY HIGH PITCH"], ["whisper", "耳语"]
PLACE = ["british accent", "四川话", "粤语", "河南话", "闽南话", "石家庄话", "贵州话", "Japanese accent"]
ANY_WORD = st.sampled_from([*GENDER, *AGE, *PITCH, *STYLE, *PLACE, "pirate", "high", "女声"])
DESCRIPTORS = st.one_of(
    st.lists(ANY_WORD, min_size=1, max_size=3),
    st.tuples(*(st.sampled_from([None, *words]) for words in (GENDER, AGE, PITCH, STYLE, PLACE))).map(
        lambda words: [word for word in words if word] or ["male"]
    ),
).flatmap(
    lambda words: st.tuples(
        st.sampled_from([",", "，", ", "]),
        rarely(st.sampled_from([{"seed": 1}, {"steps": None, "guide": {"scale": [0.5]}}]), st.just({})),
    ).map(lambda asked: json.dumps({"instruct": asked[0].join(words)} | asked[1]))
)
OPTIONS = field(DESCRIPTORS, st.sampled_from(["{}", "[]", "{", '{"instruct": 1}', '{"Instruct": "male"}', "null"]))


NESTED = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text("aé你", max_size=3),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text("ab", max_size=2), inner, max_size=2)),
    max_leaves=5,
)


def aiclone_bodies():
    common = {
        "speed_ratio": field(number(0.5, 2)),
        "pitch_ratio": field(number(-10, 10)),
        "volume_ratio": field(number(0.1, 2)),
        "generate_subtitle": field(st.booleans()),
        "subtitle_language": st.sampled_from(["en", "zh"]),
        "compact_mode": field(st.just(True)),
        "metadata": field(st.dictionaries(st.sampled_from(["a", "task", "voicenb_task", "ü"]), NESTED, max_size=3)),
        "voice_id": st.just("v1"),
    }
    own = {
        "v1-real": {},
        "v2-emotion": {"emotion": rarely(NO_EMOTION, EMOTION)},
        "v3-qwen": {"instructions": st.sampled_from(["read in a calm tone"])},
        "omni": {"omni_options": OPTIONS},
        "voxcpm": {"omni_options": OPTIONS, "instructions": st.just("quickly")},
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
    def check(body):
        # An empty list and the like are no emotion object for either; {"x": 1} is one without any known field.
        differs = not isinstance(body.get("compact_mode", True), bool) or body.get("emotion") == {"x": 1}
        return agree(aiclone.ProductionRequest, body, empty.aiclone, differs=differs)

    run(aiclone_bodies(), check)


TIME = st.sampled_from(
    ["500", "1", "0", "3000", "3001", "1500.5", "0.5", "3", "3.001", "00", "1e3", "-1", ".5", "1.", "٣", ""]
)
TAG = st.one_of(
    st.builds(lambda time, unit: f'<break time="{time}{unit}"/>', TIME, st.sampled_from(["ms", "s", "", " ms"])),
    st.integers(1, 3000).map(lambda time: f"<break time='{time}ms' />"),
    st.sampled_from(["<break/>", "<break>", '<break time="500ms">', "<breakfast>", "<Break/>", '<break  time="1s"/>', "<#0.5#>", "<#5#>"]),
)  # fmt: skip
BROKEN = st.one_of(
    st.lists(st.one_of(st.sampled_from(["We wait", " ", ". ", "مرحبا"]), TAG), min_size=1, max_size=5).map("".join),
    st.builds(
        lambda count, time: f'a <break time="{time}ms"/> b ' * count,
        st.integers(15, 25),
        st.sampled_from([1, 1500, 1501, 2000]),
    ),
)
"""Texts with the pauses of Faseeh, and with what looks like one."""


def own_pauses(body):
    """Whether a text has voicenb's own pauses, in which the client sees more than the service does."""
    return "<#" in str(body.get("text"))


def test_on_faseeh_speech(empty):
    """Streamed or whole, the fields are the same."""
    bodies = st.fixed_dictionaries(
        {"voice_id": field(st.just("ar-hijazi-female-1"), st.just(" ")), "text": SPOKEN | BROKEN},
        optional={
            "stability": field(number(0, 1)),
            "speed": field(number(0.7, 1.2)),
            "sample_rate": field(
                st.integers(7900, 48100)
                | st.sampled_from([7999, 8000, 24000, 44100.0, 44100.5, 48000, 48001, 0, -8000])
            ),
            "dialect": field(
                st.sampled_from(faseeh.DIALECTS), st.sampled_from(["klingon", "Najdi", "levantine", "najdi,hijazi"])
            ),
        },
    )

    def check(asked):
        body, streaming = asked

        def ask(fields):
            # What the client sends where nothing is said: the service itself knows no default.
            return empty.speech({"stability": 0.5} | fields | {"streaming": streaming})

        return agree(faseeh.ProductionRequest, body, ask, differs=own_pauses(body))

    run(st.tuples(bodies, st.booleans()), check)


MODEL = rarely(st.sampled_from(["", " ", "faseeh-v9"]), st.sampled_from(faseeh.MODELS))


def test_on_faseeh_previews(empty):
    bodies = st.fixed_dictionaries(
        {
            "text": rarely(
                SPOKEN,
                st.sampled_from(["Good morning to you.", "One two thr", "One two th", "a b c", "صباح الخير يا صديقي"])
                | BROKEN.map(lambda text: f"One two {text}"),
            )
        },
        optional={
            "model_id": MODEL,
            "similarity": in_form(number(0, 1)),
            "speed": in_form(number(0.7, 1.2)),
        },
    )  # fmt: skip

    def check(body):
        def ask(fields):
            # What the client sends where nothing is said: the service itself knows no default.
            least = {"model_id": faseeh.MODELS[0], "similarity": 0.5}
            return empty.form("/voices/preview", least | fields, "file")

        return agree(faseeh.PreviewRequest, body, ask, differs=own_pauses(body))

    run(bodies, check)


def test_on_faseeh_voices(empty):
    listed = st.sampled_from(["ar,en", "ar", " ar , en ", "najdi,hijazi,", "", " ", ","])
    any_text = st.sampled_from(["female", "", " ", "Ünïcode, بالعربية\nand lines"])
    bodies = st.fixed_dictionaries(
        {
            "text": SPOKEN | BROKEN,
            "name": rarely(st.sampled_from(["", " "]), st.sampled_from(["me", "أنا", " x "])),
            "model": MODEL,
            "stability": in_form(number(0, 1)),
        },
        optional={
            "description": any_text, "gender": any_text, "age": any_text, "avatar_url": any_text,
            "languages": listed, "dialects": listed,
        },
    )  # fmt: skip
    # Sometimes without a field that is required.
    bodies = st.tuples(bodies, rarely(st.sampled_from(["text", "name", "stability"]), st.none()))

    def check(asked):
        body, missing = asked
        body.pop(missing, None)
        empty_list = any(not body.get(name, "x").replace(",", " ").strip() for name in ("languages", "dialects"))
        differs = empty_list or own_pauses(body)

        def ask(fields):
            # What the client sends where nothing is said: the service itself knows no default.
            return empty.form("/voices/clone", {"stability": 0.5} | fields, "voice_file", "reference_audio_file")

        return agree(faseeh.VoiceRequest, body, ask, differs=differs)

    run(bodies, check)


def flat(body):
    """A body as it is on the wire, where the extra fields stand beside the others."""
    return {name: value for name, value in body.items() if name != "extra"} | body.get("extra", {})


def test_on_openai_speech(empty):
    """Blank extensions and a voice as an object are left to the sandbox alone, as `docs/agreement.md` says."""
    extra = st.fixed_dictionaries(
        {},
        optional={
            "seed": st.integers(0, 2**40),
            "temperature": st.floats(0.05, 5),
            "exaggeration": st.floats(0.25, 2),
            "cfg_weight": st.floats(0, 1),
            "task_type": st.sampled_from(["Base", "CustomVoice"]),
            "x_vector_only_mode": st.booleans(),
            "wobble": st.just(1),
        },
    )
    words = st.sampled_from(["calmly", "Ünïcode, بالعربية\nand lines", "a" * 4096, "a" * 4097])
    bodies = st.fixed_dictionaries(
        {
            "input": rarely(of_length(4096), SPOKEN),
            "voice": field(st.just("nobody"), st.just(" ")),
        },
        optional={
            "model": field(st.sampled_from(["tts-1", "gpt-4o-mini-tts", "none"]), st.just(" ")),
            "instructions": field(words),
            "speed": field(number(0.25, 4)),
            "response_format": field(st.sampled_from(["mp3", "opus", "aac", "flac", "wav", "pcm"]), st.just("ogg")),
            "stream_format": field(st.sampled_from(["audio", "sse"]), st.just("chunked")),
            "language": field(st.sampled_from(["English", "auto"])),
            "ref_text": field(st.just("What is said.")),
            "extra": rarely(extra, extra.map(lambda fields: {k: v for k, v in fields.items() if k != "wobble"})),
        },
    )

    def check(body):
        blank = any(body.get(name) == "" for name in ("instructions", "ref_text"))
        # What else a server knows is its own matter, and the client cannot judge it.
        unknown = "wobble" in body.get("extra", {})
        if unknown:
            wire, _ = judged(openai.ProductionRequest, body)
            assert wire is None or empty.openai(wire) == (False, "Unrecognized request argument supplied: wobble")
            return False
        # What the client sends where nothing is said: the service itself knows no default.
        ask = empty.openai
        return agree(
            openai.ProductionRequest, body, lambda fields: ask({"model": "tts-1"} | flat(fields)), differs=blank
        )

    run(bodies, check)


PAUSED = st.lists(
    st.sampled_from(
        [
            "a", "é", "1", " ", ".", "。", "你", "👍", "٣", "<#0.5#>", "<#1#>", "<#99.99#>", "<#0.01#>", "<#0#>", "<#100#>",
            "<#0.005#>", "<#0.500#>", "<#x#>", "<##>", "<# 1#>", "<#.5#>", "<#1.#>", "<#-1#>", "<#٣#>", "<#1", "#>", "<#",
        ]
    ),
    max_size=5,
).map("".join)  # fmt: skip


def of_length(most):
    """Texts about as long as the longest, which count code points, pause marks included."""
    letter = st.sampled_from(["a", "你", "👍"])
    marked = st.sampled_from(["", "<#1#>b"])
    return st.builds(
        lambda one, end, more: (one * most)[: most - len(end)] + end + more, letter, marked, st.sampled_from(["", "a"])
    )


LANGUAGE = st.sampled_from(["auto", "English", "Chinese,Yue", "Tamil", "Klingon", "english", ""])
VERSION = st.sampled_from(["v1", "v2", "v3"])


def soundclone_texts(most):
    return st.one_of(SPOKEN, SPOKEN, PAUSED, rarely(of_length(most), SPOKEN))


def test_on_soundclone_previews(empty):
    service = soundclone.SoundClone(Http("soundclone", "http://127.0.0.1:9", Secret("no-key")))
    address = st.sampled_from(
        [
            "http://127.0.0.1:9/a.wav", "https://example.com/a.MP3?x=1", "https://example.com/a.flv#t=1", "/home/me.wav", "a.wav",
            "file:///a.wav", "https:///a.wav", "https://example.com/.wav", "https://example.com/wav", "https://example.com/a.flac",
            "https://example.com/a b.wav", "https://example.com/声.wav", "https://example.com/%E5%A3%B0.wav", "https://例.com/a.wav",
            "https://example.com/あ.wav", "https://example.com/é.wav", "https://example.com:0/a.wav", "https://example.com:99999/a.wav",
            "https://[::1/a.wav", "https://example.com/a.wav/", "ftp://example.com/a.wav", "",
        ]
    )  # fmt: skip
    bodies = st.fixed_dictionaries(
        {"fileUrl": rarely(address, st.just("http://127.0.0.1:9/a.wav"))},
        optional={"contentText": soundclone_texts(270), "soundVersion": field(VERSION), "language": field(LANGUAGE)},
    )

    def check(body):
        return agree(
            soundclone.PreviewRequest,
            body,
            lambda fields: empty.soundclone("clones", fields),
            url=service.check_url(body["fileUrl"]),
        )

    run(bodies, check)


def test_on_soundclone_production(empty):
    emotions = ["happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral", "joyful", "Happy"]
    bodies = st.fixed_dictionaries(
        {"modelId": field(st.just("model_1")), "contentText": soundclone_texts(10_000)},
        optional={
            "soundVersion": field(VERSION),
            "language": field(LANGUAGE),
            "emotion": field(rarely(st.sampled_from(["joyful", "Happy", ""]), st.sampled_from(emotions[:7]))),
            "speed": field(number(0.5, 2)),
            "vol": field(number(0, 10)),
            "pitch": field(st.one_of(st.integers(-12, 12), st.sampled_from([-13, 13, 1.0, 0.5]))),
            "subtitleEnable": field(st.booleans()),
            "subtitleType": field(rarely(st.just("sentence"), st.just("word"))),
        },
    )
    run(
        bodies,
        lambda body: agree(soundclone.ProductionRequest, body, lambda fields: empty.soundclone("audios", fields)),
    )


def test_on_which_characters_are_cjk():
    """Every code point there is: both tables are those of Unicode 18.0, though this Python may know fewer characters."""
    everything = map(chr, range(0x110000))
    assert not [f"U+{ord(one):04X}" for one in everything if is_cjk(one) != bool(sandbox_cjk.count(one))]
