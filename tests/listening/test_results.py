"""From votes to what is said: the numbers of the oracles, through the whole test."""

import pytest

import voicenb as vn
from voicenb.listening.design import Design

from .test_votes import row, vote


def design(test):
    return Design.from_json(test.record.design)


def take(test, judge, listener="me"):
    """A listener who answers as `judge(place, trial, shown)` says."""
    key, number = design(test), test.row_of(listener)
    for place, (name, shown) in enumerate(row(test, number)):
        if key.trial(name).role != "training":
            test.keep(listener, number, vote(test, place, judge(place, key.trial(name), shown), number))
    assert test.finish(listener)


def hears(count):
    """ABX: right in the first so many trials."""

    def judge(place, trial, shown):
        return trial.same if place < count else next(one for one in shown if one != trial.same)

    return judge


def scored(scores):
    """Rates by condition: a number, or one by listener."""

    def judge(place, trial, shown):
        by = {one.sound: scores[one.condition] for one in trial.places}
        return by[shown[0]] if len(by) == 1 else {one: by[one] for one in shown}

    return judge


def test_twelve_of_sixteen(pairs, home):
    """The published figures: p .038406, Clopper–Pearson .4762 to .9273, power .6302 at 75 % right."""
    test = vn.listen(pairs, kind="abx", trials=16, home=home)
    take(test, hears(12))
    found = test.result()
    assert found.p == pytest.approx(0.038406, abs=1e-6)
    assert found.interval == pytest.approx((0.4762, 0.9273), abs=1e-4)
    assert found.power == pytest.approx(0.6302, abs=1e-4)
    assert found.sentence == (
        "One listener told X rightly 12 of 16 times (75 %, 95 % CI 48 % to 93 %; p = .038): the difference was heard."
    )
    assert found.similar().p > 0.5


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (8, "a difference was not shown, and one that is heard in half of the trials (75 % right) is excluded"),
        (9, "neither a difference nor its absence is shown"),
        (11, "neither a difference nor its absence is shown"),
        (16, "the difference was heard"),
    ],
)
def test_not_heard_is_not_the_same_as_not_shown(pairs, home, right, said):
    """At most 8 of 16 exclude 75 % right; what lies between says nothing."""
    test = vn.listen(pairs, kind="abx", trials=16, home=home)
    take(test, hears(right))
    assert test.result().sentence.endswith(f"{said}.")


def test_one_listener_of_many_votes_does_not_make_a_preference(pairs, home):
    """Pooled, 24 of 32 votes would be p = .007; by listener, half of them prefer nothing."""
    test = vn.listen(pairs, kind="ab", listeners=8, home=home)
    for number in range(8):

        def judge(place, trial, shown, all_other=number < 4):
            other = next(one.sound for one in trial.places if one.condition == "other")
            one = next(one.sound for one in trial.places if one.condition == "one")
            return other if all_other or place % 2 else one

        take(test, judge, f"l{number}")
    found = test.result()
    assert found.table["net"].tolist() == [0.5]
    assert found.p > 0.05
    assert found.sentence.startswith("No preference is shown between one and other: net +0.50")


def test_a_score_is_of_the_later_condition_whatever_came_first(pairs, home):
    test = vn.listen(pairs, kind="cmos", listeners=6, home=home)

    def judge(place, trial, shown):
        by = {one.sound: one.condition for one in trial.places}
        return 2 if by[shown[1]] == "other" else -2

    for number in range(6):
        take(test, judge, f"l{number}")
    found = test.result()
    assert found.table[["comparison", "mean"]].to_numpy().tolist() == [["other beside one", 2.0]]


def test_opinions_are_means_and_their_difference_is_within_listeners(pairs, home):
    test = vn.listen(pairs, kind="acr", listeners=6, home=home)
    for number in range(6):
        # Kind listeners and strict ones, who all hear one point between the conditions.
        take(test, scored({"one": 1 + number % 3, "other": 2 + number % 3}), f"l{number}")
    found = test.result()
    assert found.table["mean"].tolist() == [2.0, 3.0]
    assert found.table["beside one"].tolist()[1] == 1.0
    assert found.p < 0.001
    assert found.interval == pytest.approx((1, 1))
    low, high = found.table[["low", "high"]].iloc[0]
    assert low < 1.5
    assert high > 2.5


@pytest.fixture
def mushra(pairs, clip, home):
    references = {f"Text {number}.": clip(50 + number) for number in range(4)}
    return vn.listen(pairs, kind="mushra", reference=references, listeners=6, home=home)


GOOD = {"one": 60, "other": 70, "reference": 100, "mid anchor": 40, "low anchor": 20}


