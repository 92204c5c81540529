"""A report stays small enough to send, whatever the study: measured on whole files."""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import soundfile

import voicenb as vn
from voicenb.audio.codec import encode
from voicenb.audio.resampling import resample
from voicenb.measures.registry import measures
from voicenb.study.clips import small_clip
from voicenb.study.design import Design, Factor
from voicenb.study.facts import ClipFacts, Facts, VoiceFacts
from voicenb.study.reporting import Material, write_report

MOST = 3_000_000


def material(texts, *, seconds, data=b"", takes=1, **factors):
    """A study whose every cell is made, with values at random."""
    levels = {"voice": ["ada"], "text": [f"Text number {number}." for number in range(texts)]} | factors
    design = Design(
        tuple(Factor.of(name, given) for name, given in levels.items()), takes, services={"ada": "soundclone"},
        question="Does speed change the pitch?",
    )  # fmt: skip
    known, chance = measures(), np.random.default_rng(1)
    frame = design.cells.frame().assign(
        service="soundclone", task="t", status="completed", cost=0.01, cost_exact=Decimal("0.01"), unit="credits", degraded=None, provider=None,
        cached=False, seconds=seconds, error=None, not_measured=None,
    )  # fmt: skip
    frame = pd.concat([frame, pd.DataFrame({name: chance.normal(100, 5, len(frame)) for name in known})], axis=1)
    clips = {
        cell.key: ClipFacts(f"{cell.number:064x}", f"{cell.number:064x}", "2026-11-01T10:00:00+00:00", "v1", "English")
        for cell in design.cells
    }
    facts = Facts(clips, (VoiceFacts("ada", "ada", "soundclone", sandbox=True),), {"voicenb": "0"})
    return Material("large", design, known, lambda columns: frame[list(columns)], facts, lambda _: data)


@pytest.fixture(scope="module")
def spoken(shared):
    """Twelve seconds of speech as a WAV of 48 kHz, and as the MP3 that a report keeps as it is."""
    samples, rate = soundfile.read(vn.sandbox.sample_speaker("ada", home=shared), dtype="float32")
    wav = encode(resample(np.resize(samples, 12 * rate), rate, 48_000), 48_000, "wav")
    return wav, small_clip(wav).audio


@pytest.mark.slow  # 27 clips are encoded
def test_27_clips_of_12_seconds_are_all_there_in_3_megabytes(spoken, tmp_path):
    one = material(3, seconds=12.0, data=spoken[0], speed=[0.8, 1, 1.25], pitch=[-2, 0, 2])
    page = write_report(one, tmp_path / "heard.html", (), "median").read_text("utf-8")
    assert page.count("<audio") == 27
    assert 1_000_000 < len(page.encode()) < 2_500_000
    assert "are in this file, for all would take more" not in page


def test_what_has_no_room_is_left_out_by_a_rule_that_is_said(spoken, tmp_path):
    one = material(20, seconds=12.0, data=spoken[1], speed=[0.8, 1, 1.25], takes=2)
    page = write_report(one, tmp_path / "many.html", (), "all").read_text("utf-8")
    count = page.count("<audio")
    assert len(page.encode()) < MOST
    assert count > 20
    # Whole groups: every text that is there is there at every speed and in every take.
    assert count % 6 == 0
    assert f"{count} of 120 clips are in this file" in page


@pytest.mark.slow
def test_of_a_group_that_is_too_large_some_places_are_kept(spoken, tmp_path):
    one = material(1, seconds=12.0, data=spoken[1], speed=[0.5 + number / 100 for number in range(100)])
    page = write_report(one, tmp_path / "wide.html", (), "median").read_text("utf-8")
    assert page.count("<audio") == 8
    one = material(1, seconds=12.0, data=spoken[1], speed=[1, 2, 3, 4], pitch=list(range(-12, 13)))
    page = write_report(one, tmp_path / "grid.html", (), "median").read_text("utf-8")
    assert 20 < page.count("<audio") < 100
    assert "not in this file" in page
    assert len(page.encode()) < MOST


@pytest.mark.slow  # every effect of ten thousand cells is reckoned
def test_ten_thousand_cells_are_one_small_page_without_a_point_of_each(spoken, tmp_path):
    one = material(
        50, seconds=12.0, data=spoken[1], speed=[0.5 + number / 10 for number in range(20)], pitch=range(5), takes=2
    )
    assert len(one.design) == 10_000
    file = write_report(one, tmp_path / "large.html", (), "median")
    page = file.read_text("utf-8")
    assert len(page.encode()) < MOST
    pictures = re.findall(r'<svg class="effect".*?</svg>', page, re.DOTALL)
    assert 0 < len(pictures) <= 12
    for picture in pictures:
        assert len(picture) < 40_000
        assert picture.count("h0") <= 500
    kept = vn.Study.open(file)
    assert len(kept) == 10_000
    assert len(kept.effects()) == 3 * len(one.known)
    with pytest.raises(vn.InvalidRequest, match=r"effects\(\) is there"):
        kept.frame()
