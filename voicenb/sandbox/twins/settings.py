"""What can be set about the twins' behaviour while the sandbox runs; it outlives a restart.

- ``degraded`` (0 to 1, at first 0): the share of aiclone's tasks that a fallback model performs.
- ``concurrency`` (1 to 1000, at first 8): how many of Faseeh's requests may make sound at a time.
- ``locked_models`` (a list of ids, at first empty): Faseeh's models that the account has no access to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voicenb.sandbox.wire.fields import BadFieldError, Fields, integer, number, string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicenb.sandbox.bookkeeping.books import Books

__all__ = ["Settings"]


def _strings(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise BadFieldError("must be a list of strings")
    return [string(one) for one in value]


_RULES: Mapping[str, tuple[Any, Any]] = {
    "degraded": (number(lambda x: 0 <= x <= 1, "from 0 to 1"), 0.0),
    "concurrency": (integer(1, 1000), 8),
    "locked_models": (_strings, []),
}
"""For each setting how it is read, and its first value."""


class Settings:
    """The settings, as the books keep them."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def all(self) -> dict[str, Any]:
        """Every setting by name."""
        kept = {name: self._books.switch(name) for name in _RULES}
        return {name: first if kept[name] is None else kept[name] for name, (_, first) in _RULES.items()}

    def __getitem__(self, name: str) -> Any:
        return self.all()[name]

    def change(self, body: Mapping[str, Any]) -> None:
        """Change those that are named.

        Raises:
            RuleError: A value is not allowed, or there is no such setting; nothing was changed.
        """
        fields = Fields(body)
        changed = {name: fields.take(name, read) for name, (read, _) in _RULES.items() if fields.has(name)}
        for name in body:
            if name not in _RULES:
                fields.note(name[:40], f"no such setting; there are {', '.join(_RULES)}")
        fields.done()
        self._books.set_switches(changed)
