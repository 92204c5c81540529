"""Answer files: whole, damaged, double, foreign; each is told apart and said."""

import json
import random
import zlib

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import voicenb as vn
from voicenb.listening.answers import answer_text

from .test_votes import row, vote


def body(test, listener="l_1", number=0, votes=None, **more):
    """What a page puts into an answer file."""
    if votes is None:
        votes = [vote(test, place, number=number) for place in range(len(row(test, number)))]
    return {
        "test": test.id, "hash": test.hash, "listener": listener, "row": number, "name": "", "started": 1, "saved": 2,
        "finished": True, "votes": votes,
    } | more  # fmt: skip


@pytest.fixture
def test(pairs, home):
    return vn.listen(pairs, kind="ab", listeners=4, home=home)


@pytest.fixture
def write(tmp_path):
    def write(text, name="answers-1.json"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_what_a_listener_sent_is_counted(test, write):
    files = [write(answer_text(body(test, f"l_{number}", number)), f"answers-{number}.json") for number in range(3)]
    added = test.add(files[0].parent / "answers-*.json")
    assert [(one.file, one.what, one.votes) for one in added] == [(path.name, "added", 4) for path in files]
    assert test.listeners == 3
    assert set(test.votes()["source"]) == {"file"}
    assert test.result().listeners == 3
    assert "a new listener: 4 of 4 trials answered" in repr(added)
    assert "answers-1.json" in added._repr_html_()


def test_the_same_file_twice_changes_nothing(test, write):
    path = write(answer_text(body(test)))
    test.add(path)
    before = test.votes()
    [again] = test.add(path)
    assert (again.what, again.votes) == ("double", 0)
    assert test.votes().equals(before)


def test_a_file_that_was_saved_too_early_is_taken_and_not_counted_yet(test, write):
    whole = body(test)
    early = write(answer_text(whole | {"votes": whole["votes"][:2], "finished": False}), "early.json")
    [first] = test.add(early)
    assert first.said == "a new listener: 2 of 4 trials answered, so not counted yet"
    assert test.listeners == 0
    [later] = test.add(write(answer_text(whole), "late.json"))
    assert (later.what, later.votes) == ("more", 2)
    assert test.listeners == 1


def test_other_answers_of_the_same_listener_do_not_take_the_place_of_the_first(test, write):
    test.add(write(answer_text(body(test))))
    changed = body(test)
    changed["votes"][0]["answer"] = "none"
    before = test.votes()
    [found] = test.add(write(answer_text(changed), "changed.json"))
    assert found.what == "double"
    assert "1 answers differ from those that are there, which stay" in found.said
    assert test.votes().equals(before)


def test_another_tests_answers_are_foreign(test, pairs, home, write):
    other = vn.listen(pairs, kind="ab", seed=5, home=home)
    [found] = test.add(write(answer_text(body(other))))
    assert (found.what, found.votes) == ("foreign", 0)
    assert "another test" in found.said
    [older] = test.add(write(answer_text(body(test, hash="0" * 64)), "older.json"))
    assert "an earlier form of this test" in older.said
    assert test.votes().empty


def test_a_file_that_was_changed_by_hand_is_damaged(test, write):
    text = answer_text(body(test)).replace('\\"seconds\\": 4.5', '\\"seconds\\": 5.5', 1)
    [found] = test.add(write(text))
    assert found.what == "damaged"
    assert "check sum" in found.said
    assert test.votes_of("l_1") == []


def damaged(test):
    """Files that mail programs, editors and people make of an answer file."""
    whole = answer_text(body(test))
    outer = json.loads(whole)
    yield "empty", b""
    yield "cut off", whole[: len(whole) // 2].encode()
    yield "utf-16", whole.encode("utf-16")
    yield "html", b"<!doctype html><title>Sign in</title>"
    yield "a picture", bytes(range(256))
    yield "deep", b"[" * 100_000
    yield "null", b"null"
    yield "a list", b"[]"
    yield "no body", json.dumps({"format": outer["format"]}).encode()
    yield "another form", json.dumps(outer | {"format": "voicenb-answers-9"}).encode()
    yield "wrong sum", json.dumps(outer | {"crc32": "00000000"}).encode()
    for name, change in {
        "no listener": {"listener": None},
        "long listener": {"listener": "x" * 500},
        "no row": {"row": None},
        "far row": {"row": 99},
        "true row": {"row": True},
        "no votes": {"votes": None},
        "a vote of nothing": {"votes": [{}]},
        "a vote for nobody": {"votes": [vote(test, answer="nobody")]},
    }.items():
        yield name, answer_text(body(test) | change).encode()
    text = json.dumps([1])
    yield "no object", json.dumps(outer | {"body": text, "crc32": f"{zlib.crc32(text.encode()):08x}"}).encode()


def test_damaged_files_are_said_and_add_nothing(test, write):
    for name, data in damaged(test):
        [found] = test.add(write(data, f"{name}.json"))
        assert (found.what, found.votes) == ("damaged", 0), name
        assert found.said.startswith("not added: "), name
    assert test.votes_of("l_1") == []
    assert not test.frozen


def test_good_files_are_added_beside_damaged_ones(test, write):
    write(b"nothing", "a.json")
    write(answer_text(body(test)), "b.json")
    good = write("\ufeff" + answer_text(body(test, "l_2", 1)), "c.json")  # as some editors save it
    assert [one.what for one in test.add(good.parent / "*.json")] == ["damaged", "added", "added"]


@given(st.randoms(use_true_random=False), st.integers(1, 40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_flipped_byte_is_noticed_or_harmless(test, write, chance, flips):
    """Never an exception, never another answer than was given."""
    whole = bytearray(answer_text(body(test)).encode())
    for _ in range(flips):
        whole[chance.randrange(len(whole))] = chance.randrange(256)
    [found] = test.add(write(bytes(whole), f"{random.Random(repr(whole)).random()}.json"))
    assert found.what in {"damaged", "foreign", "added", "double"}
    if found.what == "added":
        assert {one["trial"]: one["answer"] for one in test.votes_of(found.listener)} == {
            one["trial"]: one["answer"] for one in body(test)["votes"]
        }


def test_a_name_that_is_no_file_is_an_error(test, tmp_path):
    for given_ in (["nothing.json"], [tmp_path / "answers-*.json"], [tmp_path], []):
        with pytest.raises(vn.InvalidRequest, match=r"no file|needs the files"):
            test.add(*given_)


def test_a_listeners_words_are_escaped(test, write):
    added = test.add(
        write(answer_text(body(test, name="<b>Eve</b>")), "<img src=x>.json".replace("<", "(").replace(">", ")"))
    )
    assert added[0].what == "added"
    [hostile] = test.add(write(b"", "x&y.json"))
    assert "x&amp;y.json" in type(added)([hostile])._repr_html_()
