"""The clone follows its reference, and the controls do what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.engine.conftest import SPEECH, heard, semitones
from voicenb.sandbox.engine.errors import EngineError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pyloudnorm")


@pytest.fixture(
    scope="session", params=[pytest.param("2414", marks=pytest.mark.slow, id="male"), pytest.param("1998", id="female")]
)
def person(request, engine, tmp_path_factory):
    """A real person's profile, and their recording's measurements."""
    path = SPEECH / f"librispeech-{request.param}-reference.flac"
    if not path.exists():
        pytest.skip("the recordings are not beside the checkout")
    import soundfile

    folder = tmp_path_factory.mktemp("person")
    answer = engine.enrol(path, folder / "voice.npz")
    samples, rate = soundfile.read(path)
    from scipy.signal import resample_poly

    soundfile.write(folder / "reference.wav", resample_poly(samples, 24_000, rate), 24_000)
    return folder / "voice.npz", heard(answer, folder / "reference.wav")


@pytest.fixture(scope="session")
def enrolled_samples(engine, sample_recordings, tmp_path_factory):
    """Each sample speaker's profile and measurements."""
    folder = tmp_path_factory.mktemp("profiles")
    return {
        name: (folder / f"{name}.npz", heard(engine.enrol(path, folder / f"{name}.npz"), path))
        for name, path in sample_recordings.items()
    }


@pytest.fixture
def ada(enrolled_samples):
    """A sample speaker's profile and measurements."""
    return enrolled_samples["ada"]


def distance(one, other) -> float:
    """dB between two mean envelopes."""
    return float(np.sqrt(np.mean((one.spectrum - other.spectrum) ** 2)))


def tracked(spoke) -> np.ndarray:
    """F0 in Hz by a tracker that the engine does not use."""
    import pyworld

    f0, _ = pyworld.harvest(spoke.samples, 24_000, f0_floor=45, f0_ceil=800, frame_period=12.5)
    return f0


@pytest.mark.slow
def test_clone_has_the_references_pitch_and_spectrum(spoken, person):
    """A clone lies within 1 semitone and 2 dB of the person, and nearer than the engine's own voice."""
    profile, reference = person
    clone, neutral = spoken(profile=profile), spoken()
    assert abs(semitones(clone.f0, reference.f0)) < 1
    assert distance(clone, reference) < min(2.0, distance(neutral, reference))


@pytest.mark.slow
def test_sample_speaker_is_unlike_the_engine_and_can_be_cloned(spoken, ada):
    """Ada is far from the engine's own voice; her clone is near her."""
    profile, reference = ada
    assert 18 < reference.spoken_seconds < 40
    clone, neutral = spoken(profile=profile), spoken()
    assert abs(semitones(neutral.f0, reference.f0)) > 2
    assert abs(semitones(clone.f0, reference.f0)) < 1
    assert distance(clone, reference) < 0.5 * distance(neutral, reference)


@pytest.mark.slow
def test_likeness_is_the_share_of_the_timbre(spoken, ada):
    """The less of the timbre is taken over, the further the clone lies from the reference; the pitch is hers all along."""
    profile, reference = ada
    clones = [spoken(profile=profile, likeness=share) for share in (1, 0.5, 0)]
    distances = [distance(clone, reference) for clone in clones]
    assert distances == sorted(distances)
    assert all(abs(semitones(clone.f0, reference.f0)) < 1 for clone in clones)


