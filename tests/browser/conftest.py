"""A real JupyterLab, started by ``voicenb lab``, and a real Chromium.

    python -m pytest tests/browser

Debian's package ``chromium`` is enough; without a Chromium these tests are skipped. The browser reaches no other host than this
machine, and what a page asks of one is counted, so that a page which needs one is found out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from urllib.parse import urlsplit

import pytest
import soundfile

import voicenb as vn

from .listeners import Listener

ROOT = Path(__file__).resolve().parents[2]

RECORDING = "me.wav"
_START_SECONDS = 90
# The patience of every wait; a machine without a processor to spare needs it.
_SOON_SECONDS = 60


def pytest_collection_modifyitems(items):
    """Everything here needs Chromium, and is slow: servers, browsers and kernels start."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that fails says what its page showed."""
    report = yield
    page = item.funcargs.get("page") if report.when == "call" and report.failed else None
    if isinstance(page, Page):
        # The page may be what failed.
        with suppress(Exception):
            report.sections.append(("the page", page.told()))
    return report


@pytest.fixture(scope="package")
def work(tmp_path_factory):
    """A folder of all these tests."""
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="package")
def browser(work):
    """A Chromium whose microphone hears the `recording`, over and over."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    flags = [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        # A microphone, and nobody to ask for permission.
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={work / RECORDING}",
    ]  # fmt: skip
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, headless=True, args=flags)
        yield started
        started.close()


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
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", self._said)
        context.on("weberror", lambda error: self.errors.append(f"page: {error.error}"))
        context.set_default_timeout(1000 * _SOON_SECONDS)
        self.page = context.new_page()
        self.page.on("websocket", lambda socket: self._asked(socket.url))
        # Jupyter asks it where the list of kernels comes later than the notebook, as on a busy machine; a reader takes what is offered.
        asked = self.page.locator(".jp-Dialog", has_text="Select Kernel")
        self.page.add_locator_handler(asked, lambda dialog: dialog.locator(".jp-mod-accept").click())

    def _asked(self, url):
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in {"127.0.0.1", "localhost"}:
            self.refused.append(url)

    def _said(self, said):
        # JupyterLab's own, where a kernel is restarted before it has answered its debugger.
        if said.type == "error" and not said.text.startswith("Could not restore the debugger state"):
            self.errors.append(f"console: {said.text} ({said.location.get('url', '')})")

    def fine(self):
        """Asserts that nothing went wrong on the page, and that it asked no other machine."""
        assert self.errors == []
        assert self.refused == []

    def told(self):
        """What stands on the page, for somebody who cannot see it."""
        seen = self.page.evaluate(
            """() => ({
                address: location.pathname,
                statusbar: document.querySelector("#jp-main-statusbar")?.innerText,
                dialog: document.querySelector(".jp-Dialog")?.innerText,
                cells: [...document.querySelectorAll(".jp-CodeCell")].map(one => one.innerText.slice(0, 1500)),
                panels: [...document.querySelectorAll(".voicenb-panel")].map(one => `${one.className} ${one.offsetWidth}×${one.offsetHeight}`),
                said: [...document.querySelectorAll(".voicenb-status, .voicenb-problem, .voicenb-act")].map(one => one.innerText),
            })"""
        )
        return json.dumps(seen | {"errors": self.errors, "refused": self.refused}, indent=1, ensure_ascii=False)

    def players(self, scope="body", least=1):
        """Every audio element under `scope`, of which there are so many at `least`, as ``{"duration", "peak", "error"}``.

        The browser has then read and decoded the sound of each, as ``error`` is None.
        """
        self.page.locator(f"{scope} audio").nth(least - 1).wait_for(state="attached")
        return self.page.evaluate(
            """scope => Promise.all([...document.querySelectorAll(scope + " audio")].map(async audio => {
                if (audio.readyState < 1) await new Promise(done => {
                    audio.addEventListener("loadedmetadata", done);
                    audio.addEventListener("error", done, true);
                    audio.preload = "auto";
                    audio.load();
                });
                const told = {duration: audio.duration, peak: 0, error: audio.error && audio.error.message};
                try {
                    const file = await (await fetch(audio.currentSrc)).arrayBuffer();
                    const sound = (await new OfflineAudioContext(1, 1, 24000).decodeAudioData(file)).getChannelData(0);
                    told.peak = sound.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
                } catch (error) { told.error ||= String(error); }
                return told;
            }))""",
            scope,
        )

    # -- a notebook in JupyterLab or Notebook 7 ----------------------------------------------------------------------

    def open(self, address):
        """Opens a notebook and waits until its kernel is there."""
        self.page.goto(address)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.idle()

    def idle(self):
        """Waits until the kernel has nothing to do."""
        if "/lab/" in self.page.url:
            self.page.locator(".jp-StatusBar-TextItem", has_text="| Idle").wait_for()
        else:
            self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def menu(self, *names):
        """Chooses from the menus at the top."""
        for name in names:
            self.page.get_by_role("menuitem", name=re.compile(f"^{name}")).first.click()

    def _begin(self, ask):
        """Does what makes cells run, and waits until one does."""
        from playwright.sync_api import TimeoutError as NotYet

        self.page.evaluate(
            """() => {
                window.began = window.lastBegan = false;
                const observer = new MutationObserver(() => {
                    const busy = [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")].map(one => one.textContent.includes("*"));
                    began ||= busy.includes(true);
                    lastBegan ||= busy.at(-1) === true;
                });
                observer.observe(document.querySelector(".jp-Notebook"), {subtree: true, childList: true, characterData: true});
            }"""
        )
        # A busy JupyterLab may show a notebook before its menus and keys know of it, and forgets what it is asked while a kernel restarts.
        for _ in range(3):
            ask()
            with suppress(NotYet):
                self.page.wait_for_function("began", timeout=15_000)
                return
        pytest.fail("no cell runs")

    def run(self, number):
        """Begins to run a cell, by its number from 0."""

        def ask():
            self.page.locator(".jp-CodeCell .jp-InputArea-editor").nth(number).click()
            self.page.keyboard.press("Control+Enter")

        self._begin(ask)

    def restart(self):
        """Restarts JupyterLab's kernel, and waits until the new one is there."""
        self.page.evaluate(
            """() => {
                const bar = document.querySelector("#jp-main-statusbar");
                window.restarted = false;
                const observer = new MutationObserver(() => { restarted ||= !bar.textContent.includes("| Idle"); });
                observer.observe(bar, {subtree: true, childList: true, characterData: true});
            }"""
        )
        self.menu("Kernel", "Restart Kernel…")
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        # Until it is seen to be gone, its last status stands there.
        self.page.wait_for_function("restarted")
        self.idle()

    def start_all(self):
        """Begins to run all cells."""
        self._begin(lambda: self.menu("Run", "Run All Cells"))

    def run_all(self):
        """Runs all cells, and waits until the last of them has ended."""
        self.start_all()
        # All show [*] when it begins, and their number when they end. Those that are out of sight may not, but the last one's number tells
        # that as many have run.
        self.page.wait_for_function(
            """() => {
                const cells = [...document.querySelectorAll(".jp-CodeCell")];
                return lastBegan && cells.at(-1).querySelector(".jp-InputArea-prompt")?.textContent === `[${cells.length}]:`;
            }""",
            timeout=180_000,
        )
        self.idle()

    def save(self, file):
        """Saves the notebook; the answer is the text of its file."""
        with self.page.expect_response(
            lambda answer: answer.request.method == "PUT" and file.name in answer.url
        ) as put:
            self.page.keyboard.press("Control+s")
        assert put.value.ok
        return file.read_text("utf-8")

    def kernel(self, source):
        """What an expression is in the kernel, which has imported json; it is written into the last cell, while the rest goes on."""
        cell = self.page.locator(".jp-CodeCell").last
        before = cell.locator(".jp-InputArea-prompt").inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(f"print(json.dumps({source}))")
        self.page.keyboard.press("Control+Enter")
        prompt = cell.locator(".jp-InputArea-prompt")
        self.page.wait_for_function(
            "([prompt, before]) => prompt.textContent !== before && /\\d/.test(prompt.textContent)",
            arg=[prompt.element_handle(), before],
        )
        said = cell.locator(".jp-OutputArea-output").inner_text()
        try:
            return json.loads(said)
        except json.JSONDecodeError:
            raise AssertionError(f"{source} said {said}") from None

    def becomes(self, source, expected):
        """Asserts that an expression is, or soon is, so in the kernel: a widget's messages wait for each other, and a cell overtakes them."""
        end = time.monotonic() + _SOON_SECONDS
        while (found := self.kernel(source)) != expected and time.monotonic() < end:
            pass
        assert found == expected


@contextmanager
def _page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    try:
        yield Page(context)
    finally:
        context.close()


@pytest.fixture
def page(browser):
    """A page without a past."""
    with _page(browser) as made:
        yield made


@pytest.fixture
def elsewhere(browser):
    """A page of somebody else, who was given what `page` has made."""
    with _page(browser) as made:
        yield made


@pytest.fixture
def listener(page, tmp_path):
    """Somebody at a page without a past."""
    return Listener(page, tmp_path / "test.html")


class Lab:
    """A running JupyterLab, which serves Notebook 7 and Voila too where they are installed.

    Attributes:
        folder: What it serves.
        base: Its address.
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

    def address(self, notebook, host="lab"):
        """Where `notebook` is open alone: in a workspace of its own in JupyterLab, in Notebook 7 ("notebook") or in Voila ("voila")."""
        name = re.sub(r"\W", "-", notebook)
        place = {
            "lab": f"lab/workspaces/{name}/tree/{notebook}",
            "notebook": f"notebooks/{notebook}",
            "voila": f"voila/render/{notebook}",
        }[host]
        return f"{self.base}/{place}?token={self.token}"

    def stop(self):
        """Ends it, kernels included."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()


def environment(work):
    """The variables that give JupyterLab settings, workspaces and a home of its own below `work`; it saves the state of widgets."""
    for name, content in {
        # Otherwise a dialog asks whether news may be fetched from another host.
        "@jupyterlab/apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
        "@jupyter-widgets/jupyterlab-manager/plugin": '{"saveState": true}',
    }.items():
        file = work / "jupyterlab_settings_dir" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(content, "utf-8")
    return {
        name: str(work / name.lower())
        for name in ("VOICENB_HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR",
                     "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    }  # fmt: skip


@pytest.fixture(scope="package")
def lab(work, browser):
    """JupyterLab on copies of the tutorials."""
    started = Lab(work / "tutorials", os.environ | environment(work))
    yield started
    started.stop()


@pytest.fixture
def theme(lab, request):
    """JupyterLab in a theme of its own."""
    file = lab.folder.parent / "jupyterlab_settings_dir/@jupyterlab/apputils-extension/themes.jupyterlab-settings"
    file.write_text(f'{{"theme": "{getattr(request, "param", "JupyterLab Light")}"}}', "utf-8")
    yield
    file.unlink()


@pytest.fixture(scope="package")
def home(lab, work):
    """The home of JupyterLab's kernels."""
    return work / "voicenb_home"


@pytest.fixture(scope="package")
def recording(home, work):
    """Twenty seconds of a person, 16 kHz mono; a sample speaker where the real recordings are not beside the checkout."""
    file = work / RECORDING
    real = ROOT.parent / "shared" / "speech" / "librispeech-1998-reference.flac"
    samples, rate = soundfile.read(real if real.is_file() else vn.sandbox.sample_speaker("ada", home=home))
    soundfile.write(file, samples, rate, "PCM_16")
    return file
