"""Which language a stretch of text is in, and what speaks it."""

from __future__ import annotations

__all__ = ["LANGUAGES"]

LANGUAGES: dict[str, str] = {"English": "en"}
