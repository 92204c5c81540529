"""A report as one page that loads nothing: it opens from a mail, and says so to the browser."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files

from voicenb.study.report.content import Content
from voicenb.study.report.envelope import data_script
from voicenb.study.report.parts import answers_html, blind_html, pages_html, section_html, table_html, text

__all__ = ["page_html"]


def page_html(content: Content) -> str:
    """The page. It reads without JavaScript, which only stops one clip when another one is played."""
    style, script = (_packed(name) for name in ("page.css", "page.js"))
    policy = (
        f"default-src 'none'; media-src data:; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = content.question or content.name
    return (
        '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{_head(content, title)}<main>\n{_body(content)}</main>\n"
        "<footer>Every clip in this file is speech of a synthetic voice. Made with voicenb; nothing is loaded from elsewhere."
        f"</footer>\n{data_script(content.data)}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _packed(name: str) -> str:
    return files("voicenb.study.report").joinpath(name).read_text("utf-8").strip()


def _hash(inline: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}"


def _head(content: Content, title: str) -> str:
    blindly = "".join(
        f'<p class="blindly"><strong>Heard blind:</strong> {text(one.sentence)}</p>' for one in content.tests
    )
    facts = "".join(f"<li>{text(one)}</li>" for one in content.standing)
    answers = answers_html(content.answers) or "<p>No factor has two levels, so there is no effect to tell of.</p>"
    return (
        f'<header>\n<p class="kicker">Study {text(content.name)}</p>\n<h1 dir="auto">{escape(title)}</h1>\n{blindly}{answers}'
        f'<ul class="facts">{facts}</ul>\n</header>\n'
    )


def _body(content: Content) -> str:
    sections = "".join(section_html(one, number) for number, one in enumerate(content.sections))
    side = table_html(content.side_effects)
    tests = "".join(blind_html(one, number) for number, one in enumerate(content.tests))
    players = pages_html(content.pages)
    left_out = f"<p>{text(content.left_out)}</p>" if content.left_out else ""
    hashes = table_html(content.requests, name="hashes")
    requests = f'<details class="apart"><summary>Hashes of the requests</summary>{hashes}</details>' if hashes else ""
    folded = "".join(
        f"<details><summary>{escape(one.caption)}</summary>{table_html(one)}</details>"
        for one in content.tools
        if one.rows
    )
    missing = "".join(f"<li>{text(one)}</li>" for one in content.not_stated)
    parts = {
        "What was varied": table_html(content.factors) + table_html(content.design) + table_html(content.prices),
        "Heard blind": tests,
        "Effects": sections,
        "What else changes": side or "<p>Of no other measure it can be told that it changes.</p>" if sections else "",
        "Listen": players + left_out,
        "Where it comes from": "".join(table_html(one) for one in content.origin) + folded + requests,
        "Methods": f"<p>{text(content.methods)}</p>",
        "Not stated here": f"<ul>{missing}</ul>" if missing else "",
        "Make it again": f'<pre tabindex="0" aria-label="Python that makes the study again"><code>{escape(content.code)}</code></pre>'
        "<p>This file can be read back, with its frame, effects and clips: "
        "<code>vn.Study.open(&quot;this-file.html&quot;)</code>.</p>",
    }
    return "".join(
        f'<section aria-labelledby="s{number}">\n<h2 id="s{number}">{name}</h2>\n{part}\n</section>\n'
        for number, (name, part) in enumerate(parts.items())
        if part
    )
