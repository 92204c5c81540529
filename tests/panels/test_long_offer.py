"""A text that is too long, in the panel: what is offered, what it costs, and what comes of it."""

from __future__ import annotations

import pytest

from voicenb.panels import SayPanel, long_offer
from voicenb.studio import long_text

from .test_presses import press

TEXT = "Panels can say more of it. They do it part by part."


@pytest.fixture
def short(monkeypatch):
    """The form's own limit stays ten thousand; a text is long from 30 characters on."""
    for module in (long_text, long_offer):
        monkeypatch.setattr(module, "longest_text", lambda _: 30)


async def test_a_long_text_is_said_in_parts_on_request(studio, voice, short):
    """The box is seen when it is needed; ticked, the price is that of the parts, and one clip is shown."""
    panel = SayPanel(studio, "ada")
    box = panel._long.control
    panel.form.set({"text": "A short one."})
    await panel.settled()
    assert "voicenb-gone" in box._dom_classes
    panel.form.set({"text": TEXT})
    await panel.settled()
    assert "voicenb-gone" not in box._dom_classes
    assert "split" not in panel.code()
    box.value = True
    panel._takes.value = 2
    await panel.settled()
    assert panel._buttons.go.disabled
    panel._takes.value = 1
    await panel.settled()
    assert "split=True" in panel.code()
    assert panel._price == studio.price("ada", TEXT, split=True)
    press(panel, panel._buttons.go)
    await panel.settled()
    assert panel.error is None
    [result] = panel.results.shown
    [clip] = result.clips
    assert [task.text for task in clip.task.parts] == ["Panels can say more of it.", "They do it part by part."]
    assert result.said.text == TEXT
    assert "of speech" in panel._status.value
    assert panel._buttons.go.description == "Say · made before · free"
    panel.results.star(result)
    assert all(task.record.label == "starred" for task in result.tasks)
    panel.close()


async def test_what_is_too_long_is_an_error_until_the_box_is_ticked(studio, voice):
    """With the service's real limit: then it is priced, and nothing is sent by that."""
    panel = SayPanel(studio, "ada")
    count = len(studio.tasks())
    panel.form.set({"text": "This is a sentence of many. " * 400})
    await panel.settled()
    assert panel._buttons.go.disabled
    assert "To mend: text" in panel._status.value
    panel._long.control.value = True
    await panel.settled()
    assert not panel._buttons.go.disabled
    assert panel._price.amount > 1
    assert len(studio.tasks()) == count
    panel.close()
