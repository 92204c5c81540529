"""`Clip`: sound that a service made, with its words, its task and how it looks in a cell."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from voicenb.audio.codec import encode
from voicenb.audio.containers import MIME, WRITTEN, sniff
from voicenb.audio.reading import read
from voicenb.audio.sound import AudioError, Sound
from voicenb.audio.tags import Tag, tagged
from voicenb.base.arguments import did_you_mean
from voicenb.base.files import write_atomically
from voicenb.base.money import plain
from voicenb.base.notebook import takes_widgets
from voicenb.base.views import view
from voicenb.display.comparison import Html, small_html
from voicenb.display.embedded import compact
from voicenb.display.html import clip_html, import_lab, seconds
from voicenb.display.lists import show_lists
from voicenb.display.written import as_written
from voicenb.errors import InvalidRequest, Problem
from voicenb.services.breaks import without_breaks

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.figure import Figure

    from voicenb.audio.subtitles import Segment, Subtitles, Word

__all__ = ["Clip", "ClipTask"]

_SUFFIXES = tuple(f".{form}" for form in WRITTEN)


class ClipTask(Protocol):
    """What a clip shows of the task that made it."""

    @property
    def id(self) -> str:
        """The ledger's id."""

    @property
    def service(self) -> str:
        """The service's id."""

    @property
    def voice(self) -> str | None:
        """The voice's name."""

    @property
    def text(self) -> str | None:
        """What is spoken."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from the service's defaults."""

    @property
    def cost(self) -> Decimal | None:
        """The price in `unit`, or None."""

    @property
    def unit(self) -> str | None:
        """The unit of the price."""


def _bytes_of(given: Any) -> bytes:
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(given)
    file = str(given) if isinstance(given, str | os.PathLike) else "name.wav"
    raise InvalidRequest(
        f"a Clip is made of the bytes of a sound, and {type(given).__name__} was given; for a file: "
        f"vn.Clip(pathlib.Path({file!r:.80}).read_bytes())"
    )


