"""A listening test in the cell: the same page that listeners get as a file, with this kernel to keep the votes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Protocol

import traitlets

from voicenb.base.arguments import text_given
from voicenb.display.comparison import Html
from voicenb.panels.listening_page import Listenable, told
from voicenb.panels.page.assets import bundle, styles
from voicenb.panels.players.player import Player

__all__ = ["Answerable", "ListeningPlayer"]


class Answerable(Listenable, Protocol):
    """A listening test that keeps votes."""

    def votes_of(self, listener: str) -> list[dict[str, Any]]:
        """What a listener has answered, the latest vote of each trial last."""

    def keep(self, listener: str, row: int, vote: dict[str, Any]) -> None:
        """Writes a vote; it is on the disk when this returns."""

    def row_of(self, listener: str) -> int:
        """Which of the sheet's orders is this listener's, from 0."""

    def finish(self, listener: str) -> object:
        """Notes that a listener has answered everything; more than once is as good as once."""


class ListeningPlayer(Player):
    """Asks one listener the trials of a listening test, in the order that is theirs.

    The page fetches the sounds of a trial when it is shown; nothing of them is in the widget's state. It goes on to the next trial when the
    kernel has written the answer. After a reload, or in a new kernel, it begins at the first trial without an answer.

    Keys: those that the controls show; space plays and pauses, Enter confirms.
    """

    _esm = bundle(
        "shared",
        "mixer",
        "listening_sounds",
        "listening_headphones",
        "listening_trial",
        "listening",
        "listening_widget",
    )
    _css = styles("listening")
    _sheet = traitlets.Dict().tag(sync=True)
    _listener = traitlets.Unicode().tag(sync=True)
    _row = traitlets.Int().tag(sync=True)

    def __init__(self, test: Answerable, listener: str = "me", **options: Any) -> None:
        """A player.

        Args:
            test: A listening test.
            listener: Whose answers these are; any name that is not empty.
            **options: ipywidgets' `layout`.

        Raises:
            InvalidRequest: The listener has no name, or the test's sheet is of another form.
            TypeError: There is no such option.
        """
        listener = text_given("listener", listener)
        super().__init__(**options)
        self.test = test
        """What is asked."""
        self._listener = listener
        self._row = test.row_of(listener)
        self._sheet = told(test)

    @property
    def listener(self) -> str:
        """Whose answers these are."""
        return self._listener

    def _answer(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
        match question:
            case {"kind": "audio", "trial": str(trial), "sound": str(sound)}:
                return {}, self.test.sound(trial, sound)
            case {"kind": "votes"}:
                return {"votes": self.test.votes_of(self._listener)}, None
            case {"kind": "keep", "vote": dict(vote)}:
                self.test.keep(self._listener, self._row, vote)
                return {}, None
            case {"kind": "finish"}:
                self.test.finish(self._listener)
                return {}, None
        return super()._answer(question)

    def _progress(self) -> tuple[int, int]:
        """How many trials are answered, and how many there are; those of practice do not count."""
        practice = set(self._sheet["training"])
        own = {trial for trial, _ in self._sheet["orders"][self._row]} - practice
        confirmed = {vote["trial"] for vote in self.test.votes_of(self._listener) if not vote.get("draft")}
        return len(own & confirmed), len(own)

    def html(self) -> Html:
        """What the test is, and how much this listener has answered; nothing of its sounds."""
        answered, total = self._progress()
        return Html(
            f'<div><strong dir="auto" lang="{escape(self._sheet["lang"])}">{escape(self._sheet["title"])}</strong><br>'
            f'<span dir="auto" lang="{escape(self._sheet["lang"])}">{escape(self._sheet["question"])}</span><br>'
            f"Listening test ({escape(self._sheet['kind'])}): {escape(self._listener)} has answered {answered} of {total} trials."
            " Run the cell to go on.</div>"
        )

    def __repr__(self) -> str:
        answered, total = self._progress()
        return f"<ListeningPlayer · {self._sheet['kind']} · {self._listener} · {answered} of {total}>"
