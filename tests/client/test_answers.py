"""What services, gateways and proxies answer: what it says of money, and that what was paid for is kept."""

import gzip
import json
import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import example, given, strategies as st
from wire import API, AUDIOS, TASK, answer, envelope, until

import voicenb as vn
from voicenb.audio.codec import encode
from voicenb.base import portal
from voicenb.base.keys import Secret
from voicenb.services import answers
from voicenb.services.http import Http
from voicenb.services.pcm import container_of, is_plausible, wav_of

KEY = "sk_canary_0123456789"
PCM = (8000 * np.sin(np.arange(24000) * 0.06)).astype("<i2").tobytes()
TONE = wav_of(PCM, 24000, 1)
GOOD = answer(TONE)
SPEECH = "/text-to-speech/faseeh-v1-preview"
CLONE = "/api/v2/voice/clone"
SPEAKS = {"soundclone": AUDIOS, "aiclone": CLONE, "faseeh": SPEECH}
VOICES = {"soundclone": "model_1", "aiclone": "https://example.com/me.wav", "faseeh": "ar-hijazi-female-1"}
PRICES = {
    "soundclone": {"sound-cloning-audio": 1, "sound-cloning-voice": "0.1", "sound-cloning-clone": 1},
    "aiclone": {},
    "faseeh": {"faseeh-v1-preview": "0.5"},
}
NOTED = pytest.mark.filterwarnings("ignore::voicenb.VoicenbWarning")


@pytest.fixture
def studios(wire, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("voicenb.tasks.context._POLL_SHARE", 0.001)

    def connect(service, home="home"):
        studio = vn.connect(service, base_url=wire.url, api_key=KEY, home=tmp_path / home, prices=PRICES[service])
        # Not how long it waits is tested here, but what it does then, up to twenty times.
        studio.session.runner.context.back_off = lambda times, chance: 0.01
        studio.session.runner.context.poll_seconds = (0.001, 0.002)
        opened.append(studio)
        return studio

    yield connect
    for one in opened:
        one.close()


def soundclone(wire, audio=GOOD, **more):
    """The script of a task that is completed by its first poll."""
    done = TASK | {"status": "completed", "audioUrl": wire.url + "/a"} | more
    wire.script |= {
        AUDIOS: envelope(TASK),
        f"{API}/audios/audio_1": answer({"code": 20000, "msg": "ok", "data": done}, headers={"X-Poll-After": "0.001"}),
        "/a": audio,
    }


def aiclone(wire, audio=GOOD, **more):
    task = {"task_id": "t1", "status": "pending", "error": None}
    done = task | {"status": "completed", "audioUrl": wire.url + "/a", "format": "wav"} | more
    wire.script |= {
        CLONE: answer(task, status=202),
        "/api/v2/tasks/t1": answer(done, headers={"X-Poll-After": "0.001"}),
        "/a": audio,
    }


def speak(studio, text="Hello there.", **more):
    return studio.voice(VOICES[studio.service.profile.id]).submit(text, **more)


def ended(task):
    try:
        task.wait(30, quiet=True)
    except vn.VoicenbError as error:
        return error
    return None


# -- who says that nothing was charged --------------------------------------------------------------------------

GATEWAYS = {
    "api gateway": {"message": "Endpoint request timed out"},
    "kong": {"message": "An unexpected error occurred", "request_id": "8f2"},
    "spring": {"timestamp": 1, "status": 502, "error": "Bad Gateway", "path": "/x"},
    "ruoyi": {"code": 502, "msg": "gateway"},
    "nest": {"statusCode": 504, "message": "timeout", "error": "Gateway Timeout"},
    "code and message": {"code": "504", "message": "upstream request timeout"},
    "openai-like": {"error": {"message": "upstream timed out"}},
    "fastapi": {"detail": "Internal Server Error"},
    "page": b"<html><head><title>502 Bad Gateway</title></head></html>",
    "empty": b"",
    "list": [],
}


@pytest.mark.parametrize("service", SPEAKS)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 400, 403, 404, 408, 409, 415, 418, 422, 451, 302])
def test_what_a_gateway_says_is_no_word_of_the_service(studios, wire, service, status):
    studio = studios(service)
    for number, (name, body) in enumerate(GATEWAYS.items()):
        wire.script[SPEAKS[service]] = answer(body, status=status)
        task = speak(studio, f"Hello there {number}.")
        error = ended(task)
        assert type(error) is vn.OutcomeUnknown, (name, error)
        assert (task.status, task.cost) == ("unknown", None), name
        assert "nothing was charged" not in f"{error} {task.charged()}".lower(), name
        assert f"HTTP {status}" in str(error)
        assert "task.reconcile()" in str(error)
    assert wire.paths().count(SPEAKS[service]) == len(GATEWAYS)


