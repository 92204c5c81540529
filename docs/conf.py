"""How the documentation is built: ``python -m sphinx -W docs build/docs``."""

from __future__ import annotations

import json
import re
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

project = "voicenb"
author = "the voicenb developers"
version = release = installed("voicenb")
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"voicenb {version}"
html_static_path = ["_static"]
html_css_files = ["voicenb.css"]
templates_path = ["_templates"]
html_show_copyright = False
# The sources of the tutorials are notebooks, which their pages link to as files.
html_copy_source = html_show_sourcelink = False
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
myst_heading_anchors = 3
# The tutorials are shown as they were committed. Nothing comes from another host: not the widgets' scripts, and no sums are set.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "show-inheritance": False}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Annotations name types of optional packages; what a reader needs of them stands in the docstrings.
suppress_warnings = ["ref.python"]

_HERE = Path(__file__).parent
# What a cell whose widget needs a kernel shows on a page: the beginning of its plain form, a picture, and its text.
_PICTURED = {
    "Studio: run this cell": ("clone", "The workbench: a recording, what was found about it, consent, name, and the price on the button"),
    "Say: run this cell": ("say", "The panel Say: a text, its controls, the price on the button, and below it a player whose words light up"),
    "<ComparePlayer": ("compare", "The comparison player: clips in a grid, one of them playing, with its words below"),
}  # fmt: skip


def _parameters() -> str:
    """The parameter tables, from the services' typed requests alone."""
    from voicenb import services

    parts = [
        (
            "# Parameters\n\nThe same names hold for all services. The wire's own spelling is accepted, too; where it differs it stands "
            "beside the name. These tables are made from the typed requests that check, price and send.\n"
        )
    ]
    for name in services.names():
        service = services.get(name)
        parts.append(f"## {service.profile.label} (`{name}`)\n")
        for kind in ("preview", "voice", "production"):
            if kind == "voice" and service.profile.cloning != "voice":
                continue
            parts.append(f"### {kind.capitalize()}\n\n| name | meaning | allowed | default |\n|---|---|---|---|")
            for one in service.request_type(kind).parameters().values():
                default = "required" if one.required else "–" if one.default is None else f"`{one.default!r}`"
                allowed = one.allowed.removeprefix("allowed is ").removeprefix("allowed are ")
                models = f" ({', '.join(one.models)} only)" if getattr(one, "models", ()) else ""
                names = f"`{one.name}`" if one.name == one.wire else f"`{one.name}` `{one.wire}`"
                cells = (names, one.help + models, allowed, default)
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


def _table(html: str) -> str:
    """A DataFrame as the pages' other tables: its empty corner is no header, and it is scrolled where it is wider than the page."""
    html = re.sub(
        r'<table border="1" (class="dataframe">.*?</table>)',
        r'<div class="table-wrapper"><table \1</div>',
        html,
        flags=re.DOTALL,
    )
    return html.replace("<th></th>", "<td></td>")


def _tutorial(path: Path) -> str:
    """A tutorial as a page: what it is a copy of under its title, and pictures in place of what needs a kernel."""
    notebook = json.loads(path.read_text("utf-8"))
    note = (
        f"*This page is a notebook with the outputs of its last run. `voicenb lab` opens a copy of it, to run and to change; "
        f"the file itself: {{download}}`{path.name} <../../../notebooks/{path.name}>`.*"
    )
    for cell in notebook["cells"]:
        # What nbval is told is nothing to a reader.
        cell["source"] = "".join(cell["source"]).removeprefix("# NBVAL_CHECK_OUTPUT\n")
    title, rest = notebook["cells"][0]["source"].split("\n", 1)
    notebook["cells"][0]["source"] = f"{title}\n\n{note}\n{rest}"
    for cell, output in ((one, output) for one in notebook["cells"] for output in one.get("outputs", [])):
        data = output.get("data", {})
        if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
            # MyST-NB takes the words from the cell alone.
            cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
        if "text/html" in data:
            data["text/html"] = _table("".join(data["text/html"]))
        plain = "".join(data.get("text/plain", ""))
        for beginning, (name, text) in _PICTURED.items():
            if "text/html" not in data and plain.startswith(beginning):
                output["data"] = {"text/markdown": f"![{text}](../../pictures/{name}.png)", "text/plain": plain}
    return json.dumps(notebook, ensure_ascii=False)


def setup(app: Any) -> None:
    """Writes the generated pages before they are read; one that has not changed is left alone, and not read again."""
    pages = {"parameters.md": _parameters(), "measures.md": _measures()}
    pages |= {
        f"tutorials/{path.name}": _tutorial(path) for path in sorted((_HERE.parent / "notebooks").glob("*.ipynb"))
    }
    folder = _HERE / "_generated"
    (folder / "tutorials").mkdir(parents=True, exist_ok=True)
    for stale in {*folder.rglob("*.*")} - {folder / name for name in pages}:
        stale.unlink()
    for name, text in pages.items():
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text:
            (folder / name).write_text(text, "utf-8")
    del app
