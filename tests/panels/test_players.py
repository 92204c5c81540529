"""The players without a browser: what the page is told, what it is answered, and what never leaves the kernel."""

from __future__ import annotations

import io
import json
import re
import types
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings, strategies as st

from voicenb.audio.codec import encode
from voicenb.audio.subtitles import Segment, Subtitles, Word
from voicenb.display.comparison import MAX_COMPARED, Grid, compare_html
from voicenb.errors import BadReference, InvalidRequest, VoicenbError
from voicenb.measures import loudness
from voicenb.panels.parts.reading_text import READING, reading_text
from voicenb.panels.players.compare import ComparePlayer
from voicenb.panels.players.player import ClipPlayer, facts, wire
from voicenb.panels.players.recorder import Recorder
from voicenb.panels.players.waveform import Waveform
from voicenb.studio.clip import Clip
from voicenb.studio.reference import Reference

RATE = 24_000
WIDGETS = (ClipPlayer, ComparePlayer, Recorder, Waveform)
EVIL = '<script>alert("1")</script><img src=x onerror=alert(2)>'


pytestmark = pytest.mark.usefixtures("wired")


def ask(widget, buffers=(), **question):
    """A question of the page, and its answer: the content and the buffers, or None."""
    before = len(widget.comm.sent)
    widget._handle_custom_msg(question, list(buffers))
    answers = [(data["content"], sent) for _, data, sent in widget.comm.sent[before:] if data.get("method") == "custom"]
    assert len(answers) <= 1
    return answers[0] if answers else None


def noise(length=1.0, *, rate=RATE, seed=1, gain=0.2, channels=1):
    shape = (round(length * rate),) if channels == 1 else (round(length * rate), channels)
    return (gain * np.clip(np.random.default_rng(seed).standard_normal(shape), -3, 3)).astype(np.float32)


def voice(length, rate=RATE):
    """Something of a voice: a gliding tone with its harmonics, syllables, and breath."""
    time = np.arange(round(length * rate)) / rate
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time)) / rate
    tone = sum(np.sin(n * phase) / n**1.2 for n in range(1, 40) if n * 160 < rate / 2)
    syllables = np.clip(np.sin(2 * np.pi * 2.1 * time), 0, 1) ** 0.5
    breath = 0.08 * np.random.default_rng(3).standard_normal(len(time))
    return (0.15 * syllables * (tone + breath)).astype(np.float32)


def clip(samples=None, *, rate=RATE, form="wav", subtitles=None, text="Welcome home.", cost="0.0130", **parameters):
    task = types.SimpleNamespace(
        id="t1", service="soundclone", voice="ash", text=text, kind="production", cached=False, parameters=parameters,
        cost=Decimal(cost) if cost else None, unit="credits",
    )  # fmt: skip
    return Clip(encode(noise() if samples is None else samples, rate, form), subtitles=subtitles, task=task)


def spoken(*times, text="Welcome home my friend"):
    words = tuple(Word(word, start, end) for word, (start, end) in zip(text.split(), times, strict=False))
    return Subtitles((Segment(text, words[0].start, words[-1].end, words),))


def made():
    """One of each."""
    return [ClipPlayer(clip()), ComparePlayer([clip(), clip(noise(seed=2))]), Recorder(), Waveform(clip())]


# ── The page's half ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", WIDGETS)
def test_the_module_needs_nothing_but_itself(kind):
    """It imports nothing, fetches nothing, evaluates no text, and makes no markup of any."""
    module = kind._esm
    assert "export default" in module
    # The specification of SVG names its namespace by an address that nobody asks for; a message names localhost.
    assert set(re.findall(r"https?://\S+?(?=[\"` ])", module)) <= {"http://www.w3.org/2000/svg", "http://localhost"}
    for word in ("import ", "import(", "eval(", "Function(", "innerHTML", "insertAdjacentHTML", "/**"):
        assert word not in module, word
    assert "url(" not in kind._css
    assert len(module) + len(kind._css) < 42_000


