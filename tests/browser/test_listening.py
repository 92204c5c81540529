"""Listening tests by keyboard alone: the very page that listeners get, and the widget in JupyterLab.

It takes long because sounds are heard in real time. axe-core's rules are held where the variable ``AXE_CORE`` names its
``axe.min.js``.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import zlib
from contextlib import suppress
from pathlib import Path

import nbformat
import numpy as np
import pytest
from small_listening import KINDS, RATE, SmallTest

from voicenb.base.views import view
from voicenb.panels.players.compare import ComparePlayer

from .hearing import QUANTUM, TAP, TO_TEXT, decoded, floats, heard

HARNESS = Path(__file__).parents[1] / "harness"
HEARD = {"abx": "ABX", "ab": "AB", "acr": "A", "cmos": "AB", "multi": "123", "mushra": "R1234"}
"""The keys that play the sounds of a trial."""
REFUSED = (
    """Object.defineProperty(window, "localStorage", {get() { throw new DOMException("no", "SecurityError"); }});"""
)


class Listener:
    """Somebody who answers a test with the keyboard alone.

    Attributes:
        page: Playwright's page.
        asked: The addresses that the page asked for.
    """

    def __init__(self, page, file):
        self.page, self.file, self.asked = page.page, file, []
        self.address = file.as_uri()
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, test, row="#row=0", *, trial="Trial 1 of 3"):
        self.file.write_text(view("listening_page")(test), "utf-8")
        # Another "#…" alone would not load the page.
        self.page.goto("about:blank")
        self.asked.clear()
        self.page.goto(self.address + row)
        self.at(trial)

    def reload(self, trial):
        self.page.reload()
        self.at(trial)

    def at(self, title):
        self.page.get_by_role("heading", name=title, exact=True).wait_for()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def hear(self, key):
        """Plays the sound of a key until it counts as heard."""
        self.press(key.lower())
        self.page.locator(f'.vn-hear[aria-keyshortcuts="{key}"][data-heard]').wait_for()

    def answer(self, kind, number=0):
        """Hears everything, and answers; what differs from trial to trial comes from its number."""
        for key in HEARD[kind]:
            self.hear(key)
            if key.isdigit():
                self.press(*["ArrowRight"] * (number + int(key)))
        if kind not in {"multi", "mushra"}:
            self.press(str(1 + number))
        self.press("Enter")

    def saved(self, name="Save my answers so far"):
        """The answer file, unpacked after its checksum was found right."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=name, exact=True).press("Enter")
        file = json.loads(Path(download.value.path()).read_text("utf-8"))
        assert set(file) == {"format", "crc32", "body"}
        assert file["format"] == "voicenb-answers-1"
        assert file["crc32"] == f"{zlib.crc32(file['body'].encode()):08x}"
        body = json.loads(file["body"])
        assert download.value.suggested_filename == f"answers-{body['test'][:8]}-{body['listener']}.json"
        return body


@pytest.fixture
def listener(page, tmp_path):
    return Listener(page, tmp_path / "test.html")


def expected(kind, sounds, number):
    """What `Listener.answer` says."""
    if kind == "acr":
        return number + 1
    if kind == "cmos":
        return number - 3
    if kind in {"multi", "mushra"}:
        return {sound: 50 + number + place for place, sound in enumerate(sounds, 1)}
    return [*sounds, "none"][number]


