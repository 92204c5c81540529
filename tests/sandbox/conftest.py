"""Sandboxes to test against, and a server beside them."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sandbox_process import copy_of, running


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """The sandbox that most tests share; its clock is never moved."""
    with running(tmp_path_factory.mktemp("shared"), "--balance", "1000000") as server:
        yield server


@pytest.fixture
def launch(tmp_path):
    """Starts sandboxes of the test's own, by default in the test's own home, which takes seconds each."""

    def started(*flags, home=None):
        return running(home or tmp_path / "home", *flags)

    return started


@pytest.fixture(scope="session")
def ada(sandbox):
    """A sample speaker's recording: about twenty seconds of speech, as the bytes of a WAV."""
    answer = sandbox.client.get("/sandbox/speakers/ada")
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.fixture
def warm(tmp_path, sandbox, voice):
    """The test's own copy of the shared sandbox's home: ada's voice is in its books."""
    return copy_of(sandbox, tmp_path / "home")


@pytest.fixture(scope="session")
def voice(sandbox, ada):
    """The query's data of a completed preview in ada's voice."""
    url = sandbox.upload("ada.wav", ada)["url"]
    data = sandbox.finished(
        sandbox.submit("clones", {"fileUrl": url, "contentText": "Good morning.", "language": "English"})
    )
    assert data["status"] == "completed", data
    return data


@pytest.fixture(scope="session")
def reference(sandbox, ada, voice):
    """A URL of ada's recording; the engine knows her voice."""
    return sandbox.published("ada.wav", ada)


@pytest.fixture(scope="session")
def broke(tmp_path_factory):
    """A sandbox whose accounts are empty: what is valid is refused with its price."""
    with running(tmp_path_factory.mktemp("broke"), "--balance", "0") as server:
        yield server


@pytest.fixture
def elsewhere():
    """Another server on loopback: `serve(path, status, headers, body)` sets its answers; gives its address."""

    answers = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = answers[self.path]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def serve(path, status=200, headers=None, body=b""):
        answers[path] = (status, headers or {}, body)
        return f"http://127.0.0.1:{server.server_port}{path}"

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()