def test_every_widget_s_state_is_small_and_holds_no_bytes():
    """What a notebook would save of 100 clips of 12 s is below 100 kB, and the sound is not in it."""
    clips = [clip(noise(12, seed=number)) for number in range(4)] * 25
    for widget in [*made(), ComparePlayer(clips)]:
        state = json.dumps(widget.get_state())  # fails where there are bytes
        assert len(state) < 100_000
        for _, data, buffers in widget.comm.sent:
            assert buffers == []
            assert data.get("buffer_paths", []) == []


def test_reprs_are_short():
    """A cell's plain text says what it is, in one line."""
    assert [repr(widget) for widget in made()] == [
        "<ClipPlayer · 1.00 s>",
        "<ComparePlayer · 2 clips in 1 × 2>",
        "<Recorder · nothing recorded yet>",
        "<Waveform · 0.00–1.00 of 1.00 s>",
    ]
    assert repr(ClipPlayer()) == "<ClipPlayer · empty>"
    assert repr(Waveform()) == "<Waveform · empty>"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: ClipPlayer(clip(), lop=True),
            "ClipPlayer has no argument 'lop'. Check the spelling: did you mean 'loop'",
        ),
        (lambda: ComparePlayer([clip()], collumns=["a"]), "Check the spelling"),
        (lambda: Recorder(max_second=3), "did you mean 'max_seconds'"),
        (lambda: Recorder(value=b"x"), "has no argument 'value'. Check the spelling"),
        (lambda: Waveform(clip(), zzz=1), "it has end, layout, start"),
    ],
)
def test_unknown_arguments_are_refused(make, words):
    """traitlets alone would let them pass."""
    with pytest.raises(TypeError, match=re.escape(words)):
        make()


def test_questions_that_make_no_sense_are_answered():
    """Whatever a page sends, the kernel says what is wrong and raises nothing."""
    for widget in made():
        for question in (
            {"kind": "audio", "id": 99}, {"kind": "audio", "id": -1}, {"kind": "audio", "id": "0; drop"},
            {"kind": "facts", "ids": [0, 99]}, {"kind": "facts", "ids": 3}, {"kind": "recording"}, {"kind": "?"}, {},
        ):  # fmt: skip
            if isinstance(widget, ClipPlayer | Waveform) and question.get("kind") == "audio":
                continue
            content, buffers = ask(widget, request="r1", **question)
            assert content["request"] == "r1"
            assert content["error"]
            assert buffers == []
        assert ask(widget, kind="audio", id=0) is None  # nobody could tell what it answers


# ── One clip ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_page_gets_the_clip_s_own_samples(form, channels):
    """What is answered decodes to the clip's samples, to half a step of 16 bits, whatever the clip came as."""
    shown = clip(noise(0.5, channels=channels), form=form)
    content, (sound,) = ask(ClipPlayer(shown), kind="audio", id=0, request="r1")
    assert content == {"request": "r1", "mime": "audio/flac"}
    heard, rate = soundfile.read(io.BytesIO(sound), dtype="float32")
    assert rate == shown.rate
    assert heard.shape == shown.samples.shape
    assert np.abs(heard - np.clip(shown.samples, -1, 32767 / 32768)).max() <= 0.5 / 32768 + 1e-7


@pytest.mark.parametrize(("rate", "heard"), [(4_000, 8_000), (96_000, 48_000), (44_100, 44_100)])
def test_rates_that_a_page_cannot_keep_are_changed(rate, heard):
    """Web Audio takes 8 to 96 kHz."""
    sound, _ = wire(clip(noise(0.2, rate=rate), rate=rate))
    assert soundfile.info(io.BytesIO(sound)).samplerate == heard


def test_more_than_two_channels_are_mixed():
    """A recording of five microphones is heard."""
    sound, _ = wire(clip(noise(0.2, channels=5)))
    assert soundfile.info(io.BytesIO(sound)).channels == 1


def test_a_player_takes_another_clip():
    """A panel keeps one player and gives it one clip after another."""
    player = ClipPlayer()
    assert player._facts == {}
    assert "empty" in repr(player)
    assert ask(player, kind="audio", id=0, request="r")[0]["error"]
    player.clip = clip(noise(2), text=" Two\nlines ")
    assert player._facts["duration"] == 2
    assert player._name == "Player: Two lines"
    assert ask(player, kind="audio", id=0, request="r")[1]
    assert player.html().startswith("<div")
    player.clip = None
    assert player._facts == {}
    assert player.html() == ""


