"""A recording in, the cloned voice out: the whole way through HTTP, the sandbox, the engine and the ledger."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import numpy as np
import pytest
import soundfile as sf
from wire import Wire, answer

import voicenb as vn
from voicenb.ledger.records import now


def rows(studio):
    return len(studio.history.frame())


def test_a_cloned_voice_speaks_and_the_books_agree(studio, voice):
    before = studio.balance().amount
    price = studio.price(voice, "Welcome <#0.4#> home, my friend.", speed=1.1)
    clip = voice.say("Welcome <#0.4#> home, my friend.", speed=1.1, emotion="happy", subtitles="word", quiet=True)
    assert clip.format == "mp3"
    assert clip.samples.dtype == np.float32
    assert 1 < clip.duration < 6
    assert [word.text.strip(",.") for word in clip.subtitles.words] == ["Welcome", "home", "my", "friend"]
    assert clip.task.status == "completed"
    assert clip.task.parameters == {"speed": 1.1, "emotion": "happy", "subtitles": "word"}
    # 25 characters without the pause, at 1 credit for 10,000, and 0.01 for the task
    assert clip.task.cost == price.amount == Decimal("0.0125")
    assert before - studio.balance().amount == price.amount
    row = studio.history.frame().set_index("id").loc[clip.task.id]
    assert (row["characters"], row["cost_exact"], row["speed"], row["voice"]) == (25, Decimal("0.0125"), 1.1, "ada")
    assert studio.history.clip(clip.task.id).data == clip.data


def test_a_voice_is_taken_up_again_by_name_and_by_the_services_id(studio, voice):
    again = studio.voice("ada")
    assert (again.id, again.consent) == (voice.id, "nobody's voice")
    assert studio.voice(voice.id).name == "ada"
    assert again.preview.duration > 0.3
    with pytest.raises(vn.InvalidRequest, match="there are ada"):
        studio.voice("nobody")


def test_a_voice_keeps_its_first_use_and_can_be_renamed_and_forgotten(blank, ada):
    voice = blank.clone(ada, name="me", text="Hi there.", quiet=True)
    assert voice.activated is None
    assert 2.99 < (voice.expires - blank.tasks()[0].created).total_seconds() / 86400 < 3.01
    voice.say("Yes.", quiet=True)
    voice.refresh()
    assert voice.activated is not None
    assert voice.expires is None
    assert blank.voice("me").rename("ash").name == blank.voice("ash").name == "ash"
    blank.voice("ash").forget()
    assert blank.voices().empty
    with pytest.raises(vn.InvalidRequest, match="none yet"):
        blank.voice("ash")


@pytest.mark.parametrize("look", [repr, lambda voice: voice.until, lambda voice: voice.require_usable()])
@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_voice_that_is_activated_between_two_looks_is_usable(blank, ada, monkeypatch, look, first):
    voice = blank.clone(ada, name="me", text="Hi there.", quiet=True)
    looks = []
    refresh = voice.refresh

    def activated_by_another_kernel():
        looks.append(None)
        if len(looks) == first:
            blank.session.ledger.voices.update(voice.key, activated=now(), expires=None).result()
        refresh()

    monkeypatch.setattr(voice, "refresh", activated_by_another_kernel)
    look(voice)
    look(voice)
    assert voice.activated is not None


@pytest.mark.parametrize("takes", [0, -1, 101, 1.0, True, "2", None])
def test_takes_that_are_no_number_of_takes_are_refused_before_any_is_planned(studio, voice, takes):
    before = rows(studio)
    with pytest.raises(vn.InvalidRequest, match="whole number from 1 to 100"):
        voice.takes("Once more.", takes)
    assert rows(studio) == before


def test_every_take_is_paid_for_and_may_be_had_without_waiting(studio, voice):
    before = studio.balance().amount
    tasks = voice.takes("Three times the same.", 3)
    assert [task.take for task in tasks] == [1, 2, 3]
    assert len({task.wait(quiet=True).data for task in tasks}) == 3
    assert before - studio.balance().amount == studio.price(voice, "Three times the same.", takes=3, fresh=True).amount


def test_what_cloning_will_cost_is_what_it_costs(blank, ada):
    price = blank.clone_price(text="Hello there, my friend.", language="English")
    assert blank.tasks() == []
    before = blank.balance().amount
    blank.clone(ada, text="Hello there, my friend.", language="English", quiet=True)
    assert before - blank.balance().amount == blank.tasks()[0].cost == price.amount
    with pytest.raises(vn.InvalidRequest, match="volume"):
        blank.clone_price(text="Hello there, my friend.", volume=11)
    with vn.connect("aiclone", sandbox=True, home=blank.home) as other:
        assert other.clone_price().amount == 0
        assert other.clone_price(text="Hello.").amount == other.price("https://example.org/a.wav", "Hello.").amount


def test_takes_differ_and_a_seed_repeats_one(voice):
    first, second = voice.say("Once more.", takes=2, quiet=True)
    assert first.data != second.data
    assert [clip.task.take for clip in (first, second)] == [1, 2]
    assert voice.say("Once more.", seed=5, quiet=True).data == voice.say("Once more.", seed=5, quiet=True).data


@pytest.mark.parametrize("takes", [0, -1, 1.5, True, "2", 101])
def test_a_number_of_takes_that_is_none_is_refused(voice, takes):
    with pytest.raises(vn.InvalidRequest, match="1 to 100"):
        voice.say("No.", takes=takes)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        pytest.param("x" * 10_001, {}, id="text too long"),
        pytest.param("Hello.", {"speed": 3}, id="speed"),
        pytest.param("Hello.", {"volume": 0}, id="volume"),
        pytest.param("Hello.", {"emotion": "joy"}, id="emotion"),
        pytest.param("Hello.", {"loudness": 2}, id="unknown parameter"),
        pytest.param("Hello.", {"language": "Klingon"}, id="language"),
        pytest.param("", {}, id="no text"),
        pytest.param("Hello.", {"contentText": "twice"}, id="a text twice"),
    ],
)
def test_a_request_refused_here_leaves_no_row_and_no_charge(studio, voice, text, parameters):
    before = rows(studio), studio.balance()
    with pytest.raises(vn.InvalidRequest):
        voice.say(text, quiet=True, **parameters)
    assert (rows(studio), studio.balance()) == before


def test_recordings_that_cannot_serve_are_refused_before_anything_is_sent(studio, speech, tmp_path):
    text = tmp_path / "text.wav"
    text.write_text("this is no audio")
    empty = tmp_path / "empty.wav"
    empty.touch()
    before = rows(studio), studio.balance()
    for source in (tmp_path / "missing.wav", text, empty, tmp_path, b"", speech(5), speech(11), speech(90)):
        with pytest.raises(vn.BadReference) as caught:
            studio.clone(source, name="bad", quiet=True)
        assert len(str(caught.value)) > 40
    assert (rows(studio), studio.balance()) == before


def test_a_recording_in_a_format_that_the_service_does_not_take_is_converted(blank, ada, tmp_path):
    samples, rate = sf.read(ada)
    sf.write(tmp_path / "aufnahme 1.flac", samples, rate)
    assert blank.clone(tmp_path / "aufnahme 1.flac", text="Hi there.", quiet=True).name == "aufnahme 1"


def test_a_reference_may_be_an_address_and_bad_ones_are_named(blank, ada):
    with Wire({"/ada.wav": answer(ada.read_bytes(), headers={"Content-Type": "audio/wav"})}) as files:
        voice = blank.clone(f"{files.url}/ada.wav", name="net", text="Hi there.", quiet=True)
        assert voice.preview.duration > 0.3
        with pytest.raises(vn.BadReference, match="Chinese"):
            blank.clone(f"{files.url}/声音.wav", quiet=True)
        before = blank.balance()
        with pytest.raises(vn.TaskFailed, match="cost nothing"):
            blank.clone(f"{files.url}/missing.wav", text="Hi there.", quiet=True)
    assert blank.balance() == before
    assert [task.cost for task in blank.tasks("failed")] == [Decimal(0)]


def test_a_wrong_key_costs_nothing_and_is_said_once(blank):
    running = vn.sandbox.start(blank.home)
    with vn.connect("soundclone", base_url=running.url, api_key="sk_wrong_canary", home=blank.home) as other:
        for ask in (other.balance, lambda: other.voice("model_x").say("Hello.", quiet=True)):
            with pytest.raises(vn.AuthenticationError) as caught:
                ask()
            assert "sk_wrong_canary" not in str(caught.value)
        [task] = other.tasks()
        assert (task.status, task.cost) == ("failed", Decimal(0))
        assert type(task.error) is vn.AuthenticationError
        other.history.backup(blank.home / "backup")
    assert b"sk_wrong_canary" not in (blank.home / "backup" / "ledger.db").read_bytes()


def test_an_empty_account_pays_for_nothing(blank, ada):
    voice = blank.clone(ada, text="Hi there.", quiet=True)
    before = blank.balance().amount
    vn.sandbox.set_balance(0, home=blank.home)
    try:
        with pytest.raises(vn.InsufficientBalance, match="Nothing was charged"):
            voice.say("Hello.", quiet=True)
        assert blank.balance().amount == 0
        assert blank.tasks()[0].cost == 0
    finally:
        vn.sandbox.set_balance(before, home=blank.home)


@pytest.mark.slow
def test_a_voice_that_was_not_used_in_three_days_has_expired(own, ada):
    voice = own.clone(ada, text="Hi there.", quiet=True)
    vn.sandbox.advance_clock(3 * 86400 + 60, home=own.home)
    before = own.balance()
    with pytest.raises(vn.VoiceExpired, match="clone the voice again"):
        voice.say("Hello.", quiet=True)
    assert own.balance() == before
    # The ledger's own date says so without asking.
    own.session.ledger.voices.update(voice.key, expires=voice._record.created).result()
    count = rows(own)
    with pytest.raises(vn.VoiceExpired, match="nothing was sent"):
        voice.say("Hello.", quiet=True)
    assert rows(own) == count
    assert set(own.voices()["state"]) == {"expired"}


@pytest.mark.slow
def test_a_sandbox_killed_in_the_middle_of_a_task_loses_and_charges_nothing(own, ada):
    voice = own.clone(ada, text="Hi there.", quiet=True)
    before = own.balance().amount
    running = vn.sandbox.start(own.home)
    task = voice.submit("This is a rather long sentence, so that there is something to interrupt. " * 40)
    deadline = time.monotonic() + 240
    while task.remote_id is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.kill(running.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    with pytest.raises(vn.ServiceError, match=r"stays (queued|processing)"):
        task.wait(60, quiet=True)
    assert task.cost is not None
    clip = task.wait(120, quiet=True)  # starts the sandbox again, at another port
    assert clip.duration > 60
    assert before - own.balance().amount == task.cost
    assert [one["id"] for one in vn.sandbox.books(own.home) if one["kind"] == "production"] == [task.remote_id]


def test_a_wait_that_runs_out_leaves_the_task_at_work(voice):
    task = voice.submit("A sentence that takes a moment. " * 8)
    with pytest.raises(vn.TaskTimeout, match="It goes on"):
        task.wait(0.0, quiet=True)
    assert task.wait(60, quiet=True).duration > 5


def test_a_cancelled_task_says_that_it_is_still_charged(voice):
    task = voice.submit("A sentence that takes a moment. " * 40)
    said = task.cancel()
    assert task.status == "cancelled"
    assert ("0.138 credits charged" in said) == (task.remote_id is not None)
    with pytest.raises(vn.TaskFailed, match="cancelled"):
        task.wait(quiet=True)


def test_the_same_calls_work_as_coroutines_on_any_loop(studio, voice):
    async def main():
        clips = await asyncio.gather(studio.aio.say(voice, "One."), studio.aio.say("ada", "Two.", takes=2))
        task = await studio.aio.submit(voice, "Three.")
        return clips, await task, await studio.aio.price(voice, "Four."), await studio.aio.balance()

    (one, two), three, price, _ = asyncio.run(main())
    assert one.duration > 0.2
    assert len(two) == 2
    assert three.task.text == "Three."
    assert price.amount == Decimal("0.0105")


def test_the_plain_calls_work_inside_a_running_loop_and_in_threads(voice):
    async def cell():
        return voice.say("In a loop.", quiet=True)

    assert asyncio.run(cell()).duration > 0.2
    with ThreadPoolExecutor(4) as pool:
        clips = list(pool.map(lambda n: voice.say(f"In thread {n}.", quiet=True), range(4)))
    assert {clip.task.text for clip in clips} == {f"In thread {n}." for n in range(4)}


def test_the_frame_is_typed(blank, ada):
    # A ledger of this test's own: the shared one may hold tasks of a service without prices, whose cost is not known.
    voice = blank.clone(ada, name="ada", text="Hello there.", language="English", quiet=True)
    for _ in range(2):
        voice.say("Typed.", quiet=True)
    frame = blank.history.frame(since="1h", status="completed")
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    for name in ("created", "submitted", "completed"):
        assert kinds[name] == "datetime64[ms, UTC]"
    for name in ("service", "kind", "status", "voice", "unit"):
        assert kinds[name] == "category"
    assert kinds["seconds"] == "float64"
    for name in ("estimate", "cost", "refunded"):
        assert kinds[name] == "float64"
    assert all(isinstance(cost, Decimal) for cost in frame["cost_exact"])
    assert frame["cost"].tolist() == [float(cost) for cost in frame["cost_exact"]]
    made = frame[~frame["cached"]]
    assert (made["submitted"] <= made["completed"]).all()
    with pytest.raises(vn.InvalidRequest, match="7d"):
        blank.history.frame(since="yesterday")
    with pytest.raises(vn.InvalidRequest, match="completed"):
        blank.history.frame(status="done")


SUBMIT_AND_DIE = """
import os, sys
import voicenb as vn
studio = vn.connect(home=sys.argv[1])
task = studio.voice("ada").submit("A sentence that outlives its kernel. " * 10)
while task.remote_id is None:
    pass
