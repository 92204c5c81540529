"""A recording is chosen, examined, trimmed and prepared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from voicenb import launch
from voicenb.display import seconds
from voicenb.doctor import Finding
from voicenb.panels.base import Panel, call_of
from voicenb.panels.recorder import Recorder
from voicenb.panels.shown import connect_line
from voicenb.panels.style import bar, button, line, toned
from voicenb.panels.upload import Upload
from voicenb.panels.waveform import Waveform
from voicenb.reference import Reference

if TYPE_CHECKING:
    from voicenb.studio import Studio

__all__ = ["ReferencePanel"]

_MARKS = {
    "ok": ("✓", "good", "fine"),
    "note": ("·", "quiet", "note"),
    "warning": ("!", "amber", "warning"),
    "error": ("✕", "bad", "error"),
}
_CONSENT = (
    "A voice belongs to a person. Clone it only with their consent, which is kept with the voice and shown in reports."
)


class ReferencePanel(Panel):
    """A recording from a file, an address, the microphone or a sample speaker; the doctor's findings; trim and prepare.

    Args:
        studio: Whose rules it is examined by.
        source: What to begin with, as `voicenb.Reference` takes it.

    Attributes:
        reference: The recording as it is now, or None.
    """

    title = "Reference"

    def __init__(self, studio: Studio, source: Any = None) -> None:
        super().__init__(studio)
        self.reference: Reference | None = None
        self._origin = ""
        self._steps: list[str] = []
        self._listeners: list[Callable[[], None]] = []
        rules = studio.service.reference_rules
        endings = ",".join(f".{form}" for form in dict.fromkeys((*rules.upload_formats, *rules.formats)))
        self._file = Upload(
            "Choose a file",
            self._uploaded,
            refuse=self._fail,
            tooltip="A recording of one person speaking; or drop one here",
            accept=f"audio/*,video/*,{endings}",
            drop=True,
        )
        self._address = widgets.Text(
            description="Path or URL", placeholder="me.wav, or https://…", continuous_update=False
        )
        self._load = button("Load", "Reads the file at this path or address", "outlined")
        self._sample = widgets.Dropdown(
            description="Sample voice",
            options=[("choose …", "")],
            tooltip="Voices that the sandbox made up: nobody's own",
        )
        self._sample.add_class("voicenb-short")
        self._view = widgets.VBox()
        self._findings = line("findings-line", "live")
        self._wave = Waveform()
        self._recorder = Recorder(note=_CONSENT)
        self._used = line("grow", "quiet", "tabular")
        self._trim = button("Trim", "Keeps the chosen part", "outlined")
        self._prepare = button(
            "Prepare", "Trims silence, mixes to mono and levels, as the service takes it best", "outlined"
        )
        self._undo = button("Undo", "Back to the recording as it came")
        self._consent = widgets.Text(
            description="Consent", placeholder="such as: my own voice, for tests", tooltip=_CONSENT
        )
        self._consent.add_class("voicenb-grow")
        self._span_bar = bar(self._used, self._trim, self._prepare, self._undo, names=("gone",))
        self._first: Reference | None = None

        self._recorder.on_record(lambda _: self._on(self._recorded)(None))
        self._wave.observe(self._on(self._marked), ["start", "end"])
        self._load.on_click(self._on(self._addressed))
        self._sample.observe(self._on(self._sampled), "value")
        self._trim.on_click(self._on(self.trim))
        self._prepare.on_click(self._on(self.prepare))
        self._undo.on_click(self._on(self._back))
        self._consent.observe(self._on(self._consented), "value")
        sources = [self._file]
        if studio.endpoint == "sandbox":
            sources.append(self._sample)
            self._start(self._list_samples())
        self._lay(
            bar(*sources, self._address, self._load, line("grow"), self._code_button()),
            self._code,
            self._problem,
            self._recorder,
            self._view,
            self._span_bar,
            bar(self._status),
            self._findings,
            bar(self._consent),
        )
        self._draw()
        if source is not None:
            self.take(source, repr(source))

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener` whenever there is another recording."""
        self._listeners.append(listener)

    # -- where it comes from -----------------------------------------------------------------------------------

    async def _list_samples(self) -> None:
        found = await asyncio.to_thread(launch.speakers, self.studio.home)
        options = [("choose …", ""), *((f"{name} – {about}", name) for name, about in found.items())]
        if not self._closed and tuple(options) != tuple(self._sample.options):
            self._sample.options = options

    def _uploaded(self, name: str, content: bytes) -> None:
        self.take(content, repr(name), name=Path(name).stem)

    def _recorded(self) -> None:
        self.take(self._recorder.value, "'recording.wav'", name="recording")

    def _addressed(self) -> None:
        if wanted := self._address.value.strip():
            self.take(wanted, repr(wanted))

    def _sampled(self) -> None:
        if self._sample.value:
            self._start(self._take_sample(self._sample.value))

    async def _take_sample(self, name: str) -> None:
        self._tell(f"{name} is speaking …")
        path = await asyncio.to_thread(launch.sample_speaker, name, self.studio.home)
        if not self._consent.value:
            self._consent.value = f"{name} is nobody: the sandbox made this voice up"
        await self._take(path, f"vn.sandbox.sample_speaker({name!r})", name)

    def take(self, source: Any, origin: str | None = None, *, name: str | None = None) -> None:
        """Takes a recording from anywhere.

        Args:
            source: As `voicenb.Reference` takes it.
            origin: How Python names the source, for `code`.
            name: What to call it.
        """
        self._start(self._take(source, origin or repr(source), name))

    async def _take(self, source: Any, origin: str, name: str | None) -> None:
        self._clear()
        self._tell("reading …")
        try:
            consent = self._consent.value.strip() or None
            reference = await asyncio.to_thread(lambda: Reference(source, consent=consent, name=name))
            fetch = reference.url is not None
            if fetch:
                self._tell("downloading, to measure it …")
                reference = await asyncio.to_thread(reference.fetch)
        except Exception:
            self._tell("")
            raise
        self._origin, self._first = origin, reference
        self._steps = ["ref = ref.fetch()"] if fetch else []
        await self._use(reference)

    async def _use(self, reference: Reference) -> None:
        """Shows a recording and what the doctor finds."""
        findings = await asyncio.to_thread(
            lambda: [Finding(*row) for row in reference.check(self.studio).itertuples(index=False)]
        )
        if self._closed:
            return
        self.reference = reference
        self._wave.sound = reference
        self._findings.value = _table(findings)
        self._draw()
        worst = [one for one in findings if one.severity == "error"]
        if worst:
            self._tell(f"The service would refuse it: {worst[0].rule}, {worst[0].found}.", "bad")
        else:
            self._tell(
                "; ".join(reference.changes) or "The service takes it.", "good" if not reference.changes else "quiet"
            )
        self._show_code()
        for listener in self._listeners:
            listener()

    # -- what is done to it ------------------------------------------------------------------------------------

    def trim(self) -> None:
        """Keeps the chosen part."""
        if self.reference is not None:
            start, end = round(self._wave.start, 2), round(self._wave.end, 2)
            reference = self.reference
            self._steps.append(call_of("ref = ref.trim", f"{start:g}", f"{end:g}"))
            self._start(self._change(lambda: reference.trim(start, min(end, reference.duration))))

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
                one.consent = self._consent.value.strip() or None
        self._show_code()

    def _draw(self) -> None:
        reference = self.reference
        if reference is None:
            rules = self.studio.service.reference_rules
            length = " and ".join(
                f"{word} than {bound:g} s"
                for word, bound in (("more", rules.min_seconds), ("less", rules.max_seconds))
                if bound
            )
            sample = ", or try a sample voice" if self.studio.endpoint == "sandbox" else ""
            told = f"One person speaking{f', {length}' if length else ''}. Choose a recording or drop it here{sample}."
            self._view.children = (widgets.HTML(f'<div class="voicenb-empty">{escape(told)}</div>'),)
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
        consent = self._consent.value.strip()
        options = {"consent": consent} if consent else {}
        made = call_of("ref = vn.Reference", self._origin or "'me.wav'", **options)
        return "\n".join(
            ("import voicenb as vn", "", connect_line(self.studio), made, *self._steps, "ref.check(studio)")
        )


def _table(findings: list[Finding]) -> str:
    """The doctor's findings, the worst first; what is fine stands in one line."""
    order = ["error", "warning", "note", "ok"]
    rows = []
    for one in sorted(findings, key=lambda finding: order.index(finding.severity)):
        if one.severity == "ok":
            continue
        mark, tone, word = _MARKS[one.severity]
        rows.append(
            f'<tr><td class="voicenb-{tone}"><span role="img" aria-label="{word}">{mark}</span> {escape(one.rule)}</td>'
            f"<td>{escape(one.found)}</td><td>{escape(one.fix)}"
            + (f' <span class="voicenb-quiet">({escape(one.allowed)})</span>' if one.allowed else "")
            + "</td></tr>"
        )
    fine = "&emsp;".join(
        f'<span title="{escape(one.allowed)}" style="white-space:nowrap"><span class="voicenb-good">✓</span> {escape(one.rule)}'
        f' <span class="voicenb-quiet">{escape(one.found)}</span></span>'
        for one in findings
        if one.severity == "ok"
    )
    table = (
        f'<table class="voicenb-findings" aria-label="What the doctor finds"><tbody>{"".join(rows)}</tbody></table>'
        if rows
        else ""
    )
    return f"{table}<div>{fine}</div>"