def test_a_clip_that_is_no_sound_is_refused():
    """The error is ours, and the player keeps what it had."""
    player = ClipPlayer(clip())
    with pytest.raises(VoicenbError, match="cannot be played: a text file is not audio"):
        player.clip = Clip(b"no sound")
    assert player._facts["duration"] == 1
    with pytest.raises(VoicenbError, match="cannot be shown"):
        Waveform(Clip(b"no sound"))


def test_a_reference_can_be_played():
    """A recording has no words and no task, and plays all the same."""
    player = ClipPlayer(Reference((noise(2), RATE), name="me"))
    assert player._name == "Player: me"
    assert player._facts["words"] == []
    assert "No consent is noted" in player.html()


def test_words_lie_within_the_sound():
    """Times that a service got wrong are brought back; empty words are left out; sentences are numbered."""
    odd = Subtitles(
        (
            Segment("One two", -0.5, 0.6, (Word(" One ", -0.5, 0.2), Word(" ", 0.2, 0.2), Word("two", 0.4, 0.3))),
            Segment("three", 0.9, 7.0, (Word("three", 0.9, 7.0),)),
        )
    )
    assert facts(clip(subtitles=odd))["words"] == [("One", 0.0, 0.2, 0), ("two", 0.4, 0.4, 0), ("three", 0.9, 1.0, 1)]
    sentences = Subtitles((Segment("One two.", 0, 0.5), Segment("Three.", 0.6, 0.9)))
    assert facts(clip(subtitles=sentences))["words"] == [("One two.", 0, 0.5, 0), ("Three.", 0.6, 0.9, 1)]


@settings(max_examples=30, deadline=None)
@given(gain=st.floats(2e-3, 0.33), seed=st.integers(0, 9), peak=st.booleans())
def test_matching_reaches_the_target_and_never_clips(gain, seed, peak):
    """At the level that the page is told, the clip has −23 LUFS; or less, where its peaks would not fit."""
    samples = noise(0.5, seed=seed, gain=gain)
    if peak:
        samples[100] = 0.999
    known = facts(clip(samples, form="flac"))
    matched = samples * known["level"]
    assert np.abs(matched).max() <= 1.001
    reached = loudness(matched, RATE)
    assert reached == pytest.approx(-23, abs=0.3) or (reached < -23 and np.abs(matched).max() > 0.99)


def test_silence_has_no_loudness():
    """It is neither divided by nor drawn."""
    known = facts(clip(np.zeros(RATE, np.float32)))
    assert (known["lufs"], known["level"], set(known["peaks"])) == (None, 1.0, {"A"})


# ── Several clips ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_comparison_reads_nothing_before_it_is_asked():
    """A hundred clips are there at once: neither decoded nor measured."""
    clips = [clip(noise(0.1)) for _ in range(100)]
    player = ComparePlayer(clips)
    assert not any("_decoded" in one.__dict__ for one in clips)
    content, _ = ask(player, kind="facts", ids=[7, 8], request="r")
    assert sorted(content["facts"]) == ["7", "8"]
    assert [number for number, one in enumerate(clips) if "_read" in one.__dict__] == [7, 8]


def test_all_clips_of_a_comparison_have_one_rate():
    """The page's clock runs at the highest rate among the clips; the others are brought to it."""
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32) * 0.5
    player = ComparePlayer([clip(tone, rate=16_000), clip(), clip(noise(0.2, rate=8_000), rate=8_000)])
    assert player._grid["rate"] == RATE
    for place in range(3):
        content, (sound,) = ask(player, kind="audio", id=place, request="r")
        heard, rate = soundfile.read(io.BytesIO(sound), dtype="float32")
        assert rate == RATE
        assert len(heard) / rate == pytest.approx(content["facts"]["duration"], abs=1e-3)
        if place == 0:
            expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(heard)) / RATE)
            assert np.abs(heard - expected)[500:-500].max() < 1e-3
        if place == 1:
            assert np.abs(heard - player.clips[1].samples).max() <= 0.5 / 32768 + 1e-7


