"""The reference: where it comes from, what the doctor says, what preparing mends."""

from __future__ import annotations

import hashlib
import io
import threading
import types
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings, strategies as st

from voicenb.audio.codec import decode, encode
from voicenb.errors import BadReference
from voicenb.measures import loudness, sample_peak
from voicenb.services.base import ReferenceRules
from voicenb.studio.clip import Clip
from voicenb.studio.recording_checks import examine, fix_by
from voicenb.studio.reference import Reference

RULES = ReferenceRules(
    service="soundclone",
    formats=("mp3", "ogg", "wav", "m4a", "aac", "mp4"),
    upload_formats=("mp3", "ogg", "wav", "m4a", "aac", "mp4", "flac"),
    min_seconds=15.0,
    max_seconds=60.0,
    max_bytes=100 * 10**6,
    url_rule="a public http(s) URL",
)
RATE = 16_000


def spoken(seconds, *, lead=0.5, tail=0.5, rate=RATE, seed=0):
    """Something the doctor takes for speech: `seconds` from its first to its last syllable, between quiet ends."""
    times = np.arange(round(seconds * rate)) / rate
    sound = sum(np.sin(2 * np.pi * 120 * k * times) / k for k in range(1, 12)) * 0.2
    # A quarter of a second of pause every two seconds, but none where it ends.
    sound[(times % 2 > 1.7) & (times < seconds - 0.3)] = 0
    sound = np.concatenate([np.zeros(round(lead * rate)), sound, np.zeros(round(tail * rate))])
    return (sound + np.random.default_rng(seed).normal(0, 2e-4, len(sound))).astype(np.float32)


def row(reference, rule, rules=RULES):
    frame = reference.check(rules).set_index("rule")
    return frame.loc[rule]


@pytest.fixture(scope="module")
def wav():
    return encode(spoken(20), RATE, "wav")


# -- where it comes from ---------------------------------------------------------------------------------------------


def test_every_source_gives_the_same_recording(tmp_path, wav):
    """A path, bytes, a buffer, an open file, a widget of either version, a clip, another reference: same bytes, same hash."""
    path = tmp_path / "me.wav"
    path.write_bytes(wav)
    upload = {"name": "me.wav", "type": "audio/wav", "size": len(wav), "content": memoryview(wav)}
    recorder = types.SimpleNamespace(audio=types.SimpleNamespace(value=memoryview(wav)))
    sources = [
        str(path), path, f"file://{path}", wav, bytearray(wav), memoryview(wav), io.BytesIO(wav), Clip(wav),
        types.SimpleNamespace(value=(upload,)), types.SimpleNamespace(value={"me.wav": {"content": wav}}), (upload,),
        types.SimpleNamespace(value=recorder.audio), Reference(wav),
    ]  # fmt: skip
    for source in sources:
        reference = Reference(source)
        assert reference.data == wav, source
        assert reference.hash == hashlib.sha256(wav).hexdigest()
    with path.open("rb") as file:
        assert Reference(file).name == "me"
    assert Reference(path).name == Reference((upload,)).name == "me"
    assert Reference(path, name="ash", consent="my own").consent == "my own"


def test_bytes_are_read_once(tmp_path, wav):
    """The file may change or go: the reference is what was read."""
    path = tmp_path / "me.wav"
    path.write_bytes(wav)
    reference = Reference(path)
    path.unlink()
    assert reference.data == wav
    assert reference.duration == pytest.approx(21)


def test_home_and_relative_paths(tmp_path, monkeypatch, wav):
    """~ is the home folder."""
    (tmp_path / "me.wav").write_bytes(wav)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert Reference("~/me.wav").data == Reference(Path("~/me.wav")).data == wav


@pytest.mark.parametrize("kind", ["float32", "float64", "int16", "int32", "uint8"])
@pytest.mark.parametrize("swapped", [False, True])
def test_arrays_of_any_kind_in_either_order(kind, swapped):
    """librosa's and SciPy's order and number types are one recording."""
    sound = spoken(1)
    scale = {"int16": 2**15, "int32": 2**31, "uint8": 128}.get(kind, 1)
    array = (sound.astype(float) * scale + (128 if kind == "uint8" else 0)).astype(kind)
    pair = (RATE, array) if swapped else (array, np.int64(RATE))
    reference = Reference(pair)
    assert (reference.rate, reference.channels, reference.format) == (RATE, 1, "wav")
    assert np.abs(reference.samples - sound).max() < (0.02 if kind == "uint8" else 1e-4)
    assert reference.changes == []