def test_three_requests_never_leave_under_a_budget_for_one(studios, wire):
    studio = studios("soundclone")
    wire.script[AUDIOS] = answer({"message": "Endpoint request timed out"}, status=504)
    with studio.budget("0.15"):
        with pytest.raises(vn.OutcomeUnknown):
            studio.voice("model_1").say("Hello there.", quiet=True)  # 0.1012
        for text in ("Hello there!", "Hello there?"):
            with pytest.raises(vn.BudgetExceeded):
                studio.voice("model_1").say(text, quiet=True)
    assert wire.paths().count(AUDIOS) == 1


@pytest.mark.parametrize(
    ("service", "reply", "kind"),
    [
        ("soundclone", answer({"code": -1, "msg": "server error"}, status=500), vn.ServiceError),
        ("soundclone", answer({"code": 20003.0, "msg": "no"}), vn.ServiceError),
        ("aiclone", answer({"error": {"code": "x", "type": "server_error", "message": "no"}}, status=502), vn.ServiceError),
        ("aiclone", answer({"detail": "emo_vec sum exceeds 1.5"}, status=422), vn.InvalidRequest),
        ("faseeh", answer({"errorCode": "50001", "errorMessage": "no"}, status=502), vn.ServiceError),
        ("faseeh", answer({"code": 40001, "message": "stability"}, status=400), vn.InvalidRequest),
        *[(one, answer(b"<html>", status=401), vn.AuthenticationError) for one in SPEAKS],
        *[(one, answer(b"<html>", status=413), vn.ServiceError) for one in SPEAKS],
        *[(one, answer(b"", status=407), vn.ServiceError) for one in SPEAKS],
        *[(one, answer(b"", status=431), vn.ServiceError) for one in SPEAKS],
        *[(one, answer(b"", status=308, headers={"Location": "https://new.example/x"}), vn.ServiceError) for one in SPEAKS],
    ],
)  # fmt: skip
def test_the_services_own_word_and_what_was_turned_away_cost_nothing(studios, wire, service, reply, kind):
    studio = studios(service)
    wire.script[SPEAKS[service]] = reply
    task = speak(studio)
    error = ended(task)
    assert type(error) is kind, error
    assert (task.status, task.cost) == ("failed", 0)
    assert "nothing was charged" in str(error).lower()
    assert wire.paths().count(SPEAKS[service]) == 1


@pytest.mark.parametrize(
    ("service", "body", "status"),
    [
        ("soundclone", {"code": 200, "msg": "ok", "data": TASK}, 200),
        ("soundclone", {"code": "20000.0", "msg": "ok", "data": TASK | {"id": 12345}}, 200),
        ("soundclone", {"code": 20002, "msg": "no", "data": TASK}, 200),
        ("soundclone", {"code": -1, "msg": "no", "data": TASK}, 502),
        ("soundclone", {"code": 20000, "msg": "ok", "data": json.dumps(TASK)}, 200),
        ("soundclone", TASK, 200),
        ("aiclone", {"task_id": 77, "status": "pending"}, 202),
        ("aiclone", {"task_id": 77.0, "status": "PENDING", "error": {"code": "x", "message": "no", "type": "y"}}, 202),
        ("aiclone", {"task_id": "t1", "error": {"code": "x", "message": "no", "type": "y"}}, 504),
        ("aiclone", {"data": {"task_id": "t1", "status": "pending"}}, 200),
    ],
)
def test_an_answer_with_an_id_is_a_task(studios, wire, service, body, status):
    studio = studios(service)
    (soundclone if service == "soundclone" else aiclone)(wire)
    for old, new in ((f"{API}/audios/audio_1", f"{API}/audios/12345"), ("/api/v2/tasks/t1", "/api/v2/tasks/77")):
        if old in wire.script:
            wire.script[new] = wire.script[old]
    wire.script[SPEAKS[service]] = answer(body, status=status)
    task = speak(studio)
    assert task.wait(30, quiet=True).data == TONE
    assert task.cost == task.estimate
    assert wire.paths().count(SPEAKS[service]) == 1


def test_a_voice_that_is_named_beside_an_error_is_not_lost(studios, wire, ada):
    wire.script |= {
        "/voices/preview": answer(PCM, headers={"Content-Type": "audio/raw; codec=pcm16; rate=24000"}),
        "/voices/clone": answer({"voice_id": 4711, "errorCode": "50001", "errorMessage": "no"}, status=500),
    }
    studio = studios("faseeh")
    assert studio.clone(ada, name="me", quiet=True).id == "4711"


