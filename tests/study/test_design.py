"""Designs: each cell once, in blocks, worked out and not kept, and the same again from design and seed."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from voicenb.errors import InvalidRequest
from voicenb.study.design import Cell, Design, Factor
from voicenb.study.layouts import balanced_sample


def design(takes=2, baseline=None, **options):
    factors = options.pop(
        "factors", {"voice": ["v"], "text": ["a", "b"], "speed": [0.8, 1, 1.2], "emotion": ["x", "y"]}
    )
    kept = tuple(Factor.of(name, levels, (baseline or {}).get(name)) for name, levels in factors.items())
    return Design(kept, takes=takes, **options)


COUNTS = st.lists(st.integers(1, 5), min_size=1, max_size=5)


@given(COUNTS, st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_a_grid_has_each_combination_once_a_take(counts, takes):
    names = ["voice", "text", "p", "q", "r"][: len(counts)]
    one = design(takes, factors={name: list(range(count)) for name, count in zip(names, counts, strict=True)})
    found = Counter((cell.indices, cell.take) for cell in one.cells)
    assert found == Counter(product(product(*map(range, counts)), range(1, takes + 1)))
    numbers = np.arange(len(one))
    for position in range(len(counts)):
        assert one.column(position, numbers).tolist() == [cell.indices[position] for cell in one.cells]
    assert one.takes_of(numbers).tolist() == [cell.take for cell in one.cells]


@given(COUNTS, st.integers(1, 3), st.integers(0, 2**31), st.sampled_from(["blocks", "random", "given"]))
@settings(max_examples=60, deadline=None)
def test_the_order_has_each_cell_once_and_is_the_same_again(counts, takes, seed, order):
    names = ["voice", "text", "p", "q", "r"][: len(counts)]
    factors = {name: list(range(count)) for name, count in zip(names, counts, strict=True)}
    one, same = (design(takes, factors=factors, seed=seed, order=order) for _ in range(2))
    sequence = one.sequence()
    assert sorted(sequence.tolist()) == list(range(len(one)))
    assert np.array_equal(sequence, same.sequence())
    if order == "blocks":
        for start in range(0, len(one), one.treatments):
            block = [one.cells[number] for number in sequence[start : start + one.treatments].tolist()]
            assert len({(cell.levels.get("voice"), cell.levels.get("text"), cell.take) for cell in block}) == 1
            assert len({cell.indices for cell in block}) == one.treatments


def test_blocks_and_what_is_in_them_are_at_random():
    one, other = design(seed=1, takes=4), design(seed=2, takes=4)
    assert one.sequence().tolist() != other.sequence().tolist()
    blocks = one.sequence().reshape(-1, one.treatments)
    assert len({tuple(block % one.treatments) for block in blocks.tolist() for block in [np.asarray(block)]}) > 4
    assert (blocks[:, 0] // one.treatments).tolist() != sorted((blocks[:, 0] // one.treatments).tolist())


def test_a_million_cells_are_no_list():
    factors = {
        "voice": ["a", "b"],
        "text": [f"t{n}" for n in range(50)],
        "speed": list(range(100)),
        "pitch": list(range(50)),
    }
    tracemalloc.start()
    one = design(2, factors=factors)
    assert len(one) == len(one.cells) == 1_000_000
    assert one.cells[999_999].levels == {"voice": "b", "text": "t49", "speed": 99, "pitch": 49}
    assert len(one.cells[100:200]) == 100
    assert one.sequence().nbytes == 4_000_000
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.data(), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_a_sample_is_balanced_in_levels_and_pairs(counts, data, seed):
    total = math.prod(counts)
    size = data.draw(st.integers(1, min(total, 300)))
    rows = balanced_sample(counts, size, seed)
    assert len({tuple(row) for row in rows.tolist()}) == len(rows) == size
    for position, count in enumerate(counts):
        assert np.ptp(np.bincount(rows[:, position], minlength=count)) <= 1
    for a, b in combinations(range(len(counts)), 2):
        table = np.bincount(rows[:, a].astype(int) * counts[b] + rows[:, b], minlength=counts[a] * counts[b])
        assert np.ptp(table) <= 2
    assert np.array_equal(rows, balanced_sample(counts, size, seed))


def test_a_balanced_sample_is_not_what_chance_gives():
    """Thirty rows of four factors by chance are uneven in their pairs; that is what the choice is for."""
    counts = [3, 3, 4, 5]
    rows = np.stack(np.unravel_index(np.random.default_rng(0).choice(180, 30, replace=False), counts), axis=1)
    assert max(np.ptp(np.bincount(rows[:, a], minlength=counts[a])) for a in range(4)) > 1


def test_another_seed_is_another_sample():
    assert not np.array_equal(balanced_sample([3, 4, 5], 20, 1), balanced_sample([3, 4, 5], 20, 2))


def test_a_latin_square_pairs_each_level_with_each_once():
    factors = {"voice": ["v"], "text": ["a", "b", "c"], "speed": [1, 2, 3], "emotion": ["x", "y", "z"], "model": ["m"]}
    one = design(1, kind="latin", factors=factors)
    assert len(one) == 9
    for first, second in combinations(("text", "speed", "emotion"), 2):
        assert len({(cell[first], cell[second]) for cell in one.cells}) == 9


def test_a_paired_list_goes_level_by_level():
    factors = {"voice": ["v"], "text": ["a", "b"], "speed": [1, 2, 3], "pitch": [-1, 0, 1], "model": ["m"]}
    one = design(1, kind="paired", factors=factors)
    assert [(cell.text, cell.speed, cell.pitch, cell.model) for cell in one.cells] == [
        (text, speed, pitch, "m") for text in "ab" for speed, pitch in ((1, -1), (2, 0), (3, 1))
    ]


def test_one_at_a_time_leaves_all_else_at_the_baseline():
    one = design(1, kind="one-at-a-time", baseline={"speed": 1, "emotion": "y"})
    found = {(cell.speed, cell.emotion) for cell in one.cells if cell.text == "a"}
    assert found == {(1, "y"), (0.8, "y"), (1.2, "y"), (1, "x")}


def test_a_cell_says_what_it_is():
    cell = design(services={"v": "faseeh"}).cells[5]
    assert (cell.text, cell.speed, cell["emotion"], cell.take, cell.service) == ("a", 1.2, "y", 1, "faseeh")
    assert repr(cell) == "<Cell 5: voice='v', text='a', speed=1.2, emotion='y', take 1>"
    with pytest.raises(AttributeError, match="voice, text, speed, emotion"):
        _ = cell.pitch
    with pytest.raises(KeyError, match="this study has voice"):
        _ = cell["pitch"]
    with pytest.raises(IndexError):
        _ = design().cells[len(design())]
    assert design().cells[-1].number == len(design()) - 1
    assert isinstance(design().cells[3], Cell)
    frame = design().cells[4:8].frame()
    assert frame.columns.tolist() == ["cell", "voice", "text", "speed", "emotion", "take"]
    assert frame["cell"].tolist() == [4, 5, 6, 7]
    assert frame["speed"].tolist() == [design().cells[number].speed for number in range(4, 8)]


def test_a_cells_key_outlives_an_extension():
    before = design()
    after = before.extended({"speed": [1.4], "text": ["c"]})
    assert len(after) == 3 * 4 * 2 * 2
    keys = {cell.key for cell in before.cells}
    assert len(keys) == len(before)
    assert keys < {cell.key for cell in after.cells}
    assert after.factor("speed").levels == (0.8, 1, 1.2, 1.4)
    assert before.differences(after) == ["text has also c", "speed has also 1.4"]
    with pytest.raises(InvalidRequest, match="there twice"):
        before.extended({"speed": [0.8]})
    with pytest.raises(InvalidRequest, match="no factor 'pitch'"):
        before.extended({"pitch": [1]})


def test_a_design_is_kept_as_plain_data():
    one = design(baseline={"speed": 1}, sample=7, seed=5, question="Does it?", services={"v": "aiclone"})
    again = Design.from_json(json.loads(json.dumps(one.to_json())))
    assert again == one
    assert [cell.levels for cell in again.cells] == [cell.levels for cell in one.cells]
    assert again.services == {"v": "aiclone"}
    assert one.differences(again) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"takes": 3}, "takes is 3, not 2"),
        ({"seed": 9}, "seed is 9, not 0"),
        ({"baseline": {"speed": 1.2}}, "the baseline of speed is 1.2, not 0.8"),
        ({"factors": {"voice": ["v"], "text": ["a", "b"], "speed": [0.8, 1]}}, "the factor 'emotion' is missing"),
    ],
)
def test_another_design_is_told_apart(other, said):
    assert said in design().differences(design(**other))


@pytest.mark.parametrize(
    ("given_", "match"),
    [
        ({"factors": {"speed": []}}, r"speed=\[\]: a factor needs one level"),
        ({"factors": {"speed": [1, 1.0]}}, "there twice"),
        ({"factors": {"speed": [object()]}}, "cannot be written down"),
        ({"factors": {"speed": [math.nan]}}, "cannot be written down"),
        ({"baseline": {"speed": 3}}, "baseline=3 is no level of speed; its levels are 0.8, 1, 1.2"),
        ({"sample": 13}, "the grid has 12 combinations"),
        ({"sample": 0}, "allowed is 1 to 12"),
        ({"sample": 3, "kind": "paired"}, "has its own"),
        ({"kind": "latin"}, "text has 2, speed has 3, emotion has 2"),
        ({"kind": "paired"}, "speed has 3, emotion has 2"),
        ({"kind": "cube"}, "allowed are 'grid'"),
        ({"order": "mixed"}, "allowed are 'blocks'"),
        ({"takes": 0}, "from 1 to 100"),
        ({"takes": True}, "from 1 to 100"),
        ({"factors": {name: list(range(1000)) for name in "abc"}}, "2,000,000,000 cells"),
    ],
)
def test_what_makes_no_design_is_one_clear_error(given_, match):
    with pytest.raises(InvalidRequest, match=match):
        design(**given_)


def test_levels_of_numpy_are_numbers():
    one = Factor.of("speed", np.linspace(0.8, 1.2, 3), np.float32(1.0))
    assert (one.levels, one.baseline) == ((0.8, 1.0, 1.2), 1)
    assert Factor.of("text", "Hello.").levels == ("Hello.",)
