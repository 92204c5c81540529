"""What a listener's page holds does not tell which sound is which, except by its sound.

An adversary who has the sheet and every file tries all that is not listening: names, sizes, headers, order, silence, lengths of what is
not silent, dither. Each statistic guesses the X of many trials; what it hits is tested against chance.
"""

import base64
import json
import re
import struct

import numpy as np
import pytest
from scipy.stats import binomtest

import voicenb as vn
from voicenb.audio.codec import encode
from voicenb.listening.design import Design
from voicenb.measures.loudness import loudness

TRIALS = 160


def samples(wav):
    return np.frombuffer(wav[44:], dtype="<i2").astype(np.float64)


def correlation(one, other):
    """The highest correlation of two sounds, wherever they begin."""
    size = 1 << (2 * len(one)).bit_length()
    return float(np.abs(np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)))).max())


def loud(wav):
    """How much silence there is before and after, in frames."""
    there = np.flatnonzero(np.abs(samples(wav)) > 40)
    return int(there[0]), len(samples(wav)) - int(there[-1])


STATISTICS = {
    "name": lambda name, wav, at: int.from_bytes(name.encode(), "big"),
    "size": lambda name, wav, at: len(wav),
    "header": lambda name, wav, at: sum(wav[:44]),
    "order": lambda name, wav, at: at,
    "zeros": lambda name, wav, at: int((samples(wav) == 0).sum()),
    "lead": lambda name, wav, at: loud(wav)[0],
    "tail": lambda name, wav, at: loud(wav)[1],
    "silence before": lambda name, wav, at: float(np.var(samples(wav)[:1000])),
    "silence after": lambda name, wav, at: float(np.var(samples(wav)[-800:])),
    "first bytes": lambda name, wav, at: int.from_bytes(wav[44:52], "little"),
    "last bytes": lambda name, wav, at: int.from_bytes(wav[-8:], "little"),
    "lowest bits": lambda name, wav, at: float(np.mean(samples(wav) % 2)),
    "mean": lambda name, wav, at: float(np.mean(samples(wav)[:1500])),
}


@pytest.fixture(scope="module")
def test(clip, tmp_path_factory):
    # Of one length and level, so that nothing but the noise itself tells them apart.
    return vn.listen(
        {"one": clip(1), "other": clip(2)}, kind="abx", trials=TRIALS, home=tmp_path_factory.mktemp("home")
    )


@pytest.fixture(scope="module")
def source(test, tmp_path_factory):
    """The page as a listener has it."""
    return test.save(tmp_path_factory.mktemp("page") / "test.html").read_text("utf-8")


@pytest.fixture(scope="module")
def page(source):
    """What is in it: the sheet, and by trial its sounds in their order there."""
    told = json.loads(
        re.search(r'<script type="application/json" id="listening-data">(.*?)</script>', source, re.DOTALL)[1]
    )
    sounds = {
        trial: {name: base64.b64decode(sound) for name, sound in own.items()} for trial, own in told["sounds"].items()
    }
    return told["sheet"], sounds


@pytest.fixture(scope="module")
def design(test):
    """The key, which is in the ledger alone."""
    return Design.from_json(test.record.design)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_no_statistic_finds_x(design, page, statistic):
    """X is what it is nearest to, by the statistic; ties go to the first."""
    sheet, sounds = page
    key = {one.id: one.same for one in design.trials}
    right = 0
    for trial, told in sheet["trials"].items():
        value = {name: STATISTICS[statistic](name, wav, at) for at, (name, wav) in enumerate(sounds[trial].items())}
        guess = min(told["sounds"], key=lambda name: abs(value[name] - value[told["x"]]))
        right += guess == key[trial]
    assert binomtest(right, TRIALS).pvalue > 1e-4, f"{statistic}: {right} of {TRIALS}"


