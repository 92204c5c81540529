"""Sound as bytes and samples, and the clip: every container, every broken file, every suffix."""

from __future__ import annotations

import io
import struct
import types
from decimal import Decimal

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings, strategies as st

from voicenb.audio import sound
from voicenb.audio.codec import decode, encode
from voicenb.audio.containers import is_whole, sniff
from voicenb.audio.mpeg import frame_length
from voicenb.audio.sound import AudioError
from voicenb.audio.subtitles import Segment, Subtitles, Word
from voicenb.audio.tags import Tag, tagged
from voicenb.display.embedded import compact
from voicenb.errors import InvalidRequest
from voicenb.studio.clip import Clip

RATE = 24_000
NOTE = "Synthetic voice made with voicenb (soundclone)"


def voice(seconds=1.0, rate=RATE, channels=1):
    """Something like a vowel, different in each channel."""
    times = np.arange(round(seconds * rate)) / rate
    sound = sum(np.sin(2 * np.pi * 130 * k * times) / k for k in range(1, 12)) * 0.25 * (0.6 + 0.4 * np.sin(7 * times))
    sound = sound.astype(np.float32)
    return sound if channels == 1 else np.stack([sound * 0.8**number for number in range(channels)], axis=1)


def task(**changes):
    """What a clip needs to know of a task."""
    known = {
        "id": "t1", "service": "soundclone", "voice": "ash", "text": "Welcome home, my friend.", "kind": "production",
        "parameters": {"speed": 1.1}, "cost": Decimal("0.013"), "unit": "credits", "status": "completed", "cached": False,
    }  # fmt: skip
    return types.SimpleNamespace(**(known | changes))


def with_av(form, sound=None, rate=RATE):
    """A file that libsndfile cannot write."""
    av = pytest.importorskip("av")
    sound = voice() if sound is None else sound
    codec = {
        "mp4": "aac",
        "mov": "aac",
        "m4a": "aac",
        "aac": "aac",
        "webm": "libopus",
        "mkv": "pcm_s16le",
        "avi": "pcm_s16le",
    }
    container = {"m4a": "ipod", "aac": "adts", "mkv": "matroska"}.get(form, form)
    rate = 48_000 if form == "webm" else rate
    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(codec[form], rate=rate)
        stream.layout = "mono"
        kind = "s16" if form in {"avi", "mkv"} else "fltp"
        content = np.rint(sound * 32767).astype(np.int16) if kind == "s16" else sound
        frame = av.AudioFrame.from_ndarray(content[None, :], format=kind, layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=rate, frame_size=stream.frame_size or 1024
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return target.getvalue()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg"])
def test_what_is_encoded_decodes_to_the_same(form, channels):
    """Shape, rate, length and (as far as the format allows) the samples."""
    sound = voice(channels=channels)
    data = encode(sound, RATE, form)
    assert sniff(data) == form
    samples, rate = decode(data)
    assert (samples.dtype, samples.shape, rate) == (np.float32, sound.shape, RATE)
    assert np.abs(samples - sound).max() < (0.6 / 32768 if form in {"wav", "flac"} else 0.06)


def test_a_streamed_mp3_of_varying_bit_rate_is_read_to_its_end():
    """Its beginning cannot say how long it will be, and its first frame says nothing of the bit rate of the others."""
    sound = np.concatenate([voice(4), np.zeros(2 * RATE, np.float32), voice(4)])
    whole = encode(sound, RATE, "mp3")
    first = frame_length(whole, 0)
    assert b"Xing" in whole[:first]
    samples, _ = decode(whole[first:])
    assert len(samples) == pytest.approx(len(sound), abs=2500)
    assert np.abs(samples[-len(sound) // 8 :]).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("form", ["mp3", "ogg"])
def test_long_sound_has_no_seams(form):
    """A minute and a half decodes as smoothly as a second: no block of it is torn."""
    sound = voice(90)
    samples, _ = decode(encode(sound, RATE, form))
    assert np.abs(samples - sound).max() < 0.06


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=200))
@settings(deadline=None)
def test_sixteen_bits_survive_decoding_and_encoding(values):
    """16-bit samples come out with the same numbers, the extremes too."""
    whole = np.array(values, dtype=np.int16)
    target = io.BytesIO()
    soundfile.write(target, whole, RATE, format="WAV")
    for form in ("wav", "flac"):
        data = encode(decode(target.getvalue())[0], RATE, form)
        assert soundfile.read(io.BytesIO(data), dtype="int16")[0].tolist() == values


@pytest.mark.parametrize("form", ["mp4", "mov", "m4a", "aac", "webm", "mkv", "avi"])
def test_video_and_aac_containers_decode(form):
    """What phones and recording widgets make, through PyAV; the container is told by its bytes."""
    data = with_av(form)
    assert sniff(data) == form
    samples, rate = decode(data)
    assert rate in {RATE, 48_000}
    assert samples.ndim == 1
    assert np.sqrt((samples**2).mean()) == pytest.approx(np.sqrt((voice() ** 2).mean()), rel=0.15)


def test_without_pyav_the_extra_is_named(monkeypatch):
    """A reader without the extra is told which one it is."""
    data = with_av("m4a")
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(AudioError, match=r"pip install 'voicenb\[media\]'") as caught:
        decode(data)
    assert caught.value.missing == "media"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"These are words, not sound.\n" * 50, "a text file", id="text"),
        pytest.param("Das sind Wörter. ".encode() * 60, "a text file", id="utf8"),
        pytest.param(b"<!DOCTYPE html><html>404</html>", "an HTML page", id="html"),
        pytest.param(np.zeros(999, np.int16).tobytes(), "no audio header", id="pcm-silence"),
        pytest.param(np.full(999, -1, np.int16).tobytes(), "no audio header", id="pcm-ff"),
        pytest.param(np.random.default_rng(0).integers(-9000, 9000, 9999, np.int16).tobytes(), "no audio header", id="pcm"),
        pytest.param(b"\xff\xfb\x90\x00" + bytes(500), "no audio header", id="one-sync-word"),
        pytest.param(b"RIFF\x24\0\0\0WAVE", "damaged", id="wav-head-only"),
        pytest.param(b"fLaC" + bytes(60), "damaged", id="flac-zeros"),
        pytest.param(b"OggS" + bytes(60), "damaged", id="ogg-zeros"),
        pytest.param(b"\0\0\0\x18ftypmp42" + bytes(60), "damaged", id="mp4-zeros"),
        pytest.param(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\xbb\0\0\0\x77\1\0\2\0\x10\0data\0\0\0\0", "no sound", id="no-frames"),
    ],
)  # fmt: skip
def test_what_is_not_sound_is_refused_in_words(data, words):
    """One clear error for each kind of wrong file."""
    with pytest.raises(AudioError, match=words):
        decode(data)