@pytest.mark.parametrize("kind", KINDS)
def test_a_test_is_answered_by_keyboard_alone(listener, page, kind):
    """From the first trial to the answer file; nothing is asked of any machine, nothing goes wrong, and no answer is judged."""
    test = SmallTest(kind)
    trials = test.sheet()["orders"][1]
    practice = kind == "mushra"
    listener.open(test, "#row=1", trial="Practice 1 of 1" if practice else "Trial 1 of 3")
    assert listener.page.title() == "Noise & <tones>"
    if practice:
        listener.answer(kind)
    for number in range(3):
        listener.at(f"Trial {number + 1} of 3")
        if number:
            assert listener.page.evaluate("document.activeElement.textContent") == f"Trial {number + 1} of 3"
        assert listener.page.locator("progress").evaluate("one => [one.value, one.max]") == [number, 3]
        listener.answer(kind, min(number, 1) if kind == "abx" else number)
    listener.at("Thank you. 3 of 3 answered.")
    page.fine()
    assert listener.asked == [listener.address]
    listener.page.get_by_label("Your name").fill("Ann")
    body = listener.saved("Save my answers")
    assert (body["test"], body["hash"], body["row"], body["finished"], body["name"]) == (
        test.sheet()["id"], test.sheet()["hash"], 1, True, "Ann",
    )  # fmt: skip
    votes = [vote for vote in body["votes"] if vote["place"] >= 0]
    assert [(vote["trial"], vote["place"], vote["sounds"]) for vote in votes] == [
        (name, place, sounds) for place, (name, sounds) in enumerate(trials)
    ]
    for number, vote in enumerate(votes):
        assert vote["answer"] == expected(kind, vote["sounds"], min(number, 1) if kind == "abx" else number)
        assert "draft" not in vote
        trial = test.trials[vote["trial"]]
        every = {*trial["sounds"], *(trial[one] for one in ("x", "reference") if one in trial)}
        assert vote["plays"] == dict.fromkeys(every, 1)
        assert vote["seconds"] > 0.5
        assert body["started"] <= vote["at"] <= body["saved"]
    assert [vote["trial"] for vote in body["votes"] if vote["place"] < 0] == (["k0aa"] if practice else [])


def test_nothing_is_answered_before_it_is_heard(listener):
    """Answers and Enter do nothing until A, B and X were heard; what is missing is named."""
    listener.open(SmallTest("abx"))
    page = listener.page
    missing, confirm = page.locator(".vn-missing"), page.get_by_role("button", name="Confirm")
    listener.press("1", "Enter")
    assert missing.inner_text() == "Not heard yet: A, B and X."
    listener.hear("X")
    listener.hear("A")
    listener.press("1", "Enter")
    assert missing.inner_text() == "Not heard yet: B."
    assert (
        page.get_by_role("radio").evaluate_all("all => all.map(one => [one.matches(':disabled'), one.checked])")
        == [[True, False]] * 2
    )
    listener.hear("B")
    assert missing.inner_text() == "Choose an answer."
    listener.press("2")
    assert confirm.is_enabled()
    # The arrows choose, too, as in every list.
    listener.press("ArrowUp")
    assert page.get_by_role("radio", name="X is A").is_checked()
    listener.press("Enter")
    listener.at("Trial 2 of 3")


@pytest.mark.parametrize("kind", ["multi", "mushra"])
def test_only_the_slider_of_the_heard_sound_moves(listener, kind):
    listener.open(SmallTest(kind), trial="Practice 1 of 1" if kind == "mushra" else "Trial 1 of 3")
    sliders = listener.page.locator(".vn-rate")

    def enabled():
        return sliders.evaluate_all("all => all.flatMap((one, at) => one.disabled ? [] : [at + 1])")

    assert enabled() == []
    for key in "231":
        listener.press(key)
        assert enabled() == [int(key)]
        assert sliders.nth(int(key) - 1).evaluate("one => one === document.activeElement")
    listener.press("ArrowLeft")
    assert sliders.evaluate_all("all => all.map(one => one.getAttribute('aria-valuetext'))")[:2] == [
        "49",
        "not rated yet",
    ]
    listener.press(" ")
    playing = listener.page.locator(".vn-hear[aria-label$=playing]")
    playing.wait_for(state="detached")
    # Who has stopped it may go on rating it.
    assert enabled() == [1]
    if kind == "mushra":
        listener.press("r")
        assert enabled() == []
        assert listener.page.locator(".vn-hear").first.evaluate("one => one === document.activeElement")
        assert playing.get_attribute("aria-label") == "Reference, playing"


