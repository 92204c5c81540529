"""Twenty programs that are killed while they spend money: nothing is lost, nothing is paid twice, the books agree."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "harness"))

import kill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL"),
]


def test_a_kill_at_any_moment_loses_and_repeats_nothing(tmp_path):
    # Fewer tasks a run than the long form's hundred: the kills, not the voice, are what is tested.
    found = kill.play(tmp_path, 20, tasks=25, seed=20, longest=1.2, ranges=2, counted=True)
    assert [run.faults for run in found] == [[]] * 20
    # The kills fall into the work: some rows were open, and some were not even sent.
    assert sum(sum(run.killed.values()) - run.killed["completed"] for run in found) > 40
    assert sum(run.charges for run in found) > 100
    assert all(run.charged >= run.charges for run in found)
