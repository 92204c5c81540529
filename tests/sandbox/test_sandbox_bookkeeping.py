"""The books by themselves: exact money, idempotent refunds, files of other versions, tasks that kill their sandbox."""

from __future__ import annotations

import asyncio
import sqlite3
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from voicenb.sandbox.bookkeeping.books import Books, OverdrawnError
from voicenb.sandbox.bookkeeping.money import credits_of, micro_of, shown
from voicenb.sandbox.engine.workers.loading import Voice
from voicenb.sandbox.twins.task_queue import Jobs


@pytest.fixture
def books(tmp_path):
    found = Books(tmp_path / "books.db")
    found.open_account("twin", 1_000)
    yield found
    found.close()


def submit(books, number, cost=100):
    return books.submit(
        id=f"task_{number}", service="twin", kind="any", request={}, characters=1, charges={"a": cost - 1, "b": 1}
    )


@given(st.integers(0, 10**15))
def test_amounts_go_there_and_back_exactly(micro):
    """The float that JSON shows is the exact decimal, for every balance that is allowed."""
    assert micro_of(Decimal(repr(credits_of(micro)))) == micro
    assert micro_of(Decimal(shown(micro))) == micro
    assert "e" not in shown(micro)


@given(st.decimals(allow_nan=True, allow_infinity=True))
@settings(max_examples=300)
def test_only_whole_millionths_up_to_a_billion_are_amounts(amount):
    """Anything else is a ValueError, never a rounded amount."""
    good = amount.is_finite() and 0 <= amount <= 10**9 and amount == round(amount, 6)
    if good:
        assert micro_of(amount) == amount * 10**6
    else:
        with pytest.raises(ValueError):
            micro_of(amount)


def test_a_task_is_charged_and_refunded_once(books):
    """Failing twice refunds once; failing what is completed refunds nothing."""
    submit(books, 1)
    submit(books, 2)
    assert (books.account("twin").balance, books.account("twin").used) == (800, 200)
    books.fail("task_1", "why")
    books.fail("task_1", "again")
    books.complete("task_2", audio="a.mp3")
    books.fail("task_2", "late")
    assert (books.account("twin").balance, books.account("twin").used) == (900, 100)
    assert [(task.status, task.error, refund) for task, _, refund in books.statement()] == [
        ("failed", "why", 100),
        ("completed", None, 0),
    ]


def test_what_the_account_does_not_cover_leaves_nothing_behind(books):
    """Neither a task nor an entry."""
    with pytest.raises(OverdrawnError):
        submit(books, 1, cost=1_001)
    assert books.statement() == []
    assert books.account("twin").balance == 1_000


def test_tasks_are_taken_in_order_and_survive_the_process(books, tmp_path):
    """What was processing when the process ended is queued again."""
    for number in range(3):
        submit(books, number)
    assert books.take().id == "task_0"
    books.close()
    again = Books(tmp_path / "books.db")
    assert again.requeue() == 1
    assert [again.take().id for _ in range(3)] == ["task_0", "task_1", "task_2"]
    assert again.take() is None
    assert again.task("task_0").attempts == 2
    again.close()


def test_the_clock_keeps_its_advance(books, tmp_path):
    """Across restarts."""
    before = books.now()
    books.advance(1_000)
    books.close()
    again = Books(tmp_path / "books.db")
    assert 1_000 <= again.now() - before < 1_060
    again.close()


def test_books_of_a_newer_version_are_left_alone(tmp_path):
    """An error that says to update, not a guess."""
    Books(tmp_path / "books.db").close()
    with sqlite3.connect(tmp_path / "books.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(RuntimeError, match="newer voicenb"):
        Books(tmp_path / "books.db")


def test_a_task_during_which_the_sandbox_keeps_dying_is_given_up(books, tmp_path):
    """After five starts it fails and is refunded; the tasks behind it go on."""
    submit(books, 1)
    for _ in range(5):
        assert books.take().id == "task_1"
        books.requeue()
    submit(books, 2)

    async def run():
        performed = asyncio.Event()

        async def perform(task):
            books.complete(task.id, audio="a.mp3")
            performed.set()

        jobs = Jobs(books, Voice(tmp_path), {"twin": perform})
        jobs.start(1)
        async with asyncio.timeout(10):
            await performed.wait()
        await jobs.stop()

    asyncio.run(run())
    assert [task.status for task, _, _ in books.statement()] == ["failed", "completed"]
    assert "ended 5 times" in books.task("task_1").error
    assert books.account("twin").used == 100
