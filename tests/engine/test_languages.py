"""Every stretch is spoken in its own language, or refused by name."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from tests.engine.conftest import semitones
from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.front_ends import japanese
from voicenb.sandbox.engine.synthesis import engine
from voicenb.sandbox.engine.text.languages import LANGUAGES, code, runs

espeak = pytest.mark.skipif(importlib.util.find_spec("espeakng_loader") is None, reason="the extra is not installed")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Hello there.", None, ["en"]),
        ("Guten Tag, wie geht es dir und der Frau?", None, ["de"]),
        ("Bonjour, je suis là pour vous.", None, ["fr"]),
        ("Hello there.", "German", ["de"]),
        ("你好, world.", None, ["cmn", "en"]),
        ("你好, Welt.", "German", ["cmn", "de"]),
        ("你喺邊度呀?", None, ["yue"]),
        ("こんにちは世界", None, ["ja"]),
        ("世界", "Japanese", ["ja"]),
        ("Привет", None, ["ru"]),
        ("Привіт, як її справи?", None, ["uk"]),
        ("Hello", "Russian", ["en"]),
        ("سلام چطوری", None, ["fa"]),
        ("مرحبا", None, ["ar"]),
        ("안녕 hello 안녕", "Korean", ["ko", "en", "ko"]),
        ("25", "Chinese", ["cmn"]),
        ("25", None, ["en"]),
    ],
)
def test_runs(text, language, expected):
    """The script decides, then the language asked for, then frequent words."""
    assert [run.language for run in runs(text, 0, language and code(language), text)] == expected


def test_runs_are_slices():
    """Each run stands in the text where it says."""
    text = "He said 你好 and left, Привет."
    assert all(text[run.begin : run.begin + len(run.text)] == run.text for run in runs(text, 0, None, text))


@pytest.mark.parametrize("name", ["en", "zh", "pt-BR", "ENGLISH", "chinese,yue"])
def test_names_and_codes_are_both_taken(name):
    assert code(name) in LANGUAGES.values()


def test_unknown_language_is_named():
    with pytest.raises(EngineError, match="Klingon"):
        code("Klingon")


@espeak
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_a_voice(language, spoken):
    """espeak-ng knows every language the engine offers."""
    assert spoken("1 2 3", language=language).seconds > 0.5


@pytest.mark.slow
@espeak
def test_foreign_speech_is_converted_and_controlled(engine, spoken, tmp_path):
    """Pitch follows the reference, speed divides the length, words are timed: in German as in English.

    It takes long: a speaker of twenty seconds is made, measured, and heard twice.
    """
    engine.speaker("clara", tmp_path / "clara.wav")
    reference = engine.enrol(tmp_path / "clara.wav", tmp_path / "clara.npz")
    text = "Guten Tag, meine Damen und Herren. Willkommen <#0.5#> in Wien!"
    plain = spoken(text, language="German", profile=tmp_path / "clara.npz")
    assert abs(semitones(plain.f0, reference["f0"])) < 1.5
    fast = spoken(text, language="German", profile=tmp_path / "clara.npz", speed=2)
    assert fast.seconds - 0.5 == pytest.approx((plain.seconds - 0.5) / 2, rel=0.02)
    assert [word["text"] for word in plain.words] == [
        "Guten",
        "Tag",
        "meine",
        "Damen",
        "und",
        "Herren",
        "Willkommen",
        "in",
        "Wien",
    ]
    times = [time for word in plain.words for time in (word["start"], word["end"])]
    assert times == sorted(times)


@espeak
def test_mixed_text_is_spoken_whole(spoken):
    """A text in three scripts loses none of them."""
    spoke = spoken("I said 你好 and Привет to him.")
    assert [word["text"] for word in spoke.words] == ["I", "said", "你好", "and", "Привет", "to", "him."]


@espeak
def test_foreign_samples_repeat(spoken):
    """The same request gives the same samples, whatever was spoken before."""
    one = spoken("Guten Morgen.", language="German")
    spoken("Bonjour.", language="French")
    engine.Espeak.speak.__globals__["_spoken"].cache_clear()
    assert np.array_equal(one.samples, spoken("Guten Morgen.", language="German").samples)


def test_without_the_extra_its_name_is_said(monkeypatch, spoken):
    """Where espeak-ng is missing, foreign words are named with the extra that would speak them."""
    monkeypatch.setattr(engine, "installed", lambda: False)
    with pytest.raises(EngineError, match=r"voicenb\[languages\].*Привет"):
        spoken("Hello. Привет!")


@espeak
def test_kanji_without_a_reader_are_named(monkeypatch, spoken):
    monkeypatch.setattr(japanese, "_converter", lambda: None)
    with pytest.raises(EngineError, match="名前"):
        spoken("わたしの名前はアダです。")


@espeak
@pytest.mark.skipif(importlib.util.find_spec("pykakasi") is None, reason="the reader of kanji is not installed")
def test_kanji_are_read_and_timed_where_they_stand(spoken):
    speech = spoken("わたしの名前はアダです。", language="Japanese")
    assert "名前" in {word["text"] for word in speech.words}
    starts = [word["start"] for word in speech.words]
    assert starts == sorted(starts)