def test_the_adversary_finds_what_can_be_found(design, page):
    """Given the sound itself, as its correlation with X, the adversary is always right: X is what the key says."""
    sheet, sounds = page
    key = {one.id: one.same for one in design.trials}
    for trial, told in list(sheet["trials"].items())[:20]:
        x = samples(sounds[trial][told["x"]])
        likeness = {name: correlation(x, samples(sounds[trial][name])) for name in told["sounds"]}
        assert max(likeness, key=likeness.get) == key[trial]


def test_no_two_files_are_alike_and_all_of_a_trial_have_one_length(page):
    sheet, sounds = page
    every = [wav for trial in sounds.values() for wav in trial.values()]
    assert len({wav[44:] for wav in every}) == len(every)
    for trial in sounds.values():
        assert len({len(wav) for wav in trial.values()}) == 1
        assert len({wav[:44] for wav in trial.values()}) == 1
    assert struct.unpack("<I", every[0][24:28]) == (sheet["rate"],)


def test_the_page_names_nothing(design, page, source):
    """Neither conditions, files, roles nor the key's words are in it."""
    for place in {place.file for trial in design.trials for place in trial.every()}:
        assert place[:12] not in source
    assert design.secret not in source
    text = json.dumps(page[0])
    for word in ("one", "other", "flac", "catch", "repeat", "same", "secret", "role"):
        assert f'"{word}"' not in text
    assert design.secret not in text
    assert len({len(name) for trial in page[0]["trials"].values() for name in trial["sounds"]}) == 1


def test_who_knows_the_seed_does_not_know_x(clip, tmp_path):
    """Two tests that were asked for in the same way, in two homes, have another X."""
    keys = []
    for number in range(2):
        made = vn.listen({"one": clip(1), "other": clip(2)}, kind="abx", trials=40, seed=7, home=tmp_path / str(number))
        keys.append([one.x.condition for one in Design.from_json(made.record.design).trials])
    assert keys[0] != keys[1]
    assert 8 < keys[0].count("one") < 32


def heard(test):
    [(trial, told)] = test.sheet()["trials"].items()
    return [samples(test.sound(trial, name)) / 32768 for name in told["sounds"]]


def test_all_are_equally_loud(clip, tmp_path):
    test = vn.listen(
        {"soft": clip(1, seconds=4, level=0.01), "loud": clip(2, seconds=4, level=0.2)}, kind="ab", home=tmp_path
    )
    levels = [loudness(one, test.sheet()["rate"]) for one in heard(test)]
    assert levels == pytest.approx([-23, -23], abs=0.3)


def test_where_one_would_clip_all_are_softer(clip, tmp_path):
    """Clicks have little loudness and high peaks; they are not limited, everything else comes down to them."""
    spiked = np.asarray(clip(3, seconds=4, level=0.001).samples).copy()
    spiked[::1_600] = 0.9
    clicking = vn.Clip(encode(spiked, 16_000, "flac"), task=clip(3).task)
    test = vn.listen({"noise": clip(2, seconds=4), "spiked": clicking}, kind="ab", home=tmp_path)
    sounds = heard(test)
    levels = [loudness(one, test.sheet()["rate"]) for one in sounds]
    assert levels[0] == pytest.approx(levels[1], abs=0.5)
    assert max(levels) < -24
    assert max(np.abs(one).max() for one in sounds) < 0.98


def test_volume_as_a_factor_is_heard_and_said(clip, tmp_path):
    """Loudness is not matched then: the difference of 20 dB stays."""
    test = vn.listen(
        [clip(1, seconds=4, level=0.01, volume=1), clip(2, seconds=4, level=0.1, volume=2)], kind="ab", home=tmp_path
    )
    levels = sorted(loudness(one, test.sheet()["rate"]) for one in heard(test))
    assert levels[1] - levels[0] == pytest.approx(20, abs=0.5)
    assert levels[1] == pytest.approx(-23, abs=0.3)
    assert any("volume" in one for one in test.plan().warnings)
