"""What the workbench costs the page: messages and bytes, counted where a real kernel sends them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

MOST_MESSAGES, MOST_BYTES = 250, 150_000


class Kernel:
    """A kernel, and what it sends to a page."""

    def __init__(self):
        self.manager, self.client = start_new_kernel()

    def run(self, code):
        """Runs a cell that ends in ``settled()``; the answer is what it sent: the type and the bytes of each message."""
        asked = self.client.execute(code)
        sent, content = [], None
        while True:
            message = self.client.get_iopub_msg(timeout=240)
            kind, content = message["msg_type"], message["content"]
            assert kind != "error", "\n".join(content["traceback"])
            if kind == "status":
                if content["execution_state"] == "idle" and message["parent_header"]["msg_id"] == asked:
                    return sent
            elif kind.startswith("comm"):
                sent.append((kind, len(json.dumps(content)) + sum(map(len, message["buffers"])), content))

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel():
    one = Kernel()
    yield one
    one.close()


def total(sent):
    return len(sent), sum(size for _, size, _ in sent)


@pytest.mark.parametrize("home", ["empty", "panel_home"], ids=["clone", "say"])
def test_the_workbench_is_light(kernel, request, voice, home):
    """Its first tab, be it Clone or Say, comes with few messages and bytes; the others when they are opened, and no script comes twice."""
    found = request.getfixturevalue(home)
    home = found if isinstance(found, Path) else found.home
    kernel.run(f"import voicenb as vn\nstudio = vn.connect(home={str(home)!r})")
    first = kernel.run("panel = studio.panel()\ndisplay(panel)\nawait panel.settled()")
    messages, size = total(first)
    assert messages <= MOST_MESSAGES
    assert size <= MOST_BYTES
    assert kernel.run("panel._tabs.selected_index = panel._tabs.selected_index") == []
    rest = [one for tab in range(4) for one in kernel.run(f"panel._tabs.selected_index = {tab}\nawait panel.settled()")]
    states = [content["data"]["state"] for kind, _, content in (*first, *rest) if kind == "comm_open"]
    names = Counter(state["_model_name"] for state in states)
    assert names["DropdownModel"] > 4, "all tabs are there now"
    scripts = Counter(state["source"] for state in states if "source" in state)
    assert set(scripts.values()) == {1}
    assert all(len(state["_esm"]) < 1000 for state in states if "_esm" in state)
    assert names["LayoutModel"] < 20
    # A second panel brings no script again.
    again = kernel.run("other = studio.panel()\nawait other.settled()")
    assert not [content for kind, _, content in again if kind == "comm_open" and "source" in content["data"]["state"]]