def test_a_key_that_a_gateway_shows_is_hidden(studios, wire):
    for service, path in SPEAKS.items():
        wire.script[path] = answer({"headers": {"x-api-key": KEY, "authorization": KEY}}, status=502)
        assert KEY not in str(ended(speak(studios(service))))
    wire.script[AUDIOS] = envelope(code=20001, msg=f"{KEY} is no key")
    assert KEY not in str(ended(speak(studios("soundclone"))))


def test_an_answer_that_is_too_large_says_nothing(studios, wire):
    wire.script[AUDIOS] = answer(b" " * (5 * 2**20))
    task = speak(studios("soundclone"))
    assert type(ended(task)) is vn.OutcomeUnknown
    assert task.status == "unknown"


@pytest.mark.parametrize("status", [404, 408, 413])
def test_an_upload_that_is_refused_says_what_it_cost_and_what_to_do(studios, wire, ada, status):
    wire.script[f"{API}/files/upload"] = answer(b"<html>", status=status)
    with pytest.raises(vn.VoicenbError, match=r"(?i)nothing was charged.*(shorten|check|try again|public URL)"):
        studios("soundclone").clone(ada, quiet=True)


@pytest.mark.parametrize(
    ("said", "is_money"),
    [
        ("Insufficient audio length", False), ("insufficient scope", False), ("音频时长不足", False),
        ("insufficient permissions for your credit card holder", False), ("insufficient balance", True),
        ("INSUFFICIENT_CREDITS", True), ("余额不足", True), ("額度不足", True), ("欠费", True), ("You exceeded your current quota", True),
        ("الرصيد غير كاف", True), ("Your credit balance is too low", True), ("not enough credits", True),
    ],
)  # fmt: skip
def test_only_words_about_money_are_about_money(studios, wire, said, is_money):
    assert answers.lacks_money(said) is is_money
    wire.script |= {
        AUDIOS: envelope(code=20002, msg=said),
        CLONE: answer({"error": {"code": "bad", "type": "t", "message": said}}, status=400),
        SPEECH: answer({"errorCode": "40001", "errorMessage": said}, status=400),
    }
    for service in SPEAKS:
        error = ended(speak(studios(service)))
        assert isinstance(error, vn.InsufficientBalance) is is_money, error
        assert ("top up" in str(error)) is is_money


# -- when to ask again -------------------------------------------------------------------------------------------


@given(st.floats(0, 10**7))
def test_seconds_are_read_and_capped(seconds):
    assert answers.seconds_of(f"{seconds:.3f}") == pytest.approx(min(seconds, 3600), abs=0.001)


def test_a_moment_is_read_whatever_the_clocks_say():
    sent = datetime(2031, 5, 1, tzinfo=UTC)
    for wait, read in ((90, 90), (7200, 3600), (-5, None)):
        ends = format_datetime(sent + timedelta(seconds=wait), usegmt=True)
        assert answers.seconds_of(ends, format_datetime(sent, usegmt=True)) == read
    assert answers.seconds_of(format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)) == 3600
    for junk in (
        None,
        "",
        "soon",
        "-3",
        "nan",
        "inf",
        "1e9",
        "٣",
        "Thu, 99 Foo 2031",
        "Thu, 01 May 99999 00:00:00 GMT",
    ):
        assert answers.seconds_of(junk) is None
    assert answers.seconds_of("2814, 2") == 2814


@pytest.mark.parametrize(
    ("service", "reply"),
    [
        ("soundclone", (429, b"")),
        ("soundclone", (503, {"code": -1, "msg": "busy"})),
        ("aiclone", (503, {"error": {"code": "busy", "type": "server_error", "message": "busy"}})),
        ("faseeh", (503, {"errorCode": "50301", "errorMessage": "busy"})),
    ],
)
def test_a_service_that_names_a_date_is_asked_then(studios, wire, service, reply):
    studio = studios(service)
    status, body = reply
    moment = format_datetime(datetime.now(UTC) + timedelta(hours=3), usegmt=True)
    wire.script[SPEAKS[service]] = answer(body, status=status, headers={"Retry-After": moment})
    task = speak(studio)
    until(lambda: task.error is not None)
    with pytest.raises(vn.TaskTimeout):
        task.wait(0.05, quiet=True)
    assert task.error.retry_after == 3600
    assert (task.status, wire.paths().count(SPEAKS[service])) == ("planned", 1)
    task.cancel()


