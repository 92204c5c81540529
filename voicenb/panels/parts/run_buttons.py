"""The button that spends money, and the one that calls it back."""

from __future__ import annotations

import time

from voicenb.panels.parts.page_values import press, price_changed

__all__ = ["RunButtons"]


class RunButtons:
    """A panel's main button, and *Cancel*, which stands in its place while the work goes on.

    Two buttons, because a click says what somebody saw when it was made and is handled later: one that was meant for *Cancel* must
    not begin anything when the work has just ended, and the second of a double click must not end what the first began (nor does it
    where *Cancel* already stands there: the style sheet leaves it dead for a moment).

    Attributes:
        go: The main button.
        stop: *Cancel*.
        cancelled: Whether *Cancel* was pressed since the work began, be it before there was anything to call back.
    """

    def __init__(self, verb: str, tooltip: str = "") -> None:
        self._verb, self._since = verb, 0.0
        self.running = False
        self.cancelled = False
        self.go = press(verb, tooltip, "primary")
        self.stop = press("Cancel", "What the service has begun is still made, and may be charged", "running", "gone")

    def cancel(self) -> bool:
        """Whether there is work to be called back; asked once, it is remembered as `cancelled`."""
        if not self.running or self.cancelled:
            return False
        self.cancelled = self.stop.disabled = True
        return True

    def named(self, price: str) -> str:
        """What the main button says with a price."""
        return f"{self._verb} · {price}"

    def require_price(self, due: str, shown: str) -> None:
        """Holds a press to the price that it agreed to.

        Args:
            due: What it costs.
            shown: What the main button said when it was pressed.

        Raises:
            PageOutdated: That was another price.
        """
        if self.named(due) != shown:
            raise price_changed(due, shown)

    def offer(self, price: str | None = None) -> None:
        """The main button can be pressed; it says the price, or the one before until it is asked for again."""
        if price is not None:
            self.go.description = self.named(price)
        # Nobody can agree to a price that is not there.
        self.go.disabled = self.go.description == self._verb

    def off(self) -> None:
        """The main button cannot be pressed."""
        self.go.description, self.go.disabled = self._verb, True

    def begin(self) -> None:
        """The work begins: *Cancel* takes the place."""
        self.running, self.cancelled, self._since = True, False, time.monotonic()
        self.stop.disabled = False
        # One press, one work; and one that was meant to end the work before this does not end this.
        self.go.retire()
        self.stop.retire()
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