@pytest.mark.parametrize("kind", ["ab", "multi"])
def test_a_reload_in_the_middle_loses_nothing(listener, page, kind):
    """The first trial without an answer comes again, with its sliders where they stood."""
    listener.open(SmallTest(kind))
    listener.answer(kind, 1)
    listener.at("Trial 2 of 3")
    if kind == "multi":
        listener.hear("1")
        listener.press(*["ArrowRight"] * 7)
    before = listener.saved()
    listener.reload("Trial 2 of 3")
    if kind == "multi":
        first = listener.page.locator(".vn-rate").first
        assert (first.input_value(), first.get_attribute("aria-valuetext")) == ("57", "57")
        assert listener.page.locator(".vn-missing").inner_text() == "Not heard yet: Sound 2 and Sound 3."
    listener.answer(kind, 2)
    listener.at("Trial 3 of 3")
    listener.reload("Trial 3 of 3")
    body = listener.saved()
    assert (body["listener"], body["started"]) == (before["listener"], before["started"])
    assert [vote["trial"] for vote in body["votes"]] == ["k1aa", "k2bb"]
    assert body["votes"][0] == before["votes"][0]
    if kind == "multi":
        assert before["votes"][1]["draft"]
        assert before["votes"][1]["answer"] == {"q10": 57}
        assert body["votes"][1]["answer"] == {"q10": 60, "q11": 54, "q12": 55}
        assert body["votes"][1]["plays"]["q10"] == 2
    page.fine()


def test_an_order_is_drawn_and_kept_or_named(listener, page):
    """Without an address's row it is drawn once; two rows on one machine are two listeners; a row that is not there is told."""
    test = SmallTest("ab", seconds=0.3)
    listener.open(test, "")
    drawn = listener.saved()
    assert drawn["row"] in {0, 1}
    listener.reload("Trial 1 of 3")
    assert listener.saved()["row"] == drawn["row"]
    for row in (0, 1):
        listener.open(test, f"#row={row}")
        body = listener.saved()
        assert body["row"] == row
        assert body["listener"] != drawn["listener"]
        listener.answer("ab")
        listener.at("Trial 2 of 3")
    listener.page.goto("about:blank")
    listener.page.goto(listener.address + "#row=2")
    assert "row 2; this test has rows 0 to 1" in listener.page.get_by_role("alert").inner_text()
    page.fine()


def test_two_tabs_lose_nothing_to_each_other(listener, page):
    """What one has answered is still there when the other writes."""
    listener.open(SmallTest("ab"))
    tab = listener.page.context.new_page()
    tab.goto(listener.address + "#row=0")
    tab.get_by_role("heading", name="Trial 1 of 3").wait_for()
    for key in "AB":
        tab.keyboard.press(key.lower())
        tab.locator(f'.vn-hear[aria-keyshortcuts="{key}"][data-heard]').wait_for()
    listener.answer("ab", 0)
    listener.at("Trial 2 of 3")
    listener.answer("ab", 1)
    listener.at("Trial 3 of 3")
    tab.keyboard.press("2")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Trial 2 of 3").wait_for()
    listener.reload("Trial 3 of 3")
    assert {vote["trial"]: vote["answer"] for vote in listener.saved()["votes"]} == {"k1aa": "q01", "k2bb": "q11"}
    page.fine()


@pytest.mark.parametrize("tie", [True, False])
def test_no_preference_is_offered_where_it_is_allowed(listener, tie):
    test = SmallTest("ab")
    test.sheet()["tie"] = tie
    listener.open(test)
    names = listener.page.locator(".vn-answer > span").all_inner_texts()
    assert names == ["A", "B", "No preference"][: 3 if tie else 2]


def test_seeking_is_no_further_hearing(listener):
    """How often a sound was heard is how often it was chosen, not how often its slider was moved."""
    listener.open(SmallTest("ab"))
    listener.hear("A")
    listener.press("b")
    seek = listener.page.locator(".vn-seek")
    seek.focus()
    listener.press(*["ArrowLeft"] * 20, "Home")
    listener.page.locator('.vn-hear[aria-keyshortcuts="B"][data-heard]').wait_for()
    listener.press("b", "b")
    listener.press("1", "Enter")
    listener.at("Trial 2 of 3")
    assert listener.saved()["votes"][0]["plays"] == {"q00": 1, "q01": 2}


