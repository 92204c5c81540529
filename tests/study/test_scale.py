"""A plan counts cells and visits few; what it says is what asking for each cell would say. Reads of the ledger go by key."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest

import voicenb as vn
from voicenb.errors import InvalidRequest
from voicenb.ledger.records import TaskRecord, now
from voicenb.ledger.rows import insert
from voicenb.ledger.studies import Measurement
from voicenb.study.plan import request_of

TEXTS = ["Hello there.", "We meet at noon.", "x" * 12_000]


def asked_one_by_one(study):
    """Prices, cells on disk and refused ones, as each cell's own request says them."""
    totals, cached, refused = Counter(), 0, Counter()
    for cell in study.cells:
        voice = study._voices[cell.voice]
        request = request_of(cell, sandbox=True)
        take, seed, text = (request.pop(name) for name in ("take", "seed", "text"))
        service = voice.session.service.profile.id
        try:
            price = voice.price(text, ask=False, fresh=True, **request)
        except InvalidRequest as error:
            refused.update((cell.number, one.field, f"{service}: {one}") for one in error.problems)
            continue
        if voice.is_cached(text, take=take, seed=seed, **request):
            cached += 1
            continue
        totals[service] += price.amount
    return dict(totals), cached, refused


def same(study):
    plan = study.plan()
    totals, cached, refused = asked_one_by_one(study)
    assert {service: price.amount for service, price in plan.prices.items()} == totals
    assert plan.cached == cached
    assert Counter(plan.invalid.itertuples(index=False, name=None)) == refused
    assert plan.refused == len({number for number, _, _ in refused})
    assert plan.refusals.set_index(["field", "why"])["cells"].to_dict() == Counter(
        (field, why) for _, field, why in refused
    )
    frame = plan.frame()
    assert frame["cells"].sum() == plan.cells - plan.done - plan.cached - plan.refused
    for service, amount in totals.items():
        rows = frame[frame["service"] == service]
        assert sum(rows["price"] * rows["cells"]) == amount
    return plan


@pytest.fixture
def priced(studio, voice):
    studio.price(voice, "Hello.")
    return voice


@pytest.fixture
def other(blank_home):
    with vn.connect("aiclone", sandbox=True, home=blank_home) as studio:
        sample = vn.Reference(vn.sandbox.sample_speaker("ada", home=blank_home), consent="a sample")
        yield studio.clone(sample, name="ada", quiet=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [{}, {"sample": 11}, {"design": "one-at-a-time"}])
def test_a_plan_says_what_asking_for_each_cell_would_say(priced, kind):
    priced.say(TEXTS[0], speed=1.25, pitch=0, quiet=True)
    levels = {"speed": [1, 1.25, 9], "pitch": [0, 2.5, -3], "language": ["auto", "English", "Klingon"]}
    plan = same(vn.Study(priced, text=TEXTS, takes=2, seed=3, **levels, **kind))
    assert plan.refused
    assert set(plan.invalid["field"]) == {"speed", "pitch", "language", "text"}


def test_rules_over_several_fields_are_asked_for_each_combination(other):
    """AI Clone's emotion belongs to one model, its description to two others."""
    plan = same(
        vn.Study(
            other, text=TEXTS[:2], takes=1, model=["v2-emotion", "omni", "v1-real"], emotion=[None, "happy"],
            describe=[None, "female, high pitch"], speed=[1, 1.5],
        )
    )  # fmt: skip
    assert 0 < plan.refused < plan.cells
    assert {"emotion", "describe"} <= set(plan.invalid["field"])


def test_two_services_are_each_asked(priced, other):
    plan = same(vn.Study([priced, other], text=TEXTS[:2], speed=[1, 1.25], pitch=[0, 11.5], volume=[1, 5], takes=2))
    assert set(plan.prices) == {"soundclone", "aiclone"}
    assert {why.partition(":")[0] for why in plan.invalid["why"]} == {"soundclone", "aiclone"}


def test_a_request_that_was_made_with_other_words_for_its_levels_is_on_disk(priced):
    """The clip is found by what the request says, not by how a level is written."""
    priced.say(TEXTS[0], subtitles=True, speed=1, quiet=True)
    plan = same(vn.Study(priced, text=TEXTS[:2], subtitles=[False, True, "word"], speed=[1.0, 2], takes=2))
    assert plan.cached == 1


@pytest.mark.slow
def test_a_study_that_is_made_in_part_is_planned_for_the_rest(priced):
    vn.Study(priced, text=TEXTS[:1], speed=[1, 1.25], takes=2, name="half").run(quiet=True)
    one = vn.Study(priced, text=TEXTS[:1], speed=[1, 1.25], takes=2, name="half")
    assert (one.plan().done, one.plan().seconds) == (4, 0.0)
    more = vn.Study(priced, text=TEXTS[:2], speed=[1, 1.25], takes=2, name="whole").plan()
    assert (more.done, more.cached) == (0, 4)
    assert more.seconds > 0
    assert "about " in repr(more)


