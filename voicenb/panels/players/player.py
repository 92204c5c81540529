"""A player for one clip, and what all players share: their JavaScript, their facts, and sound on demand.

A player's state, which a notebook may save, holds names, numbers and a waveform of 240 characters, never sound. The page
asks for that by a message (``{"kind": "audio", "id": 0, "request": "…"}``) and is answered with the same ``request`` and one binary buffer:
FLAC, which every browser decodes to the very samples that were encoded, at a rate that the page can keep.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import traitlets

from voicenb.audio.codec import encode
from voicenb.audio.containers import MIME
from voicenb.audio.resampling import resample
from voicenb.audio.sound import AudioError
from voicenb.base import portal
from voicenb.base.arguments import did_you_mean
from voicenb.base.notebook import find_cell
from voicenb.display.comparison import Html, Playable
from voicenb.display.html import seconds
from voicenb.display.written import as_written
from voicenb.errors import VoicenbError
from voicenb.measures import envelope, loudness, mono
from voicenb.measures.loudness import COMPARED_AT
from voicenb.panels.page.assets import bundle, styles
from voicenb.panels.page.download import ChunkedDownload, saved_name
from voicenb.panels.page.ipykernel_comms import listen_while_awaiting
from voicenb.panels.page.scripts import Scripted
from voicenb.panels.page.static_output import StaticOutput

if TYPE_CHECKING:
    from voicenb.audio.subtitles import Subtitles
    from voicenb.studio.clip import Clip

__all__ = ["ClipPlayer", "Player", "facts", "saveable", "still", "wire"]

_QUIET_SECONDS = 3.0
_Answer = tuple[dict[str, Any], bytes | None]
_BARS = 240
_LEVELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# What every browser's Web Audio takes (the specification asks for 8 to 96 kHz).
_RATES = (8_000, 48_000)


def facts(sound: Playable) -> dict[str, Any]:
    """What a page shows of a sound before it is heard.

    Returns:
        ``duration`` in seconds; ``lufs``, None for silence; ``level``, the gain that brings it to `COMPARED_AT` without clipping;
        ``peaks``, a character a bar; ``words``, each ``[text, start, end, sentence]`` with times in seconds; ``forms``, the formats
        that it can be saved in, none for what is not saved here.

    Raises:
        AudioError: It cannot be read.
    """
    samples, duration = sound.samples, sound.duration
    bars = envelope(samples, _BARS)
    peak = float(bars.max())
    level = loudness(samples, sound.rate)
    heights = np.rint(63 * (bars / max(peak, 1e-6)) ** 0.7).astype(int)
    return {
        "duration": round(duration, 4),
        "lufs": round(level, 2) if isfinite(level) else None,
        "level": round(min(10 ** ((COMPARED_AT - level) / 20), 1 / max(peak, 1e-6)), 5) if isfinite(level) else 1.0,
        "peaks": "".join(_LEVELS[height] for height in heights),
        "words": _words(getattr(sound, "subtitles", None), getattr(sound, "text", ""), duration),
        "forms": list(getattr(sound, "formats", ())),
    }


def _words(subtitles: Subtitles | None, text: str, duration: float) -> list[tuple[str, float, float, int]]:
    """The words, or the sentences where only those are timed, as they were written, within the sound."""
    timed = bool(subtitles and subtitles.words)
    cues = [
        (cue, number)
        for number, segment in enumerate(subtitles or ())
        for cue in (segment.words if timed else (segment,))
        if cue.text.strip()
    ]
    found = []
    for word, (cue, number) in zip(as_written([cue.text for cue, _ in cues], text), cues, strict=True):
        start = min(max(cue.start, 0.0), duration)
        found.append((word.strip(), round(start, 3), round(min(max(cue.end, start), duration), 3), number))
    return found


def wire(sound: Playable, rate: int | None = None) -> tuple[bytes, str]:
    """A sound as it goes to the page, and its media type: FLAC of 16 bits, one or two channels.

    Args:
        sound: What is to be heard.
        rate: In Hz; None for its own, brought between 8 and 48 kHz.

    Raises:
        AudioError: It cannot be read.
    """
    samples = sound.samples
    if samples.ndim == 2 and samples.shape[1] > 2:
        samples = mono(samples)
    target = rate or min(max(sound.rate, _RATES[0]), _RATES[1])
    if target != sound.rate:
        samples = resample(samples, sound.rate, target)
    return encode(samples, target, "flac"), MIME["flac"]


def saveable(sound: object) -> Clip:
    """The sound as a clip, which alone is saved with the note that its voice is synthetic.

    Raises:
        LookupError: It is none: a recording is somebody's own file.
    """
    if not hasattr(sound, "encoded"):
        raise LookupError("Clips can be saved here; this is none.")
    clip: Any = sound
    return clip  # type: ignore[no-any-return]


def _take(task: Any) -> str:
    """Which of several takes it is, from the second on."""
    take = int(getattr(task, "take", None) or 1)
    return f"take {take}" if take > 1 else ""


def still(sound: Any) -> Html:
    """A clip or a reference as static HTML; nothing for None."""
    return Html(sound._repr_mimebundle_()["text/html"]) if sound is not None else Html()


# ── The kernel's half ───────────────────────────────────────────────────────────────────────────────────────────────


class Player(Scripted):
    """The base of the players: refuses unknown arguments, answers the page's questions, and leaves a copy beside itself in a notebook."""

    key = traitlets.Unicode().tag(sync=True)
    """Distinguishes this player's kept copy from those of others."""

    def __init__(self, **state: Any) -> None:
        allowed = sorted(
            {name for name in self.trait_names() if not name.startswith("_")} & {*self._arguments, "layout"}
        )
        for name in state:
            if name not in self._arguments and name != "layout":
                hint = did_you_mean(name, allowed)
                raise TypeError(
                    f"{type(self).__name__} has no argument {name!r}. Check the spelling: {hint}it has {', '.join(allowed)}"
                )
        find_cell()
        self._files = ChunkedDownload()
        self._asked_at = time.monotonic()
        super().__init__(key=uuid.uuid4().hex[:12], **state)
        self.on_msg(self._asked)
        listen_while_awaiting()

    _arguments: tuple[str, ...] = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a player cannot be copied or pickled, for it belongs to its page and its kernel: pass what it plays, and make another "
            f"there, {type(self).__name__}(…)"
        )

    # ipywidgets has its own of these two, which say that they are not implemented.
    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        self.__reduce__()

    def html(self) -> Html:
        """What it plays as static HTML, which stays in the notebook and plays without a kernel; empty where there is nothing."""
        return Html()

    def _copy(self) -> Html:
        """What it leaves in the notebook."""
        return self.html()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        kept = StaticOutput(self.key)
        kept.keep_behind(self._copy, where=f"{type(self).__name__}(…).html()", quiet=self._until_quiet)
        return self.bare_bundle(**options)

    def _until_quiet(self) -> None:
        """Waits until the page has asked for nothing for a while: encoding a large copy would hold up its answers."""
        while (left := self._asked_at + _QUIET_SECONDS - time.monotonic()) > 0:
            time.sleep(left)

    def bare_bundle(self, **options: Any) -> Any:
        """What a cell shows of it, without the copy that it would leave beside itself."""
        return super()._repr_mimebundle_(**options)

    def _asked(self, _widget: object, content: Mapping[str, Any], _buffers: Sequence[Any]) -> None:
        """Answers a question of the page; what goes wrong is its answer, too."""
        self._asked_at = time.monotonic()
        request = content.get("request")
        if not isinstance(request, str):
            return
        if content.get("kind") == "download":
            # A long clip takes seconds to encode, and cells must not wait for that.
            portal.start(asyncio.to_thread, self._tell, request, self._offer, content)
        else:
            self._tell(request, self._answer, content)

    def _tell(self, request: str, answer: Callable[[Mapping[str, Any]], _Answer], question: Mapping[str, Any]) -> None:
        try:
            told, sound = answer(question)
        except (AudioError, VoicenbError, LookupError, OSError) as error:
            told, sound = {"error": str(error) or type(error).__name__}, None
        # Who closed the player meanwhile wants no answer.
        if self.comm is not None:
            self.send(told | {"request": request}, buffers=None if sound is None else [sound])

    def _offer(self, question: Mapping[str, Any]) -> _Answer:
        """A clip as a file, in the format that was chosen."""
        clip, form = self._clip_at(question.get("id")), str(question.get("choice"))
        content = clip.encoded(form)
        task = clip.task
        words = [task.voice or "", " ".join(clip.text.split())[:60], _take(task)] if task is not None else ["clip"]
        name = saved_name(*words, suffix=f".{form}")
        return self._files.offer(name, content, MIME.get(form, "application/octet-stream")), None

    def _clip_at(self, place: object) -> Clip:
        """The clip that is to be saved.

        Raises:
            LookupError: There is none.
        """
        raise LookupError(f"There is no clip at {place!r:.40} that can be saved.")

    def _answer(self, question: Mapping[str, Any]) -> _Answer:
        """What a question is answered with, and the bytes beside it."""
        if question.get("kind") == "piece":
            return {}, self._files.piece(question)
        raise LookupError(f"The player has no answer to {question.get('kind')!r:.40}.")


