"""Words and their times: each once, in order, none before the one before it has ended, whatever is written beside what."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from voicenb.sandbox.engine.front_ends.espeak import Espeak, installed
from voicenb.sandbox.engine.prosody.prosody import Prosody

pytestmark = pytest.mark.skipif(not installed(), reason="the extra `languages` is not installed")

BESIDE = [
    ("cmn", "你好 123 世界", ["你好", "123", "世", "界"]),
    ("cmn", "你好123世界", ["你好", "123", "世", "界"]),
    ("hi", "नमस्ते 123 दुनिया", ["नमस्ते", "123", "दुनिया"]),
    ("ar", "مرحبا 123 العالم", ["مرحبا", "123", "العالم"]),
    ("ar", "لدي ١٥ كتابا", ["لدي", "١٥", "كتابا"]),
    ("ko", "안녕 123 세계", ["안녕", "123", "세계"]),
    ("ko", "나는 15권의 책이", ["나는", "15", "권의", "책이"]),
    ("ja", "こんにちは 123 せかい", ["こんにちは", "123", "せかい"]),
    ("ja", "私は 15 冊", ["私", "は", "15", "冊"]),
    # Characters that Japanese does not use have no reading there, and what follows them has.
    ("ja", "你好", ["你", "好"]),
    ("ja", "你好 15 世界", ["你", "好", "15", "世界"]),
    ("ja", "é", ["é"]),
    ("de", "3.000.000,50 € am 24.12.2024", ["3.000.000,50", "€", "am", "24.12.2024"]),
    ("fr", "J'ai 234 livres, l'été.", ["J'ai", "234", "livres", "l'été"]),
    ("ru", "В 1999 году 12,5 кг.", ["В", "1999", "году", "12,5", "кг"]),
]


def spoken(voice, text):
    """The utterance's words, with all that holds of every text."""
    utterance = Espeak(voice).speak(text, Prosody(), None, 0)
    words = utterance.words
    for one in words:
        assert 0 <= one.begin < one.end <= len(text)
        assert 0 <= one.start <= one.stop <= utterance.length + 1e-6
        assert text[one.begin : one.end] == text[one.begin : one.end].strip()
    for one, following in pairwise(words):
        assert one.end <= following.begin
        assert one.stop <= following.start + 1e-9
    covered = {at for one in words for at in range(one.begin, one.end)}
    missed = [text[at] for at in range(len(text)) if text[at].isalnum() and at not in covered]
    assert missed == []
    return [text[one.begin : one.end] for one in words]


@pytest.mark.parametrize(("voice", "text", "words"), BESIDE)
def test_a_figure_is_one_word_beside_any_script(voice, text, words):
    """espeak-ng marks it once for each number that it is read as."""
    assert spoken(voice, text) == words


PIECES = st.sampled_from(
    [
        "你好",
        "世界",
        "नमस्ते",
        "दुनिया",
        "مرحبا",
        "العالم",
        "안녕",
        "세계",
        "こんにちは",
        "Привет",
        "γειά",
        "straße",
        "l'été",
        "iPhone",
        "3D",
        "1",
        "15",
        "123",
        "1234567",
        "1,5",
        "3.000.000,50",
        "10:30",
        "24.12.2024",
        "١٥",
        "१२३",
        "½",
        "№5",
        "😀",
        "👩🏽\u200d🚀",
        "🇩🇪",
        "€",
        "&",
        "+",
        "…",
        "—",
        "?!",
        "«a»",
        "(b)",
        "،",
        "。",
        "\u200f",
        "é",
        "x²",
    ]
)


@pytest.mark.slow
@given(st.lists(PIECES, min_size=1, max_size=7), st.sampled_from(["", " ", "\n"]), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_words_stand_once_in_order_and_apart(pieces, between, data):
    """Whatever scripts, figures, signs and emoji stand together, in whichever language they are read."""
    voice = data.draw(st.sampled_from(["cmn", "hi", "ar", "ko", "ja", "de", "fr", "ru"]))
    text = between.join(pieces).strip()
    if any(character.isalpha() for character in text):
        spoken(voice, text)


def test_words_of_a_whole_recording(spoken):
    """Over breaths, sentences, pauses and languages of one text, too."""
    text = "I paid 123 dollars. 你好 123 世界！<#0.4#> Дом 15 — 2,5 км. It's 10:30 now."
    words = spoken(text).words
    assert all(text[one["begin"] : one["end_at"]] == one["text"] for one in words)
    assert all(
        one["end_at"] <= other["begin"] and one["end"] <= other["start"] + 1e-6 for one, other in pairwise(words)
    )
    covered = {at for one in words for at in range(one["begin"], one["end_at"])}
    pause = range(text.index("<"), text.index(">"))
    assert [text[at] for at in range(len(text)) if text[at].isalnum() and at not in covered and at not in pause] == []