def test_polls_and_downloads_wait_as_they_are_told(studios, wire):
    soundclone(wire)
    later = {"Retry-After": "0.05"}
    done = wire.script[f"{API}/audios/audio_1"]
    wire.script[f"{API}/audios/audio_1"] = [answer(b"", status=503, headers=later)] * 9 + [done]
    wire.script["/a"] = [answer(b"", status=503, headers=later)] * 9 + [answer(TONE)]
    assert speak(studios("soundclone")).wait(30, quiet=True).data == TONE


# -- what is read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "https://files.example/a.mp3\n", " https://files.example/a.mp3", "\ufeffhttps://files.example/a.mp3\t", "//files.example/a.mp3",
        "https:\\/\\/files.example\\/a.mp3", "https://me:pw@files.example/a.mp3", ["https://files.example/a.mp3"],
        {"url": "https://files.example/a.mp3"},
    ],
)  # fmt: skip
def test_addresses_are_read_as_they_are_meant(written):
    assert answers.address_of(written, "https://api.example/v1") == "https://files.example/a.mp3"


def test_what_is_signed_stays_as_it_is_signed():
    signed = "https://b.s3.example/a%2Fb%20c.mp3?X-Amz-Credential=A%2F20260101%2Fs3&X-Amz-Signature=0f%2B"
    assert answers.address_of(signed.replace("&", "&amp;"), "https://api.example") == signed
    for nothing in (None, "", "null", 3, True, [], {}, "  "):
        assert answers.address_of(nothing, "https://api.example") is None


@pytest.mark.parametrize("where", ["/a", " /a\n", "a", "./a", "/x/../a"])
@pytest.mark.parametrize("service", ["soundclone", "aiclone"])
def test_a_result_address_is_resolved_against_the_service(studios, wire, service, where):
    (soundclone if service == "soundclone" else aiclone)(wire, audioUrl=where)
    assert speak(studios(service)).wait(30, quiet=True).data == TONE
    assert all("authorization" not in one.headers for one in wire.seen if one.path == "/a")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "data:audio/wav;base64,UklGRg==", "ftp://x/a", "http://[bad", "gopher:x"]
)
def test_other_addresses_are_never_opened(studios, wire, url):
    soundclone(wire, audioUrl=url)
    task = speak(studios("soundclone"))
    error = ended(task)
    assert isinstance(error, vn.ServiceError)
    assert task.status == "downloading"
    assert "charged" in str(error)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "localhost.", "[::1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "169.254.169.254"]
)  # fmt: skip
def test_a_live_service_points_at_this_machine_in_no_spelling(host):
    http = Http("soundclone", "https://www.jimmyai.cn", Secret(KEY))
    with pytest.raises(vn.ServiceError, match="this machine"):
        portal.call(http.download, f"http://{host}/a.mp3")
    portal.call(http.close)


