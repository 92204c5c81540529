"""The books: sums, files that are what they are called, and what is taken out."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, strategies as st
from test_ledger import record

import voicenb as vn
from voicenb.base.frames import rows_of
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
    assert frame.loc[("ash", live), "spent_exact"] == Decimal(3)
    assert frame.loc[("ash", "sandbox"), "spent_exact"] == Decimal(5)
    assert tuple(frame.loc[("eve", live), ["tasks", "spent_exact", "reserved_exact"]]) == (
        2,
        Decimal(0),
        Decimal("0.7"),
    )
    assert len(books.history.spending("day")) == 2
    with pytest.raises(vn.InvalidRequest, match="day, service, voice, label"):
        books.history.spending("week")


@pytest.mark.parametrize("rows", [0, 3])
def test_amounts_are_numbers_beside_the_exact_ones(books, rows):
    """pandas describes, rounds and adds up what was spent and what a budget refused; the Decimals are still there."""
    for number in range(rows):
        books.session.ledger.tasks.add(paid(number)).result()
    refused = [
        {"sent": False, "estimate": Decimal("0.1"), "cost": None if one else Decimal("0.1")} for one in range(rows)
    ]
    for frame, names in (
        (books.history.frame(), ("estimate", "cost", "refunded")),
        (books.history.spending("voice"), ("spent", "reserved")),
        (vn.BudgetExceeded("too dear", rows=refused).frame, ("estimate", "cost")),
    ):
        assert [str(frame[name].dtype) for name in names] == ["float64"] * len(names)
        assert set(names) <= set(frame.describe().columns)
        assert frame[list(names)].round(1)[names[0]].sum() == pytest.approx(
            float(sum(frame[f"{names[0]}_exact"].dropna())), abs=0.06
        )
        exact = [one for name in names for one in frame[f"{name}_exact"] if one is not None]
        assert all(isinstance(one, Decimal) for one in exact)
        assert len(exact) == frame[list(names)].notna().to_numpy().sum()


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


@pytest.mark.slow
def test_what_listeners_are_asked_and_a_study_is_held_against_outlives_its_task(blank, ada):
    """A test of two clips was broken when one of them was deleted from the history."""
    voice = blank.clone(ada, quiet=True)
    clips = voice.say("Hello there.", takes=3, quiet=True)
    test = vn.listen(clips[:2], home=blank.home)
    study = vn.Study(voice, text=["Good day."], speed=[1, 1.25], takes=1, name="held", target={"Good day.": clips[2]})
    study.run(quiet=True)
    assert blank.history.delete(*(clip.task.id for clip in clips)) == 3
    again = vn.ListeningTest.open(test.name, home=blank.home)
    [(trial, told)] = again.sheet()["trials"].items()
    assert all(len(again.sound(trial, sound)) > 10_000 for sound in told["sounds"])
    assert vn.Study.open("held", home=blank.home).frame()["ltas_distance"].notna().all()
    for clip in clips[:2]:
        clip.path.unlink()
    with pytest.raises(vn.VoicenbError, match="cannot be written or read now"):
        vn.ListeningTest.open(test.name, home=blank.home).sound(trial, told["sounds"][0])


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


def test_tasks_are_found_in_the_whole_history_whatever_their_case(books):
    """Far behind the newest page, by any of a row's words, across the services' columns and the parameters."""
    ledger = books.session.ledger
    for number in range(300):
        ledger.tasks.add(
            paid(
                number,
                text="Der Kessel, ÜBERALL" if number == 0 else f"Text {number}",
                voice_name="eve" if number % 100 == 1 else "ash",
                label="pilot" if number == 2 else None,
                note="with a cough" if number == 3 else None,
                parameters={"pitch": -2, "emotion": "sad"} if number == 4 else {},
                kind="preview" if number == 5 else "production",
            )
        ).result()
    history = books.history

    def numbers(**only):
        return [int(one, 16) for one in history.frame(**only)["id"]]

    assert numbers(find="überall") == [0]
    assert numbers(find="  kessel,\nüberall ") == [0]
    assert numbers(find="COUGH") == [3]
    assert numbers(find="pitch \u22122") == numbers(find="sad") == [4]
    assert numbers(find="100%") == numbers(find="text_1") == [], "no wildcards"
    assert numbers(voice="eve", find="text") == [201, 101, 1]
    assert numbers(label="pilot") == [2]
    assert len(numbers(label="")) == 299
    assert numbers(kind="preview") == [5]
    assert numbers(ids=[f"{7:032x}", f"{9:032x}", "none"]) == [9, 7]
    assert numbers(ids=[]) == []
    assert numbers(until="2h") == []
    assert history.count(voice="eve", status=["completed", "failed"]) == {"completed": 3}
    assert history.count() == {"completed": 300}
    assert history.count(status=[]) == {}
    assert history.ids(voice="eve", limit=2) == [f"{201:032x}", f"{101:032x}"]
    assert [one.id for one in history.records(voice="eve", limit=1)] == [f"{201:032x}"]
    assert history.values("voice") == ["ash", "eve"]
    assert history.values("label") == ["pilot"]
    for bad in ({"kind": "song"}, {"until": "soon"}, {"ids": "abc"}, {"label": 3}):
        with pytest.raises(vn.InvalidRequest, match=next(iter(bad))):
            history.frame(**bad)
    with pytest.raises(vn.InvalidRequest, match="voice, service, kind, label"):
        history.values("price")


def test_many_ids_are_one_question(books):
    """More than SQLite has question marks for."""
    books.session.ledger.tasks.add(paid(1)).result()
    assert len(books.history.frame(ids=[f"{number:032x}" for number in range(50_000)])) == 1


def test_the_export_is_filtered_and_exact(books, tmp_path):
    """JSON has amounts as text, moments as ISO, and null for what is not there."""
    ledger = books.session.ledger
    ledger.tasks.add(paid(1, text="Straße", cost=Decimal("0.1000000001"))).result()
    ledger.tasks.add(paid(2, text="No")).result()
    (row,) = json.loads(books.history.export(tmp_path / "h.json", find="STRASSE").read_text("utf-8"))
    assert (row["text"], row["cost_exact"], row["label"], row["seconds"]) == ("Straße", "0.1000000001", None, None)
    assert datetime.fromisoformat(row["created"]).tzinfo is not None
    with pytest.raises(vn.InvalidRequest, match="none of these tasks has a sound"):
        books.history.export(tmp_path / "h.zip")
    assert not (tmp_path / "h.zip").exists()


def test_sounds_are_exported_as_one_archive(blank, ada, tmp_path):
    """Each as `Clip.save` writes it, with names that no system refuses, and the table beside them."""
    voice = blank.clone(ada, name="a/b", text="Hi there.", quiet=True)
    clip = voice.say("What: is this?", quiet=True)
    target = blank.history.export(tmp_path / "h.zip", kind="production")
    with zipfile.ZipFile(target) as archive:
        name, table = archive.namelist()
        assert (name, table) == (f"1 - a-b - What- is this-.{clip.format}", "history.csv")
        assert archive.read(name) == clip.save(tmp_path / f"one.{clip.format}").read_bytes()
        assert "What: is this?" in archive.read(table).decode()


def test_rows_have_none_where_a_frame_has_no_value(blank, ada):
    """pandas tells it as NaN, NaT and NA, of which none is false."""
    blank.clone(ada, text="Hi there.", quiet=True)
    (voice,) = rows_of(blank.voices())
    assert voice["consent"] is None
    assert voice["activated"] is None
    (task,) = rows_of(blank.history.frame(kind="preview"))
    assert (task["label"], task["degraded"], task["error"]) == (None, None, None)
    assert task["cost"] == blank.history.frame()["cost"].iloc[-1]
