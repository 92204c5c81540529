"""MP3 that comes in pieces is the same sound as the whole file; events come apart anywhere."""

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from voicenb.audio.codec import decode, encode
from voicenb.audio.mpeg import frame_length
from voicenb.services.events import Events, is_event_stream
from voicenb.services.hearing import Mp3Pieces

RATE = 24_000


def sound(seconds, channels=1):
    """A voice-like tone that comes and goes, so that the bit rate of its frames varies."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = 0.4 * np.sin(2 * np.pi * 200 * time) * (np.sin(2 * np.pi * 0.7 * time) > 0)
    return np.stack([tone] * channels, axis=1).astype(np.float32) if channels > 1 else tone.astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("headless", [False, True])
@pytest.mark.parametrize("size", [1, 997, 20_000, 10**6])
def test_mp3_pieces_are_the_whole_file(channels, headless, size):
    """With the Info frame that tells the length, and without it, as a stream comes; with something strange before it."""
    data = encode(sound(9, channels), RATE, "mp3")
    if headless:
        data = data[frame_length(data, 0) :]
    pieces = Mp3Pieces()
    heard = b"".join(pieces.add(data[at : at + size]) for at in range(0, len(data), size)) + pieces.add(b"", last=True)
    samples, rate = decode(data)
    assert (pieces.rate, pieces.channels) == (rate, channels)
    found = np.frombuffer(heard, "<i2").reshape(-1, channels).squeeze() / 32767
    # Only the whole file's own header says how much silence its encoder put before the sound and behind it.
    assert abs(len(found) - len(samples)) <= (0 if headless else 3000)
    if headless:
        assert np.abs(found - samples).max() < 1e-4


def test_mp3_pieces_come_before_the_end():
    data = encode(sound(9), RATE, "mp3")
    pieces = Mp3Pieces()
    heard = [len(pieces.add(data[at : at + 1000])) / 2 / RATE for at in range(0, len(data), 1000)]
    assert sum(heard[: len(heard) // 2]) > 2


EVENTS = [{"type": "speech.audio.delta", "audio": "AAA=", "n": n, "text": "ü\n"} for n in range(4)]


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), max_size=60), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_events_come_apart_anywhere(cuts, end, closed):
    lines = [f": a comment{end}{end}"]
    lines += [f"event: x{end}data: {json.dumps(one, ensure_ascii=False)}{end}{end}" for one in EVENTS]
    data = "".join([*lines, f"data: [DONE]{end}"] + ([end] if closed else [])).encode()
    events, found, at = Events(), [], 0
    for cut in cuts:
        found += events.add(data[at : at + cut])
        at += cut
    found += events.add(data[at:], last=True)
    assert found == EVENTS


def test_data_of_several_lines_is_one_event():
    assert Events().add(b'data: {"a":\ndata: 1}\n\ndata: no json\n\n') == [{"a": 1}]
    assert is_event_stream("text/event-stream; charset=utf-8")
    assert not is_event_stream("audio/wav")


def test_an_event_without_an_end_is_given_up(monkeypatch):
    monkeypatch.setattr("voicenb.services.events._LONGEST", 100)
    with pytest.raises(ValueError, match="longer"):
        Events().add(b"data: " + b"a" * 100)
