"""Votes: what is kept, what is refused, what is never lost, and what is told when."""

import copy
import sqlite3
import threading
from contextlib import closing

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import voicenb as vn
from voicenb.listening.design import Design
from voicenb.listening.kinds import KINDS
from voicenb.listening.votes import checked


def row(test, number=0):
    return test.sheet()["orders"][number]


def vote(test, place=0, answer=None, number=0, **more):
    """A vote as a page gives it."""
    sheet = test.sheet()
    trial, sounds = row(test, number)[place]
    scale = sheet["scale"]
    if answer is None:
        if scale is None:
            answer = sounds[0]
        elif sheet["kind"] in {"multi", "mushra"}:
            answer = dict.fromkeys(sounds, 50)
        else:
            answer = scale["high"]
    told = {"trial": trial, "place": place, "sounds": sounds, "answer": answer, "at": 1_800_000_000_000, "seconds": 4.5}
    return told | {"plays": dict.fromkeys(sounds, 2)} | more


def answer_all(test, listener="me"):
    number = test.row_of(listener)
    for place in range(len(row(test, number))):
        test.keep(listener, number, vote(test, place, number=number))
    return test.finish(listener)


@pytest.fixture(params=[kind for kind in KINDS if kind != "mushra"])
def test(request, pairs, home):
    return vn.listen(pairs, kind=request.param, trials=4, listeners=4, home=home)


def test_a_vote_is_on_disk_when_it_is_kept(test, home):
    """Another process, or a new kernel, finds it: here, a ledger that is opened anew."""
    test.keep("me", test.row_of("me"), vote(test))
    from voicenb.ledger.ledger import Ledger

    Ledger.at(home).close()
    again = vn.ListeningTest.open(test.name, home=home)
    assert [one["trial"] for one in again.votes_of("me")] == [row(test)[0][0]]
    assert again.frozen


def test_there_is_no_result_and_no_key_before_the_last_vote(test):
    number = test.row_of("me")
    for place in range(3):
        test.keep("me", number, vote(test, place))
        assert not test.finish("me")
    with pytest.raises(vn.InvalidRequest, match="so far 3 of 4"):
        test.result()
    assert test.votes().empty
    # The last vote and the end are one: whoever reads all votes reads the result, too.
    test.keep("me", number, vote(test, 3))
    assert test.listeners == 1
    assert test.finish("me")
    assert set(test.votes()["trial"]) == {trial for trial, _ in row(test)}
    assert test.result().listeners == 1


def test_all_answers_without_an_end_get_one(test, home):
    """A kernel that ended between the last vote and the end left such rows, before the two were one."""
    answer_all(test)
    with closing(sqlite3.connect(home / "ledger.db")) as db, db:
        db.execute("UPDATE listeners SET finished = NULL")
    assert test.listeners == 0
    assert test.finish("me")
    assert test.listeners == 1
    assert test.result().listeners == 1


def test_the_first_answer_stays_and_a_draft_is_replaced(test):
    number = test.row_of("me")
    if test.kind == "multi":
        for value in (20, 30):
            [name, *_] = row(test)[0][1]
            test.keep("me", number, vote(test, answer={name: value}, draft=True))
        assert test.votes_of("me")[0]["answer"] == {name: 30}
    test.keep("me", number, vote(test))
    kept = test.votes_of("me")
    for other in (vote(test, seconds=9), vote(test, draft=True)):
        test.keep("me", number, other)
    assert test.votes_of("me") == kept


def test_each_listener_has_an_order_that_the_fewest_had(pairs, home):
    test = vn.listen(pairs, kind="ab", listeners=3, home=home)
    assert [test.row_of(name) for name in ("a", "b", "c", "d", "a")] == [0, 1, 2, 0, 0]
    with pytest.raises(vn.InvalidRequest, match="the order of 'b' is 1"):
        test.keep("b", 0, vote(test))


def test_many_listeners_at_once_lose_nothing(pairs, home):
    test = vn.listen(pairs, kind="ab", listeners=4, home=home)
    threads = [threading.Thread(target=answer_all, args=(test, f"l{number}")) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(test.votes()) == 8 * 4
    assert test.listeners == 8


def bad(test):
    """What a broken or a lying page may send."""
    good = vote(test)
    yield None
    yield [good]
    yield {}
    for field, values in {
        "trial": (None, 1, "nothing", [good["trial"]]),
        "sounds": (None, [], good["sounds"] * 2, ["x"] * len(good["sounds"]), "ab"),
        "answer": (None, "nobody", [1], {"x": 1}, float("nan"), 99, -99, True),
        "place": (None, -2, 1.5, "0", float("inf")),
        "at": (None, "now", -1, 1e18),
        "seconds": (None, -1, 1e9, float("nan")),
    }.items():
        for value in values:
            yield copy.deepcopy(good) | {field: value}


def test_what_is_no_vote_is_refused_and_keeps_nothing(test):
    for one in bad(test):
        with pytest.raises(vn.InvalidRequest):
            test.keep("me", 0, one)
    assert test.votes_of("me") == []
    assert not test.frozen


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["trial", "place", "sounds", "answer", "at", "seconds", "plays", "draft"]), anything
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_object_is_a_vote_or_an_error_of_the_tree(test, changes):
    """And what is kept is plain JSON of this test, never what a page added."""
    design = Design.from_json(test.record.design)
    try:
        kept = checked(design, vote(test) | changes | {"extra": "x"})
    except vn.InvalidRequest:
        return
    assert set(kept) <= {"trial", "place", "sounds", "answer", "at", "seconds", "plays", "draft"}
    assert checked(design, kept) == kept


