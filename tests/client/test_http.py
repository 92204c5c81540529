"""The transport and SoundClone's envelope, against answers that a network and a service can really give."""

import pytest
from wire import AUDIOS, RESET, TASK, Wire, answer, envelope

from voicenb.base import portal
from voicenb.base.keys import Secret
from voicenb.errors import (
    AuthenticationError,
    BadReference,
    InsufficientBalance,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    VoiceExpired,
)
from voicenb.services.base import Upload
from voicenb.services.http import Http
from voicenb.services.soundclone import PreviewRequest, ProductionRequest, SoundClone

CANARY = "sk_canary_1a2b3c"


@pytest.fixture
def service(wire):
    http = Http("soundclone", wire.url, Secret(CANARY))
    yield SoundClone(http)
    portal.call(http.close)


def submit(service):
    return portal.call(
        lambda: service.submit(ProductionRequest.build({"voice": "model_1", "text": "Hello."}, strict=True), task="t1")
    )


def test_the_key_goes_to_the_services_own_origin_and_into_nothing_else(service, wire):
    wire.script[AUDIOS] = envelope(TASK)
    submit(service)
    assert wire.seen[0].headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in wire.seen[0].body.decode()
    with Wire({"/a.mp3": answer(b"audio")}) as other:
        assert portal.call(service.download, other.url + "/a.mp3") == b"audio"
        assert "authorization" not in other.seen[0].headers
    assert CANARY not in repr(service._http) + repr(vars(service._http))


def test_a_download_follows_redirects_without_credentials(service, wire):
    with Wire({"/b.mp3": answer(b"audio")}) as other:
        wire.script["/a.mp3"] = answer(b"", status=302, headers={"Location": f"{other.url}/b.mp3"})
        assert portal.call(service.download, wire.url + "/a.mp3") == b"audio"
        assert all("authorization" not in one.headers for one in (*wire.seen, *other.seen))


def test_a_submission_is_not_redirected(service, wire):
    with Wire({AUDIOS: envelope(TASK)}) as other:
        wire.script[AUDIOS] = answer(b"", status=307, headers={"Location": other.url + AUDIOS})
        with pytest.raises(ServiceError, match="307"):
            submit(service)
        assert not other.seen


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/a.mp3", "/a.mp3", "http://"])
def test_a_result_address_that_is_no_web_address_is_not_fetched(service, url):
    with pytest.raises(ServiceError):
        portal.call(service.download, url)


def test_a_live_service_cannot_point_at_this_machine(wire):
    http = Http("soundclone", "https://www.jimmyai.cn", Secret(CANARY))
    with pytest.raises(ServiceError, match="this machine"):
        portal.call(http.download, wire.url + "/a.mp3")
    assert not wire.seen
    portal.call(http.close)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param(RESET, OutcomeUnknown, id="reset after the request"),
        pytest.param(answer(b"<html>bad gateway</html>", status=502), OutcomeUnknown, id="gateway error"),
        pytest.param(answer(b"{not json"), OutcomeUnknown, id="garbage"),
        pytest.param(answer([1, 2]), OutcomeUnknown, id="JSON that is no envelope"),
        pytest.param(answer(b"[" * 100_000), OutcomeUnknown, id="JSON nested too deep"),
        pytest.param(envelope(), OutcomeUnknown, id="an envelope without data"),
        pytest.param(envelope(TASK | {"id": None}), OutcomeUnknown, id="no task id"),
        pytest.param(envelope(code=20001, msg="bad key"), AuthenticationError, id="key refused"),
        pytest.param(envelope(code="20001", msg="bad key"), AuthenticationError, id="a code as text"),
        pytest.param(answer(b"", status=401), AuthenticationError, id="HTTP 401"),
        pytest.param(answer(b"", status=429, headers={"Retry-After": "7"}), RateLimited, id="HTTP 429"),
        pytest.param(envelope(code=20002, msg="speed: out of range"), InvalidRequest, id="bad parameter"),
        pytest.param(envelope(code=20002, msg="modelId has expired"), VoiceExpired, id="expired voice"),
        pytest.param(envelope(code=20002, msg="fileUrl: not audio"), BadReference, id="bad reference"),
        pytest.param(envelope(code=20003, msg="insufficient balance"), InsufficientBalance, id="no money"),
        pytest.param(envelope(code=30000, msg="余额不足"), InsufficientBalance, id="no money, in Chinese"),
        pytest.param(envelope(code=-1, msg="server error"), ServiceError, id="server error"),
        pytest.param(envelope(code=31337, msg="never seen"), ServiceError, id="unknown code"),
    ],
)
def test_every_answer_to_a_submission_is_one_typed_error_and_is_sent_once(service, wire, reply, kind):
    wire.script[AUDIOS] = reply
    with pytest.raises(kind) as caught:
        submit(service)
    assert type(caught.value).__name__ == kind.__name__ or kind is not ServiceError
    assert wire.paths() == [AUDIOS]
    assert CANARY not in str(caught.value)


