"""Files that people really have: each is read, or named; none ends the process, fills the memory or raises what is not ours."""

from __future__ import annotations

import base64
import io
import shutil
import struct
import subprocess
import sys
import wave
from fractions import Fraction
from pathlib import Path

import hostile_files
import numpy as np
import pytest
import soundfile
from hostile_files import findings

from voicenb.audio.channels import mixed
from voicenb.audio.codec import decode, encode
from voicenb.audio.containers import is_whole, sniff
from voicenb.audio.reading import read
from voicenb.audio.sound import AudioError
from voicenb.errors import BadReference
from voicenb.measures import mono, voice_activity
from voicenb.services.base import ReferenceRules
from voicenb.studio.clip import Clip
from voicenb.studio.preparing import prepare
from voicenb.studio.recording_checks import Finding
from voicenb.studio.reference import Reference

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
RATE = 16_000
RULES = ReferenceRules(service="soundclone", formats=("wav", "mp3"), min_seconds=2, max_seconds=60)


def case(name):
    """A file of the cases."""
    path = CASES / name
    if not path.is_file():
        pytest.skip("the cases are not beside the checkout")
    return path.read_bytes()


def wav(sound, rate=RATE):
    """A WAV of 16 bits."""
    return encode(sound, rate, "wav")


@pytest.fixture(scope="module")
def voice():
    """Two seconds of something like a voice."""
    return hostile_files.voice(2)


# ── B01, B02: FFmpeg ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("container", "codec"),
    [("ipod", "aac"), ("mp4", "aac"), ("mov", "pcm_s16le"), ("matroska", "aac"), ("webm", "libopus"), ("avi", "pcm_s16le"),
     ("mpegts", "aac"), ("matroska", "pcm_f32le")],
)  # fmt: skip
@pytest.mark.parametrize(
    "layout",
    [
        "stereo",
        "7.1",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("mono", "3.0", "quad", "5.0", "5.1", "hexadecagonal")),
    ],
)
def test_every_number_of_channels_is_read(container, codec, layout):
    """Eight channels and more, planar, ended the process."""
    av = pytest.importorskip("av")
    channels = av.AudioLayout(layout).nb_channels
    if (container, channels) == ("mpegts", 16):
        pytest.skip("ADTS has no word for sixteen channels: FFmpeg does not read what it writes")
    target = io.BytesIO()
    rate = 48_000 if codec == "libopus" else RATE
    try:
        with av.open(target, "w", format=container) as file:
            stream = file.add_stream(codec, rate=rate)
            stream.layout = layout
            sound = np.tile(hostile_files.voice(1)[:, None], channels).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout=layout)
            frame.sample_rate = RATE
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                file.mux(packet)
    except av.FFmpegError:
        pytest.skip(f"{codec} does not take {channels} channels")
    samples, found = decode(target.getvalue())
    assert found == rate
    assert samples.ndim == 1 if channels == 1 else samples.shape[1] == channels
    assert len(samples) / found == pytest.approx(1, abs=0.15)
    assert np.abs(mono(samples)).max() > 0.05


def test_a_file_that_ends_its_decoder_does_not_end_the_kernel(monkeypatch):
    """The decoder is a process of its own: where it dies, that is said."""
    pytest.importorskip("av")
    monkeypatch.setattr("voicenb.audio.ffmpeg._PROGRAM", Path(__file__).with_name("data_that_is_no_program.py"))
    with pytest.raises(AudioError, match="broke down"):
        decode(hostile_files.media("m4a", 1, 0.3))


@pytest.mark.parametrize(
    "name", ["gbk-title.m4a", "gbk-title.flv", "ch8-7.1.m4a", "silent-first-track.mp4", "take.caf"]
)
def test_the_cases_in_containers_become_references(name):
    """A tag that is not UTF-8, 7.1 channels, a silent first track."""
    pytest.importorskip("av")
    reference = Reference(case(name))
    assert reference.duration > 1
    assert np.abs(reference.samples).max() > 0.1


