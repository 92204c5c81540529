"""How a sandbox starts, is found, lives and ends: real processes, real kills."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest
from sandbox_process import API, command, gone, workers_of

LONG = "This sentence is spoken again and again, so that the work takes a while. " * 8

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def _line(home, *flags):
    done = subprocess.run(command(home, "--json", *flags), capture_output=True, text=True, timeout=240, check=False)
    return done.returncode, done.stdout, done.stderr


def test_stdout_is_exactly_one_line_with_address_key_and_pid(launch):
    """What a client reads is one JSON line, and the server listens when it is there."""
    with launch() as server:
        said = server.said
        assert set(said) == {"services", "pid"}
        assert said["pid"] == server.pid
        assert list(said["services"]) == ["soundclone", "aiclone", "faseeh", "openai"]
        origin = said["services"]["soundclone"]["base_url"]
        assert origin.startswith("http://127.0.0.1:")
        assert said["services"]["aiclone"]["base_url"] == origin
        assert said["services"]["faseeh"]["base_url"] == f"{origin}/api/v1"
        assert said["services"]["openai"]["base_url"] == f"{origin}/v1"
        for service in said["services"].values():
            assert set(service) == {"base_url", "api_key"}
            assert service["api_key"].startswith("sk_")
        assert server.status()["pid"] == server.pid
        server.terminate()
        assert server.process.stdout.read() == ""


def test_the_address_file_is_private_and_goes_with_the_server(launch):
    """server.json says what the line says, is for the owner only, and is gone after the end; the key stays."""
    with launch() as server:
        path = server.home / "sandbox" / "server.json"
        address = json.loads(path.read_text())
        assert (address["url"], address["api_key"], address["pid"]) == (server.url, server.key, server.pid)
        assert address["services"] == server.said["services"]
        assert abs(address["started"] - time.time()) < 30
        if os.name == "posix":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE((server.home / "sandbox" / "key").stat().st_mode) == 0o600
        server.terminate()
        assert server.process.returncode == 0
        assert not path.exists()
        key = server.key
    with launch() as server:
        assert server.key == key


@pytest.mark.slow
def test_a_second_one_by_hand_is_refused_with_the_address(launch):
    """By hand, one home has one sandbox: exit code 3, and where the other one is."""
    with launch() as server:
        code, out, err = _line(server.home)
        assert (code, out) == (3, "")
        assert server.url in err


def test_a_second_one_with_lifeline_prints_the_first_ones_line(launch):
    """A client that races finds the sandbox that won."""
    with launch() as server:
        assert _line(server.home, "--lifeline")[:2] == (0, server.line)


def test_clients_that_race_share_one_sandbox(tmp_path):
    """Of six starts at once one serves and five find it."""
    with ThreadPoolExecutor(6) as threads:
        processes = list(
            threads.map(
                lambda _: subprocess.Popen(
                    command(tmp_path, "--json", "--lifeline"),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                ),
                range(6),
            )
        )
        try:
            lines = list(threads.map(lambda process: process.stdout.readline(), processes))
            assert len(set(lines)) == 1
            assert lines[0]
            server = json.loads(lines[0])["pid"]
            assert [process.wait(60) for process in processes if process.pid != server] == [0] * 5
        finally:
            for process in processes:
                process.terminate()
                process.wait(60)
                process.stdout.close()


def test_a_taken_port_is_named(tmp_path):
    """Exit code 2, and the port in the message."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        code, out, err = _line(tmp_path, "--port", port)
    assert (code, out) == (2, "")
    assert port in err


@pytest.mark.parametrize("flags", [("--balance", "much"), ("--balance", "-1"), ("--port", "70000"), ("--never",)])
def test_bad_usage_is_refused(tmp_path, flags):
    """Exit code 2, nothing on stdout."""
    code, out, err = _line(tmp_path, *flags)
    assert (code, out) == (2, "")
    assert err


def test_the_balance_can_be_given_at_start(launch):
    """The first balance is 100; --balance sets another."""
    with launch() as server:
        assert server.balance() == {"balance": 100, "used_coin": 0, "available": 100}
        server.terminate()
    with launch("--balance", "0.000001") as server:
        assert server.balance()["available"] == 0.000001


@pytest.mark.slow
def test_it_ends_soon_after_the_last_lifeline_and_not_before(launch, tmp_path):
    """Two lifelines hold it; some three seconds after the second one closes it ends. One started by hand stays."""
    with launch("--lifeline") as server, launch(home=tmp_path / "by hand") as by_hand:
        with by_hand.lifeline():
            assert by_hand.status()["lifelines"] == 1
        with server.lifeline():
            with server.lifeline():
                assert server.status()["lifelines"] == 2
            with pytest.raises(subprocess.TimeoutExpired):
                server.process.wait(4)
            begun = time.monotonic()
        server.process.wait(60)
        assert time.monotonic() - begun > 2.5
        assert server.process.returncode == 0
        assert by_hand.status()["lifelines"] == 0


