"""A further panel is one file and one entry point: that of the documentation, installed and pressed."""

from __future__ import annotations

from pathlib import Path

import pytest
from added_packages import install

import voicenb as vn

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "new-panel.md").read_text("utf-8") if DOCS.is_dir() else ""
pytestmark = pytest.mark.skipif(not PAGE, reason="this test looks at a checkout")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Makes a package of a file and the page's entry point, as an installer leaves it."""

    return lambda content: install(PAGE, content, tmp_path, monkeypatch)


async def test_one_file_and_one_entry_point_make_a_tab(installed, panel_home):
    installed((DOCS / "new_panel.py").read_text("utf-8"))
    with vn.connect(home=panel_home) as studio:
        panel = studio.panel()
        assert panel._tabs.titles == ("Clone", "Say", "Voices", "History", "Balance")
        balance = panel.added["balance"]
        balance.look.click()
        await panel.settled()
        assert "credits" in balance._status.value
        panel._tabs.selected_index = 4
        assert panel.code().endswith("studio.balance()")
        panel.close()


@pytest.mark.parametrize(
    "content", ["import nowhere_to_be_found", "BalancePanel = dict", "BalancePanel = None", "raise SystemExit(0)"]
)
async def test_a_panel_that_cannot_be_loaded_takes_no_other_away(installed, panel_home, content):
    installed(content)
    with vn.connect(home=panel_home) as studio:
        with pytest.warns(vn.VoicenbWarning, match="the panel 'balance' could not be loaded"):
            panel = studio.panel()
        assert panel._tabs.titles == ("Clone", "Say", "Voices", "History")
        await panel.settled()
        panel.close()
