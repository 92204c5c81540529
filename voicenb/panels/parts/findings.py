"""What was found about a recording, for people: a table, and a verdict in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from voicenb.studio.recording_checks import Finding, fix_by

__all__ = ["findings_table", "verdict"]

_MARKS = {
    "ok": ("✓", "good", "fine"),
    "note": ("·", "quiet", "note"),
    "warning": ("!", "amber", "warning"),
    "error": ("✕", "bad", "error"),
}


def verdict(changes: Sequence[str], findings: Sequence[Finding]) -> tuple[str, str]:
    """Whether the service takes a recording, after what was done to it; and the tone to say it in."""
    counts = Counter(one.severity for one in findings)
    if counts["error"]:
        worst = next(one for one in findings if one.severity == "error")
        return f"The service would refuse it: {worst.rule}, {worst.found}.", "bad"
    done = "; ".join(changes)
    if number := counts["warning"]:
        # Green would say that all is well with what can be heard.
        said = f"It would be taken, with {number} warning{'s' if number > 1 else ''}."
        return f"{done}. {said}" if done else said, "amber"
    return (done, "quiet") if done else ("The service takes it.", "good")


def _fix(finding: Finding) -> str:
    """What to do, by the buttons that do it."""
    return fix_by(finding.fix, prepare="Prepare", fetch="Load")


def findings_table(findings: list[Finding]) -> str:
    """The findings, the worst first; what is fine stands in one line."""
    order = ["error", "warning", "note", "ok"]
    rows = []
    for one in sorted(findings, key=lambda finding: order.index(finding.severity)):
        if one.severity == "ok":
            continue
        mark, tone, word = _MARKS[one.severity]
        rows.append(
            f'<tr><td class="voicenb-{tone}"><span role="img" aria-label="{word}">{mark}</span> {escape(one.rule)}</td>'
            f"<td>{escape(one.found)}</td><td>{escape(_fix(one))}"
            + (f' <span class="voicenb-quiet">({escape(one.allowed)})</span>' if one.allowed else "")
            + "</td></tr>"
        )
    fine = "&emsp;".join(
        f'<span title="{escape(one.allowed)}" style="white-space:nowrap"><span class="voicenb-good">✓</span> {escape(one.rule)}'
        f' <span class="voicenb-quiet">{escape(one.found)}</span></span>'
        for one in findings
        if one.severity == "ok"
    )
    table = (
        f'<table class="voicenb-findings" aria-label="What the doctor finds"><tbody>{"".join(rows)}</tbody></table>'
        if rows
        else ""
    )
    return f"{table}<div>{fine}</div>"
