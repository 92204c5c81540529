"""`Clips`: several clips as one list, which a cell shows beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, SupportsIndex, overload

from voicenb import services
from voicenb.base.views import view
from voicenb.display.comparison import Grid, Html, Playable, compare_html
from voicenb.studio.clip import Clip

if TYPE_CHECKING:
    from voicenb.services.parameters import Parameter

__all__ = ["MOST_SHOWN", "Clips", "clip_grid", "flat_clips", "shown_list"]

MOST_SHOWN = 30
"""The most clips that a list shows by itself at the end of a cell; `Clips.html` and `Clips.compare` show them all."""


class Clips(list[Clip]):
    """Clips in the order in which they were asked for: a list, which shows itself as a comparison at the end of a cell.

    What a cell shows is static HTML, which plays in the saved notebook; `compare` gives the player.
    """

    @overload
    def __getitem__(self, place: SupportsIndex) -> Clip: ...
    @overload
    def __getitem__(self, place: slice) -> Clips: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Clip | Clips:
        found = super().__getitem__(place)
        return Clips(found) if isinstance(found, list) else found

    def __add__(self, other: list[Any]) -> Any:
        """The clips of both; of a list that holds other things, too, a plain list."""
        both = super().__add__(other)
        return Clips(both) if all(isinstance(one, Clip) for one in both) else both

    def copy(self) -> Self:
        """The same clips in another list."""
        return type(self)(self)

    def compare(
        self,
        rows: Sequence[str] | str | None = None,
        columns: Sequence[str] | str | None = None,
        *,
        labels: Sequence[str] | None = None,
        **options: Any,
    ) -> Any:
        """The clips in a comparison player.

        Args:
            rows: The name of a parameter (or ``"voice"``, ``"service"``, ``"text"``), each value of which gets a row; or the rows'
                names.
            columns: The same for columns.
            labels: A name for each clip; without any, what differs between the clips is named.
            **options: As in `voicenb.compare`.

        Raises:
            InvalidRequest: There is no clip, or none has such a parameter.
            ImportError: The extra ``lab`` is not installed.
        """
        return view("comparison")(self, labels=labels, rows=rows, columns=columns, **options)

    def html(
        self,
        rows: Sequence[str] | str | None = None,
        columns: Sequence[str] | str | None = None,
        *,
        labels: Sequence[str] | None = None,
    ) -> Html:
        """The clips beside each other as static HTML, which plays without a kernel; the arguments are those of `compare`.

        Raises:
            InvalidRequest: There is no clip, or none has such a parameter.
        """
        return compare_html(clip_grid(self, labels=labels, rows=rows, columns=columns))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        html = shown_list(self)
        return {"text/plain": repr(self)} | ({} if html is None else {"text/html": html})


def shown_list(clips: Sequence[Any]) -> str | None:
    """What a cell shows of a list: a comparison where there is nothing but clips in it, and in its lists; else None."""
    if not clips or not all(
        isinstance(one, Clip) or (isinstance(one, list) and one and all(isinstance(part, Clip) for part in one))
        for one in clips
    ):
        return None
    flat = list(flat_clips(clips))
    html = str(compare_html(clip_grid(flat[:MOST_SHOWN])))
    if len(flat) > MOST_SHOWN:
        html += f'<div style="margin:4px 0 0">The first {MOST_SHOWN} of {len(flat)} clips. voicenb.compare(…) plays all of them.</div>'
    return html


def flat_clips(clips: Iterable[Any]) -> Iterator[Any]:
    """The clips of a list and of the lists in it."""
    for one in clips:
        if isinstance(one, (list, tuple)):
            yield from flat_clips(one)
        else:
            yield one


def clip_grid(
    clips: Sequence[Playable | None] | Mapping[str, Playable],
    *,
    labels: Sequence[str] | None = None,
    rows: Sequence[str] | str | None = None,
    columns: Sequence[str] | str | None = None,
) -> Grid:
    """A `Grid` whose axes know the services: a parameter that a task does not name has its default, and choices their order.

    Args:
        clips: As in `Grid.of`, as are the others.
        labels: A name for each clip.
        rows: The rows' names, or a parameter.
        columns: The columns' names, or a parameter.

    Raises:
        InvalidRequest: There is nothing to compare, or the numbers do not match.
    """
    return Grid.of(clips, labels=labels, rows=rows, columns=columns, default=_default, choices=_choices)


def _declared(sound: Playable, name: str) -> Parameter | None:
    service = getattr(getattr(sound, "task", None), "service", None)
    if service not in services.names():
        return None
    return services.get(service).request_type("production").parameters().get(name)


def _default(sound: Playable, name: str) -> object:
    """What a parameter was that the clip's task does not name: the service's default."""
    declared = _declared(sound, name)
    return None if declared is None else declared.default


def _choices(sound: Playable, name: str) -> Sequence[object]:
    declared = _declared(sound, name)
    return () if declared is None else declared.choices
