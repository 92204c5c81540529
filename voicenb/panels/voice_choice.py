"""The list of voices that a panel speaks in: those of the ledger, and the service's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from voicenb.errors import VoicenbError
from voicenb.panels.page.light import lean

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["VoiceChoice"]


class VoiceChoice:
    """A list of the voices that can be used here.

    Args:
        studio: Whose voices they are.

    Attributes:
        control: The list.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._made: dict[str, str] = {}
        self._older: dict[str, str] = {}
        self.control = lean(widgets.Dropdown, "voice", description="Voice", tooltip="The voice that speaks")

    @property
    def value(self) -> str | None:
        """The chosen voice's name, or None while there is none."""
        return self.control.value or None

    def refresh(self, choose: str | None = None) -> None:
        """Reads the voices again, and chooses one by its name, or by its key where a newer one has the same name."""
        profile = self._studio.service.profile
        frame = self._studio.voices()
        usable = frame[
            (frame["service"] == profile.id)
            & (frame["endpoint"] == self._studio.endpoint)
            & (frame["state"] == "ready")
        ]
        own = list(dict.fromkeys(usable["name"]))
        options = {name: name for name in own} | {
            id_: label for id_, label in self._made.items() if id_ not in {*usable["id"], *own}
        }
        if choose is not None and choose not in options:
            voice = self._studio.voice(choose)
            self._older[choose] = choose if voice.name == choose else f"{voice.name} ({voice.id})"
        self._older = {name: label for name, label in self._older.items() if self._is_there(name)}
        options |= {name: label for name, label in self._older.items() if name not in options}
        wanted = choose or (self.control.value if self.control.value in options else None)
        offered = tuple((label, name) for name, label in options.items())
        if offered != tuple(self.control.options):
            self.control.options = offered
        if options:
            self.control.value = wanted or next(iter(options))
        self.control.disabled = not options

    def _is_there(self, name: str) -> bool:
        try:
            self._studio.voice(name)
        except VoicenbError:
            return False
        return True

    async def learn(self) -> bool:
        """Learns of the service's own voices, which the next `refresh` offers; False where it has no list, or is out of reach."""
        try:
            frame = await self._studio.aio.catalogue()
        except VoicenbError:
            # What the reader has made is offered all the same.
            return False
        self._made = {row["id"]: f"{row['name']} ({row['id']})" for row in frame.to_dict("records")}
        return True
