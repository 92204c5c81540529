"""A text that is too long, said in parts: one clip of all, every part paid once, whatever happens to some of them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from homes import warmed

import voicenb as vn
from voicenb.studio import long_text
from voicenb.studio.long_text import joined_clip
from voicenb.studio.task import list_tasks


@pytest.fixture
def short(monkeypatch):
    """The limit is 30 characters: what ten thousand are in a text of minutes."""
    monkeypatch.setattr(long_text, "longest_text", lambda _: 30)


def parts(number):
    """Sentences that no other test says."""
    return [f"Text {number} begins with this.", f"Text {number} goes on with it.", f"And text {number} ends now."]


def paid(voice):
    """The tasks that were sent, without those that were answered from disk."""
    return [one.id for one in voice.session.ledger.tasks.select(kind="production") if not one.cached]


def test_parts_become_one_clip_for_the_price_that_was_said(voice, short):
    """As long as its parts and the silence between them; words follow each other; asked for again it is free."""
    said, before = parts(1), len(paid(voice))
    text = " ".join(said)
    price = voice.price(text, split=True, subtitles="word")
    assert price.amount == sum(voice.price(part).amount for part in said)
    clip = voice.say(text, split=True, subtitles="word", quiet=True)
    tasks = clip.task.parts
    assert [task.text for task in tasks] == said
    assert len(paid(voice)) == before + 3
    assert (clip.task.cost, clip.text) == (price.amount, text)
    lengths = [task.clip.duration for task in tasks]
    assert sum(lengths) - 0.1 <= clip.duration <= sum(lengths) + 2 * 0.45 + 0.1
    assert {task.clip.rate for task in tasks} == {clip.rate}
    words = clip.subtitles.words
    assert " ".join(word.text for word in words) == " ".join(task.clip.subtitles.text for task in tasks)
    assert all(one.end <= other.start + 1e-6 for one, other in pairwise(words))
    assert words[-1].end <= clip.duration
    # The last part stands at the end, sample by sample.
    last = tasks[-1].clip.samples
    np.testing.assert_allclose(clip.samples[-len(last) :], last, atol=1e-4)
    assert "credits" in clip._repr_mimebundle_()["text/html"]
    assert voice.price(text, split=True, subtitles="word").cached
    assert voice.say(text, split=True, subtitles="word", quiet=True).task.cached
    assert len(paid(voice)) == before + 3


def test_takes_of_a_long_text_are_joined_each(voice, short):
    """Each take has all parts."""
    text = " ".join(parts(2))
    takes = voice.say(text, split=True, takes=2, quiet=True)
    assert isinstance(takes, vn.Clips)
    assert [[task.take for task in one.task.parts] for one in takes] == [[1] * 3, [2] * 3]
    assert voice.price(text, split=True, takes=2).cached


def test_coroutines_split_as_well(studio, voice, short):
    """On a loop of one's own."""
    assert len(asyncio.run(studio.aio.say(voice, " ".join(parts(2)), split=True)).task.parts) == 3


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
    for text, options in (
        ("A long one is this, it is. " * 2 + "A pause <#0.001#> here.", {}),
        (" ".join(parts(3)), {"speed": 9}),
    ):
        with pytest.raises(vn.InvalidRequest):
            voice.say(text, split=True, **options)
    assert len(voice.session.ledger.tasks.ids()) == count


def test_a_budget_that_covers_some_parts_sends_none(studio, voice, short):
    """Half a text would be paid for nothing."""
    text, before = " ".join(parts(4)), len(paid(voice))
    price = voice.price(text, split=True).amount
    with studio.budget(price - Decimal("0.0001")), pytest.raises(vn.BudgetExceeded, match="nothing was sent"):
        voice.say(text, split=True, quiet=True)
    assert len(paid(voice)) == before
    with studio.budget(price):
        voice.say(text, split=True, quiet=True)
    assert len(paid(voice)) == before + 3


