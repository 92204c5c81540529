"""Listening tests as somebody hears them, sample by sample: what a change does, a loop, and the check of the headphones.

It takes long because sounds are heard in real time.
"""

from __future__ import annotations

import numpy as np
import pytest
from small_listening import RATE, SmallTest

from .hearing import QUANTUM, TAP, TO_TEXT, decoded, floats, heard, render
from .listeners import Listener


def test_headphones_are_checked_by_six_trials(listener, page):
    """One of three tones is the softer; which were right is counted and not told."""
    test = SmallTest("ab", headphones=True)
    listener.page.add_init_script(
        """const start = AudioBufferSourceNode.prototype.start;
        AudioBufferSourceNode.prototype.start = function (...when) {
            window.tones = [0, 1].map((channel) => this.buffer.numberOfChannels > channel && this.buffer.getChannelData(channel));
            // Nobody listens: it is over at its last frame.
            start.call(this, 0, Math.max(this.buffer.duration - 0.05, 0));
        };"""
    )
    listener.open(test, trial="Headphones 1 of 6")
    softest, turned = [], []
    for number in range(6):
        listener.at(f"Headphones {number + 1} of 6")
        listener.press(" ")
        listener.page.locator("fieldset:enabled").wait_for()
        text = listener.page.evaluate(f"() => {{ {TO_TEXT} return tones.map(text); }}")
        left, right = (floats(one) for one in text)
        step, frames = round(1.5 * RATE), RATE
        parts = [slice(place * step, place * step + frames) for place in range(3)]
        assert len(left) == 2 * step + frames
        levels = [float(np.sqrt(np.mean(left[part].astype(float) ** 2))) for part in parts]
        soft = int(np.argmin(levels))
        loud = [level for place, level in enumerate(levels) if place != soft]
        assert 20 * np.log10(loud[0] / levels[soft]) == pytest.approx(6, abs=0.01)
        assert loud[0] == pytest.approx(loud[1])
        [anti] = [place for place, part in enumerate(parts) if np.array_equal(left[part], -right[part])]
        assert all(np.array_equal(left[part], right[part]) for place, part in enumerate(parts) if place != anti)
        spectrum = np.abs(np.fft.rfft(left[parts[0]]))
        assert np.argmax(spectrum) == 200
        softest.append(soft)
        turned.append(anti)
        # The last one is named wrongly.
        listener.press(str(1 + (soft if number < 5 else (soft + 1) % 3)), "Enter")
    listener.at("Trial 1 of 3")
    assert sorted(softest) == sorted(turned) == [0, 0, 1, 1, 2, 2]
    [vote] = listener.saved()["votes"]
    assert (vote["trial"], vote["place"], vote["answer"]) == ("headphones", -1, {"right": 5, "of": 6})
    listener.reload("Trial 1 of 3")
    page.fine()