@pytest.mark.slow
@given(st.binary(max_size=200), st.sampled_from(["wav", "flac", "mp3", "ogg"]), st.integers(0, 400))
@settings(max_examples=150, deadline=None)
def test_damage_never_escapes_as_another_error(junk, form, at):
    """Junk anywhere in a file: samples or AudioError, nothing else."""
    data = DAMAGED[form]
    torn = data[:at] + junk + data[at + len(junk) :]
    try:
        samples, rate = decode(torn)
    except AudioError:
        return
    assert np.isfinite(samples).all()
    assert samples.size
    assert rate > 0


DAMAGED = {form: encode(voice(0.2), RATE, form) for form in ("wav", "flac", "mp3", "ogg")}


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg"])
def test_a_torn_download_gives_what_is_there(form):
    """Half a file is half the sound, or more."""
    data = encode(voice(20), RATE, form)
    samples, _ = decode(data[: len(data) // 2])
    assert 0.3 * 20 * RATE < len(samples) < 20 * RATE


def test_a_bomb_is_not_unpacked(monkeypatch):
    """What unpacks into more than the limit is refused, though its file is small."""
    monkeypatch.setattr(sound, "MAX_SAMPLES", 100_000)
    data = encode(np.zeros(110_000, np.float32), RATE, "flac")
    assert len(data) < 2000
    with pytest.raises(AudioError, match="100,000 samples"):
        decode(data)


def test_floats_that_are_no_numbers_become_silence():
    """NaN and infinity in a float file do not spread; a file of nothing else is refused."""
    sound = voice()
    sound[10:20] = np.nan
    sound[30] = np.inf
    target = io.BytesIO()
    soundfile.write(target, sound, RATE, format="WAV", subtype="FLOAT")
    samples, _ = decode(target.getvalue())
    assert np.isfinite(samples).all()
    assert not samples[10:20].any()
    target = io.BytesIO()
    soundfile.write(target, np.full(99, np.nan, np.float32), RATE, format="WAV", subtype="FLOAT")
    with pytest.raises(AudioError, match="is a number"):
        decode(target.getvalue())


def test_a_wav_from_a_stream_has_no_length_and_reads_to_its_end():
    """A header written before the length was known."""
    data = bytearray(encode(voice(), RATE, "wav"))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    assert len(decode(bytes(data))[0]) == RATE
    read = decode(tagged(bytes(data), "wav", Tag("hello")))[0]
    assert np.array_equal(read, decode(bytes(data))[0])


def test_what_cannot_be_encoded():
    """An unknown format, nothing, and more channels than mp3 has."""
    for arguments, words in (
        ((voice(), RATE, "aac"), "wav, flac, mp3, ogg"),
        ((np.zeros(0), RATE, "wav"), "not empty"),
        ((voice(channels=3), RATE, "mp3"), "two channels"),
    ):
        with pytest.raises(AudioError, match=words):
            encode(*arguments)


def test_mp3_takes_any_rate():
    """The next rate that mp3 knows, the same length."""
    samples, rate = decode(encode(voice(1, 23_000), 23_000, "mp3"))
    assert rate == 24_000
    assert len(samples) / rate == pytest.approx(1.0, abs=0.05)


def test_loud_samples_are_clipped_not_wrapped():
    """±2 is full scale, not noise."""
    samples, _ = decode(encode(np.array([2.0, -2.0, 0.5], np.float32), RATE, "wav"))
    assert samples == pytest.approx([1.0, -1.0, 0.5], abs=1e-4)


# -- the clip ----------------------------------------------------------------------------------------------------------


def test_a_clip_is_its_bytes():
    """Bytes as received; format, samples, rate and duration from them; samples cannot be spoilt by accident."""
    data = encode(voice(1.5), RATE, "flac")
    clip = Clip(data)
    assert (clip.data, clip.format, clip.rate, clip.duration) == (data, "flac", RATE, 1.5)
    assert clip.samples is clip.samples
    with pytest.raises(ValueError, match="read-only"):
        clip.samples[0] = 1


@pytest.mark.parametrize("received", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("wanted", ["wav", "flac", "mp3", "ogg", "WAV"])
def test_save_by_suffix_with_a_tag(tmp_path, received, wanted):
    """Any format into any other: same length, a tag that says it is synthetic, no other file left behind."""
    clip = Clip(encode(voice(), RATE, received), task=task(text="Grüße — 你好"))
    path = clip.save(tmp_path / "new" / f"hello.{wanted}")
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert sniff(path.read_bytes()) == wanted.lower()
    with soundfile.SoundFile(path) as file:
        assert file.frames == pytest.approx(RATE, abs=2000)
        # An ogg file that was received as ogg is left as it came.
        if not received == wanted == "ogg":
            assert (file.comment, file.title) == (NOTE, "Grüße — 你好")
            assert file.software.startswith("voicenb")


@pytest.mark.parametrize("form", ["wav", "flac", "mp3"])
def test_same_format_keeps_the_received_sound(tmp_path, form):
    """Not encoded again: the samples are the same, and saving what was saved changes nothing."""
    clip = Clip(encode(voice(), RATE, form), task=task())
    saved = Clip(clip.save(tmp_path / f"a.{form}").read_bytes(), task=task())
    assert np.array_equal(saved.samples, clip.samples)
    assert saved.save(tmp_path / f"b.{form}").read_bytes() == saved.data


def test_more_than_sixteen_bits_stay(tmp_path):
    """A 24-bit recording is saved with 24 bits."""
    clip = Clip(encode(voice(), RATE, "flac", bits=24))
    path = clip.save(tmp_path / "a.wav")
    assert soundfile.info(path).subtype == "PCM_24"
    assert np.array_equal(decode(path.read_bytes())[0], clip.samples)


def test_other_notes_in_a_file_stay():
    """A service's own title and artist are kept where ours do not replace them."""
    for form in ("wav", "flac"):
        target = io.BytesIO()
        with soundfile.SoundFile(target, "w", RATE, 1, format=form.upper()) as file:
            file.artist, file.comment = "somebody", "old"
            file.write(voice())
        with soundfile.SoundFile(io.BytesIO(tagged(target.getvalue(), form, Tag("new")))) as file:
            assert (file.artist, file.comment) == ("somebody", "new")
    artist = b"TPE1" + struct.pack(">I", 9) + b"\0\0\0somebody"
    mp3 = b"ID3\3\0\0" + bytes([0, 0, 0, len(artist) + 30]) + artist + bytes(30) + encode(voice(), RATE, "mp3")
    with soundfile.SoundFile(io.BytesIO(tagged(mp3, "mp3", Tag("new")))) as file:
        assert (file.artist, file.comment) == ("somebody", "new")


@pytest.mark.parametrize("name", ["clip.txt", "clip", "clip.aac", ".wav"])
def test_an_unknown_suffix_writes_nothing(tmp_path, name):
    """It names the suffixes there are."""
    with pytest.raises(InvalidRequest, match=r"\.wav, \.flac, \.mp3, \.ogg"):
        Clip(encode(voice(), RATE, "wav")).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file(tmp_path):
    """mp3 cannot hold five channels: the error says so, and what was there is there."""
    old = tmp_path / "a.mp3"
    old.write_bytes(b"old")
    with pytest.raises(InvalidRequest, match="two channels"):
        Clip(encode(voice(channels=5), RATE, "wav")).save(old)
    assert old.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_audio_is_not_normalised():
    """IPython plays the bytes themselves."""
    data = encode(voice() * 0.01, RATE, "mp3")
    player = Clip(data).audio()
    assert (player.data, player.mimetype) == (data, "audio/mpeg")


def test_repr_is_short_and_says_what_it_is():
    """One line, also for bytes that are none."""
    assert repr(Clip(encode(voice(2.405), RATE, "wav"), task=task())) == (
        "<Clip 2.40 s · wav · 24 kHz · voice ash · 'Welcome home, my friend.'>"
    )
    assert "not audio" in repr(Clip(b"junk"))
    assert set(Clip(b"junk")._repr_mimebundle_()) == {"text/plain"}


def test_compact_is_small_and_the_same_sound():
    """An eighth of the WAV at 24 kHz, the same length, close to it in level; small mp3 is taken as it came."""
    sound = voice(12)
    data = encode(sound, RATE, "wav")
    small, mime = compact(sound, RATE, data=data, form="wav")
    assert mime == "audio/mpeg"
    assert len(small) * 8 < len(data)
    back, _ = decode(small)
    assert len(back) == pytest.approx(len(sound), abs=2500)
    assert np.sqrt((back**2).mean()) == pytest.approx(np.sqrt((sound**2).mean()), rel=0.05)
    assert compact(back, RATE, data=small, form="mp3") == (small, "audio/mpeg")
    assert compact(np.zeros(RATE * 700, np.float32), RATE)[0] is None


def test_plot_draws_everything_on_one_axis(recwarn):
    """Four pictures and the words share their time; Chinese words do not warn; it shows itself as PNG."""
    pytest.importorskip("matplotlib")
    words = tuple(
        Word(text, 0.2 * number, 0.2 * number + 0.2) for number, text in enumerate(["Hello", "你好", "$x$", "مرحبا"])
    )
    clip = Clip(encode(voice(), RATE, "wav"), subtitles=Subtitles((Segment("Hello", 0, 1, words),)), task=task())
    figure = clip.plot()
    assert len(figure.axes) == 5
    assert {axis.get_xlim() for axis in figure.axes} == {(0.0, 1.0)}
    assert "Hello" in [text.get_text() for text in figure.axes[4].texts]
    picture, told = figure._repr_png_()
    assert picture.startswith(b"\x89PNG")
    assert told == {"alt": "ash · speed 1.1: amplitude, F0 (Hz), LUFS, kHz over time (s)"}
    assert len(Clip(encode(np.zeros(3000, np.float32), RATE, "wav")).plot().axes) == 4
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_a_file_that_ends_before_its_header_says_so_is_not_whole(form):
    data = encode(0.1 * np.sin(np.arange(48_000) * 0.05), 24_000, form)
    assert is_whole(data)
    assert not is_whole(data[: len(data) * 2 // 3])
    assert is_whole(b"")
