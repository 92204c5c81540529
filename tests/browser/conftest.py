"""A real JupyterLab, started by ``voicenb lab``, and a real Chromium.

    python -m pytest tests/browser

Debian's package ``chromium`` is enough; without a Chromium these tests are skipped. Requests to any other host than this machine are
refused and counted, so that a page which needs one is found out.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]

_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    # A microphone that beeps, and nobody to ask for permission.
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]  # fmt: skip
_START_SECONDS = 90


def pytest_collection_modifyitems(items):
    """Everything here needs Chromium."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """The path of a Chromium."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    return found


class Page:
    """A page of Chromium, with what went wrong in it.

    Attributes:
        page: Playwright's page.
        errors: Errors that nobody caught, and what the console calls an error.
        refused: Addresses outside this machine that the page asked for, and did not get.
    """

    def __init__(self, context):
        self.errors: list[str] = []
        self.refused: list[str] = []
        context.route("**/*", self._route)
        self.page = context.pages[0] if context.pages else context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("pageerror", lambda error: self.errors.append(f"page: {error}"))
        self.page.on("console", self._said)

    def _route(self, route):
        parts = urlsplit(route.request.url)
        if parts.scheme in {"http", "https"} and parts.hostname not in {"127.0.0.1", "localhost"}:
            self.refused.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    def _said(self, said):
        if said.type == "error":
            self.errors.append(f"console: {said.text} ({said.location.get('url', '')})")

    def players(self, scope="body"):
        """Every audio element under `scope` as ``{"duration", "error"}``, once the browser has read its sound."""
        return self.page.evaluate(
            """scope => Promise.all([...document.querySelectorAll(scope + " audio")].map(audio => new Promise(tell => {
                const say = () => tell({duration: audio.duration, error: audio.error && audio.error.message});
                if (audio.readyState >= 1) return say();
                audio.addEventListener("loadedmetadata", say);
                audio.addEventListener("error", say, true);
                audio.preload = "auto";
                audio.load();
            })))""",
            scope,
        )


@pytest.fixture
def page(chromium, tmp_path):
    """A new Chromium with a profile of its own."""
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=chromium,
            headless=True,
            args=_FLAGS,
            viewport={"width": 1280, "height": 900},
            service_workers="block",
        )
        try:
            yield Page(context)
        finally:
            context.close()


class Lab:
    """A running JupyterLab.

    Attributes:
        folder: What it serves.
        url: Its address with the token, up to ``/lab``.
    """

    def __init__(self, folder, environment):
        self.folder = folder
        self._lines: Queue[str] = Queue()
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "voicenb", "lab", "--no-browser", "--port", "0", "--folder", str(folder)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.base, self.token = self._address()

    def _read(self):
        with self._process.stderr as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")

    def _address(self):
        while True:
            try:
                line = self._lines.get(timeout=_START_SECONDS)
            except Empty:
                line = ""
            self.said.append(line)
            if not line:
                self.stop()
                pytest.fail("JupyterLab did not start:\n" + "".join(self.said))
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab/tree/01-first-voice\.ipynb\?token=(\w+)", line):
                return found[1], found[2]

    def address(self, notebook):
        """Where `notebook` is open alone, in a workspace of its own."""
        name = re.sub(r"\W", "-", notebook)
        return f"{self.base}/lab/workspaces/{name}/tree/{notebook}?token={self.token}"

    def stop(self):
        """Ends it, kernels included."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on copies of the tutorials, with settings, workspaces and a home of its own."""
    folder = tmp_path_factory.mktemp("lab")
    own = {
        name: str(folder / name.lower())
        for name in ("VOICENB_HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR",
                     "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    }  # fmt: skip
    settings = folder / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    # Otherwise a dialog asks whether news may be fetched from another host.
    (settings / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}', "utf-8"
    )
    started = Lab(folder / "tutorials", os.environ | own)
    yield started
    started.stop()
