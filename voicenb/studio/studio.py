"""`Studio`: what a notebook talks to, a thin synchronous face on the asynchronous core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self

from voicenb.base.money import Balance, Price
from voicenb.base.views import view
from voicenb.services.signatures import CLONED, SPOKEN, takes_parameters
from voicenb.studio.aio import Aio
from voicenb.studio.cloning import CloneRequest, clone_price, clone_voice, publish
from voicenb.studio.history import History
from voicenb.studio.task import Task, list_tasks, resume_tasks
from voicenb.studio.voice import Voice
from voicenb.studio.voices import as_voice, catalogue, find_voice, voice_table
from voicenb.studio.waiting import wait_with_progress
from voicenb.studio.waiting_for_all import checked_tasks, wait_for_all
from voicenb.tasks.budget import Budget
from voicenb.tasks.session import SANDBOX, Session

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.display.comparison import Html
    from voicenb.studio.clips import Clips

__all__ = ["Studio"]


class Studio:
    """A service, a ledger, and the voices in it. Made by `connect`.

    Attributes:
        service: The service, over its transport.
        history: The tasks of this home, as frames and clips.
        aio: The same calls as coroutines, for any asyncio loop.
        strict: Whether learned rules are errors.
        session: The service, ledger and runner behind it, for panels and the shell.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.service = session.service
        self.home = session.home
        self.strict = session.strict
        self.endpoint = session.endpoint
        self.history = History(session, self._history_panel)
        self.aio = Aio(session)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a studio cannot be copied or pickled, for it holds a key, a ledger and connections: connect again where you need it"
        )

    def __repr__(self) -> str:
        return f"<Studio {self.service.profile.label} at {self.endpoint}, home {self.home}>"

    def _repr_html_(self) -> str:
        profile = self.service.profile
        where = "the built-in sandbox: no key, no network, no bill" if self.endpoint == SANDBOX else self.endpoint
        return f"<p><b>{escape(profile.label)}</b> · {escape(where)}</p>"

    def close(self) -> None:
        """Closes the connections, and lets the sandbox end where nobody else uses it. Tasks under way go on."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def learn_prices(self) -> None:
        """Ask the service for its price list in the background, where that may bring something; wait for nothing."""
        self.session.learn_prices()

    @takes_parameters(SPOKEN)
    def price(
        self,
        voice: Voice | str,
        text: str,
        *,
        takes: int | None = None,
        seed: int | None = None,
        fresh: bool = False,
        split: bool = False,
        ask: bool = True,
        **parameters: Any,
    ) -> Price:
        """What saying `text` costs, before anything is sent.

        What was made before is answered from disk, for nothing: it counts 0, and where that is all of it, the price is
        ``cached``.

        Args:
            voice: The voice, or its name.
            text: What would be spoken.
            takes: How many takes would be made; one when omitted.
            seed: As in `Voice.say`.
            fresh: Counts everything, as ``say(…, fresh=True)`` pays it.
            split: Prices a text that is too long in parts, as ``say(…, split=True)`` says it.
            ask: Whether the service may be asked for its price list, which happens once, and where it cannot be read once a
                minute at most; False goes by what is known, or on its way.
            parameters: As in `Voice.say`.

        Raises:
            InvalidRequest: The request breaks a rule.
        """
        chosen = as_voice(self.session, voice)
        return chosen.price(text, takes=takes, seed=seed, fresh=fresh, split=split, ask=ask, **parameters)

    @takes_parameters(CLONED)
    def clone_price(
        self,
        source: Any = None,
        *,
        name: str | None = None,
        text: str | None = None,
        language: str | Sequence[str] | None = None,
        preview: Any = None,
        fresh: bool = False,
        ask: bool = True,
        **parameters: Any,
    ) -> Price:
        """What cloning a voice costs, before anything is sent; the arguments are those of `clone`, and `ask` is as in `price`.

        Whether it was made before, the recording decides: with it, a voice that `clone` would give again costs 0, and the price is
        ``cached``; a preview that it would take again from an earlier try is not counted. Without a recording all is counted.

        Args:
            source: As in `clone`; None where there is no recording yet. An address is not downloaded.
            name: As in `clone`.
            text: As in `clone`.
            language: As in `clone`.
            preview: As in `clone`.
            fresh: Counts everything, as ``clone(…, fresh=True)`` pays it.
            ask: As in `price`.
            parameters: As in `clone`.

        Raises:
            BadReference: The recording cannot be read.
            InvalidRequest: A parameter breaks a rule.
        """
        return clone_price(
            self.session,
            source,
            name=name,
            text=text,
            language=language,
            preview=preview,
            fresh=fresh,
            ask=ask,
            **parameters,
        )

    def balance(self) -> Balance:
        """What the account has left."""
        return self.session.balance()

    def panel(self, *, consent: Literal["required", "optional"] = "required") -> Any:
        """Clone, say, voices and history in one widget, for the end of a notebook's cell.

        Args:
            consent: ``"required"``: a live service is paid for a voice only after the speaker's consent was written into the panel;
                ``"optional"``: the panel asks for it and clones without it. In the sandbox it is always optional.

        Raises:
            InvalidRequest: `consent` is neither.
        """
        return view("studio")(self, consent=consent)

    def _history_panel(self, still: Html) -> Any:
        return view("history")(self, live=False, still=still)

    def publish(self, source: Any, *, name: str | None = None) -> str:
        """Gives a recording an address that the service can fetch, for parameters that take one, such as AI Clone's `emotion`.

        Args:
            source: A path, URL, bytes, ``(samples, rate)``, or a `Reference`; what has an address keeps it.
            name: What to call it.

        Raises:
            BadReference: It cannot be read, or the service has no upload; the message shows what to do.
        """
        return publish(self.session, source, name=name)

    def budget(self, amount: Decimal | Fraction | float | str, *, name: str | None = None) -> Budget:
        """A limit on what this studio spends: ``with studio.budget(5): …``.

        Args:
            amount: The limit, in the service's unit.
            name: Kernels that give the same name share one budget; without a name it is this one's own.

        Raises:
            InvalidRequest: `amount` is none.
        """
        profile = self.service.profile
        return Budget.open(
            self.session.ledger,
            amount,
            service=profile.id,
            endpoint=self.endpoint,
            unit=profile.unit,
            name=name,
            active=self.session.runner.budgets,
        )

    # -- voices ------------------------------------------------------------------------------------------------

    @takes_parameters(CLONED)
    def clone(
        self,
        source: Any,
        *,
        name: str | None = None,
        text: str | None = None,
        language: str | Sequence[str] | None = None,
        consent: str | None = None,
        preview: Any = None,
        fresh: bool = False,
        timeout: float | None = 600,
        quiet: bool = False,
        **parameters: Any,
    ) -> Voice:
        """Clones the voice of a recording. The same recording asked for in the same way is not paid for again.

        Where a service makes a preview and then the voice (Faseeh), a preview that is paid for is kept: where the voice was
        refused or lost, the next call for the same recording and text takes it again, whatever else has changed.

        Args:
            source: A path, URL, bytes, ``(samples, rate)``, or a `Reference`.
            name: What to call the voice; else the recording's name. The newest voice of a name is the one it finds.
            text: What the preview speaks; else a line in `language`.
            language: The language of the text, as the service spells it; several for a service whose voices have several.
            consent: The speaker's consent, in your words; kept with the voice.
            preview: A preview of this recording that you have already, for a service whose voices are made of one
                (Faseeh): none is made or paid for. A path, URL, bytes, `Clip`, ``(samples, rate)`` or `Reference`; `text` is
                then what it speaks, and required.
            fresh: Makes and pays a new one, whatever was made before.
            timeout: Seconds to wait for the preview; None waits as long as it takes.
            quiet: Shows no progress.
            parameters: More parameters of the service's clone call, such as ``version="v2"``.

        Raises:
            BadReference: The recording cannot serve.
            InvalidRequest: A parameter breaks a rule.
            TaskFailed, TaskTimeout, ServiceError, OutcomeUnknown: As in `Task.wait`.
        """
        request = CloneRequest(source, name, text, language, consent, fresh, parameters, preview=preview)
        made = clone_voice(self.session, request, timeout)
        return wait_with_progress(made, f"cloning {name or 'the voice'}", lambda: request.task, quiet=quiet)

    def voice(self, name: str | None = None, *, id: str | None = None) -> Voice:  # noqa: A002 - the service's word
        """A voice taken up again: by its name, or by the service's own id of it.

        A name or id that is not known here is looked for in the service's own list, where it has one. SoundClone has none, and
        any text may be a ``modelId``: what is not known here is taken as one, unless it is nearly a name that is.

        Args:
            name: The name or the id.
            id: The service's own id, whatever it looks like.

        Raises:
            InvalidRequest: There is none.
        """
        return find_voice(self.session, name, id=id)

    def voices(self) -> pd.DataFrame:
        """Every voice in the ledger, of every service, the newest first."""
        return voice_table(self.session)

    def catalogue(self) -> pd.DataFrame:
        """The service's own list of voices: ready-made ones, and those of the account. `voice` takes their ids.

        Raises:
            InvalidRequest: The service has no such list.
            ServiceError: It could not be read.
        """
        return catalogue(self.session)

    # -- tasks -------------------------------------------------------------------------------------------------

    def tasks(self, status: str | Iterable[str] | None = None, *, limit: int | None = None) -> list[Task]:
        """Tasks of this service, the newest first.

        Args:
            status: Only those in this status, or in one of these.
            limit: At most so many.
        """
        return list_tasks(self.session, status, limit=limit)

    def wait(self, tasks: Iterable[Task], timeout: float | None = None, *, quiet: bool = False) -> Clips:
        """Waits for several tasks at once, with one line: how many are done, how long it may take, what it has cost.

        Args:
            tasks: As `voicenb.Voice.submit` gives them.
            timeout: Seconds for all of them together; None waits as long as it takes.
            quiet: Shows no progress.

        Returns:
            The clips, in the order of the tasks.

        Raises:
            InvalidRequest: Something else than tasks was given.
            TasksFailed: Some made no clip, or the time is over; the clips that were made are in its `clips`.
            KeyboardInterrupt: The wait was interrupted; the tasks go on.
        """
        return wait_for_all(checked_tasks(tasks), timeout, quiet=quiet)

    def resume(self) -> list[Task]:
        """Takes up every open task that a dead kernel left behind, and follows it; it never submits.

        Tasks that another living kernel follows are left to it.
        """
        return resume_tasks(self.session)
