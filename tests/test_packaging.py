"""What is installed: the light import, the public names, the wheel, the entry points, and the commands that the README promises."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

import voicenb
from voicenb.shell.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="these tests look at a checkout")

EMPTY = "__all__ = ['name']\ndef __getattr__(name):\n    raise AttributeError(name)\n"


def modules_after(statement, folder):
    """The modules that a fresh interpreter has loaded after `statement`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys, json; print(json.dumps(sorted(sys.modules)))"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


def test_import_loads_no_other_module(tmp_path):
    """``import voicenb`` loads itself and nothing else, as an empty package with a lazy ``__getattr__`` does."""
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow" / "__init__.py").write_text(EMPTY, "utf-8")
    alone = modules_after("import hollow", tmp_path) - {"hollow"}
    assert modules_after("import voicenb", tmp_path) - alone == {"voicenb"}


def test_every_public_name_can_be_loaded():
    """``__all__`` is sorted as its readers expect, and each of its names, and no other, is there."""
    assert len(set(voicenb.__all__)) == len(voicenb.__all__)
    for name in voicenb.__all__:
        assert getattr(voicenb, name) is not None
    assert set(voicenb.__all__) <= set(dir(voicenb))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        voicenb.nonsense  # noqa: B018


def test_names_for_type_checkers_are_the_names_that_can_be_loaded():
    """The imports that only type checkers see name exactly what ``__all__`` has."""
    source = Path(voicenb.__file__).read_text("utf-8")
    block = source[source.index("if TYPE_CHECKING") : source.index("_WHERE =")]
    assert set(re.findall(r"\bas (\w+)", block)) == set(voicenb.__all__)


def test_version_is_the_distribution_s():
    """The version is stated once, in pyproject.toml."""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert voicenb.__version__ == stated


def test_entry_points_lead_somewhere():
    """The shell command and the services are found by their entry points."""
    (command,) = entry_points(group="console_scripts", name="voicenb")
    assert callable(command.load())
    services = entry_points(group="voicenb.services")
    assert {one.name for one in services} == set(voicenb.services.names())
    for one in services:
        assert one.load().profile.id == one.name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel built from the checkout, in which a tutorial has left a file."""
    out = tmp_path_factory.mktemp("wheel")
    source = out / "source"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    (source / "notebooks" / "left-over.mp3").write_bytes(b"\xff")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(source)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_wheel_has_the_tutorials_and_the_types(wheel):
    """The wheel carries every tutorial and ``py.typed``."""
    assert "voicenb/py.typed" in wheel
    tutorials = {f"voicenb/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert tutorials
    assert tutorials == {name for name in wheel if name.startswith("voicenb/notebooks/")}


def test_wheel_has_the_package_and_nothing_beside_it(wheel):
    """No test, no scratch and no cache is installed."""
    assert {name.partition("/")[0].partition("-")[0] for name in wheel} == {"voicenb"}
    there = (path for path in (ROOT / "voicenb").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    files = {path.relative_to(ROOT).as_posix() for path in there}
    assert {"voicenb/panels/static/shared.js", "voicenb/panels/static/panel.css"} <= files
    assert files == {
        name for name in wheel if name.startswith("voicenb/") and not name.startswith("voicenb/notebooks/")
    }


def test_every_script_and_style_sheet_is_used():
    """Each file of ``static/`` is named by a widget's module, so that none is shipped for nothing."""
    source = "".join(path.read_text("utf-8") for path in (ROOT / "voicenb" / "panels").rglob("*.py"))
    for path in (ROOT / "voicenb" / "panels" / "static").iterdir():
        assert f'"{path.stem}"' in source or f'"{path.name}"' in source, path.name


def fences(name):
    """The first lines of the shell blocks in a document."""
    return re.findall(r"^```sh\n(.*)$", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)


def test_readme_begins_with_what_it_is_and_a_picture_and_its_two_commands_follow():
    """A reader sees what voicenb is before anything is asked of them, and no heading stands between that and the commands."""
    text = (ROOT / "README.md").read_text("utf-8")
    title, what, picture = text.split("\n\n")[:3]
    assert title == "# voicenb"
    assert what.startswith("voicenb is ")
    assert "voice cloning" in what
    shown = re.fullmatch(r"!\[.{30,}\]\((docs/[\w/-]+\.png)\)", picture)
    assert shown, picture
    assert (ROOT / shown[1]).stat().st_size < 100_000
    before_the_second = "".join(text.split("```sh\n", 2)[:2])
    assert "\n#" not in before_the_second