@pytest.mark.parametrize("when", ["from the beginning", "in the middle"])
def test_where_storage_is_refused_the_answers_are_complete_all_the_same(listener, page, when):
    """The page says so, asks before it is left, and saves every answer."""
    if when == "from the beginning":
        listener.page.add_init_script(REFUSED)
    listener.open(SmallTest("ab"))
    listener.answer("ab", 0)
    listener.at("Trial 2 of 3")
    if when == "in the middle":
        listener.page.evaluate(
            "() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }"
        )
    for number in (1, 2):
        listener.answer("ab", number)
        listener.at(f"Trial {number + 2} of 3" if number < 2 else "Thank you. 3 of 3 answered.")
    assert "keeps no answers" in listener.page.get_by_role("alert").inner_text()
    asked = []
    listener.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    listener.page.close(run_before_unload=True)
    listener.page.wait_for_function("true")
    assert asked == ["beforeunload"]
    body = listener.saved("Save my answers")
    assert [vote["answer"] for vote in body["votes"]] == [
        expected("ab", vote["sounds"], vote["place"]) for vote in body["votes"]
    ]
    assert (len(body["votes"]), body["finished"]) == (3, True)
    page.fine()


def test_where_storage_is_there_the_page_is_left_without_a_question(listener):
    listener.open(SmallTest("ab"))
    listener.answer("ab", 0)
    listener.at("Trial 2 of 3")
    asked = []
    listener.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    listener.page.goto("about:blank")
    assert asked == []


def arrived(server):
    """What has come over all connections until now."""
    server.setblocking(False)
    found = b""
    with suppress(BlockingIOError):
        while True:
            connection, _ = server.accept()
            connection.setblocking(False)
            with connection, suppress(BlockingIOError):
                found += connection.recv(1000)
    return found


def test_the_page_can_send_nothing(listener):
    """Not even from its console: the policy refuses every way out, before a request is made."""
    listener.open(SmallTest("abx"))
    server = socket.create_server(("127.0.0.1", 0))
    refused = listener.page.evaluate(
        """async (port) => {
            const refused = [];
            addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
            const here = `http://127.0.0.1:${port}/`;
            const failed = await fetch(here).then(() => "sent", (error) => error.name);
            new Image().src = here;
            navigator.sendBeacon(here, "answers");
            try { new WebSocket(`ws://127.0.0.1:${port}/`); } catch {}
            document.body.append(Object.assign(document.createElement("iframe"), {src: here}));
            const form = document.body.appendChild(Object.assign(document.createElement("form"), {action: here, method: "post"}));
            form.submit();
            document.head.append(Object.assign(document.createElement("script"), {textContent: "window.evil = 1"}));
            while (refused.length < 7) await new Promise(requestAnimationFrame);
            return [failed, window.evil, refused.sort()];
        }""",
        server.getsockname()[1],
    )
    assert refused == [
        "TypeError", None,
        ["connect-src", "connect-src", "connect-src", "form-action", "frame-src", "img-src", "script-src-elem"],
    ]  # fmt: skip
    # Chromium opens a connection for a frame and a form before it asks the policy; not a byte goes over it.
    with server:
        assert arrived(server) == b""


FAILING = """async ([module, sheet, sounds]) => {
    const {mount} = await import(URL.createObjectURL(new Blob([module], {type: "text/javascript"})));
    window.kept = [];
    window.failing = false;
    const el = document.body.appendChild(document.createElement("div"));
    mount(el, {
        sheet, row: 0, listener: "ann",
        audio: async (trial, sound) => Uint8Array.from(atob(sounds[trial][sound]), (one) => one.charCodeAt(0)).buffer,
        votes: async () => { if (window.failing) throw new Error("no"); return []; },
        keep: async (vote) => { if (window.failing) throw new Error("The disk is full."); kept.push(vote); },
        finish: async () => { window.finished = true; },
    }, document.body);
}"""


def mounted(listener, test):
    """The page's code with a transport that can be made to fail."""
    sounds = {
        name: {one: base64.b64encode(test.sound(name, one)).decode() for one in trial["sounds"]}
        for name, trial in test.trials.items()
    }
    listener.page.goto("about:blank")
    listener.page.evaluate(FAILING, [view("listening")._esm, test.sheet(), sounds])


