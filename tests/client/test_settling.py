"""What is not known is found out where it can be, what cannot have been accepted is sent again, and a full disk loses nothing."""

import json
import random
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import given, strategies as st
from wire import API, AUDIOS, TASK, answer, envelope, until

import voicenb as vn
from voicenb.base.keys import Secret
from voicenb.services.http import Http
from voicenb.services.pcm import wav_of
from voicenb.services.soundclone import SoundClone
from voicenb.tasks.session import Session
from voicenb.tasks.timing import back_off

PRICES = {"sound-cloning-audio": 1, "sound-cloning-voice": "0.01", "sound-cloning-clone": 1}
TONE = wav_of((8000 * np.sin(np.arange(12000) * 0.06)).astype("<i2").tobytes(), 24000, 1)


@pytest.fixture
def scripted(wire, tmp_path):
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=tmp_path, prices=PRICES) as one:
        yield one


def completes(wire, audio=TONE):
    done = TASK | {"status": "completed", "audioUrl": wire.url + "/a.wav"}
    wire.script[AUDIOS] = envelope(TASK)
    wire.script[f"{API}/audios/audio_1"] = answer(
        {"code": 20000, "msg": "ok", "data": done}, headers={"X-Poll-After": "0.01"}
    )
    wire.script["/a.wav"] = answer(audio)


# -- mistakes of our own ---------------------------------------------------------------------------------------


class Broken(SoundClone):
    """A service with a bug, before its request leaves, after it was answered, or while it is asked."""

    at = "answer"

    async def submit(self, request, **more):
        if self.at == "request":
            raise KeyError("sk_x")
        accepted = await super().submit(request, **more)
        if self.at == "answer":
            raise MemoryError
        return accepted

    async def query(self, remote_id):
        if self.at == "query":
            self.at = None
            raise AttributeError("no such thing")
        return await super().query(remote_id)


@pytest.fixture
def broken(wire, tmp_path):
    http = Http("soundclone", wire.url, Secret("sk_x"))
    prices = {name: Decimal(price) for name, price in PRICES.items()}
    with vn.Studio(Session(Broken(http), http, tmp_path, managed=False, prices=prices, strict=False)) as one:
        yield one


@pytest.mark.parametrize(("at", "cause"), [("request", KeyError), ("answer", MemoryError)])
def test_a_bug_in_mid_submission_leaves_an_unknown_task_that_says_so(broken, wire, at, cause):
    completes(wire)
    broken.service.at = at
    task = broken.voice("model_1").submit("Hello.")
    with pytest.raises(
        vn.OutcomeUnknown, match=rf"{cause.__name__} in test_settling\.py, line \d+.*not sent again"
    ) as caught:
        task.wait(30, quiet=True)
    assert type(caught.value.__cause__) is cause
    assert task.status == "unknown"
    [row] = broken.session.ledger.tasks.select(status="unknown")
    assert row.error_kind == "OutcomeUnknown"
    assert cause.__name__ in row.error
    assert "sk_x" not in row.error
    assert wire.paths().count(AUDIOS) == (at == "answer")


def test_a_bug_while_a_task_is_followed_lets_go_of_it_and_loses_nothing(broken, wire):
    completes(wire)
    broken.service.at = "query"
    task = broken.voice("model_1").submit("Hello.")
    with pytest.raises(vn.ServiceError, match=r"AttributeError.*stays queued") as caught:
        task.wait(30, quiet=True)
    assert type(caught.value.__cause__) is AttributeError
    assert task.wait(30, quiet=True).data == TONE


# -- what was not taken ----------------------------------------------------------------------------------------


@given(st.integers(1, 2000), st.integers())
def test_what_was_not_taken_is_sent_again_later_each_time_and_within_a_minute_or_so(times, seed):
    wait = back_off(times, random.Random(seed))
    assert 0.75 * min(2 ** (times - 1), 60) <= wait <= 75


