"""`ClonePanel`: makes a voice of a recording."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import ipywidgets as widgets

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest, VoicenbError
from voicenb.ledger.records import OPEN
from voicenb.panels.base import Panel, call_of
from voicenb.panels.fields.field import switch_class
from voicenb.panels.form import Form, Remark, languages, without_warnings
from voicenb.panels.page.light import lean
from voicenb.panels.page.static_output import StaticOutput
from voicenb.panels.parts.formatting import player, priced
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageOutdated, PageValues, press
from voicenb.panels.parts.run_buttons import RunButtons
from voicenb.panels.parts.style import bar, heading, line
from voicenb.panels.reference import ReferencePanel
from voicenb.services.parameters import remarks
from voicenb.studio.reference import Reference
from voicenb.tasks.session import SANDBOX

if TYPE_CHECKING:
    from voicenb.base.money import Price
    from voicenb.studio.studio import Studio
    from voicenb.studio.task import Task
    from voicenb.studio.voice import Voice

__all__ = ["ClonePanel", "check_consent"]

_TICK = 0.5
_PAUSE = 0.2
_LOOKED_AT = 50
_NO_CONSENT = "Whose voice is it, and did they agree? Write it under Consent"


def check_consent(consent: str) -> None:
    """Refuses a word that says nothing about consent.

    Raises:
        InvalidRequest: It is neither ``"required"`` nor ``"optional"``.
    """
    if consent not in {"required", "optional"}:
        hint = did_you_mean(consent, ("required", "optional"))
        raise InvalidRequest(f"consent={consent!r}: {hint}allowed are 'required' and 'optional'")


@dataclass(frozen=True)
class _Order:
    """What is asked for with one press.

    Attributes:
        part: Where the chosen part begins and ends, in seconds; None for the whole recording.
        price: What the button said when it was pressed; None where nobody has looked at it.
    """

    reference: Reference
    consent: str | None
    part: tuple[float, float] | None
    values: dict[str, Any]
    price: str | None


class ClonePanel(Panel):
    """A reference, a name, what the preview says, and the price on the button.

    Args:
        studio: Where it is cloned.
        consent: Whether the speaker's consent has to be written before a live service is paid; in the sandbox it never has to.

    Attributes:
        reference: The panel of the recording.
        form: The parameters.
        voice: The voice that was made here last, or None.
    """

    title = "Clone"

    def __init__(self, studio: Studio, *, consent: Literal["required", "optional"] = "required") -> None:
        super().__init__(studio)
        # Here and not from typing: each letter asks for a price.
        studio.learn_prices()
        check_consent(consent)
        self._consent_needed = consent == "required" and studio.endpoint != SANDBOX
        service, profile = studio.service, studio.service.profile
        self.reference = ReferencePanel(studio)
        self.voice: Voice | None = None
        self._listeners: list[Callable[[str], None]] = []
        self._use: list[Callable[[str], None]] = []
        self._price: Price | None = None
        self._asked = 0
        self._told_ready = ""
        self._last_part: tuple[Reference, tuple[float, float], Reference] | None = None
        self._job: Any = None
        requests = [service.request_type("preview")]
        if profile.cloning == "voice":
            requests.append(service.request_type("voice"))
        self.form = Form(
            *requests,
            hide=("reference", "name", "voice_id"),
            choices=languages(studio),
            strict=studio.session.enforces_learned_rules,
            count=service.characters,
            publish=self._publish,
        )
        if "text" in self.form.fields:
            self.form.fields["text"].input.placeholder = (
                "What a preview says; left empty, none is made, and nothing is charged."
                if profile.cloning == "address"
                else "What the preview says; left empty, a line in the chosen language."
            )
        self._named = lean(
            widgets.Text, "grow", description="Name", placeholder="what to call the voice; else the recording's name"
        )
        self._buttons = RunButtons("Clone")
        self._speak = press("Say something in it →", "Opens Say with this voice", "primary", "gone")
        self._results = lean(widgets.VBox, "results")
        self._pressed(self._buttons.go, self._clone_shown)
        self._pressed(self._buttons.stop, lambda _: self._cancel())
        self._pressed(self._speak, lambda _: self._lead_on())
        self._named.observe(self._on(self._judge), "value")
        self.reference.on_change(lambda: self._on(self._look_again)(None))
        self.reference.on_consent(lambda: self._on(self._judge)(None))
        self.form.on_change(lambda: self._on(self._judge)(None))
        # Another part is another voice, with a price of its own.
        self.reference.waveform.observe(self._on(self._judge), ["start", "end"])
        # This panel's code has all that the reference's has.
        self.reference.hide_code()
        acts = lean(
            widgets.VBox,
            "acts",
            children=[
                heading("New voice"),
                bar(self._named, line("grow"), self._code_button()),
                self.form.widget,
                self._code,
                bar(self._status, self._speak, self._buttons.go, self._buttons.stop, names=("act",)),
                self._problem,
            ],
        )
        self._lay(self.reference.widget, acts, self._results)
        # The waveform comes into the reference's widget with a recording.
        self._tells(self.reference.waveform)
        self._judge()

    def on_done(self, listener: Callable[[str], None]) -> None:
        """Calls ``listener(name)`` when a voice was made; with its key where a newer one has the same name."""
        self._listeners.append(listener)

    def on_use(self, listener: Callable[[str], None]) -> None:
        """Calls ``listener(name)`` when something is to be said in the voice that was made; its name is as in `on_done`."""
        self._use.append(listener)

    def publish_to(self, kept: StaticOutput) -> None:
        """Shows results in `kept`, too: the static outputs that outlive the kernel."""
        super().publish_to(kept)
        self.reference.publish_to(kept)

    def _request(self, shown: PageValues = KERNEL_VALUES, *, code: bool = False) -> dict[str, Any]:
        values = self.form.code if code else self.form.read(shown)
        if not str(values.get("text") or "").strip():
            values.pop("text", None)
        if name := shown(self._named).strip():
            values["name"] = name
        return values

    def _look_again(self) -> None:
        """There is another recording: a press that was made on the one before is refused."""
        self._buttons.go.renew()
        self._judge()

    def _judge(self, *, keep: bool = False) -> None:
        self._show_code()
        if self._buttons.running:
            return
        if not keep:
            self._offer_speech(None)
        values = self._request()
        remarks = self.form.check(name="-", text=values.get("text") or "-" * 12)
        if "text" not in values:
            remarks = [one for one in remarks if one.field != "text"]
            self.form.show(remarks)
        errors = [one.field for one in remarks if one.error]
        reference = self.reference.reference
        self._asked += 1
        if hindrance := self.reference.hindrance:
            self._off(hindrance)
        elif reference is None:
            self._off("Choose a recording first.")
        elif problems := reference.problems(self.studio):
            self._off(f"The recording cannot serve yet: {problems[0].rule}, {problems[0].found}.")
        elif errors:
            self._off(f"To mend: {', '.join(dict.fromkeys(errors))}.")
        elif self._consent_needed and not self.reference.consent:
            self._off(f"{_NO_CONSENT}; a live service is not paid without it.", "amber")
        else:
            self._buttons.offer()
            if not keep:
                self._tell("" if self.reference.consent else f"{_NO_CONSENT}.", "amber")
            self._start(self._ask_price(self._asked, reference, values, keep=keep))

    def _off(self, reason: str, tone: str = "quiet") -> None:
        self._buttons.off()
        self._tell(reason, tone)

    async def _ask_price(self, asked: int, whole: Reference, values: dict[str, Any], *, keep: bool) -> None:
        part = self.reference.part()
        if part is not None:
            # While an end is dragged, each step would cut and hash a recording.
            await asyncio.sleep(_PAUSE)
            if asked != self._asked:
                return
        try:
            taken = await asyncio.to_thread(self._taken, whole, part)
            price = await asyncio.to_thread(
                without_warnings, lambda: self.studio.clone_price(taken, ask=False, **values)
            )
        except InvalidRequest as error:
            if asked == self._asked:
                self.form.show([Remark(one.field, one.allowed, error=True) for one in error.problems])
                self._off(str(error).splitlines()[0])
            return
        if asked == self._asked and not self._buttons.running:
            self._buttons.offer(priced(price))
            self._buttons.go.tooltip = price.rule
            if price.amount is None and not keep:
                self._tell(f"The price is not known: {price.rule}", "amber")

    # -- cloning it --------------------------------------------------------------------------------------------

    def clone(self) -> None:
        """Does what the button does; nothing while it is at work."""
        self._on(lambda: self._clone_shown(KERNEL_VALUES))(None)

    def _clone_shown(self, shown: PageValues) -> None:
        """Clones what is shown, at the price that is shown."""
        if self._buttons.running:
            return
        self._clear()
        order = self._order(shown)
        self._offer_speech(None)
        self._buttons.begin()
        self._start(self._clone(order))

    def _order(self, shown: PageValues) -> _Order:
        """What is shown, as one request.

        Raises:
            PageOutdated: It is not known.
            InvalidRequest: There is no recording, or no consent where it has to be.
        """
        reference, values = self.reference.reference, self._request(shown)
        if hindrance := self.reference.hindrance:
            raise InvalidRequest(f"Nothing was sent. {hindrance}")
        if reference is None:
            raise InvalidRequest("Nothing was sent: choose a recording first.")
        consent = self.reference.consent_shown(shown)
        if self._consent_needed and consent is None:
            raise PageOutdated(f"Nothing was sent. {_NO_CONSENT}, and press again.")
        price = None if shown.now else shown(self._buttons.go, "description")
        return _Order(reference, consent, self.reference.part(shown), values, price)

    def _cancel(self) -> None:
        if self._buttons.cancel() and self._job is not None:
            self._job.cancel()

    async def _clone(self, order: _Order) -> None:
        voice: Voice | None = None
        try:
            await self._agree(order)
            voice = await self._follow(order)
            # Before Cancel goes, so that the focus goes on to what comes next and not to what pays again.
            self._offer_speech(voice)
        finally:
            if self._job is not None:
                self._job.cancel()
            self._job = None
            self._buttons.end()
            if not self._closed:
                self._end_busy()
                self._judge(keep=True)
        if voice is not None:
            await self._show(voice)

    async def _agree(self, order: _Order) -> None:
        """Prices an order anew, and refuses it where the button said something else.

        Raises:
            PageOutdated: It did.
            InvalidRequest: The order breaks a rule.
        """
        if order.price is None:
            return
        taken = await asyncio.to_thread(self._taken, order.reference, order.part)
        price = await asyncio.to_thread(without_warnings, lambda: self.studio.clone_price(taken, **order.values))
        self._buttons.require_price(priced(price), order.price)

    def _taken(self, whole: Reference, part: tuple[float, float] | None) -> Reference:
        """What is cloned of a recording; the last part is remembered, since each change of the form asks for its price."""
        if part is None:
            return whole
        known = self._last_part
        if known is None or known[0] is not whole or known[1] != part:
            known = self._last_part = (whole, part, whole.trim(*part))
        return known[2]

    async def _follow(self, order: _Order) -> Voice | None:
        """Clones, and says how far it is; None where it was cancelled."""
        reference = await asyncio.to_thread(self._taken, order.reference, order.part)
        if reference.consent != order.consent:
            reference = Reference(reference)
            reference.consent = order.consent
        name = order.values.get("name") or reference.name or "voice"
        before = {task.id for task in await asyncio.to_thread(self._calls, name)}
        # What it would warn of stands under its field.
        with remarks():
            job = self._job = asyncio.ensure_future(self.studio.aio.clone(reference, timeout=None, **order.values))
        if self._buttons.cancelled:
            job.cancel()
        while not job.done():
            self._buttons.tick()
            under_way = await asyncio.to_thread(self._state, name)
            self._tell_busy(under_way or "checking and sending")
            await asyncio.wait([job], timeout=_TICK)
        if job.cancelled():
            await self._account(name, before)
            return None
        self.voice = job.result()
        return self.voice

    async def _account(self, name: str, before: set[str]) -> None:
        """After a cancel: calls back what has not left, and says what the rest was charged."""
        # A call that was just being written down is found a moment later.
        await asyncio.sleep(_TICK)
        while True:
            made = [task for task in await asyncio.to_thread(self._calls, name) if task.id not in before]
            for task in made:
                if task.status == "planned":
                    await asyncio.to_thread(task.cancel)
            if not any(task.status in {"planned", "submitting"} for task in made):
                break
            await asyncio.sleep(_TICK)
        sent = [task for task in made if task.status != "cancelled"]
        charges = "; ".join(f"{task.kind}: {task.charged()}" for task in made)
        goes_on = " What was sent goes on, and the history has it." if sent else ""
        self._tell(f"Cancelled; {charges or 'nothing was charged'}.{goes_on}", "amber")

    def _calls(self, name: str) -> list[Task]:
        """The newest calls that make voices of this name."""
        found = self.studio.tasks(limit=_LOOKED_AT)
        return [task for task in found if task.voice == name and task.kind in {"preview", "voice"}]

    def _state(self, name: str) -> str:
        """How far the call is, as the ledger has it."""
        return next(
            (f"{task.kind} {task.status}" for task in self.studio.tasks(OPEN, limit=5) if task.voice == name), ""
        )

    async def _show(self, voice: Voice) -> None:
        clip, found = await asyncio.to_thread(lambda: (voice.preview, self._found_by(voice)))
        if clip is not None:
            self._results.children = (player(clip),)
            await asyncio.to_thread(lambda: self._keep(clip, f"studio.voice({found!r}).preview"))
        self._tell_ready(voice)
        for listener in self._listeners:
            listener(found)

    def _tell_ready(self, voice: Voice) -> None:
        until = f"; {voice.until}" if voice.until else ""
        self._tell(f"The voice {voice.name!r} is ready{until}.", "good")
        self._told_ready = self._status.value

    def refresh(self) -> None:
        """Looks again at the voice that was made here: it may have been used, renamed or forgotten by now."""
        if self.voice is None or self._status.value != self._told_ready:
            return
        self.voice.refresh()
        try:
            self.voice.require_usable()
        except VoicenbError:
            self._judge()
        else:
            self._tell_ready(self.voice)

    def _found_by(self, voice: Voice) -> str:
        """The name by which `Studio.voice` finds a voice; its key where a newer one has the same name."""
        return voice.name if self.studio.voice(voice.name).key == voice.key else voice.key

    def _offer_speech(self, voice: Voice | None) -> None:
        """Makes speaking in a new voice the next step, where somebody listens; None takes the offer back."""
        offered = voice is not None and bool(self._use)
        if offered:
            # A press that was meant for the voice before is refused.
            self._speak.renew()
        switch_class(self._speak, "gone", not offered)
        # One main button at a time, which is what Ctrl+Enter presses.
        switch_class(self._buttons.go, "primary", not offered)
        switch_class(self._buttons.go, "outlined", offered)

    def _lead_on(self) -> None:
        if self.voice is None:
            return
        # It may have another name by now.
        self.voice.refresh()
        found = self._found_by(self.voice)
        for listener in self._use:
            listener(found)

    def close(self) -> None:
        """Takes the panel off the page. A task under way goes on; the history has it."""
        self.reference.close()
        super().close()

    def code(self) -> str:
        """The Python that clones the same voice."""
        before = self.reference.code().removesuffix("\nref.check(studio)")
        return f"{before}\n{call_of('voice = studio.clone', 'ref', **self._request(code=True))}"
