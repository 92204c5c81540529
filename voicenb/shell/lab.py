"""The tutorials: where they are, a copy that the reader can write, and running one without a browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from voicenb.base.process import program
from voicenb.errors import InvalidRequest, VoicenbError

__all__ = ["FIRST", "Checked", "check", "command", "folder", "shipped"]

FIRST = "01-first-voice.ipynb"
"""The tutorial that `voicenb lab` opens."""

_COPY = "voicenb-notebooks"
_CELL_SECONDS = 300


def shipped() -> tuple[Path, bool]:
    """The folder of the tutorials as they were shipped, and whether it is the reader's own checkout."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "notebooks"
    if packed.is_dir():
        return packed, False
    checkout = package.parent / "notebooks"
    if (checkout / FIRST).is_file():
        return checkout, True
    raise VoicenbError(f"the tutorials are missing from this installation ({packed}); install voicenb again")


def folder(wanted: str | os.PathLike[str] | None = None) -> Path:
    """A folder with the tutorials that the reader can write: the checkout's own, or copies.

    Args:
        wanted: Where the copies go; else the checkout's own notebooks, or ``voicenb-notebooks`` in the current folder.
            What is already there is left as it is, so nobody's changes are lost.

    Raises:
        InvalidRequest: The folder cannot be written.
    """
    source, own = shipped()
    if wanted is None and own and os.access(source, os.W_OK):
        return source
    target = Path(wanted or _COPY).expanduser().absolute()
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(source.glob("*.ipynb")):
            if not (target / path.name).exists():
                shutil.copyfile(path, target / path.name)
    except OSError as error:
        raise InvalidRequest(
            f"the tutorials cannot be copied to {target} ({error.strerror}); name another place with --folder"
        ) from error
    return target


def _require(*modules: str) -> None:
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise VoicenbError(f"this needs {', '.join(missing)}: install it with `pip install 'voicenb[lab]'`")


def command(place: Path, *, port: int | None = None, browser: bool = True) -> list[str]:
    """The command that opens JupyterLab on the first tutorial in `place`, on this machine's loopback only.

    Args:
        place: The folder that it serves.
        port: The port; else JupyterLab's own, or the next free one.
        browser: Whether to open a browser; without one, JupyterLab prints the address.

    Raises:
        VoicenbError: JupyterLab is not installed.
    """
    _require("jupyterlab", "ipykernel")
    given = [*program("jupyterlab"), f"--ServerApp.root_dir={place}", "--ServerApp.ip=127.0.0.1"]
    # As the default address, the tutorial is also in the one that is printed; of the log only that is of use to a reader.
    given += [f"--LabApp.default_url=/lab/tree/{FIRST}", "--log-level=WARN"]
    if _encrypts():
        given.append("--KernelManager.transport_encryption=auto")
    if port is not None:
        given += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser or not _has_browser():
        given.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        given.append("--allow-root")
    return given


def _encrypts() -> bool:
    """Whether kernels can be started whose messages no other user of this machine reads; else ipykernel warns of that."""
    import zmq
    from jupyter_client.manager import KernelManager

    return "transport_encryption" in KernelManager.class_trait_names() and bool(zmq.has("curve"))


def _has_browser() -> bool:
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


@dataclass(frozen=True)
class Checked:
    """A tutorial that ran from top to bottom.

    Attributes:
        notebook: The tutorial as shipped.
        files: What it wrote, in the order that it names it.
        seconds: How long it took.
    """

    notebook: Path
    files: tuple[Path, ...]
    seconds: float


def check(place: Path) -> Checked:
    """Runs the first tutorial as shipped, in `place`, without a browser; no notebook is changed.

    The notebook's metadata names what it writes (``voicenb.writes``); that these files are new and can be decoded is
    part of the check.

    Raises:
        VoicenbError: A cell failed, or a file is missing.
    """
    _require("nbclient", "ipykernel")
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    from voicenb.audio.codec import decode
    from voicenb.audio.sound import AudioError

    path = shipped()[0] / FIRST
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat is typed in part
    # Compared with the files' own clock: a network folder may keep another time than this machine.
    before = {name: _stamp(place / name) for name in notebook.metadata["voicenb"]["writes"]}
    start = time.monotonic()
    config = Config({"KernelManager": {"transport_encryption": "auto"}} if _encrypts() else {})
    client = NotebookClient(
        notebook,
        timeout=_CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(place)}},
        config=config,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise VoicenbError(f"a cell of {path.name} failed: {error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise VoicenbError(f"{path.name} did not run to its end: {error}") from None
    seconds = time.monotonic() - start
    files = []
    for name, stamp in before.items():
        file = place / name
        if _stamp(file) == stamp:
            raise VoicenbError(f"{path.name} ran to its end, yet did not write {file}")
        try:
            decode(file.read_bytes())
        except AudioError as error:
            raise VoicenbError(f"{path.name} wrote {file}, which is not audio: {error}") from None
        files.append(file)
    return Checked(path, tuple(files), seconds)


def _stamp(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None