print(task.id, flush=True)
os._exit(9)
"""


def test_a_task_of_a_dead_kernel_is_taken_up_and_not_sent_again(studio, voice, home):
    died = subprocess.run(
        [sys.executable, "-c", SUBMIT_AND_DIE, str(home)], stdout=subprocess.PIPE, text=True, check=False, timeout=240
    )
    assert died.returncode == 9
    left = died.stdout.strip()
    before = studio.balance()
    taken = {task.id: task for task in studio.resume()}
    assert taken[left].wait(60, quiet=True).duration > 5
    assert studio.balance() == before
    assert taken[left].status == "completed"
    assert studio.resume() == []


WAIT_FOR_INPUT = """
import sys
import voicenb as vn
studio = vn.connect(home=sys.argv[1])
task = studio.voice("ada").submit("A sentence of another kernel. " * 10)
print(task.id, flush=True)
task.wait(60)
print(task.status, flush=True)
"""


@pytest.mark.slow
def test_a_task_that_another_kernel_follows_is_waited_for_and_left_to_it(studio, voice, home):
    with subprocess.Popen(
        [sys.executable, "-c", WAIT_FOR_INPUT, str(home)], stdout=subprocess.PIPE, text=True
    ) as other:
        theirs = other.stdout.readline().strip()
        [task] = [one for one in studio.tasks() if one.id == theirs]
        assert theirs not in {one.id for one in studio.resume()}
        owner = task.record.owner
        assert task.wait(60, quiet=True).duration > 5
        assert task.record.owner == owner != studio.session.ledger.owners.own_id
        assert other.stdout.read().strip() == "completed"


INTERRUPTED = """
import sys, threading, traceback
import voicenb as vn
studio = vn.connect(home=sys.argv[1])
task = studio.voice("ada").submit("A sentence that is interrupted. " * 15)
main = threading.main_thread().ident