class Clip:
    """Sound that a service made: the bytes as received, and everything that can be asked of them.

    At the end of a cell it shows its waveform, a player, its words and what it cost, as HTML that stays in the saved
    notebook.

    Attributes:
        data: The bytes as received.
        subtitles: What is said and when, or None.
        task: The task that made it, or None.
        path: Where the bytes are kept on disk, or None.

    Raises:
        InvalidRequest: It is made of something else than bytes.
    """

    def __init__(
        self,
        data: bytes,
        *,
        subtitles: Subtitles | None = None,
        task: ClipTask | None = None,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        self.data = _bytes_of(data)
        self.subtitles = subtitles
        self.task = task
        self.path = Path(path) if path is not None else None
        show_lists(_list_html, _player)

    def __copy__(self) -> Clip:
        return Clip(self.data, subtitles=self.subtitles, task=self.task, path=self.path)

    def __deepcopy__(self, memo: dict[int, Any]) -> Clip:
        # Nothing of it is for writing, and the task is the ledger's.
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        # A task belongs to its studio; in another process ``studio.history.clip(id)`` has it.
        return _unpickled, (self.data, self.subtitles, self.path)

    @cached_property
    def format(self) -> str:
        """The container: wav, flac, mp3, ogg, m4a, …

        Raises:
            AudioError: The bytes are not audio.
        """
        return sniff(self.data) or self._read.form

    @cached_property
    def _read(self) -> Sound:
        sound = read(self.data)
        # Everything else is computed from this array, so it is not for writing: use clip.samples.copy().
        sound.samples.flags.writeable = False
        return sound

    @property
    def samples(self) -> npt.NDArray[np.float32]:
        """The sound, float32 of shape ``(n,)`` or ``(n, channels)``, full scale ±1; read-only, ``.copy()`` it to change it."""
        return self._read.samples

    @property
    def rate(self) -> int:
        """Samples a second, in Hz."""
        return self._read.rate

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the clip; the suffix names the format: wav, flac, mp3 or ogg.

        With the suffix of the received format the received sound is written as it is; else it is encoded. Either way the
        file carries the comment "Synthetic voice made with voicenb (…)" (only an ogg file that was received as ogg
        is left exactly as it came). The file appears whole or not at all.

        Args:
            path: Where to; a file that is there is replaced, missing folders are made.

        Returns:
            The path written.

        Raises:
            InvalidRequest: The suffix is none of these, or the format cannot hold the sound.
        """
        target = Path(path)
        form = target.suffix.lower().removeprefix(".")
        if form not in self.formats:
            raise InvalidRequest(
                f"A clip is not written as {target.name!r}; nothing was written.",
                problems=(
                    Problem(
                        "path",
                        f"suffix {target.suffix!r}",
                        f"{did_you_mean(target.suffix, _SUFFIXES)}use {', '.join(_SUFFIXES)}",
                    ),
                ),
            )
        return write_atomically(target, self.encoded(form))

    @property
    def formats(self) -> tuple[str, ...]:
        """What it can be saved as: the received format first, as it is then written as it came.

        Raises:
            AudioError: The bytes are not audio.
        """
        return tuple(dict.fromkeys((self.format, *WRITTEN)))

    def encoded(self, form: str) -> bytes:
        """The file that `save` writes.

        Args:
            form: One of `formats`.

        Raises:
            InvalidRequest: It is none of these, or the format cannot hold the sound.
        """
        if form not in self.formats:
            raise InvalidRequest(
                "A clip is not written in this format; nothing was written.",
                problems=(Problem("form", repr(form), "use " + ", ".join(self.formats)),),
            )
        if form == self.format:
            return tagged(self.data, form, self._tag())
        try:
            return encode(self.samples, self.rate, form, tag=self._tag(), bits=self._bits())
        except AudioError as error:
            raise InvalidRequest(
                f"The clip cannot be written as {form}: {error}.",
                problems=(Problem("format", repr(form), "use 'wav' or 'flac'"),),
            ) from None

    def _bits(self) -> int:
        """24 where the received file has more than 16 bits a sample, else 16."""
        return self._read.bits

    def _tag(self) -> Tag:
        made = "Synthetic voice made with voicenb"
        if self.task is None:
            return Tag(made)
        text = " ".join((self.task.text or "").split())
        title = text if len(text) <= 80 else text[:79].rstrip() + "…"
        return Tag(f"{made} ({self.task.service})", title=title or None)

    def audio(self) -> Any:
        """The received bytes as an `IPython.display.Audio`, at their own level (IPython would normalise an array).

        Raises:
            VoicenbError: IPython is not installed.
        """
        player = import_lab("IPython.display").Audio(data=self.data, normalize=False)
        player.mimetype = MIME.get(self.format, "audio/*")
        return player

    def plot(self) -> Figure:
        """Waveform, pitch, loudness and spectrogram over one time axis, with the words beneath.

        Returns:
            A matplotlib Figure, which shows itself in a notebook and has ``savefig``.

        Raises:
            VoicenbError: matplotlib is not installed.
        """
        from voicenb.display.plots import voice_figure

        return voice_figure(self.samples, self.rate, words=self._words(), title=self._caption())

    def _words(self) -> list[tuple[str, float, float]]:
        if self.subtitles is None:
            return []
        cues: Sequence[Word | Segment] = self.subtitles.words or self.subtitles.segments
        texts = as_written([cue.text for cue in cues], self.text)
        return [(text, cue.start, cue.end) for text, cue in zip(texts, cues, strict=True)]

    @property
    def text(self) -> str:
        """What is said, as it was written, without the marks of its pauses; "" where that is not known."""
        text = self.task.text if self.task is not None else None
        return " ".join(without_breaks(text).split()) if text else self.subtitles.text if self.subtitles else ""

    def _caption(self) -> str:
        """What it is, for a picture of the sound: without what the sound does not have."""
        if self.task is None:
            return ""
        heard = {name: value for name, value in self.task.parameters.items() if name != "subtitles"}
        parts = [_speaker(self.task) or "", *(f"{name} {_plain(value)}" for name, value in heard.items())]
        return " · ".join(dict.fromkeys(part for part in parts if part))

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        try:
            facts = [seconds(self.duration), self.format, f"{self.rate / 1000:g} kHz"]
        except AudioError as error:
            return f"<Clip: {error}>"
        if self.task is not None:
            speaker = _speaker(self.task)
            facts.append(f"voice {speaker}" if speaker else self.task.service)
            if self.task.text:
                text = self.text
                facts.append(repr(text if len(text) <= 40 else text[:39] + "…"))
            if getattr(self.task, "degraded", None):
                facts.append("degraded")
        return f"<Clip {' · '.join(facts)}>"

    def html(self) -> Html:
        """A small player as static HTML, for the cell of a table: waveform, sound, length, loudness and price.

        It plays in a saved notebook without a kernel. A frame with clips in a column shows them like this by itself.
        """
        return small_html(self)

    def _repr_mimebundle_(self, **asked: object) -> dict[str, Any]:
        try:
            small, mime = compact(self.samples, self.rate, data=self.data, form=self.format)
        except AudioError:
            return {"text/plain": repr(self)}
        bundle: dict[str, Any] = {"text/html": self._html(small, mime), "text/plain": repr(self)}
        # IPython names what it asks for; who keeps a static copy names nothing.
        if asked and small is None and takes_widgets():
            shown = view("clip")(self).bare_bundle()
            bundle = (shown[0] if isinstance(shown, tuple) else shown) | bundle
        return bundle

    def _html(self, small: bytes | None, mime: str) -> str:
        task = self.task
        speaker = _speaker(task) if task else None
        return clip_html(
            self.samples,
            self.duration,
            audio=small,
            mime=mime,
            words=self._words(),
            text=self.text,
            # A description stands among the parameters.
            voice=task.voice if task and speaker == task.voice else None,
            service=task.service if task else None,
            parameters={name: _plain(value) for name, value in task.parameters.items()} if task else {},
            take=int(getattr(task, "take", None) or 1),
            cost=f"{plain(task.cost)} {task.unit or ''}".strip() if task and task.cost is not None else None,
            cached=bool(getattr(task, "cached", False)),
            kind=str(getattr(task, "kind", "") or ""),
            path=self.path,
            findings=getattr(task, "findings", None),
        )


def _speaker(task: ClipTask) -> str | None:
    """Whose voice it is: a name, or the words that describe it."""
    speaker: str | None = getattr(task, "speaker", task.voice)
    return speaker


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _list_html(found: list[Any]) -> str | None:
    html: str | None = view("clips")(found)
    return html


def _player(value: object) -> Callable[[], str] | None:
    return value.html if isinstance(value, Clip) else None


def _unpickled(data: bytes, subtitles: Subtitles | None, path: Path | None) -> Clip:
    return Clip(data, subtitles=subtitles, path=path)