@pytest.mark.parametrize("kind", ["m4a", "mp4", "mov", "mkv", "webm", "flv", "ts", "wma", "avi"])
@pytest.mark.parametrize(
    "title", [b"\xb0\xa1\xc4\xe3\xba\xc3\xb5\xc4\xb1\xb3", b"\xff\xfe\xff\xff\xfe\xfe\x80\x81\x82\x83"]
)
def test_a_title_in_any_charset_is_no_obstacle(kind, title):
    """In the container's own notes."""
    pytest.importorskip("av")
    data = hostile_files.media(kind, 1, 1.5)
    assert decode(data.replace(b"Aufnahme ", title[:9]))[0].size > RATE


def test_the_track_with_speech_is_read_and_both_are_named():
    """The default one, here the second."""
    pytest.importorskip("av")
    said = findings(case("silent-first-track.mp4"))
    assert any("track 2 of its 2" in one and "default" in one for one in said)


# ── B03, B05, B08: headers ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("riff", [None, 0, 2**32 - 1, 7, 10**9])
@pytest.mark.parametrize("size", [0, 2**32 - 1, 10**9, 2**31, "odd"])
def test_a_wav_is_read_to_its_end_whatever_its_header_says(voice, riff, size):
    """A recorder that crashed, a stream."""
    raw = bytearray(wav(voice))
    if riff is not None:
        struct.pack_into("<I", raw, 4, riff)
    struct.pack_into("<I", raw, raw.find(b"data") + 4, len(raw) * 2 + 1 if size == "odd" else size)
    samples, rate = decode(bytes(raw))
    assert rate == RATE
    assert len(samples) == pytest.approx(len(voice), abs=2)
    assert is_whole(bytes(raw)) or riff == 10**9


@pytest.mark.parametrize(
    ("form", "sizes"), [("AIFF", "FORM"), ("AU", "au"), ("W64", "w64"), ("RF64", "ds64"), ("CAF", "caf")]
)
@pytest.mark.parametrize("fill", [0x00, 0xFF])
def test_other_headers_with_unknown_sizes(voice, form, sizes, fill):
    """Zero, and the largest number."""
    target = io.BytesIO()
    soundfile.write(target, voice, RATE, "PCM_16", format=form)
    raw = bytearray(target.getvalue())
    places = {
        "FORM": [(4, 4), (raw.find(b"SSND") + 4, 4), (raw.find(b"COMM") + 10, 4)],
        "au": [(8, 4)],
        "w64": [(16, 8), (raw.find(b"data\xf3") + 16, 8)],
        "ds64": [(raw.find(b"ds64") + 8, 16)],
        "caf": [(raw.find(b"data", 60) + 4, 8)],
    }[sizes]
    for place, wide in places:
        raw[place : place + wide] = bytes([fill]) * wide
    samples, rate = decode(bytes(raw))
    assert rate == RATE
    assert len(samples) == pytest.approx(len(voice), abs=16)


def test_an_empty_wav_is_still_empty():
    """Nothing is made of what follows an empty chunk."""
    with pytest.raises(AudioError, match="holds no sound"):
        decode(wav(np.zeros(1))[:44].replace(struct.pack("<I", 2), bytes(4)))


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("data0.wav", 2), ("crashed-recording.wav", 2), ("cut-in-a-frame.mp3", 3), ("layer2.mp3", 3), ("take.caf", 2),
     ("two-mp3-with-info.mp3", 4), ("two-rates.mp3", 4), ("chained.ogg", 4), ("chained.opus", 4), ("chained-long.opus", 14),
     ("two-riffs.wav", 2)],
)  # fmt: skip
def test_the_cases_are_read_whole(name, seconds):
    """Not the first part alone, and not with a refusal."""
    reference = Reference(case(name))
    assert reference.duration == pytest.approx(seconds, abs=0.2)


