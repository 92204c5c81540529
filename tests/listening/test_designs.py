"""What meets in a trial, how often, and in which order for whom."""

import itertools
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import voicenb as vn
from voicenb.listening.design import Design
from voicenb.listening.kinds import KINDS


def design(test):
    return Design.from_json(test.record.design)


def conditions(trial):
    return [one.condition for one in trial.places]


def test_abx_has_as_many_trials_as_are_asked_for(pairs, home):
    found = design(vn.listen(pairs, kind="abx", trials=10, home=home))
    assert len(found.trials) == 10
    assert Counter(one.item for one in found.trials).most_common()[0][1] == 3
    for one in found.trials:
        assert conditions(one) == ["one", "other"]
        assert one.x.file == next(place.file for place in one.places if place.sound == one.same)


@pytest.mark.parametrize(("kind", "trials", "sounds"), [("ab", 4, 2), ("cmos", 4, 2), ("acr", 8, 1), ("multi", 4, 2)])
def test_other_kinds_ask_everything_once(pairs, home, kind, trials, sounds):
    found = design(vn.listen(pairs, kind=kind, home=home))
    assert len(found.trials) == trials
    assert {len(one.places) for one in found.trials} == {sounds}
    assert len({(one.item, *conditions(one)) for one in found.trials}) == trials


def test_training_can_be_longer_than_the_test(pairs, home):
    found = design(vn.listen(pairs, kind="ab", training=7, repeats=2, home=home))
    assert [one.role for one in found.trials].count("training") == 7
    assert len(found.counted) == 6


def test_mushra_hides_the_reference_and_both_anchors(pairs, clip, home):
    references = {f"Text {number}.": clip(50 + number, seconds=1.2) for number in range(4)}
    found = design(vn.listen(pairs, kind="mushra", reference=references, home=home))
    assert len(found.counted) == 4
    assert [one.role for one in found.trials].count("training") == 1
    for one in found.trials:
        assert sorted(conditions(one)) == ["low anchor", "mid anchor", "one", "other", "reference"]
        hidden = next(place for place in one.places if place.condition == "reference")
        assert (hidden.file, hidden.sound != one.reference.sound) == (one.reference.file, True)
        # All run in step with the reference.
        assert len({place.lead for place in one.every()}) == 1


def test_mushra_without_recordings_names_what_goes_without(pairs, clip, home):
    with pytest.raises(vn.InvalidRequest, match="multi"):
        vn.listen(pairs, kind="mushra", home=home)
    with pytest.raises(vn.InvalidRequest, match=r"'Text 1\.' has none"):
        vn.listen(pairs, kind="mushra", reference={"Text 0.": clip(9)}, home=home)
    many = {f"condition {number}": clip(number) for number in range(10)}
    with pytest.raises(vn.InvalidRequest, match="13 sounds a trial; allowed are 12"):
        vn.listen(many, kind="mushra", reference=clip(99), home=home)


def test_repeats_and_catch_trials_look_like_any(pairs, home):
    test = vn.listen(pairs, kind="ab", repeats=2, catch=1, home=home)
    found = design(test)
    assert Counter(one.role for one in found.trials) == {"trial": 4, "repeat": 2, "catch": 1}
    for one in found.trials:
        if one.role == "repeat":
            assert found.trial(one.of).item == one.item
        if one.role == "catch":
            assert len({place.file for place in one.places}) == 1
            assert [place.treatment for place in one.places if place.sound == one.catch] == ["catch"]
    shown = test.sheet()["trials"].values()
    assert len({tuple(sorted(one)) for one in shown}) == 1


@pytest.mark.parametrize("kind", ["ab", "abx", "cmos", "acr", "multi"])
def test_every_order_holds_every_trial_and_every_sound_once(pairs, home, kind):
    found = design(vn.listen(pairs, kind=kind, listeners=12, repeats=1, home=home))
    every = sorted(one.id for one in found.trials)
    for row in found.orders:
        assert sorted(name for name, _ in row) == every
        for name, shown in row:
            assert sorted(shown) == sorted(place.sound for place in found.trial(name).places)


def test_each_of_two_is_first_for_half_of_the_listeners(pairs, home):
    found = design(vn.listen(pairs, kind="ab", listeners=12, home=home))
    for trial in found.trials:
        first = Counter(shown[0] for row in found.orders for name, shown in row if name == trial.id)
        assert set(first.values()) == {6}


def test_trials_stand_at_each_place_equally_often(pairs, home):
    """Four trials and eight listeners: a Williams square, twice."""
    found = design(vn.listen(pairs, kind="ab", listeners=8, home=home))
    for place in range(4):
        assert set(Counter(row[place][0] for row in found.orders).values()) == {2}
    follows = Counter((a[0], b[0]) for row in found.orders for a, b in itertools.pairwise(row))
    assert set(follows.values()) == {2}


