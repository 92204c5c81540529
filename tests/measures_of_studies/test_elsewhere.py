"""Sounds are measured by any executor: the same bits, a bounded number at a time, again where a worker was lost."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import struct
import sys
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path

import deadly
import pytest
from made_speech import phrase, wav

from voicenb.errors import InvalidRequest, VoicenbError
from voicenb.measures import elsewhere, registry
from voicenb.measures.elsewhere import measured
from voicenb.measures.job import Job, measure_job
from voicenb.measures.registry import defined_here, measure

ALL = tuple((one.name, one.version) for one in registry._OWN.values())
DEADLY = registry._STATE.measures.pop("deadly")


class Serial(Executor):
    """Runs what it is given at once, and counts."""

    def __init__(self):
        self.jobs = []

    def submit(self, function, /, *args, **options):
        future = Future()
        self.jobs += args[0]
        try:
            future.set_result(function(*args, **options))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "_STATE", registry._Registered())
    monkeypatch.setattr(registry, "entry_points", lambda group: [])
    monkeypatch.setattr(registry, "extras", tuple)
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setenv(deadly.MARKS, str(folder))
    # A test of magics may have left another main module, which spawning looks into.
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)


@pytest.fixture
def marks(tmp_path):
    return tmp_path / "marks"


@pytest.fixture
def spawned():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """Sounds in files, the first of which the others are compared with; one that is no sound."""
    folder = tmp_path_factory.mktemp("sounds")
    made = []
    for seed in range(4):
        data = wav(phrase(seed=seed, f0=(110 + seed, 140, 100))) if seed < 3 else b"no sound at all"
        path = folder / f"{seed}.wav"
        path.write_bytes(data)
        made.append(Job(hashlib.sha256(data).hexdigest(), str(path), None, "Oh, I knew it.", ALL))
    first = made[0]
    return [one._replace(reference_sha256=first.sha256, reference_path=first.path) for one in made]


def short(jobs, count, name="duration"):
    """Many jobs of one quick measure, over the same few sounds."""
    return [jobs[number % 3]._replace(measures=((name, 1),)) for number in range(count)]


def bits(row):
    values = tuple((name, version, struct.pack("<d", value)) for name, version, value in row.values)
    return (row.sha256, row.reference_sha256, values, row.findings, row.errors, row.local)


def rows(jobs, executor):
    """All rows in the order of their jobs."""
    found = {place: row for batch in measured(jobs, executor) for place, row in batch}
    assert sorted(found) == list(range(len(jobs)))
    return [bits(found[place]) for place in range(len(jobs))]


@pytest.mark.slow
def test_serial_threads_and_none_give_the_bits_of_a_loop(jobs):
    """Without an executor, on one thread and on four, and at once in this one, which is sent bytes."""
    loop = [bits(measure_job(one)) for one in jobs]
    assert rows(jobs, None) == loop
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(4) as four:
        assert rows(jobs, one) == rows(jobs, four) == loop
    serial = Serial()
    assert rows(jobs, serial) == loop
    assert all(type(one.data) is type(one.reference_data) is bytes for one in serial.jobs)
    assert rows([], serial) == []


def test_spawned_processes_give_the_bits_of_a_loop(jobs, spawned):
    """It takes a few seconds: two processes start."""
    assert rows(jobs, spawned) == [bits(measure_job(one)) for one in jobs]


@pytest.mark.slow
@pytest.mark.parametrize("deaths", [1, 2])
def test_what_a_killed_process_had_is_measured_again(jobs, spawned, marks, deaths):
    """Processes are started anew after each death, which takes seconds. The pool that one of its processes was killed of takes nothing more."""
    registry._STATE.measures["deadly"] = DEADLY
    some = short(jobs, 12, "deadly")
    loop = [bits(measure_job(one)) for one in some]
    deadly.marks(marks, deaths)
    assert rows(some, spawned) == loop
    assert not list(marks.iterdir())
    with pytest.raises(BrokenExecutor):
        spawned.submit(len, ())


@pytest.mark.slow
def test_processes_that_die_again_and_again_are_an_error(jobs, spawned, marks):
    """Three times processes are started, which takes seconds."""
    registry._STATE.measures["deadly"] = DEADLY
    harmless = short(jobs, 2)
    course = measured([*harmless, *short(jobs, 1, "deadly")], spawned)
    deadly.marks(marks, 40)
    with pytest.raises(VoicenbError, match=r"What was measured is kept.*fewer workers.*threads") as caught:
        list(course)
    assert isinstance(caught.value.__cause__, BrokenExecutor)
    assert list(marks.iterdir())


class Failing(Serial):
    """Loses the first batches."""

    def __init__(self, failures):
        super().__init__()
        self.failures, self.sent = failures, 0

    def submit(self, function, /, *args, **options):
        self.sent += 1
        if self.sent <= self.failures:
            future = Future()
            future.set_exception(ConnectionError("the worker is gone"))
            return future
        return super().submit(function, *args, **options)


def test_a_batch_is_sent_three_times_at_most(jobs):
    some = short(jobs, 1)
    twice, thrice = Failing(2), Failing(3)
    assert rows(some, twice) == [bits(measure_job(some[0]))]
    assert twice.sent == 3
    with pytest.raises(VoicenbError, match=r"failed 3 times at 0\.wav \(ConnectionError: the worker is gone\)"):
        rows(some, thrice)
    assert thrice.sent == 3


def test_an_executor_that_is_closed_is_named(jobs):
    with ThreadPoolExecutor(1) as pool:
        pass
    with pytest.raises(
        InvalidRequest, match=r"executor=<.*takes nothing \(cannot schedule new futures.*give one that is open"
    ):
        list(measured(jobs, pool))


class Patient(Executor):
    """Keeps what it is given until it is asked to work."""

    def __init__(self, most, work=1000):
        self.waiting, self.expected, self.count = [], most, work
        self.arrived = threading.Event()

    def submit(self, function, /, *args):
        future = Future()
        self.waiting.append((future, function, args))
        if len(self.waiting) == self.expected:
            self.arrived.set()
        return future

    def work(self):
        assert self.arrived.wait(240)
        for _ in range(self.count):
            future, function, args = self.waiting.pop(0)
            future.set_result(function(*args))


@pytest.mark.parametrize(("count", "limit", "batches", "size"), [(3000, None, 128, 16), (96, 3, 3, 1)])
def test_a_bounded_number_is_under_way(jobs, monkeypatch, count, limit, batches, size):
    """Of 3,000 sounds 128 batches of 16; of bytes what a limit allows."""
    some = [jobs[0]._replace(measures=(("duration", 1),))] * count
    if limit:
        monkeypatch.setattr(elsewhere, "_WINDOW_BYTES", limit * Path(jobs[0].path).stat().st_size)
    executor = Patient(batches, work=1)
    course = measured(some, executor)
    worker = threading.Thread(target=executor.work)
    worker.start()
    assert len(next(course)) == size
    worker.join()
    assert len(executor.waiting) == batches - 1
    course.close()


def test_what_has_not_begun_is_cancelled_when_nobody_waits(jobs):
    """One is done; the two that wait are cancelled."""
    executor = Patient(3, work=1)
    course = measured(short(jobs, 3), executor)
    worker = threading.Thread(target=executor.work)
    worker.start()
    next(course)
    worker.join()
    waiting = [future for future, *_ in executor.waiting]
    assert [future.cancelled() for future in waiting] == [False, False]
    course.close()
    assert [future.cancelled() for future in waiting] == [True, True]


def test_measures_of_a_notebook_are_refused_by_processes_with_a_sentence(jobs, spawned):
    """Nothing is sent. Threads take them, and executors that carry functions get them with the jobs."""
    code = 'import voicenb as vn\n@vn.measure(unit="s")\ndef half(sound):\n    return sound.duration / 2\n'
    exec(code, {"__name__": "__main__"})
    measure(unit="", name="nested")(lambda sound: 1.0)
    assert [one.name for one in defined_here()] == ["half", "nested"]
    some = [jobs[0]._replace(measures=(("half", 1), ("nested", 1), ("duration", 1)))]
    with pytest.raises(
        InvalidRequest, match=r"half, nested: defined in this notebook.*Leave executor= out.*Dask or loky.*module"
    ):
        list(measured(some, spawned))
    assert not spawned._processes
    loop = [bits(measure_job(one)) for one in some]
    assert rows(some, None) == rows(some, Serial()) == loop
    # Others do not stand in the way where they are not asked for.
    assert rows(short(jobs, 1), spawned) == [bits(measure_job(short(jobs, 1)[0]))]


def test_a_measure_of_an_installed_package_is_not_carried(monkeypatch):
    """Another process finds it by its own entry points."""
    monkeypatch.setattr(registry, "entry_points", lambda group: [EntryPoint("deadly", "deadly:DEADLY_MEASURE", group)])
    monkeypatch.setattr(deadly, "DEADLY_MEASURE", DEADLY, raising=False)
    measure(unit="", name="mine")(len)
    assert [one.name for one in defined_here()] == ["mine"]


def test_what_lies_with_the_process_is_told_apart(jobs, tmp_path):
    """A file that is not there and a measure that is not installed may be found elsewhere; what is no sound is none anywhere."""
    gone = jobs[0]._replace(path=str(tmp_path / "gone.wav"))
    unknown = jobs[0]._replace(measures=(("unheard_of", 1), ("duration", 2), ("tilt", 1)))
    [absent] = [row for batch in measured([gone], Serial()) for _, row in batch]
    assert (absent.local, absent.errors[0][0]) == (("",), "")
    assert measure_job(unknown).local == ("unheard_of", "duration")
    assert measure_job(jobs[3]).local == ()
    lone = jobs[0]._replace(reference_path=gone.path, reference_sha256="0" * 64, measures=(("ltas_distance", 1),))
    assert measure_job(lone).local == ("ltas_distance",)


@pytest.fixture(scope="module")
def dask():
    """A cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.slow
