"""A package beside voicenb, as an installer leaves it: one module, and the entry point that a page of the documentation shows."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def install(page: str, content: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Puts the package on the path, for as long as `monkeypatch` holds; the answer is the entry point's name.

    Args:
        page: The page, in which one entry point stands as it does in a ``pyproject.toml``.
        content: The module's text; its name is the one that the entry point has.
        folder: An empty folder.
        monkeypatch: Undoes it.
    """
    entry = re.search(r'\[project\.entry-points\."(voicenb\.\w+)"\]\n(\w+) = "(\w+):(\w+)"', page)
    assert entry is not None
    group, name, module, attribute = entry.groups()
    (folder / f"{module}.py").write_text(content, "utf-8")
    installed = folder / f"{module}-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:{attribute}\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, module, raising=False)
    return name
