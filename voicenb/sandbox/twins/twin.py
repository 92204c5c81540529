"""What a service's twin is to the sandbox around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from voicenb.sandbox.bookkeeping.records import Task

__all__ = ["Twin"]


class Twin(Protocol):
    """A service's twin."""

    @property
    def service(self) -> str:
        """The service's id."""
        ...

    @property
    def first_balance(self) -> int:
        """Micro-credits that a new account has."""
        ...

    @property
    def base_path(self) -> str:
        """What follows the sandbox's origin in the base URL that replaces the documented one."""
        ...

    @property
    def paths(self) -> tuple[str, ...]:
        """How the paths of its routes begin; it answers for unknown ones among them, too."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """Its routes."""
        ...

    async def perform(self, task: Task) -> None:
        """Do what a queued task asks and complete it, or raise what makes it fail."""
        ...

    def problem(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """An error that no route answered: an unknown path (404), another method (405), a crash (500)."""
        ...
