"""Several clips beside each other: which stands where, what sets it apart, and how that looks in a saved notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any, Protocol

from voicenb.audio.sound import AudioError
from voicenb.base.arguments import did_you_mean
from voicenb.base.lines import shortened
from voicenb.base.money import plain
from voicenb.display.embedded import compact
from voicenb.display.html import QUIET, data_url, seconds, size, waveform_png
from voicenb.errors import InvalidRequest, Problem
from voicenb.measures import loudness

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "MAX_COMPARED",
    "Grid",
    "Html",
    "Playable",
    "axis_text",
    "compare_html",
    "is_number",
    "small_html",
]

MAX_COMPARED = 6_000_000
"""The most characters of HTML that a comparison puts into a notebook: a hundred clips of 9 s at 48 kbit/s."""


class Playable(Protocol):
    """What can be heard and drawn: a `Clip`, a `Reference`."""

    @property
    def data(self) -> bytes:
        """The file's bytes."""

    @property
    def format(self) -> str:
        """The container."""

    @property
    def samples(self) -> npt.NDArray[np.float32]:
        """The sound, float32 of shape ``(n,)`` or ``(n, channels)``, full scale ±1."""

    @property
    def rate(self) -> int:
        """In Hz."""

    @property
    def duration(self) -> float:
        """Seconds."""


