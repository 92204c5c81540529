"""Killed, or among faults, a study is made whole and pays for nothing twice; what cannot be a study sends nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import voicenb as vn

sys.path.insert(0, str(Path(__file__).parents[1] / "harness"))

import study_kill

needs_kill = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")


@pytest.mark.slow  # Four processes each load voicenb and make a study.
@pytest.mark.timeout(300)
@needs_kill
def test_a_study_that_is_killed_and_run_again_pays_for_nothing_twice(home):
    found = study_kill.play(home, 2, texts=2, speeds=2, seed=4)
    assert [run.faults for run in found] == [[], []]
    # The kills fall into the work.
    assert any(run.killed["completed"] < run.cells for run in found)
    assert all(set(run.left) <= {"completed", "unknown"} for run in found)
    assert all(run.charged <= run.cells for run in found)


@pytest.mark.slow  # Forty cells, some of which are asked for several times, with the waits that the service's refusals ask for.
@pytest.mark.timeout(300)
def test_a_study_among_faults_ends_with_a_row_for_each_cell(home):
    here = study_kill.Range(home)
    wanted = study_kill.options(1000, 4, 5, 2)
    try:
        faulty = here.faulty(1000, wanted, study_kill.FAULTS)
        again = here.again(1000, wanted)
    finally:
        here.studio.close()
    assert (faulty.faults, again.faults) == ([], [])
    assert sum(faulty.left.values()) == faulty.cells == 40
    assert set(faulty.left) & {"failed", "unknown"}
    assert again.left["failed"] == 0
    assert again.charged <= again.cells


def test_one_amount_for_two_units_sends_nothing(voice, blank_home):
    with vn.connect("aiclone", sandbox=True, home=blank_home) as studio:
        sample = vn.Reference(vn.sandbox.sample_speaker("ada", home=blank_home), consent="a sample")
        one = vn.Study([voice, studio.clone(sample, name="ada", quiet=True)], text="Hello there.", takes=1)
        books = len(vn.sandbox.books(home=blank_home))
        with pytest.raises(vn.InvalidRequest, match="each in its own unit"):
            one.run(budget=5, quiet=True)
        assert len(vn.sandbox.books(home=blank_home)) == books
        assert (one.frame()["status"] == "not made").all()
