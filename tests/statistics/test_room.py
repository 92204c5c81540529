"""The room stands alone: it needs nothing of voicenb, and scipy only when something is computed."""

from __future__ import annotations

import inspect
import subprocess
import sys

import voicenb.statistics as room

PROGRAM = """
import sys
import voicenb
assert "voicenb.statistics" not in sys.modules
import voicenb.statistics
others = [name for name in sys.modules if name.startswith("voicenb.") and not name.startswith("voicenb.statistics")]
assert not others, others
assert "scipy" not in sys.modules and "pandas" not in sys.modules
assert voicenb.statistics.contrast([1.0, 2.0, 4.0]).blocks == 3
assert "scipy.stats" not in sys.modules
"""


def test_nothing_else_is_loaded():
    """Neither with `import voicenb`, nor by the room itself."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_listed_and_described():
    """What can be seen is what is listed; each function says what it takes or gives, and what it may raise."""
    seen = {name for name, value in vars(room).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert seen == set(room.__all__)
    assert room.__all__ == sorted(room.__all__)
    for name in room.__all__:
        words = inspect.getdoc(getattr(room, name))
        assert words, name
        if inspect.isfunction(getattr(room, name)):
            assert "Source: " in words or "Raises:" in words, name
