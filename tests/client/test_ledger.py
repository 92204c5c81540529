"""The ledger: legal changes only, several processes at once, nothing half-written."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from voicenb.errors import VoicenbError
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import STATUSES, TRANSITIONS, TaskRecord, VoiceRecord, now


def record(number=0, **values):
    about = {
        "id": f"{number:032x}",
        "service": "soundclone",
        "endpoint": "sandbox",
        "kind": "production",
        "status": "planned",
        "parameters": {"speed": 1.1, "text": "Grüße 声音"},
        "request": "r",
        "estimate": Decimal("0.0133"),
        "unit": "credits",
        "rule": "a rule",
        "created": now() + timedelta(milliseconds=number % 100_000),
    }
    return TaskRecord(**(about | values))


@pytest.fixture
def ledger(tmp_path):
    one = Ledger(tmp_path)
    yield one
    one.close()


def test_a_row_comes_back_as_it_was_written(ledger):
    written = record(1, voice_name="ash", text="Grüße", characters=5, cost=Decimal("0.1"), seconds=1.25, seed=7)
    ledger.tasks.add(written).result()
    assert ledger.tasks.get(written.id) == written
    assert ledger.tasks.select() == [written]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.sampled_from(STATUSES), max_size=6))
def test_a_task_goes_only_where_the_state_machine_lets_it(ledger, path):
    one = record(int.from_bytes(os.urandom(8), "big"))
    ledger.tasks.add(one).result()
    status = "planned"
    for target in path:
        change = ledger.tasks.update(one.id, status=target)
        if target == status or target in TRANSITIONS[status]:
            assert change.result().status == target
            status = target
        else:
            with pytest.raises(RuntimeError, match="cannot go"):
                change.result()
        assert ledger.tasks.get(one.id).status == status


def test_a_finished_task_is_never_changed_into_another_status():
    assert TRANSITIONS["completed"] == TRANSITIONS["failed"] == frozenset()


def test_what_is_asked_for_is_what_is_listed(ledger):
    for number, status in enumerate(["planned", "planned", "planned"]):
        ledger.tasks.add(record(number, status=status, voice_name=f"v{number}")).result()
    ledger.tasks.update(f"{1:032x}", status="cancelled").result()
    assert [one.id[-1] for one in ledger.tasks.select()] == ["2", "1", "0"]
    assert [one.id[-1] for one in ledger.tasks.select(status="cancelled")] == ["1"]
    assert [one.id[-1] for one in ledger.tasks.select(status={"planned"}, limit=1)] == ["2"]
    assert ledger.tasks.select(since=now() + timedelta(days=1)) == []
    assert ledger.tasks.select(endpoint="https://www.jimmyai.cn") == []


def test_the_first_characters_of_an_id_are_enough_where_they_are_unique(ledger):
    ledger.tasks.add(record(0xAB << 120)).result()
    ledger.tasks.add(record(0xAC << 120)).result()
    assert ledger.tasks.get("ab").id.startswith("ab")
    assert ledger.tasks.get("a") is None
    assert ledger.tasks.get("*") is None


def test_the_newest_ready_voice_of_a_name_is_found(ledger):
    for number, state in enumerate(["ready", "ready", "pending", "forgotten"]):
        ledger.voices.add(
            VoiceRecord(
                id=f"v{number}",
                name="ash",
                service="soundclone",
                endpoint="sandbox",
                remote=f"model_{number}",
                state=state,
                created=now() + timedelta(seconds=number),
            )
        ).result()
    assert ledger.voices.named("ash", "soundclone", "sandbox").id == "v1"
    assert ledger.voices.named("model_0", "soundclone", "sandbox").id == "v0"
    assert ledger.voices.named("ash", "soundclone", "https://www.jimmyai.cn") is None
    assert [one.id for one in ledger.voices.select()] == ["v2", "v1", "v0"]


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_ledger import record
from voicenb.ledger.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
start = int(sys.argv[2])
for number in range(start, start + 40):
    ledger.tasks.add(record(number)).result()
    ledger.tasks.update(f"{number:032x}", status="submitting").result()
ledger.close()
"""


