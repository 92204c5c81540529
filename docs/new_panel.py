"""A panel that looks at the balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicenb.panels.base import Panel
from voicenb.panels.parts.formatting import amount, connect_line
from voicenb.panels.parts.page_values import PageValues, press
from voicenb.panels.parts.style import bar

if TYPE_CHECKING:
    import voicenb as vn

__all__ = ["BalancePanel"]


class BalancePanel(Panel):
    """One button, and what the account has left."""

    title = "Balance"

    def __init__(self, studio: vn.Studio) -> None:
        super().__init__(studio)
        self.look = press("Look", "Asks the service what the account has left", "primary")
        self._pressed(self.look, self._look)
        self._lay(bar(self.look, self._status, self._code_button()), self._code, self._problem)

    def _look(self, _: PageValues) -> None:
        """What the button does; the argument is what the page showed when it was pressed."""
        self._clear()
        self._start(self._ask())

    async def _ask(self) -> None:
        """Runs in the background: neither the kernel nor another panel waits. What it raises is shown in the panel."""
        balance = await self.studio.aio.balance()
        self._tell(amount(balance.amount, balance.unit), "good")

    def code(self) -> str:
        """The Python that does the same."""
        return f"import voicenb as vn\n\n{connect_line(self.studio)}\nstudio.balance()"
