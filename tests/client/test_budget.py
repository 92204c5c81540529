"""Budgets hold before anything is sent, whoever asks; what was paid for is not paid for again."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from wire import API, AUDIOS, RESET, TASK, answer, envelope, until

import voicenb as vn

PRICES = {"sound-cloning-audio": 100, "sound-cloning-voice": 1, "sound-cloning-clone": 1}


@pytest.fixture
def wire(wire):
    wire.script[AUDIOS] = envelope(TASK)
    wire.script[f"{API}/audios/audio_1"] = answer(
        {"code": 20000, "msg": "ok", "data": TASK}, headers={"X-Poll-After": "0.01"}
    )
    return wire


@pytest.fixture
def studio(wire, tmp_path):
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path, prices=PRICES) as one:
        yield one


def sent(wire):
    return wire.paths().count(AUDIOS)


def test_the_first_request_that_could_go_over_is_not_sent(studio, wire):
    voice = studio.voice("model_1")
    with studio.budget(3) as budget:
        tasks = [voice.submit(f"{'a' * 40}{n}") for n in range(2)]  # 1.41 each
        with pytest.raises(vn.BudgetExceeded, match=r"1\.41 credits.*budget of 3 credits has 0\.18 left") as caught:
            voice.submit(f"{'a' * 40}2")
        assert budget.left == Decimal("0.18")
    assert len(studio.tasks()) == 2
    assert list(caught.value.frame["sent"]) == [True, True, False]
    assert list(caught.value.frame["id"][:2]) == [task.id for task in tasks]
    voice.submit("Outside of the budget.")
    assert budget.used == Decimal("2.82")
    assert len(budget.frame()) == 2


def test_a_budget_holds_for_threads(studio):
    voice = studio.voice("model_1")

    def submit(number):
        try:
            return voice.submit(f"text {number:02}")  # 7 characters: 1.07
        except vn.BudgetExceeded:
            return None

    with studio.budget("5.35") as budget, ThreadPoolExecutor(8) as pool:
        sent = [one for one in pool.map(submit, range(20)) if one is not None]
    assert len(sent) == 5
    assert budget.left == 0


KERNEL = """
import sys
import voicenb as vn
prices = {"sound-cloning-audio": 100, "sound-cloning-voice": 1, "sound-cloning-clone": 1}
studio = vn.connect("soundclone", base_url=sys.argv[1], api_key="sk_x", home=sys.argv[2], prices=prices)
count = 0
with studio.budget(10, name="shared"):
    try:
        for number in range(20):
            studio.voice("model_1").submit(f"kernel {sys.argv[3]} {number:02}")  # 11 characters: 1.11
            count += 1
    except vn.BudgetExceeded:
        pass
