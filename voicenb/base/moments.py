"""Moments in words, for people: on this machine's clock, with its time zone."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["here", "moment_text"]


def here(moment: datetime) -> datetime:
    """A moment on this machine's clock; one without a zone is on it already."""
    # A pandas Timestamp would ask which time zone is meant.
    return datetime.fromtimestamp(moment.timestamp(), UTC).astimezone()


def moment_text(moment: datetime, *, exact: bool = False) -> str:
    """A moment to the minute, or to the second where it is to be exact, such as ``2026-11-30 19:05 CET``."""
    return f"{here(moment):{'%Y-%m-%d %H:%M:%S %Z' if exact else '%Y-%m-%d %H:%M %Z'}}"
