"""A study's clips stand in a grid by its factors, page by page, and each place without a clip says why."""

from __future__ import annotations

import pytest

import voicenb as vn

TEXTS = ["Hello there.", "We meet at <noon>."]


def study(voice, **options):
    given = {"text": TEXTS, "speed": [1.25, 0.8, 1], "pitch": [0, -2], "takes": 1, "order": "given", "name": "grid"}
    return vn.Study(voice, **(given | options))


def after(count):
    """Ends a run when so many cells were taken up."""
    left = iter(range(count))
    return lambda: next(left, None) is None


def told(player):
    """The parameters and the text of each clip on the page, None where there is none."""
    return [
        None
        if one is None
        else (one.task.text, one.task.parameters.get("speed", 1), one.task.parameters.get("pitch", 0))
        for one in player.grid.sounds
    ]


def axes(player):
    return [(axis.name, axis.levels) for axis in player._pages.axes]


@pytest.mark.slow  # twelve clips are spoken
def test_rows_and_columns_have_the_real_values_in_their_order(voice):
    one = study(voice).run(quiet=True)
    player = one.compare(rows="pitch", columns="speed")
    assert player.grid.rows == ("pitch −2", "pitch 0")
    assert player.grid.columns == ("speed 0.8", "speed 1", "speed 1.25")
    assert told(player) == [(TEXTS[0], speed, pitch) for pitch in (-2, 0) for speed in (0.8, 1, 1.25)]
    assert axes(player) == [("Text", tuple(TEXTS))]
    player.show([1])
    assert told(player) == [(TEXTS[1], speed, pitch) for pitch in (-2, 0) for speed in (0.8, 1, 1.25)]
    # The same, without a word about what goes where.
    assert told(one.compare(text=TEXTS[1])) == told(player)
    fixed = one.compare(rows="text", columns="speed", pitch=-2)
    assert (fixed.grid.rows, axes(fixed)) == (tuple(TEXTS), [])
    some = one.compare("speed", "pitch", speed=[1.25, 1], text=TEXTS[0])
    assert some.grid.rows == ("speed 1", "speed 1.25")


@pytest.mark.slow
def test_the_page_that_is_seen_is_what_stays_in_the_notebook(voice):
    player = study(voice, speed=[0.8, 1], pitch=0).run(quiet=True).compare(rows="take")
    player.show([1])
    html = player.html()
    assert "Text: We meet at &lt;noon&gt;." in html
    assert "<noon>" not in html
    assert html.count("<audio") == 2


def test_takes_are_chosen_or_stand_beside_each_other(voice):
    one = study(voice, text="Hello.", speed=[1, 1.25], pitch=0, takes=2).run(quiet=True)
    assert axes(one.compare(rows="text")) == [("Take", ("1", "2"))]
    takes = one.compare(rows="take", columns="speed")
    assert takes.grid.rows == ("take 1", "take 2")
    assert len({clip.task.id for clip in takes.clips}) == 4
    second = one.compare(rows="text", take=2)
    assert [clip.task.id for clip in second.clips] == [clip.task.id for clip in takes.clips[2:]]


def test_a_place_without_a_clip_says_why(voice, blank_home):
    vn.sandbox.faults("task_failed", route="production", count=1, home=blank_home)
    try:
        one = study(
            voice, text="Hello.", speed=[1, 1.25, 99], where=lambda cell: (cell.speed, cell.pitch) != (1.25, -2)
        )
        one.run(quiet=True, stop=after(5))
    finally:
        vn.sandbox.faults(home=blank_home)
    player = one.compare(rows="speed", columns="pitch")
    notes = dict(
        zip(
            [(row, column) for row in player.grid.rows for column in player.grid.columns],
            player.grid.notes,
            strict=True,
        )
    )
    assert sum(note.startswith("failed: ") for note in notes.values()) == 1
    assert notes["speed 1.25", "pitch −2"] == "left out by where="
    assert notes["speed 99", "pitch 0"].startswith("refused: ")
    assert notes["speed 99", "pitch −2"] == "not made"
    assert len(player.clips) == 2
    assert list(player._grid["notes"][0]) == [
        "" if clip else note for clip, note in zip(player.grid.sounds[:2], player.grid.notes[:2], strict=True)
    ]
    assert "left out by where=" in player.html()


