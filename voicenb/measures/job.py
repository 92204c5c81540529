"""The seam for executors: one function over plain data, which gives the same bits in this process, a thread or another machine.

Nothing crosses but text, bytes and numbers: no clip, no array, no function. A row depends on the content of its sounds, on the text
and on the measures' versions; never on order, on time or on chance.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from voicenb.audio.sound import AudioError
from voicenb.errors import InvalidRequest
from voicenb.measures.registry import Measure, Sound, measures

__all__ = ["Job", "Row", "measure_job", "measure_jobs"]

# References of one study are few and each is compared with many sounds.
_KEPT_REFERENCES = 4


class Job(NamedTuple):
    """What is to be measured of one sound.

    Attributes:
        sha256: Of the sound's file, in hexadecimal; the file's content is checked against it.
        path: Where the file lies, for executors on this machine; None where `data` is given.
        data: The file's bytes, for executors that do not share its disk.
        text: What is said in it, where that is known.
        measures: Name and version of each measure that is wanted.
        reference_sha256: Of the file that it is compared with; empty where there is none.
        reference_path: Where that lies.
        reference_data: Its bytes.
    """

    sha256: str
    path: str | None
    data: bytes | None
    text: str | None
    measures: tuple[tuple[str, int], ...]
    reference_sha256: str = ""
    reference_path: str | None = None
    reference_data: bytes | None = None


class Row(NamedTuple):
    """What was measured.

    Attributes:
        sha256: The job's.
        reference_sha256: The job's; empty where there was no reference.
        values: Name, version and value of each measure, in the job's order; those that failed are not among them.
        findings: Start and end in seconds and kind of each artefact, where ``artefacts`` was asked for.
        errors: Name of a measure, and why it has no value. An empty name stands for the sound itself.
        local: The names among the errors whose reason lies with the process and not with the sound: a file that is not there, a
            measure that is not installed. Another process may have a value.
    """

    sha256: str
    reference_sha256: str
    values: tuple[tuple[str, int, float], ...]
    findings: tuple[tuple[float, float, str], ...]
    errors: tuple[tuple[str, str], ...]
    local: tuple[str, ...] = ()


def measure_jobs(jobs: Iterable[Job], own: Iterable[Measure] = ()) -> tuple[Row, ...]:
    """Measures several sounds.

    Args:
        jobs: The sounds and the measures.
        own: Measures that this process may not have, before its own of these names.
    """
    known = dict(measures()) | {one.name: one for one in own}
    return tuple(measure_job(job, known) for job in jobs)


def measure_job(job: Job, known: Mapping[str, Measure] | None = None) -> Row:
    """Measures one sound. What goes wrong with a measure is an entry of the row's errors, and the others stand.

    Functions that take a study's cell get None for it: what is kept by the hash of a sound's content cannot depend on the cell.

    Args:
        job: The sound and the measures.
        known: All measures by their names; by default those of this process.
    """
    job = Job(*job)
    known = measures() if known is None else known
    values, errors, local = list[tuple[str, int, float]](), list[tuple[str, str]](), list[str]()
    findings: tuple[tuple[float, float, str], ...] = ()
    try:
        sound = Sound.read(_content(job.sha256, job.path, job.data), text=job.text)
    except (AudioError, InvalidRequest, OSError) as error:
        # What is no sound is none anywhere; a file may lie elsewhere.
        nowhere = () if isinstance(error, AudioError) else ("",)
        return Row(job.sha256, job.reference_sha256 or "", (), (), (("", _reason(error)),), nowhere)
    reference: Sound | None = None
    missing: Exception | None = None
    if job.reference_sha256:
        try:
            reference = _reference(job.reference_sha256, job.reference_path, job.reference_data)
        except (AudioError, InvalidRequest, OSError) as error:
            missing = error
    if reference is not None:
        sound = Sound(sound.samples, sound.rate, job.text, reference)
    for name, version in job.measures:
        try:
            one = _wanted(known, name, version)
        except InvalidRequest as error:
            errors.append((name, _reason(error)))
            local.append(name)
            continue
        if one.needs_reference and missing is not None:
            errors.append((name, _reason(missing)))
            if not isinstance(missing, AudioError):
                local.append(name)
            continue
        try:
            values.append((name, version, one.value(sound)))
            if name == "artefacts":
                findings = tuple((float(start), float(end), what) for start, end, what in sound.findings)
        # A measure is anybody's function, and what it raises is told in its place.
        except Exception as error:  # noqa: BLE001
            errors.append((name, _reason(error)))
    return Row(job.sha256, job.reference_sha256 or "", tuple(values), findings, tuple(errors), tuple(local))


def _wanted(known: Mapping[str, Measure], name: str, version: int) -> Measure:
    one = known.get(name)
    if one is None:
        raise InvalidRequest(
            f"no measure is named {name!r} in this process: install the package that has it there, too"
        )
    if one.version != version:
        raise InvalidRequest(f"version {version} of {name} was asked for, and version {one.version} is here")
    return one


def _content(sha256: str, path: str | None, data: bytes | None) -> bytes:
    if data is None:
        if path is None:
            raise InvalidRequest("neither the path nor the bytes of the sound were given")
        data = Path(path).read_bytes()
    # A value that is kept by a hash must be of that content: files on disk change.
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InvalidRequest(
            f"the file {path or 'that was given'} is not the one with the SHA-256 {sha256}: it has changed"
        )
    return data


_LOCK = threading.Lock()
_REFERENCES: OrderedDict[str, Sound] = OrderedDict()


def _reference(sha256: str, path: str | None, data: bytes | None) -> Sound:
    """The reference with what was worked out of it, kept for the next sound that is compared with it."""
    with _LOCK:
        if sha256 in _REFERENCES:
            _REFERENCES.move_to_end(sha256)
            return _REFERENCES[sha256]
    sound = Sound.read(_content(sha256, path, data))
    with _LOCK:
        _REFERENCES[sha256] = sound
        while len(_REFERENCES) > _KEPT_REFERENCES:
            _REFERENCES.popitem(last=False)
    return sound


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
