"""The parts of a report's page: tables, verdicts, pictures, players; all text is escaped here."""

from __future__ import annotations

from html import escape

from voicenb.display.html import data_url
from voicenb.study.report.content import Answer, BlindTest, Page, Picture, Player, Section, Table
from voicenb.study.report.picture import picture_svg

__all__ = ["answers_html", "blind_html", "pages_html", "section_html", "table_html", "text"]

_SHAPES = {
    "changes": ("changes", "M8 1L15 14H1z"),
    "no change": ("same", "M8 1a7 7 0 1 0 .01 0z"),
    "cannot tell": ("open", "M8 1l7 7-7 7-7-7z"),
}


def text(value: str) -> str:
    """A text of somebody's, with its own direction."""
    return escape(value) if value.isascii() else f"<bdi>{escape(value)}</bdi>"


def verdict_html(verdict: str) -> str:
    """A verdict as a shape and a word."""
    kind, path = _SHAPES.get(verdict, _SHAPES["cannot tell"])
    # A notebook has none of the page's styles.
    drawn = 'fill="none" stroke="currentColor"' if kind == "open" else 'fill="currentColor"'
    shape = f'<svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true"><path d="{path}" {drawn}/></svg> '
    return f'<span class="verdict {kind}">{shape}{escape(verdict)}</span>'


def table_html(table: Table, *, name: str = "") -> str:
    """A table that scrolls where the page is narrower than it; "" where it has no rows.

    Args:
        table: The table.
        name: A class of its own.
    """
    if not table.rows:
        return ""

    def cell(place: int, value: str) -> str:
        shown = verdict_html(value) if table.columns[place] == "verdict" else text(value)
        kind = ' class="n"' if place in table.numbers else ""
        return f'<th scope="row"{kind}>{shown}</th>' if place == 0 else f"<td{kind}>{shown}</td>"

    heads = "".join(
        f'<th scope="col"{" class=n" if place in table.numbers else ""}>{escape(head)}</th>'
        for place, head in enumerate(table.columns)
    )
    rows = "".join(f"<tr>{''.join(cell(place, value) for place, value in enumerate(row))}</tr>" for row in table.rows)
    head = f"<thead><tr>{heads}</tr></thead>" if any(table.columns) else ""
    # A narrow screen scrolls a table of many columns rather than squeeze it.
    kind = " ".join(filter(None, (name, "wide" if len(table.columns) > 3 else "")))
    label = escape(table.caption)
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table class="{kind}"><caption>{label}</caption>'
        f"{head}<tbody>{rows}</tbody></table></div>"
    )


def answers_html(answers: tuple[Answer, ...]) -> str:
    """The answer, one line an effect."""
    lines = "".join(f"<li>{verdict_html(one.verdict)} <span>{text(one.sentence)}</span></li>" for one in answers)
    return f'<ul class="answers">{lines}</ul>' if lines else ""


def picture_html(picture: Picture, name: str) -> str:
    """A picture with its sentence, and its numbers behind a press."""
    rows = tuple(
        (level.label, "the baseline", "", "") if level.baseline
        else (level.label, *(_figure(one) for one in (level.estimate, level.low, level.high)))
        for level in picture.levels
    )  # fmt: skip
    unit = f" ({picture.unit})" if picture.unit else ""
    heads = ("level", f"difference{unit}", "from", "to")
    numbers = table_html(Table(f"{picture.answer.factor} on {picture.answer.measure}", heads, rows, (1, 2, 3)))
    margin = f"<p>Margin: {text(picture.margin)}.</p>" if picture.margin else ""
    return (
        f"<figure><figcaption>{verdict_html(picture.answer.verdict)} {text(picture.answer.sentence)}</figcaption>"
        f"{picture_svg(picture, name)}"
        f"<details><summary>The numbers, of {picture.blocks:,} blocks</summary>{numbers}{margin}</details></figure>"
    )


def _figure(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.3g}".replace("-", "−")  # noqa: PLR0124 - NaN


def section_html(section: Section, number: int) -> str:
    """The effects of one factor."""
    pictures = "".join(picture_html(one, f"p{number}-{place}") for place, one in enumerate(section.pictures))
    told = table_html(section.told) or "<p>Of no measure anything can be told.</p>"
    count = len(section.untold.rows)
    untold = (
        f"<details><summary>{count:,} {'measure' if count == 1 else 'measures'} of which nothing can be told</summary>"
        f"{table_html(section.untold)}</details>"
        if count
        else ""
    )
    grid = f'<div class="figures">{pictures}</div>' if pictures else ""
    return f"<h3>{text(section.factor)}</h3><p>{text(section.summary)}</p>{grid}{told}{untold}"


def blind_html(test: BlindTest, number: int) -> str:
    """What came of a blind test."""
    # A picture of somebody else's may bring styles and names of its own: as an image it can touch nothing.
    picture = (
        f'<img class="blind" src="{data_url(test.svg.encode(), "image/svg+xml")}" alt="{escape(test.sentence)}">'
        if test.svg
        else ""
    )
    excluded = "".join(f"<li>{text(one)}</li>" for one in test.excluded)
    left_out = f"<p>Left out:</p><ul>{excluded}</ul>" if excluded else "<p>Nobody was left out.</p>"
    asked = f"<p>Asked: <q>{text(test.question)}</q></p>" if test.question else ""
    return (
        f'<section aria-labelledby="b{number}"><h3 id="b{number}">{text(test.kind.upper())}: {test.listeners:,} listeners, '
        f"{test.trials:,} trials</h3>{asked}<p>{text(test.sentence)}</p>{picture}{table_html(test.table)}"
        f"<p>{text(test.methods)}</p>{left_out}</section>"
    )


def player_html(player: Player) -> str:
    """A clip: waveform, player, and what stands below."""
    label = escape(player.label)
    return (
        f'<div class="clip"><img src="{data_url(player.wave, "image/png")}" alt="" width="{player.width}" height="28">'
        f'<audio data-sound="{escape(player.sound)}" src="{data_url(player.audio, player.mime)}" controls preload="metadata" '
        f'aria-label="{label}"></audio><p>{text(player.caption)}</p></div>'
    )


def pages_html(pages: tuple[Page, ...]) -> str:
    """The clips, a table a page."""
    return "".join(_page_html(page) for page in pages)


def _page_html(page: Page) -> str:
    def place(value: tuple[Player | str, ...]) -> str:
        shown = (f'<p class="none">{text(one)}</p>' if isinstance(one, str) else player_html(one) for one in value)
        return f"<td>{''.join(shown)}</td>"

    width = len(page.columns)
    rows = ""
    for number, head in enumerate(page.rows):
        cells = "".join(place(one) for one in page.places[number * width : (number + 1) * width])
        rows += f"<tr>{f'<th scope=row>{text(head)}</th>' if any(page.rows) else ''}{cells}</tr>"
    heads = "".join(f'<th scope="col">{text(one)}</th>' for one in page.columns)
    corner = "<td></td>" if any(page.rows) else ""
    head = f"<thead><tr>{corner}{heads}</tr></thead>" if any(page.columns) else ""
    title = page.title or "All clips"
    return (
        f'<div class="scroll" role="region" aria-label="{escape(title)}" tabindex="0"><table class="players">'
        f"<caption>{text(title)}</caption>{head}<tbody>{rows}</tbody></table></div>"
    )