def test_mushra_gives_medians_and_leaves_out_by_the_recommendation(mushra):
    for number in range(5):
        take(mushra, scored({name: max(0, score - number) for name, score in GOOD.items()}), f"l{number}")
    take(mushra, scored(GOOD | {"reference": 50}), "deaf")
    whole, screened = mushra.result(), mushra.result(screen="BS.1534-3")
    assert (whole.listeners, screened.listeners) == (6, 5)
    [reason] = screened.excluded
    assert "deaf" in reason
    assert "90" in reason
    table = screened.table.set_index("condition")
    assert list(table.index) == ["one", "other", "reference", "mid anchor", "low anchor"]
    assert table.loc["other", ["median", "q1", "q3"]].tolist() == [68.0, 67.0, 69.0]
    assert reason in screened.methods
    assert mushra.result(screen="mpeg").listeners == 5


def test_an_order_of_anchors_that_cannot_be_is_left_out_by_mpeg_alone(mushra):
    for number in range(3):
        take(mushra, scored(GOOD), f"l{number}")
    take(mushra, scored(GOOD | {"mid anchor": 10}), "turned")
    assert mushra.result(screen="BS.1534-3").listeners == 4
    assert mushra.result(screen="mpeg").excluded[0].startswith("turned")


def test_who_has_not_finished_is_listed(pairs, home):
    test = vn.listen(pairs, kind="abx", trials=4, home=home)
    take(test, hears(4), "whole")
    test.keep("half", test.row_of("half"), vote(test, number=test.row_of("half")))
    found = test.result()
    assert found.listeners == 1
    assert found.excluded == ("half answered 1 of 4 trials",)
    assert "half answered 1 of 4 trials" in found.methods


def test_a_screen_or_level_that_does_not_fit_is_named(pairs, home):
    test = vn.listen(pairs, kind="abx", trials=4, home=home)
    take(test, hears(4))
    for settings, said in (
        ({"screen": "BS.1534-3"}, "screen='catch'"),
        ({"screen": "catch"}, "catch= adds some"),
        ({"screen": "bs.1534"}, "did you mean 'BS.1534-3'"),
        ({"level": 95}, "such as 0.95"),
        ({"level": True}, "such as 0.95"),
    ):
        with pytest.raises(vn.InvalidRequest, match=said):
            test.result(**settings)
    ab = vn.listen(pairs, kind="ab", home=home)
    take(ab, lambda place, trial, shown: "none")
    found = ab.result()
    with pytest.raises(vn.InvalidRequest, match="of ABX tests"):
        found.similar()


def test_the_order_of_several_is_davidsons(clip, home):
    """Where one always wins the worths stay finite, and that is said."""
    clips = {name: [clip(9 * at + text, f"T{text}.") for text in range(3)] for at, name in enumerate("abc")}
    test = vn.listen(clips, kind="ab", listeners=6, home=home)

    def judge(place, trial, shown):
        by = {one.sound: one.condition for one in trial.places}
        return max(shown, key=lambda one: by[one])

    for number in range(6):
        take(test, judge, f"l{number}")
    found = test.result()
    assert len(found.table) == 3
    assert (found.interval, found.p) == (None, None)
    [order] = found.notes
    assert order.index("c ") < order.index("b ") < order.index("a ")
    assert "finite" in order


def test_repeats_say_how_far_listeners_agree_with_themselves(pairs, home):
    test = vn.listen(pairs, kind="acr", repeats=3, home=home)
    take(test, scored({"one": 2, "other": 4}))
    assert "In 3 ratings that were given twice, the second was 0.0 away on average." in test.result().notes


def test_what_others_wrote_is_escaped(clip, home):
    clips = {"<script>alert(1)</script>": clip(1), "b & c": clip(2)}
    test = vn.listen(clips, kind="abx", trials=4, question="<b>Which?</b>", home=home)
    take(test, hears(2))
    found = test.result()
    page = found._repr_html_()
    assert "<script>alert" not in page
    assert "<b>Which" not in page
    assert "<svg" in found.svg()
    assert "&lt;script&gt;" in found.svg()
    assert "Methods" in page
    plan = test.plan()
    assert "<script" not in plan._repr_html_()


def test_the_plan_says_what_the_oracles_say(pairs, home):
    plan = vn.listen(pairs, kind="abx", trials=16, home=home).plan()
    assert plan.sentences[0] == "A listener shows a difference with 12 of 16 right or more (exact binomial, α = .05)."
    assert plan.table["power of one listener"].tolist() == [0.167, 0.450, 0.630, 0.798, 0.983]
    assert plan.table["trials for a power of 80 %"].tolist() == [169, 42, 28, 18, 11]
    assert 1 < plan.minutes < 4
    few = vn.listen(pairs, kind="abx", trials=4, home=home).plan()
    assert "5 are the fewest" in few.sentences[0]
    for kind in ("ab", "acr", "cmos", "multi"):
        other = vn.listen(pairs, kind=kind, home=home).plan()
        needed = other.table.iloc[:, -1].tolist()
        assert needed == sorted(needed, reverse=True)
        assert "Assumed" in other.sentences[0]
