"""Listening tests as one file and as a widget: what their sources hold, and what the kernel answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings, strategies as st
from small_listening import KINDS, SmallTest

from voicenb.base.views import view
from voicenb.errors import InvalidRequest
from voicenb.panels.listening import ListeningPlayer
from voicenb.panels.listening_page import page

pytestmark = pytest.mark.usefixtures("wired")

SHEET = {
    "format", "id", "hash", "kind", "title", "question", "attribute", "lang", "scale", "tie", "reference", "headphones",
    "rate", "trials", "training", "orders",
}  # fmt: skip


class Parsed(HTMLParser):
    """The page as a browser reads it: the text of each element that holds text alone, and every attribute."""

    def __init__(self, html):
        super().__init__()
        self.elements, self._inside = [], False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), []))
        self._inside = True

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.elements[-1][2].append(data)

    def all(self, tag):
        return [(attributes, "".join(text)) for name, attributes, text in self.elements if name == tag]

    def data(self):
        [text] = [text for attributes, text in self.all("script") if attributes.get("id") == "listening-data"]
        return json.loads(text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_holds_the_sheet_and_the_sounds_and_nothing_else(kind):
    test = SmallTest(kind, stimuli={"q00": "speed 1.1"}, seed=3)
    for trial in test.trials.values():
        trial["condition"] = "speed 1.1"
    html = page(test)
    data = Parsed(html).data()
    assert set(data) == {"sheet", "sounds"}
    assert set(data["sheet"]) == SHEET
    for name, trial in data["sheet"]["trials"].items():
        assert set(trial) <= {"text", "lang", "sounds", "x", "reference", "seconds"}
        ids = {*trial["sounds"], *(trial[one] for one in ("x", "reference") if one in trial)}
        assert list(data["sounds"][name]) == sorted(ids)
        assert all(b64decode(text) == test.sound(name, sound) for sound, text in data["sounds"][name].items())
    assert list(data["sounds"]) == sorted(test.trials)
    assert "speed 1.1" not in html


def test_the_policy_allows_the_page_s_own_script_and_style_alone():
    parsed = Parsed(page(SmallTest("abx")))
    [policy] = [one["content"] for one, _ in parsed.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    [script] = [text for attributes, text in parsed.all("script") if attributes.get("type") == "module"]
    [(_, style)] = parsed.all("style")
    hashed = {
        name: f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
        for name, text in (("script-src", script), ("style-src", style))
    }
    assert rules == hashed | {
        "default-src": "'none'", "media-src": "blob:", "img-src": "data:", "connect-src": "'none'", "form-action": "'none'",
        "base-uri": "'none'",
    }  # fmt: skip
    # Nothing is named that could be fetched, and no style or handler stands in an attribute, which the policy would refuse.
    assert {
        value for _, attributes, _ in parsed.elements for name, value in attributes.items() if name in {"src", "href"}
    } == {"data:,"}
    assert not [
        name for _, attributes, _ in parsed.elements for name in attributes if name == "style" or name.startswith("on")
    ]
    assert not re.search(
        r"\b(fetch|XMLHttpRequest|WebSocket|sendBeacon|import)\s*\(",
        script.replace("fetch(index)", "").replace("fetch(slots", ""),
    )


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["</script><script>alert(1)</script>", "<!--<script>", "]]>", "</title>", "\u2028\u2029", '" onload="x', "&lt;/script&gt;"]),
)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(title=HOSTILE, text=HOSTILE, question=HOSTILE, lang=HOSTILE)
def test_no_text_ends_its_element(title, text, question, lang):
    """What somebody wrote stands in the page as it is, and the page has the same elements as ever."""
    test = SmallTest("ab", seconds=0.01, title=title)
    test.trials["k1aa"]["text"] = text
    test.sheet().update(question=question, lang=lang)
    parsed, usual = Parsed(page(test)), Parsed(page(SmallTest("ab", seconds=0.01)))
    assert [one[0] for one in parsed.elements] == [one[0] for one in usual.elements]
    assert [set(one[1]) for one in parsed.elements] == [set(one[1]) for one in usual.elements]
    data = parsed.data()["sheet"]
    assert (data["title"], data["trials"]["k1aa"]["text"], data["question"], data["lang"]) == (
        title,
        text,
        question,
        lang,
    )


@pytest.mark.parametrize(
    ("change", "named"), [({"format": "voicenb-listening-2"}, "format"), ({"format": None}, "format")]
)
def test_another_form_of_sheet_is_refused(change, named):
    test = SmallTest("acr", seconds=0.01)
    test.sheet().update(change)
    with pytest.raises(InvalidRequest, match=named):
        page(test)


def test_a_sheet_that_lacks_a_field_is_refused():
    test = SmallTest("acr", seconds=0.01)
    del test.sheet()["orders"]
    with pytest.raises(InvalidRequest, match="orders"):
        page(test)


def test_a_page_is_made_without_the_notebook_s_packages():
    """Whoever makes a page for listeners needs no widgets."""
    code = (
        "import sys; from voicenb.base.views import view; make = view('listening_page');"
        "print(make.__name__, sorted({'anywidget', 'ipywidgets', 'traitlets', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["page", "[]"]


# ── The widget's half in Python ─────────────────────────────────────────────────────────────────────────────────────


def asked(player, question):
    """What the page is answered, and the buffers beside it."""
    player._handle_custom_msg(question | {"request": "r"}, [])
    _, data, buffers = player.comm.sent[-1]
    content = dict(data["content"])
    assert content.pop("request") == "r"
    return content, buffers


def test_a_widget_hands_sounds_out_and_votes_in(tmp_path):
    test = SmallTest("mushra", tmp_path / "votes.json")
    player = view("listening")(test, listener="ann")
    assert asked(player, {"kind": "audio", "trial": "k1aa", "sound": "r1"}) == (
        {},
        [test.sound("k1aa", "r1")],
    )
    vote = {"trial": "k1aa", "place": 0, "sounds": [], "answer": {"q10": 4}, "at": 1, "seconds": 2.5, "plays": {}}
    assert asked(player, {"kind": "keep", "vote": vote | {"draft": True}}) == ({}, [])
    assert player.html().count("0 of 3") == 1
    assert asked(player, {"kind": "keep", "vote": vote}) == ({}, [])
    assert asked(player, {"kind": "finish"}) == ({}, [])
    # Another kernel, which knows the file alone.
    again = ListeningPlayer(SmallTest("mushra", tmp_path / "votes.json"), listener="ann")
    assert asked(again, {"kind": "votes"}) == ({"votes": [vote]}, [])
    assert repr(again) == "<ListeningPlayer · mushra · ann · 1 of 3>"
    other = ListeningPlayer(test, listener="bob")
    assert asked(other, {"kind": "votes"}) == ({"votes": []}, [])


@pytest.mark.parametrize(
    "question",
    [{"kind": "audio", "trial": "k1aa", "sound": "q99"}, {"kind": "audio", "trial": 1, "sound": "q10"}, {"kind": "keep", "vote": "A"}, {"kind": "key"}, {}],
)  # fmt: skip
def test_what_a_page_may_not_ask_is_refused(question):
    content, buffers = asked(ListeningPlayer(SmallTest("abx")), question)
    assert set(content) == {"error"}
    assert buffers == []


def test_a_widget_s_state_and_static_form_hold_no_sound_and_no_key():
    test = SmallTest("abx", title="<b>Is it heard?</b>", stimuli={"q00": "speed 1.1"})
    player = ListeningPlayer(test)
    state = {name: value for name, value in player.get_state().items() if name not in {"_esm", "_css"}}
    assert len(json.dumps(state, default=str)) < 4000
    assert set(player.get_state()["_sheet"]) == SHEET
    html = player.html()
    assert "&lt;b&gt;Is it heard?&lt;/b&gt;" in html
    assert "0 of 3" in html
    assert not re.search(r"\b[qz]\d", html)


def test_a_listener_has_a_name():
    with pytest.raises(InvalidRequest, match="listener"):
        ListeningPlayer(SmallTest("abx"), listener=" ")
    with pytest.raises(TypeError, match="listner"):
        ListeningPlayer(SmallTest("abx"), listner="me")
