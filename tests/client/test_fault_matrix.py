"""Faults against calls: nothing is sent twice, nothing that was charged is lost, and the document says so.

Every fault is played against one call of each service at least; ``VOICENB_MATRIX=all`` plays every one against every call.
"""

import os
import sys
from pathlib import Path

import pytest

import voicenb as vn
import voicenb.errors

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))

from matrix import CALLS, FAULTS, SUBMISSIONS, applicable, cells, page, some  # noqa: E402 - a program beside the tests

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::voicenb.VoicenbWarning")]

# These say nothing of what became of the request.
SILENT = {"timeout", "reset_before", "reset_after", "server_error", "server_error_after", "truncated"}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    chosen = applicable if os.environ.get("VOICENB_MATRIX") == "all" else some
    return cells(tmp_path_factory.mktemp("matrix"), {service: chosen(service) for service in CALLS})


def test_every_fault_and_every_call_of_every_service_is_played(played):
    for service, calls in CALLS.items():
        assert {one.call for one in played if one.service == service} == set(calls)
        assert {one.fault for one in played if one.service == service} == {fault for fault, _ in applicable(service)}
    assert {one.fault for one in played} == set(FAULTS)


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
        if one.call in SUBMISSIONS and one.fault in SILENT:
            assert (one.error, one.then) == ("OutcomeUnknown", "unknown"), one
        elif one.fault in {"rate_limit", "redirect", "insufficient_balance", "task_failed"}:
            assert one.then != "unknown", one


def test_every_error_is_one_of_the_tree(played):
    for one in played:
        assert one.error in {"", "price not known"} or issubclass(getattr(vn.errors, one.error), vn.VoicenbError), one


def test_the_document_is_what_happens(played):
    written = (ROOT / "docs" / "faults.md").read_text("utf-8")
    again = "python tests/harness/matrix.py > docs/faults.md"
    assert page([]).partition("\n## ")[0] == written.partition("\n## ")[0], again
    for number, part in enumerate(written.split("\n## ")[1:]):
        service = list(CALLS)[number]
        rows = part.splitlines()
        assert [one.row for one in played if one.service == service and one.row not in rows] == [], again
        assert len(rows) >= len(applicable(service)), again