def test_two_processes_and_four_threads_write_to_one_ledger(ledger, tmp_path):
    here = str(Path(__file__).parent)
    others = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(start), here]) for start in (1000, 2000)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ledger.tasks.add(record(number)).result(), range(80)))
    assert [one.wait(60) for one in others] == [0, 0]
    found = ledger.tasks.select()
    assert len(found) == 160
    assert sum(one.status == "submitting" for one in found) == 80


HOLDER = """
import sys
from pathlib import Path
from voicenb.ledger.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
print(ledger.owners.prove_alive(), flush=True)
sys.stdin.read()
"""


def test_a_dead_owner_is_recognised_at_once(ledger, tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        owner = other.stdout.readline().strip()
        assert ledger.owners.is_alive(owner)
        other.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        other.wait()
        assert not ledger.owners.is_alive(owner)
    assert ledger.owners.is_alive(ledger.owners.prove_alive())
    assert not ledger.owners.is_alive(None)


def test_an_owner_on_another_machine_counts_as_dead_after_half_a_minute(ledger, tmp_path):
    mark = tmp_path / "owners" / "elsewhere.host"
    mark.write_text("another-machine")
    assert ledger.owners.is_alive("elsewhere")
    then = mark.stat().st_mtime - 31
    os.utime(mark, (then, then))
    assert not ledger.owners.is_alive("elsewhere")


def test_only_one_process_takes_over_a_task(ledger):
    ledger.tasks.add(record(1, owner="dead")).result()
    assert ledger.take_over(f"{1:032x}", "dead").result().owner == ledger.owners.own_id
    assert ledger.take_over(f"{1:032x}", "dead").result() is None


def test_a_file_is_stored_whole_under_its_hash_and_only_once(ledger):
    name = ledger.files.store(b"audio", "mp3")
    assert ledger.files.path(name).read_bytes() == b"audio"
    assert ledger.files.store(b"audio", "mp3") == name
    ledger.files.path(name).write_bytes(b"cut")  # a copy cut short by a full disk is written again
    ledger.files.store(b"audio", "mp3")
    assert ledger.files.path(name).read_bytes() == b"audio"
    assert [one.name for one in ledger.files.path(name).parent.iterdir()] == [ledger.files.path(name).name]


def test_a_home_of_a_newer_version_is_left_alone(ledger, tmp_path):
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("INSERT INTO migrations VALUES ('m999_from_the_future', 0)")
    db.close()
    with pytest.raises(VoicenbError, match="m999_from_the_future"):
        Ledger(tmp_path)


def test_a_ledger_that_is_no_database_is_a_clear_error(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"this is no database, it is text " * 50)
    with pytest.raises(VoicenbError, match=r"ledger\.db"):
        Ledger(tmp_path)


def test_the_ledger_is_private_and_durable(ledger, tmp_path):
    if os.name == "posix":
        assert (tmp_path / "ledger.db").stat().st_mode & 0o077 == 0
    db = ledger._database._writing
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    status=st.none() | st.sets(st.sampled_from(["planned", "failed", "cancelled"])),
    service=st.none() | st.sampled_from(["soundclone", "faseeh"]),
    limit=st.none() | st.integers(0, 7),
)
def test_a_page_is_what_sorting_everything_would_give(mixed, status, service, limit):
    everything = mixed.tasks.select()
    assert [one.created for one in everything] == sorted((one.created for one in everything), reverse=True)
    wanted = [
        one
        for one in everything
        if (status is None or one.status in status) and (service is None or one.service == service)
    ]
    assert mixed.tasks.select(status=status, service=service, limit=limit) == wanted[:limit]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    one = Ledger(tmp_path_factory.mktemp("mixed"))
    for number in range(30):
        # Several of one moment: the later row is the newer one.
        moment = now() + timedelta(milliseconds=number // 4)
        service = "faseeh" if number % 3 == 0 else "soundclone"
        one.tasks.add(record(number, service=service, created=moment)).result()
        if number % 5:
            one.tasks.update(f"{number:032x}", status="failed" if number % 2 else "cancelled").result()
    yield one
    one.close()
