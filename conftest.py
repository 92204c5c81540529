"""The environment of every test: a home of its own, no key, no keyring, no settings of whoever runs it.

It is made before collection, and in the environment rather than in a fixture, because the notebooks that nbval runs and
the programs that tests start have no fixtures.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_FOLDERS: list[Path] = []
_SETTINGS = {"VOICENB_EXAMPLES"}
"""What a tester may set: how many random requests a service is asked, in `tests/client/test_agreement.py`."""


def pytest_configure(config: pytest.Config) -> None:
    """Leaves of the environment only what a fresh machine has; live tests, asked for by name, keep keys and voices."""
    if hasattr(config, "workerinput"):
        # A worker of pytest-xdist inherits what its controller made; a home it has alone.
        os.environ["VOICENB_HOME"] += f"-{config.workerinput['workerid']}"
        return
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job ignores Ctrl-C, and so would every program that a test interrupts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    live = "live" in config.option.markexpr.replace("not live", "")
    for name in list(os.environ):
        for_live_tests = name.startswith("VOICENB_LIVE_") or name.endswith(("_API_KEY", "_BASE_URL"))
        if name not in _SETTINGS and (not live if for_live_tests else name.startswith("VOICENB_")):
            del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="voicenb-tests-"))
    _FOLDERS.append(folder)
    os.environ |= {
        "VOICENB_HOME": str(folder / "home"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "MPLBACKEND": "agg",
    }


def pytest_unconfigure() -> None:
    """Removes what the tests left."""
    while _FOLDERS:
        shutil.rmtree(_FOLDERS.pop(), ignore_errors=True)