@pytest.mark.parametrize(
    "name", ["two-mp3-with-info.mp3", "two-rates.mp3", "chained.ogg", "chained.opus", "two-riffs.wav", "data0.wav"]
)
def test_what_another_reader_would_take_otherwise_is_said_and_sent_as_it_was_read(name):
    """A service that reads the first part only gets one WAV."""
    reference = Reference(case(name))
    assert findings(reference.data)
    sent, data, mime = reference.payload(RULES)
    assert (sent.rpartition(".")[2], mime) == ("wav", "audio/wav")
    assert len(decode(data)[0]) == len(reference.samples)
    assert "file" in set(reference.check(RULES)["rule"])


@pytest.mark.parametrize(
    "kind", [*hostile_files.PLAIN, "m4a", "mp4", "mov", "mkv", "webm", "avi", "flv", "wma", "aac", "ts"]
)
def test_two_files_in_a_row_are_both_read_or_it_is_said(kind):
    """In every container; one part without a word would be half of the speech."""
    if kind in hostile_files.MEDIA:
        pytest.importorskip("av")
    data = hostile_files.plain(kind, 1, 1.5) if kind in hostile_files.PLAIN else hostile_files.media(kind, 1, 1.5)
    assert not findings(data)
    samples, rate = decode(data * 2)
    assert len(samples) / rate > 2.8 or findings(data * 2)


def test_joined_files_of_every_kind(voice):
    """Ogg links of other rates and channels, mp3 with a tag between."""
    other = hostile_files.voice(1, 2)
    for form in ("ogg", "mp3"):
        data = encode(voice, RATE, form) + b"ID3\3\0\0\0\0\0\x05" * (form == "mp3") + bytes(5 * (form == "mp3"))
        data += encode(other, 22_050 if form == "mp3" else 24_000, form)
        samples, rate = decode(data)
        seconds = 2 + RATE / (22_050 if form == "mp3" else 24_000)
        assert len(samples) / rate == pytest.approx(seconds, abs=0.15), form
        assert samples.ndim == 1


@pytest.mark.parametrize(
    "before",
    [
        b"\x00" * 333,
        bytes(range(256)) * 3,
        b"APETAGEX" + bytes(200),
        b"ID3\3\0\0\0\0\7\x76" + b"\xff\xfb\x90\x00" * 260,
    ],
)
def test_an_mp3_behind_something_else(voice, before):
    """A cover picture, a cut, another player's tag."""
    samples, rate = decode(before + encode(voice, RATE, "mp3"))
    assert len(samples) / rate == pytest.approx(2, abs=0.15)


def test_without_the_extra_its_name_is_said(monkeypatch):
    """For what only FFmpeg reads."""
    data = bytes.fromhex("3026b2758e66cf11") + bytes(200)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadReference, match=r"voicenb\[media\]"):
        Reference(data)


# ── B09: bounds ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 2**32 - 1])
def test_a_rate_out_of_bounds_is_refused(voice, rate):
    """A header that says 1 Hz took gigabytes."""
    raw = bytearray(wav(voice))
    struct.pack_into("<I", raw, 24, rate)
    with pytest.raises(BadReference):
        Reference(bytes(raw))


@pytest.mark.parametrize("rate", [1009, 16_001, 44_101, 191_999])
def test_odd_rates_are_measured_in_bounded_time(rate):
    """In a process that may use ten seconds of a processor and half a gigabyte."""
    program = f"""
import resource, numpy as np, sys
sys.path.insert(0, {str(Path(hostile_files.__file__).parent)!r})
import hostile_files
from held_memory import most_memory
from voicenb.measures import voice_activity, loudness
sound = np.tile(hostile_files.voice(2), 8 * {rate} // 16000 + 1)[: 16 * {rate}]
voice_activity(sound, {rate}); loudness(sound, {rate})
used = resource.getrusage(resource.RUSAGE_SELF)
assert used.ru_utime < 10, used.ru_utime
assert most_memory() < 600_000_000, most_memory()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1009, 44_101, 767_999])
def test_the_sandbox_hears_odd_rates_in_bounded_memory(rate):
    """As far as the sound goes the tone is the same; a rate that has nothing in common with 24 kHz took a gigabyte."""
    program = f"""
