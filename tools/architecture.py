"""Draws the rooms of the package, by the import rules and the imports themselves, into docs/architecture.md.

    .venv/bin/python tools/architecture.py            # writes docs/pictures/architecture.svg and the table of rooms
    .venv/bin/python tools/architecture.py --check    # exit code 1 where they are not what the code says

The floors are the layers of import-linter in pyproject.toml; an arrow is an import that grimp finds, left out where a longer way of
arrows says the same.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"
PAGE = ROOT / "docs" / "architecture.md"
_BEGIN, _END = "<!-- rooms: made by tools/architecture.py -->", "<!-- end of the rooms -->"

_WIDTH, _BOX, _HIGH, _GAP, _FLOOR = 960, 190, 54, 40, 98
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #222; }
  .name { font-weight: 600; font-size: 15px; }
  rect.room { fill: #eef3fb; stroke: #4a6fa5; }
  path { fill: none; stroke: #4a6fa5; stroke-width: 1.4; }
  .floor { fill: #777; font-size: 12px; }
"""


def floors() -> list[list[str]]:
    """The rooms by floors, top first, as the layers contract names them."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0]
    return [[room.strip() for room in layer.split("|")] for layer in contract["layers"] if layer != "__main__"]


def imports() -> dict[str, set[str]]:
    """Which rooms each room imports from, what is imported for its type alone included."""
    graph = grimp.build_graph("voicenb", exclude_type_checking_imports=False, cache_dir=None)
    rooms = sorted(graph.find_children("voicenb"))
    return {
        one.rpartition(".")[2]: {
            other.rpartition(".")[2]
            for other in rooms
            if other != one and graph.direct_import_exists(importer=one, imported=other, as_packages=True)
        }
        for one in rooms
        if not one.endswith("__main__")
    }


def reduced(edges: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The edges that no longer way says."""

    def reaches(room: str) -> set[str]:
        return edges[room].union(*(reaches(below) for below in edges[room]))

    return sorted(
        (room, below)
        for room, belows in edges.items()
        for below in belows
        if not any(below in reaches(other) for other in belows - {below})
    )


def summary(room: str) -> list[str]:
    """The lines of a room's docstring."""
    path = ROOT / "voicenb" / room / "__init__.py"
    path = path if path.is_file() else ROOT / "voicenb" / f"{room}.py"
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").splitlines()


def picture(rows: list[list[str]], edges: list[tuple[str, str]]) -> str:
    """The SVG."""
    at: dict[str, tuple[float, float]] = {}
    parts: list[str] = []
    for number, row in enumerate(rows):
        top = 20 + number * _FLOOR
        left = (_WIDTH - len(row) * _BOX - (len(row) - 1) * _GAP) / 2
        for place, room in enumerate(row):
            x = left + place * (_BOX + _GAP)
            at[room] = (x + _BOX / 2, top)
            parts.append(
                f'<rect class="room" x="{x:g}" y="{top}" width="{_BOX}" height="{_HIGH}" rx="6"/>'
                f'<text class="name" x="{x + _BOX / 2:g}" y="{top + 32}" text-anchor="middle">{escape(room)}</text>'
            )
    lanes = {row: index for index, row in enumerate(sorted({edge for edge in edges if _far(at, edge)}))}
    for room, below in edges:
        (x1, y1), (x2, y2) = at[room], at[below]
        y1 += _HIGH
        if (room, below) in lanes:
            # Past the floors between: by a lane at the side, and into the room from above, as the others.
            lane = 12 + 11 * (lanes[room, below] // 2)
            side = lane if x1 <= _WIDTH / 2 else _WIDTH - lane
            # Apart from the arrow that leaves from the middle, and on a height of its own.
            start, end = x1 + 30 * (1 if side > x1 else -1), x2 + 30 * (1 if side > x2 else -1)
            turn, down = y1 + 12, y2 - 14 - 3 * (lanes[room, below] % 4)
            parts.append(
                f'<path d="M{start:g} {y1:g} V{turn:g} H{side:g} V{down:g} H{end:g} V{y2:g}" marker-end="url(#to)"/>'
            )
        else:
            bend = (y1 + y2) / 2
            parts.append(
                f'<path d="M{x1:g} {y1:g} C{x1:g} {bend:g} {x2:g} {bend:g} {x2:g} {y2:g}" marker-end="url(#to)"/>'
            )
    height = 20 + len(rows) * _FLOOR
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="The rooms of voicenb by floors; arrows are imports">\n<style>{_STYLE}</style>\n'
        '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" style="fill:#4a6fa5"/></marker></defs>\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff" rx="8"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _far(at: dict[str, tuple[float, float]], edge: tuple[str, str]) -> bool:
    return at[edge[1]][1] - at[edge[0]][1] > _FLOOR


def table(rows: list[list[str]], edges: dict[str, set[str]]) -> str:
    """The rooms in words: what lives there, and what each imports."""
    lines = [_BEGIN, "", "| floor | room | what lives there | imports |", "|---|---|---|---|"]
    for number, row in enumerate(rows):
        for room in row:
            below = ", ".join(f"`{one}`" for one in sorted(edges[room])) or "nothing"
            lines.append(f"| {len(rows) - 1 - number} | `{room}` | {summary(room)[0].rstrip('.')} | {below} |")
    return "\n".join([*lines, "", _END])


def main(check: bool) -> int:
    """Writes the picture and the table, or says whether they are what the code says."""
    rows, edges = floors(), imports()
    page = PAGE.read_text("utf-8")
    head, _, rest = page.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    wanted = {PICTURE: picture(rows, reduced(edges)), PAGE: head + table(rows, edges) + tail}
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    if not check:
        for path in stale:
            path.write_text(wanted[path], "utf-8")
    for path in stale:
        print(
            f"{path.relative_to(ROOT)} {'is not what the code says: run tools/architecture.py' if check else 'written'}"
        )
    return 1 if check and stale else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where something is stale")
    sys.exit(main(parser.parse_args().check))