@pytest.mark.parametrize(
    "text", ["\\ud83d", "\\udc00 and more", "\\ud83d\\ud83d", "\\u0000\\u001b[31m", "\\u202egnp.exe"]
)
def test_half_characters_and_control_characters_go_nowhere(studios, wire, text):
    said = json.loads(f'"{text}"')
    failed = json.dumps(TASK | {"status": "failed", "error": "@"}).replace("@", text).encode()
    soundclone(wire)
    wire.script[f"{API}/audios/audio_1"] = answer(b'{"code": 20000, "msg": "ok", "data": ' + failed + b"}")
    studio = studios("soundclone")
    task = speak(studio)
    error = ended(task)
    assert isinstance(error, vn.TaskFailed)
    assert (task.status, task.cost, task.record.refunded) == ("failed", 0, Decimal("0.1012"))
    assert "\x1b" not in str(error)
    assert "\u202e" not in str(error)
    wire.script[AUDIOS] = answer(json.dumps({"code": 20002, "msg": said}).encode())
    assert isinstance(ended(speak(studio, "Again.")), vn.InvalidRequest)
    aiclone(wire, providerUsed=said)
    assert speak(studios("aiclone")).wait(30, quiet=True).data == TONE


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
@example("[")
@example("{ no JSON")
def test_whatever_is_json_is_read(value):
    read = answers.read_json(json.dumps(value).encode())
    json.dumps(read, default=str, ensure_ascii=False).encode()
    for one in (
        answers.shown_text,
        answers.id_of,
        answers.code_of,
        answers.decimal_of,
        answers.word_of,
        answers.object_of,
    ):
        one(read)
        one(value)
    answers.address_of(value, "https://api.example")


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (b'\xef\xbb\xbf{"msg": "\xe4\xbd\x99\xe9\xa2\x9d"}', ""), ('{"msg": "余额"}'.encode("gbk"), ""),
        ('{"msg": "余额"}'.encode("utf-16"), ""), ('{"msg": "余额"}'.encode(), "application/json; charset=iso-8859-1"),
        ('{"msg": "余额"}'.encode("gbk"), "application/json; charset=gbk"), ('{"msg": "余额"}trailing<html>'.encode(), ""),
        (json.dumps(json.dumps({"msg": "余额"})).encode(), ""), ('{"msg": "余额", "msg": null, "a": NaN, "b": 1e999}'.encode(), ""),
        (b'{"a": ' + b"9" * 5000 + ', "msg": "余额"}'.encode(), ""), ('\r\n\r\n {"msg": "余额"}'.encode(), "charset=zip"),
    ],
)  # fmt: skip
def test_json_is_read_in_whatever_dress_it_comes(data, media):
    assert answers.read_json(data, media)["msg"] == "余额"


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("9.9", "9.9"), ("¥ 1,234.5", "1234.5"), ("9.9 credits", "9.9"), ("$0.10", "0.10"), (" 12 ", "12"), ("free", None), ("9,5", None),
        ("0.1/10k", None), ("NaN", None), (True, None), (10**30, None), ("1e999", None), ("1_000", None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_amounts_are_exact_or_none(value, amount):
    assert answers.decimal_of(value) == (None if amount is None else Decimal(amount))


# -- what was paid for is kept -----------------------------------------------------------------------------------

CUES = [{"text": "Hello there.", "time_begin": 0.0, "time_end": 900.0, "timestamped_words": None}]
BAD_SUBTITLES = {
    "srt": b"1\n00:00:00,000 --> 00:00:01,000\nHello there.\n",
    "vtt": b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello there.\n",
    "empty": b"",
    "page": b"<!DOCTYPE html><html>not found</html>",
    "null": b"null",
    "null time": [CUES[0] | {"time_end": None}],
    "negative time": [CUES[0] | {"time_begin": -3.0}],
    "no end": [{"text": "Hello there.", "time_begin": 0}],
    "huge time": [CUES[0] | {"time_end": 10**400}],
    "text is a number": [CUES[0] | {"text": 3}],
    "an object": {"code": 20002, "msg": "no"},
    "binary": bytes(range(256)),
}


@NOTED
@pytest.mark.parametrize("name", BAD_SUBTITLES)
def test_subtitles_are_never_worth_the_audio(studios, wire, name):
    studio = studios("soundclone")
    soundclone(wire, subtitleFile=wire.url + "/s")
    wire.script["/s"] = answer(BAD_SUBTITLES[name])
    task = speak(studio, subtitles="sentence")
    clip = task.wait(30, quiet=True)
    assert clip.data == TONE
    assert clip.duration == pytest.approx(1.0)
    assert clip.subtitles is None
    assert "subtitles" in task.findings
    again = speak(studio, subtitles="sentence")
    assert again.wait(30, quiet=True).data == TONE
    assert again.cached
    assert wire.paths().count(AUDIOS) == 1


@NOTED
@pytest.mark.parametrize("url", ["/gone", "http://127.0.0.1:9/s", "file:///s", "http://[bad", None])
def test_subtitles_that_do_not_come_are_a_finding(studios, wire, url):
    soundclone(wire, subtitleFile=url)
    task = speak(studios("soundclone"), subtitles="word")
    assert task.wait(30, quiet=True).data == TONE
    assert (task.status, task.cost) == ("completed", task.estimate)
    assert "subtitles" in task.findings


def test_subtitles_that_nobody_asked_for_are_no_trouble(studios, wire):
    soundclone(wire, subtitleFile="/s")
    wire.script["/s"] = answer(b"<html>")
    task = speak(studios("soundclone"))
    assert task.wait(30, quiet=True).data == TONE
    assert task.findings is None


def test_subtitles_at_a_relative_address_and_with_half_an_emoji_are_read(studios, wire):
    soundclone(wire, subtitleFile="/s")
    wire.script["/s"] = answer(json.dumps(CUES).replace("Hello", "\\ud83d Hello").encode())
    clip = speak(studios("soundclone"), subtitles="sentence").wait(30, quiet=True)
    assert clip.subtitles.text == "\ufffd Hello there."


@NOTED
@pytest.mark.parametrize(
    "data",
    [b"1\n00:00:01,000 -->\nHello.\n", b"1\n--> 00:00:01,000\nHello.\n", b"1\nx --> y\nHello.\n", b"\xff\xfe\xff"],
)
def test_an_srt_cue_without_an_end_costs_the_subtitles_alone(studios, wire, data):
    aiclone(wire, subtitle_url="/s.srt")
    wire.script["/s.srt"] = answer(data)
    task = speak(studios("aiclone"), subtitles=True)
    clip = task.wait(30, quiet=True)
    assert (clip.data, clip.subtitles) == (TONE, None)
    assert "subtitles" in task.findings


NO_SOUND = {
    "riff": b"RIFF\x10\x00\x00\x00WAVEjunk" + bytes(200),
    "noise": bytes(range(256)) * 40,
    "zip": b"PK\x03\x04" + bytes(range(200, 256)) * 9,
}


@pytest.mark.parametrize("name", NO_SOUND)
@pytest.mark.parametrize("service", ["soundclone", "aiclone"])
def test_a_result_that_no_decoder_takes_is_kept_and_no_longer_fetched(studios, wire, service, name):
    (soundclone if service == "soundclone" else aiclone)(wire, answer(NO_SOUND[name]))
    task = speak(studios(service))
    error = ended(task)
    assert type(error) is vn.TaskFailed
    assert (task.status, task.cost) == ("failed", task.estimate)
    kept = task._runner.ledger.files.path(task.record.file)
    assert kept.read_bytes() == NO_SOUND[name]
    assert str(kept) in str(error)
    assert "counts as charged" in str(error)
    assert wire.paths().count("/a") <= 3
    assert wire.paths().count(SPEAKS[service]) == 1


@NOTED
@pytest.mark.parametrize("audio", [answer(NO_SOUND["riff"]), answer(b"", status=404), answer(b"<html>expired</html>")])
def test_a_voice_is_kept_whatever_becomes_of_its_previews_sound(studios, wire, ada, audio):
    soundclone(wire, audio, modelId=90210, model="soundCloningClone")
    wire.script[f"{API}/soundCloning/clones"] = wire.script[AUDIOS]
    studio = studios("soundclone")
    said = ""
    try:
        studio.clone("https://example.com/me.wav", name="me", consent="mine", quiet=True)
    except vn.ServiceError as error:
        said = str(error)
    assert not said or "task.wait" in said
    assert studio.voice("me").id == "90210"


def test_a_page_in_place_of_the_audio_is_kept_once_and_the_task_stays_open(studios, wire):
    soundclone(wire, answer(b"<html><title>Log in</title></html>"))
    task = speak(studios("soundclone"))
    error = ended(task)
    assert type(error) is vn.ServiceError
    assert task.status == "downloading"
    assert wire.paths().count("/a") == 3
    wire.script["/a"] = answer(TONE)
    assert task.wait(30, quiet=True).data == TONE


@NOTED
def test_audio_that_breaks_off_every_time_is_kept_as_far_as_it_came(studios, wire):
    soundclone(wire, answer(TONE)[:-9000])
    task = speak(studios("soundclone"))
    clip = task.wait(30, quiet=True)
    assert clip.data == TONE[:-9000]
    assert "broke off" in task.findings
    assert wire.paths().count("/a") == 3


def test_audio_that_breaks_off_here_and_there_is_fetched_until_it_comes_whole(studios, wire):
    soundclone(wire)
    wire.script["/a"] = [GOOD[:-9000], GOOD[:-500], GOOD[:-20000], GOOD]
    task = speak(studios("soundclone"))
    assert task.wait(30, quiet=True).data == TONE
    assert task.findings is None


def test_what_came_of_audio_that_never_comes_whole_is_on_disk(studios, wire):
    soundclone(wire)
    wire.script["/a"] = [GOOD[:-9000], GOOD[:-500], GOOD[:-20000], GOOD[:-300]] * 6
    studio = studios("soundclone")
    task = speak(studio)
    error = ended(task)
    assert type(error) is vn.ServiceError
    kept = [path for path in (studio.home / "files").rglob("*.wav") if str(path) in str(error)]
    assert [path.read_bytes() for path in kept] == [TONE[:-300]]
    assert task.status == "downloading"


def test_packed_and_partial_answers_are_whole_answers(studios, wire):
    studio = studios("soundclone")
    size = len(TONE)
    for number, reply in enumerate(
        (
            answer(gzip.compress(TONE), headers={"Content-Encoding": "gzip"}),
            answer(gzip.compress(TONE)),
            answer(TONE, headers={"Content-Encoding": "gzip"}),
            answer(TONE, headers={"Content-Encoding": "aws-chunked"}),
            answer(TONE, status=206, headers={"Content-Range": f"bytes 0-{size - 1}/{size}"}),
        )
    ):
        soundclone(wire, reply)
        assert speak(studio, f"Hello {number}.").wait(30, quiet=True).data == TONE


def test_a_submission_that_is_called_completed_at_once_is_still_asked_for(studios, wire):
    soundclone(wire)
    wire.script[AUDIOS] = envelope(TASK | {"status": "completed"})
    assert speak(studios("soundclone")).wait(30, quiet=True).data == TONE


def test_an_answer_about_another_task_is_not_taken(studios, wire):
    studio = studios("soundclone")
    soundclone(wire)
    first = speak(studio)
    first.wait(30, quiet=True)
    wire.script[AUDIOS] = envelope(TASK | {"id": "audio_2"})
    wire.script[f"{API}/audios/audio_2"] = wire.script[f"{API}/audios/audio_1"]
    second = speak(studio, "Another text.")
    assert "about another task" in str(ended(second))
    assert second.status in {"queued", "processing"}


# -- Faseeh's sound ----------------------------------------------------------------------------------------------


def floats(pcm):
    return (np.frombuffer(pcm, "<i2") / 32768).astype("<f4").tobytes()


def mulaw(pcm):
    levels = np.minimum(np.abs(np.frombuffer(pcm, "<i2").astype(int)), 32635) + 132
    exponent = np.floor(np.log2(levels)).astype(int) - 7
    code = (exponent << 4) | ((levels >> (exponent + 3)) & 15) | np.where(np.frombuffer(pcm, "<i2") < 0, 128, 0)
    return (~code & 255).astype("u1").tobytes()


@pytest.fixture(scope="module")
def packed():
    """The tone in files."""
    sound = np.frombuffer(PCM, "<i2").astype(np.float32) / 32768
    return {
        "mp3": encode(sound, 24000, "mp3"),
        "ogg": encode(sound, 24000, "ogg"),
        "flac": encode(sound, 24000, "flac"),
    }


@pytest.mark.parametrize("media", ["application/octet-stream", "", "audio/mpeg", "audio/raw; codec=pcm16", "text/html"])
@pytest.mark.parametrize("form", ["mp3", "ogg", "flac"])
def test_a_container_is_what_it_is_whatever_it_is_called(studios, wire, packed, form, media):
    wire.script[SPEECH] = answer(packed[form], headers={"Content-Type": media} if media else {})
    clip = speak(studios("faseeh")).wait(30, quiet=True)
    assert clip.data == packed[form]
    assert clip.duration == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("media", ["application/octet-stream", "", "audio/raw"])
@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><html><title>Log in</title></html>", b'{"message": "accepted"}', b"busy, come back"]
)
def test_a_text_in_place_of_sound_is_unknown_and_kept(studios, wire, body, media):
    wire.script[SPEECH] = answer(body, headers={"Content-Type": media} if media else {})
    task = speak(studios("faseeh"))
    error = ended(task)
    assert type(error) is vn.OutcomeUnknown
    assert (task.status, task.cost) == ("unknown", None)
    assert task._runner.ledger.files.path(task.record.file).read_bytes() == body


