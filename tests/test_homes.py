"""Homes that cannot serve, or may only be read: one error that names the setting, and books that can still be read."""

from __future__ import annotations

import ctypes
import json
import os
import stat
import subprocess
import sys

import pytest

import voicenb as vn
from voicenb.base.home import home as home_folder


def unprivileged():
    """In a child, before it runs: root obeys file modes like anybody else (Linux)."""
    if os.geteuid() == 0:
        for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
            if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError("capabilities cannot be dropped here")


def run(*words, env, code=None):
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "voicenb", *words]
    if sys.platform != "linux":
        pytest.skip("file modes bind root on Linux only where its capabilities are dropped")
    return subprocess.run(
        command, env=os.environ | env, capture_output=True, text=True, check=False, preexec_fn=unprivileged, timeout=240
    )


@pytest.fixture(params=["a file", "below a file", "a broken link", "no such user", "a zero byte"])
def unusable(request, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    return {
        "a file": str(tmp_path / "file"),
        "below a file": str(tmp_path / "file" / "home"),
        "a broken link": str(tmp_path / "link"),
        "no such user": "~nosuchuser/home",
        "a zero byte": f"{tmp_path}/a\0b",
    }[request.param]


def test_a_home_that_cannot_be_one_is_named(unusable, monkeypatch):
    """By the variable or by the argument: the same error, before anything is sent."""
    if "\0" not in unusable:
        monkeypatch.setenv("VOICENB_HOME", unusable)
        with pytest.raises(vn.InvalidRequest, match=r"^VOICENB_HOME='.*Set the environment variable VOICENB_HOME"):
            home_folder()
        with pytest.raises(vn.InvalidRequest, match="VOICENB_HOME"):
            vn.sandbox.sample_speaker("ada")
    with pytest.raises(vn.InvalidRequest, match=r"^home='.*VOICENB_HOME"):
        vn.connect(home=unusable)


@pytest.mark.parametrize("given", ["", "   ", 3, ["a"]])
def test_a_blank_home_and_what_is_no_path_are_refused(given):
    """An argument has to name a folder."""
    with pytest.raises(vn.InvalidRequest, match="home="):
        vn.connect(home=given)


def test_a_blank_variable_is_none(monkeypatch, tmp_path):
    """``VOICENB_HOME=`` in a shell takes the setting back."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for blank in ("", " "):
        monkeypatch.setenv("VOICENB_HOME", blank)
        assert home_folder().name == "voicenb"


def test_a_relative_home_and_a_path_of_bytes_are_taken(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert home_folder("here") == tmp_path / "here"
    assert home_folder(os.fsencode(tmp_path / "bytes")) == tmp_path / "bytes"


def test_a_user_without_a_home_is_told_of_the_variable(tmp_path):
    """A container's number of a user that no file knows."""
    code = (
        "import os, sys; os.setuid(4_000_001) if os.geteuid() == 0 else None\n"
        "import voicenb.base.home\n"
        "try: print(voicenb.base.home.home())\n"
        "except voicenb.VoicenbError as error: print(error)"
    )
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can become a user that there is not")
    bare = {name: value for name, value in os.environ.items() if name not in {"HOME", "XDG_DATA_HOME", "VOICENB_HOME"}}
    done = subprocess.run(
        [sys.executable, "-c", "import voicenb.base.home, voicenb.errors, platformdirs\n" + code],
        env=bare, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Set the environment variable VOICENB_HOME" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_shell_says_it_in_one_line(tmp_path):
    """It takes long: eight programs start, one after the other."""
    (tmp_path / "file").touch()
    for words in (["history"], ["say", "--voice", "me", "Hello."], ["sandbox"], ["resume"]):
        for how in ([], ["--home", str(tmp_path / "file")]):
            env = os.environ | ({} if how else {"VOICENB_HOME": str(tmp_path / "file")})
            done = subprocess.run(
                [sys.executable, "-m", "voicenb", *words, *how], env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 2, done.stderr
            assert "VOICENB_HOME" in done.stderr
            assert "Traceback" not in done.stderr


@pytest.fixture(params=["closed", "left open"])
def kept(request, blank_home, tmp_path):
    """A home with a task in it that may only be read; its ledger closed, or as a killed kernel leaves it."""
    studio = vn.connect()
    studio.clone(vn.Reference(vn.sandbox.sample_speaker("ada"), consent="a sample"), name="ada", quiet=True)
    ledger = studio.session.ledger
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "files").mkdir()
    if request.param == "closed":
        studio.close()
        ledger.close()
        names = ["ledger.db"]
    else:
        names = ["ledger.db", "ledger.db-wal"]
        assert (blank_home / "ledger.db-wal").stat().st_size
    # By another process: this one has the files open.
    subprocess.run(["cp", *(str(blank_home / name) for name in names), str(copy)], check=True)
    for path in (*copy.iterdir(), copy):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    yield copy
    for path in (copy, *copy.iterdir()):
        path.chmod(0o700)
    studio.close()


@pytest.mark.slow
def test_the_history_of_a_home_that_may_only_be_read(kept):
    """The shell lists it, a live studio shows it; what would write is refused with what to do."""
    done = run("history", "--json", env={"VOICENB_HOME": str(kept)})
    assert done.returncode == 0, done.stderr
    assert [row["kind"] for row in json.loads(done.stdout)] == ["preview"]
    code = (
        "import voicenb as vn\n"
        "studio = vn.connect('soundclone', api_key='sk_x', base_url='http://127.0.0.1:9')\n"
        "print(len(studio.history.frame()), studio.voices().shape[0] >= 0)\n"
        "try: studio.budget(5)\n"
        "except vn.VoicenbError as error: print(error)\n"
        "try: vn.connect()\n"
        "except vn.VoicenbError as error: print(error)\n"
    )
    done = run(env={"VOICENB_HOME": str(kept)}, code=code)
    rows, budget, sandbox = done.stdout.splitlines()
    assert rows == "1 True", done.stderr
    assert "VOICENB_HOME" in budget
    assert "VOICENB_HOME" in sandbox
