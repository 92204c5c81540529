"""A report as a notebook: the same sections, their outputs kept, and cells that read the file itself when they run again."""

from __future__ import annotations

import hashlib
import json
import re
from html import escape
from typing import Any

from voicenb.display.html import data_url
from voicenb.study.report.content import BlindTest, Content, Picture, Player, Table
from voicenb.study.report.envelope import NOTEBOOK_KEY, notebook_data
from voicenb.study.report.parts import pages_html, table_html
from voicenb.study.report.picture import picture_svg

__all__ = ["notebook_json"]

_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|$~^=-])")


def notebook_json(content: Content, name: str) -> str:
    """The notebook, of nbformat 4.5.

    Args:
        content: What it tells.
        name: The name of the file, by which its first cell reads it.
    """
    players = [one for page in content.pages for place in page.places for one in place if isinstance(one, Player)]
    cells = [
        _words(_head(content)),
        _code(_opening(name), _shown(f"<p>Study {escape(content.name)}, read from this file.</p>")),
    ]
    cells.append(_words("## What was varied\n\n" + _tables(content.factors, content.design, content.prices)))
    if content.tests:
        cells.append(_words("## Heard blind\n\n" + "\n\n".join(map(_blind, content.tests))))
    if content.sections:
        tables = "".join(
            f"<p><b>{escape(one.factor)}</b>: {escape(one.summary)}</p>{table_html(one.told)}{_folded('What cannot be told', table_html(one.untold))}"
            for one in content.sections
        )
        cells += [_words("## Effects"), _code("study.effects()", _shown(tables))]
        for number, one in enumerate(picture for section in content.sections for picture in section.pictures):
            source = f"study.effect({one.answer.factor!r}, on={one.answer.measure!r})"
            cells.append(_code(source, _shown(_picture(one, number))))
        if content.side_effects.rows:
            cells.append(_words("## What else changes\n\n" + _tables(content.side_effects)))
    if players:
        cells += [
            _words("## Listen\n\n" + _plain(content.left_out)),
            _code("study.compare()", _shown(pages_html(content.pages))),
        ]
    cells.append(_words("## Where it comes from\n\n" + _tables(*content.origin, *content.tools)))
    if content.requests.rows:
        cells.append(_words(_folded("Hashes of the requests", table_html(content.requests))))
    cells.append(_words(f"## Methods\n\n{_plain(content.methods)}"))
    missing = "\n".join(f"- {_plain(one)}" for one in content.not_stated)
    cells.append(_words(f"## Not stated here\n\n{missing}"))
    code = "\n".join(f"    {line}" for line in content.code.splitlines())
    cells.append(_words(f"## Make it again\n\n{code}\n\nEvery clip in this file is speech of a synthetic voice."))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}-{hashlib.sha256(json.dumps(cell['source']).encode()).hexdigest()[:8]}"
    kept = notebook_data(content.data, {one.sound: one.audio for one in players})
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            NOTEBOOK_KEY: kept,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _opening(name: str) -> str:
    return f"import voicenb as vn\n\nstudy = vn.Study.open({name!r})\nstudy"


def _words(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": list(outputs), "source": source}


def _shown(html: str) -> dict[str, Any]:
    plain = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    data = {"text/html": html, "text/plain": plain[:300]}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _folded(summary: str, html: str) -> str:
    return f"<details><summary>{summary}</summary>{html}</details>" if html else ""


def _plain(text: str) -> str:
    """A text of somebody's, in which nothing is markup."""
    return _MARKS.sub(r"\\\1", escape(" ".join(text.split()), quote=False))


def _head(content: Content) -> str:
    heard = "".join(f"**Heard blind:** {_plain(one.sentence)}\n\n" for one in content.tests)
    answers = "\n".join(f"- **{one.verdict}**: {_plain(one.sentence)}" for one in content.answers)
    facts = " · ".join(map(_plain, content.standing))
    return (
        f"# {_plain(content.question or content.name)}\n\nStudy {_plain(content.name)}\n\n{heard}{answers}\n\n{facts}"
    )


def _tables(*tables: Table) -> str:
    parts = []
    for table in tables:
        if table.rows:
            head = "| " + " | ".join(_plain(one) or " " for one in table.columns) + " |"
            rule = "|" + "".join("---:|" if place in table.numbers else "---|" for place in range(len(table.columns)))
            rows = "\n".join("| " + " | ".join(map(_plain, row)) + " |" for row in table.rows)
            parts.append(f"{_plain(table.caption)}:\n\n{head}\n{rule}\n{rows}")
    return "\n\n".join(parts)


def _blind(test: BlindTest) -> str:
    left_out = "".join(f"\n- Left out: {_plain(one)}" for one in test.excluded)
    picture = f"\n\n![{_plain(test.sentence)}]({data_url(test.svg.encode(), 'image/svg+xml')})" if test.svg else ""
    return (
        f"**{_plain(test.kind)}**, {test.listeners:,} listeners, {test.trials:,} trials. Asked: {_plain(test.question)}\n\n"
        f"{_plain(test.sentence)}{picture}\n\n{_tables(test.table)}\n\n{_plain(test.methods)}\n{left_out}"
    )


def _picture(picture: Picture, number: int) -> str:
    svg = picture_svg(picture, f"p{number}", alone=True)
    said = escape(picture.answer.sentence)
    return f'<p>{said}</p><img src="{data_url(svg.encode(), "image/svg+xml")}" alt="{said}" style="max-width:100%">'