@pytest.mark.slow
def test_profile_tells_speakers_apart(spoken, enrolled_samples):
    """The clone of each sample speaker lies nearest to its own reference."""
    for name, (profile, _) in enrolled_samples.items():
        clone = spoken(profile=profile)
        assert min(enrolled_samples, key=lambda other: distance(clone, enrolled_samples[other][1])) == name


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(speed=st.floats(0.5, 2))
def test_speed_divides_the_length(spoken, speed):
    """The length at any speed is the plain length divided by it, within 2 %."""
    assert spoken(speed=speed).seconds == pytest.approx(spoken().seconds / speed, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("pitch", [-12, -5, 3, 12])
def test_pitch_moves_f0_and_leaves_formants(spoken, ada, pitch):
    """Median F0 moves by the semitones asked for; the mean envelope stays.

    The first one takes long: it loads the engine, and makes the speaker's profile.
    """
    profile, _ = ada
    plain, moved = spoken(profile=profile), spoken(profile=profile, pitch=pitch)
    before, after = tracked(plain), tracked(moved)
    both = (before > 0) & (after > 0)
    assert np.median(12 * np.log2(after[both] / before[both])) == pytest.approx(pitch, abs=0.3)
    assert distance(moved, plain) < 4


@pytest.mark.parametrize("volume", [0.1, 0.5, 2])
def test_volume_is_a_gain(spoken, volume):
    """Volume changes loudness by its decibels, from −23 LUFS at 1."""
    assert spoken(volume=volume).loudness == pytest.approx(-23 + 20 * np.log10(volume), abs=0.5)


def test_the_loudest_volume_does_not_clip(spoken):
    """At volume 10 true peaks stay below full scale, and speech is louder still."""
    from scipy.signal import resample_poly

    loud = spoken(volume=10)
    assert np.abs(resample_poly(loud.samples, 4, 1)).max() < 0.95
    assert loud.loudness > -12


@pytest.mark.parametrize("seconds", [0.01, 0.4, 3.0])
def test_pauses_are_exact(spoken, seconds):
    """`<#x#>` leaves x seconds of silence between the words, to 10 ms, at any speed."""
    for speed in (0.8, 1.5):
        spoke = spoken(f"Welcome home. <#{seconds}#> My friend, come in.", speed=speed)
        quiet = np.abs(spoke.samples) < 1e-4
        edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(int), [0]])))
        silences = (edges[1::2] - edges[::2]) / 24_000
        assert np.min(np.abs(silences - seconds)) <= 0.01


def test_emotions_differ_measurably(spoken):
    """Each emotion moves pitch, its range, pace or loudness the way its preset says."""
    neutral = spoken()
    takes = {name: spoken(emotion=name) for name in ("happy", "sad", "angry", "fearful", "disgusted", "surprised")}
    assert takes["happy"].f0 > neutral.f0 * 1.1
    assert takes["happy"].spread > neutral.spread * 1.2
    assert takes["sad"].f0 < neutral.f0 * 0.92
    assert takes["sad"].seconds > neutral.seconds * 1.1
    assert takes["sad"].loudness < neutral.loudness - 3
    assert takes["angry"].loudness > neutral.loudness + 3
    assert takes["angry"].seconds < neutral.seconds * 0.95
    assert takes["fearful"].f0 > neutral.f0 * 1.15
    assert takes["disgusted"].f0 < neutral.f0 * 0.97
    assert takes["surprised"].spread > neutral.spread * 1.35


@pytest.mark.slow
def test_emotions_blend(spoken):
    """Half an emotion lies between none and the whole."""
    none, half, whole = spoken(), spoken(emotion={"joy": 0.5}), spoken(emotion={"joy": 1.0})
    assert none.f0 < half.f0 < whole.f0
    assert none.seconds > half.seconds > whole.seconds


def test_unknown_emotion_is_named(spoken):
    with pytest.raises(EngineError, match="bored"):
        spoken(emotion="bored")


@pytest.mark.slow
def test_words_are_timed_where_the_energy_is(spoken, ada):
    """Words follow each other in order, speech is loud inside them and quiet in the pause between sentences."""
    profile, _ = ada
    text = "Kick the ball. Stop!"
    spoke = spoken(text, profile=profile)
    assert [word["text"] for word in spoke.words] == ["Kick", "the", "ball.", "Stop!"]
    assert [text[word["begin"] : word["end_at"]] for word in spoke.words] == ["Kick", "the", "ball.", "Stop!"]
    times = [time for word in spoke.words for time in (word["start"], word["end"])]
    assert times == sorted(times)
    assert times[-1] <= spoke.seconds

    def level(start: float, end: float) -> float:
        return float(np.sqrt(np.mean(spoke.samples[int(start * 24_000) : int(end * 24_000)] ** 2)))

    pause = level(spoke.words[2]["end"] + 0.05, spoke.words[3]["start"] - 0.05)
    assert all(level(word["start"], word["end"]) > 10 * pause for word in spoke.words)
    assert [sentence["text"] for sentence in spoke.sentences] == ["Kick the ball.", "Stop!"]


