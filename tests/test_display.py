"""How a clip looks: what is in the HTML, what is not, and that a browser plays it."""

from __future__ import annotations

import base64
import io
import re
import shutil
import threading
import types
from decimal import Decimal
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from voicenb.audio.codec import encode
from voicenb.audio.subtitles import Segment, Subtitles, Word
from voicenb.display import html as display
from voicenb.display.html import clip_html, import_lab, seconds, size, waveform_png
from voicenb.display.progress import Progress
from voicenb.display.written import as_written
from voicenb.errors import VoicenbError
from voicenb.studio.clip import Clip

RATE = 24_000
EVIL = '<script>alert("1")</script><img src=x onerror=alert(2)>'


def sound(length=2.0):
    times = np.arange(round(length * RATE)) / RATE
    return (0.4 * np.sin(2 * np.pi * 180 * times) * np.abs(np.sin(3 * times))).astype(np.float32)


def clip(length=2.0, *, form="wav", **changes):
    known = {
        "id": "t1", "service": "soundclone", "voice": "ash", "text": "Welcome home.", "kind": "production", "cached": False,
        "parameters": {"speed": 1.1, "emotion": "happy"}, "cost": Decimal("0.0130"), "unit": "credits", "status": "completed",
    }  # fmt: skip
    words = (Word("Welcome", 0.1, 0.6), Word("home.", 0.7, 1.2))
    return Clip(
        encode(sound(length), RATE, form),
        subtitles=Subtitles((Segment("Welcome home.", 0.1, 1.2, words),)),
        task=types.SimpleNamespace(**(known | changes)),
    )


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.found, self.open, self.text = [], [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in {"img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_clip_shows_everything_at_once():
    """Waveform, player, words with their times, and the caption."""
    bundle = clip()._repr_mimebundle_()
    assert bundle["text/plain"].startswith("<Clip 2.00 s · wav")
    html = Tags(bundle["text/html"])
    tags = dict(html.found)
    assert tags["img"]["src"].startswith("data:image/png;base64,")
    assert tags["img"]["alt"] == "Waveform, 2.00 s"
    assert tags["audio"]["src"].startswith("data:audio/mpeg;base64,")
    assert [attributes["title"] for tag, attributes in html.found if tag == "span"] == ["0.10–0.60 s", "0.70–1.20 s"]
    assert "Welcome home." in html.text
    caption = "ash · soundclone · speed 1.1 · emotion happy · 2.00 s · 0.013 credits · synthetic voice"
    assert caption in html.text
    assert html.open == []


def test_only_what_an_untrusted_notebook_keeps():
    """No style, script, SVG or source element, no address but data:, no variable in a style (Lab's sanitiser drops those)."""
    for shown in (clip(), clip(form="mp3"), clip(text="x" * 5000)):
        html = shown._repr_mimebundle_()["text/html"]
        used = {tag for tag, _ in Tags(html).found}
        assert used <= {"div", "span", "img", "audio", "details", "summary", "bdi"}
        assert "var(" not in html
        for _, attributes in Tags(html).found:
            assert not [name for name in attributes if name.startswith("on")]
            assert attributes.get("src", "data:").startswith("data:")


def test_all_text_is_escaped():
    """Text from a service or a user cannot become markup, wherever it is shown."""
    evil = Clip(
        encode(sound(), RATE, "wav"),
        subtitles=Subtitles((Segment(EVIL, 0, 1, (Word(EVIL, 0, 1),)),)),
        task=clip(voice=EVIL, service=EVIL, text=EVIL, unit=EVIL, parameters={EVIL: EVIL}).task,
        path="/tmp/<b>x",
    )
    html = evil._repr_mimebundle_()["text/html"]
    assert {tag for tag, _ in Tags(html).found} <= {"div", "span", "img", "audio", "bdi"}
    assert Tags(html).text.count(EVIL) >= 4


def test_embedded_sound_is_small_and_plays():
    """Twelve seconds take less than an eighth of their WAV, picture and all, and decode to the same length."""
    shown = clip(12)
    html = shown._repr_mimebundle_()["text/html"]
    wav = base64.b64encode(shown.data)
    assert len(html) * 8 < len(wav)
    data = base64.b64decode(re.search(r"data:audio/mpeg;base64,([^\"]+)", html)[1])
    assert soundfile.info(io.BytesIO(data)).duration == pytest.approx(12, abs=0.1)


def test_what_is_too_long_says_where_it_is():
    """Beyond the cap there is a note instead of a player."""
    for path, words in (("/home/me/a.wav", "it is in /home/me/a.wav"), (None, "inside the notebook. ")):
        html = clip_html(sound(), 400, audio=None, mime="audio/mpeg", path=path)
        assert words in html
        assert "voicenb.panels.ClipPlayer(clip)" in html
        assert "clip.save(" in html
        assert "6 min 40 s of sound is too long" in html
        assert "<audio" not in html
    large = clip_html(sound(), 2, audio=bytes(display.MAX_EMBEDDED + 1), mime="audio/mpeg")
    assert "<audio" not in large
    assert len(large) < 20_000


def test_long_texts_stay_folded():
    """A thousand words do not flood the notebook, and none is lost."""
    many = tuple((f"word{number}", number, number + 0.5) for number in range(1000))
    html = clip_html(sound(), 2, audio=b"x", mime="audio/mpeg", words=many)
    assert html.count("<span title=") == display._MOST_WORDS
    assert "all 1,000 words" in html
    assert "word999" in html
    assert "all 5,000 characters" in clip_html(sound(), 2, audio=b"x", mime="audio/mpeg", text="x" * 5000)


def test_words_of_any_script():
    """Chinese words touch, English ones do not, Arabic turns only its own line around."""
    shown = clip_html(
        sound(), 2, audio=b"x", mime="audio/mpeg", words=[("你好", 0, 1), ("世界", 1, 2), ("OK", 2, 3)], voice="نجد"
    )
    assert "你好世界 OK" in Tags(shown).text
    assert "<bdi>نجد</bdi>" in shown
    assert 'dir="auto"' in shown


@pytest.mark.parametrize(
    ("words", "text", "written"),
    [
        (["Wait", "for", "it", "now!"], "Wait for it … now!", ["Wait", "for", "it …", "now!"]),
        (["你好", "世界"], "你好，世界。", ["你好，", "世界。"]),
        (["three"], "3", ["three"]),
        (["one", "three"], "one two three", ["one", "three"]),
        ([], "Nothing is timed.", []),
    ],
)
def test_words_are_shown_as_they_were_written(words, text, written):
    """With the marks that the service's times leave out; words that are not the text's stay what they are."""
    assert as_written(words, text) == written


def test_a_caption_says_which_take_and_no_mark_of_a_pause():
    told = Tags(clip(text="Wait <#0.6#> for it.", subtitles=None, take=2)._repr_mimebundle_()["text/html"]).text
    assert "take 2" in told
    assert "<#" not in told


def test_prices_are_told_as_they_are():
    """No cost, a cost that was paid before, a preview."""
    told = [
        Tags(clip(**changes)._repr_mimebundle_()["text/html"]).text
        for changes in ({"cost": None}, {"cached": True}, {"kind": "preview"})
    ]
    assert "credits" not in told[0]
    assert "0.013 credits, paid before" in told[1]
    assert "soundclone · preview · speed" in told[2]


def read_png(data):
    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.open(io.BytesIO(data)).convert("RGBA")).astype(int)


def test_waveform_is_a_small_transparent_png():
    """Twice the size it is shown in, a few kB, and its bars follow the sound."""
    loud_then_quiet = np.concatenate([sound(1), sound(1) * 0.1])
    data = waveform_png(loud_then_quiet)
    assert len(data) < 6000
    pixels = read_png(data)
    assert pixels.shape == (112, 1280, 4)
    assert pixels[0, 0, 3] == 0
    covered = pixels[:, :, 3].sum(axis=0)
    assert covered[:640].sum() > 3 * covered[640:].sum()
    assert np.abs(pixels - pixels[::-1]).max() == 0


def test_the_unused_part_is_grey():
    """What does not count as speech is drawn in another tone."""
    pixels = read_png(waveform_png(sound(), used=(0.25, 1.0)))
    full = pixels[:, :, 3] == 255
    assert {tuple(tone) for tone in pixels[:, :310][full[:, :310]][:, :3]} == {display._MUTED}
    assert {tuple(tone) for tone in pixels[:, 330:][full[:, 330:]][:, :3]} == {display._ACCENT}


@pytest.mark.parametrize("tone", [display._ACCENT, display._MUTED])
@pytest.mark.parametrize("ground", [(255, 255, 255), (17, 17, 17)])
def test_tones_stand_out_from_light_and_dark(tone, ground):
    """3 : 1, which WCAG 2.2 asks of graphics."""

    def luminance(colour):
        linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(tone), luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(5), np.ones(1), np.zeros((10, 2)), np.full(9, 30.0)])
