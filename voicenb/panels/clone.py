"""A recording in, a voice out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.errors import InvalidRequest
from voicenb.panels.act import Act
from voicenb.panels.base import Panel, call_of
from voicenb.panels.form import Form, Remark, hushed, languages
from voicenb.panels.kept import Kept
from voicenb.panels.reference import ReferencePanel
from voicenb.panels.shown import amount, player
from voicenb.panels.style import bar, line
from voicenb.schema import OPEN
from voicenb.services.parameters import remarks

if TYPE_CHECKING:
    from voicenb.services.base import Price
    from voicenb.studio import Studio, Voice

__all__ = ["ClonePanel"]

_TICK = 0.5


class ClonePanel(Panel):
    """A reference, a name, what the preview says, and the price on the button.

    Attributes:
        reference: The panel of the recording.
        form: The parameters.
        voice: The voice that was made here last, or None.
    """

    title = "Clone"

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        service, profile = studio.service, studio.service.profile
        self.reference = ReferencePanel(studio)
        self.voice: Voice | None = None
        self._listeners: list[Callable[[str], None]] = []
        self._price: Price | None = None
        self._asked = 0
        self._job: Any = None
        requests = [service.request_type("preview")]
        if profile.cloning == "voice":
            requests.append(service.request_type("voice"))
        self.form = Form(
            *requests,
            hide=("reference", "name", "voice_id"),
            choices=languages(studio),
            strict=studio.strict or studio.endpoint == "sandbox",
            count=service.characters,
            publish=self._publish,
        )
        if "text" in self.form.fields:
            self.form.fields["text"].input.placeholder = (
                "What a preview says; left empty, none is made, and nothing is charged."
                if profile.cloning == "address"
                else "What the preview says; left empty, a line in the chosen language."
            )
        self._named = widgets.Text(description="Name", placeholder="what to call the voice; else the recording's name")
        self._named.add_class("voicenb-grow")
        self._act = Act("Clone")
        self._results = widgets.VBox()
        self._results.add_class("voicenb-results")
        self._act.connect(self._on(self.clone), self._on(self._cancel))
        self._named.observe(self._on(self._judge), "value")
        self.reference.on_change(lambda: self._on(self._judge)(None))
        self.form.on_change(lambda: self._on(self._judge)(None))
        # This panel's code has all that the reference's has.
        self.reference.hide_code()
        acts = widgets.VBox(
            [
                bar(self._named, line("grow"), self._code_button()),
                self.form.widget,
                self._code,
                bar(self._status, self._act.go, self._act.stop, names=("act",)),
                self._problem,
            ]
        )
        acts.add_class("voicenb-acts")
        self._lay(self.reference.widget, acts, self._results)
        self._judge()

    def on_done(self, listener: Callable[[str], None]) -> None:
        """Calls ``listener(name)`` when a voice was made."""
        self._listeners.append(listener)

    def _keep_in(self, kept: Kept) -> None:
        super()._keep_in(kept)
        self.reference._keep_in(kept)  # noqa: SLF001 - its own part

    def _request(self, *, code: bool = False) -> dict[str, Any]:
        values = self.form.code if code else self.form.values
        if not str(values.get("text") or "").strip():
            values.pop("text", None)
        if name := self._named.value.strip():
            values["name"] = name
        return values

    def _judge(self, *, keep: bool = False) -> None:
        self._show_code()
        if self._act.running:
            return
        values = self._request()
        remarks = self.form.check(name="-", text=values.get("text") or "-" * 12)
        if "text" not in values:
            remarks = [one for one in remarks if one.field != "text"]
            self.form.show(remarks)
        errors = [one.field for one in remarks if one.error]
        reference = self.reference.reference
        self._asked += 1
        if reference is None:
            self._off("Choose a recording first.")
        elif problems := reference.problems(self.studio):
            self._off(f"The recording cannot serve yet: {problems[0].rule}, {problems[0].found}.")
        elif errors:
            self._off(f"To mend: {', '.join(dict.fromkeys(errors))}.")
        else:
            self._act.offer()
            if not keep:
                self._tell("")
            self._start(self._ask_price(self._asked, values))

    def _off(self, reason: str) -> None:
        self._act.off()
        self._tell(reason)

    async def _ask_price(self, asked: int, values: dict[str, Any]) -> None:
        try:
            price = await asyncio.to_thread(hushed, lambda: self.studio.clone_price(**values))
        except InvalidRequest as error:
            if asked == self._asked:
                self.form.show([Remark(one.field, one.allowed, error=True) for one in error.problems])
                self._off(str(error).splitlines()[0])
            return
        if asked == self._asked and not self._act.running:
            self._act.offer(amount(price.amount, price.unit))
            self._act.go.tooltip = price.rule
            if price.amount is None:
                self._tell(f"The price is not known: {price.rule}", "amber")

    # -- cloning it --------------------------------------------------------------------------------------------

    def clone(self) -> None:
        """Does what the button does; nothing while it is at work."""
        if self._act.running:
            return
        self._clear()
        self._act.begin()
        self._start(self._clone())

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    async def _clone(self) -> None:
        voice: Voice | None = None
        try:
            voice = await self._follow()
        finally:
            if self._job is not None:
                self._job.cancel()
            self._job = None
            self._act.end()
            if not self._closed:
                self._judge(keep=True)
        if voice is not None:
            await self._show(voice)

    async def _follow(self) -> Voice | None:
        """Clones, and says how far it is; None where it was cancelled."""
        reference, values = self.reference.reference, self._request()
        name = values.get("name") or (reference.name if reference is not None else None) or "voice"
        # What it would warn of stands under its field.
        with remarks():
            job = self._job = asyncio.ensure_future(self.studio.aio.clone(reference, timeout=None, **values))
        if self._act.unwanted:
            job.cancel()
        while not job.done():
            self._act.tick()
            under_way = await asyncio.to_thread(self._state, name)
            self._tell(under_way or "checking and sending")
            await asyncio.wait([job], timeout=_TICK)
        if job.cancelled():
            self._tell("No longer waited for. What was sent goes on: the history has it.", "amber")
            return None
        self.voice = job.result()
        return self.voice

    def _state(self, name: str) -> str:
        """How far the call is, as the ledger has it."""
        return next(
            (f"{task.kind} {task.status}" for task in self.studio.tasks(OPEN, limit=5) if task.voice == name), ""
        )

    async def _show(self, voice: Voice) -> None:
        clip = await asyncio.to_thread(lambda: voice.preview)
        if clip is not None:
            self._results.children = (player(clip),)
            await asyncio.to_thread(lambda: self._keep(clip, f"studio.voice({voice.name!r}).preview"))
        until = f"; {voice.until}" if voice.until else ""
        self._tell(f"The voice {voice.name!r} is ready{until}.", "good")
        for listener in self._listeners:
            listener(voice.name)

    def close(self) -> None:
        """Takes the panel off the page. A task under way goes on; the history has it."""
        self.reference.close()
        super().close()

    def code(self) -> str:
        """The Python that clones the same voice."""
        before = self.reference.code().removesuffix("\nref.check(studio)")
        return f"{before}\n{call_of('voice = studio.clone', 'ref', **self._request(code=True))}"