import sys, tempfile, numpy as np, soundfile
from pathlib import Path
sys.path.insert(0, {str(Path(hostile_files.__file__).parent)!r})
from held_memory import most_memory
from voicenb.sandbox.engine.media.decoding import decode
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "tone.wav"
    soundfile.write(path, np.sin(2 * np.pi * 250 * np.arange(4 * {rate}) / {rate}), {rate}, "FLOAT")
    found = decode(path)
assert abs(len(found.wave) / 24_000 - 4) < 0.001, len(found.wave)
spectrum = np.abs(np.fft.rfft(found.wave * np.hanning(len(found.wave)), 2**21))
assert abs(spectrum.argmax() * 24_000 / 2**21 - 250) < 0.03, spectrum.argmax() * 24_000 / 2**21
assert most_memory() < 500_000_000, most_memory()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "channels", "blocks"), [(44_101, 8, 127), (48_000, 1, 1000)])
def test_the_longest_sound_that_is_read_fits_into_a_gigabyte(rate, channels, blocks):
    """A small file that unpacks into just what is allowed: read, checked, sent and shown, by a process of its own."""
    program = f"""
import io, sys, numpy as np, soundfile
sys.path.insert(0, {str(Path(hostile_files.__file__).parent)!r})
from hostile_files import as_recording
from held_memory import most_memory
target = io.BytesIO()
with soundfile.SoundFile(target, "w", {rate}, {channels}, "PCM_16", format="FLAC") as file:
    for _ in range({blocks}):
        file.write(np.zeros((2**17, {channels}), np.int16))
assert as_recording(target.getvalue(), None) == "read"
assert most_memory() < 2**30 - 1, most_memory()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(("rate", "target"), [(16_001, 24_000), (44_101, 48_000), (47_999, 22_050)])
def test_odd_rates_are_resampled_well(rate, target):
    """A sine stays one: what is not it lies 80 dB below."""
    from voicenb.audio.resampling import resample

    sine = np.sin(2 * np.pi * 997 * np.arange(rate) / rate)
    found = resample(sine, rate, target)
    assert len(found) == -(-rate * target // rate)
    wanted = np.sin(2 * np.pi * 997 * np.arange(len(found)) / target)
    middle = slice(2000, -2000)
    assert np.abs(found[middle] - wanted[middle]).max() < 1e-4
    assert Fraction(rate, target).numerator > 512 or Fraction(target, rate).numerator > 512


# ── B10, B11: channels ──────────────────────────────────────────────────────────────────────────────────────────────


def stereo(voice, kind):
    """Two and more channels that lose something when they are mixed."""
    late = np.roll(voice, 8)
    return {
        "inverted": np.stack([voice, -voice], 1),
        "inverted-quieter": np.stack([-0.8 * voice, voice], 1),
        "silent-side": np.stack([np.zeros_like(voice), voice], 1),
        "three": np.stack([voice, -voice, 0.1 * late], 1),
        "fourth-of-six": np.stack([*[np.zeros_like(voice)] * 3, voice, *[np.zeros_like(voice)] * 2], 1),
        "offset": np.stack([voice + 0.3, -voice + 0.3], 1),
    }[kind].astype(np.float32)


KINDS = ["inverted", "inverted-quieter", "silent-side", "three", "fourth-of-six", "offset"]


@pytest.mark.parametrize("kind", KINDS)
def test_where_the_mean_cancels_the_louder_channel_is_used_everywhere(voice, kind, tmp_path):
    """Measures, doctor, preparing, what is sent, and the sandbox."""
    from voicenb.sandbox.engine.media.decoding import decode as decode_for_the_sandbox

    sound = np.tile(stereo(voice, kind), (4, 1))
    level = float(np.std(mono(sound)))
    assert level > 0.7 * float(np.std(voice))
    assert mixed(sound)[1] is not None
    assert voice_activity(sound, RATE).span > 1
    data = encode(sound, RATE, "flac")
    reference = Reference(data)
    table = reference.check(RULES).set_index("rule")
    assert table.loc["level", "found"] != "silence"
    assert "is used" in table.loc["channels", "found"]
    assert table.loc["speech", "severity"] != "error"
    assert np.std(prepare(sound, RATE).samples) > 0.01
    sent, _ = decode(reference.payload(RULES)[1])
    assert sent.ndim == 1
    path = tmp_path / "recording.flac"
    path.write_bytes(data)
    assert float(np.std(decode_for_the_sandbox(path).wave)) > 0.7 * float(np.std(voice))


def test_channels_that_have_nothing_in_common_are_mixed():
    """Two speakers, one on each side: both stay."""
    left, right = np.random.default_rng(0).normal(0, 0.1, (2, RATE)).astype(np.float32)
    assert mixed(np.stack([left, right], 1))[1] is None


@pytest.mark.parametrize("name", ["inverted.mp3", "speech-on-ch4-of-6.flac"])
def test_the_cases_with_channels_become_references(name):
    """The level is that of the channel that is used."""
    table = Reference(case(name)).check(RULES).set_index("rule")
    assert table.loc["level", "found"] != "silence"
    assert table.loc["speech", "found"] != "none"


# ── B13: what is given ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "make",
    [list, lambda x: x.astype(np.int64), lambda x: x.astype(np.int32), lambda x: x.astype(np.float32),
     lambda x: x.astype(object), lambda x: x.tolist(), lambda x: (x.astype(np.int32) << 16),
     lambda x: (x.astype(np.int32) + 32768).astype(np.uint16)],
)  # fmt: skip
def test_numbers_of_sixteen_bits_in_any_type_keep_their_level(voice, make):
    """Python lists, wider types, floats that were never divided."""
    reference = Reference((make(np.rint(voice * 32767).astype(np.int16)), RATE))
    assert np.abs(reference.samples - voice).max() < 1e-3


@pytest.mark.parametrize(
    "samples",
    [
        5,
        [],
        np.zeros((2, 0)),
        np.zeros((2, 2, 2)),
        [[1, 2], [3]],
        np.full(9, np.nan),
        [None, 1],
        ["a"],
        np.zeros(9, complex),
    ],
)
def test_what_is_no_sound_is_named(samples):
    """Each as one error of ours."""
    with pytest.raises(BadReference):
        Reference((samples, RATE))


def test_a_float_wav_of_whole_numbers_is_scaled_and_it_is_said(voice):
    """Its samples reach 32,767."""
    target = io.BytesIO()
    soundfile.write(target, voice * 32768, RATE, "FLOAT", format="WAV")
    sound = read(target.getvalue())
    assert np.abs(sound.samples - voice).max() < 1e-4
    assert "divided by 32,768" in sound.findings[0]


def test_files_that_were_just_written_are_read_from_their_start(voice, tmp_path):
    """A BytesIO and an open file at their ends."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(voice * 32767).astype("<i2").tobytes())
    assert Reference(target).duration == 2
    with (tmp_path / "take.wav").open("wb+") as opened:
        opened.write(target.getvalue())
        assert Reference(opened).duration == 2


