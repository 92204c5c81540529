"""The rules of accessibility that axe-core holds a page to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["violations"]


def violations(screen, scope="html", **rules):
    """What axe-core finds within a selector: each rule's name, what it asks for, and where it is broken.

    ``AXE_CORE`` names axe-core's axe.min.js, which comes with ``npm install --prefix FOLDER axe-core``; without it the test is skipped.

    Args:
        screen: Playwright's page.
        scope: A CSS selector.
        rules: Rules that are not as axe-core has them: True or False by name, with an underscore for a hyphen.
    """
    if "AXE_CORE" not in os.environ:
        pytest.skip("AXE_CORE does not name axe-core's axe.min.js")
    if not screen.evaluate("typeof axe === 'object'"):
        screen.evaluate(Path(os.environ["AXE_CORE"]).read_text("utf-8"))
    found = screen.evaluate(
        "([scope, rules]) => axe.run(scope, {preload: false, rules}).then(({violations}) => violations)",
        [scope, {name.replace("_", "-"): {"enabled": on} for name, on in rules.items()}],
    )
    return [(one["id"], one["help"], [node["html"][:160] for node in one["nodes"]]) for one in found]