def test_floats_beyond_full_scale_are_scaled_and_it_is_said():
    """16-bit numbers given as floats keep their level; others come down to full scale."""
    reference = Reference((spoken(1) * 32768, RATE))
    assert sample_peak(reference.samples) == pytest.approx(sample_peak(spoken(1)), abs=0.01)
    assert "whole numbers of 16 bits" in reference.changes[0]
    reference = Reference((spoken(1) * 8, RATE))
    assert sample_peak(reference.samples) == pytest.approx(-0.09, abs=0.05)
    assert "scaled from a peak" in reference.changes[0]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("gone/me.wav", "no file gone", id="missing"),
        pytest.param(b"", "empty", id="empty-bytes"),
        pytest.param("ftp://example.org/me.wav", "ftp:// addresses are not read", id="ftp"),
        pytest.param((np.zeros((2, 9000)), RATE), r"samples\.T", id="transposed"),
        pytest.param((np.zeros(0), RATE), "of the shape", id="no-samples"),
        pytest.param((spoken(1), 10), "between 1,000 and 768,000", id="rate"),
        pytest.param((spoken(1), None), "between 1,000 and 768,000", id="no-rate"),
        pytest.param((np.array(["a", "b"]), RATE), "needs numbers", id="strings"),
        pytest.param(io.StringIO("RIFF"), "mode 'rb'", id="text-mode"),
        pytest.param(types.SimpleNamespace(value=()), "Nothing was recorded", id="empty-widget"),
        pytest.param(types.SimpleNamespace(value=b""), "Nothing was recorded", id="empty-recorder"),
        pytest.param(None, "is no recording", id="none"),
        pytest.param(7, "is no recording", id="number"),
        pytest.param("me\0.wav", "cannot be read", id="nul"),
    ],
)  # fmt: skip
def test_what_is_no_recording_says_why(source, words):
    """One typed error each, with what to give instead."""
    with pytest.raises(BadReference, match=words):
        Reference(source)


def test_files_that_are_no_recordings(tmp_path):
    """A folder, an empty file, a text named .wav, a torn header: the message names the file."""
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("hello " * 100)
    (tmp_path / "torn.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    for name, words in (
        ("", "is a folder"),
        ("empty.wav", r"empty\.wav is empty"),
        ("text.wav", r"text\.wav: a text file is not audio"),
        ("torn.wav", r"torn\.wav: .*damaged"),
    ):
        with pytest.raises(BadReference, match=words):
            Reference(tmp_path / name)


