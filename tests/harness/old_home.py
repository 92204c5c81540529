"""Makes a home as this version writes it, with two tasks that a dead kernel and a dead sandbox leave open.

    python tests/harness/old_home.py FOLDER

What is large and can be made again (caches, uploads of the recording) is left out. `tests/test_old_homes.py` opens the
homes in `tests/homes`, which were made in this way by earlier versions.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

_MEDIUM = 200_000

_WORK = """
import os, signal, sys, json, pathlib
import voicenb as vn
home = pathlib.Path(os.environ["VOICENB_HOME"])
ada = vn.sandbox.sample_speaker("ada")
studios = [vn.connect(service, sandbox=True) for service in ("soundclone", "aiclone", "faseeh")]
for studio in studios:
    voice = studio.clone(ada, name="ada", consent="A made-up speaker.", text="Hello there, my friend.", quiet=True)
    voice.say("Hello.", quiet=True)
studio = studios[0]
voice = studio.voice("ada")
voice.say("Hello.", speed=1.2, subtitles="word", quiet=True).task.annotate(label="fast", note="kept")
with studio.budget(5, name="week"):
    voice.say("Hello once more.", quiet=True)
tasks = [voice.submit("This one is still at work when the kernel dies. " * 12), voice.submit("And this one, too. " * 12)]
while not all(task.status in {"queued", "processing"} for task in tasks):
    assert not any(task.status in {"completed", "failed"} for task in tasks)
os.kill(json.loads((home / "sandbox" / "server.json").read_text())["pid"], signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""


def main(home: Path) -> None:
    """Fills `home`, and takes out what can be made again."""
    subprocess.run([sys.executable, "-c", _WORK], env=os.environ | {"VOICENB_HOME": str(home)}, check=False)
    for books in (home / "ledger.db", home / "sandbox" / "books.db"):
        with sqlite3.connect(books) as database:
            database.execute("PRAGMA journal_mode=DELETE")
        database.close()
    for folder in ("speakers", "owners", "sandbox/cache", "sandbox/partial"):
        shutil.rmtree(home / folder, ignore_errors=True)
    for name in ("server.json", "lock", "sandbox.log"):
        (home / "sandbox" / name).unlink(missing_ok=True)
    for upload in (home / "sandbox" / "uploads").iterdir():
        if upload.stat().st_size > _MEDIUM:
            upload.unlink()
    with sqlite3.connect(home / "ledger.db") as ledger:
        print(json.dumps(ledger.execute("SELECT service, kind, status, cost FROM tasks").fetchall(), indent=1))
    ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
