"""The levels of one factor: the form's own control for a value, and the levels that were taken from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets

from voicenb.panels.fields.field import Field, switch_class
from voicenb.panels.page.light import lean
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageValues, press
from voicenb.panels.parts.style import bar, button, line, toned
from voicenb.study.design import same_level

__all__ = ["Levels"]


class Levels:
    """A factor in a panel.

    Args:
        name: The factor.
        field: The control that its levels are picked on.
        levels: Those that it has.
        baseline: The level that the others are held against; None takes the first one.
        judge: What is wrong with a value; "" where nothing is.
        changed: Called after each change.
        removable: Whether the factor can be taken away.

    Attributes:
        add: The button that takes the control's value as a level, whose press the panel brings to `take`.
        remove: The button that takes the factor away.
        levels: The levels, in the order in which they were taken.
        box: All of it.
    """

    def __init__(
        self,
        name: str,
        field: Field,
        levels: tuple[Any, ...],
        baseline: Any = None,
        *,
        judge: Callable[[Any], str] = lambda _: "",
        changed: Callable[[], None],
        removable: bool = True,
    ) -> None:
        self.name, self.field = name, field
        self._judge, self._changed, self._drawing = judge, changed, False
        self.levels: list[Any] = list(levels)
        label = field.label
        self.add = press("Add level", f"Takes this value as a level of {label}", "outlined")
        self.remove = button("Remove", f"{label} is no factor any more, and stays at its default")
        self._chips: list[Any] = []
        self._held = lean(widgets.HBox, "levels")
        self._none = line("none")
        self._none.value = toned("no level yet", "quiet")
        self._baseline = lean(
            widgets.Dropdown,
            "short",
            description="Baseline",
            tooltip=f"What the other levels of {label} are held against",
        )
        self._baseline.observe(lambda _: self._drawing or self._changed(), "value")
        switch_class(self.remove, "gone", not removable)
        self.box = lean(
            widgets.VBox,
            "factor",
            children=[bar(field.box, self.add, self.remove), bar(self._held, self._baseline, names=("chosen",))],
        )
        self._draw(self.levels[0] if baseline is None and self.levels else baseline)

    @property
    def baseline(self) -> Any:
        """The level that the others are held against."""
        place = self._baseline.index
        return self.levels[place] if place is not None and place < len(self.levels) else None

    def take(self, shown: PageValues = KERNEL_VALUES) -> None:
        """Takes the value that the control shows as a level; says under it why it does not."""
        value = self.field.read(shown)
        if said := self._judge(value):
            self.field.remark(said, error=True)
            return
        if any(same_level(value, one) for one in self.levels):
            self.field.remark(f"{self.written(value)} is a level already.", error=False)
            return
        self.field.remark("", error=False)
        kept = self.baseline
        self.levels.append(value)
        self._draw(kept if len(self.levels) > 1 else value)
        self._changed()

    def written(self, level: Any) -> str:
        """A level for people."""
        return self.field.written(level)

    def _dropped(self, place: int, _: object) -> None:
        if place >= len(self.levels):
            return
        kept = self.baseline
        gone = self.levels.pop(place)
        self._draw(kept if self.levels and kept != gone else self.levels[0] if self.levels else None)
        self._changed()

    def _draw(self, baseline: Any) -> None:
        """Shows the levels. Buttons are used again, so that the focus stays among them."""
        self._drawing = True
        while len(self._chips) < len(self.levels):
            self._chips.append(button("", "", "level"))
            self._chips[-1].on_click(partial(self._dropped, len(self._chips) - 1))
        for place, chip in enumerate(self._chips):
            there = place < len(self.levels)
            switch_class(chip, "gone", not there)
            if there:
                text = self.written(self.levels[place])
                chip.description, chip.tooltip = f"{text} ×", f"Remove the level {text} of {self.field.label}"
        self._held.children = (self._none, *self._chips)
        switch_class(self._none, "gone", bool(self.levels))
        self._baseline.options = [(self.written(one), place) for place, one in enumerate(self.levels)]
        if self.levels:
            self._baseline.index = next((at for at, one in enumerate(self.levels) if one == baseline), 0)
        switch_class(self._baseline, "hidden", len(self.levels) < 2)
        self._drawing = False
