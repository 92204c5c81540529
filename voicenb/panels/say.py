"""Text in, speech out: the panel that says something in a voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.display import seconds
from voicenb.errors import InvalidRequest, VoiceExpired, VoicenbError
from voicenb.panels import presets
from voicenb.panels.act import Act
from voicenb.panels.base import Panel, call_of
from voicenb.panels.form import Form, Remark, hushed, languages
from voicenb.panels.shown import amount, close, compared, connect_line, player
from voicenb.panels.style import bar, button, line, toned
from voicenb.panels.upload import Upload
from voicenb.schema import OPEN

if TYPE_CHECKING:
    from voicenb.audio import Clip
    from voicenb.services.base import Price
    from voicenb.studio import Studio, Voice
    from voicenb.tasks import Task

__all__ = ["SayPanel"]

_TICK = 0.5
"""Seconds between two looks at what is under way."""
_PAUSE = "<#0.5#>"
_MOST_SHOWN = 12
_MOST_TAKES = 20


class SayPanel(Panel):
    """Text, parameters with the service's own ranges, the price on the button, and the clips below.

    Args:
        studio: Where it is said.
        voice: The voice to begin with; the newest one when omitted.

    Attributes:
        form: The parameters.
        clips: What was said here, the newest first.
    """

    title = "Say"

    def __init__(self, studio: Studio, voice: Voice | str | None = None) -> None:
        super().__init__(studio)
        self.clips: list[Clip] = []
        self._listeners: list[Callable[[], None]] = []
        self._tasks: list[Task] = []
        self._price: Price | None = None
        self._asked = 0
        self._made: dict[str, str] = {}
        self.form = Form(
            studio.service.request_type("production"),
            hide=("voice", "reference", "voice_id"),
            choices=languages(studio),
            strict=studio.strict or studio.endpoint == "sandbox",
            count=studio.service.characters,
            publish=self._publish,
        )
        self._voice = widgets.Dropdown(description="Voice", tooltip="The voice that speaks")
        self._takes = widgets.BoundedIntText(
            value=1, min=1, max=_MOST_TAKES, description="Takes", tooltip="How many versions, each paid for"
        )
        self._takes.add_class("voicenb-short")
        self._fresh = widgets.Checkbox(
            description="Make it anew", indent=False,
            tooltip="Makes and pays a new one, though the same was made before; else that one is given again, for nothing",
        )  # fmt: skip
        self._fresh.add_class("voicenb-short")
        self._balance = line("balance", "quiet")
        self._act = Act("Say", "Ctrl+Enter in the text does the same")
        self._next = button("", "", "outlined", "gone")
        self._results = widgets.VBox()
        self._results.add_class("voicenb-results")
        pause = button("+ pause", f"Inserts a pause of half a second, {_PAUSE}; change its number as you like")
        reset = button("Reset", "All parameters back to their defaults")
        if "text" in self.form.fields and self.form.pauses:
            self.form.fields["text"].extra.children = (pause,)

        self._act.connect(self._on(self.say), self._on(lambda: self._start(self._cancel())))
        self._next.on_click(self._on(self._follow_up))
        self._next_act: Callable[[], object] = lambda: None
        pause.on_click(lambda _: self._care.insert(_PAUSE))
        reset.on_click(lambda _: self.form.reset())
        for control in (self._takes, self._fresh):
            control.observe(self._on(self._judge), "value")
        self._voice.observe(self._on(self._follow_voice), "value")
        self.form.on_change(lambda: self._on(self._judge)(None))

        acts = widgets.VBox(
            [
                bar(self._voice, line("grow"), self._balance, names=("head-row",)),
                self.form.widget,
                bar(self._takes, self._fresh, self._presets(), line("grow"), reset, self._code_button()),
                self._preset_bar,
                self._code,
                bar(self._status, self._next, self._act.go, self._act.stop, names=("act",)),
                self._problem,
            ]
        )
        acts.add_class("voicenb-acts")
        self._lay(acts, self._results)
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
        """Reads the voices again, and chooses one by its name."""
        profile = self.studio.service.profile
        frame = self.studio.voices()
        usable = frame[
            (frame["service"] == profile.id) & (frame["endpoint"] == self.studio.endpoint) & (frame["state"] == "ready")
        ]
        own = list(dict.fromkeys(usable["name"]))
        options = {name: name for name in own} | {
            id_: told for id_, told in self._made.items() if id_ not in {*usable["id"], *own}
        }
        if choose is not None and choose not in options:
            options = {choose: choose} | options
        wanted = choose or (self._voice.value if self._voice.value in options else None)
        offered = tuple((told, name) for name, told in options.items())
        if offered != tuple(self._voice.options):
            self._voice.options = offered
        if options:
            self._voice.value = wanted or next(iter(options))
        self._voice.disabled = not options
        self._follow_voice()

    async def _list_made(self) -> None:
        """Offers the service's own voices, too, where it has a list of them."""
        try:
            frame = await self.studio.aio.catalogue()
        except VoicenbError:
            # It has none, or is out of reach; what the reader has made is offered all the same.
            return
        self._made = {row["id"]: f"{row['name']} ({row['id']})" for row in frame.to_dict("records")}
        if not self._closed:
            self.refresh()

    def _follow_voice(self) -> None:
        """What a voice keeps from its cloning, such as its model, is what it speaks with unless told otherwise."""
        name = self.voice
        self.form.set_defaults({} if name is None else self.studio.voice(name).kept)
        self._judge()

    @property
    def voice(self) -> str | None:
        """The chosen voice's name, or None while there is none."""
        return self._voice.value or None

    @property
    def busy(self) -> bool:
        """Whether something is on its way."""
        return self._act.running

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
        remarks = self.form.check(voice="-")
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
        else:
            self._act.offer()
            if not keep:
                self._tell("")
            self._draw_price()
            self._asked += 1
            self._start(self._ask_price(self._asked))

    def _off(self, reason: str) -> None:
        self._asked += 1
        self._act.off()
        self._tell(reason)

    def _draw_price(self) -> None:
        price = self._price
        if price is None:
            return
        total = None if price.amount is None else price.amount * self._takes.value
        self._act.offer(amount(total, price.unit))
        if price.amount is None:
            self._tell(f"The price is not known: {price.rule}", "amber")
        else:
            self._act.go.tooltip = f"{self._takes.value} × ({price.rule}). Ctrl+Enter does the same."

    async def _ask_price(self, asked: int) -> None:
        voice, (text, values) = self.voice, self._request()
        if voice is None:
            return
        try:
            price = await asyncio.to_thread(hushed, lambda: self.studio.price(voice, text, **values))
        except InvalidRequest as error:
            if asked == self._asked:
                self.form.show([Remark(one.field, one.allowed, error=True) for one in error.problems])
                self._off(str(error).splitlines()[0] if not error.problems else "To mend: " + error.problems[0].field)
            return
        if asked == self._asked and not self.busy:
            self._price = price
            self._draw_price()

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
        if self.busy:
            return
        self._clear()
        self._offer_next("")
        self._act.begin()
        self._draw_busy()
        self._start(self._say())

    def _wait_again(self, tasks: list[Task]) -> None:
        """Goes on with tasks that the service has and that could not be followed; nothing is sent again."""
        self._clear()
        self._offer_next("")
        self._act.begin()
        self._tasks = tasks
        self._draw_busy()
        self._start(self._say())

    async def _say(self) -> None:
        try:
            voice, (text, values), takes = self.voice, self._request(), self._takes.value
            if self._fresh.value:
                values["fresh"] = True
            if not self._tasks:
                assert voice is not None
                self._tasks = await asyncio.to_thread(
                    hushed, lambda: self.studio.voice(voice).takes(text, takes, **values)
                )
                self._announce()
            if self._act.unwanted:
                # Cancelled before they were written down.
                await self._cancel()
            await self._follow(self._tasks)
        except InvalidRequest as error:
            self.form.show([Remark(one.field, one.allowed, error=True) for one in error.problems])
            self._fail(error)
        except VoiceExpired as error:
            self._fail(error)
            self._offer_next("Choose another voice", self.refresh)
        finally:
            self._tasks = []
            self._act.end()
            if not self._closed:
                self._judge(keep=True)
                self._announce()
                self._start(self._look_at_balance())

    async def _follow(self, tasks: list[Task]) -> None:
        waits = {asyncio.ensure_future(task.outcome(None)): task for task in tasks}
        made: dict[Task, Clip] = {}
        try:
            pending = set(waits)
            while pending:
                done, pending = await asyncio.wait(pending, timeout=_TICK, return_when=asyncio.FIRST_COMPLETED)
                for one in (wait for wait in waits if wait in done):
                    error = one.exception()
                    if error is None:
                        made[waits[one]] = one.result()
                    elif waits[one].status == "cancelled":
                        self._tell(f"Cancelled: {waits[one].charged()}.", "amber")
                    else:
                        self._fail(error)
                        self._offer_more(waits[one])
                if pending and not self._closed:
                    self._draw_busy()
        finally:
            for one in waits:
                one.cancel()
        if made:
            # In the order of the takes, whichever was there first.
            self._show({task: made[task] for task in tasks if task in made})

    def _draw_busy(self) -> None:
        self._act.tick()
        states = [task.status for task in self._tasks]
        done = states.count("completed")
        told = (
            "checking and sending" if not states else next((one for one in states if one != "completed"), "completed")
        )
        self._tell(f"{told} · {done} of {len(states)} done" if len(states) > 1 else told)

    async def _cancel(self) -> None:
        tasks = list(self._tasks)
        await asyncio.to_thread(lambda: [task.cancel() for task in tasks])

    def _show(self, made: dict[Task, Clip]) -> None:
        clips = list(made.values())
        # Decoding, drawing and compressing take a moment each, but what a person waits for is this very thing.
        self.clips = [*reversed(clips), *self.clips]
        shown = [compared(clips, [f"take {task.take}" for task in made])] if len(clips) > 1 else [player(clips[0])]
        old = self._results.children
        self._results.children = (*shown, *old)[:_MOST_SHOWN]
        for one in old[_MOST_SHOWN - 1 :]:
            close(one)
        for task, clip in made.items():
            self._keep(clip, f"studio.history.clip({task.id[:8]!r})")
        costs = [cost for task in made if (cost := task.cost) is not None]
        paid = f" · {amount(sum(costs, Decimal(0)), self.studio.service.profile.unit)} charged" if costs else ""
        if all(task.cached for task in self._tasks):
            paid = " · made before, so nothing was charged"
        self._tell(f"Done: {' + '.join(seconds(clip.duration) for clip in clips[:4])} of speech{paid}", "good")

    def _offer_more(self, task: Task) -> None:
        """The next step after a task that gave no clip. What may have been accepted is never sent again from here."""
        if task.status in OPEN:
            self._offer_next("Wait again", lambda: self._wait_again([task]))
        elif task.status == "unknown":
            self._offer_next("")
            self._tell("Nobody knows whether it was charged: settle it in the history.", "amber")
        else:
            self._offer_next("Try again", self.say)

    def _offer_next(self, text: str, act: Callable[[], object] | None = None) -> None:
        """The one next step after something went wrong."""
        self._next.description = text
        if act is None:
            self._next.add_class("voicenb-gone")
        else:
            self._next_act = act
            self._next.remove_class("voicenb-gone")

    def _follow_up(self) -> None:
        self._next_act()

    # -- presets -----------------------------------------------------------------------------------------------

    def _presets(self) -> Any:
        self._preset = widgets.Dropdown(description="Preset", tooltip="Parameters that were kept under a name")
        self._preset.add_class("voicenb-short")
        self._preset_name = widgets.Text(description="Name", placeholder="such as calm narrator")
        keep = button("Save", "Keeps the parameters, without the text, under this name", "outlined")
        remove = button("Delete", "Removes the chosen preset")
        given = Upload(
            "From a file",
            lambda _, content: self._on(lambda: self._read_preset(content))(None),
            refuse=self._fail,
            tooltip="A preset that somebody gave you",
            accept=".json",
        )
        self._preset_bar = bar(self._preset_name, keep, remove, given, names=("gone",))
        more = widgets.ToggleButton(description="save …", tooltip="Save, delete and share presets")
        more.add_class("voicenb-short")
        more.observe(
            lambda change: (self._preset_bar.remove_class if change.new else self._preset_bar.add_class)(
                "voicenb-gone"
            ),
            "value",
        )
        self._list_presets()
        self._preset.observe(self._on(self._take_preset), "value")
        keep.on_click(self._on(self._keep_preset))
        remove.on_click(self._on(self._remove_preset))
        return widgets.HBox([self._preset, more])

    def _list_presets(self, chosen: str = "") -> None:
        self._preset.options = [("–", ""), *((name, name) for name in presets.names(self.studio))]
        self._preset.value = chosen

    def _take_preset(self) -> None:
        if self._preset.value:
            self._use(presets.load(self.studio, self._preset.value))

    def _use(self, values: dict[str, Any]) -> None:
        self.form.reset()
        self.form.set(values)

    def _keep_preset(self) -> None:
        self._clear()
        name = self._preset_name.value.strip()
        path = presets.save(self.studio, name, self._request()[1])
        self._list_presets(name)
        self._tell(f"Saved as {path}; the file can be given away.", "good")

    def _remove_preset(self) -> None:
        if self._preset.value:
            presets.delete(self.studio, self._preset.value)
            self._list_presets()

    def _read_preset(self, content: bytes) -> None:
        self._clear()
        name, values = presets.read(self.studio, content)
        presets.save(self.studio, name, values)
        self._list_presets(name)
        self._use(values)

    # -- code --------------------------------------------------------------------------------------------------

    def code(self) -> str:
        """The Python that says the same."""
        values = self.form.code
        text = str(values.pop("text", ""))
        if self._takes.value > 1:
            values["takes"] = self._takes.value
        if self._fresh.value:
            values["fresh"] = True
        return "\n".join(
            (
                "import voicenb as vn",
                "",
                connect_line(self.studio),
                f"voice = studio.voice({self.voice or 'the name of a voice'!r})",
                ("clips = " if self._takes.value > 1 else "clip = ") + call_of("voice.say", repr(text), **values),
            )
        )