def test_a_clip_that_cannot_be_read_does_not_spoil_the_others():
    """Its place says why, and the rest is heard."""
    player = ComparePlayer([clip(), Clip(b"RIFF....WAVEnonsense"), None, clip(noise(seed=2))], columns=list("abcd"))
    content, _ = ask(player, kind="facts", ids=[0, 1, 3], request="r")
    assert "duration" in content["facts"]["0"], content
    assert "wav" in content["facts"]["1"]["error"]
    assert player._grid["cells"] == [["", "", None, ""]]
    assert ask(player, kind="audio", id=1, request="r")[0]["error"]
    assert ask(player, kind="audio", id=2, request="r")[0]["error"] == "There is no clip at 2."
    assert ask(player, kind="audio", id=3, request="r")[1]


def names(grid):
    return [[grid.name(y * len(grid.columns) + x) for x in range(len(grid.columns))] for y in range(len(grid.rows))]


def test_a_grid_by_parameters():
    """Each value gets its row or column; what is missing stays empty; clips that are alike are takes."""
    clips = [
        clip(speed=0.8), clip(), clip(speed=0.8, emotion="happy"), clip(emotion="happy"), clip(speed=1.2, emotion="happy"),
    ]  # fmt: skip
    grid = Grid.of(clips, rows="emotion", columns="speed")
    assert grid.rows == ("emotion default", "happy")
    assert grid.columns == ("speed 0.8", "speed default", "speed 1.2")
    assert [sound and clips.index(sound) for sound in grid.sounds] == [0, 1, None, 2, 3, 4]
    takes = Grid.of([clips[0], clip(speed=0.8), clips[1]], columns="speed")
    assert (takes.rows, takes.columns) == (("take 1", "take 2"), ("speed 0.8", "speed default"))
    assert [sound is not None for sound in takes.sounds] == [True, True, True, False]
    both = Grid.of([clips[0], clip(speed=0.8), clips[1]], rows="voice", columns="speed")
    assert both.columns[:2] == ("speed 0.8 · take 1", "speed 0.8 · take 2")
    assert both.rows == ("ash",)


def test_what_differs_names_the_clips():
    """Without any labels, what sets a clip apart is its name."""
    assert Grid.of([clip(speed=0.8), clip(speed=1.2), clip()]).labels == ("speed 0.8", "speed 1.2", "default")
    assert Grid.of([clip(), clip()]).labels == ("take 1", "take 2")
    assert Grid.of([clip(text="One."), clip(text="Two.")]).labels == ("One.", "Two.")
    assert Grid.of({"mine": Reference((noise(), RATE)), "hers": clip()}).labels == ("mine", "hers")
    assert Grid.of([Reference((noise(), RATE), name="me"), clip(speed=1.1)]).labels[0] == "me"


@pytest.mark.parametrize(
    ("clips", "options", "words"),
    [
        ([], {}, "0 clips was given; give one or more"),
        ([None, None], {}, "give one or more"),
        ([b"bytes"], {}, "give clips or references"),
        ([clip()] * 3, {"labels": ["a"]}, "1 labels for 3 clips"),
        ({"a": clip()}, {"labels": ["a"]}, "the labels already"),
        ([clip()] * 3, {"rows": ["a", "b"], "columns": ["c", "d", "e"]}, "2 × 3 for 3 clips"),
        ([clip()] * 3, {"rows": ["a"], "columns": ["c"]}, "1 × 1 for 3 clips"),
        ([clip()] * 3, {"columns": []}, "rows × columns is the number of clips"),
        ([clip()] * 3, {"rows": "sped"}, "no clip has such a parameter"),
        ([clip(speed=1.1)] * 3, {"rows": "speed", "columns": ["a"]}, "give two lists, or names of parameters"),
    ],
)
def test_what_cannot_be_compared_is_refused(clips, options, words):
    """With what was given and what is allowed."""
    with pytest.raises(InvalidRequest, match=re.escape(words)):
        ComparePlayer(clips, **options)