def test_keys_give_cells_back(priced):
    one = vn.Study(priced, text=['He said "no".', "Ünïcode ✓"], speed=[0.5, 1, 1.5], emotion=["happy", "sad"], takes=3)
    wanted = [0, 5, 17, len(one) - 1]
    assert one.design.numbers_of({one.cells[number].key for number in wanted} | {"0" * 16}).tolist() == wanted
    for number in wanted:
        cell = one.cells[number]
        assert one.design.number(cell.indices, cell.take) == number
    assert one.design.number(one.cells[0].indices, 4) is None


def test_a_study_of_which_nothing_is_left_says_so_and_sends_nothing(priced, studio, blank_home):
    books = len(vn.sandbox.books(home=blank_home))
    one = vn.Study(priced, text=TEXTS[:2], speed=[7, 8], takes=1, name="none")
    plan = one.plan()
    assert plan.refused == plan.cells == 4
    assert plan.warnings[0].startswith("No cell is left: all 4 are left out")
    assert "soundclone: speed: 7 was given" in plan._repr_html_()
    assert (one.run(quiet=True).frame()["status"] == "refused").all()
    assert len(vn.sandbox.books(home=blank_home)) == books


def test_a_where_that_fails_is_one_error_that_names_the_cell(priced, blank_home):
    books = len(vn.sandbox.books(home=blank_home))
    one = vn.Study(priced, text=TEXTS[:2], speed=[1, 1.25], takes=1, where=lambda cell: cell.tempo > 1)
    for call in (one.plan, lambda: one.run(quiet=True)):
        with pytest.raises(vn.InvalidRequest, match=r"where= failed for <Cell \d: .*AttributeError"):
            call()
    assert len(vn.sandbox.books(home=blank_home)) == books


def million(voice, name, **levels):
    texts = [f"This is text number {number}." for number in range(50)]
    levels = {
        "speed": np.linspace(0.5, 2, 100),
        "pitch": range(-12, 13),
        "emotion": ["happy", "sad", "angry", "neutral"],
    } | levels
    return vn.Study(voice, text=texts, takes=2, name=name, **levels)


def test_a_million_cells_are_planned_in_the_memory_of_few(priced):
    """100 MB are promised; `benchmarks/study_scale.md` has the time."""
    one = million(priced, "million")
    tracemalloc.start()
    plan = one.plan()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert plan.cells == 1_000_000
    assert most < 100_000_000
    expected = sum(priced.price(text, ask=False).amount for text in one.design.factor("text").levels) * 20_000
    assert plan.prices["soundclone"].amount == expected


def test_a_million_refused_cells_are_counted_and_some_listed(priced):
    plan = million(priced, "refused", speed=np.linspace(3, 4, 100)).plan()
    assert plan.refused == 1_000_000
    assert plan.refusals["cells"].tolist() == [10_000] * 100
    assert plan.invalid["cell"].tolist() == list(range(100_000))
    assert "plan.invalid" in plan.warnings[0] or plan.warnings[0].startswith("No cell is left")


def _rows(study, count):
    for number in range(count):
        yield TaskRecord(
            id=f"{study}{number:08x}", service="soundclone", endpoint="sandbox", kind="production", status="completed",
            text="Hello.", parameters={}, request="", unit="credits", rule="", cost=Decimal(0), created=now(),
            study=study, cell=f"{number * 7919 % 65_536:016x}", file=f"{number:064x}.mp3",
        )  # fmt: skip


def test_the_tasks_of_a_study_are_read_along_their_key(studio):
    ledger = studio.session.ledger
    database = ledger._database

    def fill():
        with database.change() as db:
            for study in ("s1", "s2"):
                for record in _rows(study, 1200):
                    insert(db, "tasks", record)

    database.write(fill).result()
    measured = [Measurement(f"{number:064x}.mp3", "", "", "duration", 1, number / 10) for number in range(0, 1200, 2)]
    ledger.studies.keep(measured).result()
    found = list(ledger.studies.tasks("s1"))
    assert len(found) == len({one.id for one in found}) == 1200
    assert [one.cell for one in found] == sorted(one.cell for one in found)
    assert sorted(ledger.studies.measured("s2")) == measured
    assert list(ledger.studies.measured("s3")) == list(ledger.studies.tasks("s3")) == []
    first = ledger.studies.page("s1", None, 200)
    second = ledger.studies.page("s1", first[-1][0], 200)
    assert [record.id for _, record in first + second] == [one.id for one in found[:400]]


def test_no_read_of_a_study_walks_or_sorts_a_table(studio, monkeypatch):
    ledger = studio.session.ledger
    read, plans = ledger._database.read, []

    def explained(sql, values=()):
        plans.extend(row["detail"] for row in read(f"EXPLAIN QUERY PLAN {sql}", values))
        return read(sql, values)

    monkeypatch.setattr(ledger._database, "read", explained)
    for call in (
        ledger.studies.tasks("s"),
        ledger.studies.measured("s"),
        ledger.studies.texts("soundclone", "sandbox"),
    ):
        list(call)
    ledger.studies.pace("soundclone", "sandbox")
    assert plans
    assert all("SEARCH" in one for one in plans), plans
