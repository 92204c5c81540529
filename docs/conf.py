"""How the documentation is built: ``python -m sphinx -W docs build/docs``."""

from __future__ import annotations

from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

project = "voicenb"
author = "the voicenb developers"
version = release = installed("voicenb")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"voicenb {version}"
exclude_patterns = ["_generated/README.md"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "show-inheritance": False}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Annotations name types of optional packages; what a reader needs of them stands in the docstrings.
suppress_warnings = ["ref.python"]

_HERE = Path(__file__).parent


def _parameters() -> str:
    """The parameter tables, from the services' typed requests alone."""
    from voicenb import services

    parts = [
        (
            "# Parameters\n\nThe same names hold for all services; the wire's own spelling is accepted too. These tables "
            "are made from the typed requests that check, price and send.\n"
        )
    ]
    for name in services.names():
        service = services.get(name)
        parts.append(f"## {service.profile.label} (`{name}`)\n")
        for kind in ("preview", "voice", "production"):
            if kind == "voice" and service.profile.cloning != "voice":
                continue
            parts.append(
                f"### {kind.capitalize()}\n\n| name | wire | allowed | default | meaning |\n|---|---|---|---|---|"
            )
            for one in service.request_type(kind).parameters().values():
                default = "required" if one.required else "–" if one.default is None else f"`{one.default!r}`"
                allowed = one.allowed.removeprefix("allowed is ").removeprefix("allowed are ")
                models = f" ({', '.join(one.models)} only)" if getattr(one, "models", ()) else ""
                cells = (f"`{one.name}`", f"`{one.wire}`", allowed, default, one.help + models)
                parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
            parts.append("")
    return "\n".join(parts)


def _measures() -> str:
    """The table of voicenb's own measures, from their definitions."""
    from voicenb.measures.builtin import BUILT_IN

    scales = {
        "ratio": "log ratio, in %",
        "semitones": "12 · log₂ of the ratio, in semitones",
        "difference": "difference",
    }
    lines = [
        (
            "# Measures\n\nThe columns of `Study.frame`, made from the definitions that measure. *Audible* is the published "
            'just-noticeable difference, which `margin="audible"` stands for; a share where the scale is a log ratio.\n'
        ),
        "| column | unit | version | how | difference of two | audible | source |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in BUILT_IN:
        margin = "–" if one.margin is None else f"{100 * one.margin:g} %" if one.scale == "ratio" else f"{one.margin:g}"
        cells = (
            f"`{one.name}`", one.unit or "–", str(one.version), one.method, scales[one.scale], margin,
            one.margin_source or "–",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def setup(app: Any) -> None:
    """Writes the generated pages before they are read."""
    folder = _HERE / "_generated"
    folder.mkdir(exist_ok=True)
    (folder / "parameters.md").write_text(_parameters(), "utf-8")
    (folder / "measures.md").write_text(_measures(), "utf-8")
    del app
