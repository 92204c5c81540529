"""Enrolment takes what it can and says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from voicenb.sandbox.engine.errors import EngineError


@pytest.fixture(scope="module")
def voice_of_ada(sample_recordings):
    """Ada's samples at 24 kHz."""
    return soundfile.read(sample_recordings["ada"])[0]


@pytest.fixture(scope="module")
def voice_of_bruno(sample_recordings):
    """Bruno's samples at 24 kHz."""
    return soundfile.read(sample_recordings["bruno"])[0]


@pytest.fixture
def enrolled(engine, tmp_path):
    """Enrols samples from a file of some format."""

    def enrol(samples, rate=24_000, suffix=".wav", **how):
        path = tmp_path / f"recording{suffix}"
        soundfile.write(path, samples, rate, **how)
        return engine.enrol(path, tmp_path / "voice.npz")

    return enrol


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_formats(enrolled, voice_of_ada, suffix):
    """The same voice is found in every format."""
    answer = enrolled(voice_of_ada[: 24_000 * 6], suffix=suffix)
    assert answer["f0"] == pytest.approx(245, rel=0.05)
    assert answer["seconds"] == pytest.approx(6, abs=0.1)


def test_container_formats_need_the_media_extra(engine, voice_of_ada, tmp_path):
    """An m4a is read where PyAV is installed."""
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "ada.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=24_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(
            voice_of_ada[None, : 24_000 * 5].astype(np.float32), format="fltp", layout="mono"
        )
        frame.rate = 24_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert engine.enrol(tmp_path / "ada.m4a", tmp_path / "voice.npz")["f0"] == pytest.approx(245, rel=0.08)


def test_spoken_seconds_leave_silence_out_and_pauses_in(enrolled, voice_of_ada):
    """From the first to the last speech: silence around it does not count, a pause inside does."""
    speech = voice_of_ada[12_000 : 12_000 + 24_000 * 4]
    quiet = np.zeros(24_000 * 3)
    answer = enrolled(np.concatenate([quiet, speech, quiet, speech, quiet]))
    assert answer["seconds"] == pytest.approx(17, abs=0.01)
    assert answer["spoken_seconds"] == pytest.approx(11, abs=0.5)


@pytest.mark.parametrize("noise", [1e-4, 1e-3, 5e-3])
def test_spoken_seconds_stand_noise(enrolled, voice_of_ada, noise):
    """A noise floor changes the length found by less than half a second."""
    samples = np.concatenate([np.zeros(48_000), voice_of_ada[: 24_000 * 8], np.zeros(48_000)])
    clean = enrolled(samples)["spoken_seconds"]
    noisy = enrolled(samples + np.random.default_rng(0).normal(0, noise, len(samples)))["spoken_seconds"]
    assert noisy == pytest.approx(clean, abs=0.5)


@pytest.mark.slow
def test_defects_are_reported_not_fatal(enrolled, voice_of_ada):
    """Clipping, noise and narrow band each give a warning; a clean recording none."""
    from scipy.signal import resample_poly

    clean = voice_of_ada[: 24_000 * 10]
    assert enrolled(clean)["warnings"] == []
    assert any("clipp" in line for line in enrolled(np.clip(clean * 20, -1, 1))["warnings"])
    noisy = clean + np.random.default_rng(0).normal(0, 0.03, len(clean))
    assert any("noise" in line for line in enrolled(noisy)["warnings"])
    narrow = resample_poly(clean, 1, 3)
    assert any("narrow" in line for line in enrolled(narrow, 8_000)["warnings"])


def test_two_speakers_are_noticed(enrolled, voice_of_ada, voice_of_bruno):
    """A man after a woman is reported."""
    answer = enrolled(np.concatenate([voice_of_ada[: 24_000 * 8], voice_of_bruno[: 24_000 * 8]]))
    assert any("two speakers" in line for line in answer["warnings"])


@pytest.mark.parametrize(
    ("samples", "match"),
    [
        pytest.param(np.zeros(24_000), "silent", id="silence"),
        pytest.param(np.zeros(0), "empty", id="empty"),
        pytest.param(np.random.default_rng(0).normal(0, 0.1, 48_000), "no voice", id="noise"),
    ],
)
def test_no_voice_is_an_error(enrolled, samples, match):
    with pytest.raises(EngineError, match=match):
        enrolled(samples)


def test_no_audio_is_an_error(engine, tmp_path):
    """A text file named .wav is refused."""
    (tmp_path / "text.wav").write_text("not audio")
    with pytest.raises(EngineError, match="recording"):
        engine.enrol(tmp_path / "text.wav", tmp_path / "voice.npz")


@pytest.mark.slow
def test_profile_holds_no_recording(enrolled, voice_of_ada, tmp_path):
    """The profile is far smaller than the recording, and none of its arrays has a sample's length."""
    enrolled(voice_of_ada)
    with np.load(tmp_path / "voice.npz") as profile:
        assert all(array.shape == () or len(array) < len(voice_of_ada) / 250 for array in profile.values())


def test_damaged_profile_is_an_error(spoken, tmp_path):
    (tmp_path / "voice.npz").write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(EngineError, match="profile"):
        spoken(profile=tmp_path / "voice.npz")


@pytest.mark.slow
def test_pitch_is_found_without_its_fundamental(enrolled, voice_of_bruno):
    """Telephone speech lacks the lowest partials; its pitch is found nevertheless."""
    from scipy.signal import butter, resample_poly, sosfiltfilt

    whole = enrolled(voice_of_bruno)["f0"]
    band = sosfiltfilt(butter(4, [300, 3400], "band", fs=24_000, output="sos"), voice_of_bruno)
    assert enrolled(resample_poly(band, 1, 3), 8_000)["f0"] == pytest.approx(whole, rel=0.06)