def test_waveform_of_next_to_nothing(samples):
    """No sound, too: a picture, no error."""
    assert read_png(waveform_png(samples)).shape == (112, 1280, 4)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.00 s"), (2.414, "2.41 s"), (9.999, "10.0 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"), (3599.6, "1 h 00 min"), (65, "1 min 05 s")],
)  # fmt: skip
def test_durations_in_words(value, text):
    """Rounding never makes sixty seconds of a minute."""
    assert seconds(value) == text


def test_sizes_in_words():
    """Decimal units, as file managers show them."""
    assert [size(count) for count in (0, 999, 312_000, 999_600, 1_500_000)] == [
        "0 bytes",
        "999 bytes",
        "312 kB",
        "1.0 MB",
        "1.5 MB",
    ]


def test_a_missing_extra_is_named():
    """Whoever has not installed the extra is told which."""
    with pytest.raises(VoicenbError, match=r"nosuchmodule.*pip install 'voicenb\[lab\]'"):
        import_lab("nosuchmodule.part")


# -- progress ----------------------------------------------------------------------------------------------------------


def test_scripts_see_nothing(capfd):
    """Outside a notebook there is no line, and no thread."""
    before = threading.active_count()
    with Progress("speaking as ash") as line:
        line.update("processing", cost="0.013 credits", fraction=0.5)
        assert threading.active_count() == before
        line.done("completed")
    assert line.mode == "none"
    assert capfd.readouterr() == ("", "")


