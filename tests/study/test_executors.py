"""The frame of a study is the same bits by whatever executor its clips are measured."""

from __future__ import annotations

import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest
from small_studies import forget_measures, study

import voicenb as vn
from voicenb.measures import registry


class Serial(Executor):
    """Does what it is given at once."""

    def submit(self, function, /, *args, **options):
        future = Future()
        future.set_result(function(*args, **options))
        return future


class Elsewhere(Serial):
    """As of another machine: a process without the measures of this one."""

    def submit(self, function, /, *args, **options):
        mine = registry._STATE.measures
        registry._STATE.measures = {}
        try:
            return super().submit(function, args[0], **options)
        finally:
            registry._STATE.measures = mine


@pytest.fixture
def one(voice, monkeypatch):
    # A test of magics may have left another main module, which spawning looks into.
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    monkeypatch.setattr(registry, "_STATE", registry._Registered())
    monkeypatch.setattr(registry, "entry_points", lambda group: [])
    monkeypatch.setattr(registry, "extras", tuple)
    return study(voice).run(quiet=True)


def bits(frame):
    """The columns, what is no number, and the bits of what is one."""
    numbers = frame.select_dtypes("float64")
    others = frame.drop(columns=numbers.columns)
    return list(frame.columns), numbers.to_numpy().tobytes(), others.astype(str).to_numpy().tolist()


@pytest.mark.slow
def test_serial_and_threads_give_the_same_bits(one, studio):
    """It takes some seconds: the clips are measured three times."""
    none = bits(one.frame())
    for executor in (Serial(), ThreadPoolExecutor(2)):
        forget_measures(studio)
        with executor:
            assert bits(one.frame(executor=executor)) == none


@pytest.mark.slow
def test_spawned_processes_and_dask_give_the_same_bits(one, studio):
    """It takes long: four processes start, and the clips are measured four times."""
    none = bits(one.frame())
    forget_measures(studio)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert bits(one.frame(executor=pool)) == none
    distributed = pytest.importorskip("distributed")
    forget_measures(studio)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert bits(one.frame(executor=client.get_executor())) == none
        # A notebook's measure goes with the clips, and its column is that of the threads.
        exec(
            "import voicenb as vn\n@vn.measure(unit='s')\ndef half(sound):\n    return sound.duration / 2\n",
            {"__name__": "__main__"},
        )
        frame = one.frame(executor=client.get_executor())
    assert frame["half"].tolist() == (frame["duration"] / 2).tolist()


@pytest.mark.slow
def test_processes_refuse_a_notebooks_measure_unless_it_was_taken_here(one):
    exec(
        "import voicenb as vn\n@vn.measure(unit='s')\ndef half(sound):\n    return sound.duration / 2\n",
        {"__name__": "__main__"},
    )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(vn.InvalidRequest, match=r"half: defined in this notebook.*Leave executor= out"):
            one.frame(executor=pool)
        here = bits(one.frame())
        assert bits(one.frame(executor=pool)) == here


@pytest.mark.slow
def test_what_another_process_lacks_is_asked_for_again(one):
    """A worker without a measure is told in the row, and not written down as the clip's fault."""
    vn.measure(unit="", name="mine")(lambda sound: 7.0)
    there = one.frame(executor=Elsewhere())
    assert there["mine"].isna().all()
    assert set(there["not_measured"]) == {
        "mine: InvalidRequest: no measure is named 'mine' in this process: install the package that has it there, too"
    }
    here = one.frame()
    assert (here["mine"] == 7.0).all()
    assert here["not_measured"].isna().all()