def test_a_refusal_that_is_called_sound_is_a_refusal(studios, wire):
    body = {"errorCode": "40201", "errorMessage": "balance"}
    for streams in (False, True):
        wire.script[SPEECH] = answer(body, headers={"Content-Type": "application/octet-stream"})
        voice = studios("faseeh", f"home{streams}").voice(VOICES["faseeh"])
        with pytest.raises(vn.InsufficientBalance):
            _ = list(voice.stream("Hello there.")) if streams else voice.say("Hello there.", quiet=True)


NAMED = {
    "audio/raw; codec=pcm_f32le; rate=24000": floats(PCM),
    "audio/pcm;encoding=float32;rate=24000": floats(PCM),
    "audio/L16; rate=24000; channels=1": np.frombuffer(PCM, "<i2").astype(">i2").tobytes(),
    "audio/raw;codec=pcm_s16be;samplerate=24000": np.frombuffer(PCM, "<i2").astype(">i2").tobytes(),
    "audio/raw; codec=mulaw; rate=24000": mulaw(PCM),
    "audio/PCMU;rate=24000": mulaw(PCM),
    "audio/raw; codec=pcm16; rate=24000; channels=1": PCM,
    "audio/raw; codec=pcm_s32le; rate=24000": (np.frombuffer(PCM, "<i2").astype("<i4") << 16).astype("<i4").tobytes(),
}


