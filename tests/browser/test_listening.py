"""Listening tests by keyboard alone: the very page that listeners get, and the widget in JupyterLab.

It takes long because sounds are heard in real time.
"""

from __future__ import annotations

import base64
import socket
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from small_listening import KINDS, SmallTest

from voicenb.base.views import view

from .listeners import Listener, expected

HARNESS = Path(__file__).parents[1] / "harness"
REFUSED = (
    """Object.defineProperty(window, "localStorage", {get() { throw new DOMException("no", "SecurityError"); }});"""
)


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
