"""A studio that was used before a fork speaks in the child, too: multiprocessing forks by default on Linux up to Python 3.13."""

import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]

FORKING = """
import multiprocessing, os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of the fork itself
import voicenb as vn

studio = vn.connect(home=sys.argv[1])
voice = studio.clone(vn.sandbox.sample_speaker("ada", home=sys.argv[1]), name="ada", text="Hello there.", quiet=True)
voice.say("Before the fork.", quiet=True)
under_way = voice.submit("Under way while the process forks, and heard by both of them.")

def child():
    clip = voice.say(f"In the child {os.getpid()}.", quiet=True)
    assert clip.duration > 0.3
    assert voice.say("Before the fork.", quiet=True).task.cached
    assert under_way.wait(60).duration > 0.5
    assert studio.balance().amount > 0
    assert studio.session.ledger.owners.own_id != owner

owner = studio.session.ledger.owners.own_id
context = multiprocessing.get_context("fork")
children = [context.Process(target=child) for _ in range(2)]
for one in children:
    one.start()
voice.say("Meanwhile in the parent.", quiet=True)
for one in children:
    one.join(120)
assert [one.exitcode for one in children] == [0, 0], [one.exitcode for one in children]
# A child that ends as a whole program does must not take the parent's proof of life with it.
if (pid := os.fork()) == 0:
    sys.exit(0)
os.waitpid(pid, 0)
probe = "import sys; from pathlib import Path; from voicenb.ledger.ledger import Ledger; " \\
        "print(Ledger.at(Path(sys.argv[1])).owners.is_alive(sys.argv[2]))"
import subprocess
assert subprocess.check_output([sys.executable, "-c", probe, sys.argv[1], owner], text=True).strip() == "True"
voice.say("And after all of it.", quiet=True)
frame = studio.history.frame()
assert set(frame["status"]) == {"completed"}, frame["status"]
assert len(frame) == 9, len(frame)
books = {one["id"] for one in vn.sandbox.books(home=sys.argv[1])}
assert set(frame["remote_id"].dropna()) == books, (len(frame), len(books))
print("well")
"""


def test_a_studio_goes_on_in_forked_children(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(tmp_path)], capture_output=True, text=True, check=False, timeout=200
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "well", "")
