"""A recording is chosen, examined, trimmed and prepared."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb.display.html import seconds
from voicenb.errors import InvalidRequest
from voicenb.panels.base import Panel, call_of
from voicenb.panels.fields.field import switch_class
from voicenb.panels.page.light import lean
from voicenb.panels.parts.findings import findings_table, verdict
from voicenb.panels.parts.formatting import connect_line
from voicenb.panels.parts.kept_recording import KeptRecording
from voicenb.panels.parts.page_values import KERNEL_VALUES, PageValues, press
from voicenb.panels.parts.reading_text import reading_text
from voicenb.panels.parts.style import bar, heading, line, toned
from voicenb.panels.parts.upload import Upload
from voicenb.panels.players.recorder import Recorder
from voicenb.panels.players.waveform import Waveform
from voicenb.sandbox import launch
from voicenb.studio.recording_checks import Finding
from voicenb.studio.reference import Reference
from voicenb.tasks.session import SANDBOX

if TYPE_CHECKING:
    from voicenb.studio.studio import Studio

__all__ = ["ReferencePanel"]

_CONSENT = (
    "A voice belongs to a person. Clone it only with their consent, which is kept with the voice and shown in reports."
)


class ReferencePanel(Panel):
    """A recording from a file, an address, the microphone or a sample speaker; what is found about it; trim and prepare.

    Args:
        studio: Whose rules it is examined by.
        source: What to begin with, as `voicenb.Reference` takes it.

    Attributes:
        reference: The recording as it is now, or None.
        waveform: Where its part is chosen.
    """

    title = "Reference"

    def __init__(self, studio: Studio, source: Any = None) -> None:
        super().__init__(studio)
        self.reference: Reference | None = None
        # How Python names it: an expression, or what came through the page.
        self._origin: str | KeptRecording = ""
        self._named: str | None = None
        self._steps: list[str] = []
        self._listeners: list[Callable[[], None]] = []
        rules = studio.service.reference_rules
        endings = ",".join(f".{form}" for form in dict.fromkeys((*rules.upload_formats, *rules.formats)))
        self._file = Upload(
            "Choose a file",
            self._uploaded,
            refuse=self._refused,
            tooltip="A recording of one person speaking; or drop one here",
            accept=f"audio/*,video/*,{endings}",
            drop=True,
        )
        self._address = lean(
            widgets.Text, "grow",
            description="Path or URL", placeholder="me.wav, or https://…", continuous_update=False,
        )  # fmt: skip
        self._load = press("Load", "Reads the file at this path or address", "outlined")
        self._sample = lean(
            widgets.Dropdown,
            "sample",
            description="Sample voice",
            options=[("choose …", "")],
            tooltip="Voices that the sandbox made up: nobody's own",
        )
        self._view = lean(widgets.VBox)
        self._findings = line("findings-line", "live")
        self.waveform = self._wave = Waveform()
        self._recorder = Recorder(
            note=_CONSENT,
            script=reading_text(None if rules.min_seconds is None else rules.min_seconds + 1),
            least_seconds=rules.min_seconds or 0.0,
            # What is longer would be refused. The waveform below plays it.
            max_seconds=min(300.0, (rules.max_seconds or 300.5) - 0.5),
            replay=False,
        )
        self._used = line("grow", "quiet", "tabular")
        self._trim = press("Trim", "Keeps the chosen part", "outlined")
        self._prepare = press(
            "Prepare", "Trims silence, mixes to mono and levels, as the service takes it best", "outlined"
        )
        self._kept_button = press("Keep it", "Goes on with the recording that is shown", "outlined", "gone")
        self._undo = press("Undo", "Back to the recording as it came")
        self._consent = lean(
            widgets.Text,
            "grow",
            description="Consent",
            placeholder="such as: my own voice, for tests",
            tooltip=_CONSENT,
        )
        self._span_bar = bar(self._used, self._trim, self._prepare, self._undo, names=("gone",))
        self._first: Reference | None = None
        self._found: list[Finding] = []
        self._asked = 0
        self._reading = self._doubtful = self._speaking = self._in_doubt_before = False
        # What the panel itself has written under Consent, which is true of that one recording only.
        self._filled = ""
        self._consent_listeners: list[Callable[[], None]] = []

        self._recorder.on_record(lambda _: self._on(self._recorded)(None))
        self._recorder.on_begin(lambda on: self._on(lambda: self._recording(on=on))(None))
        self._wave.observe(self._on(self._marked), ["start", "end"])
        self._pressed(self._load, self._addressed)
        self._sample.observe(self._on(self._sampled), "value")
        self._pressed(self._trim, self._cut)
        self._pressed(self._prepare, lambda _: self.prepare())
        self._pressed(self._kept_button, lambda _: self._keep_it())
        self._pressed(self._undo, lambda _: self._back())
        self._consent.observe(self._on(self._consented), "value")
        sources = [self._file]
        if studio.endpoint == SANDBOX:
            sources.append(self._sample)
            self._start(self._list_samples())
        self._lay(
            heading("Recording"),
            bar(*sources, line("grow"), self._code_button()),
            bar(self._address, self._load, names=("enters",)),
            self._code,
            self._problem,
            self._recorder,
            self._view,
            self._span_bar,
            bar(self._status, self._kept_button, names=("told",)),
            self._findings,
            heading("Consent"),
            bar(self._consent, names=("consent",)),
        )
        self._tells(self._wave)
        self._draw()
        if source is not None:
            self.take(source)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener` whenever there is another recording."""
        self._listeners.append(listener)

    def on_consent(self, listener: Callable[[], None]) -> None:
        """Calls `listener` whenever the consent is another."""
        self._consent_listeners.append(listener)

    @property
    def consent(self) -> str | None:
        """What is written under Consent, or None."""
        return self.consent_shown(KERNEL_VALUES)

    def consent_shown(self, shown: PageValues) -> str | None:
        """The consent as it is shown."""
        return shown(self._consent).strip() or None

    def part(self, shown: PageValues = KERNEL_VALUES) -> tuple[float, float] | None:
        """The chosen part of the recording as it is shown, in seconds; None for all of it."""
        if self.reference is None:
            return None
        start, end = round(shown(self._wave, "start"), 2), round(shown(self._wave, "end"), 2)
        whole = end - start > self.reference.duration - 0.02
        return None if whole else (start, min(end, self.reference.duration))

    # -- where it comes from -----------------------------------------------------------------------------------

    async def _list_samples(self) -> None:
        found = await asyncio.to_thread(launch.speakers, self.studio.home)
        options = [("choose …", ""), *((f"{name} – {about}", name) for name, about in found.items())]
        if not self._closed and tuple(options) != tuple(self._sample.options):
            self._sample.options = options

    def _uploaded(self, name: str, content: bytes) -> None:
        # With its name, by which errors call it.
        self.take({"name": name, "content": content})

    def _refused(self, error: InvalidRequest) -> None:
        self._asked += 1
        self._doubt()
        self._fail(error)

    def _recorded(self) -> None:
        self._speaking = False
        self.take(self._recorder.value, name="recording")

    def _recording(self, *, on: bool) -> None:
        """Somebody speaks into the microphone: the recording before is not the one that is asked for, unless they throw theirs away."""
        if on == self._speaking:
            return
        self._speaking = on
        self._asked += 1
        self._clear()
        if on:
            # What was asked for before and is not there does not become the one before by being forgotten.
            self._in_doubt_before = self._doubtful or self._reading
            self._set_standing(reading=True)
            self._tell_busy("recording …")
            return
        self._end_busy()
        if self._in_doubt_before:
            self._doubt()
        else:
            self._set_standing()
            self._say_verdict()

    def _addressed(self, shown: PageValues = KERNEL_VALUES) -> None:
        if wanted := shown(self._address).strip():
            self.take(wanted)

    def _sampled(self) -> None:
        if self._sample.value:
            self._asked += 1
            self._start(self._take_sample(self._sample.value, self._asked))

    async def _take_sample(self, name: str, asked: int) -> None:
        self._clear()
        self._set_standing(reading=True)
        self._tell_busy(f"{name} is speaking …")
        try:
            path = await asyncio.to_thread(launch.sample_speaker, name, self.studio.home)
        except Exception:
            self._give_up(asked)
            raise
        await self._take(path, f"vn.sandbox.sample_speaker({name!r})", name, asked, sample=name)

    def take(self, source: Any, origin: str | None = None, *, name: str | None = None) -> None:
        """Takes a recording from anywhere.

        Args:
            source: As `voicenb.Reference` takes it.
            origin: How Python names the source, for `code`; when omitted, a path or an address names itself, and anything else is
                named by a file of the home, which is written when the code is first asked for.
            name: What to call it.
        """
        self._asked += 1
        self._start(self._take(source, origin, name, self._asked))

    async def _take(self, source: Any, origin: str | None, name: str | None, asked: int, *, sample: str = "") -> None:
        """Takes the recording that was asked for with the number `asked`, unless another was asked for since."""
        self._clear()
        self._set_standing(reading=True)
        self._tell_busy("reading …")
        try:
            reference = await asyncio.to_thread(lambda: Reference(source, name=name))
            fetch = reference.url is not None
            if fetch:
                self._tell_busy("downloading, to measure it …")
                reference = await asyncio.to_thread(reference.fetch)
            findings = await self._examined(reference)
        except Exception:
            self._give_up(asked)
            raise
        if asked != self._asked or self._closed:
            return
        self._consent_to(reference, sample)
        self._origin, self._first = origin or self._origin_of(source, reference), reference
        # A file of the home is called by its hash, and a voice by the name of its recording; one without a name makes a "voice".
        self._named = (
            None if sample else (reference.name or "voice") if isinstance(self._origin, KeptRecording) else name
        )
        self._steps = ["ref = ref.fetch()"] if fetch else []
        self._show(reference, findings)

    def _origin_of(self, source: Any, reference: Reference) -> str | KeptRecording:
        """How Python names what a recording was read from."""
        if reference.url is not None:
            return repr(reference.url)
        return (
            repr(os.fspath(source))
            if isinstance(source, str | os.PathLike)
            else KeptRecording(self.studio, reference.data)
        )

    def _give_up(self, asked: int) -> None:
        """What was asked for with the number `asked` cannot be had."""
        if asked == self._asked:
            self._end_busy()
            self._doubt()

    def _doubt(self) -> None:
        """Another recording was asked for and cannot be had: whether the one before is meant, the reader says."""
        self._sample.value = ""
        self._set_standing(doubtful=self.reference is not None)
        if self.reference is not None:
            self._tell(
                f"Not taken. The recording before it is still here: {self.reference.name or 'recording'}.", "amber"
            )

    def _keep_it(self) -> None:
        self._clear()
        self._set_standing()
        self._say_verdict()

    def _set_standing(self, *, reading: bool = False, doubtful: bool = False) -> None:
        """Whether another recording is read, or could not be; what was pressed for the one before is then refused."""
        if (reading, doubtful) != (self._reading, self._doubtful):
            self._draw_standing(reading=reading, doubtful=doubtful)
            self._announce()

    def _draw_standing(self, *, reading: bool = False, doubtful: bool = False) -> None:
        self._reading, self._doubtful = reading, doubtful
        switch_class(self._kept_button, "gone", not doubtful)
        for part in (self._view, self._span_bar, self._findings):
            switch_class(part, "doubtful", reading or doubtful)

    @property
    def hindrance(self) -> str:
        """Why the recording that is shown is not the one that is asked for, in words; "" where it is."""
        if self._reading:
            return "A recording is being made." if self._speaking else "The recording is being read."
        return "The other recording was not taken: keep the one before, or choose again." if self._doubtful else ""

    def _announce(self) -> None:
        for one in (self._trim, self._prepare, self._undo, self._kept_button):
            # A press that was meant for the recording before is refused.
            one.renew()
        for listener in self._listeners:
            listener()

    def _consent_to(self, reference: Reference, sample: str) -> None:
        """What stands under Consent holds for the new recording: never what the panel wrote for the one before."""
        written = self._consent.value.strip()
        if written and written == self._filled:
            written = ""
        self._filled = ""
        if sample and not written:
            written = self._filled = f"{sample} is nobody: the sandbox made this voice up"
        self._consent.value = written or reference.consent or ""
        reference.consent = self._consent.value.strip() or None
        if not sample:
            self._sample.value = ""

    async def _examined(self, reference: Reference) -> list[Finding]:
        return await asyncio.to_thread(
            lambda: [Finding(*row) for row in reference.check(self.studio).itertuples(index=False)]
        )

    async def _use(self, reference: Reference) -> None:
        """Shows a recording that was changed, and what is found about it."""
        asked = self._asked
        findings = await self._examined(reference)
        if asked == self._asked and not (self._reading or self._closed):
            reference.consent = self.consent
            self._show(reference, findings)

    def _show(self, reference: Reference, findings: list[Finding]) -> None:
        self.reference = reference
        self._draw_standing()
        self._wave.sound = reference
        self._found = findings
        self._findings.value = findings_table(findings)
        self._draw()
        self._say_verdict()
        self._show_code()
        self._announce()

    def _say_verdict(self) -> None:
        if self.reference is not None:
            self._tell(*verdict(self.reference.changes, self._found))

    # -- what is done to it ------------------------------------------------------------------------------------

    def trim(self) -> None:
        """Keeps the chosen part."""
        self._cut(KERNEL_VALUES)

    def _cut(self, shown: PageValues) -> None:
        part, reference = self.part(shown), self.reference
        if reference is not None and part is not None:
            self._steps.append(_trimmed(part))
            self._start(self._change(lambda: reference.trim(*part)))

    def prepare(self) -> None:
        """Makes it fit the service."""
        if self.reference is not None:
            reference = self.reference
            self._steps.append("ref = ref.prepare(studio)")
            self._start(self._change(lambda: reference.prepare(self.studio)))

    async def _change(self, change: Callable[[], Reference]) -> None:
        self._clear()
        steps = list(self._steps)
        try:
            await self._use(await asyncio.to_thread(change))
        except Exception:
            self._steps = steps[:-1]
            raise

    def _back(self) -> None:
        if self._first is not None:
            self._steps = []
            self._start(self._use(self._first))

    def _consented(self) -> None:
        for one in (self.reference, self._first):
            if one is not None:
                one.consent = self.consent
        self._show_code()
        for listener in self._consent_listeners:
            listener()

    def _draw(self) -> None:
        reference = self.reference
        if reference is None:
            rules = self.studio.service.reference_rules
            length = " and ".join(
                f"{word} than {bound:g} s"
                for word, bound in (("more", rules.min_seconds), ("less", rules.max_seconds))
                if bound
            )
            sample = ", or try a sample voice" if self.studio.endpoint == SANDBOX else ""
            hint = f"One person speaking{f', {length}' if length else ''}. Choose a recording or drop it here{sample}."
            self._view.children = (lean(widgets.HTML, value=f'<div class="voicenb-empty">{escape(hint)}</div>'),)
            return
        # Only now, because a waveform that is drawn out of sight has no width.
        self._view.children = (self._wave,)
        self._span_bar.remove_class("voicenb-gone")
        self._marked()
        self._undo.disabled = reference is self._first

    def _marked(self) -> None:
        """Says what is used."""
        if (reference := self.reference) is None:
            return
        start, end = self._wave.start, self._wave.end
        whole = end - start > reference.duration - 0.02
        facts = f"{reference.name or 'recording'} · {seconds(reference.duration)} · {reference.rate / 1000:g} kHz"
        self._used.value = toned(facts if whole else f"{facts} · {start:.1f} to {end:.1f} s chosen", "quiet")
        self._trim.disabled = whole

    def code(self) -> str:
        """The Python that makes the same reference."""
        steps = [*self._steps, *([_trimmed(part)] if (part := self.part()) is not None else [])]
        consent = self._consent.value.strip()
        options = {name: value for name, value in (("name", self._named), ("consent", consent)) if value}
        origin = self._origin.code() if isinstance(self._origin, KeptRecording) else self._origin or "'me.wav'"
        made = call_of("ref = vn.Reference", origin, **options)
        return "\n".join(("import voicenb as vn", "", connect_line(self.studio), made, *steps, "ref.check(studio)"))


def _trimmed(part: tuple[float, float]) -> str:
    return call_of("ref = ref.trim", *(f"{at:g}" for at in part))
