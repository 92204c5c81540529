"""Uploads, their URLs, and references fetched from loopback or refused. Nothing here needs the voice."""

from __future__ import annotations

import httpx
import pytest
from sandbox_process import API

TAKEN = "mp3 ogg wav m4a aac mp4 avi mov mkv flv flac webm m4v"


@pytest.mark.parametrize("extension", TAKEN.split())
def test_an_upload_answers_with_a_url_that_keeps_the_extension(sandbox, extension):
    """Its bytes come back from the URL without a key."""
    content = bytes(range(256)) * 4
    data = sandbox.upload(f"My voice.{extension.upper()}", content)
    assert set(data) == {"url", "filename", "size", "mime_type"}
    assert data["filename"] == f"My voice.{extension.upper()}"
    assert data["size"] == len(content)
    assert data["url"].endswith(f".{extension}")
    answer = httpx.get(data["url"], trust_env=False)
    assert answer.content == content
    assert answer.headers["Content-Type"] == data["mime_type"]
    assert answer.headers["Content-Length"] == str(len(content))


def test_urls_answer_head_and_ranges(sandbox):
    """A player may ask for a part."""
    url = sandbox.upload("a.wav", b"0123456789")["url"]
    head = httpx.head(url, trust_env=False)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "10", b"")
    part = httpx.get(url, headers={"Range": "bytes=2-4"}, trust_env=False)
    assert (part.status_code, part.content) == (206, b"234")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.exe", b"x", id="extension"),
        pytest.param("wav", b"x", id="no extension"),
        pytest.param("a.json", b"x", id="json"),
        pytest.param("a.wav/../b", b"x", id="path"),
        pytest.param("a.wav", b"", id="empty"),
    ],
)
def test_uploads_that_are_refused(sandbox, name, content):
    """20002, without data."""
    answer = sandbox.client.post(f"{API}/files/upload", files={"file": (name, content)}).json()
    assert answer["code"] == 20002
    assert set(answer) == {"code", "msg"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nnameless\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="other"; filename="a.wav"\r\n\r\nRIFF\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF and then it was cut',
        ),
    ],
)
def test_bodies_that_are_no_upload(sandbox, kind, body):
    """20002: another type, no boundary, no part, no file, another name, cut short."""
    answer = sandbox.client.post(f"{API}/files/upload", content=body, headers={"Content-Type": kind}).json()
    assert answer["code"] == 20002


@pytest.mark.slow
def test_a_hundred_megabytes_and_not_a_byte_more(sandbox):
    """The limit is inclusive; the refusal arrives although the client was still sending."""
    limit = 100 * 1024 * 1024
    assert sandbox.upload("a.wav", bytes(limit))["size"] == limit
    for size in (limit + 1, limit + 1024 * 1024):
        answer = sandbox.client.post(f"{API}/files/upload", files={"file": ("a.wav", bytes(size))}).json()
        assert answer["code"] == 20002
        assert "larger" in answer["msg"]


@pytest.mark.parametrize(
    "path", ["/files/uploads/x.wav", "/files/uploads/..%2f..%2fkey", "/files/profiles/x", "/files/"]
)
def test_other_files_are_not_served(sandbox, path):
    """Neither guesses nor paths out of the folder."""
    assert sandbox.client.get(path).status_code == 404
    assert sandbox.client.get(f"/files/uploads/{'0' * 32}.wav").status_code == 404


@pytest.mark.parametrize(
    ("status", "headers", "body", "reason"),
    [
        pytest.param(404, {}, b"x", "HTTP 404", id="missing"),
        pytest.param(500, {}, b"x", "HTTP 500", id="broken"),
        pytest.param(200, {}, b"", "empty", id="empty"),
        pytest.param(302, {"Location": "http://example.com/a.wav"}, b"", "loopback", id="redirect elsewhere"),
        pytest.param(302, {"Location": "file:///etc/passwd"}, b"", "loopback", id="redirect to a file"),
        pytest.param(302, {"Location": "/a.wav"}, b"", "redirects", id="redirect in a circle"),
        pytest.param(302, {"Location": "http://[/a.wav"}, b"", "fetched", id="redirect to nowhere"),
    ],
)
def test_references_that_cannot_be_fetched_fail_with_the_reason(sandbox, elsewhere, status, headers, body, reason):
    """The task fails in words and is refunded."""
    url = elsewhere("/a.wav", status, headers, body)
    data = sandbox.finished(sandbox.submit("clones", {"fileUrl": url}))
    assert data["status"] == "failed"
    assert reason in data["error"]
    assert "loopback" in reason or "fetched" in data["error"]
    entry = sandbox.books()[data["id"]]
    assert entry["charge"] == entry["refund"] > 0


@pytest.mark.parametrize(
    "host", ["example.com", "10.0.0.1", "192.168.1.1", "169.254.169.254", "localhost.example.com", "0.0.0.0"]
)
def test_nothing_but_loopback_is_fetched(sandbox, host):
    """Whatever the name: no request leaves the machine."""
    data = sandbox.finished(sandbox.submit("clones", {"fileUrl": f"http://{host}/a.wav"}))
    assert data["status"] == "failed"
    assert "only from its own uploads and from loopback" in data["error"]


def test_a_closed_port_on_loopback_fails_the_task(sandbox):
    """In words, too."""
    data = sandbox.finished(sandbox.submit("clones", {"fileUrl": "http://127.0.0.1:1/a.wav"}))
    assert data["status"] == "failed"
    assert "could not be fetched" in data["error"]
