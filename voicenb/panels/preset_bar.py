"""The part of a panel that keeps its parameters under a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.panels import presets
from voicenb.panels.form import Form
from voicenb.panels.page.light import lean
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageValues, press
from voicenb.panels.parts.style import bar
from voicenb.panels.parts.upload import Upload

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["PresetBar"]


class PresetBar:
    """A list of presets, and what saves, deletes and reads one.

    Args:
        studio: Whose home keeps them.
        form: The parameters.
        begin: Called before something is done.
        say: Shows a line, in a tone.
        guard: Makes a callback of a control out of a call, so that its errors are shown.
        refuse: Shows an error.

    Attributes:
        chosen: The list.
        name: The name to save under.
        save, delete: The buttons, whose presses the panel brings to `keep` and `remove`.
        head: What stands in the panel's row: the list, and what opens the bar.
        bar: The rest.
    """

    def __init__(
        self,
        studio: Studio,
        form: Form,
        *,
        begin: Callable[[], None],
        say: Callable[[str, str], None],
        guard: Callable[[Callable[[], None]], Callable[[Any], None]],
        refuse: Callable[[Exception], None],
    ) -> None:
        self._studio = studio
        self._form = form
        self._begin = begin
        self._say = say
        self.chosen = lean(
            widgets.Dropdown, "short", description="Preset", tooltip="Parameters that were kept under a name"
        )
        self.name = lean(widgets.Text, description="Name", placeholder="such as calm narrator")
        self.save = press("Save", "Keeps the parameters, without the text, under this name", "outlined")
        self.delete = press("Delete", "Removes the chosen preset")
        given = Upload(
            "From a file",
            lambda name, content: guard(lambda: self.read(content, name))(None),
            refuse=refuse,
            tooltip="A preset that somebody gave you",
            accept=".json",
        )
        self.bar = bar(self.name, self.save, self.delete, given, names=("gone", "enters"))
        more = lean(widgets.ToggleButton, "short", description="save …", tooltip="Save, delete and share presets")
        more.observe(
            lambda change: (self.bar.remove_class if change.new else self.bar.add_class)("voicenb-gone"), "value"
        )
        self._used: dict[str, Any] | None = None
        self._list()
        form.on_change(self._changed)
        self.chosen.observe(guard(self._take), "value")
        self.head = lean(widgets.HBox, children=[self.chosen, more])

    def _list(self, chosen: str = "") -> None:
        self.chosen.options = [("–", ""), *((name, name) for name in presets.names(self._studio))]
        self.chosen.value = chosen

    def _take(self) -> None:
        if self.chosen.value:
            self._use(presets.load(self._studio, self.chosen.value))

    def _use(self, values: dict[str, Any]) -> None:
        self._used = None
        try:
            self._form.reset()
            self._form.set(values)
        finally:
            self._used = self._parameters()

    def _parameters(self) -> dict[str, Any]:
        """What a preset would keep now."""
        return {name: value for name, value in self._form.values.items() if name not in presets.LEFT_OUT}

    def _changed(self) -> None:
        """A preset that was changed is none any more, and can be chosen again."""
        if self._used is not None and self._parameters() != self._used:
            self._used = None
            self.chosen.value = ""

    def keep(self, shown: PageValues = KERNEL_VALUES) -> None:
        """Saves the parameters that are shown under the name that is shown."""
        self._begin()
        name = shown(self.name).strip()
        path = presets.save(self._studio, name, self._form.read(shown))
        self._list(name)
        self._say(f"Saved as {path}; the file can be given away.", "good")

    def remove(self, shown: PageValues = KERNEL_VALUES) -> None:
        """Deletes the preset that is shown."""
        if name := shown(self.chosen):
            presets.delete(self._studio, name)
            self._list()

    def read(self, content: bytes, file: str = "") -> None:
        """Takes a preset from a file, by whose name errors call it, and keeps it."""
        self._begin()
        name, values = presets.read(self._studio, content, file=file)
        presets.save(self._studio, name, values)
        self._list(name)
        self._use(values)
