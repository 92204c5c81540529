"""Parts of the sandbox by themselves: sampling rates, dues, settings, kinds of files."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from voicenb.sandbox.bookkeeping.books import Books, OverdrawnError
from voicenb.sandbox.recordings.references import kind_of
from voicenb.sandbox.twins.pcm import Resampler
from voicenb.sandbox.twins.settings import Settings
from voicenb.sandbox.wire.fields import RuleError


@pytest.fixture
def books(tmp_path):
    found = Books(tmp_path / "books.db")
    found.open_account("twin", 1_000)
    yield found
    found.close()


def submit(books, number, due=100, **more):
    return books.submit(
        id=f"task_{number}", service="twin", kind="any", request={}, characters=1, dues={"a": due}, **more
    )


RATES = st.sampled_from([8_000, 11_025, 12_000, 16_000, 22_050, 32_000, 44_100, 48_000]) | st.integers(8_000, 48_000)


@pytest.mark.slow
@given(st.lists(st.integers(0, 300), max_size=8), st.integers(0, 2**32 - 1), RATES)
@settings(deadline=None)
def test_pieces_come_to_the_same_samples_as_the_whole(lengths, seed, rate):
    """Wherever the pieces end, empty ones too, at any rate. A hundred random cuts take long."""
    samples = np.random.default_rng(seed).integers(-32_768, 32_768, sum(lengths)).astype("<i2")
    whole = Resampler(rate)
    expected = whole.feed(samples.tobytes()) + whole.rest()
    parts = Resampler(rate)
    got = b"".join(parts.feed(piece.tobytes()) for piece in np.split(samples, np.cumsum(lengths)[:-1])) + parts.rest()
    assert got == expected
    made = np.frombuffer(got, "<i2")
    assert len(made) == math.ceil(len(samples) * rate / 24_000)
    if rate == 48_000:
        assert np.array_equal(made[::2], samples)


@pytest.mark.parametrize(
    ("hertz", "rate"),
    [(200, 48_000), (3_000, 48_000), (9_000, 48_000), (9_000, 44_100), (3_000, 22_050), (3_000, 8_000)],
)
def test_a_tone_stays_a_tone(hertz, rate):
    """What comes between the samples lies on the same sine, up to 9 kHz, within 60 dB."""
    times = np.arange(4_800) / 24_000
    tone = np.rint(20_000 * np.sin(2 * np.pi * hertz * times)).astype("<i2")
    resampler = Resampler(rate)
    made = np.frombuffer(resampler.feed(tone.tobytes()) + resampler.rest(), "<i2")
    expected = 20_000 * np.sin(2 * np.pi * hertz * np.arange(len(made)) / rate)
    error = (made - expected)[200:-200]
    assert np.sqrt(np.mean(error**2)) < 20_000 / np.sqrt(2) / 1_000


def test_what_a_lower_rate_cannot_have_is_left_out():
    """A tone above half of it does not come back as another one."""
    tone = np.rint(20_000 * np.sin(2 * np.pi * 6_000 * np.arange(4_800) / 24_000)).astype("<i2")
    resampler = Resampler(8_000)
    made = np.frombuffer(resampler.feed(tone.tobytes()) + resampler.rest(), "<i2")
    assert np.abs(made[200:-200]).max() < 20


def test_dues_are_held_then_charged(books):
    """Open tasks hold what they owe; completing charges it once, failing frees it."""
    for number in range(3):
        submit(books, number, due=300)
    with pytest.raises(OverdrawnError) as error:
        submit(books, 3, due=101)
    assert (error.value.needed, error.value.balance) == (101, 100)
    assert books.account("twin").balance == 1_000
    books.complete("task_0", audio="a.wav", result={"x": 1})
    books.fail("task_1", "why", "reference")
    assert (books.account("twin").balance, books.account("twin").used) == (700, 300)
    submit(books, 4, due=400)
    assert [(task.status, charges, refund) for task, charges, refund in books.statement()] == [
        ("completed", {"a": 300}, 0),
        ("failed", {}, 0),
        ("queued", {}, 0),
        ("queued", {}, 0),
    ]
    assert (books.task("task_0").result, books.task("task_1").fault) == ({"x": 1}, "reference")


def test_what_is_settled_early_is_refunded_on_failure(books):
    """And not charged again on completion."""
    submit(books, 1)
    submit(books, 2)
    for number in (1, 2):
        books.settle(f"task_{number}")
        books.settle(f"task_{number}")
    assert books.account("twin").used == 200
    books.complete("task_1")
    books.fail("task_2", "why")
    assert (books.account("twin").balance, books.account("twin").used) == (900, 100)


def test_a_balance_lowered_meanwhile_completes_nothing(books):
    """The task stays open, without a charge, until it is failed."""
    submit(books, 1)
    books.set_balance("twin", 99)
    with pytest.raises(OverdrawnError):
        books.complete("task_1", audio="a.wav")
    assert books.task("task_1").status == "queued"
    assert books.account("twin").balance == 99
    books.fail("task_1", "insufficient", "balance")
    submit(books, 2, due=99)


def test_a_task_that_its_request_performs_is_not_queued(books):
    """It is processing from the start; what a kill leaves of it is queued, so that its twin hears of it."""
    submit(books, 1, queued=False)
    assert books.take() is None
    assert books.task("task_1").attempts == 1
    assert books.requeue() == 1
    assert books.take().id == "task_1"


def test_settings_are_kept_and_checked(books, tmp_path):
    """All or nothing; they outlive a restart."""
    found = Settings(books)
    first = found.all()
    found.change({"degraded": 0.2})
    for bad in (
        {"degraded": 1.1},
        {"degraded": None},
        {"degraded": True},
        {"concurrency": 0},
        {"locked_models": "x"},
        {"locked_models": [1]},
        {"nothing": 1},
        {"degraded": 0.5, "nothing": 1},
    ):
        with pytest.raises(RuleError):
            found.change(bad)
    assert found.all() == first | {"degraded": 0.2}
    books.close()
    again = Books(tmp_path / "books.db")
    assert Settings(again).all() == first | {"degraded": 0.2}
    again.close()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "wav"),
        (b"RF64\xff\xff\xff\xffWAVE", "wav"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", None),
        (b"ID3\x04\x00", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf3\x40\xc4", "mp3"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"fLaC\x00", "flac"),
        (b"OggS\x00", "ogg"),
        (b"\x00\x00\x00\x20ftypM4A ", "m4a"),
        (b"\x1a\x45\xdf\xa3", "webm"),
        (b"", None),
        (b"\xff", None),
        (b"/home/me/a.wav", None),
        (b"\x00\x00\x01\x00\x02\x00", None),
    ],
)
def test_kinds_of_files_by_their_first_bytes(tmp_path, head, kind):
    """Whatever their names are."""
    (tmp_path / "a.wav").write_bytes(head)
    assert kind_of(tmp_path / "a.wav") == kind