# -- URLs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(wav):
    """A web server on loopback with one recording and one page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = {"/me.wav": wav, "/page.wav": b"<html>no</html>"}.get(self.path)
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *arguments):
            pass

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


class Strict:
    """A service that takes only one host."""

    reference_rules = RULES

    def check_url(self, url):
        return None if url.startswith("https://good.example/") else "its host is not public"


def test_a_url_is_not_fetched_until_asked(server, wav):
    """Its address is examined; the recording only after `fetch`, which keeps the address."""
    reference = Reference(f"{server}/me.wav", consent="mine")
    assert (reference.url, reference.name, reference.hash) == (f"{server}/me.wav", "me", "")
    assert reference.check(RULES)["rule"].tolist() == ["url", "recording"]
    for use in (
        lambda: reference.data,
        lambda: reference.samples,
        lambda: reference.spoken,
        lambda: reference.prepare(RULES),
    ):
        with pytest.raises(BadReference, match=r"fetch\(\)"):
            use()
    fetched = reference.fetch()
    assert (fetched.data, fetched.url, fetched.consent) == (wav, reference.url, "mine")
    assert fetched.hash == hashlib.sha256(wav).hexdigest()
    assert "speech" in fetched.check(RULES)["rule"].tolist()
    assert fetched.prepare(RULES).url is None
    for gone, words in (("/gone.wav", "404"), ("/page.wav", "HTML page")):
        with pytest.raises(BadReference, match=words):
            Reference(server + gone).fetch()
    with pytest.raises(BadReference, match="cannot be fetched"):
        Reference("http://127.0.0.1:1/me.wav").fetch(timeout=2)


def test_the_service_judges_the_url():
    """What the service says of an address is the finding."""
    good, bad = Reference("https://good.example/me.wav"), Reference("http://10.0.0.1/me.wav")
    studio = types.SimpleNamespace(service=Strict())
    for takes in (Strict(), studio):
        assert row(good, "url", takes)["severity"] == "ok"
        assert row(bad, "url", takes)["fix"] == "its host is not public"
        good.require(takes)
        with pytest.raises(BadReference, match="its host is not public"):
            bad.require(takes)


def test_services_without_an_upload_or_without_urls(wav):
    """Where there is no way for it, the doctor says which way there is."""
    addressed = ReferenceRules(service="aiclone", formats=("wav", "mp3"), url_rule="a public URL")
    direct = ReferenceRules(service="faseeh", formats=("wav",))
    with pytest.raises(BadReference, match="publish the file"):
        Reference(wav).require(addressed)
    with pytest.raises(BadReference, match="downloads it"):
        Reference("https://good.example/me.wav").require(direct)
    Reference(wav).require(direct)


# -- the doctor --------------------------------------------------------------------------------------------------------


def test_check_is_a_table_with_every_rule(wav):
    """The columns and the rules that are promised; a good recording has nothing to fix."""
    frame = Reference(wav).check(RULES)
    assert list(frame.columns) == ["rule", "found", "allowed", "severity", "fix"]
    assert {"format", "speech", "rate", "channels", "level", "clipping", "noise", "silence", "file size"} <= set(
        frame["rule"]
    )
    assert set(frame["severity"]) == {"ok"}
    assert set(frame["fix"]) == {""}
    # pandas shows 50 characters of a cell; a fix that is cut off helps nobody.
    assert frame[["found", "fix"]].map(len).to_numpy().max() <= 50


def test_the_argument_is_a_studio_a_service_or_rules(wav):
    """All three say the same; anything else is a mistake in the call."""
    expected = Reference(wav).check(RULES)
    for takes in (Strict(), types.SimpleNamespace(service=Strict())):
        assert Reference(wav).check(takes).equals(expected)
    with pytest.raises(TypeError, match="ReferenceRules"):
        Reference(wav).check("soundclone")


@pytest.mark.slow
@given(st.floats(0.5, 90))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_length_of_speech_has_exclusive_bounds(seconds):
    """More than 15 s and less than 60 s, wherever the silence around it lies."""
    reference = Reference((spoken(seconds, lead=1, tail=2, rate=8000), 8000))
    assert reference.spoken == pytest.approx(seconds, abs=0.1)
    severity = row(reference, "speech")["severity"]
    if 15 < reference.spoken < 60:
        assert severity in {"ok", "note"}
        reference.require(RULES)
    else:
        assert severity == "error"
        with pytest.raises(BadReference, match="speech"):
            reference.require(RULES)


@pytest.mark.parametrize(
    ("sound", "rate", "rule", "severity"),
    [
        pytest.param(spoken(20, rate=8000), 8000, "rate", "warning", id="telephone"),
        pytest.param(spoken(16, rate=96_000), 96_000, "rate", "note", id="96k"),
        pytest.param(np.stack([spoken(20)] * 2, axis=1), RATE, "channels", "note", id="stereo"),
        pytest.param(spoken(20) * 0.02, RATE, "level", "warning", id="quiet"),
        pytest.param(np.clip(spoken(20) * 6, -1, 1), RATE, "clipping", "warning", id="clipped"),
        pytest.param(np.clip(spoken(20) * 6, -1, 1), RATE, "level", "warning", id="loud"),
        pytest.param(spoken(20) + np.random.default_rng(1).normal(0, 0.06, 21 * RATE), RATE, "noise", "warning", id="noisy"),
        pytest.param(spoken(20, lead=3), RATE, "silence", "note", id="late"),
        pytest.param(np.zeros(20 * RATE), RATE, "speech", "error", id="silent"),
    ],
)  # fmt: skip
def test_each_fault_is_found(sound, rate, rule, severity):
    """One fault, one finding with a fix; only what a service states is an error."""
    found = row(Reference((sound, rate)), rule)
    assert found["severity"] == severity
    assert found["fix"]


@pytest.mark.parametrize(
    ("decibels", "found"),
    [
        (31.2, "speech 31 dB above it"),
        (14.6, "speech 15 dB above it"),
        (-0.3, "as loud as the speech"),
        (-3.2, "3 dB louder than the speech"),
        (np.inf, "silent"),
        (-np.inf, "no speech above it"),
    ],
)
def test_noise_is_above_or_below_and_never_negative(wav, decibels, found):
    """Nothing is −3 dB above something."""
    measured = replace(Reference(wav)._measurements, noise=decibels)
    (finding,) = [one for one in examine(measured, RULES) if one.rule == "noise"]
    assert finding.found == found


def test_a_fix_is_told_by_what_does_it():
    """Python beside Python, a button beside a button: what is written for one is read in the other."""
    measured = Reference((np.clip(spoken(20) * 6, -1, 1), RATE))._measurements
    (level,) = [one for one in examine(measured, RULES) if one.rule == "level"]
    assert level.fix == "ref.prepare(studio) lowers it"
    assert fix_by(level.fix, prepare="Prepare", fetch="Load") == "Prepare lowers it"


def test_file_size(wav):
    """Larger than the upload takes is an error."""
    small = ReferenceRules(service="x", formats=("wav",), max_bytes=1000)
    with pytest.raises(BadReference, match="file size"):
        Reference(wav).require(small)


def test_every_error_in_one_message(wav):
    """Two reasons, two lines, nothing charged."""
    tight = ReferenceRules(service="x", formats=("wav",), max_bytes=1000, min_seconds=30)
    with pytest.raises(BadReference) as caught:
        Reference(wav).require(tight)
    text = str(caught.value)
    assert "nothing was charged" in text
    assert text.count("\n  - ") == 2
    assert caught.value.service == "x"


@pytest.mark.parametrize("speaker", ["2414", "3005", "2033", "1998", "367"])
def test_real_recordings_of_twenty_seconds_are_taken(speech, speaker):
    """Nothing the service would refuse, and no warning but for level."""
    frame = Reference(speech / f"librispeech-{speaker}-reference.flac").check(RULES)
    assert "error" not in set(frame["severity"])
    assert set(frame.loc[frame["severity"] == "warning", "rule"]) <= {"level", "speech without pauses"}


def test_a_real_recording_of_eleven_seconds_is_too_short(speech):
    """The doctor says how much more is needed, and preparing cannot mend it."""
    reference = Reference(speech / "jfk-1961-11s.flac")
    assert reference.spoken == pytest.approx(10.7, abs=0.4)
    for attempt in (reference.require, reference.prepare):
        with pytest.raises(BadReference, match=r"record at least 5\.5 s more"):
            attempt(RULES)


def test_a_real_recording_that_is_too_long_is_cut_at_a_pause(speech):
    """80 s become less than 60 s, ending in silence."""
    parts = [
        soundfile.read(speech / f"librispeech-{name}-reference.flac")[0] for name in ("2414", "3005", "2033", "1998")
    ]
    reference = Reference((np.concatenate(parts), RATE))
    with pytest.raises(BadReference, match="cuts it at a pause"):
        reference.require(RULES)
    prepared = reference.prepare(RULES)
    assert 45 < prepared.spoken < 60
    prepared.require(RULES)
    end = prepared.samples[-RATE // 20 :]
    assert np.sqrt((end**2).mean()) < 0.2 * np.sqrt((prepared.samples**2).mean())


# -- preparing ---------------------------------------------------------------------------------------------------------


def test_prepare_mends_what_it_can_and_says_so():
    """Long silences, stereo, an offset, 96 kHz and a low level: each is mended and named with its number."""
    rate = 96_000
    sound = np.stack([spoken(20, lead=2, tail=3, rate=rate)] * 2, axis=1) * 0.1 + 0.02
    reference = Reference((sound, rate), consent="my own", name="me")
    prepared = reference.prepare(RULES)
    told = " | ".join(prepared.changes)
    for words in (
        "mixed to mono",
        "offset of 0.020",
        "from 96 to 48 kHz",
        "silence trimmed: 1.8",
        "raised by",
        "16 bits",
    ):
        assert words in told
    assert (prepared.rate, prepared.channels, prepared.format) == (48_000, 1, "wav")
    assert prepared.duration == pytest.approx(20.3, abs=0.1)
    assert loudness(prepared.samples, prepared.rate) == pytest.approx(-23, abs=0.2)
    assert sample_peak(prepared.samples) <= -1
    assert abs(prepared.samples.mean()) < 1e-3
    assert (prepared.consent, prepared.name) == ("my own", "me")
    assert soundfile.info(io.BytesIO(prepared.data)).subtype == "PCM_16"
    assert reference.changes == []


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.floats(-1, 3.2), st.none() | st.floats(-1, 3.2))
def test_a_part_of_a_recording_is_its_own_samples(start, end):
    """Within the recording, to half a step of 16 bits; whatever is no part of it is refused with its length."""
    whole = Reference((spoken(2), RATE), consent="mine", name="me")
    last = whole.duration if end is None else end
    if not 0 <= start < last <= whole.duration + 0.001 or round(start * RATE) == round(last * RATE):
        with pytest.raises(BadReference, match=r"is no part of .*, which lasts 3\.00 s"):
            whole.trim(start, end)
        return
    part = whole.trim(start, end)
    if start == 0 and last >= whole.duration:
        assert part is whole
        return
    expected = whole.samples[round(start * RATE) : round(last * RATE)]
    np.testing.assert_allclose(part.samples, expected, rtol=0, atol=0.51 / 32768)
    assert (part.consent, part.name, part.rate) == ("mine", "me", RATE)
    assert part.changes[-1] == f"{start:.1f} to {last:.1f} s taken"


def test_prepare_twice_changes_nothing_more():
    """A recording that fits is returned as it is."""
    prepared = Reference((spoken(20), RATE)).prepare(RULES)
    assert prepared.prepare(RULES) is prepared


@pytest.mark.slow
def test_channels_that_cancel_are_not_mixed():
    """Opposite phase would leave silence; a dead channel would cost 6 dB."""
    sound = spoken(20)
    for second in (-sound, sound * 0):
        prepared = Reference((np.stack([sound, second], axis=1), RATE)).prepare(RULES)
        assert "channel 1 of 2 taken" in prepared.changes
        assert prepared.spoken == pytest.approx(20, abs=0.1)


def test_preparing_does_not_hide_what_is_clipped():
    """Flat tops that are lowered far enough look like any others; a part without them has none."""
    sound = spoken(20)
    sound[: 10 * RATE] = np.clip(sound[: 10 * RATE] * 8 / np.abs(sound).max(), -1, 1)
    whole = Reference((sound, RATE))
    prepared = whole.prepare(RULES)
    assert sample_peak(prepared.samples) < -12
    found = prepared.check(RULES).set_index("rule").loc["clipping"]
    assert found["severity"] == "warning"
    assert f"what is clipped stays so: {found['found']}" == prepared.changes[-1]
    assert Reference(prepared).check(RULES).equals(prepared.check(RULES))
    assert whole.trim(10.5, 20).check(RULES).set_index("rule").loc["clipping", "found"] == "none"


def test_peaks_limit_the_gain():
    """Quiet speech with one loud pop is not driven into clipping."""
    sound = spoken(20) * 0.1
    sound[10 * RATE : 10 * RATE + 8] = 0.4
    prepared = Reference((sound, RATE)).prepare(RULES)
    assert sample_peak(prepared.samples) <= -0.9
    assert "its peaks allow no more" in " ".join(prepared.changes)


@pytest.mark.slow
def test_speech_without_any_pause_is_cut_at_its_quietest():
    """70 s of one long vowel: still below the limit."""
    rate = 8000
    times = np.arange(70 * rate) / rate
    sound = sum(np.sin(2 * np.pi * 120 * k * times) / k for k in range(1, 9)) * 0.1
    prepared = Reference((sound, rate)).prepare(RULES)
    assert 50 < prepared.spoken < 60


# -- what is sent ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "sent", "mime"), [("wav", "wav", "audio/wav"), ("mp3", "mp3", "audio/mpeg"), ("flac", "wav", "audio/wav")]
)
def test_payload_is_the_bytes_where_the_format_is_taken(form, sent, mime):
    """Else a WAV of the same samples, which is noted once."""
    data = encode(spoken(2), RATE, form)
    reference = Reference(data, name="my voice 录音/../x")
    name, content, kind = reference.payload(RULES)
    assert (name, kind) == (f"my-voice-..-x.{sent}", mime)
    if form == sent:
        assert content == data
        assert reference.changes == []
    else:
        assert np.array_equal(decode(content)[0], reference.samples)
        reference.payload(RULES)
        assert reference.changes == ["sent as 16-bit WAV (was flac)"]


def test_payload_has_a_plain_name():
    """ASCII, no folders, never empty."""
    data = encode(spoken(1), RATE, "wav")
    assert Reference(data, name="录音").payload(RULES)[0] == f"reference-{hashlib.sha256(data).hexdigest()[:8]}.wav"
    assert Reference(data, name="../../etc/passwd").payload(RULES)[0] == "etc-passwd.wav"


@pytest.mark.slow
def test_how_it_looks(wav):
    """One line of text, and HTML with a player, the facts and what was said about consent, escaped."""
    reference = Reference(wav, name="me", consent="<b>mine</b>")
    assert repr(reference).startswith("<Reference me · 21.0 s · 20.0 s from first to last word · 16 kHz · mono · wav")
    html = reference._repr_mimebundle_()["text/html"]
    assert "Consent: &lt;b&gt;mine&lt;/b&gt;" in html
    assert '<audio controls preload="metadata" src="data:audio/mpeg;base64,' in html
    assert "No consent is noted" in Reference(wav)._repr_mimebundle_()["text/html"]
    assert set(Reference("https://good.example/me.wav")._repr_mimebundle_()) == {"text/plain"}
