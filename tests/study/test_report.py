"""A report answers on its first screen, loads nothing, keeps no path, and is read back as the study it was made of."""

from __future__ import annotations

import copy
import json
import re
import sys
from contextlib import suppress
from decimal import Decimal
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from homes import beside
from hypothesis import HealthCheck, given, settings, strategies as st
from small_studies import study

import voicenb as vn
from voicenb.measures import registry
from voicenb.study.report.envelope import data_script


class Heard:
    """What came of a blind test, with words that a page must not take for its own."""

    kind, question, trials, listeners = "abx", "Which is <b>X</b>?", 16, 4
    sentence = "They hear it: 13 of 16 are right </p><script>alert(1)</script>"
    methods, excluded = "Exact binomial test.", ["Listener 3: all <answers> alike."]
    table = pd.DataFrame({"factor": ["speed"], "p": [0.010635]})

    def svg(self):
        return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><style>p{color:red}</style><rect width="9" height="9"/></svg>'


def text_of(page):
    """What is read on a page, as it stands in its HTML."""
    return re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)


def without_files(frame):
    return frame.drop(columns="file")


@pytest.fixture(scope="module")
def made(tmp_path_factory, shared):
    """A study with an answer, cells that are refused, and a cell that failed; no test changes it."""
    home = beside(tmp_path_factory.mktemp("reported") / "home", shared)
    with pytest.MonkeyPatch.context() as patch, vn.connect(home=home) as studio:
        patch.setattr("voicenb.tasks.context.TaskContext.poll_seconds", (0.05, 0.1))
        sample = vn.Reference(vn.sandbox.sample_speaker("ada", home=home), consent="a sample")
        voice = studio.clone(sample, name="ada", text="Hello.", language="English", quiet=True)
        one = study(voice, speed=[1, 1.25, 99], takes=2, question="Does speed change the tempo?")
        vn.sandbox.faults("task_failed", route="production", count=1, home=home)
        try:
            yield one.run(quiet=True)
        finally:
            vn.sandbox.faults(home=home)


@pytest.mark.slow
def test_the_first_screen_is_the_question_and_the_answer(made, tmp_path):
    page = made.report(tmp_path / "tempo.html", tests=[Heard()]).read_text("utf-8")
    head = text_of(page.partition("<main>")[0])
    assert "Does speed change the tempo?" in head
    assert "Heard blind:" in head
    row = made.effects().set_index(["factor", "measure"]).loc[("speed", "duration")]
    verb = {"changes": "speed changes duration", "cannot tell": "Whether speed changes duration cannot be told"}
    assert verb[row["verdict"]] in head
    assert head.index("Heard blind") < head.index("duration")
    frame = made.frame()
    counts = frame["status"].value_counts()
    assert f"{counts['completed']} of 12 cells made" in head
    assert "1 failed" in head
    assert "4 refused" in head
    assert f"{sum(one for one in frame['cost'] if isinstance(one, Decimal) and one)}".rstrip("0") in head
    body = text_of(page)
    for said in (
        "Not stated here",
        "Make it again",
        "consent: a sample",
        "synthetic voice",
        "speed: 99 was given",
        "vn.Study(",
    ):
        assert said in body
    assert body.count("Which is &lt;b&gt;X&lt;/b&gt;?") == 1


def test_nothing_is_loaded_and_no_text_becomes_markup(voice, tmp_path, blank_home):
    hostile = 'x" onload="alert(1)"></audio><script>alert(1)</script> ünï\u202e'
    one = study(voice, text=hostile, name="<img src=x>", question="</title><script>alert(2)</script>").run(quiet=True)
    page = one.report(tmp_path / "hostile.html", tests=[Heard()]).read_text("utf-8")
    assert page.count("<script") == 2
    assert "alert(1)</script>" not in page
    assert "<img src=x>" not in page
    assert 'onload="' not in page
    assert escape("</title><script>alert(2)</script>") in page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'; media-src data:; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    for address in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert address.startswith("data:")
    assert not re.search(r' style="| on\w+="', page)
    assert str(blank_home) not in page
    assert vn.Study.open(tmp_path / "hostile.html").design.factor("text").levels == (hostile,)


