"""Each fault is found where it was put, and clean sound has none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from made_speech import fade, noise, phrase, vowel

from voicenb.audio.resampling import resample
from voicenb.measures.artefacts import KINDS, Finding, artefacts
from voicenb.measures.loudness import clipped_share, flat_tops

RATE = 16_000


def kinds(sound, rate=RATE, **options):
    return {one.what for one in artefacts(sound, rate, **options)}


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100])
def test_clean_phrases_have_none(rate):
    """Vowels that come and go softly, at any rate and level, without an offset."""
    sound = phrase(rate)
    assert artefacts(sound, rate) == []
    assert artefacts(sound * 0.05, rate) == []


def test_silence_and_nothing():
    """Nothing has no faults; a silence of three seconds is long, one of a second is not."""
    assert artefacts(np.zeros(0), RATE) == []
    assert artefacts(np.zeros(RATE), RATE) == []
    assert artefacts(np.zeros(3 * RATE), RATE) == [Finding(0.0, 3.0, "long silence")]


@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_clipping_is_found_where_it_is(gain):
    """The second vowel is clipped, at full scale or turned down afterwards."""
    sound = phrase()
    second = slice(round(1.4 * RATE), round(2.3 * RATE))
    sound[second] = np.clip(sound[second] * 12, -1, 1)
    found = [one for one in artefacts(sound * np.float32(gain), RATE) if one.what == "clipping"]
    assert found
    assert min(one.start for one in found) > 1.4
    assert max(one.end for one in found) < 2.3


@pytest.mark.parametrize("length", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("rest", [0.0, 1e-4])
def test_dropout_is_found_where_it_is(length, rest):
    sound = phrase()
    start, count = round(0.6 * RATE), round(length * RATE)
    sound[start : start + count] = noise(length, level=rest)[:count]
    [one] = [one for one in artefacts(sound, RATE) if one.what == "dropout"]
    assert (one.start, one.end) == pytest.approx((0.6, 0.6 + length), abs=0.003)
    assert kinds(sound) == {"dropout"}


@pytest.mark.parametrize("length", [0.25, 0.5, 1.0])
def test_repeat_is_found_where_it_is(length):
    """A stretch from the first vowel on that is heard twice; a little noise and another rate do not hide it."""
    rich = np.concatenate(
        [
            fade(vowel(one, 0.3, (f0, 1.3 * f0)), RATE)
            for one, f0 in zip("aiuai", (100, 130, 120, 150, 110), strict=True)
        ]
    )
    rich = np.concatenate([rich, noise(0.3)])
    cut, again = round(0.2 * RATE) + round(length * RATE), round(0.2 * RATE)
    twice = np.concatenate([rich[:cut], rich[again:]])
    for sound, rate in ((twice, RATE), (resample(twice + noise(len(twice) / RATE, level=1e-3), RATE, 24_000), 24_000)):
        found = [one for one in artefacts(sound, rate) if one.what == "repeat"]
        assert found
        assert found[0].start < cut / RATE + length
        assert found[0].end > cut / RATE
    assert "repeat" not in kinds(rich)


def test_held_vowel_is_no_repeat():
    """It is like itself after each period, and so is a sine."""
    assert "repeat" not in kinds(np.concatenate([fade(vowel("a", 2.0), RATE), noise(0.3)]))
    assert "repeat" not in kinds(np.sin(2 * np.pi * 150 * np.arange(2 * RATE) / RATE) * 0.3)


@pytest.mark.parametrize("silence", [0.0, 0.4])
def test_truncation(silence):
    """It ends within a vowel, or goes silent within it; a vowel that dies away does not."""
    sound = np.concatenate([phrase()[: round(0.8 * RATE)], np.zeros(round(silence * RATE), dtype=np.float32)])
    [one] = [one for one in artefacts(sound, RATE) if one.what == "truncation"]
    assert one.end == pytest.approx(0.8, abs=0.002)
    assert "truncation" not in kinds(phrase())


@pytest.mark.parametrize("frequency", [0, 8, 15])
def test_rumble_at_the_end_is_no_voice_that_is_cut_off(frequency):
    """Speech is over, or nearly so, and a slow wave as loud as −10 dB of it goes on to the last sample."""
    sound = phrase(gap=0.02)
    times = np.arange(len(sound)) / RATE
    level = 0.3 * np.abs(sound).max()
    rumble = level * (np.sin(2 * np.pi * frequency * times + 1) if frequency else np.minimum(1, times) - 0.5)
    assert "truncation" not in kinds(sound + rumble.astype(np.float32))
    cut = sound[: round(0.8 * RATE)] + rumble[: round(0.8 * RATE)].astype(np.float32)
    assert "truncation" in kinds(cut)


@pytest.mark.parametrize(("rise", "expected"), [(0.0, {"dropout"}), (0.008, set())])
def test_release_of_a_stop_takes_time_and_a_cut_takes_none(rise, expected):
    """A closure of 60 ms between a weak click and a vowel that begins within 8 ms, or at once."""
    sound = phrase()
    start, end = round(0.6 * RATE), round(0.66 * RATE)
    before = np.linspace(1, 0, round(0.05 * RATE)) ** 2
    sound[start - len(before) : start] *= before.astype(np.float32)
    sound[start:end] = noise(0.06, level=3e-4)
    sound[start - 20 : start] = noise(20 / RATE, level=0.012)
    length = round(rise * RATE)
    sound[end : end + length] *= np.geomspace(3e-3, 1, length) if length else 1
    assert kinds(sound) & {"dropout"} == expected


def test_text_that_cannot_have_been_said():
    """200 letters in 2.4 s of speech are a truncation; 20 are not; nor are they without a text."""
    sound = phrase()
    assert kinds(sound, expected="a" * 200) == {"truncation"}
    assert kinds(sound, expected="a" * 20) == kinds(sound) == set()


def test_long_silence_and_the_pauses_that_a_text_asks_for():
    sound = phrase(gap=2.6)
    found = [one for one in artefacts(sound, RATE) if one.what == "long silence"]
    assert len(found) == 3
    assert (found[0].start, found[0].end) == pytest.approx((1.1, 3.7), abs=0.15)
    assert kinds(sound, expected="oh <#1#> my") == set()
    assert kinds(phrase(gap=1.8)) == set()


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("at", [0.7, 1.25])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_click_is_found_where_it_is(width, at, rate):
    """In a vowel and in a pause; the noise of a fricative is none."""
    sound = phrase(rate)
    start = round(at * rate)
    sound[start : start + width] += 0.25
    [one] = [one for one in artefacts(sound, rate) if one.what == "click"]
    assert one.start == pytest.approx(at, abs=0.001)


def test_hiss_of_a_fricative_is_no_click():
    sound = phrase()
    sound[round(1.15 * RATE) : round(1.4 * RATE)] += fade(noise(0.25, level=0.05), RATE)
    assert kinds(sound) == set()


@pytest.mark.parametrize(("offset", "expected"), [(0.004, set()), (0.006, {"DC offset"}), (-0.05, {"DC offset"})])
def test_offset(offset, expected):
    """From 0.005 of full scale; it neither makes nor hides other faults."""
    sound = phrase()
    assert kinds(sound + np.float32(offset)) == expected
    sound[round(0.6 * RATE) : round(0.65 * RATE)] = 0
    assert kinds(sound + np.float32(offset)) == expected | {"dropout"}


def test_findings_are_in_order_and_plain():
    """Python's own floats, sorted, each of a known kind."""
    sound = phrase(gap=2.6) + np.float32(0.02)
    sound[round(0.6 * RATE) : round(0.65 * RATE)] = 0.02
    found = artefacts(sound, RATE)
    assert found == sorted(found)
    assert {type(value) for one in found for value in one} == {float, str}
    assert {one.what for one in found} <= set(KINDS)
    assert all(0 <= one.start <= one.end <= len(sound) / RATE for one in found)


def test_flat_tops_are_what_the_clipped_share_counts():
    loud = np.clip(np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE) * 2, -1, 1).astype(np.float32)
    assert flat_tops(loud).mean() == clipped_share(loud) > 0.5
    assert flat_tops(np.zeros(0)).shape == (0,)


@pytest.fixture(scope="module")
def benchmark():
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "artefacts.py"
    spec = importlib.util.spec_from_file_location("artefacts_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_faults_in_real_speech(benchmark, speech):
    """At least 13 of 14 faults are found in a recording, as the benchmark injects them, and its own speech has none."""
    [material] = [one for one in benchmark.recordings(speech, sandbox=False) if one.name == "librispeech-3005-other"]
    hits = 0
    for kind in KINDS:
        for trial in range(2):
            chance = np.random.default_rng([7, KINDS.index(kind), trial])
            sound, start, end = benchmark.INJECT[kind](benchmark.excerpt(material, chance), material.rate, chance)
            found = artefacts(sound, material.rate)
            hits += any(one.what == kind and one.start < end + 0.1 and one.end > start - 0.1 for one in found)
    assert hits >= 13
    assert artefacts(material.sound, material.rate) == []