@pytest.fixture
def by_hand(tmp_path):
    """Starts a sandbox at a port of its own, again and again at the same one; the answer is its address and key."""
    running = []
    port = 0

    def start():
        nonlocal port
        command = [sys.executable, "-m", "voicenb.sandbox", "--json", "--home", str(tmp_path / "hand")]
        running.append(subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE, text=True))
        said = json.loads(running[-1].stdout.readline())["services"]["soundclone"]
        port = httpx.URL(said["base_url"]).port
        return said

    # Other programs import this module, and find only what lies beside it.
    from homes import warmed

    warmed(tmp_path / "hand")
    yield start, running
    for one in running:
        one.kill()
        one.wait()
        one.stdout.close()


@pytest.mark.slow
def test_a_request_that_nobody_listened_to_is_sent_again_and_charged_once(by_hand, tmp_path, ada):
    """It takes long: two sandboxes start, and a request really waits for the second one."""
    start, running = by_hand
    said = start()
    home = tmp_path / "client"
    with vn.connect("soundclone", base_url=said["base_url"], api_key=said["api_key"], home=home) as studio:
        voice = studio.clone(ada, name="ada", text="Hi.", language="English", quiet=True)
        before = studio.balance().amount
        running[0].kill()
        running[0].wait()
        task = voice.submit("Is anybody there?")
        until(lambda: task.record.submitted is None and "reached" in str(task.error))
        assert (task.status, task.charged()) == ("planned", "nothing was charged")
        assert start()["base_url"] == said["base_url"]
        assert task.wait(60, quiet=True).duration > 0.3
        assert before - studio.balance().amount == task.cost
        assert task.error is None


@pytest.mark.parametrize(("local", "waits"), [(True, [1, 2, 3]), (False, [1, 2, 3, 4, 5])], ids=["local", "live"])
def test_a_service_that_is_never_reached_is_given_up_and_nothing_is_charged(scripted, local, waits):
    """Sooner on this machine, where nothing is on the way that could come back."""
    scripted.session.runner.context.loopback = local
    voice = scripted.voice("model_1")
    waited = []
    scripted.session.runner.context.back_off = lambda times, _: waited.append(times) or 0.01
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    scripted.session.http.move(f"http://127.0.0.1:{port}", Secret("sk_x"))
    task = voice.submit("Hello.")
    with pytest.raises(vn.ServiceError, match="could not be reached"):
        task.wait(30, quiet=True)
    assert waited == waits
    assert (task.status, task.cost, task.charged()) == ("failed", 0, "nothing was charged")


# -- what is known ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient(home):
    """The sandbox as each of the services, for calls that are never answered."""
    studios = {}

    def connect(service):
        if service not in studios:
            studios[service] = vn.connect(service, sandbox=True, home=home)
            http = studios[service].session.http
            http.seconds = http.long_seconds = 3.0
        return studios[service]

    yield connect
    vn.sandbox.faults(home=home)
    for one in studios.values():
        one.close()


def lost(studio, voice, text, fault, **more):
    """A task whose answer never came, and what the sandbox's books have of it."""
    before = {one["id"] for one in vn.sandbox.books(home=studio.home)}
    vn.sandbox.faults(fault, route="production", home=studio.home)
    task = voice.submit(text, fresh=True, **more)
    with pytest.raises(vn.OutcomeUnknown):
        task.wait(30, quiet=True)
    vn.sandbox.faults(home=studio.home)
    return task, [one for one in vn.sandbox.books(home=studio.home) if one["id"] not in before]


@pytest.mark.parametrize("fault", ["timeout", "reset_after"])
def test_the_balance_shows_that_soundclone_probably_took_it_and_its_id_proves_it(impatient, voice, fault):
    studio = impatient("soundclone")
    studio.balance()
    task, [entry] = lost(studio, studio.voice("ada"), f"Lost by {fault}.", fault)
    assert "it was probably accepted" in task.reconcile()
    assert task.status == "unknown"
    [listed] = studio.tasks(status="unknown")
    assert "may have been charged" in repr(listed)
    assert "probably accepted" in repr(listed)
    assert "probably accepted" in studio.history.frame(status="unknown")["findings"].iloc[0]
    balance = studio.balance()
    assert "charged" in task.reconcile(entry["id"])
    assert task.wait(60, quiet=True).duration > 0.3
    assert task.cost == Decimal(str(entry["charge"]))
    assert (task.status, task.error, task.findings) == ("completed", None, None)
    assert studio.balance() == balance
    with pytest.raises(vn.InvalidRequest, match="only an unknown one"):
        task.reconcile()


