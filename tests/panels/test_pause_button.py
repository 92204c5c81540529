"""The button that inserts a pause: each service's own."""

import pytest

import voicenb as vn
from voicenb.panels import SayPanel


@pytest.mark.parametrize(("service", "pause"), [("soundclone", "<#0.5#>"), ("faseeh", '<break time="500ms"/>')])
async def test_the_pause_of_the_service_is_inserted(panel_home, monkeypatch, service, pause):
    """And it is one, by the rules of the form."""
    with vn.connect(service, sandbox=True, home=panel_home) as studio:
        panel = SayPanel(studio)
        (button,) = panel.form.fields["text"].extra.children
        assert pause in button.tooltip
        sent = []
        monkeypatch.setattr(panel._assets.comm, "send", lambda data=None, *_, **__: sent.append(data))
        button.click()
        assert sent[-1]["content"] == {"insert": pause}
        panel.form.set({"text": f"one {pause} two"})
        assert [one for one in panel.form.check(voice="-") if one.field == "text"] == []
        panel.close()


def test_a_service_without_pauses_has_no_button(panel_home):
    with vn.connect("aiclone", sandbox=True, home=panel_home) as studio:
        panel = SayPanel(studio)
        assert list(panel.form.fields["text"].extra.children) == []
        panel.close()