class Html(str):
    """HTML as text, which a notebook shows as what it means."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Html of {size(len(self))}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": str(self), "text/plain": repr(self)}


def _formatted(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _task_value(sound: Playable | None, name: str) -> object:
    """A parameter, or the voice, service or text, of the task that made the sound; None where it has none."""
    task: Any = getattr(sound, "task", None)
    if task is None:
        return None
    return task.parameters[name] if name in task.parameters else getattr(task, name, None)


def _value(sound: Playable | None, name: str, default: Callable[[Playable, str], object]) -> object:
    """A parameter of the task that made the sound, or what it was where the task does not name it."""
    value = _task_value(sound, name)
    return default(sound, name) if value is None and sound is not None else value


def _not_comparable(field: str, given: str, allowed: str) -> InvalidRequest:
    return InvalidRequest("These clips cannot be compared like that.", problems=(Problem(field, given, allowed),))


@dataclass(frozen=True)
class Grid:
    """Sounds in rows and columns.

    Attributes:
        sounds: Row by row; None where a place is empty. There are ``len(rows) · len(columns)``.
        rows: The rows' names; all empty where rows have none.
        columns: The columns' names; all empty where columns have none.
        labels: What sets each sound apart besides, often empty.
        notes: Why a place is empty, often empty itself; () where there is nothing to say.
    """

    sounds: tuple[Playable | None, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        clips: Sequence[Playable | None] | Mapping[str, Playable],
        *,
        labels: Sequence[str] | None = None,
        rows: Sequence[str] | str | None = None,
        columns: Sequence[str] | str | None = None,
        default: Callable[[Playable, str], object] = lambda _, __: None,
        choices: Callable[[Playable, str], Sequence[object]] = lambda _, __: (),
    ) -> Grid:
        """The clips in their places.

        Args:
            clips: Clips or references in the order of reading, row by row; None leaves a place empty. A mapping's keys are the
                labels.
            labels: A name for each. Without any, and without rows and columns, what differs between the clips is named.
            rows: The rows' names; or the name of a parameter (or ``"voice"``, ``"service"``, ``"text"``), each value of which
                gets a row: numbers by their size, choices in the service's order, others as they come.
            columns: The same for columns. Clips that are alike in both are takes, in columns of their own.
            default: What a parameter was that a clip's task does not name; None where that is not known.
            choices: All values of a parameter in their order; empty where it has no such list.

        Raises:
            InvalidRequest: There is nothing to compare, or the numbers do not match.
        """
        if isinstance(clips, Mapping):
            if labels is not None:
                raise _not_comparable(
                    "labels", f"{len(labels)} labels and a mapping", "a mapping's keys are the labels already"
                )
            labels, clips = [str(key) for key in clips], list(clips.values())
        sounds = list(clips)
        if not any(sound is not None for sound in sounds):
            raise _not_comparable("clips", f"{len(sounds)} clips", "give one or more")
        for sound in sounds:
            if sound is not None and not (hasattr(type(sound), "samples") and hasattr(type(sound), "rate")):
                raise _not_comparable("clips", f"{type(sound).__name__} {sound!r:.40}", "give clips or references")
        if labels is not None and len(labels) != len(sounds):
            raise _not_comparable("labels", f"{len(labels)} labels for {len(sounds)} clips", "give one for each clip")
        if isinstance(rows, str) or isinstance(columns, str):
            return cls._by_parameter(sounds, labels, rows, columns, default, choices)
        if rows is None and columns is None:
            width = _column_count(len(sounds))
            names = labels if labels is not None else differences(sounds, default)
            return cls._filled(sounds, names, [""] * ceil(len(sounds) / width), [""] * width)
        height = len(rows) if rows is not None else ceil(len(sounds) / max(len(columns or ()), 1))
        width = len(columns) if columns is not None else ceil(len(sounds) / max(height, 1))
        if not height or not width or not (height - 1) * width < len(sounds) <= height * width:
            raise _not_comparable(
                "rows, columns", f"{height} × {width} for {len(sounds)} clips", "rows × columns is the number of clips"
            )
        return cls._filled(sounds, labels or [""] * len(sounds), rows or [""] * height, columns or [""] * width)

    @classmethod
    def _filled(
        cls, sounds: Sequence[Playable | None], labels: Sequence[str], rows: Sequence[str], columns: Sequence[str]
    ) -> Grid:
        empty = len(rows) * len(columns) - len(sounds)
        return cls(
            (*sounds, *[None] * empty),
            tuple(map(str, rows)),
            tuple(map(str, columns)),
            (*map(str, labels), *[""] * empty),
        )

    @classmethod
    def _by_parameter(  # noqa: PLR0917 - those of `of`, which alone calls it
        cls,
        sounds: Sequence[Playable | None],
        labels: Sequence[str] | None,
        rows: Sequence[str] | str | None,
        columns: Sequence[str] | str | None,
        default: Callable[[Playable, str], object],
        choices: Callable[[Playable, str], Sequence[object]],
    ) -> Grid:
        for field, names in (("rows", rows), ("columns", columns)):
            if names is not None and not isinstance(names, str):
                raise _not_comparable(
                    field, "a list beside a parameter's name", "give two lists, or names of parameters"
                )
            if names is not None and all(_value(sound, names, default) is None for sound in sounds):
                parameters = {
                    one for sound in sounds for one in getattr(getattr(sound, "task", None), "parameters", ())
                }
                hint = did_you_mean(names, ["voice", "text", "service", *sorted(parameters)])
                raise _not_comparable(
                    field, repr(names), f"{hint}no clip has such a parameter; use one that was given to say()"
                )

        values: dict[str, object] = {}

        def namer(name: object) -> Callable[[Playable], str]:
            def named(sound: Playable) -> str:
                value = _value(sound, str(name), default)
                text = f"{name} {'default' if value is None else axis_text(value)}"
                shown = axis_text(value) if isinstance(value, str) else text
                values[shown] = value
                return shown

            return named if name is not None else lambda _: ""

        row, column = namer(rows), namer(columns)
        places: dict[tuple[str, str], list[int]] = {}
        for number, sound in enumerate(sounds):
            if sound is not None:
                places.setdefault((row(sound), column(sound)), []).append(number)
        known = [sound for sound in sounds if sound is not None]
        ys, xs = (
            _in_order(
                list(dict.fromkeys(place[axis] for place in places)),
                values,
                next(filter(None, (choices(sound, name) for sound in known)), ()) if isinstance(name, str) else (),
            )
            for axis, name in enumerate((rows, columns))
        )
        takes = max(len(numbers) for numbers in places.values())
        order: list[int | None] = []
        if columns is None or takes == 1 or rows is not None:
            for y in ys:
                for x in xs:
                    numbers = places.get((y, x), [])
                    order += [*numbers, *[None] * (takes - len(numbers))]
            if takes > 1:
                xs = [
                    " · ".join(part for part in (x, f"take {take}") if part) for x in xs for take in range(1, takes + 1)
                ]
        else:
            for take in range(takes):
                found = (places.get((ys[0], x), []) for x in xs)
                order += [numbers[take] if take < len(numbers) else None for numbers in found]
            ys = [f"take {take}" for take in range(1, takes + 1)]
        return cls(
            tuple(sounds[number] if number is not None else None for number in order),
            tuple(ys),
            tuple(xs),
            tuple(str(labels[number]) if labels is not None and number is not None else "" for number in order),
        )

    def __post_init__(self) -> None:
        marked = tuple(
            # A grid that is made of another's places has its marks already.
            label
            if _task_value(sound, "degraded") is not True or label.split(" · ")[-1] == "degraded"
            else " · ".join(filter(None, (label, "degraded")))
            for label, sound in zip(self.labels, self.sounds, strict=True)
        )
        object.__setattr__(self, "labels", marked)
        object.__setattr__(self, "notes", (*self.notes, *[""] * (len(self.sounds) - len(self.notes))))

    def beginning(self, most: int) -> Grid:
        """The first rows, of which there are so many that at most `most` places are in them; at least one, which may be cut."""
        width = min(len(self.columns), most)
        rows = range(min(max(most // len(self.columns), 1), len(self.rows)))
        places = [row * len(self.columns) + column for row in rows for column in range(width)]
        if len(places) == len(self.sounds):
            return self
        return Grid(
            tuple(self.sounds[place] for place in places),
            self.rows[: len(rows)],
            self.columns[:width],
            tuple(self.labels[place] for place in places),
            tuple(self.notes[place] for place in places),
        )

    def name(self, place: int) -> str:
        """All that is known of a place, in a line."""
        row, column = divmod(place, len(self.columns))
        return " · ".join(part for part in (self.rows[row], self.columns[column], self.labels[place]) if part)


def axis_text(value: object) -> str:
    """A value as it stands beside a row or above a column: numbers with a minus sign and no needless digits."""
    if isinstance(value, bool):
        return "on" if value else "off"
    text = _formatted(value)
    return text.replace("-", "−") if isinstance(value, int | float | Decimal) else text


def _in_order(names: list[str], values: Mapping[str, object], choices: Sequence[object]) -> list[str]:
    """Names of choices in the service's order, of numbers by their size; as they come where one is neither."""

    def place(name: str) -> tuple[int, Any] | None:
        value = values.get(name)
        at = next((at for at, one in enumerate(choices) if one == value and type(one) is type(value)), None)
        return (0, at) if at is not None else (1, value) if is_number(value) else None

    places = {name: place(name) for name in names}
    return names if None in places.values() else sorted(names, key=lambda name: places[name] or (0, 0))


