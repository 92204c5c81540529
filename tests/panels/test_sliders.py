"""What the page of the panels says of ipywidgets' own sliders holds."""

from __future__ import annotations

import re
from pathlib import Path

import ipywidgets
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "panels.md"


@pytest.mark.skipif(not PAGE.is_file(), reason="this test looks at a checkout")
def test_a_slider_asks_for_prices_and_a_button_pays_once(studio, voice):
    """Moving either slider leaves no task; the button makes one."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    (code,) = [one for one in blocks if "interact_manual" in one]
    names = {"studio": studio, "voice": voice}
    named = code.replace("\ninteract(", "\nasked = interact(").replace(
        "\ninteract_manual(", "\npaid = interact_manual("
    )
    exec(named, names)
    before = studio.history.count()
    for function in (names["asked"], names["paid"]):
        (slider,) = [one for one in function.widget.children if isinstance(one, ipywidgets.FloatSlider)]
        for speed in (0.7, 0.9, 1.3):
            slider.value = speed
    assert studio.history.count() == before
    (button,) = [one for one in names["paid"].widget.children if isinstance(one, ipywidgets.Button)]
    button.click()
    assert sum(studio.history.count().values()) == sum(before.values()) + 1
    assert (names["asked"].widget.children[-1].outputs or [{}])[-1].get("output_type") != "error"