@pytest.mark.parametrize("media", NAMED)
def test_a_codec_that_is_named_is_believed(studios, wire, media):
    wire.script[SPEECH] = answer(NAMED[media], headers={"Content-Type": media})
    clip = speak(studios("faseeh")).wait(30, quiet=True)
    assert clip.rate == 24000
    sound = np.frombuffer(PCM, "<i2") / 32768
    assert np.abs(clip.samples - sound).max() < 0.01
    stream = studios("faseeh", "other").voice(VOICES["faseeh"]).stream("Hello there.")
    heard = np.concatenate([piece.samples for piece in stream])
    assert np.abs(heard - sound).max() < 0.01
    assert np.abs(stream.clip.samples - sound).max() < 0.01


def test_what_nobody_names_and_is_no_speech_is_kept_and_not_played(studios, wire):
    for number, body in enumerate((floats(PCM), mulaw(PCM), np.random.default_rng(1).bytes(60_000))):
        wire.script[SPEECH] = answer(body, headers={"Content-Type": "application/octet-stream"})
        studio = studios("faseeh", f"home{number}")
        task = speak(studio)
        assert type(ended(task)) is vn.TaskFailed
        assert (task.status, task.cost) == ("failed", task.estimate)
        assert studio.session.ledger.files.path(task.record.file).read_bytes() == body
        stream = studio.voice(VOICES["faseeh"]).stream("Another one.")
        with pytest.raises(vn.TaskFailed, match="counts as charged"):
            list(stream)
        assert studio.session.ledger.files.path(stream.task.record.file).read_bytes() == body


