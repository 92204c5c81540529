"""A real sandbox and a real voice for the panels, and a loop as a kernel has one."""

from __future__ import annotations

import asyncio
import inspect

import comm
import pytest
from homes import beside
from page_wire import PageWire

import voicenb as vn


@pytest.fixture(scope="session")
def panel_home(tmp_path_factory, shared):
    return beside(tmp_path_factory.mktemp("panels"), shared)


@pytest.fixture(scope="session")
def studio(panel_home):
    with vn.connect(home=panel_home) as one:
        yield one


@pytest.fixture(scope="session")
def ada(studio, panel_home):
    """A sample speaker's recording."""
    return vn.sandbox.sample_speaker("ada", home=panel_home)


@pytest.fixture(scope="session")
def voice(studio, ada):
    return studio.clone(ada, name="ada", text="Hello there.", consent="nobody's voice", quiet=True)


@pytest.fixture
def wired(monkeypatch):
    """Every widget of the test talks to a page that writes down what it hears."""
    monkeypatch.setattr(comm, "create_comm", PageWire)


@pytest.fixture
def empty(tmp_path, shared):
    """A studio in a home where nothing was made yet."""
    with vn.connect(home=beside(tmp_path / "empty", shared)) as one:
        yield one


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """A test that is a coroutine runs on a loop, as callbacks in a kernel do."""
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        names = pyfuncitem._fixtureinfo.argnames
        asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
        return True
    return None
