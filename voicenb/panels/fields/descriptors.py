"""The control for a described voice: words to pick from, or to write."""

from __future__ import annotations

import ipywidgets as widgets

from voicenb.panels.fields.field import Field
from voicenb.services.base import Parameter
from voicenb.services.descriptors import DIALECTS, VOCABULARY, category, split

__all__ = ["DescriptorsField"]


class DescriptorsField(Field):
    """A line of descriptors, and a list that adds to it; a word takes the place of another of its category."""

    def __init__(self, one: Parameter) -> None:
        self.add = widgets.Dropdown(options=_offered(), value="", tooltip="Adds a word to the description")
        self.add.add_class("voicenb-short")
        super().__init__(one)
        self.input.placeholder = "pick words, or write: female, young adult, high pitch"
        row = self.box.children[0]
        row.children = (*row.children, self.add)
        self.box.add_class("voicenb-wide")
        self.add.observe(lambda _: self._pick(), "value")

    def _pick(self) -> None:
        word = self.add.value
        if not word:
            return
        self.add.value = ""
        said = self.input.value
        if said.lstrip().startswith("{"):
            # An object with keys of its own is for whoever wrote it.
            return
        new = category(word)
        apart = {"accent", "dialect"} if new in {"accent", "dialect"} else {new}
        kept = [one for one in split(said) if category(one) not in apart or category(one) is None]
        self.input.value = ", ".join([*kept, word])


def _offered() -> list[tuple[str, str]]:
    words = [(f"{name}: {word}", word) for name, known in VOCABULARY.items() for word in known]
    return [("+ word", ""), *words, *((f"dialect: {word}", word) for word in DIALECTS["voxcpm"])]