def test_a_bar_in_a_shell(capfd):
    """On stderr: label, state and price; its end says what came of it."""
    with Progress("speaking as ash", mode="bar") as line:
        line.update("processing", cost="0.013 credits", fraction=0.5)
        line.done("completed · 0.013 credits")
    out, err = capfd.readouterr()
    assert out == ""
    assert "speaking as ash" in err
    assert "completed · 0.013 credits" in err


@pytest.mark.parametrize(
    ("error", "words"), [(KeyboardInterrupt, "interrupted"), (ValueError, "stopped")], ids=["interrupt", "error"]
)
def test_a_bar_that_is_cut_short(capfd, error, words):
    """The line says that it ended early; the error goes on."""

    def wait():
        with Progress("cloning ash", mode="bar") as line:
            line.update("queued")
            raise error

    with pytest.raises(error):
        wait()
    assert words in capfd.readouterr().err


@pytest.mark.slow
def test_one_line_in_a_cell_whose_last_form_has_no_time():
    """In a real kernel: one display, updated from another thread, and the saved notebook is the same each time."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    code = """
import threading
from voicenb.display.progress import Progress
with Progress("speaking as <ash>") as line:
    def work():
        line.update("processing", cost="0.013 credits", fraction=0.25)
        shown.wait(60)
    shown = threading.Event()
    threading.Timer(1.3, shown.set).start()
    thread = threading.Thread(target=work); thread.start(); thread.join()
    middle = line._drawn
    line.done("completed · 0.013 credits")
middle
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, timeout=240).execute()
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ["display_data", "execute_result"]
    assert outputs[0].data["text/plain"] == "speaking as <ash> · completed · 0.013 credits"
    assert "speaking as &lt;ash&gt; · completed" in outputs[0].data["text/html"]
    assert re.search(r"speaking as <ash> · processing · 25% · 1 s · 0\.013 credits", outputs[1].data["text/plain"])


@pytest.mark.slow
@pytest.mark.browser
def test_a_browser_plays_it_without_a_kernel(tmp_path):
    """The HTML alone, in Chromium, offline: the audio element decodes to the clip's length, and the picture loads."""
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("there is no Chromium here")
    page_file = tmp_path / "clip.html"
    page_file.write_text(f"<meta charset=utf-8><body>{clip()._repr_mimebundle_()['text/html']}", "utf-8")
    with sync_api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page()
        page.goto(page_file.as_uri())
        page.wait_for_function("document.querySelector('audio').readyState >= 1")
        length, width = page.evaluate(
            "[document.querySelector('audio').duration, document.querySelector('img').naturalWidth]"
        )
        browser.close()
    assert length == pytest.approx(2.0, abs=0.1)
    assert width == 1280