class ClipPlayer(Player):
    """Plays a clip in the cell: waveform, words, loop, and a speed that keeps the pitch.

    Keys: space plays, the arrows seek by half a second (with shift by a tenth), home and end go to the ends, L loops.
    """

    _esm = bundle("shared", "kept", "download", "saving", "track", "clip")
    _css = styles()
    _arguments = ("loop", "speed")
    _facts = traitlets.Dict().tag(sync=True)
    _name = traitlets.Unicode().tag(sync=True)

    loop = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether it begins again at its end."""

    speed = traitlets.Float(1.0, min=0.25, max=4.0).tag(sync=True)
    """How fast it plays, 0.25 to 4 times; the pitch stays. It is a matter of listening, not of the clip."""

    def __init__(self, clip: Clip | Playable | None = None, **options: Any) -> None:
        """A player.

        Args:
            clip: A clip or a reference; None for an empty player whose `clip` is set later.
            **options: `loop`, `speed`, and ipywidgets' `layout`.

        Raises:
            VoicenbError: It cannot be read.
            TypeError: There is no such option.
        """
        super().__init__(**options)
        self._clip: Clip | Playable | None = None
        self.clip = clip

    @property
    def clip(self) -> Clip | Playable | None:
        """What it plays; may be set anew, or to None."""
        return self._clip

    @clip.setter
    def clip(self, clip: Clip | Playable | None) -> None:
        try:
            known = facts(clip) if clip is not None else {}
        except AudioError as error:
            raise VoicenbError(f"The clip cannot be played: {error}.") from None
        self._clip = clip
        text = getattr(clip, "text", None) or getattr(clip, "name", None) or ""
        words = " ".join(str(text).split())
        self._name = f"Player: {words[:80]}" if words else "Player"
        if note := getattr(getattr(clip, "task", None), "findings", None):
            known["note"] = str(note)
        self._facts = known

    def _answer(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
        if question.get("kind") != "audio" or self._clip is None:
            return super()._answer(question)
        sound, mime = wire(self._clip)
        return {"mime": mime}, sound

    def _clip_at(self, _: object) -> Clip:
        return saveable(self._clip)

    def html(self) -> Html:
        """The clip as static HTML, which stays in the notebook and plays without a kernel."""
        return still(self._clip)

    def __repr__(self) -> str:
        return f"<ClipPlayer · {seconds(self._clip.duration)}>" if self._clip is not None else "<ClipPlayer · empty>"
