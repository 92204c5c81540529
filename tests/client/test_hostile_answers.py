"""Hostile answers from seeds: no error outside the tree, nothing lost, nothing paid twice, the ledger as the books are.

A thousand are played by ``python tests/harness/hostile_answers.py``; here are a hundred of another seed.
"""

import re
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))

from hostile_answers import POINTS, Case, Server, documented, make, play, run  # noqa: E402 - a program beside the tests

SEED = 20261126


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::voicenb.VoicenbWarning")
def test_a_hundred_hostile_answers_lose_nothing_and_are_paid_once():
    results = run(100, SEED, workers=6)
    assert {one.case.service for one in results} == set(POINTS)
    assert [(one.case.number, problem) for one in results for problem in one.problems] == []
    assert {"completed", "failed", "unknown"} <= {one.status for one in results}


def test_a_case_is_the_same_each_time():
    for number in range(50):
        first, again = make(number, 7, "http://127.0.0.1:9"), make(number, 7, "http://127.0.0.1:9")
        assert first.what == again.what
        assert list(first.submission.pieces()) == list(again.submission.pieces())


def test_the_books_notice_a_client_that_forgets_what_it_was_charged(tmp_path, monkeypatch):
    """The harness itself: a service that takes a request and refuses it in its own form is a loss that it shows."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        submission, running, done = documented("audio_000001", 1, "soundclone", server.url)
        submission.body = {"code": 20002, "msg": "no"}
        case = Case(1, "soundclone", "submission", submission, polls=[running, done])
        result = play(case, server, tmp_path)
        server.ending.set()
        server.shutdown()
        thread.join()
    assert any("charged" in problem for problem in result.problems)


def test_the_committed_table_is_of_this_program_and_nothing_in_it_is_broken():
    written = (ROOT / "benchmarks" / "hostile_answers.md").read_text("utf-8")
    assert "python tests/harness/hostile_answers.py --answers 1000 --seed" in written
    total = re.search(r"\| \*\*all\*\* \|.*\| (\d+) \|$", written, re.MULTILINE)
    assert total is not None
    assert total[1] == "0"
    assert all(f"| {service} |" in written for service in POINTS)
