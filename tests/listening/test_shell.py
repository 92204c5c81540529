"""``voicenb study answers`` and ``voicenb study report --test``."""

import pytest

import voicenb as vn
from voicenb.listening.answers import answer_text

from .test_answers import body


@pytest.fixture
def test(pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICENB_HOME", str(tmp_path / "home"))
    return vn.listen(pairs, kind="ab", listeners=4, name="mine")


def test_answers_are_added_and_the_result_is_said(test, shell, tmp_path):
    assert "nobody has answered" in shell("study", "answers", "mine").out
    for number in range(2):
        (tmp_path / f"answers-{number}.json").write_text(answer_text(body(test, f"l{number}", number)), "utf-8")
    shell("study", "answers", "mine", *tmp_path.glob("answers-*.json"))
    assert "answers-0.json: a new listener: 4 of 4 trials answered" in shell.out
    assert "2 listeners" in shell.out
    document = shell.json("study", "answers", "mine")
    assert document["files"] == []
    assert document["result"]["table"][0]["listeners"] == 2
    assert "fixed before" in document["result"]["methods"]


def test_a_damaged_file_is_an_exit_code(test, shell, tmp_path):
    (tmp_path / "answers.json").write_text("nothing", "utf-8")
    shell("study", "answers", "mine", tmp_path / "answers.json", code=3)
    assert "answers.json: not added: " in shell.out
    shell("study", "answers", "mine", tmp_path / "no.json", code=2)
    shell("study", "answers", "min", code=2)
    assert "did you mean 'mine'" in shell.err
    shell("study", "show", "mine", "more", code=2)