def test_a_cell_that_the_design_does_not_hold_says_so(voice):
    one = study(voice, text="Hello.", speed=[1, 1.25], design="one-at-a-time").run(quiet=True)
    player = one.compare(rows="pitch", columns="speed")
    assert player.grid.notes[player.grid.sounds.index(None)] == "not in this study"
    assert len(player.clips) == 3


def test_a_file_that_is_gone_is_said_in_its_place(voice):
    one = study(voice, text="Hello.", speed=[1, 1.25], pitch=0).run(quiet=True)
    one.compare().clips[0].path.unlink()
    player = one.compare()
    assert player.grid.notes[0].startswith("its file is gone")
    assert len(player.clips) == 1


def test_a_thousand_cells_come_in_pages(voice):
    speeds, pitches = [0.5 + number / 50 for number in range(40)], list(range(-12, 13))
    one = study(voice, text="Hello.", speed=speeds, pitch=pitches).run(quiet=True, stop=after(2))
    assert len(one) == 1000
    player = one.compare(rows="speed", columns="pitch")
    names = dict(axes(player))
    assert names["Rows"][0] == "1–10 of 40"
    assert names["Columns"][-1] == "17–25 of 25"
    assert len(player.grid.sounds) <= 120
    seen = set()
    for row in range(len(names["Rows"])):
        for column in range(len(names["Columns"])):
            player.show([row, column])
            seen |= {(a, b) for a in player.grid.rows for b in player.grid.columns}
    assert len(seen) == 1000


def test_opened_by_its_name_it_is_heard_without_a_service(voice, blank_home, monkeypatch):
    study(voice, text="Hello.", pitch=0).run(quiet=True)

    def connect(*_, **__):
        raise AssertionError("a service was connected")

    monkeypatch.setattr("voicenb.study.voices.connect_again", connect)
    assert len(vn.Study.open("grid", home=blank_home).compare().clips) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rows": "sped"}, "rows: this study has no factor 'sped'; did you mean 'speed'"),
        ({"emotoin": "sad"}, "emotoin: this study has no factor"),
        ({"rows": "speed", "columns": "speed"}, "rows and columns are both 'speed'"),
        ({"speed": 3}, r"speed=3 is no level of this study; it has 1.25, 0.8, 1"),
        ({"speed": []}, r"speed=\[\]: give one level or more"),
        ({"take": 2}, "take=2 is no level"),
        ({"speed": True}, "speed=True is no level"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_error(voice, options, words):
    with pytest.raises(vn.InvalidRequest, match=words):
        study(voice).compare(**options)


def test_before_anything_is_made_it_says_what_to_do(voice):
    with pytest.raises(vn.InvalidRequest, match=r"was asked for yet; study\.run\(\) makes its clips"):
        study(voice).compare()


# -- without a study ----------------------------------------------------------------------------------------------


def test_clips_of_any_list_are_compared_by_their_parameters(voice):
    clips = [voice.say("Hello.", speed=speed, takes=2, quiet=True) for speed in (1.25, 1, 0.8)]
    player = vn.compare(clips, columns="speed")
    assert player.grid.columns == ("speed 0.8", "speed 1", "speed 1.25")
    assert player.grid.rows == ("take 1", "take 2")
    assert vn.compare([clips[0][0], clips[1][0]]).grid.labels == ("speed 1.25", "speed 1")
    assert vn.compare(clips[0][0]).clips == [clips[0][0]]
    assert vn.compare({"slow": clips[2], "plain": clips[1][0]}).grid.labels == ("slow · 1", "slow · 2", "plain")
    assert vn.compare(clips, rows="emotion", columns="speed").grid.rows == ("neutral",)
    with pytest.raises(vn.InvalidRequest, match="no clip has such a parameter"):
        vn.compare(clips, rows="sped")


def test_many_clips_come_in_pages(voice):
    clip = voice.say("Hello.", quiet=True)
    player = vn.compare([clip] * 1000, columns=[f"c{number}" for number in range(25)])
    assert (len(player._pages.axes), len(player.grid.sounds) <= 120) == (2, True)
    player.show([3, 1])
    assert player.grid.columns[0] == "c8"
    with pytest.raises(vn.InvalidRequest, match="there is no page"):
        player.show([99, 0])
