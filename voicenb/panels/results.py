"""What was said in a panel: each result with its words, how it was said, its player, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets

from voicenb.panels.page.assets import script
from voicenb.panels.page.light import lean, shared_layout
from voicenb.panels.page.scripts import Scripted
from voicenb.panels.parts.formatting import amount, close, compared, worded
from voicenb.panels.players.compare import ComparePlayer
from voicenb.panels.players.player import ClipPlayer
from voicenb.panels.players.stars import STARRED, is_starred, star

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip
    from voicenb.studio.task import Task

__all__ = ["STARRED", "Result", "ResultCard", "Results", "Said"]

_MOST_SHOWN = 12


@dataclass(frozen=True)
class Said:
    """What a result was asked for with.

    Attributes:
        voice: The voice's name, or its key where a newer one has the same name.
        text: What was spoken.
        values: The parameters that the form had, by name.
    """

    voice: str
    text: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, task: Task) -> Said:
        """What a task was asked for with."""
        return cls(task.voice or "", task.text or "", task.parameters)


class ResultCard(Scripted):
    """The head of a result: its words, how it was said, and its buttons.

    Args:
        text: What was spoken.
        facts: How, in one line.
        stars: The names of the buttons that star, one for each take.
    """

    _esm = script("result")
    text = traitlets.Unicode().tag(sync=True)
    """What was spoken."""
    facts = traitlets.Unicode().tag(sync=True)
    """Voice, parameters and what was charged."""
    stars: Any = traitlets.List().tag(sync=True)
    """What each star's button says beside its star."""
    starred: Any = traitlets.List().tag(sync=True)
    """Whether each of them is starred."""

    def __init__(self, text: str, facts: str, stars: Sequence[str], starred: Sequence[bool]) -> None:
        super().__init__(layout=shared_layout(), text=text, facts=facts, stars=list(stars), starred=list(starred))

    def __repr__(self) -> str:
        return f"<ResultCard {self.text[:40]!r}>"


@dataclass(eq=False)
class Result:
    """One result.

    Attributes:
        said: What it was asked for with.
        tasks: The tasks that made it, in the order of their takes or parts.
        clips: What is heard: one clip a take, or one that was joined of all parts.
        groups: The tasks behind each star.
        card: Its head.
        player: Where it is heard.
        widget: Its head and its player.
    """

    said: Said
    tasks: Sequence[Task]
    clips: Sequence[Clip]
    groups: Sequence[Sequence[Task]]
    card: ResultCard
    player: Any = field(repr=False)
    widget: Any = field(repr=False)

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells it apart from others: the requests, and the files that answered them."""
        return _key(self.tasks)


class Results:
    """The results of a panel, the newest first. What is answered from disk and stands here already is not shown twice.

    Args:
        again: Called with a `Result` whose values the form is to take.
        changed: Called after the ledger's words on a task have changed.
        removed: Called with a `Result` that was taken out.
        guard: Wraps a callback, so that an error in it is seen.

    Attributes:
        widget: The list.
        shown: What is in it.
    """

    def __init__(
        self,
        *,
        again: Callable[[Result], object],
        changed: Callable[[], object],
        removed: Callable[[Result], object],
        guard: Callable[[Callable[[], object]], Callable[[object], None]],
    ) -> None:
        self._again, self._changed, self._removed, self._guard = again, changed, removed, guard
        self.shown: list[Result] = []
        self.widget = lean(widgets.VBox, "results")

    def add(self, said: Said, tasks: Sequence[Task], clips: Sequence[Clip]) -> Result | None:
        """Shows a result on top; None where it stands in the list already, which then comes to the top.

        Args:
            said: What it was asked for with.
            tasks: The tasks that made it.
            clips: One clip for each of them, or one of all.
        """
        if all(task.cached for task in tasks):
            there = next((one for one in self.shown if one.key == _key(tasks)), None)
            if there is not None:
                self.shown.remove(there)
                self.shown.insert(0, there)
                self._draw()
                return None
        names = [f"take {task.take}" for task in tasks] if len(clips) > 1 else [""]
        groups = [[task] for task in tasks] if len(clips) == len(tasks) else [list(tasks)]
        card = ResultCard(said.text, _facts(said, tasks), names, [is_starred(group) for group in groups])
        player = compared(clips, names) if len(clips) > 1 else ClipPlayer(clips[0])
        made = Result(said, tasks, clips, groups, card, player, lean(widgets.VBox, children=[card, player]))
        if isinstance(player, ComparePlayer):
            player.on_star(lambda: self._starred(made))
        card.on_msg(lambda _, content, __: self._guard(lambda: self._act(made, content))(None))
        self.shown.insert(0, made)
        gone, self.shown[_MOST_SHOWN:] = self.shown[_MOST_SHOWN:], []
        self._draw()
        for one in gone:
            close(one.widget)
        return made

    def _draw(self) -> None:
        self.widget.children = tuple(one.widget for one in self.shown)

    def _act(self, result: Result, content: object) -> None:
        """What a button of a result's card asks for."""
        match content:
            case {"act": "again"}:
                self._again(result)
            case {"act": "remove"}:
                self.remove(result)
            case {"act": "star", "place": int(place), "on": bool(on)} if 0 <= place < len(result.groups):
                self.star(result, place, on=on)

    def star(self, result: Result, place: int = 0, *, on: bool = True) -> None:
        """Gives the tasks behind a star the label "starred", or takes it away.

        Args:
            result: The result.
            place: Which of its takes, from 0.
            on: Whether it is starred afterwards.

        Raises:
            InvalidRequest: A task has a label of its own, which is not written over.
        """
        star(result.groups[place], on=on)
        if isinstance(result.player, ComparePlayer):
            result.player.show_stars()
        self._starred(result)

    def _starred(self, result: Result) -> None:
        """After a star was pressed, in the result's head or in its player."""
        result.card.starred = [is_starred(one) for one in result.groups]
        self._changed()

    def remove(self, result: Result) -> None:
        """Takes a result out of the list; the ledger keeps its tasks."""
        if result in self.shown:
            self.shown.remove(result)
            self._draw()
            close(result.widget)
            self._removed(result)


def _key(tasks: Sequence[Task]) -> tuple[Any, ...]:
    records = [task.record for task in tasks]
    return tuple((record.cache_key, record.file, record.take) for record in records)


def _facts(said: Said, tasks: Sequence[Task]) -> str:
    """Voice, parameters and what was charged, in one line."""
    first = tasks[0]
    costs = [task.cost for task in tasks if task.cost is not None]
    paid = "made before · free" if all(task.cached for task in tasks) else ""
    if not paid and costs:
        paid = amount(sum(costs, Decimal(0)), first.unit)
    parts = [first.voice or said.voice, *(f"{name} {worded(value)}" for name, value in first.parameters.items()), paid]
    return " · ".join(filter(None, parts))
