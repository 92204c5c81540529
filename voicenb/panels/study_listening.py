"""A study by ear, in a panel: a blind test of its clips, the same as a page for others, and the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.base.files import file_name
from voicenb.listening.kinds import KINDS
from voicenb.panels.base import call_of
from voicenb.panels.listening import ListeningPlayer
from voicenb.panels.page.light import lean
from voicenb.panels.parts.formatting import close
from voicenb.panels.parts.style import bar, button, line, toned
from voicenb.study.comparing import parameters_first

if TYPE_CHECKING:
    from pathlib import Path

    from voicenb.listening.test import ListeningTest
    from voicenb.study.study import Study

__all__ = ["StudyListening"]

_NEEDS_RECORDINGS = "mushra"


class StudyListening:
    """Chooses a kind of test and a factor, and shows the test.

    Args:
        on: Makes a callback of a control out of a call, so that its errors are shown.

    Attributes:
        kind, factor: What is asked, and between which levels.
        test: The test that was made last, or None.
        widget: All of it.
    """

    def __init__(self, *, on: Callable[[Callable[[], object]], Callable[[object], None]]) -> None:
        self._study: Study | None = None
        self.test: ListeningTest | None = None
        self.kind = lean(
            widgets.Dropdown,
            description="Blind test",
            options=[(name.upper(), name) for name in KINDS if name != _NEEDS_RECORDINGS],
            tooltip="What listeners are asked",
        )
        self.factor = lean(widgets.Dropdown, description="Between", tooltip="The factor whose levels are compared")
        for one in (self.kind, self.factor):
            one.add_class("voicenb-short")
        self.begin = button("Listen", "The test itself, for whoever sits here; votes are kept one by one")
        self.save = button("Save as a page", "One file for other listeners; it asks no machine for anything")
        self.report = button("Write the report", "The study as one page to send around, with what was heard")
        for control, call in ((self.begin, self._begin), (self.save, self._save), (self.report, self._report)):
            control.on_click(on(call))
        self._note = line("status", "live")
        self._player = lean(widgets.VBox)
        self.widget = lean(
            widgets.VBox,
            "gone",
            children=[bar(self.kind, self.factor, self.begin, self.save, self.report), self._note, self._player],
        )

    def show(self, study: Study) -> None:
        """Offers what can be listened to."""
        self._study = study
        many = parameters_first(one.name for one in study.design.factors if len(one.levels) > 1)
        options = [(name.replace("_", " "), name) for name in many]
        if options != list(self.factor.options):
            self.factor.options = options
            self.factor.index = 0 if options else None
        for control in (self.kind, self.factor, self.begin, self.save):
            control.disabled = not options
        self.widget.remove_class("voicenb-gone")

    @property
    def arguments(self) -> dict[str, Any]:
        """What `Study.listen` is called with."""
        return {"kind": self.kind.value, "between": self.factor.value}

    def code(self) -> list[str]:
        """The Python of the test that was made, if one was."""
        return [call_of("test = study.listen", **self.arguments), "test"] if self.test is not None else []

    def _made(self) -> ListeningTest | None:
        if self._study is None:
            return None
        self.test = self._study.listen(**self.arguments)
        return self.test

    def _begin(self) -> None:
        test = self._made()
        if test is None:
            return
        plan = test.plan()
        self._note.value = toned(
            f"{plan.trials} trials, about {max(plan.minutes, 1):.0f} min. {plan.sentences[0]}", "quiet"
        )
        old = self._player.children
        self._player.children = (ListeningPlayer(test),)
        for one in old:
            close(one)

    def _save(self) -> None:
        test = self._made()
        if test is not None:
            self._say(
                test.save(f"{file_name(test.name)}.html"),
                f"What listeners send back: test = vn.ListeningTest.open({test.name!r}); test.add('answers-*.json')",
            )

    def _report(self) -> None:
        if self._study is None:
            return
        tests = [self.test] if self.test is not None and self.test.listeners else []
        self._say(self._study.report(f"{file_name(self._study.name)}.html", tests=tests), "Anybody can open it.")

    def _say(self, path: Path, more: str) -> None:
        self._note.value = toned(f"{path} is written, {path.stat().st_size / 1e6:.1f} MB. {more}", "good")
