"""Moments that people read are on their own clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pandas as pd
import pytest

from voicenb.base.moments import here, moment_text

MOMENT = datetime(2026, 11, 30, 18, 5, 9, tzinfo=UTC)


@pytest.fixture(params=[("Asia/Tokyo", "2026-12-01 03:05", "JST"), ("America/New_York", "2026-11-30 13:05", "EST")])
def zone(request, monkeypatch):
    """Another time zone; when a moment falls in it, and what the zone is called."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system has one time zone for all programs")
    name, *expected = request.param
    with monkeypatch.context() as patch:
        patch.setenv("TZ", name)
        time.tzset()
        yield expected
    time.tzset()


def test_a_moment_is_said_on_this_machines_clock(zone):
    """With its zone, so that nobody takes it for another; of pandas, too."""
    said, name = zone
    for moment in (MOMENT, pd.Timestamp(MOMENT)):
        assert moment_text(moment) == f"{said} {name}"
        assert moment_text(moment, exact=True) == f"{said}:09 {name}"
        assert here(moment).tzname() == name


def test_a_voice_that_is_to_be_used_says_when_on_this_clock(zone, studio, ada):
    """In its words, as in the panels."""
    voice = studio.clone(ada, name="never used", text="Never used.", quiet=True)
    assert voice.until.endswith(f" {zone[1]}")
    assert "UTC" not in repr(voice)
