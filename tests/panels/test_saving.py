"""Saving from a player, without a browser: what is offered, in which formats, and under which name."""

from __future__ import annotations

import types
from queue import Queue

import numpy as np
import pytest

from voicenb.audio.codec import encode
from voicenb.panels.page.download import PIECE
from voicenb.panels.players.compare import ComparePlayer
from voicenb.panels.players.player import ClipPlayer
from voicenb.studio.clip import Clip

RATE = 24_000

pytestmark = pytest.mark.usefixtures("wired")


def noise(length, seed=1):
    return (0.2 * np.clip(np.random.default_rng(seed).standard_normal(round(length * RATE)), -3, 3)).astype(np.float32)


def clip(samples=None, form="wav"):
    task = types.SimpleNamespace(
        id="t1", service="soundclone", voice="ash", text="Welcome home.", kind="production", parameters={}, cost=None, unit=None,
    )  # fmt: skip
    return Clip(encode(noise(0.2) if samples is None else samples, RATE, form), task=task)


class Asked:
    """A player, and what it answers a page."""

    def __init__(self, player):
        self.player = player
        self._answers = Queue()
        player.send = lambda content, buffers=None: self._answers.put((content, buffers))

    def ask(self, **question):
        self.player._handle_custom_msg(question | {"request": "r"}, [])
        return self._answers.get(timeout=240)

    def file(self, **question):
        """The offer, and the file that is fetched piece by piece."""
        offer, _ = self.ask(kind="download", **question)
        pieces = [self.ask(kind="piece", file=offer["file"], piece=at)[1][0] for at in range(offer["pieces"])]
        return offer, b"".join(pieces)


@pytest.mark.parametrize("form", ["wav", "flac", "mp3"])
def test_a_clip_is_offered_as_save_writes_it(form, tmp_path):
    """The received bytes in their own format, else encoded; with the note that the voice is synthetic, and a name that says what it is."""
    one = clip(noise(0.5), form="flac")
    offer, content = Asked(ClipPlayer(one)).file(id=0, choice=form)
    assert content == one.save(tmp_path / f"a.{form}").read_bytes()
    assert b"Synthetic voice" in content
    assert offer["name"] == f"ash - Welcome home.{form}"
    assert offer["mime"].startswith("audio/")


def test_formats_begin_with_the_one_that_was_received():
    """Nothing is encoded twice unless somebody asks for it."""
    assert ClipPlayer(clip(form="mp3"))._facts["forms"] == ["mp3", "wav", "flac", "ogg"]
    assert clip(form="wav").formats == ("wav", "flac", "mp3", "ogg")


def test_a_comparison_offers_the_clip_of_a_place():
    """Takes are told apart by their names; a place without a clip is an error in words."""
    takes = [clip(noise(0.2, seed=seed)) for seed in (1, 2)]
    takes[1].task.take = 2
    asked = Asked(ComparePlayer([takes[0], None, takes[1]]))
    offer, content = asked.file(id=2, choice="wav")
    assert offer["name"] == "ash - Welcome home. - take 2.wav"
    np.testing.assert_array_equal(Clip(content).samples, takes[1].samples)
    assert "no clip" in asked.ask(kind="download", id=1, choice="wav")[0]["error"]


def test_a_long_clip_comes_in_pieces():
    """Each smaller than a message may be."""
    offer, content = Asked(ClipPlayer(clip(noise(60)))).file(id=0, choice="wav")
    assert offer["pieces"] == -(-len(content) // PIECE) > 2


def test_what_cannot_be_saved_is_said():
    """Another format, a recording of somebody, an empty player."""
    asked = Asked(ClipPlayer(clip()))
    assert "wav, flac, mp3, ogg" in asked.ask(kind="download", id=0, choice="exe")[0]["error"]
    recording = types.SimpleNamespace(samples=noise(0.2), rate=RATE, duration=0.2, data=b"", format="wav", name="me")
    other = Asked(ClipPlayer(recording))
    assert other.player._facts["forms"] == []
    assert "Clips can be saved" in other.ask(kind="download", id=0, choice="wav")[0]["error"]
    assert "error" in Asked(ClipPlayer()).ask(kind="download", id=0, choice="wav")[0]