def test_an_answer_that_cannot_be_written_is_not_lost(listener, page):
    """The page says why, stays, and tries again when it is told to; drafts that failed go with it."""
    mounted(listener, SmallTest("multi"))
    listener.at("Trial 1 of 3")
    listener.page.evaluate("() => { failing = true; }")
    listener.answer("multi", 1)
    alert = listener.page.get_by_role("alert")
    alert.wait_for()
    assert "could not be written: The disk is full." in alert.inner_text()
    listener.at("Trial 1 of 3")
    listener.page.evaluate("() => { failing = false; }")
    again = listener.page.get_by_role("button", name="Try again")
    again.press("Enter")
    listener.at("Trial 2 of 3")
    assert alert.count() == 0
    assert listener.page.evaluate("kept.map(({trial, answer, draft}) => [trial, answer, draft])") == [
        ["k1aa", {"q00": 52, "q01": 53, "q02": 54}, None]
    ]
    page.fine()


KERNEL = """async ([module, sheet, sound]) => {
    const {default: widget} = await import(URL.createObjectURL(new Blob([module], {type: "text/javascript"})));
    const bytes = Uint8Array.from(atob(sound), (one) => one.charCodeAt(0)).buffer;
    Object.assign(window, {written: [], deaf: false, mute: false, refuses: false});
    window.connect = () => {
        let heard = () => {};
        const model = {
            get: (name) => ({_sheet: sheet, _listener: "ann", _row: 0})[name], off() {}, set() {}, save_changes() {},
            on: (name, listener) => { if (name === "msg:custom") heard = listener; },
            send({kind, vote, request}) {
                if (deaf) return;
                const again = kind === "keep" && written.some((one) => one.trial === vote.trial);
                if (kind === "keep" && !again) written.push(vote);
                if (mute && kind === "keep") return;
                const error = again && refuses ? "It is answered already." : undefined;
                queueMicrotask(() => heard({request, error, votes: structuredClone(written)}, [new DataView(bytes)]));
            },
        };
        const el = document.body.appendChild(document.createElement("div"));
        const end = widget.render({model, el});
        return () => { end(); el.remove(); };
    };
    window.end = connect();
}"""


@pytest.mark.parametrize("how", ["deaf", "mute"])
def test_a_kernel_that_does_not_answer_costs_no_vote(listener, page, how):
    """It is named after ten seconds; its successor is given the vote, and one that wrote it in silence is not asked to do so twice."""
    test = SmallTest("ab")
    listener.file.write_text("<!doctype html><meta charset=utf-8><title>Widget</title>", "utf-8")
    listener.page.goto(listener.address)
    sound = base64.b64encode(test.sound("k1aa", "q00")).decode()
    listener.page.evaluate(KERNEL, [view("listening")._esm, test.sheet(), sound])
    listener.at("Trial 1 of 3")
    listener.page.locator(".vn-hear").first.focus()
    listener.hear("A")
    listener.hear("B")
    listener.press("1")
    listener.page.evaluate(f"() => {{ {how} = refuses = true; }}")
    listener.page.clock.install()
    listener.press("Enter")
    listener.page.clock.run_for(10_500)
    if how == "deaf":
        # Whether it has written the vote was asked, too.
        listener.page.clock.run_for(10_500)
        alert = listener.page.get_by_role("alert")
        alert.wait_for()
        assert "The kernel does not answer" in alert.inner_text()
        assert listener.page.evaluate("written") == []
        listener.page.evaluate("() => { end(); deaf = false; end = connect(); }")
    listener.at("Trial 2 of 3")
    assert listener.page.evaluate("written.map(({trial, answer}) => [trial, answer])") == [["k1aa", "q00"]]
    assert [key for key in listener.page.evaluate("Object.keys(localStorage)") if key.endswith("unwritten")] == []


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


# ── What is heard ───────────────────────────────────────────────────────────────────────────────────────────────────

