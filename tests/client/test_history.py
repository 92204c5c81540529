"""The books: sums, files that are what they are called, and what is taken out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, strategies as st
from test_ledger import record

import voicenb as vn
from voicenb.studio.history import parse_since


@pytest.fixture
def books(tmp_path):
    with vn.connect("soundclone", api_key="sk_x", home=tmp_path) as studio:
        yield studio


def paid(number, **values):
    about = {"status": "completed", "cost": Decimal("0.1"), "endpoint": "https://www.jimmyai.cn", "voice_name": "ash"}
    return record(number, **(about | values))


@given(st.integers(0, 10_000), st.sampled_from("smhdw"))
def test_a_duration_before_now_is_a_moment(count, unit):
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[unit]
    expected = datetime.now(UTC) - timedelta(seconds=count * seconds)
    assert abs(parse_since(f"{count}{unit}") - expected) < timedelta(seconds=1)


def test_spending_is_exact_and_keeps_what_is_reserved_apart(books):
    ledger = books.session.ledger
    for number in range(30):
        ledger.tasks.add(paid(number)).result()
    ledger.tasks.add(paid(40, voice_name="eve", status="unknown", cost=None, estimate=Decimal("0.7"))).result()
    ledger.tasks.add(paid(41, voice_name="eve", status="failed", cost=Decimal(0))).result()
    ledger.tasks.add(paid(42, endpoint="sandbox", cost=Decimal(5))).result()
    frame = books.history.spending("voice").set_index(["voice", "endpoint"])
    live = "https://www.jimmyai.cn"
    assert frame.loc[("ash", live), "spent"] == Decimal(3)
    assert frame.loc[("ash", "sandbox"), "spent"] == Decimal(5)
    assert tuple(frame.loc[("eve", live), ["tasks", "spent", "reserved"]]) == (2, Decimal(0), Decimal("0.7"))
    assert len(books.history.spending("day")) == 2
    with pytest.raises(vn.InvalidRequest, match="day, service, voice, label"):
        books.history.spending("week")


def test_a_deleted_task_frees_its_file_only_when_nobody_refers_to_it(books):
    ledger = books.session.ledger
    name = ledger.files.store(b"audio", "mp3")
    for number in (1, 2):
        ledger.tasks.add(paid(number, file=name)).result()
    assert books.history.delete(f"{1:032x}", "nobody") == 1
    assert ledger.files.path(name).exists()
    assert books.history.delete(f"{2:032x}") == 1
    assert not ledger.files.path(name).exists()
    ledger.tasks.add(paid(3, status="unknown")).result()
    with pytest.raises(vn.InvalidRequest, match="unknown"):
        books.history.delete(f"{3:032x}")


def test_files_are_verified_and_fetched_again(blank, ada):
    voice = blank.clone(ada, text="Hi there.", quiet=True)
    clip = voice.say("Keep me.", subtitles="word", quiet=True)
    assert blank.history.verify().empty
    clip.path.write_bytes(b"x" * len(clip.data))
    blank.session.ledger.files.path(clip.task.record.subtitles).unlink()
    assert sorted(blank.history.verify(repair=False)["state"]) == ["damaged", "missing"]
    assert set(blank.history.verify()["state"]) == {"repaired"}
    assert blank.history.verify().empty
    assert blank.history.clip(clip.task.id).data == clip.data


def test_the_history_is_written_to_a_file(books, tmp_path):
    books.session.ledger.tasks.add(paid(1, text="Grüße, 声音")).result()
    frame = pd.read_csv(books.history.export(tmp_path / "h.csv"))
    assert frame["text"][0] == "Grüße, 声音"
    with pytest.raises(vn.InvalidRequest, match="parquet"):
        books.history.export(tmp_path / "h.xls")


def test_a_clip_of_another_service_is_read_without_it(blank, ada, tmp_path):
    voice = blank.clone(ada, text="Hi there.", quiet=True)
    clip = voice.say("One two.", subtitles="word", speed=1.5, quiet=True)
    with vn.connect("soundclone", api_key="sk_x", home=blank.home) as other:
        again = other.history.clip(clip.task.id)
    assert again.subtitles == clip.subtitles
    assert again.task.parameters == {"speed": 1.5, "subtitles": "word"}
