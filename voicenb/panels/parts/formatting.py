"""How clips look inside a panel, and amounts, moments and calls in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb import services
from voicenb.base.home import is_default_home
from voicenb.base.moments import here
from voicenb.base.money import Price, counted
from voicenb.panels.page.light import lean
from voicenb.panels.players.compare import ComparePlayer
from voicenb.panels.players.player import ClipPlayer
from voicenb.tasks.session import SANDBOX

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip
    from voicenb.studio.studio import Studio

__all__ = [
    "amount",
    "clock",
    "close",
    "compared",
    "connect_line",
    "cut",
    "parameters_text",
    "player",
    "priced",
    "service_label",
    "spent_text",
    "worded",
]


def player(clip: Clip) -> Any:
    """A widget that plays a clip, with a line that says what it is."""
    parts = []
    if (task := clip.task) is not None:
        parts = [task.voice or "", *parameters_text(task.parameters)]
        if task.cost is not None:
            parts.append(amount(task.cost, task.unit or ""))
    caption = " · ".join(f"<bdi>{escape(part)}</bdi>" for part in parts if part)
    return lean(
        widgets.VBox,
        children=[ClipPlayer(clip), lean(widgets.HTML, value=f'<div class="voicenb-quiet">{caption}</div>')],
    )


def worded(value: object) -> str:
    """A parameter's value for people: a number with a minus sign, a list with commas."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return f"{value:g}".replace("-", "−")
    return ", ".join(map(worded, value)) if isinstance(value, list | tuple) else str(value)


def compared(clips: Sequence[Clip], labels: Sequence[str] | None = None) -> ComparePlayer:
    """A widget that compares clips; without labels it names what differs between them."""
    return ComparePlayer(clips, labels=labels)


def close(widget: Any) -> None:
    """Closes a widget with all its parts."""
    for child in getattr(widget, "children", ()):
        close(child)
    widget.close()


def amount(value: Decimal | None, unit: str) -> str:
    """An amount with its unit, to at most four digits after the first that counts."""
    if value is None:
        return "price not known"
    shown = (
        value
        if not value
        else value.quantize(Decimal(1).scaleb(max(value.adjusted() - 3, -12)))
        if value < 1000
        else value
    )
    return counted(shown, unit)


def parameters_text(values: Mapping[str, Any]) -> list[str]:
    """Parameters as a person writes them: ``speed 1.1``, ``pitch −2``."""
    return [f"{name} {worded(value)}" for name, value in values.items()]


def service_label(service: str) -> str:
    """A service's name for people; its id where it is no longer installed."""
    return services.get(service).profile.label if service in services.names() else service


def spent_text(sums: Mapping[tuple[str, str, bool], Decimal]) -> str:
    """Amounts of several services, of which none is added to another's; play money is told apart.

    Args:
        sums: What was spent, by service, unit, and whether it is the sandbox's.
    """
    live, play = (
        ", ".join(
            f"{amount(value, unit)} of {service_label(service)}"
            for (service, unit, sandbox), value in sums.items()
            if value and sandbox == wanted
        )
        for wanted in (False, True)
    )
    return "; ".join(filter(None, (live, play and f"{play} (play money)")))


def cut(text: str, most: int) -> str:
    """The beginning of a text that is longer than so many characters."""
    return text if len(text) <= most else text[:most] + "…"


def priced(price: Price) -> str:
    """A price as a button says it."""
    return str(price) if price.cached else amount(price.amount, price.unit)


def clock(moment: datetime, today: datetime) -> str:
    """A moment in this machine's time zone: the time alone where it is today."""
    then = here(moment)
    return f"{then:%H:%M}" if then.date() == here(today).date() else f"{then:%b} {then.day}, {then:%H:%M}"


def connect_line(studio: Studio) -> str:
    """The line that connects to the same service, and to the same home where that is not the one that `connect` takes by itself."""
    profile, sandbox = studio.service.profile, studio.endpoint == SANDBOX
    parts = [] if sandbox and profile.id == "soundclone" else [repr(profile.id)]
    if sandbox:
        parts += ["sandbox=True"] if parts else []
    elif studio.endpoint.rstrip("/") != profile.base_url.rstrip("/"):
        parts.append(f"base_url={studio.endpoint!r}")
    if not is_default_home(studio.home):
        parts.append(f"home={str(studio.home)!r}")
    return f"studio = vn.connect({', '.join(parts)})"