def test_pictures_of_the_documents_are_there():
    """Each picture of the README and of a page is a file, and each file is a picture of one of them."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        (page.parent / name).resolve()
        for page in pages
        for name in re.findall(r"(?:\]\(|\{image\} )((?:docs/)?pictures/[\w.-]+)", page.read_text("utf-8"))
    }
    assert shown == set((ROOT / "docs" / "pictures").iterdir())


def test_readme_begins_with_two_commands_that_set_everything_up():
    """The first line runs the main job, the second passes the tests; their extras exist."""
    first, second = fences("README.md")[:2]
    assert first.endswith("&& .venv/bin/voicenb lab")
    assert second.endswith("&& .venv/bin/python -m pytest -n 2 --dist loadfile -m 'not slow'")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for line in (first, second):
        (named,) = re.findall(r"-e '\.\[([a-z,]+)\]'", line)
        assert set(named.split(",")) <= set(extras)
    assert fences("CONTRIBUTING.md")[0] == second.rpartition(" && ")[0]


@pytest.mark.slow
def test_the_commands_take_every_file_type_of_the_documents(tmp_path):
    """What the README's first command and Binder install reads all ten types that SoundClone's documents name."""
    import av

    from voicenb.services.soundclone import SoundClone
    from voicenb.studio.reference import Reference

    commands = [*fences("README.md")[:2], (ROOT / "binder" / "postBuild").read_text("utf-8")]
    for command in commands:
        (named,) = re.findall(r"'\.\[([a-z,]+)\]'", command)
        assert {"lab", "languages", "media"} <= set(named.split(",")), command
    types = SoundClone.profile.reference.formats
    assert len(types) == 10
    codecs = {
        "wav": "pcm_s16le",
        "mp3": "libmp3lame",
        "ogg": "libopus",
        "avi": "libmp3lame",
        "flv": "aac",
        "mkv": "libopus",
    }
    tone = (np.sin(np.arange(48_000 * 2) / 20) * 8000).astype(np.int16)
    for suffix in types:
        path = tmp_path / f"phone.{suffix}"
        with av.open(str(path), "w", format="adts" if suffix == "aac" else None) as file:
            track = file.add_stream(codecs.get(suffix, "aac"), rate=48_000)
            track.layout = "mono"
            resampler = av.AudioResampler(format=track.codec_context.format, layout="mono", rate=48_000)
            frame = av.AudioFrame.from_ndarray(tone[None, :], format="s16", layout="mono")
            frame.sample_rate = 48_000
            fifo = av.AudioFifo()
            for one in resampler.resample(frame):
                one.pts = None
                fifo.write(one)
            while (one := fifo.read(track.codec_context.frame_size or 1024, partial=True)) is not None:
                file.mux(track.encode(one))
            file.mux(track.encode(None))
        assert Reference(path).duration == pytest.approx(2, abs=0.2), suffix


def test_ci_runs_the_readme_s_second_command():
    """The line that ``.ci/run`` reads from the README is its second command."""
    (program,) = re.findall(
        r"^tests=\$\(awk '(.*)' README\.md\)$", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE
    )
    if shutil.which("awk") is None:
        pytest.skip("there is no awk here")
    read = subprocess.run(["awk", program, str(ROOT / "README.md")], capture_output=True, text=True, check=True)
    assert read.stdout.strip() == fences("README.md")[1]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_is_in_the_readme(command):
    """``voicenb COMMAND --help`` has examples and exit codes, and the README shows the command."""
    done = subprocess.run(
        [sys.executable, "-m", "voicenb", command, "--help"], capture_output=True, text=True, check=True
    )
    assert "examples:" in done.stdout
    assert "exit codes:" in done.stdout
    assert f"voicenb {command}" in (ROOT / "README.md").read_text("utf-8")


def test_commands_in_the_documents_exist():
    """No document shows a command that is not there."""
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL):
            assert set(re.findall(r"\bvoicenb (\w+)", block)) - {"soundclone"} <= set(COMMANDS)


@pytest.mark.slow
def test_binder_s_files_are_accepted():
    """repo2docker reads ``binder/`` and would run Python 3.12 and the installation."""
    program = shutil.which("jupyter-repo2docker", path=Path(sys.executable).parent)
    if program is None:
        pytest.skip("jupyter-repo2docker is not installed")
    done = subprocess.run(
        [program, "--no-build", "--debug", str(ROOT)], capture_output=True, text=True, check=False, timeout=240
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "python=3.12" in said
    assert "RUN ./binder/postBuild" in said
