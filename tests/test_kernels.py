"""What is shown in a cell, on every ipykernel that may be installed: the lowest allowed, the one of Binder's image, the newest.

Each is put into a folder of its own that stands first on the kernel's path, so that all else is what is installed here.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = sorted((ROOT / "notebooks").glob("*.ipynb"))

pytestmark = [
    pytest.mark.skipif(not TUTORIALS, reason="these tests look at a checkout"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]


def lowest():
    """The lowest ipykernel that ``pyproject.toml`` allows."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    (stated,) = re.findall(r"ipykernel>=([\d.]+)", " ".join(extras["lab"]))
    return stated + ".0" * (2 - stated.count("."))


KERNELS = ["lowest", "7.0.0", "7.0.1", "installed", "newest"]


@pytest.fixture(scope="module", params=KERNELS)
def kernel(request, tmp_path_factory):
    """The environment of a kernel, and its version."""
    installed = importlib.metadata.version("ipykernel")
    if request.param == "installed":
        return dict(os.environ), installed
    folder = tmp_path_factory.mktemp("ipykernel")
    wanted = {"lowest": f"=={lowest()}", "newest": ""}.get(request.param, f"=={request.param}")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    done = subprocess.run([*pip, f"ipykernel{wanted}"], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        pytest.skip(f"ipykernel {request.param} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    (found,) = importlib.metadata.distributions(name="ipykernel", path=[str(folder)])
    if request.param == "newest" and found.version == installed:
        pytest.skip("the installed ipykernel is the newest")
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}, found.version


def run(notebook, kernel, folder):
    """Runs a notebook's cells in a home of its own; asserts that none wrote to stderr."""
    environment, version = kernel
    environment = environment | {"VOICENB_HOME": str(folder / "home")}
    notebook.cells.insert(0, nbformat.v4.new_code_cell("import ipykernel; ipykernel.__version__"))
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment)
    first, *cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert first.outputs[0]["data"]["text/plain"] == repr(version)
    noise = ["".join(one.text) for cell in cells for one in cell.outputs if one.get("name") == "stderr"]
    assert noise == []
    return cells


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_without_a_word_on_stderr(kernel, tutorial, tmp_path):
    """Every cell does, and what the reader is told about is what it says in the committed notebook."""
    shutil.copy(tutorial, tmp_path)
    written = nbformat.read(tutorial, as_version=4)
    cells = run(nbformat.from_dict(written), kernel, tmp_path)
    before = [cell for cell in nbformat.read(tutorial, as_version=4).cells if cell.cell_type == "code"]
    for then, now in zip(before, cells, strict=True):
        if "nbval-check-output" in then.metadata.get("tags", []):
            assert [one.get("text") for one in now.outputs] == [one.get("text") for one in then.outputs]


THREADS = [
    """\
import asyncio, concurrent.futures, threading
from voicenb.panels.players.player import ClipPlayer
import voicenb as vn
studio = vn.connect(sandbox=True)
voice = studio.clone(vn.Reference(vn.sandbox.sample_speaker("ada"), consent="a sample"), name="ada", quiet=True)
said = []
def speak(text):
    said.append(voice.say(text, fresh=True))""",
    # A thread, a pool, an executor of the cell's own loop, and a plain coroutine.
    """\
one = threading.Thread(target=speak, args=("First.",))
one.start(); one.join()""",
    """\
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    list(pool.map(speak, ["Second.", "Third."]))""",
    """\
await asyncio.get_running_loop().run_in_executor(None, speak, "Fourth.")
said.append(await studio.aio.say(voice, "Fifth."))
await asyncio.create_task(asyncio.to_thread(speak, "Sixth."))""",
    # Widgets made, and played to, in a thread that knows nothing of the cell.
    """\
made = []
def build():
    panel = studio.panel()
    made.append(panel)
    made.append(ClipPlayer(said[0]))
    other = vn.connect("faseeh", sandbox=True)
    stream = other.voice(other.catalogue()["id"][0]).stream("Heard as it comes.")
    made.append(stream._repr_mimebundle_())
    for piece in stream:
        pass
with concurrent.futures.ThreadPoolExecutor(1) as pool:
    pool.submit(build).result()""",
    "print(len(said), len(made))",
]


def test_threads_show_their_progress_in_the_cell(kernel, tmp_path):
    """A call in any kind of thread works, draws its line, and leaves it with its last word."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in THREADS])
    cells = run(notebook, kernel, tmp_path)
    lines = [[one["data"]["text/plain"] for one in cell.outputs if "data" in one] for cell in cells]
    assert cells[-1].outputs[0].text == "6 3\n"
    assert [len(shown) for shown in lines[1:4]] == [1, 2, 2]
    for line in [line for shown in lines[1:4] for line in shown]:
        assert line.startswith("speaking as ada · ")
        assert "running" not in line


LATE = [
    """\
import threading
from voicenb.panels.page.static_output import StaticOutput
kept = StaticOutput("x")
show = threading.Event()
def later():
    show.wait()
    kept.keep({"text/html": "<b>late</b>", "text/plain": "late"}, where="there")
one = threading.Thread(target=later)
one.start()""",
    """\
show.set(); one.join()
print("the cell after")""",
]


def test_a_result_that_comes_late_stays_in_its_own_cell(kernel):
    """What a panel leaves behind is in the cell that shows the panel, whichever cell is running by then."""
    environment, _ = kernel
    manager, client = start_new_kernel(kernel_name="python3", env=environment)
    try:
        seen = []
        cells = []
        for source in LATE:
            cells.append(client.execute(source))
            while not (
                seen
                and seen[-1]["parent_header"].get("msg_id") == cells[-1]
                and seen[-1]["content"].get("execution_state") == "idle"
            ):
                seen.append(client.get_iopub_msg(timeout=240))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    shown = [one for one in seen if one["msg_type"] in {"display_data", "stream", "error"}]
    assert {(one["msg_type"], cells.index(one["parent_header"]["msg_id"])) for one in shown} == {
        ("display_data", 0),
        ("stream", 1),
    }
