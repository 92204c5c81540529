"""Every fault against every call: nothing is sent twice, nothing that was charged is lost, and the document says so."""

import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))

from matrix import applicable, cells, page  # noqa: E402 - a program beside the tests, not a package

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    return cells(tmp_path_factory.mktemp("matrix"))


def test_every_call_meets_every_fault_that_it_can(played):
    assert [(one.fault, one.call) for one in played] == applicable()
    assert min(Counter(one.call for one in played).values()) >= 13


def test_nothing_is_ever_sent_twice(played):
    assert [one for one in played if one.submissions > 1] == []


def test_ledger_and_books_agree_and_what_is_unknown_is_reserved(played):
    for one in played:
        if one.then == "unknown":
            assert one.cost is None, one
            assert one.charged <= one.reserved, one
        elif one.then:
            assert one.cost == one.charged, one
        else:
            assert one.charged == 0, one


def test_what_was_accepted_and_answered_ends_with_its_audio(played):
    for one in played:
        if one.call in {"query", "download"}:
            assert one.then == "completed", one


def test_what_may_have_been_accepted_is_unknown_and_what_cannot_have_been_is_not(played):
    for one in played:
        if one.call in {"preview", "production"}:
            lost = one.fault in {"timeout", "reset_before", "reset_after", "server_error", "server_error_after"}
            assert (one.then == "unknown") == (lost or one.fault in {"garbage", "truncated"}), one


def test_every_error_is_one_of_the_tree(played):
    import voicenb as vn

    for one in played:
        assert not one.error or issubclass(getattr(vn, one.error), vn.VoicenbError), one


def test_the_document_is_what_happens(played):
    written = (ROOT / "docs" / "faults.md").read_text("utf-8")
    assert written == page(played), "python tests/harness/matrix.py > docs/faults.md"
