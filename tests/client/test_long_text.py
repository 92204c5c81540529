"""A text that is too long, said in parts: one clip of all, every part paid once, whatever happens to some of them."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import numpy as np
import pytest

import voicenb as vn
from voicenb.studio import long_text
from voicenb.studio.long_text import joined_clip

TEXT = "The first sentence is here. A second one follows it. And the third one ends it."
PARTS = ["The first sentence is here.", "A second one follows it.", "And the third one ends it."]


@pytest.fixture
def short(monkeypatch):
    """The limit is 30 characters: what ten thousand are in a text of minutes."""
    monkeypatch.setattr(long_text, "longest_text", lambda _: 30)


@pytest.fixture
def speaker(own):
    """A voice on a sandbox of its own, whose faults harm nobody else."""
    voice = own.clone(vn.sandbox.sample_speaker("ada", home=own.home), name="ada", text="Hello there.", quiet=True)
    yield voice
    vn.sandbox.faults(home=own.home)


def paid(studio):
    """The tasks that were sent, without those that were answered from disk."""
    return [task for task in studio.tasks() if task.kind == "production" and not task.cached]


def test_parts_become_one_clip_for_the_price_that_was_said(blank, ada, short):
    """As long as its parts and the silence between them; words follow each other; asked for again it is free."""
    voice = blank.clone(ada, name="ada", text="Hello there.", quiet=True)
    price = blank.price(voice, TEXT, split=True)
    assert price.amount == sum(blank.price(voice, part).amount for part in PARTS)
    clip = voice.say(TEXT, split=True, subtitles="word", quiet=True)
    tasks = clip.task.parts
    assert [task.text for task in tasks] == PARTS
    assert len(paid(blank)) == 3
    assert (clip.task.cost, clip.text) == (price.amount, TEXT)
    lengths = [task.clip.duration for task in tasks]
    assert sum(lengths) - 0.1 <= clip.duration <= sum(lengths) + 2 * 0.45 + 0.1
    assert {task.clip.rate for task in tasks} == {clip.rate}
    words = clip.subtitles.words
    assert " ".join(word.text for word in words) == " ".join(
        one.subtitles.text for one in (task.clip for task in tasks)
    )
    assert all(a.end <= b.start + 1e-6 for a, b in zip(words, words[1:], strict=False))
    assert words[-1].end <= clip.duration
    # The last part stands at the end, sample by sample.
    last = tasks[-1].clip.samples
    np.testing.assert_allclose(clip.samples[-len(last) :], last, atol=1e-4)
    assert "credits" in clip._repr_mimebundle_()["text/html"]
    again = blank.price(voice, TEXT, split=True, subtitles="word")
    assert again.cached
    assert voice.say(TEXT, split=True, subtitles="word", quiet=True).task.cached
    assert len(paid(blank)) == 3


def test_takes_of_a_long_text_are_joined_each(voice, short):
    """Each take has all parts."""
    takes = voice.say(TEXT, split=True, takes=2, quiet=True)
    assert isinstance(takes, vn.Clips)
    assert [[task.take for task in one.task.parts] for one in takes] == [[1] * 3, [2] * 3]
    assert voice.price(TEXT, split=True, takes=2).cached


def test_coroutines_split_as_well(studio, voice, short):
    """On a loop of one's own."""
    assert len(asyncio.run(studio.aio.say(voice, TEXT, split=True)).task.parts) == 3


def test_without_asking_nothing_is_split(voice):
    """The error names the way, and nothing is sent; a text that fits is said as ever."""
    count = len(voice.session.ledger.tasks.ids())
    for call in (voice.say, voice.submit, voice.price):
        with pytest.raises(vn.InvalidRequest, match=r"1 to 10,000 characters; voice\.say\(…, split=True\)"):
            call("Long. " * 2000)
    assert len(voice.session.ledger.tasks.ids()) == count
    clip = voice.say("This one fits.", split=True, quiet=True)
    assert not hasattr(clip.task, "parts")


def test_a_mistake_in_any_part_is_found_before_the_first_is_sent(voice, short):
    """As are parameters."""
    count = len(voice.session.ledger.tasks.ids())
    for text, options in ((TEXT + " A pause <#0.001#> here.", {}), (TEXT, {"speed": 9})):
        with pytest.raises(vn.InvalidRequest):
            voice.say(text, split=True, **options)
    assert len(voice.session.ledger.tasks.ids()) == count