def test_the_balance_shows_that_soundclone_probably_did_not_take_it(impatient, voice):
    studio = impatient("soundclone")
    studio.balance()
    task, entries = lost(studio, studio.voice("ada"), "Never there.", "reset_before")
    assert entries == []
    assert "probably not accepted" in task.reconcile()
    with pytest.raises(vn.VoicenbError, match="unknown task"):
        task.reconcile("audio_00000000-0000-0000-0000-000000000000")
    other = studio.voice("ada").say("Another one.", quiet=True).task
    with pytest.raises(vn.InvalidRequest, match="in the ledger already"):
        task.reconcile(other.remote_id)
    assert "nothing was charged" in task.forget()


def test_several_lost_tasks_share_what_the_balance_shows(impatient, voice):
    studio = impatient("soundclone")
    studio.balance()
    first, [entry] = lost(studio, studio.voice("ada"), "The first of two.", "reset_after")
    second, _ = lost(studio, studio.voice("ada"), "The second of two.", "reset_before")
    assert "for 2 tasks that are not settled" in first.reconcile()
    assert "some of them were accepted" in second.reconcile()
    first.reconcile(entry["id"])
    first.wait(60, quiet=True)
    assert "probably not accepted" in second.reconcile()
    second.forget()


def test_aiclone_says_by_what_it_echoes_whose_task_it_is(impatient, ada):
    studio = impatient("aiclone")
    voice = studio.clone(ada, name="echo", quiet=True)
    task, [entry] = lost(studio, voice, "Echo.", "timeout")
    other, [another] = lost(studio, voice, "Another echo.", "reset_after")
    assert "shows nothing" in task.reconcile()
    with pytest.raises(vn.InvalidRequest, match=f"names another one, {other.id}"):
        task.reconcile(another["id"])
    for one, found in ((task, entry), (other, another)):
        one.reconcile(found["id"])
        assert one.wait(60, quiet=True).duration > 0.1
        assert one.cost == Decimal(str(found["charge"] or one.cost))
    assert studio.tasks("unknown") == []


@pytest.mark.parametrize("fault", ["timeout", "reset_after", "reset_before"])
def test_faseehs_list_of_voices_shows_whether_a_voice_was_made(impatient, ada, fault):
    studio = impatient("faseeh")
    home = studio.home
    vn.sandbox.faults(fault, route="voice", home=home)
    with pytest.raises(vn.OutcomeUnknown):
        studio.clone(ada, name=fault, text="Hello there, my friend.", quiet=True)
    vn.sandbox.faults(home=home)
    [task] = studio.tasks("unknown")
    said = task.reconcile()
    if fault == "reset_before":
        assert "probably not made" in said
        assert task.status == "unknown"
        with pytest.raises(vn.InvalidRequest, match="lists no voice"):
            task.reconcile("nobody-1")
        task.forget()
        return
    assert "carries this task's mark" in said
    assert task.status == "completed"
    voice = studio.voice(fault)
    assert voice.id in set(studio.catalogue()["id"])
    assert voice.say("Hello there.", quiet=True).duration > 0.1


# -- audio that is cut short -----------------------------------------------------------------------------------


def test_audio_that_stays_cut_short_is_kept_and_said_to_be(scripted, wire):
    completes(wire, TONE[:-8000])
    with pytest.warns(vn.VoicenbWarning, match="ends before its own header says") as seen:
        clip = scripted.voice("model_1").say("Hello.", quiet=True)
    assert seen[0].filename.endswith("voice.py")
    assert clip.data == TONE[:-8000]
    assert wire.paths().count("/a.wav") == 2
    assert "fetched twice" in clip.task.findings
    assert "Note: the audio ends" in clip._repr_mimebundle_()["text/html"]
    assert "audio ends" in scripted.history.frame()["findings"].iloc[0]


def test_audio_that_is_cut_short_once_is_fetched_again(scripted, wire):
    completes(wire)
    wire.script["/a.wav"] = [answer(TONE[:-8000]), answer(TONE)]
    clip = scripted.voice("model_1").say("Hello.", quiet=True)
    assert clip.data == TONE
    assert clip.task.findings is None


