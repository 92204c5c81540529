"""Files for the reader's browser: in pieces, once, and with names that any computer takes."""

from __future__ import annotations

import asyncio

import pytest

import voicenb as vn
from voicenb.panels.page.download import PIECE, ChunkedDownload, saved_name
from voicenb.panels.parts.download import Download, SavedFile


def fetched(kept, offer):
    """All pieces of a file, as a page asks for them."""
    return b"".join(kept.piece({"file": offer["file"], "piece": number}) for number in range(offer["pieces"]))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_file_comes_whole_in_pieces_and_is_gone_afterwards(size):
    """No piece is larger than a notebook's connection bears, and nothing stays in memory."""
    kept, content = ChunkedDownload(), bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    offer = kept.offer("a.bin", content)
    assert offer["size"] == size
    assert fetched(kept, offer) == content
    with pytest.raises(LookupError, match="press the button again"):
        kept.piece({"file": offer["file"], "piece": 0})


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"file": 1, "piece": 0},
        {"file": "none", "piece": 0},
        {"piece": -1},
        {"piece": 1},
        {"piece": True},
        {"piece": "0"},
    ],
)
def test_a_page_cannot_ask_for_what_was_not_offered(question):
    """Neither another file nor another piece."""
    kept = ChunkedDownload()
    file = kept.offer("a.bin", b"abc")["file"]
    with pytest.raises(LookupError):
        kept.piece({"file": file} | question if "file" not in question and question else question)


def test_files_that_no_page_fetches_do_not_pile_up():
    """The oldest goes."""
    kept = ChunkedDownload()
    offers = [kept.offer("a.bin", b"abc") for _ in range(5)]
    with pytest.raises(LookupError):
        fetched(kept, offers[0])
    assert fetched(kept, offers[4]) == b"abc"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["ada", "Welcome home, my friend."], "ada - Welcome home, my friend.mp3"),
        (["", "  two\n lines\t"], "two lines.mp3"),
        (["../../etc/passwd"], "-..-etc-passwd.mp3"),
        (['a/b\\c:d*e?f"g<h>i|j'], "a-b-c-d-e-f-g-h-i-j.mp3"),
        (["con"], "_con.mp3"),
        (["LPT1.txt"], "_LPT1.txt.mp3"),
        (["evil\u202e3pm.exe"], "evil3pm.exe.mp3"),
        (["\x00\x07"], "voicenb.mp3"),
        (["..."], "voicenb.mp3"),
        (["Grüße aus Köln"], "Grüße aus Köln.mp3"),
        (["ü" * 200], "ü" * 60 + ".mp3"),
    ],
)  # fmt: skip
def test_a_name_is_one_that_every_computer_takes(words, name):
    """No folder, nothing invisible, no name of a device, no longer than any file system bears."""
    assert saved_name(*words, suffix=".mp3") == name


class Page:
    """A page of one download button."""

    def __init__(self, button):
        self.button = button
        self.answers = {}
        self.asked = 0
        button.send = lambda content, buffers=None: self.answers.setdefault(content["request"], (content, buffers))

    def ask(self, **question):
        request = str(self.asked)
        self.asked += 1
        self.button._handle_custom_msg(question | {"request": request}, [])
        return request


async def test_a_button_makes_its_file_when_it_is_pressed_and_says_what_fails():
    """What was chosen decides which file; an error reaches the page and whoever runs the work."""
    running = []

    async def make(choice):
        if choice == "csv":
            raise vn.InvalidRequest("there is nothing to write")
        return SavedFile(f"all.{choice}", choice.encode(), "text/plain")

    page = Page(
        Download(
            "Download", make, start=lambda work: running.append(asyncio.ensure_future(work)),
            choices=[("csv", "Table"), ("json", "Lines")],
        )
    )  # fmt: skip
    good, bad, unknown = (page.ask(kind="download", choice=one) for one in ("json", "csv", "exe"))
    failed = [type(one) for one in await asyncio.gather(*running, return_exceptions=True)]
    assert failed == [type(None), vn.InvalidRequest, vn.VoicenbError]
    offer = page.answers[good][0]
    assert (offer["name"], offer["size"], offer["pieces"]) == ("all.json", 4, 1)
    assert all("error" in page.answers[one][0] for one in (bad, unknown))
    piece = page.ask(kind="piece", file=offer["file"], piece=0)
    assert page.answers[piece][1] == [b"json"]
    again = page.ask(kind="piece", file=offer["file"], piece=0)
    assert "press the button again" in page.answers[again][0]["error"]
    assert "json" not in str(
        {name: getattr(page.button, name) for name in page.button.keys if name != "choices" and name != "_esm"}
    )
