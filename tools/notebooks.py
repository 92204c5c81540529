"""Runs the tutorials from top to bottom and keeps their outputs: the state in which they are committed.

    python tools/notebooks.py [notebooks/01-first-voice.ipynb ...]

Each one runs in a home of its own, so that its history is its own too. What differs from run to run and says nothing
(times of execution, widgets and their state) is left out.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]


def run(path: Path) -> None:
    """Runs one tutorial and writes it back."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        record_timing=False,
    )
    client.execute()
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        # A widget needs the kernel that made it; without one a reader gets its plain form.
        for part in ("data", "metadata"):
            output.get(part, {}).pop("application/vnd.jupyter.widget-view+json", None)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    # The version of Python that happened to run it is nobody's requirement.
    notebook.metadata["language_info"] = {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    }
    nbformat.write(notebook, path)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Runs the tutorials that are named, or all."""
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted((ROOT / "notebooks").glob("*.ipynb")):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            os.environ |= {"VOICENB_HOME": home, "IPYTHONDIR": f"{home}/ipython"}
            run(path.resolve())


if __name__ == "__main__":
    main()
