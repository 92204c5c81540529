"""The players as they look and as their buttons work, in a page of their own; axe-core finds nothing, where the variable ``AXE_CORE`` names it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from homes import beside

import voicenb as vn
from voicenb.panels.players.compare import ComparePlayer
from voicenb.panels.players.player import ClipPlayer
from voicenb.panels.players.recorder import Recorder
from voicenb.panels.players.stream import StreamPlayer
from voicenb.panels.players.waveform import Waveform
from voicenb.studio.clip import Clip

from .stand import Stand
from .test_players_heard import CLIPS, run


@pytest.fixture(scope="module")
def voice(tmp_path_factory, shared):
    """A voice whose service streams."""
    with vn.connect("faseeh", sandbox=True, home=beside(tmp_path_factory.mktemp("players"), shared)) as studio:
        yield studio.voice("en-male-1")


@pytest.fixture
def stand(page, tmp_path, monkeypatch):
    return Stand(page, tmp_path, monkeypatch)


def saved(screen, form):
    """Presses the button for a format; the answer is the browser's download."""
    screen.get_by_label("Format to save").select_option(form)
    with screen.expect_download() as download:
        screen.locator(".vn-save button").click()
    return download.value


@pytest.mark.parametrize("form", ["flac", "wav", "mp3", "ogg"])
def test_a_player_hands_its_clip_to_the_browser(stand, form):
    """In each format that a clip is saved in, the same file that `save` writes."""
    screen = stand.show(ClipPlayer(CLIPS[0]))
    assert screen.get_by_label("Format to save").locator("option").all_inner_texts() == ["flac", "wav", "mp3", "ogg"]
    one = saved(screen, form)
    assert one.suggested_filename == f"clip.{form}"
    got, expected = Clip(Path(one.path()).read_bytes()), Clip(CLIPS[0].encoded(form))
    assert got.format == form
    # Two ogg files of one sound have numbers of their own.
    np.testing.assert_array_equal(got.samples, expected.samples)
    stand.page.fine()


def test_a_comparison_hands_over_the_clip_that_is_chosen(stand):
    """Not the first, but the one that is marked, and the button says which."""
    screen = stand.show(ComparePlayer(CLIPS, columns=list("abcd")))
    screen.locator(".vn-lufs").nth(3).wait_for(state="attached")
    for number in (2, 0):
        screen.locator(".vn-cell").nth(number).click()
        screen.get_by_role("button", name=f"Download clip {number + 1}", exact=True).wait_for()
        assert Path(saved(screen, "flac").path()).read_bytes() == CLIPS[number].encoded("flac")
    stand.page.fine()


def test_a_star_by_mouse_and_by_key(stand, voice):
    """The chosen clip's task is labelled; its cell says so to eyes and to screen readers."""
    takes = voice.say("Which one?", takes=2, quiet=True)
    screen = stand.show(ComparePlayer(takes))
    cells = screen.locator(".vn-cell")
    screen.locator(".vn-lufs").nth(1).wait_for(state="attached")
    assert screen.locator(".vn-mark:visible").count() == 0
    screen.get_by_role("button", name="Star this clip").click()
    screen.locator(".vn-mark").nth(0).wait_for()
    assert cells.nth(0).get_attribute("aria-label").endswith("LUFS, starred")
    assert screen.get_by_role("button", name="Take the star away").get_attribute("aria-pressed") == "true"
    assert [task.record.label for task in (one.task for one in takes)] == ["starred", None]
    cells.nth(0).focus()
    screen.keyboard.press("ArrowRight")
    screen.get_by_role("button", name="Star this clip").wait_for()
    screen.keyboard.press("s")
    screen.locator(".vn-mark").nth(1).wait_for()
    screen.keyboard.press("1")
    screen.keyboard.press("s")
    screen.locator(".vn-mark").nth(0).wait_for(state="hidden")
    assert [task.record.label for task in (one.task for one in takes)] == [None, "starred"]
    stand.page.fine()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_player(stand, voice, theme):
    """Each player in its states, and the static copies, with the colours of JupyterLab's themes."""
    if not os.environ.get("AXE_CORE"):
        pytest.skip("AXE_CORE does not name axe-core's axe.min.js")
    axe = Path(os.environ["AXE_CORE"]).read_text("utf-8")

    def check(screen, what):
        screen.evaluate(axe)
        found = screen.evaluate(
            "axe.run('main', {preload: false, rules: {region: {enabled: false}, 'target-size': {enabled: true}}}).then(({violations}) => violations)"
        )
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == [], what

    takes = voice.say("Is this one seen by all?", takes=2, quiet=True)
    for one in (ClipPlayer(CLIPS[0]), ClipPlayer(), Waveform(takes[0]), Waveform(), Recorder()):
        check(stand.show(one, theme), repr(one))

    broken = Clip(b"no sound")
    grid = ComparePlayer([*takes, None, broken, *CLIPS[:2]], rows=["calm", "happy"], columns=list("abc"))
    screen = stand.show(grid, theme)
    screen.locator(".vn-lufs").nth(3).wait_for(state="attached")
    screen.get_by_role("button", name="Star this clip").click()
    screen.locator(".vn-mark:visible").wait_for()
    screen.get_by_label("Loop").select_option("all")
    check(screen, repr(grid))
    check(stand.show(ComparePlayer(CLIPS * 31), theme), "pages")

    stream = StreamPlayer(voice.stream("This is heard while it is made."), autoplay=False)
    screen = stand.show(stream, theme)
    screen.get_by_label("Format to save").wait_for()
    check(screen, repr(stream))
    stream.problem, stream.state = "It broke off.", "failed"
    screen.get_by_role("alert").wait_for()
    check(screen, "a stream that failed")

    for html in (takes[0]._repr_mimebundle_()["text/html"], takes.html()):
        screen.evaluate("html => (document.querySelector('main').innerHTML = html)", str(html))
        check(screen, html[:80])


def test_the_copy_of_a_comparison_is_seen_when_the_kernel_is_gone(page, lab):
    """Beside the living player there is nothing else to see; without it the copy plays."""
    run(
        page,
        lab,
        "copies.ipynb",
        "from voicenb.panels import ClipPlayer, ComparePlayer\nComparePlayer(clips)",
        "ClipPlayer(clips[0])",
    )
    screen = page.page
    copies = screen.locator("[class^=voicenb-kept] audio")
    copies.nth(4).wait_for(state="attached")
    screen.wait_for_function(
        "[...document.querySelectorAll('[class^=voicenb-kept]')].every(one => one.offsetHeight === 0)"
    )
    assert copies.count() == 5
    page.restart()
    copies.first.wait_for(state="visible")
    assert [one["error"] for one in page.players("[class^=voicenb-kept]")] == [None] * 5
    page.fine()