OUT_IN = f"""async ({{module, sounds, rate, seconds, plan}}) => {{
    {TO_TEXT}
    const {{Mixer}} = await import(URL.createObjectURL(new Blob([module], {{type: "text/javascript"}})));
    const context = new OfflineAudioContext(1, seconds * rate, rate);
    const mixer = new Mixer(context, {QUANTUM} / rate, "out-in");
    sounds.forEach((sound, id) => {{
        const samples = new Float32Array(Uint8Array.from(atob(sound), (one) => one.charCodeAt(0)).buffer);
        const buffer = context.createBuffer(1, samples.length, rate);
        buffer.copyToChannel(samples, 0);
        mixer.set(id, buffer, 1);
    }});
    const times = [];
    for (const [at, act, id, offset] of plan) {{
        const step = () => times.push(mixer[act](id, offset === null ? null : () => ({{offset}})));
        if (at === 0) step();
        else context.suspend(at).then(() => {{ step(); context.resume(); }});
    }}
    return [times, text((await context.startRendering()).getChannelData(0))];
}}"""


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
    packed = [base64.b64encode(sound.tobytes()).decode() for sound in sounds]
    page.page.goto("about:blank")
    times, text = page.page.evaluate(
        OUT_IN, {"module": ComparePlayer._esm, "sounds": packed, "rate": rate, "seconds": 2, "plan": plan}
    )
    signal = floats(text)
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
    page.wait_for_function("document.querySelectorAll('.vn-hear[data-heard]').length === 1")
    listener.hear("A")
    listener.hear("X")
    assert page.locator(".vn-hear[aria-label$=playing]").get_attribute("aria-label") == "X, sound 3 of 3, playing"
    assert float(page.locator(".vn-seek").input_value()) <= 0.5


# ── How it looks, and for whom ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_it_fits_a_narrow_screen_and_a_finger(listener, page, kind):
    """320 pixels wide nothing is cut off; whatever is pressed is 44 pixels high; a text in Arabic runs from the right."""
    listener.page.set_viewport_size({"width": 320, "height": 640})
    test = SmallTest(kind)
    listener.open(test, "#row=1", trial="Practice 1 of 1" if kind == "mushra" else "Trial 1 of 3")
    listener.press("l")
    assert listener.page.evaluate("document.documentElement.scrollWidth") == 320
    small = listener.page.evaluate(
        """() => [...document.querySelectorAll("button, label.vn-answer, label.vn-option, input[type=range]")]
            .filter((one) => one.offsetParent && (one.offsetHeight < 44 || one.offsetWidth < 44)).map((one) => one.outerHTML)"""
    )
    assert small == []
    cut = listener.page.evaluate(
        """() => [...document.querySelectorAll("main *")]
            .filter((one) => one.offsetParent && !one.closest(".vn-unseen") && (one.getBoundingClientRect().right > 320.5 || one.getBoundingClientRect().left < -0.5))
            .map((one) => one.outerHTML.slice(0, 200))"""
    )
    assert cut == []
    [arabic] = [trial["text"] for trial in test.trials.values() if trial["lang"] == "ar"]
    listener.page.evaluate("() => localStorage.clear()")
    if kind == "mushra":
        listener.open(test, "#row=0", trial="Practice 1 of 1")
        listener.answer(kind)
        listener.at("Trial 1 of 3")
    else:
        listener.open(test, "#row=0")
        listener.answer(kind)
        listener.at("Trial 2 of 3")
    text = listener.page.locator(".vn-text")
    assert text.inner_text() == arabic
    assert text.evaluate("one => [one.lang, getComputedStyle(one).direction]") == ["ar", "rtl"]
    page.fine()