def test_no_path_of_this_machine_is_in_it(voice, tmp_path, blank_home):
    name = "reading_a_file_that_is_gone"

    @vn.measure(unit="", name=name)
    def lost(sound):
        return float((blank_home / "gone").read_text())

    try:
        one = study(voice, text="Hello.", speed=[1, 1.25]).run(quiet=True)
        assert str(blank_home) in one.frame()["not_measured"][0]
        for ending in ("html", "ipynb"):
            document = one.report(tmp_path / f"tempo.{ending}").read_text("utf-8")
            assert "/gone" in document
            assert not any(str(folder) in document for folder in (blank_home, tmp_path, Path.home()) if folder.name)
    finally:
        registry._STATE.measures.pop(name)


def test_it_is_read_back_with_equal_frame_effects_and_verdicts(made, tmp_path):
    file = made.report(tmp_path / "tempo.html", tests=[Heard()])
    kept = vn.Study.open(file)
    for options in ({}, {"failures": False}, {"degraded": True}):
        pd.testing.assert_frame_equal(without_files(kept.frame(**options)), without_files(made.frame(**options)))
    pd.testing.assert_frame_equal(kept.effects(), made.effects())
    pd.testing.assert_frame_equal(kept.measure("duration"), made.measure("duration"))
    one, other = (study.effect("speed", on="f0_median", margin=0.5) for study in (made, kept))
    assert one.sentence == other.sentence
    pd.testing.assert_frame_equal(one.table, other.table)
    assert (kept.name, len(kept), kept.design) == (made.name, len(made), made.design)
    again = kept.report(tmp_path / "again.html")
    assert vn.Study.open(again).tests == kept.tests
    pages = (re.sub(r'<img src="[^"]*"|width="\d+"', "", one.read_text("utf-8")) for one in (file, again))
    assert next(pages) == next(pages)
    assert (tmp_path / "tempo.html").read_text("utf-8").count("<audio") == 4


def test_the_players_are_one_take_of_each_combination_or_all_or_none(made, tmp_path):
    def players(which):
        return made.report(tmp_path / "p.html", players=which).read_text("utf-8").count("<audio")

    assert (players("median"), players("all"), players(None)) == (4, 7, 0)
    assert len(vn.Study.open(tmp_path / "p.html").frame()) == 12
    with pytest.raises(vn.InvalidRequest, match="players=None"):
        vn.Study.open(tmp_path / "p.html").compare()
    with pytest.raises(vn.InvalidRequest, match='allowed are "median", "all", or None'):
        players("some")


def test_its_clips_are_compared_and_a_place_without_one_says_why(made, tmp_path):
    kept = vn.Study.open(made.report(tmp_path / "tempo.html"))
    player = kept.compare(rows="take", columns="speed", text="Hello there.")
    assert player.grid.columns == ("speed 1", "speed 1.25", "speed 99")
    notes = [note for note in player.grid.notes if note]
    assert "not in this file" in notes
    assert sum(note.startswith("refused: ") for note in notes) == 2
    assert all(0.5 < clip.duration < 5 for clip in player.clips)


def test_what_a_report_cannot_do_is_told_with_what_to_do(made, tmp_path):
    kept = vn.Study.open(made.report(tmp_path / "tempo.html"))
    for name in ("run", "plan", "extend", "drift"):
        assert not hasattr(kept, name)
        with pytest.raises(AttributeError, match=r"vn\.Study\(voice, …\)"):
            getattr(kept, name)
    with pytest.raises(AttributeError, match="has no 'tempo'"):
        kept.tempo  # noqa: B018 - asking is what fails
    with pytest.raises(vn.InvalidRequest, match=r"tempo\.html has no measure 'f0_medain'; did you mean 'f0_median'"):
        kept.effect("speed", on="f0_medain")


