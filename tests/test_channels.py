"""Which channel is heard, and what full scale numbers mean: the same everywhere."""

import base64
import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings, strategies as st

import voicenb as vn
from voicenb.audio.channels import mixed
from voicenb.audio.codec import decode, encode
from voicenb.display.embedded import compact
from voicenb.measures import f0_track, voice_activity
from voicenb.services.soundclone import SoundClone

RATE = 16_000
RULES = SoundClone.profile.reference


@pytest.fixture(scope="module")
def spoken(request):
    """Speech of one channel: a sample speaker's, or, without the sandbox, a buzz that comes and goes."""
    time = np.arange(20 * RATE) / RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20))
    gate = (np.sin(2 * np.pi * 0.9 * time) > -0.6) * np.clip(np.sin(2 * np.pi * 3.1 * time) + 1.2, 0, 2)
    return (0.08 * buzz * gate).astype(np.float32)


def wav(samples, **options):
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="WAV", **options)
    return file.getvalue()


def table(reference):
    return reference.check(RULES).set_index("rule")


LAYOUTS = {
    "inverted": lambda s: np.stack([s, -s], axis=1),
    "inverted, one side louder": lambda s: np.stack([0.5 * s, -0.6 * s], axis=1),
    "fourth of six": lambda s: np.stack([0 * s, 0 * s, 0 * s, s, 0 * s, 0 * s], axis=1),
    "right only": lambda s: np.stack([0 * s, s], axis=1),
    "three, of which two cancel": lambda s: np.stack([s, -s, 0 * s], axis=1),
    "an offset on the other side": lambda s: np.stack([s, 0 * s + 0.4], axis=1),
    "sixteen, one of them spoken": lambda s: np.stack([*[0 * s] * 11, s, *[0 * s] * 4], axis=1),
}


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_speech_is_found_measured_shown_and_prepared_on_whichever_channel_it_is(spoken, layout):
    sound = layout(spoken)
    alone = vn.Reference(wav(spoken))
    found = vn.Reference(wav(sound))
    assert found.spoken == pytest.approx(alone.spoken, abs=0.1)
    rows, wanted = table(found), table(alone)
    assert rows.loc["speech", "severity"] == wanted.loc["speech", "severity"]
    assert "silence" not in rows.loc["level", "found"]
    assert float(rows.loc["level", "found"].split()[0].replace("−", "-")) == pytest.approx(
        float(wanted.loc["level", "found"].split()[0].replace("−", "-")), abs=7
    )
    assert "is used" in rows.loc["channels", "found"]
    assert len(voice_activity(sound, RATE).segments)
    assert np.isfinite(f0_track(sound, RATE)[1]).any()
    small, _ = compact(sound, RATE)
    assert np.abs(decode(small)[0]).max() > 0.02
    prepared = found.prepare(RULES)
    assert prepared.spoken == pytest.approx(alone.spoken, abs=0.2)
    assert any("taken" in change for change in prepared.changes)


def test_a_shared_recording_in_stereo_is_still_mixed(spoken):
    noise = np.random.default_rng(1).normal(0, 0.001, len(spoken)).astype(np.float32)
    sound = np.stack([spoken, 0.8 * spoken + noise], axis=1)
    assert mixed(sound)[1] is None
    assert "mixes it to mono" in table(vn.Reference(wav(sound))).loc["channels", "fix"]


@settings(max_examples=80, deadline=None)
@given(
    channels=st.integers(1, 8), seed=st.integers(0, 2**31), gains=st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=8, max_size=8)
)  # fmt: skip
def test_what_is_heard_is_never_far_below_the_loudest_channel(channels, seed, gains):
    source = np.random.default_rng(seed).normal(0, 0.1, 4000)
    sound = np.stack([gain * source for gain in gains[:channels]], axis=1).astype(np.float32)
    loudest = max(float(np.square(channel).mean()) for channel in sound.T)
    heard, number = mixed(sound)
    assert float(np.square(heard).mean()) >= 0.29 * loudest
    assert number is None or float(np.square(sound[:, number]).mean()) == pytest.approx(loudest)


@pytest.fixture(scope="module")
def whole(spoken):
    return np.round(spoken * 32768).astype(np.int16)