print(count)
"""


def test_a_named_budget_is_shared_by_two_kernels(studio, wire, tmp_path):
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", KERNEL, wire.url, str(tmp_path), name], stdout=subprocess.PIPE, text=True
        )
        for name in "ab"
    ]
    assert sum(int(one.communicate(timeout=240)[0]) for one in kernels) == 9
    assert studio.budget(10, name="shared").left == Decimal("0.01")


def test_what_failed_is_free_again_and_what_is_unknown_stays_reserved(studio, wire):
    voice = studio.voice("model_1")
    with studio.budget(2) as budget:
        wire.script[AUDIOS] = envelope(code=-1, msg="server error")
        with pytest.raises(vn.ServiceError):
            voice.say("Hello.", quiet=True)
        assert budget.used == 0
        wire.script[AUDIOS] = RESET
        task = voice.submit("Hello.")
        with pytest.raises(vn.OutcomeUnknown):
            task.wait(quiet=True)
        assert budget.used == Decimal("1.06")
        with pytest.raises(vn.BudgetExceeded):
            voice.submit("Hello again.")
        assert "nothing was charged" in task.forget()
        assert budget.used == 0


def test_a_price_that_is_not_known_is_refused_under_a_budget(wire, tmp_path):
    with (
        vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path, budget=5) as studio,
        pytest.raises(vn.BudgetExceeded, match=r"prices=\{'sound-cloning-audio': …"),
    ):
        studio.voice("model_1").submit("Hello.")
    assert sent(wire) == 0


@pytest.mark.parametrize("amount", [-1, "nan", "much", float("inf"), True])
def test_a_budget_that_is_none_is_refused(studio, amount):
    with pytest.raises(vn.InvalidRequest, match="0 or more"):
        studio.budget(amount)


def test_an_unknown_task_is_settled_or_paid_again_only_by_the_users_word(studio, wire):
    voice = studio.voice("model_1")
    wire.script[AUDIOS] = RESET
    task = voice.submit("Hello.")
    with pytest.raises(vn.OutcomeUnknown):
        task.wait(quiet=True)
    with pytest.raises(vn.InvalidRequest, match="i_accept_a_second_charge=True"):
        task.resubmit()
    assert sent(wire) == 1
    wire.script[AUDIOS] = envelope(TASK)
    again = task.resubmit(i_accept_a_second_charge=True)
    assert (task.status, task.cost, again.text) == ("failed", Decimal("1.06"), "Hello.")
    until(lambda: again.status == "queued")
    assert sent(wire) == 2
    with pytest.raises(vn.InvalidRequest, match="only an unknown one"):
        again.forget()


def test_the_same_request_is_answered_from_disk_and_costs_nothing(blank, ada):
    voice = blank.clone(ada, name="ada", text="Hi there.", quiet=True)
    first = voice.say("Once.", speed=1.2, quiet=True)
    before = blank.balance()
    again = voice.say("Once.", speed=1.2, quiet=True)
    assert (again.data, again.task.cached, again.task.cost) == (first.data, True, Decimal(0))
    assert blank.clone(ada, name="ada", text="Hi there.", quiet=True).id == voice.id
    other = blank.clone(ada, name="eve", text="Hi there.", quiet=True)
    assert (other.id, other.name) == (voice.id, "eve")
    assert blank.balance() == before
    frame = blank.history.frame()
    assert list(frame["cached"]) == [True, True, True, False, False]
    fresh = voice.say("Once.", speed=1.2, fresh=True, quiet=True)
    assert fresh.task.cost > 0
    assert blank.balance().amount < before.amount


@pytest.mark.parametrize(
    "change", [{"text": "Twice."}, {"speed": 1.3}, {"emotion": "sad"}, {"seed": 3}, {"subtitles": "word"}]
)
def test_another_request_is_no_hit(studio_and_clip, change):
    voice, _ = studio_and_clip
    asked = {"text": "Once and again.", "speed": 1.2} | change
    assert not voice.say(asked.pop("text"), quiet=True, **asked).task.cached


@pytest.fixture(scope="module")
def studio_and_clip(home, ada):
    with vn.connect(home=home) as one:
        voice = one.clone(ada, name="cached", text="Hi there.", quiet=True)
        yield voice, voice.say("Once and again.", speed=1.2, quiet=True)


def test_a_hit_whose_file_is_gone_is_made_again(blank, ada):
    voice = blank.clone(ada, text="Hi there.", quiet=True)
    first = voice.say("Gone.", quiet=True)
    first.path.unlink()
    again = voice.say("Gone.", quiet=True)
    assert not again.task.cached
    assert again.data == first.data


def test_labels_and_notes_are_kept_with_the_task(studio_and_clip, home):
    _, clip = studio_and_clip
    clip.task.annotate(label="study", note="the best so far")
    with vn.connect(home=home) as other:
        row = other.history.frame().set_index("id").loc[clip.task.id]
    assert (row["label"], row["note"]) == ("study", "the best so far")
    clip.task.annotate(note="")
    assert clip.task.record.note is None
