"""How many tasks are at a service at a time: what was set, what it turns out to take, and what a thousand cost."""

import threading
import time

import pytest
from wire import API, AUDIOS, HANG, TASK, answer, envelope, until

import voicenb as vn
from voicenb.services.base import Answer

PRICES = {"sound-cloning-audio": 1, "sound-cloning-voice": "0.01", "sound-cloning-clone": 1}
BUSY = answer(b"", status=429, headers={"Retry-After": "0.05"})
OPEN = {"code": 20000, "msg": "ok", "data": TASK}


@pytest.fixture
def connect(wire, tmp_path):
    opened = []

    def one(**settings):
        opened.append(
            vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path, prices=PRICES, **settings)
        )
        return opened[-1]

    yield one
    for studio in opened:
        studio.close()


def open_for_ever(wire, poll_after="0.05"):
    wire.script[AUDIOS] = envelope(TASK)
    wire.script[f"{API}/audios/audio_1"] = answer(OPEN, headers={"X-Poll-After": poll_after})


def sent(wire):
    return wire.paths().count(AUDIOS)


def test_a_submission_that_is_refused_for_now_is_sent_again(wire, connect):
    open_for_ever(wire)
    wire.script[AUDIOS] = [BUSY, BUSY, envelope(TASK)]
    task = connect().voice("model_1").submit("Hello.")
    until(lambda: task.status == "queued")
    assert sent(wire) == 3
    task.cancel()


def test_a_refusal_with_an_envelope_is_a_refusal_too(wire, connect):
    open_for_ever(wire)
    said = {"code": 20002, "msg": "too many requests"}
    wire.script[AUDIOS] = [answer(said, status=429, headers={"Retry-After": "0"}), envelope(TASK)]
    task = connect().voice("model_1").submit("Hello.")
    until(lambda: task.status == "queued")
    task.cancel()


def test_a_service_that_refuses_for_ever_is_given_up_and_nothing_is_charged(wire, connect):
    wire.script[AUDIOS] = answer(b"", status=429, headers={"Retry-After": "0"})
    with pytest.raises(vn.RateLimited, match="Nothing was charged"):
        connect().voice("model_1").say("Hello.", quiet=True)
    assert sent(wire) == 12


def test_what_waits_to_be_sent_again_is_planned_and_can_be_cancelled(wire, connect):
    wire.script[AUDIOS] = answer(b"", status=429, headers={"Retry-After": "600"})
    studio = connect()
    first = studio.voice("model_1").submit("Hello.")
    until(lambda: sent(wire) == 1 and first.status == "planned")
    second = studio.voice("model_1").submit("Hello again.")
    begun = time.monotonic()
    assert "nothing was charged" in first.cancel()
    assert "nothing was charged" in second.cancel()
    # Far from the 600 s that it would have waited.
    assert time.monotonic() - begun < 300
    assert sent(wire) == 1


def test_no_more_are_at_the_service_than_was_set(wire, connect):
    open_for_ever(wire)
    voice = connect(concurrency=3).voice("model_1")
    tasks = [voice.submit(f"Hello {number}.") for number in range(8)]
    until(lambda: sum(task.status == "queued" for task in tasks) == 3)
    time.sleep(0.3)
    assert sent(wire) == 3
    next(task for task in tasks if task.status == "queued").cancel()
    until(lambda: sent(wire) == 4)
    for task in tasks:
        task.cancel()


@pytest.mark.parametrize("limit", [0, -1, 1.5, True])
def test_a_limit_that_is_none_is_refused(connect, limit):
    with pytest.raises(vn.InvalidRequest, match="whole number from 1"):
        connect(concurrency=limit)


def test_the_limit_of_a_service_is_learned_from_its_refusals(wire, connect):
    open_for_ever(wire)
    wire.script[AUDIOS] = [*[envelope(TASK)] * 5, BUSY]
    studio = connect()
    tasks = [studio.voice("model_1").submit(f"Hello {number}.") for number in range(12)]
    queued = lambda: sum(task.status == "queued" for task in tasks)  # noqa: E731
    until(lambda: queued() == 5 and studio.session.runner.context.limit.limit == 5)
    time.sleep(0.2)
    asked = sent(wire)
    time.sleep(0.3)
    assert sent(wire) == asked
    wire.script[AUDIOS] = envelope(TASK)
    for task in [task for task in tasks if task.status == "queued"][:2]:
        task.cancel()
    until(lambda: queued() == 5)
    assert sent(wire) == asked + 2
    for task in tasks:
        task.cancel()


@pytest.mark.slow
def test_a_thousand_open_tasks_cost_their_polls_and_no_threads(wire, connect):
    open_for_ever(wire, poll_after="5")
    studio = connect()
    voice = studio.voice("model_1")
    before = threading.active_count()
    tasks = [voice.submit(f"Hello {number}.") for number in range(1000)]
    # One after the other: to ask all thousand again and again would take the time that they need.
    for task in tasks:
        until(lambda task=task: task.status == "queued", 280)
    assert sent(wire) == 1000
    assert threading.active_count() - before < 40
    # A task is asked for at most every five seconds, and all of them, once all are there, at most a hundred
    # times a second (those that came before the last 500 are asked the first time as if they were alone).
    context = studio.session.runner.context
    assert min(context.poll_delay(Answer(status="queued", poll_after=5)) for _ in range(50)) * 100 >= len(tasks)
    count, begun = len(wire.seen), time.monotonic()
    until(lambda: len(wire.seen) - count >= 500, 280)
    assert time.monotonic() - begun > 500 / 200
    assert sent(wire) == 1000
    for task in tasks[:20]:
        task.cancel()


@pytest.mark.slow
def test_tasks_that_wait_for_a_connection_do_not_use_up_their_time(wire, connect):
    """It takes long: sixty requests, some at a time, and each is waited for until its time is up."""
    wire.script[AUDIOS] = HANG
    studio = connect()
    studio.session.http.seconds = 0.8
    tasks = [studio.voice("model_1").submit(f"Hello {number}.") for number in range(60)]
    for task in tasks:
        with pytest.raises(vn.OutcomeUnknown):
            task.wait(60, quiet=True)
    # Each one that is unknown has really left.
    assert sent(wire) == 60