def tell():
    # Says so once the main thread is inside the wait.
    while "exception" not in [frame.name for frame in traceback.extract_stack(sys._current_frames()[main])]:
        pass
    print("waiting", flush=True)

threading.Thread(target=tell, daemon=True).start()
try:
    task.wait(60)
except KeyboardInterrupt as error:
    print("note:", error.__notes__[0], flush=True)
print(task.wait(60).duration > 10, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_an_interrupt_ends_the_wait_and_not_the_task(voice, home):
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(home)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline().strip() == "waiting"
        other.send_signal(signal.SIGINT)
        said = other.stdout.readline()
        assert "the task did not" in said
        assert other.stdout.readline().strip() == "True"
    assert other.returncode == 0


FORKED = """
import os, sys, warnings
import voicenb as vn
warnings.simplefilter("ignore")
studio = vn.connect(home=sys.argv[1])
studio.voice("ada").say("Before.", quiet=True)
child = os.fork()
if child == 0:
    clip = vn.connect(home=sys.argv[1]).voice("ada").say("After.", quiet=True)
    os._exit(0 if clip.duration > 0.2 else 1)
print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_makes_its_own_loop(voice, home):
    done = subprocess.run(
        [sys.executable, "-c", FORKED, str(home)], stdout=subprocess.PIPE, text=True, check=True, timeout=240
    )
    assert done.stdout.strip() == "0"


@pytest.mark.slow
def test_a_sandbox_ends_with_its_last_studio_and_comes_back_when_it_is_needed(own):
    running = vn.sandbox.start(own.home)
    with vn.connect(home=own.home) as other:
        other.balance()
    assert vn.sandbox.start(own.home) == running
    own.close()
    address = own.home / "sandbox" / "server.json"
    end = time.monotonic() + 240
    while address.exists() and time.monotonic() < end:
        pass
    assert not address.exists()
    assert own.balance().amount > 0


def test_connect_refuses_what_contradicts_itself(home):
    with pytest.raises(vn.InvalidRequest, match="own address and key"):
        vn.connect(api_key="sk_x", home=home)
    with pytest.raises(vn.InvalidRequest, match="no service is named"):
        vn.connect("nobody", home=home)
    with pytest.raises(vn.InvalidRequest, match="needs a service"):
        vn.connect(sandbox=False, home=home)
    with pytest.raises(vn.InvalidRequest, match="sound-cloning-voice"):
        vn.connect(home=home, prices={"voice": 1})


def test_the_users_prices_win_over_the_services(home, voice):
    with vn.connect(home=home, prices={"sound-cloning-voice": "0.5"}) as studio:
        assert studio.price("ada", "abcde").amount == Decimal("0.5005")


def test_prices_of_your_own_need_no_request(wire, tmp_path):
    """Where all are set, nobody is asked; where one is missing, the catalogue is, once."""
    names = ("sound-cloning-clone", "sound-cloning-audio", "sound-cloning-voice")
    wire.script["/api/openapi/model/catalog"] = answer(
        {"code": 20000, "msg": "ok", "data": {"list": [{"model": "sound-cloning-voice", "price": 3}]}}
    )

    def priced(own):
        with vn.connect(
            "soundclone", base_url=wire.url, api_key="k", home=tmp_path, prices=dict.fromkeys(own, 1)
        ) as one:
            return [one.price("model_1", text).amount for text in ("Hello.", "Good morning.")]

    assert priced(names) == [Decimal("1.0006"), Decimal("1.0013")]
    assert not wire.seen
    assert priced(names[:2]) == [Decimal("3.0006"), Decimal("3.0013")]
    assert wire.paths() == ["/api/openapi/model/catalog"]


def test_a_live_service_without_a_reachable_catalogue_gives_no_price(tmp_path):
    with Wire() as gone:
        url = gone.url
    with vn.connect("soundclone", base_url=url, api_key="sk_x", home=tmp_path) as studio:
        price = studio.price("model_1", "Hello.")
    assert price.amount is None
    assert "prices={" in price.rule


def test_no_seed_is_promised_for_a_live_service(tmp_path):
    with vn.connect("soundclone", api_key="sk_x", home=tmp_path) as studio:
        with pytest.raises(vn.InvalidRequest, match="no seed"):
            studio.voice("model_1").submit("Hello.", seed=1)
        assert studio.tasks() == []
        assert studio.endpoint == "https://www.jimmyai.cn"
