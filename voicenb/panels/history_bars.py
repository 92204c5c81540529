"""What the history asks before it changes anything: labels, charges that are not known, and what is to be deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import ipywidgets as widgets

from voicenb.panels.page.light import lean
from voicenb.panels.parts.page_values import PageValues, Press, press
from voicenb.panels.parts.style import bar, button, line, toned

__all__ = ["Bars"]

_ANSWERS = {"It was charged": True, "It was not charged": False, "Leave it": None}


class Bars:
    """A part of the history's panel below its table, of which one bar at most is open; each is made when it is first opened.

    Args:
        pressed: Registers what a button does with what the page shows; as `Panel._pressed`.
        tells: Lets presses tell of more widgets; as `Panel._tells`.
        keep, settle, delete: What the buttons do.
        closed: Called when a bar was closed without doing anything.

    Attributes:
        widget: Its place, which is kept free.
        opened: "note", "settle", "delete" or "".
    """

    def __init__(
        self,
        *,
        pressed: Callable[[Press, Callable[[PageValues], object]], None],
        tells: Callable[..., None],
        keep: Callable[[PageValues], object],
        settle: Callable[[bool | None, PageValues], object],
        delete: Callable[[PageValues], object],
        closed: Callable[[object], None],
    ) -> None:
        self._pressed, self._tells, self._closed = pressed, tells, closed
        self._keep, self._settle, self._delete = keep, settle, delete
        self.opened = ""
        self.widget = lean(widgets.VBox, "reserved")

    def open(self, name: str) -> None:
        """Opens one in the place of another."""
        made = self._note if name == "note" else self._settling if name == "settle" else self._deleting
        self.close()
        made.remove_class("voicenb-gone")
        self.opened = name

    def close(self) -> None:
        """Closes what is open."""
        for one in self.widget.children:
            one.add_class("voicenb-gone")
        self.opened = ""

    @cached_property
    def label(self) -> Any:
        """The field of a label."""
        return _text("Label", "short, to find and add up by")

    @cached_property
    def remark(self) -> Any:
        """The field of a note."""
        return _text("Note", "whatever you want to remember")

    @cached_property
    def answers(self) -> Mapping[str, Press]:
        """The buttons that settle."""
        made = {text: press(text, "", "outlined") for text in _ANSWERS}
        for text, one in made.items():
            self._pressed(one, lambda shown, charged=_ANSWERS[text]: self._settle(charged, shown))  # type: ignore[misc]
        return made

    @cached_property
    def sure(self) -> Press:
        """The button that deletes."""
        made = press("Delete", "", "outlined")
        self._pressed(made, self._delete)
        return made

    @cached_property
    def questions(self) -> Mapping[str, Any]:
        """What is asked before "settle" and "delete"."""
        return {"settle": line("live"), "delete": line("live")}

    def ask(self, name: str, text: str) -> None:
        """Says what is asked, and opens the answers."""
        self.open(name)
        self.questions[name].value = toned(text, "amber")

    @cached_property
    def _note(self) -> Any:
        keep = press("Keep", "", "outlined")
        self._pressed(keep, self._keep)
        return self._made(bar(self.label, self.remark, keep, self._leave("Cancel"), names=("enters",)))

    @cached_property
    def _settling(self) -> Any:
        return self._made(lean(widgets.VBox, children=[self.questions["settle"], bar(*self.answers.values())]))

    @cached_property
    def _deleting(self) -> Any:
        return self._made(
            lean(widgets.VBox, children=[self.questions["delete"], bar(self.sure, self._leave("Keep them"))])
        )

    def _made(self, one: Any) -> Any:
        self.widget.children = (*self.widget.children, one)
        self._tells(one)
        return one

    def _leave(self, text: str) -> Any:
        made = button(text)
        made.on_click(self._closed)
        return made


def _text(name: str, placeholder: str) -> Any:
    return lean(widgets.Text, "tight", description=name, placeholder=placeholder)
