"""How a listening test's page looks, and for whom: narrow screens, other scripts, and those who do not see it.

It takes long because sounds are heard in real time. axe-core's rules are held where the variable ``AXE_CORE`` names its
``axe.min.js``.
"""

from __future__ import annotations

import pytest
from small_listening import KINDS, SmallTest

from .axe import violations
from .listeners import HEARD


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
    listener.page.emulate_media(color_scheme=scheme)
    listener.open(
        SmallTest(kind, headphones=kind == "ab"),
        trial={"ab": "Headphones 1 of 6", "mushra": "Practice 1 of 1"}.get(kind, "Trial 1 of 3"),
    )
    assert violations(listener.page) == []
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
    assert violations(listener.page) == []
    listener.press("Enter")
    while listener.page.get_by_role("heading", name="Thank you").count() == 0:
        before = listener.page.locator(".vn-heading").inner_text()
        if before.startswith("Trial"):
            listener.answer(kind)
        listener.page.locator(".vn-heading").filter(has_not_text=before).wait_for()
    assert violations(listener.page) == []
