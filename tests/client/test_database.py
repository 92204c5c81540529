"""One writer: changes share a commit and nothing else; what was asked for is on disk when it is said to be."""

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from voicenb.errors import StorageError
from voicenb.ledger.database import Database


@pytest.fixture
def database(tmp_path):
    one = Database(tmp_path / "one.db")
    one.write(one_table, one).result()
    yield one
    one.close()


def one_table(database):
    with database.change() as db:
        db.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")


def add(database, *numbers):
    with database.change() as db:
        for number in numbers:
            db.execute("INSERT INTO numbers VALUES (?)", (number,))
    return numbers


def held_up(database):
    """Lets what is asked for meanwhile come together in one commit."""
    entered, go = threading.Event(), threading.Event()

    def wait():
        entered.set()
        go.wait(240)

    database.write(wait)
    entered.wait(240)
    return go


def numbers(database):
    return [row["number"] for row in database.read("SELECT number FROM numbers ORDER BY number")]


def test_changes_that_share_a_commit_fail_alone_and_whole(database):
    go = held_up(database)
    good = database.write(add, database, 1, 2)
    bad = database.write(add, database, 3, 1)  # 3 goes with the 1 that is there already
    after = database.write(add, database, 4)
    go.set()
    assert good.result(10) == (1, 2)
    with pytest.raises(sqlite3.IntegrityError):
        bad.result(10)
    assert after.result(10) == (4,)
    assert numbers(database) == [1, 2, 4]


def test_nothing_is_said_to_be_done_before_it_is_on_disk(database, tmp_path):
    database.write(add, database, 1).result(10)
    other = sqlite3.connect(tmp_path / "one.db")
    assert other.execute("SELECT COUNT(*) FROM numbers").fetchone() == (1,)
    other.close()


def test_a_commit_that_fails_fails_everything_in_it(database, tmp_path):
    go = held_up(database)

    def end_it():
        with database.change() as db:
            db.execute("INSERT INTO numbers VALUES (9)")
        database._writing.execute("ROLLBACK")  # what SQLite does by itself where the disk is full

    first, second = database.write(add, database, 1), database.write(end_it)
    go.set()
    for future in (first, second):
        with pytest.raises(StorageError, match=r"one\.db cannot be written"):
            future.result(10)
    assert numbers(database) == []
    assert database.write(add, database, 5).result(10) == (5,)


def test_closing_writes_what_was_asked_for_and_takes_nothing_more(database):
    go = held_up(database)
    last = database.write(add, database, 7)
    go.set()
    database.close()
    assert last.result(0) == (7,)
    with pytest.raises(RuntimeError, match="closed"):
        database.write(add, database, 8)
    assert numbers(database) == [7]


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be deleted")
def test_nothing_is_said_to_be_written_to_a_file_that_was_deleted(database):
    """Its changes would be gone with the process."""
    database.path.unlink()
    with pytest.raises(StorageError, match="deleted or replaced"):
        database.write(add, database, 1).result(10)
    database.path.touch()
    with pytest.raises(StorageError, match="deleted or replaced"):
        database.write(add, database, 1).result(10)


FORKING = """
import os, sys, threading, warnings
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_database import add, numbers, one_table
from voicenb.ledger.database import Database
warnings.simplefilter("ignore")
path = Path(sys.argv[1])
database = Database(path)
database.write(one_table, database).result()
done = threading.Event()

def busy(start):
    number = start
    while not done.is_set():
        database.write(add, database, number).result()
        numbers(database)
        number += 1

threads = [threading.Thread(target=busy, args=(start * 10_000,)) for start in (1, 2)]
for thread in threads:
    thread.start()
children = []
for child in range(20):
    pid = os.fork()
    if pid == 0:
        own = Database(path)
        for number in range(20):
            own.write(add, own, 1_000_000 + child * 100 + number).result()
        own.close()
        os._exit(0)
    children.append(pid)
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 20
done.set()
for thread in threads:
    thread.join()
assert sum(number >= 1_000_000 for number in numbers(database)) == 400
print(database.read("PRAGMA integrity_check")[0][0])
database.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forks_among_busy_threads_leave_the_file_whole(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(tmp_path / "forked.db"), str(Path(__file__).parent)],
        stdout=subprocess.PIPE, text=True, check=True, timeout=240,
    )  # fmt: skip
    assert done.stdout.strip() == "ok"


WRITING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_database import add
from voicenb.ledger.database import Database
for number in range(int(sys.argv[3]), int(sys.argv[3]) + 40):
    # Opened and closed each time: whoever is alone with the file tidies up behind the others.
    one = Database(Path(sys.argv[1]))
    one.write(add, one, number).result()
    one.close()
"""


def test_a_copy_is_whole_and_takes_nothing_from_those_who_write_meanwhile(database, tmp_path):
    """Copied as a file, the database loses what another process writes then: closing the file drops SQLite's locks."""
    others = [
        subprocess.Popen([sys.executable, "-c", WRITING, str(database.path), str(Path(__file__).parent), str(start)])
        for start in (1000, 2000)
    ]
    number = 0
    while any(other.poll() is None for other in others):
        database.copy(tmp_path / "copy.db")
        database.write(add, database, number).result(10)
        number += 1
    assert [other.wait() for other in others] == [0, 0]
    assert numbers(database) == [*range(number), *range(1000, 1040), *range(2000, 2040)]
    copy = Database(tmp_path / "copy.db")
    assert copy.read("PRAGMA integrity_check")[0][0] == "ok"
    assert set(numbers(copy)) < set(numbers(database))
    copy.close()