@pytest.mark.parametrize("form", ["mp3", "ogg", "flac"])
@pytest.mark.parametrize("media", ["audio/raw; codec=pcm16; rate=24000", "audio/mpeg", ""])
def test_a_file_in_a_stream_is_an_error_that_keeps_it(studios, wire, packed, form, media):
    wire.script[SPEECH] = answer(packed[form], headers={"Content-Type": media} if media else {})
    studio = studios("faseeh")
    stream = studio.voice(VOICES["faseeh"]).stream("Hello there.")
    with pytest.raises(vn.TaskFailed, match="counts as charged"):
        list(stream)
    assert (stream.task.status, stream.task.cost) == ("failed", Decimal(6))
    kept = studio.session.ledger.files.path(stream.task.record.file)
    assert kept.read_bytes() == packed[form]
    assert kept.suffix == f".{form}"


def test_a_page_in_a_stream_is_unknown(studios, wire):
    wire.script[SPEECH] = answer(b"<html><title>Log in</title></html>", headers={"Content-Type": "audio/raw"})
    stream = studios("faseeh").voice(VOICES["faseeh"]).stream("Hello there.")
    with pytest.raises(vn.OutcomeUnknown):
        list(stream)
    assert stream.task.status == "unknown"


@pytest.mark.parametrize("sent", [0, 100, 3000])
def test_a_stream_that_breaks_off_before_its_first_piece_is_not_free(studios, wire, sent):
    whole = answer(PCM, headers={"Content-Type": "audio/raw; codec=pcm16; rate=24000"})
    wire.script[SPEECH] = whole[: len(whole) - len(PCM) + sent]
    stream = studios("faseeh").voice(VOICES["faseeh"]).stream("Hello there.")
    with pytest.raises(vn.TaskFailed if sent else vn.OutcomeUnknown):
        list(stream)
    assert stream.task.charged() != "nothing was charged"
    if sent:
        assert stream.task._runner.ledger.files.path(stream.task.record.file).read_bytes() == wav_of(
            PCM[:sent], 24000, 1
        )


def test_real_speech_is_told_from_other_bytes():
    folder = Path(__file__).parents[3] / "shared" / "speech"
    if not folder.is_dir():
        pytest.skip("the real recordings are not beside this checkout")
    for path in sorted(folder.rglob("*.flac"))[:6]:
        samples, _ = sf.read(path, dtype="float64", always_2d=True)
        pcm = (samples[:, 0] * 32767).astype("<i2").tobytes()
        assert is_plausible(pcm)
        assert is_plausible(pcm[:48000])
        assert container_of(pcm) is None
        for other in (floats(pcm), mulaw(pcm), np.frombuffer(pcm, "<i2").astype(">i2").tobytes()):
            assert not is_plausible(other)


def test_a_frame_alone_makes_no_mp3():
    head = struct.pack(">I", 0xFFFB9064)
    assert container_of(head + bytes(413) + head + bytes(413)) == "mpeg"
    assert container_of(head + bytes(5000)) is None


@pytest.mark.parametrize("text", ["[", "{ no JSON", "[" * 5000])
def test_a_text_that_begins_like_json_is_a_text(text):
    assert answers.read_json(json.dumps(text).encode()) == answers.read_json(json.dumps(f"-{text}").encode())[1:]
