"""Who gets in, and what happens to requests that no client should send."""

from __future__ import annotations

import contextlib
import socket

import httpx
import pytest
from sandbox_process import API

ROUTES = [
    ("POST", f"{API}/soundCloning/clones"),
    ("POST", f"{API}/soundCloning/audios"),
    ("GET", f"{API}/audios/audio_x"),
    ("POST", f"{API}/files/upload"),
    ("GET", f"{API}/user/balance"),
    ("GET", f"{API}/key/balance"),
]
CONTROL = [
    ("GET", "/sandbox/lifeline"),
    ("GET", "/sandbox/status"),
    ("GET", "/sandbox/speakers"),
    ("GET", "/sandbox/speakers/ada"),
    ("GET", "/sandbox/books"),
    ("POST", "/sandbox/account"),
    ("POST", "/sandbox/clock"),
    ("GET", "/sandbox/settings"),
    ("POST", "/sandbox/settings"),
    ("POST", "/sandbox/uploads"),
]


def bare(sandbox, method, path, **given):
    return httpx.request(method, sandbox.url + path, trust_env=False, timeout=30, **given)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("header", [None, "Bearer sk_wrong", "Bearer", "Basic {key}", "{key}", "Bearer sk_é"])
def test_the_api_needs_the_key(sandbox, method, path, header):
    """20001 in an envelope without data, at HTTP 200 as the live service has it."""
    headers = {} if header is None else {"Authorization": header.format(key=sandbox.key).encode()}
    answer = bare(sandbox, method, path, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["code"] == 20001
    assert set(answer.json()) == {"code", "msg"}
    assert sandbox.key not in answer.text


@pytest.mark.parametrize(("method", "path"), CONTROL)
def test_the_control_routes_need_the_key(sandbox, method, path):
    """They say so with HTTP's own status; either way to send it will do."""
    assert bare(sandbox, method, path).status_code == 401
    assert bare(sandbox, method, path, headers={"x-api-key": "sk_wrong"}).status_code == 401
    assert bare(sandbox, method, path, headers={"Authorization": "Bearer sk_wrong"}).status_code == 401


def test_the_scheme_of_the_key_is_read_in_any_case(sandbox):
    """As HTTP has it."""
    answer = bare(sandbox, "GET", f"{API}/user/balance", headers={"Authorization": f"bearer {sandbox.key}"})
    assert answer.json()["code"] == 20000


@pytest.mark.parametrize("path", [f"{API}/user/balance", "/sandbox/status", "/files/results/x.mp3", "/nowhere"])
def test_a_foreign_host_is_refused(sandbox, path):
    """A rebound DNS name, another port, or no port: 403, key or not."""
    port = httpx.URL(sandbox.url).port
    for host in ("example.com", f"example.com:{port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.example.com:{port}"):
        assert sandbox.client.get(path, headers={"Host": host}).status_code == 403
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
        assert sandbox.client.get(path, headers={"Host": host}).status_code != 403


@pytest.mark.parametrize("path", [f"{API}/user/balance", "/sandbox/status", "/files/results/x.mp3"])
def test_a_foreign_origin_is_refused(sandbox, path):
    """Only pages from this machine may ask."""
    for origin in ("https://example.com", "null", "http://127.0.0.1.example.com", "file://", "http://[", ""):
        assert sandbox.client.get(path, headers={"Origin": origin}).status_code == 403
    for origin in ("http://localhost:8888", "http://127.0.0.1", "https://[::1]:1"):
        assert sandbox.client.get(path, headers={"Origin": origin}).status_code != 403


def test_it_listens_on_loopback_only(sandbox):
    """The machine's other addresses do not reach it."""
    port = httpx.URL(sandbox.url).port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # sends nothing; shows which address would be used
        address = probe.getsockname()[0]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), timeout=5)


