"""The one error of the engine."""

from __future__ import annotations

__all__ = ["EngineError"]


class EngineError(Exception):
    """What cannot be spoken or enrolled, and why: the message is fit for a user."""
