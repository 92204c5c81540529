"""`StudyPanel`: factors and levels, what they cost, the run, and what came of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.errors import InvalidRequest
from voicenb.panels.base import Panel, call_of
from voicenb.panels.fields.field import Field, switch_class
from voicenb.panels.fields.kinds import field_for
from voicenb.panels.fields.number import Number
from voicenb.panels.form import languages, remarks_on, without_warnings
from voicenb.panels.page.light import lean
from voicenb.panels.parts.formatting import connect_line
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageOutdated, PageValues, press
from voicenb.panels.parts.run_buttons import RunButtons
from voicenb.panels.parts.style import bar, button, line, toned
from voicenb.panels.study_levels import Levels
from voicenb.panels.study_results import StudyResults
from voicenb.panels.study_words import amounts, left_out_of, many_lines, one_line, price_of, run_outcome
from voicenb.services.parameters import Parameter
from voicenb.studio.studio import Studio
from voicenb.studio.voice import Voice
from voicenb.study.design import CROSSED, KINDS
from voicenb.study.draft import Draft, draft_of
from voicenb.study.plan import duration_text
from voicenb.study.study import Study

if TYPE_CHECKING:
    from voicenb.services.base import ServiceRequest
    from voicenb.study.plan import Plan
    from voicenb.study.standing import Standing

__all__ = ["StudyPanel"]

_TICK = 0.5
"""Seconds between two looks at a run."""
_PAUSE = 0.25
"""Seconds without a change until the price is asked for: each plan looks at every cell."""
_NO_FACTOR = frozenset({"voice", "reference", "voice_id", "text"})
_MOST_TAKES = 100


class StudyPanel(Panel):
    """A study by hand: factors and their levels on the form's controls, the price on the button, the effects and the clips below.

    A change of the picks makes another study, whose name gets a number; what both hold is answered from disk, for nothing.

    Args:
        study: The study to begin with; or a voice, or several, of which one is begun.

    Attributes:
        study: The study that was opened or run last; None before.
        levels: Each factor's levels, by its name.
        name: The study's name.
        texts: The texts, one a line.
        results: What came of it.
    """

    title = "Study"

    def __init__(self, study: Study | Voice | list[Voice]) -> None:
        if isinstance(study, Study):
            self._first = draft_of(study)
        else:
            voices = tuple(study) if isinstance(study, (list, tuple)) else (study,)
            if not voices or not all(isinstance(one, Voice) for one in voices):
                raise InvalidRequest(
                    "StudyPanel needs a study, a voice, or a list of voices: StudyPanel(studio.voice('me'))"
                )
            self._first = Draft(name="study", voices=voices, texts=(), factors={})
        super().__init__(Studio(self._first.voices[0].session))
        self.study: Study | None = study if isinstance(study, Study) else None
        self._plan: Plan | None = None
        self._asked = 0
        self._named, self._given = self._first.name, ""
        self._stop = threading.Event()
        self._voices = self._known_voices()
        first = self._first
        self.levels: dict[str, Levels] = {}
        self.name = lean(
            widgets.Text, "tight", value=first.name, description="Name", tooltip="The study's name in this home"
        )
        self._question = lean(
            widgets.Text,
            "grow",
            value=first.question,
            description="Question",
            placeholder="What do you want to know?",
            tooltip="In words; it is kept",
        )
        self._name_note = line("note-line", "live")
        self.texts = lean(
            widgets.Textarea, "input",
            value="\n".join(map(one_line, first.texts)), description="Texts, one a line", rows=4,
            placeholder="One text a line.", tooltip="Each line is a text; \\n in it stands for a line break",
        )  # fmt: skip
        self._texts_note = line("note-line", "live")
        self._takes = Number(
            "short", whole=True, slider=False, value=first.takes, min=1, max=_MOST_TAKES, description="Takes",
            tooltip="How often each combination is made and paid",
        )  # fmt: skip
        self._kind = lean(
            widgets.Dropdown,
            options=[(kind.replace("-", " "), kind) for kind in KINDS], value=first.design, description="Design",
            tooltip="grid: all combinations; paired: the first levels together, then the second; one at a time: around the baseline",
        )  # fmt: skip
        self._more = lean(widgets.Dropdown, description="Parameter", tooltip="What else is varied")
        add = press("Add factor", "Its levels are picked next", "outlined")
        for one in (self._kind, self._more):
            one.add_class("voicenb-short")
        self._factors = lean(widgets.VBox, "factors")
        self._left_out = line("left-out", "live")
        self._buttons = RunButtons("Run")
        self._show = button("Show results", "Measures what was made, and compares it", "gone")
        self.results = StudyResults(start=self._start, on=self._on)

        self._pressed(self._buttons.go, self._run_shown)
        self._pressed(self._buttons.stop, lambda _: self._cancel())
        self._pressed(add, lambda shown: self._add_factor(shown(self._more)))
        self._show.on_click(self._on(lambda: self._start(self._show_results())))
        for control in (self.texts, self._takes, self._kind, self._question):
            control.observe(self._on(self._judge), "value")
        self.name.observe(self._on(self._renamed), "value")
        text = lean(widgets.VBox, children=[self.texts, self._texts_note])
        for name in ("field", "wide", "text", "texts"):
            text.add_class(f"voicenb-{name}")
        acts = lean(
            widgets.VBox,
            "acts",
            children=[
                bar(self.name, self._question),
                self._name_note,
                text,
                self._factors,
                bar(self._more, add, line("grow"), self._takes, self._kind, self._code_button(), names=("factor-end",)),
                self._code,
                bar(self._status, self._show, self._buttons.go, self._buttons.stop, names=("act",)),
                self._left_out,
                self._problem,
            ],
        )
        self._lay(acts, self.results.widget)
        self._begin_levels()
        self._judge()
        if self.study is not None:
            self._start(self._open(self.study))

    # -- picking -----------------------------------------------------------------------------------------------

    def _known_voices(self) -> dict[str, Voice]:
        """The voices to choose from: the study's own, and what else is ready at the same service; by label."""
        sessions = [one.session.service.profile.id for one in self._first.voices]
        several = len(set(sessions)) > 1

        def label(voice: Voice) -> str:
            return f"{voice.name} · {voice.session.service.profile.label}" if several else voice.name

        found = {label(one): one for one in self._first.voices}
        frame = self.studio.voices()
        ready = frame[
            (frame["service"] == sessions[0])
            & (frame["endpoint"] == self.studio.endpoint)
            & (frame["state"] == "ready")
        ]
        for name in dict.fromkeys(ready["name"]):
            one = self.studio.voice(name)
            found.setdefault(label(one), one)
        return found

    def _kinds(self) -> list[type[ServiceRequest]]:
        """The typed requests of the voices' services."""
        services = {one.session.service.profile.id: one.session.service for one in self._first.voices}
        return [one.request_type("production") for one in services.values()]

    def _parameters(self) -> dict[str, Parameter]:
        """What can be varied, by the services' own tables."""
        found: dict[str, Parameter] = {}
        for kind in self._kinds():
            for name, one in kind.parameters().items():
                if name not in _NO_FACTOR and one.type != "object":
                    found.setdefault(name, one)
        return found

    def _begin_levels(self) -> None:
        first = self._first
        if len(self._voices) > 1:
            one = Parameter(
                name="voice",
                wire="voice",
                type="choice",
                choices=tuple(self._voices),
                required=True,
                help="The voice that speaks.",
            )
            labels = {voice.key: label for label, voice in self._voices.items()}
            self._put(Levels(
                "voice", field_for(one, (), None, None), tuple(labels[voice.key] for voice in first.voices),
                changed=self._changed, removable=False,
            ))  # fmt: skip
        for name, levels in first.factors.items():
            self._add_factor(name, levels, first.baseline.get(name))
        self._offer_more()

    def _put(self, levels: Levels) -> None:
        self.levels[levels.name] = levels
        self._pressed(levels.add, levels.take)
        levels.remove.on_click(self._on(lambda: self._remove(levels.name)))
        self._factors.children = (*self._factors.children, levels.box)
        self._tells(levels.box)

    def _add_factor(self, name: str | None, levels: tuple[Any, ...] = (), baseline: Any = None) -> None:
        """Takes a parameter as a factor; without levels, its default is the first one."""
        if name is None or name in self.levels:
            return
        one = self._parameters()[name]
        field: Field = field_for(one, languages(self.studio).get(name, ()), None, self._publish)
        if not levels:
            default = next((voice.kept[name] for voice in self._first.voices if name in voice.kept), one.default)
            levels = (default,)
        self._put(
            Levels(name, field, levels, baseline, judge=lambda value: self._wrong(name, value), changed=self._changed)
        )
        self._offer_more()
        self._changed()

    def _wrong(self, name: str, value: Any) -> str:
        """What every service that knows a parameter says against a value; "" where one takes it."""
        said = []
        for kind in self._kinds():
            if name in kind.parameters():
                remarks = remarks_on(kind, name, value, strict=self.studio.session.enforces_learned_rules)
                errors = [one.text for one in remarks if one.error]
                if not errors:
                    return ""
                said += errors
        return said[0] if said else ""

    def _remove(self, name: str) -> None:
        gone = self.levels.pop(name)
        self._factors.children = tuple(one for one in self._factors.children if one is not gone.box)
        self._offer_more()
        self._changed()

    def _offer_more(self) -> None:
        left = [name for name in self._parameters() if name not in self.levels]
        self._more.options = [(name.replace("_", " "), name) for name in left]
        self._more.index = 0 if left else None

    def _changed(self) -> None:
        # A press that was made before is about another study.
        self._buttons.go.renew()
        self._judge()

    def _renamed(self) -> None:
        self._named = self.name.value.strip() or self._named
        self._judge()

    # -- what it is and costs ----------------------------------------------------------------------------------

    def draft(self, shown: PageValues = KERNEL_VALUES) -> Draft:
        """The study that is picked.

        Raises:
            InvalidRequest: A part of it is missing.
        """
        texts = tuple(many_lines(one) for one in shown(self.texts).splitlines() if one.strip())
        if not texts:
            raise InvalidRequest("Write the texts, one a line.")
        if len(set(texts)) < len(texts):
            twice = next(one for one in texts if texts.count(one) > 1)
            raise InvalidRequest(f"The text {twice!r:.60} is there twice; takes repeat a cell.")
        factors = {name: one for name, one in self.levels.items() if name != "voice"}
        if bare := [name for name, one in self.levels.items() if not one.levels]:
            raise InvalidRequest(f"Pick a level of {', '.join(bare)}, or remove it.")
        chosen = self.levels["voice"].levels if "voice" in self.levels else list(self._voices)
        drawn = self._first if shown(self._kind) == "grid" else replace(self._first, sample=None)
        baseline = {
            name: one.baseline for name, one in factors.items() if len(one.levels) > 1 and one.baseline != one.levels[0]
        }
        kept = {name: level for name, level in self._first.baseline.items() if name in CROSSED}
        return replace(
            drawn,
            name=shown(self.name).strip() or self._named,
            voices=tuple(self._voices[one] for one in chosen),
            texts=texts,
            factors={name: tuple(one.levels) for name, one in factors.items()},
            baseline=baseline
            | {name: level for name, level in kept.items() if level in (chosen if name == "voice" else texts)},
            takes=self._takes.checked(shown),
            design=shown(self._kind),
            question=shown(self._question).strip(),
        )

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self._buttons.running

    def _judge(self, *, keep: bool = False) -> None:
        """Looks at the picks again: says what is missing, or asks for the price."""
        self._show_code()
        if self.busy:
            return
        self._asked += 1
        try:
            draft = self.draft()
        except InvalidRequest as error:
            self._off(str(error))
            return
        self._texts_note.value = toned(f"{len(draft.texts):,} {'text' if len(draft.texts) == 1 else 'texts'}", "quiet")
        self._buttons.off()
        if not keep:
            self._tell_busy("asking for the price")
        self._start(self._ask_plan(self._asked, keep=keep))

    def _off(self, reason: str) -> None:
        self._buttons.off()
        self._left_out.value = ""
        self._tell(reason)

    async def _ask_plan(self, asked: int, *, keep: bool) -> None:
        await asyncio.sleep(_PAUSE)
        if asked != self._asked or self.busy:
            return
        try:
            draft = self.draft()
            fitting, clash = await asyncio.to_thread(self._fitting_name, draft)
            if asked == self._asked and fitting != draft.name:
                self._given = self.name.value = fitting
                return
            plan = await asyncio.to_thread(without_warnings, draft.plan)
        except InvalidRequest as error:
            if asked == self._asked:
                self._off(str(error).splitlines()[0])
            return
        except Exception:
            if asked == self._asked:
                self._end_busy()
            raise
        if asked != self._asked or self.busy:
            return
        self._plan = plan
        switch_class(self.name, "invalid", bool(clash))
        self._name_note.value = toned(clash, "bad")
        self._left_out.value = toned("\n".join(filter(None, (*plan.warnings, left_out_of(plan)))), "amber")
        if clash:
            self._off("Give the study another name.")
            return
        self._draw_plan(plan, keep=keep)

    def _fitting_name(self, draft: Draft) -> tuple[str, str]:
        """The name that the picks go under, and what is wrong with it.

        The study that was opened stays what it is: other picks get a name with a number, and lose it when they are those of that study
        again. A name that somebody has typed stays.
        """
        if draft.name in {self._first.name, self._given}:
            own = replace(draft, name=self._first.name)
            if not own.clash():
                return own.name, ""
            if self._given == self._first.name or not self._given or draft.clash():
                return own.free_name(), ""
            return self._given, replace(draft, name=self._given).clash()
        return draft.name, draft.clash()

    def _draw_plan(self, plan: Plan, *, keep: bool) -> None:
        switch_class(self._show, "gone", not plan.done)
        left_out = plan.refused
        left = plan.cells - plan.done - left_out
        facts = [f"{plan.cells:,} cells"]
        facts += [f"{plan.done:,} made"] if plan.done else []
        facts += [f"{plan.cached:,} on disk"] if plan.cached else []
        facts += [f"{left_out:,} left out"] if left_out else []
        facts += [f"about {duration_text(plan.seconds)}"] if plan.seconds and left else []
        if left:
            self._buttons.offer(price_of(plan))
        else:
            self._buttons.off()
            facts.append("nothing is left to make" if plan.done else "no service takes any of them")
        if not keep:
            self._tell(" · ".join(facts))

    # -- running -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Does what the button does: makes what is not made; nothing while it is at work."""
        self._on(lambda: self._run_shown(KERNEL_VALUES))(None)

    def _run_shown(self, shown: PageValues) -> None:
        if self.busy:
            return
        self._clear()
        draft = self.draft(shown)
        price = None if shown.now else shown(self._buttons.go, "description")
        self._buttons.begin()
        self._stop.clear()
        self._tell_busy("checking the price")
        self._start(self._run(draft, price))

    async def _run(self, draft: Draft, price: str | None) -> None:
        said, tone = "", ""
        try:
            plan = await asyncio.to_thread(without_warnings, draft.plan)
            if price is not None:
                self._buttons.require_price(price_of(plan), price)
            study = await asyncio.to_thread(draft.study)
            self.study, self._first, self._given = study, draft, ""
            total = plan.cells - plan.refused
            work = asyncio.ensure_future(
                asyncio.to_thread(without_warnings, lambda: study.run(stop=self._stop.is_set, quiet=True))
            )
            before = await asyncio.to_thread(study.standing)
            while not (await asyncio.wait({work}, timeout=_TICK))[0]:
                self._draw_busy(await asyncio.to_thread(study.standing), total)
            said, tone = run_outcome(
                await asyncio.to_thread(study.standing), before.spent, total, stopped=self._stop.is_set()
            )
            work.result()
        except PageOutdated:
            self._tell("Look at the price, and press again.", "amber")
            raise
        finally:
            self._buttons.end()
            if not self._closed:
                if said:
                    self._tell(said, tone)
                self._judge(keep=bool(said))
                if self.study is not None and said:
                    self._start(self._show_results())

    def _draw_busy(self, now: Standing, total: int) -> None:
        if self._closed:
            return
        self._buttons.tick()
        parts = [f"{now.made:,} of {total:,} cells made", *([f"{now.failed:,} failed"] if now.failed else [])]
        parts += [f"{one} charged" for one in amounts(now.spent)]
        if self._stop.is_set():
            parts.insert(0, f"stopping: {now.under_way:,} under way go on")
        self._tell(" · ".join(parts))

    def _cancel(self) -> None:
        if self._buttons.cancel():
            self._stop.set()
            self._tell("stopping: what is under way goes on")

    async def _open(self, study: Study) -> None:
        if (await asyncio.to_thread(study.standing)).made:
            await self._show_results()

    async def _show_results(self) -> None:
        if self.study is None:
            raise InvalidRequest("Nothing was made yet: press Run.")
        await self.results.show(self.study)

    def close(self) -> None:
        """Takes the panel off the page. No more cells are asked for; tasks under way go on."""
        self._stop.set()
        super().close()

    # -- code --------------------------------------------------------------------------------------------------

    def code(self) -> str:
        """The Python that makes the same study."""
        try:
            draft = self.draft()
        except InvalidRequest as error:
            return f"# {error}"
        studios = {one.session.service.profile.id: Studio(one.session) for one in draft.voices}
        names = {service: "studio" if len(studios) == 1 else service for service in studios}
        voices = [f"{names[one.session.service.profile.id]}.voice({one.name!r})" for one in draft.voices]
        spoken = voices[0] if len(voices) == 1 else f"[{', '.join(voices)}]"
        text = repr(draft.texts[0] if len(draft.texts) == 1 else list(draft.texts))
        where = ["where=...  # the function that this study was made with"] if draft.where is not None else []
        return "\n".join(
            (
                "import voicenb as vn",
                "",
                *(connect_line(one).replace("studio", names[service], 1) for service, one in studios.items()),
                "study = " + call_of("vn.Study", spoken, f"text={text}", *_options(draft.arguments), *where),
                "study.plan()",
                "study.run()",
                "study.effects()",
                call_of("study.compare", **self.results.arguments),
                *self.results.listening.code(),
            )
        )


def _options(arguments: Mapping[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in arguments.items()]
