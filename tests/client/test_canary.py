"""A key goes to its service and is found nowhere else, whatever happens to the request."""

import json
import logging
import os
import pickle
import subprocess
import sys
import traceback

import pytest
from wire import API, AUDIOS, RESET, TASK, Wire, answer, envelope

import voicenb as vn

CANARY = "sk_canary_5f1d0c77aa"


@pytest.fixture
def studio(wire, tmp_path):
    with vn.connect("soundclone", base_url=wire.url, api_key=CANARY, home=tmp_path, prices={}) as one:
        one.session.runner.context.poll_seconds = (0.001, 0.002)
        yield one


ANSWERS = [
    pytest.param(RESET, id="reset"),
    pytest.param(envelope(code=20001, msg=f"bad key {CANARY[:6]}…"), id="refused"),
    pytest.param(answer(b"<html>", status=502), id="gateway"),
    pytest.param(answer(b"", status=307, headers={"Location": "http://127.0.0.1:1/x"}), id="redirect"),
    pytest.param(answer(b"{"), id="garbage"),
]


@pytest.mark.parametrize("reply", ANSWERS)
def test_no_error_log_ledger_or_pickle_shows_it(studio, wire, caplog, capfd, tmp_path, reply):
    caplog.set_level(logging.DEBUG)
    wire.script[AUDIOS] = reply
    with pytest.raises(vn.VoicenbError) as caught:
        studio.voice("model_1").say("Hello.")
    error = caught.value
    shown = [
        *traceback.format_exception(error),
        # As a verbose traceback prints them; this test's own frame knows the key, of course.
        *(
            repr(frame.f_locals)
            for frame, _ in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename != __file__
        ),
        repr(error),
        repr(vars(error)),
        caplog.text,
        "".join(capfd.readouterr()),
        repr(
            [
                studio,
                studio.service,
                vars(studio),
                vars(studio.session),
                vars(studio.session.http),
                studio.tasks(),
                studio.history.frame().to_csv(),
            ]
        ),
        studio._repr_html_() + studio.history.html(),
    ]
    assert [one for one in shown if CANARY in one] == []
    assert CANARY.encode() not in pickle.dumps(error)
    # A copy of the ledger: reading its own file in this process would let go of SQLite's locks.
    studio.history.backup(tmp_path / "backup")
    kept = [file for file in tmp_path.rglob("*") if file.is_file() and file.parent != studio.home]
    assert tmp_path / "backup" / "ledger.db" in kept
    for file in kept:
        assert CANARY.encode() not in file.read_bytes(), file
    assert all(CANARY not in one.path and CANARY.encode() not in one.body for one in wire.seen)
    with pytest.raises((TypeError, AttributeError)):
        pickle.dumps(studio.session.http._auth)


def test_a_result_on_another_host_gets_no_key(studio, wire):
    with Wire({"/a.mp3": answer(b"", status=302, headers={"Location": f"{wire.url}/b.mp3"})}) as other:
        done = TASK | {"status": "completed", "audioUrl": f"{other.url}/a.mp3"}
        wire.script[AUDIOS] = envelope(TASK)
        wire.script[f"{API}/audios/audio_1"] = answer(
            {"code": 20000, "msg": "ok", "data": done}, headers={"X-Poll-After": "0.01"}
        )
        with pytest.raises(vn.ServiceError):
            studio.voice("model_1").say("Hello.", quiet=True)
        downloads = [one for one in (*other.seen, *wire.seen) if one.path.endswith(".mp3")]
        assert downloads
        assert all(CANARY not in json.dumps(one.headers) for one in downloads)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads the process list under /proc")  # noqa: PTH112
def test_the_sandboxs_key_is_in_no_command_line(blank):
    key = vn.sandbox.start(blank.home).key.reveal()
    for folder in os.listdir("/proc"):  # noqa: PTH208
        if folder.isdigit():
            try:
                with open(f"/proc/{folder}/cmdline", "rb") as file:  # noqa: PTH123
                    assert key.encode() not in file.read()
            except OSError:
                continue


NOTEBOOK = """
import asyncio, sys, warnings
warnings.simplefilter("ignore")
import nbformat
from nbclient import NotebookClient
cells = [
    "import voicenb as vn, ipywidgets",
    "studio = vn.connect('soundclone', base_url=%r, home=%r)\\nstudio",
    "voice = studio.voice('model_1'); voice",
    "%%xmode Verbose",
    "voice.say('Hello.')",
    "studio.tasks(), studio.history",
    "studio.history.frame()",
    "ipywidgets.Text(value=repr(vars(studio)))",
]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
NotebookClient(notebook, timeout=240, allow_errors=True).execute()
nbformat.write(notebook, sys.argv[1])
"""


@pytest.mark.slow
def test_a_saved_notebook_does_not_hold_it(wire, tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipywidgets")
    wire.script[AUDIOS] = envelope(code=20001, msg="refused")
    saved = tmp_path / "saved.ipynb"
    script = NOTEBOOK % (wire.url, str(tmp_path / "home"))
    subprocess.run(
        [sys.executable, "-c", script, str(saved)], check=True, env=os.environ | {"SOUNDCLONE_API_KEY": CANARY}
    )
    text = saved.read_text("utf-8")
    assert "AuthenticationError" in text
    assert "20001" in text
    assert CANARY not in text


def test_the_keyring_is_asked_before_anybody_is_prompted(monkeypatch, tmp_path):
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1

        def get_password(self, service, username):
            return CANARY if (service, username) == ("voicenb", "soundclone") else None

        def set_password(self, service, username, password):
            raise NotImplementedError

        def delete_password(self, service, username):
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        for name in ("SOUNDCLONE_API_KEY", "JIMMYAI_API_KEY"):
            monkeypatch.delenv(name, raising=False)
        with vn.connect("soundclone", home=tmp_path) as studio:
            assert CANARY not in repr(vars(studio.session.http))
    finally:
        keyring.set_keyring(before)