def test_the_same_sentence_twice_is_paid_once(voice, short):
    """As it is when it is said twice."""
    before = len(paid(voice))
    clip = voice.say("This sentence comes again. " * 2, split=True, quiet=True)
    assert len(clip.task.parts) == 2
    assert len(paid(voice)) == before + 1
    assert clip.task.cost == voice.price("This sentence comes again.", fresh=True).amount


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


# ── When something goes wrong ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def speaker(tmp_path_factory):
    """A voice on a sandbox of its own, whose faults harm nobody else."""
    with vn.connect(home=warmed(tmp_path_factory.mktemp("long") / "own")) as studio:
        yield studio.clone(
            vn.sandbox.sample_speaker("ada", home=studio.home), name="ada", text="Hello there.", quiet=True
        )


@pytest.fixture
def fault(speaker):
    """Sets a fault, which ends with the test."""
    home = speaker.session.home
    yield lambda *given, **more: vn.sandbox.faults(*given, home=home, **more)
    vn.sandbox.faults(home=home)


@pytest.mark.slow
def test_a_part_that_fails_costs_nothing_and_is_all_that_is_paid_next(speaker, fault, short):
    """The message says which, what it cost, and what to do; the others are kept."""
    text, before = " ".join(parts(5)), len(paid(speaker))
    fault("task_failed", route="production", count=1, after=1)
    with pytest.raises(vn.TasksFailed) as caught:
        speaker.say(text, split=True, quiet=True)
    said = str(caught.value)
    assert said.startswith("1 of 3 parts of the text were not made; the other 2 are kept, ")
    assert "part 2 'Text 5 goes on with it.'" in said
    assert "nothing was charged" in said
    assert "Say the same again" in said
    assert len(caught.value.clips) == 2
    missing = speaker.price(text, split=True)
    assert missing.amount == speaker.price(parts(5)[1]).amount
    balance = speaker.session.balance().amount
    clip = speaker.say(text, split=True, quiet=True)
    assert balance - speaker.session.balance().amount == missing.amount
    assert [task.cached for task in clip.task.parts] == [True, False, True]
    assert len(paid(speaker)) == before + 4


@pytest.mark.slow
def test_a_part_of_unknown_outcome_is_followed_and_never_sent_again(speaker, fault, short):
    """It may have been charged; the same call says so again, until somebody settles it."""
    text, before = " ".join(parts(6)), len(paid(speaker))
    fault("reset_after", route="production", count=1, after=2)
    for _ in range(2):
        with pytest.raises(vn.TasksFailed) as caught:
            speaker.say(text, split=True, quiet=True)
        assert "part 3 'And text 6 ends now.'" in str(caught.value)
        assert "OutcomeUnknown" in str(caught.value)
        assert "may have been charged" in str(caught.value)
        assert len(paid(speaker)) == before + 3
    price = speaker.price(text, split=True)
    assert (price.amount, price.cached) == (0, False)
    assert "under way or of unknown outcome" in price.rule
    [lost] = list_tasks(speaker.session, "unknown")
    lost.forget(charged=False)
    clip = speaker.say(text, split=True, quiet=True)
    assert len(paid(speaker)) == before + 4
    assert clip.text == text


@pytest.mark.slow
def test_a_part_that_is_under_way_is_waited_for(speaker, fault, short):
    """Not sent a second time by the same call while the first still waits."""
    text, before = " ".join(parts(7)), paid(speaker)
    fault("stuck", route="query")
    with pytest.raises(vn.TasksFailed, match="TaskTimeout"):
        speaker.say(text, split=True, quiet=True, timeout=0.2)
    first = set(paid(speaker)) - set(before)
    price = speaker.price(text, split=True)
    assert (price.amount, price.cached) == (0, False)
    assert "under way or of unknown outcome" in price.rule
    fault()
    clip = speaker.say(text, split=True, quiet=True)
    assert {task.id for task in clip.task.parts} == first == set(paid(speaker)) - set(before)