def is_number(value: object) -> bool:
    """Whether a value has a size: a number, and no switch."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _column_count(count: int) -> int:
    """The columns of a grid that nobody has arranged: few enough for a narrow page, and no row left nearly empty."""
    if count <= 4:
        return count
    return 3 if count % 3 == 0 or count == 5 else 4


def differences(
    sounds: Sequence[Playable | None], default: Callable[[Playable, str], object] = lambda _, __: None
) -> list[str]:
    """What sets each sound apart from the others, in words: its parameters, voice, service or text, else which take it is.

    Args:
        sounds: The sounds.
        default: As in `Grid.of`.
    """
    known = [sound for sound in sounds if sound is not None]
    names = [
        name
        for name in dict.fromkeys(
            [
                "voice",
                "service",
                *(name for sound in known for name in getattr(getattr(sound, "task", None), "parameters", {})),
                "text",
            ]
        )
        if len({str(_task_value(sound, name)) for sound in known}) > 1
    ]
    labels = []
    for sound in sounds:
        parts = [(name, _value(sound, name, default)) for name in names]
        differing = [
            shortened(str(value), 40) if name in {"voice", "service", "text"} else f"{name} {axis_text(value)}"
            for name, value in parts
            if value is not None
        ]
        fallback = "default" if getattr(sound, "task", None) is not None and names else getattr(sound, "name", None)
        labels.append(" · ".join(differing) or str(fallback or ""))
    takes, alike = dict[str, int](), Counter(labels)
    for number, label in enumerate(list(labels)):
        takes[label] = takes.get(label, 0) + 1
        if alike[label] > 1 and sounds[number] is not None:
            labels[number] = f"{label} · take {takes[label]}" if label else f"take {takes[label]}"
    return labels


# ── What stays in the notebook ──────────────────────────────────────────────────────────────────────────────────────

_CELL = "padding:4px 12px 10px 0;text-align:left;vertical-align:top;border:0;background:none;max-width:none"


def _heading(text: str, scope: str) -> str:
    return f'<th scope="{scope}" style="{_CELL};font-weight:600"><bdi>{escape(text)}</bdi></th>'


def compare_html(
    clips: Sequence[Playable | None] | Mapping[str, Playable] | Grid,
    *,
    labels: Sequence[str] | None = None,
    rows: Sequence[str] | str | None = None,
    columns: Sequence[str] | str | None = None,
    most: int = MAX_COMPARED,
) -> Html:
    """Clips beside each other as static HTML, which plays in a saved, converted or untrusted notebook without a kernel.

    Each has a small compressed player, its waveform (drawn as long as it lasts), its length, its loudness and its price.

    Args:
        clips: As in `Grid.of`, as are `labels`, `rows` and `columns`; or a grid.
        labels: A name for each clip.
        rows: The rows' names, or a parameter.
        columns: The columns' names, or a parameter.
        most: Characters of HTML from which on clips are named, not embedded; a line says how many.

    Raises:
        InvalidRequest: There is nothing to compare, or the numbers do not match.
    """
    grid = clips if isinstance(clips, Grid) else Grid.of(clips, labels=labels, rows=rows, columns=columns)
    texts = {_spoken(sound) for sound in grid.sounds if sound is not None}
    shared = texts.pop() if len(texts) == 1 else None
    longest = max((_duration(sound) for sound in grid.sounds if sound is not None), default=0.0)
    across = 240 if len(grid.columns) <= 4 else 200
    used = left_out = 0
    body = ""
    for y, row in enumerate(grid.rows):
        line = _heading(row, "row") if any(grid.rows) else ""
        for x in range(len(grid.columns)):
            place = y * len(grid.columns) + x
            sound = grid.sounds[place]
            if sound is None:
                why = grid.notes[place] or ("–" if any(grid.columns) or any(grid.rows) else "")
                line += f'<td dir="auto" style="{_CELL}">{escape(shortened(why, 300))}</td>'
                continue
            cell, left = _cell(sound, grid.labels[place], longest, most - used, width=across, with_text=shared is None)
            used += len(cell)
            left_out += left
            line += f'<td style="{_CELL};min-width:160px">{cell}</td>'
        body += f'<tr style="background:none">{line}</tr>'
    head = ""
    if any(grid.columns):
        corner = f'<td style="{_CELL}"></td>' if any(grid.rows) else ""
        head = f"<thead><tr>{corner}{''.join(_heading(name, 'col') for name in grid.columns)}</tr></thead>"
    parts = [f'<table style="border-collapse:collapse;border:0;margin:0">{head}<tbody>{body}</tbody></table>']
    if shared:
        parts.insert(
            0, f'<div dir="auto" style="margin:0 0 6px;line-height:1.5">{escape(shortened(str(shared), 600))}</div>'
        )
    if left_out:
        count = sum(sound is not None for sound in grid.sounds)
        parts.append(
            f'<div style="margin:4px 0 0">{left_out} of {count} clips are not kept inside the notebook: together they would take '
            f"more than {size(most)}. Compare fewer, or save them with .save(…).</div>"
        )
    parts.append(f'<div style="margin:4px 0 0;{QUIET}">synthetic voice</div>')
    return Html(f'<div style="margin:6px 0 10px;max-width:1080px;overflow:auto">{"".join(parts)}</div>')


def small_html(sound: Playable) -> Html:
    """One sound as static HTML for the cell of a table; what cannot be read is said."""
    body, _ = _cell(sound, "", _duration(sound), MAX_COMPARED, width=200, with_text=False)
    return Html(f'<div style="min-width:200px;text-align:left">{body}</div>')


def _spoken(sound: Playable) -> object:
    """What was to be said, without the marks of pauses."""
    return getattr(sound, "text", None) or _task_value(sound, "text")


def _duration(sound: Playable) -> float:
    try:
        return sound.duration
    except AudioError:
        return 0.0


def _cell(sound: Playable, label: str, longest: float, room: int, *, width: int, with_text: bool) -> tuple[str, int]:
    """One clip as HTML, and 1 where its sound did not fit into `room`."""
    try:
        samples, rate, duration = sound.samples, sound.rate, sound.duration
    except AudioError as error:
        return f"<div>{escape(label)}</div><div>{escape(str(error))}</div>", 0
    small, mime = compact(samples, rate, data=sound.data, form=sound.format)
    drawn = max(round(width * duration / longest), 8) if longest else width
    name = f'<div dir="auto" style="line-height:1.5">{escape(label)}</div>' if label else ""
    picture = (
        f'<img src="{data_url(waveform_png(samples, width=drawn, height=32), "image/png")}" alt="Waveform, {seconds(duration)}"'
        f' style="display:block;width:{drawn}px;height:32px;margin:2px 0">'
    )
    player = data_url(small, mime) if small is not None else ""
    fits = bool(player) and len(player) + len(picture) + 1000 <= room
    audio = (
        f'<audio controls preload="metadata" src="{player}" style="display:block;width:{width}px;max-width:100%;height:32px"></audio>'
        if fits
        else '<div style="height:32px;line-height:32px">not embedded</div>'
    )
    level = loudness(samples, rate)
    cost = getattr(getattr(sound, "task", None), "cost", None)
    facts = [
        seconds(duration),
        f"{level:.1f} LUFS".replace("-", "−") if isfinite(level) else "silence",
        f"{plain(cost)} {getattr(sound, 'task', None).unit or ''}".strip() if cost is not None else "",  # type: ignore[union-attr]
    ]
    caption = f'<div style="{QUIET}">{escape(" · ".join(part for part in facts if part))}</div>'
    text = _spoken(sound) if with_text else None
    words = f'<div dir="auto" style="line-height:1.5">{escape(shortened(str(text), 600))}</div>' if text else ""
    return name + picture + audio + caption + words, int(not fits)