# -- a full disk -----------------------------------------------------------------------------------------------

FULL = """
import resource, sys, time
from decimal import Decimal
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_settling as here
import voicenb as vn
from voicenb.base.keys import Secret
from voicenb.services.http import Http
from voicenb.services.soundclone import SoundClone
from voicenb.tasks.session import Session
from wire import AUDIOS, Wire

LIMIT = resource.getrlimit(resource.RLIMIT_FSIZE)

def room(there):
    resource.setrlimit(resource.RLIMIT_FSIZE, LIMIT if there else (1, LIMIT[1]))

class Filling(SoundClone):
    at = ""

    async def submit(self, request, **more):
        answer = await super().submit(request, **more)
        room(self.at != "answer")
        return answer

    async def download(self, url):
        data = await super().download(url)
        room(self.at != "audio")
        return data

with Wire() as wire:
    here.completes(wire)
    http = Http("soundclone", wire.url, Secret("sk_x"))
    prices = {name: Decimal(price) for name, price in here.PRICES.items()}
    with vn.Studio(Session(Filling(http), http, Path(sys.argv[2]), managed=False, prices=prices, strict=False)) as studio:
        studio.session.runner.context.poll_seconds = (0.05, 0.1)  # as the fixture `soon` does in the tests' own process
        voice = studio.voice("model_1")

        room(False)
        try:
            voice.submit("Nothing leaves.")
        except vn.VoicenbError as error:
            print("planned:", error)
        room(True)
        print("sent:", wire.paths().count(AUDIOS))

        studio.service.at = "answer"
        task = voice.submit("The answer has no room.")
        here.until(lambda: task._active.error is not None)
        print("answer:", task.error, len(studio.session.ledger.tasks.select(status="submitting")))
        room(True)
        print("then:", len(task.wait(60, quiet=True).data) == len(here.TONE), task.remote_id, task.error)

        studio.service.at = "audio"
        task = voice.submit("The audio has no room.")
        try:
            task.wait(60, quiet=True)
        except vn.ServiceError as error:
            print("audio:", error)
        studio.service.at = ""
        room(True)
        print("then:", len(task.wait(60, quiet=True).data) == len(here.TONE), studio.history.verify().empty)
        print("sent:", wire.paths().count(AUDIOS))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size")
def test_a_full_disk_loses_nothing_that_was_accepted(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(Path(__file__).parent), str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    said = done.stdout.splitlines()
    assert "cannot be written" in said[0]
    assert said[1] == "sent: 0"
    assert "accepted as audio_1 and cannot be written down" in said[2]
    assert said[2].endswith(" 1")
    assert said[3] == "then: True audio_1 None"
    assert "has room" in said[4]
    assert "not charged again" in said[4]
    assert said[5:] == ["then: True True", "sent: 2"]


# -- the ledger's file -----------------------------------------------------------------------------------------

WATCHED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
opened = []
sys.addaudithook(lambda event, about: opened.append(str(about[0])) if event == "open" else None)
import test_settling as here
import voicenb as vn
from voicenb.shell.main import main
from wire import Wire

home = Path(sys.argv[2])
with Wire() as wire:
    here.completes(wire)
    with vn.connect("soundclone", base_url=wire.url, api_key="sk_x", home=home, prices=here.PRICES, budget=9) as studio:
        studio.session.runner.context.poll_seconds = (0.05, 0.1)  # as the fixture `soon` does in the tests' own process
        task = studio.voice("model_1").say("Hello.", quiet=True).task
        studio.voice("model_1").say("Hello.", quiet=True)
        studio.resume(), studio.tasks(), studio.voices(), studio.history.frame()
        studio.history.clip(task.id), studio.history.verify(), studio.history.spending()
        studio.history.export(home / "all.csv")
        studio.history.backup(home / "backup")
        studio.history.delete(task.id)
        main(["history", "--home", str(home)])
        main(["history", "verify", "--home", str(home)])
print([one for one in opened if "ledger.db" in one], any("all.csv" in one for one in opened))
"""


def test_nothing_opens_the_ledgers_file_beside_sqlite(tmp_path):
    """Closing it would let go of SQLite's locks, and other kernels would write over each other."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(Path(__file__).parent), str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[] True"
