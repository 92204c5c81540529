"""The button that spends money, and the one that calls it back."""

from __future__ import annotations

import time
from collections.abc import Callable

from voicenb.panels.style import button

__all__ = ["Act"]


class Act:
    """A panel's main button, and *Cancel*, which stands in its place while the work goes on.

    Two buttons, because a click says what somebody saw when it was made and is handled later: one that was meant for *Cancel* must
    not begin anything when the work has just ended, and the second of a double click must not end what the first began (nor does it
    where *Cancel* already stands there: the style sheet leaves it dead for a moment).

    Attributes:
        go: The main button.
        stop: *Cancel*.
        unwanted: Whether *Cancel* was pressed since the work began, be it before there was anything to call back.
    """

    def __init__(self, verb: str, tooltip: str = "") -> None:
        self._verb, self._since = verb, 0.0
        self.running = False
        self.unwanted = False
        self.go = button(verb, tooltip, "primary")
        self.stop = button("Cancel", "What the service has begun is still made, and may be charged", "running", "gone")

    def connect(self, begin: Callable[[object], None], cancel: Callable[[object], None]) -> None:
        """What the two do. `begin` calls `Act.begin`, or does nothing while the work goes on."""
        self.go.on_click(begin)

        def stop(clicked: object) -> None:
            if self.running and not self.unwanted:
                self.unwanted = True
                self.stop.disabled = True
                cancel(clicked)

        self.stop.on_click(stop)

    def offer(self, price: str | None = None) -> None:
        """The main button can be pressed; it says the price, or the one before until it is asked for again."""
        if price is not None:
            self.go.description = f"{self._verb} · {price}"
        self.go.disabled = False

    def off(self) -> None:
        """The main button cannot be pressed."""
        self.go.description, self.go.disabled = self._verb, True

    def begin(self) -> None:
        """The work begins: *Cancel* takes the place."""
        self.running, self.unwanted, self._since = True, False, time.monotonic()
        self.stop.disabled = False
        # What comes is there before the other goes, so that the focus has somewhere to go.
        self.stop.remove_class("voicenb-gone")
        self.go.add_class("voicenb-gone")
        self.tick()

    def tick(self) -> None:
        """Shows how long it has taken."""
        since = time.monotonic() - self._since
        self.stop.description = f"Cancel · {since:.0f} s" if since >= 1 else "Cancel"

    def end(self) -> None:
        """The work has ended; whether the main button can be pressed is said next."""
        self.running = False
        self.go.remove_class("voicenb-gone")
        self.stop.add_class("voicenb-gone")
