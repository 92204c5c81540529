"""Files that stand one behind the other go through one process, and one that ends it costs only itself."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest

from voicenb.audio import ffmpeg
from voicenb.audio.ffmpeg import read_with_ffmpeg
from voicenb.audio.reading import read
from voicenb.audio.sound import AudioError, UnpackLimit

av = pytest.importorskip("av")

RATE = 48_000


@pytest.fixture(scope="module")
def webm():
    """Half a second of a tone, as a browser records it."""
    target = io.BytesIO()
    with av.open(target, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono")
        tone = (8000 * np.sin(np.arange(RATE // 2) * 0.05)).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return target.getvalue()


@pytest.fixture
def started(monkeypatch):
    """The processes that were started."""
    found = []
    real = subprocess.Popen

    def start(command, **more):
        found.append(command)
        return real(command, **more)

    monkeypatch.setattr(ffmpeg.subprocess, "Popen", start)
    return found


def length(stretches):
    return sum(len(one.samples) for one in stretches) / RATE


def test_twenty_files_in_one_are_read_by_one_process(webm, started):
    sound = read(webm * 20)
    assert len(sound.samples) / sound.rate == pytest.approx(10, abs=0.5)
    assert sound.findings == ("20 WEBM files stand one behind the other: all of them are read",)
    assert len(started) == 1


def test_what_cannot_be_read_between_others_is_said(webm, started):
    stretches, problems = read_with_ffmpeg([webm, b"\x1a\x45\xdf\xa3 no webm", webm], "webm", UnpackLimit(), [])
    assert length(stretches) == pytest.approx(1, abs=0.1)
    assert [one.partition(":")[0] for one in problems] == ["a part of it cannot be read"]
    assert len(started) == 1


def test_the_first_one_decides_whether_it_is_sound(webm):
    with pytest.raises(AudioError, match="damaged or of a kind"):
        read_with_ffmpeg([b"\x1a\x45\xdf\xa3 no webm", webm], "webm", UnpackLimit(), [])


CRASHES = """
import os, runpy, sys
program = runpy.run_path({program!r}, run_name="program")
main, real = program["main"], program["_try"]
main.__globals__["_try"] = lambda data, out: os._exit(9) if data == b"crash" else real(data, out)
main()
"""


@pytest.mark.parametrize(("crashes", "starts", "seconds"), [(1, 2, 1.0), (3, 4, 1.0), (9, 4, 0.5)])
def test_a_decoder_that_breaks_down_costs_only_what_it_broke_down_at(
    webm, started, tmp_path, monkeypatch, crashes, starts, seconds
):
    """Another process goes on with the next file; nine such files are too many."""
    program = tmp_path / "program.py"
    program.write_text(CRASHES.format(program=str(Path(ffmpeg.__file__).with_name("media_program.py"))))
    monkeypatch.setattr(ffmpeg, "_PROGRAM", program)
    stretches, problems = read_with_ffmpeg([webm, *[b"crash"] * crashes, webm], "webm", UnpackLimit(), [])
    assert length(stretches) == pytest.approx(seconds, abs=0.1)
    assert len(started) == starts
    assert sum("broke down" in one for one in problems) == min(crashes, 4)
    assert ("6 parts of it are left out: too many before them cannot be read" in problems) == (crashes == 9)


def test_the_limit_counts_all_files_together(webm):
    limit = UnpackLimit()
    limit.take(2**27 - 30_000, RATE, 1)
    stretches, problems = read_with_ffmpeg([webm, webm, webm], "webm", limit, [])
    assert length(stretches) == pytest.approx(0.5, abs=0.1)
    assert all("unpacks into more" in one for one in problems)
