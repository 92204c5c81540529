"""``binder/`` step by step, as repo2docker's image has it: its Jupyter, then ``postBuild``, then every tutorial in a kernel there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [
    pytest.mark.skipif(not (ROOT / "binder").is_dir(), reason="these tests look at a checkout"),
    pytest.mark.slow,
    pytest.mark.timeout(1800),
]

PINNED = [
    "ipykernel",
    "ipython",
    "ipywidgets",
    "jupyterlab",
    "jupyter_server",
    "jupyter_client",
    "jupyter_core",
    "notebook",
]
PINNED += ["nbclient", "nbformat", "traitlets", "tornado", "comm", "pyzmq", "anyio", "jupyterlab_widgets"]

# Runs in the image's kernel; nbclient is the image's own.
RUN = """
import pathlib, sys
import nbformat, nbclient
for path in sorted(pathlib.Path("notebooks").glob("*.ipynb")):
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": "notebooks"}}).execute()
    for cell in notebook.cells:
        for one in cell.get("outputs", []):
            if one.get("name") == "stderr":
                sys.exit(f"{path}: {one.text}")
    print(path.name)
"""
PHONE = """
import av, soundfile
import voicenb as vn
samples, rate = soundfile.read(vn.sandbox.sample_speaker("ada"), dtype="float32")
with av.open("phone.m4a", "w") as file:
    track = file.add_stream("aac", rate=rate)
    frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
    frame.sample_rate = rate
    file.mux(track.encode(frame)); file.mux(track.encode(None))
with vn.connect() as studio:
    print(studio.clone(vn.Reference("phone.m4a", consent="a sample"), name="phone").say("Hello.").duration > 0.2)
"""


def python():
    """The Python that ``binder/runtime.txt`` asks for, where this machine has it, else this one; and its version there."""
    (version,) = re.fullmatch(r"python-(3\.\d+)", (ROOT / "binder" / "runtime.txt").read_text("utf-8").strip()).groups()
    for program in filter(None, [shutil.which(f"python{version}")]):
        done = subprocess.run([program, "-c", "import ensurepip"], capture_output=True, check=False)
        if done.returncode == 0:
            return program, version
    return sys.executable, version


def test_binder_step_by_step(tmp_path):
    """Nothing that ``postBuild`` installs replaces the image's Jupyter, no tutorial writes to stderr, and a phone's recording speaks."""
    repo2docker = pytest.importorskip("repo2docker")
    program, version = python()
    locks = Path(repo2docker.__file__).parent / "buildpacks" / "conda"
    lock = (locks / f"environment.py-{version}-linux-64.lock").read_text("utf-8")
    found = dict(re.findall(r"/([a-z0-9_-]+)-(\d[^-/]*)-[^-/]*\.(?:conda|tar\.bz2)", lock))
    wanted = {name: found[name] for name in PINNED}
    assert wanted["ipykernel"].startswith("7.0.")

    environment = tmp_path / "image"
    subprocess.run([program, "-m", "venv", str(environment)], check=True)
    within = environment / "bin"
    env = {**os.environ, "PATH": f"{within}{os.pathsep}{os.environ['PATH']}", "VOICENB_HOME": str(tmp_path / "home")}
    env.pop("PYTHONPATH", None)
    packages = [f"{name}=={number}" for name, number in wanted.items()]
    done = subprocess.run(
        [within / "python", "-m", "pip", "install", "--quiet", *packages],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the image's Jupyter cannot be installed here: {done.stderr.strip().splitlines()[-1]}")

    checkout = tmp_path / "repository"
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)

    def run(*command):
        done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("bash", "binder/postBuild")
    code = "import importlib.metadata, sys; print(*map(importlib.metadata.version, sys.argv[1:]))"
    assert dict(zip(wanted, run(within / "python", "-c", code, *wanted).split(), strict=True)) == wanted
    assert len(run(within / "python", "-c", RUN).split()) == len(list((ROOT / "notebooks").glob("*.ipynb")))
    assert run(within / "python", "-P", "-c", PHONE).strip() == "True"
