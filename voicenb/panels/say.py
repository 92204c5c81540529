"""`SayPanel`: speaks a text in a voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.errors import InvalidRequest, VoiceExpired, VoicenbError
from voicenb.ledger.records import OPEN
from voicenb.panels.base import Panel, call_of
from voicenb.panels.fields.number import Number
from voicenb.panels.form import Form, Remark, languages, without_warnings
from voicenb.panels.long_offer import LongOffer
from voicenb.panels.outcome import outcome_of
from voicenb.panels.page.light import lean
from voicenb.panels.parts.formatting import amount, connect_line, priced
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageOutdated, PageValues, press
from voicenb.panels.parts.run_buttons import RunButtons
from voicenb.panels.parts.style import bar, button, column, line, toned
from voicenb.panels.preset_bar import PresetBar
from voicenb.panels.results import Result, Results, Said
from voicenb.panels.voice_choice import VoiceChoice
from voicenb.studio.long_text import LongText

if TYPE_CHECKING:
    from voicenb.base.money import Price
    from voicenb.studio.clip import Clip
    from voicenb.studio.studio import Studio
    from voicenb.studio.task import Task
    from voicenb.studio.voice import Voice

__all__ = ["SayPanel"]

_TICK = 0.5
"""Seconds between two looks at what is under way."""
_MOST_TAKES = 20


@dataclass(frozen=True)
class _Order:
    """What is asked for with one press.

    Attributes:
        price: What the button said when it was pressed; None where nobody has looked at it.
        split: Whether it is said in parts.
    """

    voice: str
    text: str
    takes: int
    values: Mapping[str, Any]
    fresh: bool
    price: str | None
    split: bool = False

    @property
    def asking(self) -> dict[str, Any]:
        """What its price is asked with."""
        return {"takes": self.takes, "fresh": self.fresh, "split": self.split, **self.values}


class SayPanel(Panel):
    """Text, parameters with the service's own ranges, the price on the button, and the clips below.

    Args:
        studio: Where it is said.
        voice: The voice to begin with; the newest one when omitted.

    Attributes:
        form: The parameters.
        clips: What was said here, the newest first.
        results: The list below the form.
    """

    title = "Say"

    def __init__(self, studio: Studio, voice: Voice | str | None = None) -> None:
        super().__init__(studio)
        # Here and not from typing: each letter asks for a price.
        studio.learn_prices()
        self.clips: list[Clip] = []
        self._listeners: list[Callable[[], None]] = []
        self._tasks: list[Task] = []
        self._price: Price | None = None
        self._parts: LongText | None = None
        self._asked = 0
        self.form = Form(
            studio.service.request_type("production"),
            hide=("voice", "reference", "voice_id"),
            choices=languages(studio),
            strict=studio.session.enforces_learned_rules,
            count=studio.service.characters,
            publish=self._publish,
        )
        self._choice = VoiceChoice(studio)
        self._voice = self._choice.control
        self._takes = Number(
            "short", whole=True, slider=False, value=1, min=1, max=_MOST_TAKES, description="Takes",
            tooltip="How many versions, each paid for",
        )  # fmt: skip
        self._fresh = lean(
            widgets.Checkbox, "short",
            description="Make a new version, and pay again", indent=False,
            tooltip="Though the same was made before; else that one is given again, for nothing",
        )  # fmt: skip
        self._long = LongOffer(studio.service.request_type("production"))
        self._balance = line("balance", "quiet")
        self._buttons = RunButtons("Say", "Ctrl+Enter in the text does the same")
        self._next = press("", "", "outlined", "gone")
        self.results = Results(again=self._again, changed=self._announce, removed=self._removed, guard=self._on)
        half = studio.service.profile.pause
        pause = button("+ pause", f"Inserts a pause of half a second, {half}; change its number as you like")
        reset = button("Reset", "All parameters back to their defaults")
        if "text" in self.form.fields and self.form.pauses:
            self.form.fields["text"].extra.children = (pause,)

        self._pressed(self._buttons.go, self._say_shown)
        self._pressed(self._buttons.stop, lambda _: self._stop())
        self._next_act: Callable[[PageValues], object] = lambda _: None
        self._pressed(self._next, self._follow_up)
        pause.on_click(lambda _: self._assets.insert(half))
        reset.on_click(lambda _: self.form.reset())
        for control in (self._takes, self._fresh, self._long.control):
            control.observe(self._on(self._judge), "value")
        self._voice.observe(self._on(self._follow_voice), "value")
        self.form.on_change(lambda: self._on(self._judge)(None))

        self._presets = PresetBar(
            studio, self.form, begin=self._clear, say=self._tell, guard=self._on, refuse=self._fail
        )
        self._pressed(self._presets.save, self._presets.keep)
        self._pressed(self._presets.delete, self._presets.remove)

        acts = column(
            bar(self._voice, line("grow"), self._balance, names=("head-row",)),
            self.form.widget,
            self._long.control,
            bar(self._takes, self._fresh, self._presets.head, line("grow"), reset, self._code_button()),
            self._presets.bar,
            self._code,
            bar(self._status, self._next, self._buttons.go, self._buttons.stop, names=("act",)),
            self._problem,
            names=("acts",),
        )
        self._lay(acts, self.results.widget)
        self.refresh(voice if voice is None or isinstance(voice, str) else voice.name)
        self._start(self._look_at_balance())
        self._start(self._list_made())

    def on_done(self, listener: Callable[[], None]) -> None:
        """Calls `listener` whenever something was submitted or finished here."""
        self._listeners.append(listener)

    def _announce(self) -> None:
        for listener in self._listeners:
            listener()

    # -- state -------------------------------------------------------------------------------------------------

    def refresh(self, choose: str | None = None) -> None:
        """Reads the voices again, and chooses one by its name, or by its key where a newer one has the same name."""
        self._choice.refresh(choose)
        self._follow_voice()

    def take_focus(self) -> None:
        """Puts the caret into the text, as soon as that is in sight."""
        self._assets.focus_text()

    async def _list_made(self) -> None:
        """Offers the service's own voices, too, where it has a list of them."""
        if await self._choice.learn() and not self._closed:
            self.refresh()

    def _follow_voice(self) -> None:
        """What a voice keeps from its cloning, such as its model, is what it speaks with unless told otherwise."""
        self.form.set_defaults(self._defaults(self.voice))
        self._judge()

    def _defaults(self, name: str | None) -> dict[str, Any]:
        return {} if name is None else self.studio.voice(name).kept

    @property
    def voice(self) -> str | None:
        """The chosen voice's name, or None while there is none."""
        return self._choice.value

    @property
    def busy(self) -> bool:
        """Whether something is on its way."""
        return self._buttons.running

    def _request(self) -> tuple[str, dict[str, Any]]:
        values = self.form.values
        return str(values.pop("text", "")), values

    def _judge(self, *, keep: bool = False) -> None:
        """Looks at the values again: what is wrong is said under its field, the button says the price or why it is off.

        Args:
            keep: Whether the status line keeps what it says.
        """
        self._show_code()
        if self.busy:
            return
        text, _ = self._request()
        found = self.form.check(voice="-")
        if (remarks := self._long.look(text, found)) != found:
            self.form.show(remarks)
        if not text.strip():
            self.form.show([one for one in remarks if one.field != "text"])
        errors = [one for one in remarks if one.error]
        if not keep:
            self._offer_next("")
        if self.voice is None:
            self._off("There is no voice yet: clone one first.")
        elif not text.strip():
            self._off("Write what is to be said.")
        elif errors:
            fields = ", ".join(dict.fromkeys(one.field for one in errors))
            self._off(f"To mend: {fields}.")
        elif problem := self._takes.problem():
            self._off(problem)
        elif self._long.wanted(text) and self._takes.value != 1:
            self._off("A text in parts is said once: set Takes to 1.")
        else:
            self._buttons.offer()
            if not keep:
                self._tell("")
            self._draw_price(keep=keep)
            self._asked += 1
            self._start(self._ask_price(self._asked, keep=keep))

    def _off(self, reason: str) -> None:
        self._asked += 1
        self._buttons.off()
        self._tell(reason)

    def _draw_price(self, *, keep: bool) -> None:
        price = self._price
        if price is None:
            return
        self._buttons.offer(priced(price))
        if price.amount is None and not keep:
            self._tell(f"The price is not known: {price.rule}", "amber")
        elif price.amount is not None:
            self._buttons.go.tooltip = f"{price.rule}. Ctrl+Enter does the same."

    async def _ask_price(self, asked: int, *, keep: bool) -> None:
        voice, (text, values) = self.voice, self._request()
        if voice is None:
            return
        try:
            takes, fresh = self._takes.value, self._fresh.value
            asking = _Order(voice, text, takes, values, fresh, None, self._long.wanted(text)).asking | {"ask": False}
            price = await asyncio.to_thread(without_warnings, lambda: self.studio.price(voice, text, **asking))
        except InvalidRequest as error:
            if asked == self._asked:
                self.form.show([Remark(one.field, one.allowed, error=True) for one in error.problems])
                self._off(str(error).splitlines()[0] if not error.problems else "To mend: " + error.problems[0].field)
            return
        if asked == self._asked and not self.busy:
            self._price = price
            self._draw_price(keep=keep)

    async def _look_at_balance(self) -> None:
        try:
            balance = await self.studio.aio.balance()
        except Exception as error:  # noqa: BLE001 - what goes wrong here must not hide the form
            self._balance.value = toned("balance not known", "quiet", title=str(error))
            return
        self._balance.value = toned(f"balance {amount(balance.amount, balance.unit)}", "quiet", title=str(balance))

    # -- saying it ---------------------------------------------------------------------------------------------

    def say(self) -> None:
        """Does what the button does: submits what the form holds, and shows the clips as they come; nothing while it is at work."""
        self._on(lambda: self._say_shown(KERNEL_VALUES))(None)

    def _say_shown(self, shown: PageValues) -> None:
        """Says what is shown, at the price that is shown."""
        if not self.busy:
            self._clear()
            self._begin([], self._order(shown))

    def _order(self, shown: PageValues) -> _Order:
        """What is shown, as one request.

        Raises:
            PageOutdated: It is not known, or the form has not yet followed the chosen voice.
        """
        voice, values = shown(self._voice), self.form.read(shown)
        if not voice:
            raise InvalidRequest("There is no voice yet: clone one first.")
        if not shown.now and voice != self.voice and self._defaults(voice) != self._defaults(self.voice):
            raise PageOutdated(
                f"Nothing was sent: the form had not yet followed the voice {voice!r}. Look at it, and press again."
            )
        text = str(values.pop("text", ""))
        return _Order(
            voice=voice,
            text=text,
            split=self._long.wanted(text, shown),
            takes=self._takes.checked(shown),
            values=values,
            fresh=shown(self._fresh),
            price=None if shown.now else shown(self._buttons.go, "description"),
        )

    def _wait_again(self, tasks: list[Task]) -> None:
        """Goes on with tasks that the service has and that could not be followed; nothing is sent again."""
        if not self.busy:
            self._clear()
            self._begin(tasks, None)

    def _begin(self, tasks: list[Task], order: _Order | None) -> None:
        self._offer_next("")
        self._buttons.begin()
        self._tasks = tasks
        self._draw_busy()
        self._start(self._say(tasks, order))

    async def _say(self, tasks: list[Task], order: _Order | None) -> None:
        """Asks for what was ordered, and follows it, with the tasks that are there already."""
        try:
            asked = len(tasks) if order is None else order.takes
            trouble: VoicenbError | None = None
            if order is not None:
                await self._agree(order)
                self._parts = None
                try:
                    await asyncio.to_thread(without_warnings, lambda: self._ask(order, tasks))
                except VoicenbError as error:
                    # What was asked for before it is made and charged all the same.
                    trouble = error
                    if not tasks:
                        raise
                self._announce()
            if self._buttons.cancelled:
                # Cancelled before they were written down.
                await self._cancel()
            await self._follow(tasks, len(tasks) if self._parts else asked, trouble, order)
        except InvalidRequest as error:
            self.form.show([Remark(one.field, one.allowed, error=True) for one in error.problems])
            self._fail(error)
        except VoiceExpired as error:
            self._fail(error)
            self._offer_next("Choose another voice", lambda _: self.refresh())
        finally:
            self._tasks = []
            self._buttons.end()
            if not self._closed:
                self._end_busy()
                self._judge(keep=True)
                self._announce()
                self._start(self._look_at_balance())

    async def _agree(self, order: _Order) -> None:
        """Prices an order anew, and refuses it where the button said something else.

        Raises:
            PageOutdated: It did.
            InvalidRequest: The order breaks a rule.
        """
        if order.price is None:
            return
        asking = order.asking
        price = await asyncio.to_thread(without_warnings, lambda: self.studio.price(order.voice, order.text, **asking))
        self._buttons.require_price(priced(price), order.price)

    def _ask(self, order: _Order, tasks: list[Task]) -> None:
        """Sends the takes one by one, into `tasks`, until somebody no longer wants them."""
        voice = self.studio.voice(order.voice)
        if order.split:
            self._parts = LongText(voice, order.text, dict(order.values))
            tasks += self._parts.submit_takes(None, fresh=order.fresh)[0]
            return
        fresh = {"fresh": True} if order.fresh else {}
        for task in voice.each_take(order.text, order.takes, **fresh, **dict(order.values)):
            tasks.append(task)
            if self._buttons.cancelled:
                break

    async def _follow(self, tasks: list[Task], asked: int, trouble: VoicenbError | None, order: _Order | None) -> None:
        waits = {asyncio.ensure_future(task.outcome(None)): task for task in tasks}
        made: dict[Task, Clip] = {}
        if trouble is not None:
            self._fail(trouble)
        try:
            pending = set(waits)
            while pending:
                done, pending = await asyncio.wait(pending, timeout=_TICK, return_when=asyncio.FIRST_COMPLETED)
                for one in (wait for wait in waits if wait in done):
                    error = one.exception()
                    if error is None:
                        made[waits[one]] = one.result()
                    elif waits[one].status != "cancelled":
                        self._fail(error)
                        self._offer_more(waits[one])
                if pending and not self._closed:
                    self._draw_busy()
        finally:
            for one in waits:
                one.cancel()
        # In the order of the takes, whichever was there first.
        inorder = {task: made[task] for task in tasks if task in made}
        if self._parts is not None and all(task in made for task in tasks):
            self._show(inorder, order, self._parts.clip(tasks, [made[task] for task in tasks]))
        elif inorder and self._parts is None:
            self._show(inorder, order)
        said, tone = outcome_of(tasks, [*inorder.values()], asked, "takes" if self._parts is None else "parts")
        found = [task for task in inorder if task.findings]
        others = [f"take {task.take}: {task.findings}" if asked > 1 else str(task.findings) for task in found]
        self._tell(" · ".join([said, *others]), "amber" if others else tone)

    def _draw_busy(self) -> None:
        self._buttons.tick()
        states = [task.status for task in self._tasks]
        done = states.count("completed")
        said = next((one for one in states if one != "completed"), "completed") if states else "checking and sending"
        self._tell_busy(f"{said} · {done} of {len(states)} done" if len(states) > 1 else said)

    def _stop(self) -> None:
        if self._buttons.cancel():
            self._start(self._cancel())

    async def _cancel(self) -> None:
        tasks = list(self._tasks)
        await asyncio.to_thread(lambda: [task.cancel() for task in tasks])

    def _show(self, made: dict[Task, Clip], order: _Order | None, joined: Clip | None = None) -> None:
        """Shows the clips, and leaves their static form in the notebook; takes are one comparison in both, and parts one clip."""
        tasks, clips = list(made), list(made.values()) if joined is None else [joined]
        said = Said.of(tasks[0]) if order is None else Said(order.voice, order.text, order.values)
        # Decoding, drawing and compressing take a moment each, but what a person waits for is this very thing.
        result = self.results.add(said, tasks, clips)
        if result is None:
            return
        self.clips = [*reversed(clips), *self.clips]
        found = ", ".join(repr(task.id[:8]) for task in tasks)
        if len(clips) == 1:
            self._keep(
                clips[0], f"studio.history.clip({found})" if joined is None else f"studio.history.clips(ids=[{found}])"
            )
        else:
            self._keep(result.player.html(), f"vn.compare([studio.history.clip(id) for id in ({found})])")

    def _again(self, result: Result) -> None:
        """Sets the form to what a result was asked for with; nothing is sent."""
        self._clear()
        self.refresh(result.said.voice)
        self.form.reset()
        self.form.set({"text": result.said.text, **result.said.values})

    def _removed(self, result: Result) -> None:
        self.clips = [clip for clip in self.clips if clip not in result.clips]

    def _offer_more(self, task: Task) -> None:
        """The next step after a task that gave no clip. What may have been accepted is never sent again from here."""
        if task.status in OPEN:
            self._offer_next("Wait again", lambda _: self._wait_again([task]))
        elif task.status == "unknown":
            self._offer_next("")
        else:
            self._offer_next("Try again", self._say_shown)

    def _offer_next(self, text: str, act: Callable[[PageValues], object] | None = None) -> None:
        """The one next step after something went wrong."""
        if self._next.description != text or act is not None:
            self._next.renew()
        self._next.description = text
        if act is None:
            self._next.add_class("voicenb-gone")
        else:
            self._next_act = act
            self._next.remove_class("voicenb-gone")

    def _follow_up(self, shown: PageValues) -> None:
        self._next_act(shown)

    # -- code --------------------------------------------------------------------------------------------------

    def code(self) -> str:
        """The Python that says the same."""
        values = self.form.code
        text = str(values.pop("text", ""))
        takes = 1 if self._takes.problem() else self._takes.read()
        if takes > 1:
            values["takes"] = takes
        if self._fresh.value:
            values["fresh"] = True
        if self._long.wanted(text):
            values["split"] = True
        lines = ["import voicenb as vn", "", connect_line(self.studio)]
        lines.append(f"voice = studio.voice({self.voice or 'the name of a voice'!r})")
        lines.append(("clips = " if takes > 1 else "clip = ") + call_of("voice.say", repr(text), **values))
        return "\n".join(lines)
