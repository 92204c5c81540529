"""Buttons whose press brings what the page shows.

A page's messages need not be handled in their order: a control's first change may wait for a running cell while a press passes it in another
thread. So a press that pays, deletes or takes something does not ask the kernel's controls. It brings the value of each as the page has it
(`PageValues`), and a token that says which state of the panel the page saw.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import traitlets

from voicenb.errors import InvalidRequest
from voicenb.panels.page.light import lean
from voicenb.panels.parts.table import Table
from voicenb.panels.players.waveform import Waveform

__all__ = ["CALLBACK_LOCK", "KERNEL_VALUES", "PageOutdated", "PageValues", "Press", "press", "price_changed", "watched"]

CALLBACK_LOCK = threading.RLock()
"""Held by each callback of a panel, since a front end may send to several threads of a kernel at once."""
_REMEMBERED = 100


class PageOutdated(InvalidRequest):
    """A press was refused because the page showed something else than what would have been done; nothing was sent."""


class PageValues:
    """The values of a panel's controls at one moment: on the page when a button was pressed, or in the kernel now.

    Args:
        page: What the page sent: each control's attributes, by the control's id; None for the kernel's own values.
        made: What a control made of something that was typed into it: its name, what was typed, and what it is now.

    Raises:
        PageOutdated: A control has made something else of what was typed.
    """

    def __init__(self, page: Mapping[str, Any] | None = None, made: Sequence[Any] = ()) -> None:
        self._page = page
        for one in made:
            name, typed, now = (str(part)[:40] for part in one)
            raise PageOutdated(
                f"Nothing was done: {name} cannot be {typed!r}, and is {now} now. Look at it, and press again."
            )

    @property
    def now(self) -> bool:
        """Whether these are the kernel's own values, as a script that presses a button means them."""
        return self._page is None

    def __call__(self, widget: Any, name: str = "value") -> Any:
        """An attribute of a control.

        Raises:
            PageOutdated: The page did not say it, or shows what the kernel does not know.
        """
        if self._page is None:
            return getattr(widget, name)
        state = self._page.get(widget.model_id)
        if not isinstance(state, dict):
            raise _unsaid(widget)
        if name == "value" and isinstance(widget, widgets.Dropdown):
            return _chosen(widget, state)
        if name not in state:
            raise _unsaid(widget)
        try:
            return widget.traits()[name].validate(widget, state[name])
        except traitlets.TraitError:
            raise _unsaid(widget) from None


KERNEL_VALUES = PageValues()
"""The kernel's own values."""


def _chosen(widget: Any, state: Mapping[str, Any]) -> Any:
    """What is chosen in a list, by the words that the page shows, since the kernel's list may be another by now."""
    index, labels = state.get("index"), state.get("_options_labels")
    if index is None:
        return None
    if not isinstance(labels, list) or not isinstance(index, int) or not 0 <= index < len(labels):
        raise _unsaid(widget)
    wanted, known = labels[index], list(widget._options_labels)  # noqa: SLF001 - what the page shows has no public name
    at = index if index < len(known) and known[index] == wanted else None
    if at is None and known.count(wanted) == 1:
        at = known.index(wanted)
    if at is None:
        raise PageOutdated(f"Nothing was done: {widget.description} showed {wanted!r}, which is no longer in its list.")
    return widget._options_values[at]  # noqa: SLF001


def price_changed(due: str, shown: str) -> PageOutdated:
    """What is raised where something costs `due`, an amount or "made before · free", and the pressed button said `shown`."""
    said = shown.partition(" · ")[2] or "no price"
    costs = "has been made before and is free" if due.endswith("free") else f"costs {due}"
    return PageOutdated(
        f"Nothing was sent: this {costs}, and the button said {said} when it was pressed. Look at the price, and press again."
    )


def _unsaid(widget: Any) -> PageOutdated:
    name = str(getattr(widget, "description", "")) or "a control"
    return PageOutdated(
        f"Nothing was done: the page did not say what it shows in {name}. Press again, or run the cell again."
    )


class Press(widgets.Button):  # type: ignore[misc]  # ipywidgets has no types
    """A button that does nothing by itself: its panel's `PanelAssets` sends what the page shows with each press.

    Attributes:
        token: Which state of the panel a press is meant for. Each is good for one press.
    """

    token = traitlets.Unicode().tag(sync=True)

    def __init__(self, **options: Any) -> None:
        self._used: deque[str] = deque(maxlen=_REMEMBERED)
        self._bare: Callable[[], object] = lambda: None
        # Its own id is known before it is made, so that the class by which the page finds it is there from the beginning.
        name = uuid.uuid4().hex
        classes = (*options.pop("_dom_classes", ()), f"voicenb-press-{name}")
        super().__init__(model_id=name, token=_token(), _dom_classes=classes, **options)

    def renew(self) -> None:
        """What the button is about has changed: a press that was made before is refused."""
        self.token = _token()

    def use(self, token: str) -> bool:
        """Takes a press; False for the second of a double press, and for one that another has overtaken.

        Raises:
            PageOutdated: What the button is about has changed since the page showed it.
        """
        if token in self._used:
            return False
        if token != self.token:
            raise PageOutdated(
                "Nothing was done: this had changed by the time the press arrived. Look at it, and press again."
            )
        self.retire()
        return True

    def retire(self) -> None:
        """What the button does is done: another press that was meant for it is none."""
        self._used.append(self.token)
        self.renew()

    def _handle_button_msg(self, _: object, content: Any, __: object) -> None:
        """A press that does not bring what the page shows."""
        if isinstance(content, dict) and content.get("event") == "click":
            self._bare()

    def on_bare(self, call: Callable[[], object]) -> None:
        """Calls `call` where a press brings nothing, which happens before the page is complete."""
        self._bare = call


def _token() -> str:
    return uuid.uuid4().hex[:12]


def press(text: str, tooltip: str = "", *names: str) -> Press:
    """A `Press` with style classes ``voicenb-<name>``."""
    return lean(Press, *names, description=text, tooltip=tooltip)


def watched(*parts: Any) -> dict[str, list[str]]:
    """What a press tells of these widgets and of all that is in them: attributes, by the control's id."""
    found = {}
    for one in _all(parts):
        if isinstance(one, widgets.Dropdown):
            found[one.model_id] = ["index", "_options_labels"]
        elif "voicenb-field" in getattr(one, "_dom_classes", ()):
            # Whether it is in sight.
            found[one.model_id] = ["_dom_classes"]
        elif isinstance(one, Press):
            found[one.model_id] = ["description", "token"]
        elif isinstance(one, Waveform):
            found[one.model_id] = ["start", "end"]
        elif isinstance(one, Table):
            found[one.model_id] = ["picked"]
        elif told := getattr(one, "told_by_press", ()):
            found[one.model_id] = list(told)
        elif isinstance(one, widgets.ValueWidget) and not isinstance(one, widgets.HTML) and "value" in one.traits():
            found[one.model_id] = ["value"]
    return found


def _all(parts: Any) -> Iterator[Any]:
    for one in parts:
        yield one
        yield from _all(getattr(one, "children", ()))