def test_a_part_that_fails_costs_nothing_and_is_all_that_is_paid_next(own, speaker, short):
    """The message says which, what it cost, and what to do; the others are kept."""
    vn.sandbox.faults("task_failed", route="production", count=1, after=1, home=own.home)
    with pytest.raises(vn.TasksFailed) as caught:
        speaker.say(TEXT, split=True, quiet=True)
    said = str(caught.value)
    assert said.startswith("1 of 3 parts of the text were not made; the other 2 are kept, ")
    assert "part 2 'A second one follows it.'" in said
    assert "nothing was charged" in said
    assert "Say the same again" in said
    assert len(caught.value.clips) == 2
    missing = own.price(speaker, TEXT, split=True)
    assert missing.amount == own.price(speaker, PARTS[1]).amount
    before = own.balance().amount
    clip = speaker.say(TEXT, split=True, quiet=True)
    assert before - own.balance().amount == missing.amount
    assert [task.cached for task in clip.task.parts] == [True, False, True]
    assert len(paid(own)) == 4


def test_a_part_of_unknown_outcome_is_followed_and_never_sent_again(own, speaker, short):
    """It may have been charged; the same call says so again, until somebody settles it."""
    vn.sandbox.faults("reset_after", route="production", count=1, after=2, home=own.home)
    for _ in range(2):
        with pytest.raises(vn.TasksFailed) as caught:
            speaker.say(TEXT, split=True, quiet=True)
        assert "part 3 'And the third one ends it.'" in str(caught.value)
        assert "OutcomeUnknown" in str(caught.value)
        assert "may have been charged" in str(caught.value)
        assert len(paid(own)) == 3
    assert own.price(speaker, TEXT, split=True).amount == 0
    [lost] = own.tasks(status="unknown")
    lost.forget(charged=False)
    clip = speaker.say(TEXT, split=True, quiet=True)
    assert len(paid(own)) == 4
    assert clip.text == TEXT


def test_a_part_that_is_under_way_is_waited_for(own, speaker, short):
    """Not sent a second time by the same call while the first still waits."""
    vn.sandbox.faults("stuck", route="query", home=own.home)
    with pytest.raises(vn.TasksFailed, match="TaskTimeout"):
        speaker.say(TEXT, split=True, quiet=True, timeout=0.2)
    first = {task.id for task in paid(own)}
    assert own.price(speaker, TEXT, split=True).amount == 0
    vn.sandbox.faults(home=own.home)
    clip = speaker.say(TEXT, split=True, quiet=True)
    assert {task.id for task in clip.task.parts} == first == {task.id for task in paid(own)}


def test_a_budget_that_covers_some_parts_sends_none(own, speaker, short):
    """Half a text would be paid for nothing."""
    price = own.price(speaker, TEXT, split=True).amount
    with own.budget(price - Decimal("0.0001")), pytest.raises(vn.BudgetExceeded, match="nothing was sent"):
        speaker.say(TEXT, split=True, quiet=True)
    assert paid(own) == []
    with own.budget(price):
        speaker.say(TEXT, split=True, quiet=True)
    assert len(paid(own)) == 3


def test_the_same_sentence_twice_is_paid_once(own, speaker, short):
    """As it is when it is said twice."""
    text = "This sentence comes again. " * 3
    clip = speaker.say(text.strip(), split=True, quiet=True)
    assert len(clip.task.parts) == 3
    assert len(paid(own)) == 1
    assert clip.task.cost == own.price(speaker, "This sentence comes again.", fresh=True).amount


def test_parts_of_other_rates_and_channels_are_brought_to_one(voice):
    """At the first one's rate; silence that a part brings is part of the pause."""
    from voicenb.audio.codec import encode
    from voicenb.studio.clip import Clip

    tone = np.sin(np.arange(24_000) / 20).astype(np.float32) * 0.3
    quiet = np.zeros(4_800, np.float32)
    first = Clip(encode(np.concatenate([tone, quiet]), 24_000, "wav"))
    second = Clip(encode(np.stack([tone[:16_000]] * 2, axis=1), 16_000, "wav"))
    task = voice.say("A task for it.", quiet=True).task
    clip = joined_clip([first, second], [0.45, 0.0], long_text.JoinedTask((task, task), "A task for it."))
    assert (clip.rate, clip.samples.shape[1]) == (24_000, 2)
    # 1 s and 1 s of tone, and 0.45 s between them of which the first brings 0.2.
    assert clip.duration == pytest.approx(2.45, abs=0.01)