def test_players_addresses_and_quoted_paths_are_recordings(voice, tmp_path):
    """As they are copied from a cell, a page and a file manager."""
    display = pytest.importorskip("IPython.display")
    data = wav(voice)
    path = tmp_path / "it's me.wav"
    path.write_bytes(data)
    address = "data:audio/wav;base64," + base64.b64encode(data).decode()
    for source in (
        display.Audio(data=data), display.Audio(voice, rate=RATE), display.Audio(filename=str(path)), address, f'"{path}"',
        f"'{path}' ", np.frombuffer(data, "S1"), np.void(data),
    ):  # fmt: skip
        assert Reference(source).duration == 2
    for bad in ("data:audio/wav;base64", "data:audio/wav;base64,!!!", "data:,", '"gone.wav"', "~nosuchuser/a.wav"):
        with pytest.raises(BadReference):
            Reference(bad)


def test_findings_of_a_result_reach_its_clip():
    """What the runner keeps with a task."""
    data = encode(hostile_files.voice(1), RATE, "ogg") * 2
    assert findings(data) == ["2 Ogg streams stand one behind the other: all of them are read"]
    assert Clip(data).duration == pytest.approx(2, abs=0.05)
    assert sniff(data) == "ogg"
    assert isinstance(Finding("file", "", ""), Finding)


