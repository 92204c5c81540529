"""What ``import voicenb`` costs, next to an empty package with a lazy ``__getattr__``.

    python benchmarks/import_time.py [--runs 60]

The two are imported in turn, each in a fresh interpreter, from the same folder, with their bytecode at hand. What is
timed is the import statement alone. The table goes to stdout, for ``benchmarks/import_time.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

EMPTY = '''"""A package with one lazy name."""

__all__ = ["name"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    from importlib import import_module

    return import_module("empty.name")
'''

TIMED = "import time; start = time.perf_counter_ns(); import {}; print(time.perf_counter_ns() - start)"


def measure(package: str, path: str) -> float:
    """Milliseconds of one import in a fresh interpreter."""
    said = subprocess.run(
        [sys.executable, "-s", "-P", "-c", TIMED.format(package)],
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": ""},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return int(said) / 1e6


def main():
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=60, help="imports of each package (default 60)")
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {"empty": [], "voicenb": []}
    with tempfile.TemporaryDirectory() as folder:
        # Nothing but its __init__.py is read (tests/test_packaging.py holds that), so that file is the whole package here.
        sources = {"empty": EMPTY, "voicenb": (ROOT / "voicenb" / "__init__.py").read_text("utf-8")}
        for name, source in sources.items():
            package = Path(folder) / name
            package.mkdir()
            (package / "__init__.py").write_text(source, "utf-8")
            measure(name, folder)  # writes the bytecode
        for _ in range(runs):
            for name, found in times.items():
                found.append(measure(name, folder))
    print("| package | median, ms | fastest, ms | slowest of nine in ten, ms |")
    print("|---|---|---|---|")
    for name, found in times.items():
        print(
            f"| {name} | {statistics.median(found):.2f} | {min(found):.2f} | {statistics.quantiles(found, n=10)[-1]:.2f} |"
        )
    ratio = statistics.median(times["voicenb"]) / statistics.median(times["empty"])
    print(f"\nvoicenb / empty: {ratio:.2f} (medians of {runs} imports each, CPython {platform.python_version()})")


if __name__ == "__main__":
    main()