def test_offsets_refer_to_the_text_as_given(spoken):
    """Pause marks, figures, markup and odd spaces do not shift the words' offsets."""
    text = "  Dr. Smith paid <#0.3#> $12.50\n at 7:05pm for [bread](/x/), didn't he? "
    spoke = spoken(text)
    assert all(text[word["begin"] : word["end_at"]] == word["text"] for word in spoke.words)
    assert [word["text"] for word in spoke.words] == text.replace("<#0.3#>", "").split()


def test_seed_decides_the_samples(spoken):
    """The same request and seed give the same samples; another seed other noise."""
    one, same, other = spoken(seed=1), spoken(seed=1), spoken(seed=2)
    assert np.array_equal(one.samples, same.samples)
    assert not np.array_equal(one.samples, other.samples)
    assert one.seconds == other.seconds


def test_mp3_lasts_as_long_as_wav(spoken):
    """Both formats hold the same speech."""
    assert spoken(suffix=".mp3").samples.size == pytest.approx(spoken().samples.size, rel=0.03)


@pytest.mark.parametrize("text", ["...", "😀 — !", " \n "])
def test_nothing_to_speak_is_an_error(spoken, text):
    """Text without a letter or digit is refused, not silence."""
    with pytest.raises(EngineError, match="nothing to speak"):
        spoken(text)


def test_unreadable_script_is_named(spoken):
    """Words in a script the engine cannot read are named."""
    with pytest.raises(EngineError, match="გამარჯობა"):
        spoken("Hello გამარჯობა friend.")


def test_no_clicks_between_sentences(spoken):
    """After every silence speech fades in: no sample jumps out of it."""
    samples = spoken("One. Two. Three <#0.2#> four.").samples
    loud = np.flatnonzero(np.abs(samples) > 1e-4)
    first = loud[1:][np.diff(loud) > 2400]
    assert len(first) == 3
    assert max(np.abs(np.diff(samples[start - 2 : start + 12])).max() for start in first) < 0.01


@pytest.mark.slow
def test_described_voices(spoken):
    """A described person has the pitch and formants of one; manners add to it."""
    man, woman, child = spoken(describe="male, middle-aged"), spoken(describe="female"), spoken(describe="child")
    assert man.f0 < 130 < woman.f0 < 240 < child.f0
    assert spoken(describe="male, very low pitch").f0 < man.f0 * 0.8
    assert spoken(describe="please speak slowly").seconds > spoken().seconds * 1.1


def test_whisper_has_no_voice(spoken, ada):
    """A whisper is heard, without pitch, in the engine's own and in a cloned voice."""
    profile, _ = ada
    for voice in (None, profile):
        whisper, plain = spoken(describe="whisper", profile=voice), spoken(profile=voice)
        assert whisper.voicing < 0.4 * plain.voicing
        assert -34 < whisper.loudness < -26


@pytest.mark.slow
def test_stability_is_how_alike_takes_are(spoken):
    """Takes of different seeds differ in length the more the lower the stability; at 1 not at all."""

    def lengths(stability):
        return np.std([spoken(seed=seed, stability=stability).seconds for seed in range(5)])

    assert lengths(1.0) == 0
    assert lengths(0.0) > lengths(0.7) > 0


def test_compact_mode_shortens_the_gaps(spoken):
    """With 100 ms at most between sentences the speech gets shorter, and no word is lost."""
    text = "One sentence. Another one. A third."
    plain, compact = spoken(text), spoken(text, compact_ms=100)
    assert plain.seconds - compact.seconds == pytest.approx(2 * (0.35 - 0.1), abs=0.01)
    assert len(plain.words) == len(compact.words)


def test_leading_and_trailing_pauses_are_kept(spoken):
    """Pauses at either end of a text are silence at either end of the speech."""
    samples = spoken("<#1#> Hello. <#0.5#>").samples
    assert not samples[: 24_000 - 240].any()
    assert not samples[-12_000 + 240 :].any()