def test_retry_after_is_kept(service, wire):
    wire.script[AUDIOS] = answer(b"", status=429, headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as caught:
        submit(service)
    assert caught.value.retry_after == 7


def test_a_refused_connection_is_no_unknown_outcome():
    with Wire() as gone:
        url = gone.url
    http = Http("soundclone", url, Secret(CANARY))
    with pytest.raises(ServiceError, match="could not be reached"):
        submit(SoundClone(http))
    portal.call(http.close)


def test_a_truncated_download_is_noticed(service, wire):
    whole = answer(b"x" * 1000)
    wire.script["/a.mp3"] = whole[:-10]
    with pytest.raises(ServiceError):
        portal.call(service.download, wire.url + "/a.mp3")


def test_unknown_statuses_keep_polling_and_null_is_tolerated(service, wire):
    path = "/api/open-api/v1/audios/audio_1"
    wire.script[path] = envelope(TASK | {"status": "warming", "audioUrl": None, "modelId": None})
    assert portal.call(service.query, "audio_1").status == "processing"
    wire.script[path] = envelope(TASK | {"status": "canceled"})
    assert portal.call(service.query, "audio_1").status == "cancelled"


def test_a_remote_id_is_one_path_segment(service, wire):
    portal_path = "/api/open-api/v1/audios/..%2F..%2Fkeys"
    wire.script[portal_path] = envelope(TASK)
    portal.call(service.query, "../../keys")
    assert wire.paths() == [portal_path]


def test_prices_and_balance_are_read_exactly_and_oddities_are_left_out(service, wire):
    wire.script["/api/openapi/model/catalog"] = answer(
        b'{"code": 20000, "msg": "ok", "data": {"list": [{"model": "sound-cloning-audio", "price": 0.1},'
        b'{"name": "sound-cloning-voice", "unit_price": "0.3"}, {"model": "sound-cloning-clone", "price": "free"},'
        b'{"model": "other", "price": 1}, null, 3]}}'
    )
    assert {name: str(price) for name, price in portal.call(service.prices).items()} == {
        "sound-cloning-audio": "0.1",
        "sound-cloning-voice": "0.3",
    }
    assert "authorization" not in wire.seen[0].headers
    wire.script["/api/open-api/v1/user/balance"] = answer(
        b'{"code": 20000, "msg": "ok", "data": {"balance": 10, "used_coin": 0.1, "available": 9.9}}'
    )
    assert str(portal.call(service.balance)) == "9.9 credits"


@pytest.mark.parametrize("url", ["http://www.jimmyai.cn", "ftp://x", "jimmyai.cn", ""])
def test_a_base_url_that_would_show_the_key_is_refused(url):
    with pytest.raises(ServiceError, match="Nothing was sent"):
        Http("soundclone", url, Secret(CANARY))


def test_a_base_url_with_a_path_is_kept_exactly(wire):
    wire.script["/proxy/v9" + AUDIOS] = envelope(TASK)
    http = Http("soundclone", wire.url + "/proxy/v9", Secret(CANARY))
    assert submit(SoundClone(http)).remote_id == "audio_1"
    portal.call(http.close)


def test_a_preview_sends_the_url_that_the_upload_gave_as_it_is(service, wire):
    wire.script["/api/open-api/v1/files/upload"] = envelope({"url": "https://files.example/声音.bin"})
    wire.script["/api/open-api/v1/soundCloning/clones"] = envelope(TASK)
    url = portal.call(service.publish, Upload("a.wav", b"RIFF", "audio/wav"))
    request = PreviewRequest.build({"text": "Hello."}).model_copy(update={"reference": url})
    portal.call(lambda: service.submit(request, task="t1"))
    assert b'filename="a.wav"' in wire.seen[0].body
    assert b"RIFF" in wire.seen[0].body
    assert "https://files.example/" in wire.seen[1].body.decode()
