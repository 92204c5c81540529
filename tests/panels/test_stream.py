"""A stream in a cell, without a browser: what the page is told while sound is made, and when it breaks off."""

from __future__ import annotations

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

import voicenb as vn
from voicenb.panels.players.stream import StreamPlayer

# Each test asks with a seed of its own: what was made before comes at once.
TEXT = "Hello there. This is the second sentence. And here is a third one."


pytestmark = pytest.mark.usefixtures("wired")


@pytest.fixture(scope="module")
def speaker(panel_home):
    """A voice of the service that streams."""
    with vn.connect("faseeh", sandbox=True, home=panel_home) as studio:
        yield studio.voice("en-male-1")


def pieces(player):
    """The messages with sound, as ``(at, bytes)``, and the states that the page was told, in one order."""
    told = []
    for _, data, buffers in player.comm.sent:
        if data.get("method") == "custom" and data["content"].get("kind") == "sound":
            told.append((data["content"]["at"], bytes(buffers[0])))
        elif state := data.get("state", {}).get("state"):
            told.append(state)
    return told


async def test_the_page_gets_the_sound_while_it_is_made_and_all_of_it(speaker):
    """Piece after piece, each where the one before ended, before the task is complete; the state holds none of it."""
    player = StreamPlayer(speaker.stream(TEXT, seed=1))
    assert player.forms == []
    await player.finished()
    clip = player.stream.clip
    assert player.forms == list(clip.formats)
    first, *sounds, last = pieces(player)
    assert (first, last) == ("receiving", "completed")
    assert len(sounds) > 1, "it came at once"
    at = 0
    for begin, sound in sounds:
        assert begin == at
        at += len(sound) // 2
    whole = np.frombuffer(b"".join(sound for _, sound in sounds), "<i2")
    assert np.array_equal(whole, np.rint(clip.samples * 32768).astype("<i2"))
    assert player.received == pytest.approx(clip.duration)
    assert not any(isinstance(value, bytes | memoryview) for value in player.get_state().values())
    assert repr(player) == f"<StreamPlayer · completed · {clip.duration:.2f} s received>"
    assert player.html() == clip._repr_mimebundle_()["text/html"]
    player.close()


async def test_a_view_that_comes_late_asks_for_what_it_has_missed(speaker):
    """From any frame on, in one answer; what makes no sense is answered with words."""
    player = StreamPlayer(speaker.stream(TEXT, seed=7))
    await player.finished()
    whole = b"".join(player.stream.live.pieces)
    for at in (0, 1000, len(whole) // 2, 10**9):
        player._handle_custom_msg({"kind": "sound", "at": at, "request": "r"}, [])
        _, data, (sound,) = player.comm.sent[-1]
        assert data["content"]["at"] == at
        assert bytes(sound) == whole[2 * at :]
    for question in ({"kind": "sound", "at": -1}, {"kind": "sound"}, {"kind": "audio", "at": 0}):
        player._handle_custom_msg({**question, "request": "r"}, [])
        assert player.comm.sent[-1][1]["content"]["error"]
    player.close()


async def test_a_loop_and_a_player_do_not_disturb_each_other(speaker):
    """Both get every piece, whoever is first."""
    stream = speaker.stream(TEXT, seed=2)
    player = StreamPlayer(stream, autoplay=False)
    heard = b"".join([chunk async for chunk in stream])
    await player.finished()
    assert b"".join(sound for _, sound in pieces(player)[1:-1]) == heard
    player.close()


async def test_a_stream_that_breaks_off_says_so_and_keeps_what_came(speaker, panel_home, capsys):
    """The page is told why no more comes and what it cost; nothing is printed."""
    vn.sandbox.faults("truncated", route="production", service="faseeh", count=1, home=panel_home)
    player = StreamPlayer(speaker.stream(TEXT, seed=3))
    await player.finished()
    vn.sandbox.faults(home=panel_home)
    assert player.state == "failed"
    assert "counts as charged" in player.problem
    assert pieces(player)[-1] == "failed"
    assert player.received > 0
    player.close()
    assert capsys.readouterr() == ("", "")


async def test_closing_the_player_leaves_the_stream_alone(speaker):
    """What was paid for arrives, whoever listens."""
    player = StreamPlayer(speaker.stream(TEXT, seed=4))
    player.close()
    clip = await player.stream.task
    assert clip.duration > 1


async def test_without_a_front_end_a_stream_is_text_and_then_its_clip(speaker):
    """In a terminal nothing plays, and nothing waits."""
    formatted = DisplayFormatter().format
    stream = speaker.stream(TEXT, seed=5)
    [(kind, said)] = formatted(stream)[0].items()
    # How far the task is may have changed since.
    assert (kind, said.partition(" ")[0], said.endswith(" received>")) == ("text/plain", "<Stream", True)
    assert stream._player is None
    await stream.task
    assert stream._repr_mimebundle_() == stream.clip._repr_mimebundle_()


def test_unknown_arguments_are_refused(speaker):
    """traitlets alone would let them pass."""
    stream = speaker.stream(TEXT, seed=6)
    with pytest.raises(TypeError, match="did you mean 'autoplay'"):
        StreamPlayer(stream, autplay=True)
    # A fault that another test asks for would strike it while it is on its way.
    stream.task.wait(60, quiet=True)
