"""The page's half of the widgets: scripts and style sheets in ``static/``, as a widget carries them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

__all__ = ["bundle", "panel_styles", "script", "styles"]

_STATIC = Path(__file__).parents[1] / "static"


@cache
def bundle(*names: str) -> str:
    """Modules of ``static/`` as one, for ``_esm``, which front ends load as a blob that can import nothing.

    Comments and indentation are left away, because a saved notebook holds the text once for each widget.

    Args:
        names: Their names without ``.js``, what is imported before what imports it.
    """
    whole = "".join((_STATIC / f"{name}.js").read_text("utf-8") for name in names)
    whole = re.sub(r"^import .* from \"\./\w+\.js\";$", "", whole, flags=re.MULTILINE)
    whole = re.sub(r"/\*\*.*?\*/ ?", "", whole, flags=re.DOTALL)
    return "\n".join(line for raw in whole.splitlines() if (line := raw.strip()) and not line.startswith("//"))


@cache
def styles(*more: str) -> str:
    """The players' style sheet, for ``_css``.

    Args:
        more: Names, without ``.css``, of style sheets that follow it.
    """
    whole = "\n".join((_STATIC / f"{name}.css").read_text("utf-8") for name in ("players", *more))
    return "\n".join(line for raw in whole.splitlines() if (line := raw.strip()))


@cache
def script(name: str) -> str:
    """One module of ``static/`` as it is, for the ``_esm`` of a widget that imports none."""
    return (_STATIC / f"{name}.js").read_text("utf-8")


@cache
def panel_styles() -> str:
    """The panels' style sheet, for ``_css``."""
    return (_STATIC / "panel.css").read_text("utf-8")