def test_the_key_is_told_rightly(pairs, home):
    """A listener who always picks the condition "other" is told so, whatever order they had."""
    test = vn.listen(pairs, kind="ab", listeners=4, home=home)
    design = Design.from_json(test.record.design)
    for listener in ("a", "b", "c"):
        number = test.row_of(listener)
        for place, (trial, _) in enumerate(row(test, number)):
            other = next(one.sound for one in design.trial(trial).places if one.condition == "other")
            test.keep(listener, number, vote(test, place, other, number))
        test.finish(listener)
    votes = test.votes()
    assert set(votes["chosen"]) == {"other"}
    assert set(votes["first"]) == {"one", "other"}
    found = test.result()
    assert found.table["net"].tolist() == [1.0]
    assert "3 listeners cannot show a preference" in found.notes[0]


@pytest.mark.parametrize("kind", ["abx", "ab", "cmos", "acr", "multi"])
def test_who_hears_nothing_is_found_by_catch_trials(pairs, home, kind):
    """One listener answers as the key says, one the contrary in catch trials."""
    test = vn.listen(pairs, kind=kind, catch=2, listeners=2, home=home, tie=False)
    test.simulate(2, hears=1, spread=0)
    good = test.result(screen="catch")
    assert good.excluded == ()
    deaf = vn.listen(pairs, kind=kind, catch=2, listeners=2, home=home, tie=False, name="deaf")
    design = Design.from_json(deaf.record.design)
    for listener in ("good", "deaf"):
        number = deaf.row_of(listener)
        for place, (name, shown) in enumerate(row(deaf, number)):
            trial = design.trial(name)
            deaf.keep(listener, number, vote(deaf, place, judged(kind, trial, shown, listener == "good"), number))
        deaf.finish(listener)
    found = deaf.result(screen="catch")
    assert found.listeners == 1
    assert found.excluded == ("deaf missed the spoilt sound in 2 of 2 catch trials (rule: none)",)


def judged(kind, trial, shown, hears):
    """What a listener says who hears the spoilt sound, or takes it for the best."""
    if kind == "abx":
        other = next(one for one in shown if one != trial.same)
        return trial.same if hears or trial.catch is None else other
    if kind == "acr":
        return 1 if trial.catch and hears else 5
    if kind == "multi":
        return {one: (0 if hears else 100) if one == trial.catch else 50 for one in shown}
    if trial.catch is None:
        return shown[0] if kind == "ab" else 0
    if kind == "ab":
        return next(one for one in shown if (one != trial.catch) == hears)
    return (-3 if hears else 3) * (1 if shown[1] == trial.catch else -1)


def test_simulated_listeners_and_people_are_never_mixed(pairs, home):
    test = vn.listen(pairs, kind="ab", home=home)
    test.row_of("me")
    test.simulate(3)
    with pytest.raises(vn.InvalidRequest, match="simulated"):
        test.keep("me", test.row_of("me"), vote(test, number=test.row_of("me")))
    found = test.result()
    assert found.simulated
    assert found.sentence.startswith("Simulated listeners: ")
    assert "no people" in found.methods
    people = vn.listen(pairs, kind="ab", name="people", home=home)
    people.keep("me", people.row_of("me"), vote(people))
    with pytest.raises(vn.InvalidRequest, match="people"):
        people.simulate(3)


@pytest.mark.parametrize("kind", ["abx", "ab", "acr", "multi"])
def test_simulated_results_come_from_the_seed_and_not_from_the_secret(kind, pairs, tmp_path):
    said = set()
    for name in ("first", "second", "third"):
        test = vn.listen(pairs, kind=kind, name=name, home=tmp_path)
        said.add(test.simulate(12, hears=0.4, seed=3).result().sentence)
    assert len(said) == 1


def test_simulated_answers_are_the_same_each_time(pairs, tmp_path):
    first = vn.listen(pairs, kind="multi", home=tmp_path).simulate(4, seed=3).votes()
    again = vn.listen(pairs, kind="multi", home=tmp_path).simulate(4, seed=3).votes()
    assert np.array_equal(first["score"], again["score"])
    for wrong in ({"listeners": 0}, {"hears": 2}, {"spread": -1}, {"hears": "much"}, {"seed": -1}):
        with pytest.raises(vn.InvalidRequest, match=next(iter(wrong))):
            vn.listen(pairs, kind="multi", home=tmp_path).simulate(**wrong)
