"""What all figures share: colours, fonts, plain axes, and a figure that shows itself in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voicenb.display.html import import_lab

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["BLUE", "FAINT", "GREEN", "INK", "ORANGE", "fonts", "plain_axis", "shown_figure", "svg_of", "titled"]

BLUE, ORANGE, GREEN, INK, FAINT = "#2f6fc4", "#d3622a", "#2c8a62", "#2b2f36", "#d5d8dd"
_FONTS = (
    "DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "PingFang SC",
    "Microsoft YaHei", "WenQuanYi Zen Hei", "Hiragino Sans", "Malgun Gothic", "Noto Sans Arabic", "Noto Sans Thai",
    "Noto Sans Devanagari", "Arial Unicode MS",
)  # fmt: skip


def shown_figure(base: type[Any]) -> type[Any]:
    """A Figure that shows itself in a cell whether or not pyplot was ever imported."""

    class VoiceFigure(base):  # type: ignore[misc]  # a class that is loaded at run time
        def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
            import io

            target = io.BytesIO()
            self.savefig(target, format="png", dpi=self.dpi)
            return target.getvalue(), {"alt": _in_words(self)}

    return VoiceFigure


def _in_words(figure: Figure) -> str:
    """What a figure shows, for who does not see it; nbconvert makes it the picture's alternative text."""
    drawn = ", ".join(axis.get_ylabel() for axis in figure.axes if axis.get_ylabel())
    over = next((axis.get_xlabel() for axis in reversed(figure.axes) if axis.get_xlabel()), "")
    shown = " over ".join(part for part in (drawn, over) if part)
    return ": ".join(part for part in (figure.get_suptitle(), shown) if part) or "Figure"


def svg_of(figure: Figure) -> str:
    """A figure as SVG, the same for the same figure, with its text as text."""
    import io

    target = io.StringIO()
    with import_lab("matplotlib").rc_context({"svg.fonttype": "none", "svg.hashsalt": "voicenb"}):
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    return target.getvalue()


def fonts() -> dict[str, Any]:
    """The families that are there of those that have the world's scripts, as an argument of matplotlib's text."""
    manager = import_lab("matplotlib.font_manager").fontManager
    known = set(manager.get_font_names())
    return {"fontfamily": [name for name in _FONTS if name in known]}


def titled(figure: Figure, title: str) -> None:
    """A title at the left, above all axes; or nothing."""
    if title:
        figure.suptitle(title, x=0.012, ha="left", fontsize=9, color=INK, wrap=True, **fonts())


def plain_axis(axis: Axes) -> None:
    """An axis with its left line alone."""
    for side in ("top", "right", "bottom"):
        axis.spines[side].set_visible(False)
    axis.spines["left"].set_color(FAINT)
    axis.tick_params(colors=INK, labelsize=8, length=0, axis="both", labelbottom=False)
