"""What every panel has: its widget, its errors in sight, work in the background, and the Python that does the same."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from html import escape
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import ipywidgets as widgets

from voicenb.base import portal
from voicenb.base.notebook import find_cell
from voicenb.errors import OutcomeUnknown, TaskTimeout, VoicenbError
from voicenb.panels.page.ipykernel_comms import listen_while_awaiting
from voicenb.panels.page.light import lean, shared_layout
from voicenb.panels.page.static_output import StaticOutput
from voicenb.panels.parts.formatting import close
from voicenb.panels.parts.kept_recording import KeptRecording
from voicenb.panels.parts.page_values import CALLBACK_LOCK, KERNEL_VALUES, PageOutdated, PageValues, Press, watched
from voicenb.panels.parts.style import PanelAssets, line, toned

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["Panel"]

T = TypeVar("T")


class Panel:
    """A part of the workbench in a cell.

    It holds no logic: what a button does is a call of a public function, which `code` shows. Calls that wait run as coroutines on the
    loop of the kernel (without one, on voicenb's own), so that neither the kernel nor another panel is held up; what goes wrong
    in one is written into the panel, never printed.

    Attributes:
        studio: What it works on.
        widget: Its widget, to be put into others.
        error: What went wrong last, or None; ``raise panel.error`` shows all of it.
    """

    title = ""

    def __init__(self, studio: Studio) -> None:
        listen_while_awaiting()
        find_cell()
        self.studio = studio
        self.error: BaseException | None = None
        self._name = uuid.uuid4().hex[:12]
        self._assets: Any = None
        self._presses: dict[str, tuple[Press, Callable[[PageValues], object]]] = {}
        self._problem = line("problem", "live")
        self._status = line("status", "live", "grow")
        self._code = line("code", "gone")
        self._kept: StaticOutput | None = None
        self._closed = False
        self._told_busy = ""
        self._work: set[Any] = set()
        # With a layout of its own, which whoever shows the panel may change.
        self.widget = widgets.VBox(_dom_classes=("voicenb-panel",))

    def _lay(self, *children: Any) -> None:
        """The panel's parts from top to bottom."""
        gone = line(
            "dead-note",
            value="This panel's kernel has ended. Run its cell again; what was under way is found in the history.",
        )
        self._assets = PanelAssets(
            layout=shared_layout(), name=self._name, watched=watched(*children), presses=list(self._presses)
        )
        self._assets.on_msg(self._on_message)
        self.widget.children = (gone, *children, self._assets)

    def _tells(self, *parts: Any) -> None:
        """Lets a press tell what the page shows in these, too."""
        self._assets.watched = {**self._assets.watched, **watched(*parts)}

    def _pressed(self, one: Press, act: Callable[[PageValues], object]) -> None:
        """What a button does with what the page shows when it is pressed."""
        self._presses[one.model_id] = (one, act)
        if self._assets is not None:
            self._assets.presses = list(self._presses)
        one.on_click(self._on(lambda: act(KERNEL_VALUES)))
        one.on_bare(lambda: self._on(_incomplete)(None))

    def _on_message(self, _: object, content: Any, __: object) -> None:
        """A press arrives, perhaps late, and perhaps before what was typed earlier."""
        match content:
            case {"press": str(name), "token": str(token), "shows": dict(shows)} if name in self._presses:
                one, act = self._presses[name]
                self._on(lambda: one.use(token) and act(PageValues(shows, content.get("made") or ())))(None)

    # -- what a notebook sees ----------------------------------------------------------------------------------

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a panel cannot be copied or pickled, for it belongs to its page and its kernel: make another where you need it, "
            f"{type(self).__name__}(studio)"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.studio!r}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        self.publish_to(StaticOutput(self._name))
        bundle = self.widget._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data["text/plain"] = f"{self.title}: run this cell to get the panel."
        return bundle

    def publish_to(self, kept: StaticOutput) -> None:
        """Shows results in `kept`, too: the static outputs that outlive the kernel."""
        self._kept = kept

    def _publish(self, name: str, content: bytes, done: Callable[[str, Callable[[], str]], None]) -> None:
        """Gives a recording an address, for a field of a form."""

        async def publish() -> None:
            self._clear()
            url = await self.studio.aio.publish({"name": name, "content": content})
            done(url, KeptRecording(self.studio, content).code)

        self._start(publish())

    def _keep(self, result: Any, where: str) -> None:
        """Leaves the static form of a clip or a comparison in the notebook; `where` is the Python that finds it again."""
        if self._kept is not None:
            self._kept.keep(result._repr_mimebundle_(), where=where)

    def code(self) -> str:
        """The Python that does what the panel's main button would do now."""
        raise NotImplementedError

    def close(self) -> None:
        """Takes the panel off the page. Tasks under way go on; the history has them."""
        self._closed = True
        for one in list(self._work):
            one.cancel()
        self._work.clear()
        close(self.widget)

    # -- work --------------------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs a coroutine in the background; an error it ends with is shown."""
        if self._closed:
            work.close()
            return
        try:
            future: Any = asyncio.get_running_loop().create_task(work)
        except RuntimeError:
            future = portal.start(_awaited, work)
        self._work.add(future)
        future.add_done_callback(self._ended)

    async def settled(self) -> None:
        """Waits until nothing of this panel is at work any more; for scripts and tests that press its buttons."""
        while self._work:
            await asyncio.wait([_here(one) for one in list(self._work)])
            # The callbacks of what has ended come first: they may start more.
            await asyncio.sleep(0)

    def _ended(self, future: Any) -> None:
        self._work.discard(future)
        if not future.cancelled() and (error := future.exception()) is not None:
            self._fail(error)

    def _on(self, act: Callable[[], object]) -> Callable[[object], None]:
        """A callback for a widget's event: an error in it is shown in the panel, where else it would be in no cell."""

        def call(_: object = None) -> None:
            with CALLBACK_LOCK:
                try:
                    act()
                except Exception as error:  # noqa: BLE001 - whatever it is, the reader has to see it
                    self._fail(error)

        return call

    def _fail(self, error: BaseException) -> None:
        self.error = error
        if self._closed:
            return
        text = str(error) if isinstance(error, VoicenbError) else f"{type(error).__name__}: {error}"
        self._problem.value = toned(text, "amber" if isinstance(error, _NOT_FAILED) else "bad")

    def _clear(self) -> None:
        self.error = None
        self._problem.value = ""

    def _tell(self, text: str, tone: str = "quiet", *, title: str = "") -> None:
        """The status line, which screen readers read out."""
        shown = toned(text, tone, title=title)
        if self._status.value != shown:
            self._status.value = shown

    def _tell_busy(self, text: str) -> None:
        """Says what is under way; whoever begins it says `_end_busy` however it ends."""
        self._tell(text)
        self._told_busy = self._status.value

    def _end_busy(self) -> None:
        """Takes back what was said to be under way, where nothing else was said since."""
        if self._told_busy and self._status.value == self._told_busy:
            self._tell("")
        self._told_busy = ""

    # -- code --------------------------------------------------------------------------------------------------

    def _code_button(self) -> Any:
        made = lean(widgets.ToggleButton, "short", description="</>", tooltip="The Python that does the same")
        made.observe(self._on(self._show_code), "value")
        self._code_shown = made
        return made

    def hide_code(self) -> None:
        """Takes the code's button away, where a panel around this one shows the same."""
        self._code_shown.add_class("voicenb-gone")

    def _show_code(self) -> None:
        """Writes the code again, where it is open."""
        if self._code_shown.value:
            self._code.value = f'<pre tabindex="0" dir="ltr">{escape(self.code())}</pre>'
            self._code.remove_class("voicenb-gone")
        else:
            self._code.add_class("voicenb-gone")


_NOT_FAILED = (OutcomeUnknown, TaskTimeout, PageOutdated)
"""Errors that leave it open whether anything failed, or ask to look again: they are amber, never red."""


def _incomplete() -> None:
    raise PageOutdated(
        "Nothing was done: this page is not complete, so that it could not say what it shows. Wait a moment and press again; "
        "if that does not help, load the page again, or install anywidget where it is drawn."
    )


def _here(future: Any) -> asyncio.Future[Any]:
    """What this loop can wait for until a future of any loop has ended."""
    if not asyncio.isfuture(future):
        return asyncio.wrap_future(future)
    if future.get_loop() is asyncio.get_running_loop():
        return future
    ended: Future[None] = Future()
    future.get_loop().call_soon_threadsafe(future.add_done_callback, lambda _: ended.set_result(None))
    return asyncio.wrap_future(ended)


async def _awaited(work: Awaitable[T]) -> T:
    return await work


def call_of(name: str, /, *arguments: str, **options: Any) -> str:
    """A call as Python: one line where it is short, else one argument a line."""
    parts = [*arguments, *(f"{key}={value!r}" for key, value in options.items())]
    short = f"{name}({', '.join(parts)})"
    if len(short) <= 88:
        return short
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + ")"