def gains(rate, start):
    """How far the old and the new sound are heard from frame `start`: a raised cosine of 5 ms out, then one of 5 ms in."""
    half = int(0.005 * rate + 0.5)
    rise = (1 - np.cos(np.pi * np.arange(half) / half)) / 2
    return half, np.concatenate([1 - rise, np.zeros(half)]), np.concatenate([np.zeros(half), rise])


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
def test_a_change_fades_out_and_then_in(page, rate):
    """Thirty changes at odd moments, some a quantum apart, some anew: every sample is one sound's, faded, and never of two."""
    random = np.random.default_rng(5)
    sounds = [random.uniform(-0.5, 0.5, 2 * rate).astype(np.float32) for _ in range(3)]
    quanta = np.sort(random.choice(np.arange(3, int(1.8 * rate / QUANTUM)), 30, replace=False))
    quanta[10], quanta[20] = quanta[9] + 1, quanta[19] + 1
    moments = np.unique(quanta) * QUANTUM / rate
    plan = [[0, "start", 0, 0]]
    for number, moment in enumerate(moments):
        # Every fourth begins anew, at half a second.
        plan.append(
            [
                float(moment),
                "start" if number % 4 == 3 else "change",
                (number + 1) % 3,
                0.5 if number % 4 == 3 else None,
            ]
        )
    times, signal = render(page, sounds, plan, 2, rate, ahead=QUANTUM / rate, fade="out-in")
    expected = np.zeros(2 * rate, np.float32)
    half, out, into = gains(rate, 0)
    shift, before = round(times[0] * rate), None
    for time, (_, act, sound, _) in zip(times, plan, strict=True):
        start = round(time * rate)
        if act == "start" and before is not None:
            shift = start + half - round(0.5 * rate)
        now = np.zeros(2 * rate, np.float32)
        now[max(shift, 0) :] = sounds[sound][: 2 * rate - max(shift, 0)] if shift >= 0 else 0
        if shift < 0:
            now[: 2 * rate + shift] = sounds[sound][-shift:]
        if before is None:
            expected[start:] = now[start:]
            expected[start : start + half] *= into[half:]
        else:
            part = slice(start, start + 2 * half)
            expected[start:] = now[start:]
            expected[part] = before[part] * out + now[part] * into
        before = now
    np.testing.assert_allclose(signal, expected, atol=2e-5)
    # Each happens a quantum after it is asked for, or as soon as the fades before it have ended.
    span = (-(-2 * half // QUANTUM) + 1) * QUANTUM
    starts = [round(time * rate) for time in times]
    for before, start, (moment, *_) in zip(starts, starts[1:], plan[1:], strict=False):
        assert start == max(round(moment * rate) + QUANTUM, before + span)


@pytest.fixture
def tapped(browser, tmp_path):
    """A listener whose loudspeaker is written down; the tap is a script that the page's policy would refuse."""
    context = browser.new_context(bypass_csp=True, service_workers="block")
    context.set_default_timeout(60_000)

    class Opened:
        page = context.new_page()

    Opened.page.add_init_script(TAP)
    listener = Listener(Opened, tmp_path / "test.html")
    # A worklet is not loaded from a file's page.
    listener.address = "http://127.0.0.1:9/test.html"
    context.route(listener.address, lambda route: route.fulfill(path=listener.file, content_type="text/html"))
    yield listener
    context.close()


@pytest.mark.parametrize("rate", [24_000, 48_000])
@pytest.mark.parametrize("afresh", [False, True], ids=["at the same second", "from the start"])
def test_what_the_listener_hears(tapped, rate, afresh):
    """A, X and B by keys: each sample that reaches the loudspeaker is one sound's own, or silence between two."""
    test = SmallTest("abx", rate=rate, seconds=3.0)
    tapped.open(test)
    if not afresh:
        tapped.press("s")
    # A first try puts the tap in its place.
    tapped.press("a")
    tapped.page.wait_for_function("tapped === 1")
    tapped.press(" ")
    tapped.page.locator(".vn-hear[aria-label$=playing]").wait_for(state="detached")
    heard(tapped)
    tapped.page.locator(".vn-seek").focus()
    tapped.press("ArrowRight", "Home")
    tapped.page.evaluate("heard.clear()")
    for key in "AXB":
        tapped.press(key.lower())
        tapped.page.evaluate("() => { window.mark = heard.size; }")
        tapped.page.wait_for_function(f"heard.size >= mark + 0.3 * {rate} / {QUANTUM}", polling=20)
    tapped.press(" ")
    tapped.page.locator(".vn-hear[aria-label$=playing]").wait_for(state="detached")
    _, signal = heard(tapped)
    half, out, into = gains(rate, 0)
    sounds = [decoded(test.samples("k1aa", sound)) for sound in ("q00", "z0", "q01")]
    # 16 bits on the wire: a step of rounding.
    step = 1e-4

    at = previous = 0
    for number, sound in enumerate(sounds):
        begin = at
        # All run on one clock; from the start, each begins when the last one has faded.
        where = np.arange(len(signal)) - (begin if afresh else 0)
        own = np.where((where >= 0) & (where < len(sound)), sound[np.clip(where, 0, len(sound) - 1)], 0)
        rise = np.ones(len(signal))
        rise[:begin], rise[begin : begin + half] = 0, into[half:]
        same = np.abs(signal - own * rise) < step
        assert same[begin : begin + 10 * half].all(), f"sound {number} does not rise out of silence at frame {begin}"
        end = begin + int(np.argmin(same[begin:]))
        # A fade begins at 1 and changes slowly: the first frame that differs is one of its first.
        found = None
        for start in range(max(end - 30, 0), end + 1):
            part = slice(start, start + half)
            if len(signal[part]) == half and np.abs(signal[part] - own[part] * out[:half]).max() < step:
                found = start
        assert found is not None, f"sound {number} does not fall within 5 ms at frame {end}"
        assert found % QUANTUM == 0
        previous, at = found, found + half
    assert np.abs(signal[at:]).max(initial=0) < step
    assert previous > 0.8 * rate


def test_a_loop_is_at_least_half_a_second(listener):
    listener.open(SmallTest("abx", seconds=2.0))
    listener.press("l")
    page = listener.page
    start, end = page.get_by_label("Loop from"), page.get_by_label("Loop to")
    assert (start.input_value(), end.input_value()) == ("0", "2")
    start.focus()
    listener.press("End")
    assert (start.input_value(), end.input_value()) == ("1.5", "2")
    end.focus()
    listener.press("Home")
    assert (start.input_value(), end.input_value()) == ("0", "0.5")
    listener.hear("B")
    # It goes on beyond the sound's end.
    page.locator(".vn-hear[data-heard]").wait_for()
    listener.hear("A")
    listener.hear("X")
    assert page.locator(".vn-hear[aria-label$=playing]").get_attribute("aria-label") == "X, sound 3 of 3, playing"
    assert float(page.locator(".vn-seek").input_value()) <= 0.5
