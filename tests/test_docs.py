"""The documentation builds without a warning, and every page can be reached."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_documentation_builds_with_warnings_as_errors(tmp_path):
    pytest.importorskip("sphinx")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", tmp_path / "trees", ROOT / "docs", tmp_path / "out"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    parameters = (tmp_path / "out" / "_generated" / "parameters.html").read_text("utf-8")
    assert "a number from 0.5 to 2" in parameters


@pytest.mark.slow
def test_the_first_pages_script_prints_what_the_page_shows(tmp_path):
    """Services, models and costs to the letter; durations and pitches as far as another machine's arithmetic allows."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "three_services.py"],
        env=os.environ | {"VOICENB_HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = (ROOT / "docs" / "three_services.txt").read_text("utf-8")
    (header, *found), (same, *expected) = (
        [line.split() for line in text.splitlines()] for text in (done.stdout, shown)
    )
    assert header == same
    assert [(row[0], row[1], row[6:]) for row in found] == [(row[0], row[1], row[6:]) for row in expected]
    for column, tolerance in ((2, 0.05), (4, 0.05)):
        assert [float(row[column]) for row in found] == pytest.approx(
            [float(row[column]) for row in expected], rel=tolerance
        )
