"""One writer: changes share a commit and nothing else; what was asked for is on disk when it is said to be."""

import sqlite3
import threading

import pytest

from voicenb.database import Database


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
        go.wait(10)

    database.write(wait)
    entered.wait(10)
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
        with pytest.raises(sqlite3.OperationalError):
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
