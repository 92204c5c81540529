"""The control for a described voice: words to pick from, or to write."""

from __future__ import annotations

import ipywidgets as widgets

from voicenb.panels.fields.field import Field
from voicenb.panels.page.light import lean
from voicenb.services.base import Parameter
from voicenb.services.descriptors import DIALECTS, VOCABULARY, category, split

__all__ = ["DescriptorsField"]


class DescriptorsField(Field):
    """A line of descriptors, and a list that adds to it; a word takes the place of another of its category."""

    def __init__(self, one: Parameter) -> None:
        self.more = lean(
            widgets.Dropdown, "short", options=_offered(), value="", tooltip="Adds a word to the description"
        )
        super().__init__(one)
        self.input.placeholder = "pick words, or write: female, young adult, high pitch"
        self.box.children = (self.input, self.more, self.foot)
        for name in ("wide", "beside"):
            self.box.add_class(f"voicenb-{name}")
        self.more.observe(lambda _: self._pick(), "value")

    def _pick(self) -> None:
        word = self.more.value
        if not word:
            return
        self.more.value = ""
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
