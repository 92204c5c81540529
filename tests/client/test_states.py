"""The document on the life of a task says what the code does."""

import re
from pathlib import Path

from voicenb.ledger.records import STATUSES, TRANSITIONS

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"


def test_the_written_state_machine_is_the_one_in_the_code():
    table = PAGE.read_text("utf-8").partition("<!-- states -->")[2].partition("<!-- /states -->")[0]
    written = {
        left: frozenset(one for one in right.split(", ") if one != "–")
        for left, right in re.findall(r"^\| (\w+) \| (.+) \|$", table, re.MULTILINE)
        if left != "from"
    }
    assert written == TRANSITIONS
    assert tuple(written) == STATUSES