def test_dask_gives_the_bits_of_a_loop_and_carries_a_notebooks_measure(jobs, dask):
    """A cluster takes seconds to start."""
    half = 'import voicenb as vn\n@vn.measure(unit="s")\ndef half(sound):\n    return sound.duration / 2\n'
    exec(half, {"__name__": "__main__"})
    some = [one._replace(measures=(*one.measures, ("half", 1))) for one in jobs]
    loop = [bits(measure_job(one)) for one in some]
    assert rows(some, dask.get_executor()) == loop
    pids = set(dask.run(os.getpid).values())
    assert len(pids) == 2
    assert os.getpid() not in pids


@pytest.mark.slow
def test_dask_outlives_a_worker_that_is_killed(jobs, dask, marks):
    """A cluster takes seconds to start a worker anew."""
    registry._STATE.measures["deadly"] = DEADLY
    dask.run(deadly.look_in, str(marks))
    before = set(dask.run(os.getpid).values())
    some = short(jobs, 6)
    some[2] = some[2]._replace(measures=(("deadly", 1),))
    loop = [bits(measure_job(one)) for one in some]
    deadly.marks(marks, 1)
    assert rows(some, dask.get_executor()) == loop
    assert not list(marks.iterdir())
    dask.wait_for_workers(2)
    assert set(dask.run(os.getpid).values()) != before


@pytest.mark.slow
def test_loky_carries_a_notebooks_measure(jobs):
    """Processes take seconds to start."""
    loky = pytest.importorskip("loky")
    exec(
        'import voicenb as vn\n@vn.measure(unit="s")\ndef half(sound):\n    return sound.duration / 2\n',
        {"__name__": "__main__"},
    )
    some = [one._replace(measures=(*one.measures, ("half", 1))) for one in jobs]
    with loky.ProcessPoolExecutor(2, context=loky.backend.get_context("loky")) as pool:
        assert rows(some, pool) == [bits(measure_job(one)) for one in some]
