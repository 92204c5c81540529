"""The page's half of the widgets: scripts and style sheets in ``static/``, as a widget carries them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

__all__ = ["bundle", "panel_styles", "pieces", "script", "styles"]

_STATIC = Path(__file__).parents[1] / "static"
_PIECES: dict[str, tuple[str, ...]] = {}


@cache
def bundle(*names: str) -> str:
    """Modules of ``static/`` as one, for ``_esm``, which front ends load as a blob that can import nothing.

    Comments and indentation are left away, because a page and a saved notebook hold the text.

    Args:
        names: Their names without ``.js``, what is imported before what imports it.
    """
    return _joined(*(f"{name}.js" for name in names))


@cache
def styles(*more: str) -> str:
    """The players' style sheet, for ``_css``.

    Args:
        more: Names, without ``.css``, of style sheets that follow it.
    """
    return _joined(*(f"{name}.css" for name in ("players", *more)))


@cache
def script(name: str) -> str:
    """One module of ``static/``, for the ``_esm`` of a widget that imports none."""
    return _joined(f"{name}.js")


@cache
def panel_styles() -> str:
    """The panels' style sheet, for ``_css``."""
    return _joined("panel.css")


def pieces(whole: str) -> list[tuple[str, str]]:
    """The files that one of these texts is made of: the name and the text of each; a text of anybody else is one piece."""
    names = _PIECES.get(whole)
    if names is None:
        return [(whole, whole)] if whole else []
    return [(name, _short(name)) for name in names]


def _joined(*names: str) -> str:
    whole = "\n".join(_short(name) for name in names)
    _PIECES[whole] = names
    return whole


@cache
def _short(name: str) -> str:
    """A file of ``static/`` without comments and indentation, and without the spaces of a style sheet that mean nothing."""
    text = re.sub(r"^import .* from \"\./\w+\.js\";$", "", (_STATIC / name).read_text("utf-8"), flags=re.MULTILINE)
    text = re.sub(r"/\*.*?\*/ ?" if name.endswith(".css") else r"/\*\*.*?\*/ ?", "", text, flags=re.DOTALL)
    if name.endswith(".css"):
        text = re.sub(r" *([;{,]) *|: +", lambda found: found[1] or ":", text)
        text = re.sub(r";? *\}", "}", text)
    else:
        text = re.sub(r"[ \t]+// [^\"'`\n]*$", "", text, flags=re.MULTILINE)
    lines = [line for raw in text.splitlines() if (line := raw.strip()) and not line.startswith("//")]
    if name.endswith(".css"):
        return "".join(lines)
    # A comma before a closing bracket means nothing.
    return re.sub(r",\n(?=[)\]}])", "\n", "\n".join(lines))
