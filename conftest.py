"""The environment of every test: a home of its own, no key, no keyring, no settings of whoever runs it.

It is made before collection, and in the environment rather than in a fixture, because the notebooks that nbval runs and
the programs that tests start have no fixtures.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

_QUICK_TUTORIAL = "01-first-voice.ipynb"
"""The tutorial that runs without ``slow``."""
_FOLDERS: list[Path] = []
# An example that takes long on a busy machine is no failure: what takes time is measured in benchmarks/.
settings.register_profile("voicenb", deadline=None)
settings.load_profile("voicenb")
_SETTINGS = {"VOICENB_EXAMPLES"}
"""What a tester may set: how many random requests a service is asked, in `tests/client/test_agreement.py`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--shuffle``."""
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run folders, files and the tests of each file in the order of this seed",
    )


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
        # What sandboxes work out once, for `homes.warmed` of tests/harness.
        "TESTS_LEARNED": str(folder / "learned"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "MPLBACKEND": "agg",
    }


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks the longer tutorials as slow, and shuffles where that is asked for.

    A folder's files stay together, for the fixtures of its package, and so do a file's tests; the cells of a tutorial keep their order.
    pytest itself then brings tests with the same parameter of a module's fixture together.
    """
    for item in items:
        if item.path.suffix == ".ipynb" and item.path.name != _QUICK_TUTORIAL:
            item.add_marker(pytest.mark.slow)
    seed = config.getoption("shuffle")
    if seed is None:
        return
    folders: dict[Path, dict[Path, list[pytest.Item]]] = {}
    for item in items:
        folders.setdefault(item.path.parent, {}).setdefault(item.path, []).append(item)
    chance = random.Random(seed)  # noqa: S311 - an order of tests
    items.clear()
    for files in chance.sample(list(folders.values()), len(folders)):
        for path in chance.sample(list(files), len(files)):
            if path.suffix != ".ipynb":
                chance.shuffle(files[path])
            items += files[path]


def pytest_report_header(config: pytest.Config) -> str | None:
    """Says the seed, so that an order can be had again."""
    seed = config.getoption("shuffle")
    return None if seed is None else f"order: --shuffle {seed}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A notebook's cell that writes to stderr fails; nbval only compares the cells that are marked."""
    done = yield
    noise = [one["text"] for one in getattr(item, "test_outputs", ()) if one.get("name") == "stderr"]
    if noise:
        pytest.fail("the cell wrote to stderr:\n" + "".join(noise), pytrace=False)
    return done


def pytest_unconfigure() -> None:
    """Removes what the tests left."""
    while _FOLDERS:
        shutil.rmtree(_FOLDERS.pop(), ignore_errors=True)
