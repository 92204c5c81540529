"""``voicenb study``: a file in, a plan, a run or what came of it out, and the exit codes of the other commands."""

from __future__ import annotations

import csv
import io

import pytest
from small_studies import charged

import voicenb as vn

FILE = """
name = "tempo"
question = "Does pitch change the tempo?"
voice = "ada"
text = ["Hello there.", "We meet at noon."]
takes = 1
[factors]
speed = [1, 1.25]
"""


@pytest.fixture
def file(tmp_path, voice):
    path = tmp_path / "tempo.toml"
    path.write_text(FILE)
    return path


@pytest.mark.slow
def test_a_file_is_planned_made_and_shown(shell, file, blank_home):
    before = len(charged(blank_home))
    plan = shell.json("study", "plan", file)
    assert (plan["cells"], plan["made"], plan["left_out"]) == (4, 0, [])
    assert len(charged(blank_home)) == before
    assert "With one take" in shell("study", "plan", file).out
    lines = shell("study", "run", file, "--quiet").out
    assert lines.startswith(
        "Does pitch change the tempo?\nStudy 'tempo': text 2 × speed 2, 1 takes, 4 cells · 4 completed"
    )
    assert "speed" in lines
    shell("study", "run", file, "--quiet")
    assert len(charged(blank_home)) == before + 4
    shown = shell.json("study", "show", "tempo")
    assert shown["statuses"] == {"completed": 4}
    assert float(shown["costs"]["credits"]) == pytest.approx(float(plan["prices"]["soundclone"]["amount"]))
    assert {(row["factor"], row["measure"]) for row in shown["effects"]} >= {("speed", "duration")}
    rows = list(csv.DictReader(io.StringIO(shell("study", "show", file, "--csv").out)))
    assert [row["speed"] for row in rows] == ["1.0", "1.25"] * 2


@pytest.mark.slow
def test_a_report_is_written_and_named_after_the_study(shell, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell("study", "run", file, "--quiet")
    assert shell("study", "report", "tempo").out == "tempo.html\n"
    assert vn.Study.open("tempo.html").frame()["status"].tolist() == ["completed"] * 4
    told = shell.json("study", "report", file, "-o", tmp_path / "sent.html", "--players", "none")
    assert told == {
        "name": "tempo",
        "file": str(tmp_path / "sent.html"),
        "bytes": (tmp_path / "sent.html").stat().st_size,
    }
    assert shell.json("study", "show", "sent.html")["statuses"] == {"completed": 4}
    shell("study", "report", "tempo", "-o", "tempo.pdf", code=2)
    assert ".html, .ipynb or .parquet" in shell.err


@pytest.mark.slow
def test_voices_of_several_services_and_a_budget_for_each(shell, file, blank_home):
    with vn.connect("aiclone", sandbox=True, home=blank_home) as other:
        sample = vn.Reference(vn.sandbox.sample_speaker("ada", home=blank_home), consent="a sample")
        other.clone(sample, name="ada", quiet=True)
    voices = 'voice = ["ada", {name = "ada", service = "aiclone", sandbox = true}]'
    file.write_text(FILE.replace('voice = "ada"', voices))
    shell("study", "run", file, "--quiet", "--budget", 5, code=2)
    assert "each in its own unit" in shell.err
    file.write_text(file.read_text().replace("takes = 1", "takes = 1\nbudget = {soundclone = 5, aiclone = 500}"))
    shell("study", "run", file, "--quiet")
    shown = shell.json("study", "show", "tempo")
    assert shown["statuses"] == {"completed": 8}
    # Credits of two services are not the same, and are not added.
    assert set(shown["costs"]) == {"credits (soundclone)", "credits (aiclone)"}
    paid = {
        name: sum(float(row["cost"]) for row in shown["cells"] if row["service"] in name) for name in shown["costs"]
    }
    assert {name: float(amount) for name, amount in shown["costs"].items()} == pytest.approx(paid)
    # Text, so that no digit is lost; one column of it.
    assert all(isinstance(row["cost"], str) and "cost_exact" not in row for row in shown["cells"])


@pytest.mark.slow
def test_money_ends_with_4_and_failures_with_3(shell, file, blank_home):
    shell("study", "run", file, "--quiet", "--budget", "0.001", code=4)
    vn.sandbox.faults("task_failed", route="production", home=blank_home)
    try:
        shell("study", "run", file, code=3)
    finally:
        vn.sandbox.faults(home=blank_home)
    assert "the same run asks for them again" in shell.err
    shell("study", "run", file, "--quiet")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("takes = 1", "takes = true", "takes"),
        ("takes = 1", "take = 1", "did you mean 'takes'"),
        ("speed = [1, 1.25]", "sped = [1, 1.25]", "did you mean 'speed'"),
        ("speed = [1, 1.25]", "speed = [9]", "every cell of 'tempo' is refused"),
        ("[factors]", "[factors]\ntakes = 2", "takes stands in [factors]"),
        ("[factors]", "factors = 1", "factors: 1 was given; a table is allowed"),
        ('text = ["Hello there.", "We meet at noon."]', "text = []", "text: nothing was given"),
        ('voice = "ada"', "voice = 3", "voice: 3 was given"),
        ('voice = "ada"', 'voice = "eda"', "no voice is named 'eda'; did you mean 'ada'? there are ada"),
        ('voice = "ada"', 'voice = "ada"\nsandbox = "yes"', "sandbox: 'yes' was given"),
        ("name = ", "name is ", "is no TOML"),
    ],
)
def test_a_file_that_is_no_study_ends_with_2_and_sends_nothing(shell, file, blank_home, old, new, says):
    before = len(charged(blank_home))
    file.write_text(FILE.replace(old, new))
    shell("study", "run", file, code=2)
    assert says in shell.err
    assert len(charged(blank_home)) == before


def test_a_file_that_cannot_be_read_and_a_study_that_is_not_there_end_with_2(shell, file, tmp_path):
    shell("study", "plan", tmp_path / "nothing.toml", code=2)
    assert "nothing.toml cannot be read: No such file" in shell.err
    file.write_bytes("voice = 'ä'".encode("latin-1"))
    shell("study", "plan", file, code=2)
    assert "is not UTF-8" in shell.err
    shell("study", "show", "temple", code=2)
    assert "no study is named 'temple'; there is none in this home yet" in shell.err


def test_a_file_without_a_name_is_named_as_the_file(shell, file):
    file.write_text(
        FILE.replace('name = "tempo"\n', "")
        .replace("speed = [1, 1.25]", "speed = 1")
        .replace(', "We meet at noon."', "")
    )
    assert "No factor has two levels" in shell("study", "run", file, "--quiet").out
    assert shell.json("study", "show", file)["name"] == "tempo"
