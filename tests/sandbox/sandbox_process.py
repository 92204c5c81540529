"""A real sandbox in its own process, and raw HTTP against it: what the tests here share."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from homes import warmed

API = "/api/open-api/v1"


@dataclass
class Running:
    """A sandbox process that said its line, and an HTTP client that holds its key."""

    process: subprocess.Popen
    home: Path
    line: str
    log: Path
    client: httpx.Client

    @property
    def said(self):
        return json.loads(self.line)

    @property
    def url(self):
        return self.said["services"]["soundclone"]["base_url"]

    @property
    def key(self):
        return self.said["services"]["soundclone"]["api_key"]

    @property
    def pid(self):
        return self.process.pid

    def submit(self, path, body, **headers):
        return self.client.post(f"{API}/soundCloning/{path}", json=body, headers=headers).json()

    def query(self, task):
        answer = self.client.get(f"{API}/audios/{task}")
        assert answer.json()["code"] == 20000, answer.text
        return answer

    def finished(self, submitted, timeout=240):
        """Follow a submission to its end; gives the last query's data."""
        assert submitted["code"] == 20000, submitted
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            answer = self.query(submitted["data"]["id"])
            data = answer.json()["data"]
            if data["status"] in {"completed", "failed"}:
                return data
            time.sleep(float(answer.headers["X-Poll-After"]))
        raise AssertionError(f"still {data}\n{self.log.read_text()}")

    def idle(self, timeout=240):
        """Wait until nothing that was accepted is still to be performed."""
        deadline = time.monotonic() + timeout
        while any(self.status()["tasks"].get(name) for name in ("queued", "processing")):
            assert time.monotonic() < deadline, self.status()
            time.sleep(0.02)

    def upload(self, name, content):
        answer = self.client.post(f"{API}/files/upload", files={"file": (name, content)}).json()
        assert answer["code"] == 20000, answer
        return answer["data"]

    def balance(self):
        return self.client.get(f"{API}/user/balance").json()["data"]

    def set_balance(self, credits_left, service="soundclone"):
        answer = self.client.post("/sandbox/account", json={"balance": credits_left, "service": service})
        assert answer.status_code == 200

    def account(self, service):
        return self.status()["accounts"][service]

    @contextmanager
    def settings(self, **changed):
        """Other settings for a while."""
        before = self.client.get("/sandbox/settings").json()
        assert self.client.post("/sandbox/settings", json=changed).json() == before | changed
        yield
        assert self.client.post("/sandbox/settings", json=before).json() == before

    def published(self, name, content):
        """The URL of an upload that belongs to no service."""
        return self.client.post("/sandbox/uploads", files={"file": (name, content)}).json()["url"]

    def clone(self, headers=None, **body):
        """Submit to aiclone."""
        return self.client.post("/api/v2/voice/clone", json=body, headers=headers)

    def followed(self, task, timeout=240):
        """Follow one of aiclone's tasks to its end; gives its last description."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            answer = self.client.get(f"/api/v2/tasks/{task}")
            data = answer.json()
            if data["status"] in {"completed", "failed"}:
                assert "X-Poll-After" not in answer.headers
                return data
            time.sleep(float(answer.headers["X-Poll-After"]))
        raise AssertionError(f"still {data}\n{self.log.read_text()}")

    def faseeh(self, method, path, **given):
        """A call of Faseeh's, with the key in its header."""
        service = self.said["services"]["faseeh"]
        headers = {"x-api-key": service["api_key"]} | given.pop("headers", {})
        return self.client.request(method, service["base_url"] + path, headers=headers, **given)

    def books(self):
        return {task["id"]: task for task in self.client.get("/sandbox/books").json()}

    @contextmanager
    def lifeline(self):
        with self.client.stream("GET", "/sandbox/lifeline") as answer:
            beats = answer.iter_raw()  # must stay referenced: dropping it closes the connection
            assert next(beats) == b"\n"
            yield

    def status(self):
        return self.client.get("/sandbox/status").json()

    def terminate(self):
        """SIGTERM; returns when it has ended, and raises where something holds it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def command(home, *flags):
    return [sys.executable, "-m", "voicenb.sandbox", "--home", str(home), *flags]


def workers_of(pid):
    """The process ids of a process's living children (Linux)."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


def gone(pids, timeout=60):
    """Whether every process ends within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def running(home, *flags):
    warmed(home)
    log = home / "log.txt"
    with log.open("a") as stderr:
        process = subprocess.Popen(
            command(home, "--json", *flags), stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=home
        )
    try:
        line = process.stdout.readline()
        assert line, log.read_text()
        service = json.loads(line)["services"]["soundclone"]
        with httpx.Client(
            base_url=service["base_url"],
            headers={"Authorization": f"Bearer {service['api_key']}"},
            timeout=60,
            trust_env=False,
        ) as client:
            yield Running(process, home, line, log, client)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        process.stdout.close()


def copy_of(sandbox, home):
    """A home with all that the sandbox has: its books and its files; what the engine works out once is shared."""
    while any(sandbox.status()["tasks"][state] for state in ("queued", "processing")):
        time.sleep(0.05)
    skipped = shutil.ignore_patterns("lock", "server.json", "partial", "cache")
    shutil.copytree(sandbox.home / "sandbox", home / "sandbox", ignore=skipped)
    return home
