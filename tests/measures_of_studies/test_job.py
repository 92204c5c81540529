"""The seam for executors: plain data, the same bits everywhere, and errors that stay where they are."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
import struct
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from made_speech import phrase, wav

from voicenb.measures import job as module, registry
from voicenb.measures.job import Job, Row, measure_job
from voicenb.measures.registry import measure, measures

ALL = tuple((one.name, one.version) for one in registry._OWN.values())


def sha(data):
    return hashlib.sha256(data).hexdigest()


def job(data, names=ALL, text="Oh, I knew it.", reference=None, path=None):
    known = (sha(reference), None, reference) if reference is not None else ("", None, None)
    return Job(sha(data), path, None if path else data, text, tuple(names), *known)


def bits(row):
    """A row with the bits of its numbers, so that NaN equals itself and −0 does not equal 0."""
    values = tuple((name, version, struct.pack("<d", value)) for name, version, value in row.values)
    findings = tuple((struct.pack("<dd", start, end), what) for start, end, what in row.findings)
    return (row.sha256, row.reference_sha256, values, findings, row.errors)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(registry, "_STATE", registry._Registered())
    monkeypatch.setattr(registry, "entry_points", lambda group: [])
    monkeypatch.setattr(registry, "extras", tuple)
    module._REFERENCES.clear()


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """Sounds of several rates, by bytes and by path, with faults, one without speech and one that is no sound."""
    folder = tmp_path_factory.mktemp("sounds")
    reference = wav(phrase(seed=9))
    broken = phrase(24_000, f0=(150, 190, 140))
    broken[15_000:16_500] = 0
    made = [job(wav(phrase(seed=1)), reference=reference), job(wav(broken, 24_000), reference=reference)]
    path = folder / "quiet.wav"
    path.write_bytes(wav(np.zeros(12_000, dtype=np.float32)))
    made.append(job(path.read_bytes(), reference=reference, path=str(path)))
    made.append(job(b"no sound at all"))
    made.append(job(wav(phrase(44_100, which="ua"), 44_100), text=None))
    return made


def test_row_has_what_was_asked_for(jobs):
    row = measure_job(jobs[0])
    assert (row.sha256, row.reference_sha256) == (jobs[0].sha256, jobs[0].reference_sha256)
    assert [(name, version) for name, version, _ in row.values] == list(ALL)
    assert row.errors == row.findings == ()
    assert {type(value) for _, _, value in row.values} == {float}


def test_findings_come_with_the_count_of_artefacts(jobs):
    row = measure_job(jobs[1])
    values = {name: value for name, _, value in row.values}
    assert values["artefacts"] == len(row.findings) > 0
    assert [what for _, _, what in row.findings] == ["dropout"]
    assert row.findings[0][:2] == pytest.approx((15_000 / 24_000, 16_500 / 24_000), abs=0.002)
    without = measure_job(jobs[1]._replace(measures=(("duration", 1),)))
    assert without.findings == ()


@pytest.mark.slow
def test_threads_and_processes_give_the_bits_of_a_loop(jobs, monkeypatch):
    """In any order, with references shared or not, by spawned processes that know nothing of this one."""
    # A test of magics may have left another main module, which spawning looks into.
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    serial = [bits(measure_job(one)) for one in jobs]
    module._REFERENCES.clear()
    with ThreadPoolExecutor(4) as pool:
        threaded = [bits(row) for row in pool.map(measure_job, jobs[::-1])]
    assert threaded == serial[::-1]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(measure_job, one) for one in jobs[::-1]]
        spawned = [bits(one.result()) for one in futures]
    assert spawned == serial[::-1]


def test_jobs_and_rows_are_plain(jobs):
    """They survive pickling by a protocol of any age, hold nothing but plain values, and a tuple does for a job."""

    def plain(value):
        if isinstance(value, tuple):
            return all(map(plain, value))
        return type(value) in {str, int, float, bytes, type(None)}

    row = measure_job(jobs[1])
    assert plain(row)
    assert plain(jobs[1])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert bits(pickle.loads(pickle.dumps(row, protocol))) == bits(row)
    assert bits(measure_job(tuple(jobs[1]))) == bits(row)
    assert isinstance(row, Row)


def test_what_fails_is_told_and_the_others_stand(jobs):
    @measure(unit="")
    def broken(sound):
        raise ZeroDivisionError("by nothing")

    names = (("duration", 1), ("broken", 1), ("unheard_of", 1), ("loudness", 2), ("speech_rate", 1), ("tilt", 1))
    row = measure_job(jobs[0]._replace(measures=names, text=None))
    assert [name for name, _, _ in row.values] == ["duration", "tilt"]
    told = dict(row.errors)
    assert list(told) == ["broken", "unheard_of", "loudness", "speech_rate"]
    assert told["broken"] == "ZeroDivisionError: by nothing"
    assert "no measure is named 'unheard_of'" in told["unheard_of"]
    assert "version 2 of loudness was asked for, and version 1 is here" in told["loudness"]
    assert "needs the text" in told["speech_rate"]


def test_what_is_no_sound_is_one_error(jobs):
    row = measure_job(jobs[3])
    assert row.values == row.findings == ()
    [(name, said)] = row.errors
    assert name == ""
    assert said.startswith("AudioError: ")


@pytest.mark.parametrize("kind", ["missing", "changed", "neither"])
def test_file_that_is_not_the_one(tmp_path, kind):
    """A file that is gone or has changed is an error: a value is kept by the hash of the content that it is of."""
    path = tmp_path / "sound.wav"
    if kind == "changed":
        path.write_bytes(wav(phrase(seed=5)))
    one = job(wav(phrase()), names=[("duration", 1)], path=str(path))
    row = measure_job(one if kind != "neither" else one._replace(path=None))
    said = {"missing": "FileNotFoundError", "changed": "it has changed", "neither": "neither the path nor the bytes"}[
        kind
    ]
    assert row.values == ()
    assert said in row.errors[0][1]


def test_reference_that_cannot_be_read_fails_what_needs_it(jobs):
    names = (("duration", 1), ("ltas_distance", 1), ("f0_correlation", 1))
    row = measure_job(jobs[0]._replace(reference_sha256=sha(b"noise"), reference_data=b"noise", measures=names))
    assert [name for name, _, _ in row.values] == ["duration"]
    assert [name for name, _ in row.errors] == ["ltas_distance", "f0_correlation"]
    assert all("AudioError" in said for _, said in row.errors)


def test_reference_is_worked_out_once_and_few_are_kept(jobs, monkeypatch):
    read = []
    real = module.Sound.read.__func__

    def counted(cls, data, **options):
        read.append(sha(data))
        return real(cls, data, **options)

    monkeypatch.setattr(module.Sound, "read", classmethod(counted))
    some = jobs[0]._replace(measures=(("ltas_distance", 1),))
    first = measure_job(some)
    assert bits(measure_job(some)) == bits(first)
    assert read.count(some.reference_sha256) == 1
    for seed in range(6):
        other = wav(phrase(seed=20 + seed))
        measure_job(some._replace(reference_sha256=sha(other), reference_data=other, measures=(("duration", 1),)))
    assert len(module._REFERENCES) == module._KEPT_REFERENCES


def test_every_measure_of_this_process_can_be_asked_for(jobs):
    """A cell's too: the job runs where it is defined."""
    measure(unit="", name="mine", version=4)(lambda sound, cell: 7.0)
    row = measure_job(jobs[0]._replace(measures=(("mine", measures()["mine"].version),)))
    assert row.values == (("mine", 4, 7.0),)


def test_job_needs_no_scipy():
    """numpy alone is loaded to measure; nothing of the rooms above either."""
    code = (
        "import sys, voicenb.measures.job\n"
        "bad = [name for name in sys.modules if name.split('.')[0] in {'scipy', 'pandas', 'librosa'}\n"
        "       or name.startswith(('voicenb.studio', 'voicenb.services', 'voicenb.display'))]\n"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
