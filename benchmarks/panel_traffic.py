"""What the workbench sends to the page, and when its first tab can be used behind a slow connection.

    python benchmarks/panel_traffic.py [--delay 100] [--runs 3] [--before CHECKOUT]

A real kernel shows a panel; what it sends on its iopub channel is counted, message by message, as JSON without headers. Beside it stands the
form alone, and the same form in plain ipywidgets: the control that each of them offers for a parameter, with a label that says what is wrong, a
unit and a button, as the panels had until then. With ``--before`` the workbench of another checkout, with an environment of its own, is counted too.

The time is that of a real JupyterLab in Chromium behind a proxy that holds back each frame of the kernel's WebSocket by ``--delay`` milliseconds, in both
directions: from the moment the cell is run until the first tab's text takes a letter and the button below answers it.
The table goes to stdout, for ``benchmarks/panel_traffic.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PANEL = "panel = studio.panel()\ndisplay(panel)"
FORM = """from voicenb.panels import Form
display(Form(studio.service.request_type("production"), hide=("voice",)))"""
PLAIN = """import ipywidgets as w
def control(one):
    about = {"description": one.name, "tooltip": one.help}
    if one.name == "text":
        return w.Textarea(**about)
    if one.choices:
        return w.Dropdown(options=one.choices, **about)
    if one.type in ("number", "integer") and one.low is not None:
        kind = w.IntSlider if one.type == "integer" else w.FloatSlider
        return kind(value=one.default, min=one.low, max=one.high, **about)
    return w.Text(**about)
rows = []
for name, one in studio.service.request_type("production").parameters().items():
    if name != "voice":
        rows.append(w.VBox([w.HBox([control(one), w.HTML(one.unit), w.Button(description="reset")]), w.HTML()]))
display(w.VBox(rows))"""


def sent(python: str, home: str, code: str) -> tuple[int, int, int]:
    """Messages, bytes and models that a cell sends to the page, in an environment's own kernel."""
    messages, size, models = json.loads(_run(python, "--count", home, code))
    return messages, size, models


def _run(python: str, *arguments: str) -> str:
    """The last line that this file prints under another checkout's interpreter and on its sources."""
    root = Path(python).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    said = subprocess.run(
        [python, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True, cwd=root, env=environment
    ).stdout
    return said.splitlines()[-1]


def count(home: str, code: str) -> tuple[int, int, int]:
    """The same, here."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel()
    try:
        for cell in (f"import voicenb as vn\nstudio = vn.connect(home={home!r})", code):
            asked = client.execute(cell)
            messages = size = models = 0
            while True:
                message = client.get_iopub_msg(timeout=120)
                kind, content = message["msg_type"], message["content"]
                if kind == "error":
                    raise SystemExit("\n".join(content["traceback"]))
                if kind.startswith("comm"):
                    messages += 1
                    models += kind == "comm_open"
                    size += len(json.dumps(content)) + sum(map(len, message["buffers"]))
                idle = kind == "status" and content["execution_state"] == "idle"
                if idle and message["parent_header"].get("msg_id") == asked:
                    break
        return messages, size, models
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def usable(python: str, home: str, delay: int) -> float:
    """Seconds until the first tab can be used."""
    return float(_run(python, "--time", home, str(delay)))


def timed(home: str, delay: int) -> float:
    """The same, here."""
    sys.path.insert(0, str(Path.cwd()))
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import Lab, Page, environment
    from tests.browser.test_panels import written

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        work = Path(folder)
        lab = Lab(work / "tutorials", os.environ | environment(work))
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox", "--disable-gpu"])
        try:
            context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
            context.add_init_script(SLOW % delay)
            page = Page(context)
            context.set_default_timeout(300_000)
            cells = (f"import voicenb as vn\nstudio = vn.connect(home={home!r})", PANEL)
            page.open(lab.address(written(lab, "slow.ipynb", *cells)))
            page.run(0)
            screen = page.page
            # Behind the delay a kernel that is not yet asked looks idle.
            screen.locator(".jp-CodeCell .jp-InputPrompt", has_text="[1]:").wait_for()
            page.idle()
            cell = screen.locator(".jp-CodeCell .jp-InputArea-editor").nth(1)
            cell.click()
            began = time.perf_counter()
            screen.keyboard.press("Control+Enter")
            text = screen.locator(".voicenb-panel.voicenb-complete .voicenb-field-text textarea:visible").first
            text.wait_for()
            text.press("H")
            screen.locator(".voicenb-count:visible", has_text="1 / ").first.wait_for()
            return time.perf_counter() - began
        finally:
            browser.close()
            lab.stop()


SLOW = """
(() => {
  // Every frame of a kernel's connection comes later, as on a far hub.
  const delay = %d, Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      if (!String(args[0]).includes("/channels")) return;
      const own = super.send.bind(this);
      this.send = (data) => setTimeout(() => own(data), delay);
      let call = null;
      super.addEventListener("message", (event) => setTimeout(() => call?.call(this, event), delay));
      Object.defineProperty(this, "onmessage", { get: () => call, set: (next) => { call = next; } });
    }
  };
})();
"""


def _chromium() -> str:
    import shutil

    return next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--delay", type=int, default=100, help="milliseconds each frame is held back (default 100)")
    parser.add_argument("--runs", type=int, default=3, help="pages timed of each workbench (default 3)")
    parser.add_argument("--before", type=Path, help="another checkout, with its environment in .venv")
    parser.add_argument("--count", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--time", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.count:
        print(json.dumps(count(*given.count)))
        return
    if given.time:
        print(timed(given.time[0], int(given.time[1])))
        return
    here = {"the workbench": sys.executable}
    if given.before is not None:
        here = {"the workbench before": str(given.before.resolve() / ".venv" / "bin" / "python")} | here
    with tempfile.TemporaryDirectory() as home:
        print("| shown | messages | kB | models | first tab usable, s |\n|---|---|---|---|---|")
        for name, python in here.items():
            messages, size, models = sent(python, home, PANEL)
            times = [usable(python, home, given.delay) for _ in range(given.runs)]
            print(
                f"| {name} | {messages:,} | {size / 1000:.0f} | {models:,} | {statistics.median(times):.1f} |",
                flush=True,
            )
        for name, code in {"the form of *Say* alone": FORM, "that form in plain ipywidgets": PLAIN}.items():
            messages, size, models = sent(sys.executable, home, code)
            print(f"| {name} | {messages:,} | {size / 1000:.0f} | {models:,} | |", flush=True)
    print(
        f"\nFrames held back {given.delay} ms each; medians of {given.runs} pages; CPython {platform.python_version()}."
    )


if __name__ == "__main__":
    main()