def test_unknown_paths_and_methods_have_the_envelope(sandbox):
    """404 and 405, with a code that is not success."""
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("GET", "/", 404),
        ("GET", f"{API}/user/balance/", 404),
        ("DELETE", f"{API}/user/balance", 405),
    ):
        answer = sandbox.client.request(method, path)
        assert answer.status_code == status
        assert answer.json()["code"] == 20002
        assert set(answer.json()) == {"code", "msg"}
    assert sandbox.client.get(f"{API}/soundCloning/clones").headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "path", [f"{API}/soundCloning/clones", f"{API}/soundCloning/audios", "/sandbox/account", "/sandbox/clock"]
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"speed": NaN}',
        b'{"speed": Infinity}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
        b'{"a": "\x00"}',
    ],
    ids=lambda body: repr(body[:16]),
)
def test_garbage_bodies_are_bad_parameters(sandbox, path, body):
    """Whatever comes instead of a JSON object."""
    answer = sandbox.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["code"] == 20002
    assert answer.status_code == (200 if path.startswith(API) else 400)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_other_content_types_are_bad_parameters(sandbox, kind):
    """JSON must say that it is JSON."""
    headers = {} if kind is None else {"Content-Type": kind}
    answer = sandbox.client.post(
        f"{API}/soundCloning/clones", content=b'{"fileUrl": "http://a/b.mp3"}', headers=headers
    )
    assert answer.json()["code"] == 20002
    assert "application/json" in answer.json()["msg"]
    good = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = sandbox.client.post(f"{API}/soundCloning/clones", content=b'{"fileUrl": "http://a/b.mp3"}', headers=good)
    assert answer.json()["code"] == 20000


def test_huge_json_is_refused_in_words(sandbox):
    """The answer arrives although the body was not kept."""
    body = b'{"fileUrl": "' + b"a" * 30_000_000 + b'"}'
    answer = sandbox.client.post(
        f"{API}/soundCloning/clones", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.json()["code"] == 20002
    assert "larger" in answer.json()["msg"]


@pytest.mark.parametrize("task", ["audio_x", "audio_16b635ba-5889-4fa5-bbcc-bf67a38c353a", "%00", "a%2Fb", "é", "'"])
def test_unknown_task_ids(sandbox, task):
    """Bad parameters in words; an id with a slash is another path."""
    answer = sandbox.client.get(f"{API}/audios/{task}")
    assert answer.json()["code"] == 20002


def test_a_client_that_leaves_in_mid_body_does_no_harm(sandbox):
    """Neither in a JSON body nor in an upload; the server goes on."""
    address = httpx.URL(sandbox.url)
    for path, kind in (
        (f"{API}/soundCloning/clones", "application/json"),
        (f"{API}/files/upload", "multipart/form-data; boundary=x"),
    ):
        with socket.create_connection((address.host, address.port)) as leaving:
            leaving.sendall(
                f"POST {path} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nAuthorization: Bearer {sandbox.key}\r\n"
                f"Content-Type: {kind}\r\nContent-Length: 1000\r\n\r\n--x\r\n".encode()
            )
    assert sandbox.status()["pid"] == sandbox.pid


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/account", {}),
        ("/sandbox/account", {"balance": -1}),
        ("/sandbox/account", {"balance": "5"}),
        ("/sandbox/account", {"balance": True}),
        ("/sandbox/account", {"balance": None}),
        ("/sandbox/account", {"balance": 0.0000001}),
        ("/sandbox/account", {"balance": 1e300}),
        ("/sandbox/account", {"balance": 10**400}),
        ("/sandbox/account", {"balance": 1, "service": "nobody"}),
        ("/sandbox/account", {"balance": 1, "service": []}),
        ("/sandbox/clock", {}),
        ("/sandbox/clock", {"advance": -1}),
        ("/sandbox/clock", {"advance": "1"}),
        ("/sandbox/clock", {"advance": 1e30}),
        ("/sandbox/clock", {"advance": 10**400}),
        ("/sandbox/settings", {"degraded": 1.5}),
        ("/sandbox/settings", {"degraded": "0.2"}),
        ("/sandbox/settings", {"concurrency": 0}),
        ("/sandbox/settings", {"locked_models": "all"}),
        ("/sandbox/settings", {"no such thing": 1}),
    ],
)
def test_control_routes_refuse_bad_values(sandbox, path, body):
    """400 or 404 in words; nothing changes."""
    before = sandbox.balance(), sandbox.client.get("/sandbox/settings").json()
    assert sandbox.client.post(path, json=body).status_code in {400, 404}
    assert (sandbox.balance(), sandbox.client.get("/sandbox/settings").json()) == before