FORMS = {
    "list of ints": lambda w: w.tolist(),
    "int64": lambda w: w.astype(np.int64),
    "int32 with 16 bits": lambda w: w.astype(np.int32),
    "int32": lambda w: w.astype(np.int32) * 65536,
    "int64 with 24 bits": lambda w: w.astype(np.int64) * 256,
    "int64 with 32 bits": lambda w: w.astype(np.int64) * 65536,
    "uint16": lambda w: (w.astype(np.int32) + 32768).astype(np.uint16),
    "uint32 with 16 bits": lambda w: (w.astype(np.int64) + 32768).astype(np.uint32),
    "big endian": lambda w: w.astype(">i2"),
    "half floats": lambda w: (w / 32768).astype(np.float16),
    "list of floats": lambda w: (w / 32768).tolist(),
    "list of rows": lambda w: [[int(one)] for one in w],
    "tuple": lambda w: tuple(w.tolist()),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("first", [True, False], ids=["samples first", "rate first"])
def test_numbers_keep_their_level_whatever_holds_them(spoken, whole, form, first):
    numbers = form(whole)
    found = vn.Reference((numbers, RATE) if first else (np.int64(RATE), numbers))
    assert found.samples.shape == spoken.shape
    assert np.abs(found.samples - spoken).max() < 0.002


@pytest.mark.parametrize("scale", [1, 256, 65536, 1e-3 * 32768])
def test_floats_of_another_scale_are_brought_to_full_scale_and_it_is_said(spoken, whole, scale):
    found = vn.Reference((whole.astype(np.float64) * scale, RATE))
    assert np.corrcoef(found.samples, spoken)[0, 1] > 0.9999
    assert 1e-4 < np.abs(found.samples).max() <= 1
    assert any("whole numbers" in change for change in found.changes)


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ([], "shape"),
        ([[]], "shape"),
        (np.full(100, None, dtype=object), "object"),
        (np.zeros(100, dtype=bool), "bool"),
        (np.zeros(100, dtype=complex), "complex"),
        (["a", "b"], "numbers"),
        ([[1, 2], [3]], "numbers"),
        (None, "rate|numbers"),
        (np.zeros((10, 2, 2)), "shape"),
        (np.zeros(100, dtype="datetime64[s]"), "datetime64"),
    ],
)
def test_what_are_no_samples_is_refused_by_name(samples, said):
    with pytest.raises(vn.BadReference, match=said):
        vn.Reference((samples, RATE))


def test_numbers_that_are_none_become_silence(spoken):
    broken = spoken.astype(np.float64)
    broken[:100], broken[100:200], broken[200] = np.nan, np.inf, 1e300
    assert np.isfinite(vn.Reference((broken, RATE)).samples).all()


def test_a_float_file_in_the_range_of_integers_is_scaled_and_said(whole, spoken):
    loud = wav(whole.astype(np.float32), subtype="FLOAT")
    found = vn.Reference(loud)
    assert np.abs(found.samples - spoken).max() < 1e-3
    assert "file" in table(found).index
    assert table(found).loc["clipping", "severity"] == "ok"
    # What is sent is what was measured.
    assert np.abs(decode(found.payload(RULES)[1])[0] - spoken).max() < 1e-3


def test_a_hot_float_mix_is_left_as_it_is(spoken):
    hot = vn.Reference(wav(spoken * 6, subtype="FLOAT"))
    assert hot.changes == []


def test_what_was_just_written_is_read_from_its_start(spoken, tmp_path):
    memory = io.BytesIO()
    soundfile.write(memory, spoken, RATE, format="WAV")
    assert memory.tell() > 0
    assert vn.Reference(memory).samples.shape == spoken.shape
    path = tmp_path / "a.wav"
    with path.open("w+b") as file:
        file.write(wav(spoken))
        assert vn.Reference(file).name == "a"
    with path.open("rb") as file:
        pass
    with pytest.raises(vn.BadReference, match=r"closed|cannot be read"):
        vn.Reference(file)
    with path.open("ab") as file, pytest.raises(vn.BadReference, match="cannot be read"):
        vn.Reference(file)


def test_players_data_urls_and_copied_paths_are_recordings(spoken, tmp_path):
    from IPython.display import Audio

    data = wav(spoken)
    path = tmp_path / "it's me.wav"
    path.write_bytes(data)
    address = "data:audio/wav;base64," + base64.b64encode(data).decode()
    for source in (
        Audio(data=data),
        Audio(filename=str(path)),
        Audio(data=spoken, rate=RATE, normalize=False),
        address,
        address.replace("+", "%2B").replace("base64,", "base64,\n"),
        f'"{path}"',
        f"'{path}'",
        f" {path}\n",
        f"\u201c{path}\u201d",
        encode(spoken, RATE, "flac"),
        memoryview(data),
        np.bytes_(data),
    ):
        assert vn.Reference(source).duration == pytest.approx(20)
    assert vn.Reference(Audio(url="https://example.com/a.wav")).url == "https://example.com/a.wav"
    for bad in ("data:,", "data:audio/wav;base64,@@@@", "data:audio/wav;base64,AAAA", Audio(data=b"nonsense")):
        with pytest.raises(vn.BadReference):
            vn.Reference(bad)


def test_a_quoted_name_is_a_file_where_there_is_one(spoken, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "'odd'.wav").write_bytes(wav(spoken[: 4 * RATE]))
    assert vn.Reference("'odd'.wav").duration == pytest.approx(4)
    with pytest.raises(vn.BadReference, match="cannot be read"):
        vn.Reference("~nosuchuser/me.wav")
    with pytest.raises(vn.BadReference):
        vn.Reference("a\x00b.wav")


def test_the_header_of_a_wave_file_with_odd_channel_masks_is_no_matter(spoken):
    """WAVE_FORMAT_EXTENSIBLE with a mask of another number of speakers than there are channels."""
    data = bytearray(wav(np.stack([spoken, -spoken, spoken * 0], axis=1), subtype="PCM_16"))
    at = data.find(b"fmt ")
    if struct.unpack_from("<I", data, at + 4)[0] >= 40:
        struct.pack_into("<I", data, at + 28, 0xFFFFFFFF)
    assert vn.Reference(bytes(data)).spoken > 10