def test_a_killed_client_lets_go_of_its_lifeline(launch):
    """SIGKILL leaves a client no time to say goodbye; the closed socket says it."""
    client = (
        "import sys, httpx\n"
        "with httpx.stream('GET', sys.argv[1] + '/sandbox/lifeline', timeout=None, trust_env=False,\n"
        "        headers={'Authorization': 'Bearer ' + sys.argv[2]}) as line:\n"
        "    for beat in line.iter_raw(): print('held', flush=True)\n"
    )
    with (
        launch("--lifeline") as server,
        subprocess.Popen([sys.executable, "-c", client, server.url, server.key], stdout=subprocess.PIPE) as holder,
    ):
        assert holder.stdout.readline() == b"held\n"
        begun = time.monotonic()
        holder.kill()
        server.process.wait(60)
        assert time.monotonic() - begun > 2.5


@linux
@pytest.mark.slow
def test_sigterm_ends_everything_though_clients_are_slow(launch, warm, ada):
    """With lifelines open, a job running and an upload crawling, server and workers are gone in time."""
    with launch(home=warm) as server:
        url = server.upload("ada.wav", ada)["url"]
        submitted = server.submit("clones", {"fileUrl": url, "contentText": "Good morning.", "language": "English"})
        address = httpx.URL(server.url)
        head = (
            f"POST {API}/files/upload HTTP/1.1\r\nHost: {address.host}:{address.port}\r\n"
            f"Authorization: Bearer {server.key}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            "Content-Length: 100000\r\n\r\n--x\r\n"
        )
        with (
            socket.create_connection((address.host, address.port)) as crawling,
            server.lifeline(),
        ):
            crawling.sendall(head.encode())
            while not (workers := workers_of(server.pid)):
                pass
            assert server.query(submitted["data"]["id"]).json()["data"]["status"] in {"queued", "processing"}
            server.terminate()
        assert gone(workers)
        assert server.process.returncode == 0
    with launch(home=warm) as server:
        assert server.finished(submitted)["status"] == "completed"
        assert server.books()[submitted["data"]["id"]]["attempts"] <= 1


@linux
@pytest.mark.slow
def test_a_killed_sandbox_finishes_its_tasks_at_the_next_start_and_charges_once(launch, warm, voice, ada):
    """kill -9 in mid-task: uploads, models, queue and books are whole, and each task was charged one time."""
    with launch(home=warm) as server:
        before, used = set(server.books()), server.balance()["used_coin"]
        url = server.upload("ada.wav", ada)["url"]
        preview = {"fileUrl": url, "contentText": "Good morning.", "language": "English"}
        long = server.submit("audios", {"modelId": voice["modelId"], "contentText": LONG, "language": "English"})
        waiting = server.submit("clones", preview)
        while server.query(long["data"]["id"]).json()["data"]["status"] != "processing":
            pass
        while not (workers := workers_of(server.pid)):
            pass
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(60)
        assert gone(workers)
    with launch(home=warm) as server:
        assert server.finished(waiting)["status"] == "completed"
        done = server.finished(long)
        assert done["status"] == "completed"
        assert httpx.get(done["audioUrl"]).content
        books = {name: task for name, task in server.books().items() if name not in before}
        assert len(books) == 2
        assert {task["refund"] for task in books.values()} == {0}
        expected = len("Good morning.") * 50 + len(LONG) * 100 + 10_000
        assert round(sum(task["charge"] for task in books.values()) * 1e6) == expected
        assert round((server.balance()["used_coin"] - used) * 1e6) == expected


def _kill_after(event, seconds, process):
    event.wait()
    time.sleep(seconds)
    process.kill()


@pytest.mark.slow
def test_kills_at_any_moment_lose_no_task_and_no_credit(launch):
    """Six times killed among submissions: every accepted task is in the books, ended, and refunded to the last millionth."""
    dice = random.Random(3)
    accepted = set()
    for _ in range(6):
        with launch("--balance", "100") as server, ThreadPoolExecutor(1) as threads:
            enough, before = threading.Event(), len(accepted)
            killing = threads.submit(_kill_after, enough, dice.uniform(0, 0.1), server.process)
            with suppress(httpx.HTTPError):
                while True:
                    submitted = server.submit("clones", {"fileUrl": "https://example.com/a.mp3"})
                    accepted.add(submitted["data"]["id"])
                    if len(accepted) - before == 4:
                        enough.set()
            killing.result()
            server.process.wait(60)
    with launch() as server:
        while server.status()["tasks"]["queued"] or server.status()["tasks"]["processing"]:
            pass
        books = server.books()
        assert len(accepted) >= 24
        assert accepted <= set(books)
        assert {task["status"] for task in books.values()} == {"failed"}
        assert all(task["charge"] == task["refund"] == 0.0022 for task in books.values())
        assert {task["attempts"] for task in books.values()} <= {1, 2, 3}
        assert server.balance()["used_coin"] == 0