def test_another_ending_and_what_is_no_test_are_errors(made, tmp_path):
    for name in ("tempo.pdf", "tempo", ""):
        with pytest.raises(vn.InvalidRequest, match=r"\.html, \.ipynb or \.parquet"):
            made.report(tmp_path / name)
    with pytest.raises(vn.InvalidRequest, match="tests: str is no listening test"):
        made.report(tmp_path / "tempo.html", tests=["abx"])
    assert not (tmp_path / "tempo.html").exists()


def damages(page):
    """Files that were cut, changed or written by somebody else, by what is said of them."""
    data = re.search(r'(<script type="application/json" id="voicenb-study">)(.*?)(</script>)', page, re.DOTALL)
    start, inside, _ = data.groups()

    def changed(old, new):
        assert old in inside
        return page.replace(inside, inside.replace(old, new, 1))

    return {
        "no report of a study": ["", "<html></html>", page[: len(page) // 4], page.replace(start, "<script>")],
        "cut off": [page[: data.start(2) + 500]],
        "its data are damaged": [
            page.replace(inside, inside[: len(inside) // 2]),
            page.replace(inside, "[" * 100_000),
            changed('"cell":[0', '"cell":[NaN'),
            changed('"cell":[0', '"cell":[1'),
            changed('"cell":[0', '"cell":[-1'),
            changed('"cell":[0', '"cell":["x"'),
            changed('"tests":', '"test":'),
            changed('"scale":"ratio"', '"scale":"loud"'),
            changed('"seconds":[', '"seconds":[1,'),
            changed('"kind":"grid"', '"kinds":"grid"'),
        ],
        "allowed are 'grid'": [changed('"kind":"grid"', '"kind":"bomb"')],
        "Another version wrote it": [changed('"form":"voicenb study 1"', '"form":"voicenb study 9"')],
        "do not say what they are": [page.replace(inside, "[1]"), page.replace(inside, "{}")],
    }


def test_a_damaged_file_is_one_clear_error(made, tmp_path):
    page = made.report(tmp_path / "tempo.html", players=None).read_text("utf-8")
    file = tmp_path / "damaged.html"
    for words, pages in damages(page).items():
        for one in pages:
            file.write_text(one, "utf-8")
            with pytest.raises(vn.InvalidRequest, match=words) as caught:
                vn.Study.open(file)
            assert "damaged.html" in str(caught.value)
            assert len(str(caught.value)) < 800
    with pytest.raises(vn.InvalidRequest, match=r"gone\.html cannot be read: No such file"):
        vn.Study.open(tmp_path / "gone.html")
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(vn.InvalidRequest, match="not UTF-8"):
        vn.Study.open(file)


def test_a_huge_or_hostile_file_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "huge.html"
    with file.open("wb") as sparse:
        sparse.truncate(40_000_000)
    with pytest.raises(vn.InvalidRequest, match="40,000,000 bytes"):
        vn.Study.open(file)
    for one in ("<script ", "<!--", "<audio ", "<a b=", "<!["):
        file.write_text(one * (4_000_000 // len(one)), "utf-8")
        with pytest.raises(vn.InvalidRequest, match="no report"):
            vn.Study.open(file)


def test_clips_whose_players_were_damaged_are_not_in_the_file(made, tmp_path):
    file = made.report(tmp_path / "tempo.html")
    page = file.read_text("utf-8").replace(";base64,", ";base64,!", 1)
    file.write_text(page.replace('src="data:audio', 'src="http://127.0.0.1/audio', 1), "utf-8")
    kept = vn.Study.open(file)
    assert 1 <= len(kept.compare(text="We meet at noon.").clips) < 4
    assert np.isfinite(kept.frame()["duration"]).sum() == 7


# -- other files ---------------------------------------------------------------------------------------------------


def test_a_notebook_has_the_same_sections_and_is_read_back(made, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    file = made.report(tmp_path / "tempo.ipynb", tests=[Heard()])
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    words = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for said in (
        "# Does speed change the tempo?",
        "Heard blind",
        "## Not stated here",
        "## Make it again",
        "## Methods",
    ):
        assert said in words
    assert "<script>" not in words
    kept = vn.Study.open(file)
    pd.testing.assert_frame_equal(kept.effects(), made.effects())
    pd.testing.assert_frame_equal(without_files(kept.frame()), without_files(made.frame()))
    assert len(kept.compare(text="Hello there.").clips) > 0
    for damaged in ("", "{}", '{"metadata": []}', "[" * 100_000, file.read_text("utf-8")[:-100]):
        (tmp_path / "damaged.ipynb").write_text(damaged, "utf-8")
        with pytest.raises(vn.InvalidRequest, match=r"damaged\.ipynb cannot be read back"):
            vn.Study.open(tmp_path / "damaged.ipynb")


@pytest.mark.slow  # a kernel starts
def test_a_notebooks_cells_run_again_where_the_study_is_not(made, tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    file = made.report(tmp_path / "tempo.ipynb")
    monkeypatch.setenv("VOICENB_HOME", str(tmp_path / "another"))
    notebook = nbformat.read(file, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert len(outputs) >= 5
    # What else is there is a player's copy.
    kept = [one for one in outputs if one.output_type != "execute_result"]
    assert all("voicenb-kept-" in one.data["text/html"] for one in kept)
    assert {one.output_type for one in outputs if one not in kept} == {"execute_result"}
    assert len(outputs) - len(kept) >= 5
    nbformat.write(notebook, file)
    assert len(vn.Study.open(file).compare(text="Hello there.").clips) > 0


def test_parquet_keeps_types_and_exact_amounts(made, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(made.report(tmp_path / "tempo.parquet"))
    frame = made.frame()
    assert table.column("cost").to_pylist() == [None if pd.isna(one) else one for one in frame["cost_exact"]]
    assert {name: str(table.schema.field(name).type) for name in ("speed", "text", "duration", "cached")} == {
        "speed": "double", "text": "string", "duration": "double", "cached": "bool",
    }  # fmt: skip
    assert table.column("key").to_pylist() == [cell.key for cell in made.cells]
    np.testing.assert_array_equal(table.column("duration").to_pandas().to_numpy(), frame["duration"].to_numpy())
    assert b"voicenb" in table.schema.metadata


def test_parquet_without_pyarrow_is_one_sentence(made, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(vn.VoicenbError, match="needs pyarrow, which is not installed: pip install pyarrow"):
        made.report(tmp_path / "tempo.parquet")


# -- files that anybody may have written ---------------------------------------------------------------------------

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
    | st.sampled_from(["1e999999999", "inf", "NaN", "speed", "status", "completed", -1, 10**30, "__class__"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


def places(node, at=()):
    """The way to every node of plain data."""
    yield at
    for name, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(inner, (*at, name))


@pytest.fixture(scope="module")
def data(made, tmp_path_factory):
    page = made.report(tmp_path_factory.mktemp("data") / "tempo.html", players=None, tests=[Heard()]).read_text("utf-8")
    whole = json.loads(re.search(r'id="voicenb-study">(.*?)</script>', page, re.DOTALL)[1])
    # A measure more or less is read alike.
    whole["measures"] = {name: whole["measures"][name] for name in ("duration", "f0_median")}
    whole["rows"]["measures"] = {name: whole["rows"]["measures"][name] for name in whole["measures"]}
    return whole, list(places(whole))


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.data())
def test_whatever_is_changed_in_a_file_it_is_read_or_refused(data, tmp_path, chosen):
    whole, ways = data
    *way, last = chosen.draw(st.sampled_from(ways[1:]))
    changed = node = copy.deepcopy(whole)
    for name in way:
        node = node[name]
    if chosen.draw(st.booleans()):
        del node[last]
    else:
        node[last] = chosen.draw(PLAIN)
    file = tmp_path / "changed.html"
    file.write_text(data_script(changed), "utf-8")
    try:
        kept = vn.Study.open(file)
    except vn.InvalidRequest:
        return
    # What was read is whole, or says that it is not.
    with suppress(vn.InvalidRequest):
        kept.frame()
    with suppress(vn.InvalidRequest):
        kept.effects()
    with suppress(vn.InvalidRequest):
        kept.report(tmp_path / "again.html")
    assert "changed.html" in repr(kept)