@pytest.mark.parametrize("labels", [["Bad", "Poor", "Excellent"], ["سيئ", "ضعيف", "ممتاز"]], ids=["en", "ar"])
@pytest.mark.parametrize("width", [320, 900])
def test_a_scale_s_words_stand_at_their_values(listener, labels, width):
    """Whatever way a word is written, it stands above the place of the slider that means it."""
    test = SmallTest("multi")
    test.sheet()["scale"] = test.sheet()["scale"] | {"labels": [[0, labels[0]], [25, labels[1]], [100, labels[2]]]}
    listener.page.set_viewport_size({"width": width, "height": 800})
    listener.open(test)
    centres = listener.page.locator(".vn-marks span").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(({left, width}) => left + width / 2)"
    )
    slider = listener.page.locator(".vn-rate").first.bounding_box()
    # The knob's own half stays within the slider.
    assert centres[0] == pytest.approx(slider["x"] + 8, abs=8)
    assert centres[2] == pytest.approx(slider["x"] + slider["width"] - 8, abs=8)
    assert (centres[1] - centres[0]) / (centres[2] - centres[0]) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(listener, kind, scheme):
    """The rules of axe-core, at the beginning of a trial, at its end, and after the last one."""
    if "AXE_CORE" not in os.environ:
        pytest.skip("AXE_CORE does not name axe-core's axe.min.js")
    axe = Path(os.environ["AXE_CORE"]).read_text("utf-8")
    listener.page.emulate_media(color_scheme=scheme)
    listener.open(
        SmallTest(kind, headphones=kind == "ab"),
        trial={"ab": "Headphones 1 of 6", "mushra": "Practice 1 of 1"}.get(kind, "Trial 1 of 3"),
    )
    listener.page.evaluate(axe)

    def violations():
        found = listener.page.evaluate("axe.run(document, {preload: false}).then(({violations}) => violations)")
        return [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in found]

    assert violations() == []
    if kind == "ab":
        return
    listener.press("l")
    for key in HEARD[kind]:
        if kind == "acr":
            listener.press("l")
        listener.hear(key)
        if key.isdigit():
            listener.press("ArrowRight")
    if kind not in {"multi", "mushra"}:
        listener.press("1")
    assert violations() == []
    listener.press("Enter")
    while listener.page.get_by_role("heading", name="Thank you").count() == 0:
        before = listener.page.locator(".vn-heading").inner_text()
        if before.startswith("Trial"):
            listener.answer(kind)
        listener.page.wait_for_function(
            "before => document.querySelector('.vn-heading').innerText !== before", arg=before
        )
    assert violations() == []


# ── In JupyterLab ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_widget_s_answers_arrive_and_outlive_page_and_kernel(page, lab, tmp_path):
    cell = (
        f"import json, sys\nsys.path.insert(0, {str(HARNESS)!r})\nfrom small_listening import SmallTest\n"
        f"from voicenb.panels import ListeningPlayer\ntest = SmallTest('multi', {str(tmp_path / 'votes.json')!r})\n"
        "player = ListeningPlayer(test)\nplayer"
    )
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell), nbformat.v4.new_code_cell("")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, lab.folder / "listening.ipynb")
    page.open(lab.address("listening.ipynb"))
    page.start_all()
    listener = Listener(page, tmp_path / "none.html")
    votes = "[[vote['trial'], vote['answer'], 'draft' in vote] for vote in test.votes_of('me')]"
    listener.at("Trial 1 of 3")
    listener.page.locator(".vn-hear").first.focus()
    listener.answer("multi", 0)
    listener.at("Trial 2 of 3")
    page.becomes(votes, [["k1aa", {"q00": 51, "q01": 52, "q02": 53}, False]])
    listener.page.locator(".vn-hear").first.focus()
    listener.hear("1")
    listener.press("ArrowRight")
    page.becomes(f"{votes}[1:]", [["k2bb", {"q10": 51}, True]])
    assert page.page.locator(".jp-CodeCell").count() == 2  # the notebook's own keys were left alone
    page.save(lab.folder / "listening.ipynb")

    page.page.reload()
    listener.at("Trial 2 of 3")
    assert listener.page.locator(".vn-rate").first.get_attribute("aria-valuetext") == "51"

    page.restart()
    page.start_all()
    # The old view is taken away when the cell runs.
    listener.page.wait_for_function("document.querySelectorAll('.vn-listening').length === 1")
    listener.at("Trial 2 of 3")
    listener.page.locator(".vn-hear").first.focus()
    listener.answer("multi", 1)
    listener.at("Trial 3 of 3")
    page.becomes("len(test.votes_of('me'))", 2)
    page.fine()