SOUNDS = [Clip(encode(noise(0.01, seed=number), RATE, "wav")) for number in range(30)]


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 30),
    parameters=st.lists(st.tuples(st.sampled_from([0.8, 1.0, 1.2]), st.sampled_from("abc")), min_size=30, max_size=30),
    rows=st.sampled_from([None, "speed", "emotion"]),
    columns=st.sampled_from([None, "speed", "emotion"]),
)
def test_every_clip_has_exactly_one_place(count, parameters, rows, columns):
    """However they are arranged, none is lost, none is doubled, and places in a row of one name share its value."""
    clips = []
    for sound, (speed, emotion) in zip(SOUNDS[:count], parameters, strict=False):
        clips.append(Clip(sound.data, task=types.SimpleNamespace(parameters={"speed": speed, "emotion": emotion})))
    grid = Grid.of(clips, rows=rows, columns=columns)
    assert len(grid.sounds) == len(grid.rows) * len(grid.columns) == len(grid.labels)
    assert sorted(id(sound) for sound in grid.sounds if sound is not None) == sorted(map(id, clips))
    if rows is not None:
        for place, sound in enumerate(grid.sounds):
            if sound is not None:
                value = sound.task.parameters[rows]
                assert grid.rows[place // len(grid.columns)] in {value, f"{rows} {value}".removesuffix(".0")}


# ── The microphone ──────────────────────────────────────────────────────────────────────────────────────────────────


def send(recorder, data, *, pieces=3, order=None, name="a", size=None):
    step = -(-len(data) // pieces)
    for piece in order or range(pieces):
        part = memoryview(data[piece * step : (piece + 1) * step])
        ask(
            recorder, [part], kind="recording", recording=name, piece=piece, pieces=pieces,
            size=len(data) if size is None else size,
        )  # fmt: skip


@pytest.mark.parametrize("order", [None, [2, 0, 1]])
def test_a_recording_arrives_in_pieces(order):
    """The last piece completes it, in whatever order they come; a reference can be made of it; its bytes stay in the kernel."""
    recorder = Recorder()
    with pytest.raises(BadReference, match="Nothing was recorded"):
        Reference(recorder)
    heard, seen = [], []
    recorder.on_record(lambda one: heard.append(len(one.value)))
    recorder.observe(lambda change: seen.append(change["new"]), "seconds")
    data = encode(noise(12), RATE, "wav")
    send(recorder, data, order=order)
    assert recorder.value == data
    assert heard == [len(data)]
    assert seen == [12.0]
    assert repr(recorder) == "<Recorder · 12.0 s recorded>"
    reference = Reference(recorder, consent="my own voice")
    assert (reference.duration, reference.rate, reference.format) == (12.0, RATE, "wav")
    assert np.abs(reference.samples - noise(12)).max() < 1e-4
    send(recorder, data, name="b")
    assert seen == [12.0, 0.0, 12.0]
    recorder.clear()
    assert (recorder.value, recorder.seconds) == (b"", 0.0)
    for _, told, buffers in recorder.comm.sent:
        assert buffers == []
        assert len(json.dumps(told)) < 40_000


def test_a_recording_that_is_torn_is_not_taken():
    """A second recording replaces a first that never ended; what is no WAV, or not as long as was said, is left."""
    recorder = Recorder()
    data = encode(noise(1), RATE, "wav")
    send(recorder, data, order=[0, 1])
    assert recorder.value == b""
    send(recorder, b"x" * 100, name="b")
    send(recorder, data, name="c", size=len(data) + 1)
    send(recorder, data, name="d", size=10**9)
    assert recorder.value == b""
    send(recorder, data, name="e", pieces=1)
    assert recorder.value == data


def test_a_recorder_says_when_somebody_speaks():
    """And when they throw it away; what is no such message is left."""
    recorder, heard = Recorder(least_seconds=15, script="Read this.", replay=False), []
    recorder.on_begin(heard.append)
    for on in (True, False):
        ask(recorder, kind="began", on=on)
    for wrong in ({"kind": "began"}, {"kind": "began", "on": "yes"}):
        ask(recorder, **wrong)
    assert heard == [True, False]
    assert recorder.get_state()["least_seconds"] == 15


@pytest.mark.parametrize(("least", "words"), [(None, 66), (3, 53), (16, 53), (60, 198), (200, 660)])
def test_a_text_to_read_lasts_as_long_as_a_service_needs(least, words):
    """For somebody who reads fast, too; whole sentences, and not much more than that."""
    text = reading_text(least)
    assert words <= len(text.split()) <= words + 20
    assert text.startswith("The North Wind and the Sun")
    assert text.endswith(".")


@pytest.mark.slow  # eSpeak is started
def test_the_first_sentences_have_the_sounds_of_english():
    """Every consonant and every diphthong, as eSpeak says them."""
    espeak = pytest.importorskip("voicenb.sandbox.engine.front_ends.espeak")
    if not espeak.installed():
        pytest.skip("eSpeak comes with the extra 'languages'")
    said, _ = espeak._sounds(espeak._spoken("en-us", " ".join(READING[:4])))
    sounds = {mnemonic.lstrip("',") for _, mnemonic in said}
    assert sounds >= set("bdfghjklmnprstvwzDTSZN") | {"tS", "dZ", "aI", "aU", "OI", "eI", "oU"}


# ── The waveform ────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(st.floats(-5, 20), st.floats(-5, 20)), min_size=1, max_size=4), both=st.booleans())
def test_the_used_part_is_always_a_part(pairs, both):
    """Whatever the page or the reader sets, start and end lie within the recording, a tenth of a second apart."""
    waveform = Waveform(Reference((noise(2), RATE)))
    for start, end in pairs:
        if both:
            waveform.set_state({"start": start, "end": end})
        else:
            waveform.start = start
            waveform.end = end
        assert 0 <= waveform.start < waveform.end <= 2.0
        assert waveform.end - waveform.start >= 0.1 - 1e-9


def test_the_part_becomes_a_reference():
    """What is trimmed by hand is what is cut."""
    whole = noise(3)
    waveform = Waveform(Reference((whole, RATE)), start=0.5, end=2.0)
    part = Reference(waveform.part)
    assert part.duration == 1.5
    assert np.abs(part.samples - whole[RATE // 2 : 2 * RATE]).max() < 1e-4
    waveform.sound = Reference((whole[:RATE], RATE))
    assert (waveform.start, waveform.end, waveform.duration) == (0.0, 1.0, 1.0)
    assert ask(waveform, kind="audio", id=0, request="r")[1]
    waveform.sound = None
    with pytest.raises(VoicenbError, match="no recording yet"):
        waveform.part  # noqa: B018


# ── What stays in the notebook ──────────────────────────────────────────────────────────────────────────────────────


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_a_comparison_leaves_static_html():
    """A table of players with their names, lengths, loudness and prices, which Lab keeps in notebooks that it does not trust."""
    clips = [clip(noise(2), speed=0.8), clip(), None, clip(noise(0.5), speed=0.8, emotion="happy")]
    player = ComparePlayer(clips, rows=["plain", "happy"], columns=["slow", "as it is"])
    bundle = player.html()._repr_mimebundle_()
    assert bundle["text/plain"] == repr(player.html()) == str([player.html()])[1:-1]
    assert len(bundle["text/plain"]) < 40
    html = Tags(bundle["text/html"])
    assert {tag for tag, _ in html.found} <= {
        "div", "table", "thead", "tbody", "tr", "th", "td", "img", "audio", "bdi",
    }  # fmt: skip
    assert "var(" not in bundle["text/html"]
    for _, attributes in html.found:
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("src", "data:").startswith("data:")
    assert [attributes["scope"] for tag, attributes in html.found if tag == "th"] == ["col", "col", "row", "row"]
    assert sum(tag == "audio" for tag, _ in html.found) == 3
    assert "2.00 s · −" in html.text
    assert "LUFS · 0.013 credits" in html.text
    assert html.text.count("Welcome home.") == 1
    assert "synthetic voice" in html.text


def test_text_from_outside_is_never_markup():
    """Labels, names, texts and units."""
    evil = clip(text=EVIL, speed=EVIL)
    evil.task.unit = EVIL
    html = compare_html([evil, clip(text="x")], labels=[EVIL, "b"], rows=[EVIL], columns=[EVIL, "d"])
    assert "<script" not in html
    assert Tags(html).text.count(EVIL) == 5
    assert "onerror=alert(2)>" not in html


def notebook_of(outputs, *alive):
    """The size of a notebook with these outputs, and with the state of these widgets."""
    nbformat = pytest.importorskip("nbformat")
    cells = [
        nbformat.v4.new_code_cell("clip", outputs=[nbformat.v4.new_output("display_data", data=data)])
        for data in outputs
    ]
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": {one.model_id: one.get_state() for one in alive}}}
    return len(nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata={"widgets": widgets} if alive else {})))


@pytest.fixture(scope="module", params=["made", "real"])
def study(request):
    """27 clips of 12 s."""
    if request.param == "made":
        clips = [clip(voice(12), speed=0.8)]
    else:
        files = sorted(Path(request.getfixturevalue("speech")).glob("*-reference.flac"))
        clips = []
        for file in files:
            whole = Clip(file.read_bytes())
            clips.append(clip(np.tile(whole.samples, 12)[: 12 * whole.rate], rate=whole.rate))
    return [clips[number % len(clips)] for number in range(27)]


@pytest.mark.slow
def test_27_clips_take_an_eighth_of_27_wav_players(study):
    """Compared in one grid, whose widget's state is saved too; or one by one, as a cell shows a clip and a panel leaves it.

    It takes long: 27 clips are packed three times.
    """
    display = pytest.importorskip("IPython.display")
    plain = notebook_of([{"text/html": display.Audio(data=one.data)._repr_html_()} for one in study])
    player = ComparePlayer(study, rows=[*"abcdefghi"], columns=[*"xyz"])
    shown = player.html()
    assert shown.count("<audio") == 27
    assert notebook_of([shown._repr_mimebundle_()], player) * 8 <= plain
    assert notebook_of([one._repr_mimebundle_() for one in study]) * 8 <= plain


def test_too_many_clips_are_named_and_not_embedded():
    """Beyond the cap there is a line that says how many, and the notebook stays below it."""
    clips = [clip(voice(6)) for _ in range(3)]
    whole = compare_html(clips)
    assert "not kept inside" not in whole
    assert len(whole) < MAX_COMPARED
    capped = compare_html(clips, most=len(whole) * 2 // 3)
    assert capped.count("<audio") == 1
    assert "2 of 3 clips are not kept inside the notebook" in capped
    assert len(capped) < len(whole) * 2 // 3


def test_what_cannot_be_read_is_said_in_the_table():
    """One broken clip among others."""
    html = compare_html([clip(), Clip(b"no sound")], labels=["a", "b"])
    assert html.count("<audio") == 1
    assert "a text file is not audio" in html


def test_the_beginning_of_a_grid_is_whole_rows():
    """As many as there is room for; a row that is too long is cut, and a mark is not set twice."""
    sound = clip()
    sound.task.degraded = True
    grid = Grid((sound, None) * 6, tuple("abc"), tuple("wxyz"), ("old", "") * 6)
    assert grid.beginning(12) is grid
    first = grid.beginning(9)
    assert (first.rows, first.columns, first.labels) == (("a", "b"), tuple("wxyz"), ("old · degraded", "") * 4)
    assert grid.beginning(3).columns == tuple("wxy")


def test_a_label_of_ones_own_is_marked_and_not_cut():
    """Also one that ends in the mark's own word; where the mark is there it is not set again."""
    fallback = clip()
    fallback.task.degraded = True
    marked = {
        "is degraded": "is degraded · degraded",
        "degraded": "degraded",
        "": "degraded",
        "a · degraded": "a · degraded",
    }
    grid = Grid((fallback,) * len(marked), ("",), ("",) * len(marked), tuple(marked))
    assert grid.labels == tuple(marked.values())