# ── What newcomers bring ────────────────────────────────────────────────────────────────────────────────────────────


def made_by_ffmpeg(folder, name, *arguments):
    """A file that the ffmpeg program writes of three seconds of voice."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed")
    source, target = folder / "voice.wav", folder / name
    source.write_bytes(wav(hostile_files.voice(3)))
    command = [program, "-v", "error", "-y", "-i", str(source), *arguments, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this ffmpeg cannot write {name}: {done.stderr[-200:]}")
    return target


PICTURE = ("-f", "lavfi", "-i", "color=c=red:s=64x64:r=5:d=3")


@pytest.mark.parametrize(
    ("name", "arguments", "rate"),
    [
        ("phone.m4a", ("-c:a", "aac", "-ar", "44100", "-metadata", "title=Aufnahme 3"), 44_100),
        ("zoom.mp4", (*PICTURE, "-map", "1:v", "-map", "0:a", "-c:a", "aac", "-ar", "32000", "-ac", "1"), 32_000),
        ("player.mp3", (*PICTURE, "-map", "0:a", "-map", "1:v", "-frames:v", "1", "-c:v", "mjpeg", "-id3v2_version", "3"), RATE),
    ],
)  # fmt: skip
def test_what_phones_meetings_and_players_write_is_a_recording(tmp_path, name, arguments, rate):
    """An m4a, a meeting's mp4 with a picture, an mp3 with a cover."""
    pytest.importorskip("av")
    reference = Reference(made_by_ffmpeg(tmp_path, name, *arguments))
    assert reference.rate == rate
    assert reference.duration == pytest.approx(3, abs=0.2)
    assert np.abs(reference.samples).max() > 0.1


@pytest.mark.parametrize("name", ["voice.amr", "voice.3gp"])
def test_a_voice_memo_in_amr_is_read(tmp_path, name):
    """Few builds of FFmpeg write AMR, so its frames are made here: 12.2 kbit/s, 20 ms each."""
    pytest.importorskip("av")
    chance = np.random.default_rng(1)
    path = tmp_path / "voice.amr"
    path.write_bytes(b"#!AMR\n" + b"".join(b"\x3c" + chance.bytes(31) for _ in range(150)))
    if name != path.name:
        program = shutil.which("ffmpeg")
        if program is None:
            pytest.skip("ffmpeg is not installed")
        command = [program, "-v", "error", "-i", str(path), "-c", "copy", str(tmp_path / name)]
        subprocess.run(command, check=True)
    reference = Reference(tmp_path / name)
    assert reference.format == name.partition(".")[2]
    assert (reference.rate, reference.duration) == (8000, pytest.approx(3, abs=0.05))


# ── Made from seeds ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("files", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_hostile_files_from_seeds(files):
    """The command's table has a thousand of another seed."""
    pytest.importorskip("av")
    rows = hostile_files.run(2027, files)
    assert len({row["begin"] for row in rows}) == files
    assert not hostile_files.failures(rows)


def test_a_torn_mp3_says_nothing_behind_the_kernels_back():
    """libmpg123 warns on the process's own standard error, which a notebook shows in red."""
    whole = hostile_files.plain("mp3", 1, 6)
    program = (
        "import sys; from voicenb.audio.reading import read; data = sys.stdin.buffer.read()\n"
        "for one in (data[: len(data) // 2], data * 3, data + bytes(5000), b'abc' * 50 + data): read(one)"
    )
    done = subprocess.run([sys.executable, "-c", program], input=whole, capture_output=True, check=True)
    assert done.stderr == b""