def test_the_same_call_is_the_same_test_and_another_is_another(pairs, home):
    first = vn.listen(pairs, kind="ab", home=home)
    assert vn.listen(pairs, kind="ab", home=home).id == first.id
    assert vn.listen(pairs, kind="ab", seed=1, home=home).id != first.id
    named = vn.listen(pairs, kind="ab", name="mine", home=home)
    assert vn.listen(pairs, kind="ab", name="mine", home=home).hash == named.hash
    with pytest.raises(vn.InvalidRequest, match="kind='ab' instead of 'abx'"):
        vn.listen(pairs, kind="abx", name="mine", home=home)
    assert vn.ListeningTest.open("mine", home=home).id == named.id
    with pytest.raises(vn.InvalidRequest, match="did you mean 'mine'"):
        vn.ListeningTest.open("min", home=home)


def test_a_design_comes_back_from_the_ledger_as_it_was(pairs, clip, home):
    for kind in KINDS:
        reference = {f"Text {number}.": clip(60) for number in range(4)} if kind == "mushra" else None
        test = vn.listen(pairs, kind=kind, reference=reference, catch=int(kind != "mushra"), home=home)
        found = design(test)
        assert Design.from_json(found.to_json()) == found
        assert found.hash == test.hash == vn.ListeningTest.open(test.name, home=home).hash


def test_clips_of_a_list_are_named_by_what_differs(clip, home):
    found = design(vn.listen([clip(1, speed=1, pitch=2), clip(2, speed=1.2, pitch=2)], home=home))
    assert found.conditions == {"speed 1": {"speed": 1}, "speed 1.2": {"speed": 1.2}}
    alike = design(vn.listen([clip(1), clip(2)], home=home))
    assert list(alike.conditions) == ["clip 1", "clip 2"]
    named = design(vn.listen([clip(1), clip(2)], labels=["old", "new"], home=home))
    assert list(named.conditions) == ["old", "new"]


def test_clips_of_several_rates_and_lengths_meet(clip, home):
    test = vn.listen({"a": clip(1, rate=22_050, seconds=0.5), "b": clip(2, rate=48_000, seconds=2)}, home=home)
    sheet = test.sheet()
    [(trial, told)] = sheet["trials"].items()
    assert sheet["rate"] == 48_000
    assert len({len(test.sound(trial, name)) for name in told["sounds"]}) == 1
    assert 2 < told["seconds"] < 2.5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "abcx"}, "did you mean 'abx'"),
        ({"trials": 0}, "trials=0"),
        ({"trials": 5}, "give 4 trials"),
        ({"listeners": 1}, "listeners=1"),
        ({"repeats": 5}, "repeats=5"),
        ({"catch": -1}, "catch=-1"),
        ({"training": 99}, "training=99"),
        ({"seed": -1}, "seed=-1"),
        ({"labels": ["a"]}, None),
        ({"reference": "read.wav"}, "kind='ab' has none"),
    ],
)
def test_a_setting_out_of_its_range_is_named(pairs, home, settings, said):
    if said is None:
        with pytest.raises(vn.InvalidRequest, match="1 for 2 clips"):
            vn.listen([*pairs["one"][:2]], **settings, home=home)
        return
    with pytest.raises(vn.InvalidRequest, match=said):
        vn.listen(pairs, **{"kind": "ab"} | settings, home=home)


def test_nothing_to_compare_is_said(clip, home):
    for clips in ([], {}, "clip.wav", [1, 2], None):
        with pytest.raises(vn.InvalidRequest, match="listen"):
            vn.listen(clips, home=home)
    with pytest.raises(vn.InvalidRequest, match="compares 2 conditions"):
        vn.listen([clip(1)], home=home)
    with pytest.raises(vn.InvalidRequest, match="same item"):
        vn.listen({"a": clip(1, "One text."), "b": clip(2, "Another.")}, home=home)
    with pytest.raises(vn.InvalidRequest, match="cannot be read"):
        vn.listen([vn.Clip(b"no sound"), clip(2)], labels=["a", "b"], home=home)


@given(
    count=st.integers(2, 5),
    texts=st.integers(1, 3),
    listeners=st.integers(2, 9),
    kind=st.sampled_from(["ab", "cmos", "multi", "acr"]),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_number_of_conditions_texts_and_listeners(clip, tmp_path, count, texts, listeners, kind):
    """Pairs are all pairs of each text; each order is complete."""
    clips = {f"c{number}": [clip(number, f"T{text}.", seconds=0.2) for text in range(texts)] for number in range(count)}
    found = design(vn.listen(clips, kind=kind, listeners=listeners, home=tmp_path / f"{count}{texts}{listeners}{kind}"))
    wanted = {"multi": texts, "acr": texts * count}.get(kind, texts * count * (count - 1) // 2)
    assert len(found.trials) == wanted
    assert len(found.orders) == listeners
    assert all(len(row) == wanted for row in found.orders)
